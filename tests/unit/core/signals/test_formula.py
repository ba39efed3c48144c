"""A formula's values, slopes and means against Python's math, scipy's quadrature and torch's own defaults."""

import inspect
import math
import re
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from scipy import integrate
from torch import nn
from torch.nn import functional as F

from core.signals import meanfield
from core.signals.activations import Activation
from core.signals.formula import activation_of
from tests.support.activations import CLOSED
from tests.support.marks import dtypes

GRID = [x / 8 for x in range(-80, 81)] + [-30.0, -1e-9, 1e-9, 19.9, 30.0]


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


#: formula → by hand, in Python
VALUES: dict[str, Callable[[float], float]] = {
    "z": lambda z: z,
    "-x": lambda z: -z,
    "z*sigmoid(1.702*z)": lambda z: z * sigmoid(1.702 * z),
    "max(z, 0)^2": lambda z: max(z, 0) ** 2,
    "max(0, z)**2": lambda z: max(z, 0) ** 2,
    "min(z, 6)": lambda z: min(z, 6),
    "max(z, sin(z))": lambda z: max(z, math.sin(z)),
    "min(z, z^3)": lambda z: min(z, z**3),
    "sin(z)": math.sin,
    "z/(1+abs(z))": lambda z: z / (1 + abs(z)),
    "clip(z, -2, 1)": lambda z: min(1, max(-2, z)),
    "log(1+exp(z))": lambda z: math.log(1 + math.exp(z)),
    "exp(-z^2/2)": lambda z: math.exp(-z * z / 2),
    "e^-z^2": lambda z: math.exp(-z * z),
    "e^z": math.exp,
    "2^(z/3)": lambda z: math.exp(z / 3 * math.log(2)),
    "z*tanh(softplus(z))": lambda z: z * math.tanh(math.log1p(math.exp(z))),
    "x² + x³·π − 2×x ÷ 5": lambda z: z * z + z * z * z * math.pi - 2 * z / 5,
    "√（1+z²）": lambda z: math.hypot(1, z),
    "max（z，0）": lambda z: max(z, 0),
    "z*(1+erf(z/sqrt(2)))/2": lambda z: z * math.erfc(-z / math.sqrt(2)) / 2,
    "-z^2": lambda z: -(z * z),
    "(-z)^2": lambda z: z * z,
    "z - 1 - 2": lambda z: z - 3,
    "z - (1 - 2)": lambda z: z + 1,
    "z/2/4": lambda z: z / 8,
    "z/(2/4)": lambda z: z * 2,
    "z^2^3": lambda z: z**8,
    "(z^2)^3": lambda z: z**6,
    "2^3^2*z": lambda z: 512 * z,
    "-2^2*z": lambda z: -4 * z,
    "+z - +2": lambda z: z - 2,
    "--z": lambda z: z,
    "z*-2": lambda z: -2 * z,
    "(1+z^2)^-1": lambda z: 1 / (1 + z * z),
    "(1+z^2)^-.5": lambda z: 1 / math.hypot(1, z),
    "abs(z)^1.5": lambda z: abs(z) * math.sqrt(abs(z)),
    "cos(z)*atan(z)": lambda z: math.cos(z) * math.atan(z),
    ".5e1*z + 1.": lambda z: 5 * z + 1,
    "1e-5*z": lambda z: z / 100_000,
    "log(e)*z + cos(pi)": lambda z: z - 1,
    "007*z": lambda z: 7 * z,
    "hard_tanh(2*z)": lambda z: min(1, max(-1, 2 * z)),
    "linear(z) + z": lambda z: 2 * z,
    "max(1, 2)*z": lambda z: 2 * z,
    "10^-20*z": lambda z: z / 10**20,
    "exp(z)/(1+exp(z))": sigmoid,
    "1/exp(z)": lambda z: math.exp(-z),
    "1/(2+sin(z))": lambda z: 1 / (2 + math.sin(z)),
    "1/(1+1e13*z^2)": lambda z: 1 / (1 + 1e13 * z * z),
} | {f"{key}(z)": function for key, function in CLOSED.items()}


def softplus(z: float, beta: float) -> float:
    """Return ln(1 + e^(beta z))/beta without overflow."""
    return max(beta * z, 0) / beta + math.log1p(math.exp(-abs(beta * z))) / beta


#: torch's names and arguments → by torch's documentation, in Python
TORCH: dict[str, Callable[[float], float]] = {
    "leaky_relu(z, 0.2)": lambda z: z if z >= 0 else z / 5,
    "F.leaky_relu(x, negative_slope=0.2)": lambda z: z if z >= 0 else z / 5,
    "softplus(z, 100, 40)": lambda z: softplus(z, 100),
    "F.softplus(z, threshold=40)": lambda z: softplus(z, 1),
    "softplus(z, -2, 60)": lambda z: softplus(z, -2),
    "hardswish(z)": lambda z: z * min(6, max(0, z + 3)) / 6,
    "hardsigmoid(z)": lambda z: min(6, max(0, z + 3)) / 6,
    "relu6(z)": lambda z: min(6, max(0, z)),
    "swish(z)": lambda z: z * sigmoid(z),
    "asinh(z)": math.asinh,
    "arcsinh(z)": math.asinh,
    "z*sign(z)": abs,
    "sgn(z)*tanh(z)": lambda z: abs(math.tanh(z)),
    "hardtanh(z, -2, 2)": lambda z: min(2, max(-2, z)),
    "nn.functional.hardtanh(z, max_val=3)": lambda z: min(3, max(-1, z)),
    "elu(z, 1.5)": lambda z: z if z > 0 else 1.5 * math.expm1(z),
    "elu(z, alpha=1.5)": lambda z: z if z > 0 else 1.5 * math.expm1(z),
    "celu(z, 2)": lambda z: max(0, z) + min(0, 2 * math.expm1(z / 2)),
    "celu(z)": lambda z: max(0, z) + min(0, math.expm1(z)),
    'gelu(z, approximate="tanh")': lambda z: (
        z / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))
    ),
    "F.gelu(z, approximate = 'none')": lambda z: z * math.erfc(-z / math.sqrt(2)) / 2,
    "tanhshrink(z)": lambda z: z - math.tanh(z),
    "softshrink(z)": lambda z: math.copysign(max(abs(z) - 0.5, 0), z),
    "softshrink(z, 1.3)": lambda z: math.copysign(max(abs(z) - 1.3, 0), z),
    "hardshrink(z, 1.5)*(z^2 - 2.25)": lambda z: z * (z * z - 2.25) if abs(z) > 1.5 else 0,
    "threshold(z, 1, 1)": lambda z: max(z, 1),
    "threshold(z^2, threshold=4, value=4)": lambda z: max(z * z, 4),
    "torch.nn.functional.logsigmoid(z)": lambda z: -softplus(-z, 1),
    "torch.clamp(z, -1, 2)": lambda z: min(2, max(-1, z)),
    "torch.clamp(z, max=2, min=-1)": lambda z: min(2, max(-1, z)),
    "clip(z, 1)": lambda z: max(z, 1),
    "torch.clamp(z, max=0.5)": lambda z: min(z, 0.5),
    "torch.maximum(z, torch.sin(z))": lambda z: max(z, math.sin(z)),
    "minimum(z, other=1)": lambda z: min(z, 1),
    "sinh(z)": math.sinh,
    "cosh(z)": math.cosh,
    "torch.atan(z)": math.atan,
    "arctan(z)": math.atan,
    "square(z)": lambda z: z * z,
    "sqrt(1 + square(z))": lambda z: math.hypot(1, z),
    "rsqrt(1 + z^2)": lambda z: 1 / math.hypot(1, z),
    "sinc(z)": lambda z: math.sin(math.pi * z) / (math.pi * z) if z else 1,
    "z*tanh(log1p(exp(z)))": lambda z: z * math.tanh(math.log1p(math.exp(z))),
    "expm1(z/4)": lambda z: math.expm1(z / 4),
    "relu(input=z)": lambda z: max(z, 0),
}
#: what stands in a model → the same: a module, called or not, and what may be computed in its input's place
MODULES: dict[str, Callable[[float], float]] = {
    "nn.GELU()": lambda z: z * math.erfc(-z / math.sqrt(2)) / 2,
    "torch.nn.LeakyReLU(0.2)": lambda z: z if z >= 0 else z / 5,
    "nn.LeakyReLU(0.2, True)(-z)": lambda z: -z if z <= 0 else -z / 5,
    "nn.LeakyReLU(inplace=True, negative_slope=0.2)": lambda z: z if z >= 0 else z / 5,
    "nn.ELU(alpha=1.5)(nn.Tanh()(z))": lambda z: math.tanh(z) if z > 0 else 1.5 * math.expm1(math.tanh(z)),
    "nn.Tanh()(z)*nn.Sigmoid()(2*z)": lambda z: math.tanh(z) * sigmoid(2 * z),
    "z*nn.Sigmoid()": lambda z: z * sigmoid(z),
    "nn.SiLU(z)": lambda z: z * sigmoid(z),
    "ReLU(True)(z) + 1": lambda z: max(z, 0) + 1,
    "nn.Hardtanh(-2, 3)": lambda z: min(3, max(-2, z)),
    "nn.Threshold(1, 1)(z)": lambda z: max(z, 1),
    "nn.Softplus(beta=100, threshold=40)": lambda z: softplus(z, 100),
    "nn.GELU(approximate='tanh')(z)": lambda z: (
        z / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))
    ),
    "2*nn.Identity()(z)": lambda z: 2 * z,
    "F.relu(z, True)": lambda z: max(z, 0),
    "F.elu(z, inplace=False, alpha=1.5)": lambda z: z if z > 0 else 1.5 * math.expm1(z),
    "F.hardtanh(z, -2, 3, inplace=True)": lambda z: min(3, max(-2, z)),
    "swish(sin(z), True)": lambda z: math.sin(z) * sigmoid(math.sin(z)),
}
#: as NumPy, Python, LaTeX and a book have them
ELSEWHERE: dict[str, Callable[[float], float]] = {
    "np.tanh(z) + math.pi": lambda z: math.tanh(z) + math.pi,
    "jnp.maximum(z, 0)": lambda z: max(z, 0),
    r"\max(0, z)": lambda z: max(z, 0),
    r"z*\tanh(z)": lambda z: z * math.tanh(z),
    "z*σ(1.702*z)": lambda z: z * sigmoid(1.702 * z),
    "z/(1+|z|)": lambda z: z / (1 + abs(z)),
    "|z - |2*z|| + 1": lambda z: abs(z - abs(2 * z)) + 1,
    "|z|*|z - 1|": lambda z: abs(z) * abs(z - 1),
    "|(z+1)|^1.5": lambda z: abs(z + 1) ** 1.5,
    "tanh(|z|)": lambda z: math.tanh(abs(z)),
}
VALUES |= TORCH | MODULES | ELSEWHERE
formulas = pytest.mark.parametrize("text", VALUES)


def called(phi: Activation) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return what a PyTorch file would call."""
    assert phi.code.startswith("(lambda z: ")
    function: Callable[[torch.Tensor], torch.Tensor] = eval(phi.code, {"torch": torch, "F": F})  # noqa: S307
    return function


@formulas
def test_the_values_are_python_s(text: str) -> None:
    expected = [float(VALUES[text](z)) for z in GRID]
    found = activation_of(text).function(torch.tensor(GRID, dtype=torch.float64))
    # torch's softplus is z above 20, where 2e-9 is missing; mish squares that away
    off = 3e-9 if text == "softplus(z)" else 1e-14
    if "sinc" in text:  # πz is rounded before the sine is taken
        off = 2e-16 * 4
    torch.testing.assert_close(found.tolist(), expected, rtol=1e-13, atol=off)


@formulas
@dtypes
def test_the_code_is_the_function_and_keeps_shape_and_dtype(text: str, dtype: torch.dtype) -> None:
    phi = activation_of(text)
    z = torch.tensor(GRID[:160], dtype=dtype).reshape(4, 1, 40)
    value = phi.function(z)
    assert (value.shape, value.dtype) == (z.shape, dtype)
    torch.testing.assert_close(called(phi)(z), value, rtol=0, atol=0, equal_nan=True)
    assert phi.function(torch.zeros((), dtype=dtype)).shape == ()


@formulas
def test_it_stays_on_its_device(text: str) -> None:
    assert activation_of(text).function(torch.empty(3, device="meta")).device.type == "meta"


@formulas
def test_the_key_is_a_formula_of_the_same_function_and_key(text: str) -> None:
    phi = activation_of(text)
    again = activation_of(phi.key)
    assert re.fullmatch(r"[a-z_0-9.+\-*/^(),]+", phi.key)
    assert (again.key, again.code, again.formula, again.breaks) == (
        phi.key,
        phi.code,
        phi.formula,
        phi.breaks,
    )


@formulas
def test_slopes_are_finite_everywhere_at_bends_too(text: str) -> None:
    phi = activation_of(text)
    z = torch.tensor([*GRID, 0.0, *phi.breaks], dtype=torch.float64)
    assert phi.derivative(z).isfinite().all()


@pytest.mark.parametrize(
    ("text", "slope"),
    [
        ("z*sigmoid(1.702*z)", lambda z: (s := sigmoid(1.702 * z)) * (1 + 1.702 * z * (1 - s))),
        ("sqrt(1+z^2)", lambda z: z / math.hypot(1, z)),
        ("e^(-z^2)", lambda z: -2 * z * math.exp(-z * z)),
        ("2^z", lambda z: math.log(2) * 2**z),
        ("clip(z^3, -1, 8)", lambda z: 3 * z * z if -1 < z < 2 else 0),
    ],
)
def test_the_derivative_is_the_one_found_by_hand(text: str, slope: Callable[[float], float]) -> None:
    z = [-7.3, -1.7, -0.4, 0.3, 1.9, 4.1]
    found = activation_of(text).derivative(torch.tensor(z, dtype=torch.float64))
    torch.testing.assert_close(found.tolist(), [float(slope(x)) for x in z], rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("text", TORCH)
def test_the_slope_is_that_of_its_values(text: str) -> None:
    """By central differences of Python's values, away from where it bends."""
    phi, h = activation_of(text), 1e-5
    z = [x for x in (k / 7 + 0.013 for k in range(-30, 31)) if all(abs(x - b) > 1e-3 for b in phi.breaks)]
    found = phi.derivative(torch.tensor(z, dtype=torch.float64))
    expected = [(TORCH[text](x + h) - TORCH[text](x - h)) / (2 * h) for x in z]
    torch.testing.assert_close(found.tolist(), expected, rtol=1e-6, atol=2e-8)


@pytest.mark.parametrize("text", [text for text in TORCH if text not in {"sinh(z)", "cosh(z)"}])
@pytest.mark.parametrize("q", [0.3, 2.0])
def test_its_means_are_those_of_adaptive_quadrature(text: str, q: float) -> None:
    """scipy's quad between the bends, over Python's values and torch's slope; within ±9 lies all of it."""
    phi, ends = activation_of(text), [-9.0, 9.0]
    inside = [b / math.sqrt(q) for b in phi.breaks if abs(b) < 9 * math.sqrt(q)]
    ends[1:1] = inside

    def mean(of: Callable[[float], float]) -> float:
        def density(z: float) -> float:
            return of(math.sqrt(q) * z) * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

        return sum(integrate.quad(density, *pair, epsabs=1e-13, epsrel=1e-12)[0] for pair in pairwise(ends))

    def slope(x: float) -> float:
        return phi.derivative(torch.tensor(x, dtype=torch.float64)).item()

    assert meanfield.mean_square(text, q) == pytest.approx(mean(lambda x: TORCH[text](x) ** 2), rel=1e-9)
    assert meanfield.slope_square(text, q) == pytest.approx(mean(lambda x: slope(x) ** 2), rel=1e-9)


@pytest.mark.parametrize(
    ("text", "gain"),
    [
        ("z", nn.init.calculate_gain("linear")),
        ("linear(x)", nn.init.calculate_gain("linear")),
        ("2*z", None),
        ("leaky_relu(z, 0.2)", nn.init.calculate_gain("leaky_relu", 0.2)),
        ("leaky_relu(z, 1/4)", nn.init.calculate_gain("leaky_relu", 0.25)),
        ("leaky_relu(z)", nn.init.calculate_gain("leaky_relu")),
        ("relu(z)", math.sqrt(2)),
        ("max(0.0, z)", math.sqrt(2)),
        ("clip(z, 0)", math.sqrt(2)),
        ("max(1, z)", None),
        ("min(0, z)", None),
        ("F.tanh(x)", 5 / 3),
        ("selu(z)", 3 / 4),
        ("leaky_relu(2*z, 0.2)", None),
        ("2*relu(z)", None),
        ("hardtanh(z, -2, 2)", None),
        ("softplus(z, 100)", None),
        ("gelu(z)", None),
    ],
)
def test_what_torch_recommends_for_a_function_holds_with_its_argument(text: str, gain: float | None) -> None:
    assert activation_of(text).gain == gain


def test_torch_s_default_dtype_has_no_say() -> None:
    torch.set_default_dtype(torch.float16)
    try:
        phi = activation_of("z*sqrt(2)/(3 + z^2) + max(z, 1/3)")
        assert phi.breaks == pytest.approx((1 / 3,), abs=1e-15)
        value = float(phi.function(torch.tensor(0.1, dtype=torch.float64)))
    finally:
        torch.set_default_dtype(torch.float32)
    assert value == pytest.approx(0.1 * math.sqrt(2) / 3.01 + 1 / 3, rel=1e-15)


@pytest.mark.parametrize(
    ("name", "module"),
    {
        "softshrink": nn.Softshrink,
        "hard_tanh": nn.Hardtanh,
        "leaky_relu": nn.LeakyReLU,
        "elu": nn.ELU,
        "celu": nn.CELU,
        "softplus": nn.Softplus,
    }.items(),
)
def test_an_argument_left_out_is_torch_s_own_default(name: str, module: type[nn.Module]) -> None:
    """By the signature of torch's module: in its values, and in where it bends."""
    parameters = inspect.signature(module).parameters.items()
    defaults = {word: parameter.default for word, parameter in parameters if parameter.default}
    assert defaults
    z = torch.linspace(-30, 30, 6001, dtype=torch.float64)
    left_out = activation_of(f"{name}(z)")
    for some in ([*defaults], [*defaults][-1:], [*defaults][:1]):
        written = ", ".join(f"{word}={defaults[word]}" for word in some)
        given = activation_of(f"{name}(z, {written})")
        assert given.breaks == left_out.breaks != ()
        assert torch.equal(given.function(z), module()(z))
    assert torch.equal(left_out.function(z), module()(z))

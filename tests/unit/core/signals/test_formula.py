"""Formulas against Python's math, the places where they bend, and what every other text is told."""

import ast
import inspect
import math
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from scipy import integrate
from torch import nn
from torch.nn import functional as F

from core.errors import FormulaError
from core.signals import meanfield
from core.signals.activations import ACTIVATIONS, Activation
from core.signals.formula import MAX_BREAKS, _Translation, activation_of
from core.signals.formula_functions import NAMES
from core.signals.formula_text import MAX_CHARS, MAX_DEPTH
from tests.support.activations import CLOSED
from tests.support.marks import dtypes

GRID = [x / 8 for x in range(-80, 81)] + [-30.0, -1e-9, 1e-9, 19.9, 30.0]
DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


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
VALUES |= TORCH
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
    ("text", "key"),
    [
        ("swish", "silu"),
        ("F.gelu", "gelu"),
        ("torch.tanh", "tanh"),
        ("hardtanh", "hard_tanh"),
        ("hardswish", "hardswish(z)"),
        (" torch.nn.functional.relu6 ", "relu6(z)"),
        ("asinh", "asinh(z)"),
        ("F.leaky_relu(x, negative_slope = .2)", "leaky_relu(z,0.2)"),
        ("softplus(z, threshold=40)", "softplus(z,1,40)"),
        ("hardtanh(z, max_val=2)", "hard_tanh(z,-1,2)"),
        ('gelu(z, approximate="tanh")', "gelu_tanh(z)"),
        ("gelu(z, approximate='none')", "gelu(z)"),
        ("clamp(z, min=0)", "max(z,0)"),
        ("clamp(z, max=6, min=0)", "clip(z,0,6)"),
        ("relu(input=torch.pi*z)", "relu(pi*z)"),
    ],
)
def test_torch_s_own_writings_have_one_key(text: str, key: str) -> None:
    assert activation_of(text).key == key


def test_a_key_gives_its_row() -> None:
    for key, row in ACTIVATIONS.items():
        assert activation_of(key) is row
        assert activation_of(f" {key} ") is row


def test_a_formula_has_no_source_and_is_built_only_once() -> None:
    phi = activation_of("z*sigmoid(1.702 * z)")
    assert (phi.key, phi.source, phi.gain) == ("z*sigmoid(1.702*z)", "", None)
    assert phi.code == "(lambda z: z * torch.sigmoid(1.702 * z))"
    assert activation_of("z*sigmoid(1.702 * z)") is phi


@pytest.mark.parametrize(
    ("text", "gain"),
    [
        ("leaky_relu(z, 0.2)", nn.init.calculate_gain("leaky_relu", 0.2)),
        ("leaky_relu(z, 1/4)", nn.init.calculate_gain("leaky_relu", 0.25)),
        ("leaky_relu(z)", nn.init.calculate_gain("leaky_relu")),
        ("relu(z)", math.sqrt(2)),
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
    ("text", "code"),
    [
        ("max(z, 0)", "torch.clamp(z, min=0)"),
        ("min(6, relu(z))", "torch.clamp(torch.relu(z), max=6)"),
        ("max(z, z^2)", "torch.maximum(z, z ** 2)"),
        ("clip(x, -1/2, 1)", "torch.clamp(z, min=-0.5, max=1)"),
        ("-(z + 1)^2", "-(z + 1) ** 2"),
        ("e^(2*z)", "torch.exp(2 * z)"),
        ("leaky_relu(linear(z)) - 1", "F.leaky_relu(z) - 1"),
        ("2^3*z", "8 * z"),
        ("softplus(z, 100)", "F.softplus(z, 100)"),
        ("hardtanh(2*z, max_val=2)", "F.hardtanh(2 * z, -1, 2)"),
        ("gelu(z, approximate='tanh')", "F.gelu(z, approximate='tanh')"),
        ("rsqrt(1+z^2)*sign(z)*z", "torch.rsqrt(1 + z ** 2) * torch.sign(z) * z"),
    ],
)
def test_the_code_is_as_a_person_would_write_it(text: str, code: str) -> None:
    assert activation_of(text).code == f"(lambda z: {code})"


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("2*z", r"2\,z"),
        ("z*2", r"z\cdot 2"),
        ("pi*z", r"\pi\,z"),
        ("-z^2", r"-z^{2}"),
        ("(-z)^2", r"(-z)^{2}"),
        ("2^-z", r"2^{-z}"),
        ("(z+1)^2", r"(z+1)^{2}"),
        ("(2*z)^2", r"(2\,z)^{2}"),
        ("(z/2)^2", r"\left(\frac{z}{2}\right)^{2}"),
        ("(z^2)^3", r"(z^{2})^{3}"),
        ("z^2^3", r"z^{2^{3}}"),
        ("tanh(z)^2", r"(\tanh(z))^{2}"),
        ("exp(z)^2", r"(e^{z})^{2}"),
        ("abs(z)^3", r"\left|z\right|^{3}"),
        ("sqrt(1+z^2)", r"\sqrt{1+z^{2}}"),
        ("z-(z^2-1)", r"z-(z^{2}-1)"),
        ("z+(z^2-1)", r"z+(z^{2}-1)"),
        ("z-1+2", "z-1+2"),
        ("z-(-2)", "z-(-2)"),
        ("z*(-2)", r"z\,(-2)"),
        ("-2*z", r"-2\,z"),
        ("z+-2*z", r"z+(-2\,z)"),
        ("-(z+1)", "-(z+1)"),
        ("-(z*2)", r"-z\cdot 2"),
        ("--z", "-(-z)"),
        ("z*(z+1)", r"z\,(z+1)"),
        ("(z+1)*z", r"(z+1)\,z"),
        ("z*(z*3)", r"z\,(z\cdot 3)"),
        ("-z/2", r"-\frac{z}{2}"),
        ("z*(-z/2)", r"z\,\left(-\frac{z}{2}\right)"),
        ("z/2/3", r"\frac{\frac{z}{2}}{3}"),
        ("2*(z/3)", r"2\cdot \frac{z}{3}"),
        ("exp(-z^2/2)", r"e^{-\frac{z^{2}}{2}}"),
        ("log(1+exp(z))", r"\ln(1+e^{z})"),
        ("sigmoid(z/2)", r"\sigma\left(\frac{z}{2}\right)"),
        ("max(z,-1)", r"\max(z,\,-1)"),
        ("atan(cos(z))", r"\arctan(\cos(z))"),
        ("hard_tanh(z)", r"\operatorname{hard\_tanh}(z)"),
        ("leaky_relu(z, 0.2)", r"\operatorname{leaky\_relu}(z,\,0.2)"),
        ("z*sign(z)", r"z\,\operatorname{sgn}(z)"),
        ("asinh(z)", r"\operatorname{arsinh}(z)"),
        ("sinh(z)+cosh(z)", r"\sinh(z)+\cosh(z)"),
        ("square(z+1)", r"(z+1)^{2}"),
        ("square(z)^2", r"(z^{2})^{2}"),
        ("rsqrt(1+z^2)*z", r"\frac{1}{\sqrt{1+z^{2}}}\,z"),
        ("1.5e-7*z", r"1.5\cdot 10^{-7}\,z"),
        ("(1.5e-7)^.5*z", r"(1.5\cdot 10^{-7})^{0.5}\,z"),
    ],
)
def test_latex_has_the_brackets_it_needs(text: str, latex: str) -> None:
    assert activation_of(text).formula == latex


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("z^2 + gelu(z)", []),
        ("abs(z)", [0]),
        ("abs(z^2)", []),
        ("abs(1 + z^2)", []),
        ("max(z, z-1)", []),
        ("max(z, -z)", [0]),
        ("max(z, sin(z))", [0]),
        ("clip(z, -2, 1)", [-2, 1]),
        ("relu(3*z+2) + abs(z-1)", [-2 / 3, 1]),
        ("abs(z^2-2)", [-math.sqrt(2), math.sqrt(2)]),
        ("abs(z^3-z)", [-1, 0, 1]),
        ("abs(z-0.1) + abs(0.3-z-0.2)", [0.1]),
        ("min(exp(z), 3)", [math.log(3)]),
        ("abs(cos(z)-z)", [0.73908513321516064166]),
        ("abs(tanh(z)-1/2)", [math.atanh(0.5)]),
        ("max(exp(z), exp(2*z))", [0]),
        ("max(sin(z/1000), 0)", [1000 * k * math.pi for k in range(-3, 4)]),
        ("abs(z-9999) - abs(z+9999)", [-9999, 9999]),
        ("abs((z-0.1)*(z-0.1001))", [0.1, 0.1001]),  # both between two places of the grid
        ("max(0, 1-abs(z-0.3)*1e6)", [0.299999, 0.3, 0.300001]),
        ("hard_tanh(2*z+1)", [-1, 0]),
        ("softplus(2*z)", [10]),
        ("softsign(z-5)", [5]),
        ("selu(z^3-8) + elu(z) + leaky_relu(z+1)", [-1, 0, 2]),
        ("abs(abs(abs(z)-2)-1)", [-3, -2, -1, 0, 1, 2, 3]),
        ("abs(relu(z))", [0]),
        ("abs(z-clip(z, -1, 1))", [-1, 1]),
        ("max(max(z, 0), relu(z))", [0]),
        ("max(z*sigmoid(z), silu(z))", []),  # the same, but for rounding
        ("max(z, log(1+exp(z)))", []),  # the same above 37, but for rounding
        ("abs(z-0.123)^1.5", [0.123]),
        ("((z-0.125)^2)^1.5", [0.125]),
        ("relu(z)^2.5", [0]),
        ("(z^2)^1.5", [0]),
        ("abs(z^2-0.202*z+0.010201)", []),  # (z − 0.101)², but for rounding
        ("max(z, 1e300*z)", [0]),
        ("softplus(z, 100)", [0.2]),
        ("softplus(z, -2)", [-10]),
        ("hardswish(z)", [-3, 3]),
        ("hardsigmoid(2*z)", [-1.5, 1.5]),
        ("relu6(z - 1)", [1, 7]),
        ("hardtanh(z, -2, 2)", [-2, 2]),
        ("softshrink(z, 0.3)", [-0.3, 0.3]),
        ("elu(z, 1.5) + celu(z - 1, 2)", [0, 1]),
        ("threshold(z, 1, 1)", [1]),
        ("(z - 0.3)*sign(z - 0.3)", [0.3]),
        ("hardshrink(z)*relu(abs(z) - 0.5)", [-0.5, 0, 0.5]),
        ("z^2*sign(z^2 - 2)*(z^2 - 2)", [-math.sqrt(2), math.sqrt(2)]),
        ("tanh(1000*(z - 0.3))*sign(z - 0.3)", [0.3]),
        ("sin(3000*z)*sign(z)", [0]),
        ("1 + sin(3000*z) + relu(z - 0.3)*sign(z - 0.3)", [0.3]),
        ("softplus(z) - z", [20]),
        ("exp(softplus(z))", [20]),
    ],
)
def test_it_bends_where_its_parts_do(text: str, places: list[float]) -> None:
    breaks = activation_of(text).breaks
    assert all(type(place) is float for place in breaks)
    assert list(breaks) == sorted(breaks)
    assert len(breaks) == len(places)
    for found, place in zip(breaks, places, strict=True):
        assert found == pytest.approx(place, rel=1e-12, abs=1e-12)


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


def test_as_many_bends_as_allowed() -> None:
    """|sin(z/a)| bends at aπk; within ±1e4 lie 2⌊1e4/(aπ)⌋ + 1 of them."""
    within = activation_of("abs(sin(z/100))")
    assert len(within.breaks) == 2 * math.floor(100 / math.pi) + 1 == MAX_BREAKS - 1
    refused("abs(sin(z/98))", "formula.breaks", {"most": MAX_BREAKS})


def refused(text: Any, code: str, facts: dict[str, Any]) -> None:
    """``facts`` are those besides the text; a place z only to six digits."""
    with pytest.raises(FormulaError) as e:
        activation_of(text)
    found = dict(e.value.facts)
    assert (e.value.code, found.pop("text", text)) == (code, text)
    assert found == {name: pytest.approx(x, rel=1e-6) if name == "z" else x for name, x in facts.items()}
    assert all(type(x) in {str, int, float, tuple} for x in found.values())
    assert str(e.value)[-1] == "."


REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("", "formula.empty", {}),
    ("   ", "formula.empty", {}),
    ("z + §", "formula.character", {"word": "§", "at": 4}),
    ("z\n", "formula.character", {"word": "\n", "at": 1}),
    ("abs(y)", "formula.name", {"word": "y", "at": 4, "names": NAMES}),
    ("tan(z)", "formula.name", {"word": "tan", "at": 0, "names": NAMES}),
    ("z + x", "formula.variables", {"left": "z", "right": "x", "at": 4}),
    ("1e999*z", "formula.number", {"word": "1e999", "at": 0}),
    ("z + 1/0", "formula.number", {"word": "1/0", "at": 4}),
    ("z + 0/0", "formula.number", {"word": "0/0", "at": 4}),
    ("log(-1)*z", "formula.number", {"word": "log(-1)", "at": 0}),
    ("z*9**9**9**9", "formula.number", {"word": "9^9^9", "at": 5}),
    ("2z", "formula.operator", {"left": "2", "right": "z", "at": 1}),
    ("2 z", "formula.operator", {"left": "2", "right": "z", "at": 2}),
    ("z(1+z)", "formula.operator", {"left": "z", "right": "(", "at": 1}),
    ("(z)(z)", "formula.operator", {"left": ")", "right": "(", "at": 3}),
    ("3sin(z)", "formula.operator", {"left": "3", "right": "sin", "at": 1}),
    ("0x", "formula.operator", {"left": "0", "right": "x", "at": 1}),
    ("z²z", "formula.operator", {"left": "2", "right": "z", "at": 2}),
    ("z + * z", "formula.operand", {"left": "+", "right": "*", "at": 4}),
    ("*z", "formula.operand", {"left": "", "right": "*", "at": 0}),
    ("z -", "formula.operand", {"left": "-", "right": "", "at": 3}),
    ("z + ()", "formula.operand", {"left": "(", "right": ")", "at": 5}),
    ("max(z,)", "formula.operand", {"left": ",", "right": ")", "at": 6}),
    ("max(,z)", "formula.operand", {"left": "(", "right": ",", "at": 4}),
    ("(z + 1", "formula.bracket", {"word": "(", "at": 0}),
    ("abs((z)", "formula.bracket", {"word": "(", "at": 3}),
    ("z)", "formula.bracket", {"word": ")", "at": 1}),
    ("sin z", "formula.call", {"word": "sin", "at": 0}),
    ("2 + relu", "formula.call", {"word": "relu", "at": 4}),
    ("sin^2(z)", "formula.call", {"word": "sin", "at": 0}),
    ("√2*z", "formula.call", {"word": "sqrt", "at": 0}),
    ("0,5*z", "formula.comma", {"at": 1}),
    ("exp((z, 1))", "formula.comma", {"at": 6}),
    ("z + max(z)", "formula.arguments", {"word": "max", "at": 4, "expected": 2, "found": 1}),
    ("sin()", "formula.arguments", {"word": "sin", "at": 0, "expected": 1, "found": 0}),
    ("relu(z, 1)", "formula.arguments", {"word": "relu", "at": 0, "expected": 1, "found": 2}),
    ("clip(z)", "formula.arguments", {"word": "clip", "at": 0, "expected": "2–3", "found": 1}),
    ("elu(z, 1, 2)", "formula.arguments", {"word": "elu", "at": 0, "expected": "1–2", "found": 3}),
    ("z + threshold(z, 1)", "formula.arguments", {"word": "threshold", "at": 4, "expected": 3, "found": 2}),
    (
        "leaky_relu(z, slope=1)",
        "formula.keyword",
        {"word": "leaky_relu", "argument": "slope", "names": ("input", "negative_slope"), "at": 0},
    ),
    (
        "elu(z, 1, alpha=1)",
        "formula.keyword",
        {"word": "elu", "argument": "alpha", "names": ("input", "alpha"), "at": 0},
    ),
    (
        "1 + relu(z, approximate='tanh')",
        "formula.keyword",
        {"word": "relu", "argument": "approximate", "names": ("input",), "at": 4},
    ),
    ("clamp(z, max=1, -1)", "formula.names", {}),
    ("z = 3", "formula.character", {"word": "=", "at": 2}),
    ("z == 3", "formula.character", {"word": "=", "at": 2}),
    ("2*alpha=3", "formula.character", {"word": "=", "at": 7}),
    ("exp((z, min=1))", "formula.comma", {"at": 6}),
    ("torch.manual_seed(z)", "formula.name", {"word": "torch.manual_seed", "at": 0, "names": NAMES}),
    (
        "leaky_relu(z, z)",
        "formula.parameter",
        {"word": "leaky_relu(z,z)", "function": "leaky_relu", "at": 0},
    ),
    ("softplus(z, 0)", "formula.parameter", {"word": "softplus(z,0)", "function": "softplus", "at": 0}),
    ("celu(z, 0)", "formula.parameter", {"word": "celu(z,0)", "function": "celu", "at": 0}),
    (
        "softshrink(z, -1)",
        "formula.parameter",
        {"word": "softshrink(z,-1)", "function": "softshrink", "at": 0},
    ),
    (
        "hardtanh(z, 2, -2)",
        "formula.parameter",
        {"word": "hard_tanh(z,2,-2)", "function": "hard_tanh", "at": 0},
    ),
    ("hardtanh(z, 1, 1)", "formula.constant", {}),
    ("sign(z)", "formula.jump", {"z": 0.0}),
    ("sign(z)^2", "formula.jump", {"z": 0.0}),  # 1, but 0 at 0
    ("z + sign(relu(z - 0.3))", "formula.jump", {"z": 0.3}),
    ("z + sign(z^2 - 0.5)", "formula.jump", {"z": -math.sqrt(0.5)}),
    ("max(z, sign(z))", "formula.jump", {"z": 0.0}),
    ("1/(sign(z) + 0.5)", "formula.jump", {"z": 0.0}),
    ("z + 1e-6*sign(z)", "formula.jump", {"z": 0.0}),
    ("hardshrink(z)", "formula.jump", {"z": -0.5}),
    ("threshold(z, 0.1, 0)", "formula.jump", {"z": 0.1}),
    ("softplus(z, 1, 2)", "formula.jump", {"z": 2.0}),
    ("rsqrt(z)", "formula.undefined", {"part": "rsqrt(z)", "argument": "z", "z": -1.0, "value": -1.0}),
    ("log1p(z)", "formula.undefined", {"part": "log1p(z)", "argument": "z+1", "z": -2.0, "value": -1.0}),
    ("sinh(100*z)", "formula.value", {"part": "sinh(100*z)", "z": -8.0}),
    ("clip(z, 2, 1)", "formula.bounds", {"word": "clip(z,2,1)", "at": 0}),
    ("clip(z, 1, 1)", "formula.bounds", {"word": "clip(z,1,1)", "at": 0}),
    ("1 + clip(z, -z, 1)", "formula.bounds", {"word": "clip(z,-z,1)", "at": 4}),
    ("clip(1, z, 2)", "formula.bounds", {"word": "clip(1,z,2)", "at": 0}),
    ("z**z", "formula.exponent", {"word": "z", "at": 3}),
    ("1 + z^(2*z)", "formula.exponent", {"word": "2*z", "at": 7}),
    ("(-2)^z", "formula.exponent", {"word": "z", "at": 5}),
    ("0^abs(z)", "formula.exponent", {"word": "abs(z)", "at": 2}),
    ("z^17", "formula.power", {"word": "17", "at": 2, "most": 16}),
    ("z^-16.5", "formula.power", {"word": "-16.5", "at": 2, "most": 16}),
    ("pi", "formula.constant", {}),
    ("3", "formula.constant", {}),
    ("z - z", "formula.constant", {}),
    ("0*z", "formula.constant", {}),
    ("z^0", "formula.constant", {}),
    ("max(z, 60)", "formula.constant", {}),
    ("1/z", "formula.division", {"part": "z", "z": 0.0}),
    ("z/0", "formula.division", {"part": "0", "z": 0.0}),
    ("1/(z - 0.123)", "formula.division", {"part": "z-0.123", "z": 0.123}),
    ("1/(z-0.123)^2", "formula.division", {"part": "(z-0.123)^2", "z": 0.123}),
    ("(z^2 - 0.246*z + 0.015129)^-1", "formula.division", {"part": "z^2-0.246*z+0.015129", "z": 0.123}),
    ("1/abs(z-0.123)", "formula.division", {"part": "abs(z-0.123)", "z": 0.123}),
    ("1/(z - 5000)", "formula.division", {"part": "z-5000", "z": 5000.0}),
    ("1/(1+sin(z))", "formula.division", {"part": "1+sin(z)", "z": -math.pi / 2}),
    ("1/(sin(z)-0.5)", "formula.division", {"part": "sin(z)-0.5", "z": math.pi / 6}),
    ("1/((z-0.1)*(z-0.1001))", "formula.division", {"part": "(z-0.1)*(z-0.1001)", "z": 0.1}),
    ("1/relu(z)", "formula.division", {"part": "relu(z)", "z": 0.0}),
    ("abs(z)^-2", "formula.division", {"part": "abs(z)", "z": 0.0}),
    ("z/abs(z)", "formula.division", {"part": "abs(z)", "z": 0.0}),  # a jump
    ("(z-1)/(z-1)", "formula.division", {"part": "z-1", "z": 1.0}),
    ("log(z)", "formula.undefined", {"part": "log(z)", "argument": "z", "z": -1.0, "value": -1.0}),
    ("log(z^2)", "formula.undefined", {"part": "log(z^2)", "argument": "z^2", "z": 0.0, "value": 0.0}),
    ("sqrt(z)", "formula.undefined", {"part": "sqrt(z)", "argument": "z", "z": -1.0, "value": -1.0}),
    (
        "sqrt(1-z^2)",
        "formula.undefined",
        {"part": "sqrt(1-z^2)", "argument": "1-z^2", "z": -2.0, "value": -3.0},
    ),
    ("z^(1/3)", "formula.undefined", {"part": "z^(1/3)", "argument": "z", "z": -1.0, "value": -1.0}),
    ("z^1.5", "formula.undefined", {"part": "z^1.5", "argument": "z", "z": -1.0, "value": -1.0}),
    ("z^-.5", "formula.undefined", {"part": "z^(-0.5)", "argument": "z", "z": -1.0, "value": -1.0}),
    ("sqrt(abs(z))", "formula.slope", {"part": "sqrt(abs(z))", "z": 0.0}),
    ("sqrt(z^2)", "formula.slope", {"part": "sqrt(z^2)", "z": 0.0}),
    ("sqrt(1+sin(z))", "formula.slope", {"part": "sqrt(1+sin(z))", "z": -math.pi / 2}),
    ("sqrt((z-0.123)^2)", "formula.slope", {"part": "sqrt((z-0.123)^2)", "z": 0.123}),
    ("abs(z)^(1/3)", "formula.slope", {"part": "abs(z)^(1/3)", "z": 0.0}),
    # what is missing there is the value, which is more than a slope
    ("(z^2)^-.5", "formula.division", {"part": "z^2", "z": 0.0}),
    ("1 - abs(z-0.123)^.5", "formula.slope", {"part": "abs(z-0.123)^0.5", "z": 0.123}),
    ("max(z, 0)^.5", "formula.slope", {"part": "max(z,0)^0.5", "z": 0.0}),
    ("exp(exp(z))", "formula.value", {"part": "exp(exp(z))", "z": 7.0}),
    ("exp(z^2)", "formula.value", {"part": "exp(z^2)", "z": -27.0}),
    ("1e308*z", "formula.value", {"part": "1e+308*z", "z": -2.0}),
    ("tanh(exp(exp(z)))", "formula.slope", {"part": "tanh(exp(exp(z)))", "z": 7.0}),
    ("abs(sin(1000*z))", "formula.breaks", {"most": MAX_BREAKS}),
    ("max(sin(z), 0)", "formula.breaks", {"most": MAX_BREAKS}),
]


@pytest.mark.parametrize(("text", "code", "facts"), REFUSED)
def test_what_is_no_activation_is_refused(text: str, code: str, facts: dict[str, Any]) -> None:
    refused(text, code, facts)


def test_a_narrow_stretch_where_a_root_is_undefined_is_found() -> None:
    """(z − 0.1)² < 1e-9 only within 3.2e-5 of 0.1, between two places of any grid of steps 1e-3."""
    with pytest.raises(FormulaError) as e:
        activation_of("((z-0.1)^2-1e-9)^1.5")
    assert e.value.code == "formula.undefined"
    assert abs(e.value.facts["z"] - 0.1) == pytest.approx(math.sqrt(1e-9), rel=1e-6)


def test_limits() -> None:
    assert activation_of("z" + " " * (MAX_CHARS - 1)).key == "z"
    with pytest.raises(FormulaError, match=f"at most {MAX_CHARS} characters; this one has 201") as e:
        activation_of("z" + " " * MAX_CHARS)
    assert e.value.facts == {"text": "z" + " " * 199, "length": 201, "most": 200}
    assert activation_of("(" * MAX_DEPTH + "z" + ")" * MAX_DEPTH).key == "z"
    refused("(" * 33 + "z" + ")" * 33, "formula.deep", {"at": 32, "most": 32})
    assert activation_of("-" * 31 + "z").key == "-" * 31 + "z"
    refused("-" * 190 + "z", "formula.deep", {"at": 32, "most": 32})
    refused("z" + "^1" * 90, "formula.deep", {"at": 62, "most": 32})
    refused("z+" * 99 + "z", "formula.deep", {"at": 0, "most": 32})
    assert activation_of("*".join("z" * 32)).formula == r"\,".join("z" * 32)


def test_a_formula_written_out_keeps_to_the_limit_too() -> None:
    """Its key must be a formula: 1e15 is one of 16 digits there."""
    text = "(z" + "+1e15" * 12 + ")*(z" + "+1e15" * 12 + ")"
    refused(text, "formula.long", {"length": 2 * (3 + 12 * 17) + 1, "most": MAX_CHARS})


@pytest.mark.parametrize(
    "text", [None, 3, 2.5, b"z", ["z"], {}, ("z",), ast.Name("z")], ids=lambda text: type(text).__name__
)
def test_what_is_no_text_is_refused(text: Any) -> None:
    with pytest.raises(FormulaError) as e:
        activation_of(text)
    assert (e.value.code, e.value.facts) == ("formula.type", {"kind": type(text).__name__})


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('x')",
        "z.__class__",
        "z.real",
        "[z for z in (1,)]",
        "[z]",
        "z[0]",
        "{z}",
        "lambda: 0",
        "lambda z: z",
        'f"{z}"',
        "'z'",
        "z if z else 1",
        "(z:=3)",
        "z = 3",
        "z == 3",
        "a" * 10**7,
        "z@z",
        "~z",
        "z%2",
        "z//2",
        "z<<2",
        "z|1",
        "z&1",
        "!z",
        "not z",
        "z and z",
        "z or 1",
        "z<1",
        "z in z",
        "exec",
        "eval(z)",
        "exec(z)",
        "print(z)",
        "open(z)",
        "abs(*z)",
        "abs(**z)",
        "abs(z=1)",
        "abs(-**z)",
        "*z",
        "**z",
        "z,",
        "(z,)",
        "z, z",
        "ｅxp(z)",
        "ｚ",
        "zⁿ",
        "z₁",
        "٣*z",
        "ß",
        "\ud800",
        "(" * 199,
        ")" * 199,
        "(" * 99 + "z" + ")" * 99,
        "abs(" * 40 + "z" + ")" * 40,
        "-" * 199,
        "~" * 199,
        "1e999",
        "1e99999999999*z",
        "9" * 199,
        "z*" + "9" * 198 + "e9",
        "1_000*z",
        "0b1*z",
        "0o7*z",
        "0x1*z",
        "1j*z",
        "1if z else 2",
        "1(2)",
        "z..",
        "1.2.3*z",
        "z;z",
        "z\nz",
        "z\n",
        "z\t+1",
        "z\r",
        "z\x0c",
        "z\x00",
        "\x00",
        "z\u00a0+1",
        "#z",
        "z#",
        "z\\\n",
        "...",
        "None",
        "True*z",
        "z+True",
        "yield z",
        "await z",
        "import os",
        "nan*z",
        "inf*z",
        "inf",
        "E*z",
        "Z",
        "PI*z",
        "relu(relu)",
        "z**9**9**9**9",
        "9**9**9**9*z",
        "z**10**10",
        "2**10**10**z",
        "softmax",
    ],
    ids=lambda text: repr(text[:24]),
)
def test_nothing_else_is_read_or_run(text: str) -> None:
    with pytest.raises(FormulaError) as e:
        activation_of(text)
    assert e.value.code.startswith("formula.")
    assert str(e.value)[-1] == "."


@pytest.mark.parametrize(
    "text", ["z if z else 1", "z.real", "[z]", "lambda: 0", "not z", "~z", "z < 1", "f(*z)()"]
)
def test_no_other_tree_would_be_taken_either(text: str) -> None:
    """The words already exclude these; the tree is asked as well."""
    translation = _Translation("z")
    with pytest.raises(TypeError):
        translation._translated(ast.parse(text, mode="eval").body)

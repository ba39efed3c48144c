"""The activations: torch's code, the function and the formula are the same."""

import math
import re
from typing import Any

import numpy as np
import pytest
import torch
from scipy import integrate
from torch.nn import functional as F

from core import ACTIVATIONS, DtypeError
from tests.support.activations import CLOSED, exp, ln, phi_of
from tests.support.marks import activations

GRID = [x / 8 for x in range(-96, 97)] + [-1e4, -30.0, -1e-9, 1e-9, 19.9, 20.1, 30.0, 1e4]


def test_every_activation_has_its_closed_form_and_its_own_key() -> None:
    assert set(ACTIVATIONS) == set(CLOSED)
    assert all(row.key == key for key, row in ACTIVATIONS.items())
    assert "softmax" not in ACTIVATIONS


@activations
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16], ids=str)
def test_the_code_is_the_function(key: str, dtype: torch.dtype) -> None:
    row = ACTIVATIONS[key]
    z = torch.tensor(GRID, dtype=torch.float64).to(dtype)
    before = z.clone()
    expected = eval(row.code, {"torch": torch, "F": F})(z) if row.code else z  # noqa: S307
    assert torch.equal(row.function(z), expected)
    assert row.function(z).dtype == dtype
    assert torch.equal(z, before)


@activations
def test_the_code_is_one_of_torch_s_names(key: str) -> None:
    assert re.fullmatch(r"(?:torch|F)\.\w+", ACTIVATIONS[key].code) or key == "linear"


@activations
def test_the_function_is_the_closed_form(key: str) -> None:
    """To the last digits of a double; torch's softplus is z itself above 20, which is e^−20 off."""
    z = torch.tensor(GRID, dtype=torch.float64)
    expected = torch.tensor([CLOSED[key](x) for x in GRID], dtype=torch.float64)
    off = 3e-9 if key == "softplus" else 1e-15
    torch.testing.assert_close(ACTIVATIONS[key].function(z), expected, rtol=4e-14, atol=off)


@activations
def test_the_slope_is_that_of_the_closed_form(key: str) -> None:
    at = [x / 7 for x in range(-30, 31) if x % 7]
    z = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(ACTIVATIONS[key].function(z).sum(), z)
    h = 1e-5
    expected = [(CLOSED[key](x + h) - CLOSED[key](x - h)) / (2 * h) for x in at]
    torch.testing.assert_close(slope.tolist(), expected, rtol=1e-6, atol=1e-8)


@activations
def test_it_is_elementwise_of_any_shape(key: str) -> None:
    function = ACTIVATIONS[key].function
    z = torch.linspace(-3, 3, 24, dtype=torch.float64)
    for shape in ((), (24,), (4, 6), (2, 3, 4), (0, 3)):
        part = z[: math.prod(shape)].reshape(shape)
        one_by_one = [function(x).item() for x in part.flatten()]
        assert function(part).shape == shape
        torch.testing.assert_close(function(part).flatten().tolist(), one_by_one, rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize(
    "z",
    [
        *(
            None,
            b"z",
            3,
            math.nan,
            [[0.5]],
            "\ud800",
            np.array(["z"]),
            np.array([1, 2]),
            torch.tensor([1, 2]),
        ),
        torch.ones(2, dtype=torch.complex64),
        torch.ones(2, dtype=torch.float8_e4m3fn),
    ],
    ids=lambda z: ascii(z)[:24],
)
def test_a_slope_at_what_is_no_float_is_refused(z: Any) -> None:
    with pytest.raises(DtypeError) as e:
        ACTIVATIONS["gelu"].derivative(z)
    assert e.value.code == "dtype.slope"


def test_a_slope_is_had_at_an_array_too() -> None:
    slope = ACTIVATIONS["relu"].derivative(np.array([[-1.0, 2.0]]))
    assert slope.tolist() == [[0, 1]]


def test_selu_keeps_mean_0_and_variance_1() -> None:
    """Which is how Klambauer et al. 2017 found λ and α."""
    selu = ACTIVATIONS["selu"].function

    def moment(power: int) -> float:
        def density(z: float) -> float:
            value = selu(torch.tensor(z, dtype=torch.float64)).item()
            return value**power * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

        return sum(integrate.quad(density, *ends, epsabs=1e-12)[0] for ends in ((-12, 0), (0, 12)))

    assert moment(1) == pytest.approx(0, abs=1e-9)
    assert moment(2) == pytest.approx(1, abs=1e-9)


@activations
def test_the_formula_names_z_alone(key: str) -> None:
    formula = ACTIVATIONS[key].formula
    bare = re.sub(r"\\operatorname\{\w+\}|\\[A-Za-z]+|\\,", " ", formula)
    assert set(re.findall(r"[^\W\d_]", bare)) <= {"z", "e"}
    assert "z" in bare
    assert re.sub(r"e\^(?:z|\{-z\})", "", bare).count("e") == 0  # e only as the base of a power
    for opening, closing in ("()", "{}"):
        assert formula.count(opening) == formula.count(closing)


#: LaTeX → Python, one after another
RULES = (
    (r"\\,", ""),
    (r"\\operatorname\{(\w+)\}z", r"\1(z)"),
    (r"\\tanh z", "tanh(z)"),
    (r"\\tanh\\ln(\(.*\))", r"*tanh(ln\1)"),
    (r"\\Phi", "*Phi"),
    (r"\|z\|", "abs(z)"),
    (r"e\^\{(.*?)\}|e\^(z)", r"exp(\1\2)"),
    (r"\\(max|min|ln)", r"\1"),
    (r"(\d)(?=[z(m])", r"\1*"),
)


@activations
def test_the_formula_gives_the_function_s_values(key: str) -> None:
    """selu's constants stand there with five digits."""
    python = ACTIVATIONS[key].formula
    for latex, code in RULES:
        python = re.sub(latex, code, python)
    names = {"max": max, "min": min, "tanh": math.tanh, "ln": ln, "exp": exp, "Phi": phi_of, "erf": math.erf}
    z = [x for x in GRID if abs(x) < 100]
    values = [float(eval(python, {**names, "abs": abs, "z": x})) for x in z]  # noqa: S307
    expected = ACTIVATIONS[key].function(torch.tensor(z, dtype=torch.float64)).tolist()
    torch.testing.assert_close(values, expected, rtol=1e-4 if key == "selu" else 1e-6, atol=1e-7)

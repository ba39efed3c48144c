"""Any text is read or refused; what is read is what Python reads, in every one of its writings."""

import math
import re
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from core.errors import FormulaError
from core.signals.activations import Activation
from core.signals.formula import activation_of
from core.signals.formula_functions import NAMES
from tests.support.activations import CLOSED

#: Python's own, and the activations by their papers' definitions
MATH: dict[str, Any] = {
    **CLOSED,
    "pi": math.pi,
    "e": math.e,
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "abs": abs,
    "sin": math.sin,
    "cos": math.cos,
    "atan": math.atan,
    "min": min,
    "max": max,
    "sign": lambda u: (u > 0) - (u < 0),
    "relu6": lambda u: min(6, max(0, u)),
    "hardswish": lambda u: u * min(6, max(0, u + 3)) / 6,
    "asinh": math.asinh,
    "tanhshrink": lambda u: u - math.tanh(u),
    "softshrink": lambda u, b: u - min(b, max(-b, u)),
    "clip": lambda u, low, high: min(high, max(low, u)),
    "frac": lambda u: lambda v: u / v,
}
POINTS = [-2.9, -1.3, -0.55, -0.04, 0.021, 0.7, 1.9, 3.1]

numbers = st.sampled_from(["1", "2", "3", "0.5", ".25", "1.702", "1e-1", "pi", "e", "2.5e0"])
leaves = st.one_of(st.just("z"), st.just("z"), numbers)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Formulas of formulas: brackets only where chance sets them, so that rank decides the rest."""
    pairs = st.tuples(inner, inner)
    return st.one_of(
        st.tuples(inner, st.sampled_from(["+", " - ", "*", "*", " / "]), inner).map("".join),
        st.tuples(inner, st.sampled_from(["^2", "**3", "^-1", "^1.5", "^-2", "^0", "^2^1"])).map("".join),
        inner.map("({})".format),
        inner.map("-{}".format),
        inner.map("+ {}".format),
        inner.map("1/(1+({})^2)".format),
        inner.map("e^-abs({})".format),
        inner.map("2^sin({})".format),
        inner.map("sqrt(1 + ({})^2)".format),
        inner.map("log(2 + cos({}))".format),
        inner.map("clip({}, -1, 1/2)".format),
        inner.map("softshrink({}, 0.3)".format),
        inner.map("abs(sign({}))".format),
        pairs.map(lambda uv: "max({}, {})".format(*uv)),
        pairs.map(lambda uv: "min({}, {})".format(*uv)),
        st.tuples(
            st.sampled_from(
                ["sin", "cos", "atan", "abs", "relu6", "hardswish", "asinh", "tanhshrink", *CLOSED]
            ),
            inner,
        ).map(lambda fu: "{}({})".format(*fu)),
    )


formulas = st.recursive(leaves, _grown, max_leaves=8).filter(lambda text: len(text) < 120)
#: What a formula that can be read may still be: no activation.
MEANT = {
    "number",
    "power",
    "exponent",
    "constant",
    "division",
    "undefined",
    "slope",
    "value",
    "breaks",
    "jump",
}


def _by_python(text: str, z: float) -> float:
    return float(eval(text.replace("^", "**"), {**MATH, "z": z}))  # noqa: S307


def _from_latex(latex: str) -> str:
    """Return LaTeX as Python reads it; a product is where a thin space or a point stands."""
    for pattern, python in (
        (r",\\,", ","),
        (r"\\,|\\cdot ", "*"),
        (r"\\operatorname\{([a-z0-9\\_]+)\}", lambda found: found[1].replace("\\", "")),
        (r"\\left\|", "abs("),
        (r"\\right\|", ")"),
        (r"\\left\(|\{", "("),
        (r"\\right\)|\}", ")"),
        (r"\\ln", "log"),
        (r"\\sigma", "sigmoid"),
        (r"\\arctan", "atan"),
        ("sgn", "sign"),
        ("arsinh", "asinh"),
        (r"\\", ""),
    ):
        latex = re.sub(pattern, python, latex)
    return latex


def _read(text: str) -> Activation | FormulaError:
    try:
        return activation_of(text)
    except FormulaError as error:
        return error


@given(text=formulas)
def test_every_form_of_a_formula_has_the_values_that_python_computes(text: str) -> None:
    phi = _read(text)
    if isinstance(phi, FormulaError):
        assert phi.code.removeprefix("formula.") in MEANT
        return
    z = torch.tensor(POINTS, dtype=torch.float64)
    found = phi.function(z)
    code = eval(phi.code, {"torch": torch, "F": F})  # noqa: S307
    assert torch.equal(code(z), found)
    assert phi.derivative(z).isfinite().all()
    latex = _from_latex(phi.formula)
    for x, value in zip(POINTS, found.tolist(), strict=True):
        expected = _by_python(text, x)
        # what rounding may make of it, judged by the function's slope; torch's softplus lacks 2e-9 at 20
        near = 1e-8 * (1 + abs(expected)) + abs(_by_python(text, x + 1e-8) - expected)
        for writing in (value, _by_python(phi.key, x), _by_python(latex, x)):
            assert abs(writing - expected) <= near, (text, phi.key, phi.formula, x)
    again = activation_of(phi.key)
    assert (again.key, again.code, again.formula) == (phi.key, phi.code, phi.formula)
    assert torch.equal(again.function(z), found)


linear = st.recursive(
    st.tuples(st.integers(-9, 9), st.integers(-40, 40)).map(lambda ab: "({}*z+{}/7)".format(*ab)),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["abs", "relu", "leaky_relu", "hard_tanh", "2*abs"]), inner).map(
            lambda fu: "{}({})".format(*fu)
        ),
        st.tuples(st.sampled_from(["max", "min"]), inner, inner).map(lambda fuv: "{}({},{})".format(*fuv)),
        st.tuples(inner, st.sampled_from("+-"), inner).map(lambda uov: "({}{}{})".format(*uov)),
        inner.map("clip({},-2,0.3)".format),
    ),
    max_leaves=5,
)


@given(text=linear)
def test_between_its_breaks_a_piecewise_linear_one_is_linear(text: str) -> None:
    phi = _read(text)
    if isinstance(phi, FormulaError):
        assert phi.code == "formula.constant"
        return
    assert list(phi.breaks) == sorted(set(phi.breaks))
    for low, high in pairwise([-60.0, *(z for z in phi.breaks if abs(z) < 60), 60.0]):
        z = torch.from_numpy(np.linspace(low, high, 33))
        first, *inner, last = phi.function(z).tolist()
        straight = np.linspace(first, last, 33)[1:-1]
        np.testing.assert_allclose(inner, straight, rtol=0, atol=1e-10 * (1 + abs(straight).max()))


words = st.sampled_from(
    [*NAMES, *"zzx0123456789.+-*/^(),,((()))", "**", "√", "²", " ", "e9", "1e", "_", "lambda", "if"]
)


def _check_read(text: str) -> None:
    phi = _read(text)
    if isinstance(phi, FormulaError):
        assert phi.code.startswith("formula.")
        assert str(phi)[-1] == "."
    else:
        assert activation_of(phi.key).key == phi.key
        assert phi.function(torch.zeros(2, 3)).shape == (2, 3)


@given(text=st.one_of(st.text(max_size=230), st.lists(words, max_size=40).map("".join)))
def test_any_text_is_read_or_refused(text: str) -> None:
    _check_read(text)


@given(text=formulas, word=words, at=st.integers(0, 60), gone=st.integers(0, 9))
def test_a_formula_with_a_word_amiss_is_read_or_refused(text: str, word: str, at: int, gone: int) -> None:
    _check_read(text[:at] + word + text[at + gone :])
    _check_read(text[:at] + text[at + gone :])

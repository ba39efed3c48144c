"""A visitor's own activation has every view of the signal page, or is answered in a sentence."""

import re

import numpy as np
import pytest

from core.signals.formula_functions import NAMES
from pages.state.controls import SIGHTS, TABLE
from tests.support.screen import query, refusals, stands
from tests.support.signal_page import CHARTS, EN, RUN, curves_of, headline_of, opened_small, short, words_of

pytestmark = pytest.mark.usefixtures("typed_choices")


@pytest.mark.parametrize(
    ("formula", "sight"),
    [
        *(("z*sigmoid(1.702*z)", sight) for sight in SIGHTS),
        *(
            (formula, sight)
            for formula in ("max(z, 0)^2", "sin(z)")
            for sight in ("gradient", "maps", "chaos")
        ),
    ],
)
def test_a_formula_has_every_view(formula: str, sight: str) -> None:
    app = opened_small(sight=sight, activation=formula)
    stands(app)
    assert refusals(app) == []
    own = formula.replace(" ", "")
    assert query(app)["activation"] == own
    assert own in (headline_of(app) + words_of(app))
    if sight in CHARTS:
        assert len(app.get("plotly_chart")) == (2 if sight == "chaos" else 1)


def test_a_formula_that_is_an_activation_written_out_gives_the_same_numbers() -> None:
    for formula, own in (("max(z,0)", "relu"), ("z", "linear")):
        lines = [
            curves_of(opened_small(activation=activation, sight="gradient")) for activation in (formula, own)
        ]
        np.testing.assert_array_equal(*lines)


@pytest.mark.parametrize("own", [0, 1, 2])
def test_formulas_to_try_are_one_click_away_and_relu_too(own: int) -> None:
    app = opened_small(sight="gains")
    button = app.button(key=f"own_{own}")
    formula = button.label.strip("`").replace(" ", "")
    button.click().run()
    assert query(app)["activation"] == formula
    assert refusals(app) == []
    assert formula in headline_of(app)
    app.button(key="own_back").click().run()
    assert "activation" not in query(app)


#: formulas whose means cannot be had at any length, at some, or up to q = 2, and one that is nearly a step
THEORYLESS = ("cos(1e9*z)", "sin(30*z)", "exp(z^2/8)")


@pytest.mark.parametrize(
    ("formula", "sight"),
    [
        *(
            (formula, sight)
            for formula in THEORYLESS
            for sight in ("gradient", "correlation", "maps", "chaos")
        ),
        ("cos(1e9*z)", "gains"),
        ("cos(1e9*z)", "forward"),
        ("tanh(1e6*z)", "chaos"),
    ],
)
def test_a_formula_without_theory_stands_all_the_same(formula: str, sight: str) -> None:
    app = opened_small(sight=sight, activation=formula, rows="xavier_normal-kaiming_normal", depth="3")
    stands(app)
    assert refusals(app) == []
    if sight in RUN:
        assert len(app.get("plotly_chart")) == 1
    assert "nan" not in words_of(app)


def test_a_formula_without_theory_is_said_to_have_none() -> None:
    said = {
        "maps": "The maps of cos(1000000000*z) cannot be computed: E[φ²] over N(0, q) ",
        "chaos": "The edge of chaos of cos(1000000000*z) cannot be computed: it needs E[φ²] and E[φ′²] ",
        "gains": "Not every gain of cos(1000000000*z) can be computed: over N(0, 1), E[φ²], E[φ′²] ",
    }
    for sight, words in said.items():
        assert headline_of(opened_small(sight=sight, activation="cos(1e9*z)")).startswith(words)
    # the weights are not to blame
    assert short("signal.reading_silent") not in words_of(opened_small(activation="cos(1e9*z)"))


#: what is typed → the sentence's key, and its facts
BAD = {
    "": ("formula_empty", {}),
    "2z": ("formula_operator", {"left": "2", "right": "z", "column": 2}),
    "z z": ("formula_operator", {"left": "z", "right": "z", "column": 3}),
    "z+*2": ("formula_operand", {"column": 3}),
    "banana(z)": ("formula_name", {"word": "banana", "column": 1, "names": ", ".join(NAMES)}),
    "z.imag": ("formula_name", {"word": "z.imag", "column": 1, "names": ", ".join(NAMES)}),
    "z=3": ("formula_character", {"word": "=", "column": 2}),
    "elu(z,slope=1)": (
        "formula_keyword",
        {"word": "elu", "argument": "slope", "names": "input, alpha", "column": 1},
    ),
    "clamp(z,max=1,0)": ("formula_names", {}),
    "celu(z,0)": ("formula_parameter", {"word": "celu(z,0)", "function": "celu"}),
    "hardtanh(z,1,2,3)": (
        "formula_arguments",
        {"word": "hardtanh", "expected": "1–3", "found": 4, "column": 1},
    ),
    "sign(z)": ("formula_jump", {"z": 0}),
    "__import__('os')": ("formula_character", {"word": "'", "column": 12}),
    "z*x": ("formula_variables", {}),
    "1e999*z": ("formula_number", {"word": "1e999", "column": 1}),
    "(z": ("formula_bracket", {"word": "(", "column": 1}),
    "sin z": ("formula_call", {"word": "sin", "column": 1}),
    "3,5*z": ("formula_comma", {"column": 2}),
    "gelu(approximate='tanh')": (
        "formula_input",
        {"word": "gelu", "example": "gelu(z, approximate='tanh')", "column": 1},
    ),
    "max(z)": ("formula_arguments", {"word": "max", "expected": 2, "found": 1, "column": 1}),
    "clip(z,2,1)": ("formula_bounds", {"word": "clip(z,2,1)"}),
    "z^z": ("formula_exponent", {"word": "z"}),
    "z^99": ("formula_power", {"word": "99", "most": 16}),
    "3": ("formula_constant", {}),
    "log(z)": ("formula_undefined", {"part": "log(z)", "argument": "z", "z": -30, "value": -30}),
    "1/z": ("formula_division", {"part": "z", "z": 0}),
    "sqrt(abs(z))": ("formula_slope", {"part": "sqrt(abs(z))", "z": 0}),
    "(" * 40 + "z" + ")" * 40: ("formula_deep", {"most": 32}),
    "+".join(["sin(z)"] * 30): ("formula_long", {"most": 200, "length": 201}),
    "abs(sin(50*z))": ("formula_breaks", {"most": 64}),
}


@pytest.mark.parametrize("typed", BAD)
def test_a_bad_formula_is_answered_and_relu_stays(typed: str) -> None:
    code, facts = BAD[typed]
    app = opened_small(activation=typed)
    stands(app)
    (sentence,) = refusals(app)
    expected = EN(f"refused.{code}", **{"was": typed, "used": "relu", **facts})
    if code in {
        "formula_undefined",
        "formula_long",
        "formula_breaks",
        "formula_power",
    }:  # numbers of core's own
        numberless = [re.sub(r"[−-]?\d+(\.\d+)?", "#", words) for words in (sentence, expected)]
        assert numberless[0] == numberless[1]
    else:
        assert sentence == expected
    assert "activation" not in query(app)
    assert app.session_state["activation"] == typed[: TABLE["activation"].max_chars]  # to be mended
    assert curves_of(app)[0] == pytest.approx(curves_of(opened_small())[0], abs=0)


def test_a_formula_that_was_right_stays_in_force_while_the_next_is_wrong() -> None:
    app = opened_small(activation="sin(z)")
    app.session_state["activation"] = "sin(z"
    app.run()
    stands(app)
    assert "sin(z)" in refusals(app)[0]
    assert query(app)["activation"] == "sin(z)"
    assert "sin(z)" in headline_of(app)


def test_nothing_typed_is_sent_as_html() -> None:
    app = opened_small(activation="<b>z</b>", rows="<i>x</i>", seeds="<u>1</u>")
    bodies = "".join(element.proto.body for element in app.get("html"))
    assert not [tag for tag in ("<b>z", "<i>x", "<u>1") if tag in bodies]
    app = opened_small(activation="max(z,0)*(1+0*exp(-z^2))", sight="chaos")
    stands(app)

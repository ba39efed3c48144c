"""Values at the edges of each control, alone and in pairs: a page answers, or refuses in its own words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.weights.parameters import LARGEST, SMALLEST
from pages.state.control import Control
from pages.state.controls import ASPECTS, CONTROLS, PARTS, SIGHTS, TABLE, TABS
from pages.text import Text
from tests.support.screen import opened, refusals

FAULT = Text("en")("error.unexpected")
#: Both sides of every edge that a control or a dtype has.
NUMBERS = (
    *(
        "0",
        "-0",
        "5e-324",
        "1e-320",
        "9e-31",
        str(SMALLEST),
        "1.1e-30",
        "1e-10",
        "9e-7",
        "1e-6",
        "0.1",
        "0.5",
    ),
    *("1", "-1", "2", "3", "2.2360679", "2.24", "16", "64", "65504", "65536", "65537", "1000", "1000.01"),
    *("1.1e6", "3.4e38", "4294967295", "4294967296", str(LARGEST), "1.1e30", "-1e30", "1e308", "-1e308"),
    *("1/3", "nan", "inf"),
)
#: What is typed and is no number, at its own edges.
TYPED = {
    "activation": (
        *("relu", "sin(3000*z)", "z^9", "exp(z)", "1/z", "abs(z)^0.5", "leaky_relu(z, 1e30)", "1e30*z"),
        *("1e-30*z", "softplus(z, 1e30)", "sign(z)", "0*z", "clip(z, 0, 1e-30)"),
    ),
    "net": (
        *("1-1", "3-64.relu-64.relu-2.softmax", "2-2.constant(val=1e30).relu-2", "3-3.zeros.softmax"),
        *("2-2.normal(std=1e-30).tanh-2", "8-8.orthogonal.sigmoid-8"),
    ),
    "data": ("1e308,1e308,1e308", "-1e308,1e308,0", "5e-324,5e-324,5e-324", "0,0,0", "1e39,1,1", "nan,1,1"),
    "labels": ("1", "0", "1,2", "99", ""),
    "layer": (
        *("Linear(1,1)", "Linear(65536,65536)", "Conv2d(64,64,3,stride=2,groups=64)", "Embedding(10,4)"),
        *("LSTM(1,1)", "MultiheadAttention(8,2)", "Bilinear(2,3,4)"),
    ),
    "rows": (
        *("normal(std=1e-30)-normal(std=1e30)", "zeros-ones", "orthogonal(gain=1e30)-sparse(sparsity=0.9)"),
        *("eye-dirac", "uniform(a=-1e30,b=1e30)", "kaiming_normal-trunc_normal(mean=0,std=1,a=1,b=1.0001)"),
    ),
}
VIEWS = {
    "signal": ("sight", SIGHTS),
    "model": ("part", PARTS),
    "compare": ("aspect", ASPECTS),
    "distribution": ("tab", TABS),
    "lesson": ("step", TABLE["step"].options),
}
#: Small, where nothing else is asked for, so that many are tried.
SIZES = {"depth": "6", "width": "24", "seeds": "2", "fan_in": "64", "fan_out": "48"}
LEFT_OUT = {"plan", "at", "hide", "lock", "depth", "width", "seeds", "samples"}


def _values(control: Control) -> tuple[str, ...]:
    return control.options or TYPED.get(control.name, NUMBERS)


def _is_answered(page: str, link: dict[str, str]) -> None:
    app = opened(page, **link)
    assert not app.exception
    assert not [said for said in refusals(app) if FAULT in said]


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("signal", {"bias": "normal", "sigma_b": "1e-31"}),
        ("signal", {"bias": "normal", "sigma_b": "5e-324"}),
        ("model", {"part": "forward", "dtype": "float64", "data": "1e308,1e308,1e308"}),
        ("model", {"part": "forward", "dtype": "float64", "data": "-1.7e308,5e-324,0"}),
        ("lesson", {"step": "sqrt5", "slope": "1e-31"}),
    ],
)
def test_a_number_at_the_edge_of_its_range_causes_no_internal_error(page: str, link: dict[str, str]) -> None:
    _is_answered(page, link)


@pytest.mark.parametrize(("page", "name"), [("signal", "sigma_b"), ("lesson", "slope")])
def test_a_number_that_may_be_0_is_0_or_no_smaller_than_the_smallest(page: str, name: str) -> None:
    view = {"signal": {"bias": "normal"}, "lesson": {"step": "sqrt5"}}[page]
    assert refusals(opened(page, **view, **{name: "0"})) == []
    assert refusals(opened(page, **view, **{name: "1e-30"})) == []
    (said,) = refusals(opened(page, **view, **{name: "9e-31"}))
    assert "must be 0 or a positive number between 10⁻³⁰ and " in said


@pytest.mark.parametrize("page", VIEWS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_two_values_at_their_edges_are_answered_together(page: str, data: st.DataObject) -> None:
    name, views = VIEWS[page]
    link = {key: value for key, value in SIZES.items() if key in CONTROLS[page]}
    link[name] = data.draw(st.sampled_from(views))
    names = sorted(set(CONTROLS[page]) - LEFT_OUT)
    for one in data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True)):
        link[one] = data.draw(st.sampled_from(_values(TABLE[one])))
    _is_answered(page, link)

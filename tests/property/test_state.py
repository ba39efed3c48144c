"""The table of controls: what is written is read back, and nothing that is read can raise."""

import math

from hypothesis import given
from hypothesis import strategies as st

from core.table import written
from core.weights.parameters import LARGEST, SMALLEST
from pages.state.controls import TABLE
from pages.state.parsers import Refusal, Refused, Value
from pages.text import catalogue

controls = st.sampled_from(sorted(TABLE))
words = st.sampled_from(
    ["relu", "softmax", "ones", "constant(val=2)", "normal(std=x)", "uniform(a=3)", "no_bias", "x", "(", "5"]
)
nets = st.lists(
    st.builds(
        lambda units, own: ".".join([str(units), *own]), st.integers(-1, 5000), st.lists(words, max_size=3)
    ),
    max_size=4,
).map("-".join)
numbers = st.floats(SMALLEST, LARGEST) | st.just(0.0)
pieces = st.sampled_from([*"zx()+-*/^,. 0123456789", "sin", "max(", "relu", "e", "1e999", "√", "²", "**"])
formulas = st.lists(pieces, max_size=12).map("".join)


def _read(name: str, raw: str) -> Value | Refusal:
    try:
        return TABLE[name].parse(raw)
    except Refused as refused:
        return refused.refusal


@given(
    name=controls,
    raw=st.text(max_size=40) | st.from_regex(r"[-+]?\d{1,30}(\.\d*)?(e[-+]?\d+)?") | nets | formulas,
)
def test_anything_typed_is_read_or_refused(name: str, raw: str) -> None:
    value = _read(name, raw)
    if isinstance(value, Refusal):
        own = {
            "whole",
            "real",
            "positive",
            "above",
            "between",
            "choice",
            "layer",
            "labels",
            "listed",
            "plan_step",
            "report_key",
        }
        assert value.code in own or value.code.split("_")[0] in {
            "network",
            "parameter",
            "table",
            "comparison",
            "row",
            "formula",
        }
        assert f"refused.{value.code}" in catalogue("en")
    else:
        assert _read(name, written(value)) == value
        assert not isinstance(value, float) or math.isfinite(value)


@given(value=numbers, sign=st.sampled_from([1, -1]))
def test_a_number_written_is_the_number_read(value: float, sign: int) -> None:
    assert TABLE["mean"].parse(written(sign * value)) == sign * value


LIMITS = {
    "fan_in": (1, 65_536),
    "fan_out": (1, 65_536),
    "seed": (0, 2**32 - 1),
    "bins": (10, 400),
    "depth": (1, 200),
    "width": (1, 2048),
    "samples": (1, 1024),
    "seeds": (1, 50),
}


@given(name=st.sampled_from(sorted(LIMITS)), value=st.integers(-(10**13), 10**13) | st.integers(-1, 2050))
def test_a_whole_number_is_itself_or_refused_by_its_limits(name: str, value: int) -> None:
    low, high = LIMITS[name]
    read = _read(name, str(value))
    if low <= value <= high:
        assert read == value
    else:
        assert isinstance(read, Refusal)
        assert (read.facts["low"], read.facts["high"]) == (low, high)


@given(formulas)
def test_a_formula_read_is_one_that_is_written_out(raw: str) -> None:
    """What goes into the link is read as the same function, and what is refused says where or why."""
    value = _read("activation", raw)
    if isinstance(value, Refusal):
        assert value.code.startswith("formula_")
        words = catalogue("en")[f"refused.{value.code}"]
        words.format_map({**value.facts, "was": raw, "used": "relu", "name": "Activation"})
    else:
        assert _read("activation", str(value)) == value


def test_defaults_are_readable() -> None:
    for control in TABLE.values():
        assert control.parse(written(control.default)) == control.default

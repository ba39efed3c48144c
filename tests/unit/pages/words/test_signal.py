"""What stands beside the end of a line on the signal page."""

import math

import numpy as np
import pytest

from core.signals.fate import Fate
from pages.lecture.links import settled
from pages.text import Text
from pages.words import signal as words


@pytest.mark.parametrize(
    ("say", "end"), [(words.phrase, "1.00"), (words._phrase_back, "0.125")], ids=["forward", "back"]
)
def test_a_line_that_is_not_steady_says_what_it_comes_to_at_its_own_end(say: object, end: str) -> None:
    """Forward that is the last layer, and on the way back layer 1."""
    course = np.array([0.125, 0.4, 1.0])
    found = Fate("kept", 0, 8.0, math.nan, lost=0, overflow=False)
    assert end in say(found, course, Text("en"))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("dtype", "most", "least"),
    [
        ("float64", "1.80×10³⁰⁸", "2.23×10⁻³⁰⁸"),  # 2¹⁰²⁴ and 2⁻¹⁰²²
        ("float32", "3.40×10³⁸", "1.18×10⁻³⁸"),  # 2¹²⁸ and 2⁻¹²⁶
        ("bfloat16", "3.39×10³⁸", "1.18×10⁻³⁸"),  # (2 − 2⁻⁷)·2¹²⁷: it has float32's exponents
        ("float16", "65504", "5.96×10⁻⁸"),  # 2⁻²⁴: it alone keeps what is below its normal range, 2⁻¹⁴
    ],
)
def test_where_numbers_end_is_said_of_each_dtype(dtype: str, most: str, least: str) -> None:
    """IEEE 754's ends, and bfloat16's; below its normal range torch's CPU is told to take a number for 0."""
    state, lost = settled("signal", {"dtype": dtype}), np.array([[1.0, 0.5, 0.0, 0.0]])
    (said,) = words._ends([lost], state, Text("en"))
    assert f"the range of {dtype}: above {most}, or below {least}, which counts as 0" in said
    assert words._ends([np.ones((1, 4))], state, Text("en")) == []

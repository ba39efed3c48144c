"""What stands beside the end of a line on the signal page."""

import math

import numpy as np
import pytest

from core.signals.fate import Fate
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

"""Formulas as charts write them, beside the values that they come to."""

import pytest

import core
from pages.figures.notation import plain


@pytest.mark.parametrize(
    ("nonlinearity", "gain", "written"), [("tanh", 5 / 3, "5⁄3"), ("selu", 3 / 4, "3⁄4")]
)
def test_a_gain_is_written_as_torch_has_it(nonlinearity: str, gain: float, written: str) -> None:
    """calculate_gain: tanh 5/3, selu 3/4; the bound of a uniform law is gain · √(3/fan_in)."""
    law = core.SCHEMES["kaiming_uniform"].law((5, 12), nonlinearity=nonlinearity)
    assert law.support[1] == pytest.approx(gain * (3 / 12) ** 0.5)
    assert plain(law.bands[0].ends[1]) == f"+{written}·√(3/12)"

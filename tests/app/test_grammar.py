"""English that goes by a number: of one weight, one row or one group no sentence has a plural."""

import re

import pytest

from core import SCHEMES
from pages.state.controls import TABS
from tests.support.screen import opened, refusals
from tests.support.words import alts, plain

#: "1 entries", "1 weight lie", "a 87 %": but not "Row 1 comes" or "counts fan_in 1"
SLIP = re.compile(
    r"(?<![\d.,−×/√\u202f])(?<!Row )\b1 (?!is\b|was\b|has\b|as\b|keeps\b)[a-z]+s\b"
    r"|\b1 [a-z]+ (?:lie|are|have|do)\b|\b[Aa] (?:8[\d.]*|11|18)\b"
)


def _slips(page: str, **link: str) -> list[str]:
    app = opened(page, **link)
    assert not app.exception
    return SLIP.findall(" | ".join([plain(app), *alts(app), *refusals(app)]))


def test_slips_are_found() -> None:
    for words in ("over 1 entries", "of 1 weight lie beyond", "Only a 87.4 % error", "into 1 groups"):
        assert SLIP.search(words)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_one_weight_one_row_and_one_column_are_told_as_one(scheme: str) -> None:
    for fan_in, fan_out in (("1", "1"), ("1", "5"), ("5", "1")):
        sizes = {"fan_in": fan_in, "fan_out": fan_out}
        if scheme == "dirac":
            sizes = {"layer": f"Conv1d({fan_in}, {fan_out}, 1)"}
        for tab in TABS:
            assert _slips("distribution", scheme=scheme, tab=tab, **sizes) == []


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("distribution", {"scheme": "dirac", "layer": "Linear(3, 4)"}),
        # 8 to 89 % and 11 % are what samples of such sizes show
        ("distribution", {"fan_in": "16", "fan_out": "1"}),
        ("distribution", {"fan_in": "1000", "fan_out": "1"}),
        ("distribution", {"scheme": "trunc_normal", "std": "0.02", "fan_in": "1", "fan_out": "1"}),
        ("compare", {"layer": "Linear(1, 1)", "rows": "normal-zeros"}),
        ("compare", {"layer": "Embedding(1, 1)", "rows": "normal", "aspect": "figures"}),
    ],
)
def test_other_numbers_that_english_goes_by(page: str, link: dict[str, str]) -> None:
    assert _slips(page, **link) == []

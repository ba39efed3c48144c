"""What stands in a refusal: numbers in groups, what was typed as it was, and what it resembles."""

import re

import pytest

from pages.text import LANGUAGES, Text, catalogue
from pages.words import findings, refusals

#: Facts of refusals that are whole numbers.
COUNTS = {
    *("begin", "end", "offset", "size", "given", "wanted", "length", "limit", "most", "n", "low", "high"),
    *("line", "row", "rows", "column", "columns", "cells", "expected", "found", "inputs"),
}
FIELD = re.compile(r"\{(\w+)[:}]")
NUMBERED = [
    key
    for key, entry in catalogue("en").items()
    if key.startswith("refused.") and COUNTS & {*FIELD.findall(entry)}
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_whole_number_is_grouped(language: str) -> None:
    assert len(NUMBERED) > 50
    for key in NUMBERED:
        fields = {*FIELD.findall(catalogue(language)[key])} - {"name"}
        facts = {field: 1234567 if field in COUNTS else "relu" for field in fields}
        said = refusals.worded(key.removeprefix("refused."), facts, "", Text(language))
        assert said.count("1\u202f234\u202f567") >= len(COUNTS & fields), key
        assert "1234567" not in said, key


def test_what_was_typed_stands_as_it_was() -> None:
    facts = {
        "place": 1,
        "parameter": "groups",
        "value": 1234567,
        "minimum": 1,
        "maximum": 65_536,
        "zero": True,
    }
    assert refusals.worded("row_number", facts, "", Text("en")) == (
        "Scheme 1: groups cannot be 1234567. It must be a whole number from 1 to 65\u202f536."
    )
    said = refusals.worded(
        "whole", {"low": 1, "high": 65_536, "was": 1234567, "used": "1"}, "Groups", Text("en")
    )
    assert said == "Groups must be a whole number from 1 to 65\u202f536. It was “1234567”, so 1 is used."


@pytest.mark.parametrize(("unknown", "near"), [("widht, fan_inn", "width"), ("fan_inn, widht", "fan_in")])
def test_of_several_unknown_names_the_first_is_met(unknown: str, near: str) -> None:
    options = (
        "bins, data, depth, device, dtype, edits, fan_in, fan_out, rows, sample, seed, seeds, sight, width"
    )
    said = refusals.worded("listed", {"unknown": unknown, "options": options}, "Hidden", Text("en"))
    assert f"for example: {near}, " in said


@pytest.mark.parametrize(("letters", "shown"), [(60, "a" * 30 + "b" * 30), (61, "a" * 30 + "…" + "b" * 30)])
def test_of_a_name_too_long_for_a_sentence_both_ends_are_shown(letters: int, shown: str) -> None:
    assert findings.short("a" * 30 + "b" * (letters - 30)) == shown
    assert findings.short("a" * 40 + "c" * 40, 40) == "a" * 20 + "…" + "c" * 20

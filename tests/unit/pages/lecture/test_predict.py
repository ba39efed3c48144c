"""What covers a result again that was revealed: another result, and never another look at the same."""

import pytest

from pages.state.controls import CONTROLS, TABLE

#: page → what changes how its result is looked at, and not the result; on every page those below as well
LOOKS = {
    "home": {"bins", "overlay", "tab"},
    "distribution": {"bins", "overlay", "tab"},
    "compare": {"aspect", "order"},
    "signal": {"between", "picture", "sight"},
    "model": {"part"},
    "lesson": {"slope"},
    "teach": set(),
}
EVERYWHERE = {"at", "hide", "lang", "lock", "predict", "view"}


@pytest.mark.parametrize("page", LOOKS)
def test_a_result_is_predicted_anew_when_it_changes_and_not_when_it_is_seen_otherwise(page: str) -> None:
    assert {name for name in CONTROLS[page] if TABLE[name].look} == LOOKS[page] | EVERYWHERE

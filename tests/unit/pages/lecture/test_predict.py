"""What covers a result again that was revealed: another result, and never another look at the same.

Nor does a page that is loaded anew: the browser tells what was uncovered.
"""

import pytest

from pages.figures.sketch import BARS
from pages.lecture import predict
from pages.state.controls import CONTROLS, TABLE
from pages.state.session import Session
from pages.widgets import guesses

#: page → what changes how its result is looked at, and not the result; on every page those below as well
LOOKS = {
    "home": {"bins", "overlay", "tab"},
    "distribution": {"bins", "overlay", "tab"},
    "compare": {"aspect", "order"},
    "signal": {"between", "picture", "sight"},
    "model": {"part"},
    "checkpoint": {"against", "board", "only", "plot", "search", "sheet", "sort", "tensor"},
    "lesson": {"slope"},
    "teach": set(),
}
EVERYWHERE = {"at", "hide", "lang", "lock", "predict", "view"}


@pytest.mark.parametrize("page", LOOKS)
def test_a_result_is_predicted_anew_when_it_changes_and_not_when_it_is_seen_otherwise(page: str) -> None:
    assert {name for name in CONTROLS[page] if TABLE[name].look} == LOOKS[page] | EVERYWHERE


def _loaded_anew(monkeypatch: pytest.MonkeyPatch) -> Session:
    """Return a visitor whose page waits to be predicted."""
    now = Session(page="distribution", good={name: TABLE[name].default for name in CONTROLS["distribution"]})
    now.good["predict"] = "on"
    for module in (predict, guesses):
        monkeypatch.setattr(module, "session", lambda: now)
    return now


def _recalled(told: object, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Have a browser tell of what had been uncovered."""
    now = _loaded_anew(monkeypatch)
    monkeypatch.setattr(predict.st, "session_state", {"lab": {"recalled": told}})
    predict.recalled()
    return now


def _token(monkeypatch: pytest.MonkeyPatch) -> str:
    now = _loaded_anew(monkeypatch)
    told = predict.told("distribution", now.good)
    assert told is not None
    assert not told["open"]
    return str(told["token"])


def test_a_page_loaded_anew_has_uncovered_what_was_and_what_was_guessed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token, bars = _token(monkeypatch), [3, *[0] * (BARS - 1)]
    now = _recalled({"token": token, "guesses": {"std": "1/8", "sketch": bars}}, monkeypatch)
    assert predict.told("distribution", now.good) == {
        "token": token,
        "open": True,
        "guesses": {"std": "1/8", "sketch": tuple(bars)},
    }
    assert predict.told("distribution", now.good | {"predict": "off"}) is None


@pytest.mark.parametrize(
    "told", [None, 7, "x", [], {}, {"token": "00000000"}, {"token": ["a"], "guesses": 3}]
)
def test_what_is_told_of_another_result_uncovers_nothing(
    told: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = _recalled(told, monkeypatch)
    assert now.revealed is None
    assert now.guesses == {}


@pytest.mark.parametrize(
    "told",
    [None, 3, "x", [1], {"std": 3, "sketch": "x"}, {"sketch": [1]}, {"sketch": [101] * BARS}, {1: None}],
)
def test_guesses_that_are_none_are_dropped(told: object, monkeypatch: pytest.MonkeyPatch) -> None:
    now = _recalled({"token": _token(monkeypatch), "guesses": told}, monkeypatch)
    assert predict.revealed("distribution", now.good)
    assert now.guesses == {}


def test_no_more_is_kept_of_guesses_than_there_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {f"{at}_{'x' * 99}": "9" * 999 for at in range(999)}
    now = _recalled({"token": _token(monkeypatch), "guesses": told}, monkeypatch)
    (kept,) = now.guesses.values()
    assert len(kept) == 20
    assert {len(text) for text in kept.values()} == {64}
    assert {len(name) for name in kept} == {64}

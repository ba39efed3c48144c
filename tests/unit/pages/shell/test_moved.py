"""What a hand has moved goes into its control as if it had been typed there; nothing else does."""

from collections.abc import Iterator
from typing import Any

import pytest
import streamlit as st

from pages.shell import keys
from pages.state import session, set_by_button
from pages.state.controls import TABLE


@pytest.fixture
def fields(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    state: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", state)
    now = session.Session(page="distribution")
    now.good = {name: control.default for name, control in TABLE.items()}
    now.good |= {"hide": "gain", "lock": "seed"}
    for module in (keys, set_by_button):
        monkeypatch.setattr(module, "session", lambda: now)
    return state


@pytest.mark.parametrize(
    ("moved", "left"),
    [
        ({"fan_in": "200"}, {"fan_in": "200"}),
        ({"std": 0.05}, {"std": "0.05"}),
        ({"fan_in": "1" * 99}, {"fan_in": "1" * 24}),  # as many characters as its field takes
        ({"seed": "7"}, {}),  # locked
        ({"gain": "2"}, {}),  # hidden
        ({"scheme": "zeros"}, {"scheme": "zeros"}),  # one of its options
        ({"scheme": "z" * 99}, {}),
        ({"scheme": ["zeros"]}, {}),
        ({"depth": "3"}, {}),  # of another page
        ({"lab_session": "x"}, {}),
        ("nonsense", {}),
        (None, {}),
        ([1, 2], {}),
    ],
    ids=str,
)
def test_what_is_moved(fields: dict[str, Any], moved: object, left: dict[str, str]) -> None:
    fields["lab"] = {"moved": moved}
    keys._moved()
    del fields["lab"]
    assert fields == left

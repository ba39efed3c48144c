"""When a page that nobody looks at may give its seat away: not with what no link carries."""

import pytest
import streamlit as st

from pages.shell import keys
from pages.state.session import Session


@pytest.mark.parametrize(
    ("plan", "data", "holds"),
    [(None, "", False), ("- [a](/model)", "", True), (None, "1,2\n" * 2000, True), (None, "1,2\n3,4", False)],
)
def test_what_no_link_carries_keeps_a_page_awake(
    plan: str | None, data: str, *, holds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "session", lambda: Session(own_plan=plan, data=data))
    monkeypatch.setattr(st, "session_state", {})
    assert keys._holds_more() == holds
    monkeypatch.setattr(st, "session_state", {"data": data})
    monkeypatch.setattr(keys, "session", lambda: Session(own_plan=plan))
    assert keys._holds_more() == holds

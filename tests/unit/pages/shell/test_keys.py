"""When a page that nobody looks at may give its seat away: not with what neither link nor browser keeps."""

import pytest
import streamlit as st

from pages.shell import keys
from pages.state.session import Session


@pytest.mark.parametrize(("data", "holds"), [("", False), ("1,2\n" * 2000, True), ("1,2\n3,4", False)])
def test_what_no_link_carries_keeps_a_page_awake(
    data: str, *, holds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "session", lambda: Session(data=data))
    monkeypatch.setattr(st, "session_state", {})
    assert keys._holds_more() == holds
    monkeypatch.setattr(st, "session_state", {"data": data})
    monkeypatch.setattr(keys, "session", Session)
    assert keys._holds_more() == holds


def test_a_plan_of_one_s_own_is_kept_by_the_browser_and_lets_the_page_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keys, "session", lambda: Session(own_plan="- [a](/model)"))
    monkeypatch.setattr(st, "session_state", {})
    assert not keys._holds_more()

"""The languages that are offered, whatever the browser speaks."""

from types import SimpleNamespace

import pytest
import streamlit as st

from pages.shell import menu
from pages.text import Text


@pytest.mark.parametrize(
    ("locale", "spoken", "picked", "kept"),
    [
        ("zh-CN", "zh", "en", "en"),
        ("en-US", "en", "zh", "zh"),
        ("zh-CN", "en", "zh", ""),
        ("de-DE", "zh", "en", ""),
    ],
)
def test_a_choice_that_is_not_the_browser_s_own_is_kept(
    locale: str, spoken: str, picked: str, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser of neither language is spoken to in English."""
    state: dict[str, str] = {}
    monkeypatch.setattr(st, "context", SimpleNamespace(locale=locale))
    monkeypatch.setattr(st, "session_state", state)
    monkeypatch.setattr(st, "button", lambda *_, on_click, args=(), **__: on_click(*args))
    menu._languages(SimpleNamespace(t=Text(spoken)))  # type: ignore[arg-type]
    assert state["lang"] == kept
    assert picked != spoken

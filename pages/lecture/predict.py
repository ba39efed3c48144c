"""Predict, then reveal: a page's result stays covered until somebody has said what it will be."""

import zlib
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

from pages.state.chosen import State
from pages.state.controls import CONTROLS, TABLE, stepped_on
from pages.state.parsers import Value
from pages.state.session import session
from pages.text import Text
from pages.widgets import guesses
from pages.words import compare
from pages.words.guesses import Asked, Guesses

#: The lesson's stops where nothing waits.
_OPEN_STOPS = ("closing", "questions")


def covered(state: State, page: str) -> bool:
    """Tell whether this page's result waits to be predicted first; the lesson covers its own."""
    return bool(stepped_on(page)) and waits(page, state.values)


def waits(page: str, values: Mapping[str, Value]) -> bool:
    """Tell whether a page's result waits, as these values have it."""
    shown = (
        page == "teach"
        or values["view"] == "presenter"
        or (page == "lesson" and values["step"] in _OPEN_STOPS)
    )
    if values["predict"] == "off" or shown:
        return False
    return not revealed(page, values)


def revealed(page: str, values: Mapping[str, Value]) -> bool:
    """Tell whether this very result was uncovered last."""
    return session().revealed == _place(page, values)


def guessed(state: State, page: str) -> Guesses:
    """Return what was guessed of this page's result, once that is revealed."""
    open_ = state["predict"] == "on" and revealed(page, state.values)
    return guesses.given(result(page, state.values)) if open_ else {}


def cover(state: State, page: str, t: Text, asked: Sequence[Asked], question: str = "") -> None:
    """Stand before the result, if it waits: ask what it will be, or else ``question``, and uncover it."""
    if not covered(state, page):
        return
    level = "h2" if page == "home" else "h1"  # the result's own headline is hidden with it
    with st.container(key="cover"):
        st.html(f'<{level} class="lab-headline">{escape(question) or t(f"predict.{page}")}</{level}>')
        if page in {"compare", "signal"}:  # whose schemes stand in a drawer
            names = compare.names(state.comparison.entries, t)
            st.html(f'<p class="lab-verdict">{escape(" · ".join(names))}</p>')
        ask(page, state.values, t, asked)


def ask(page: str, values: Mapping[str, Value], t: Text, asked: Sequence[Asked]) -> None:
    """Take a guess where there is something to guess, say that none is needed, and reveal the result."""
    how = "draws" if guesses.draws(asked) else "says" if asked else "waits"
    st.html(f'<p class="lab-verdict">{t(f"predict.{how}")}</p>')
    guesses.ask(asked, result(page, values), reveal, t)


def reveal() -> None:
    """Uncover the result that stands there."""
    now = session()
    now.revealed = _place(now.page, now.good)


def told(page: str, values: Mapping[str, Value]) -> dict[str, Any] | None:
    """Return what the browser keeps of a result that is predicted: a page loaded anew has it from there.

    None of a result that is not.
    """
    if values["predict"] == "off" or page == "teach":
        return None
    token = result(page, values)
    return {"token": token, "open": revealed(page, values), "guesses": dict(guesses.given(token))}


def recalled() -> None:
    """Uncover what a browser had uncovered before its page was loaded anew; anybody may tell anything."""
    recalled, now = st.session_state["lab"]["recalled"], session()
    token = result(now.page, now.good)
    if isinstance(recalled, Mapping) and recalled.get("token") == token:
        guesses.recall(recalled.get("guesses"), token)
        reveal()


def sketched() -> None:
    """Keep what was sketched of the result that stands there."""
    now = session()
    guesses.sketched(st.session_state["lab"]["sketched"], result(now.page, now.good))


def result(page: str, values: Mapping[str, Value]) -> str:
    """Return a short name for what the result depends on."""
    return f"{zlib.crc32(repr(_place(page, values)).encode()):08x}"


def _place(page: str, values: Mapping[str, Value]) -> tuple[Any, ...]:
    """Return what the result depends on: a change of it is predicted anew."""
    return (page, *(values[name] for name in CONTROLS[page] if not TABLE[name].look))

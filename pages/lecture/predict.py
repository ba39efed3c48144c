"""Predict, then reveal: a page's result stays covered until somebody has said what it will be."""

from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from pages.state.table import CONTROLS, OWN_LOOK, State, Value
from pages.text import Text
from pages.words import compare as comparing

#: Controls that show the same result otherwise: a change of theirs does not cover it again.
_LOOKS = {
    *OWN_LOOK,
    *("predict", "hide", "lock", "bins", "overlay", "order", "picture", "between"),
    *("tab", "aspect", "sight", "part"),
}


#: The control that steps change on each page, and where it stands.
STEPPED = {"home": "scheme", "distribution": "scheme", "compare": "rows", "signal": "rows", "model": "net"}


def covered(state: State, page: str) -> bool:
    """Tell whether this page's result waits to be predicted first; the lesson covers its own."""
    return page in STEPPED and waits(page, state.values)


def waits(page: str, values: Mapping[str, Value]) -> bool:
    """Tell whether a page's result waits, as these values have it."""
    return bool(values["predict"] == "on" and st.session_state.get("_revealed") != _place(page, values))


def cover(state: State, page: str, t: Text) -> None:
    """Stand before the result, if it waits: ask what it will be, and uncover it."""
    if not covered(state, page):
        return
    level = "h2" if page == "home" else "h1"  # the result's own headline is hidden with it
    with st.container(key="cover"):
        st.html(f'<{level} class="lab-headline">{t(f"predict.{page}")}</{level}>')
        if page in {"compare", "signal"}:  # whose schemes stand in a drawer
            names = comparing.names(state.comparison.entries, t)
            st.html(f'<p class="lab-verdict">{escape(" · ".join(names))}</p>')
        st.html(f'<p class="lab-verdict">{t("predict.waits")}</p>')
        st.button(t("predict.reveal"), key="reveal", on_click=reveal, type="primary")


def reveal() -> None:
    """Uncover the result that stands there."""
    session = st.session_state
    session["_revealed"] = _place(session["_page"], session["_good"])


def _place(page: str, values: Mapping[str, Value]) -> tuple[Any, ...]:
    """Return what the result depends on: a change of it is predicted anew."""
    return (page, *(values[name] for name in CONTROLS[page] if name not in _LOOKS))

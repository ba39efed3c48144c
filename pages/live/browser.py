"""What only a browser can do, in one small script on every page: see ``lab.js``."""

from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component
from streamlit.components.v2.types import ComponentRenderer

from pages.lecture import desk as classroom
from pages.lecture import links as preparing
from pages.state.table import MAX_LINK_DATA, State
from pages.text import HTML_LANG, Text

#: What the help names, in its order: the keys, and the text catalogue's name for what they do.
KEYS = (
    (("→", "PgDn"), "next"),
    (("←", "PgUp"), "previous"),
    (("1 – 9",), "views"),
    (("D",), "again"),
    (("Enter",), "reveal"),
    (("H",), "predict"),
    (("P",), "project"),
    (("F",), "full"),
    (("S",), "share"),
    (("E",), "export"),
    (("?",), "help"),
)
#: And while a lecture plan is held.
PLAN_KEYS = ((("[",), "plan_previous"), (("]",), "plan_next"))
#: Seconds for which a page may be hidden until it gives its seat away, if the server has a page for that.
IDLE = 0
#: page → the control whose options are its tabs
_TABS = {page: name for page, name in preparing.VIEWS.items() if page != "lesson"} | {"teach": "prepare"}


@cache
def _component() -> ComponentRenderer:
    script = Path(__file__).with_name("lab.js").read_text(encoding="utf-8")
    return component("lab", js=script, isolate_styles=False)


def _pressed() -> None:
    """Do what a key asks for that no button on the page does."""
    classroom.act(st.session_state["lab"]["pressed"])


def mount(state: State, page: str, t: Text) -> None:
    """Tell the browser the page's language and view, and let it listen to keys."""
    known = KEYS if classroom.held() is None else (*KEYS[:-1], *PLAN_KEYS, KEYS[-1])
    idle = _idle(state, page)
    keys = [[list(names), t(f"keys.{does}")] for names, does in known if does not in idle]
    data = {
        "lang": HTML_LANG[t.language],
        "view": state["view"],
        "idle": 0 if _holds_more() else IDLE,
        "actions": classroom.actions(state, page),
        "title": t("keys.title"),
        "close": t("keys.close"),
        "keys": keys,
    }
    _component()(key="lab", data=data, on_pressed_change=_pressed)


def _holds_more() -> bool:
    """Tell whether a visitor has given what no link can carry: a plan, or many rows of numbers."""
    session = st.session_state
    return "_own_plan" in session or len(session.get("data") or session.get("_data", "")) > MAX_LINK_DATA


def _idle(state: State, page: str) -> set[str]:
    """Return what no key does on this page, as it has nothing of the kind or its link holds that fast."""
    actions = {*classroom.actions(state, page)}
    if page == "lesson" and "step" not in state.fixed:
        actions |= {"previous", "next"}  # its own buttons
    idle = {"previous", "next", "again"} - actions
    if "predict_first" not in actions:
        idle.add("predict")
        if state["predict"] == "off" or page == "teach":
            idle.add("reveal")
    if page not in _TABS or _TABS[page] in state.fixed:
        idle.add("views")
    return idle | ({"share", "export", "project"} if "tools" in state.hidden else set())

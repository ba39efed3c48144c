"""What the keys do on a page, and what its script in the browser has to know: see ``pages/live/lab.js``."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.lecture import desk, held_plan
from pages.live import browser
from pages.state.chosen import State
from pages.state.controls import MAX_LINK_DATA, TABLE, views_of
from pages.state.session import session
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


def _pressed() -> None:
    """Do what a key asks for that no button on the page does."""
    desk.act(st.session_state["lab"]["pressed"])


def _moved() -> None:
    """Put what a hand has moved into its controls, as if it had been typed there."""
    moved, now = st.session_state["lab"]["moved"], session()
    state = State(dict(now.good), now.page)
    for name, text in moved.items() if isinstance(moved, Mapping) else ():
        control = TABLE[name] if name in state.names and name not in state.fixed else None
        if control and (not control.options or text in control.options):
            st.session_state[name] = str(text)[: control.max_chars]


def listen(state: State, page: str, t: Text, live: Mapping[str, Any] | None) -> None:
    """Tell the browser the page's language and view, and let it listen to keys and to a hand."""
    known = KEYS if held_plan.held() is None else (*KEYS[:-1], *PLAN_KEYS, KEYS[-1])
    without = _without(state, page)
    keys = [[list(names), t(f"keys.{does}")] for names, does in known if does not in without]
    data = {
        "lang": HTML_LANG[t.language],
        "view": state["view"],
        "idle": 0 if _holds_more() else IDLE,
        "actions": desk.actions(state, page),
        "title": t("keys.title"),
        "close": t("keys.close"),
        "keys": keys,
        "live": live,
    }
    browser.mount(data, _pressed, _moved)


def _holds_more() -> bool:
    """Tell whether a visitor has given what no link can carry: a plan, or many rows of numbers."""
    now = session()
    return now.own_plan is not None or len(st.session_state.get("data") or now.data) > MAX_LINK_DATA


def _without(state: State, page: str) -> set[str]:
    """Return what no key does on this page, as it has nothing of the kind or its link holds that fast."""
    actions = {*desk.actions(state, page)}
    if page == "lesson" and "step" not in state.fixed:
        actions |= {"previous", "next"}  # its own buttons
    idle = {"previous", "next", "again"} - actions
    if "predict_first" not in actions:
        idle.add("predict")
        if state["predict"] == "off" or page == "teach":
            idle.add("reveal")
    tabs = "" if page == "lesson" else views_of(page)  # whose views are a list
    if not tabs or tabs in state.fixed:
        idle.add("views")
    return idle | ({"share", "export", "project"} if "tools" in state.hidden else set())

"""What the keys do on a page, and what ``pages/live/keys_and_clicks.js`` has to know there."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.lecture import desk, held_plan, own_plan, predict
from pages.live import browser
from pages.state.chosen import State
from pages.state.controls import MAX_LINK_DATA, TABLE, views_of
from pages.state.session import session
from pages.state.set_by_button import place
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
    (("M",), "menu"),
    (("S",), "share"),
    (("E",), "export"),
    (("?",), "help"),
)
#: And in place of the first two while a lecture plan is held.
PLAN_KEYS = ((("→", "PgDn", "]"), "plan_next"), (("←", "PgUp", "["), "plan_previous"))
#: What of all these a presenter's window has.
PRESENTED = {"plan_next", "plan_previous", "again", "full", "help"}
#: Parts of Streamlit's own that are called something.
PARTS = ("skip", "drawer", "fold", "unfold", "listing", "copy", "upload")
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
            place(**{name: str(text)[: control.max_chars]})


def listen(state: State, page: str, t: Text, live: Mapping[str, Any] | None) -> None:
    """Tell the browser the page's language and view, and let it listen to keys and to a hand."""
    known = KEYS if held_plan.held() is None else (*PLAN_KEYS, *KEYS[2:])
    without = _without(state, page) | ({does for _, does in known} - PRESENTED if state.presents else set())
    keys = [[list(names), t(f"keys.{does}")] for names, does in known if does not in without]
    data = {
        "lang": HTML_LANG[t.language],
        "view": state["view"],
        "idle": 0 if _holds_more() else IDLE,
        "plan": bool(state["at"]),
        "names": _names(t) if browser.SERVED else None,
        "lecture": _lecture(state, page, t),
        "kept": own_plan.told(),
        "actions": desk.actions(state, page),
        "title": t("keys.title"),
        "close": t("keys.close"),
        "lost": t("error.lost"),
        "gone": t("error.gone"),
        "keys": keys,
        "live": live,
        "drop": browser.SERVED and "report" in state.names,
        "sketch": browser.SERVED and predict.waits(page, state.values),
        "predicted": predict.told(page, state.values),
    }
    told = {"pressed": _pressed, "moved": _moved, "kept": own_plan.took}
    browser.mount(data, **told, sketched=predict.sketched, recalled=predict.recalled)


def _names(t: Text) -> dict[str, str]:
    """Return what Streamlit's own parts are called, and what a file may be."""
    limits = t("part.per_file", size="{size}", kinds="{kinds}")
    return {**{name: t(f"part.{name}") for name in PARTS}, "per_file": limits}


def _lecture(state: State, page: str, t: Text) -> dict[str, Any] | None:
    """Return what a lecturer's two windows tell each other; None where no script can be had for it."""
    if not browser.SERVED:
        return None
    now = held_plan.held()
    # with its place: a script is called when something differs, and two steps may wait alike
    step = now and {"waits": predict.waits(page, state.values), "here": now.here, "place": now.place}
    return {"view": state["view"], "step": step, "reveal": t("predict.reveal"), "next": t("plan.next")}


def _holds_more() -> bool:
    """Tell whether a visitor has given more rows of numbers than a link can carry."""
    return len(st.session_state.get("data") or session().data) > MAX_LINK_DATA


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

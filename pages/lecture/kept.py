"""A lecturer's own plan: the browser keeps it, and hands it to a server that has not heard of it.

``pages/live/lab.js`` is the browser's side.
"""

from typing import Any

import streamlit as st

from pages.lecture.plans import MAX_BYTES
from pages.state.session import session


def own() -> str | None:
    """Return one's own plan as text, if there is one."""
    return session().own_plan


def keep(text: str | None) -> None:
    """Have a plan as one's own, and the browser keep it; None for none."""
    now = session()
    now.own_plan, now.plan_told = text, True
    now.plan_edit += 1


def awaited() -> bool:
    """Tell whether the browser has yet to say which plan it keeps."""
    return session().own_plan is None and not session().plan_told


def told() -> dict[str, Any]:
    """Return what the browser is told: the plan where it was changed here, and whether its own is wanted.

    It answers if it keeps one, or if a link needs it.
    """
    now = session()
    text = now.own_plan if now.plan_edit else None
    return {"text": text, "edit": now.plan_edit, "wanted": awaited(), "needed": bool(now.good.get("at"))}


def took() -> None:
    """Take the plan that the browser keeps; what is too long is none."""
    now, text = session(), str(st.session_state["lab"]["kept"])
    now.plan_told = True
    now.own_plan = text if text and len(text.encode("utf-8", "replace")) <= MAX_BYTES else None

"""A lecturer's own plan: the browser keeps it, and hands it to a server that has not heard of it.

``pages/live/keys_and_clicks.js`` is the browser's side.
"""

from dataclasses import replace
from typing import Any

import streamlit as st

from pages.lecture import plans
from pages.lecture.plans import MAX_BYTES, Plan, PlanError, Step
from pages.state.controls import MAX_STEPS
from pages.state.session import session


def own() -> str | None:
    """Return one's own plan as text, if there is one."""
    return session().own_plan


def plan() -> Plan | None:
    """Return one's own plan; None where there is none, or its text is none."""
    try:
        return plans.parsed(text) if (text := own()) else None
    except PlanError:
        return None


def keep(text: str | None) -> None:
    """Have a plan as one's own, and the browser keep it; None for none."""
    now = session()
    now.own_plan, now.plan_told = text, True
    now.plan_edit += 1


def put(changed: Plan) -> None:
    """Have a plan as one's own; one without a step is none."""
    keep(plans.written(changed) if changed.steps else None)


def room() -> bool:
    """Tell whether one's own plan takes one more step."""
    text = own() or ""
    return len((plan() or Plan("", ())).steps) < MAX_STEPS and len(text.encode()) < MAX_BYTES // 2


def add(step: Step) -> None:
    """Add a step to one's own plan, as soon as the browser has said which it keeps."""
    now = session()
    now.adding = (*now.adding, step)
    if not awaited():
        _added()


def _added() -> None:
    """Add the steps that waited to what is one's own by now."""
    now = session()
    mine = plan() or Plan("", ())
    put(replace(mine, steps=(*mine.steps, *now.adding)))
    now.added, now.adding = len(mine.steps) + len(now.adding), ()


def awaited() -> bool:
    """Tell whether the browser has yet to say which plan it keeps."""
    return session().own_plan is None and not session().plan_told


def told() -> dict[str, Any]:
    """Return what the browser is told: the plan where it was changed here, and whether its own is wanted.

    It answers if it keeps one, or if what was asked for needs it.
    """
    now = session()
    needed = bool(now.good.get("at") or now.adding)
    text = now.own_plan if now.plan_edit else None
    return {"text": text, "edit": now.plan_edit, "wanted": awaited(), "needed": needed}


def took() -> None:
    """Take the plan that the browser keeps; what is too long is none."""
    now, text = session(), str(st.session_state["lab"]["kept"])
    now.plan_told = True
    now.own_plan = text if text and len(text.encode("utf-8", "replace")) <= MAX_BYTES else None
    if now.adding:
        _added()

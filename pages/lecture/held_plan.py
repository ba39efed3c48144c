"""The plan that a lecturer goes through: which one is held, at which step, and the ways on."""

from typing import NamedTuple, NoReturn

import streamlit as st

from pages.lecture import links, plans
from pages.lecture.plans import Plan, Step
from pages.state.chosen import State
from pages.state.controls import OWN_LOOK, PAGES
from pages.state.session import session
from pages.text import Text


class HeldPlan(NamedTuple):
    """The plan that is gone through, and the place of its step, from 0."""

    plan: Plan
    at: int
    #: what the control ``plan`` calls it; '' for one's own
    name: str = ""


def held() -> HeldPlan | None:
    """Return the plan that this visitor goes through, if any."""
    found: HeldPlan | None = session().plan
    return found


def follow(state: State, page: str, language: str) -> None:
    """Hold the step that a link names, as after a reload, and have the page's own link name what is held.

    One's own plan is in no link, so none takes its place.
    """
    now, linked = held(), str(state["at"])
    if state.arrived:
        name, _, number = linked.rpartition("-")
        if linked and (now is None or now.name):
            again = now is not None and now.name == name
            plan = now.plan if now and again else plans.parse(plans.ready(name, language))
            now = HeldPlan(plan, int(number) - 1, name)
        elif now is not None:
            now = now._replace(at=_found(now, state, page))
        if now is not None:
            session().plan = now
    at = "" if now is None else _place_in(now.name, now.at)
    state.values["at"] = session().good["at"] = at
    if "at" not in state.refusals:
        st.session_state["at"] = at


def go(plan: Plan, at: int, name: str = "") -> NoReturn:
    """Hold a plan and open one of its steps; this ends the run, so no callback can do it."""
    session().plan = HeldPlan(plan, at, name)
    step = plan.steps[at]
    st.switch_page(PAGES[step.page], query_params=_params(step, _place_in(name, at)))


def params(step: Step, at: int, name: str) -> dict[str, str]:
    """Return what opens the step at a place of a plan, seen as now where the step does not say how.

    It starts no plan, and goes on in the one that is held.
    """
    now = held()
    if now is not None and now.name != name:
        name, at = now.name, now.at
    return _params(step, _place_in(name, at) if now is not None else "")


def _params(step: Step, at: str) -> dict[str, str]:
    kept = session().kept
    look = {name: kept[name] for name in OWN_LOOK if name in kept and name != "at"}
    return step.params(look | ({"at": at} if at else {}))


def _place_in(name: str, at: int) -> str:
    """Return a plan's step as links name it: none of one's own plan."""
    return f"{name}-{at + 1}" if name else ""


def end() -> None:
    """Let go of the plan."""
    session().plan = None
    st.session_state["at"] = ""


def steps(t: Text) -> None:
    """Show the ways to the plan's step before and the next, by their numbers, and out of the plan."""
    now = held()
    if now is None:
        return
    last = len(now.plan.steps)
    before, after = max(now.at, 1), min(now.at + 2, last)
    back = st.button(f"‹ {before}/{last}", key="plan_previous", disabled=now.at == 0)
    on = st.button(f"{after}/{last} ›", key="plan_next", disabled=now.at + 1 == last)
    st.button(t("plan.end"), key="plan_end", on_click=end)
    if back or on:
        go(now.plan, now.at + (1 if on else -1), now.name)


def _found(now: HeldPlan, state: State, page: str) -> int:
    """Return the place of the nearest step that shows this page: the browser's own ways go anywhere."""

    def chosen(of: State) -> dict[str, str]:
        return {name: value for name, value in of.query().items() if name not in (*OWN_LOOK, "v")}

    here = chosen(state)
    places = [
        at
        for at, step in enumerate(now.plan.steps)
        if step.page == page and chosen(links.settled(page, dict(step.query))) == here
    ]
    return min(places, key=lambda at: abs(at - now.at), default=now.at)

"""The plan that a lecturer goes through: which one is held, at which step, and the ways on.

The link names the step, as in ``depth-3``; the text of one's own plan is kept by the browser.
"""

from html import escape
from typing import NamedTuple
from unicodedata import east_asian_width
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from pages.lecture import links, own_plan, plans, predict
from pages.lecture.plans import Plan, Step
from pages.state.chosen import State
from pages.state.controls import OWN_LOOK, OWN_PLAN, TABLE
from pages.state.parsers import Refusal
from pages.state.session import session
from pages.state.set_by_button import fill, place
from pages.text import Text

#: Letters of a note that fit beside each other at 1280 pixels.
LINE = 122


class HeldPlan(NamedTuple):
    """The plan that is gone through, the place of its step, from 0, and what links call it."""

    plan: Plan
    at: int
    name: str
    #: whether the page shows the step's own result; a lecturer may leave it for a question
    here: bool = True

    @property
    def step(self) -> Step:
        """The step that is held."""
        return self.plan.steps[self.at]

    @property
    def place(self) -> str:
        """The step as links name it."""
        return f"{self.name}-{self.at + 1}"


def held() -> HeldPlan | None:
    """Return the plan that this visitor goes through, if any."""
    found: HeldPlan | None = session().plan
    return found


def follow(state: State, page: str, language: str) -> None:
    """Hold the step that the link names, and have the page's own link name what is held.

    Whoever arrives at a step finds it covered, also by the browser's own ways: no answer shows too early.
    """
    now, linked = held(), str(state["at"])
    name, _, number = linked.rpartition("-")
    at = int(number or 0) - 1
    if now is not None and not (linked and state.arrived):
        name, at = now.name, _found(now, state, page) if state.arrived else now.at
    plan = _plan(name, language)
    session().plan = None
    if plan is not None:
        at = min(at, len(plan.steps) - 1)
        now = HeldPlan(plan, at, name, here=_shows(plan.steps[at], state, page))
        session().plan = now
        if state.arrived:
            session().revealed = None
    _name(state, "" if plan is None or now is None else now.place)


def _name(state: State, place: str) -> None:
    """Have the link name a place in a plan; one that the browser has yet to hand over is named as it was."""
    linked = str(state["at"])
    if linked.startswith(OWN_PLAN) and not place:
        if own_plan.awaited():
            return
        state.refusals["at"] = Refusal("plan_gone", {"was": linked})
    state.values["at"] = session().good["at"] = place
    if "at" not in state.refusals:
        fill(at=place)


def _plan(name: str, language: str) -> Plan | None:
    """Return a plan by its name; None for one's own where it is not here, or is none."""
    if name == OWN_PLAN:
        return own_plan.plan()
    return plans.parsed(plans.ready(name, language)) if name else None


def _shows(step: Step, state: State, page: str) -> bool:
    """Tell whether a page shows a step's own result, however it is looked at."""
    if step.page != page:
        return False
    look = tuple(name for name, control in TABLE.items() if control.look)
    return _chosen(state, look) == _chosen(links.settled(page, dict(step.query)), look)


def _chosen(state: State, without: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in state.query().items() if name not in (*without, "v")}


def _found(now: HeldPlan, state: State, page: str) -> int:
    """Return the place of the nearest step that shows this page: the browser's own ways go anywhere."""
    here = _chosen(state, OWN_LOOK)
    places = [
        at
        for at, step in enumerate(now.plan.steps)
        if step.page == page and _chosen(links.settled(page, dict(step.query)), OWN_LOOK) == here
    ]
    return min(places, key=lambda at: abs(at - now.at), default=now.at)


def address(plan: Plan, at: int, name: str) -> str:
    """Return the address of a step, seen as now where it does not say how; it holds the plan there."""
    step, seen = plan.steps[at], session().kept
    look = {one: seen[one] for one in OWN_LOOK if one in seen}
    params = step.params(look | {"at": f"{name}-{at + 1}"})
    if look.get("view") == "presenter":  # whatever view the step opens for a class
        params["view"] = "presenter"
    return f"./{'' if step.page == 'home' else step.page}?{urlencode(params, safe=',')}"


def seen_as(address: str, view: str) -> str:
    """Return a step's address as it is seen in another view."""
    path, _, query = address.partition("?")
    return f"{path}?{urlencode(dict(parse_qsl(query)) | {'view': view}, safe=',')}"


def end() -> None:
    """Let go of the plan."""
    session().plan = None
    place(at="")


def question() -> str:
    """Return what the step asks, which is its title, to stand where the answer will; '' if none is held.

    A plan that the browser has yet to hand over asks nothing for a moment.
    """
    now = held()
    if now is None:
        return "\u00a0" if own_plan.awaited() and session().good.get("at") else ""
    return now.step.title if now.here else ""


def said(state: State, page: str, t: Text) -> None:
    """Show the step's title above its result, and its note with that; both are grey while a hand moves it.

    What is not the step's result has neither, but the room that they had: letting go moves no chart.
    """
    now = held()
    if now is None or now.step.page != page or state.presents or predict.waits(page, state.values):
        return
    title = escape(now.step.title) if now.here else t("plan.left", at=now.at + 1)
    gone = "" if now.here else " lab-left"
    st.html(f'<p class="lab-step{gone}" data-lab-old>{title}</p>')
    if now.step.note:
        hidden = "" if now.here else ' aria-hidden="true"'
        st.html(
            f'<p class="lab-said{gone}"{hidden} data-lab-old data-lines="{_lines(now.step.note)}">'
            f"{escape(now.step.note)}</p>"
        )


def _lines(note: str) -> int:
    """Return about how many lines of a page a note takes, three at most; a Chinese letter counts twice."""
    wide = sum(2 if east_asian_width(letter) in "WF" else 1 for letter in note)
    return min(3, 1 + wide // LINE)


def ways(state: State, page: str, t: Text) -> None:
    """Show which step of the plan is held, and the ways back, on and out."""
    now = held()
    if now is None:
        return
    last = len(now.plan.steps)
    where = f"<b>{t('plan.step', at=now.at + 1, steps=last)}</b>"
    title = escape(now.plan.title or t("plan.untitled"))
    st.html(f'<p class="lab-plan" role="status">{where} <span>{title}</span></p>', width="stretch")
    before = now.at - 1 if now.here else now.at  # who has left a step comes back to it first
    back = t("plan.back") if now.here else t("plan.back_to", at=now.at + 1)
    way(now, "plan_previous", before, back)
    if predict.waits(page, state.values):
        st.button(t("predict.reveal"), key="plan_next", on_click=predict.reveal, type="primary")
    else:
        way(now, "plan_next", now.at + 1, t("plan.next"))
    st.button(t("plan.leave"), key="plan_end", on_click=end)


def way(now: HeldPlan, does: str, to: int, words: str) -> None:
    """Show a link to a step, which ``keys_and_clicks.js`` turns to in one run; the way back knows it."""
    where, first = 'role="link" aria-disabled="true"', ""
    if 0 <= to < len(now.plan.steps):
        where = f'{link(address(now.plan, to, now.name))} data-lab-does="{does}"'
        first = " lab-first" * (does == "plan_next")
    st.html(f'<a class="lab-button{first}" {where}>{words}</a>', width="content")


def link(address: str) -> str:
    """Return what makes an element a link that ``keys_and_clicks.js`` turns to, as HTML."""
    return f'href="{escape(address)}" data-lab-page'

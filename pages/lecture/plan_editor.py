"""The editor of a lecturer's own plan: its steps in a list, and the one that is chosen laid open beside it.

Every change is written as the Markdown that the plan is, and kept by the browser.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from pages.lecture import held_plan, links, own_plan, plans
from pages.lecture.links import Prepared
from pages.lecture.plans import Plan, Step
from pages.state.chosen import State
from pages.state.controls import FRAME, OWN_LOOK, OWN_PLAN, stepped_on, views_of, word_of
from pages.state.session import session
from pages.state.set_by_button import is_old, place
from pages.text import Text
from pages.words import compare, model

#: Letters of a plan's title, of a step's and of its note; minutes of a step.
_TITLE, _NOTE, _MINUTES = 200, 1000, 999


def button(state: State, page: str, t: Text) -> None:
    """Offer to add what a page shows to one's own plan, and say when it was."""
    now = session()
    step = Step(title(state, page, t), page, _query(state))
    label, full = t("plan.add"), not own_plan.room()
    st.button(label, key="add_step", type="tertiary", on_click=own_plan.add, args=(step,), disabled=full)
    if now.added:
        st.toast(t("plan.added", at=now.added, title=plans.label(step.title)))
        now.added = 0


def _query(state: State) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in state.query().items() if name not in OWN_LOOK)


def title(state: State, page: str, t: Text) -> str:
    """Return what a step that shows this is called at first: its page, and what that is of."""
    of = stepped_on(page) or views_of(page)
    if of == "rows":
        what = " · ".join(compare.names(state.comparison.entries, t))
    else:
        what = model.sizes(state.network) if of == "net" else word_of(of, state[of], t)
    return t("plan.of", page=t(f"nav.{page}"), what=what)[:_TITLE]


def editor(plan: Plan, t: Text) -> None:
    """Show the plan's title, its steps to choose from, and the step that is chosen."""
    _field(st.text_input, t("plan.title"), "plan_title", plan.title, _named, max_chars=_TITLE)
    at = min(int(st.session_state.get("plan_step") or 0), len(plan.steps) - 1)
    place(plan_step=at)  # whatever it is: the browser knows it by its step's title, which may be another
    st.radio(
        t("plan.steps"),
        range(len(plan.steps)),
        format_func=lambda one: f"{one + 1}\\. {plans.label(plan.steps[one].title)}",
        key="plan_step",
        persist_state="page",
    )
    with st.container(key="plan_step_open"):
        _order(plan, at, t)
        _step(at, plan.steps[at], t)


def _order(plan: Plan, at: int, t: Text) -> None:
    """Show what moves the step, takes it out, and opens what it shows."""
    last = len(plan.steps) - 1
    with st.container(horizontal=True, key="plan_order"):
        for by, words, end in ((-1, t("plan.up"), 0), (1, t("plan.down"), last)):
            st.button(words, key=f"plan_move{by}", on_click=_move, args=(at, by), disabled=at == end)
        st.button(t("plan.remove"), key="plan_remove", on_click=_remove, args=(at,))
        opens = held_plan.link(held_plan.address(plan, at, OWN_PLAN))
        st.html(f'<a class="lab-button" {opens}>{t("plan.open")}</a>', width="content")


def undo(t: Text) -> None:
    """Offer to have the plan back as it was before a step was taken out, or another plan took its place."""
    if session().own_before is not None:
        st.button(t("plan.undo"), key="plan_undo", on_click=_back)


def _step(at: int, step: Step, t: Text) -> None:
    """Show a step's own words, and what of its page is covered, hidden and locked."""

    def field(widget: Callable[..., Any], label: str, name: str, value: Any, **how: Any) -> None:
        # a key of its own at each place: what was typed there is never taken for another step's
        _field(widget, label, f"step_{name}_{at}", value, partial(_changed, name, at, step), **how)

    field(st.text_input, t("plan.step_title"), "title", step.title, max_chars=_TITLE)
    field(st.text_area, t("plan.note"), "note", step.note, max_chars=_NOTE, height=96)
    query = dict(step.query)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        limits: dict[str, Any] = {"min_value": 0, "max_value": _MINUTES, "width": 130}
        field(st.number_input, t("plan.minutes"), "minutes", step.minutes, **limits)
        if step.page != "teach":
            field(st.toggle, t("teach.predict"), "predict", query.get("predict") == "on")
    state = links.settled(step.page, query)
    for kind, options in _offered(step).items():
        field(
            st.multiselect,
            t(f"teach.{kind}"),
            kind,
            [name for name in query.get(kind, "").split(",") if name in options],
            options=options,
            format_func=lambda name: links.label(name, state, t),
            placeholder=t("teach.nothing"),
            select_all=False,  # its words are Streamlit's own, in English alone
        )


def _offered(step: Step) -> dict[str, tuple[str, ...]]:
    """Return what of a step's page can be hidden, and what be locked."""
    link = Prepared(step.page, {name: value for name, value in step.query if name not in FRAME})
    return {"hide": (*link.places, *link.parts), "lock": tuple(link.places)}


def _field(
    widget: Callable[..., Any], label: str, key: str, value: Any, changed: Callable[[], None], **how: Any
) -> None:
    """Show a field of the plan, with what the plan says in it, whatever was typed there before."""
    place(**{key: value})
    widget(label, key=key, on_change=changed, persist_state="page", **how)


def _named() -> None:
    """Take the plan's title."""
    if (plan := own_plan.plan()) is not None and not is_old("plan_title"):
        own_plan.put(replace(plan, title=plans.plain(st.session_state["plan_title"])))


def _changed(name: str, at: int, step: Step) -> None:
    """Take what was changed of a step, wherever it stands by now; a title is never empty."""
    plan, key = own_plan.plan(), f"step_{name}_{at}"
    if plan is None or step not in plan.steps or is_old(key):
        return
    if plan.steps[min(at, len(plan.steps) - 1)] != step:
        at = plan.steps.index(step)
    session().own_before = None
    own_plan.put(plan.changed(at, **_taken(name, st.session_state[key], step)))


def _taken(name: str, value: Any, step: Step) -> dict[str, Any]:
    """Return what a field's value is of a step; names that are not offered stay as they were written."""
    if name == "predict":
        return {"query": step.held(predict="on" if value else "")}
    if name in {"hide", "lock"}:
        kept_names = [n for n in dict(step.query).get(name, "").split(",") if n not in _offered(step)[name]]
        return {"query": step.held(**{name: ",".join(filter(None, [*value, *kept_names]))})}
    if name == "minutes":
        return {"minutes": int(value or 0)}
    words = plans.plain(value)
    return {name: words or step.title} if name == "title" else {name: words}


def _move(at: int, by: int) -> None:
    plan = own_plan.plan()
    if plan is not None and 0 <= at + by < len(plan.steps):
        own_plan.put(plan.moved(at, at + by))
        place(plan_step=at + by)


def _remove(at: int) -> None:
    plan, before = own_plan.plan(), own_plan.own()
    if plan is None or at >= len(plan.steps):
        return
    own_plan.put(plan.without(at))
    session().own_before = before
    if len(plan.steps) == 1 and (now := held_plan.held()) is not None and now.name == OWN_PLAN:
        held_plan.end()


def take(plan: Plan) -> None:
    """Have a copy of a plan as one's own, to be edited."""
    session().own_before = own_plan.own()
    own_plan.put(plan)
    place(plan=OWN_PLAN)


def _back() -> None:
    own_plan.keep(session().own_before)
    session().own_before = None

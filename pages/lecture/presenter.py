"""The presenter's window: the step that is held, its answer and its note, the next one, and the time.

It stands beside the page itself, which shows the answer. ``pages/live/lecture.js`` has it follow the
projector's window, and drive it.
"""

from html import escape

import streamlit as st

from pages.lecture import held_plan
from pages.lecture.held_plan import HeldPlan
from pages.lecture.plans import Plan, Step
from pages.state.set_by_button import place
from pages.text import Text


def window(address: str, t: Text) -> str:
    """Return a link that opens a step in the presenter's window, as HTML."""
    return f'<a class="lab-button" {_elsewhere(address, "presenter")}>{t("presenter.window")}</a>'


def starts(plan: Plan, name: str, t: Text) -> None:
    """Offer to begin a plan, in this window or in the presenter's."""
    first = held_plan.address(plan, 0, name)
    begin = f'<a class="lab-button lab-first" {held_plan.link(first)}>{t("plan.start")}</a>'
    for words in (begin, window(first, t)):
        st.html(words, width="content")


def beside(t: Text) -> None:
    """Offer the presenter's window at the step that is held."""
    if (now := held_plan.held()) is not None:
        st.html(window(held_plan.address(now.plan, now.at, now.name), t), width="content")


def _elsewhere(address: str, view: str) -> str:
    """Return what makes an element a link to a step in another window, one a view."""
    return f'href="{escape(held_plan.seen_as(address, view))}" data-lab-window="{view}"'


def panel(t: Text) -> None:
    """Show what a lecturer needs, and no class sees."""
    now = held_plan.held()
    with st.container(key="presenter"):
        if now is None:
            st.html(f'<p class="lab-note">{t("presenter.none")}</p>')
            st.button(t("presenter.leave"), key="leave", on_click=_leave)
            return
        last = len(now.plan.steps)
        st.html(
            f'<p class="lab-plan" role="status"><b>{t("plan.step", at=now.at + 1, steps=last)}</b> '
            f"<span>{escape(now.plan.title or t('plan.untitled'))}</span></p>{_clock(now, t)}"
            f'<h2 class="lab-asks">{escape(now.step.title)}</h2>'
            f'<p class="lab-says">{escape(now.step.note)}</p>{_seen(t)}'
        )
        with st.container(horizontal=True, key="presenter_ways"):
            held_plan.way(now, "plan_previous", now.at - 1, t("plan.back"))
            held_plan.way(now, "plan_next", now.at + 1, t("plan.next"))
        st.html(_next(now, t) + f'<p class="lab-note">{t("presenter.keys")}</p>')
        with st.container(horizontal=True):
            here = held_plan.address(now.plan, now.at, now.name)
            opens = _elsewhere(here, "projector")
            st.html(f'<a class="lab-button" {opens}>{t("presenter.open")}</a>', width="content")
            st.button(t("plan.leave"), key="plan_end", on_click=_end)


def _clock(now: HeldPlan, t: Text) -> str:
    """Return the clock that the browser keeps: since the window was opened, and since the step was."""
    plan, step = now.plan, now.step.minutes
    whole = plan.minutes if plan.timed == len(plan.steps) else 0  # the minutes of some are not the lecture's
    planned = f" <span>{t('presenter.planned', minutes=whole)}</span>" * bool(whole)
    own = f" <span>{t('presenter.planned', minutes=step)}</span>" * bool(step)
    return (
        f'<p class="lab-clock" role="timer" data-lab-clock="{now.place}"><b></b>{planned} · '
        f"{t('presenter.step')} <b></b>{own} "
        f'<button type="button" class="lab-button" data-lab-restart>{t("presenter.restart")}</button></p>'
    )


def _seen(t: Text) -> str:
    """Return the line that the browser fills: what the class sees now."""
    says = "".join(
        f' data-{name}="{t(f"presenter.{name}")}"' for name in ("question", "answer", "left", "closed")
    )
    return f'<p class="lab-seen" role="status" data-lab-projector{says}></p>'


def _next(now: HeldPlan, t: Text) -> str:
    """Return the next step in words."""
    if now.at + 1 == len(now.plan.steps):
        return f'<p class="lab-group">{t("presenter.last")}</p>'
    step: Step = now.plan.steps[now.at + 1]
    waits = dict(step.query).get("predict") == "on"
    head = t("presenter.next_waits" if waits else "presenter.next")
    note = f'<p class="lab-note">{escape(step.note)}</p>'
    return f'<p class="lab-group">{head}</p><p class="lab-following">{escape(step.title)}</p>{note}'


def _leave() -> None:
    place(view="page")


def _end() -> None:
    held_plan.end()
    _leave()

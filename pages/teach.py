"""What a lecturer prepares: links that hold an exercise together, and lectures as lists of links."""

from collections.abc import Callable
from html import escape
from typing import NamedTuple
from urllib.parse import urlsplit

import streamlit as st

from pages.lecture import held_plan, links, own_plan, plan_editor, plans, presenter
from pages.lecture.links import Prepared
from pages.lecture.plans import Plan, PlanError
from pages.shell import network, share
from pages.shell.frame import Frame
from pages.shell.page import show
from pages.state.chosen import State
from pages.state.controls import OWN_PLAN, PAGES
from pages.state.session import session
from pages.text import Text
from pages.widgets import controls
from pages.words import common, refusals


class Chosen(NamedTuple):
    """The plan that is shown: its text, and the plan or why it is none."""

    text: str
    plan: Plan | None
    wrong: PlanError | None


def body(frame: Frame) -> None:
    """Build a link, or go through a plan."""
    t, state = frame.t, frame.state
    came_from = session().came_from
    links.choose_page(came_from if came_from != frame.page else None)
    link, chosen = links.chosen(), _chosen(state, t)
    finding = links.finding(link, t) if state["prepare"] == "link" else _finding(chosen, t)
    frame.html(common.headline(finding))
    views: dict[str, Callable[[], None]] = {
        "link": lambda: _link(frame, link),
        "plan": lambda: _plan(frame, chosen),
    }
    for view, tab in zip(views, controls.tabs(state, t, "prepare"), strict=True):
        if tab.open:
            with tab:
                views[view]()


def _link(frame: Frame, link: Prepared) -> None:
    """Show the choices, and beside them the link that they make."""
    t = frame.t
    with st.container(key="prepared", horizontal=True, gap="large"):
        with st.container(key="choices"):
            links.widgets(link, t)
        with st.container(key="made"):
            address = link.address(str(st.context.url or ""))
            share.show(address, t, note=t("teach.note"), alt=t("teach.alt"))
            st.page_link(PAGES[link.page], label=t("teach.open"), query_params=link.query)


def _chosen(state: State, t: Text) -> Chosen:
    """Return the plan that is chosen, one's own if it can be read."""
    own = state["plan"] == OWN_PLAN
    text = own_plan.own() if own else plans.ready(state["plan"], t.language)
    if text is None:
        return Chosen("", None, session().not_read)
    try:
        return Chosen(text, plans.parse(text, _host()), session().not_read if own else None)
    except PlanError as error:
        return Chosen(text, None, error)


def _host() -> str | None:
    """Return this server's name, as others call it; None where the browser is on the same machine."""
    name = urlsplit(str(st.context.url or "")).hostname
    return None if network.is_own(name) else name


def _finding(chosen: Chosen, t: Text) -> str:
    """Say what the plan has."""
    if chosen.plan is None:
        return t("plan.finding_wrong" if chosen.wrong else "plan.finding_none")
    steps = chosen.plan.steps
    title = chosen.plan.title or t("plan.untitled")
    pages = t("verdict.and").join(t(f"nav.{page}") for page in dict.fromkeys(step.page for step in steps))
    if len(steps) == 1:
        return t("plan.finding_one", title=title, pages=pages)
    if timed := chosen.plan.timed:
        key = "plan.finding_timed" if timed == len(steps) else "plan.finding_partly"
        facts = {"minutes": chosen.plan.minutes, "timed": timed}
        return t(key, title=title, steps=len(steps), pages=pages, **facts)
    return t("plan.finding", title=title, steps=len(steps), pages=pages)


def _plan(frame: Frame, chosen: Chosen) -> None:
    """Show the plan's choice and what can be done with it, and beside that its steps."""
    t, state = frame.t, frame.state
    with st.container(key="lecture", horizontal=True, gap="large"):
        with st.container(key="choices"):
            controls.show(state, "plan", t)
            if state["plan"] == OWN_PLAN and "plan" not in state.fixed:
                st.file_uploader(
                    t("plan.file"), ["md"], key="plan_file", on_change=_upload, max_upload_size=1
                )
            if chosen.wrong:
                frame.aside(refusals.alert(_answer(chosen.wrong, t)))
            if chosen.plan is not None:
                _ways(frame, chosen.plan, chosen.text)
            frame.aside(f'<p class="lab-note">{t("plan.form")}</p>')
        with st.container(key="plan_steps"):
            own = frame.state["plan"] == OWN_PLAN
            if own:
                plan_editor.undo(t)
            if chosen.plan is not None and own:
                plan_editor.editor(chosen.plan, t)
            elif chosen.plan is not None:
                _steps(frame, chosen.plan)


def _ways(frame: Frame, plan: Plan, text: str) -> None:
    """Say what the plan is for; start it, end the one that is gone through, take it home."""
    t, state = frame.t, frame.state
    if plan.prose:
        frame.aside(f'<p class="lab-note">{escape(plan.prose)}</p>')
    with st.container(horizontal=True, key="plan_ways"):
        presenter.starts(plan, state["plan"], t)
        if held_plan.held() is not None:
            st.button(t("plan.leave"), key="plan_stop", on_click=held_plan.end)
        name = f"{state['plan']}.md"
        st.download_button(t("plan.download"), text, name, "text/markdown", key="plan_md", on_click="ignore")
        if state["plan"] != OWN_PLAN and "plan" not in state.fixed:
            st.button(t("plan.take"), key="plan_take", on_click=plan_editor.take, args=(plan,))
    frame.aside(f'<p class="lab-note">{t("plan.keys")}</p>')
    if state["plan"] == OWN_PLAN:
        frame.aside(f'<p class="lab-note">{t("plan.kept")}</p>')


def _steps(frame: Frame, plan: Plan) -> None:
    """List the steps as links, each with its note; what a plan says is plain text."""
    lines = []
    for at, step in enumerate(plan.steps):
        opens = held_plan.link(held_plan.address(plan, at, frame.state["plan"]))
        note = f'<p class="lab-note">{escape(step.note)}</p>' * bool(step.note)
        lines.append(f"<li><a {opens}>{escape(step.title)}</a>{note}</li>")
    frame.html(f'<ol class="lab-plan-steps">{"".join(lines)}</ol>')


def _upload() -> None:
    """Take the file that was just given as one's own plan, if it can be read at all."""
    now, file = session(), st.session_state["plan_file"]
    now.not_read = None
    if file is not None:
        try:
            text = plans.decoded(file.getvalue())
            plans.parse(text, _host())
            own_plan.keep(text)
        except PlanError as error:
            now.not_read = error


def _answer(error: PlanError, t: Text) -> str:
    """Say what is wrong with a plan, where, and what would be right."""
    words = t(f"plan.error.{error.code}", **error.facts)
    return t("plan.at", line=error.line, why=words) if error.line else words


show("teach", body)

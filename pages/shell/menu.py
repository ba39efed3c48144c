"""The row above every screen: the pages, the tools, the languages, the theme."""

import streamlit as st

from pages.lecture import held_plan, plan_editor
from pages.shell.frame import Frame
from pages.state.controls import PAGES
from pages.state.session import session
from pages.state.set_by_button import place, standing
from pages.text import LANGUAGES, Text, language_of


def menu(frame: Frame) -> None:
    """Show the pages, the languages, the themes and the tools, in one row at the content's edge."""
    t, hidden = frame.t, frame.state.hidden
    with st.container(key="nav", horizontal=True, vertical_alignment="center", gap="small"):
        if "menu" not in hidden:
            st.html(_pages(frame.page, t), width="content")
        if "tools" not in hidden:
            if (
                frame.page != "teach"
            ):  # which prepares, and shows nothing; first, so that the others stand still
                plan_editor.button(frame.state, frame.page, t)
            st.button(t("nav.share"), key="share", type="tertiary", on_click=_ask, args=("share",))
            st.button(t("nav.export"), key="export", type="tertiary", on_click=_ask, args=("export",))
            st.button(t("nav.project"), key="project", type="tertiary", on_click=_project)
        if "lang" not in frame.state.fixed:
            _languages(frame)
        other = "light" if st.context.theme.type == "dark" else "dark"
        # keys_and_clicks.js adds all that was chosen
        link = (
            f'<a href="?embed_options={other}_theme" data-lab-theme="{other}_theme">{t(f"nav.{other}")}</a>'
        )
        st.html(f'<p class="lab-right">{link}</p>', width="content")


def _pages(here: str, t: Text) -> str:
    """Return the links to all pages, which keys_and_clicks.js turns to without loading the front end anew.

    Streamlit's own links, each an element that looks for its file, took a tenth of a run.
    """
    links, now = [], held_plan.held()
    for page in PAGES:
        path = "./" if page == "home" else f"./{page}"
        if page == "teach" and now is not None:  # where the plan is that is held
            path += f"?prepare=plan&amp;plan={now.name}"
        current = ' aria-current="page"' if page == here else ""
        links.append(f'<a href="{path}" data-lab-page{current}>{t(f"nav.{page}")}</a>')
    brand = f'<span class="lab-brand">{t("app.name")}</span>'
    pages = f'<nav class="lab-menu" aria-label="{t("home.pages")}">{"".join(links)}</nav>'
    return f'<div class="lab-top">{brand}{pages}</div>'


def _languages(frame: Frame) -> None:
    """Show the other languages; a choice that is the browser's own anyway leaves the URL clean."""

    def choose(picked: str) -> None:
        own = language_of(st.context.locale)
        place(lang="" if picked == own else picked)

    for other, name in LANGUAGES.items():
        if other != frame.t.language:
            st.button(name, key=f"language-{other}", type="tertiary", on_click=choose, args=(other,))


def _ask(tool: str) -> None:
    """Open a tool's dialog on the run that follows."""
    session().tool = tool


def _project() -> None:
    place(view="page" if standing("view") == "projector" else "projector")

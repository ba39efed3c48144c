"""What stands around every page: configuration, style, language, menu, notices, and a net below."""

import logging
from collections.abc import Callable
from typing import Literal

import streamlit as st

from core import SizeError
from pages.figures import palette
from pages.jobs import cache as cached
from pages.jobs.queue import Full
from pages.lecture import desk as classroom
from pages.shell import export as tools
from pages.shell import keys
from pages.shell.frame import Frame
from pages.shell.style import style_sheet
from pages.state import rules
from pages.state import table as states
from pages.state.table import PAGES, VERSION
from pages.text import LANGUAGES, Text, language_of
from pages.widgets import waiting
from pages.words import refusals
from pages.words import unread as idle

_LOG = logging.getLogger(__name__)


def show(page: str, body: Callable[[Frame], None]) -> None:
    """Run a page: read its controls, write its link, let ``body`` draw it.

    Whatever goes wrong is logged, and said in a sentence; no traceback reaches the browser.
    """
    with cached.TURNSTILE.through():
        _show(page, body)


def _show(page: str, body: Callable[[Frame], None]) -> None:
    language = language_of(st.context.locale)
    try:
        state = states.read(page)
        rules.settle(state)
        language = state["lang"] or language
        classroom.follow(state, page, language)
        states.write(state)
        states.remember(state)  # a quick visitor's next step may cut this run short
        look = palette.of(st.context.theme.type, far=state.far)
        frame = Frame(Text(language), look, state, page)
        _open(frame)
        _menu(frame)
        body(frame)
        _close(frame)
    except (Full, SizeError) as error:
        _LOG.warning("No room on the page %s: %s", page, error)
        st.html(refusals.alert(waiting.no_room(error, Text(language))))
    except Exception:  # noqa: BLE001 - the net below every page; it logs all it catches
        _LOG.exception("The page %s failed.", page)
        st.html(refusals.alert(Text(language)("error.unexpected")))
    else:
        states.remember(state)


def _open(frame: Frame) -> None:
    """Set the page's title and style, and what the browser has to do itself."""
    t, state = frame.t, frame.state
    name = t("app.name") if frame.page == "home" else f"{t(f'nav.{frame.page}')} · {t('app.name')}"
    sidebar: Literal["auto", "collapsed"] = "collapsed" if state.far else "auto"
    st.set_page_config(page_title=name, page_icon="🎲", layout="wide", initial_sidebar_state=sidebar)
    st.html(style_sheet(frame.look, covered=classroom.covered(state, frame.page)))


def _close(frame: Frame) -> None:
    """Write what stands above the page, or over it, by the style sheet.

    Written there, it would move what follows, and a browser may then show the headline beside the one
    before it until the run has ended.
    """
    t, state = frame.t, frame.state
    if frame.page != "home":  # whose result is only a part of it
        classroom.cover(state, frame.page, t)
    tools.open_asked(frame)
    classroom.desk(state, frame.page, t)
    keys.listen(state, frame.page, t)
    if words := _notices(frame):
        st.html(words)


def _menu(frame: Frame) -> None:
    """Show the pages, the languages, the themes and the tools, in one row at the content's edge."""
    t, hidden = frame.t, frame.state.hidden
    with st.container(key="nav", horizontal=True, vertical_alignment="center", gap="small"):
        if "menu" not in hidden:
            st.html(_pages(frame.page, t), width="content")
        if "tools" not in hidden:
            st.button(t("nav.share"), key="share", type="tertiary", on_click=_ask, args=("share",))
            st.button(t("nav.export"), key="export", type="tertiary", on_click=_ask, args=("export",))
            st.button(t("nav.project"), key="project", type="tertiary", on_click=_project)
        if "lang" not in frame.state.fixed:
            _languages(frame)
        other = "light" if st.context.theme.type == "dark" else "dark"
        # lab.js adds all that was chosen
        link = (
            f'<a href="?embed_options={other}_theme" data-lab-theme="{other}_theme">{t(f"nav.{other}")}</a>'
        )
        st.html(f'<p class="lab-right">{link}</p>', width="content")


def _pages(here: str, t: Text) -> str:
    """Return the links to all pages, which lab.js turns to without loading the front end anew.

    Streamlit's own links, each an element that looks for its file, took a tenth of a run.
    """
    links = []
    for page in PAGES:
        path = "./" if page == "home" else f"./{page}"
        current = ' aria-current="page"' if page == here else ""
        links.append(f'<a href="{path}" target="_self" data-lab-page{current}>{t(f"nav.{page}")}</a>')
    return f'<nav class="lab-menu" aria-label="{t("home.pages")}">{"".join(links)}</nav>'


def _languages(frame: Frame) -> None:
    """Show the other languages; a choice that is the browser's own anyway leaves the URL clean."""

    def choose(picked: str) -> None:
        own = language_of(st.context.locale)
        st.session_state["lang"] = "" if picked == own else picked

    for other, name in LANGUAGES.items():
        if other != frame.t.language:
            st.button(name, key=f"language-{other}", type="tertiary", on_click=choose, args=(other,))


def _ask(tool: str) -> None:
    """Open a tool's dialog on the run that follows."""
    st.session_state["_tool"] = tool


def _project() -> None:
    session = st.session_state
    session["view"] = "page" if session.get("view") == "projector" else "projector"


def _notices(frame: Frame) -> str:
    """Return what of a link could not be read, where no control on the screen says so already."""
    t, state = frame.t, frame.state
    lines = [t("refused.unknown", was=name) for name in state.unknown]
    if state.version != VERSION:
        lines.append(t("refused.version", was=state.version, used=VERSION))
    unsaid = [name for name in state.refusals if name not in state.said]
    # what was typed for another scheme is none of this one's business, but a link's maker should know
    lines += [refusals.sentence(state, name, t) for name in unsaid if state.arrived or name not in state.idle]
    lines += idle.sentences(state, t)
    # where the sidebar is folded, as on a phone, what it says is said here
    again = [refusals.sentence(state, name, t) for name in sorted(state.said)]
    words = "".join([*map(refusals.alert, lines), *map(refusals.again, again)])
    return words and f'<div class="lab-notices">{words}</div>'

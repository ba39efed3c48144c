"""What stands around every page: configuration, style, language, menu, notices, and a net below."""

import logging
from collections.abc import Callable
from typing import Literal

import streamlit as st

from core import SizeError
from pages.figures import palette
from pages.jobs.queue import Full, turnstile
from pages.lecture import desk, held_plan, predict
from pages.shell import export, keys
from pages.shell.frame import Frame
from pages.shell.menu import menu
from pages.shell.style import style_sheet
from pages.state import conflicts, link, set_by_button
from pages.state.controls import VERSION
from pages.state.session import session
from pages.text import Text, language_of
from pages.widgets import waiting
from pages.words import carried_over, refusals, unread

_LOG = logging.getLogger(__name__)


def show(page: str, body: Callable[[Frame], None]) -> None:
    """Run a page: read its controls, write its link, let ``body`` draw it.

    Whatever goes wrong is logged, and said in a sentence; no traceback reaches the browser.
    """
    language = language_of(st.context.locale)
    try:
        with turnstile().through(newcomer=not session().page):
            state = link.read(page)
            conflicts.settle(state)
            language = state["lang"] or language
            link.say_in(language)
            held_plan.follow(state, page, language)
            link.write(state)
            link.remember(state)  # a quick visitor's next step may cut this run short
            look = palette.of(st.context.theme.type, far=state.far)
            frame = Frame(Text(language), look, state, page)
            _open(frame)
            menu(frame)
            if (came := session().came) is not None and came.page == page:
                frame.aside(carried_over.line(came, frame.t))
            body(frame)
            _close(frame)
    except (Full, SizeError) as error:
        _LOG.warning("No room on the page %s: %s", page, error)
        st.html(refusals.alert(waiting.no_room(error, Text(language))))
    except Exception:  # noqa: BLE001 - the net below every page; it logs all it catches
        _LOG.exception("The page %s failed.", page)
        st.html(refusals.alert(Text(language)("error.unexpected")))
    else:
        link.remember(state)
        link.leave()
    set_by_button.tell()


def _open(frame: Frame) -> None:
    """Set the page's title and style, and what the browser has to do itself."""
    t, state = frame.t, frame.state
    name = t("app.name") if frame.page == "home" else f"{t(f'nav.{frame.page}')} · {t('app.name')}"
    sidebar: Literal["auto", "collapsed"] = "collapsed" if state.far or state.presents else "auto"
    st.set_page_config(page_title=name, page_icon="🎲", layout="wide", initial_sidebar_state=sidebar)
    covered, planned = predict.covered(state, frame.page), held_plan.held() is not None and not state.presents
    st.html(style_sheet(frame.look, planned=planned, covered=covered, presents=state.presents))


def _close(frame: Frame) -> None:
    """Write what the style sheet places above the page, or over it.

    Written at the top, it would move what follows; a browser may then show the new headline beside the
    old one until the run has ended.
    """
    t, state = frame.t, frame.state
    if frame.page != "home":  # whose result is only a part of it
        predict.cover(state, frame.page, t, frame.asked, held_plan.question())
    export.open_asked(frame)
    held_plan.said(state, frame.page, t)
    desk.desk(state, frame.page, t)
    keys.listen(state, frame.page, t, frame.live)
    if words := _notices(frame):
        st.html(words)


def _notices(frame: Frame) -> str:
    """Return what of a link could not be read, where no control on the screen says so already."""
    t, state = frame.t, frame.state
    lines = [t("refused.unknown", was=name) for name in state.unknown]
    if state.version != VERSION:
        lines.append(t("refused.version", was=state.version, used=VERSION))
    unsaid = [name for name in state.refusals if name not in state.said]
    # what was typed for another scheme is none of this one's business, but a link's maker should know
    lines += [refusals.sentence(state, name, t) for name in unsaid if state.arrived or name not in state.idle]
    lines += unread.sentences(state, t)
    # where the sidebar is folded, as on a phone, what it says is said here
    again = [refusals.sentence(state, name, t) for name in sorted(state.said)]
    words = "".join([*map(refusals.alert, lines), *map(refusals.again, again)])
    return words and f'<div class="lab-notices">{words}</div>'

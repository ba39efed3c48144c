"""What stands around every page: configuration, style, language, menu, notices, and a net below."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

import plotly.graph_objects as go
import streamlit as st

from pages.figures import palette
from pages.figures.palette import Palette
from pages.text import HTML_LANG, LANGUAGES, Text, language_of
from pages.ui import controls, rules
from pages.ui import state as states
from pages.ui.state import VERSION, State
from pages.ui.theme import style_sheet

_LOG = logging.getLogger(__name__)

#: page → its file, in the order of the menu; add a page here
PAGES = {
    "home": "app.py",
    "distribution": "pages/distribution.py",
    "compare": "pages/compare.py",
    "signal": "pages/signal.py",
    "model": "pages/model.py",
    "lesson": "pages/lesson.py",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """What a page is given: its words, its colours and its visitor's choices."""

    t: Text
    look: Palette
    state: State
    page: str


def show(page: str, body: Callable[[Frame], None]) -> None:
    """Run a page: read its controls, write its link, let ``body`` draw it.

    Whatever goes wrong is logged, and said in a sentence; no traceback reaches the browser.
    """
    language = language_of(st.context.locale)
    try:
        state = states.read(page)
        rules.settle(state)
        states.write(state)
        states.remember(state)  # a quick visitor's next step may cut this run short
        language = state["lang"] or language
        frame = Frame(Text(language), palette.of(st.context.theme.type), state, page)
        _open(frame)
        _menu(frame)
        body(frame)
        # last, and set above the headline by the style sheet: written there, it would move what follows,
        # and a browser may then show the headline beside the one before it until the run has ended
        if words := _notices(frame):
            st.html(words)
    except Exception:  # noqa: BLE001 - the net below every page; it logs all it catches
        _LOG.exception("The page %s failed.", page)
        st.html(controls.alert(Text(language)("error.unexpected")))
    else:
        states.remember(state)


def _open(frame: Frame) -> None:
    """Set the page's title and style."""
    t = frame.t
    name = t("app.name") if frame.page == "home" else f"{t(f'nav.{frame.page}')} · {t('app.name')}"
    st.set_page_config(page_title=name, page_icon="🎲", layout="wide")
    st.html(style_sheet(frame.look))


def plot(chart: go.Figure, alt: str, *, key: str = "chart", height: int = 460) -> None:
    """Show a chart with its description ``alt``.

    It is as high as the style sheet says for ``key``, or else as ``height`` does, in pixels.
    """
    with st.container(key=key, height=height, border=False):
        st.plotly_chart(chart, height="stretch", theme=None, config={"displayModeBar": False}, alt=alt)


def _menu(frame: Frame) -> None:
    """Show the pages, the languages and the themes, in one row at the content's edge."""
    t = frame.t
    with st.container(key="nav", horizontal=True, vertical_alignment="center", gap="small"):
        for page, path in PAGES.items():
            query = {} if page == frame.page else states.link_to(page)
            st.page_link(path, label=t(f"nav.{page}"), query_params=query)
        _languages(frame)
        _themes(frame)


def _languages(frame: Frame) -> None:
    """Show the other languages; a choice that is the browser's own anyway leaves the URL clean."""

    def choose(picked: str) -> None:
        own = language_of(st.context.locale)
        st.session_state["lang"] = "" if picked == own else picked

    for other, name in LANGUAGES.items():
        if other != frame.t.language:
            st.button(name, key=f"language-{other}", type="tertiary", on_click=choose, args=(other,))


def _themes(frame: Frame) -> None:
    """Show the theme that is not on, as a link: only a fresh page can change Streamlit's theme.

    Here the document is told its language too, in an element that stands in every run.
    """
    t = frame.t
    other = "light" if frame.look is palette.DARK else "dark"
    query = {**frame.state.query(), "embed_options": f"{other}_theme"}
    script = ""
    if st.session_state.get("_lang") != t.language:  # what was set once stays
        st.session_state["_lang"] = t.language
        script = f"<script>document.documentElement.lang='{HTML_LANG[t.language]}'</script>"
    link = f'<p class="lab-right"><a href="?{escape(urlencode(query))}">{t(f"nav.{other}")}</a></p>'
    st.html(link + script, width="content", unsafe_allow_javascript=bool(script))


def _notices(frame: Frame) -> str:
    """Return what of a link could not be read, where no control on the screen says so already."""
    t, state = frame.t, frame.state
    lines = [t("refused.unknown", was=name) for name in state.unknown]
    if state.version != VERSION:
        lines.append(t("refused.version", was=state.version, used=VERSION))
    unsaid = [name for name in state.refusals if name not in state.said]
    # what was typed for another scheme is none of this one's business, but a link's maker should know
    lines += [controls.sentence(state, name, t) for name in unsaid if state.arrived or name not in state.idle]
    # where the sidebar is folded, as on a phone, what it says is said here
    again = [controls.sentence(state, name, t) for name in sorted(state.said)]
    words = "".join([*map(controls.alert, lines), *map(controls.again, again)])
    return words and f'<div class="lab-notices">{words}</div>'

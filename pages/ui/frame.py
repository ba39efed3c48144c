"""What stands around every page: configuration, style, language, menu, notices, and a net below."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

import plotly.graph_objects as go
import streamlit as st

from pages.figures import palette
from pages.figures.palette import Palette
from pages.text import HTML_LANG, LANGUAGES, Text, language_of
from pages.ui import state as states
from pages.ui.state import VERSION, State
from pages.ui.theme import style_sheet

_LOG = logging.getLogger(__name__)

#: page → its file, in the order of the menu; add a page here
PAGES = {"home": "app.py", "distribution": "pages/distribution.py"}


@dataclass(frozen=True, slots=True)
class Frame:
    """What a page is given: its words, its colours and its visitor's choices."""

    t: Text
    look: Palette
    state: State
    page: str


def show(page: str, names: Iterable[str], body: Callable[[Frame], None]) -> None:
    """Run a page: read its controls ``names``, write its link, let ``body`` draw it.

    Whatever goes wrong in it is logged, and said in a sentence; no traceback reaches the browser.
    """
    state = states.read(page, (*names, "lang"))
    states.settle(state)
    states.write(state)
    language = state["lang"] or language_of(st.context.locale)
    t = Text(language)
    st.set_page_config(
        page_title=f"{t(f'nav.{page}')} · {t('app.name')}" if page != "home" else t("app.name"),
        page_icon="🎲",
        layout="wide",
    )
    look = palette.of(st.context.theme.type)
    st.html(style_sheet(look))
    if st.session_state.get("_lang") != language:  # what was set once stays
        st.session_state["_lang"] = language
        script = f"<script>document.documentElement.lang='{HTML_LANG[language]}'</script>"
        st.html(script, unsafe_allow_javascript=True)
    frame = Frame(t, look, state, page)
    try:
        _menu(frame)
        _notices(frame)
        body(frame)
    except Exception:  # noqa: BLE001 - the net below every page; it logs all it catches
        _LOG.exception("The page %s failed.", page)
        st.html(f'<p class="lab-refusal" role="alert">▲ {escape(t("error.unexpected"))}</p>')
    states.remember()


def plot(chart: go.Figure, alt: str, *, key: str = "chart") -> None:
    """Show a chart as high as the style sheet says for ``key``, with its description ``alt``."""
    with st.container(key=key, height=460, border=False):
        st.plotly_chart(chart, height="stretch", theme=None, config={"displayModeBar": False}, alt=alt)


def _menu(frame: Frame) -> None:
    """Show the pages, the languages and the themes, in one row at the content's edge."""
    t, state = frame.t, frame.state
    shared = state.query()
    with st.container(key="nav", horizontal=True, vertical_alignment="center", gap="small"):
        for page, path in PAGES.items():
            query = {k: v for k, v in shared.items() if page != "home" or k in {"v", "lang"}}
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
    """Show the theme that is not on, as a link: only a fresh page can change Streamlit's theme."""
    t = frame.t
    other = "light" if frame.look is palette.DARK else "dark"
    query = {**frame.state.query(), "embed_options": f"{other}_theme"}
    st.html(
        f'<p class="lab-right"><a href="?{escape(urlencode(query))}">{t(f"nav.{other}")}</a></p>',
        width="content",
    )


def _notices(frame: Frame) -> None:
    """Say at the top what of a link could not be read and belongs to no control."""
    t, state = frame.t, frame.state
    lines = [t("refused.unknown", was=name) for name in state.unknown]
    if state.version != VERSION:
        lines.append(t("refused.version", was=state.version, used=VERSION))
    if "lang" in state.refusals:
        lines.append(_language_refused(frame))
    for line in lines:
        st.html(f'<p class="lab-refusal" role="alert">▲ {escape(line)}</p>')


def _language_refused(frame: Frame) -> str:
    facts = {**frame.state.refusals["lang"].facts, "used": LANGUAGES[frame.t.language]}
    return frame.t("refused.choice", name=frame.t("control.lang"), **facts)

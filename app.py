"""Init Lab's home page and entry point: ``streamlit run app.py``."""

import streamlit as st

from pages.figures.distribution import density, points
from pages.text import count
from pages.ui import cached, controls, reading
from pages.ui.frame import PAGES, Frame, show

NAMES = ("scheme", "seed")


def body(frame: Frame) -> None:
    """Say what this is, let it answer at once, and lead on."""
    t, state = frame.t, frame.state
    drawn = cached.drawn(cached.request(state), state["bins"])
    left, right = st.columns([1, 1.35], gap="large")
    with left:
        st.html(
            f'<h1 class="lab-headline">{t("home.headline")}</h1>'
            f'<p class="lab-lead">{t("home.lead")}</p>'
        )
        _live_controls(frame)
        _cards(frame)
    with right:
        st.html(reading.context(state, t) + f'<p class="lab-verdict">{reading.finding(drawn, state, t)}</p>')
        with st.container(key="chart", height=460, border=False):
            draw = density if drawn.law.random else points
            st.plotly_chart(
                draw(drawn.summary, drawn.law, t, frame.look),
                height="stretch",
                theme=None,
                config={"displayModeBar": False},
                alt=t(
                    "chart.alt",
                    n=count(drawn.summary.n),
                    scheme=reading.name(state, t),
                    finding=reading.finding(drawn, state, t),
                ),
            )


def _live_controls(frame: Frame) -> None:
    t, state = frame.t, frame.state
    controls.choose(state, "scheme", t, names="scheme.{}.name")
    st.html(f'<p class="lab-hint">{reading.hint(state, t)}</p>')
    controls.seed(state, t)


def _cards(frame: Frame) -> None:
    """Lead to each page that exists, with what was chosen here."""
    t, state = frame.t, frame.state
    for page, path in PAGES.items():
        if page != "home":
            st.page_link(path, label=f"**{t(f'nav.{page}')} →**", query_params=state.query())
            st.html(f'<p class="lab-hint">{t(f"home.card.{page}_text")}</p>')


show("home", NAMES, body)

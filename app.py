"""Init Lab's home page and entry point: ``streamlit run app.py``."""

import streamlit as st

from core.code.draw import script
from pages.figures.distribution import weights
from pages.jobs import distribution
from pages.lecture import held_plan, predict
from pages.shell.frame import Frame, Offer
from pages.shell.page import show
from pages.state.controls import PAGES
from pages.widgets import controls, waiting
from pages.words import asks, common, home, moving
from pages.words import distribution as words


def body(frame: Frame) -> None:
    """Say what this is, let it answer at once, and lead on."""
    t, state = frame.t, frame.state
    frame.html(common.headline(t("home.headline")) + f'<p class="lab-lead">{t("home.lead")}</p>')
    left, right = st.columns([1, 1.35], gap="large")
    with left:
        _doors(frame)
    with right:
        _live_controls(frame)
        result = st.container(key="result")
    with result:
        drawn, write = waiting.drawn(state, t)
        if drawn is not None:
            finding = f'<p class="lab-verdict">{common.moving("finding", words.finding(drawn, state, t))}</p>'
            frame.live = moving.told(drawn, state, t) if frame.moves else None
            frame.html(words.context(state, t) + finding, write)
            frame.ask(asks.distribution(drawn, state, t))
            frame.plot(
                lambda look: weights(drawn.summary, drawn.law, t, look, guess=frame.guess),
                words.alt(drawn, state, t),
                key="live",
            )
            draw = distribution.request(state)
            frame.code = lambda: script(draw)
            frame.tensors = lambda: [Offer.drawn("weight", draw)]
    with result:
        predict.cover(state, frame.page, t, frame.asked, held_plan.question())
    _cards(frame)


def _live_controls(frame: Frame) -> None:
    t, state = frame.t, frame.state
    frame.aside(f'<h2 class="lab-door">{t("home.door.live")}</h2>')
    scheme, seed = st.columns([1.2, 1], vertical_alignment="bottom")
    with scheme:
        controls.show(state, "scheme", t)
    with seed:
        controls.seed(state, t)


def _doors(frame: Frame) -> None:
    """Lead in by questions, each with its answer as a sentence and as a miniature."""
    if "menu" in frame.state.hidden:
        return
    with st.container(key="doors"):
        for door in home.doors(frame.t, frame.look):
            with st.container(key=f"door_{door.key}", horizontal=True, vertical_alignment="center"):
                frame.aside(door.miniature)
                with st.container():
                    st.page_link(PAGES[door.page], label=f"**{door.question} →**", query_params=door.query)
                    frame.aside(f'<p class="lab-answer">{door.answer}</p>')


def _cards(frame: Frame) -> None:
    """Lead to each page that exists, with what was chosen here."""
    t = frame.t
    cards = [(page, path) for page, path in PAGES.items() if page != "home"]
    with st.container(key="cards"):
        frame.aside(f'<p class="lab-group">{t("home.pages")}</p>')
        columns = st.columns(len(cards), gap="large")
    for (page, path), column in zip(cards, columns, strict=True):
        column.page_link(path, label=f"**{t(f'nav.{page}')} →**")
        frame.aside(f'<p class="lab-hint">{t(f"home.card.{page}_text")}</p>', column.html)


# What has no control here goes on to the next page as it came.
show("home", body)

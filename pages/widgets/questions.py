"""The widgets of a question: what answers it, what gives it up, and what brings the next ones."""

import math
from typing import Literal

import streamlit as st

from core import Question
from core.teaching.quiz import KINDS
from pages.state.chosen import State
from pages.state.session import session
from pages.text import Text
from pages.words import lesson, refusals


def answer(state: State, of: Question, t: Text) -> bool | None:
    """Ask for the answer; tell whether it is right, or None while there is none that can be read."""
    place = _place(state)
    if of.choices:  # as buttons: a list of options would take the arrow keys for itself
        picked = session().picked.get(place)

        def pick(scheme: str) -> None:
            session().picked[place] = scheme

        with st.container(horizontal=True):
            for scheme in of.choices:
                kind: Literal["primary", "secondary"] = "primary" if scheme == picked else "secondary"
                name = t(f"scheme.{scheme}.name")
                st.button(name, key=f"pick_{scheme}", on_click=pick, args=(scheme,), type=kind)
        return None if picked is None else of.right(picked)
    typed = st.text_input(t("quiz.type"), key=place, max_chars=24, persist_state="page", width=260)
    if not typed.strip():
        return None
    number = lesson.number(typed)
    if math.isnan(number):
        st.html(refusals.alert(t("quiz.number", was=typed)))
        return None
    return of.right(number)


def given_up(state: State) -> bool:
    """Tell whether the answer was asked for."""
    return session().shown == _place(state)


def give_up(state: State, t: Text) -> None:
    """Offer to show the answer."""

    def shown() -> None:
        session().shown = _place(state)

    st.button(t("quiz.give_up"), key="give_up", on_click=shown)


def more(state: State, t: Text) -> None:
    """After the last question, offer others."""

    def others() -> None:
        st.session_state["quiz"], st.session_state["question"] = str(state["quiz"] + 1), "1"

    if state["question"] == len(KINDS):
        st.button(t("quiz.more"), key="more_questions", on_click=others)


def _place(state: State) -> str:
    return f"answer_{state['quiz']}_{state['question']}"

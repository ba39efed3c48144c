"""The widgets of a question: what answers it, what gives it up, and what brings the next ones."""

import math
from typing import Any

import streamlit as st

from core import Question
from core.teaching.quiz import KINDS
from pages.state.chosen import State
from pages.state.controls import MAX_SEED
from pages.state.session import session
from pages.state.set_by_button import place
from pages.text import Text
from pages.words import lesson_questions as words
from pages.words import refusals

#: Characters of an answer: a formula's worth, so that nothing typed is cut off.
MAX_CHARS = 60
EXAMPLES = "0.25   1/4   √(2/64)"


def answer(state: State, of: Question, t: Text) -> str | float | None:
    """Ask for the answer; return a scheme or a number, None while there is none that can be read."""
    return _picked(state, of, t) if of.choices else _typed(state, of, t)


def _picked(state: State, of: Question, t: Text) -> str | None:
    """Ask by buttons: a list of options would take the arrow keys for itself."""
    place = _place(state)
    picked = session().picked.get(place)

    def pick(scheme: str) -> None:
        session().picked[place] = scheme

    shown = picked is not None or given_up(state)
    with st.container(horizontal=True):
        for scheme in of.choices:
            name = words.choice(of, scheme, picked, t) if shown else t(f"scheme.{scheme}.name")
            st.button(name, key=f"pick_{scheme}", on_click=pick, args=(scheme,))
    return picked


def _typed(state: State, of: Question, t: Text) -> float | None:
    with st.container(key="typed", horizontal=True, vertical_alignment="bottom"):
        typed = number(t("quiz.type"), _place(state))
        pressed = st.button(t("quiz.answer"), key="answer")
    given = words.number(typed, whole=of.kind in words.WHOLE)
    if not math.isnan(given):
        return given
    if typed.strip() or pressed:
        st.html(refusals.alert(t("quiz.number", was=typed) if typed.strip() else t("quiz.empty")))
    return None


def number(label: str, key: str, **more: Any) -> str:
    """Return what is typed as a number, in any of the ways that people write one."""
    typed: str = st.text_input(
        label,
        key=key,
        max_chars=MAX_CHARS,
        persist_state="page",
        **{"width": 260, "placeholder": EXAMPLES, **more},
    )
    return typed


def given_up(state: State) -> bool:
    """Tell whether the answer was asked for."""
    return session().shown == _place(state)


def give_up(state: State, t: Text) -> None:
    """Offer to show the answer."""

    def shown() -> None:
        session().shown = _place(state)

    st.button(t("quiz.give_up"), key="give_up", on_click=shown)


def score(state: State, *, right: bool) -> tuple[int, int]:
    """Note the first answer to this question; return how many were right at once, and of how many."""
    first = session().answered
    first.setdefault(_place(state), right)
    return sum(first.values()), len(first)


def more(state: State, t: Text, *, answered: bool) -> None:
    """Offer another question like one that is answered, and after the last one five others."""

    def others(question: int) -> None:
        place(quiz=str(state["quiz"] % MAX_SEED + 1), question=str(question))

    here = state["question"]
    if answered:
        st.button(t("quiz.alike"), key="more_like_this", on_click=others, args=(here,))
    if here == len(KINDS):
        st.button(t("quiz.more"), key="more_questions", on_click=others, args=(1,))


def _place(state: State) -> str:
    return f"answer_{state['quiz']}_{state['question']}"

"""The way through the lesson's stops, and what of a stop waits to be predicted first."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.teaching.quiz import KINDS
from pages.lecture import held_plan, predict
from pages.state.chosen import State
from pages.state.controls import STOPS
from pages.state.parsers import Value
from pages.state.session import session
from pages.state.set_by_button import place
from pages.text import Text
from pages.words.guesses import Asked


def arrive(state: State) -> None:
    """Hide again what was shown at another stop: one that is come back to is predicted anew."""
    if not predict.revealed("lesson", state.values):
        session().revealed = None


def turn(state: State, t: Text) -> None:
    """Show the ways to the stop before and the next; with what is hidden, the next shows that first."""
    if "step" in state.fixed:
        return
    first, last = state["step"] == STOPS[0], state["question"] == len(KINDS)
    st.button(t("lesson.previous"), key="previous", on_click=_back, disabled=first)
    label = t("lesson.reveal" if hidden(state) else "lesson.next")
    over = state["step"] == "questions" and last
    st.button(label, key="next", on_click=_on, disabled=over)


def _back() -> None:
    now = _now()
    if now["step"] == "questions" and int(now["question"]) > 1:
        place(question=str(int(now["question"]) - 1))
    else:
        place(step=STOPS[max(0, STOPS.index(str(now["step"])) - 1)])


def _on() -> None:
    now = _now()
    if predict.waits("lesson", now):
        predict.reveal()
    elif now["step"] != STOPS[-1]:
        place(step=STOPS[STOPS.index(str(now["step"])) + 1])
    elif int(now["question"]) < len(KINDS):
        place(question=str(int(now["question"]) + 1))


def _now() -> Mapping[str, Value]:
    """Return the values in force: a key pressed before a page is drawn brings widgets that lag behind."""
    return session().good


def hidden(state: State) -> bool:
    """Tell whether this stop's result waits to be asked for."""
    return predict.waits("lesson", state.values)


def question(stop: str, t: Text) -> str:
    """Return what stands where the stop's headline will: the held plan's own question, or the lesson's."""
    return held_plan.question() or t(f"lesson.{stop}.predict")


def ask(state: State, asked: Sequence[Asked], t: Text) -> None:
    """Stand where the result will: take a guess, and show it when asked."""
    with st.container(key="seen"):
        predict.ask("lesson", state.values, t, asked)

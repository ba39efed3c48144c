"""The way through the lesson's stops, and what of a stop waits to be predicted first."""

from collections.abc import Mapping

import streamlit as st

from core.teaching.quiz import KINDS
from pages.state.table import STOPS, State, Value
from pages.text import Text


def arrive(state: State) -> None:
    """Hide again what was shown at another stop: one that is come back to is predicted anew."""
    if st.session_state.get("_revealed") != _place(state.values):
        st.session_state.pop("_revealed", None)


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
        st.session_state["question"] = str(int(now["question"]) - 1)
    else:
        st.session_state["step"] = STOPS[max(0, STOPS.index(str(now["step"])) - 1)]


def _on() -> None:
    now = _now()
    if _waits(now):
        st.session_state["_revealed"] = _place(now)
    elif now["step"] != STOPS[-1]:
        st.session_state["step"] = STOPS[STOPS.index(str(now["step"])) + 1]
    elif int(now["question"]) < len(KINDS):
        st.session_state["question"] = str(int(now["question"]) + 1)


def _now() -> Mapping[str, Value]:
    """Return the values in force: a key pressed before a page is drawn brings widgets that lag behind."""
    good: Mapping[str, Value] = st.session_state["_good"]
    return good


def hidden(state: State) -> bool:
    """Tell whether this stop's result waits to be asked for."""
    return _waits(state.values)


def _waits(values: Mapping[str, Value]) -> bool:
    if values["predict"] == "off" or values["step"] in {"closing", "questions"}:
        return False
    return bool(st.session_state.get("_revealed") != _place(values))


def ask(t: Text) -> None:
    """Stand where the result will: say that it waits, and show it when asked."""
    with st.container(key="seen"):
        st.html(f'<p class="lab-verdict">{t("lesson.waits")}</p>')
        st.button(t("lesson.reveal"), key="reveal", on_click=_on)


def _place(values: Mapping[str, Value]) -> tuple[Value, Value]:
    return values["step"], values["seed"]

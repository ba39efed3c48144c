"""What a button or a key puts into a control: it stands, though the browser may not have heard of it yet.

A browser tells what stands in its widgets with all that it asks for. Who is faster than a run has it tell
what stood there before; that is no choice.
"""

from typing import Any, NamedTuple

import streamlit as st

from pages.state.session import session


class Placed(NamedTuple):
    """What was put into a control, and what a browser that has not heard of it may still say."""

    value: Any
    older: tuple[Any, ...]


def place(**values: Any) -> None:
    """Put values into controls, by their names."""
    placed = session().placed
    for name, value in values.items():
        before = placed[name].older if name in placed else ()
        placed[name] = Placed(value, (*before, st.session_state.get(name)))
        st.session_state[name] = value


def standing(name: str) -> Any:
    """Return what stands in a control; None if nothing does."""
    said, put = st.session_state.get(name), session().placed.get(name)
    return put.value if put is not None and said in put.older else said


def stand() -> None:
    """At the beginning of a run, put back what a browser that had not heard of it has overwritten."""
    for name in session().placed:
        st.session_state[name] = standing(name)


def told() -> None:
    """At the end of a run, which has told the browser of all that stands in its controls."""
    session().placed = {}

"""What the server puts into a control: it stands, though the browser may not have heard of it yet.

A browser tells what stands in its widgets with all that it asks for. Who is faster than a run, or than a
browser that has yet to show what a run has sent, has it tell what stood there before; that is no choice.
A field that nobody sees holds the number of what was put last, and comes back with all the rest: by it the
server knows what a browser has heard of.
"""

from typing import Any, NamedTuple

import streamlit as st

from pages.state.session import session

#: The key of the field that nobody sees.
HEARD = "heard"


class Placed(NamedTuple):
    """What was put into a control, and what a browser that has not heard of it may still say."""

    value: Any
    older: tuple[Any, ...]


def place(**values: Any) -> None:
    """Put values into controls, by their names."""
    unheard, now = _unheard(), session()
    now.placings += 1
    for name, value in values.items():
        before = unheard[name].older if name in unheard else ()
        was = st.session_state.get(name)
        unheard[name] = Placed(value, before if was == value else (*before, was))
        st.session_state[name] = value


def fill(**values: Any) -> None:
    """Put values into controls that hold others; one that holds it already may just be being typed in."""
    if others := {name: value for name, value in values.items() if st.session_state.get(name) != value}:
        place(**others)


def is_old(name: str) -> bool:
    """Tell whether a browser says of a control what stood there before something was put into it."""
    put = _unheard().get(name)
    return put is not None and st.session_state.get(name) in put.older


def standing(name: str) -> Any:
    """Return what stands in a control; None if nothing does."""
    return _unheard()[name].value if is_old(name) else st.session_state.get(name)


def stand() -> None:
    """At the beginning of a run, put back what a browser that had not heard of it has overwritten."""
    for name in _unheard():
        st.session_state[name] = standing(name)


def tell() -> None:
    """At the end of a run, tell the browser the number of what was put last."""
    number = str(session().placings)
    if st.session_state.get(HEARD) != number:
        st.session_state[HEARD] = number
    st.text_input(HEARD, key=HEARD, max_chars=12, label_visibility="collapsed")


def _unheard() -> dict[str, Placed]:
    """Return what was put into controls and the browser has not heard of, by their names."""
    now = session()
    if st.session_state.get(HEARD) == str(now.placings):
        now.placed = {}
    return now.placed

"""What both editors are made of: a drawer of cards over the one line of text that holds them all."""

from collections.abc import Callable

import streamlit as st

from core import SCHEMES
from core.weights.spelling import written_parameters
from pages.state.chosen import State
from pages.text import Text
from pages.widgets import controls


def drawer(  # noqa: PLR0913 - what an editor is made of
    state: State,
    name: str,
    t: Text,
    *,
    key: str,
    words: str,
    cards: Callable[[], bool],
    add: Callable[[], None],
) -> bool:
    """Show the drawer of a control's cards; tell whether it is open.

    ``cards`` shows them and tells whether there is room for no more; ``words`` is their table in the text
    catalogue.
    """
    with st.expander(t(f"{words}.title"), key=key, on_change="rerun") as opened:
        if opened.open:
            full = cards()
            st.button(t(f"{words}.add"), key="add", on_click=add, disabled=full, width="stretch")
            controls.show(state, name, t)
    return bool(opened.open)


def defaults_of(scheme: str) -> str:
    """Return a scheme's parameters at their defaults, as code writes them; '' if there is no such scheme."""
    return written_parameters(tuple(SCHEMES[scheme].params.items())) if scheme in SCHEMES else ""

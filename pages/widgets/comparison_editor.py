"""The editor of a comparison: a card for each scheme, over the one line of text that holds them all.

A card changes its part of the control ``rows``; what is typed there stays, right or wrong, and a wrong
part is answered below the drawer.
"""

import re
from typing import NamedTuple, Self

import streamlit as st

from core import SCHEMES
from core.signals.comparison import LESSON_THREE, MAX_ENTRIES
from core.weights.spelling import split
from pages.state.chosen import State
from pages.state.controls import TABLE
from pages.state.set_by_button import fill, is_old, place, standing
from pages.text import Text
from pages.widgets import cards, controls

#: What is added, in this order: first what the lesson has.
_NEXT = ("kaiming_uniform", "xavier_uniform", "lecun_normal", "orthogonal", "normal", "uniform", "zeros")


def editor(state: State, t: Text, *, fans: bool = True) -> None:
    """Show the drawer with the schemes, and the way back to the lesson's three.

    With ``fans`` each may have a layer of its own.
    """
    if "rows" in state.fixed:  # as one line that nobody can change, or not at all
        controls.show(state, "rows", t)
        return

    def shown() -> bool:
        typed = _typed()
        for at in range(min(len(typed), MAX_ENTRIES)):  # a link may ask for more, and is refused
            _card(at, typed, t, fans=fans)
        return len(typed) >= MAX_ENTRIES

    cards.drawer(state, "rows", t, key="schemes", words="rows", cards=shown, add=_add)
    if "rows" not in state.said:  # the drawer is closed
        controls.refusal(state, "rows", t)
    if state.comparison != LESSON_THREE or "rows" in state.refusals:
        st.button(t("rows.lesson"), key="three", on_click=_lesson, width="stretch")


class Typed(NamedTuple):
    """One entry's text, taken apart as far as it goes."""

    scheme: str
    params: str = ""
    fans: str = ""

    @classmethod
    def of(cls, text: str) -> Self:
        """Take apart ``scheme(params).fans``; what does not look so is all scheme."""
        match = re.fullmatch(r"([^().]*)(?:\((.*)\))?(?:\.([^()]*))?", text, re.DOTALL)
        return cls(text) if match is None else cls(*(part or "" for part in match.groups()))

    def __str__(self) -> str:
        return (
            self.scheme + (f"({self.params})" if self.params else "") + (f".{self.fans}" if self.fans else "")
        )


def _typed() -> list[Typed]:
    """Return the entries as they were typed or linked."""
    return [Typed.of(part.strip()) for part in split(standing("rows"), "-")]


def _card(at: int, typed: list[Typed], t: Text, *, fans: bool) -> None:
    """Show one entry: its scheme, and behind a button its parameters and its layer."""
    own = typed[at]

    def chosen() -> None:  # parameters belong to a scheme
        if not is_old(key := f"row_{at}"):
            _put([*typed[:at], Typed(st.session_state[key], fans=own.fans), *typed[at + 1 :]])

    def edited(part: str) -> None:
        if not is_old(key := f"{part}_{at}"):
            changed = own._replace(**{part: st.session_state[key].strip()})
            _put([*typed[:at], changed, *typed[at + 1 :]])

    def removed() -> None:
        _put(typed[:at] + typed[at + 1 :])

    fill(**{f"row_{at}": own.scheme})
    st.selectbox(
        t("rows.row", at=at + 1),
        dict.fromkeys([*SCHEMES, own.scheme]),
        format_func=lambda entry: t(f"scheme.{entry}.name") if entry in SCHEMES else entry,
        key=f"row_{at}",
        on_change=chosen,
        filter_mode=None,
    )
    with st.container(horizontal=True, wrap=False):
        given = ", ".join(filter(None, [own.params, own.fans])) or t(
            "rows.more" if fans else "rows.params_only"
        )
        with st.popover(given, key=f"more_{at}", width="stretch"):
            parts = {"params": cards.defaults_of(own.scheme)} | ({"fans": t("rows.shared")} if fans else {})
            for part, hint in parts.items():
                fill(**{f"{part}_{at}": getattr(own, part)})
                st.text_input(
                    t(f"rows.{part}"),
                    key=f"{part}_{at}",
                    max_chars=TABLE["rows"].max_chars,
                    placeholder=hint,
                    on_change=edited,
                    args=(part,),
                    disabled=part == "params" and not hint,
                )
        label = t("rows.remove", at=at + 1)
        st.button("✕", key=f"remove_{at}", on_click=removed, disabled=len(typed) == 1, help=label)


def _put(entries: list[Typed]) -> None:
    place(rows="-".join(map(str, entries)))


def _add() -> None:
    """Add a scheme that is not there yet."""
    typed = _typed()
    there = {entry.scheme for entry in typed}
    _put([*typed, Typed(next((scheme for scheme in _NEXT if scheme not in there), _NEXT[0]))])


def _lesson() -> None:
    place(rows=str(LESSON_THREE))

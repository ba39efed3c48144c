"""What the server keeps of one visitor beside what stands in the widgets: one record, here by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from pages.state.parsers import Refusal, Value


@dataclass(slots=True)
class Session:
    """One visitor's record; what it holds of the rooms above, it hands back as it was given."""

    # --- the page and its link
    #: the language of the run before
    language: str = ""
    #: the page that ran last, and the one before the page that prepares links
    page: str = ""
    came_from: str | None = None
    #: the link as it was written or read last, and the choices of all pages, for the links between them
    link: Mapping[str, str] | None = None
    kept: Mapping[str, str] = field(default_factory=dict)
    #: what a link gave: its parameters, those that are no control here or no option, its version
    linked: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    #: those that it gave several times, not each alike
    twice: tuple[str, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)
    version: str = ""
    #: the choices that decide whether others are read, as the link had them
    decided: tuple[Any, ...] | None = None

    #: what was chosen for one layer, the pages that it was carried to, and what came along to this one
    chosen: Any = None
    carried: dict[str, Any] = field(default_factory=dict)
    came: Any = None

    # --- the values
    #: those that last agreed, the scheme among them, and what stood in the widgets at the end of a run
    good: dict[str, Value] = field(default_factory=dict)
    scheme: str = ""
    typed: Mapping[str, Any] | None = None
    #: what was put into controls and the browser may not have heard of, and how often anything was
    placed: dict[str, Any] = field(default_factory=dict)
    placings: int = 0
    #: the fields of the run that ended last, and those of this one so far
    on_screen: set[str] = field(default_factory=set)
    drawn: set[str] = field(default_factory=set)
    #: numbers of one's own, which no link can carry, and why a file of them is not used
    data: str = ""
    file: Refusal | None = None
    #: why a report that was pasted cannot be read
    unread_report: Refusal | None = None
    #: fields of the network's editor that cannot be read, and the network that they stand beside
    wrong: dict[tuple[str, int], str] = field(default_factory=dict)
    wrong_in: str | None = None

    # --- work
    #: a name for this visitor, which says nothing about them
    visitor: str = ""
    #: what was stopped, and is not begun until it is asked for again
    stopped: object = None
    #: the dialog that is to open
    tool: str | None = None

    # --- in front of a class
    #: the result that is uncovered
    revealed: object = None
    #: result → what was guessed of it, by name: text, the key of a choice, or the bars of a sketch
    guesses: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: questions: what was picked, which were right at once, and whose answer was asked for
    picked: dict[str, str] = field(default_factory=dict)
    answered: dict[str, bool] = field(default_factory=dict)
    shown: str = ""
    #: the plan that is gone through
    plan: Any = None
    #: one's own plan as text, how often it was changed here, and whether the browser has said what it keeps
    own_plan: str | None = None
    plan_edit: int = 0
    plan_told: bool = False
    #: steps that wait to be added to it, the place of the one that was, and the plan before a removal
    adding: tuple[Any, ...] = ()
    added: int = 0
    own_before: str | None = None
    #: why a file of one could not be read
    not_read: Any = None


#: The one key in Streamlit's state that is no widget's.
KEY = "lab_session"


def session() -> Session:
    """Return the record of the visitor whose run this is."""
    found: Session = st.session_state.setdefault(KEY, Session())
    return found

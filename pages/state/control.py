"""A row of the table of controls, and the places on a screen where a control can stand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

from pages.state.parsers import Parse, Value, one_of

#: Characters of a text field; more is cut off when it comes from a link.
MAX_CHARS = 24


@dataclass(frozen=True, slots=True)
class Place:
    """Where a control stands on a screen: in the drawer or not, and in which views, if not in all."""

    drawer: bool = False
    views: tuple[str, ...] = ()
    #: what its place follows from, if it has no fixed one
    by: str = ""


#: screen → where a control stands on it
Places = Mapping[str, tuple[Place, ...]]

#: In the sidebar, and in its drawer.
OPEN, MORE = Place(), Place(drawer=True)
#: Not on the screen: only its link has it.
IN_LINK = Place(by="nothing")
#: Around the screen's views, as their tabs or as a list of them.
VIEWS = Place(by="views")
#: Where the scheme chosen puts it: its first parameter in the sidebar, the others in the drawer.
PARAMETER = Place(by="scheme")
#: In the drawer until it is given.
UNTIL_GIVEN = Place(by="value")


def within(*views: str) -> Place:
    """Return the place of a control that stands in some views alone."""
    return Place(views=views)


def on(**places: Place | list[Place]) -> Places:
    """Return on which screens a control stands, and where there."""
    return {
        screen: (where,) if isinstance(where, Place) else tuple(where) for screen, where in places.items()
    }


class Row(TypedDict, total=False):
    """What a row may say beside its name, its default, its parser and its places."""

    max_chars: int
    examples: tuple[str, ...]
    names: str
    look: bool
    stepped: bool
    read_if: Callable[[Mapping[str, Value]], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One control: all that follows from it is read here."""

    name: str
    default: Value
    #: what was typed or linked, as a value; raises ``Refused``
    parse: Parse
    #: screen → where it stands there; every screen's link holds what is named here
    on: Places
    #: what there is to choose; empty for a field that is typed
    options: tuple[str, ...] = ()
    #: what a typed field offers to choose
    examples: tuple[str, ...] = ()
    max_chars: int = MAX_CHARS
    #: where the text catalogue has its options, "{}", if not as option.<name>.{}; '' is nowhere
    names: str = ""
    #: whether it shows the same result otherwise, so that a prediction stays uncovered
    look: bool = False
    #: whether "next" and "previous" change it
    stepped: bool = False
    #: whether anything reads it, given all values
    read_if: Callable[[Mapping[str, Value]], bool] | None = None


def choice(name: str, default: str, options: Any, places: Places, **row: Unpack[Row]) -> Control:
    """Return the row of a control that is chosen from ``options``."""
    allowed = tuple(options)
    return Control(name=name, default=default, parse=one_of(allowed), on=places, options=allowed, **row)


def typed(name: str, default: Value, parse: Parse, places: Places, **row: Unpack[Row]) -> Control:
    """Return the row of a control that is typed."""
    return Control(name=name, default=default, parse=parse, on=places, **row)

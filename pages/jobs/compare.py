"""The schemes of a comparison: each drawn once, and shared with the distribution page."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from core import SCHEMES, Entry, Layer
from core.code.draw import script
from core.weights.draw import Draw
from pages.jobs import distribution
from pages.jobs.distribution import Drawn
from pages.state.chosen import State, read

#: Bins of each histogram: those of the distribution page, so that both share their draws.
BINS = 60


class Compared(NamedTuple):
    """One scheme of a comparison, drawn."""

    #: its place as given, by which it keeps its colour in any order
    place: int
    entry: Entry
    layer: Layer
    #: its scheme, and what sets it apart
    name: str
    #: its scheme alone, where no other has it
    brief: str
    drawn: Drawn


def params_of(entry: Entry) -> dict[str, Any]:
    """Return the parameters of an entry's scheme, without those that have no effect."""
    return read(SCHEMES[entry.scheme].checked(dict[str, Any](entry.params)))


def request(entry: Entry, state: State) -> Draw:
    """Return the draw that an entry asks for."""
    return distribution.asked(state, entry.scheme, entry.layer(state.layer).shape, params_of(entry))


def drawn(entry: Entry, state: State) -> Drawn:
    """Return an entry's draw, counted, waiting for it."""
    return distribution.job(request(entry, state), BINS).result()


def code(rows: Sequence[Compared], state: State) -> str:
    """Return the scripts that draw all schemes, one below the other."""
    return "\n\n".join(f"# {row.entry}\n{script(request(row.entry, state))}" for row in rows)

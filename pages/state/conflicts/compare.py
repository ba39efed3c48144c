"""What may stand in the compare page's controls."""

import math
from typing import Any

from core import Entry
from core.weights.sampling import streams
from pages.state.chosen import State
from pages.state.conflicts.agreement import agree, first_objection, leave_out, misfit, objects
from pages.state.operator_limits import limit
from pages.state.parsers import Refusal

#: Weights of one scheme that has to be held whole: some tenths of a second.
MAX_HELD = 1 << 20


def settle(state: State) -> None:
    """Hold the schemes against the layers that they are compared on."""
    layer = ("layer", "fan_in", "fan_out")
    for objection in (_entry_takes, _entry_held, _entry_fits):
        leave_out(state, objection)
    agree(state, ("rows", *layer), lambda state: first_objection(state, _entry_takes), at="rows")
    agree(state, ("rows", *layer), _comparison_size, at="rows")
    agree(state, ("dtype", "rows", *layer), lambda state: first_objection(state, _entry_fits), at="rows")


def _entry_takes(state: State, entry: Entry) -> Refusal | None:
    """Return an entry's objection to its layer or to its own parameters."""
    return objects(entry, entry.layer(state.layer))


def _entry_held(state: State, entry: Entry) -> Refusal | None:
    """Return the objection to more weights than are held for one scheme."""
    layer = entry.layer(state.layer)
    n, params = math.prod(layer.shape), dict[str, Any](entry.params)
    if n <= MAX_HELD or streams(entry.scheme, layer.shape, state.device, **params):
        return None
    return Refusal("size", {"layer": layer.text, "n": n, "limit": MAX_HELD})


def _comparison_size(state: State) -> Refusal | None:
    """Return the objection to more weights than one visitor may have drawn at a time."""
    if (held := first_objection(state, _entry_held)) is not None:
        return held
    most = limit("COMPARED")
    total = sum(math.prod(entry.layer(state.layer).shape) for entry in state.comparison.entries)
    return Refusal("compared", {"n": total, "limit": most}) if total > most else None


def _entry_fits(state: State, entry: Entry) -> Refusal | None:
    shape = entry.layer(state.layer).shape
    return misfit(entry.scheme, shape, state.device, str(state["dtype"]), entry.params)

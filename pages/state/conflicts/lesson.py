"""What may stand in the lesson's controls."""

import math

from pages.state.chosen import State
from pages.state.conflicts.agreement import agree
from pages.state.operator_limits import limit
from pages.state.parsers import Refusal


def settle(state: State) -> None:
    """Hold the layer of the stop on √5 to a size that nobody waits for."""
    agree(state, ("fan_out", "fan_in"), _size, at="fan_out")


def _size(state: State) -> Refusal | None:
    n, most = math.prod(state.shape), limit("COMPARED")
    return Refusal("size", {"layer": state.layer.text, "n": n, "limit": most}) if n > most else None

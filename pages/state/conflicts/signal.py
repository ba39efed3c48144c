"""What may stand in the signal page's controls."""

from dataclasses import replace

from core import Entry
from core.weights.sampling import streams
from pages.state.chosen import State
from pages.state.conflicts.agreement import agree, first_objection, leave_out, misfit, objects
from pages.state.operator_limits import limit
from pages.state.parsers import Refusal, layer_of

#: Signals kept for the way back: 128 MB.
MAX_RUN_KEPT = 1 << 25
#: Schemes that torch does not fill in one step take up to so many times as long.
SLOWER = 32


def settle(state: State) -> None:
    """Hold a deep network's schemes, size and numbers against each other."""
    _square(state)
    for objection in (_square_takes, _square_fits):
        leave_out(state, objection)
    agree(state, ("rows", "width"), lambda state: first_objection(state, _square_takes), at="rows")
    agree(state, ("depth", "width", "seeds", "samples"), _signal_size, at="width")
    agree(state, ("dtype", "rows", "width"), lambda state: first_objection(state, _square_fits), at="rows")


def _square(state: State) -> None:
    """Leave out the layers of a comparison's entries: here all are width × width."""
    entries = state.comparison.entries
    own = next((entry for entry in entries if entry.fans), None)
    if own is not None:
        state.values["rows"] = "-".join(str(replace(entry, fans=None)) for entry in entries)
        state.refusals.setdefault(
            "rows", Refusal("signal_fans", {"was": str(own), "used": state.values["rows"]})
        )


def _square_takes(state: State, entry: Entry) -> Refusal | None:
    """Return an entry's objection to layers width × width, or to its own parameters."""
    return objects(entry, layer_of(f"Linear({state['width']}, {state['width']})"))


def _square_fits(state: State, entry: Entry) -> Refusal | None:
    shape = (state["width"], state["width"])
    return misfit(entry.scheme, shape, state.device, state["dtype"], entry.params)


def _signal_size(state: State) -> Refusal | None:
    """Return the objection to a run that takes a core more than half a minute or so."""
    for at, entry in enumerate(state.comparison.entries, start=1):
        if (refusal := _entry_size(state, entry)) is not None:
            return Refusal(refusal.code, {**refusal.facts, "entry": at})
    kept = state["depth"] * state["width"] * state["samples"]
    return Refusal("signal_kept", {"n": kept, "limit": MAX_RUN_KEPT}) if kept > MAX_RUN_KEPT else None


def _entry_size(state: State, entry: Entry) -> Refusal | None:
    """Return the objection to one scheme's networks: to their weights over all seeds, or to the products."""
    width = state["width"]
    weights = state["depth"] * width**2 * state["seeds"]
    slower = 1 if streams(entry.scheme, (width, width), "cpu", **dict(entry.params)) else SLOWER
    if weights * slower > limit("RUN_WEIGHTS"):
        return Refusal("signal_weights", {"n": weights, "limit": limit("RUN_WEIGHTS") // slower})
    own = 4 * width if entry.scheme.startswith("orthogonal") else 0
    products = weights * (state["samples"] + own)
    if products > limit("RUN_PRODUCTS"):
        return Refusal("signal_products", {"n": products, "limit": limit("RUN_PRODUCTS")})
    return None

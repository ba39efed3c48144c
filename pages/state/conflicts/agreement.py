"""What all rules share: values that clash give way, and entries that cannot be drawn are left out."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from core import SCHEMES, Entry, InitLabError, Layer
from core.weights.draw import Draw
from pages.state.chosen import State
from pages.state.controls import DTYPE_NAMES, default_of
from pages.state.parsers import Refusal, Value
from pages.state.session import session


def agree(state: State, names: Sequence[str], rule: Callable[[State], Refusal | None], *, at: str) -> None:
    """Replace the values that break ``rule`` by those that last agreed, or else by the defaults.

    One value alone is replaced if that is enough, trying ``names`` in order; otherwise all of them are.
    """
    refusal = rule(state)
    if refusal is None:
        return
    scheme, asked = str(state["scheme"]), dict(state.values)
    good: Mapping[str, Value] = session().good
    for fallback, tried in itertools.product((good, {}), (*((name,) for name in names), names)):
        own = {name: fallback.get(name, default_of(name, scheme)) for name in tried}
        state.values = {**asked, **own}
        if rule(state) is None:
            break
    used = {name: state.values[name] for name in names if state.values[name] != asked[name]}
    state.refusals[at] = Refusal(refusal.code, {**refusal.facts, "used": used})


#: What an entry of a comparison cannot do, or None.
Objection = Callable[[State, Entry], Refusal | None]


def leave_out(state: State, objection: Objection) -> None:
    """Leave out the entries that cannot be drawn here, and name them; not if none would be left."""
    objections = [(entry, objection(state, entry)) for entry in state.comparison.entries]
    out = [(str(entry), refusal) for entry, refusal in objections if refusal is not None]
    kept = [str(entry) for entry, refusal in objections if refusal is None]
    if not out or not kept:
        return
    state.values["rows"] = "-".join(kept)
    first = state.refusals.get("rows", out[0][1])
    named = (*first.facts.get("out", ()), *(entry for entry, _ in out))
    state.refusals["rows"] = Refusal(first.code, {**first.facts, "out": named})


def first_objection(state: State, objection: Objection) -> Refusal | None:
    """Return the first objection of all entries."""
    return next(filter(None, (objection(state, entry) for entry in state.comparison.entries)), None)


@lru_cache(maxsize=4096)
def misfit(
    key: str, shape: tuple[int, ...], device: str, dtype: str, params: tuple[tuple[str, Any], ...]
) -> Refusal | None:
    """Return core's objection to drawing these weights in ``dtype``, or None."""
    try:
        Draw(key, shape, seed=0, device=device, dtype=DTYPE_NAMES[dtype], **dict(params))
    except InitLabError as error:
        return Refusal(error.code.replace(".", "_"), error.facts)
    return None


def objects(entry: Entry, layer: Layer) -> Refusal | None:
    """Return a scheme's objection to a layer, or to its own parameters."""
    params: dict[str, Any] = dict(entry.params)
    try:
        SCHEMES[entry.scheme].law(layer.shape, **params)
    except InitLabError as error:
        facts = {**error.facts, "layer": layer.text, "scheme": entry.scheme}
        return Refusal(error.code.replace(".", "_"), facts)
    return None

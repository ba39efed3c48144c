"""What may stand in the controls of a layer and its scheme: on the distribution page, and at home."""

import math

from core import SCHEMES, InitLabError
from pages.state.chosen import State
from pages.state.conflicts.agreement import agree, misfit
from pages.state.parsers import Refusal


def settle(state: State) -> None:
    """Hold a scheme, its parameters and its layer against each other and the dtype: a < b, what fits."""
    scheme = SCHEMES[state["scheme"]]
    main = next(iter(scheme.params), "scheme")
    layer = ("layer", "fan_in", "fan_out")
    if {"a", "b"} <= set(scheme.params):
        agree(state, ("a", "b"), _order, at="b")
    agree(state, (*scheme.params, *layer), _takes, at="layer" if state["layer"] else "scheme")
    agree(state, layer, _size, at="layer" if state["layer"] else "fan_out")
    agree(state, ("dtype", *scheme.params, *layer), _fit, at=main)


def _order(state: State) -> Refusal | None:
    low, high = state["a"], state["b"]
    return Refusal("order", {"a": low, "b": high}) if low >= high else None


def _takes(state: State) -> Refusal | None:
    """Return the scheme's objection to the layer or to its own parameters."""
    try:
        SCHEMES[state["scheme"]].law(state.shape, **state.params)
    except InitLabError as error:
        facts = {**error.facts, "layer": state.layer.text, "scheme": state["scheme"]}
        return Refusal(error.code.replace(".", "_"), facts)
    return None


def _size(state: State) -> Refusal | None:
    n, limit = math.prod(state.shape), state.limit
    if n <= limit:
        return None
    facts = {"layer": state.layer.text, "n": n, "limit": limit}
    if not state["layer"]:
        columns = state["fan_in"]
        facts |= {"columns": columns, "fit": limit // columns}  # less than what was asked for, as n is more
    return Refusal("size", facts)


def _fit(state: State) -> Refusal | None:
    request = (state["scheme"], state.shape, state.device, state["dtype"], tuple(state.params.items()))
    return misfit(*request)

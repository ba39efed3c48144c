"""The values held against each other: what may stand in each control, given all the others.

Where values clash, the last that agreed stay in force, and a refusal says why at the control where a
visitor would mend it.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import streamlit as st
import torch

from core import SCHEMES, Entry, InitLabError, Layer, check, devices
from core.networks.network import LESSON
from core.weights.sampling import streams
from pages.state.limits import FORCE
from pages.state.table import DTYPE_NAMES, MAX_FAN, Refusal, State, Value, default_of, layer_of, network_of

#: Weights of all schemes that are compared, and of one that has to be held whole: some tenths of a second.
MAX_COMPARED, MAX_HELD = FORCE["INIT_LAB_COMPARED"], 1 << 20
#: Parameters of a network on the model page: 16 MB in float32.
MAX_PARAMETERS = FORCE["INIT_LAB_PARAMETERS"]
#: Numbers that a forward pass may give, over all steps.
MAX_STEPS = 1 << 22


#: Weights of one scheme's deep networks, over seeds; their products with all inputs; signals kept for the
#: way back: half a minute a scheme on one core, and 128 MB.
MAX_RUN_WEIGHTS, MAX_RUN_PRODUCTS = FORCE["INIT_LAB_RUN_WEIGHTS"], FORCE["INIT_LAB_RUN_PRODUCTS"]
MAX_RUN_KEPT = 1 << 25
#: Schemes that torch does not fill in one step take up to so many times as long.
SLOWER = 32


def settle(state: State) -> None:
    """Hold the values against each other; where they clash, the last that agreed stay in force.

    The rules: a < b, a scheme that can fill the layer, weights that the dtype can hold, the size of a
    draw, and a device that is here (its choice stays in the link, for a machine that has it). Each
    speaks at the control where a visitor would mend it.
    """
    if state["device"] in devices.available():
        state.device = state["device"]
    else:
        missing = {"was": state["device"].upper(), "used": "cpu"}
        state.refusals.setdefault("device", Refusal("device", missing))
    if "net" in state.names:
        _settle_network(state)
    elif "depth" in state.names:
        _settle_signal(state)
    elif "rows" in state.names:
        _settle_comparison(state)
    elif "step" in state.names:
        _agree(state, ("fan_out", "fan_in"), _lesson_size, at="fan_out")
    else:
        _settle_layer(state)
    st.session_state["_good"] = dict(state.values)


def _settle_layer(state: State) -> None:
    scheme = SCHEMES[state["scheme"]]
    main = next(iter(scheme.params), "scheme")
    layer = ("layer", "fan_in", "fan_out")
    if {"a", "b"} <= set(scheme.params):
        _agree(state, ("a", "b"), _order, at="b")
    _agree(state, (*scheme.params, *layer), _takes, at="layer" if state["layer"] else "scheme")
    _agree(state, layer, _size, at="layer" if state["layer"] else "fan_out")
    _agree(state, ("dtype", *scheme.params, *layer), _fit, at=main)


def _settle_comparison(state: State) -> None:
    """Hold the schemes against the layers that they are compared on."""
    layer = ("layer", "fan_in", "fan_out")
    for objection in (_entry_takes, _entry_held, _entry_fits):
        _leave_out(state, objection)
    _agree(state, ("rows", *layer), lambda state: _first(state, _entry_takes), at="rows")
    _agree(state, ("rows", *layer), _comparison_size, at="rows")
    _agree(state, ("dtype", "rows", *layer), lambda state: _first(state, _entry_fits), at="rows")


def _settle_signal(state: State) -> None:
    """Hold a deep network's schemes, size and numbers against each other."""
    _square(state)
    for objection in (_square_takes, _square_fits):
        _leave_out(state, objection)
    _agree(state, ("rows", "width"), lambda state: _first(state, _square_takes), at="rows")
    _agree(state, ("depth", "width", "seeds", "samples"), _signal_size, at="width")
    _agree(state, ("dtype", "rows", "width"), lambda state: _first(state, _square_fits), at="rows")


def _settle_network(state: State) -> None:
    """Hold the input, the labels and the rest against the network, which goes first."""
    _agree(state, ("net",), _network_size, at="net")
    _agree(state, ("dtype", "net"), _network_fit, at="net")
    _agree(state, ("weights",), _printed_fit, at="weights")
    _agree(state, ("data",), _data_fit, at="data")
    _agree(state, ("batch", "data"), _steps_fit, at="data" if state["data"] else "batch")
    _agree(state, ("labels",), _labels_fit, at="labels")
    _agree(state, ("sample",), _sample_fit, at="sample")


def _agree(state: State, names: Sequence[str], rule: Callable[[State], Refusal | None], *, at: str) -> None:
    """Put the values that last agreed in the place of those that break ``rule``, or else the defaults.

    One value alone, if that will do, the first of ``names`` before the others; else all of them.
    """
    refusal = rule(state)
    if refusal is None:
        return
    scheme, asked = str(state["scheme"]), dict(state.values)
    good: Mapping[str, Value] = st.session_state.get("_good", {})
    for fallback, tried in itertools.product((good, {}), (*((name,) for name in names), names)):
        own = {name: fallback.get(name, default_of(name, scheme)) for name in tried}
        state.values = {**asked, **own}
        if rule(state) is None:
            break
    used = {name: state.values[name] for name in names if state.values[name] != asked[name]}
    state.refusals[at] = Refusal(refusal.code, {**refusal.facts, "used": used})


#: What an entry of a comparison cannot do, or None.
_Objection = Callable[[State, Entry], Refusal | None]


def _leave_out(state: State, objection: _Objection) -> None:
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


def _first(state: State, objection: _Objection) -> Refusal | None:
    """Return the first objection of all entries."""
    return next(filter(None, (objection(state, entry) for entry in state.comparison.entries)), None)


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
        facts |= {"columns": columns, "fit": max(1, min(MAX_FAN, limit // columns))}
    return Refusal("size", facts)


def _fit(state: State) -> Refusal | None:
    request = (state["scheme"], state.shape, state.device, state["dtype"], tuple(state.params.items()))
    return _misfit(*request)


@lru_cache(maxsize=4096)
def _misfit(
    key: str, shape: tuple[int, ...], device: str, dtype: str, params: tuple[tuple[str, Any], ...]
) -> Refusal | None:
    """Return core's objection to drawing these weights in ``dtype``, or None."""
    try:
        check(key, shape, seed=0, device=device, dtype=DTYPE_NAMES[dtype], whole=False, **dict(params))
    except InitLabError as error:
        if error.code == "size.memory":  # what is free changes: it is said where it is drawn
            return None
        return Refusal(error.code.replace(".", "_"), error.facts)
    return None


def _lesson_size(state: State) -> Refusal | None:
    """Return the objection to a layer that the lesson's page would wait for."""
    n = math.prod(state.shape)
    return (
        Refusal("size", {"layer": state.layer.text, "n": n, "limit": MAX_COMPARED})
        if n > MAX_COMPARED
        else None
    )


def _entry_takes(state: State, entry: Entry) -> Refusal | None:
    """Return an entry's objection to its layer or to its own parameters."""
    return _objects(entry, entry.layer(state.layer))


def _objects(entry: Entry, layer: Layer) -> Refusal | None:
    params: dict[str, Any] = dict(entry.params)
    try:
        SCHEMES[entry.scheme].law(layer.shape, **params)
    except InitLabError as error:
        facts = {**error.facts, "layer": layer.text, "scheme": entry.scheme}
        return Refusal(error.code.replace(".", "_"), facts)
    return None


def _entry_held(state: State, entry: Entry) -> Refusal | None:
    """Return the objection to more weights than are held for one scheme."""
    layer = entry.layer(state.layer)
    n, params = math.prod(layer.shape), dict[str, Any](entry.params)
    if n <= MAX_HELD or streams(entry.scheme, layer.shape, state.device, **params):
        return None
    return Refusal("size", {"layer": layer.text, "n": n, "limit": MAX_HELD})


def _comparison_size(state: State) -> Refusal | None:
    """Return the objection to more weights than one visitor may have drawn at a time."""
    if (held := _first(state, _entry_held)) is not None:
        return held
    total = sum(math.prod(entry.layer(state.layer).shape) for entry in state.comparison.entries)
    return Refusal("compared", {"n": total, "limit": MAX_COMPARED}) if total > MAX_COMPARED else None


def _entry_fits(state: State, entry: Entry) -> Refusal | None:
    shape = entry.layer(state.layer).shape
    return _misfit(entry.scheme, shape, state.device, str(state["dtype"]), entry.params)


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
    return _objects(entry, layer_of(f"Linear({state['width']}, {state['width']})"))


def _square_fits(state: State, entry: Entry) -> Refusal | None:
    shape = (state["width"], state["width"])
    return _misfit(entry.scheme, shape, state.device, state["dtype"], entry.params)


def _signal_size(state: State) -> Refusal | None:
    """Return the objection to a run that takes a core more than half a minute or so."""
    depth, width, samples = state["depth"], state["width"], state["samples"]
    weights = depth * width**2 * state["seeds"]
    for at, entry in enumerate(state.comparison.entries, start=1):
        quick = streams(entry.scheme, (width, width), "cpu", **dict(entry.params))
        drawn = weights if quick else weights * SLOWER
        products = weights * (samples + (4 * width if entry.scheme.startswith("orthogonal") else 0))
        if drawn > MAX_RUN_WEIGHTS:
            limit = MAX_RUN_WEIGHTS if quick else MAX_RUN_WEIGHTS // SLOWER
            return Refusal("signal_weights", {"n": weights, "limit": limit, "entry": at})
        if products > MAX_RUN_PRODUCTS:
            return Refusal("signal_products", {"n": products, "limit": MAX_RUN_PRODUCTS, "entry": at})
    kept = depth * width * samples
    return Refusal("signal_kept", {"n": kept, "limit": MAX_RUN_KEPT}) if kept > MAX_RUN_KEPT else None


def _network_size(state: State) -> Refusal | None:
    n = state.network.size
    return Refusal("network_size", {"n": n, "limit": MAX_PARAMETERS}) if n > MAX_PARAMETERS else None


def _network_fit(state: State) -> Refusal | None:
    """Return core's objection to drawing the network's weights."""
    return _network_misfit(str(state["net"]), state.device, str(state["dtype"]))


@lru_cache(maxsize=1024)
def _network_misfit(net: str, device: str, dtype: str) -> Refusal | None:
    try:
        network_of(net).check(device=device, dtype=DTYPE_NAMES[dtype])
    except InitLabError as error:
        if error.code == "size.memory":
            return None
        return Refusal(error.code.replace(".", "_"), error.facts)
    return None


def _printed_fit(state: State) -> Refusal | None:
    if state["weights"] == "printed" and not state.network.same_sizes(LESSON):
        return Refusal("printed")
    return None


def _data_fit(state: State) -> Refusal | None:
    rows = state.rows
    if rows is None:
        return None
    if len(rows[0]) != state.network.inputs:
        return Refusal("data_columns", {"columns": len(rows[0]), "inputs": state.network.inputs})
    largest, limit = max(abs(x) for row in rows for x in row), torch.finfo(state.dtype).max
    if largest > limit:
        return Refusal("data_range", {"value": largest, "dtype": state["dtype"], "largest": limit})
    return None


def _steps_fit(state: State) -> Refusal | None:
    n = state.batch * sum(2 * dense.units for dense in state.network.layers)
    return Refusal("steps", {"n": n, "limit": MAX_STEPS}) if n > MAX_STEPS else None


def _labels_fit(state: State) -> Refusal | None:
    labels, classes = state.labels, state.network.outputs
    if len(labels) != state.batch or max(labels) >= classes:
        return Refusal(
            "labels_fit",
            {"rows": state.batch, "given": len(labels), "largest": str(max(labels)), "high": classes - 1},
        )
    return None


def _sample_fit(state: State) -> Refusal | None:
    return Refusal("sample", {"high": state.batch}) if state["sample"] > state.batch else None

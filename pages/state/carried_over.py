"""What was chosen for one layer goes along to the pages that look at several layers, or several schemes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from core import Entry
from core.networks.network import LINEAR_SCHEMES
from core.signals.comparison import MAX_ENTRIES
from pages.state.chosen import State
from pages.state.controls import TABLE
from pages.state.parsers import comparison_of, network_of
from pages.state.session import session

#: Inputs up to which a whole network is given as many: with more, its page would take minutes to answer.
WIDEST = 1024
#: The pages on which one scheme is chosen for one layer.
FROM = ("home", "distribution")


class Chosen(NamedTuple):
    """The scheme and the layer that were chosen for one layer."""

    entry: str
    #: None where nobody chose it, 0 where the layer is no linear one
    fan_in: int | None


class Came(NamedTuple):
    """What came along to a page, and why the rest did not: keys of texts."""

    page: str
    chosen: Chosen
    left: tuple[str, ...]


def note(state: State) -> None:
    """Remember what is chosen here, if this page is one for one layer and something was."""
    if state.page not in FROM:
        return
    fan_in = int(state["fan_in"]) if state.is_linear else 0
    chosen = Chosen(state.as_entry(), None if fan_in == TABLE["fan_in"].default else fan_in)
    session().chosen = None if chosen == Chosen(str(TABLE["scheme"].default), None) else chosen


def carried(page: str, kept: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters that a page is given from what was chosen; each choice is carried there once.

    ``kept`` are the choices of all pages, of which locked ones stay.
    """
    now = session()
    chosen = now.chosen
    carry = _CARRY.get(page)
    if page not in FROM:
        now.came = None
    if carry is None or chosen is None or now.carried.get(page) == chosen:
        return {}
    now.carried[page] = chosen
    values, left = carry(chosen, kept)
    locked = kept.get("lock", "").split(",")
    now.came = Came(page, chosen, left)
    return {name: value for name, value in values.items() if name not in locked}


_Carried = tuple[dict[str, str], tuple[str, ...]]


def _first_row(chosen: Chosen, kept: Mapping[str, str]) -> str:
    """Return the rows of a comparison with the chosen scheme as the first."""
    entry = Entry.of(chosen.entry)
    others = comparison_of(kept.get("rows", str(TABLE["rows"].default))).entries
    rest = [other for other in others if replace(other, fans=None) != entry]
    return "-".join(map(str, [entry, *rest][:MAX_ENTRIES]))


def _to_compare(chosen: Chosen, kept: Mapping[str, str]) -> _Carried:
    return {"rows": _first_row(chosen, kept)}, ()  # the layer's controls are its own too


def _to_signal(chosen: Chosen, kept: Mapping[str, str]) -> _Carried:
    if Entry.of(chosen.entry).scheme not in LINEAR_SCHEMES:
        return {}, ("scheme",)
    values = {"rows": _first_row(chosen, kept)}
    inputs, left = _inputs(chosen)
    return values | ({"width": str(inputs)} if inputs else {}), left


def _to_model(chosen: Chosen, kept: Mapping[str, str]) -> _Carried:
    entry = Entry.of(chosen.entry)
    if entry.scheme not in LINEAR_SCHEMES:
        return {}, ("scheme",)
    network = network_of(kept.get("net", str(TABLE["net"].default)))
    layers = tuple(replace(dense, scheme=entry.scheme, params=entry.params) for dense in network.layers)
    inputs, left = _inputs(chosen)
    return {"net": str(replace(network, inputs=inputs or network.inputs, layers=layers))}, left


def _inputs(chosen: Chosen) -> tuple[int, tuple[str, ...]]:
    """Return how many inputs a whole network is given, 0 for its own, and what was left behind."""
    if chosen.fan_in is None:
        return 0, ()
    if 0 < chosen.fan_in <= WIDEST:
        return chosen.fan_in, ()
    return 0, ("inputs" if chosen.fan_in else "layer",)


_CARRY: Mapping[str, Callable[[Chosen, Mapping[str, str]], _Carried]] = {
    "compare": _to_compare,
    "signal": _to_signal,
    "model": _to_model,
}

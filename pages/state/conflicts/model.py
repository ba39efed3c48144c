"""What may stand in the model page's controls."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

import torch

from core import InitLabError
from core.networks.edits import check_edits
from core.networks.network import LESSON
from pages.state.chosen import State
from pages.state.conflicts.agreement import agree
from pages.state.controls import DTYPE_NAMES
from pages.state.operator_limits import limit
from pages.state.parsers import Refusal, network_of

#: Numbers that a forward pass may give, over all steps.
MAX_STEPS = 1 << 22


def settle(state: State) -> None:
    """Hold the input, the labels and the rest against the network, which goes first."""
    agree(state, ("net",), _network_size, at="net")
    agree(state, ("dtype", "net"), _network_fit, at="net")
    agree(state, ("weights",), _printed_fit, at="weights")
    agree(state, ("data",), _data_fit, at="data")
    agree(state, ("batch", "data"), _steps_fit, at="data" if state["data"] else "batch")
    agree(state, ("edits",), _edits_fit, at="edits")
    agree(state, ("labels",), _labels_fit, at="labels")
    agree(state, ("sample",), _sample_fit, at="sample")


def _network_size(state: State) -> Refusal | None:
    n, most = state.network.size, limit("PARAMETERS")
    return Refusal("network_size", {"n": n, "limit": most}) if n > most else None


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
    numbers, kind = list(chain.from_iterable(rows)), torch.finfo(state.dtype)
    if lost := _lost(numbers, state.dtype):
        ends = {"least": kind.tiny * kind.eps, "largest": kind.max}
        return Refusal("data_range", {"value": numbers[lost[0]], "dtype": state["dtype"], **ends})
    return None


def _lost(numbers: Sequence[float], dtype: torch.dtype) -> list[int]:
    """Return the places of numbers that a dtype makes infinite, or 0 though they are not."""
    exact = torch.tensor(numbers, dtype=torch.float64)
    lost = (exact.abs() > torch.finfo(dtype).max) | ((exact.to(dtype) == 0) & (exact != 0))
    return [int(at) for at in lost.nonzero()]


def _steps_fit(state: State) -> Refusal | None:
    n = state.batch * sum(2 * dense.units for dense in state.network.layers)
    return Refusal("steps", {"n": n, "limit": MAX_STEPS}) if n > MAX_STEPS else None


def _edits_fit(state: State) -> Refusal | None:
    """Return why a number that is set by hand has no place, or is none in this dtype."""
    try:
        check_edits(state.edits, state.network, state.batch)
    except InitLabError as error:
        return Refusal(error.code.replace(".", "_"), error.facts)
    if lost := _lost([edit.value for edit in state.edits], state.dtype):
        return Refusal("edit_range", {"word": str(state.edits[lost[0]]), "dtype": state["dtype"]})
    return None


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

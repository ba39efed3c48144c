"""Numbers set by hand once a network and its input have been drawn: an entry of the input, or of a weight."""

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..checks import checked_kind, is_whole, number_in, real, sequence, unfit
from ..errors import NetworkError, shown
from ..table import written
from ..weights.parameters import LARGEST, SMALLEST
from .module import Net
from .network import MAX_BATCH, Network

#: Numbers, and characters of them all: with all the digits of a double they come to less.
MAX_EDITS, MAX_CHARS = 32, 1280
#: x row.feature, or w layer.unit.input, each from 1; then the number.
_EDIT = re.compile(
    r"(?:x(\d{1,5}\.\d{1,4})|w(\d{1,2}\.\d{1,4}\.\d{1,4}))=([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)",
    re.ASCII,
)


class Edit(NamedTuple):
    """One number set by hand; the place counts from 1."""

    #: (row, feature) of the input, or (layer, unit, input) of a weight
    place: tuple[int, ...]
    value: float

    @property
    def is_weight(self) -> bool:
        """Whether a weight is set, and not an entry of the input."""
        return len(self.place) == 3

    def __str__(self) -> str:
        return f"{'w' if self.is_weight else 'x'}{'.'.join(map(str, self.place))}={written(self.value)}"


def read_edits(text: str) -> tuple[Edit, ...]:
    """Read numbers set by hand, as in ``w1.2.3=0.5,x1.2=-1``: layer 1, unit 2, input 3; row 1, feature 2.

    Raises:
        NetworkError: if one cannot be read, a place has two, more than ``MAX_EDITS``, or of more than
            ``MAX_CHARS`` characters.
    """
    parts = [part.strip() for part in text.replace("−", "-").split(",")] if isinstance(text, str) else [""]
    if isinstance(text, str) and len(text) > MAX_CHARS:
        raise NetworkError("network.edits_long", most=MAX_CHARS, length=len(text))
    edits = () if text == "" else tuple(map(_read, parts))
    if len(edits) > MAX_EDITS:
        raise NetworkError("network.edits", most=MAX_EDITS, given=len(edits))
    for edit in edits:
        if sum(edit.place == other.place for other in edits) > 1:
            raise NetworkError("network.edit_twice", word=str(edit))
    return edits


def _read(part: str) -> Edit:
    found = _EDIT.fullmatch(part)
    try:
        value = number_in(found[3]) if found else math.nan
    except ValueError:
        value = math.nan
    if not found or not (value == 0 or SMALLEST <= abs(value) <= LARGEST):
        raise NetworkError("network.edit", word=shown(part), smallest=SMALLEST, largest=LARGEST)
    return Edit(tuple(map(int, (found[1] or found[2]).split("."))), value + 0.0)


def check_edits(edits: Sequence[Edit], network: Network, rows: int) -> None:
    """Check that a network, given so many rows of input, has all these places.

    Raises:
        NetworkError: if it has one not.
        ParameterError: if these are no edits.
    """
    if sequence(edits, MAX_EDITS) is None or not all(map(_is_edit, edits)):
        raise unfit("edits", edits, f"up to {MAX_EDITS} Edits")
    sizes = (network.inputs, *(dense.units for dense in network.layers))
    for edit in edits:
        first = edit.place[0]
        most: tuple[int, ...] = (rows, network.inputs)
        if edit.is_weight and first <= len(network.layers):
            most = (first, sizes[first], sizes[first - 1])
        if len(most) != len(edit.place) or not all(
            1 <= at <= end for at, end in zip(edit.place, most, strict=True)
        ):
            raise NetworkError("network.edit_place", word=str(edit))


def _is_edit(edit: object) -> bool:
    if not isinstance(edit, Edit) or not isinstance(edit.place, tuple) or len(edit.place) not in {2, 3}:
        return False
    return all(is_whole(at, 0, MAX_BATCH) for at in edit.place) and math.isfinite(real(edit.value))


def edited(net: Net, x: Tensor, edits: Sequence[Edit]) -> Tensor:
    """Set weights of ``net``, and return its input ``x``, (batch, inputs), with the entries set in a copy.

    Raises:
        NetworkError: see ``check_edits``.
    """
    check_edits(edits, checked_kind("net", net, Net, "a Net").network, len(x))
    x = x.clone()
    with torch.no_grad():
        for edit in edits:
            first, *place = (at - 1 for at in edit.place)
            if edit.is_weight:
                getattr(net, net.network.names[first]).weight[tuple(place)] = edit.value
            else:
                x[first, place[0]] = edit.value
    return x

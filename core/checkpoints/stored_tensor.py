"""A tensor as a file has it: its name, dtype and shape, and where its numbers lie; not the numbers."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import worded

#: How many numbers are read at a time: few enough for a core's cache, enough to make the calls cheap.
PART = 2**18

#: The numbers' own bits, flat, as unsigned integers of their width (numpy has no bfloat16).
Bits = NDArray[np.unsignedinteger[Any]]


class Source(Protocol):
    """Where a tensor's numbers lie. It can be pickled: another process opens the file anew."""

    def parts(self, most: int) -> Iterator[Bits]:
        """Yield the numbers' bits in row-major order, at most so many at a time.

        The next part may overwrite this one.

        Raises:
            CheckpointError: the file has changed, or ends too early.
        """


@dataclass(frozen=True)
class Stored:
    """A tensor in a file.

    ``dtype`` is torch's name ("float32", "bfloat16", "int64", "float8_e4m3fn", "bool"), ``shape`` torch's
    order (a Linear weight is (fan_out, fan_in)). ``quantised`` is the format's own name where numbers were
    kept in blocks ("Q4_K"); they are given as float32 then. Those of 8 bits that another tensor scales are
    given as they are ("float8_e4m3fn, scaled"). Two tensors of one ``place`` are the same bytes:
    tied in the file.
    """

    name: str
    file: str
    dtype: str
    shape: tuple[int, ...]
    source: Source
    place: Hashable
    quantised: str = ""


#: How the scale is called that numbers of 8 bits are to be multiplied by, after their own tensor's name.
SCALES = ("_scale", "_scale_inv")


def with_scales(tensors: Iterable[Stored]) -> list[Stored]:
    """Return tensors, those marked as quantised whose numbers mean something only times a scale beside them.

    Each weight, or each block of one, is as wide as its dtype reaches then, whatever it was drawn with.
    """
    tensors = list(tensors)
    names = {each.name for each in tensors}
    return [
        replace(each, quantised=f"{each.dtype}, scaled")
        if each.dtype.startswith("float8") and any(each.name + scale in names for scale in SCALES)
        else each
        for each in tensors
    ]


@dataclass(frozen=True)
class Skipped:
    """What a file has and is not read, by name, and why: a code of ``core.refusals`` and its facts."""

    name: str
    file: str
    code: str
    facts: Mapping[str, object]

    @property
    def why(self) -> str:
        """The reason in an English sentence."""
        return worded(self.code, self.facts)


@dataclass(frozen=True)
class Contents:
    """What one file, or a folder of shards, holds, in the file's order."""

    format: str
    tensors: tuple[Stored, ...]
    skipped: tuple[Skipped, ...]

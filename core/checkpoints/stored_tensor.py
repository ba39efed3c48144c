"""A tensor as a file has it: its name, dtype and shape, and where its numbers lie; not the numbers."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
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
    kept in blocks ("Q4_K"); they are given as float32 then. Two tensors of one ``place`` are the same bytes:
    tied in the file.
    """

    name: str
    file: str
    dtype: str
    shape: tuple[int, ...]
    source: Source
    place: Hashable
    quantised: str = ""


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

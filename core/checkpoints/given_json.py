"""JSON that somebody gives: taken apart place by place, and refused where it is not what it says it is."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from types import NoneType
from typing import Any

import numpy as np
import numpy.typing as npt

from ..checks import is_whole, real
from ..errors import CheckpointError, shown

#: Characters of such a text, at most.
MOST_TEXT = 1 << 29
#: Characters of a name in it.
MOST_NAME = 1 << 16
#: Whole numbers in it are below this, as sizes of tensors are.
MOST_WHOLE = 2**63 - 1

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Given:
    """What stands at a place of a JSON text, as ``tensors[3].std``."""

    value: Any
    place: str = ""

    def at(self, name: str) -> "Given":
        """Return what an object has under a name.

        Raises:
            CheckpointError: as all here, if this is no object, or has no such name.
        """
        place = f"{self.place}.{name}" if self.place else name
        if not isinstance(self.value, dict) or name not in self.value:
            raise CheckpointError("checkpoint.report", place=place, given="missing")
        return Given(self.value[name], place)

    def each(self, most: int = MOST_WHOLE) -> Iterator["Given"]:
        """Yield the members of a list of at most so many."""
        for at, member in enumerate(self.members(most)):
            yield Given(member, f"{self.place}[{at}]")

    def members(self, most: int) -> list[Any]:
        """Return a list of at most so many, as it is."""
        if not isinstance(self.value, list) or len(self.value) > most:
            raise self.refused()
        return self.value

    def text(self) -> str:
        """Return text; what is no letter, as half of a pair, is given as ``?``."""
        if not isinstance(self.value, str) or len(self.value) > MOST_NAME:
            raise self.refused()
        return self.value.encode("utf-8", "replace").decode()

    def whole(self, high: int = MOST_WHOLE) -> int:
        """Return a whole number from 0."""
        if not is_whole(self.value, 0, high):
            raise self.refused()
        return int(self.value)

    def number(self) -> float:
        """Return a finite number; nan for null."""
        found = real(self.value)
        if self.value is not None and not math.isfinite(found):
            raise self.refused()
        return found

    def wholes(self, most: int) -> tuple[int, ...]:
        """Return a list of at most so many whole numbers from 0."""
        values = self.members(most)
        if (
            not {*map(type, values)} <= {int}
            or not 0 <= min(values, default=0) <= max(values, default=0) <= MOST_WHOLE
        ):
            raise self.refused()
        return tuple(values)

    def numbers(self, most: int) -> Array:
        """Return a list of at most so many numbers as float64; nan for null."""
        values = self.members(most)
        try:
            found = np.array(values, np.float64)
        except (TypeError, ValueError, OverflowError):
            raise self.refused() from None
        if not {*map(type, values)} <= {int, float, NoneType} or np.isinf(found).any():
            raise self.refused()
        return found

    def facts(self) -> dict[str, Any]:
        """Return an object of plain values and lists of these; nan for null."""
        if not isinstance(self.value, dict) or len(self.value) > 32:
            raise self.refused()
        return {Given(name, self.place).text(): self.at(name).fact() for name in self.value}

    def fact(self) -> Any:
        """Return one of them."""
        if isinstance(self.value, list):
            if any(isinstance(each, list | dict) for each in self.members(256)):
                raise self.refused()
            return tuple(each.fact() for each in self.each())
        if isinstance(self.value, str):
            return self.text()
        exact = isinstance(self.value, bool) or is_whole(self.value, -MOST_WHOLE, MOST_WHOLE)
        return self.value if exact else self.number()

    def refused(self) -> CheckpointError:
        """Return the error that says that this is not what it must be."""
        return CheckpointError("checkpoint.report", place=self.place or "the whole", given=shown(self.value))


def given(text: object) -> Given:
    """Return what a text of JSON says.

    Raises:
        CheckpointError: if it is no text, too long, no JSON, or nested deeper than can be read.
    """
    if not isinstance(text, str):
        raise Given(text).refused()
    if len(text) > MOST_TEXT:
        raise CheckpointError("checkpoint.report_long", size=len(text), most=MOST_TEXT)
    try:
        return Given(json.loads(text, parse_constant=_no_number))
    except json.JSONDecodeError as error:
        raise CheckpointError("checkpoint.report_json", line=error.lineno, column=error.colno) from None
    except (ValueError, RecursionError):  # a number of 5000 digits; Infinity; lists in lists without end
        raise Given(text).refused() from None


def _no_number(name: str) -> float:
    raise ValueError(name)

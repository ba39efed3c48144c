"""Fan-in and fan-out of a layer."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..checks import is_whole, sequence
from ..errors import ShapeError, shown

#: What torch can count and index: as many dimensions, and weights.
MAX_DIMENSIONS, MAX_SIZE = 64, 2**63 - 1


@dataclass(frozen=True, slots=True)
class Fans:
    """How many inputs feed one output unit, and how many outputs one input unit feeds.

    torch's are whole; true connections may be fractions, where a stride skips positions.
    """

    fan_in: int | Fraction
    fan_out: int | Fraction

    def __post_init__(self) -> None:
        for fan in (self.fan_in, self.fan_out):
            if not _is_fan(fan):
                raise ShapeError("shape.fans", shape=shown((self.fan_in, self.fan_out)))

    @classmethod
    def of(cls, shape: "Sequence[int] | Fans") -> "Fans":
        """Read the fans off a weight shape ``(out, in, *kernel)``, by torch's rule.

        With K = prod(kernel): fan_in = in·K and fan_out = out·K. Fans stay what they are.

        Raises:
            ShapeError: for fewer than two dimensions, or a dimension that is not a positive int.

        Source: ``torch.nn.init._calculate_fan_in_and_fan_out``.
        """
        if isinstance(shape, Fans):
            return shape
        sizes = checked_shape(shape)
        if len(sizes) < 2:
            raise ShapeError("shape.fans:dimensions", shape=sizes, dimensions=len(sizes))
        kernel = math.prod(sizes[2:])
        return cls(fan_in=sizes[1] * kernel, fan_out=sizes[0] * kernel)


def checked_shape(shape: object) -> tuple[int, ...]:
    """Return ``shape``, a sequence or an array, as a tuple of positive ints.

    Raises:
        ShapeError: if it is empty, a dimension is not a positive whole number, or torch could not count it.
    """
    sizes = sequence(shape, MAX_DIMENSIONS) or ()
    whole = [int(size) for size in sizes if is_whole(size, 1, MAX_SIZE)]
    if not 0 < len(sizes) == len(whole) or math.prod(whole) > MAX_SIZE:
        raise ShapeError("shape.sizes", shape=shown(shape), most=MAX_DIMENSIONS)
    return tuple(whole)


def _is_fan(value: object) -> bool:
    if isinstance(value, Fraction):
        return 0 < value <= MAX_SIZE and value.denominator <= MAX_SIZE
    return is_whole(value, 1, MAX_SIZE)

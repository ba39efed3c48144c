"""Numbers whose bits were labelled as another dtype: bfloat16 and float16 have both two bytes."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..weights.laws import Array
from .bit_cells import cells_of
from .measure import Counts, Measured, moments_of

_OTHER = {"float16": "bfloat16", "bfloat16": "float16"}
#: Fewer numbers, and fewer different ones, show no shape.
_LEAST, _DIFFERENT = 1000, 64
#: The sizes of weights, however they were drawn or trained, lie so about their median: twentieth and last
#: twentieth. Of a normal law they are 0.093 and 2.9 times the median, of a uniform one 0.1 and 1.9.
_ORDINARY = ((0.01, 0.3), (1.5, 15))


class Misread(NamedTuple):
    """What the same bits would be: the dtype's name, and the numbers' std then."""

    dtype: str
    std: float


def misread(found: Measured) -> Misread | None:
    """Tell whether bits make no weights as the dtype that they are said to be, and do as the other.

    bfloat16 has three more bits of exponent than float16. Read as float16 all sizes lie within a factor of
    two, none near 0; float16's as bfloat16 are spread over 10¹⁰ and more.
    """
    other = _OTHER.get(found.dtype)
    if other is None or found.n < _LEAST or not 0.25 < _share_above_0(found) < 0.75:
        return None
    low, high = _spread(found.counts, found.dtype)
    squeezed, stretched = low > 0.55 and high < 1.5, low < 1e-6 and high > 100
    if not (squeezed or stretched) or not _is_ordinary(*_spread(found.counts, other)):
        return None
    cells = cells_of(other)
    held = found.counts[cells.codes]
    moments = moments_of(cells.values[held > 0], held[held > 0])
    return Misread(other, float(np.sqrt(moments.sums[0] / moments.n)))


def _share_above_0(found: Measured) -> float:
    at, counts = found.held
    return float(counts[found.cells.values[at] > 0].sum() / found.n)


def _spread(counts: Counts, dtype: str) -> tuple[float, float]:
    """Return below which share of their median a twentieth of all sizes but 0 lies, and above which."""
    codes, sizes = _by_size(dtype)
    held = counts[codes]
    seen = held > 0
    if seen.sum() < _DIFFERENT:
        return 1.0, 1.0
    sizes, below = sizes[seen], np.cumsum(held[seen])
    low, middle, high = sizes[np.searchsorted(below, np.array((0.05, 0.5, 0.95)) * below[-1])]
    return float(low / middle), float(high / middle)


@lru_cache(maxsize=len(_OTHER))
def _by_size(dtype: str) -> tuple[npt.NDArray[np.intp], Array]:
    """Return the cells of finite numbers but 0 and their sizes, rising."""
    cells = cells_of(dtype)
    sizes: Array = np.abs(cells.values)
    order = np.argsort(sizes, kind="stable")
    order = order[sizes[order] > 0]
    return cells.codes[order], sizes[order]


def _is_ordinary(low: float, high: float) -> bool:
    (least, most), (short, long) = _ORDINARY
    return least < low < most and short < high < long

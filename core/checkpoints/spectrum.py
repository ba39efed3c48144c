"""The singular values of a small weight, and where those of independent entries end.

A weight is seen as a matrix here: a row for each output unit, and all that feeds it in columns.
"""

import math
from typing import NamedTuple

import numpy as np

from ..weights.laws import Array, Law
from .bit_cells import cells_of, counted_as
from .output_rows import row_length
from .stored_tensor import Bits

#: Rows or columns, whichever are fewer, and bytes of a weight whose singular values are kept.
MOST_SIDE, MOST_BYTES = 128, 1 << 19
#: Of the largest eigenvalue of real noise, in units of its scale about its centre: one draw of 100 lies
#: beyond (Tracy & Widom 1996; Johnstone 2001, table 1).
ONE_IN_100 = 2.02
#: The singular values of what has none.
NONE = np.zeros(0)


def side_of(dtype: str, shape: tuple[int, ...]) -> int:
    """Return how many singular values are kept of a weight; 0 if it is large, or rows are not looked at."""
    columns = row_length(dtype, shape)
    if not columns or shape[0] * columns * counted_as(dtype).itemsize > MOST_BYTES:
        return 0
    side = min(shape[0], columns)
    return side if 1 < side <= MOST_SIDE else 0


def singular_values(bits: Bits, dtype: str, rows: int) -> Array:
    """Return the singular values of a whole weight, largest first; all nan if a number is not finite.

    They are the roots of the eigenvalues of W·Wᵀ: exact to 10⁻⁸ of the largest.
    """
    weight = _numbers(bits, dtype).reshape(rows, -1)
    if rows > weight.shape[1]:
        weight = weight.T
    products = weight @ weight.T
    if not np.isfinite(products).all():
        return np.full(len(products), math.nan)
    return np.asarray(np.sqrt(np.linalg.eigvalsh(products)[::-1].clip(0)))


def _numbers(bits: Bits, dtype: str) -> Array:
    if dtype in {"float16", "float32", "float64"}:
        return bits.view(dtype).astype(np.float64)
    if dtype == "bfloat16":
        return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32).astype(np.float64)
    cells = cells_of(dtype)
    values = np.full(cells.count, math.nan)
    values[cells.codes] = cells.values
    return np.asarray(values[bits])


def norm_of_row(law: Law, columns: int) -> tuple[float, float]:
    """Return mean and std of the Euclidean norm of so many independent entries of a law with mean 0.

    By the delta method, to the order 1/columns: of their squares' sum the mean is n·σ², the variance
    n·σ⁴·(κ + 2) with the excess kurtosis κ.
    """
    spread = law.excess_kurtosis + 2
    return law.std * math.sqrt(columns) * (1 - spread / (8 * columns)), law.std * math.sqrt(spread) / 2


class Noise(NamedTuple):
    """The singular values of a matrix of independent entries with mean 0 and this std, if it is large.

    Source: Marchenko & Pastur 1967, of the eigenvalues; these are their roots.
    """

    rows: int
    columns: int
    std: float

    @property
    def edges(self) -> tuple[float, float]:
        """Between which they lie: std·|√rows ∓ √columns|."""
        one, other = math.sqrt(self.rows), math.sqrt(self.columns)
        return self.std * abs(one - other), self.std * (one + other)

    @property
    def reach(self) -> float:
        """What the largest of them passes in one draw of 100 (Johnstone 2001, theorem 1.1)."""
        centre, scale = self._largest
        return self.std * math.sqrt(centre + ONE_IN_100 * scale)

    def chance(self, largest: float) -> float:
        """Return how often the largest of them passes this; 1 for what is usual.

        It is the tail of the limit law (Borot & Nadal 2012). From 16 rows and columns on, normal entries pass
        what has a chance of 1/1000, or 1/10 000, about so often; bounded ones do less often.
        """
        centre, scale = self._largest
        far = ((largest / self.std) ** 2 - centre) / scale
        if far <= 0:
            return 1.0
        return float(min(1.0, math.exp(-2 / 3 * far**1.5) / (4 * math.sqrt(math.pi) * math.sqrt(far) ** 1.5)))

    @property
    def _largest(self) -> tuple[float, float]:
        """Centre and scale of the largest eigenvalue, of entries with std 1 (Johnstone 2001)."""
        one, other = math.sqrt(max(self.rows, self.columns) - 1), math.sqrt(min(self.rows, self.columns))
        return (one + other) ** 2, (one + other) * (1 / one + 1 / other) ** (1 / 3)

    def pdf(self, values: Array) -> Array:
        """Return their density: each of the fewer of rows and columns has one."""
        low, high = self.edges
        inside = ((values**2 - low**2) * (high**2 - values**2)).clip(0)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.sqrt(inside) / (math.pi * min(self.rows, self.columns) * self.std**2 * values)
        return np.where(values > 0, found, 0.0)

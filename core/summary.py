"""What is kept of a tensor once its weights are gone: counts, moments and extremes.

A summary has the same size for ten weights as for a billion, and summaries of the parts of a tensor
merge into the summary of the whole.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
import numpy.typing as npt

from core.laws import Array, Band

Counts = npt.NDArray[np.int64]
_Array = TypeVar("_Array", Counts, Array)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Summary:
    """Counts and moments of n drawn weights.

    ``counts[i]`` weights lie in [edges[i], edges[i + 1]), the last bin closed; the end bins also
    take all that lies beyond them, so the counts add up to n. ``outside[i]`` weights lie outside
    band i. Moments are sums of powers of the deviations from the mean, in float64.
    """

    n: int
    mean: float
    minimum: float
    maximum: float
    counts: Counts
    edges: Array
    outside: tuple[int, ...]
    #: Σ(w − mean)^k for k = 2, 3, 4
    power_sums: tuple[float, float, float]
    #: the weights' dtype tells numbers apart by this share of their size
    eps: float = float(np.finfo(np.float64).eps)

    @classmethod
    def of(
        cls,
        values: npt.NDArray[np.floating],
        *,
        edges: Array,
        bands: Sequence[Band],
        eps: float | None = None,
    ) -> Self:
        """Summarise a flat, non-empty array of weights, in any floating dtype of numpy.

        ``eps`` is the machine epsilon of the dtype they were drawn in, if that is not their own.
        """
        wide = values.astype(np.float64)
        # Deviations from one of the weights: for equal weights they are 0 exactly, not almost.
        deviations = wide - wide[0]
        centre = float(deviations.mean())
        deviations -= centre
        squares = deviations * deviations
        return cls(
            n=wide.size,
            mean=float(wide[0]) + centre,
            minimum=float(wide.min()),
            maximum=float(wide.max()),
            counts=_frozen(_count(wide, edges)),
            edges=_frozen(edges),
            outside=tuple(int(np.count_nonzero((wide < band.low) | (wide > band.high))) for band in bands),
            power_sums=(
                float(squares.sum()),
                float(squares @ deviations),
                float(squares @ squares),
            ),
            eps=float(np.finfo(values.dtype).eps) if eps is None else eps,
        )

    @property
    def std(self) -> float:
        """Population standard deviation (ddof 0)."""
        return math.sqrt(self.power_sums[0] / self.n)

    @property
    def excess_kurtosis(self) -> float:
        """Population excess kurtosis; nan where the std is 0."""
        second, _, fourth = self.power_sums
        return self.n * fourth / second**2 - 3 if second > 0 else math.nan

    def merge(self, other: Self) -> Self:
        """Return the summary of both samples together.

        The moments are combined by the pairwise formulas of Pébay 2008 (SAND2008-6212, eqs. 2.1,
        3.1 for orders 2 to 4).

        Raises:
            ValueError: if the two were counted over different edges or bands.
        """
        if not np.array_equal(self.edges, other.edges) or len(self.outside) != len(other.outside):
            raise ValueError("Only summaries over the same edges and bands can be merged.")
        n, d = self.n + other.n, other.mean - self.mean
        a, b = self.n / n, other.n / n
        (m2a, m3a, m4a), (m2b, m3b, m4b) = self.power_sums, other.power_sums
        second = m2a + m2b + n * a * b * d**2
        third = m3a + m3b + n * a * b * (a - b) * d**3 + 3 * d * (a * m2b - b * m2a)
        fourth = (
            m4a
            + m4b
            + n * a * b * (a * a - a * b + b * b) * d**4
            + 6 * d**2 * (a * a * m2b + b * b * m2a)
            + 4 * d * (a * m3b - b * m3a)
        )
        return type(self)(
            n=n,
            mean=self.mean + b * d,
            minimum=min(self.minimum, other.minimum),
            maximum=max(self.maximum, other.maximum),
            counts=_frozen(self.counts + other.counts),
            edges=self.edges,
            outside=tuple(x + y for x, y in zip(self.outside, other.outside, strict=True)),
            power_sums=(second, third, fourth),
            eps=max(self.eps, other.eps),
        )


def _count(values: Array, edges: Array) -> Counts:
    """Count ``values`` into equal bins; the end bins take what lies beyond."""
    clipped = values.clip(edges[0], edges[-1])
    counts, _ = np.histogram(clipped, bins=len(edges) - 1, range=(edges[0], edges[-1]))
    return counts.astype(np.int64)


def _frozen(array: _Array) -> _Array:
    """Make ``array`` read-only: summaries are shared between visitors."""
    array.setflags(write=False)
    return array

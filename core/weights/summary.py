"""What is kept of a tensor once its weights are gone: counts, moments and extremes.

A summary has the same size for ten weights as for a billion, and summaries of the parts of a tensor
merge into the summary of the whole.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple, Self, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from .. import devices
from ..checks import checked_kind
from ..errors import ParameterError
from .laws import Array, Band, Law, checked_bins
from .moments import Moments, merged
from .rounding import checked_drawn_in, checked_held
from .structure import missing
from .tensors import checked_weights, moments_of, parts

Counts = npt.NDArray[np.int64]
_Array = TypeVar("_Array", Counts, Array)

#: Weights counted at a time: their float64 copies stay in a core's own cache.
CHUNK = 1 << 16
#: Longer dot products are spread over threads by BLAS, which then fight those that draw.
DOT = 1 << 13
#: To sort weights once takes less than to compare them all with more numbers than these.
MANY = 24


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Summary:
    """Counts and moments of n drawn weights, all finite; what is not is counted apart.

    ``counts[i]`` weights lie in [edges[i], edges[i + 1]), the last bin closed; the end bins also
    take all that lies beyond them, so the counts add up to n. ``outside[i]`` weights lie outside
    ``bands[i]``. Moments are sums of powers of the deviations from the mean, in float64.
    """

    n: int
    mean: float
    minimum: float
    maximum: float
    counts: Counts
    edges: Array
    #: (low, high) of each band that was counted, as the dtype rounds it
    bands: tuple[tuple[float, float], ...]
    outside: tuple[int, ...]
    #: (value, number of weights equal to it) of each atom of the law
    atoms: tuple[tuple[float, int], ...] = ()
    #: Σ(w − mean)^k for k = 2, 3, 4
    power_sums: tuple[float, float, float]
    #: what the weights are held in
    dtype: torch.dtype = torch.float64
    #: what they were drawn in before they were cast to ``dtype``; None if that is not known
    drawn_in: torch.dtype | None = None
    #: how many others are nan, and how many inf or −inf
    nan: int = 0
    infinite: int = 0
    #: how many facts that hold exactly in such a matrix fail in this one; None if not looked at
    defects: int | None = None

    @classmethod
    def of(
        cls, weights: Tensor | np.ndarray, *, law: Law, bins: int = 200, drawn_in: torch.dtype | None = None
    ) -> Self:
        """Summarise a tensor or array that is already there, over the bins, bands and atoms of ``law``.

        ``weights`` is of any shape, not empty, and of one of ``core.rounding.HELD``. ``drawn_in`` is the
        dtype that they were drawn in; None if that is not known. Weights that have passed through a dtype of
        fewer bits than they have now are given in that one: ``weights.half()`` loses nothing more.

        Where something holds exactly among the entries by the law, as in an orthogonal matrix, and the
        weights have its shape, that is looked at: see ``defects``. Memory is taken for parts, not for all.

        Raises:
            InitLabError: if this is no tensor of real numbers, or an argument is of the wrong kind.
        """
        tensor = checked_weights(weights)
        flat = tensor.flatten()
        tally = Tally(checked_kind("law", law, Law, "a Law"), bins, flat.dtype)
        for part in parts(flat):
            tally.add(part)
        drawn_in = checked_drawn_in(drawn_in)
        with devices.on(tensor.device):
            whole = missing(law, tensor, drawn_in)
        totals = {**tally.totals(), "drawn_in": drawn_in, "defects": whole}
        if not totals["minimum"] < totals["maximum"]:
            return cls(**totals)
        mean, power_sums = moments_of(flat)
        return cls(**{**totals, "mean": mean, "power_sums": power_sums})

    @property
    def size(self) -> int:
        """How many weights there are, finite or not."""
        return self.n + self.nan + self.infinite

    @property
    def std(self) -> float:
        """Population standard deviation (ddof 0); nan where no weight is finite."""
        return math.sqrt(self.power_sums[0] / self.n) if self.n else math.nan

    @property
    def excess_kurtosis(self) -> float:
        """Population excess kurtosis; nan where the std is 0, or a fourth power leaves float64."""
        second, _, fourth = self.power_sums
        return self.n * (fourth / second / second) - 3 if second > 0 and 0 < fourth < math.inf else math.nan

    def merge(self, other: Self) -> Self:
        """Return the summary of both samples together.

        Raises:
            ParameterError: if the two were counted over different edges, bands or atoms.
        """
        checked_kind("other", other, Summary, "a Summary")
        mine, theirs = (
            (summary.edges.tolist(), summary.bands, [value for value, _ in summary.atoms])
            for summary in (self, other)
        )
        if mine != theirs:
            raise ParameterError("parameter.merge")
        counted = self._counted(other)
        if not (self.n and other.n):
            return replace(self if self.n else other, **counted)
        both = merged(*(Moments(each.n, each.mean, each.power_sums) for each in (self, other)))
        return replace(
            self,
            mean=both.mean,
            minimum=min(self.minimum, other.minimum),
            maximum=max(self.maximum, other.maximum),
            power_sums=both.sums,
            **counted,
        )

    def _counted(self, other: "Summary") -> dict[str, Any]:
        """Return what both samples have together, but for moments and extremes."""
        return {
            "n": self.n + other.n,
            "counts": _frozen(self.counts + other.counts),
            "outside": tuple(x + y for x, y in zip(self.outside, other.outside, strict=True)),
            "atoms": tuple((v, x + y) for (v, x), (_, y) in zip(self.atoms, other.atoms, strict=True)),
            "dtype": max(self.dtype, other.dtype, key=lambda dtype: torch.finfo(dtype).eps),
            "drawn_in": self.drawn_in if self.drawn_in == other.drawn_in else None,
            "nan": self.nan + other.nan,
            "infinite": self.infinite + other.infinite,
            "defects": None,  # what holds in a matrix says nothing of two
        }


class _Grid(NamedTuple):
    """What a law and a dtype say of where weights are counted: the same for every draw."""

    edges: Array
    bands: tuple[tuple[float, float], ...]
    #: the atoms
    values: tuple[float, ...]
    #: what the weights are looked at in
    kind: type[np.floating]
    #: a weight's position is its distance from the first edge, in bins
    scale: float
    #: for each inner edge, the smallest number at or above it that a weight can be
    firsts: npt.NDArray[np.floating]
    #: of each band, the first such number within it and the first beyond it
    ends: tuple[tuple[np.floating, np.floating], ...]
    #: those of all these for which the bins do not tell how many weights lie below, rising
    unsure: npt.NDArray[np.floating]

    def to_positions(self, weights: Array) -> Array:
        """Turn weights into positions, in place."""
        np.subtract(weights, self.edges[0], out=weights)
        return np.multiply(weights, self.scale, out=weights)

    def doubtful(self) -> npt.NDArray[np.floating]:
        """Return those of ``firsts`` at whose edge a rounded position may put a weight on the wrong side.

        Each step rounds monotonically, so positions never fall as the weights rise. An edge is therefore
        safe if the two neighbouring numbers around it, the last that a weight can be below it and the
        first at or above it, each get a position on their own side.
        """
        last = np.nextafter(self.firsts, self.kind(-np.inf))
        below, above = (self.to_positions(side.astype(np.float64)) for side in (last, self.firsts))
        number = np.arange(1, len(last) + 1)
        return np.asarray(self.firsts[~((below < number) & (above >= number))])


@lru_cache(maxsize=256)
def _grid(law: Law, bins: int, dtype: torch.dtype) -> _Grid:
    """Work out once what every draw of a class needs: many seeds, few laws."""
    edges = _frozen(law.edges(bins))
    bands = tuple((band.low, band.high) for band in (rounded(band, dtype) for band in law.bands))
    values = tuple(rounded_to(dtype, [value for value, _ in law.atoms]))
    kind = np.float64 if dtype == torch.float64 else np.float32  # holds half precision too
    firsts = _at_least(edges[1:-1], kind)
    ends = tuple(
        (_at_least(low, kind), _at_least(np.nextafter(high, np.inf), kind))
        for low, high in np.array(bands, np.float64)
    )
    scale = bins / float(edges[-1] - edges[0])
    grid = _Grid(edges, bands, values, kind, scale, _frozen(firsts), ends, np.empty(0, kind))
    between = {end for pair in ends for end in pair} - {*firsts}
    unsure: Any = np.unique(np.array([*grid.doubtful(), *between], kind))
    return grid._replace(unsure=_frozen(unsure))


class Tally:
    """Counts weights that follow a law as they come, chunk by chunk, in constant memory."""

    def __init__(self, law: Law, bins: int, dtype: torch.dtype) -> None:
        bins = checked_bins(bins)
        self.dtype = dtype
        self._grid = _grid(law, bins, dtype)
        self.n = self._nan = self._infinite = 0
        self._minimum, self._maximum = math.inf, -math.inf
        self._equal = [0] * len(self._grid.values)
        #: sums of the first four powers of the positions: no law's mean is many std from its first edge
        self._sums = np.zeros(4)
        self._counts = np.zeros(bins, np.int64)
        #: how many weights lie below each number that the bins cannot tell
        self._below = np.zeros(len(self._grid.unsure), np.int64)
        self._scratch = np.empty((2, CHUNK))
        self._index = np.empty(CHUNK, np.intp)

    def add(self, flat: Tensor) -> None:
        """Count the weights of a flat tensor of this tally's dtype, which they were also drawn in."""
        # numpy has no bfloat16 and is slow in float16; float32 holds both exactly
        values = (flat.float() if flat.dtype.itemsize < 4 else flat).cpu().numpy()
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(values), CHUNK):
                self._add(values[start : start + CHUNK])

    def totals(self) -> dict[str, Any]:
        """Return the fields of the ``Summary`` of all that was added."""
        grid, n = self._grid, self.n
        ranks = np.concatenate([self._ranks(grid.firsts), [n]])
        ends = self._ranks(np.array(grid.ends, grid.kind).ravel()).tolist()
        mean, power_sums = self._moments()
        return {
            "n": n,
            "mean": mean,
            "minimum": self._minimum if n else math.nan,
            "maximum": self._maximum if n else math.nan,
            "counts": _frozen(np.diff(ranks, prepend=0)),
            "edges": grid.edges,
            "bands": grid.bands,
            "outside": tuple(low + n - high for low, high in zip(ends[::2], ends[1::2], strict=True)),
            "atoms": tuple(zip(grid.values, self._equal, strict=True)),
            "power_sums": power_sums,
            "dtype": self.dtype,
            "drawn_in": self.dtype,
            "nan": self._nan,
            "infinite": self._infinite,
        }

    def _ranks(self, numbers: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
        """Return how many weights lie below each number, all of them among the grid's."""
        firsts, unsure = self._grid.firsts, self._grid.unsure
        ranks = np.append(np.cumsum(self._counts), 0)[firsts.searchsorted(numbers, side="right") - 1]
        if not len(unsure):
            return ranks
        at = np.minimum(unsure.searchsorted(numbers), len(unsure) - 1)
        return np.where(unsure[at] == numbers, self._below[at], ranks)

    def _moments(self) -> tuple[float, tuple[float, float, float]]:
        """Return the mean, and Σ(w − mean)^k for k = 2 to 4; inf where these leave float64."""
        if not self.n:
            return math.nan, (math.nan,) * 3
        if self._minimum == self._maximum:  # equal weights: exactly no spread, whatever was rounded
            return self._minimum, (0.0, 0.0, 0.0)
        with np.errstate(all="ignore"):
            s1, s2, s3, s4 = self._sums
            mean, bin_ = s1 / self.n, np.float64(1 / self._grid.scale)
            # binomial expansion of Σ(position − mean)^k
            second = max(0.0, s2 - s1 * mean)
            third = s3 - 3 * mean * s2 + 2 * s1 * mean**2
            fourth = s4 - 4 * mean * s3 + 6 * mean**2 * s2 - 3 * s1 * mean**3
            power_sums = float(second * bin_**2), float(third * bin_**3), float(fourth * bin_**4)
            return float(self._grid.edges[0] + mean * bin_), power_sums

    def _add(self, values: npt.NDArray[np.floating]) -> None:
        minimum, maximum = float(values.min()), float(values.max())
        if not (math.isfinite(minimum) and math.isfinite(maximum)):
            values = self._finite(values)
            if not len(values):
                return
            minimum, maximum = float(values.min()), float(values.max())
        self._minimum, self._maximum = min(self._minimum, minimum), max(self._maximum, maximum)
        unsure = self._grid.unsure
        first, last = unsure.searchsorted(np.array([minimum, maximum], unsure.dtype), side="right").tolist()
        self._below[last:] += len(values)
        if last - first > MANY:
            self._below[first:last] += np.searchsorted(np.sort(values), unsure[first:last])
        else:
            for at in range(first, last):
                self._below[at] += np.count_nonzero(values < unsure[at])
        for i, value in enumerate(self._grid.values):
            self._equal[i] += int(np.count_nonzero(values == self._grid.kind(value)))
        self.n += len(values)
        positions, squares = self._scratch[:, : len(values)]
        np.copyto(positions, values)
        self._grid.to_positions(positions)
        np.square(positions, out=squares)
        self._sums += (
            positions.sum(),
            _dot(positions, positions),
            _dot(squares, positions),
            _dot(squares, squares),
        )
        if minimum < self._grid.edges[0] or maximum >= self._grid.edges[-1]:
            np.clip(positions, 0, len(self._counts) - 0.5, out=positions)
        index = self._index[: len(values)]
        np.copyto(index, positions, casting="unsafe")
        self._counts += np.bincount(index, minlength=len(self._counts))

    def _finite(self, values: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """Return the finite ones of ``values``, and count the others."""
        nan, finite = np.isnan(values), np.isfinite(values)
        self._nan += int(nan.sum())
        self._infinite += len(values) - int(nan.sum()) - int(finite.sum())
        return np.asarray(values[finite])


def _at_least(x: Any, kind: type[np.floating]) -> Any:
    """Return the smallest number of ``kind`` that is not below ``x``."""
    near = x.astype(kind)
    return np.where(near < x, np.nextafter(near, kind(np.inf)), near)[()]


def rounded(band: Band, dtype: torch.dtype, drawn_in: torch.dtype | None = None) -> Band:
    """Return ``band`` as weights of ``dtype`` can keep to it, drawn in that or in ``drawn_in``.

    A wall is rounded as the weights themselves are; a yardstick stays where it is.

    Raises:
        InitLabError: if an argument is of the wrong kind.
    """
    checked_kind("band", band, Band, "a Band")
    return _rounded(band, checked_held(dtype), checked_drawn_in(drawn_in))


@lru_cache(maxsize=1024)
def _rounded(band: Band, dtype: torch.dtype, drawn_in: torch.dtype | None) -> Band:
    if band.kind == "coverage":
        return band
    low, high = rounded_to(dtype, rounded_to(drawn_in or dtype, [band.low, band.high]))
    return replace(band, low=low, high=high)


def rounded_to(dtype: torch.dtype, values: Sequence[float]) -> list[float]:
    """Round each value to the nearest number of ``dtype``; what is too large for it is ±inf."""
    numbers: list[float] = torch.tensor(values, dtype=torch.float64, device="cpu").to(dtype).tolist()
    return [
        math.copysign(math.inf, value) if math.isnan(number) else number
        for value, number in zip(values, numbers, strict=True)
    ]


def _dot(x: Array, y: Array) -> float:
    """Return Σ x·y, on this thread alone."""
    if len(x) % DOT:
        return float(np.einsum("i,i", x, y))
    return float(np.vecdot(x.reshape(-1, DOT), y.reshape(-1, DOT)).sum())


def _frozen(array: _Array) -> _Array:
    """Make ``array`` read-only: summaries are shared between visitors."""
    array.setflags(write=False)
    return array

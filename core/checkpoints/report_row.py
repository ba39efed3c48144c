"""What a report has of each tensor: measured, held against the known laws, and marked where it stands out."""

import math
import re
from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from ..weights.laws import Array
from .bit_cells import counted_as
from .candidates import Candidate, Shape
from .inliers import FAR
from .law_fit import Fit, identify
from .measure import Counts, Measured, measure
from .misread import Misread, misread
from .output_rows import MOST_BLOCKS, Units
from .spare_rows import NAMED, Look, Spare, measured_rows, spare_rows
from .stored_tensor import Stored

#: The shares of a row's ``quantiles``.
QUANTILES = (0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999)
#: What marks a row.
FLAGS = (
    *("constant", "zeros", "nan", "inf", "empty", "outliers", "uninitialised"),
    *("dead_rows", "repeated_rows", "spare_rows", "equal_to"),
)
#: Bins of a row's histogram, at most.
BINS = 100
#: Bins of the norms of its rows, at most; norms are one where no two differ by more than this share.
MOST_NORM_BINS, NEARLY = 40, 1e-4
#: How far bfloat16's rounding of sines and cosines takes a row's norm.
_WAVES = 2e-3
#: Finite numbers this large come from memory that nothing was written to.
HUGE = 1e30
#: No weight that a network computes with is so large, and none is found beside denormals.
LARGE = 1e15
#: Fewer different numbers than these make equal rows by chance.
DIFFERENT = 16
EMBEDDING = re.compile(
    r"(^|[._/])(emb|embed\w*|\w*embeddings?|wte|wpe|tok\w*|vocab\w*|shared|lut)([._/]|$)", re.I
)


class Bins(NamedTuple):
    """A histogram: ``counts[i]`` lie from ``edges[i]`` up to ``edges[i + 1]``."""

    counts: Counts
    edges: Array


class Repeated(NamedTuple):
    """Rows, or columns, that are the same to the bit."""

    #: how many are those of an earlier row
    number: int
    #: in how many blocks of rows the weight falls that are all the same; 1: none repeats so
    blocks: int
    #: the same of blocks of columns
    columns: int = 1

    @property
    def in_blocks(self) -> bool:
        """Whether a whole block repeats, as shards that were drawn from one seed do."""
        return max(self.blocks, self.columns) > 1


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One tensor: its moments (std and kurtosis of all numbers, ddof 0), its counts, and what they say.

    ``counts[i]`` of the finite numbers lie from ``edges[i]`` up to ``edges[i + 1]``; the end bins also take
    what lies beyond. Bins are as wide as they can be told apart, so not all alike. ``quantiles`` belong to
    the shares QUANTILES.
    """

    name: str
    file: str
    dtype: str
    shape: tuple[int, ...]
    n: int
    minimum: float
    maximum: float
    mean: float
    std: float
    excess_kurtosis: float
    quantiles: tuple[float, ...]
    zeros: int
    nan: int
    inf: int
    counts: Counts
    edges: Array
    #: the known laws that it does not contradict; None if there is none
    init: Fit | None
    #: of FLAGS
    flags: frozenset[str]
    #: how numbers were quantised, in blocks or with a scale, which no law of single numbers describes
    quantised: str
    #: rows that are 0 or as good as 0: how many, and the first of them
    dead: tuple[int, tuple[int, ...]]
    repeated: Repeated
    #: rows with NaN: how many, and the first of them
    nan_rows: tuple[int, tuple[int, ...]]
    #: rows that no training has moved, under others that it has
    spare: Spare | None
    digest: bytes
    place: Hashable
    #: of its rows' Euclidean norms; None where rows are not looked at
    row_norms: Bins | None
    #: of a small weight, largest first; empty of others, nan where a number is not finite
    singular_values: Array
    #: the first tensor with the same bits at another place
    equal_to: str = ""
    #: what the bits would be that make no weights as this dtype; None of all others
    misread: Misread | None = None

    @property
    def is_float(self) -> bool:
        """Whether its numbers are no whole ones."""
        return "float" in self.dtype

    @property
    def decides(self) -> bool:
        """Whether it tells if a model has been trained: a weight of many numbers that differ."""
        return (
            self.is_float
            and not self.quantised
            and len(self.shape) > 1
            and min(self.shape[:2]) > 1
            and self.n >= 1000
            and self.misread is None
            and not self._is_of_waves
            and not self.flags & {"constant", "zeros", "nan", "inf", "uninitialised"}
        )

    @property
    def _is_of_waves(self) -> bool:
        """Whether each row is sines and their cosines, as of positions: computed, not drawn nor trained.

        With sin² + cos² = 1 all rows of d numbers have the norm √(d/2) (Vaswani et al. 2017, § 3.5).
        """
        if self.row_norms is None or len(self.shape) != 2 or max(-self.minimum, self.maximum) > 1:
            return False
        norm = math.sqrt(self.shape[1] / 2)
        return all(abs(end / norm - 1) <= _WAVES for end in self.row_norms.edges[[0, -1]])


def judged(
    stored: Stored, beside: Shape | None = None, among: int = 1, meant: Candidate | None = None
) -> Row:
    """Read a tensor and return its row; see ``identify``.

    Raises:
        CheckpointError: the file has changed, or ends too early.
    """
    columns = math.prod(stored.shape[1:])
    return row_of_measured(
        stored,
        measure(stored),
        lambda chosen: measured_rows(stored, chosen, columns),
        beside=beside,
        among=among,
        meant=meant,
    )


def row_of_measured(  # noqa: PLR0913 - what was measured, and all that it is judged by
    stored: Stored,
    found: Measured,
    look: Look,
    *,
    beside: Shape | None = None,
    among: int = 1,
    meant: Candidate | None = None,
) -> Row:
    """Return the row of a tensor that has been measured; its numbers are seen again by ``look`` alone."""
    fit = None if stored.quantised else identify(found, beside=beside, among=among, meant=meant)
    spare = None
    if fit is None and not stored.quantised and found.units is not None:
        spare = spare_rows(stored.shape, found.units, look, among)
    units = found.units or Units(np.empty(0), np.empty(0, np.uint64))
    dead, broken = np.flatnonzero(units.dead), np.flatnonzero(np.isnan(units.squares))
    repeated = _repeated(found)
    counts, edges = histogram(found)
    marks = {
        **_marks(found),
        "outliers": fit is not None and fit.outliers > 0,
        "dead_rows": len(dead) > 0 and _varied(found) and not _is_padding(stored, dead),
        "repeated_rows": repeated.number > 0,
        "spare_rows": spare is not None,
    }
    return Row(
        name=stored.name,
        file=stored.file,
        dtype=stored.dtype,
        shape=stored.shape,
        n=found.n,
        minimum=found.minimum,
        maximum=found.maximum,
        mean=found.moments.mean,
        std=found.std,
        excess_kurtosis=found.excess_kurtosis,
        quantiles=tuple(found.quantiles(np.array(QUANTILES)).tolist()),
        zeros=found.zeros,
        nan=found.nan,
        inf=found.inf,
        counts=counts,
        edges=edges,
        init=fit,
        flags=frozenset(name for name, holds in marks.items() if holds),
        quantised=stored.quantised,
        dead=(len(dead), tuple(dead[:NAMED].tolist())),
        repeated=repeated,
        nan_rows=(len(broken), tuple(broken[:NAMED].tolist())),
        spare=spare,
        digest=found.digest,
        place=stored.place,
        row_norms=_row_norms(found),
        singular_values=found.singular_values,
        misread=None if stored.quantised or len(stored.shape) < 2 else misread(found),
    )


def _marks(found: Measured) -> dict[str, bool]:
    """Return what a tensor's numbers say by themselves."""
    whole = found.moments.n == found.n > 0
    return {
        "empty": found.n == 0,
        "zeros": whole and found.zeros == found.n,
        "constant": whole and found.n > 1 and found.minimum == found.maximum != 0,
        "nan": found.nan > 0,
        "inf": found.inf > 0,
        "uninitialised": _is_uninitialised(found),
    }


def _varied(found: Measured) -> bool:
    """Tell whether rows can hardly be equal, or 0, by chance or design, as those of masks are."""
    return int(np.count_nonzero(found.counts)) >= DIFFERENT


def _is_padding(stored: Stored, dead: npt.NDArray[np.intp]) -> bool:
    """Tell whether the rows that are 0 are an embedding's: a few that pad, or the last of all."""
    rows, columns = stored.shape[0], math.prod(stored.shape[1:])
    looked_up = EMBEDDING.search(stored.name) is not None or rows >= 5 * columns
    return looked_up and (len(dead) <= max(1, rows // 50) or rows - int(dead[0]) == len(dead))


def _is_uninitialised(found: Measured) -> bool:
    """Tell whether there are numbers that no init and no training gives: 1e37, or denormals by themselves.

    A weight that decays to 0 passes through the numbers above the denormals; the largest number of a
    dtype, as a mask has it, is written on purpose.
    """
    kind = counted_as(found.dtype)
    if not kind.is_floating_point or kind.itemsize == 1 or kind == torch.float16 or not found.moments.n:
        return False
    at, counts = found.held
    size = np.abs(found.cells.values[at])
    largest = max(-found.minimum, found.maximum)
    if largest >= HUGE:
        written = {torch.finfo(each).max for each in (torch.float32, torch.bfloat16, torch.float64)}
        return not {-found.minimum, found.maximum} & written
    least = torch.finfo(kind).smallest_normal
    small = int(counts[(size >= least) & (size < least * 1e8)].sum())
    return found.subnormal > (1 if largest >= LARGE else max(1, small))


def _repeated(found: Measured) -> Repeated:
    """Count the rows that repeat an earlier one; rows of 0 do not count."""
    none = Repeated(0, 1)
    if found.units is None or not _varied(found):
        return none
    hashes = found.units.hashes[~found.units.dead]
    number = len(hashes) - len(np.unique(hashes))
    if number == len(hashes) - 1:  # all alike: one row, laid out for each unit
        return none
    rows = len(hashes)
    blocks = [k for k in range(2, min(rows, MOST_BLOCKS) + 1) if number and rows % k == 0]
    same = [k for k in blocks if np.array_equal(hashes[rows // k :], hashes[: -(rows // k)])]
    return Repeated(number, max(same, default=1), found.units.blocks)


def histogram(found: Measured, bins: int = BINS) -> tuple[Counts, Array]:
    """Return counts of all finite numbers, and edges, about the median; empty without numbers."""
    if not found.moments.n:
        return np.zeros(0, np.int64), np.zeros(0)
    if found.minimum == found.maximum:
        half = max(1.0, abs(found.minimum)) / 2
        return np.array([found.moments.n]), np.array([found.minimum - half, found.minimum + half])
    first, middle, third = found.quantiles(np.array((0.25, 0.5, 0.75)))
    reach = FAR / 2 * (third - first) / 1.349 or math.inf
    low, high = max(found.minimum, middle - reach), min(found.maximum, middle + reach)
    cells = found.cells
    with np.errstate(over="ignore"):
        wanted = low + (high - low) * (np.arange(bins) / bins)
    at = np.unique(np.searchsorted(cells.high, wanted, side="right").clip(0, len(cells.low) - 1))
    held, numbers = found.held
    counts = np.zeros(len(at), np.int64)
    np.add.at(counts, np.searchsorted(at[1:], held, side="right"), numbers)
    edges = np.concatenate([cells.low[at], [cells.high[max(at[-1], np.searchsorted(cells.values, high))]]])
    biggest = np.finfo(np.float64).max
    return counts, edges.clip(-biggest, biggest)


def _row_norms(found: Measured) -> Bins | None:
    if found.units is None:
        return None
    norms = np.sqrt(found.units.squares * math.prod(found.shape[1:]))
    norms = norms[np.isfinite(norms)]
    if not len(norms):
        return None
    low, high = float(norms.min()), float(norms.max())
    if high - low < NEARLY * high or not high:  # what is left is rounding
        half = NEARLY * high or 0.5
        return Bins(np.array([len(norms)]), np.array([low - half, high + half]))
    counts, edges = np.histogram(norms, bins=min(MOST_NORM_BINS, 2 * math.ceil(len(norms) ** (1 / 3))))
    return Bins(counts.astype(np.int64), edges)

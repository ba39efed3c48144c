"""Which law did a tensor start by, and is it still there?

Support, mean, scale, kurtosis and Kolmogorov's distance are held against each candidate; the law must also
leave the rows alike, as independent draws do and training does not. With a billion numbers every p-value
is 0, for no generator is that good, and no rounding: there a law fits by the size of what is off.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np
import torch
from scipy import special

from ..weights.families import normal
from ..weights.laws import Law
from ..weights.referee_checks import Sample, moments
from ..weights.rounding import Rounded, rounded_law, share_below, ways
from ..weights.summary import rounded
from .candidates import (
    BOUNDS,
    RARE,
    STDS,
    Candidate,
    Named,
    Shape,
    candidate,
    near,
    optional,
    residual,
    written,
)
from .independence import ROWS, SIDE, chances, dispersion
from .inliers import Inliers, inliers
from .measure import Measured

#: The share of honest files in which any tensor is called none of the known laws, at most.
ALPHA = 0.001
#: The p-value from which a tensor is believed to be at its start where others have been trained.
CONVINCING = 0.05
#: How far off a std must be seen for that.
CLOSE = 0.05
#: What is off by less than this is no matter of a law, whatever its p-value: of Kolmogorov's distance, of
#: the std relatively, of the mean in std, of the excess kurtosis.
DISTANCE, SCALE, MEAN, KURTOSIS = 0.002, 0.005, 0.005, 0.03
#: Of fewer numbers than these the std is near to some number of two digits, whatever it is: a person may have
#: written one of a single digit, which is as near to any std of fewer than the second.
ENOUGH, FEWER = 20_000, 4_000
#: A std so far off is nobody's chance, in no file.
SELDOM = 1e-12
#: No law has so small a std, nor one so large: fourth powers of such numbers leave float64.
LEAST = 1e-75
#: Fewer than these are judged by the exact laws of small samples, and by no kurtosis.
SOME = 1000


@dataclass(frozen=True, slots=True)
class Fit:
    """The known laws that a tensor does not contradict: no sign of training, which is not proof of none."""

    #: (key, params), best first; all that fit
    schemes: tuple[Named, ...]
    #: of each, the shape whose fans it was reckoned with: the tensor's, or that of a matrix which it stacks
    shapes: tuple[Shape, ...]
    #: of the first: the largest gap between the shares below any number, found and expected (Kolmogorov)
    distance: float
    #: of the first: found std over expected, less 1; 0 for a law without spread
    scale: float
    #: of the first, corrected for the number of checks
    p_value: float
    #: the least of each that would have refuted the first: of ``distance``, and of ``scale``
    would_refute: tuple[float, float]
    #: numbers far outside the law that were left aside
    outliers: int = 0
    #: of the first; see ``Candidate``
    rank: int = 0

    @property
    def decisive(self) -> bool:
        """Whether a std that is a tenth off would have been seen."""
        return self.would_refute[1] <= 0.1


def stands_out(fit: Fit | None, layers: int) -> bool:
    """Tell whether a tensor is at its start among trained ones, of which some are near to some law by chance.

    A law fits well, and it is what many libraries do.
    """
    well = fit is not None and (fit.p_value >= CONVINCING or fit.distance <= DISTANCE)
    return well and is_common(fit, layers, CLOSE)


def is_common(fit: Fit | None, layers: int, close: float) -> bool:
    """Tell whether a law is what many libraries do, and a std by ``close`` off it would have been seen.

    One with a number of layers in it is so only in a model of as many.
    """
    if fit is None:
        return False
    key, params = fit.schemes[0]
    common = fit.rank == 0 and key not in RARE and params.get("n_layer", layers) == layers
    return common and fit.would_refute[1] <= close


class _Match(NamedTuple):
    """How a candidate and a tensor agree."""

    candidate: Candidate
    distance: float
    scale: float
    p_value: float


def identify(
    measured: Measured, *, beside: Shape | None = None, among: int = 1, meant: Candidate | None = None
) -> Fit | None:
    """Return the known laws that fit; None if none does, as in a trained tensor.

    ``beside`` is the shape of the weight to which this, a bias, belongs; ``among`` how many tensors are
    judged together: the more they are, the further off one of them may be by chance; ``meant`` what it is
    said to be.
    """
    if not measured.moments.n or measured.nan or measured.inf or "float" not in measured.dtype:
        return None
    if measured.minimum == measured.maximum:
        return _without_chance(
            "zeros" if not measured.maximum else "ones" if measured.maximum == 1 else "constant", measured
        )
    if measured.pattern is not None:
        return _without_chance(measured.pattern, measured)
    alpha = -math.expm1(math.log1p(-ALPHA) / among)
    with np.errstate(all="ignore"):
        held = inliers(measured)
        if held is None or not LEAST < held.std < 1 / LEAST:
            return None
        proposed = chain(optional(meant), _proposed(measured, held, beside))
        matches = _matches(proposed, held, measured, alpha)
        matches = matches or _matches(_fitted(measured, held), held, measured, alpha)
    if not matches:
        return None
    best_first = _best_first(matches, alpha)
    return _fit(best_first, _limits(best_first[0].candidate.law, held, measured, alpha), held.outliers)


def _without_chance(key: str, measured: Measured) -> Fit | None:
    params = {"val": measured.minimum} if key == "constant" else {}
    found = candidate(key, params, measured.shape)
    return None if found is None else _fit([_Match(found, 0.0, 0.0, 1.0)], (0.0, 0.0), 0)


def _best_first(matches: list[_Match], alpha: float) -> list[_Match]:
    """Sort by likelihood; where a law fits but for chance, leave out those that are only nearly right.

    What is exact in an orthogonal matrix is not so by chance.
    """
    once: dict[object, _Match] = {}
    for match in matches:  # of equals the first: what libraries do by themselves
        once.setdefault((match.candidate.named.key, match.candidate.shape, match.scale), match)
    honest = [match for match in once.values() if match.p_value >= alpha] or [*once.values()]
    return sorted(
        honest,
        key=lambda match: (
            match.candidate.law.family != "orthogonal",
            match.candidate.rank,
            -round(match.p_value, 1),
        ),
    )


def _fit(matches: list[_Match], limits: tuple[float, float], outliers: int) -> Fit:
    best = matches[0]
    return Fit(
        tuple(match.candidate.named for match in matches),
        tuple(match.candidate.shape for match in matches),
        best.distance,
        best.scale,
        best.p_value,
        limits,
        outliers,
        max(0, best.candidate.rank),
    )


def _limits(law: Law, held: Inliers, measured: Measured, alpha: float) -> tuple[float, float]:
    """Return what refutes a law: of distance, and of relative scale.

    Numbers of one that is uniform lie beyond its walls, or leave a gap before both of half of what they are
    too small by: few of them tell more than a std does.
    """
    distance = float(special.kolmogi(alpha) / math.sqrt(held.n))
    spread = 2.0 if law.atoms else law.excess_kurtosis + 2
    scale = float(-special.ndtri(alpha / 2) * math.sqrt(spread / (4 * held.n)))
    if _has_sharp_walls(law, held, measured):
        scale = min(scale, -2 * math.expm1(math.log(alpha / 2) / held.n))
    return max(DISTANCE, distance), max(SCALE, scale)


def _proposed(measured: Measured, held: Inliers, beside: Shape | None) -> Iterator[Candidate]:
    """Yield all candidates whose scale the tensor's is near to."""
    room = max(SCALE, 6.5 / math.sqrt(2 * held.n))
    shape = measured.shape
    # draws' std over their law's, if that is normal; others' vary less
    least, most = np.sqrt(special.chdtri(held.n, (1 - SELDOM, SELDOM)) / held.n).tolist()
    low = held.std / max(most, 1 + SCALE)
    high = math.hypot(held.std, held.mean) / min(least, 1 - SCALE)  # about 0, as a law may be
    yield from near(shape, beside, lambda std: low <= std <= high)
    if len(shape) == 2:
        yield from residual(shape, held.std, room / 2)
        yield from _sparse(measured, held)
    if len(shape) > 1:
        yield from _written(held, room / 2, shape, shows=_shows(measured, held))


def _written(held: Inliers, room: float, shape: Shape, *, shows: bool) -> Iterator[Candidate]:
    """Yield laws with a number that a person may have written; walls tell more than a std does.

    A number of two digits is near to any std of few numbers.
    """
    for digits in (1, 2) if shows else (1,):
        rank = 1 if digits == 1 or held.n >= ENOUGH else 2
        std, bound = (written(one, room, digits) for one in (held.std, math.sqrt(3) * held.std))
        top = written(held.highest, 1 / math.sqrt(held.n), digits) if held.lowest >= 0 else None
        if std and std not in STDS and held.n >= FEWER:
            yield from optional(candidate("normal", {"std": std}, shape, rank))
        if bound and bound not in BOUNDS and held.n >= SOME:
            yield from optional(candidate("uniform", {"a": -bound, "b": bound}, shape, rank))
        if top and held.n >= SOME:
            yield from optional(candidate("uniform", {"a": 0.0, "b": top}, shape, rank))


def _shows(measured: Measured, held: Inliers) -> bool:
    """Tell whether a tensor that has been trained would show it, by many numbers or by its spectrum."""
    return held.n >= (ENOUGH if len(measured.singular_values) < SIDE else FEWER)


def _fitted(measured: Measured, held: Inliers) -> Iterator[Candidate]:
    """Yield laws whose scale is the tensor's own, where the tensor is large enough to show another law.

    A wall stands where the largest number does: one that is reckoned from the std would lie within the
    numbers of every other tensor.
    """
    shape = measured.shape
    if len(shape) < 2 or not _shows(measured, held):
        return
    rows, columns = shape[0], math.prod(shape[1:])
    if len(measured.singular_values) or rows <= columns:  # rows of a tall one do not tell
        gain = held.std * math.sqrt(max(rows, columns))
        yield from optional(candidate("orthogonal", {"gain": gain}, shape, 2))
    yield from optional(candidate("normal", {"std": held.std}, shape, 2))
    wall = max(-held.lowest, held.highest) * (1 + 1 / held.n)
    yield from optional(candidate("uniform", {"a": -wall, "b": wall}, shape, 2))
    yield from optional(candidate("trunc_normal", {"std": wall / 2, "a": -wall, "b": wall}, shape, 2))


def _sparse(measured: Measured, held: Inliers) -> Iterator[Candidate]:
    """Yield a law with as many zeros in each column as there are."""
    rows, columns = measured.shape[0], measured.n // measured.shape[0]
    dead = 0 if measured.units is None else int((measured.units.squares == 0).sum())
    zeros, by_chance = divmod(measured.zeros - dead * columns, columns)
    if len(measured.shape) != 2 or not 0 < zeros < rows or by_chance > 2 + 1e-4 * measured.n:
        return
    near_it = (written(zeros / rows, room, digits) for digits, room in ((1, 0.5), (2, 0.1)))
    sparsity = next((s for s in near_it if s and math.ceil(s * rows) == zeros), (zeros - 0.5) / rows)
    std = held.std / math.sqrt(1 - zeros / rows)
    nice = written(std, 5 / math.sqrt(2 * held.n) + SCALE)
    yield from optional(
        candidate("sparse", {"sparsity": sparsity, "std": nice or std}, measured.shape, 0 if nice else 2)
    )


def _matches(proposed: Iterator[Candidate], held: Inliers, measured: Measured, alpha: float) -> list[_Match]:
    found = []
    for each in proposed:
        match = _match(each, held, measured, alpha)
        nearly = match is not None and match.distance <= DISTANCE and abs(match.scale) <= SCALE
        if match is not None and (
            match.p_value >= alpha or (nearly and min(chances(each.law, held, measured), default=1) >= alpha)
        ):
            found.append(match)
    return found


def _match(each: Candidate, held: Inliers, measured: Measured, alpha: float) -> _Match | None:
    """Hold a tensor against a law; None where it is beyond its walls, off centre, or of another shape.

    So too where moments or rows refute it, at ``alpha``, and the scale is not the law's but for a little.
    """
    law = each.law
    if law.continuous is None or not _within(law, held):
        return None
    zeros = round(held.n * law.atoms[0][1]) if law.atoms else 0
    n = held.n - zeros
    mean = held.mean * held.n / n
    square = (held.std**2 + held.mean**2) * held.n / n - 2 * mean * law.mean + law.mean**2
    part = law if not law.atoms else normal(law.parameters[0])
    off = max(MEAN, 6 / math.sqrt(n)) + torch.finfo(held.dtype).eps  # rounding may shift it by as much
    if abs(mean - law.mean) > off * part.std:
        return None
    kurtosis = held.kurtosis if not zeros else (held.kurtosis + 3) * n / held.n - 3
    if n >= SOME and abs(kurtosis - part.excess_kurtosis) > max(KURTOSIS, 6 * math.sqrt(24 / n)):
        return None
    scale = math.sqrt(square) / part.std - 1
    if law.family == "orthogonal":
        return _orthogonal_match(each, held, measured, scale)
    structure = [*chances(law, held, measured), *_reach(law, held, measured)]
    found = []
    for drawn in _as_drawn(part, held):
        checks = [*structure, *(check.p_value for check in moments(Sample(n, mean, square, drawn)))]
        number = len(checks) + 1
        if abs(scale) > SCALE and _of_any(min(checks, default=1.0), number) < alpha:
            continue  # whatever the distance, which takes the longest
        distance = _distance(drawn, held, zeros)
        p = min([_kolmogorov(n, distance), *checks])
        found.append(_Match(each, distance, scale, _of_any(p, number)))
    return max(found, key=lambda match: (match.p_value, -match.distance), default=None)


def _of_any(p: float, checks: int) -> float:
    """Return the chance that any of so many independent checks has so small a p-value."""
    return -math.expm1(checks * math.log1p(-p)) if p < 1 else 1.0


def _as_drawn(law: Law, held: Inliers) -> list[Rounded]:
    """Return a law as the numbers' dtype rounds it, drawn there, or drawn in float32 and cast.

    Between these two a normal law is the same; so is any in a dtype whose numbers are close.
    """
    if not held.exact:
        return [rounded_law(law, torch.float64)]
    drawn_in = [torch.float32] if law.family == "normal" or held.dtype.itemsize == 1 else ways(held.dtype)[:2]
    return [rounded_law(law, held.dtype, way) for way in drawn_in]


def _within(law: Law, held: Inliers) -> bool:
    """Tell whether no number lies beyond the law's walls, as any way of rounding moves these."""
    walls = _walls(law, held.dtype)
    return not walls or any(low <= held.lowest and held.highest <= high for low, high in walls)


@lru_cache(maxsize=2048)
def _walls(law: Law, dtype: torch.dtype) -> tuple[tuple[float, float], ...]:
    walls = (rounded(band, dtype, way) for band in law.bands if band.kind == "support" for way in ways(dtype))
    return tuple((wall.low, wall.high) for wall in walls)


def _reach(law: Law, held: Inliers, measured: Measured) -> Iterator[float]:
    """Yield the chance that no number of a uniform law comes nearer to its walls, of which one is enough.

    Half precision has few numbers there, and a draw in it may never take the last.
    """
    if not _has_sharp_walls(law, held, measured):
        return
    wall = next(band for band in law.bands if band.kind == "support")
    gap = max(held.lowest - wall.low, wall.high - held.highest) / (wall.high - wall.low)
    yield min(1.0, 2 * math.exp(held.n * math.log1p(-max(0.0, gap))))


def _has_sharp_walls(law: Law, held: Inliers, measured: Measured) -> bool:
    return law.family == "uniform" and held.dtype.itemsize >= 4 and not measured.origin


def _kolmogorov(n: int, distance: float) -> float:
    """Return the chance of such a distance, by its limit law as Stephens 1970 corrects it for few numbers."""
    return float(special.kolmogorov((math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n)) * distance))


def _distance(drawn: Rounded, held: Inliers, zeros: int = 0) -> float:
    """Return Kolmogorov's distance from a law as it was rounded."""
    counts = held.counts
    if zeros:
        counts = counts.copy()
        near = np.abs(held.values)
        at = int(np.argmax(np.where(near == near.min(), counts, -1)))  # 0 and −0 have a cell each
        counts[at] = max(0.0, counts[at] - zeros)
    after = np.cumsum(counts)
    share, before = after / after[-1], (after - counts) / after[-1]
    if held.exact:
        low, high = drawn.below(held.values), 1 - drawn.above(held.values)
    else:
        low, high = share_below(drawn.law, np.concatenate([held.low, held.high])).reshape(2, -1)
    return float(max(np.abs(low - before).max(), np.abs(high - share).max()))


def _orthogonal_match(each: Candidate, held: Inliers, measured: Measured, scale: float) -> _Match | None:
    """Accept what has the exact mean square of orthonormal rows or columns: by chance it is √(2/n) off."""
    (second, *_), n, mean = measured.moments.sums, measured.moments.n, measured.moments.mean
    square = (second / n + mean * mean) / each.law.std**2
    grid = held.dtype if held.dtype.itemsize < 4 else torch.float64
    wanted = (rounded_law(each.law, grid, torch.float64).std / each.law.std) ** 2
    room = 1e-5 + (held.dtype.itemsize < 4) * 4 * torch.finfo(held.dtype).eps / math.sqrt(n)
    if abs(square - wanted) > room or room > 0.1 * math.sqrt(2 / n):
        return None
    rows, columns = each.law.matrix or (1, 1)
    values = measured.singular_values
    if len(values) == min(rows, columns) and values[0] > (1 + ROWS) * values[-1]:  # which are alike
        return None
    if measured.units is not None and abs(
        dispersion(each.law, measured.units.squares, columns) - max(0, 1 - columns / rows)
    ) > ROWS + 6 * math.sqrt(2 / rows):
        return None
    return _Match(each, _distance(_as_drawn(each.law, held)[0], held), scale, 1.0)

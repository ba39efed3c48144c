"""How a tensor agrees with one law: by its walls, its moments, its rows and Kolmogorov's distance."""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from scipy import special

from ..weights.families import normal
from ..weights.laws import Law
from ..weights.referee_checks import Sample, moments
from ..weights.rounding import Rounded, rounded_law, share_below, ways
from ..weights.summary import rounded
from .candidates import Candidate
from .independence import ROWS, chances, dispersion
from .inliers import Inliers
from .measure import Measured

#: What is off by less than this is no matter of a law, whatever its p-value: of Kolmogorov's distance, of
#: the std relatively, of the mean in std, of the excess kurtosis.
DISTANCE, SCALE, MEAN, KURTOSIS = 0.002, 0.005, 0.005, 0.03
#: Fewer than these are judged by the exact laws of small samples, and by no kurtosis.
SOME = 1000


class Match(NamedTuple):
    """How a candidate and a tensor agree."""

    candidate: Candidate
    distance: float
    scale: float
    p_value: float


def agreement(each: Candidate, held: Inliers, measured: Measured, alpha: float) -> Match | None:
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
        found.append(Match(each, distance, scale, _of_any(p, number)))
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
    if not has_sharp_walls(law, held, measured):
        return
    wall = next(band for band in law.bands if band.kind == "support")
    gap = max(held.lowest - wall.low, wall.high - held.highest) / (wall.high - wall.low)
    yield min(1.0, 2 * math.exp(held.n * math.log1p(-max(0.0, gap))))


def has_sharp_walls(law: Law, held: Inliers, measured: Measured) -> bool:
    """Tell whether no number of a law lies beyond its walls, and one may lie at them."""
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
        (twice,) = np.nonzero(held.values[1:] == held.values[:-1])  # −0 and 0 are one number of a law
        share[twice], before[twice + 1] = share[twice + 1], before[twice]
        low, high = drawn.below(held.values), 1 - drawn.above(held.values)
    else:
        low, high = share_below(drawn.law, np.concatenate([held.low, held.high])).reshape(2, -1)
    return float(max(np.abs(low - before).max(), np.abs(high - share).max()))


def _orthogonal_match(each: Candidate, held: Inliers, measured: Measured, scale: float) -> Match | None:
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
    return Match(each, _distance(_as_drawn(each.law, held)[0], held), scale, 1.0)

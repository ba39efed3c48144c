"""Which law did a tensor start by, and is it still there?

Support, mean, scale, kurtosis and Kolmogorov's distance are held against each candidate; the law must also
leave the rows alike, as independent draws do and training does not. With a billion numbers every p-value
is 0, for no generator is that good, and no rounding: there a law fits by the size of what is off.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from scipy import special

from ..weights.laws import Law
from .candidates import (
    BOUNDS,
    CUTS,
    RARE,
    RARE_GAINS,
    STDS,
    Candidate,
    Named,
    Shape,
    candidate,
    near,
    optional,
    parts,
    residual,
    written,
)
from .independence import SIDE, chances
from .inliers import Inliers, inliers
from .law_match import DISTANCE, SCALE, SOME, Match, agreement, has_sharp_walls
from .measure import Measured

#: The share of honest files in which any tensor is called none of the known laws, at most.
ALPHA = 0.001
#: The p-value from which a tensor is believed to be at its start where others have been trained.
CONVINCING = 0.05
#: How far off a std must be seen for that.
CLOSE = 0.05
#: Of fewer numbers than these the std is near to some number of two digits, whatever it is: a person may have
#: written one of a single digit, which is as near to any std of fewer than the second.
ENOUGH, FEWER = 20_000, 4_000
#: A std so far off is nobody's chance, in no file.
SELDOM = 1e-12
#: No law has so small a std, nor one so large: fourth powers of such numbers leave float64.
LEAST = 1e-75


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
    common = common and not (key.startswith("xavier") and params.get("gain") in RARE_GAINS)
    return common and fit.would_refute[1] <= close


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
    return None if found is None else _fit([Match(found, 0.0, 0.0, 1.0)], (0.0, 0.0), 0)


def _best_first(matches: list[Match], alpha: float) -> list[Match]:
    """Sort by likelihood; where a law fits but for chance, leave out those that are only nearly right.

    What is exact in an orthogonal matrix is not so by chance.
    """
    once: dict[object, Match] = {}
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


def _fit(matches: list[Match], limits: tuple[float, float], outliers: int) -> Fit:
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
    if has_sharp_walls(law, held, measured):
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
        ends = [_end(end, held, digits) for end in (held.lowest, held.highest)]
        if std and std not in STDS and held.n >= FEWER:
            yield from optional(candidate("normal", {"std": std}, shape, rank))
        if bound and bound not in BOUNDS and held.n >= SOME:
            yield from optional(candidate("uniform", {"a": -bound, "b": bound}, shape, rank))
        if None not in ends and held.n >= SOME:
            yield from optional(candidate("uniform", dict(zip("ab", ends, strict=True)), shape, rank))


def _end(reached: float, held: Inliers, digits: int) -> float | None:
    """Return the number of so few digits that a law's end may be, by the last number before it."""
    if abs(reached) <= 10 * (held.highest - held.lowest) / held.n:
        return 0.0
    return written(reached, 1 / math.sqrt(held.n), digits)


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
    (second, *_), mean = measured.moments.sums, measured.moments.mean
    square = second / measured.moments.n + mean * mean  # about 0, as rows have their length
    for part in (shape, *parts(shape)):
        rows, columns = part[0], math.prod(part[1:])
        if len(measured.singular_values) or rows <= columns:  # rows of a tall one do not tell
            gain = math.sqrt(square * max(rows, columns))
            yield from optional(candidate("orthogonal", {"gain": gain}, part, 2))
    yield from optional(candidate("normal", {"std": held.std}, shape, 2))
    wall = max(-held.lowest, held.highest) * (1 + 1 / held.n)
    gap = (held.highest - held.lowest) / held.n
    for low, high in ((-wall, wall), (held.lowest - gap, held.highest + gap)):
        yield from optional(candidate("uniform", {"a": low, "b": high}, shape, 2))
    for cut in CUTS:
        yield from optional(candidate("trunc_normal", {"std": wall / cut, "a": -wall, "b": wall}, shape, 2))


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


def _matches(proposed: Iterator[Candidate], held: Inliers, measured: Measured, alpha: float) -> list[Match]:
    found = []
    for each in proposed:
        match = agreement(each, held, measured, alpha)
        nearly = match is not None and match.distance <= DISTANCE and abs(match.scale) <= SCALE
        if match is not None and (
            match.p_value >= alpha or (nearly and min(chances(each.law, held, measured), default=1) >= alpha)
        ):
            found.append(match)
    return found

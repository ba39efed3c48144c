"""Probability laws of one weight: what theory expects of a drawn entry.

A law is a continuous part (from scipy.stats) mixed with atoms, points that carry a probability of
their own. It brings the bands that a chart draws over the weights, each with its formula.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from ..checks import checked_array, is_whole, real, unfit
from ..errors import ParameterError

Array = npt.NDArray[np.float64]
#: ``indicator`` is a pattern of zeros and ones; ``sparse`` a normal law with some weights set to 0
Family = Literal["uniform", "normal", "truncated_normal", "orthogonal", "sparse", "indicator", "point"]
Kind = Literal["support", "coverage"]

#: How many standard deviations a coverage band reaches, as the lesson has it: ±3·stddev.
COVERAGE_SIGMAS = 3
#: How far the bins of an unbounded law reach: past ±5σ lie 6 weights in ten million.
EDGE_SIGMAS = 5


class Expression(NamedTuple):
    """A formula in LaTeX: with symbols, with this layer's numbers put in, and its value."""

    symbolic: str
    numeric: str
    value: float


@dataclass(frozen=True, slots=True)
class Band:
    """An interval that the theory marks.

    ``support`` is a wall: nothing lies outside it, up to the rounding of the tensor's dtype.
    ``coverage`` is a yardstick: a known share, 1 − ``probability``, lies outside.
    """

    kind: Kind
    low: float
    high: float
    #: probability of the closed interval [low, high]
    probability: float
    #: LaTeX, with symbols
    formula: str
    #: LaTeX of the low and the high end, with this layer's numbers where it computes them
    ends: tuple[str, str]

    def __post_init__(self) -> None:
        low, high = real(self.low), real(self.high)
        fits = {
            "kind": (isinstance(self.kind, str) and self.kind in _KINDS, " or ".join(_KINDS)),
            "low": (low <= high, "a number, and no more than high"),
            "probability": (0 <= real(self.probability) <= 1, "a number from 0 to 1"),
            "formula": (isinstance(self.formula, str), "text"),
            "ends": (_all(self.ends, str) and len(self.ends) == 2, "a pair of texts"),
        }
        _check_fit(self, fits)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)


class Pattern(NamedTuple):
    """What holds exactly among the entries of one tensor, as the function of ``torch.nn.init`` makes it."""

    function: str
    #: (name, value) of each argument that matters
    arguments: tuple[tuple[str, Any], ...]
    #: of the tensor, or of the matrix that torch makes of it
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Law:
    """The law of one entry of a weight tensor.

    ``continuous`` is a frozen scipy.stats distribution or None; the atoms' probabilities and the
    continuous part's share add up to 1.
    """

    family: Family
    #: the law's parameters in the order of the family's usual notation: (b) or (a, b), (σ) or (μ, σ), (c)
    parameters: tuple[Expression, ...]
    bands: tuple[Band, ...]
    continuous: Any = None
    #: (value, probability) of each point mass
    atoms: tuple[tuple[float, float], ...] = ()
    #: where the continuous part is a normal law cut at walls: mean and std before the cut
    uncut: tuple[float, float] | None = None
    #: what the law of one entry does not say, where something holds exactly among them
    pattern: Pattern | None = None
    mean: float = field(init=False)
    #: population standard deviation
    std: float = field(init=False)
    #: E[(w − μ)⁴]/σ⁴ − 3; nan where σ = 0, as nothing is spread
    excess_kurtosis: float = field(init=False)
    #: probability of the continuous part
    share: float = field(init=False)

    def __post_init__(self) -> None:
        self._check()
        parts = [(p, value, 0.0, 0.0, 0.0) for value, p in self.atoms]
        share = 1.0 - math.fsum(p for _, p in self.atoms) if self.continuous is not None else 0.0
        if self.continuous is not None:
            moments = self.continuous.stats("mvsk") if self.uncut is None else _moments_of(self.continuous)
            m, v, s, k = (float(moment) for moment in moments)
            if self.uncut is not None and self.uncut[0] == 0 and self.support[0] == -self.support[1]:
                m = s = 0.0
            parts.append((share, m, v, s * v**1.5, (k + 3) * v**2))
        mean = math.fsum(p * m for p, m, *_ in parts)
        variance = math.fsum(p * (v + (m - mean) ** 2) for p, m, v, _, _ in parts)
        # the fourth moment about the common mean, from each part's moments about its own
        fourth = math.fsum(
            p * (m4 + 4 * m3 * (m - mean) + 6 * v * (m - mean) ** 2 + (m - mean) ** 4)
            for p, m, v, m3, m4 in parts
        )
        # A frozen instance computes its own fields once, through object.
        object.__setattr__(self, "share", share)
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "std", math.sqrt(variance))
        kurtosis = fourth / variance**2 - 3 if variance > 0 else math.nan
        # of one part its own: by the moments a normal law's came out as 4e-16
        if share == 1 and variance > 0:
            kurtosis = k
        object.__setattr__(self, "excess_kurtosis", kurtosis)

    def _check(self) -> None:
        """Refuse what no law consists of.

        Raises:
            ParameterError: for a part of the wrong kind.
        """
        fits = {
            "family": (isinstance(self.family, str) and self.family in _FAMILIES, ", ".join(_FAMILIES)),
            "parameters": (_all(self.parameters, Expression), "a tuple of Expressions"),
            "bands": (
                _all(self.bands, Band) and all(_numbers((band.low, band.high)) for band in self.bands),
                f"a tuple of Bands, of {FURTHEST:g} at most",
            ),
            "continuous": (
                isinstance(self.continuous, _FROZEN) or (self.continuous is None and _is_some(self.atoms)),
                "a distribution of scipy.stats, or None beside atoms",
            ),
            "atoms": (
                _all(self.atoms, tuple) and all(map(_numbers, self.atoms)) and _shares(self.atoms),
                f"a tuple of (value, probability), of {FURTHEST:g} at most",
            ),
            "uncut": (self.uncut is None or _numbers(self.uncut), "a pair of numbers, or None"),
            "pattern": (self.pattern is None or isinstance(self.pattern, Pattern), "a Pattern, or None"),
        }
        _check_fit(self, fits)

    @property
    def random(self) -> bool:
        """False if every draw gives the same tensor."""
        return self.family not in {"point", "indicator"}

    @property
    def independent(self) -> bool:
        """Whether the entries of a tensor are drawn independently of each other."""
        return self.family in {"uniform", "normal", "truncated_normal"}

    @property
    def matrix(self) -> tuple[int, int] | None:
        """(rows, columns) of the matrix that the entries of one tensor form, if they depend on each other."""
        if self.pattern is None or self.family not in {"orthogonal", "sparse"}:
            return None
        rows, columns = self.pattern.shape
        return rows, columns

    @property
    def support(self) -> tuple[float, float]:
        """Smallest and largest value that can occur; infinite where there is no bound."""
        walls = [(band.low, band.high) for band in self.bands if band.kind == "support"]
        return walls[0] if walls else (-math.inf, math.inf)

    def pdf(self, x: npt.ArrayLike) -> Array:
        """Density of the continuous part at ``x``; an atom has probability but no density.

        Raises:
            ParameterError: unless ``x`` is a number, or an array of numbers.
        """
        x = checked_array("x", x)
        if self.continuous is None:
            return np.zeros_like(x)
        with np.errstate(over="ignore"):  # far out, the square of x leaves the doubles, and the density is 0
            return np.asarray(self.share * self.continuous.pdf(x))

    def cdf(self, x: npt.ArrayLike) -> Array:
        """P(w ≤ x), atoms included.

        Raises:
            ParameterError: unless ``x`` is a number, or an array of numbers.
        """
        x = checked_array("x", x)
        total = np.zeros_like(x) if self.continuous is None else self.share * self.continuous.cdf(x)
        for value, probability in self.atoms:
            total = total + probability * (x >= value)
        return np.asarray(total)

    def edges(self, bins: int) -> Array:
        """``bins + 1`` histogram edges, float64, fixed by the law alone.

        They span the support, so that no bin straddles a wall, or where that is further, mean ± 5 std
        of the continuous part; a single point gets half a unit (or half its size) on each side.

        Raises:
            ParameterError: unless ``bins`` is a whole number from 1 to 10 000.
        """
        bins = checked_bins(bins)
        low, high = self.reach(EDGE_SIGMAS)
        if low == high:
            half = max(1.0, abs(low)) / 2
            low, high = low - half, high + half
        return np.linspace(low, high, bins + 1)

    def reach(self, sigmas: float) -> tuple[float, float]:
        """Return the support, cut off at this many standard deviations of the continuous part.

        Raises:
            ParameterError: unless ``sigmas`` is a number that is not negative.
        """
        sigmas = real(given := sigmas)
        if not sigmas >= 0:
            raise unfit("sigmas", given, "a number that is not negative")
        low, high = self.support
        if self.continuous is None:
            return low, high
        mean, std = (self.mean, self.std) if not self.atoms else map(float, _centre(self.continuous))
        return max(low, mean - sigmas * std), min(high, mean + sigmas * std)


#: How far out what a law consists of may lie.
FURTHEST = 1e60
_FAMILIES, _KINDS = get_args(Family), get_args(Kind)
#: A distribution of scipy.stats with its parameters.
_FROZEN = type(stats.norm())


def _check_fit(part: object, fits: Mapping[str, tuple[bool, str]]) -> None:
    """Refuse the first field that does not fit, in the words of what would.

    Raises:
        ParameterError: if there is one.
    """
    for name, (fit, wanted) in fits.items():
        if not fit:
            raise unfit(name, getattr(part, name), wanted)


def _is_some(parts: object) -> bool:
    return not isinstance(parts, tuple) or len(parts) > 0


def _all(parts: object, kind: type) -> bool:
    return isinstance(parts, tuple) and all(isinstance(part, kind) for part in parts)


def _numbers(pair: object) -> bool:
    """Tell whether this is a pair of numbers whose fourth powers a double holds."""
    return isinstance(pair, tuple) and len(pair) == 2 and all(abs(real(x)) <= FURTHEST for x in pair)


def _shares(atoms: tuple[tuple[float, float], ...]) -> bool:
    """Tell whether probabilities are none, or add up to 1 at most, to rounding."""
    return all(p >= 0 for _, p in atoms) and math.fsum(p for _, p in atoms) <= 1 + 1e-12


def checked_bins(bins: object) -> int:
    """Return a number of bins if it may be one; see ``Law.edges``."""
    if not is_whole(bins, 1, 10_000):
        raise ParameterError("parameter.bins", value=bins)
    return int(bins)  # type: ignore[call-overload,no-any-return]


def _centre(continuous: Any) -> tuple[float, float]:
    """Return mean and std of a scipy.stats distribution."""
    return continuous.mean(), continuous.std()


#: Nodes and weights on [−1, 1]; 256 of them integrate exp(−x²/2) over ±10 to the last digit.
_NODES, _WEIGHTS = special.roots_legendre(256)


def quadrature(continuous: Any) -> tuple[Array, Array]:
    """Return points and weights, Σ weights = 1, whose sums are expectations under a density."""
    low, high = continuous.ppf(1e-18), continuous.isf(1e-18)
    x = (high + low) / 2 + (high - low) / 2 * _NODES
    weight = _WEIGHTS * continuous.pdf(x)
    return x, weight / weight.sum()


def _moments_of(cut: Any) -> tuple[float, float, float, float]:
    """Return mean, variance, skewness and excess kurtosis of a density with walls, by quadrature.

    scipy computes the moments of ``truncnorm`` by a recursion that cancels for a narrow cut.
    """
    x, weight = quadrature(cut)
    mean = float(weight @ x)
    second, third, fourth = (float(weight @ (x - mean) ** k) for k in (2, 3, 4))
    if second == 0:  # so far from 0 that no two of its numbers differ
        return mean, 0.0, 0.0, 0.0
    return mean, second, third / second**1.5, fourth / second**2 - 3

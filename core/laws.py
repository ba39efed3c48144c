"""Probability laws of one weight: what theory expects of a drawn entry.

A law is a continuous part (from scipy.stats) mixed with atoms, points that carry a probability of
their own. It brings the bands that a chart draws over the weights, each with its formula.
"""

import math
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from core.errors import ParameterError
from core.fans import is_whole

Array = npt.NDArray[np.float64]
Family = Literal["uniform", "normal", "point"]

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

    kind: Literal["support", "coverage"]
    low: float
    high: float
    #: probability of the closed interval [low, high]
    probability: float
    #: LaTeX, with symbols
    formula: str
    #: LaTeX of the low and the high end, with this layer's numbers where it computes them
    ends: tuple[str, str]


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
    mean: float = field(init=False)
    #: population standard deviation
    std: float = field(init=False)
    #: E[(w − μ)⁴]/σ⁴ − 3; nan where σ = 0, as nothing is spread
    excess_kurtosis: float = field(init=False)
    _share: float = field(init=False)

    def __post_init__(self) -> None:
        parts = [(p, value, 0.0, 0.0) for value, p in self.atoms]
        share = 1.0 - math.fsum(p for _, p in self.atoms)
        if self.continuous is not None:
            m, v, k = (float(moment) for moment in self.continuous.stats("mvk"))
            parts.append((share, m, v, k))
        mean = math.fsum(p * m for p, m, _, _ in parts)
        variance = math.fsum(p * (v + (m - mean) ** 2) for p, m, v, _ in parts)
        # the fourth moment about the common mean, of parts that are each symmetric about their own
        fourth = math.fsum(
            p * ((k + 3) * v**2 + 6 * v * (m - mean) ** 2 + (m - mean) ** 4) for p, m, v, k in parts
        )
        # A frozen instance computes its own fields once, through object.
        object.__setattr__(self, "_share", share)
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "std", math.sqrt(variance))
        kurtosis = fourth / variance**2 - 3 if variance > 0 else math.nan
        object.__setattr__(self, "excess_kurtosis", kurtosis)

    @property
    def random(self) -> bool:
        """False if every draw gives the same value."""
        return self.std > 0

    @property
    def support(self) -> tuple[float, float]:
        """Smallest and largest value that can occur; infinite where there is no bound."""
        walls = [(band.low, band.high) for band in self.bands if band.kind == "support"]
        return walls[0] if walls else (-math.inf, math.inf)

    def pdf(self, x: npt.ArrayLike) -> Array:
        """Density of the continuous part at ``x``; an atom has probability but no density."""
        if self.continuous is None:
            return np.zeros_like(np.asarray(x, dtype=float))
        return np.asarray(self._share * self.continuous.pdf(x))

    def cdf(self, x: npt.ArrayLike) -> Array:
        """P(w ≤ x), atoms included."""
        x = np.asarray(x, dtype=float)
        total = np.zeros_like(x) if self.continuous is None else self._share * self.continuous.cdf(x)
        for value, probability in self.atoms:
            total = total + probability * (x >= value)
        return np.asarray(total)

    def edges(self, bins: int) -> Array:
        """``bins + 1`` histogram edges, float64, fixed by the law alone.

        They span the support, so that no bin straddles a wall; an unbounded law gets mean ± 5 std
        and a single point half a unit (or half its size) on each side.

        Raises:
            ParameterError: unless ``bins`` is a whole number from 1 to 10 000.
        """
        if not is_whole(bins, 1, 10_000):
            raise ParameterError(
                f"bins must be a whole number from 1 to 10000; it was {bins!r}.",
                code="parameter.bins",
                value=bins,
            )
        low, high = self.support
        if not math.isfinite(high - low):
            low, high = self.mean - EDGE_SIGMAS * self.std, self.mean + EDGE_SIGMAS * self.std
        elif low == high:
            half = max(1.0, abs(low)) / 2
            low, high = low - half, high + half
        return np.linspace(low, high, int(bins) + 1)


def point(value: Expression) -> Law:
    """All weights equal ``value``."""
    c = value.value
    band = Band("support", c, c, 1.0, value.symbolic, (value.numeric, value.numeric))
    return Law("point", (value,), (band,), atoms=((c, 1.0),))


def uniform(low: Expression, high: Expression) -> Law:
    """U[low, high); the two ends are the support."""
    band = Band(
        "support",
        low.value,
        high.value,
        1.0,
        rf"[{low.symbolic},\,{high.symbolic}]",
        (low.symbolic, high.symbolic),
    )
    return Law("uniform", (low, high), (band,), stats.uniform(low.value, high.value - low.value))


def symmetric_uniform(bound: Expression) -> Law:
    """U[−b, b); the bound ±b is the support."""
    if bound.value == 0:
        return point(Expression("0", "0", 0.0))
    b = bound.value
    band = Band("support", -b, b, 1.0, rf"\pm{bound.symbolic}", (f"-{bound.numeric}", f"+{bound.numeric}"))
    return Law("uniform", (bound,), (band,), stats.uniform(-b, 2 * b))


def normal(std: Expression, mean: Expression | None = None) -> Law:
    """N(mean, std²); without ``mean``, centred on 0. Its band covers mean ± 3 std."""
    centre = 0.0 if mean is None else mean.value
    if std.value == 0:
        return point(mean or Expression("0", "0", 0.0))
    reach = COVERAGE_SIGMAS * std.value
    about = "" if centre == 0 else r"\mu"
    band = Band(
        "coverage",
        centre - reach,
        centre + reach,
        math.erf(COVERAGE_SIGMAS / math.sqrt(2)),
        rf"{about}\pm{COVERAGE_SIGMAS}\sigma",
        (rf"{about}-{COVERAGE_SIGMAS}\sigma", rf"{about}+{COVERAGE_SIGMAS}\sigma"),
    )
    parameters = (std,) if mean is None else (mean, std)
    return Law("normal", parameters, (band,), stats.norm(centre, std.value))

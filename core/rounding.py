"""A law as the numbers of a dtype round it.

torch draws a real number and rounds it to the nearest that the dtype can hold. In half precision these
stand so far apart that a test against the continuous law would find the rounding, not a fault; so each
number gets the probability of all that is rounded to it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from scipy import special

from core.laws import Array, Band, Law, quadrature

#: More numbers than these within a law's reach: rounding no longer moves its moments noticeably.
LISTED = 1 << 17
#: How far a law is listed, in std: past 38 no double holds a normal law's probability.
REACH = 38


@dataclass(frozen=True, slots=True, eq=False)
class Rounded:
    """The continuous part of a law, rounded to a dtype."""

    law: Law
    dtype: torch.dtype
    mean: float
    std: float
    #: E[((w − mean)/std)^k] for k = 3 to 8
    moments: tuple[float, ...]
    #: the numbers of the dtype that carry probability, and the running sum; None if they are too many
    numbers: Array | None
    cumulative: Array | None

    @property
    def excess_kurtosis(self) -> float:
        return self.moments[1] - 3

    def below(self, x: Array) -> Array:
        """P(w < x)."""
        if self.numbers is not None and self.cumulative is not None:
            return np.asarray(self.cumulative[np.searchsorted(self.numbers, x, side="left")])
        return _share_below(self.law, cut(x, self.dtype))

    def above(self, x: Array) -> Array:
        """P(w > x)."""
        if self.numbers is not None and self.cumulative is not None:
            return np.asarray(1 - self.cumulative[np.searchsorted(self.numbers, x, side="right")])
        return _share_above(self.law, cut(np.nextafter(x, np.inf), self.dtype))

    def outside(self, low: Sequence[float], high: Sequence[float]) -> tuple[float, ...]:
        """P(w < low or w > high), of each pair."""
        beyond = self.below(np.array(low)) + self.above(np.array(high))
        return tuple(beyond.tolist())


def spacing(x: float, dtype: torch.dtype) -> float:
    """Return the gap between neighbouring numbers of ``dtype`` around |x|.

    It halves with each power of two down to the dtype's smallest normal number, and stays there: below
    lie the subnormal numbers, all as far apart. Past the largest number it is what would follow.
    """
    limits = torch.finfo(dtype)
    _, exponent = math.frexp(max(abs(x), limits.tiny))
    return math.ldexp(limits.eps, exponent - 1)


@lru_cache(maxsize=256)
def rounded_law(law: Law, dtype: torch.dtype) -> Rounded:
    """Return the continuous part of ``law`` as weights of ``dtype`` follow it."""
    numbers = _numbers(*law.reach(REACH), dtype)
    if numbers is None:
        continuous = law.continuous
        x, share = quadrature(continuous)
        mean, std = float(continuous.mean()), float(continuous.std())
        if law.uncut is not None:
            mean, std = law.mean, law.std
        return Rounded(law, dtype, mean, std, _moments(x, share, mean, std), None, None)
    share = _shares(law, dtype, numbers)
    # a law symmetric about 0 stays so, but for the open upper end of a uniform one
    mean = 0.0 if law.mean == 0 and law.family != "uniform" else float(share @ numbers)
    std = math.sqrt(float(share @ (numbers - mean) ** 2))
    cumulative = np.concatenate([[0.0], np.cumsum(share)]).clip(0, 1)
    return Rounded(law, dtype, mean, std, _moments(numbers, share, mean, std), numbers, cumulative)


@lru_cache(maxsize=1024)
def share_outside(law: Law, band: Band, dtype: torch.dtype) -> float:
    """Return the share of the continuous part, rounded, that lies outside ``band``."""
    (share,) = rounded_law(law, dtype).outside([band.low], [band.high])
    return share


def _moments(x: Array, share: Array, mean: float, std: float) -> tuple[float, ...]:
    if std == 0:
        return (math.nan,) * 6
    z = (x - mean) / std
    return tuple(float(share @ z**k) for k in range(3, 9))


def _shares(law: Law, dtype: torch.dtype, numbers: Array) -> Array:
    """Return the probability of each of ``numbers``: of all that is nearer to it than to another."""
    middles = (numbers[1:] + numbers[:-1]) / 2
    if law.family == "uniform":
        # torch holds the two ends in float32 at the coarsest
        kind = np.float64 if dtype == torch.float64 else np.float32
        low, high = (float(kind(end)) for end in law.support)
        share = np.diff(((middles - low) / (high - low)).clip(0, 1), prepend=0, append=1)
        # the upper end is open: what would be rounded to it, torch sets to the lower one
        last = torch.tensor(high, dtype=torch.float64).to(dtype).item()
        share[0] += share[numbers == last].sum()
        share[numbers == last] = 0
        return np.asarray(share)
    if law.uncut is not None:  # each number's own share of the normal law, and then the cut
        mean, std = law.uncut
        outermost = cut(np.array([numbers[0], np.nextafter(numbers[-1], np.inf)]), dtype)
        bounds = np.concatenate([outermost[:1], middles, outermost[1:]])
        share = np.diff(special.ndtr((bounds - mean) / std))
        return np.asarray(share / share.sum())
    return np.diff(law.continuous.cdf(middles), prepend=0, append=1)


def _numbers(low: float, high: float, dtype: torch.dtype) -> Array | None:
    """Return all numbers of ``dtype`` from ``low`` to ``high``, each rounded, unless they are too many."""
    if dtype == torch.float64:
        return None
    if dtype.itemsize == 2:
        every = _half(dtype)
        ends = torch.tensor([low, high], dtype=torch.float64).to(dtype).tolist()
        return np.asarray(every[(every >= ends[0]) & (every <= ends[1])])
    first, last = (_ordinal(np.float32(end)) for end in (low, high))
    if last - first >= LISTED:
        return None
    return np.asarray(_from_ordinal(np.arange(first, last + 1)), dtype=np.float64)


@lru_cache(maxsize=2)
def _half(dtype: torch.dtype) -> Array:
    """Return every finite number of a half-precision dtype, rising."""
    bits = torch.arange(-(1 << 15), 1 << 15).to(torch.int16)
    values = bits.view(dtype).double()
    return np.unique(values[values.isfinite()].numpy() + 0.0)  # + 0.0 makes −0 and 0 one


def _ordinal(x: np.float32) -> int:
    """Number the float32s in their order: neighbours differ by 1, and 0 is 0."""
    bits = int(x.view(np.int32))
    return bits if bits >= 0 else -(bits & 0x7FFFFFFF)


def _from_ordinal(order: np.ndarray) -> np.ndarray:
    bits = np.where(order >= 0, order, -order | 0x80000000).astype(np.uint32)
    return bits.view(np.float32)


def _share_below(law: Law, x: Array) -> Array:
    """Return scipy's cdf, and where it is normal what that comes to once the arguments are checked."""
    if law.family in {"normal", "sparse"}:
        mean, std = law.continuous.args
        return np.asarray(special.ndtr((x - mean) / std))
    return np.asarray(law.continuous.cdf(x))


def _share_above(law: Law, x: Array) -> Array:
    """Return scipy's survival function, in the same way."""
    if law.family in {"normal", "sparse"}:
        mean, std = law.continuous.args
        return np.asarray(special.ndtr((mean - x) / std))
    return np.asarray(law.continuous.sf(x))


def cut(x: Array, dtype: torch.dtype) -> Array:
    """Return where a real number must lie to be rounded to below ``x``: below this."""
    if dtype == torch.float64:
        return x
    if dtype.itemsize == 2:
        every = _half(dtype)
        at = np.searchsorted(every, x, side="left").clip(1, len(every) - 1)
        return np.asarray((every[at] + every[at - 1]) / 2)
    above = x.astype(np.float32)
    above = np.where(above < x, np.nextafter(above, np.float32(np.inf)), above)
    below = np.nextafter(above, np.float32(-np.inf))
    return np.asarray((above.astype(np.float64) + below.astype(np.float64)) / 2)

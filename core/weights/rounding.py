"""A law as the numbers of a dtype round it.

torch draws a real number and rounds it to the nearest that the dtype can hold. In half precision these
stand so far apart that a test against the continuous law would find the rounding, not a fault; so each
number gets the probability of all that is rounded to it.

Weights drawn in one dtype and then cast to another differ from weights drawn in the other. Where rounding
would give the open upper end, torch's half-precision ``uniform_`` sets the lower end; a cast does not. And
a cut normal law is cut before the rounding of a cast, but after that of a draw.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from numbers import Real

import numpy as np
import torch
from scipy import special

from ..checks import DRAWN, checked_dtype, checked_kind, real
from ..errors import DtypeError, ParameterError, shown
from .laws import Array, Band, Law, quadrature
from .narrow_cuts import is_narrow

#: All dtypes whose weights can be summarised: torch draws nothing in 8 bits, but casts to them.
HELD = (*DRAWN, torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz)

#: More numbers than these within a law's reach: rounding no longer moves its moments noticeably.
LISTED = 1 << 17
#: What has a smaller probability is rounding, or is never seen.
SEEN = 1e-12
#: How far a law is listed, in std: past 38 no double holds a normal law's probability.
REACH = 38


@dataclass(frozen=True, slots=True, eq=False)
class Rounded:
    """The continuous part of a law, rounded to a dtype, as far as that can hold it."""

    law: Law
    dtype: torch.dtype
    drawn_in: torch.dtype
    mean: float
    std: float
    #: E[((w − mean)/std)^k] for k = 3 to 8
    moments: tuple[float, ...]
    #: the numbers of the dtype that carry probability, and the running sum; None if they are too many
    numbers: Array | None
    cumulative: Array | None
    #: probability of what the dtype turns into inf or nan
    lost: float = 0.0
    #: probability of all numbers but the likeliest
    elsewhere: float = 1.0

    @property
    def excess_kurtosis(self) -> float:
        return self.moments[1] - 3

    @np.errstate(all="ignore")
    def below(self, x: Array) -> Array:
        """P(w < x)."""
        if self.numbers is not None and self.cumulative is not None:
            return np.asarray(self.cumulative[np.searchsorted(self.numbers, x, side="left")])
        first, open_end = self._open_end
        return np.asarray(share_below(self.law, cut(x, self.dtype)) + open_end * (x > first))

    @np.errstate(all="ignore")
    def above(self, x: Array) -> Array:
        """P(w > x)."""
        if self.numbers is not None and self.cumulative is not None:
            return np.asarray(1 - self.cumulative[np.searchsorted(self.numbers, x, side="right")])
        beyond = _share_above(self.law, cut(np.nextafter(x, np.inf), self.dtype))
        return np.asarray((beyond - self._open_end[1]).clip(0))

    @property
    def _open_end(self) -> tuple[float, float]:
        """The lower end of an even draw, or even proposals, and the share that is there, not at the upper."""
        if self.drawn_in != self.dtype or not _is_even(self.law):
            return -math.inf, 0.0
        first, last = _ends(self.law, self.dtype)
        return first, float(_share_above(self.law, cut(np.array([last]), self.dtype))[0])

    def outside(self, low: Sequence[float], high: Sequence[float]) -> tuple[float, ...]:
        """P(w < low or w > high), of each pair."""
        beyond = self.below(np.array(low)) + self.above(np.array(high))
        return tuple(beyond.tolist())


def checked_held(dtype: object) -> torch.dtype:
    """Return ``dtype`` if weights of it can be summarised.

    Raises:
        DtypeError: for all but ``HELD``; the message says what would be right.
    """
    if isinstance(dtype, torch.dtype) and dtype in HELD:
        return dtype
    code = "dtype.held"
    if isinstance(dtype, torch.dtype):
        code = "dtype.held:packed" if "float" in str(dtype) else "dtype.held:cast"
        code = "dtype.held:complex" if dtype.is_complex else code
    raise DtypeError(code, value=_name(dtype), allowed=tuple(map(_name, HELD)))


def checked_drawn_in(drawn_in: object) -> torch.dtype | None:
    """Return ``drawn_in`` if torch draws weights in it, or if it is None: not known.

    Raises:
        DtypeError: otherwise.
    """
    return None if drawn_in is None else checked_dtype(drawn_in, "drawn_in")


def ways(dtype: torch.dtype) -> tuple[torch.dtype, ...]:
    """Return the dtypes in which weights of ``dtype`` may have been drawn, likeliest first.

    None has fewer bits than they have now: whoever casts upwards has to say so.
    """
    if dtype.itemsize == 8:
        return torch.float64, torch.float32
    if dtype.itemsize == 4:
        return torch.float32, torch.float64
    if dtype.itemsize == 2:
        return dtype, torch.float32, torch.float16 if dtype == torch.bfloat16 else torch.bfloat16
    return torch.float32, torch.bfloat16, torch.float16


def rounded_law(law: Law, dtype: torch.dtype, drawn_in: torch.dtype | None = None) -> Rounded:
    """Return the continuous part of ``law`` as weights of ``dtype`` follow it.

    ``drawn_in`` is what they were drawn in before they were cast to ``dtype``; by default they were not
    cast, or where torch draws no such dtype, drawn in float32.

    Raises:
        InitLabError: if an argument is of the wrong kind, or the law has no continuous part.
    """
    if checked_kind("law", law, Law, "a Law").continuous is None:
        raise ParameterError("parameter.continuous:rounded", name="law")
    known = _listed if checked_held(dtype).itemsize < 4 else _unlisted
    return known(law, dtype, checked_drawn_in(drawn_in) or ways(dtype)[0])


@np.errstate(all="ignore")
def _rounded_law(law: Law, dtype: torch.dtype, drawn_in: torch.dtype) -> Rounded:
    numbers, share = _drawn_numbers(law, drawn_in)
    if numbers is None and drawn_in != dtype and (numbers := _numbers(*law.reach(REACH), dtype)) is not None:
        share = _cast_shares(law, dtype, numbers)
    elif numbers is not None and drawn_in != dtype:
        numbers, share = _cast(numbers, share, dtype)
    if numbers is None:
        continuous = law.continuous
        x, share = quadrature(continuous)
        mean, std = float(continuous.mean()), float(continuous.std())
        if law.uncut is not None:
            mean, std = law.mean, law.std
        return Rounded(law, dtype, drawn_in, mean, std, _moments(x, share, mean, std), None, None)
    lost = max(0.0, 1 - float(share.sum()))
    share = share / share.sum() if lost < 1 else np.full(len(share), 1 / len(share))
    # a law symmetric about 0 stays so, but for the open upper end of a uniform one
    mean = 0.0 if law.mean == 0 and law.family != "uniform" else float(share @ numbers)
    elsewhere = 1 - float(share.max())
    std = math.sqrt(float(share @ (numbers - mean) ** 2)) if elsewhere > SEEN else 0.0
    cumulative = np.concatenate([[0.0], np.cumsum(share)]).clip(0, 1)
    moments = _moments(numbers, share, mean, std)
    lost = lost if lost > SEEN else 0.0
    return Rounded(law, dtype, drawn_in, mean, std, moments, numbers, cumulative, lost, elsewhere)


#: What was worked out last; where numbers are listed each holds half a megabyte, or more.
_listed, _unlisted = lru_cache(maxsize=48)(_rounded_law), lru_cache(maxsize=256)(_rounded_law)


def share_outside(law: Law, band: Band, dtype: torch.dtype, drawn_in: torch.dtype | None = None) -> float:
    """Return the share of the continuous part, rounded, that lies outside ``band``; see ``rounded_law``."""
    checked_kind("law", law, Law, "a Law"), checked_kind("band", band, Band, "a Band")
    return _share_outside(law, band, checked_held(dtype), checked_drawn_in(drawn_in))


@lru_cache(maxsize=1024)
def _share_outside(law: Law, band: Band, dtype: torch.dtype, drawn_in: torch.dtype | None) -> float:
    (share,) = rounded_law(law, dtype, drawn_in).outside([band.low], [band.high])
    return share


def spacing(x: float, dtype: torch.dtype) -> float:
    """Return the gap between neighbouring numbers of ``dtype`` from |x| on; nan unless x is finite.

    It is eps times the power of two at or below |x|, and no less than the smallest subnormal number: 2⁻²⁴ in
    float16, 2⁻¹³³ in bfloat16, 2⁻¹⁴⁹ in float32 (IEEE 754-2019, 3.3). Past the largest number, where there
    are no neighbours, it is the last gap below it.

    Raises:
        InitLabError: if an argument is of the wrong kind.
    """
    x, dtype = real(checked_kind("x", x, Real, "a number")), checked_held(dtype)
    if not math.isfinite(x):
        return math.nan
    if dtype.itemsize == 1:  # of one of them torch's own eps is wrong
        every = _every(dtype)
        at = np.searchsorted(every, abs(x), side="right").clip(1, len(every) - 1)
        return float(every[at] - every[at - 1])
    kind = torch.finfo(dtype)
    x = min(abs(x), kind.max)
    power = math.ldexp(1.0, math.frexp(x)[1] - 1) if x else 0.0
    return float(kind.eps * max(power, kind.smallest_normal))


def _moments(x: Array, share: Array, mean: float, std: float) -> tuple[float, ...]:
    if std == 0:
        return (math.nan,) * 6
    z = (x - mean) / std
    # one multiplication a power: numpy's own power of an array is ten times as slow
    moments: list[float] = []
    power = share * z * z
    for _ in range(3, 9):
        power = power * z
        moments.append(float(power.sum()))
    return tuple(moments)


def _drawn_numbers(law: Law, drawn_in: torch.dtype) -> tuple[Array | None, Array]:
    """Return the numbers that torch draws, and the probability of each; None if they are too many."""
    numbers = _numbers(*law.reach(REACH), drawn_in)
    return numbers, np.empty(0) if numbers is None else _shares(law, drawn_in, numbers)


def _shares(law: Law, dtype: torch.dtype, numbers: Array) -> Array:
    """Return the probability of each of ``numbers``: of all that is nearer to it than to another."""
    if _is_even(law):
        share = _cast_shares(law, dtype, numbers, even=True)
        # the upper end is open: what would be rounded to it, torch sets to the lower one
        last = torch.tensor(_ends(law, dtype)[1], dtype=torch.float64, device="cpu").to(dtype).item()
        share[0] += share[numbers == last].sum()
        share[numbers == last] = 0
        if law.uncut is not None:  # of even proposals as many are kept as the density says
            mean, std = law.uncut
            density = -(((numbers - mean) / std) ** 2) / 2
            share *= np.exp(density - density.max())
            share /= share.sum()
        return share
    if law.uncut is not None:  # each number's own share of the normal law, and then the cut
        mean, std = law.uncut
        middles = (numbers[1:] + numbers[:-1]) / 2
        outermost = cut(np.array([numbers[0], np.nextafter(numbers[-1], np.inf)]), dtype)
        bounds = np.concatenate([outermost[:1], middles, outermost[1:]])
        share = np.diff(special.ndtr((bounds - mean) / std))
        return np.asarray(share / share.sum())
    return _cast_shares(law, dtype, numbers)


def _is_even(law: Law) -> bool:
    """Tell whether torch draws a law, or what it proposes for it, by ``uniform_``."""
    return law.family == "uniform" or is_narrow(law)


def _cast_shares(law: Law, dtype: torch.dtype, numbers: Array, *, even: bool = False) -> Array:
    """Return them for weights that were drawn in finer steps, ``even`` ones or the law's, and rounded.

    They add up to less than 1 where the dtype turns large weights into inf or nan.
    """
    middles = (numbers[1:] + numbers[:-1]) / 2
    every = _every(dtype) if dtype.itemsize < 4 else np.array([-np.inf, np.inf])
    low, high = 0.0, 1.0
    if even or law.family == "uniform":
        first, last = _ends(law, dtype)

        def below(x: Array) -> Array:
            return np.asarray(((x - first) / (last - first)).clip(0, 1))
    else:
        below = partial(share_below, law)
    if dtype.itemsize < 4 and not _saturates(dtype):
        # half a step past the largest number
        ends = np.array([1.5 * every[0] - every[1] / 2, 1.5 * every[-1] - every[-2] / 2])
        beyond = below(ends)
        low = float(beyond[0]) if numbers[0] == every[0] else low
        high = float(beyond[1]) if numbers[-1] == every[-1] else high
    return np.diff(below(middles), prepend=low, append=high)


def _cast(numbers: Array, share: Array, dtype: torch.dtype) -> tuple[Array, Array]:
    """Cast the numbers that were drawn, each with its probability, as torch does."""
    cast = torch.from_numpy(numbers.copy()).to(dtype).double().numpy() + 0.0
    held = np.isfinite(cast)
    if not held.any():
        return np.array([torch.finfo(dtype).max]), np.zeros(1)
    values, at = np.unique(cast[held], return_inverse=True)
    return values, np.asarray(np.bincount(at, weights=share[held]), np.float64)


def _ends(law: Law, dtype: torch.dtype) -> tuple[float, float]:
    """Return the ends of a uniform law, which torch holds in float32 at the coarsest."""
    kind = np.float64 if dtype == torch.float64 else np.float32
    low, high = (float(kind(end)) for end in law.support)
    return low, high


def _numbers(low: float, high: float, dtype: torch.dtype) -> Array | None:
    """Return all numbers of ``dtype`` from ``low`` to ``high``, each rounded, unless they are too many."""
    if dtype == torch.float64:
        return None
    if dtype.itemsize < 4:
        every = _every(dtype)
        first, last = (float(np.clip(end, every[0], every[-1])) for end in (low, high))
        ends = torch.tensor([first, last], dtype=torch.float64, device="cpu").to(dtype).tolist()
        return np.asarray(every[(every >= ends[0]) & (every <= ends[1])])
    first, last = (_ordinal(np.float32(end)) for end in (low, high))
    if last - first >= LISTED:
        return None
    return np.asarray(_from_ordinal(np.arange(first, last + 1)), dtype=np.float64)


@lru_cache(maxsize=len(HELD))
def _every(dtype: torch.dtype) -> Array:
    """Return every finite number of a dtype of one or two bytes, rising."""
    whole = torch.uint8 if dtype.itemsize == 1 else torch.int16
    bits = torch.arange(1 << 8 * dtype.itemsize, device="cpu").to(whole)
    values = bits.view(dtype).double()
    return np.unique(values[values.isfinite()].numpy() + 0.0)  # + 0.0 makes −0 and 0 one


@lru_cache(maxsize=len(HELD))
def _saturates(dtype: torch.dtype) -> bool:
    """Tell whether torch casts what is too large to the largest number, not to inf or nan."""
    largest = torch.tensor(torch.finfo(torch.float32).max, device="cpu")
    return bool(largest.to(dtype).double().isfinite())


def _name(dtype: object) -> str:
    return str(dtype).removeprefix("torch.") if isinstance(dtype, torch.dtype | np.dtype) else shown(dtype)


def _ordinal(x: np.float32) -> int:
    """Number the float32s in their order: neighbours differ by 1, and 0 is 0."""
    bits = int(x.view(np.int32))
    return bits if bits >= 0 else -(bits & 0x7FFFFFFF)


def _from_ordinal(order: np.ndarray) -> np.ndarray:
    bits = np.where(order >= 0, order, -order | 0x80000000).astype(np.uint32)
    return bits.view(np.float32)


def share_below(law: Law, x: Array) -> Array:
    """Return the continuous part's share below ``x``: what scipy's cdf comes to once all is checked.

    Most laws are known by their family, and scipy takes ten times as long to check as to reckon.
    """
    if law.family in {"normal", "sparse"}:
        mean, std = law.continuous.args
        return np.asarray(special.ndtr((x - mean) / std))
    if law.family == "uniform":
        low, width = law.continuous.args
        return np.asarray(((x - low) / width).clip(0, 1))
    if law.uncut is not None and law.support[0] <= law.uncut[0]:  # past the mean shares of it cancel
        mean, std = law.uncut
        low, high = special.ndtr((np.array(law.support) - mean) / std)
        return np.asarray(((special.ndtr((x - mean) / std) - low) / (high - low)).clip(0, 1))
    return np.asarray(law.continuous.cdf(x))


def _share_above(law: Law, x: Array) -> Array:
    """Return scipy's survival function, in the same way."""
    if law.family in {"normal", "sparse"}:
        mean, std = law.continuous.args
        return np.asarray(special.ndtr((mean - x) / std))
    return np.asarray(law.continuous.sf(x))


def cut(x: Array, dtype: torch.dtype) -> Array:
    """Return the point below which a real number is rounded to a number below ``x``."""
    if dtype == torch.float64:
        return x
    if dtype.itemsize < 4:
        every = _every(dtype)
        at = np.searchsorted(every, x, side="left").clip(1, len(every) - 1)
        return np.asarray((every[at] + every[at - 1]) / 2)
    above = x.astype(np.float32)
    above = np.where(above < x, np.nextafter(above, np.float32(np.inf)), above)
    below = np.nextafter(above, np.float32(-np.inf))
    return np.asarray((above.astype(np.float64) + below.astype(np.float64)) / 2)

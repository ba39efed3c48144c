"""What theory says of a signal, computed once: fixed points, maps, gains, and the edge of chaos."""

import math
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import NamedTuple

import numpy as np

from core import InitLabError
from core.signals import fate as outlook
from core.signals import meanfield
from core.signals.fate import Setting
from core.signals.formula import activation_of
from core.signals.meanfield import DepthScales, Gains
from core.signals.quadrature import root_mean
from core.signals.settling import far_slope
from core.signals.trace_run import INPUTS
from pages.figures.signal_theory import Phases
from pages.jobs.cache import kept
from pages.jobs.signal import ENTRIES, Array
from pages.state.chosen import State


@kept(most=ENTRIES)
def correlation(given: Setting, activation: str, depth: int, input: str, input_scale: float) -> Array:
    """Return the expected cosine of two inputs' pre-activations by layer."""
    return outlook.expected_correlation(given, activation, depth=depth, input=input, input_scale=input_scale)


def mean(activation: str, q: float) -> float:
    """Return the units' mean in a wide layer, E[φ(√q z)]; nan where it cannot be computed."""
    return _had(lambda: meanfield.mean(activation, q))


def mean_square(activation: str, q: float) -> float:
    """Return E[φ(√q z)²]; nan where it cannot be computed."""
    return _had(lambda: meanfield.mean_square(activation, q))


def slope_square(activation: str, q: float) -> float:
    """Return E[φ′(√q z)²]; nan where it cannot be computed."""
    return _had(lambda: meanfield.slope_square(activation, q))


#: How many times smaller than a step of a map a leap may be.
_LEAST = 1e-200
#: Places in σ_w² at which χ₁ is looked at for a leap, and those of the map, across and up.
ACROSS, MAP = 81, (31, 23)


@kept(most=ENTRIES)
def phases(activation: str, sigma_w2: float, sigma_b2: float) -> Phases | None:
    """Return χ₁ up to these variances, and the edge of chaos; None if they cannot be computed."""
    across = np.linspace(0, sigma_w2, MAP[0])
    up = sigma_b2 * np.linspace(0, 1, MAP[1]) ** 2  # closest at 0, where the edge bends
    with suppress(InitLabError):
        chi1 = meanfield.plane(activation, across, up).chi1
        return Phases(across, up, chi1, meanfield.critical_line(activation, up))
    return None


@kept(most=ENTRIES)
def leap(activation: str, most: float, sigma_b2: float) -> float:
    """Return the least σ_w² up to ``most`` at which χ₁ is above 1, to 3 digits; nan if none.

    A χ₁ that rises and falls again within a step of a map is overlooked.
    """
    across = np.linspace(0, most, ACROSS)
    while True:
        beyond = np.flatnonzero(meanfield.plane(activation, across, [sigma_b2]).chi1[0] > 1)
        if not len(beyond):
            return math.nan
        high, low = float(across[beyond[0]]), float(across[max(0, beyond[0] - 1)])
        if high <= 1.0005 * low or not beyond[0]:
            return high
        across = np.geomspace(low or _LEAST * high, high, ACROSS)


def edge(activation: str, sigma_b2: float) -> float:
    """Return σ_w² on the edge of chaos; nan where there is none, or it cannot be computed."""
    return _had(lambda: meanfield.critical_sigma_w2(activation, sigma_b2))


class Stand(NamedTuple):
    """Where a setting stands: its fixed point, its slope there, and how deep differences reach."""

    q: float
    chi1: float
    scales: DepthScales
    #: "ordered", "edge" or "chaotic"; "" where χ₁ cannot be computed
    phase: str

    @property
    def far(self) -> float:
        """In how many layers a gradient becomes FAR times smaller or larger."""
        if self.phase in {"edge", ""}:
            return math.inf if self.phase else math.nan
        return math.log(outlook.FAR**2) / abs(math.log(self.chi1)) if 0 < self.chi1 < math.inf else 0.0

    @property
    def deep(self) -> float:
        """Through how many layers inputs can be told apart, 6ξ; nan where no signal is left of them."""
        return 6 * self.scales.correlation if self.q > 0 else math.nan


@kept(most=ENTRIES)
def stand(given: Setting, activation: str, start: float) -> Stand | None:
    """Return on which side of the edge of chaos a setting stands, for lengths that begin at ``start``.

    None where a formula's q* cannot be computed; what follows from q* and cannot be computed is nan.
    """
    q = _had(lambda: meanfield.fixed_point(activation, **given._asdict(), start=start))
    if math.isnan(q):
        return None
    chi1 = _had(lambda: _slope_there(given, activation, q))
    phase = "edge" if math.isclose(chi1, 1, rel_tol=1e-6) else "chaotic" if chi1 > 1 else "ordered"
    scales = DepthScales(math.nan, math.nan)
    with suppress(InitLabError):
        scales = meanfield.depth_scales(activation, **given._asdict(), start=start)
    return Stand(q, chi1, scales, "" if math.isnan(chi1) else phase)


def _slope_there(given: Setting, activation: str, q: float) -> float:
    if q < math.inf:
        return meanfield.chi1(activation, q, sigma_w2=given.sigma_w2)
    return given.sigma_w2 * far_slope(activation_of(activation))  # a length without end


def _had(quantity: Callable[[], float]) -> float:
    """Return a quantity of theory; nan where it cannot be computed."""
    with suppress(InitLabError):
        return quantity()
    return math.nan


def start(given: Setting, state: State) -> float:
    """Return the mean square of the first layer's pre-activations."""
    square = INPUTS[state["input"]].mean_square * float(state["input_scale"]) ** 2
    return given.sigma_w2 * square + given.sigma_b2


@kept(most=ENTRIES)
def gains(activation: str) -> Gains:
    """Return the gains that keep a mean square of 1, and a gradient; each nan where it cannot be computed."""
    phi = activation_of(activation)
    roots = [_had(partial(root_mean, phi, kind, 1.0)) for kind in ("square", "slope")]
    return Gains(*(1 / root if root else math.nan for root in roots))


#: The longest length that a map shows.
FARTHEST = 16.0


def reach(given: Setting, activation: str, start: float) -> float:
    """Return up to which length a setting's map is worth a look."""
    here = stand(given, activation, start)
    ends = (2.0, 1.2 * start, 1.4 * (here.q if here else 0.0))
    return min(FARTHEST, max(end for end in ends if end < math.inf))


@kept(most=ENTRIES)
def maps(
    given: Setting, activation: str, start: float, reach: float
) -> tuple[tuple[Array, Array], tuple[Array, Array], float, float] | None:
    """Return the length map up to ``reach``, the correlation map, and where each comes to rest.

    Correlations are mapped at the length that deep layers have, next to 0 or far out where that is 0 or
    endless. Where every correlation stays what it is, none comes to rest: nan. What cannot be
    computed of a formula is nan, too, the correlation map as a whole; None where not even a length can be.
    """
    variances = given._asdict()
    q = np.linspace(0, reach, 41)
    longer = np.array([_had(partial(meanfield.length_map, activation, at, **variances)) for at in q])
    if not np.isfinite(longer[1:]).any():
        return None
    c = 1 - np.linspace(1, 0, 31) ** 2  # closest where maps are steepest, at 1
    here = stand(given, activation, start)
    alike, rest = np.full_like(c, math.nan), math.nan
    if here is not None:
        at = min(max(here.q, 1e-9), 1e9)
        with suppress(InitLabError):
            alike = np.array([meanfield.correlation_map(activation, like, q=at, **variances) for like in c])
        rest = _had(lambda: meanfield.correlation_fixed_point(activation, **variances, start=start))
    stays = np.allclose(alike, c, atol=1e-6)
    return (q, longer), (c, alike), here.q if here else math.nan, math.nan if stays else rest


@kept(most=ENTRIES)
def length_map(given: Setting, activation: str, low: float, high: float) -> tuple[Array, Array]:
    """Return lengths between powers of ten, and what a layer makes of each; nan where that is not known."""
    q = np.logspace(low, high, 19)
    return q, np.array(
        [_had(partial(meanfield.length_map, activation, at, **given._asdict())) for at in q.tolist()]
    )


@kept(most=ENTRIES)
def slope_at_1(activation: str) -> float:
    """Return the length map's slope at 1 with the gain that holds it there; nan if it cannot be computed."""
    forward, backward = gains(activation)
    if not 0 < forward * forward < math.inf:
        return math.nan
    slope = _had(lambda: meanfield.length_slope(activation, 1.0, sigma_w2=forward * forward))
    # it is σ_w²·E[zφφ′]; a mean has 10 digits relative to its upper bound, here √E[φ²]·√E[φ′²]
    return slope if math.isnan(backward) or abs(slope) > 1e-10 * forward / backward else 0.0

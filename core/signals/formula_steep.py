"""Where a formula is so steep, or so bent, that evenly spread places would miss it."""

import ast
import math
from collections.abc import Iterable
from itertools import chain

import numpy as np

from .activations import Activation
from .formula_places import ZERO, Z, apart, meetings

#: How many steep places are seen of one activation, those nearest to 0.
MOST = 32
#: The share of what is near by which a curve leaves a straight line where it is steep.
_BENT = 1e-2
#: How wide places may be that panels see by themselves, in units of √(1 + z²); and some that nothing marks.
_WIDE = 1 / 16
_ANYWHERE = (0.309 * np.arange(-10.0, 11.0) + 0.107).tolist()
_HALVES, _QUARTERS = 2.0 ** -np.arange(52), 4.0 ** -np.arange(26)


def zeros_within(arguments: Iterable[ast.expr]) -> list[float]:
    """Return where arguments of functions are 0: there they turn, as tanh(40(z − 1.5)) does at 1.5.

    Of each argument's zeros those that are nearest to 0.
    """
    places = [0.0]
    for u in {ast.unparse(u): u for u in arguments if u is not Z}.values():
        places += sorted(chain(*meetings(u, ZERO)), key=abs)[:MOST]
    return apart(places)


def steep_of(phi: Activation, zeros: Iterable[float]) -> tuple[float, ...]:
    """Return places about each of ``zeros`` that is steeper than panels can see: ever closer, ascending."""
    with np.errstate(invalid="ignore", over="ignore"):
        steep = [(abs(place), place, width) for place in zeros if (width := _width(phi, place)) < _WIDE]
        # what swings is as bent anywhere: other nodes take care of that
        usual = float(np.median([_width(phi, place) for place in _ANYWHERE])) if steep else math.inf
    found: set[float] = set()
    for _, place, width in sorted(one for one in steep if one[-1] < usual / 8)[:MOST]:
        steps = np.hypot(1, place) * _QUARTERS[width / 4 < _QUARTERS]
        found |= {place, *(place + steps).tolist(), *(place - steps).tolist()}
    return tuple(sorted(found))


def _width(phi: Activation, place: float) -> float:
    """Return how close to a place its slope still bends by much of what it is near, in units of √(1 + z²)."""
    unit = np.hypot(1, place)
    steps = _HALVES[unit * _HALVES > 64 * np.spacing(abs(place))]
    slope = np.asarray(phi.derivative(place + unit * np.array([[-1.0], [1.0]]) * steps))
    bend = np.abs(slope[:, :-2] - 3 * slope[:, 1:-1] + 2 * slope[:, 2:]).max(axis=0)
    known = slope[np.isfinite(slope)]
    seen = np.flatnonzero(bend > _BENT * np.ptp(known)) if known.size else known
    return float(steps[seen[-1]]) if seen.size else math.inf

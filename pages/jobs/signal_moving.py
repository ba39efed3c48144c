"""Wide layers' theory of one activation as tables, from which a browser has it at any variances."""

import math
from base64 import b64encode
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from core import ACTIVATIONS, InitLabError
from core.signals.activations import Activation
from core.signals.formula import activation_of
from core.signals.quadrature import expectation, half_gap
from core.signals.settling import FAR, far_slope, slopes, table_of
from pages.jobs.cache import kept
from pages.jobs.signal import ENTRIES, Array

#: How far the tables of means go in log₁₀ q, and which of core's rows they have: 16 to a factor of 10.
_MEANS, _EVERY = 5, 2
#: Between which log₁₀ q gaps are known, and in how many rows to a factor of 10.
_GAPS, _ROWS = (-3, 3), 4
#: At which t, where inputs have the correlation 1 − t²: as Chebyshev's nodes stand, without 0.
_T = (1 - np.cos(math.pi * np.arange(1, 15) / 14)) / 2
#: A gap's share below which rounding would be seen in it.
_LEAST = 1e-3


@kept(most=ENTRIES)
def tables(activation: str) -> dict[str, Any] | None:
    """Return what ``pages/live/meanfield.js`` reads; None where means are out of reach, or lengths swing."""
    phi = activation_of(activation)
    try:
        table = table_of(phi)
    except InitLabError:
        return None
    within = np.abs(table.log_q) <= _MEANS * math.log(10) + 1e-9
    log_q, ratio, slope = (part[within][::_EVERY] for part in table[:3])
    wide = len(log_q) == 2 * _MEANS * 32 // _EVERY + 1
    if (
        not wide or (np.diff(ratio + log_q) < -1e-9).any()
    ):  # a map that falls throws lengths past where they rest
        return None
    square, near, far = expectation(phi, "square", 0.0), expectation(phi, "slope", 0.0), far_slope(phi)
    steepest = max(map(abs, slopes(phi, FAR)))
    rows = partial(_table, log_q)
    return {
        "ratio": rows(ratio, limits=[_log(near) if square == 0 else None, _log(far)]),
        "slope": rows(slope, limits=[_log(near), _log(far)]),
        "gaps": _gaps(phi) if np.ptp(slope) > 1e-9 and activation in ACTIVATIONS else None,
        "t": _T.tolist(),
        "near": {"square": square, "slope": near},
        "far": {"slope": None if math.isnan(far) else far, "joins": 1e-100 < steepest < 1e100},
    }


def _table(log_q: Array, values: Array, kind: str = "<f8", **more: Any) -> dict[str, Any]:
    """Return values by ln q, shape (rows, …), as a browser reads them."""
    packed: npt.NDArray[Any] = np.ascontiguousarray(values, dtype=kind)
    step = float(log_q[1] - log_q[0])
    return {"low": float(log_q[0]), "step": step, "rows": b64encode(packed.tobytes()).decode(), **more}


def _log(x: float) -> float | None:
    return math.log(x) if 0 < x < math.inf else None


def _gaps(phi: Activation) -> dict[str, Any]:
    """Return ln(−g/t), where g = ln(E[(φ(u₁) − φ(u₂))²]/(2t²q·E[φ′²])), by ln q and t."""
    log_q = np.arange(_GAPS[0] * _ROWS, _GAPS[1] * _ROWS + 1) / _ROWS * math.log(10)
    rows = np.array([[_share(phi, q, t) for t in _T.tolist()] for q in np.exp(log_q).tolist()])
    first = int(np.argmax(rows[:, -1] > _LEAST))
    return _table(log_q[first:], np.log(rows[first:]), "<f4")


def _share(phi: Activation, q: float, t: float) -> float:
    straight = t**2 * q * expectation(phi, "slope", q)
    return max(-math.log(half_gap(phi, "square", 1 - t**2, q) / straight) / t, 1e-300)

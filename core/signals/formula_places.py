"""Where the parts of a formula meet, cross or touch 0."""

import ast
import math

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import elementwise

from .formula_text import (
    value_of,
)

#: Within ±INNER an activation and its slope are finite; further out an exponential may leave the doubles.
INNER = 50.0
#: Poles, and places where it bends, are looked for up to here.
OUTER = 1e4
Array = NDArray[np.float64]
Z = ast.Name("z")
ZERO = ast.Constant(0)
#: Steps of 0.0024 about 0 that grow with |z|.
_GRID: Array = np.sinh(np.linspace(-math.asinh(OUTER), math.asinh(OUTER), 8193))
#: Places to name to a reader: whole numbers first, the nearest to 0 first.
SHOWN: Array = np.concatenate([sorted(np.arange(-INNER, INNER + 1), key=abs), sorted(_GRID, key=abs)])


def between(u: ast.expr, v: ast.expr, z: Array) -> Array:
    """Return u − v at z; nan where both overflow."""
    at = torch.from_numpy(np.ascontiguousarray(z))
    return np.asarray(value_of(u, at) - value_of(v, at), dtype=np.float64)


def zeros_of(u: ast.expr) -> list[float]:
    """Return where u is 0, nearest to 0 first; beyond ±INNER an exponential may come to 0, and is let be."""
    if isinstance(u, ast.Constant):
        return [] if u.value else [0.0]
    crossed, touched = meetings(u, ZERO)
    zeros = SHOWN[(abs(SHOWN) <= INNER) & (between(u, ZERO, SHOWN) == 0)].tolist()
    return sorted([*crossed, *touched, *zeros], key=abs)


def apart(places: list[float]) -> list[float]:
    """Return the places in ascending order, merging those that differ by rounding alone."""
    kept: list[float] = []
    for place in sorted(places):
        if not kept or place - kept[-1] > 1e-12 * max(1.0, abs(place)):
            kept.append(place)
    return kept


def meetings(u: ast.expr, v: ast.expr) -> tuple[list[float], list[float]]:
    """Return where u and v cross, and where they only touch, up to ±OUTER.

    An interval on which they are equal does not count: whatever makes them equal bends at its ends.
    """
    grid, gap = _GRID, between(u, v, _GRID)
    scale = np.maximum(abs(between(u, ZERO, grid)), abs(between(v, ZERO, grid)))
    gap[abs(gap) <= 16 * np.finfo(float).eps * scale] = 0  # differences of rounding are none
    sign, size = np.sign(gap), abs(gap)
    turn = sign[:-1] * sign[1:] < 0
    sides = sign[:-2] * sign[2:]
    hit = sign[1:-1] == 0
    crossed = grid[1:-1][hit & (sides < 0)].tolist()
    touched = grid[1:-1][hit & (sides > 0)].tolist()
    brackets = [(grid[:-1][turn], grid[1:][turn])]
    # between two steps of the grid the gap may close and open again
    dip = ~hit & (sides > 0) & (size[1:-1] < size[:-2]) & (size[1:-1] <= size[2:]) & (sign[1:-1] == sign[2:])
    if dip.any():
        low, middle, high, side = grid[:-2][dip], grid[1:-1][dip], grid[2:][dip], sign[1:-1][dip]
        least = elementwise.find_minimum(
            lambda z, *sides: sides[0] * between(u, v, z),
            (low, middle, high),
            args=(side,),
            tolerances={"xrtol": 1e-15},
        )
        # below a billionth of its neighbours counts as 0: rounding gives a double root either sign
        nothing = 1e-9 * np.maximum(size[:-2][dip], size[2:][dip])
        touched += least.x[abs(least.f_x) <= nothing].tolist()
        below = least.f_x < -nothing
        brackets += [(low[below], least.x[below]), (least.x[below], high[below])]
    left, right = (np.concatenate(ends) for ends in zip(*brackets, strict=True))
    if left.size:
        root = elementwise.find_root(lambda z: between(u, v, z), (left, right))
        crossed += root.x[root.success].tolist()  # rounding may take an end's sign back
    return crossed, touched

"""How far apart two right results of the same matrix products may lie.

A product adds n terms in an order that is the library's own: it changes with the processor, the threads, the
layout and even the place of a matrix in memory. One order errs by some √n units of rounding (Higham & Mary
2019, for n·u at worst), so two differ by √n·eps. Every layer adds its own and hands on what came to it, and a
mean square doubles it. Half precision is added up in float32 and rounded once a layer.
"""

import math
import re

import numpy as np
import numpy.typing as npt
import torch

Array = npt.NDArray[np.float64]


def apart(dtype: torch.dtype, *, depth: int, width: int, growth: float = 1.0) -> float:
    """Return the relative difference of two mean squares after ``depth`` layers of ``width`` units.

    ``growth`` is what a small difference is multiplied by on its way, beside the signal's own growth: more
    than 1 where the network is chaotic.
    """
    terms = 1 if dtype.itemsize == 2 else width
    return 2 * depth * math.sqrt(terms) * torch.finfo(dtype).eps * growth


def assert_counted(counts: npt.NDArray[np.int64], x: Array, edges: Array, room: float) -> None:
    """Assert that ``counts`` are those of x over ``edges``, the ends open, if each x may move by ``room``."""
    below = np.cumsum(counts)[:-1]
    flat = np.sort(x.ravel())
    assert counts.sum() == flat.size
    assert (np.searchsorted(flat, edges - room) <= below).all()
    assert (below <= np.searchsorted(flat, edges + room)).all()


#: A number as Python and torch print it, which is no part of a name.
_NUMBER = re.compile(r"(?<![\w.])[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|inf|nan)(?!\w)")


def assert_printed(text: str, expected: str, *, rtol: float, atol: float = 0.0) -> None:
    """Assert that two texts are the same but for their numbers, and that those are close."""
    ours, theirs = (_NUMBER.findall(printed) for printed in (text, expected))
    assert theirs
    # a sign or a width changes with a number's last digit
    bare, wanted = (re.sub(r"\s+", " ", _NUMBER.sub("#", printed)) for printed in (text, expected))
    assert bare == wanted
    np.testing.assert_allclose(list(map(float, ours)), list(map(float, theirs)), rtol=rtol, atol=atol)

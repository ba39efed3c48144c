"""What gated units do to a signal: φ(z)·u, of a half z that goes through an activation and a half u.

Both halves are linear maps of one input, with weights of one law; in a wide layer they are independent
normals of one mean square q. Then E[(φ(z)·u)²] is E[φ(z)²]·E[u²].
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from ..errors import ParameterError
from . import meanfield
from .meanfield import Gains


class Gate(NamedTuple):
    """The activation of a gated unit, by its key, and who brought the unit in."""

    activation: str
    source: str


#: key → gate
GATED: Mapping[str, Gate] = MappingProxyType(
    {
        "glu": Gate("sigmoid", "Dauphin et al. 2017"),
        "reglu": Gate("relu", "Shazeer 2020"),
        "geglu": Gate("gelu", "Shazeer 2020"),
        "swiglu": Gate("silu", "Shazeer 2020"),
    }
)


def mean_square(key: str, q: float) -> float:
    """Return E[(φ(z)·u)²] = E[φ(z)²]·q, where z and u are independent and N(0, q).

    Raises:
        ParameterError: for what is no key of GATED, or a q that is negative or not finite.
    """
    return meanfield.mean_square(_gate(key), q) * float(q)


def gains(key: str, q: float = 1.0) -> Gains:
    """Return the σ_w that keeps q, and the one that keeps the gradient's mean square there.

    They are 1/√E[φ²] and 1/√(E[φ′²]·q + E[φ²]): back come the gradients of both halves. relu's are √2 and,
    at q = 1, 1. inf where the mean is 0; errors as of ``mean_square``.
    """
    square, slope = meanfield.mean_square(_gate(key), q), meanfield.slope_square(_gate(key), q)
    back = slope * float(q) + square
    return Gains(*(1 / math.sqrt(mean) if mean > 0 else math.inf for mean in (square, back)))


def length_slope(key: str, q: float, *, sigma_w2: float) -> float:
    """Return the slope of q ↦ sigma_w2·E[φ(z)²]·q at q > 0: one more than φ's by itself, where q is kept.

    Errors as of ``mean_square``, and for a variance that is negative or not finite, or a q of 0.
    """
    gate = _gate(key)
    own = meanfield.length_slope(gate, q, sigma_w2=sigma_w2)
    return own * float(q) + float(sigma_w2) * meanfield.mean_square(gate, q)


def _gate(key: object) -> str:
    if isinstance(key, str) and key in GATED:
        return GATED[key].activation
    raise ParameterError("parameter.choice", name="key", value=key, choices=tuple(GATED))

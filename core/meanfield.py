"""What becomes of a signal's mean square in a layer so wide that its pre-activations are normal.

q is the mean square of one layer's pre-activations, E[h²]; their law is then N(0, q) (Poole et al. 2016).
"""

import math
from functools import lru_cache
from numbers import Real

import numpy as np
import torch
from scipy import special
from torch import Tensor

from core.activations import ACTIVATIONS
from core.errors import ParameterError

#: Where an activation or its slope jumps, besides 0: here and at the opposite. torch's softplus
#: goes over to z itself above 20.
_BREAKS = {"hard_tanh": 1.0, "softplus": 20.0}

#: How many standard deviations are integrated: beyond ±10 lies 1e-21 of E[z²].
_REACH = 10

#: Nodes and weights on [−1, 1]. A pole of tanh, sigmoid or softsign is 2.9 half-panels or more from
#: the middle of each panel below, so 16 nodes leave less than 1e-20 to it.
_NODES, _WEIGHTS = special.roots_legendre(16)


def length_map(key: str, q: float, *, sigma_w2: float, sigma_b2: float = 0.0) -> float:
    """Return the next layer's q: sigma_w2·E[φ(√q z)²] + sigma_b2, where z ~ N(0, 1).

    ``sigma_w2`` is fan_in·Var(w), ``sigma_b2`` is Var(b); inf where the result fits into no double.

    Raises:
        ParameterError: for a key of no activation, or a number that is negative or not finite.

    Source: Poole et al. 2016, eq. 3.
    """
    spread, floor = _checked("sigma_w2", sigma_w2), _checked("sigma_b2", sigma_b2)
    return spread * mean_square(key, q) + floor


def mean_square(key: str, q: float) -> float:
    """Return E[φ(√q z)²], z ~ N(0, 1), to 12 digits: what the activation makes of N(0, q).

    Raises:
        ParameterError: for a key of no activation, or a q that is negative or not finite.
    """
    if key not in tuple(ACTIVATIONS):
        raise ParameterError(
            f"key must be one of {', '.join(ACTIVATIONS)}; it was {key!r}.",
            code="parameter.choice",
            name="key",
            value=key,
            choices=tuple(ACTIVATIONS),
        )
    # Checked outside the cache, for which True is 1 and a list is no key at all.
    return _mean_square(key, _checked("q", q))


@lru_cache(maxsize=4096)
def _mean_square(key: str, q: float) -> float:
    x, weight = _points(q, _BREAKS.get(key, 0.0))
    # The weight comes in before the square, which could leave the doubles where the mean does not.
    part = ACTIVATIONS[key].function(x) * weight.sqrt()
    return float(part @ part)


def _points(q: float, breaks: float) -> tuple[Tensor, Tensor]:
    """Return points and weights, float64 and Σ weights = 1, whose sums are expectations under N(0, q).

    Between 0, ±``breaks`` and the ends of its panels, what is summed must be smooth. In z, panels are
    1 wide at most. A large q squeezes an activation's bend to a width of 1/√q about 0, so there they
    begin with one of that width and double: softsign still bends a long way out.
    """
    root = math.sqrt(q)
    bend = 2.0 ** np.arange(math.ceil(math.log2(max(root, 1.0)))) / root
    at_break = [breaks / root] if breaks < _REACH * root else []
    edges = np.unique(np.concatenate([np.arange(_REACH + 1.0), bend, at_break]))
    half = np.diff(edges)[:, None] / 2
    z = (edges[:-1, None] + half + half * _NODES).ravel()
    weight = (half * _WEIGHTS).ravel() * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    x = torch.from_numpy(root * z)
    return torch.cat([-x, x]), torch.from_numpy(weight).repeat(2)


def _checked(name: str, value: object) -> float:
    """Return ``value`` as a float.

    Raises:
        ParameterError: unless it is a number, finite and not negative.
    """
    if not isinstance(value, bool) and isinstance(value, Real):
        try:
            number = float(value)
        except OverflowError:  # of an int past the largest double
            number = math.inf
        if 0 <= number < math.inf:
            return number
    raise ParameterError(
        f"{name} must be a finite number and not negative; it was {value!r}.",
        code="parameter.number",
        name=name,
        value=value,
        minimum=0.0,
    )

"""What theory gives, as short scripts around core: they print what its views show, with more digits."""

from collections.abc import Sequence

from ..signals.activations import ACTIVATIONS

#: The first line of each: they need more than torch.
_WHERE = "# Needs Init Lab itself: run it in its source's folder, where core is, after `make setup` there."
#: Or numpy prints the middle of a plane as dots.
_WHOLE = "np.set_printoptions(threshold=10**6)  # every number, however many"

#: Networks: a name, the mean square of the first layer's pre-activations, σ_w² and σ_b².
Settings = Sequence[tuple[str, float, float, float]]


def maps_code(activation: str, settings: Settings, *, reach: float) -> str:
    """Return what computes each network's length map, up to the length ``reach``, and its correlation map."""
    return f"""{_WHERE}
import numpy as np
from core import InitLabError, meanfield

{_WHOLE}
phi = {activation!r}


def had(mean, *at, **given):
    try:
        return mean(phi, *at, **given)
    except InitLabError:  # of some formulas not every mean can be had
        return np.nan


q, c = np.linspace(0, {reach!r}, 41), 1 - np.linspace(1, 0, 31) ** 2
for name, start, w, b in {list(settings)!r}:
    given = {{"sigma_w2": w, "sigma_b2": b}}
    q_next = np.array([had(meanfield.length_map, x, **given) for x in q])
    q_rest = had(meanfield.fixed_point, start=start, **given)
    at = float(np.clip(q_rest, 1e-9, 1e9))  # the length that deep layers have
    c_next = np.array([had(meanfield.correlation_map, x, q=at, **given) for x in c])
    c_rest = had(meanfield.correlation_fixed_point, start=start, **given)
    c_rest = np.nan if np.allclose(c_next, c, atol=1e-6) else c_rest  # where all stays, none comes to rest
    print(name, q_rest, c_rest, np.c_[q, q_next], np.c_[c, c_next], sep="\\n")
"""


def chaos_code(  # noqa: PLR0913 - a view has these parts, named at the call
    activation: str,
    settings: Settings,
    *,
    sigma_w2: float,
    sigma_b2: float,
    powers: tuple[int, int],
    depth: int,
) -> str:
    """Return what computes χ₁ over the plane up to these variances, the edge, and the networks' slopes.

    Of each network it also has the length map between these powers of ten, and the lengths by layer.
    """
    return f"""{_WHERE}
import numpy as np
from core import meanfield

{_WHOLE}
phi = {activation!r}
sigma_w2 = np.linspace(0, {sigma_w2!r}, 31)
sigma_b2 = {sigma_b2!r} * np.linspace(0, 1, 23) ** 2
edge = meanfield.critical_line(phi, sigma_b2)
chi1 = meanfield.plane(phi, sigma_w2, sigma_b2).chi1
print(np.c_[sigma_b2, edge], chi1, sep="\\n")
for name, start, w, b in {list(settings)!r}:
    given = {{"sigma_w2": w, "sigma_b2": b}}
    q = meanfield.fixed_point(phi, start=start, **given)
    ends = meanfield.plane(phi, [w], [b]).chi1.item()  # of a length without end
    before = np.logspace({powers[0]}, {powers[1]}, 19)
    lengths = np.c_[before, [meanfield.length_map(phi, x, **given) for x in before]]
    by_layer = meanfield.lengths(phi, start, {depth}, **given)
    slope = meanfield.chi1(phi, q, sigma_w2=w) if q < np.inf else ends
    print(name, w, b, q, slope, lengths, by_layer, sep="\\n")
"""


def gains_code(activation: str) -> str:
    """Return what computes the gains of all activations, a formula of one's own first, and of gated units."""
    own = "" if activation in ACTIVATIONS else f"{activation!r}, "
    return f"""{_WHERE}
from contextlib import suppress

from core import ACTIVATIONS, InitLabError, activation_of, gated, meanfield

for key in [{own}*ACTIVATIONS]:
    torch_gain = activation_of(key).gain
    forward = backward = slope = None
    with suppress(InitLabError):  # of some formulas no mean can be had
        forward, backward = meanfield.gains(key)
        slope = meanfield.length_slope(key, 1.0, sigma_w2=forward * forward)
    print(key, torch_gain, forward, backward, slope)
for key in gated.GATED:
    forward, backward = gated.gains(key)
    print(key, None, forward, backward, gated.length_slope(key, 1.0, sigma_w2=forward**2))
"""

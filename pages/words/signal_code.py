"""What theory gives, as short scripts around core: they print what its views show, with more digits."""

from collections.abc import Sequence

from core import ACTIVATIONS
from pages.jobs import signal_theory
from pages.jobs.signal import Foretold
from pages.state.chosen import State
from pages.words import signal_theory as theory

#: The first line of each: they need more than torch.
_WHERE = "# runs in Init Lab's folder, where core is"


def maps_code(schemes: Sequence[Foretold], state: State) -> str | None:
    """Return what computes each scheme's length map and correlation map; None where none is shown."""
    curves = theory.curves(schemes, state)
    if not curves:
        return None
    given = _given(schemes, state, {curve.series for curve in curves})
    return f"""{_WHERE}
import numpy as np
from core import InitLabError, meanfield

phi = {state["activation"]!r}


def had(mean, *at, **given):
    try:
        return mean(phi, *at, **given)
    except InitLabError:  # of some formulas not every mean can be had
        return np.nan


q, c = np.linspace(0, {float(curves[0].lengths[0][-1])!r}, 41), 1 - np.linspace(1, 0, 31) ** 2
for name, start, w, b in {given}:
    given = {{"sigma_w2": w, "sigma_b2": b}}
    q_next = np.array([had(meanfield.length_map, x, **given) for x in q])
    q_rest = had(meanfield.fixed_point, start=start, **given)
    at = float(np.clip(q_rest, 1e-9, 1e9))  # the length that deep layers have
    c_next = np.array([had(meanfield.correlation_map, x, q=at, **given) for x in c])
    c_rest = had(meanfield.correlation_fixed_point, start=start, **given)
    c_rest = np.nan if np.allclose(c_next, c, atol=1e-6) else c_rest  # where all stays, none comes to rest
    print(name, q_rest, c_rest, np.c_[q, q_next], np.c_[c, c_next], sep="\\n")
"""


def chaos_code(schemes: Sequence[Foretold], state: State) -> str | None:
    """Return what computes the map of χ₁, the edge, and the schemes' slopes; None where none is shown."""
    phases = theory.charted(state, theory.dots(schemes))
    if phases is None:
        return None
    phi = state["activation"]
    known = [(row.place, row.setting) for row in schemes if row.setting is not None]
    stands = {
        at
        for at, given in known
        if signal_theory.stand(given, phi, signal_theory.start(given, state)) is not None
    }
    given = _given(schemes, state, stands)
    return f"""{_WHERE}
import numpy as np
from core import meanfield

phi = {state["activation"]!r}
sigma_w2 = np.linspace(0, {float(phases.sigma_w2[-1])!r}, 81)
sigma_b2 = {float(phases.sigma_b2[-1])!r} * np.linspace(0, 1, 49) ** 2
edge = meanfield.critical_line(phi, sigma_b2)
chi1 = meanfield.plane(phi, sigma_w2, sigma_b2).chi1
print(np.c_[sigma_b2, edge], chi1, sep="\\n")
for name, start, w, b in {given}:
    q = meanfield.fixed_point(phi, sigma_w2=w, sigma_b2=b, start=start)
    ends = meanfield.plane(phi, [w], [b]).chi1.item()  # of a length without end
    print(name, w, b, q, meanfield.chi1(phi, q, sigma_w2=w) if q < np.inf else ends)
"""


def gains_code(_: Sequence[Foretold], state: State) -> str:
    """Return what computes the gains that the table shows."""
    own = "" if state["activation"] in ACTIVATIONS else f"{state['activation']!r}, "
    return f"""{_WHERE}
from core import ACTIVATIONS, InitLabError, meanfield

for key in [{own}*ACTIVATIONS]:
    torch_gain = ACTIVATIONS[key].gain if key in ACTIVATIONS else None
    try:
        forward, backward = meanfield.gains(key)
        slope = meanfield.length_slope(key, 1.0, sigma_w2=forward**2)
    except InitLabError:  # of some formulas no mean can be had
        forward = backward = slope = None
    print(key, torch_gain, forward, backward, slope)
"""


def _given(schemes: Sequence[Foretold], state: State, places: set[int]) -> str:
    """Return the settings of schemes: their names, the first layer's length, σ_w² and σ_b²."""
    rows = [
        (str(row.entry), float(signal_theory.start(row.setting, state)), *map(float, row.setting))
        for row in schemes
        if row.setting is not None and row.place in places
    ]
    return repr(rows)

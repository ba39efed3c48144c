"""What theory says of the schemes in words: maps and fixed points, the edge of chaos, gains."""

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

import numpy as np
import numpy.typing as npt

from core import ACTIVATIONS, gated
from core.code.theory import Settings, chaos_code, gains_code, maps_code
from core.signals.fate import Setting
from core.signals.formula import activation_of
from core.signals.gated import GATED
from core.signals.trace_run import INPUTS
from pages.figures.signal import DRAWN
from pages.figures.signal_theory import Curves, Dot, Lengths, Phases
from pages.jobs import signal_theory
from pages.jobs.signal import Foretold
from pages.state.chosen import State
from pages.text import Text, sentences
from pages.text.numbers import apart, quantity
from pages.text.tables import Cell, table
from pages.words.common import brief, moving
from pages.words.signal import NAMED

Array = npt.NDArray[np.float64]


def curves(rows: Sequence[Foretold], state: State) -> list[Curves]:
    """Return the length map and the correlation map of each scheme that theory knows."""
    activation = state["activation"]
    known = [
        (row, row.setting, signal_theory.start(row.setting, state)) for row in rows if row.setting is not None
    ]
    reach = max((signal_theory.reach(given, activation, start) for _, given, start in known), default=1.0)
    found = []
    for row, given, start in known:
        drawn = signal_theory.maps(given, activation, start, reach)
        if drawn is not None:
            found.append(Curves(brief(row.name), row.place, *drawn))
    return found


def key(drawn: Sequence[Curves], guessed: Mapping[str, str]) -> str:
    """Return the schemes' marks and names in one line, with what was guessed of each, by its place."""
    names = (
        f'<i style="color:var(--series{curve.series + 1})">{DRAWN[curve.series]} {escape(curve.name)}'
        f"{_guess(curve.series, guessed)}</i>"
        for curve in drawn
    )
    return f'<p class="lab-marks">{" ".join(names)}</p>'


def _guess(place: int, guessed: Mapping[str, str]) -> str:
    """Return what was guessed of a scheme, as it stands beside its name; '' of nothing."""
    words = guessed.get(str(place))
    return f' · <span class="lab-guessed">{words}</span>' if words else ""


def maps_finding(rows: Sequence[Foretold], state: State, t: Text) -> str:
    """Return where lengths and correlations come to rest."""
    if all(row.setting is None for row in rows):
        return t("signal.reading_silent")
    drawn = curves(rows, state)
    if not drawn:
        return t("signal.rests_unknown", activation=state["activation"])
    parts = []
    for curve in drawn[:NAMED]:
        q, c = _short(curve.length), curve.correlation
        key = "signal.rests_part_length" if math.isnan(c) else "signal.rests_part"
        if math.isnan(curve.length):
            key = "signal.rests_part_lost"
        parts.append(t(key, name=curve.name, q=q, c=apart(c, 1)))
    return t("signal.rests", activation=state["activation"], parts=t("signal.listed").join(parts))


def maps_note(drawn: Sequence[Curves], t: Text) -> str:
    """Return how the maps are read, and whose correlation map there is not, or cannot be computed."""
    missing = [curve for curve in drawn if not np.isfinite(curve.correlations[1]).any()]
    words = [t("signal.maps_note")]
    for key, still in (("maps_still", True), ("maps_lost", False)):  # a map to 0 alone is known exactly
        if names := [curve.name for curve in missing if still != bool(np.any(curve.lengths[1]))]:
            words.append(t(f"signal.{key}", names=escape(t("verdict.and").join(names))))
    return sentences(*words)


def dots(rows: Sequence[Foretold]) -> list[Dot]:
    """Return where the schemes lie on the plane; those without a mean of 0 lie nowhere."""
    return [Dot(brief(row.name), row.place, *row.setting) for row in rows if row.setting is not None]


def charted(state: State, placed: Sequence[Dot]) -> Phases | None:
    """Return the map of χ₁ around the schemes, or None where theory is silent on the activation."""
    return signal_theory.phases(state["activation"], *extent(placed))


def extent(placed: Sequence[Dot]) -> tuple[float, float]:
    """Return how far the map goes in σ_w² and in σ_b²: in leaps, so that a dot that moves seldom moves it."""
    widest = max((dot.sigma_w2 for dot in placed), default=0.0)
    highest = max((dot.sigma_b2 for dot in placed), default=0.0)
    return 4.0 if widest <= 4 else 8.0 if widest <= 8 else 16.0, 0.5 * 2.0 ** _leaps(2 * highest)


#: From where to where lengths are shown at least, in powers of ten.
_SHOWN = (-4, 1)


def lengths(rows: Sequence[Foretold], state: State) -> list[Lengths]:
    """Return each scheme's length map and its lengths by layer, as far as theory knows them."""
    low, high = _powers(rows, state)
    found = []
    for row in rows:
        if row.setting is None or row.expected is None:
            continue
        here = signal_theory.stand(row.setting, state["activation"], signal_theory.start(row.setting, state))
        if here is not None:
            drawn = signal_theory.length_map(row.setting, state["activation"], low, high)
            by_layer = row.expected.preactivation_mean_square
            found.append(Lengths(brief(row.name), row.place, drawn, here.q, by_layer))
    return found


def _powers(rows: Sequence[Foretold], state: State) -> tuple[int, int]:
    """Return between which powers of ten lengths are shown.

    They follow from the plane's extent and the input's size alone, so that they stay while a scheme is moved.
    """
    widest, highest = extent(dots(rows))
    square = INPUTS[state["input"]].mean_square * float(state["input_scale"]) ** 2
    low = min(_SHOWN[0], math.floor(math.log10(square)) - 2)
    return low, max(_SHOWN[1], math.ceil(math.log10(widest * square + highest)))


def _leaps(times: float) -> int:
    """Return how often 1 is doubled until it is so much."""
    return math.ceil(math.log2(times)) if times > 1 else 0


def chaos_finding(rows: Sequence[Foretold], state: State, t: Text) -> str:
    """Return where the edge lies and on which side of it each scheme is."""
    activation = state["activation"]
    placed = dots(rows)
    map_ = charted(state, placed)
    floor = placed[0].sigma_b2 if placed else 0.0
    edge = signal_theory.edge(activation, floor)
    facts = {"activation": activation, "floor": _short(floor)}
    if map_ is None:
        lead = t("chaos.unknown", activation=activation)
    elif not math.isnan(edge):
        lead = t("chaos.turns", edge=_edge(edge, placed), **facts)
    else:
        leap = signal_theory.leap(activation, float(map_.sigma_w2[-1]), floor)
        lead = t("chaos.no_edge" if math.isnan(leap) else "chaos.leaps", edge=_short(leap), **facts)
    parts = []
    for dot in placed[:NAMED]:
        given = Setting(dot.sigma_w2, dot.sigma_b2)
        here = signal_theory.stand(given, activation, signal_theory.start(given, state))
        if here is not None and here.phase:
            parts.append(t(f"chaos.{here.phase}_part", name=dot.name, value=_beside(dot.sigma_w2, edge)))
    return lead + (t("chaos.colon") + t("signal.listed").join(parts) if parts else "") + t("chaos.stop")


#: Layers through which inputs can be told apart, below which they are not counted: 6ξ is −6/ln(slope), and
#: slopes below some 10⁻⁹ drown in rounding.
LEAST_DEEP = 0.3


def chaos_table(rows: Sequence[Foretold], state: State, t: Text, guessed: Mapping[str, str]) -> str:
    """Return where each scheme lies, what was guessed of that, and how deep a signal gets there."""
    heads = [t(f"chaos.head.{name}") for name in ("scheme", "sigma_w2", "q", "chi1", "inputs", "gradients")]
    body: list[Sequence[str | Cell]] = []
    for row in rows:
        name = escape(brief(row.name))
        if row.setting is None:
            body.append((name, Cell(t("chaos.silent"), _ACROSS)))
            continue
        here = signal_theory.stand(row.setting, state["activation"], signal_theory.start(row.setting, state))
        if here is None:
            body.append((name, Cell(t("chaos.no_means"), _ACROSS)))
            continue
        cells = {
            "sigma_w2": _beside(
                row.setting.sigma_w2, signal_theory.edge(state["activation"], row.setting.sigma_b2)
            ),
            "q": _short(here.q),
            "chi1": apart(here.chi1, 1),
            "inputs": "&lt;1" if here.deep < LEAST_DEEP else _short(here.deep),
            "gradients": _short(here.far),
        }
        side = (
            f"<br><i>{moving(f'phase_{row.place}', t(f'chaos.phase.{here.phase}'))}</i>" if here.phase else ""
        )
        own = [moving(f"{what}_{row.place}", text) for what, text in cells.items()]
        body.append((moving(f"name_{row.place}", name) + side + _guess(row.place, guessed), *own))
    caption = t("chaos.caption", activation=escape(state["activation"]))
    return table(heads, body, caption, "lab-table lab-chaos", within="lab-scroll")


#: One cell in the place of all.
_ACROSS = 'colspan="5"'


def _short(value: float) -> str:
    return quantity(value, digits=3, trim=True)


def _edge(edge: float, placed: Sequence[Dot]) -> str:
    """Write the edge of chaos so that it can be told from the scheme that lies next to it."""
    near = min((dot.sigma_w2 for dot in placed), key=lambda value: abs(value - edge), default=0.0)
    return apart(edge, near) if abs(near - edge) < 1e-2 * edge else _short(edge)


def _beside(sigma_w2: float, edge: float) -> str:
    """Write σ_w² so that it can be told from the edge of chaos, where there is one."""
    return apart(sigma_w2, edge) if math.isfinite(edge) else _short(sigma_w2)


def gains_finding(_: Sequence[Foretold], state: State, t: Text) -> str:
    """Return the chosen activation's gains beside torch's."""
    activation = state["activation"]
    own = signal_theory.gains(activation)
    lost = [mean for mean, gain in (("E[φ²]", own.mean_square), ("E[φ′²]", own.gradient)) if math.isnan(gain)]
    if lost:
        known = {"forward": own.mean_square, "backward": own.gradient}
        kept = [t(f"gains.{way}", gain=quantity(g)) for way, g in known.items() if not math.isnan(g)]
        means = t("verdict.and").join(lost)
        return sentences(t("gains.unknown", activation=activation, means=means), *kept)
    theirs = activation_of(activation).gain
    facts = {
        "activation": activation,
        "forward": quantity(own.mean_square),
        "backward": quantity(own.gradient),
    }
    if theirs is None:
        return t("gains.none", **facts)
    same = math.isclose(theirs, own.mean_square, rel_tol=1e-3)
    return t("gains.same" if same else "gains.differs", torch=quantity(theirs), **facts)


def gains_table(state: State, t: Text, mark: Callable[[str], str]) -> str:
    """Return the gains of all activations, the chosen one's in bold, a visitor's own on top.

    ``mark`` writes what was guessed beside the chosen one's gain.
    """
    keys = list(ACTIVATIONS)
    if state["activation"] not in ACTIVATIONS:
        keys.insert(0, state["activation"])
    heads = [
        t(f"gains.head.{name}") for name in ("activation", "torch", "forward", "backward", "slope", "source")
    ]
    body = []
    for key in keys:
        row = ACTIVATIONS.get(key)
        own = signal_theory.gains(key)
        name = f"<b>{escape(key)}</b>" if key == state["activation"] else escape(key)
        gain = activation_of(key).gain
        theirs = "–" if gain is None else quantity(gain)
        slope = signal_theory.slope_at_1(key)
        source = escape(row.source) if row else t("gains.own")
        forward = _gain(own.mean_square)
        forward = mark(forward) if key == state["activation"] else forward
        body.append((name, theirs, forward, _gain(own.gradient), _beside_1(slope), source))
    body += map(_gated, GATED)
    return table(heads, body, t("gains.caption"), "lab-table lab-gains", within="lab-scroll")


def _gated(key: str) -> tuple[str, str, str, str, str, str]:
    """Return the row of a gated unit, which says what it is of."""
    gate, (forward, backward) = GATED[key], gated.gains(key)
    slope = gated.length_slope(key, 1.0, sigma_w2=forward**2)
    name = f"{key}: {gate.activation}(z)·u"
    return name, "–", _gain(forward), _gain(backward), _beside_1(slope), escape(gate.source)


def _beside_1(value: float) -> str:
    """Write a slope, on which side of 1 it lies."""
    beside = abs(value - 1)
    return apart(value, 1) if 1e-9 < beside < 1e-3 else _gain(1.0 if beside < 1e-3 else value)


def _gain(value: float) -> str:
    return quantity(value) if math.isfinite(value) else "–"


def code(schemes: Sequence[Foretold], state: State) -> str | None:
    """Return the script that computes what the view of theory shows; None where it shows nothing."""
    if state["sight"] == "maps":
        return _maps_code(schemes, state)
    return _chaos_code(schemes, state) if state["sight"] == "chaos" else gains_code(state["activation"])


def _maps_code(schemes: Sequence[Foretold], state: State) -> str | None:
    shown = curves(schemes, state)
    if not shown:
        return None
    settings = _settings(schemes, state, {curve.series for curve in shown})
    return maps_code(state["activation"], settings, reach=float(shown[0].lengths[0][-1]))


def _chaos_code(schemes: Sequence[Foretold], state: State) -> str | None:
    phases = charted(state, dots(schemes))
    if phases is None:
        return None
    stands = {
        row.place
        for row in schemes
        if row.setting is not None
        and signal_theory.stand(row.setting, state["activation"], signal_theory.start(row.setting, state))
    }
    ends = {name: float(getattr(phases, name)[-1]) for name in ("sigma_w2", "sigma_b2")}
    return chaos_code(
        state["activation"],
        _settings(schemes, state, stands),
        **ends,
        powers=_powers(schemes, state),
        depth=state["depth"],
    )


def _settings(schemes: Sequence[Foretold], state: State, places: set[int]) -> Settings:
    return [
        (
            str(row.entry),
            float(signal_theory.start(row.setting, state)),
            float(row.setting.sigma_w2),
            float(row.setting.sigma_b2),
        )
        for row in schemes
        if row.setting is not None and row.place in places
    ]

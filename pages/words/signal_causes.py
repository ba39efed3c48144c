"""Why a signal does what the finding says, from this setting's own numbers.

The numbers are those of theory: a wide layer makes σ_w²·E[φ²] + σ_b² of a mean square q (Poole et al. 2016),
and going back a gradient's mean square is multiplied by χ₁ = σ_w²·E[φ′²] (Schoenholz et al. 2017).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core import SCHEMES, Law
from core.signals import fate as outlook
from core.signals.fate import Expected, Setting
from core.signals.formula import activation_of
from core.signals.trace_run import SATURATED
from pages.jobs import signal_theory
from pages.jobs.signal import Followed, Foretold
from pages.jobs.signal_theory import mean_square, slope_square
from pages.state.chosen import State
from pages.text import Text, sentences
from pages.text.numbers import apart, count, factor, percent, quantity, ten_to
from pages.words import common
from pages.words.common import brief
from pages.words.signal import backwards, measured
from pages.words.signal_theory import curves

Array = npt.NDArray[np.float64]

#: What calls for a reason first: the worst that can become of a signal.
_WORST = ("lost", "vanishes", "explodes", "falls", "grows", "settles", "kept")
#: What has become of a signal that has not arrived; sizes that any dtype holds with room to spare.
_GONE, _HELD = {"lost", "vanishes", "explodes"}, 1e3
#: By how much a mean square changes that goes ever faster.
_FAST = 1e6
#: Correlations that move by less stay.
STILL = 0.01
#: Factors this close to 1 keep what they multiply.
_ONE = 1e-6


def cause(rows: Sequence[Foretold], state: State, t: Text) -> str:
    """Return the line below the finding: why it is so. '' where theory has no reason to give."""
    views: Mapping[str, Callable[..., str]] = {
        "forward": _of_signal,
        "figures": _of_signal,
        "layers": _of_signal,
        "gradient": _of_gradient,
        "saturation": _of_saturation,
        "correlation": _of_correlation,
        "maps": _of_maps,
        "chaos": _of_chaos,
        "gains": _of_gains,
    }
    view = views.get(state["sight"])
    return common.cause(view(rows, state, t)) if view else ""


# --- forward and back ---------------------------------------------------------------------------------------


class Step(NamedTuple):
    """What one layer makes of a mean square: the activation's share, and the weights' factor."""

    before: float
    after: float
    sigma_w2: float

    @property
    def part(self) -> float:
        """What the activation alone leaves of it."""
        return self.after / self.before if self.before else math.nan

    @property
    def product(self) -> float:
        """What it is multiplied by, but for biases."""
        return self.sigma_w2 * self.part


def _of_signal(rows: Sequence[Followed], state: State, t: Text) -> str:
    fates = [outlook.fate(measured(row, state["measure"])).kind for row in rows]
    row = rows[min(range(len(rows)), key=lambda at: _WORST.index(fates[at]))]
    if row.setting is None or row.expected is None or row.setting.sigma_w2 == 0:
        return _untold(row, state, t)
    words = _of_layers(rows, row, row.expected, row.setting, state, t)
    part = state["measure"].partition("_")[0]
    wide: Array = getattr(row.expected, f"{part}_mean_square")
    return sentences(words, _narrow(measured(row, state["measure"]), wide, state, t) if words else "")


def _narrow(drawn: Array, wide: Array, state: State, t: Text) -> str:
    """Say that a draw is not what theory has of wide layers, where it is lost and theory has it otherwise.

    Not so where a dtype's range may be at fault.
    """
    found, told = outlook.fate(drawn), outlook.fate(wide[np.newaxis])
    if found.kind not in _GONE or found.overflow:
        return ""
    held = told.kind not in _GONE and bool(((wide > _HELD**-2) & (wide < _HELD**2)).all())
    opposite = (found.kind == "explodes") == (told.kind == "vanishes") and told.kind in _GONE - {"lost"}
    return t("cause.narrow", width=count(state["width"])) if held or opposite else ""


def _of_layers(  # noqa: PLR0913, PLR0917 - a run has these parts
    rows: Sequence[Followed], row: Followed, told: Expected, given: Setting, state: State, t: Text
) -> str:
    """Say what one layer after the other makes of a signal, as theory has it."""
    steps = [step for at in range(state["depth"]) if math.isfinite((step := _step(told, given, at)).part)]
    if not steps:
        return ""
    first, last = steps[0], steps[max(0, len(steps) - 2)]
    facts = {"name": escape(brief(row.name)), **_numbers(last, state)}
    floor = given.sigma_b2
    # of a power, as z², sizes soon leave all numbers, and few layers are left to compare
    other = mean_square(state["activation"], 4 * first.before) / (4 * first.before)
    alike = math.isclose(first.part, last.part, rel_tol=_ONE)
    stays = math.isclose(last.product, 1, rel_tol=_ONE) or math.isclose(first.part, other, rel_tol=_ONE)
    if state["depth"] > 1 and not (alike and stays):
        if more := _steepens(first, steps[-1]):
            words = _at_rest(first, given, facts | {"layer": count(1)}, t)
            return sentences(words, t(more, **facts))
        words = _at_rest(steps[-1], given, facts | {"layer": count(len(steps))}, t)
        slows = not floor and first.product < last.product < 1
        more = "cause.swells" if last.part > 1 else "cause.slows"  # it takes nothing where it adds
        return sentences(words, t(more, **facts) if slows else "")
    if math.isclose(last.product, 1, rel_tol=_ONE):
        words = t("cause.keeps", **facts)
    elif floor or state["depth"] == 1:
        words = t("cause.factor", **facts)
    elif state["measure"].endswith("variance"):  # of which the line shows itself, and not its root
        total = 2 * _tens(last.product, state["depth"] - 1)
        words = t("cause.power_variance", **facts, **_power(facts["product"], total, state["depth"] - 1))
    else:
        total = _tens(last.product, state["depth"] - 1)
        words = t("cause.power", **facts, **_power(facts["rate"], total, state["depth"] - 1))
    if floor:
        words = sentences(words, t("cause.biases", floor=_short(floor)))
    return sentences(words, "" if floor else _balanced(rows, row, last.part, t))


def _steepens(first: Step, last: Step) -> str:
    """Name what drives a signal ever faster, as z² does: less is left of what is small, or more of large."""
    if _FAST**-1 < last.before / first.before < _FAST or last.part == first.part:
        return ""
    grows = last.before > first.before
    return f"cause.steepens_{'up' if grows else 'down'}" if (last.part > first.part) == grows else ""


def _step(told: Expected, given: Setting, at: int) -> Step:
    squares = told.preactivation_mean_square, told.activation_mean_square
    before, after = (float(each[at]) for each in squares)
    return Step(before, after, given.sigma_w2)


def _numbers(step: Step, state: State) -> dict[str, str]:
    """Write what one layer does."""
    return {
        "activation": escape(state["activation"]),
        # as exactly as their product's distance from 1 asks for
        "sigma": apart(step.sigma_w2, 1 / step.part) if step.part > 0 else _short(step.sigma_w2),
        "part": apart(step.part, 1 / step.sigma_w2) if step.sigma_w2 else _short(step.part),
        "product": apart(step.product, 1),
        "rate": apart(math.sqrt(step.product), 1),
    }


def _tens(product: float, steps: int) -> float:
    """Return how many powers of ten so many layers add to a size, each of which multiplies its square."""
    return steps * math.log10(product) / 2 if product > 0 else -math.inf


def _power(rate: str, total: float, steps: int) -> dict[str, str]:
    """Write what so many layers make of it, each the same, with the ``rate`` of one as it is written."""
    return {"base": factor(rate), "steps": count(steps), "total": ten_to(total)}


def _at_rest(last: Step, given: Setting, facts: Mapping[str, str], t: Text) -> str:
    """Say what the deepest layer does to a mean square whose size matters."""
    following = given.sigma_w2 * last.after + given.sigma_b2
    rests = math.isclose(following, last.before, rel_tol=1e-3)
    numbers = {
        "before": _short(last.before),
        "after": _short(last.after),
        "next": _short(following) if rests else apart(following, last.before),
        "floor": _short(given.sigma_b2),
    }
    words = t("cause.at_bias" if given.sigma_b2 else "cause.at", **facts, **numbers)
    return sentences(words, t("cause.rests") if rests else "")


def _balanced(rows: Sequence[Followed], worst: Followed, part: float, t: Text) -> str:
    """Name a scheme that gives back what the activation takes, if one beside the worst does."""
    for row in rows:
        if row is not worst and row.setting and math.isclose(row.setting.sigma_w2 * part, 1, rel_tol=1e-3):
            facts = {"name": escape(brief(row.name)), "sigma": _short(row.setting.sigma_w2)}
            return t("cause.balanced", part=_short(part), **facts)
    return ""


def _untold(row: Followed, state: State, t: Text, back: str = "") -> str:
    """Say why a scheme does what it does of which the theory of drawn weights says nothing."""
    law = _law(row, state)
    facts = {"name": escape(brief(row.name)), "activation": escape(state["activation"])}
    if law.mean == 0 and law.std == 0:
        return t(f"cause.zeros{back or ('' if state['bias'] == 'none' else '_biases')}", **facts)
    if law.family == "indicator":
        return t("cause.identity", **facts)
    if not law.mean:
        return ""
    total = law.mean * state["width"]
    return t(
        f"cause.mean{back}", mean=_short(law.mean), width=count(state["width"]), total=_short(total), **facts
    )


def _law(row: Foretold, state: State) -> Law:
    return SCHEMES[row.entry.scheme].law((state["width"], state["width"]), **dict(row.entry.params))


def _of_gradient(rows: Sequence[Followed], state: State, t: Text) -> str:
    fates = [outlook.fate(backwards(row)).kind for row in rows]
    row = rows[min(range(len(rows)), key=lambda at: _WORST.index(fates[at]))]
    if row.setting is None or row.expected is None or row.setting.sigma_w2 == 0:
        return _untold(row, state, t, back="_back")
    lengths = row.expected.preactivation_mean_square
    slopes = [
        slope_square(state["activation"], float(q)) for q in (lengths[0], lengths[max(0, len(lengths) - 2)])
    ]
    if state["depth"] == 1 or not all(map(math.isfinite, slopes)):
        return ""
    step = Step(1.0, slopes[-1], row.setting.sigma_w2)
    facts = {"name": escape(brief(row.name)), **_numbers(step, state)}
    narrow = _narrow(backwards(row), row.expected.gradient_mean_square[::-1], state, t)
    if math.isclose(step.product, 1, rel_tol=_ONE):
        return sentences(t("cause.back_keeps", **facts), narrow)
    if not math.isclose(*slopes, rel_tol=_ONE):
        return sentences(t("cause.back_at", **facts), narrow)
    total = _tens(step.product, state["depth"] - 1)
    words = t("cause.back_power", **facts, **_power(facts["rate"], total, state["depth"] - 1))
    return sentences(words, narrow, _balanced(rows, row, step.part, t))


# --- the layers, one by one ---------------------------------------------------------------------------------


def _of_saturation(rows: Sequence[Followed], state: State, t: Text) -> str:
    shares = [(float(np.nanmax(row.trace.saturated.mean(0), initial=-1)), at) for at, row in enumerate(rows)]
    share, at = max(shares, key=lambda each: (each[0], -each[1]))
    where = _flat_where(state["activation"])
    row = rows[at]
    if share <= 0 or where is None:
        return ""
    if float(row.trace.preactivation_mean_square.max()) == 0:
        return t("cause.flat_at_0", activation=escape(state["activation"]), name=escape(brief(row.name)))
    if where == ("below", 0.0) and row.setting and row.setting.sigma_w2:
        return t("cause.flat_half", activation=escape(state["activation"]), edge=_short(0))
    layer = int(np.nanargmax(row.trace.saturated.mean(0)))
    size = math.sqrt(float(row.trace.preactivation_mean_square.mean(0)[layer]))
    kind, edge = where
    facts = {"activation": escape(state["activation"]), "edge": _short(edge), "part": percent(SATURATED)}
    numbers = {"name": escape(brief(row.name)), "layer": count(layer + 1), "size": _short(size)}
    return t(f"cause.flat_{kind}", **facts, **numbers)


@lru_cache(maxsize=64)
def _flat_where(activation: str) -> tuple[str, float] | None:
    """Return where slopes are flat: ("below", z) or ("beyond", |z|); None where it is no such place."""
    z = np.linspace(-12, 12, 4801)
    slope = np.abs(activation_of(activation).derivative(z).numpy())
    flat = slope < SATURATED * slope[np.abs(z) <= 3].max()
    changes = np.flatnonzero(np.diff(flat.astype(np.int8)))
    places = [float(z[at] + z[at + 1]) / 2 for at in changes]
    if len(places) == 1 and flat[0]:
        return "below", round(places[0], 2) + 0.0
    if len(places) == 2 and flat[0] and flat[-1] and math.isclose(-places[0], places[1], abs_tol=0.01):
        return "beyond", round(places[1], 2)
    return None


def _of_correlation(rows: Sequence[Followed], state: State, t: Text) -> str:
    if state["between"] == "units":
        return _of_units(rows, state, t)
    row = next((row for row in rows if row.setting and row.setting.sigma_w2), None)
    if row is None or row.setting is None:
        return ""
    facts = (state["activation"], state["depth"], state["input"], state["input_scale"])
    course = signal_theory.correlation(row.setting, *facts)
    course = course[np.isfinite(course)]
    if len(course) < 2:
        return ""
    first, second, last = (float(course[at]) for at in (0, 1, -1))
    here = signal_theory.stand(row.setting, state["activation"], signal_theory.start(row.setting, state))
    numbers = {
        "activation": escape(state["activation"]),
        "name": escape(brief(row.name)),
        "first": apart(first, 1),
        "second": apart(second, 1),
        "last": apart(last, 1),
        "chi1": apart(here.chi1, 1) if here else "",
    }
    if here is None or math.isnan(here.chi1):
        return ""
    if abs(last - first) < STILL:
        kind = _still(row.expected, state["activation"], first)
    elif last > first:
        kind = "rests" if here.phase == "chaotic" else "rises"
    else:
        kind = "falls" if here.phase == "chaotic" else ""
    return t(f"cause.correlation_{kind}", **numbers) if kind else ""


def _of_units(rows: Sequence[Followed], state: State, t: Text) -> str:
    """Say what makes units alike, or that nothing does; an identity's copy other inputs each."""
    laws = [_law(row, state) for row in rows]
    for row, law in zip(rows, laws, strict=True):
        if law.family != "indicator" and (law.mean or not law.std):
            return t("cause.units_alike", name=escape(brief(row.name)))
    return t("cause.units") if all(law.random and law.independent for law in laws) else ""


def _still(told: Expected | None, activation: str, c: float) -> str:
    """Return why a correlation c stays: an odd function, or one that is nearly straight; '' if neither."""
    if told is None or c > 1 - STILL:
        return ""
    if abs(c) < STILL and all(abs(signal_theory.mean(activation, q)) < 1e-9 for q in _ends(told)):
        return "odd"
    straight = [q * slope_square(activation, q) / mean_square(activation, q) for q in _ends(told) if q > 0]
    return "stays" if straight and max(straight) - 1 < STILL else ""


def _ends(told: Expected) -> tuple[float, float]:
    """Return the mean squares of the first layer's pre-activations and of the last's."""
    lengths = told.preactivation_mean_square
    return float(lengths[0]), float(lengths[-1])


# --- theory alone -------------------------------------------------------------------------------------------


def _of_maps(rows: Sequence[Foretold], state: State, t: Text) -> str:
    drawn = {curve.series: curve for curve in curves(rows, state)}
    row = next((row for row in rows if row.place in drawn), None)
    if row is None or row.setting is None:
        return ""
    q, given, name = drawn[row.place].length, row.setting, escape(brief(row.name))
    if q in {0, math.inf}:
        return t("cause.map_falls" if q == 0 else "cause.map_grows", name=name)
    square = mean_square(state["activation"], q)
    if not math.isfinite(square) or not q:
        return ""
    numbers = {"sigma": given.sigma_w2, "square": square, "floor": given.sigma_b2, "q": q}
    key = "cause.map_rests_bias" if given.sigma_b2 else "cause.map_rests"
    return t(key, name=name, **{each: _short(value) for each, value in numbers.items()})


def _of_chaos(rows: Sequence[Foretold], state: State, t: Text) -> str:
    for row in rows:
        if row.setting is None:
            continue
        here = signal_theory.stand(row.setting, state["activation"], signal_theory.start(row.setting, state))
        if here is None or not here.phase or not row.setting.sigma_w2:
            continue
        slope = here.chi1 / row.setting.sigma_w2
        numbers = {
            "name": escape(brief(row.name)),
            "sigma": _short(row.setting.sigma_w2),
            "slope": _short(slope),
        }
        return t("cause.chaos", chi1=apart(here.chi1, 1), **numbers)
    return ""


def _of_gains(_: Sequence[Foretold], state: State, t: Text) -> str:
    own = signal_theory.gains(state["activation"])
    squares = [gain * gain for gain in own]
    if not all(0 < square < math.inf for square in squares):
        return ""
    means = dict(zip(("square", "slope"), (1 / square for square in squares), strict=True))
    numbers = {"forward": own.mean_square, "backward": own.gradient, **means}
    written = {name: quantity(value, trim=True) for name, value in numbers.items()}
    under = {f"under_{name}": factor(written[name]) for name in means}
    return t("cause.gains", activation=escape(state["activation"]), **written, **under)


def _short(value: float) -> str:
    return quantity(value, digits=3, trim=True)

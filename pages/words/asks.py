"""What each screen asks before it shows its result: what its own finding then answers."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from core import Law, Report
from core.signals import fate as outlook
from core.signals.fate import Fate
from core.teaching.lesson import SQRT5
from core.weights.laws import COVERAGE_SIGMAS
from pages.figures.sketch import reach
from pages.jobs import model as jobs
from pages.jobs import signal_theory
from pages.jobs.compare import Compared
from pages.jobs.distribution import Drawn
from pages.jobs.lesson import SHAPE, Shown
from pages.jobs.model import NetworkRun, Ran
from pages.jobs.signal import Followed, Foretold
from pages.state.chosen import State
from pages.text import Text
from pages.text.numbers import count
from pages.words.common import brief
from pages.words.guesses import Asked
from pages.words.signal import backwards, measured
from pages.words.signal_layers import correlation_lines, flat

#: Schemes of which each is asked for by itself, where words are, and where a number is.
MOST, FEW = 4, 3
#: How far apart two stds are that count as different.
ALIKE = 1e-9


def distribution(drawn: Drawn, state: State, t: Text) -> list[Asked]:
    """Ask for the law's one number, and for a sketch of it; of a single value, what that makes of units."""
    law, fan_in = drawn.law, int(state.layer.fans.fan_in)
    if law.family == "point":
        choices = {key: t(f"guess.units.{key}") for key in ("alike", "differ")}
        return [Asked("units", t("guess.two"), choices=choices, right=frozenset({"alike"}))]
    if law.family == "indicator":
        return [Asked("ones", t("guess.ones"), drawn.summary.atoms[1][1], of="whole")]
    return [_spread(law, fan_in, t)]


def _spread(law: Law, fan_in: int, t: Text) -> Asked:
    """Ask for the wall of a uniform law around 0, for the mean of one that is not, for the std of others."""
    low, high = law.support
    far = reach(law, fan_in)
    if law.family != "uniform":
        return Asked(
            "std", t("guess.std"), law.std, reach=far, of_sketch="std", at=partial(_sigmas, law.mean)
        )
    if low != -high:
        return Asked("mean", t("guess.mean"), law.mean, reach=far, of_sketch="mean", at=_itself)
    return Asked("wall", t("guess.wall"), high, reach=far, of_sketch="wall", at=_both)


def _itself(number: float) -> Sequence[float]:
    return (number,)


def _both(number: float) -> Sequence[float]:
    return (-number, number)


def _sigmas(mean: float, std: float) -> Sequence[float]:
    """Return where the chart's own yardsticks would be."""
    return (mean - COVERAGE_SIGMAS * std, mean + COVERAGE_SIGMAS * std)


def compare(rows: Sequence[Compared], t: Text) -> list[Asked]:
    """Ask which scheme spreads widest."""
    widest = max(row.drawn.law.std for row in rows)
    if len(rows) < 2 or widest == 0:
        return []
    names = {str(row.place): row.name for row in rows}
    right = frozenset(str(row.place) for row in rows if row.drawn.law.std >= widest * (1 - ALIKE))
    return [Asked("widest", t("guess.widest"), choices=names, right=right)]


def signal(rows: Sequence[Foretold], state: State, t: Text) -> list[Asked]:
    """Ask what the open view finds of each scheme, or of the first ones."""
    views: Mapping[str, Callable[[], list[Asked]]] = {
        "saturation": lambda: _saturated(rows, state, t),
        "correlation": lambda: _alike(rows, state, t),
        "maps": lambda: _phases(rows, state, t),
        "chaos": lambda: _phases(rows, state, t),
        "gains": lambda: _gain(state, t),
        "code": list,
    }
    return views.get(state["sight"], lambda: _fates(rows, state, t))()


def _fates(rows: Sequence[Foretold], state: State, t: Text) -> list[Asked]:
    """Ask whether a signal, or the gradient on its way back, shrinks, is kept or grows, and when."""
    back = state["sight"] == "gradient"
    ran = [row for row in rows if isinstance(row, Followed)]
    courses = [backwards(row) if back else measured(row, state["measure"]) for row in ran]
    fates = [outlook.fate(course) for course in courses]
    way = "gradient" if back else "signal"
    choices = {key: t(f"guess.fate.{key}") for key in ("shrinks", "kept", "grows")}
    found = [
        Asked(f"{way}_{row.place}", brief(row.name), choices=choices, right=_way(fate))
        for row, fate in zip(ran[:MOST], fates, strict=False)
    ]
    if len(ran) == 1:
        place = fates[0].place or fates[0].lost
        layer = float(place if not back else state["depth"] - place + 1) if place else math.nan
        found.append(Asked(f"far_{way}", t("guess.far"), layer, none=t("guess.never"), of="whole"))
    return found


def _way(found: Fate) -> frozenset[str]:
    """Return which of the three words is right of a fate."""
    if found.kind == "kept":
        return frozenset({"kept"})
    if found.kind in {"vanishes", "falls"} or (found.kind == "lost" and not found.overflow):
        return frozenset({"shrinks"})
    grows = found.kind in {"explodes", "grows", "lost"} or found.factor > 1
    return frozenset({"grows" if grows else "shrinks"})


def _saturated(rows: Sequence[Foretold], state: State, t: Text) -> list[Asked]:
    """Ask for the share of flat slopes, in percent, in the layer that has most of them."""
    ran = [row for row in rows if isinstance(row, Followed)][:FEW]
    shares = [row.trace.saturated.mean(0) for row in ran]
    return [
        Asked(
            f"flat_{row.place}",
            t("guess.flat", name=brief(row.name), flat=flat(state, t)),
            100 * float(np.nanmax(share)),
            of="percent",
        )
        for row, share in zip(ran, shares, strict=True)
        if np.isfinite(share).any()
    ]


def _alike(rows: Sequence[Foretold], state: State, t: Text) -> list[Asked]:
    """Ask how alike two inputs are in the last layer."""
    ran = [row for row in rows if isinstance(row, Followed)][:FEW]
    ends = [float(line.middle[-1]) for line in correlation_lines(ran, state, t)]
    depth = count(state["depth"])
    return [
        Asked(f"alike_{row.place}", t("guess.alike", name=brief(row.name), depth=depth), end)
        for row, end in zip(ran, ends, strict=True)
        if np.isfinite(end)
    ]


def _phases(rows: Sequence[Foretold], state: State, t: Text) -> list[Asked]:
    """Ask on which side of the edge of chaos each scheme lies."""
    choices = {phase: t(f"chaos.phase.{phase}") for phase in ("ordered", "edge", "chaotic")}
    found = []
    for row in rows[:MOST]:
        if row.setting is None:
            continue
        start = signal_theory.start(row.setting, state)
        here = signal_theory.stand(row.setting, state["activation"], start)
        if here is not None and here.phase:
            right = frozenset({here.phase})
            found.append(Asked(f"phase_{row.place}", brief(row.name), choices=choices, right=right))
    return found


def _gain(state: State, t: Text) -> list[Asked]:
    gain = signal_theory.gains(state["activation"]).mean_square
    return [Asked("gain", t("guess.gain"), gain)] if math.isfinite(gain) else []


def model(asked: NetworkRun, run: Ran, state: State, t: Text) -> list[Asked]:
    """Ask how many parameters there are or, of the way back, which weights learn."""
    if state["part"] != "backward":
        return [Asked("count", t("guess.count"), run.size, of="whole")]
    loss, rows = jobs.gradients(asked, state.labels)
    if not math.isfinite(loss) or any(row.broken for row in rows):
        return []
    moved = sum(row.weight_norm > 0 for row in rows)
    right = "none" if moved == 0 else "all" if moved == len(rows) else "some"
    choices = {key: t(f"guess.learn.{key}") for key in ("all", "some", "none")}
    return [Asked("learn", t("guess.learns"), choices=choices, right=frozenset({right}))]


#: What can be wrong with a file of weights, to choose from; "none" is nothing.
WRONGS = (
    *("none", "residual_scale", "not_finite", "same_seed", "fresh_among_trained", "swapped_fans"),
    "steps_without_training",
)


def checkpoint(report: Report, t: Text) -> list[Asked]:
    """Ask what is wrong with a file of weights; of what is not among the choices, whether it was trained."""
    worst = "none" if report.worst is None else report.worst.kind
    if worst in WRONGS:
        choices = {key: t(f"guess.wrong.{key}") for key in WRONGS}
        return [Asked("wrong", t("guess.wrong_with"), choices=choices, right=frozenset({worst}))]
    states = {key: t(f"guess.state.{key}") for key in ("initialised", "trained", "mixed")}
    right = frozenset({report.state} & states.keys())
    return [Asked("state", t("guess.its_state"), choices=states, right=right)] if right else []


def lesson(step: str, tensors: Sequence[Shown], t: Text) -> list[Asked]:
    """Ask what a step's own question asks."""
    first, last = tensors[0], tensors[-1]
    largest = max(abs(first.summary.minimum), abs(first.summary.maximum))
    far = reach(first.law, SHAPE[1])
    steps: Mapping[str, Callable[[], list[Asked]]] = {
        "uniform": lambda: [
            Asked(
                "mean",
                t("guess.mean_of", n=first.summary.n),
                first.summary.mean,
                reach=far,
                of_sketch="mean",
                at=_itself,
            )
        ],
        "normal": lambda: [
            Asked("largest", t("guess.largest"), largest, reach=far, of_sketch="wall", at=_both)
        ],
        "zeros": lambda: [Asked("sums", t("guess.sums"), 0.0)],
        "ones": lambda: [_chosen("ones", ("sum", "mean", "zero"), "sum", t)],
        "constant": lambda: [_chosen("five", ("yes", "no"), "no", t)],
        "kaiming": lambda: [_chosen("beyond", ("normal", "uniform", "both", "neither"), "normal", t)],
        "xavier": lambda: [
            Asked("std", t("guess.std"), first.law.std),
            Asked("wall", t("guess.wall"), last.law.support[1]),
        ],
    }
    return steps[step]()


def _chosen(name: str, choices: Sequence[str], right: str, t: Text) -> Asked:
    words = {key: t(f"guess.lesson.{name}_{key}") for key in choices}
    return Asked(name, t(f"guess.lesson.{name}"), choices=words, right=frozenset({right}))


def slope(t: Text) -> list[Asked]:
    """Ask for the slope with which nn.Linear draws."""
    return [Asked("slope", t("guess.slope"), SQRT5)]


def parameters(size: int, t: Text) -> list[Asked]:
    """Ask how many parameters the lesson's network has."""
    return [Asked("count", t("guess.count"), size, of="whole")]

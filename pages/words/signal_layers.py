"""What a signal's layers are like, one by one, in words: saturated, narrow or wide, and how alike."""

import math
from collections.abc import Sequence
from html import escape

import numpy as np
import numpy.typing as npt

from core.signals.trace_run import SATURATED
from pages.figures.signal import Line
from pages.figures.signal_layers import Layers
from pages.jobs import signal_theory
from pages.jobs.signal import Followed
from pages.state.chosen import State
from pages.text import Text, sentences
from pages.text.numbers import apart, count, percent, quantity
from pages.words.common import brief, folded
from pages.words.signal import NAMED

Array = npt.NDArray[np.float64]


def share_lines(rows: Sequence[Followed], t: Text) -> list[Line]:
    """Return the share of flat slopes by layer: mean over seeds and one standard deviation."""
    found = []
    for row in rows:
        shares = row.trace.saturated
        middle, low, high = shares.mean(0), None, None
        if len(shares) > 1:
            spread = shares.std(0, ddof=1)
            low, high = np.clip(middle - spread, 0, 1), np.clip(middle + spread, 0, 1)
        gone = np.flatnonzero(np.isnan(middle))
        words = t("signal.comes_to", value=_percent(middle[-1], t))
        if len(gone):
            words = t("signal.overflow_from", place=int(gone[0]) + 1)
        found.append(Line(brief(row.name), words, row.place, middle, low, high))
    return found


def _percent(share: float, t: Text) -> str:
    return t("percent", n=percent(share))


#: Where shares differ by less than this, in all layers and schemes, their ends say it all.
ALIKE = 0.25


def saturation_finding(rows: Sequence[Followed], state: State, t: Text) -> str:
    """Return where most slopes are flat, and where fewest."""
    courses = [(brief(row.name), row.trace.saturated.mean(0)) for row in rows]
    courses = [(name, shares) for name, shares in courses if np.isfinite(shares).any()]
    if not courses:
        return t("signal.saturated_none", dtype=state["dtype"])
    most, shares = max(courses, key=lambda each: float(np.nanmax(each[1])))
    least, fewer = min(courses, key=lambda each: float(np.nanmax(each[1])))
    every = np.concatenate([part for _, part in courses])
    low, high = float(np.nanmin(every)), float(np.nanmax(every))
    facts = {"activation": state["activation"], "flat": flat(state, t)}
    if not high:
        return t("signal.saturated_nowhere", **facts)
    if high - low < ALIKE and low > 0:
        ends = dict.fromkeys(map(percent, (low, high)))
        return t("signal.saturated_alike", share=t("percent", n="–".join(ends)), **facts)
    layer = int(np.nanargmax(shares))
    words = t(
        "signal.saturated", name=most, layer=count(layer + 1), share=_percent(shares[layer], t), **facts
    )
    if high - np.nanmax(fewer) < 0.005:
        return words
    return sentences(
        words, t("signal.saturated_least", name=least, share=_percent(float(np.nanmax(fewer)), t))
    )


def flat(state: State, t: Text) -> str:
    """Name what an activation is where its slope is near 0: relu is off there, others are saturated."""
    return t("signal.flat.off" if state["activation"] == "relu" else "signal.flat.saturated")


def saturation_note(rows: Sequence[Followed], state: State, t: Text) -> str:
    """Return what counts as flat, and which units are so for every input."""
    dead = [(float(row.trace.dead.mean(0)[-1]), brief(row.name)) for row in rows]
    most, name = max(dead, key=lambda each: -1.0 if math.isnan(each[0]) else each[0])
    facts = {"samples": count(state["samples"]), "layer": count(state["depth"]), "flat": flat(state, t)}
    words = [t("signal.saturated_note", activation=escape(state["activation"]), part=_percent(SATURATED, t))]
    if most > 0:
        words.append(t("signal.dead", dead=_percent(most, t), name=escape(name), **facts))
    elif most == 0:
        words.append(t("signal.dead_none", **facts))
    return folded(sentences(*words), t)


def pictured(rows: Sequence[Followed]) -> list[Layers]:
    """Return what is drawn of each layer."""
    return [Layers(brief(row.name), row.place, row.trace.first.edges, row.trace.first.counts) for row in rows]


def layers_finding(rows: Sequence[Followed], state: State, t: Text) -> str:
    """Return how many of the last layer's activations lie in the bin around 0."""
    edges = rows[0].trace.first.edges
    width = float(edges[1] - edges[0]) / 2
    parts = []
    for row in rows[:NAMED]:
        last = row.trace.first.counts[-1]
        if not math.isfinite(row.trace.activation_mean_square[0, -1]):
            parts.append(t("signal.near_zero_gone", name=brief(row.name)))
            continue
        share = _percent(last[len(last) // 2] / last.sum(), t)
        parts.append(t("signal.near_zero_part", name=brief(row.name), share=share))
    return t(
        "signal.near_zero",
        depth=count(state["depth"]),
        width=quantity(width, digits=3, trim=True),
        parts=t("signal.listed").join(parts),
    )


def layers_note(rows: Sequence[Followed], state: State, t: Text) -> str:
    """Return how the picture is read, and how much lies beyond it."""
    beyond = []
    for row in rows:
        counts = row.trace.first.counts
        shares = counts[:, [0, -1]].sum(1) / np.maximum(counts.sum(1), 1)
        beyond.append((float(shares.max()), int(shares.argmax()), brief(row.name)))
    most, layer, name = max(beyond)
    reach = float(rows[0].trace.first.edges[-1])
    words = [
        t(f"signal.{state['picture']}_note", seed=state["seed"], reach=quantity(reach, digits=3, trim=True))
    ]
    if most > 0:
        words.append(t("signal.beyond", name=escape(name), layer=count(layer + 1), share=_percent(most, t)))
    return folded(sentences(*words), t)


def correlation_lines(rows: Sequence[Followed], state: State, t: Text) -> list[Line]:
    """Return how alike two inputs, or two units, are by layer."""
    found = []
    for row in rows:
        theory = None
        if state["between"] == "units":
            values = row.trace.first.unit_correlation
        else:
            values = row.trace.first.sample_correlation
            if row.setting is not None:
                facts = (state["activation"], state["depth"], state["input"], state["input_scale"])
                theory = signal_theory.correlation(row.setting, *facts)
        known = values[np.isfinite(values)]
        words = t("signal.comes_to", value=apart(float(known[-1]), 1)) if len(known) else ""
        found.append(Line(brief(row.name), words, row.place, values, theory=theory))
    return found


def correlation_finding(rows: Sequence[Followed], state: State, t: Text) -> str:
    """Return how alike two inputs, or two units, are in the last layer that tells."""
    courses = correlation_lines(rows, state, t)
    parts: list[str] = []
    for course in courses:
        known = np.flatnonzero(np.isfinite(course.middle))
        if not len(known) or len(parts) == NAMED:
            continue
        at = int(known[-1])
        key = "signal.alike_part" if at + 1 == state["depth"] else "signal.alike_part_early"
        parts.append(t(key, name=course.name, value=apart(float(course.middle[at]), 1), layer=count(at + 1)))
    if not parts:
        return t("signal.alike_none")
    joined = t("signal.listed").join(parts)
    return t(f"signal.alike_{state['between']}", parts=joined, depth=count(state["depth"]))


def correlation_note(courses: Sequence[Line], state: State, t: Text) -> str:
    """Return how correlation is measured, and what 1 means."""
    words = [t(f"signal.{state['between']}_note", samples=count(state["samples"]), seed=state["seed"])]
    same = [line.name for line in courses if np.nanmax(line.middle, initial=-1) > 0.999]
    if same and state["between"] == "units":
        words.append(t("signal.same_units", names=escape(t("verdict.and").join(same))))
    return folded(sentences(*words), t)

"""A histogram beside its law: bins, the law's curve, its atoms, its walls, and what noise allows."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from scipy import stats

from core import Law, Summary
from core.weights.laws import Array
from core.weights.referee_checks import drawn_counts
from core.weights.rounding import rounded_law
from pages.figures.chart_data import Column, Series
from pages.figures.palette import Palette
from pages.figures.template import Part, label, pointed, short
from pages.text import Text
from pages.text.numbers import LEAST, count, quantity

#: At most so many steps on the density's axis.
MAX_TICKS = 5
#: Points of a law's curve, joined by a spline.
CURVE_POINTS = 33
#: The two ends of the band in which 95 % of the bars should end.
NOISE = (0.025, 0.975)
#: A bar passes the top of the chart less often than this, however few weights are drawn.
OVER_THE_TOP = 1e-4
#: A band narrower than this share of the plot has its labels outside.
CROWDED = 0.55
WALL_WIDTH, LAW_WIDTH, EDGE_WIDTH = 2, 2.5, 1.25


class Overlay(NamedTuple):
    """The bounds of another scheme for the same layer."""

    name: str
    law: Law


def drawn_parts(name: str, summary: Summary, law: Law) -> Series:
    """Return the bars: ends of each bin, weights in it without those at an atom, and their density."""
    counts = drawn_counts(summary, law)
    ends = {"low": summary.edges[:-1], "high": summary.edges[1:]}
    return Series(name, {**ends, "count": counts, "density": counts / unit_of(summary)})


def binned(name: str, summary: Summary, law: Law, *, band: bool = True) -> Series:
    """Return the bars, the counts that the law expects, and its density in the middle of each bin.

    ``band`` says whether the counts between which 95 % of the bars should lie are drawn too.
    """
    drawn = drawn_parts(name, summary, law)
    allowed = _allowed(law, summary.n, len(summary.counts), summary.dtype)
    columns: dict[str, Column] = {**drawn.columns, "expected": allowed.expected}
    if band and law.family != "orthogonal":
        columns |= {"band_low": allowed.low.astype(np.int64), "band_high": allowed.high.astype(np.int64)}
    middles = (summary.edges[:-1] + summary.edges[1:]) / 2
    return Series(name, columns | {"law_density": law.pdf(middles)})


def atoms(name: str, summary: Summary, law: Law) -> list[Series]:
    """Return the single values with what was drawn and what the law says of each; none if it has none."""
    if not law.atoms:
        return []
    values, counts = zip(*summary.atoms, strict=True)
    shares = [number / summary.n for number in counts]
    expected = [probability for _, probability in law.atoms]
    return [Series(name, {"w": values, "count": counts, "share": shares, "law_share": expected})]


def stems(
    summary: Summary, law: Law, t: Text, look: Palette, *, yaxis: str = "y"
) -> tuple[list[Part], list[Part]]:
    """Return the atoms as stems: a dot at the drawn share, a ring at the expected one."""
    traces: list[Part] = []
    labels: list[Part] = []
    for i, ((value, number), (_, probability)) in enumerate(zip(summary.atoms, law.atoms, strict=True)):
        drawn = number / summary.n
        traces += [
            stroke([value, value], [0, drawn], look.edge, 4),
            dot(value, probability, {"symbol": "circle-open", "size": 18}, look.law, 3),
            dot(value, drawn, {"symbol": "circle", "size": 9}, look.edge, 0),
        ]
        drawn_words = t("chart.point", value=quantity(value, value, trim=True), drawn=_share(drawn))
        expected = t("chart.point_expected", expected=_share(probability))
        if yaxis != "y":  # before bars and a curve, which no label may cover: above the plot, in one line
            line = drawn_words.replace("<br>", " ") + f" <span style='color:{look.law}'>{expected}</span>"
            labels.append(label(line, value, 1, look.ink, yshift=22))
            continue
        words = drawn_words + f"<br><span style='color:{look.law}'>{expected}</span>"
        # the last of several stands at the right edge, and its label inside it
        anchor, shift = ("right", -18) if 0 < i == len(law.atoms) - 1 else ("left", 18)
        foot = "bottom" if drawn < 0.12 else "top"
        place = {"align": anchor, "xanchor": anchor, "xshift": shift, "yanchor": foot, "yref": yaxis}
        labels.append(label(words, value, drawn, look.ink, bgcolor=look.paper, yshift=10, **place))
    if yaxis != "y":
        traces = [{**trace, "yaxis": yaxis} for trace in traces]
    return traces, labels


def _share(value: float) -> str:
    """Write a share with four decimals, or more where it is small."""
    return quantity(value, 1, 5)


@lru_cache(maxsize=1024)
def span_of(law: Law, overlay: Overlay | None = None) -> tuple[float, float]:
    """Return the horizontal range: the bins, with room outside a wall, and another's bounds."""
    low, high = law.edges(1)
    walls, room = law.support, 0.17 * (high - low)
    low, high = low - room * (low == walls[0]), high + room * (high == walls[1])
    if overlay is not None:
        ends = [end for band in overlay.law.bands for end in (band.low, band.high)]
        room = 0.08 * (max(high, *ends) - min(low, *ends))
        low, high = min(low, *(end - room for end in ends)), max(high, *(end + room for end in ends))
    return float(low), float(high)


class _Allowed(NamedTuple):
    """What sampling allows the bars, in counts a bin: the mean, where 95 % should end, and the tallest."""

    expected: Array
    low: Array
    high: Array
    tallest: float


@lru_cache(maxsize=1024)
def _outline(law: Law) -> tuple[float, float, Array]:
    """Return points of the law's density: the first's place, their distance, and how high they are.

    Two suffice where it is flat.
    """
    low, high = law.edges(1)
    x = np.linspace(low, high, 2 if law.family == "uniform" else CURVE_POINTS)
    return short(low), short(x[1] - x[0]), law.pdf(x)


@lru_cache(maxsize=256)
def _allowed(law: Law, n: int, bins: int, dtype: torch.dtype) -> _Allowed:
    """Return the binomial quantiles of the counts: the same for every draw of n weights."""
    fixed_share = sum(probability for _, probability in law.atoms)
    m = n - round(n * fixed_share)
    edges = law.edges(bins)
    share = rounded_law(law, dtype).below(edges)
    share[0], share[-1] = 0.0, 1.0
    share = np.diff(share)
    low, high = (np.asarray(stats.binom.ppf(quantile, m, share)) for quantile in NOISE)
    return _Allowed(m * share, low, high, float(stats.binom.isf(OVER_THE_TOP, m, share.max())))


@lru_cache(maxsize=1024)
def peak(law: Law) -> float:
    """Return the height of the law's density; where it has a pole at a wall, a little inside."""
    low, high = law.edges(1)
    return float(law.pdf(np.linspace(low, high, 2 * CURVE_POINTS + 1)[1:-1]).max())


def top_of(summary: Summary, law: Law) -> float:
    """Return the height of the chart: room above the law, and for the tall bars of few weights."""
    room = 1.36 if any(band.kind == "coverage" for band in law.bands) else 1.3
    tallest = _allowed(law, summary.n, len(summary.counts), summary.dtype).tallest
    step = float(summary.edges[1] - summary.edges[0])
    return max(peak(law) * room, 1.1 * tallest / (summary.n * step))


def unit_of(summary: Summary) -> float:
    """Return how many weights in a bin make a density of 1: what turns densities into counts."""
    return summary.n * float(summary.edges[1] - summary.edges[0])


def density_axis(top: float, unit: float, look: Palette) -> Part:
    """Return a vertical axis of counts up to the density ``top``, on which densities are written.

    Counts travel exactly, in few bytes, and the pointer shows them.
    """
    size = 10.0 ** math.floor(math.log10(top / MAX_TICKS))
    step = next(size * times for times in (1, 2, 5, 10) if top / (size * times) <= MAX_TICKS)
    marks = [i * step for i in range(math.floor(top / step) + 1)]
    return {
        "range": [0, short(top * unit)],
        "tickvals": [short(mark * unit) for mark in marks],
        "ticktext": [quantity(mark, step, 3, trim=True) for mark in marks],
        "zeroline": True,
        "zerolinecolor": look.axis,
    }


def drawn_bars(summary: Summary, law: Law, t: Text, look: Palette) -> Part:
    """Return the histogram as one filled step line: a border a bar would make a fence of it.

    Its points are the middles of the bins, where the pointer finds them, and one more on each side.
    """
    first, step = summary.edges[0], summary.edges[1] - summary.edges[0]
    counts = np.concatenate([[0], drawn_counts(summary, law), [0]])  # np.pad takes five times as long
    bins = {"middle": "%{customdata}", "width": quantity(step, step, LEAST), "n": count(summary.n)}
    return {
        "x0": short(first - step / 2),
        "dx": short(step),
        "y": _packed(counts),
        "line": {"shape": "hvh", "color": look.edge, "width": EDGE_WIDTH},
        "fill": "tozeroy",
        "fillcolor": look.bars,
        "customdata": [edge(first + (at - 0.5) * step, step) for at in range(len(counts))],
        **pointed(t("chart.hover", count="%{y:,d}", weights=t("chart.many"), **bins)),
    }


def edge(x: float, step: float, digits: int = LEAST) -> str:
    """Write an edge or a middle of bins ``step`` wide; that at 0 may be off it by a rounding."""
    return quantity(x if abs(x) > 1e-9 * step else 0.0, step, digits)


def noise_band(summary: Summary, law: Law, look: Palette) -> list[Part]:
    """Return the band in which 95 % of the bars should end, as their counts are binomial."""
    first, step = summary.edges[0], summary.edges[1] - summary.edges[0]
    traces: list[Part] = []
    allowed = _allowed(law, summary.n, len(summary.counts), summary.dtype)
    for counts in (allowed.low, allowed.high):
        # the last height twice, so that the last step has its full width
        y = _packed(np.append(counts, counts[-1]))
        traces.append({"x0": short(first), "dx": short(step), "y": y, "line": {"shape": "hv", "width": 0}})
    traces[1] |= {"fill": "tonexty", "fillcolor": look.noise}
    return traces


def _packed(counts: npt.NDArray[Any]) -> npt.NDArray[np.unsignedinteger[Any]]:
    """Return counts in as few bytes as hold them."""
    return counts.astype(np.min_scalar_type(int(counts.max())))


def stroke(x: Sequence[float], y: Sequence[float], color: str, width: float) -> Part:
    """Return a line through points."""
    return {"x": x, "y": y, "line": {"color": color, "width": width}}


def dot(x: float, y: float, symbol: Part, color: str, width: float) -> Part:
    """Return one marker, which the plot's edge does not cut off."""
    marker = {**symbol, "color": color, "line": {"width": width, "color": color}}
    base = {"mode": "markers", "cliponaxis": False}
    return {**base, "x": [x], "y": [y], "marker": marker}


def law_curve(summary: Summary, law: Law, look: Palette, top: float) -> Part:
    """Return the law's density in weights a bin."""
    first, step, heights = _outline(law)
    line = {"color": look.law, "width": LAW_WIDTH, "shape": "spline"}
    # a pole leaves the chart at its top
    y = (heights.clip(0, 2 * top) * unit_of(summary)).astype(np.float32)
    return {"x0": first, "dx": step, "y": y, "line": line}

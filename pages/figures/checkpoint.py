"""A tensor of a file beside the law that it fits: its counts as they were kept, in bins of any width."""

from collections.abc import Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go

from core import Law
from core.checkpoints.report_row import Bins, Row
from pages.figures.chart_data import Column, Series
from pages.figures.histogram import CURVE_POINTS, EDGE_WIDTH, LAW_WIDTH, WALL_WIDTH, density_axis, peak
from pages.figures.palette import Palette
from pages.figures.template import Part, drawn, figure, label, pointed, short, vertical
from pages.text import Text
from pages.text.numbers import LEAST, count, interval, quantity

#: Room above the tallest bar or the law, and beside the outermost bin.
ABOVE, BESIDE = 1.2, 0.06
#: How many times as high as the tallest bar a law is drawn, at most.
HIGHER = 2.5


def histogram(row: Row, law: Law | None, t: Text, look: Palette, *, meant: Law | None = None) -> go.Figure:
    """Draw a tensor's numbers as densities, and the law that they fit, if any, with its walls.

    The bins are the report's own, which hold all finite numbers; the tensor has numbers that differ.
    ``meant`` is the law by which it was to start: dotted, and cut off where it is much higher.
    """
    density = density_of(Bins(row.counts, row.edges))
    law = law if law is not None and law.continuous is not None else None
    span, tallest = _span(row, (law, meant)), float(density.max())
    top = max(tallest, *(min(peak(each), HIGHER * tallest) for each in (law, meant) if each is not None), 0.0)
    traces = [steps(Bins(row.counts, row.edges), row.std, t("chart.many"), t, look)]
    shapes: list[Part] = []
    labels: list[Part] = []
    if law is not None:
        traces.append(_curve(law, top, {"color": look.law, "width": LAW_WIDTH}))
        shapes, labels = _walls(law, span, look)
        labels.append(_name(t("chart.theory"), law, top, look.law, look))
    if meant is not None:
        traces.append(
            _curve(meant, ABOVE * top, {"color": look.second, "width": LAW_WIDTH, "dash": "2px,4px"})
        )
        labels.append(_name(t("chart.meant"), meant, top, look.second, look))
    return figure(
        traces,
        look,
        x={"range": [short(span[0]), short(span[1])], "nticks": 5},
        x_title=t("chart.weight"),
        y=density_axis(ABOVE * top, 1.0, look),
        y_title=t("chart.density"),
        shapes=shapes,
        labels=labels,
        series=lambda: [_series(row, density, law)],
    )


def laid_over(row: Row, other: Row, names: tuple[str, str], t: Text, look: Palette) -> go.Figure:
    """Draw a tensor's numbers as densities, and over them those of the same tensor in another file as a line.

    ``names`` are the files'. The bins are each report's own; both tensors have numbers that differ.
    """
    bins = [Bins(each.counts, each.edges) for each in (row, other)]
    densities = [density_of(each) for each in bins]
    low, high = min(each.edges[0] for each in bins), max(each.edges[-1] for each in bins)
    room = BESIDE * float(high - low)
    line = steps(bins[1], other.std, t("chart.many"), t, look)
    line |= {"fill": "none", "line": {"shape": "hv", "color": look.second, "width": EDGE_WIDTH}}
    return figure(
        [steps(bins[0], row.std, t("chart.many"), t, look), line],
        look,
        x={"range": [short(float(low) - room), short(float(high) + room)], "nticks": 5},
        x_title=t("chart.weight"),
        y=density_axis(ABOVE * max(float(each.max()) for each in densities), 1.0, look),
        y_title=t("chart.density"),
        labels=[
            label(f"■ {escape(names[0])}", 0, 1, look.ink2, xref="paper", xanchor="left", yshift=4),
            label(f"— {escape(names[1])}", 1, 1, look.second, xref="paper", xanchor="right", yshift=4),
        ],
        series=lambda: [
            Series(name, _columns(each, density))
            for name, each, density in zip(names, bins, densities, strict=True)
        ],
    )


def _name(words: str, law: Law, top: float, color: str, look: Palette) -> Part:
    """Return a law's name: over a flat one, or else at its shoulder."""
    flat = law.family == "uniform"
    x = law.mean if flat else law.mean + 0.9 * law.std
    y = min(float(law.pdf(x)), top)
    place = {"yshift": 12} if flat else {"xanchor": "left", "xshift": 8}
    return label(words, x, y, color, yref="y", bgcolor=look.paper, **place)


def _span(row: Row, laws: Sequence[Law | None]) -> tuple[float, float]:
    """Return the horizontal range: the bins and, as far as they are not far from these, the laws."""
    low, high = float(row.edges[0]), float(row.edges[-1])
    wide = high - low
    for law in laws:
        if law is not None:
            first, last = law.edges(1)
            low, high = min(low, max(first, low - wide)), max(high, min(last, high + wide))
    room = BESIDE * (high - low)
    return low - room, high + room


def density_of(bins: Bins) -> np.ndarray:
    """Return the density in each bin, of what is counted there."""
    return np.asarray(bins.counts / (bins.counts.sum() * np.diff(bins.edges)))


def steps(bins: Bins, spread: float, of: str, t: Text, look: Palette) -> Part:
    """Return a histogram as one filled step line, from the left edge of each bin to the next.

    ``of`` names what is counted, and ``spread`` is by how much it differs.
    """
    density = density_of(bins)
    middles, widths = (bins.edges[1:] + bins.edges[:-1]) / 2, np.diff(bins.edges)
    told = [
        [quantity(middle, spread, LEAST), quantity(width, width, LEAST), int(n)]
        for middle, width, n in zip(middles.tolist(), widths.tolist(), bins.counts, strict=True)
    ]
    places = {name: f"%{{customdata[{at}]}}" for at, name in enumerate(("middle", "width"))}
    places |= {"count": "%{customdata[2]:,d}", "n": count(float(bins.counts.sum()))}
    return {
        "x": np.concatenate([bins.edges[:1], bins.edges, bins.edges[-1:]]),
        "y": drawn(np.concatenate([[0.0], density, [0.0, 0.0]])),
        "line": {"shape": "hv", "color": look.edge, "width": EDGE_WIDTH},
        "fill": "tozeroy",
        "fillcolor": look.bars,
        "customdata": [told[0], *told, told[-1], told[-1]],
        **pointed(t("chart.hover", weights=of, **places)),
    }


def _curve(law: Law, top: float, line: Part) -> Part:
    """Return a law's density, up to the top of the chart."""
    low, high = law.edges(1)
    if law.family == "uniform":  # its walls belong to it
        height = min(float(law.pdf((low + high) / 2)), top)
        return {"x": [low, low, high, high], "y": [0.0, height, height, 0.0], "line": line}
    x, step = np.linspace(low, high, 4 * CURVE_POINTS, retstep=True)
    return {"x0": low, "dx": float(step), "y": drawn(law.pdf(x).clip(0, top)), "line": line}


def _walls(law: Law, span: tuple[float, float], look: Palette) -> tuple[list[Part], list[Part]]:
    """Return the law's walls, solid, or else its ±3σ, dashed, each with its number above."""
    shapes: list[Part] = []
    labels: list[Part] = []
    for band in law.bands[:1]:
        wall = band.kind == "support"
        color, dash = (look.ink, "") if wall else (look.law, "8px,5px")
        for x, words in zip((band.low, band.high), interval(band.low, band.high), strict=True):
            if span[0] <= x <= span[1]:
                shapes.append(vertical(x, color, width=WALL_WIDTH, dash=dash))
                labels.append(label(words, x, 1, color, yshift=4))
    return shapes, labels


def _columns(bins: Bins, density: np.ndarray) -> dict[str, Column]:
    return {"low": bins.edges[:-1], "high": bins.edges[1:], "count": bins.counts, "density": density}


def _series(row: Row, density: np.ndarray, law: Law | None) -> Series:
    columns = _columns(Bins(row.counts, row.edges), density)
    if law is not None:
        columns["law_density"] = law.pdf((row.edges[:-1] + row.edges[1:]) / 2)
    return Series("bins", columns)

"""A tensor of a file beside the law that it fits: its counts as they were kept, in bins of any width."""

import numpy as np
import plotly.graph_objects as go

from core import Law
from core.checkpoints.row import Row
from pages.figures.chart_data import Column, Series
from pages.figures.histogram import CURVE_POINTS, EDGE_WIDTH, LAW_WIDTH, WALL_WIDTH, density_axis, peak
from pages.figures.palette import Palette
from pages.figures.template import Part, figure, label, pointed, short, vertical
from pages.text import Text
from pages.text.numbers import LEAST, interval, quantity

#: Room above the tallest bar or the law, and beside the outermost bin.
ABOVE, BESIDE = 1.2, 0.06


def histogram(row: Row, law: Law | None, t: Text, look: Palette) -> go.Figure:
    """Draw a tensor's numbers as densities, and the law that they fit, if any, with its walls.

    The bins are the report's own, which hold all finite numbers; the tensor has numbers that differ.
    """
    density = row.counts / (row.counts.sum() * np.diff(row.edges))
    spread = law is not None and law.continuous is not None
    low, high = _span(row, law if spread else None)
    traces = [_bars(row, density, t, look)]
    shapes: list[Part] = []
    labels = [label(t("chart.drawn"), float(row.quantiles[4]), 0.08, look.ink)]
    top = float(density.max())
    if law is not None and spread:
        top = max(top, min(peak(law), 4 * top))
        traces.append(_curve(law, look, 2 * top))
        shapes, ends = _walls(law, (low, high), look)
        labels += ends
        labels.append(label(t("chart.theory"), high, 0.9, look.law, xanchor="right", yanchor="top"))
    return figure(
        traces,
        look,
        x={"range": [short(low), short(high)], "nticks": 5},
        x_title=t("chart.weight"),
        y=density_axis(ABOVE * top, 1.0, look),
        y_title=t("chart.density"),
        shapes=shapes,
        labels=labels,
        series=lambda: [_series(row, density, law if spread else None)],
    )


def _span(row: Row, law: Law | None) -> tuple[float, float]:
    """Return the horizontal range: the bins and, if they are not far from these, the law's walls."""
    low, high = float(row.edges[0]), float(row.edges[-1])
    if law is not None:
        first, last = law.edges(1)
        wide = high - low
        low, high = max(min(low, first), low - wide), min(max(high, last), high + wide)
    room = BESIDE * (high - low)
    return low - room, high + room


def _bars(row: Row, density: np.ndarray, t: Text, look: Palette) -> Part:
    """Return the histogram as one filled step line, from the left edge of each bin to the next."""
    edges = [quantity(edge, row.std, LEAST) for edge in row.edges.tolist()]
    ends = {"low": "%{customdata[0]}", "high": "%{customdata[1]}"}
    told = [[*pair, int(n)] for *pair, n in zip(edges, edges[1:], row.counts, strict=False)]
    first, last = float(row.edges[0]), float(row.edges[-1])
    return {
        "x": [first, *row.edges.tolist(), last],
        "y": [0.0, *density.tolist(), 0.0, 0.0],
        "line": {"shape": "hv", "color": look.edge, "width": EDGE_WIDTH},
        "fill": "tozeroy",
        "fillcolor": look.bars,
        "customdata": [told[0], *told, told[-1], told[-1]],
        **pointed(t("chart.hover", count="%{customdata[2]:,d}", weights=t("chart.many"), **ends)),
    }


def _curve(law: Law, look: Palette, top: float) -> Part:
    low, high = law.edges(1)
    x = np.linspace(low, high, 2 if law.family == "uniform" else CURVE_POINTS)
    line = {"color": look.law, "width": LAW_WIDTH, "shape": "linear" if law.family == "uniform" else "spline"}
    return {"x": x, "y": law.pdf(x).clip(0, top), "line": line}


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


def _series(row: Row, density: np.ndarray, law: Law | None) -> Series:
    columns: dict[str, Column] = {
        "low": row.edges[:-1],
        "high": row.edges[1:],
        "count": row.counts,
        "density": density,
    }
    if law is not None:
        columns["law_density"] = law.pdf((row.edges[:-1] + row.edges[1:]) / 2)
    return Series("bins", columns)

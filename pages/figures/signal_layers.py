"""Charts of what each layer of a deep network holds: ridges, and a map of value and depth."""

import math
from collections.abc import Sequence
from textwrap import wrap
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from pages.figures.chart_data import Series, Source
from pages.figures.palette import FONT_SIZE, Palette, translucent
from pages.figures.signal import every
from pages.figures.template import Part, figure, label, short
from pages.text import Text

Array = npt.NDArray[np.float64]


class Layers(NamedTuple):
    """One scheme's activations in each layer: counts (depth, bins + 2), the ends beyond the edges."""

    name: str
    series: int
    edges: Array
    counts: npt.NDArray[np.int64]


#: Layers drawn as ridges at most.
RIDGES = 9


def ridges(schemes: Sequence[Layers], t: Text, look: Palette) -> go.Figure:
    """Draw each scheme's layers one below the other as densities, layer 1 on top.

    Each has its own height; a spike at 0 of more than twice the rest is cut off.
    """
    depth = len(schemes[0].counts)
    shown = np.unique(np.linspace(0, depth - 1, min(depth, RIDGES)).round().astype(int))
    traces: list[Part] = []
    for at, scheme in enumerate(schemes):
        color = look.series[scheme.series]
        x = np.repeat(scheme.edges, 2)[1:-1].astype(np.float32)
        for place, layer in enumerate(shown):
            inner = scheme.counts[layer, 1:-1]
            height = 0.92 * np.minimum(inner / _tallest(inner), 1)
            foot = len(shown) - 1 - place
            base = {"xaxis": _axis("x", at), "yaxis": _axis("y", at)}
            ground = {"x": x[[0, -1]], "y": [foot, foot], "line": {"color": look.axis, "width": 1}}
            ridge = {
                "x": x,
                "y": (foot + np.repeat(height, 2)).astype(np.float32),
                "fill": "tonexty",
                "fillcolor": translucent(color, 0.3),
                "line": {"color": color, "width": 1.5},
            }
            traces += [{**base, **ground}, {**base, **ridge}]
    axis = {
        "range": [-0.15, len(shown) + 0.1],
        "tickvals": list(range(len(shown))),
        "ticktext": [str(layer + 1) for layer in reversed(shown)],
        "showgrid": False,
    }
    return _panels(traces, schemes, t, look, axis, lambda: [_series(scheme, shown) for scheme in schemes])


def _tallest(counts: npt.NDArray[np.int64]) -> float:
    """Return the count that fills a ridge's height: a spike at 0, such as relu's, would flatten the rest."""
    rest = float(np.delete(counts, len(counts) // 2).max())
    return max(min(float(counts.max()), 2 * rest) if rest else float(counts.max()), 1.0)


def depth_map(schemes: Sequence[Layers], t: Text, look: Palette) -> go.Figure:
    """Draw each scheme's activations as a map, value across and layer down; ink where they are."""
    traces: list[Part] = []
    for at, scheme in enumerate(schemes):
        inner = scheme.counts[:, 1:-1]
        share = inner / np.maximum(scheme.counts.sum(1, keepdims=True), 1)
        middles = (scheme.edges[1:] + scheme.edges[:-1]) / 2
        traces.append(
            {
                "type": "heatmap",
                "x": middles.astype(np.float32),
                "y0": 1,
                "z": np.sqrt(share).round(3).astype(np.float32),  # the eye sees the thin tails too
                "zmin": 0,
                "zmax": 1,
                "colorscale": [[0, look.paper], [0.25, translucent(look.law, 0.55)], [1, look.law]],
                "showscale": False,
                "xaxis": _axis("x", at),
                "yaxis": _axis("y", at),
                "hoverinfo": "skip",
            }
        )
    depth = len(schemes[0].counts)
    axis = {"range": [depth + 0.5, 0.5], "showgrid": False, "tickvals": every(depth)}
    whole = np.arange(depth)
    return _panels(traces, schemes, t, look, axis, lambda: [_series(scheme, whole) for scheme in schemes])


def _series(scheme: Layers, shown: npt.NDArray[np.integer[Any]]) -> Series:
    """Return the bins of some layers one below the other: how many activations, and which share of all."""
    ends = np.concatenate([[-np.inf], scheme.edges, [np.inf]])
    counts = scheme.counts[shown]
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    columns = {
        "layer": np.repeat(shown + 1, counts.shape[1]),
        "low": np.tile(ends[:-1], len(shown)),
        "high": np.tile(ends[1:], len(shown)),
        "count": counts.ravel(),
        "share": share.ravel(),
    }
    return Series(scheme.name, columns)


def _axis(name: str, at: int) -> str:
    return name if at == 0 else f"{name}{at + 1}"


#: Panels side by side before a second row begins.
ABREAST = 4


def _panels(  # noqa: PLR0913, PLR0917 - the parts of both charts
    traces: list[Part], schemes: Sequence[Layers], t: Text, look: Palette, axis: Part, series: Source
) -> go.Figure:
    """Return small multiples, a scheme each, over one range of values."""
    columns = min(len(schemes), ABREAST)
    rows = math.ceil(len(schemes) / columns)
    reach = _shown(schemes)
    frame: Part = {"fixedrange": True, "zeroline": False, "ticklabelstandoff": 6}
    layout: dict[str, Any] = {}
    labels = []
    for at, scheme in enumerate(schemes):
        row, column = divmod(at, columns)
        (left, right), (foot, top) = _domains(row, column, rows, columns)
        x, y = _axis("xaxis", at), _axis("yaxis", at)
        across = {"range": [-reach, reach], "nticks": 5, "showgrid": False}
        across["domain"] = [short(left), short(right)]
        layout[x] = {**frame, **across, "anchor": _axis("y", at)}
        if row + 1 == rows:
            layout[x]["title"] = {"text": t("signal.value"), "font": {"size": FONT_SIZE}}
        layout[y] = {**frame, **axis, "domain": [short(foot), short(top)], "anchor": _axis("x", at)}
        layout[y]["showticklabels"] = column == 0
        labels.append(_named(scheme, left, top, look))
    x_axis, y_axis = layout.pop("xaxis"), layout.pop("yaxis")
    return figure(
        traces,
        look,
        x=x_axis,
        y=y_axis,
        x_title="",
        y_title=t("signal.layer"),
        labels=labels,
        margin={"l": 56, "r": 12, "t": 66, "b": 48},
        series=series,
        **layout,
    )


def _domains(
    row: int, column: int, rows: int, columns: int
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return where a panel stands, across and up, with the gaps between panels."""
    gap = 0.05
    across = column / columns + (gap / 2 if column else 0), (column + 1) / columns - gap / 2
    foot = 1 - (row + 1) / rows + (0.08 if row + 1 < rows else 0)
    return across, (foot, 1 - row / rows - (0.1 if row else 0))


def _named(scheme: Layers, left: float, top: float, look: Palette) -> Part:
    """Name a panel at its corner; a phone's panels are narrow."""
    words = "<br>".join(wrap(scheme.name, 14, break_long_words=False))
    place = {"xref": "paper", "xanchor": "left", "align": "left", "yshift": 4}
    return label(f"<b>{words}</b>", left, top, look.series[scheme.series], **place)


def _shown(schemes: Sequence[Layers]) -> float:
    """Return how far from 0 an axis must reach to hold all but the thinnest tails of every layer."""
    edges = schemes[0].edges[1:]
    far = [0.0]
    for scheme in schemes:
        share = scheme.counts[:, 1:-1] / np.maximum(scheme.counts.sum(1, keepdims=True), 1)
        either = share + share[:, ::-1]
        far.append(float(edges[np.flatnonzero((either > 1e-3).any(0))].max(initial=0)))
    return max(far) or float(edges[-1])

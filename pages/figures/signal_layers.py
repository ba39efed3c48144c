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
#: Steps from one ridge's foot to the next: whole numbers travel in half the bytes, and no pixel is as fine.
STEPS = 400


def ridges(schemes: Sequence[Layers], t: Text, look: Palette) -> go.Figure:
    """Draw each scheme's layers one below the other as densities, layer 1 on top.

    Each has its own height; a spike at 0 of more than twice the rest is cut off.
    """
    depth = len(schemes[0].counts)
    shown = np.unique(np.linspace(0, depth - 1, min(depth, RIDGES)).round().astype(int))
    reach = _shown(schemes)
    traces: list[Part] = []
    for at, scheme in enumerate(schemes):
        color = look.series[scheme.series]
        for place, layer in enumerate(reversed(shown)):
            low, heights = _ridge(scheme, layer, reach)
            traces.append(
                {
                    "x0": short(low),
                    "dx": short(scheme.edges[1] - scheme.edges[0]),
                    "y": (STEPS * (place + heights)).round().astype(np.int16),
                    "fill": "toself",
                    "fillcolor": translucent(color, 0.3),
                    "line": {"color": color, "width": 1.5, "shape": "vh"},
                    "xaxis": _axis("x", at),
                    "yaxis": _axis("y", at),
                }
            )
    axis = {
        "range": [-0.15 * STEPS, (len(shown) + 0.1) * STEPS],
        "tickvals": [STEPS * place for place in range(len(shown))],
        "ticktext": [str(layer + 1) for layer in reversed(shown)],
        "gridcolor": look.axis,  # what a ridge stands on
    }
    return _panels(
        traces, schemes, reach, t, look, axis, lambda: [_series(scheme, shown) for scheme in schemes]
    )


def _ridge(scheme: Layers, layer: int, reach: float) -> tuple[float, Array]:
    """Return where a ridge begins, and its heights from there: its foot, bins within ``reach``, its foot."""
    inner = scheme.counts[layer, 1:-1]
    low, high = scheme.edges[:-1], scheme.edges[1:]
    held = np.flatnonzero((inner > 0) & (high > -reach) & (low < reach))
    if not held.size:
        return 0.0, np.zeros(1)
    bins = slice(held[0], held[-1] + 1)
    return float(low[held[0]]), np.pad(0.92 * np.minimum(inner[bins] / _tallest(inner), 1), 1)


def _tallest(counts: npt.NDArray[np.int64]) -> float:
    """Return the count that fills a ridge's height: a spike at 0, such as relu's, would flatten the rest."""
    rest = float(np.delete(counts, len(counts) // 2).max())
    return max(min(float(counts.max()), 2 * rest) if rest else float(counts.max()), 1.0)


def depth_map(schemes: Sequence[Layers], t: Text, look: Palette) -> go.Figure:
    """Draw each scheme's activations as a map, value across and layer down; ink where they are."""
    reach = _shown(schemes)
    traces: list[Part] = []
    for at, scheme in enumerate(schemes):
        middles = (scheme.edges[1:] + scheme.edges[:-1]) / 2
        share = scheme.counts[:, 1:-1] / np.maximum(scheme.counts.sum(1, keepdims=True), 1)
        # in percent, which is all that can be told apart; of the root, as the eye sees the thin tails too
        ink = (100 * np.sqrt(share)).round().astype(np.uint8)
        inked = np.flatnonzero(ink.any(0) & (np.abs(middles) < reach))
        first, last = (inked[0], inked[-1]) if inked.size else (0, 0)
        traces.append(
            {
                "type": "heatmap",
                "x0": short(middles[first]),
                "dx": short(middles[1] - middles[0]),
                "y0": 1,
                "z": ink[:, first : last + 1],
                "zmin": 0,
                "zmax": 100,
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
    return _panels(
        traces, schemes, reach, t, look, axis, lambda: [_series(scheme, whole) for scheme in schemes]
    )


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
    traces: list[Part],
    schemes: Sequence[Layers],
    reach: float,
    t: Text,
    look: Palette,
    axis: Part,
    series: Source,
) -> go.Figure:
    """Return small multiples, a scheme each, from −``reach`` to it."""
    columns = min(len(schemes), ABREAST)
    rows = math.ceil(len(schemes) / columns)
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

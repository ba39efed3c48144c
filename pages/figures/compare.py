"""Charts of several schemes at once, each drawn beside its law, on one axis."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from core import Law, Summary
from pages.figures.chart_data import Series
from pages.figures.histogram import (
    WALL_WIDTH,
    atoms,
    binned,
    density_axis,
    dot,
    drawn_bars,
    law_curve,
    noise_band,
    span_of,
    stroke,
    top_of,
    unit_of,
)
from pages.figures.palette import Palette
from pages.figures.template import Part, figure, label, short, vertical
from pages.text import Text

#: Pixels of a panel with its line of words, below which nothing can be read.
PANEL = 74
#: The series' dashes: with hue and name, three signs for each.
DASHES = (
    "solid",
    "10px,4px",
    "2px,3px",
    "10px,4px,2px,4px",
    "6px,3px",
    "14px,4px",
    "4px,4px",
    "12px,3px,2px,3px,2px,3px",
)
#: Pixels of the words above a panel.
_WORDS = 26


class Panel(NamedTuple):
    """One scheme: its name, a phrase on its law, and what was drawn."""

    name: str
    phrase: str
    summary: Summary
    law: Law
    #: which of the series' colours and dashes is its own, in whatever order it stands
    series: int = 0
    #: whether a visitor guessed that it is this one
    guessed: bool = False


def multiples(
    panels: Sequence[Panel], t: Text, look: Palette, *, height: int = 340, reach: Sequence[Law] = ()
) -> go.Figure:
    """Draw the panels one below the other over one axis of weights, each to its own height.

    ``height`` is the least the chart may have, in pixels: it sets the room for the words. The axis
    holds the laws of ``reach`` too, so that a panel that changes does not move it.
    """
    spans = [span_of(law) for law in (*(panel.law for panel in panels), *reach)]
    low, high = min(low for low, _ in spans), max(high for _, high in spans)
    share = 1 / len(panels)
    words = min(_WORDS / (height - 60), 0.6 * share)
    traces: list[Part] = []
    shapes: list[Part] = []
    labels: list[Part] = []
    axes: dict[str, Any] = {}
    for i, panel in enumerate(panels):
        axis = "y" if i == 0 else f"y{i + 1}"
        foot = 1 - (i + 1) * share
        own, top = _panel(panel, t, look)
        traces += [{**trace, "yaxis": axis} for trace in own]
        axes[axis.replace("y", "yaxis")] = {
            "range": [0, short(top)],
            "domain": [short(foot), short(foot + share - words)],
            "visible": False,
            "fixedrange": True,
            "zeroline": False,
        }
        shapes += _marks(panel.law, look, axis, i)
        shapes.append(_ground(foot, look))
        title = titled(panel.name, panel.phrase, look.law)
        if panel.guessed:
            title += f"  <b style='color:{look.second}'>◂ {t('guess.yours')}</b>"
        place = {"xref": "paper", "xanchor": "left", "yshift": 2, "name": f"title__{i}"}
        labels.append(label(title, 0, foot + share - words, look.ink, **place))
    first = axes.pop("yaxis")
    return figure(
        traces,
        look,
        x={"range": [short(low), short(high)], "nticks": 7, "anchor": "free", "position": 0},
        y=first,
        x_title=t("chart.weight"),
        y_title="",
        shapes=shapes,
        labels=labels,
        margin={"l": 12, "r": 12, "t": 8, "b": 48},
        series=lambda: _series(panels, band=True),
        **axes,
    )


def titled(name: str, phrase: str, color: str = "") -> str:
    """Return the words above a panel, the phrase in a color."""
    return f"<b>{name}</b>  <span style='color:{color}'>{phrase}</span>"


def _panel(panel: Panel, t: Text, look: Palette) -> tuple[list[Part], float]:
    """Return a panel's traces and its height: weights a bin, or probabilities where nothing is spread."""
    summary, law = panel.summary, panel.law
    if law.continuous is None:
        top, traces = 1.15, []
    else:
        density = top_of(summary, law)
        noise = noise_band(summary, law, look) if law.family != "orthogonal" else []
        traces = [drawn_bars(summary, law, t, look), *noise, law_curve(summary, law, look, density)]
        top = density * unit_of(summary)
    full = top / 1.15  # the height of probability 1
    for (value, number), (_, probability) in zip(summary.atoms, law.atoms, strict=True):
        drawn = number / summary.n
        traces += [
            stroke([value, value], [0, drawn * full], look.edge, 4),
            dot(value, probability * full, {"symbol": "circle-open", "size": 14}, look.law, 2.5),
            dot(value, drawn * full, {"symbol": "circle", "size": 7}, look.edge, 0),
        ]
    return traces, top


def _ground(height: float, look: Palette) -> Part:
    """Return the line on which a panel stands."""
    y = short(height)
    return {"xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "line": {"color": look.axis, "width": 1}}


def _marks(law: Law, look: Palette, axis: str, place: int) -> list[Part]:
    """Return a panel's walls, solid, and yardsticks, dashed, each with its name for ``pages/live``."""
    marks: list[Part] = []
    for band in law.bands:
        if law.continuous is None:
            continue  # the dots stand where the walls are
        wall = band.kind == "support"
        color, dash = (look.ink, "") if wall else (look.law, "8px,5px")
        for side, end in (("low", band.low), ("high", band.high)):
            line = vertical(end, color, width=WALL_WIDTH, dash=dash)
            marks.append({**line, "yref": f"{axis} domain", "name": f"{band.kind}_{side}_{place}"})
    return marks


def overlaid(panels: Sequence[Panel], t: Text, look: Palette) -> go.Figure:
    """Draw all laws in one plot: hue and dash tell them apart, and a list above the plot names them.

    Densities share the left axis; where there are single values, they stand to their probability on one
    of their own at the right.
    """
    spans = [span_of(panel.law) for panel in panels]
    low, high = min(low for low, _ in spans), max(high for _, high in spans)
    spread = [panel for panel in panels if panel.law.continuous is not None]
    top = max((top_of(panel.summary, panel.law) for panel in spread), default=1.0)
    second = None
    if any(panel.law.atoms for panel in panels):
        second = {"range": [0, 1.15], "tickvals": [0, 0.5, 1]}
    lift = 54 if second else 0  # over the second axis' title
    traces: list[Part] = []
    shapes: list[Part] = []
    labels: list[Part] = []
    for i, panel in enumerate(panels):
        color = look.series[panel.series]
        line = {"color": color, "width": 3, "dash": DASHES[panel.series]}
        if panel.law.continuous is not None:
            traces += _density(panel, line, t, look, top)
        for value, probability in panel.law.atoms:
            stem = {"x": [value, value], "y": [0, probability], "line": line}
            head = dot(value, probability, {"symbol": "circle-open", "size": 12}, color, 2.5)
            traces += [{**part, "yaxis": "y2"} for part in (stem, head)]
        up = 22 * (len(panels) - i) - 4 + lift
        shapes.append(
            {"xref": "paper", "xsizemode": "pixel", "xanchor": 1, "x0": -44, "x1": -4}
            | {"ysizemode": "pixel", "yanchor": 1, "y0": up, "y1": up, "line": line}
        )
        place = {"xref": "paper", "xanchor": "right", "yanchor": "middle"}
        mark = f"<b style='color:{look.second}'>{t('guess.yours')} ▸</b>  " if panel.guessed else ""
        labels.append(label(mark + panel.name, 1, 1, color, xshift=-50, yshift=up, **place))
    room = {"l": 56, "r": 44 if second else 12, "t": max(66, 22 * len(panels) + 20 + lift), "b": 48}
    return figure(
        traces,
        look,
        x={"range": [short(low), short(high)], "nticks": 7},
        x_title=t("chart.weight"),
        y=density_axis(top, 1, look) if spread else {"visible": False, "range": [0, 1.15]},
        y_title=t("chart.density") if spread else "",
        y2=second,
        y2_title=t("chart.probability") if second else "",
        shapes=shapes,
        labels=labels,
        margin=room,
        series=lambda: _series(panels, band=False),
    )


def _series(panels: Sequence[Panel], *, band: bool) -> list[Series]:
    """Return each scheme's bars beside its law, and its single values."""
    series: list[Series] = []
    for panel in panels:
        if panel.law.continuous is not None:
            series.append(binned(panel.name, panel.summary, panel.law, band=band))
        series += atoms(panel.name, panel.summary, panel.law)
    return series


def _density(panel: Panel, line: Part, t: Text, look: Palette, top: float) -> list[Part]:
    """Return what was drawn as thin steps and the law as a line, both as densities.

    Bins of one law are not as wide as another's, so their counts cannot share an axis.
    """
    steps = drawn_bars(panel.summary, panel.law, t, look)
    y = (steps["y"] / unit_of(panel.summary)).astype(np.float32)
    thin = {**steps["line"], "color": line["color"], "width": 1}
    steps |= {"y": y, "fill": "none", "line": thin, "hoverinfo": "skip"}
    steps |= dict.fromkeys(("hovertemplate", "customdata"))
    return [steps, _outline(panel.summary, panel.law, line, look, top)]


def _outline(summary: Summary, law: Law, line: Part, look: Palette, top: float) -> Part:
    """Return a law's density as a line; a flat one with its walls."""
    if law.family != "uniform":
        curve = law_curve(summary, law, look, top)
        y = (curve["y"] / unit_of(summary)).astype(np.float32)
        return {**curve, "y": y, "line": {**line, "shape": "spline"}}
    low, high = law.support
    height = short(float(law.pdf((low + high) / 2)))
    return {
        "x": [short(low), short(low), short(high), short(high)],
        "y": [0, height, height, 0],
        "line": line,
    }

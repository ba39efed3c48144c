"""A network's numbers: parameters beside their bounds, and each step as a map."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from core import Law
from pages.figures.numbers import Column as Numbers
from pages.figures.numbers import Series, grid
from pages.figures.palette import Palette
from pages.figures.template import Part, diverging, figure, label
from pages.text import Text, quantity

Array = npt.NDArray[np.float64]


class Strip(NamedTuple):
    """One parameter tensor on its line of the chart of parameters."""

    name: str
    law: Law
    #: its numbers, or the first of them
    values: Array
    minimum: float
    maximum: float


def strips(parameters: Sequence[Strip], t: Text, look: Palette) -> go.Figure:
    """Draw each parameter's numbers on a line of its own, between the bounds of its law."""
    rows = len(parameters)
    traces: list[Part] = []
    shapes: list[Part] = []
    labels: list[Part] = []
    reach = 0.0
    for at, strip in enumerate(parameters):
        y = rows - 1 - at
        ends = [end for band in strip.law.bands for end in (band.low, band.high)]
        ends = [*ends, *(value for value, _ in strip.law.atoms), strip.minimum, strip.maximum]
        reach = max(reach, *(abs(end) for end in ends if np.isfinite(end)))
        for band in strip.law.bands:
            wall = band.kind == "support"
            line: Part = {"color": look.ink, "width": 3} if wall else {"color": look.law, "width": 2.5}
            line |= {} if wall else {"dash": "5px,4px"}
            for end in (band.low, band.high):
                place = {"x0": end, "x1": end, "yref": "y", "y0": y - 0.34, "y1": y + 0.34}
                shapes.append({"line": line, **place})
            if band.low == band.high:
                words = f"= {quantity(band.high, band.high, trim=True)}"
            else:
                sign = "±" if band.low == -band.high else "< "
                words = sign + quantity(band.high, band.high, 3, trim=True)
            beside = {"xref": "paper", "yref": "y", "xanchor": "left", "yanchor": "middle", "xshift": 6}
            labels.append(label(words, 1, y, look.ink if wall else look.law, **beside))
        whole = {"color": look.edge, "width": 1.5}
        traces.append({"x": [strip.minimum, strip.maximum], "y": [y, y], "line": whole})
        values = strip.values.ravel()
        some = values.size <= 64
        dots = {"size": 9 if some else 5, "color": look.edge, "opacity": 0.85 if some else 0.35}
        traces.append(
            {
                "mode": "markers",
                "x": values.astype(np.float32),
                "y": np.full(values.size, y, dtype=np.int8),
                "marker": dots,
                "hoverinfo": "x",
            }
        )
    reach = reach or 1.0
    return figure(
        traces,
        look,
        x_title=t("strips.value"),
        y_title="",
        x={"range": [-1.1 * reach, 1.1 * reach], "zeroline": True, "zerolinecolor": look.rule},
        y={
            "range": [-0.6, rows - 0.4],
            "showgrid": False,
            "tickvals": list(range(rows)),
            "ticktext": [strip.name for strip in reversed(parameters)],
            "tickfont": {"color": look.ink},
        },
        shapes=shapes,
        labels=labels,
        margin={"l": 112, "r": 72, "t": 12, "b": 48},
        hovermode="closest",
        series=lambda: [_ranges(parameters), *map(_entries, parameters)],
    )


def _ranges(parameters: Sequence[Strip]) -> Series:
    """Return the whole extent of each parameter, of which the entries may be the first ones only."""
    columns: dict[str, Numbers] = {
        "tensor": [strip.name for strip in parameters],
        "minimum": [strip.minimum for strip in parameters],
        "maximum": [strip.maximum for strip in parameters],
    }
    return Series("ranges", columns)


def _entries(strip: Strip) -> Series:
    """Return a parameter's numbers that are drawn, in the tensor's order."""
    values = strip.values.ravel()
    return Series(strip.name, {"entry": np.arange(1, values.size + 1), "value": values})


#: Maps side by side, and the height of one with its title, in pixels.
ABREAST, TALLEST, TITLE = 4, 200, 64


def maps(steps: Sequence[tuple[str, Array]], t: Text, look: Palette) -> go.Figure:
    """Draw each step's numbers as a map, one row a sample, one column a unit, each on its own scale.

    The figure has the height that it needs.
    """
    lines = math.ceil(len(steps) / ABREAST)
    high = min(TALLEST, max(48, 6 * max(len(values) for _, values in steps)))
    total = lines * (high + TITLE) + 8
    layout: Part = {"margin": {"l": 8, "r": 8, "t": 0, "b": 8}, "height": total}
    traces: list[Part] = []
    labels: list[Part] = []
    frame = {"showline": True, "mirror": True, "linecolor": look.axis, "showgrid": False, "ticks": ""}
    frame |= {"fixedrange": True, "zeroline": False, "showticklabels": False}
    for at, (title, values) in enumerate(steps):
        line, place = divmod(at, ABREAST)
        left, right = (place + 0.04) / ABREAST, (place + 0.96) / ABREAST
        top = 1 - (line * (high + TITLE) + TITLE) / (total - 8)
        name = "" if at == 0 else str(at + 1)
        finite = np.abs(values[np.isfinite(values)])
        reach = float(finite.max()) if finite.size else 0.0
        traces.append(
            {
                "type": "heatmap",
                "x0": 1,
                "y0": 1,
                "z": np.where(np.isfinite(values), values, np.nan).astype(np.float32),
                "zmin": -(reach or 1.0),
                "zmax": reach or 1.0,
                "colorscale": diverging(look),
                "showscale": False,
                "xaxis": f"x{name}",
                "yaxis": f"y{name}",
                "hovertemplate": t("maps.hover") + "<extra></extra>",
            }
        )
        layout[f"xaxis{name}"] = {"domain": [left, right], "anchor": f"y{name}", **frame}
        span = [max(0.0, top - high / (total - 8)), top]
        layout[f"yaxis{name}"] = {"domain": span, "autorange": "reversed", "anchor": f"x{name}", **frame}
        words = f"{title}<br>±{quantity(reach, reach, 3)}"
        centred = {"xref": "paper", "xanchor": "center", "align": "center", "yshift": 2}
        labels.append(label(words, (left + right) / 2, top, look.ink, **centred))
    return figure(
        traces,
        look,
        x_title="",
        y_title="",
        x={},
        y={},
        labels=labels,
        series=lambda: [
            Series(title.replace("<br>", " "), grid("row", "unit", values, first=1))
            for title, values in steps
        ],
        **layout,
    )

"""A network's numbers: parameters beside their bounds, and each step as a map."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from core import Band, Law
from pages.figures.chart_data import Column as Numbers
from pages.figures.chart_data import Series, grid
from pages.figures.palette import Palette
from pages.figures.template import Part, diverging, figure, label, pointed_number
from pages.text import Text
from pages.text.numbers import quantity

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
    lines = [(strip, rows - 1 - at) for at, strip in enumerate(parameters)]
    reach = max((end for strip in parameters for end in _ends(strip)), default=0.0) or 1.0
    return figure(
        [trace for strip, y in lines for trace in _line(strip, y, look)],
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
        shapes=[shape for strip, y in lines for band in strip.law.bands for shape in _walls(band, y, look)],
        labels=[_bound(band, y, look) for strip, y in lines for band in strip.law.bands],
        margin={"l": 112, "r": 72, "t": 12, "b": 48},
        hovermode="closest",
        series=lambda: [_ranges(parameters), *map(_entries, parameters)],
    )


def _ends(strip: Strip) -> Iterator[float]:
    """Yield how far its bounds and its numbers lie from 0."""
    bounds = (end for band in strip.law.bands for end in (band.low, band.high))
    for end in (*bounds, *(value for value, _ in strip.law.atoms), strip.minimum, strip.maximum):
        if np.isfinite(end):
            yield abs(end)


def _line(strip: Strip, y: int, look: Palette) -> list[Part]:
    """Return a parameter's range, and its numbers on it."""
    values = strip.values.ravel()
    some = values.size <= 64
    dots = {"size": 9 if some else 5, "color": look.edge, "opacity": 0.85 if some else 0.35}
    whole = {"color": look.edge, "width": 1.5}
    drawn = {"x": values.astype(np.float32), "y": np.full(values.size, y, dtype=np.int8)}
    return [
        {"x": [strip.minimum, strip.maximum], "y": [y, y], "line": whole},
        {
            "mode": "markers",
            "marker": dots,
            **drawn,
            **pointed_number(values, "x", f"{strip.name}: {{}}".format),
        },
    ]


def _walls(band: Band, y: int, look: Palette) -> Iterator[Part]:
    """Yield both ends of a band on a parameter's line: a wall, or a dashed yardstick."""
    wall = band.kind == "support"
    line: Part = {"color": look.ink, "width": 3}
    line = line if wall else {"color": look.law, "width": 2.5, "dash": "5px,4px"}
    for end in (band.low, band.high):
        yield {"line": line, "x0": end, "x1": end, "yref": "y", "y0": y - 0.34, "y1": y + 0.34}


def _bound(band: Band, y: int, look: Palette) -> Part:
    """Name a band beside its line."""
    if band.low == band.high:
        words = f"= {quantity(band.high, band.high, trim=True)}"
    else:
        sign = "±" if band.low == -band.high else "< "
        words = sign + quantity(band.high, band.high, 3, trim=True)
    beside = {"xref": "paper", "yref": "y", "xanchor": "left", "yanchor": "middle", "xshift": 6}
    return label(words, 1, y, look.ink if band.kind == "support" else look.law, **beside)


def _ranges(parameters: Sequence[Strip]) -> Series:
    """Return each parameter's full range; the entries that are drawn may be only its first ones."""
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
    cells = sum(values.size for _, values in steps)
    for at, (title, values) in enumerate(steps):
        line, place = divmod(at, ABREAST)
        left, right = (place + 0.04) / ABREAST, (place + 0.96) / ABREAST
        top = 1 - (line * (high + TITLE) + TITLE) / (total - 8)
        name = "" if at == 0 else str(at + 1)
        finite = np.abs(values[np.isfinite(values)])
        reach = float(finite.max()) if finite.size else 0.0
        traces.append(_heat(values, reach or 1.0, name, cells, t, look))
        span = [max(0.0, top - high / (total - 8)), top]
        layout |= _axes(name, [left, right], span, look)
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


def _heat(  # noqa: PLR0913, PLR0917 - a map has numbers, a scale and a place
    values: Array, reach: float, name: str, cells: int, t: Text, look: Palette
) -> Part:
    """Return a step's numbers in colours, on the axes called ``name``; all maps have so many ``cells``."""
    return {
        "type": "heatmap",
        "x0": 1,
        "y0": 1,
        "z": np.where(np.isfinite(values), values, np.nan).astype(np.float32),
        "zmin": -reach,
        "zmax": reach,
        "colorscale": diverging(look),
        "showscale": False,
        "xaxis": f"x{name}",
        "yaxis": f"y{name}",
        **pointed_number(values, "z", lambda value: t("maps.hover", value=value), cells),
    }


def _axes(name: str, across: list[float], down: list[float], look: Palette) -> Part:
    """Return the two axes of a map: a frame and no numbers; the first row is on top."""
    frame = {"showline": True, "mirror": True, "linecolor": look.axis, "showgrid": False, "ticks": ""}
    frame |= {"fixedrange": True, "zeroline": False, "showticklabels": False}
    return {
        f"xaxis{name}": {"domain": across, "anchor": f"y{name}", **frame},
        f"yaxis{name}": {"domain": down, "autorange": "reversed", "anchor": f"x{name}", **frame},
    }

"""A network drawn: units as circles, weights as lines, and parameters beside their bounds."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from pages.figures.chart_data import Column as Numbers
from pages.figures.chart_data import Series
from pages.figures.palette import FONT, Palette
from pages.figures.template import Part, diverging, figure, label, pointed, short
from pages.text import Text
from pages.text.numbers import count, quantity

Array = npt.NDArray[np.float64]

#: Of more columns than this, the titles stand upright.
UPRIGHT = 8

#: Weights of one layer that are drawn as lines: more would be one field of colour. And of all layers: in a
#: deep network they stand closer, and they travel with every choice.
LINES, OF_ALL = 64, 192
#: Layers up to so many units show each weight's number on its line, and each unit's value in its circle.
FEW = 5
#: So many columns, the input's too, leave room for large circles, of so many pixels.
ROOMY, LARGEST = 6, 60
#: Widths of lines: a weight's is the nearest to its share of the largest; thinner where lines are many.
WIDTHS = (0.8, 2.0, 3.5, 5.0, 6.5)
THIN = 0.4
#: Of a negative weight: pixels of line, and of none.
DASH = (7, 5)
#: Type in circles and on lines: larger than elsewhere, as there is room.
LARGE = 16
#: How much of the colour of its sign the largest value of a layer takes on, in so many steps.
TINT = 0.38
SHADES = 127
#: Between two units of a layer, where the tallest layer is 1 high.
GAP = 0.42


class Column(NamedTuple):
    """A layer as it is drawn: its units' values for one row of the input, and the weights into it."""

    title: str
    note: str
    symbol: str
    #: of the units that are drawn
    values: Array
    units: int
    #: (units, units of the column before), of those that are drawn; empty for the input
    weights: Array
    bias: Array | None
    #: which weights are set by hand, (unit, input) from 0: they are drawn, however small
    by_hand: tuple[tuple[int, int], ...] = ()

    @property
    def few(self) -> bool:
        """True if there is room for a number in each circle."""
        return len(self.values) <= FEW


def drawing(columns: Sequence[Column], t: Text, look: Palette, *, hover: bool = True) -> go.Figure:
    """Draw the network: width is a weight's size, solid and dashed its sign.

    Without ``hover`` it does not carry what a pointer finds, where the browser knows that itself.
    """
    places = [_places(len(column.values)) for column in columns]
    largest = max((float(np.abs(c.weights).max()) for c in columns[1:] if c.weights.size), default=0.0) or 1.0
    roomy = len(columns) <= ROOMY
    few = roomy and all(column.few for column in columns)
    labels: list[Part] = []
    most = most_lines(len(columns))
    lines = {at: _strongest(column, most) for at, column in enumerate(columns) if at}
    traces = [*_lines(lines, places, largest, most, look)]
    for at, own in lines.items():
        if hover:
            traces.append(_middles(at, own, places, t))
        if few and look.font == FONT:
            traces += _numbers(at, columns[at].weights, places, look)
        elif few:  # on paper there is no style sheet to keep the lines off them
            labels += _plates(_numbers(at, columns[at].weights, places, look), look)
    for at, column in enumerate(columns):
        size = LARGEST if roomy and column.few else _size(len(places[at]), len(columns))
        traces.append(_units(at, column, places[at], look, size) | (_told(at, column, t) if hover else {}))
        labels.append(_title(at, column, look, upright=len(columns) > UPRIGHT))
        if column.units > len(column.values):
            words = t("drawing.hidden", shown=count(len(column.values)), units=count(column.units))
            labels.append(label(words, at, 0, look.ink2, yanchor="top", yshift=-2))
    return figure(
        traces,
        look,
        x_title=legend(columns, quantity(largest, largest), t),
        y_title="",
        x={"range": [-0.42, len(columns) - 0.58], "showticklabels": False},
        y={"range": [-0.09, 1.09], "showticklabels": False, "showgrid": False},
        labels=labels,
        hovermode="closest",
        coloraxis={
            "cmin": -SHADES / TINT,  # a scale that no value reaches the end of
            "cmax": SHADES / TINT,
            "colorscale": diverging(look),
            "showscale": False,
        },
        margin={"l": 8, "r": 8, "t": 56 if len(columns) <= UPRIGHT else 132, "b": 52},
        series=lambda: [_circles(columns), _joined(columns)],
    )


def _circles(columns: Sequence[Column]) -> Series:
    """Return the units that are drawn: layer 0 is the input, which has no biases."""
    rows = [
        (layer, column.title, unit, value, bias)
        for layer, column in enumerate(columns)
        for unit, value, bias in zip(
            range(1, len(column.values) + 1),
            column.values.tolist(),
            [None] * len(column.values) if column.bias is None else column.bias.tolist(),
            strict=True,
        )
    ]
    return Series("units", _turned(("layer", "name", "unit", "value", "bias"), rows))


def _joined(columns: Sequence[Column]) -> Series:
    """Return the weights that are drawn as lines, with the units that each joins."""
    rows = [
        (layer, line.source + 1, line.target + 1, line.weight)
        for layer, column in enumerate(columns)
        if layer
        for line in _strongest(column, most_lines(len(columns)))
    ]
    return Series("weights", _turned(("layer", "from", "to", "weight"), rows))


def _turned(names: Sequence[str], rows: Sequence[Sequence[object]]) -> dict[str, Numbers]:
    """Return rows as columns."""
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def _title(at: int, column: Column, look: Palette, *, upright: bool) -> Part:
    """Return a layer's name above it; of many layers, upright."""
    if upright:
        words = f"<b>{column.title}</b> {column.note}"
        return label(words, at, 1, look.ink, textangle=-90, yshift=6)
    words = f"<b>{column.title}</b><br>{column.note}"
    return label(words, at, 1, look.ink, align="center", yshift=6)


def legend(columns: Sequence[Column], largest: str, t: Text) -> str:
    """Say what widths and dashes are, and which weights are drawn, if not all; in two lines."""
    words = t("drawing.legend", largest=largest)
    most = most_lines(len(columns))
    if any(np.count_nonzero(column.weights) > most for column in columns[1:]):
        words += "<br>" + t("drawing.strongest", lines=most)
        if any(column.by_hand for column in columns):
            words += t("drawing.and_by_hand")
    return words


def _places(units: int) -> Array:
    """Return the units' heights, the first on top: within 0 and 1, and no further apart than ``GAP``."""
    gap = min(GAP, 1 / max(units - 1, 1))
    return np.asarray(0.5 + gap * ((units - 1) / 2 - np.arange(units)), dtype=np.float64)


class _Line(NamedTuple):
    source: int
    target: int
    weight: float


def most_lines(columns: int) -> int:
    """Return how many weights of a layer are drawn, of a network of so many columns, the input's too."""
    return min(LINES, OF_ALL // max(columns - 1, 1))


def _strongest(column: Column, most: int) -> list[_Line]:
    """Return the largest weights of a layer, or all if they are few, and those set by hand."""
    weights = column.weights
    set_ = [unit * weights.shape[1] + source for unit, source in column.by_hand]
    largest = np.argsort(-np.abs(weights).ravel(), kind="stable")[:most]
    chosen = np.unique(np.concatenate([largest, np.asarray(set_, dtype=largest.dtype)]))
    targets, sources = np.unravel_index(chosen, weights.shape)
    return [_Line(int(i), int(j), float(weights[j, i])) for j, i in zip(targets, sources, strict=True)]


def _lines(
    lines: Mapping[int, Sequence[_Line]], places: Sequence[Array], largest: float, most: int, look: Palette
) -> Iterator[Part]:
    """Yield one trace a width and sign: a browser draws few traces faster than many, and is told less."""
    negative, positive = look.diverging
    kinds: dict[tuple[int, int, float], list[tuple[int, _Line]]] = {}
    for at, own in lines.items():
        thin = 1 if len(own) <= most / 4 else THIN
        for line in own:
            share = abs(line.weight) / largest if np.isfinite(line.weight) else 1.0
            width = round(share * (len(WIDTHS) - 1)) if line.weight else -1
            kinds.setdefault((width, 1 if line.weight > 0 else -1, thin), []).append((at, line))
    for (width, sign, thin), group in sorted(kinds.items()):
        x = np.array([(at - 1, at, at) for at, _ in group], dtype=np.int8).ravel()
        ends = [(places[at - 1][line.source], places[at][line.target], math.nan) for at, line in group]
        y = np.array(ends, dtype=np.float32).ravel()
        style: Part = {"color": positive if sign > 0 else negative, "width": thin * WIDTHS[width]}
        if sign < 0:
            style["dash"] = ",".join(f"{part}px" for part in DASH)
        if width < 0:  # a weight of 0 joins nothing, but the connection is there
            style = {"color": look.rule, "width": 1}
        yield {"x": x, "y": y, "line": style}


def _middles(at: int, lines: Sequence[_Line], places: Sequence[Array], t: Text) -> Part:
    """Return points that cannot be seen, a third down each line, where the pointer finds its weight."""
    share = 0.3
    heights = [
        _short((1 - share) * places[at - 1][line.source] + share * places[at][line.target]) for line in lines
    ]
    return {
        "mode": "markers",
        "x": [at - 1 + share] * len(lines),
        "y": heights,
        "marker": {"opacity": 0, "size": 12},
        "customdata": [[j + 1, i + 1, quantity(weight, weight)] for i, j, weight in lines],
        **pointed(t("drawing.hover_weight")),
    }


def _numbers(at: int, weights: Array, places: Sequence[Array], look: Palette) -> Iterator[Part]:
    """Return each weight's number on its line, so far along that no two lie at one height.

    The style sheet knows them by their halo, and hides them where they have no room.
    """
    units, inputs = weights.shape
    share = 1 / (max(units, inputs) + 1)
    heights = (1 - share) * places[at - 1][None, :] + share * places[at][:, None]
    halo = f"0 0 3px {look.paper}"
    negative, positive = look.diverging
    for chosen, color in ((weights > 0, positive), (weights < 0, negative), (weights == 0, look.ink2)):
        if chosen.any():
            yield {
                "mode": "text",
                "textposition": "top center",
                "x": [at - 1 + share] * int(chosen.sum()),
                "y": [_short(y) for y in heights[chosen]],
                "text": [_brief(weight) for weight in weights[chosen]],
                "textfont": {"color": color, "shadow": halo, "size": LARGE},
            }


def _plates(numbers: Iterator[Part], look: Palette) -> Iterator[Part]:
    """Return the same numbers on plates of paper."""
    for part in numbers:
        for x, y, text in zip(part["x"], part["y"], part["text"], strict=True):
            place = {"yref": "y", "yanchor": "bottom", "bgcolor": look.paper, "borderpad": 0}
            yield label(text, x, y, part["textfont"]["color"], **place)


def _size(units: int, columns: int) -> int:
    """Return how large circles may be that stand so close, in pixels of a small screen."""
    return max(6, min(30, 320 // units, 240 // columns))


def _units(at: int, column: Column, heights: Array, look: Palette, size: int) -> Part:
    """Return the units as circles, with symbol and value inside if they are large."""
    few = size == LARGEST
    border = {"color": look.ink, "width": 2 if few else 1}
    first, *others = heights.tolist()
    part: Part = {
        "mode": "markers",
        "x": np.full(len(heights), at, dtype=np.int8),
        "y0": first,
        "dy": short(others[0] - first) if others else 0,
        "marker": {"size": size, "line": border, **_tinted(column.values)},
        "cliponaxis": False,
    }
    if few:
        part["mode"] = "markers+text"
        values = [_brief(value) for value in column.values]
        part["text"] = [f"{column.symbol}<sub>{i}</sub><br><b>{v}</b>" for i, v in enumerate(values, start=1)]
        part["textfont"] = {"color": look.ink, "size": LARGE}
    return part


def _told(at: int, column: Column, t: Text) -> Part:
    """Return what a pointer finds at the units of a layer."""
    values = [_brief(value) for value in column.values]
    biases = ["–"] * len(values) if column.bias is None else [_brief(b) for b in column.bias]
    return {
        "customdata": [[i, *pair] for i, pair in enumerate(zip(values, biases, strict=True), start=1)],
        **pointed(t("drawing.hover_unit" if at else "drawing.hover_input")),
    }


def _tinted(values: Array) -> Part:
    """Return markers' colours: each value's sign's, the stronger the larger it is within its layer."""
    finite = np.where(np.isfinite(values), values, 0.0)
    shades = SHADES * finite / (float(np.abs(finite).max()) or 1.0)
    return {"color": shades.round().astype(np.int8), "coloraxis": "coloraxis"}


def _brief(value: float) -> str:
    """Write a number in little room: with three digits."""
    if not math.isfinite(value):
        return str(float(value)).replace("-", "−")
    return quantity(value, digits=3)


def _short(value: float) -> float:
    return round(float(value), 4)

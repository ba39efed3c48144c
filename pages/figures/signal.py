"""Charts of a signal's way through a deep network: by layer, in each layer, and where its setting lies."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from pages.figures.chart_data import Column, Series
from pages.figures.palette import Palette, translucent
from pages.figures.sketch import DASH, WIDTH, named
from pages.figures.template import Part, drawn, figure, label, pointed_number, short, vertical
from pages.text import Text
from pages.text.numbers import quantity

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[Any]

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "triangle-down")
#: The same in text, for keys.
DRAWN = "●■◆▲✚✖★▼"
LINE, THEORY = 2.5, 1.5
#: Pixels right of the plot, for the names of the lines.
ROOM = 172
#: The least part of the plot's height between two names, of two lines each and of one.
APART, CLOSER = 0.18, 0.075
#: In the projector view a line takes so much more of the plot.
CROWDED = 1.25
#: How far from the largest value a chart of powers reaches down at most, in powers of ten.
DEEPEST = 60


class Line(NamedTuple):
    """One scheme's course through the layers: arrays (depth,), nan where there is nothing to show."""

    name: str
    phrase: str
    #: which of the series' colours and markers is its own
    series: int
    middle: Array
    low: Array | None = None
    high: Array | None = None
    theory: Array | None = None


class Guessed(NamedTuple):
    """A number that was guessed, and of which series; None where it is of no single one."""

    value: float
    series: int | None = None

    def color(self, look: Palette) -> str:
        """Return the colour of what it is of."""
        return look.second if self.series is None else look.series[self.series]


def by_layer(  # noqa: PLR0913 - a chart has these parts, named at the call
    lines: Sequence[Line],
    t: Text,
    look: Palette,
    *,
    y_title: str,
    theory: str = "",
    back: bool = False,
    guesses: Sequence[Guessed] = (),
) -> go.Figure:
    """Draw each scheme's course on a log axis, with its band over seeds and theory dashed.

    A value that is 0 or not finite has no place there and leaves a gap; a cross marks a line's last layer
    before that. ``back`` is the way back, from the last layer to the first; ``guesses`` are layers.
    """
    low, high = _decades(lines)
    axis = {"type": "log", "range": [short(low), short(high)], **powers(low, high)}
    ends = [math.log10(line) if line > 0 else math.nan for line in _ends(lines, back=back, log=True)]
    depth = len(lines[0].middle)
    marks = [
        vertical(each.value, each.color(look), width=WIDTH, dash=DASH)
        for each in guesses
        if 1 <= each.value <= depth
    ]
    return _courses(
        lines,
        t,
        look,
        axis=axis,
        span=(low, high),
        ends=ends,
        theory=theory,
        back=back,
        y_title=y_title,
        marks=marks,
    )


def shares_by_layer(  # noqa: PLR0913 - as above
    lines: Sequence[Line],
    t: Text,
    look: Palette,
    *,
    y_title: str,
    theory: str = "",
    percent: bool = False,
    guesses: Sequence[Guessed] = (),
) -> go.Figure:
    """Draw shares or correlations by layer on a plain axis, which holds 0 and all there is.

    ``guesses`` are heights.
    """
    seen = np.concatenate([part for line in lines for part in (line.middle, line.high) if part is not None])
    least, most = (float(end(seen[np.isfinite(seen)], initial=0)) for end in (np.min, np.max))
    inside = [each for each in guesses if -1 <= each.value <= 1]
    least, most = (
        min([least, *(each.value for each in inside)]),
        max([most, *(each.value for each in inside)]),
    )
    top = 1.05 if most > 0.6 else max(0.12, 1.25 * most)
    low = -0.02 * top if least > -0.05 else -1.05
    axis: Part = {
        "range": [short(low), short(top)],
        "zeroline": True,
        "zerolinecolor": look.axis,
        "nticks": 6,
    }
    if percent:
        axis["tickformat"] = ".0%"
    ends = _ends(lines, back=False, log=False)
    across = {"xref": "paper", "x0": 0, "x1": 1, "yref": "y"}
    dashed = {"width": WIDTH, "dash": DASH}
    marks = [
        {
            **across,
            "y0": short(at := each.value),
            "y1": short(at),
            "line": {"color": each.color(look), **dashed},
        }
        for each in inside
    ]
    return _courses(
        lines,
        t,
        look,
        axis=axis,
        span=(low, top),
        ends=ends,
        theory=theory,
        y_title=y_title,
        marks=marks,
    )


def _courses(  # noqa: PLR0913 - the parts of both charts by layer
    lines: Sequence[Line],
    t: Text,
    look: Palette,
    *,
    axis: Part,
    span: tuple[float, float],
    ends: Sequence[float],
    theory: str,
    y_title: str,
    marks: Sequence[Part],
    back: bool = False,
) -> go.Figure:
    depth = len(lines[0].middle)
    log = axis.get("type") == "log"
    layers: Numbers = np.arange(1, depth + 1, dtype=np.min_scalar_type(depth))
    traces = [part for line in lines for part in _course(line, layers, look, log=log, back=back)]
    foretold = [line.theory for line in lines if line.theory is not None]
    dashed = {"color": look.ink, "width": THEORY, "dash": "6px,4px"}
    traces += [{"x": layers, "y": drawn(_usable(course, log=log)), "line": dashed} for course in foretold]
    labels = _names(lines, ends, span, look)
    if foretold and theory:
        labels.append(label(f"– – {theory}", 1, 1, look.ink, xref="paper", xanchor="right", yshift=22))
    if marks:
        labels.append(named(t, look, marks[0]["line"]["color"] if len(marks) == 1 else look.ink))
    room = 0.01 * depth
    across = [short(1 - room), short(depth + room)]
    return figure(
        traces,
        look,
        x={
            "range": across[::-1] if back else across,
            "tickvals": every(depth),
        },
        x_title=t("signal.layer_back" if back else "signal.layer"),
        y=axis,
        y_title=y_title,
        shapes=marks,
        labels=labels,
        margin={"l": 56, "r": ROOM, "t": 60, "b": 48},
        series=lambda: [_series(line, layers) for line in lines],
    )


def _series(line: Line, layers: Numbers) -> Series:
    """Return a line's numbers, those too that its axis has no place for."""
    columns: dict[str, Column | None] = {
        "layer": layers,
        "middle": line.middle,
        "band_low": line.low,
        "band_high": line.high,
        "theory": line.theory,
    }
    known = {name: column for name, column in columns.items() if column is not None}
    return Series(line.name, known, shared=True)


def every(depth: int) -> list[int]:
    """Return the layers that an axis names: the first, and some ten others."""
    step = next(n for n in (1, 2, 5, 10, 20, 50) if depth / n <= 10)
    return [1, *range(step if step > 1 else 2, depth + 1, step)]


def _ends(lines: Sequence[Line], *, back: bool, log: bool) -> list[float]:
    """Return where each line ends, nan where it shows nothing."""
    ends = []
    for line in lines:
        values = _usable(line.middle, log=log)
        known = values[np.isfinite(values)]
        ends.append(float(known[0 if back else -1]) if len(known) else math.nan)
    return ends


def _course(line: Line, layers: Numbers, look: Palette, *, log: bool, back: bool) -> list[Part]:
    """Return a line with its band, and a cross where it is lost."""
    color = look.series[line.series]
    middle = _usable(line.middle, log=log)
    known = np.flatnonzero(np.isfinite(middle))
    parts: list[Part] = []
    if line.low is not None and line.high is not None and len(known):
        inner = known[np.isfinite(line.low[known]) & np.isfinite(line.high[known])]
        parts.append(
            {
                "x": np.concatenate([layers[inner], layers[inner][::-1]]),
                "y": drawn(np.concatenate([line.low[inner], line.high[inner][::-1]])),
                "fill": "toself",
                "fillcolor": translucent(color, 0.18),
                "line": {"width": 0},
            }
        )
    mark = {
        "symbol": SYMBOLS[line.series],
        "size": 9,
        "maxdisplayed": 10,
        "line": {"color": look.paper, "width": 1.5},
    }
    parts.append(
        {
            "mode": "lines+markers",
            "x": layers,
            "y": drawn(middle),
            "line": {"color": color, "width": LINE},
            "marker": mark | {"color": color},
            **pointed_number(middle, "y", f"{line.name}: {{}}".format),
        }
    )
    if len(known) and (known[0] > 0 if back else known[-1] + 1 < len(layers)):
        last = known[0 if back else -1]
        cross = {"symbol": "x-thin", "size": 13, "line": {"color": color, "width": 3}}
        parts.append({"mode": "markers", "x": layers[[last]], "y": middle[[last]], "marker": cross})
    return parts


def _usable(values: Array, *, log: bool) -> Array:
    """Return values with nan where the axis has no place for them."""
    with np.errstate(invalid="ignore"):
        usable = np.isfinite(values) & ((values > 0) | (not log))
    return np.where(usable, values, math.nan)


def _decades(lines: Sequence[Line]) -> tuple[float, float]:
    """Return a log axis' ends: all that was measured, and a little room; theory where nothing was."""
    measured = [part for line in lines for part in (line.middle, line.low, line.high) if part is not None]
    foretold = [line.theory for line in lines if line.theory is not None]
    for parts in (measured, foretold):
        logs = np.log10(np.concatenate([_usable(part, log=True) for part in parts])) if parts else []
        if np.isfinite(logs).any():
            low, high = float(np.nanmin(logs)), float(np.nanmax(logs))
            low = max(low, high - DEEPEST)
            room = max(0.06 * (high - low), 0.3)
            return low - room, high + room
    return -1.0, 1.0


def powers(low: float, high: float, most: int = 7) -> Part:
    """Return a log axis' ticks, ``most`` or so: powers of ten; where they are few, 1, 2, 5 between them."""
    if high - low < 2.2:
        powers = range(math.floor(low), math.ceil(high) + 1)
        values = [
            short(m * 10.0**k) for k in powers for m in (1, 2, 5) if low <= math.log10(m * 10.0**k) <= high
        ]
        return {"tickvals": values, "ticktext": [quantity(value, value, trim=True) for value in values]}
    step = next(n for n in (1, 2, 5, 10, 20) if (high - low) / n <= most)
    ends = math.ceil(low / step), math.floor(high / step)
    exponents = [step * k for k in range(ends[0], ends[1] + 1)]
    return {
        "tickvals": [10.0**k for k in exponents],
        "ticktext": ["1" if k == 0 else f"10<sup>{k}</sup>".replace("-", "−") for k in exponents],
    }


def _names(
    lines: Sequence[Line], ends: Sequence[float], span: tuple[float, float], look: Palette
) -> list[Part]:
    """Return each line's name and phrase beside its end, none over another."""
    low, high = span
    heights = [min(1.0, max(0.0, (end - low) / (high - low))) if math.isfinite(end) else 0.0 for end in ends]
    few = len(lines) <= 5
    gap = (APART if few else CLOSER) * (CROWDED if look.times > 1 else 1)
    if few and any("<br>" in line.phrase for line in lines):  # with a guess in a line of its own
        gap *= 1.5
    places = _spread(heights, gap)
    labels = []
    for line, y in zip(lines, places, strict=True):
        words = f"<b>{line.name}</b>" + (f"<br>{line.phrase}" if few and line.phrase else "")
        place = {"xref": "paper", "xanchor": "left", "yanchor": "middle", "align": "left", "xshift": 12}
        labels.append(label(words, 1, y, look.series[line.series], **place))
    return labels


def _spread(heights: Sequence[float], gap: float) -> list[float]:
    """Return heights that are ``gap`` apart at least, in the same order, between 0 and 1 if they fit."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    placed: list[float] = []
    for i in order:
        placed.append(max(heights[i], placed[-1] + gap) if placed else heights[i])
    for i in range(len(placed) - 1, -1, -1):
        ceiling = 1.0 if i == len(placed) - 1 else placed[i + 1] - gap
        placed[i] = min(placed[i], ceiling)
    return [placed[order.index(i)] for i in range(len(heights))]

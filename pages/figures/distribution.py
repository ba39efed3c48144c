"""Charts of one layer's weights beside their law."""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from core import Band, Law, Summary
from core.weights.referee_checks import expected_outside
from pages.figures.chart_data import Series, grid
from pages.figures.histogram import (
    CROWDED,
    WALL_WIDTH,
    Overlay,
    atoms,
    binned,
    density_axis,
    drawn_bars,
    drawn_parts,
    law_curve,
    noise_band,
    peak,
    span_of,
    stems,
    top_of,
    unit_of,
)
from pages.figures.notation import plain
from pages.figures.palette import Palette
from pages.figures.sketch import NONE, Guess, guessed
from pages.figures.template import Part, diverging, figure, label, pointed_number, short, vertical
from pages.text import Text
from pages.text.numbers import count, expected_count, interval, quantity

#: The width of the plot on a phone, and of a letter, in pixels.
NARROWEST, LETTER = 290, 6.8


def weights(  # noqa: PLR0913 - a chart has these parts, named at the call
    summary: Summary, law: Law, t: Text, look: Palette, *, overlay: Overlay | None = None, guess: Guess = NONE
) -> go.Figure:
    """Draw the weights beside their law: as a density, or as points where nothing is spread."""
    if law.continuous is None:
        return points(summary, law, t, look, overlay=overlay)
    return density(summary, law, t, look, overlay=overlay, guess=guess)


def density(  # noqa: PLR0913 - as above
    summary: Summary, law: Law, t: Text, look: Palette, *, overlay: Overlay | None = None, guess: Guess = NONE
) -> go.Figure:
    """Draw the weights as density bars under the law's curve, its walls and its yardsticks.

    The ranges follow the law and never the draw, so a redraw does not move the axes.
    """
    span = guess.within(span_of(law, overlay))
    top = top_of(summary, law)
    noise = noise_band(summary, law, look) if law.family != "orthogonal" else []
    traces = [drawn_bars(summary, law, t, look), *noise, law_curve(summary, law, look, top)]
    shapes, labels = _bands(summary, law, span, t, look)
    narrow = top > 2 * peak(law) or span[1] - span[0] > 30 * law.std
    labels += _names(summary, law, t, look, bars=not narrow)
    if overlay is not None:
        more_shapes, more_labels = _overlaid(overlay, look)
        shapes, labels = shapes + more_shapes, labels + more_labels
    more_shapes, more_labels = guessed(guess, unit_of(summary), t, look)
    shapes, labels = shapes + more_shapes, labels + more_labels
    second = None
    if law.atoms:
        # the stem stands before the bars, half as high as the chart
        tallest = max(probability for _, probability in law.atoms)
        ticks = {"tickvals": [0, tallest], "ticktext": ["0", quantity(tallest, tallest, 3, trim=True)]}
        second = {"range": [0, 2 * tallest], **ticks}
        more_traces, more_labels = stems(summary, law, t, look, yaxis="y2")
        traces, labels = traces + more_traces, labels + more_labels
    return figure(
        traces,
        look,
        x={"range": [short(span[0]), short(span[1])], "nticks": 7},
        x_title=t("chart.weight"),
        y=density_axis(top, unit_of(summary), look),
        y_title=t("chart.density"),
        y2=second,
        y2_title=t("chart.probability"),
        shapes=shapes,
        labels=labels,
        head=2 if overlay is not None or guess else 1,
        series=lambda: [binned("bins", summary, law), *atoms("atoms", summary, law)],
    )


def unnamed(summary: Summary, law: Law, t: Text, look: Palette) -> go.Figure:
    """Draw the weights alone, on an axis that does not tell their law: for who is to name it."""
    reach = 5 * law.std
    return figure(
        [drawn_bars(summary, law, t, look)],
        look,
        x={"range": [short(-reach), short(reach)], "nticks": 7},
        x_title=t("chart.weight"),
        y=density_axis(top_of(summary, law), unit_of(summary), look),
        y_title=t("chart.density"),
        series=lambda: [drawn_parts("bins", summary, law)],
    )


def points(
    summary: Summary, law: Law, t: Text, look: Palette, *, overlay: Overlay | None = None
) -> go.Figure:
    """Draw a law of atoms as stems: a dot at the drawn share, a ring at the expected one."""
    low, high = span_of(law, overlay)
    traces, labels = stems(summary, law, t, look)
    shapes: list[Part] = []
    if overlay is not None:
        shapes, more_labels = _overlaid(overlay, look)
        labels += more_labels
    return figure(
        traces,
        look,
        x={"range": [short(low), short(high)], "nticks": 7},
        x_title=t("chart.weight"),
        y={
            "range": [0, 1.3 if len(law.atoms) > 1 else 1.12],
            "zeroline": True,
            "zerolinecolor": look.axis,
            "tickvals": [0, 0.5, 1],
        },
        y_title=t("chart.probability"),
        shapes=shapes,
        labels=labels,
        head=2 if overlay is not None else 1,
        series=lambda: atoms("atoms", summary, law),
    )


def heatmap(matrix: npt.NDArray[np.float32], t: Text, look: Palette) -> go.Figure:
    """Draw a small weight matrix, one row an output unit, one column an input, 0 as paper."""
    rows, columns = matrix.shape
    reach = float(np.abs(matrix).max()) or 1.0
    trace: Part = {
        "type": "heatmap",
        "z": matrix,
        "zmin": -reach,
        "zmax": reach,
        "colorscale": diverging(look),
        **pointed_number(matrix, "z", lambda value: t("chart.entry", value=value)),
        "colorbar": {"outlinewidth": 0, "thickness": 14, "tickcolor": look.axis},
        "xgap": 1,
        "ygap": 1,
    }
    return figure(
        [trace],
        look,
        x_title=t("chart.column"),
        x={"range": [-0.5, columns - 0.5], **_indices(columns, look)},
        y={"range": [rows - 0.5, -0.5], "showgrid": False, **_indices(rows, look)},
        y_title=t("chart.row"),
        series=lambda: [Series("weights", grid("unit", "input", matrix))],
    )


def _indices(count: int, look: Palette) -> Part:
    """Return an axis of whole numbers, with a frame, in which even a white matrix can be seen."""
    frame = {"showline": True, "mirror": True, "linecolor": look.axis}
    return {"dtick": math.ceil(count / 10), "tick0": 0, **frame}


def _bands(
    summary: Summary, law: Law, span: tuple[float, float], t: Text, look: Palette
) -> tuple[list[Part], list[Part]]:
    """Return lines and labels: a wall solid with nothing beyond, a yardstick dashed with counts.

    Each has the name by which ``pages/live/moving_histogram.js`` moves it.
    """
    shapes: list[Part] = []
    labels: list[Part] = []
    for band, outside in zip(law.bands, summary.outside, strict=True):
        color = look.ink if band.kind == "support" else look.law
        share = (band.high - band.low) / (span[1] - span[0])
        labels += [end for end in _ends(band, color, share) if span[0] <= end["x"] <= span[1]]
        for side, end, edge in (("low", band.low, span[0]), ("high", band.high, span[1])):
            if not span[0] <= end <= span[1]:
                continue  # a wall beyond the chart
            if band.kind == "support":
                shade = {"type": "rect", "x0": edge, "x1": end, "name": f"beyond_{side}"}
                fill = {"fillcolor": look.beyond, "line": {"width": 0}, "layer": "below"}
                wall = vertical(end, look.ink, width=WALL_WIDTH)
                shapes += [{**shade, **fill}, {**wall, "name": f"support_{side}"}]
                if share > CROWDED:  # else another scheme's bounds stand there
                    words = t("chart.none_here")
                    labels.append(label(words, (edge + end) / 2, 0.4, look.ink2, name=f"none_{side}"))
            else:
                line = vertical(end, look.law, width=WALL_WIDTH, dash="8px,5px")
                shapes.append({**line, "name": f"coverage_{side}"})
        if band.kind == "coverage":
            expected = expected_outside(summary.n, law, band, summary.dtype)
            counts = t(
                "chart.beyond",
                band=plain(band.formula),
                observed=count(outside),
                expected=expected_count(expected),
            )
            labels.append(_beyond(counts, band, look, crowded=share < CROWDED))
    return shapes, labels


def _beyond(words: str, band: Band, look: Palette, *, crowded: bool) -> Part:
    """Return the counts beyond both ends of ``band``, inside its high end, or outside if crowded."""
    anchor = "left" if crowded else "right"
    place = {"xanchor": anchor, "yanchor": "top", "align": anchor}
    shift = 6 if crowded else -6
    return label(words, band.high, 0.985, look.ink, bgcolor=look.paper, xshift=shift, name="beyond", **place)


def _ends(band: Band, color: str, share: float) -> list[Part]:
    """Return the two labels above the plot: formula, then value, anchored towards the middle.

    Where the band's ``share`` of the plot cannot hold both, the first stands a line higher.
    """
    values = interval(band.low, band.high)
    texts = [f"{plain(formula)} = {value}" for formula, value in zip(band.ends, values, strict=True)]
    lift = 22 if sum(map(len, texts)) * LETTER > share * NARROWEST else 4
    places = (("low", "left", band.low, lift), ("high", "right", band.high, 4))
    labels = []
    for text, (side, anchor, x, y) in zip(texts, places, strict=True):
        words, name = f"<b>{text.replace(' = ', '</b> = ')}", f"{band.kind}_{side}"
        labels.append(label(words, x, 1, color, xanchor=anchor, yshift=y, name=name))
    return labels


def _overlaid(overlay: Overlay, look: Palette) -> tuple[list[Part], list[Part]]:
    """Return another scheme's bounds, dotted, and their name above the plot, at its right."""
    ends = sorted({end for band in overlay.law.bands for end in (band.low, band.high)})
    lines = [vertical(x, look.second, width=WALL_WIDTH, dash="2px,4px") for x in ends]
    words = overlaid(overlay)
    for at, band in enumerate(overlay.law.bands):
        for side, number in zip(("low", "high"), interval(band.low, band.high), strict=True):
            words = words.replace(f"{{{side}_{at}}}", number)
    place = {"xref": "paper", "xanchor": "right", "align": "right", "yshift": 44, "name": "over"}
    labels = [label(words, 1, 1, look.second, **place)] if ends else []
    return [line | {"name": "over"} for line in lines], labels


def overlaid(overlay: Overlay) -> str:
    """Return what is written of another scheme's bounds, with {low_0}, {high_0} … where their ends stand."""
    written = (_of_band(at, band) for at, band in enumerate(overlay.law.bands))
    return f"<b>{overlay.name}</b><br>{', '.join(written)}"


def _of_band(at: int, band: Band) -> str:
    low, high = interval(band.low, band.high)
    is_even = band.low == -band.high
    where = (
        f"{{high_{at}}}" if low == high else f"±{{high_{at}}}" if is_even else f"{{low_{at}}} … {{high_{at}}}"
    )
    bare = is_even and "[" in plain(band.formula)  # [a, b] is no ±
    return where if bare else f"{plain(band.formula)} = {where}"


def _names(summary: Summary, law: Law, t: Text, look: Palette, *, bars: bool) -> list[Part]:
    """Return the names of what is seen: the law in blue, the weights inside their bars.

    ``bars`` is False where the bars are too few or too narrow to hold a name.
    """
    top, unit = peak(law), unit_of(summary)
    drawn = label(t("chart.drawn"), law.mean, 0.13 * top * unit, look.ink, yref="y", name="drawn")
    names = [drawn] if bars else []
    if law.atoms:
        names = []
    if law.family == "uniform":
        words = t("chart.theory_flat", density=quantity(top, top, 3))
        place = {"yref": "y", "yshift": 24, "bgcolor": look.paper, "name": "flat"}
        return [*names, label(words, law.mean, top * unit, look.law, **place)]
    x, height = _shoulder(law)
    place = {"yref": "y", "xanchor": "left", "xshift": 8, "bgcolor": look.paper, "name": "law"}
    return [*names, label(t("chart.theory"), x, height * unit, look.law, **place)]


@lru_cache(maxsize=1024)
def _shoulder(law: Law) -> tuple[float, float]:
    """Return the point of the law's curve at which its name stands: above the handles half way up."""
    low, high = law.edges(1)
    x = min(law.mean + 0.4 * law.std, high - 0.2 * (high - low))
    return x, float(law.pdf(x))

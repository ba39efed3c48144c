"""Charts that hold a sample against its law point by point: cumulative, quantiles, and the largest."""

import numpy as np
import plotly.graph_objects as go
from scipy import stats

from core import Law, Summary
from core.weights.extremes import Extreme, largest, largest_density, largest_quantile, smallest
from core.weights.laws import Array
from core.weights.referee_checks import drawn_counts
from core.weights.rounding import cut, rounded_law
from pages.figures.chart_data import Column, Series
from pages.figures.histogram import edge
from pages.figures.palette import Palette
from pages.figures.template import Part, figure, label, pointed, short, vertical
from pages.text import Text
from pages.text.numbers import LEAST, apart, quantity

#: The two ends of the band in which 95 % of the points should lie.
BAND = (0.025, 0.975)
CURVE_POINTS = 161
LINE, MARK = 2.5, 6


def cumulative(summary: Summary, law: Law, t: Text, look: Palette) -> go.Figure:
    """Draw the share of weights below each bin's edge on the law's distribution function."""
    low, high = (float(end) for end in law.edges(1))
    room = 0.06 * (high - low)
    x = np.linspace(low - room, high + room, CURVE_POINTS)
    steps = [value for value, _ in law.atoms]
    x = np.sort(np.concatenate([x, steps, np.nextafter(steps, -np.inf)]))
    theory = {"x": _short(x), "y": law.cdf(x).astype(np.float32), "line": {"color": look.law, "width": LINE}}
    edges, share = _below(summary)
    words = t("chart.hover_below", share="%{customdata[0]}", weight="%{customdata[1]}")
    drawn = _dots(edges, share, look, words, [*map(_share, share.tolist())], _written(edges))
    return figure(
        [theory, drawn],
        look,
        x={"range": [short(low - room), short(high + room)], "nticks": 7},
        x_title=t("chart.weight"),
        y={
            "range": [0, 1.04],
            "tickvals": [0, 0.25, 0.5, 0.75, 1],
            "zeroline": True,
            "zerolinecolor": look.axis,
        },
        y_title=t("chart.cumulative"),
        labels=_key(t("chart.theory"), t("chart.drawn_below"), look),
        series=lambda: [Series("below", {"w": edges, "share": share, "law_share": _law_below(law, edges)})],
    )


def quantiles(summary: Summary, law: Law, t: Text, look: Palette) -> go.Figure:
    """Draw the weights' quantiles against the law's, with the band in which 95 % of the points should lie.

    The share of weights below a bin's edge is known exactly, so each edge is a point: its coordinates are
    the law's quantile of that share and the edge itself. At both ends stand the smallest and the
    largest weight.
    """
    here, points, left, right = _quantiles(summary, law)
    m = _drawn_below(summary, law)[1]
    ends = [(smallest(m, law), summary.minimum), (largest(m, law), summary.maximum)]
    reach = [x for end, value in ends for x in (end.low, end.high, end.expected, value)]
    inner, known = np.isfinite(points), np.isfinite(left) & np.isfinite(right)
    span = _span([*reach, *here[inner], *points[inner]])
    words = t("chart.hover_quantile", law="%{customdata[0]}", drawn="%{customdata[1]}")
    traces: list[Part] = [
        _line(span, span, look.law, LINE),
        {
            "x": _short(np.concatenate([left[known], right[known][::-1]])),
            "y": _short(np.concatenate([here[known], here[known][::-1]])),
            "fill": "toself",
            "fillcolor": look.noise,
            "line": {"width": 0},
        },
        _dots(points[inner], here[inner], look, words, _written(points[inner]), _written(here[inner])),
    ]
    for extreme, value in ends if law.family != "orthogonal" else ():
        x = extreme.expected
        traces.append(_line([x, x], [extreme.low, extreme.high], look.noise, 9))
        at, drawn = np.array([x]), np.array([value])
        traces.append(_dots(at, drawn, look, words, _written(at), _written(drawn), symbol="diamond"))
    axis = {"range": [short(span[0]), short(span[1])], "nticks": 7}
    return figure(
        traces,
        look,
        x=axis,
        x_title=t("chart.quantile_law"),
        y={**axis, "nticks": 6},
        y_title=t("chart.quantile_drawn"),
        labels=_key(t("chart.theory_line"), t("chart.drawn_points"), look),
        series=lambda: _points(summary, law),
    )


def _points(summary: Summary, law: Law) -> list[Series]:
    """Return the dots of the quantile chart with their band, and the diamonds at both ends."""
    here, points, left, right = _quantiles(summary, law)
    inner = np.isfinite(points)
    columns = {"law_quantile": points[inner], "quantile": here[inner]}
    if law.family == "orthogonal":  # whose band and extremes are not drawn
        return [Series("quantiles", columns)]
    columns |= {"band_low": left[inner], "band_high": right[inner]}
    m = _drawn_below(summary, law)[1]
    drawn: dict[str, Column] = {"quantile": [summary.minimum, summary.maximum]}
    return [
        Series("quantiles", columns),
        Series("extremes", drawn | _likely(smallest(m, law), largest(m, law))),
    ]


def _likely(*extremes: Extreme) -> dict[str, Column]:
    """Return where the law expects a smallest or largest weight, and where 95 of 100 samples have theirs."""
    return {
        "expected": [extreme.expected for extreme in extremes],
        "likely_low": [extreme.low for extreme in extremes],
        "likely_high": [extreme.high for extreme in extremes],
    }


def within(summary: Summary, law: Law) -> tuple[int, int]:
    """Return how many dots of the quantile chart lie in its band, and how many have one."""
    _, points, left, right = _quantiles(summary, law)
    both = np.isfinite(points) & np.isfinite(left) & np.isfinite(right)
    inside = (left[both] <= points[both]) & (points[both] <= right[both])
    return int(inside.sum()), int(both.sum())


def _quantiles(summary: Summary, law: Law) -> tuple[Array, Array, Array, Array]:
    """Return for each inner edge where it is, the law's quantile of the share drawn below it, and its band.

    A quantile is nan where no weight lies on one side of the edge, and so is its band.
    """
    below, m = _drawn_below(summary, law)
    edges = summary.edges[1:-1]
    expected = rounded_law(law, summary.dtype).below(edges)
    low, high = (np.asarray(stats.binom.ppf(level, m, expected)) for level in BAND)
    if law.family == "orthogonal":  # whose counts are not binomial
        low = np.full_like(low, np.nan)
    shares = (np.where((number > 0) & (number < m), number / m, np.nan) for number in (below, low, high))
    points, left, right = (np.asarray(law.continuous.ppf(share)) for share in shares)
    # where the dtype's rounding divides the real line
    return cut(edges, summary.dtype), points, left, right


def extreme(summary: Summary, law: Law, t: Text, look: Palette) -> go.Figure:
    """Draw the largest weight on the density of the largest of n draws of its law."""
    m = _drawn_below(summary, law)[1]
    expected = largest(m, law)
    low, high = largest_quantile(m, law, 0.0005), largest_quantile(m, law, 0.9995)
    low, high = min(low, summary.maximum), max(high, summary.maximum)
    room = 0.08 * (high - low)
    x = np.linspace(low - room, high + room, CURVE_POINTS)
    x = np.sort(np.append(x, [end for end in law.support if low - room < end < high + room]))
    y = largest_density(m, law, x)
    top = 1.3 * float(y.max())
    inside = (x >= expected.low) & (x <= expected.high)
    likely = {"fill": "tozeroy", "fillcolor": look.noise, "line": {"width": 0}}
    return figure(
        [
            {"x": _short(x[inside]), "y": y[inside], **likely},
            {"x": _short(x), "y": y, "line": {"color": look.law, "width": LINE}},
        ],
        look,
        x={"range": [short(low - room), short(high + room)], "nticks": 6},
        x_title=t("chart.largest_weight"),
        y={"range": [0, short(top)], "zeroline": True, "zerolinecolor": look.axis},
        y_title=t("chart.density_largest"),
        shapes=[
            vertical(summary.maximum, look.edge, width=4),
            vertical(expected.expected, look.law, width=2, dash="8px,5px"),
            *_beyond_the_wall(law.support[1], high + room, look),
        ],
        labels=_both_named(summary.maximum, expected.expected, (low, high), t, look),
        series=lambda: [
            Series("largest", {"w": [summary.maximum], **_likely(expected)}),
            Series("density", {"w": x, "density": y}),
        ],
    )


def _beyond_the_wall(wall: float, end: float, look: Palette) -> list[Part]:
    """Return the wall and the shade beyond it, if it stands before the chart's ``end``."""
    if wall > end:
        return []
    shade = {"type": "rect", "x0": short(wall), "x1": short(end), "layer": "below"}
    return [
        {**shade, "fillcolor": look.beyond, "line": {"width": 0}},
        vertical(wall, look.ink, width=2),
    ]


def _both_named(
    drawn: float, expected: float, ends: tuple[float, float], t: Text, look: Palette
) -> list[Part]:
    """Name the largest weight and the expected one, each on the side that has room."""
    size, middle = ends[1] - ends[0], sum(ends) / 2
    ours = f"<b>{t('chart.largest', value=quantity(drawn, size, 3))}</b>"
    theirs = t("chart.largest_expected", value=quantity(expected, size, 3))
    return [
        label(ours, drawn, 1, look.edge, yshift=22, **_beside(left=drawn > middle)),
        label(theirs, expected, 1, look.law, yshift=4, **_beside(left=expected > middle)),
    ]


def gap(summary: Summary, law: Law) -> tuple[float, float]:
    """Return the largest distance between the drawn and the expected share, and the edge where it is."""
    below, m = _drawn_below(summary, law)
    distance = m / summary.n * np.abs(below / m - rounded_law(law, summary.dtype).below(summary.edges[1:-1]))
    at = int(distance.argmax())
    return float(distance[at]), float(summary.edges[1 + at])


def _below(summary: Summary) -> tuple[Array, Array]:
    """Return the inner edges and the share of all weights below each."""
    return summary.edges[1:-1], np.cumsum(summary.counts)[:-1] / summary.n


def _law_below(law: Law, x: Array) -> Array:
    """Return P(w < x): without an atom at x, which numpy counts in the bin that x begins."""
    at = np.array([sum(probability for value, probability in law.atoms if value == edge) for edge in x])
    return np.asarray(law.cdf(x) - at)


def _drawn_below(summary: Summary, law: Law) -> tuple[Array, int]:
    """Return the numbers of weights off the atoms below each inner edge, and how many there are in all."""
    counts = drawn_counts(summary, law)
    return np.cumsum(counts)[:-1].astype(float), int(counts.sum())


def _span(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = 0.05 * (high - low)
    return low - room, high + room


def _line(x: object, y: object, color: str, width: float) -> Part:
    return {"x": x, "y": y, "line": {"color": color, "width": width}}


def _dots(x: Array, y: Array, look: Palette, words: str, *told: list[str], symbol: str = "circle") -> Part:
    """Return dots, of each of which the pointer reads ``words``, with what is ``told`` of it put in."""
    marker = {"symbol": symbol, "size": MARK if symbol == "circle" else 10, "color": look.edge}
    base: Part = {"mode": "markers", "cliponaxis": False}
    base |= pointed(words, customdata=[*map(list, zip(*told, strict=True))])
    return {**base, "x": _short(x), "y": _short(y), "marker": marker}


def _share(share: float) -> str:
    """Write a share as the numbers of the page are, also where it is nearly all."""
    return apart(share, 1) if share > 0.9 else quantity(share, share, LEAST, trim=True)


def _written(values: Array) -> list[str]:
    """Write places on an axis with the digits that tell them apart."""
    step = float(np.ptp(values)) / max(len(values) - 1, 1) if len(values) else 0.0
    return [edge(value, step or abs(value)) for value in values.tolist()]


def _beside(*, left: bool) -> Part:
    return {"xanchor": "right", "xshift": 2} if left else {"xanchor": "left", "xshift": -2}


def _key(law: str, drawn: str, look: Palette) -> list[Part]:
    """Return what line and dots are, in their colours, at the lower right, where neither ever is."""
    place = {"xref": "paper", "xanchor": "right", "bgcolor": look.paper}
    return [
        label(f"<b>{law}</b>", 1, 0.16, look.law, xshift=-10, **place),
        label(f"● {drawn}", 1, 0.08, look.edge, xshift=-10, **place),
    ]


def _short(values: Array) -> Array:
    """Round to float32's digits where that loses nothing a chart could show."""
    return np.array([short(value) for value in np.asarray(values, dtype=float)])

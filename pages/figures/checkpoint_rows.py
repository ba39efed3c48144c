"""The rows of a tensor's weights: their norms, and the singular values of all of them."""

import math

import numpy as np
import plotly.graph_objects as go

from core import Law
from core.checkpoints.report_row import Bins, Row
from core.checkpoints.spectrum import Noise, norm_of_row
from pages.figures.chart_data import Series
from pages.figures.checkpoint import ABOVE, BESIDE, HIGHER, density_of, steps
from pages.figures.histogram import CURVE_POINTS, LAW_WIDTH, WALL_WIDTH, density_axis
from pages.figures.palette import Palette
from pages.figures.template import Part, figure, label, short, vertical
from pages.text import Text
from pages.text.numbers import interval

#: How far the expected norms are drawn, in their std.
REACH = 4
#: Bins of singular values, at most.
BINS = 32


def expected_norm(row: Row, law: Law | None) -> tuple[float, float] | None:
    """Return mean and std of a row's norm by a law; None if it does not say."""
    if law is None or not law.independent or law.mean or not law.std > 0:
        return None
    return norm_of_row(law, math.prod(row.shape[1:]))


def row_norms(row: Row, law: Law | None, t: Text, look: Palette) -> go.Figure:
    """Draw the norms of a tensor's rows, which it has, and what independent entries of a law give."""
    bins = row.row_norms
    assert bins is not None  # noqa: S101 - the caller has looked
    expected = expected_norm(row, law)
    traces, labels = [steps(bins, float(np.diff(bins.edges).sum()), t("chart.rows"), t, look)], list[Part]()
    top, ends = float(density_of(bins).max()), [float(bins.edges[0]), float(bins.edges[-1])]
    if expected is not None:
        mean, std = expected
        x = np.linspace(mean - REACH * std, mean + REACH * std, 4 * CURVE_POINTS)
        y = np.exp(-(((x - mean) / std) ** 2) / 2) / (std * math.sqrt(2 * math.pi))
        top = max(top, min(float(y.max()), HIGHER * top))
        traces.append({"x": x, "y": y.clip(0, top), "line": {"color": look.law, "width": LAW_WIDTH}})
        ends = [min(ends[0], float(x[0])), max(ends[1], float(x[-1]))]
        labels.append(label(t("chart.theory"), mean + std, top, look.law, yref="y", xanchor="left", xshift=8))
    return figure(
        traces,
        look,
        x={"range": _about(*ends), "nticks": 5},
        x_title=t("chart.row_norm"),
        y=density_axis(ABOVE * top, 1.0, look),
        y_title=t("chart.density_of"),
        labels=labels,
        series=lambda: [_series(bins)],
    )


def noise_of(row: Row) -> Noise:
    """Return what the singular values of a tensor would be if its entries were independent."""
    return Noise(row.shape[0], math.prod(row.shape[1:]), row.std)


def spectrum(row: Row, t: Text, look: Palette) -> go.Figure:
    """Draw the singular values of a tensor, which it has, and those of independent entries with its std."""
    values, noise = row.singular_values, noise_of(row)
    low, high = noise.edges
    ends = min(low, float(values[-1])), max(high, float(values[0]))
    counts, edges = np.histogram(values, min(BINS, 4 * math.ceil(len(values) ** (1 / 3))), ends)
    bins = Bins(counts, edges)
    x = np.linspace(max(low, 1e-3 * high), high, 8 * CURVE_POINTS)
    y = noise.pdf(x)
    top = max(float(density_of(bins).max()), float(y.max()))
    said = interval(low, high)
    return figure(
        [
            steps(bins, high, t("chart.singular"), t, look),
            {"x": x, "y": y, "line": {"color": look.law, "width": LAW_WIDTH}},
        ],
        look,
        x={"range": _about(*ends), "nticks": 5},
        x_title=t("chart.singular_value"),
        y=density_axis(ABOVE * top, 1.0, look),
        y_title=t("chart.density_of"),
        shapes=[vertical(x, look.law, width=WALL_WIDTH, dash="8px,5px") for x in (low, high)],
        labels=[
            *(label(words, x, 1, look.law, yshift=4) for x, words in zip((low, high), said, strict=True)),
            label(t("chart.marchenko_pastur"), (low + high) / 2, 1, look.law, yshift=22),
        ],
        series=lambda: [_series(bins), Series("values", {"singular_value": values})],
    )


def _about(low: float, high: float) -> list[float]:
    """Return the range of an axis with room at both ends."""
    room = BESIDE * (high - low)
    return [short(low - room), short(high + room)]


def _series(bins: Bins) -> Series:
    columns = {"low": bins.edges[:-1], "high": bins.edges[1:], "count": bins.counts}
    return Series("bins", columns | {"density": density_of(bins)})

"""A chart of every kind, with what is drawn in it, and its numbers read back."""

import base64
import math

import numpy as np
import plotly.graph_objects as go
import torch

from core import SCHEMES, Law, Summary, summarize
from core.checkpoints.report_row import Row
from core.checkpoints.scan import report_of
from pages.figures import checkpoint, checkpoint_rows, distribution, model_parameters
from pages.figures import compare as comparison
from pages.figures import distribution_agreement as agreement
from pages.figures import model as network
from pages.figures import signal as signal_figures
from pages.figures import signal_layers as layers
from pages.figures import signal_theory as chaos
from pages.figures.palette import PRINT
from pages.text import Text
from tests.support.cases import CASES, Case
from tests.support.stored_tensors import contents

T = Text("en")
SHAPE = (256, 512)


def shape_of(case: Case) -> tuple[int, ...]:
    return SHAPE if case.takes(SHAPE) else (66, 64, 5)


def drawn(case: Case, shape: tuple[int, ...] | None = None, bins: int = 60) -> tuple[Summary, Law]:
    shape = shape or shape_of(case)
    summary = summarize(case.key, shape, seed=40, bins=bins, **case.params)
    return summary, SCHEMES[case.key].law(shape, **case.params)


def decoded(values: object) -> np.ndarray:
    """Decode a typed array as it travels."""
    if isinstance(values, dict):
        return np.frombuffer(base64.b64decode(values["bdata"]), dtype=values["dtype"])
    return np.asarray(values)


GENERATOR = np.random.default_rng(8)


def panels_of(*keys: str) -> list[comparison.Panel]:
    shape = (48, 80)
    return [
        comparison.Panel(key, "", summarize(key, shape, seed=1, bins=60), SCHEMES[key].law(shape), at)
        for at, key in enumerate(keys)
    ]


def some_lines() -> list[signal_figures.Line]:
    middle = np.array([1.0, 0.25, 0.0, math.nan])
    return [
        signal_figures.Line("first", "", 0, middle, middle / 2, middle * 2, middle + 1),
        signal_figures.Line("second, too", "", 1, middle * 3),
    ]


def some_layers() -> layers.Layers:
    edges = np.linspace(-1, 1, 5)
    counts = GENERATOR.integers(0, 50, size=(20, 6))
    counts[3] = 0
    return layers.Layers("one", 0, edges, counts)


def some_curves() -> chaos.Curves:
    q, c = np.linspace(0, 3, 7), np.linspace(0, 1, 5)
    return chaos.Curves("relu", 0, (q, q / 2), (c, c**2), 0.0, 1.0)


def some_lengths() -> chaos.Lengths:
    q = np.logspace(-4, 1, 6)
    return chaos.Lengths("relu", 0, (q, q / 2), 0.0, 0.5 ** np.arange(8))


def some_phases() -> chaos.Phases:
    chi1 = np.array([[0.5, 1.0, 2.0], [0.4, 0.9, math.nan]])
    return chaos.Phases(np.array([1.0, 2.0, 3.0]), np.array([0.0, 0.1]), chi1, np.array([2.0, math.nan]))


def some_row(shape: tuple[int, int] = SHAPE) -> Row:
    """He's weights, as a file's report has them."""
    weights = torch.randn(shape, generator=torch.Generator().manual_seed(1)) * math.sqrt(2 / shape[1])
    (row,) = report_of(contents({"weight": weights})).rows
    return row


def some_columns() -> list[network.Column]:
    columns = [network.Column("input", "", "x", np.array([0.5, -1.0, 2.0]), 3, np.empty((0, 3)), None)]
    for name, before, units in (("linear1", 3, 2), ("linear2", 2, 40)):
        weights, bias = GENERATOR.normal(size=(units, before)), GENERATOR.normal(size=units)
        columns.append(network.Column(name, "relu", "a", GENERATOR.normal(size=units), units, weights, bias))
    return columns


def every_chart(t: Text = T) -> dict[str, go.Figure]:
    """Return a chart of every function, under the function's name."""
    case = next(case for case in CASES if case.key == "kaiming_normal")
    summary, law = drawn(case)
    panels, lines = panels_of("classic_uniform", "sparse"), some_lines()
    points = summarize("zeros", SHAPE, seed=0), SCHEMES["zeros"].law(SHAPE)
    matrix = GENERATOR.normal(size=(3, 4))
    strip = model_parameters.Strip("w", law, matrix, -3.0, 3.0)
    return {
        "distribution.weights": distribution.weights(summary, law, t, PRINT),
        "distribution.density": distribution.density(summary, law, t, PRINT),
        "distribution.points": distribution.points(*points, t, PRINT),
        "distribution.unnamed": distribution.unnamed(summary, law, t, PRINT),
        "distribution.heatmap": distribution.heatmap(matrix.astype(np.float32), t, PRINT),
        "distribution_agreement.cumulative": agreement.cumulative(summary, law, t, PRINT),
        "distribution_agreement.quantiles": agreement.quantiles(summary, law, t, PRINT),
        "distribution_agreement.extreme": agreement.extreme(summary, law, t, PRINT),
        "compare.multiples": comparison.multiples(panels, t, PRINT),
        "compare.overlaid": comparison.overlaid(panels, t, PRINT),
        "checkpoint.histogram": checkpoint.histogram(some_row(), law, t, PRINT, meant=law),
        "checkpoint.laid_over": checkpoint.laid_over(
            some_row(), some_row((40, 90)), ("a <b>", "c <u>"), t, PRINT
        ),
        "checkpoint_rows.row_norms": checkpoint_rows.row_norms(some_row(), law, t, PRINT),
        "checkpoint_rows.spectrum": checkpoint_rows.spectrum(some_row((40, 90)), t, PRINT),
        "signal.by_layer": signal_figures.by_layer(lines, t, PRINT, y_title="y"),
        "signal.shares_by_layer": signal_figures.shares_by_layer(lines, t, PRINT, y_title="y"),
        "signal_layers.ridges": layers.ridges([some_layers()], t, PRINT),
        "signal_layers.depth_map": layers.depth_map([some_layers()], t, PRINT),
        "signal_theory.maps": chaos.maps([some_curves()], t, PRINT),
        "signal_theory.lengths": chaos.lengths([some_lengths()], t, PRINT),
        "signal_theory.chaos": chaos.chaos([chaos.Dot("he", 0, 2.0, 0.0)], some_phases(), t, PRINT),
        "model.drawing": network.drawing(some_columns(), t, PRINT),
        "model_parameters.maps": model_parameters.maps([("input", matrix)], t, PRINT),
        "model_parameters.strips": model_parameters.strips([strip], t, PRINT),
    }

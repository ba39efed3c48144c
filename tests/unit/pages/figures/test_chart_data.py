"""What charts draw, as numbers: held to what was given in, to the tensor that torch draws, and to theory."""

import re

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from scipy import stats

from core import SCHEMES, Law, Summary, draw, summarize
from pages.figures import checkpoint, distribution, model_parameters
from pages.figures import compare as comparison
from pages.figures import distribution_agreement as agreement
from pages.figures import model as network
from pages.figures import signal as signal_figures
from pages.figures import signal_layers as layers
from pages.figures import signal_theory as chaos
from pages.figures.chart_data import Series, as_table, numbers
from pages.figures.palette import LIGHT
from pages.text import Text
from tests.support.cases import CASES, Case
from tests.support.charts import (
    GENERATOR,
    SHAPE,
    T,
    drawn,
    panels_of,
    shape_of,
    some_columns,
    some_curves,
    some_layers,
    some_lengths,
    some_lines,
    some_phases,
    some_row,
)
from tests.support.marks import cases


def _drawn(case: Case, bins: int = 60) -> tuple[Summary, Law, np.ndarray]:
    """Return a summary, its law, and the very tensor, in which the expected values are counted."""
    tensor = draw(case.key, shape_of(case), seed=40, **case.params).double().numpy().ravel()
    return *drawn(case, bins=bins), tensor


def _only(chart: go.Figure) -> Series:
    (series,) = numbers(chart)
    return series


# --- weights beside their law -------------------------------------------------------------------------------


@cases
def test_weights_are_the_tensor_counted_and_the_truth(case: Case) -> None:
    summary, law, tensor = _drawn(case)
    truth = case.truth(shape_of(case))
    series = {part.name: part.columns for part in numbers(distribution.weights(summary, law, T, LIGHT))}
    assert ("atoms" in series, "bins" in series) == (bool(truth.atoms), law.continuous is not None)
    if truth.atoms:
        atoms = series["atoms"]
        values = [value for value, _ in truth.atoms]
        assert list(atoms["w"]) == pytest.approx(values)
        at = [int((tensor == float(np.float32(value))).sum()) for value in values]
        assert list(atoms["count"]) == at
        assert list(atoms["share"]) == pytest.approx([n / tensor.size for n in at])
        assert list(atoms["law_share"]) == pytest.approx([p for _, p in truth.atoms])
    if law.continuous is None:
        return
    bins = series["bins"]
    low, high, n = np.asarray(bins["low"]), np.asarray(bins["high"]), tensor.size
    assert np.issubdtype(np.asarray(bins["count"]).dtype, np.integer)
    off = tensor[~np.isin(tensor, [value for value, _ in truth.atoms])]
    inside = off.clip(low[0], np.nextafter(high[-1], -np.inf))  # the ends hold what lies beyond them
    edges = np.append(low, high[-1])
    np.testing.assert_array_equal(bins["count"], np.histogram(inside, edges)[0])
    np.testing.assert_allclose(bins["density"], bins["count"] / (n * (high - low)), rtol=1e-9)
    middles = (low + high) / 2
    np.testing.assert_allclose(bins["law_density"], truth.pdf(middles), rtol=2e-6, atol=1e-9 / truth.std)
    steps = np.array([sum(p * (value <= x) for value, p in truth.atoms) for x in edges])
    below = truth.cdf(edges) - steps
    below[0], below[-1] = 0, 1 - sum(p for _, p in truth.atoms)
    np.testing.assert_allclose(bins["expected"], n * np.diff(below), rtol=1e-4, atol=1e-4 * n / len(low))
    if law.family == "orthogonal":
        assert "band_low" not in bins
    elif not truth.atoms:
        band = stats.binom.ppf([[0.025], [0.975]], n, np.diff(below))
        # one count apart at most, where the wall stands half a float from here
        assert np.abs(np.stack([bins["band_low"], bins["band_high"]]) - band).max() <= 1


def test_a_chart_that_hides_its_law_does_not_tell_it() -> None:
    law = SCHEMES["xavier_normal"].law(SHAPE)
    summary = summarize("xavier_normal", SHAPE, seed=3, bins=60)
    bins = _only(distribution.unnamed(summary, law, T, LIGHT))
    assert list(bins.columns) == ["low", "high", "count", "density"]
    assert sum(bins.columns["count"]) == 256 * 512


def test_a_tensor_of_a_file_stands_beside_its_law_in_the_middle_of_each_bin() -> None:
    law = SCHEMES["kaiming_normal"].law(SHAPE)
    columns = _only(checkpoint.histogram(some_row(), law, T, LIGHT)).columns
    low, high, n = (np.asarray(columns[name]) for name in ("low", "high", "count"))
    np.testing.assert_allclose(columns["density"], n / (n.sum() * (high - low)), rtol=1e-12)
    truth = stats.norm(0, np.sqrt(2 / SHAPE[1])).pdf((low + high) / 2)
    np.testing.assert_allclose(columns["law_density"], truth, rtol=1e-6)


def test_a_heat_map_is_its_matrix() -> None:
    matrix = GENERATOR.normal(size=(5, 3)).astype(np.float32)
    columns = _only(distribution.heatmap(matrix, T, LIGHT)).columns
    assert list(columns) == ["unit", "input_0", "input_1", "input_2"]
    assert list(columns["unit"]) == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(np.stack([columns[f"input_{i}"] for i in range(3)], axis=1), matrix)


# --- point by point -----------------------------------------------------------------------------------------


@cases
def test_cumulative_shares_are_counted_in_the_tensor(case: Case) -> None:
    summary, law, tensor = _drawn(case)
    columns = _only(agreement.cumulative(summary, law, T, LIGHT)).columns
    w = np.asarray(columns["w"])
    assert len(w) == 59
    share = np.array([(tensor < edge).mean() for edge in w])
    # a weight that float32 rounds onto an edge may be counted on its other side
    np.testing.assert_allclose(columns["share"], share, atol=2 / tensor.size)
    truth = case.truth(shape_of(case))
    at = np.array([sum(p * (value == edge) for value, p in truth.atoms) for edge in w])
    np.testing.assert_allclose(columns["law_share"], truth.cdf(w) - at, atol=2e-6)


@pytest.mark.parametrize("key", ["normal", "kaiming_uniform", "trunc_normal", "orthogonal"])
def test_quantiles_of_the_law_have_the_share_that_was_drawn(key: str) -> None:
    case = next(case for case in CASES if case.key == key and case.takes(SHAPE))
    summary, law, tensor = _drawn(case)
    series = {part.name: part.columns for part in numbers(agreement.quantiles(summary, law, T, LIGHT))}
    points, truth = series["quantiles"], case.truth(SHAPE)
    share = np.array([(tensor < w).mean() for w in np.asarray(points["quantile"])])
    np.testing.assert_allclose(truth.cdf(np.asarray(points["law_quantile"])), share, atol=2e-5)
    if key == "orthogonal":
        assert set(series) == {"quantiles"}
        assert set(points) == {"law_quantile", "quantile"}
        return
    known = np.isfinite(points["band_low"]) & np.isfinite(points["band_high"])
    assert (np.asarray(points["band_low"])[known] <= np.asarray(points["band_high"])[known]).all()
    ends = series["extremes"]
    assert list(ends["quantile"]) == [tensor.min(), tensor.max()]
    # the median of the largest, F(w)^n = 1/2, lies between the two ends in which 95 of 100 have theirs
    n = tensor.size
    for at, level in ((0, 1 - 0.5 ** (1 / n)), (1, 0.5 ** (1 / n))):
        here = float(law.continuous.ppf(level))
        assert ends["likely_low"][at] < here < ends["likely_high"][at]


def test_the_largest_of_a_uniform_sample_is_expected_at_n_over_n_plus_one() -> None:
    law, summary = SCHEMES["uniform"].law((3, 5)), summarize("uniform", (3, 5), seed=1)
    largest, density = numbers(agreement.extreme(summary, law, T, LIGHT))
    assert largest.columns["w"] == [draw("uniform", (3, 5), seed=1).max().item()]
    assert largest.columns["expected"] == pytest.approx([15 / 16])
    assert largest.columns["likely_low"] == pytest.approx([0.025 ** (1 / 15)])
    assert largest.columns["likely_high"] == pytest.approx([0.975 ** (1 / 15)])
    x, y = (np.asarray(density.columns[name]) for name in ("w", "density"))
    inner = (x > 0) & (x < 1)
    np.testing.assert_allclose(y[inner], 15 * x[inner] ** 14, rtol=1e-9, atol=1e-12)


# --- several schemes ----------------------------------------------------------------------------------------


def test_a_comparison_holds_each_scheme_s_own_counts() -> None:
    panels = panels_of("classic_uniform", "kaiming_normal", "sparse", "zeros")
    for chart, band in ((comparison.multiples, True), (comparison.overlaid, False)):
        series = numbers(chart(panels, T, LIGHT))
        assert [part.name for part in series] == [
            "classic_uniform",
            "kaiming_normal",
            "sparse",
            "sparse",
            "zeros",
        ]
        for part in series[:2]:
            tensor = draw(part.name, (48, 80), seed=1).double().numpy()
            edges = [*part.columns["low"], part.columns["high"][-1]]
            np.testing.assert_array_equal(
                part.columns["count"],
                np.histogram(tensor.clip(edges[0], np.nextafter(edges[-1], 0)), edges)[0],
            )
            assert ("band_low" in part.columns) is band
        spread, zeros = series[2].columns, series[3].columns
        assert list(zeros["w"]) == [0.0]
        assert sum(spread["count"]) + sum(zeros["count"]) == 48 * 80
        assert series[4].columns["share"] == [1.0]


# --- through a deep network ---------------------------------------------------------------------------------


def test_a_course_is_its_lines_and_what_no_axis_shows() -> None:
    first, second = some_lines()
    charts = [
        signal_figures.by_layer([first, second], T, LIGHT, y_title=""),
        signal_figures.shares_by_layer([first, second], T, LIGHT, y_title=""),
    ]
    for chart in charts:
        one, two = numbers(chart)
        assert list(one.columns) == ["layer", "middle", "band_low", "band_high", "theory"]
        assert list(two.columns) == ["layer", "middle"]
        assert list(one.columns["layer"]) == [1, 2, 3, 4]
        for name, column in (("middle", first.middle), ("band_low", first.low), ("theory", first.theory)):
            np.testing.assert_array_equal(one.columns[name], column)
        np.testing.assert_array_equal(two.columns["middle"], second.middle)


def test_layers_are_their_counts_each_bin_a_row() -> None:
    given = some_layers()
    whole = _only(layers.depth_map([given], T, LIGHT)).columns
    np.testing.assert_array_equal(whole["layer"], np.repeat(np.arange(1, 21), 6))
    np.testing.assert_array_equal(whole["count"], given.counts.ravel())
    np.testing.assert_array_equal(whole["low"][:6], [-np.inf, -1, -0.5, 0, 0.5, 1])
    np.testing.assert_array_equal(whole["high"][:6], [-1, -0.5, 0, 0.5, 1, np.inf])
    sums = given.counts.sum(1)
    np.testing.assert_allclose(np.reshape(whole["share"], (20, 6)).sum(1), sums > 0)
    some = _only(layers.ridges([given], T, LIGHT)).columns
    shown = sorted(set(some["layer"].tolist()))
    assert len(shown) == layers.RIDGES
    assert (shown[0], shown[-1]) == (1, 20)
    for layer in shown:
        np.testing.assert_array_equal(some["count"][some["layer"] == layer], given.counts[layer - 1])


def test_maps_are_their_curves_and_where_they_rest() -> None:
    length, correlation, rest = (part.columns for part in numbers(chaos.maps([some_curves()], T, LIGHT)))
    np.testing.assert_array_equal(length["q_next"], np.linspace(0, 3, 7) / 2)
    np.testing.assert_array_equal(correlation["c_next"], np.linspace(0, 1, 5) ** 2)
    assert rest == {"q_rest": [0.0], "c_rest": [1.0]}


def test_lengths_are_their_map_where_they_rest_and_theirs_by_layer() -> None:
    map_, rest, by_layer = (part.columns for part in numbers(chaos.lengths([some_lengths()], T, LIGHT)))
    np.testing.assert_array_equal(map_["q_next"], np.array(map_["q"]) / 2)
    assert rest == {"q_rest": [0.0]}
    np.testing.assert_array_equal(by_layer["layer"], range(1, 9))
    np.testing.assert_array_equal(by_layer["q"], [1, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128])


def test_the_plane_is_its_cells_its_edge_and_its_dots() -> None:
    dots = [chaos.Dot("he", 0, 2.0, 0.0), chaos.Dot("far", 1, 9.0, 0.0)]
    he, far, edge, plane = numbers(chaos.chaos(dots, some_phases(), T, LIGHT))
    assert (he.name, far.columns["sigma_w2"]) == ("he", [9.0])  # where it is, not where its mark stands
    assert (list(edge.columns["sigma_w2"]), list(edge.columns["sigma_b2"])) == ([2.0], [0.0])
    table = pd.DataFrame(plane.columns)
    cell = table[(table.sigma_w2 == 2.0) & (table.sigma_b2 == 0.1)]
    assert cell.chi1.tolist() == [0.9]
    assert len(table) == 6


#: Columns of which one could be taken for the other: key → heading in each language.
HEADINGS = {
    "low": ("from", "自"),
    "high": ("to", "至"),
    "band_low": ("Band, from", "带下限"),
    "band_high": ("Band, to", "带上限"),
    "likely_low": ("95 % from", "95% 下限"),
    "likely_high": ("95 % to", "95% 上限"),
    "share": ("Share", "比例"),
    "law_share": ("Share by the law", "理论比例"),
    "from": ("From unit", "来自神经元"),
    "to": ("To unit", "去往神经元"),
    "unit_3": ("Unit 3", "神经元 3"),
    "input_2": ("Input 2", "输入 2"),
    "middle": ("Measured", "实测值"),
    "theory": ("Theory", "理论"),
}


@pytest.mark.parametrize(("language", "place"), [("en", 0), ("zh", 1)])
def test_every_column_of_a_pair_has_its_own_heading(language: str, place: int) -> None:
    table = as_table([Series("", {key: [0.5] for key in HEADINGS})], Text(language))
    heads = re.findall(r'<th scope="col">(.*?)</th>', table)
    assert heads[: len(HEADINGS)] == [words[place] for words in HEADINGS.values()]


# --- a network ----------------------------------------------------------------------------------------------


def test_a_drawing_is_its_units_and_its_strongest_weights() -> None:
    columns = some_columns()
    units, weights = (pd.DataFrame(part.columns) for part in numbers(network.drawing(columns, T, LIGHT)))
    assert units.name[:4].tolist() == ["input"] * 3 + ["linear1"]
    assert units.value.tolist() == [value for column in columns for value in column.values]
    assert units.bias[:3].isna().all()
    np.testing.assert_array_equal(units.bias[units.layer == 2], columns[2].bias)
    for line in weights.itertuples(index=False):
        layer, source, target, weight = line
        assert weight == columns[layer].weights[target - 1, source - 1]
    second = np.abs(weights.weight[weights.layer == 2])
    assert len(second) == 64
    assert second.min() >= np.sort(np.abs(columns[2].weights).ravel())[80 - 64]


def test_steps_and_parameters_are_their_numbers() -> None:
    first, second = GENERATOR.normal(size=(4, 3)), GENERATOR.normal(size=(4, 2))
    one, two = numbers(model_parameters.maps([("input", first), ("linear1<br>relu", second)], T, LIGHT))
    assert (one.name, two.name) == ("input", "linear1 relu")
    assert list(two.columns) == ["row", "unit_1", "unit_2"]
    assert list(two.columns["row"]) == [1, 2, 3, 4]
    np.testing.assert_array_equal(two.columns["unit_2"], second[:, 1])
    law = SCHEMES["kaiming_uniform"].law((4, 3))
    ranges, entries = numbers(
        model_parameters.strips([model_parameters.Strip("w", law, first, -3.0, 4.0)], T, LIGHT)
    )
    assert ranges.columns == {"tensor": ["w"], "minimum": [-3.0], "maximum": [4.0]}
    np.testing.assert_array_equal(entries.columns["value"], first.ravel())
    assert entries.columns["entry"][-1] == 12

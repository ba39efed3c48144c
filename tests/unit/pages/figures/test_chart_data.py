"""What charts draw, as numbers: held to what was given in, to the tensor that torch draws, and to theory."""

import io
import itertools
import math
import re
from html.parser import HTMLParser
from importlib import import_module
from inspect import getmembers, isfunction, signature
from pkgutil import iter_modules

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from scipy import stats

import pages.figures
from core import SCHEMES, Law, Summary, draw, summarize
from pages.figures import compare as comparison
from pages.figures import distribution, model_parameters
from pages.figures import distribution_agreement as agreement
from pages.figures import model as network
from pages.figures import signal as signal_figures
from pages.figures import signal_layers as layers
from pages.figures import signal_theory as chaos
from pages.figures.chart_data import Series, as_csv, as_table, numbers
from pages.figures.palette import LIGHT
from pages.text import LANGUAGES, Text
from tests.support.cases import CASES, Case
from tests.support.charts import (
    GENERATOR,
    SHAPE,
    drawn,
    every_chart,
    panels_of,
    shape_of,
    some_columns,
    some_curves,
    some_layers,
    some_lines,
    some_phases,
)
from tests.support.marks import cases

T = Text("en")


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


def test_the_plane_is_its_cells_its_edge_and_its_dots() -> None:
    dots = [chaos.Dot("he", 0, 2.0, 0.0), chaos.Dot("far", 1, 9.0, 0.0)]
    he, far, edge, plane = numbers(chaos.chaos(dots, some_phases(), T, LIGHT))
    assert (he.name, far.columns["sigma_w2"]) == ("he", [9.0])  # where it is, not where its mark stands
    assert (list(edge.columns["sigma_w2"]), list(edge.columns["sigma_b2"])) == ([2.0], [0.0])
    table = pd.DataFrame(plane.columns)
    cell = table[(table.sigma_w2 == 2.0) & (table.sigma_b2 == 0.1)]
    assert cell.chi1.tolist() == [0.9]
    assert len(table) == 6


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
    assert len(second) == network.LINES
    assert second.min() >= np.sort(np.abs(columns[2].weights).ravel())[80 - network.LINES]


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


# --- every chart --------------------------------------------------------------------------------------------


def test_no_chart_is_missing_here() -> None:
    names = set()
    for module in iter_modules(pages.figures.__path__):
        if module.name in {"chart_data", "template"}:
            continue
        for name, function in getmembers(import_module(f"pages.figures.{module.name}"), isfunction):
            own = function.__module__ == f"pages.figures.{module.name}" and not name.startswith("_")
            if own and signature(function).return_annotation is go.Figure:
                names.add(f"{module.name}.{name}")
    assert names == set(every_chart())


#: What each axis of each chart measures, by the chart's own description, without marks, and * for a number.
TITLES = {
    "en": {
        "distribution.weights": ["Weight w", "Density p(w)"],
        "distribution.density": ["Weight w", "Density p(w)"],
        "distribution.points": ["Weight w", "Probability P(W = w)"],
        "distribution.unnamed": ["Weight w", "Density p(w)"],
        "distribution.heatmap": ["Input", "Output unit"],
        "distribution_agreement.cumulative": ["Weight w", "Share below w"],
        "distribution_agreement.quantiles": ["Quantile of the law", "Quantile drawn"],
        "distribution_agreement.extreme": ["Largest weight w", "Density of the largest"],
        "compare.multiples": ["Weight w"],
        "compare.overlaid": ["Weight w", "Density p(w)", "Probability P(W = w)"],
        "signal.by_layer": ["Layer l", "y"],
        "signal.shares_by_layer": ["Layer l", "y"],
        "signal_layers.ridges": ["Activation x", "Layer l"],
        "signal_layers.depth_map": ["Activation x", "Layer l"],
        "signal_theory.maps": ["Mean square q", "Correlation c"],
        "signal_theory.chaos": ["σw² = fan_in · Var w", "σb² = Var b"],
        "model.drawing": [
            "Width: |weight|, the widest line is *; dashed: negative"
            " | drawn are the 64 largest weights of each layer"
        ],
        "model_parameters.maps": [],
        "model_parameters.strips": ["Value"],
    },
    "zh": {
        "distribution.weights": ["权重 w", "密度 p(w)"],
        "distribution.density": ["权重 w", "密度 p(w)"],
        "distribution.points": ["权重 w", "概率 P(W = w)"],
        "distribution.unnamed": ["权重 w", "密度 p(w)"],
        "distribution.heatmap": ["输入", "输出神经元"],
        "distribution_agreement.cumulative": ["权重 w", "小于 w 的比例"],
        "distribution_agreement.quantiles": ["理论分位数", "观测分位数"],
        "distribution_agreement.extreme": ["最大权重 w", "最大值的密度"],
        "compare.multiples": ["权重 w"],
        "compare.overlaid": ["权重 w", "密度 p(w)", "概率 P(W = w)"],
        "signal.by_layer": ["层 l", "y"],
        "signal.shares_by_layer": ["层 l", "y"],
        "signal_layers.ridges": ["激活值 x", "层 l"],
        "signal_layers.depth_map": ["激活值 x", "层 l"],
        "signal_theory.maps": ["均方值 q", "相关系数 c"],
        "signal_theory.chaos": ["σw² = fan_in · Var w（权重）", "σb² = Var b（偏置）"],
        "model.drawing": ["线宽：权重的绝对值，最粗为 *；虚线：负值 | 每层只画绝对值最大的 64 个权重"],
        "model_parameters.maps": [],
        "model_parameters.strips": ["取值"],
    },
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_axis_says_what_it_measures(language: str) -> None:
    found = {}
    for name, chart in every_chart(Text(language)).items():
        layout = chart.to_dict()["layout"]
        axes = [part for key, part in sorted(layout.items()) if re.fullmatch(r"[xy]axis\d*", key)]
        across = [axis.get("title", {}).get("text") for axis in axes]
        # that of a vertical axis stands above it, at the chart's left or right edge
        edges = ((0, -54), (1, 34))
        up = [note["text"] for note in layout["annotations"] if (note["x"], note.get("xshift")) in edges]
        words = [
            re.sub(r"\d+\.\d+", "*", re.sub(r"<[^>]+>", "", title.replace("<br>", " | ")))
            for title in (*across, *up)
            if title
        ]
        found[name] = list(dict.fromkeys(words))  # equal ones of panels once
    assert found == TITLES[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_chart_has_numbers_a_file_and_a_table_but_none_in_its_json(language: str) -> None:
    for name, chart in every_chart(Text(language)).items():
        series = numbers(chart)
        assert series, name
        for part in series:
            assert {len(column) for column in part.columns.values()} == {part.rows}, name
            assert all(re.fullmatch(r"[a-z]\w*", key) for key in part.columns), name
        assert len(pd.read_csv(io.StringIO(as_csv(series)))) >= max(part.rows for part in series)
        assert as_table(series, Text(language)).count("<table") >= 1
        assert "_numbers" not in chart.to_json()
        with pytest.raises(LookupError):
            numbers(go.Figure(chart.to_dict()))


# --- as a file and as a table -------------------------------------------------------------------------------


def test_a_file_of_one_series_reads_back_exactly() -> None:
    columns = {
        "layer": np.arange(3),
        "value": np.array([0.1, 1 / 3, math.nan]),
        "half": np.array([0.1, 2.5e-8, -1], dtype=np.float32),
    }
    text = as_csv([Series("one", columns)])
    assert text.splitlines()[0] == "layer,value,half"
    assert text.splitlines()[3] == "2,,-1.0"
    table = pd.read_csv(io.StringIO(text))
    assert table.layer.dtype.kind == "i"
    np.testing.assert_array_equal(table.value, columns["value"])
    np.testing.assert_array_equal(table.half.astype(np.float32), columns["half"])


def test_series_with_one_first_column_stand_side_by_side_and_others_below_each_other() -> None:
    lines = signal_figures.by_layer(some_lines(), T, LIGHT, y_title="")
    table = pd.read_csv(io.StringIO(as_csv(numbers(lines))))
    assert list(table) == [
        *("layer", "first: middle", "first: band_low", "first: band_high", "first: theory"),
        "second, too: middle",
    ]
    np.testing.assert_array_equal(table["second, too: middle"], [3.0, 0.75, 0.0, math.nan])
    long = pd.read_csv(
        io.StringIO(as_csv([Series("a", {"x": [1, 2]}), Series('b"', {"x": [3], "y": [math.inf]})]))
    )
    assert list(long) == ["series", "x", "y"]
    assert long.series.tolist() == ["a", "a", 'b"']
    assert long.x.tolist() == [1, 2, 3]
    assert long.y.isna().tolist() == [True, True, False]


def test_word_joiners_in_chart_names_are_left_out_of_files_and_tables() -> None:
    joined = "±1/\u2060√d"
    for shared in (True, False):
        series = [Series(name, {"layer": [1], "name": [joined]}, shared=shared) for name in (joined, "He")]
        for text in (as_csv(series), as_table(series, T), as_csv(series[:1]), as_table(series[:1], T)):
            assert "\u2060" not in text
            assert "±1/√d" in text


class _Table(HTMLParser):
    """Rows of cells of every table, and the scopes of its headings."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.scopes: list[str | None] = []
        self.cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in {"th", "td"}:
            self.rows[-1].append("")
            self.cell = True
        if tag == "th":
            self.scopes.append(dict(attributes).get("scope"))

    def handle_endtag(self, tag: str) -> None:
        if tag in {"th", "td"}:
            self.cell = False

    def handle_data(self, data: str) -> None:
        if self.cell:
            self.rows[-1][-1] += data


def test_a_table_names_its_rows_and_columns_and_escapes_what_it_is_given() -> None:
    columns = {"w": [0.5, math.nan], "count": np.array([12345, 0]), "name": ["<b>", None]}
    html = as_table([Series("<script>", columns)], T)
    assert "<script>" not in html
    assert "<caption>&lt;script&gt;</caption>" in html
    table = _Table(html)
    assert table.rows == [["Weight w", "Drawn", "Name"], ["0.5", "12\u202f345", "<b>"], ["–", "0", "–"]]
    assert table.scopes == ["col"] * 3 + ["row"] * 2
    assert "lab-note" not in html


@pytest.mark.parametrize(
    ("rows", "limit"), [((500,), 200), ((500, 10, 500), 200), ((3, 3), 200), ((9, 9, 9), 2)]
)
def test_a_long_table_is_cut_and_says_so(rows: tuple[int, ...], limit: int) -> None:
    series = [Series(f"s{at}", {"layer": np.arange(n)}) for at, n in enumerate(rows)]
    html = as_table(series, T, limit)
    shown = [part.count('scope="row"') for part in html.split("<table")[1:]]
    assert sum(shown) <= max(limit, len(rows))
    assert all(n == whole or whole > limit / len(rows) for n, whole in zip(shown, rows, strict=True))
    assert html.count("lab-note") == sum(n < whole for n, whole in zip(shown, rows, strict=True))


def test_a_wide_table_is_split_or_cut() -> None:
    series = [
        Series(f"s{at}", {"layer": [1], "middle": [2.0], "theory": [3.0]}, shared=True) for at in range(4)
    ]
    wide = _Table(as_table(series, T, widest=9)).rows
    assert wide[0][:3] == ["Layer", "s0Measured", "s0Theory"]
    assert len(wide[0]) == 9
    apart = _Table(as_table(series, T, widest=8)).rows
    assert len(apart) == 8
    assert apart[0] == ["Layer", "Measured", "Theory"]
    html = as_table([Series("weights", {"unit": [0], **{f"input_{i}": [i] for i in range(20)}})], T, widest=5)
    assert _Table(html).rows[0] == ["Unit", "Input 0", "Input 1", "Input 2", "Input 3"]
    assert "5 of 21" in html
    assert list(itertools.chain(*_Table(html).rows[1:])) == ["0", "0", "1", "2", "3"]

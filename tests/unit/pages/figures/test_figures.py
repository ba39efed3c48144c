"""Charts by their data and axes, each checked in full by Plotly."""

import math
import re
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
import torch
from scipy import integrate, stats

from core import SCHEMES, Law, summarize
from pages.figures.distribution import density, heatmap, points, weights
from pages.figures.distribution_agreement import cumulative, extreme, quantiles
from pages.figures.histogram import Overlay
from pages.figures.notation import plain
from pages.figures.palette import DARK, LIGHT
from pages.text import LANGUAGES, Text
from tests.support.cases import CASES, Case, case_id
from tests.support.charts import SHAPE, decoded, drawn, shape_of
from tests.support.marks import cases
from tests.support.written import read

TEXT = Text("en")


def _law(case: Case) -> Law:
    return SCHEMES[case.key].law(shape_of(case), **case.params)


#: cases whose weights, or some of them, have a density; the others are points
DENSE = [case for case in CASES if _law(case).continuous is not None]
#: whose counts are binomial, so that they have a band
BANDED = [case for case in DENSE if _law(case).family != "orthogonal"]
dense = pytest.mark.parametrize("case", DENSE, ids=case_id)


def _chart(case: Case, language: str = "en") -> go.Figure:
    return weights(*drawn(case), Text(language), LIGHT)


@cases
@pytest.mark.parametrize("language", LANGUAGES)
def test_plotly_accepts_every_part(case: Case, language: str) -> None:
    summary, law = drawn(case)
    t = Text(language)
    charts = [weights(summary, law, t, LIGHT), cumulative(summary, law, t, LIGHT)]
    if law.continuous is not None:
        charts += [quantiles(summary, law, t, DARK), extreme(summary, law, t, DARK)]
    for chart in charts:
        go.Figure(chart.to_dict())


@cases
def test_what_is_drawn_is_the_counts(case: Case) -> None:
    summary, law = drawn(case)
    data = _chart(case).to_dict()["data"]
    # each atom is a stem, a ring where it should end and a dot where it does
    for i, ((value, number), (_, share)) in enumerate(zip(summary.atoms, law.atoms, strict=True)):
        stem, ring, dot = data[len(data) - 3 * len(law.atoms) + 3 * i :][:3]
        assert list(stem["x"]) == [value, value]
        assert list(stem["y"]) == [0, number / summary.n]
        assert (ring["y"], dot["y"]) == ([share], [number / summary.n])
        assert (ring["marker"]["color"], dot["marker"]["color"]) == (LIGHT.law, LIGHT.edge)
    assert len(data) >= 3 * len(law.atoms)
    assert (len(data) > 3 * len(law.atoms)) == (case in DENSE)


@dense
def test_what_is_no_atom_is_drawn_in_bars(case: Case) -> None:
    summary, _ = drawn(case)
    data = _chart(case).to_dict()["data"]
    at_atoms = sum(number for _, number in summary.atoms)
    bars = data[0]
    assert decoded(bars["y"]).sum() == summary.n - at_atoms
    first_edge = bars["x0"] + bars["dx"] / 2  # points are middles, the first one beyond the bins
    assert first_edge == pytest.approx(summary.edges[0], rel=1e-6, abs=1e-6 * bars["dx"])


def test_the_pointer_reads_where_a_bin_is_and_how_many_of_all_weights_it_holds() -> None:
    summary, law = drawn(next(case for case in CASES if case.key == "kaiming_uniform"), (3, 5), bins=12)
    trace = weights(summary, law, TEXT, LIGHT).to_dict()["data"][0]
    edges = np.linspace(*law.support, 13)
    width = edges[1] - edges[0]
    middles = [read(middle) for middle in trace["customdata"]][1:-1]  # two stand beside the bins
    np.testing.assert_allclose(middles, (edges[:-1] + edges[1:]) / 2, atol=0.005 * width)
    told = re.match(r"%{y:,d} of 15 weights in the bin at %{customdata}, (.*) wide", trace["hovertemplate"])
    assert told
    assert read(told[1]) == pytest.approx(width, rel=5e-3)


def test_a_mixture_is_a_density_with_a_stem_before_it_on_an_axis_of_its_own() -> None:
    law = SCHEMES["sparse"].law(SHAPE, sparsity=0.25)
    summary = summarize("sparse", SHAPE, seed=1, bins=60, sparsity=0.25)
    chart = weights(summary, law, TEXT, LIGHT).to_dict()
    assert [trace.get("yaxis") for trace in chart["data"]] == [None, None, None, None, "y2", "y2", "y2"]
    assert chart["layout"]["yaxis2"]["range"][1] > 0.25
    assert chart["data"][-1]["y"] == [0.25]  # 64 of the 256 weights of each column
    assert "Probability" in _labels(weights(summary, law, TEXT, LIGHT))


@pytest.mark.parametrize(
    ("key", "params", "shares"),
    [
        ("sparse", {"sparsity": 0.25}, ["0.2500"]),  # 64 of 256 rows
        ("sparse", {"sparsity": 0.01}, ["0.0117"]),  # 3 of them
        ("zeros", {}, ["1.0000"]),
        ("eye", {}, ["0.9980", "0.00195"]),  # 1/512: never fewer than three digits
    ],
)
def test_a_share_at_a_stem_has_four_decimals(key: str, params: dict[str, float], shares: list[str]) -> None:
    """Drawn and expected alike: how many of these are drawn is fixed."""
    summary, law = summarize(key, SHAPE, seed=1, **params), SCHEMES[key].law(SHAPE, **params)
    labels = _labels(weights(summary, law, TEXT, LIGHT))
    for word in ("drawn", "expected"):
        assert re.findall(rf"{word} ([\d.]+)", labels) == shares


@dense
def test_the_curve_is_the_law(case: Case) -> None:
    truth = case.truth(SHAPE)
    chart = _chart(case).to_dict()
    data = chart["data"]
    curve = data[3 if case in BANDED else 1]
    # the axis holds counts and names densities: n weights in bins of this width make a density of 1
    unit = math.prod(SHAPE if case.takes(SHAPE) else (66, 64, 5)) * data[0]["dx"]
    y = decoded(curve["y"]) / unit
    x = curve["x0"] + curve["dx"] * np.arange(len(y))
    marks, names = (chart["layout"]["yaxis"][part] for part in ("tickvals", "ticktext"))
    assert 2 <= len(marks) <= 6
    np.testing.assert_allclose(marks, [read(name) * unit for name in names], rtol=1e-9)
    inner = slice(1, -1)  # at a wall, half a float decides
    np.testing.assert_allclose(y[inner], truth.pdf(x)[inner], rtol=3e-5, atol=1e-6 / truth.std)


@pytest.mark.parametrize("case", BANDED, ids=case_id)
def test_about_95_percent_of_the_bars_end_inside_the_band(case: Case) -> None:
    data = _chart(case).to_dict()["data"]
    low, high = (decoded(trace["y"])[:-1] for trace in data[1:3])
    heights = decoded(data[0]["y"])[1:-1]
    inside = (low <= heights) & (heights <= high)
    assert inside.mean() >= 0.95 - 4 * math.sqrt(0.95 * 0.05 / len(heights))


def _lines(chart: dict[str, Any]) -> list[dict[str, Any]]:
    return [shape for shape in chart["layout"].get("shapes", []) if "type" not in shape]


@pytest.mark.parametrize("case", [case for case in CASES if case not in DENSE], ids=case_id)
def test_points_have_no_walls(case: Case) -> None:
    assert _lines(_chart(case).to_dict()) == []


@dense
def test_walls_are_solid_ink_and_yardsticks_dashed_blue(case: Case) -> None:
    figure = _chart(case).to_dict()
    chart, lines = figure["layout"], _lines(figure)
    low, high = chart["xaxis"]["range"]
    expected = [
        (end, kind)
        for kind, *ends, _ in case.truth(SHAPE).bands
        for end in ends
        if low <= end <= high  # a wall may lie far beyond what is drawn
    ]
    assert [line["x0"] for line in lines] == pytest.approx([end for end, _ in expected], rel=1e-6)
    for line, (_, kind) in zip(lines, expected, strict=True):
        look = (line["line"]["color"], line["line"].get("dash"))
        assert look == ((LIGHT.ink, None) if kind == "support" else (LIGHT.law, "8px,5px"))


@cases
def test_cumulative_dots_are_shares_and_the_line_is_the_law(case: Case) -> None:
    summary, law = drawn(case)
    theory, dots = cumulative(summary, law, TEXT, LIGHT).to_dict()["data"]
    x, y = decoded(theory["x"]), decoded(theory["y"])
    truth = case.truth(SHAPE if case.takes(SHAPE) else (66, 64, 5))
    apart = np.min([np.abs(x - value) for value, _ in law.atoms] or [np.ones(len(x))], axis=0) > 1e-9
    np.testing.assert_allclose(y[apart], truth.cdf(x[apart]), atol=2e-6)
    edges, shares = decoded(dots["x"]), decoded(dots["y"])
    assert np.allclose(edges, summary.edges[1:-1])
    assert np.allclose(shares, np.cumsum(summary.counts)[:-1] / summary.n)
    jumps = np.diff(y)[~apart[1:]]
    for _, probability in law.atoms:
        assert np.isclose(jumps, probability, atol=2e-6).any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("key", ["normal", "kaiming_uniform", "trunc_normal", "sparse"])
def test_quantiles_lie_on_the_line_within_the_band_as_often_as_it_says(key: str, dtype: torch.dtype) -> None:
    law = SCHEMES[key].law((40, 50))
    inside = points = 0
    for seed in range(30):
        summary = summarize(key, (40, 50), seed=seed, bins=40, dtype=dtype)
        _, band, dots, *_ = quantiles(summary, law, TEXT, LIGHT).to_dict()["data"]
        ys, half = decoded(band["y"]), len(decoded(band["y"])) // 2
        left, right = decoded(band["x"])[:half], decoded(band["x"])[half:][::-1]
        where = {y: (low, high) for y, low, high in zip(ys[:half].tolist(), left, right, strict=True)}
        for x, y in zip(decoded(dots["x"]).tolist(), decoded(dots["y"]).tolist(), strict=True):
            if y in where:
                points += 1
                inside += where[y][0] <= x <= where[y][1]
    assert points > 400
    # neighbouring points move together, so that some 10 of a sample's points count as independent
    assert inside / points >= 0.95 - 4 * math.sqrt(0.95 * 0.05 / (30 * 10))


def test_the_largest_of_a_uniform_sample_is_expected_at_n_over_n_plus_one() -> None:
    law = SCHEMES["uniform"].law((3, 5))
    summary = summarize("uniform", (3, 5), seed=1)
    chart = extreme(summary, law, TEXT, LIGHT)
    drawn, expected, shade, wall = chart.to_dict()["layout"]["shapes"]
    assert expected["x0"] == pytest.approx(15 / 16, rel=1e-9)
    # none is drawn beyond 1: there the chart is shaded to its end, behind a line of ink
    end = chart.to_dict()["layout"]["xaxis"]["range"][1]
    assert (shade["x0"], shade["x1"], shade["fillcolor"]) == (1, end, LIGHT.beyond)
    assert (wall["x0"], wall["x1"], wall["line"]["color"]) == (1, 1, LIGHT.ink)
    assert drawn["x0"] == pytest.approx(summary.maximum)
    # P(largest < x) = x¹⁵; 95 of 100 samples have theirs in the region that is filled
    likely, curve = chart.to_dict()["data"]
    ends = decoded(likely["x"])[[0, -1]]
    assert ends == pytest.approx([0.025 ** (1 / 15), 0.975 ** (1 / 15)], abs=2e-3)
    for trace in (likely, curve):
        x, y = decoded(trace["x"]), decoded(trace["y"])
        inner = (x > 0) & (x < 1)
        np.testing.assert_allclose(y[inner], 15 * x[inner] ** 14, rtol=1e-9, atol=1e-12)


def test_the_largest_weight_and_the_expected_one_are_named_where_there_is_room() -> None:
    law, apart = SCHEMES["uniform"].law((3, 5)), set()
    for seed in range(8):
        layout = extreme(summarize("uniform", (3, 5), seed=seed), law, TEXT, LIGHT).to_dict()["layout"]
        middle = sum(layout["xaxis"]["range"]) / 2
        names, lines = layout["annotations"][-2:], layout["shapes"][:2]
        for name, line in zip(names, lines, strict=True):
            assert name["x"] == line["x0"]
            assert name["xanchor"] == ("right" if line["x0"] > middle else "left")
        apart.add(len({name["xanchor"] for name in names}))
    assert apart == {1, 2}  # on one side of the middle, and on both


def test_the_largest_of_a_sparse_sample_is_that_of_its_weights_that_are_not_0() -> None:
    law = SCHEMES["sparse"].law((100, 50), sparsity=0.9, std=1.0)
    summary = summarize("sparse", (100, 50), seed=1, sparsity=0.9, std=1.0)
    expected = extreme(summary, law, TEXT, LIGHT).to_dict()["layout"]["shapes"][1]
    # sparse_ leaves 100 − ⌈0.9·100⌉ = 10 weights a column
    mean, _ = integrate.quad(lambda x: x * 500 * stats.norm.pdf(x) * stats.norm.cdf(x) ** 499, -9, 9)
    assert expected["x0"] == pytest.approx(mean, rel=1e-6)


@dense
def test_what_is_shaded_lies_beyond_the_walls(case: Case) -> None:
    """And reaches from each to the chart's edge: nothing can be drawn there."""
    layout = _chart(case).to_dict()["layout"]
    low, high = layout["xaxis"]["range"]
    shades = {(shape["x0"], shape["x1"]) for shape in layout.get("shapes", []) if shape.get("type") == "rect"}
    walls = [ends for kind, *ends, _ in case.truth(SHAPE).bands if kind == "support"]
    expected = {(low, ends[0]) for ends in walls if ends[0] >= low}
    expected |= {(high, ends[1]) for ends in walls if ends[1] <= high}
    assert len(shades) == len(expected)
    for shade, at in zip(sorted(shades), sorted(expected), strict=True):
        assert shade == pytest.approx(at, rel=1e-6)
    # what is said of it stands in its middle, if there is room: not on the wall, nor where weights are
    said = sorted(note["x"] for note in layout["annotations"] if note["text"] == "none<br>here")
    assert said in ([], pytest.approx(sorted(sum(at) / 2 for at in expected), rel=1e-6))
    if case.key == "kaiming_uniform":
        assert len(said) == 2


def _labels(chart: go.Figure) -> str:
    return "\n".join(note["text"] for note in chart.to_dict()["layout"]["annotations"])


def test_bands_are_labelled_with_formula_and_value() -> None:
    kaiming = next(case for case in CASES if case.key == "kaiming_uniform" and not case.params)
    labels = _labels(_chart(kaiming))
    assert "<b>−√(6/512)</b> = −0.1083" in labels
    assert "<b>+√(6/512)</b> = 0.1083" in labels
    normal = next(case for case in CASES if case.key == "kaiming_normal")
    summary, _ = drawn(normal)
    labels = _labels(_chart(normal))
    assert "<b>−3σ</b> = −0.1875" in labels
    assert f"beyond ±3σ: {summary.outside[0]}<br>expected: 354" in labels  # 131 072 × 0.0027


@cases
def test_a_redraw_moves_no_axis_and_few_weights_stay_inside(case: Case) -> None:
    shape = (5, 3) if case.takes((5, 3)) else (6, 3, 2)
    ranges = set()
    law = SCHEMES[case.key].law(shape, **case.params)
    for seed in range(5):
        summary = summarize(case.key, shape, seed=seed, bins=60, **case.params)
        chart = weights(summary, law, TEXT, LIGHT).to_dict()
        ranges.add((*chart["layout"]["xaxis"]["range"], *chart["layout"]["yaxis"]["range"]))
        if law.independent:
            assert decoded(chart["data"][0]["y"]).max() <= chart["layout"]["yaxis"]["range"][1]
    assert len(ranges) == 1


def test_another_scheme_s_bounds_are_laid_over_and_fit() -> None:
    case = next(case for case in CASES if case.key == "classic_uniform")
    summary, law = drawn(case)
    other = Overlay("Kaiming uniform", SCHEMES["kaiming_uniform"].law(SHAPE))
    chart = density(summary, law, TEXT, DARK, overlay=other)
    low, high = chart.layout.xaxis.range
    bound = math.sqrt(6 / 512)
    assert low < -bound
    assert bound < high
    assert "<b>Kaiming uniform</b><br>±√(6/fan_in) = ±0.1083" in _labels(chart)
    dotted = sorted(shape.x0 for shape in chart.layout.shapes if shape.line.dash == "2px,4px")
    assert dotted == pytest.approx([-bound, bound], rel=1e-6)
    both = Overlay("Orthogonal", SCHEMES["orthogonal"].law(SHAPE))  # a wall and a yardstick, in one label
    bound = 3 / math.sqrt(max(SHAPE))
    words = f"<b>Orthogonal</b><br>±g = ±1, ±3σ = ±{bound:.4g}"
    assert words in _labels(density(summary, law, TEXT, DARK, overlay=both))
    zeros = SCHEMES["zeros"].law(SHAPE)
    chart = points(summarize("zeros", SHAPE, seed=0), zeros, TEXT, DARK, overlay=other)
    assert "Kaiming uniform" in _labels(chart)


def test_a_narrow_law_far_from_zero_is_drawn_where_it_is() -> None:
    params = {"mean": 1e6, "std": 1e-3}
    law = SCHEMES["normal"].law(SHAPE, **params)
    summary = summarize("normal", SHAPE, seed=1, bins=60, dtype=torch.float64, **params)
    chart = density(summary, law, TEXT, LIGHT).to_dict()
    # to a hundredth of σ: the first bin's edge at −5σ, the yardsticks at ±3σ
    bars = chart["data"][0]
    assert bars["x0"] + bars["dx"] / 2 - 1e6 == pytest.approx(-5e-3, abs=1e-5)
    ends = [shape["x0"] - 1e6 for shape in chart["layout"]["shapes"]]
    assert ends == pytest.approx([-3e-3, 3e-3], abs=1e-5)
    assert [x - 1e6 for x in chart["layout"]["xaxis"]["range"]] == pytest.approx([-5e-3, 5e-3], abs=1e-5)


def test_a_heat_map_is_centred_on_zero() -> None:
    matrix = np.array([[0.5, -2.0], [0.0, 1.0]], dtype=np.float32)
    chart = go.Figure(heatmap(matrix, TEXT, LIGHT).to_dict())
    (trace,) = chart.data
    assert (trace.zmin, trace.zmax) == (-2, 2)
    assert trace.colorscale[1] == (0.5, LIGHT.paper)
    heatmap(np.zeros((2, 3), dtype=np.float32), TEXT, LIGHT)


@cases
def test_a_chart_is_small_and_brings_no_template_of_plotly_s(case: Case) -> None:
    text = _chart(case).to_json()
    assert len(text) < (8000 if case.key == "sparse" else 6600)  # a mixture has twice the parts
    assert "colorway" not in text


@pytest.mark.parametrize("case", [case for case in CASES if _law(case).bands], ids=case_id)
def test_notation_leaves_no_latex(case: Case) -> None:
    for text in [text for band in _law(case).bands for text in (band.formula, *band.ends)]:
        assert not re.search(r"[\\{}^]", plain(text)), text


def test_notation_reads_as_people_write() -> None:
    assert plain(r"-\sqrt{6/512}") == "−√(6/512)"
    assert plain(r"1/\sqrt{512}") == "1/√512"
    assert plain(r"2.5\cdot10^{-7}") == "2.5·10⁻⁷"
    assert plain(r"\mu\pm3\sigma") == "μ±3σ"

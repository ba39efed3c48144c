"""Charts by their data and axes, each checked in full by Plotly."""

import base64
import math
import re

import numpy as np
import plotly.graph_objects as go
import pytest
import torch

from core import SCHEMES, Law, Summary, summarize
from pages.figures.distribution import Overlay, density, heatmap, points
from pages.figures.notation import plain
from pages.figures.palette import DARK, LIGHT
from pages.text import LANGUAGES, Text
from tests.cases import CASES, Case, case_id

SHAPE = (256, 512)
cases = pytest.mark.parametrize("case", CASES, ids=case_id)
TEXT = Text("en")


def _drawn(case: Case, shape: tuple[int, int] = SHAPE, bins: int = 60) -> tuple[Summary, Law]:
    summary = summarize(case.key, shape, seed=40, bins=bins, **case.params)
    return summary, SCHEMES[case.key].law(shape, **case.params)


def _chart(case: Case, shape: tuple[int, int] = SHAPE, language: str = "en") -> go.Figure:
    summary, law = _drawn(case, shape)
    draw = density if law.random else points
    return draw(summary, law, Text(language), LIGHT)


def _numbers(values: object) -> np.ndarray:
    """Decode a typed array as it travels."""
    if isinstance(values, dict):
        return np.frombuffer(base64.b64decode(values["bdata"]), dtype=values["dtype"])
    return np.asarray(values)


@cases
@pytest.mark.parametrize("language", LANGUAGES)
def test_plotly_accepts_every_part(case: Case, language: str) -> None:
    go.Figure(_chart(case, language=language).to_dict())


@cases
def test_what_is_drawn_is_the_counts(case: Case) -> None:
    summary, law = _drawn(case)
    chart = _chart(case).to_dict()
    if not law.random:
        stem, ring, dot = chart["data"]
        assert list(stem["y"]) == [0, 1]
        assert (ring["y"], dot["y"]) == ([1.0], [1.0])
        assert ring["x"] == dot["x"] == [case.mean]
        assert (ring["marker"]["color"], dot["marker"]["color"]) == (LIGHT.law, LIGHT.edge)
        return
    bars = chart["data"][0]
    heights, counts = _numbers(bars["y"]), _numbers(bars["customdata"])
    assert counts.sum() == summary.n
    assert np.array_equal(counts[1:-1], summary.counts)
    assert heights.sum() * bars["dx"] == pytest.approx(1, rel=1e-6)  # a density
    first_edge = bars["x0"] + bars["dx"] / 2  # points are middles, the first one beyond the bins
    assert first_edge == pytest.approx(summary.edges[0], rel=1e-6, abs=1e-6 * bars["dx"])


@cases
def test_the_curve_is_the_law(case: Case) -> None:
    _, law = _drawn(case)
    if not law.random:
        return
    *_, low, high, curve = _chart(case).to_dict()["data"]
    y = _numbers(curve["y"])
    x = curve["x0"] + curve["dx"] * np.arange(len(y))
    std = case.std(512, 256)
    if case.family == "normal":
        exact = np.exp(-(((x - case.mean) / std) ** 2) / 2) / (std * math.sqrt(2 * math.pi))
        np.testing.assert_allclose(y, exact, rtol=2e-5, atol=1e-6 / std)
    else:
        assert np.allclose(y, 1 / (2 * math.sqrt(3) * std), rtol=1e-6)
        assert x[0] == pytest.approx(case.mean - math.sqrt(3) * std, rel=1e-6, abs=1e-6)
        assert x[-1] == pytest.approx(case.mean + math.sqrt(3) * std, rel=1e-6, abs=1e-6)
    # about 95 % of the bars end inside the band
    heights = _numbers(_chart(case).to_dict()["data"][0]["y"])[1:-1]
    inside = (_numbers(low["y"])[:-1] <= heights * (1 + 1e-6)) & (
        heights <= _numbers(high["y"])[:-1] * (1 + 1e-6)
    )
    assert inside.mean() >= 0.95 - 4 * math.sqrt(0.95 * 0.05 / len(heights))


@cases
def test_walls_are_solid_ink_and_yardsticks_dashed_blue(case: Case) -> None:
    _, law = _drawn(case)
    lines = [shape for shape in _chart(case).to_dict()["layout"].get("shapes", []) if shape["type"] == "line"]
    if case.family == "point":
        assert lines == []
        return
    (band,) = law.bands
    assert [line["x0"] for line in lines] == pytest.approx([band.low, band.high], rel=1e-6)
    for line in lines:
        look = (line["line"]["color"], line["line"].get("dash"))
        assert look == ((LIGHT.ink, None) if case.family == "uniform" else (LIGHT.law, "8px,5px"))


def _labels(chart: go.Figure) -> str:
    return "\n".join(note["text"] for note in chart.to_dict()["layout"]["annotations"])


def test_bands_are_labelled_with_formula_and_value() -> None:
    kaiming = next(case for case in CASES if case.params.get("nonlinearity") == "relu" and "a" in case.params)
    labels = _labels(_chart(kaiming))
    assert "<b>−√(6/512)</b> = −0.1083" in labels
    assert "<b>+√(6/512)</b> = 0.1083" in labels
    normal = next(case for case in CASES if case.key == "kaiming_normal")
    summary, _ = _drawn(normal)
    labels = _labels(_chart(normal))
    assert "<b>−3σ</b> = −0.1875" in labels
    assert f"beyond ±3σ: {summary.outside[0]}<br>expected: 354" in labels  # 131 072 × 0.0027


@cases
def test_a_redraw_moves_no_axis_and_few_weights_stay_inside(case: Case) -> None:
    ranges = set()
    law = SCHEMES[case.key].law((5, 3), **case.params)
    for seed in range(5):
        summary = summarize(case.key, (5, 3), seed=seed, bins=60, **case.params)
        chart = (density if law.random else points)(summary, law, TEXT, LIGHT).to_dict()
        ranges.add((*chart["layout"]["xaxis"]["range"], *chart["layout"]["yaxis"]["range"]))
        if law.random:
            assert _numbers(chart["data"][0]["y"]).max() <= chart["layout"]["yaxis"]["range"][1]
    assert len(ranges) == 1


def test_another_scheme_s_bounds_are_laid_over_and_fit() -> None:
    case = next(case for case in CASES if case.key == "classic_uniform")
    summary, law = _drawn(case)
    other = Overlay("Kaiming uniform", SCHEMES["kaiming_uniform"].law(SHAPE))
    chart = density(summary, law, TEXT, DARK, overlay=other)
    low, high = chart.layout.xaxis.range
    bound = math.sqrt(6 / 512)
    assert low < -bound
    assert bound < high
    assert "<b>Kaiming uniform</b><br>±√(6/fan_in) = ±0.1083" in _labels(chart)
    dotted = sorted(shape.x0 for shape in chart.layout.shapes if shape.line.dash == "2px,4px")
    assert dotted == pytest.approx([-bound, bound], rel=1e-6)
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
    assert len(text) < 5500
    assert "colorway" not in text


@cases
def test_notation_leaves_no_latex(case: Case) -> None:
    _, law = _drawn(case)
    texts = [text for p in law.parameters for text in (p.symbolic, p.numeric)]
    texts += [text for band in law.bands for text in (band.formula, *band.ends)]
    for text in texts:
        assert not re.search(r"[\\{}^]", plain(text)), text


def test_notation_reads_as_people_write() -> None:
    assert plain(r"-\sqrt{6/512}") == "−√(6/512)"
    assert plain(r"1/\sqrt{512}") == "1/√512"
    assert plain(r"2.5\cdot10^{-7}") == "2.5·10⁻⁷"
    assert plain(r"\mu\pm3\sigma") == "μ±3σ"

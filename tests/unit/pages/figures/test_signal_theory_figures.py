"""Charts of theory show where maps rest, where the edge of chaos lies, and each scheme in its place."""

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from pages.figures.palette import LIGHT
from pages.figures.signal import DRAWN, SYMBOLS
from pages.figures.signal_theory import Curves, Dot, Lengths, Phases, chaos, lengths, maps
from pages.text import Text
from tests.support.charts import T, decoded
from tests.support.checked_charts import checked, looks
from tests.support.marks import languages

NAN = math.nan


def _curve(series: int, length: float, correlation: float) -> Curves:
    q, c = np.linspace(0, 4, 5), np.linspace(0, 1, 6)
    return Curves(f"scheme {series}", series, (q, q / 2 + 0.5), (c, (1 + c) / 2), length, correlation)


@languages
@looks
@pytest.mark.parametrize("count", [1, 3, 8])
def test_both_maps_are_drawn_with_where_they_rest(count: int, look: Any, language: str) -> None:
    curves = [_curve(at, 1.0, 1.0) for at in range(count)]
    chart = checked(maps(curves, Text(language), look))
    for x, y, name in (("x", "y", "lengths"), ("x2", "y2", "correlations")):
        own = [t for t in chart["data"] if (t.get("xaxis"), t.get("yaxis")) == (x, y)]
        diagonal, *rest = own
        assert decoded(diagonal["x"]).tolist() == decoded(diagonal["y"]).tolist()
        assert diagonal["line"]["dash"]
        lines, rings = ([t for t in rest if (t.get("mode") == "markers") is here] for here in (False, True))
        for curve, line, ring in zip(curves, lines, rings, strict=True):
            before, after = getattr(curve, name)
            np.testing.assert_allclose(decoded(line["x"]), before, rtol=1e-6)
            np.testing.assert_allclose(decoded(line["y"]), after, rtol=1e-6)
            assert (list(ring["x"]), list(ring["y"])) == ([1], [1])
            assert [line["line"]["color"]] == ring["marker"]["color"] == [look.series[curve.series]]
    left, right = chart["layout"]["xaxis"], chart["layout"]["xaxis2"]
    assert left["domain"][1] < right["domain"][0]
    assert left["range"][1] >= 4
    assert right["range"][0] <= 0
    assert right["range"][1] >= 1


@pytest.mark.parametrize(
    ("length", "correlation", "rings"), [(math.inf, NAN, 0), (9.0, 0.0, 1), (0.0, NAN, 1)]
)
def test_what_rests_nowhere_on_the_map_has_no_ring(length: float, correlation: float, rings: int) -> None:
    chart = checked(maps([_curve(0, length, correlation)], T, LIGHT))
    assert len([t for t in chart["data"] if t.get("mode") == "markers"]) == rings


def _lengths(series: int, rest: float, by_layer: Sequence[float]) -> Lengths:
    q = np.logspace(-4, 1, 21)
    return Lengths(f"scheme {series}", series, (q, q / (1 + q)), rest, np.array(by_layer))


@languages
@looks
@pytest.mark.parametrize("count", [1, 3, 8])
def test_the_length_map_stands_beside_the_lengths_by_layer(count: int, look: Any, language: str) -> None:
    by_layer = [0.5 / (at + 1) for at in range(50)]
    schemes = [_lengths(at, 0.25, by_layer) for at in range(count)]
    chart = checked(lengths(schemes, Text(language), look))
    diagonal, *ways, rests, lasts = chart["data"]
    assert diagonal["x"] == diagonal["y"] == [1e-4, 10]
    assert diagonal["line"]["dash"]
    for scheme, map_, course in zip(schemes, ways[::2], ways[1::2], strict=True):
        np.testing.assert_allclose(decoded(map_["x"]), scheme.map[0], rtol=1e-6)
        np.testing.assert_allclose(decoded(map_["y"]), scheme.map[1], rtol=1e-6)
        assert decoded(course["x"]).tolist() == list(range(1, 51))
        np.testing.assert_allclose(decoded(course["y"]), by_layer, rtol=1e-6)
        assert map_["line"] == course["line"]
        assert map_["line"]["color"] == look.series[scheme.series]
    dashes = {way["line"]["dash"] for way in ways}
    assert len(dashes) == count  # told apart without their colours
    assert (rests["x"], rests["y"]) == ([0.25] * count, [0.25] * count)
    assert (lasts["x"], lasts["y"]) == ([50] * count, [0.01] * count)
    for signs in (rests, lasts):
        assert signs["marker"]["symbol"] == list(SYMBOLS[:count])
        assert signs["marker"]["color"] == list(look.series[:count])
    axes = chart["layout"]
    assert axes["xaxis"]["domain"][1] < axes["xaxis2"]["domain"][0]
    # up one axis, so that a length stands at one height in both
    assert axes["xaxis"]["range"] == axes["yaxis"]["range"] == axes["yaxis2"]["range"] == [-4, 1]
    assert {axes[name]["type"] for name in ("xaxis", "yaxis", "yaxis2")} == {"log"}
    first, last = axes["xaxis2"]["range"]
    assert first < 1
    assert last > 50


def test_lengths_that_leave_the_doubles_or_vanish_lead_off_the_chart() -> None:
    chart = checked(lengths([_lengths(0, 0.0, [1.0, 0.0]), _lengths(1, math.inf, [1.0, math.inf])], T, LIGHT))
    _, *ways, rests, lasts = chart["data"]
    for course, last, low, high in zip(ways[1::2], lasts["y"], (0, 1e30), (1e-30, math.inf), strict=True):
        drawn = decoded(course["y"])
        assert drawn[0] == 1
        assert low < drawn[1] < high
        assert low < last < high
    assert rests["x"] == rests["y"] == lasts["y"]


def test_of_many_layers_the_first_and_last_are_drawn_and_others_in_between() -> None:
    by_layer = np.linspace(1, 2, 200).tolist()
    course = checked(lengths([_lengths(0, 2.0, by_layer)], T, LIGHT))["data"][2]
    layers = decoded(course["x"]).astype(int)
    assert layers[:32].tolist() == list(range(1, 33))
    assert layers[-1] == 200
    assert np.diff(layers[31:]).min() >= 1
    assert np.diff(layers[31:]).max() <= 25
    np.testing.assert_allclose(decoded(course["y"]), np.array(by_layer)[layers - 1], rtol=1e-6)


def _phases(edge: Sequence[float] = (2.0, 2.5, 3.0)) -> Phases:
    across, up = np.linspace(0, 4, 5), np.linspace(0, 0.5, 3)
    return Phases(across, up, np.outer([1.0, 1.0, 1.0], across / 2), np.array(edge))


def _dots(count: int, step: float = 0.4) -> list[Dot]:
    return [Dot(f"scheme {at}", at, step * (at + 1), 0.1 * (at % 3)) for at in range(count)]


@languages
@looks
@pytest.mark.parametrize("count", [0, 1, 3, 8])
def test_the_plane_has_its_edge_and_its_dots_in_their_places(count: int, look: Any, language: str) -> None:
    t, dots = Text(language), _dots(count)
    chart = checked(chaos(dots, _phases(), t, look))
    heat, edge, signs = chart["data"]
    assert decoded(heat["z"]).reshape(3, 5) == pytest.approx(np.tile([0, 0.5, 1, 1.5, 2], (3, 1)))
    assert "%{z:" in heat["hovertemplate"]
    assert (heat["x0"], heat["dx"]) == (0, 1)
    assert decoded(heat["y"]) == pytest.approx([0, 0.25, 0.5])
    assert decoded(edge["x"]).tolist() == [2, 2.5, 3]
    assert decoded(edge["y"]) == pytest.approx([0, 0.25, 0.5])
    assert edge["line"]["color"] == look.ink
    places = list(zip(signs["x"], signs["y"], strict=True))
    assert places == [(pytest.approx(dot.sigma_w2), pytest.approx(dot.sigma_b2)) for dot in dots]
    mark = signs["marker"]
    assert mark["color"] == [look.series[dot.series] for dot in dots]
    assert mark["symbol"] == [SYMBOLS[dot.series] for dot in dots]
    for dot, place in zip(dots, places, strict=True):
        (label,) = (a for a in chart["layout"]["annotations"] if a["text"] == f"<b>{dot.name}</b>")
        assert (label["x"], label["y"], label["yref"]) == (*place, "y")
        assert label["font"]["color"] == look.series[dot.series]
    words = " ".join(a["text"] for a in chart["layout"]["annotations"])
    assert all(t(f"chaos.{name}") in words for name in ("edge", "ordered", "chaotic"))


@looks
def test_the_plane_s_colours_go_by_the_logarithm_of_the_slope(look: Any) -> None:
    """From ordered at ½ over paper at 1 to chaotic at 2, as the words stand left and right."""
    heat = checked(chaos(_dots(1), _phases(), T, look))["data"][0]
    places, colours = zip(*heat["colorscale"], strict=True)
    slopes = heat["zmin"] + np.array(places) * (heat["zmax"] - heat["zmin"])
    assert slopes[[0, -1]].tolist() == [0.5, 2]
    np.testing.assert_allclose(np.diff(np.log2(slopes)), 1 / 8, rtol=1e-9)
    ordered, chaotic = look.diverging
    assert [colours[0], colours[8], colours[16]] == [ordered, look.paper, chaotic]
    for first, middle, last in ((0, 4, 8), (8, 12, 16)):
        ends, half = (
            np.array([[int(colours[at][i : i + 2], 16) for i in (1, 3, 5)] for at in at_])
            for at_ in ((first, last), (middle,))
        )
        np.testing.assert_allclose(half[0], ends.mean(0), atol=0.5)


def test_a_slope_without_end_has_the_colour_of_chaos_and_no_number() -> None:
    phases = _phases()
    phases.chi1[1, 3] = math.inf
    phases.chi1[1, 4] = NAN
    heat = checked(chaos(_dots(1), phases, T, LIGHT))["data"][0]
    z = decoded(heat["z"]).reshape(3, 5)
    assert heat["zmax"] < z[1, 3] < math.inf
    assert math.isnan(z[1, 4])
    assert "z" not in re.findall(r"%\{(\w+)", heat["hovertemplate"])


def test_names_of_dots_that_lie_together_stand_one_above_the_other() -> None:
    chart = chaos(_dots(4, step=0.02), _phases(), T, LIGHT).to_dict()
    lifts = [a["ay"] for a in chart["layout"]["annotations"] if "scheme" in a["text"]]
    assert len(set(lifts)) == 4
    assert max(lifts) < 0  # above their dots
    assert np.diff(sorted(lifts)).min() >= 20  # a line of text
    far = [Dot("left", 0, 0.2, 0.0), Dot("right", 1, 3.8, 0.0)]
    chart = chaos(far, _phases(), T, LIGHT).to_dict()
    own = {a["text"]: a for a in chart["layout"]["annotations"]}
    assert own["<b>left</b>"]["ay"] == own["<b>right</b>"]["ay"]
    # neither leaves the plot
    assert (own["<b>left</b>"]["xanchor"], own["<b>right</b>"]["xanchor"]) == ("left", "right")


def test_a_dot_beyond_the_map_stands_at_its_end_with_an_arrow() -> None:
    chart = checked(chaos([Dot("far", 0, 100.0, 0.1)], _phases(), T, LIGHT))
    mark = chart["data"][-1]
    assert (mark["x"], mark["y"]) == ([4], [0.1])
    assert any(a["text"] == "<b>far</b> →" for a in chart["layout"]["annotations"])


@pytest.mark.parametrize("edge", [(NAN, NAN, NAN), (9.0, 9.0, 9.0)])
def test_an_edge_that_is_nowhere_on_the_map_is_not_named(edge: tuple[float, ...]) -> None:
    chart = checked(chaos(_dots(1), _phases(edge), T, LIGHT))
    assert len(decoded(chart["data"][1]["x"])) == 0
    assert T("chaos.edge") not in " ".join(a["text"] for a in chart["layout"]["annotations"])


def test_where_all_is_ordered_nothing_is_called_chaotic() -> None:
    across, up, chi1, edge = _phases((NAN, NAN, NAN))
    for share, there in ((0.4, False), (1.0, True)):
        chart = checked(chaos([], Phases(across, up, share * chi1, edge), T, LIGHT))
        words = [a["text"] for a in chart["layout"]["annotations"]]
        assert T("chaos.ordered") in words
        assert (T("chaos.chaotic") in words) is there


@pytest.mark.parametrize(
    ("edge", "named"),
    [(0.05, {"chaotic"}), (0.1, {"chaotic"}), (0.2, {"ordered", "chaotic"}), (0.95, {"ordered"})],
)
def test_a_side_that_is_narrower_than_its_name_has_none(edge: float, named: set[str]) -> None:
    """Where the edge stands upright at this share of the plane's width, whose sides have 12 % at least."""
    across, up = np.linspace(0, 4, 101), np.linspace(0, 0.5, 3)
    chi1 = np.tile(across / (4 * edge), (3, 1))
    chart = checked(chaos([], Phases(across, up, chi1, np.full(3, 4 * edge)), T, LIGHT))
    words = [a["text"] for a in chart["layout"]["annotations"]]
    assert {name for name in ("ordered", "chaotic") if T(f"chaos.{name}") in words} == named


def test_eight_schemes_have_eight_signs() -> None:
    assert len(set(SYMBOLS)) == len(SYMBOLS) == len(set(DRAWN)) == len(DRAWN) == len(LIGHT.series) == 8

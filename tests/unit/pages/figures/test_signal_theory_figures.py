"""Charts of theory show where maps rest, where the edge of chaos lies, and each scheme in its place."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from pages.figures.palette import LIGHT
from pages.figures.signal import DRAWN, SYMBOLS
from pages.figures.signal_theory import Curves, Dot, Phases, chaos, maps
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
            assert line["line"]["color"] == ring["marker"]["color"] == look.series[curve.series]
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
    heat, edge, *marks = chart["data"]
    z = decoded(heat["z"]).reshape(3, 5)
    assert z == pytest.approx(np.tile([-1, -1, 0, math.log2(1.5), 1], (3, 1)))  # 0 where χ₁ is 1
    assert (heat["zmin"], heat["zmax"]) == (-1, 1)
    assert heat["customdata"][0] == ["0", "0.500", "1.00", "1.50", "2.00"]
    assert decoded(heat["x"]).tolist() == [0, 1, 2, 3, 4]
    assert decoded(heat["y"]) == pytest.approx([0, 0.25, 0.5])
    assert decoded(edge["x"]).tolist() == [2, 2.5, 3]
    assert decoded(edge["y"]) == pytest.approx([0, 0.25, 0.5])
    assert edge["line"]["color"] == look.ink
    places = [(mark["x"][0], mark["y"][0]) for mark in marks]
    assert places == [(pytest.approx(dot.sigma_w2), pytest.approx(dot.sigma_b2)) for dot in dots]
    for dot, mark in zip(dots, marks, strict=True):
        assert (mark["marker"]["color"], mark["marker"]["symbol"]) == (
            look.series[dot.series],
            SYMBOLS[dot.series],
        )
        (label,) = (a for a in chart["layout"]["annotations"] if a["text"] == f"<b>{dot.name}</b>")
        assert (label["x"], label["y"], label["yref"]) == (mark["x"][0], mark["y"][0], "y")
        assert label["font"]["color"] == look.series[dot.series]
    words = " ".join(a["text"] for a in chart["layout"]["annotations"])
    assert all(t(f"chaos.{name}") in words for name in ("edge", "ordered", "chaotic"))
    # from ordered over paper to chaotic, as the words stand left and right
    colours = [colour for _, colour in heat["colorscale"]]
    assert colours == [look.diverging[0], look.paper, look.diverging[1]]


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
    assert (mark["x"][0], mark["y"][0]) == (4, 0.1)
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


def test_eight_schemes_have_eight_signs() -> None:
    assert len(set(SYMBOLS)) == len(SYMBOLS) == len(set(DRAWN)) == len(DRAWN) == len(LIGHT.series) == 8

"""Charts of a signal's way through a network, by their data and axes, each checked in full by Plotly."""

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.figures.palette import DARK, LIGHT, translucent
from pages.figures.signal import APART, CLOSER, DEEPEST, DRAWN, SYMBOLS, Line, by_layer, shares_by_layer
from pages.figures.signal_layers import RIDGES, Layers, depth_map, ridges
from pages.figures.signal_theory import Curves, Dot, Phases, chaos, maps
from pages.text import Text
from tests.support.charts import decoded
from tests.support.marks import languages
from tests.support.written import read

T = Text("en")
Part = dict[str, Any]
looks = pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
NAN = math.nan


def _line(values: Sequence[float], series: int = 0, *, band: float = 0.0, theory: bool = False) -> Line:
    """Return a line with a band of this factor to both sides, and a theory of twice the values."""
    middle = np.array(values, dtype=np.float64)
    low, high = (middle / band, middle * band) if band else (None, None)
    expected = 2 * middle if theory else None
    return Line(f"scheme {series}", f"phrase {series}", series, middle, low, high, expected)


def _falling(count: int, depth: int, **more: Any) -> list[Line]:
    """Return lines that fall, each faster than the one before it."""
    return [_line([10.0 ** (-at * i / 10) for i in range(depth)], at, **more) for at in range(count)]


def _drawn(chart: go.Figure) -> Part:
    """Return the chart as it travels, once Plotly has checked every part of it."""
    parts: Part = chart.to_dict()
    go.Figure(parts)
    return parts


def _course(lines: Sequence[Line], **more: Any) -> Part:
    return _drawn(by_layer(lines, T, LIGHT, y_title="RMS", theory="theory", **more))


def _curves(chart: Part, color: str = "") -> list[Part]:
    """Return the lines with markers, in this colour if one is given."""
    return [
        t for t in chart["data"] if t.get("mode") == "lines+markers" and color in {"", t["line"]["color"]}
    ]


def _crosses(chart: Part) -> list[tuple[float, float]]:
    crosses = [t for t in chart["data"] if t.get("marker", {}).get("symbol") == "x-thin"]
    return [(float(decoded(t["x"])[0]), float(decoded(t["y"])[0])) for t in crosses]


def _bands(chart: Part) -> list[Part]:
    return [t for t in chart["data"] if t.get("fill") == "toself"]


def _names(chart: Part) -> list[Part]:
    """Return the labels right of the plot, which name the lines."""
    return [a for a in chart["layout"]["annotations"] if a.get("yanchor") == "middle"]


# --- by layer ---------------------------------------------------------------------------------------------


@looks
@languages
@pytest.mark.parametrize("depth", [1, 2, 200])
@pytest.mark.parametrize("count", [1, 3, 8])
def test_plotly_accepts_every_part(count: int, depth: int, language: str, look: Any) -> None:
    t = Text(language)
    lines = _falling(count, depth, band=1.5, theory=True)
    for back in (False, True):
        _drawn(by_layer(lines, t, look, y_title="RMS", theory=t("signal.theory"), back=back))
    for percent in (False, True):
        _drawn(shares_by_layer(lines, t, look, y_title="share", percent=percent))


@pytest.mark.parametrize("depth", [1, 2, 50])
def test_lines_of_which_nothing_is_known_leave_an_empty_chart(depth: int) -> None:
    nothing = _line([NAN] * depth, band=2.0, theory=True)
    for back in (False, True):
        for lines in ([nothing], [nothing, _line([1.0] * depth, 1)], [_line([0.0] * depth)]):
            chart = _course(lines, back=back)
            assert np.isfinite(chart["layout"]["yaxis"]["range"]).all()
            assert _crosses(chart) == []  # it did not go as far as a first layer
            assert len(_names(chart)) == len(lines)
    chart = _drawn(shares_by_layer([nothing], T, LIGHT, y_title="share"))
    assert np.isfinite(chart["layout"]["yaxis"]["range"]).all()


def test_what_is_drawn_are_the_numbers() -> None:
    lines = [_line([1.0, 0.5, 0.25], 4, band=2.0, theory=True), _line([1.0, 3.0, 9.0], 2)]
    chart = _course(lines)
    first, second = _curves(chart)
    for curve, line in ((first, lines[0]), (second, lines[1])):
        assert decoded(curve["x"]).tolist() == [1, 2, 3]
        np.testing.assert_array_equal(decoded(curve["y"]), line.middle)
        assert curve["line"]["color"] == LIGHT.series[line.series] == curve["marker"]["color"]
        assert curve["marker"]["symbol"] == SYMBOLS[line.series]
        assert line.name in curve["hovertemplate"]
    # the band goes along its foot and back along its top
    (band,) = _bands(chart)
    assert decoded(band["x"]).tolist() == [1, 2, 3, 3, 2, 1]
    assert decoded(band["y"]).tolist() == [0.5, 0.25, 0.125, 0.5, 1.0, 2.0]
    assert band["fillcolor"] == translucent(LIGHT.series[4], 0.18)
    assert chart["data"].index(band) < chart["data"].index(first)  # below its line
    # theory is the one that is dashed
    dashed = [t for t in chart["data"] if t.get("line", {}).get("dash")]
    assert [decoded(t["y"]).tolist() for t in dashed] == [[2.0, 1.0, 0.5]]
    assert dashed[0]["line"]["color"] == LIGHT.ink
    assert "theory" in str(chart["layout"]["annotations"])


def test_without_theory_nothing_is_dashed_and_nothing_says_so() -> None:
    chart = _course([_line([1.0, 2.0])])
    assert not [t for t in chart["data"] if t.get("line", {}).get("dash")]
    assert "theory" not in str(chart["layout"]["annotations"])


@pytest.mark.parametrize("lost", [0.0, math.inf, NAN])
@pytest.mark.parametrize("from_place", [1, 2, 4])
def test_a_cross_marks_the_last_layer_before_a_line_is_lost(from_place: int, lost: float) -> None:
    """There, the last it reached; on the way back, the first layer that it still came to."""
    depth = 5
    path = [2.0**i if i < from_place else lost for i in range(depth)]
    reached = 2.0 ** (from_place - 1)
    assert _crosses(_course([_line(path)])) == [(from_place, reached)]
    assert _crosses(_course([_line(path[::-1])], back=True)) == [(depth - from_place + 1, reached)]
    (curve,) = _curves(_course([_line(path)]))
    assert np.isnan(decoded(curve["y"])[from_place:]).all()


@pytest.mark.parametrize("back", [False, True])
def test_a_line_that_arrives_has_no_cross_and_one_seed_has_no_band(back: bool) -> None:  # noqa: FBT001
    chart = _course([_line([1.0, 2.0, 3.0])], back=back)
    assert _crosses(chart) == []
    assert _bands(chart) == []


def test_a_band_ends_where_its_line_does() -> None:
    (band,) = _bands(_course([_line([4.0, 2.0, 0.0, NAN], band=2.0)]))
    assert decoded(band["x"]).tolist() == [1, 2, 2, 1]
    assert decoded(band["y"]).tolist() == [2.0, 1.0, 4.0, 8.0]


@pytest.mark.parametrize("depth", [1, 2, 7, 50, 200])
def test_the_way_back_is_read_from_left_to_right(depth: int) -> None:
    there, back = (_course(_falling(2, depth), back=back)["layout"]["xaxis"] for back in (False, True))
    low, high = there["range"]
    assert low <= 1 <= depth <= high
    assert back["range"] == [high, low]
    for axis in (there, back):
        ticks = list(axis["tickvals"])
        assert ticks[0] == 1
        assert all(float(tick).is_integer() and 1 <= tick <= depth for tick in ticks)
        assert len(set(ticks)) == len(ticks) <= 12
        assert depth - ticks[-1] < max(ticks[-1] - ticks[-2] if len(ticks) > 1 else 1, 2)
    assert there["title"]["text"] == T("signal.layer")
    assert back["title"]["text"] == T("signal.layer_back")


ends = st.floats(-40, 40).map(lambda power: 10.0**power)


@given(st.lists(st.tuples(ends, ends), min_size=1, max_size=8))
def test_a_log_axis_holds_all_there_is_and_its_ticks_are_round(values: list[tuple[float, float]]) -> None:
    chart = by_layer([_line(pair, at) for at, pair in enumerate(values)], T, LIGHT, y_title="").to_dict()
    axis = chart["layout"]["yaxis"]
    low, high = axis["range"]
    logs = [math.log10(value) for pair in values for value in pair]
    assert axis["type"] == "log"
    assert high > max(logs)
    assert low < max(min(logs), max(logs) - DEEPEST)
    assert high - low <= 1.12 * (max(logs) - min(logs)) + 0.61  # and not much more
    ticks = [math.log10(tick) for tick in axis["tickvals"]]
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in ticks)
    assert 1 <= len(ticks) <= 9
    for tick, words in zip(axis["tickvals"], axis["ticktext"], strict=True):
        assert _read(words) == pytest.approx(tick, rel=1e-9)
        assert re.match("[125]", f"{tick:.3e}")


def _read(words: str) -> float:
    """Read a tick as people do."""
    powers = re.fullmatch(r"10<sup>(.*)</sup>", words)
    if powers:
        return 10.0 ** int(powers[1].replace("−", "-"))
    return read(words)


def test_a_fall_without_end_does_not_flatten_the_rest() -> None:
    chart = _course([_line([1.0, 1e-150, 1e-300]), _line([1.0, 2.0, 3.0], 1)])
    low, high = chart["layout"]["yaxis"]["range"]
    assert -DEEPEST - 5 < low < -DEEPEST + 1 < 0 < high < 5


@given(st.lists(st.none() | st.floats(-3, 0), min_size=1, max_size=8))
def test_names_stand_apart_in_the_order_of_their_lines(powers: list[float | None]) -> None:
    """Whatever comes to nothing is named at the foot; the gap is one or two lines of text."""
    lines = [
        _line([1.0, NAN if power is None else 10.0**power], at)
        if at or power is not None
        else _line([NAN] * 2)
        for at, power in enumerate(powers)
    ]
    chart = by_layer(lines, T, LIGHT, y_title="").to_dict()
    labels = _names(chart)
    assert [re.sub("<br>.*", "", label["text"]) for label in labels] == [f"<b>{x.name}</b>" for x in lines]
    few = len(lines) <= 5
    assert all((line.phrase in label["text"]) == few for line, label in zip(lines, labels, strict=True))
    places = [label["y"] for label in labels]
    assert min(places) >= -1e-9
    assert max(places) <= 1 + 1e-9
    order = sorted(places)
    assert all(b - a >= (APART if few else CLOSER) - 1e-9 for a, b in pairwise(order))
    last = [
        math.log10(v[np.isfinite(v)][-1]) if np.isfinite(v).any() else -9 for v in (x.middle for x in lines)
    ]
    for i, a in enumerate(last):
        for j, b in enumerate(last):
            # ends that differ by nothing but rounding may stand either way
            assert a <= b + 1e-12 or places[i] > places[j]
    assert all(label["x"] == 1 and label["xanchor"] == "left" for label in labels)


@pytest.mark.parametrize("back", [False, True])
def test_a_name_stands_at_its_line_s_end(back: bool) -> None:  # noqa: FBT001
    """At the last layer, or on the way back at the first; halfway up the axis is its logarithm's middle."""
    path = [1.0, 10.0**-2, 10.0**-1]
    high, low, middle = (
        _line([10.0**shift * value for value in (path[::-1] if back else path)], at)
        for at, shift in enumerate((0, -2, -1))
    )
    chart = _course([high, low, middle], back=back)
    foot, top = chart["layout"]["yaxis"]["range"]
    expected = [(power - foot) / (top - foot) for power in (-1, -3, -2)]
    assert [label["y"] for label in _names(chart)] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("values", "percent", "low", "high"),
    [
        ([0.0, 0.5, 0.98], True, 0.0, 0.98),
        ([0.0, 0.01], True, 0.0, 0.01),
        ([0.2, -0.3, 0.1], False, -0.3, 0.2),
        ([1.0, 1.0], False, 0.0, 1.0),
    ],
)
def test_shares_stand_on_a_plain_axis_with_0(
    values: list[float],
    percent: bool,  # noqa: FBT001
    low: float,
    high: float,
) -> None:
    lines = [_line(values, theory=True)._replace(theory=np.array(values) / 2)]
    chart = _drawn(shares_by_layer(lines, T, LIGHT, y_title="", theory="theory", percent=percent))
    axis = chart["layout"]["yaxis"]
    assert "type" not in axis
    assert axis["range"][0] < low
    assert axis["range"][1] > high
    assert axis["range"][1] <= max(0.13, 1.3 * high)  # what is small is not drawn flat
    assert (axis.get("tickformat") == ".0%") is percent
    (curve,) = _curves(chart)
    np.testing.assert_array_equal(decoded(curve["y"]), values)  # 0 has a place here
    dashed = [t for t in chart["data"] if t.get("line", {}).get("dash")]
    np.testing.assert_array_equal(decoded(dashed[0]["y"]), np.array(values) / 2)


def test_the_default_page_s_chart_is_small() -> None:
    """JSON of three lines over fifty layers with bands and theory: what a moved control sends of it."""
    lines = _falling(3, 50, band=1.3, theory=True)
    assert len(by_layer(lines, T, LIGHT, y_title="RMS", theory="theory").to_json()) < 16_000


# --- each layer -------------------------------------------------------------------------------------------


def _layers(counts: Sequence[Sequence[int]], series: int = 0) -> Layers:
    """Return layers whose bins are 1 wide and lie around 0."""
    array = np.array(counts, dtype=np.int64)
    half = (array.shape[1] - 2) / 2
    return Layers(f"scheme {series}", series, np.linspace(-half, half, array.shape[1] - 1), array)


#: (beyond), five bins, (beyond): a bell; a spike at 0 as of relu; nothing inside
THREE_LAYERS = [[0, 1, 2, 4, 2, 1, 0], [3, 0, 1, 40, 2, 0, 4], [7, 0, 0, 0, 0, 0, 0]]


def _ridge_heights(chart: Part, axis: str = "y") -> list[tuple[float, list[float]]]:
    """Return each ridge's foot and its bins' heights above it, from the top down."""
    traces = [trace for trace in chart["data"] if trace["yaxis"] == axis]
    found = []
    for ground, ridge in zip(traces[::2], traces[1::2], strict=True):
        foot = float(decoded(ground["y"])[0])
        assert decoded(ground["y"]).tolist() == [foot, foot]
        assert ridge["fill"] == "tonexty"
        steps = decoded(ridge["y"]) - foot
        np.testing.assert_array_equal(steps[::2], steps[1::2])  # flat over its bin
        found.append((foot, steps[::2].tolist()))
    return found


def test_a_ridge_is_as_high_as_its_counts_and_a_spike_at_0_is_cut_off() -> None:
    (_, bell), (_, spike), (_, nothing) = _ridge_heights(_drawn(ridges([_layers(THREE_LAYERS)], T, LIGHT)))
    full = 0.92
    # the tallest bin fills it, at 0 too, as long as it is no more than four times the rest
    assert bell == pytest.approx([full * n / 4 for n in (1, 2, 4, 2, 1)], abs=1e-6)
    # a taller one is cut off, so that the rest keeps a fifth or more, in proportion
    assert spike[2] == pytest.approx(full, abs=1e-6)
    assert spike[3] >= 0.2 * full - 1e-6
    assert spike == pytest.approx([0, spike[3] / 2, full, spike[3], 0], abs=1e-6)
    assert nothing == [0, 0, 0, 0, 0]


def test_the_first_layer_s_ridge_stands_on_top_and_the_axis_names_them_so() -> None:
    chart = _drawn(
        ridges([_layers([[0, 9, 0, 0, 0, 0, 0], [0, 0, 0, 9, 0, 0, 0], [0, 0, 0, 0, 0, 9, 0]])], T, LIGHT)
    )
    ridges_ = {foot: heights.index(max(heights)) for foot, heights in _ridge_heights(chart)}
    assert ridges_ == {2: 0, 1: 2, 0: 4}
    axis = chart["layout"]["yaxis"]
    assert dict(zip(axis["tickvals"], axis["ticktext"], strict=True)) == {0: "3", 1: "2", 2: "1"}
    x = decoded(chart["data"][1]["x"])
    assert x.tolist() == [-2.5, -1.5, -1.5, -0.5, -0.5, 0.5, 0.5, 1.5, 1.5, 2.5]


@pytest.mark.parametrize("depth", [1, 2, RIDGES, 50, 200])
def test_ridges_are_few_and_hold_the_first_layer_and_the_last(depth: int) -> None:
    chart = _drawn(ridges([_layers([[0, 1, 2, 1, 0]] * depth)], T, LIGHT))
    shown = [int(text) for text in reversed(chart["layout"]["yaxis"]["ticktext"])]
    assert shown[0] == 1
    assert shown[-1] == depth
    assert len(shown) == min(depth, RIDGES) == len(set(shown))
    gaps = np.diff(shown)
    assert len(gaps) == 0 or gaps.max() - gaps.min() <= 1
    assert len(chart["data"]) == 2 * len(shown)


def test_a_map_s_ink_is_the_root_of_the_share_of_all_that_a_layer_has() -> None:
    """What lies beyond the edges is part of the whole, though it has no place on the map."""
    chart = _drawn(depth_map([_layers(THREE_LAYERS)], T, LIGHT))
    (heat,) = chart["data"]
    z = decoded(heat["z"]).reshape(3, 5)
    shares = [[0.1, 0.2, 0.4, 0.2, 0.1], [0, 0.02, 0.8, 0.04, 0], [0] * 5]
    assert z == pytest.approx(np.sqrt(shares), abs=6e-4)
    assert (heat["zmin"], heat["zmax"]) == (0, 1)
    assert heat["y0"] == 1
    assert decoded(heat["x"]).tolist() == [-2, -1, 0, 1, 2]
    assert chart["layout"]["yaxis"]["range"] == [3.5, 0.5]  # the first layer on top


@languages
@looks
@pytest.mark.parametrize("count", [1, 3, 8])
def test_each_scheme_has_a_panel_of_its_own(count: int, look: Any, language: str) -> None:
    schemes = [_layers(np.roll(THREE_LAYERS, at, axis=0).tolist(), at) for at in range(count)]
    for draw in (ridges, depth_map):
        chart = _drawn(draw(schemes, Text(language), look))
        layout = chart["layout"]
        axes = ["", *range(2, count + 1)]
        boxes = [(*layout[f"xaxis{n}"]["domain"], *layout[f"yaxis{n}"]["domain"]) for n in axes]
        for i, (left, right, foot, top) in enumerate(boxes):
            assert 0 <= left < right <= 1
            assert 0 <= foot < top <= 1
            for other in boxes[:i]:
                apart = left >= other[1] or right <= other[0] or foot >= other[3] or top <= other[2]
                assert apart, "one panel lies over another"
        ranges = {tuple(layout[f"xaxis{n}"]["range"]) for n in axes}
        assert len(ranges) == 1  # one scale, to compare
        for n, scheme in zip(axes, schemes, strict=True):
            assert any(trace["xaxis"] == f"x{n}" for trace in chart["data"])
            (label,) = (a for a in layout["annotations"] if a["text"] == f"<b>{scheme.name}</b>")
            assert label["font"]["color"] == look.series[scheme.series]
            left, _, _, top = boxes[scheme.series]
            assert (label["x"], label["y"]) == (left, top)


def test_panels_reach_as_far_as_some_scheme_s_counts_do() -> None:
    narrow = _layers([[0, 0, 0, 0, 9, 0, 0, 0, 0]])
    wide = _layers([[0, 0, 1, 1, 5, 1, 1, 0, 0]], 1)
    for draw in (ridges, depth_map):
        reaches = [
            draw(schemes, T, LIGHT).to_dict()["layout"]["xaxis"]["range"][1]
            for schemes in ([narrow], [wide], [narrow, wide])
        ]
        assert reaches == [0.5, 2.5, 2.5]
        nothing = draw([_layers([[5, 0, 0, 0, 5]])], T, LIGHT).to_dict()
        assert nothing["layout"]["xaxis"]["range"] == [-1.5, 1.5]


# --- maps and the edge of chaos ---------------------------------------------------------------------------


def _curve(series: int, length: float, correlation: float) -> Curves:
    q, c = np.linspace(0, 4, 5), np.linspace(0, 1, 6)
    return Curves(f"scheme {series}", series, (q, q / 2 + 0.5), (c, (1 + c) / 2), length, correlation)


@languages
@looks
@pytest.mark.parametrize("count", [1, 3, 8])
def test_both_maps_are_drawn_with_where_they_rest(count: int, look: Any, language: str) -> None:
    curves = [_curve(at, 1.0, 1.0) for at in range(count)]
    chart = _drawn(maps(curves, Text(language), look))
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
    chart = _drawn(maps([_curve(0, length, correlation)], T, LIGHT))
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
    chart = _drawn(chaos(dots, _phases(), t, look))
    heat, edge, *marks = chart["data"]
    z = decoded(heat["z"]).reshape(3, 5)
    assert z == pytest.approx(np.tile([-1, -1, 0, math.log2(1.5), 1], (3, 1)))  # 0 where χ₁ is 1
    assert (heat["zmin"], heat["zmax"]) == (-1, 1)
    assert decoded(heat["customdata"]).reshape(3, 5)[0] == pytest.approx([0, 0.5, 1, 1.5, 2])
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
    chart = _drawn(chaos([Dot("far", 0, 100.0, 0.1)], _phases(), T, LIGHT))
    mark = chart["data"][-1]
    assert (mark["x"][0], mark["y"][0]) == (4, 0.1)
    assert any(a["text"] == "<b>far</b> →" for a in chart["layout"]["annotations"])


@pytest.mark.parametrize("edge", [(NAN, NAN, NAN), (9.0, 9.0, 9.0)])
def test_an_edge_that_is_nowhere_on_the_map_is_not_named(edge: tuple[float, ...]) -> None:
    chart = _drawn(chaos(_dots(1), _phases(edge), T, LIGHT))
    assert len(decoded(chart["data"][1]["x"])) == 0
    assert T("chaos.edge") not in " ".join(a["text"] for a in chart["layout"]["annotations"])


def test_where_all_is_ordered_nothing_is_called_chaotic() -> None:
    across, up, chi1, edge = _phases((NAN, NAN, NAN))
    for share, there in ((0.4, False), (1.0, True)):
        chart = _drawn(chaos([], Phases(across, up, share * chi1, edge), T, LIGHT))
        words = [a["text"] for a in chart["layout"]["annotations"]]
        assert T("chaos.ordered") in words
        assert (T("chaos.chaotic") in words) is there


def test_eight_schemes_have_eight_signs() -> None:
    assert len(set(SYMBOLS)) == len(SYMBOLS) == len(set(DRAWN)) == len(DRAWN) == len(LIGHT.series) == 8

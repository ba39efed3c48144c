"""Charts of each layer's activations, as ridges and as a map, are as high and as dark as their counts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from pages.figures.palette import LIGHT
from pages.figures.signal_layers import RIDGES, Layers, depth_map, ridges
from pages.text import Text
from tests.support.charts import T, decoded
from tests.support.checked_charts import Part, checked, looks
from tests.support.marks import languages


def _layers(counts: Sequence[Sequence[int]], series: int = 0) -> Layers:
    """Return layers whose bins are 1 wide and lie around 0."""
    array = np.array(counts, dtype=np.int64)
    half = (array.shape[1] - 2) / 2
    return Layers(f"scheme {series}", series, np.linspace(-half, half, array.shape[1] - 1), array)


#: (beyond), five bins, (beyond): a bell; a spike at 0 as of relu; nothing inside
THREE_LAYERS = [[0, 1, 2, 4, 2, 1, 0], [3, 0, 1, 40, 2, 0, 4], [7, 0, 0, 0, 0, 0, 0]]


def _ridges(chart: Part, axis: str = "y") -> list[tuple[str, dict[float, float]]]:
    """Return each ridge from the top down: its layer's name, and the heights of its bins by where they begin.

    A ridge is a path of vertical steps first, from its foot up, and back down to it.
    """
    names = chart["layout"]["yaxis"]
    foot_of = dict(zip(names["tickvals"], names["ticktext"], strict=True))
    between = names["tickvals"][1] if len(foot_of) > 1 else 400
    found = []
    for trace in chart["data"]:
        if trace["yaxis"] != axis:
            continue
        assert (trace["fill"], trace["line"]["shape"]) == ("toself", "vh")
        foot, *steps = decoded(trace["y"]).tolist()
        if steps:
            assert steps.pop() == foot
        heights = {
            round(trace["x0"] + at * trace["dx"], 9): (height - foot) / between
            for at, height in enumerate(steps)
        }
        found.append((foot, foot_of[foot], heights))
    return [(name, heights) for _, name, heights in sorted(found, reverse=True, key=lambda each: each[0])]


def test_a_ridge_is_as_high_as_its_counts_and_a_spike_at_0_is_cut_off() -> None:
    (_, bell), (_, spike), (_, nothing) = _ridges(checked(ridges([_layers(THREE_LAYERS)], T, LIGHT)))
    full = 0.92
    # the tallest bin fills it, at 0 too, as long as it is no more than four times the rest
    heights = [full * n / 4 for n in (1, 2, 4, 2, 1)]
    assert bell == pytest.approx(dict(zip((-2.5, -1.5, -0.5, 0.5, 1.5), heights, strict=True)), abs=2e-3)
    # a taller one is cut off, so that the rest keeps a fifth or more, in proportion
    assert spike[-0.5] == pytest.approx(full, abs=2e-3)
    assert spike[0.5] >= 0.2 * full - 2e-3
    assert spike == pytest.approx({-1.5: spike[0.5] / 2, -0.5: full, 0.5: spike[0.5]}, abs=2e-3)
    assert nothing == {}


def test_the_first_layer_s_ridge_stands_on_top_and_the_axis_names_them_so() -> None:
    chart = checked(
        ridges([_layers([[0, 9, 0, 0, 0, 0, 0], [0, 0, 0, 9, 0, 0, 0], [0, 0, 0, 0, 0, 9, 0]])], T, LIGHT)
    )
    assert [(name, list(heights)) for name, heights in _ridges(chart)] == [
        ("1", [-2.5]),
        ("2", [-0.5]),
        ("3", [1.5]),
    ]
    low, high = chart["layout"]["yaxis"]["range"]
    places = chart["layout"]["yaxis"]["tickvals"]
    assert low < min(places)
    assert high > max(places) + 0.92 * (places[1] - places[0])  # the first one's too is seen whole
    assert chart["layout"]["yaxis"].get("showgrid", True)  # the ground that they stand on


def test_a_ridge_ends_where_the_panel_does() -> None:
    """Of what lies further out than a thousandth nothing is drawn, nor sent."""
    far = [0, 1, 0, 0, 5000, 0, 0, 0, 0]
    chart = checked(ridges([_layers([far])], T, LIGHT))
    assert chart["layout"]["xaxis"]["range"] == [-0.5, 0.5]
    ((_, heights),) = _ridges(chart)
    assert heights == pytest.approx({-0.5: 0.92}, abs=2e-3)


@pytest.mark.parametrize("depth", [1, 2, RIDGES, 50, 200])
def test_ridges_are_few_and_hold_the_first_layer_and_the_last(depth: int) -> None:
    chart = checked(ridges([_layers([[0, 1, 2, 1, 0]] * depth)], T, LIGHT))
    shown = [int(text) for text in reversed(chart["layout"]["yaxis"]["ticktext"])]
    assert shown[0] == 1
    assert shown[-1] == depth
    assert len(shown) == min(depth, RIDGES) == len(set(shown))
    gaps = np.diff(shown)
    assert len(gaps) == 0 or gaps.max() - gaps.min() <= 1
    assert len(chart["data"]) == len(shown)


def test_a_map_s_ink_is_the_root_of_the_share_of_all_that_a_layer_has() -> None:
    """What lies beyond the edges is part of the whole, though it has no place on the map."""
    chart = checked(depth_map([_layers(THREE_LAYERS)], T, LIGHT))
    (heat,) = chart["data"]
    shares = [[0.1, 0.2, 0.4, 0.2, 0.1], [0, 0.02, 0.8, 0.04, 0], [0] * 5]
    assert _inked(heat) == [(-2, -1, 0, 1, 2), pytest.approx(100 * np.sqrt(shares), abs=0.51)]
    assert (heat["zmin"], heat["zmax"]) == (0, 100)
    assert heat["y0"] == 1
    assert chart["layout"]["yaxis"]["range"] == [3.5, 0.5]  # the first layer on top


def _inked(heat: Part) -> list[Any]:
    """Return a map's columns and what is in them, a row a layer."""
    rows, columns = map(int, heat["z"]["shape"].split(","))
    across = tuple(round(heat["x0"] + at * heat["dx"], 9) for at in range(columns))
    return [across, decoded(heat["z"]).reshape(rows, columns)]


def test_a_map_begins_and_ends_with_what_is_inked() -> None:
    """Columns at its sides in which no layer has anything are paper, and need not be told."""
    (relu,) = checked(depth_map([_layers([[0, 0, 0, 8, 1, 0, 0], [0, 0, 0, 8, 0, 1, 0]])], T, LIGHT))["data"]
    across, ink = _inked(relu)
    assert across == (0, 1, 2)
    assert ink.tolist() == [[94, 33, 0], [94, 0, 33]]  # √(8/9) and √(1/9)
    (nothing,) = checked(depth_map([_layers([[5, 0, 0, 0, 5]])], T, LIGHT))["data"]
    assert not decoded(nothing["z"]).any()


@languages
@looks
@pytest.mark.parametrize("count", [1, 3, 8])
def test_each_scheme_has_a_panel_of_its_own(count: int, look: Any, language: str) -> None:
    schemes = [_layers(np.roll(THREE_LAYERS, at, axis=0).tolist(), at) for at in range(count)]
    for draw in (ridges, depth_map):
        chart = checked(draw(schemes, Text(language), look))
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

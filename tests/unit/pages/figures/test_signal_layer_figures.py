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
    (_, bell), (_, spike), (_, nothing) = _ridge_heights(checked(ridges([_layers(THREE_LAYERS)], T, LIGHT)))
    full = 0.92
    # the tallest bin fills it, at 0 too, as long as it is no more than four times the rest
    assert bell == pytest.approx([full * n / 4 for n in (1, 2, 4, 2, 1)], abs=1e-6)
    # a taller one is cut off, so that the rest keeps a fifth or more, in proportion
    assert spike[2] == pytest.approx(full, abs=1e-6)
    assert spike[3] >= 0.2 * full - 1e-6
    assert spike == pytest.approx([0, spike[3] / 2, full, spike[3], 0], abs=1e-6)
    assert nothing == [0, 0, 0, 0, 0]


def test_the_first_layer_s_ridge_stands_on_top_and_the_axis_names_them_so() -> None:
    chart = checked(
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
    chart = checked(ridges([_layers([[0, 1, 2, 1, 0]] * depth)], T, LIGHT))
    shown = [int(text) for text in reversed(chart["layout"]["yaxis"]["ticktext"])]
    assert shown[0] == 1
    assert shown[-1] == depth
    assert len(shown) == min(depth, RIDGES) == len(set(shown))
    gaps = np.diff(shown)
    assert len(gaps) == 0 or gaps.max() - gaps.min() <= 1
    assert len(chart["data"]) == 2 * len(shown)


def test_a_map_s_ink_is_the_root_of_the_share_of_all_that_a_layer_has() -> None:
    """What lies beyond the edges is part of the whole, though it has no place on the map."""
    chart = checked(depth_map([_layers(THREE_LAYERS)], T, LIGHT))
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

"""A chart for the last row: what is measured in pixels grows, what is measured in the data does not."""

import plotly.graph_objects as go
import pytest

import core
from pages.figures.distribution import weights
from pages.figures.palette import DARK, LIGHT, PROJECTOR_DARK, PROJECTOR_LIGHT, Palette
from pages.figures.projector import enlarged
from pages.text import Text


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"font": {"size": 14}}, {"font": {"size": 28}}),
        ({"line": {"width": 2.5, "dash": "6px,4px"}}, {"line": {"width": 5.0, "dash": "12px,8px"}}),
        ({"line": {"dash": "dot"}}, {"line": {"dash": "dot"}}),
        ({"marker": {"size": [3, 5], "color": [1, 2]}}, {"marker": {"size": [6, 10], "color": [1, 2]}}),
        ({"margin": {"l": 56, "t": 66}}, {"margin": {"l": 112, "t": 132}}),
        # bars and axes are in the units of the data
        ({"width": 0.1, "x": [1, 2], "x0": 3}, {"width": 0.1, "x": [1, 2], "x0": 3}),
        ({"xaxis": {"range": [0, 1], "nticks": 5}}, {"xaxis": {"range": [0, 1], "nticks": 5}}),
        # a shape is in pixels where it says so
        ({"xsizemode": "pixel", "x0": -44, "y0": 1}, {"xsizemode": "pixel", "x0": -88, "y0": 1}),
        ({"ysizemode": "pixel", "x0": -44, "y0": 1}, {"ysizemode": "pixel", "x0": -44, "y0": 2}),
        ({"annotations": [{"xshift": 8, "x": 8}]}, {"annotations": [{"xshift": 16, "x": 8}]}),
    ],
)
def test_pixels_grow_and_data_stay(part: dict[str, object], expected: dict[str, object]) -> None:
    assert enlarged(part, 2) == expected


def _drawn(look: Palette) -> go.Figure:
    summary = core.summarize("kaiming_uniform", (30, 20), seed=1)
    return weights(summary, core.SCHEMES["kaiming_uniform"].law((30, 20)), Text("en"), look)


@pytest.mark.parametrize(("near", "far"), [(LIGHT, PROJECTOR_LIGHT), (DARK, PROJECTOR_DARK)])
def test_a_chart_is_the_same_but_larger(near: Palette, far: Palette) -> None:
    here, there = _drawn(near).to_dict(), _drawn(far).to_dict()
    assert here["layout"]["font"]["size"] == 14
    assert there["layout"]["font"]["size"] == pytest.approx(26)  # large enough for the last row: 22 at least
    assert [trace.get("y") for trace in here["data"]] == [trace.get("y") for trace in there["data"]]
    assert here["layout"]["xaxis"]["range"] == there["layout"]["xaxis"]["range"]
    go.Figure(there)  # Plotly checks what it is given


def _contrast(one: str, other: str) -> float:
    """Return WCAG 2's contrast ratio of two colours."""

    def light(color: str) -> float:
        shares = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
        return sum(part * s for part, s in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("look", [LIGHT, DARK, PROJECTOR_LIGHT, PROJECTOR_DARK])
def test_all_text_has_enough_contrast_with_its_background(look: Palette) -> None:
    far = look.times > 1
    for color in (look.ink, look.ink2, look.law, look.warning, *look.series):
        assert _contrast(color, look.paper) >= 4.5  # WCAG 2.2, 1.4.3
    assert _contrast(look.ink, look.paper) >= (21 if far else 15) - 0.01
    assert _contrast(look.edge, look.paper) >= 3  # 1.4.11

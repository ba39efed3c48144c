"""Charts of several schemes at once, by their data and axes, each checked in full by Plotly."""

import json

import numpy as np
import plotly.graph_objects as go
import pytest

from core import SCHEMES, summarize
from pages.figures.compare import DASHES, Panel, multiples, overlaid
from pages.figures.palette import DARK, LIGHT
from pages.text import LANGUAGES, Text
from tests.support.charts import decoded

T = Text("en")
SHAPE = (48, 80)
ALL = ("classic_uniform", "kaiming_normal", "sparse", "orthogonal", "zeros", "eye", "trunc_normal", "uniform")


def _panel(scheme: str, seed: int = 1, series: int = 0) -> Panel:
    summary = summarize(scheme, SHAPE, seed=seed, bins=60)
    return Panel(scheme, f"law of {scheme}", summary, SCHEMES[scheme].law(SHAPE), series)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("count", [1, 3, 8])
def test_plotly_accepts_every_part(count: int, language: str) -> None:
    panels = [_panel(scheme) for scheme in ALL[:count]]
    for look in (LIGHT, DARK):
        for chart in (multiples(panels, Text(language), look), overlaid(panels, Text(language), look)):
            go.Figure(chart.to_dict())


def test_panels_share_one_axis_and_each_holds_its_own_counts() -> None:
    panels = [_panel(scheme) for scheme in ("classic_uniform", "xavier_normal", "kaiming_uniform")]
    chart = multiples(panels, T, LIGHT).to_dict()
    layout = chart["layout"]
    assert [name for name in layout if name.startswith("xaxis")] == ["xaxis"]
    domains = [layout[name]["domain"] for name in ("yaxis", "yaxis2", "yaxis3")]
    assert all(low >= domains[i + 1][1] for i, (low, _) in enumerate(domains[:-1]))  # none covers another
    low, high = layout["xaxis"]["range"]
    for i, panel in enumerate(panels):
        axis = "y" if i == 0 else f"y{i + 1}"
        bars = next(trace for trace in chart["data"] if trace["yaxis"] == axis)
        assert decoded(bars["y"]).sum() == panel.summary.n
        assert low - 1e-9 <= bars["x0"] + bars["dx"] / 2 <= high  # the first edge
        words = [label["text"] for label in layout["annotations"]]
        assert any(panel.name in text and panel.phrase in text for text in words)
    # a wall is solid ink, a yardstick dashed in the law's colour, each over its own panel
    lines = [shape for shape in layout["shapes"] if "domain" in str(shape.get("yref"))]
    assert [(line["yref"], line["line"].get("dash")) for line in lines] == [
        *[("y domain", None)] * 2,
        *[("y2 domain", "8px,5px")] * 2,
        *[("y3 domain", None)] * 2,
    ]
    ends = [abs(line["x0"]) for line in lines]
    assert ends == pytest.approx(
        [80**-0.5] * 2 + [3 * (2 / 128) ** 0.5] * 2 + [(6 / 80) ** 0.5] * 2, rel=1e-9
    )


def test_a_redraw_keeps_the_axis_and_a_reach_widens_it_for_another_law() -> None:
    ranges = {
        json.dumps(multiples([_panel("kaiming_normal", seed)], T, LIGHT).to_dict()["layout"]["xaxis"])
        for seed in range(3)
    }
    assert len(ranges) == 1
    wide = SCHEMES["kaiming_uniform"].law(SHAPE)
    narrow, both = (
        multiples([_panel("classic_uniform")], T, LIGHT, reach=reach).to_dict()["layout"]["xaxis"]["range"]
        for reach in ([], [wide])
    )
    assert both[1] > narrow[1]
    assert both[1] > (6 / 80) ** 0.5


def test_points_stand_at_their_shares() -> None:
    panel = _panel("eye")
    chart = multiples([panel], T, LIGHT).to_dict()
    rings = [trace for trace in chart["data"] if trace.get("marker", {}).get("symbol") == "circle-open"]
    assert [(ring["x"], ring["y"]) for ring in rings] == [
        ([0.0], [pytest.approx(79 / 80)]),  # of 48 rows of 80, each has one 1
        ([1.0], [pytest.approx(1 / 80)]),
    ]


def test_the_overlay_tells_eight_laws_apart_by_hue_and_dash_and_shares_a_density() -> None:
    assert len(set(DASHES)) == len(DASHES) == len(set(LIGHT.series)) == len(set(DARK.series)) == 8
    panels = [_panel("classic_uniform", series=5), _panel("kaiming_normal", series=2)]
    chart = overlaid(panels, T, LIGHT).to_dict()
    steps, box, _, curve = chart["data"]
    assert max(box["y"]) == pytest.approx(80**0.5 / 2)  # 1/(2b), b = 1/√80
    assert [abs(x) for x in box["x"]] == pytest.approx([80**-0.5] * 4)
    assert decoded(curve["y"]).max() == pytest.approx((80 / 2) ** 0.5 / (2 * np.pi) ** 0.5, rel=1e-6)
    width = steps["dx"]
    assert decoded(steps["y"]).sum() * width == pytest.approx(1, rel=1e-6)
    assert [label["text"] for label in chart["layout"]["annotations"]][1:] == [panel.name for panel in panels]
    # a series keeps its colour and dash in whatever order it stands
    samples = [shape["line"] for shape in chart["layout"]["shapes"]]
    assert [(line["color"], line["dash"]) for line in samples] == [
        (LIGHT.series[series], DASHES[series]) for series in (5, 2)
    ]
    # the list stands above the plot, where no law reaches
    assert all(label["yshift"] > 0 for label in chart["layout"]["annotations"])


def test_in_the_overlay_single_values_stand_to_their_probability_on_an_axis_of_their_own() -> None:
    chart = overlaid([_panel("sparse"), _panel("zeros")], T, LIGHT).to_dict()
    stems = [trace for trace in chart["data"] if trace.get("yaxis") == "y2" and len(trace["x"]) == 2]
    assert [stem["y"] for stem in stems] == [[0, pytest.approx(5 / 48)], [0, 1.0]]  # ceil(4.8) of 48
    assert chart["layout"]["yaxis2"]["range"][1] >= 1
    assert "Probability" in str(chart["layout"]["annotations"])
    assert "yaxis2" not in overlaid([_panel("normal")], T, LIGHT).to_dict()["layout"]

"""The network's charts by their data, each checked in full by Plotly."""

import base64
import itertools
import math

import numpy as np
import plotly.graph_objects as go
import pytest

from core import SCHEMES
from pages.figures.model import FEW, Column, drawing
from pages.figures.model_parameters import Strip, maps, strips
from pages.figures.palette import DARK, LIGHT, Palette
from pages.text import LANGUAGES, Text
from tests.support.charts import decoded

TEXT = Text("en")
GENERATOR = np.random.default_rng(4)


def _columns(*sizes: int, weights: list[np.ndarray] | None = None) -> list[Column]:
    columns = [
        Column("input", "row 1", "x", GENERATOR.normal(size=sizes[0]), sizes[0], np.empty((0, 0)), None)
    ]
    for at, (before, units) in enumerate(itertools.pairwise(sizes)):
        matrix = GENERATOR.normal(size=(units, before)) if weights is None else weights[at]
        values, bias = GENERATOR.normal(size=units), GENERATOR.normal(size=units)
        columns.append(Column(f"linear{at + 1}", "relu", "a", values, units, matrix, bias))
    return columns


def _parts(chart: go.Figure) -> list[dict]:
    return chart.to_dict()["data"]


def _lines(chart: go.Figure) -> list[tuple[dict, list[tuple[float, float, float, float]]]]:
    """Return each trace's style, and its lines as x0, y0, x1, y1."""
    lines = []
    for part in _parts(chart):
        if "line" in part and part.get("mode") is None:
            x, y = (decoded(part[axis]).tolist() for axis in "xy")
            ends = [(across, round(up, 4)) for across, up in zip(x, y, strict=True)]
            assert all(map(math.isnan, y[2::3]))  # where a line ends
            pairs = zip(ends[::3], ends[1::3], strict=True)
            lines.append((part["line"], [(*a, *b) for a, b in pairs]))
    return lines


def _found(chart: go.Figure) -> list[dict]:
    """Return what a pointer finds on lines: points that cannot be seen."""
    return [part for part in _parts(chart) if part.get("marker", {}).get("opacity") == 0]


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("sizes", [(3, 3, 2, 2), (1, 1), (64, 64, 10), (5, 4, 4)])
def test_plotly_accepts_every_part(sizes: tuple[int, ...], language: str, look: Palette) -> None:
    t = Text(language)
    columns = _columns(*sizes)
    charts = [drawing(columns, t, look), maps([(c.title, c.weights) for c in columns[1:]], t, look)]
    law = SCHEMES["kaiming_uniform"].law((sizes[1], sizes[0]))
    held = [Strip(c.title, law, c.weights, c.weights.min(), c.weights.max()) for c in columns[1:]]
    charts.append(strips(held, t, look))
    for chart in charts:
        go.Figure(chart.to_dict())


def test_a_line_for_every_weight_wide_by_its_size_and_dashed_by_its_sign() -> None:
    weights = [np.array([[1.0, -2.0, 0.0], [0.02, 0.5, -0.5]])]
    lines = _lines(drawing(_columns(3, 2, weights=weights), TEXT, LIGHT))
    assert sum(len(group) for _, group in lines) == 6
    inputs, units = {0.92: 0, 0.5: 1, 0.08: 2}, {0.71: 0, 0.29: 1}
    seen = {}
    for style, group in lines:
        for x0, y0, x1, y1 in group:
            assert (x0, x1) == (0, 1)
            seen[units[y1], inputs[y0]] = style
    for (j, i), style in seen.items():
        assert ("dash" in style) == (weights[0][j, i] < 0), (j, i)
    order = [(0, 1), (0, 0), (1, 1), (1, 0)]  # 2, 1, 0.5, 0.02
    widths = [seen[place]["width"] for place in order]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > widths[1] > widths[-1]
    assert seen[0, 2] == {"color": LIGHT.rule, "width": 1}  # 0 joins nothing
    assert seen[1, 2]["color"] != seen[1, 1]["color"]


def test_few_units_carry_their_numbers_and_many_do_not() -> None:
    columns = _columns(3, FEW, 2)
    texts = [part for part in _parts(drawing(columns, TEXT, LIGHT)) if "text" in part]
    numbers = [text for part in texts if part["mode"] == "text" for text in part["text"]]
    assert len(numbers) == 3 * FEW + FEW * 2
    places = [
        (x, y) for part in texts if part["mode"] == "text" for x, y in zip(part["x"], part["y"], strict=True)
    ]
    assert len(set(places)) == len(places)  # no number on another
    circles = [part for part in texts if part["mode"] == "markers+text"]
    assert [len(part["text"]) for part in circles] == [3, FEW, 2]
    assert circles[0]["text"][0].startswith("x<sub>1</sub><br><b>")
    many = _parts(drawing(_columns(3, FEW + 1, 2), TEXT, LIGHT))
    assert not [part for part in many if part.get("mode") == "text"]


def test_of_many_weights_the_largest_are_drawn_and_it_says_so() -> None:
    columns = _columns(64, 64, 3)
    chart = drawing(columns, TEXT, LIGHT)
    drawn = [line for _, group in _lines(chart) for line in group if line[0] == 0]
    assert len(drawn) == 64
    hovers = _found(chart)
    shown = {(j - 1, i - 1) for j, i, _ in hovers[0]["customdata"]}
    largest = np.argsort(-np.abs(columns[1].weights).ravel())[:64]
    assert shown == {(int(k) // 64, int(k) % 64) for k in largest}
    assert "the 64 largest weights" in chart.layout.xaxis.title.text
    assert "largest" not in drawing(_columns(3, 2), TEXT, LIGHT).layout.xaxis.title.text


def test_layers_that_are_cut_say_how_many_units_they_have() -> None:
    columns = _columns(4, 3)
    cut = columns[1]._replace(units=500)
    words = [label.text for label in drawing([columns[0], cut], TEXT, LIGHT).layout.annotations]
    assert "3 of 500" in words


def test_units_keep_within_the_plot() -> None:
    sizes = (1, 2, 3, 4, 64)
    circles = [part for part in _parts(drawing(_columns(*sizes), TEXT, LIGHT)) if "y0" in part]
    for at, (part, units) in enumerate(zip(circles, sizes, strict=True)):
        assert decoded(part["x"]).tolist() == [at] * units
        ends = part["y0"], part["y0"] + (units - 1) * part["dy"]
        assert sum(ends) == pytest.approx(1)  # in the middle
        assert -1e-9 <= ends[1] <= ends[0] <= 1


def test_lines_of_all_layers_that_look_alike_travel_together() -> None:
    columns = _columns(64, 64, 64, 10)
    lines = _lines(drawing(columns, TEXT, LIGHT))
    looks = [tuple(sorted(style.items())) for style, _ in lines]
    assert len(looks) == len(set(looks)) <= 10
    assert sorted(x0 for _, group in lines for x0, *_ in group) == [0] * 64 + [1] * 64 + [2] * 64


def test_a_deep_network_has_192_lines_in_all_and_says_how_many_a_layer() -> None:
    chart = drawing(_columns(*[64] * 7), TEXT, LIGHT)
    sources = [x0 for _, group in _lines(chart) for x0, *_ in group]
    assert [sources.count(at) for at in range(6)] == [32] * 6
    assert "the 32 largest weights" in chart.layout.xaxis.title.text


def test_a_circle_has_the_colour_of_its_value_s_sign_the_more_the_larger_it_is() -> None:
    """Of a layer's largest value it is 38 % of that colour; of one half as large, half of that."""
    column = _columns(2, 4)[1]._replace(values=np.array([-4.0, 2.0, 0.0, math.nan]))
    chart = drawing([_columns(2)[0], column], TEXT, LIGHT).to_dict()
    (_, part) = (trace for trace in chart["data"] if "y0" in trace)
    axis = chart["layout"][part["marker"]["coloraxis"]]
    reach = axis["cmax"]
    assert (axis["cmin"], axis["colorscale"][1], axis["showscale"]) == (-reach, [0.5, LIGHT.paper], False)
    assert [axis["colorscale"][end] for end in (0, 2)] == [[0, LIGHT.diverging[0]], [1, LIGHT.diverging[1]]]
    shares = decoded(part["marker"]["color"]) / reach
    assert shares == pytest.approx([-0.38, 0.19, 0, 0], abs=0.002)


def test_where_the_browser_knows_what_a_pointer_finds_it_does_not_travel() -> None:
    columns = _columns(64, 64, 3)
    whole, bare = drawing(columns, TEXT, LIGHT), drawing(columns, TEXT, LIGHT, hover=False)
    assert len(_found(whole)) == 2
    assert not _found(bare)
    assert sum("customdata" in part for part in _parts(whole)) == 2 + 3
    assert not any("customdata" in part for part in _parts(bare))
    assert _lines(whole) == _lines(bare)


def test_strips_lie_between_the_bounds_of_their_law() -> None:
    wall = SCHEMES["kaiming_uniform"].law((4, 6))  # ±√(6/6) with torch's default a = 0
    spread = SCHEMES["xavier_normal"].law((4, 6))  # std √(2/10)
    values = GENERATOR.uniform(-1, 1, size=(4, 6))
    chart = strips(
        [Strip("a.weight", wall, values, -1, 1), Strip("b.weight", spread, values, -1, 1)], TEXT, LIGHT
    ).to_dict()
    shapes = [(shape["x0"], shape["line"].get("dash")) for shape in chart["layout"]["shapes"]]
    three = 3 * math.sqrt(0.2)
    assert shapes == [
        (pytest.approx(-1), None),
        (pytest.approx(1), None),
        (pytest.approx(-three), "5px,4px"),
        (pytest.approx(three), "5px,4px"),
    ]
    lines, dots = chart["data"][::2], chart["data"][1::2]
    named = chart["layout"]["yaxis"]
    assert dict(zip(named["tickvals"], named["ticktext"], strict=True)) == {1: "a.weight", 0: "b.weight"}
    assert [dot["hovertemplate"].partition(":")[0] for dot in dots] == ["a.weight", "b.weight"]
    for row, line, dot in zip((1, 0), lines, dots, strict=True):
        assert (line["x"], line["y"]) == ([-1, 1], [row, row])
        x, y = (np.frombuffer(base64.b64decode(dot[k]["bdata"]), dtype=dot[k]["dtype"]) for k in "xy")
        assert x == pytest.approx(values.ravel(), rel=1e-6)
        assert (y == row).all()  # every number on its own tensor's line
        assert len(y) == values.size
    low, high = chart["layout"]["xaxis"]["range"]
    assert low < -three
    assert three < high


@pytest.mark.parametrize(
    ("given", "words"), [({"a": -1.0, "b": 1.0}, "±1"), ({"a": 0.0, "b": 1.0}, "< 1")], ids=str
)
def test_a_strip_says_both_walls_only_where_they_mirror_each_other(
    given: dict[str, float], words: str
) -> None:
    law = SCHEMES["uniform"].law((4, 6), **given)
    chart = strips([Strip("a.weight", law, np.zeros((4, 6)), 0, 1)], TEXT, LIGHT).to_dict()
    assert any(note["text"].endswith(words) for note in chart["layout"]["annotations"])


def test_maps_have_their_first_row_on_top_as_the_tables_below_them() -> None:
    steps = [(name, GENERATOR.normal(size=(3, units))) for name, units in (("input", 4), ("linear1", 2))]
    layout = maps(steps, TEXT, LIGHT).to_dict()["layout"]
    # Plotly draws a heat map's first row at the foot unless its axis runs down
    assert [layout[axis]["autorange"] for axis in ("yaxis", "yaxis2")] == ["reversed", "reversed"]
    assert not any("autorange" in layout[axis] for axis in ("xaxis", "xaxis2"))


def test_maps_are_each_on_their_own_scale_and_leave_out_what_is_not_finite() -> None:
    steps = [("input", np.array([[1.0, -3.0]])), ("linear1", np.array([[np.inf, 0.5], [np.nan, -0.25]]))]
    first, second = _parts(maps(steps, TEXT, LIGHT))
    assert (first["x0"], first["y0"]) == (1, 1)  # units and rows are counted from 1, as in the tables
    assert (first["zmin"], first["zmax"]) == (-3, 3)
    assert (second["zmin"], second["zmax"]) == (-0.5, 0.5)
    shown = np.frombuffer(base64.b64decode(second["z"]["bdata"]), dtype="f4")
    assert np.isnan(shown).tolist() == [True, False, True, False]

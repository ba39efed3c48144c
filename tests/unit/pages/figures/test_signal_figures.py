"""Charts of a signal by layer, by their data and axes, each checked in full by Plotly."""

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.figures.palette import LIGHT, translucent
from pages.figures.signal import APART, CLOSER, DEEPEST, SYMBOLS, Line, by_layer, shares_by_layer
from pages.figures.template import drawn
from pages.text import Text
from tests.support.charts import T, decoded
from tests.support.checked_charts import Part, checked, looks
from tests.support.marks import languages
from tests.support.written import read

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


def _course(lines: Sequence[Line], **more: Any) -> Part:
    return checked(by_layer(lines, T, LIGHT, y_title="RMS", theory="theory", **more))


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


@looks
@languages
@pytest.mark.parametrize("depth", [1, 2, 200])
@pytest.mark.parametrize("count", [1, 3, 8])
def test_plotly_accepts_every_part(count: int, depth: int, language: str, look: Any) -> None:
    t = Text(language)
    lines = _falling(count, depth, band=1.5, theory=True)
    for back in (False, True):
        checked(by_layer(lines, t, look, y_title="RMS", theory=t("signal.theory"), back=back))
    for percent in (False, True):
        checked(shares_by_layer(lines, t, look, y_title="share", percent=percent))


@pytest.mark.parametrize("depth", [1, 2, 50])
def test_lines_of_which_nothing_is_known_leave_an_empty_chart(depth: int) -> None:
    nothing = _line([NAN] * depth, band=2.0, theory=True)
    for back in (False, True):
        for lines in ([nothing], [nothing, _line([1.0] * depth, 1)], [_line([0.0] * depth)]):
            chart = _course(lines, back=back)
            assert np.isfinite(chart["layout"]["yaxis"]["range"]).all()
            assert _crosses(chart) == []  # it did not go as far as a first layer
            assert len(_names(chart)) == len(lines)
    chart = checked(shares_by_layer([nothing], T, LIGHT, y_title="share"))
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
    chart = checked(shares_by_layer(lines, T, LIGHT, y_title="", theory="theory", percent=percent))
    axis = chart["layout"]["yaxis"]
    assert "type" not in axis
    assert axis["range"][0] < low
    assert axis["range"][1] > high
    assert axis["range"][1] <= max(0.13, 1.3 * high)  # what is small is not drawn flat
    assert (axis.get("tickformat") == ".0%") is percent
    (curve,) = _curves(chart)
    np.testing.assert_array_equal(decoded(curve["y"]), np.float32(values))  # 0 has a place here
    dashed = [t for t in chart["data"] if t.get("line", {}).get("dash")]
    np.testing.assert_array_equal(decoded(dashed[0]["y"]), np.float32(values) / 2)


def test_the_default_page_s_chart_is_small() -> None:
    """JSON of three lines over fifty layers with bands and theory: what a moved control sends of it."""
    lines = _falling(3, 50, band=1.3, theory=True)
    assert len(by_layer(lines, T, LIGHT, y_title="RMS", theory="theory").to_json()) < 11_000


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([0.0, 1.0, -3e38, math.nan, math.inf], np.float32),
        ([1.0, 2.0**-126], np.float32),  # the smallest that has all its digits there
        ([1.0, 2.0**-127], np.float64),
        ([1.0, -4e38], np.float64),
    ],
)
def test_numbers_are_drawn_in_float32_unless_it_cannot_hold_one(values: list[float], dtype: type) -> None:
    found = drawn(np.array(values))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, values, rtol=2.0**-24)

"""What is chosen for one layer goes along: to the first row, the width, the network; or it is said."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.screen import opened, query, refusals, said, turned
from tests.support.words import text_of

CHOSEN = {"scheme": "xavier_uniform", "gain": "2", "fan_in": "100", "fan_out": "30", "seed": "7"}


def line(app: AppTest) -> str:
    """Return what is said of what came along."""
    bodies = "".join(element.proto.body for element in app.get("html"))
    found = re.findall(r'<p class="[^"]*lab-story"[^>]*>(.*?)</p>', bodies, re.DOTALL)
    assert len(found) <= 1
    return text_of(found[0]) if found else ""


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (
            "compare",
            {
                "rows": "xavier_uniform(gain=2)-classic_uniform-xavier_normal-kaiming_normal",
                "fan_in": "100",
                "fan_out": "30",
            },
        ),
        (
            "signal",
            {"rows": "xavier_uniform(gain=2)-classic_uniform-xavier_normal-kaiming_normal", "width": "100"},
        ),
        (
            "model",
            {
                "net": "100-3.xavier_uniform(gain=2).sigmoid-2.xavier_uniform(gain=2).relu"
                "-2.xavier_uniform(gain=2).softmax"
            },
        ),
    ],
)
def test_a_choice_goes_along(page: str, expected: dict[str, str]) -> None:
    app = turned(opened("distribution", **CHOSEN), page)
    assert query(app) == {"v": "1", "seed": "7", **expected}
    assert refusals(app) == []
    assert "Xavier uniform (Glorot), gain = 2" in line(app)
    assert "Back to it" in line(app)
    assert query(turned(app, "distribution")) == {"v": "1", **CHOSEN}


def test_each_choice_is_carried_once_so_that_what_is_chosen_there_stays() -> None:
    app = turned(opened("distribution", **CHOSEN), "signal")
    app.query_params["rows"] = "lecun_normal"
    app.run()
    turned(turned(app, "distribution"), "signal")
    assert query(app)["rows"] == "lecun_normal"
    assert line(app) == ""
    turned(app, "distribution")
    app.text_input(key="gain").input("3").run()
    turned(app, "signal")
    assert query(app)["rows"] == "xavier_uniform(gain=3)-lecun_normal"


def test_what_nobody_chose_goes_nowhere() -> None:
    app = turned(opened("distribution"), "signal")
    assert query(app) == {}
    assert line(app) == ""


def test_a_scheme_that_stands_there_already_moves_to_the_front() -> None:
    app = turned(opened("distribution", scheme="kaiming_normal", fan_in="64"), "compare")
    assert query(app)["rows"] == "kaiming_normal-classic_uniform-xavier_normal"


@pytest.mark.parametrize(
    ("link", "page", "kept", "reason"),
    [
        ({"scheme": "normal", "fan_in": "4000"}, "signal", "rows", "the number of inputs was left behind"),
        ({"scheme": "normal", "fan_in": "4000"}, "model", "net", "the number of inputs was left behind"),
        ({"scheme": "normal", "layer": "Conv2d(64, 128, 3)"}, "signal", "rows", "is not linear"),
        ({"scheme": "dirac"}, "signal", "", "fills only convolutions"),
        ({"scheme": "dirac"}, "model", "", "fills only convolutions"),
    ],
)
def test_what_cannot_go_along_says_so(link: dict[str, str], page: str, kept: str, reason: str) -> None:
    app = turned(opened("distribution", **link), page)
    assert reason in line(app)
    assert set(query(app)) - {"v"} == ({kept} if kept else set())
    assert not app.exception


@pytest.mark.parametrize(("fan_in", "width"), [("1024", "1024"), ("1025", None)])
def test_the_widest_that_goes_along_is_as_wide_as_signal_allows(fan_in: str, width: str | None) -> None:
    app = turned(opened("distribution", scheme="xavier_uniform", fan_in=fan_in), "signal")
    assert query(app).get("width") == width
    assert ("was left behind" in line(app)) == (width is None)


def test_a_locked_choice_stays() -> None:
    app = turned(opened("distribution", **CHOSEN, lock="rows"), "compare")
    assert "rows" not in query(app)


def test_a_link_that_is_opened_is_shown_as_it_is() -> None:
    app = opened("distribution", **CHOSEN)
    app.switch_page("pages/signal.py")
    app.query_params["v"] = "1"
    app.query_params["rows"] = "zeros"
    app.run()
    assert query(app)["rows"] == "zeros"
    assert line(app) == ""
    assert "Zeros" in said(app)

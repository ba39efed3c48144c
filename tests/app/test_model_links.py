"""Any link of the model page opens, any walk through its controls stands, and a choice is kept."""

from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from core import Net
from core.networks.network import LESSON
from pages.jobs import model as runs
from pages.state.controls import CONTROLS, TABLE
from tests.support.model_page import DEEP, opened_model
from tests.support.screen import few, query, refusals, said, stands, turned


def test_a_link_reproduces_and_leaves_defaults_out() -> None:
    chosen = {"v": "1", "net": DEEP, "seed": "3", "batch": "4", "data_seed": "9", "part": "counting"}
    app = opened_model(**chosen)
    assert query(app) == chosen
    assert "111 parameters" in said(app)  # (6 + 1)·5 + (5 + 1)·4 + 4·7 + (7 + 1)·3
    assert query(opened_model(net=str(LESSON), batch="5", weights="seeded")) == {}


def test_a_choice_survives_leaving_the_page() -> None:
    app = opened_model(net="2-1", seed="9")
    turned(app, "distribution")
    assert query(app) == {"v": "1", "seed": "9"}
    assert refusals(app) == []
    turned(app, "model")
    assert query(app) == {"v": "1", "net": "2-1", "seed": "9"}


def test_thirty_visitors_of_one_link_build_one_network() -> None:
    with mock.patch.object(runs, "Net", wraps=Net) as built:
        opened_model(net="5-4-3", seed="4242")
        once = built.call_count
        for _ in range(3):
            opened_model(net="5-4-3", seed="4242", lang="zh")
        assert built.call_count == once


values = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "nan",
            "1e999",
            "0",
            "-1",
            "<b>x</b>",
            "%00",
            "3-2.relu-2",
            DEEP,
            "1,2,3",
            "1,2\n3",
            "0,1",
            "printed",
        ]
    ),
    st.integers().map(str),
    st.sampled_from([option for name in CONTROLS["model"] for option in TABLE[name].options]),
)


@few
@given(link_=st.dictionaries(st.sampled_from([*CONTROLS["model"], "v", "scheme"]), values, max_size=6))
def test_any_link_opens(link_: dict[str, str]) -> None:
    app = opened_model(**link_)
    stands(app)
    again = opened_model(**query(app))
    assert refusals(again) == [] or {"device"} & set(link_)
    assert query(again) == query(app)


moved = st.tuples(
    st.sampled_from(["net", "data", "labels", "sample", "batch", "weights", "dtype", "part"]), values
)


@few
@given(moves=st.lists(moved, min_size=2, max_size=6))
def test_any_walk_through_the_controls_stands(moves: list[tuple[str, str]]) -> None:
    app = opened_model()
    for name, value in moves:
        if value in TABLE[name].options or not TABLE[name].options:
            app.session_state[name] = value
        app.run()
        stands(app)

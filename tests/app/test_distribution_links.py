"""Links and controls of the distribution page say the same, whatever is in the one or moved in the other."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from core import SCHEMES
from pages.state.controls import TABLE
from tests.support.page_chart import stands_with_chart
from tests.support.screen import few, opened, query, refusals, said
from tests.support.stream import ROOT


def test_a_link_reproduces_and_leaves_defaults_out() -> None:
    chosen = {"v": "1", "scheme": "uniform", "a": "-0.5", "b": "0.25", "fan_in": "30", "seed": "7"}
    app = opened(**chosen)
    assert query(app) == chosen
    assert app.text_input(key="b").value == "0.25"
    assert "between −0.5 and 0.25" in said(app)
    assert query(opened()) == {}
    assert query(opened(scheme="kaiming_normal", gain="3", lang="en", tab="histogram")) == {
        "v": "1",
        "lang": "en",
    }


def test_controls_write_the_link() -> None:
    app = opened()
    app.selectbox(key="scheme").select("xavier_uniform").run()
    app.text_input(key="gain").set_value("1.5").run()
    app.text_input(key="fan_out").set_value("100").run()
    app.button(key="redraw").click().run()
    assert query(app) == {
        "v": "1",
        "scheme": "xavier_uniform",
        "gain": "1.5",
        "fan_out": "100",
        "seed": "41",
    }
    assert app.text_input(key="seed").value == "41"
    bound = 1.5 * math.sqrt(6 / 612)
    assert f"within ±{bound:.4g}." in said(app)


def test_a_scheme_s_parameter_is_kept_while_another_is_shown() -> None:
    app = opened(scheme="normal")
    app.text_input(key="std").set_value("0.02").run()
    app.selectbox(key="scheme").select("zeros").run()
    assert query(app) == {"v": "1", "scheme": "zeros"}
    app.selectbox(key="scheme").select("normal").run()
    assert app.text_input(key="std").value == "0.02"
    assert query(app)["std"] == "0.02"


def test_a_slope_alone_is_read_as_torch_reads_it() -> None:
    """kaiming_normal_(w, a=0.25) draws √(2/(1.0625·512)) = 0.06063; relu's would be 0.0625."""
    app = opened(scheme="kaiming_normal", a="0.25")
    assert "The link gives a = 0.25 but no nonlinearity." in refusals(app)[0]
    assert "0.06063" in said(app)
    assert query(app) == {"v": "1", "nonlinearity": "leaky_relu", "a": "0.25"}
    app = opened(scheme="kaiming_normal")  # version 1's default stays
    assert refusals(app) == []
    assert app.selectbox(key="nonlinearity").value == "relu"
    for other in ("0", "x", "1e99"):
        assert opened(a=other).selectbox(key="nonlinearity").value == "relu"


def test_a_number_follows_the_scheme_s_own_default_until_it_is_typed() -> None:
    app = opened(scheme="normal")
    app.selectbox(key="scheme").select("gpt2_residual").run()
    app.selectbox(key="scheme").select("trunc_normal").run()
    assert app.text_input(key="std").value == "1"
    app.text_input(key="std").set_value("0.5").run()
    app.selectbox(key="scheme").select("normal").run()
    assert app.text_input(key="std").value == "0.5"
    assert query(app) == {"v": "1", "scheme": "normal", "std": "0.5"}
    assert query(opened(scheme="sparse", std="0.01")) == {"v": "1", "scheme": "sparse"}
    assert "std of 0.02" not in said(opened(scheme="gpt2_residual"))
    app = opened(scheme="variance_scaling", mode="fan_avg")
    app.selectbox(key="scheme").select("kaiming_normal").run()
    assert refusals(app) == []
    assert "no option “fan_avg”" in refusals(opened(mode="fan_avg"))[0]


def test_a_bad_link_falls_back_row_by_row() -> None:
    app = opened(
        fan_in="no",
        fan_out="30",
        scheme="he",
        seed="7",
        dtype="int8",
        lang="xx",
        v="9",
        colour="red",
        mean="1",
    )
    stands_with_chart(app)
    sentences = "\n".join(refusals(app))
    for words in (
        "fan_in must be a whole number",
        "Scheme has no option “he”, so kaiming_normal is used.",
        "Language has no option “xx”, so English is used.",
        "The link is of version “9”; this page reads version 1.",
        "The link’s “colour” is not a control of this page; it is ignored.",
    ):
        assert words in sentences
    assert query(app) == {"v": "1", "fan_out": "30", "seed": "7"}
    assert app.text_input(key="fan_in").value == "no"  # as if typed
    # choosing something ends the notice
    app.selectbox(key="scheme").select("zeros").run()
    assert "“he”" not in "\n".join(refusals(app))


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", "The link gives Scheme several times; the last, “ones”, is read."),
        ("zh", "链接多次给出“初始化方案”，以最后的“ones”为准。"),
    ],
)
def test_of_two_choices_that_a_link_gives_the_one_that_counts_is_named(lang: str, words: str) -> None:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.switch_page("pages/distribution.py")
    app.query_params.update(scheme=["zeros", "ones"], fan_in=["300", "300"], lang=lang)  # type: ignore[arg-type]
    app.run()
    assert refusals(app) == [words]
    assert query(app)["scheme"] == "ones"


values = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["nan", "inf", "-inf", "1e999", "0", "-1", "10" * 15, "<b>x</b>", "１２", "../..", "%00", "null"]
    ),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from([option for control in TABLE.values() for option in control.options]),
)


@few
@given(link_=st.dictionaries(st.sampled_from([*TABLE, "v", "x"]), values, max_size=6))
def test_any_link_opens(link_: dict[str, str]) -> None:
    if link_.get("fan_in", "").isdigit() and link_.get("fan_out", "").isdigit():
        link_["fan_out"] = "3"  # large draws are tested elsewhere; here speed matters
    app = opened(**link_)
    stands_with_chart(app)
    again = opened(**query(app))
    assert refusals(again) == [] or {"device"} & set(link_)
    assert query(again) == query(app)


@few
@given(
    link_=st.fixed_dictionaries({}, optional={"scheme": st.sampled_from(sorted(SCHEMES))}),
    moves=st.lists(
        st.tuples(
            st.sampled_from(["scheme", "a", "b", "val", "std", "gain", "dtype", "fan_in", "seed"]), values
        ),
        min_size=2,
        max_size=6,
    ),
)
def test_any_walk_through_the_controls_stands(link_: dict[str, str], moves: list[tuple[str, str]]) -> None:
    """What was in force for one scheme must not break the next."""
    app = opened(**link_)
    for name, value in moves:
        if value in TABLE[name].options:
            if name in app.session_state:
                app.session_state[name] = value
        elif not TABLE[name].options:
            app.session_state[name] = value[:24]
        app.run()
        stands_with_chart(app)


def test_a_slope_that_torch_does_not_read_is_no_part_of_the_draw() -> None:
    app = opened(scheme="kaiming_normal", nonlinearity="relu", a="-2", tab="code")
    assert "a=" not in app.code[0].value
    assert "a" not in query(app)

"""Rows of the compare page are added, changed and taken away, and bad ones are answered."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from core import SCHEMES
from pages.text import LANGUAGES
from tests.support.compare_page import MANY, opened_comparison, rows_of
from tests.support.screen import few, first_chart, query, refusals, said, stands


def _edit(app: AppTest) -> AppTest:
    """Open the drawer with the schemes."""
    app.session_state["schemes"] = True
    return app.run()


def test_rows_are_added_changed_typed_and_taken_away() -> None:
    app = _edit(opened_comparison())
    app.button(key="add").click().run()
    assert query(app)["rows"] == "classic_uniform-xavier_normal-kaiming_normal-kaiming_uniform"
    _edit(app).selectbox(key="row_0").select("orthogonal").run()
    assert query(app)["rows"].startswith("orthogonal-")
    for part, typed in (("scheme", "normal"), ("params", "std=0.02"), ("fans", "64x32")):
        app = _edit(app)
        if part == "scheme":
            app.selectbox(key="row_1").select(typed).run()
        else:
            app.text_input(key=f"{part}_1").set_value(typed).run()
    stands(app)
    assert query(app)["rows"] == "orthogonal-normal(std=0.02).64x32-kaiming_normal-kaiming_uniform"
    assert "Normal, std = 0.02, 64 → 32" in unescape(str(first_chart(app)["layout"]))
    _edit(app).button(key="remove_0").click().run()
    assert query(app)["rows"] == "normal(std=0.02).64x32-kaiming_normal-kaiming_uniform"
    # another scheme does not keep parameters that are not its own, but its layer
    _edit(app).selectbox(key="row_0").select("zeros").run()
    assert query(app)["rows"].startswith("zeros.64x32-")
    _edit(app).text_input(key="fans_0").set_value("64 by 32").run()
    assert "as in 512x256, with fans from 1 to 65\u202f536, not “64 by 32”" in refusals(app)[0]
    assert _edit(app).text_input(key="fans_0").value == "64 by 32"
    app.button(key="three").click().run()
    assert query(app) == {}


def test_eight_rows_are_the_most() -> None:
    app = _edit(opened_comparison(rows=MANY))
    assert app.button(key="add").disabled
    assert len([box for box in app.selectbox if str(box.key).startswith("row_")]) == 8
    app = opened_comparison(rows=f"{MANY}-zeros")
    assert "From 1 to 8 schemes can be compared; there are 9 here." in refusals(app)[0]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("kaiming", "Scheme 1, “kaiming”, is unknown"),
        ("zeros-", "Scheme 2, “”, is unknown"),
        (
            "zeros-normal.5",
            "Scheme 2: a layer of its own is written as in 512x256, with fans from 1 to 65\u202f536, not “5”",
        ),
        ("zeros.0x5", "fans from 1 to 65\u202f536, not “0x5”"),
        ("normal(gain=2)", "Scheme 1: Normal has no parameter gain. It takes std, mean."),
        (
            "zeros-normal(std=-1)",
            "Scheme 2: std cannot be -1. It must be 0 or a positive number between 10⁻³⁰ and 10³⁰.",
        ),
        ("uniform(a=2,b=1)", "Scheme 1: a must be less than b; they were a = 2 and b = 1."),
        ("kaiming_normal(mode=up)", "Scheme 1: mode cannot be “up”. It must be one of fan_in, fan_out."),
        ("normal(0.02)", "Scheme 1: write parameters as in code"),
        ("normal(mean=70000)", "float16 cannot hold these weights"),
        ("dirac-zeros", "fills a convolution"),
        ("orthogonal.2000x2000", "more than the 1\u202f048\u202f576"),
        ("normal.4096x4096-normal.4097x4096", "more than the limit of 16\u202f777\u202f216"),
        ("z" * 1201, "at most 1\u202f200 characters"),
    ],
)
def test_a_bad_row_is_answered_and_stays_typed(rows: str, words: str) -> None:
    dtype = {"dtype": "float16"} if "float16" in words else {}
    app = opened_comparison(**dtype)
    app.session_state["rows"] = rows
    app.run()
    stands(app)
    assert words in refusals(app)[0]
    stays = "The current schemes stay|Left out: “[^“”]*”|classic_uniform-xavier_normal-kaiming_normal is used"
    assert re.search(rf"({stays})\.$", refusals(app)[0])
    assert app.session_state["rows"] == rows
    stands(_edit(app))
    assert words in refusals(app)[0]


@pytest.mark.parametrize(
    ("rows", "kept", "out", "more"),
    [
        ("eye-zeros-sparse(std=2)", "zeros", ["eye", "sparse(std=2)"], {"layer": "Conv2d(8, 16, 3)"}),
        ("zeros-kaiming-normal(std=0.02)", "zeros-normal(std=0.02)", ["kaiming"], {}),
        ("zeros-normal(gain=2)-nothing-dirac-ones", "zeros-ones", ["normal(gain=2)", "nothing", "dirac"], {}),
        ("orthogonal-zeros", "zeros", ["orthogonal"], {"dtype": "bfloat16"}),
        ("orthogonal-zeros", "zeros", ["orthogonal"], {"layer": "Linear(2048, 2048)"}),
    ],
)
def test_a_row_that_cannot_be_drawn_falls_out_alone_and_is_named(
    rows: str, kept: str, out: list[str], more: dict[str, str]
) -> None:
    for language in LANGUAGES:
        app = opened_comparison(rows=rows, lang=language, **more)
        stands(app)
        (sentence,) = refusals(app)
        assert all(f"“{row}”" in sentence for row in out)
        assert query(app)["rows"] == kept
        assert {name: query(app)[name] for name in more} == more


def test_a_row_edited_into_nonsense_stays_what_it_was_and_the_others_take_their_edits() -> None:
    app = opened_comparison(rows="normal(std=0.5)-zeros-ones", aspect="figures")
    app.session_state["rows"] = "normal(std=0.25)-zeros-uniform(gain=2)"
    app.run()
    assert list(rows_of(app)) == ["Normal, std = 0.25", "Zeros", "Ones"]
    (why,) = refusals(app)
    assert "no parameter gain" in why
    assert why.endswith("The current schemes stay.")
    assert app.session_state["rows"].endswith("uniform(gain=2)")  # what was typed stays


def test_of_nine_rows_the_first_eight_stay() -> None:
    app = opened_comparison(rows=f"{MANY}-zeros")
    assert query(app)["rows"] == MANY
    assert "Left out: “zeros”." in refusals(app)[0]


def test_a_slope_that_torch_does_not_read_is_named() -> None:
    """Beside relu; alone torch reads it, as leaky_relu's: √(2/(1.0625·512)) = 0.06063."""
    app = opened_comparison(rows="kaiming_normal(a=0.25,nonlinearity=relu)-zeros", aspect="figures")
    assert "a = 0.25 has no effect in kaiming_normal" in refusals(app)[0]
    assert "0.06250" in said(app)
    app = opened_comparison(rows="kaiming_normal(a=0.25)-zeros", aspect="figures")
    assert refusals(app) == []
    assert "0.06063" in said(app)


def test_a_parameter_that_another_one_makes_idle_is_named() -> None:
    """A decoder's std is (12·12)^(−1/4)·√(2/24) = .0833, an encoder's .87·(12⁴·6)^(−1/16)·√(2/24) = .1206."""
    layer = {"layer": "Linear(8, 16)", "aspect": "figures"}
    app = opened_comparison(rows="deepnorm(stack=decoder,n_decoder=6)-t5(role=o,d_kv=32)", **layer)
    assert refusals(app) == [
        "n_decoder = 6 has no effect in deepnorm(stack=decoder,n_decoder=6), but with stack = encoder alone.",
        "d_kv = 32 has no effect in t5(role=o,d_kv=32), but with role = q alone.",
    ]
    assert "0.08333" in said(app)
    app = opened_comparison(rows="deepnorm(stack=encoder,n_decoder=6)-t5(d_kv=32)", **layer)
    assert refusals(app) == []
    assert "0.1206" in said(app)


def test_a_layer_that_a_row_cannot_fill_gives_way() -> None:
    app = opened_comparison(rows="dirac-zeros", layer="Conv2d(8, 16, 3)")
    assert refusals(app) == []
    app.session_state["layer"] = ""
    app.run()
    stands(app)
    assert "fills a convolution" in refusals(app)[0]


parts = st.sampled_from(
    [*SCHEMES, "normal(std=0.5)", "zeros.7x5", "normal(", "x", "", "eye.3x3", "uniform(a=-1)"]
)
values = st.sampled_from(
    ["std", "given", "tanh", "figures", "rosetta", "inspector", "7", "0", "abc", "bfloat16"]
)


@few
@given(
    link_=st.dictionaries(
        st.sampled_from(["order", "activation", "aspect", "seed", "fan_in", "dtype", "device", "other"]),
        values,
    ),
    rows=st.lists(parts, max_size=9).map("-".join),
)
def test_any_link_opens(link_: dict[str, str], rows: str) -> None:
    app = opened_comparison(fan_out="12", **{"fan_in": "9", **link_}, **({"rows": rows} if rows else {}))
    stands(app)
    again = opened_comparison(**query(app))
    assert refusals(again) == [] or "device" in link_
    assert query(again) == query(app)

"""A network is edited on the model page in cards or as text, and what cannot be is answered there."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.model_page import opened_model
from tests.support.screen import query, refusals, said, stands


def _edit(app: AppTest) -> AppTest:
    """Open the drawer with the layers."""
    app.session_state["layers"] = True
    return app.run()


def test_a_network_is_edited_card_by_card() -> None:
    app = _edit(opened_model())
    assert [app.text_input(key=f"units_{i}").value for i in range(4)] == ["3", "3", "2", "2"]
    app.text_input(key="units_1").set_value("6").run()
    app.selectbox(key="activation_1").select("tanh").run()
    app.selectbox(key="scheme_2").select("constant").run()
    app.text_input(key="params_2").set_value("val=0.5").run()
    app.selectbox(key="bias_3").select("none").run()
    assert query(app)["net"] == "3-6.xavier_normal.tanh-2.constant(val=0.5).relu-2.no_bias.softmax"
    assert "Total params: 42" in "".join(block.value for block in app.code)  # 4·6 + 7·2 + 2·2
    app.button(key="add").click().run()
    assert query(app)["net"].split("-")[3] == "2.kaiming_normal.relu"
    app.button(key="up_3").click().run()
    assert query(app)["net"].split("-")[2:4] == ["2.kaiming_normal.relu", "2.constant(val=0.5).relu"]
    app.button(key="down_1").click().run()
    app.button(key="remove_1").click().run()
    assert query(app)["net"] == "3-6.xavier_normal.tanh-2.constant(val=0.5).relu-2.no_bias.softmax"
    app.text_input(key="units_0").set_value("4").run()
    app.selectbox(key="scheme_2").select("ones").run()  # whose parameters are its own
    assert query(app)["net"] == "4-6.xavier_normal.tanh-2.ones.relu-2.no_bias.softmax"
    app.text_input(key="net").set_value("2-1").run()
    assert [app.text_input(key=f"units_{i}").value for i in range(2)] == ["2", "1"]
    stands(app)
    app.button(key="lesson").click().run()
    assert query(app) == {}
    assert not [button for button in app.button if button.key == "lesson"]


@pytest.mark.parametrize(
    ("net", "added"), [("3-7-2", "7.kaiming_normal.relu"), ("5-2", "5.kaiming_normal.relu")]
)
def test_a_layer_that_is_added_is_as_wide_as_what_it_reads(net: str, added: str) -> None:
    app = _edit(opened_model(net=net))
    app.button(key="add").click().run()
    assert query(app)["net"].split("-")[-2] == added


@pytest.mark.parametrize("raw", ["1000000000", "0", "-1", "many", "2.5", "", "4097", "١٢"])
def test_units_that_cannot_be_stay_typed_and_are_answered_at_their_card(raw: str) -> None:
    app = _edit(opened_model())
    app.text_input(key="units_2").set_value(raw).run()
    stands(app)
    (refusal,) = refusals(app)
    assert refusal == f"Units must be a whole number from 1 to 4\u202f096. It was “{raw}”, so 2 is used."
    assert app.text_input(key="units_2").value == raw
    assert query(app) == {}
    app.selectbox(key="activation_1").select("tanh").run()  # another card moves, this one's entry stays
    assert app.text_input(key="units_2").value == raw
    app.button(key="up_2").click().run()  # and goes with its layer
    assert app.text_input(key="units_1").value == raw
    app.session_state["layers"] = False
    app.run()
    assert "One of the layers’ fields could not be used" in said(app)  # where the drawer hides which
    app.button(key="language-zh").click().run()
    _edit(app)
    assert app.text_input(key="units_1").value == raw
    app.button(key="language-en").click().run()
    _edit(app)
    app.text_input(key="units_1").set_value("5").run()
    assert refusals(app) == []
    assert "A field of the layers" not in said(app)
    assert query(app)["net"] == "3-5.kaiming_normal.relu-3.xavier_normal.tanh-2.softmax"


def test_what_is_typed_into_a_card_goes_with_its_network() -> None:
    app = _edit(opened_model())
    app.text_input(key="units_1").set_value("abc").run()
    app.text_input(key="net").set_value("5-7.relu-2").run()
    assert app.text_input(key="units_1").value == "7"
    assert refusals(app) == []


@pytest.mark.parametrize(
    ("scheme", "raw", "words"),
    [
        ("constant", "val", "Write the parameters of Constant as in code: val=5."),
        ("constant", "std=1", "Write the parameters of Constant as in code: val=5."),
        ("normal", "std=-1", "std must be 0 or a positive number"),
        ("normal", "std=wide", "std must be 0 or a positive number"),
        ("uniform", "a=2", "a must be less than b. They were a = 2 and b = 1"),
        ("kaiming_normal", "mode=fan_all", "mode has no option “fan_all”"),
        ("gpt2_residual", "n_layer=0", "n_layer must be a whole number from 1"),
    ],
)
def test_parameters_that_cannot_be_are_answered_in_their_card(scheme: str, raw: str, words: str) -> None:
    app = _edit(opened_model())
    app.selectbox(key="scheme_1").select(scheme).run()
    app.text_input(key="params_1").set_value(raw).run()
    stands(app)
    (refusal,) = refusals(app)
    assert words in refusal
    assert app.text_input(key="params_1").value == raw


@pytest.mark.parametrize(
    ("net", "words"),
    [
        ("3", "A network has from 1 to 16 layers; this one has 0."),
        ("-".join(["1"] * 20), "A network has from 1 to 16 layers; this one has 19."),
        ("3-1000000000.relu", "layer 1 has “1000000000”"),
        ("3--2", "layer 1 has “”"),
        ("3-4.relu.tanh", "layer 1 has “tanh”"),
        ("3-4.swish", "layer 1 has “swish”"),
        ("3-4.dirac", "schemes that fill a matrix, activations, zeros_bias and no_bias, each once per"),
        (
            "3-4.normal(std=-1)",
            "In layer 1: std cannot be -1. It must be 0 or a positive number between 10⁻³⁰ and 10³⁰.",
        ),
        ("3-4.sparse(sparsity=2)", "sparsity cannot be 2. It must be a number from 0 to 1."),
        ("3-4.gpt2_residual(n_layer=0)", "It must be a whole number from 1 to 65\u202f536."),
        ("3-4.uniform(a=1e40)", "It must be 0, or a number between 10⁻³⁰ and 10³⁰ in size."),
        ("3-4.kaiming_normal(mode=up)", "mode cannot be “up”. It must be one of fan_in, fan_out."),
        ("3-4.ones(val=2)", "In layer 1: Ones has no parameter val. It takes no parameters."),
        ("4096-4096-4096", "more than the limit of 4\u202f194\u202f304 per visitor"),
        ("<b>x</b>-2", "the input part has “<b>x</b>”"),
    ],
)
def test_a_network_that_cannot_be_is_answered_at_its_text(net: str, words: str) -> None:
    for app in (opened_model(net=net), _edit(opened_model())):
        if app.session_state.get("layers"):
            app.text_input(key="net").set_value(net).run()
        stands(app)
        (refusal,) = refusals(app)
        assert words in refusal
        hints = r" Close to it: mish\.| Layers are written as in 784-256\.relu-10\."
        assert re.search(rf"The current network stays\.({hints})?$", refusal)
        assert app.session_state["net"] == net
        assert "Total params: 26" in "".join(block.value for block in app.code)


@pytest.mark.parametrize(
    ("net", "words"),
    [
        ("3-4.normal(std=-1)", "第 1 层：std 不能为 -1，可取：0，或 10⁻³⁰ 与 10³⁰ 之间的正数。"),
        ("3-4.sparse(sparsity=2)", "第 1 层：sparsity 不能为 2，可取：0 到 1 之间的数。"),
        ("3-4.kaiming_normal(mode=up)", "第 1 层：mode 不能为“up”，可选：fan_in, fan_out。"),
        ("3-4.normal(sd=1)", "第 1 层：“正态分布”没有参数 sd，它的参数：std, mean。"),
        ("3-4.zeros(1)", "如 std=0.02；“全 0”的参数：无。"),
    ],
)
def test_what_a_scheme_takes_is_said_in_chinese_too(net: str, words: str) -> None:
    (refusal,) = set(refusals(opened_model(net=net, lang="zh")))
    assert words in refusal


def test_a_dtype_that_a_layer_cannot_be_drawn_in_is_answered() -> None:
    app = opened_model(net="3-4.orthogonal-2", dtype="bfloat16")
    stands(app)
    assert "torch cannot draw orthogonal matrices in bfloat16; " in refusals(app)[0]
    app = opened_model(net="3-4.constant(val=1e30)-2", dtype="float16")
    assert "float16 cannot hold these weights" in refusals(app)[0]
    stands(opened_model(dtype="bfloat16", part="parameters"))
    assert "bfloat16" in said(opened_model(dtype="bfloat16"))


def test_weights_that_are_all_set_alike_give_a_layer_no_bias_that_it_has_not() -> None:
    """3 · 2 + 2 · 2 weights, and 2 biases of the second layer: 12; with a bias more in the first, 14."""
    app = opened_model(net="3-2.no_bias-2", part="backward")
    app.button(key="all_zeros").click().run()
    assert "12 parameters" in said(opened_model(net=query(app)["net"], part="counting"))


def test_weights_that_are_all_set_alike_are_set_by_hand_no_more_and_inputs_stay_so() -> None:
    app = opened_model(part="backward", edits="w1.1.1=0.5,x1.2=-1,w3.2.1=2")
    app.button(key="all_zeros").click().run()
    assert query(app)["edits"] == "x1.2=-1"

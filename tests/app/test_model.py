"""The model page: the lesson's network run, edited, fed and taken apart."""

import re
import runpy
from html import unescape
from pathlib import Path
from unittest import mock

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load
from streamlit.testing.v1 import AppTest
from torch import nn

from core import Net
from core.networks.network import LESSON, LINEAR_SCHEMES
from pages.jobs import model as runs
from pages.state.controls import CONTROLS, PARTS, TABLE
from pages.text import Text
from tests.support.marks import languages
from tests.support.screen import few, menu, opened, query, refusals, said, stands, turned
from tests.support.written import read

DEEP = "6-5.kaiming_normal.relu-4.xavier_uniform.tanh-7.orthogonal.no_bias.gelu-3.softmax"
parts = pytest.mark.parametrize("part", PARTS)


def _opened(**link: str) -> AppTest:
    return opened("model", **link)


def _edit(app: AppTest) -> AppTest:
    """Open the drawer with the layers."""
    app.session_state["layers"] = True
    return app.run()


def _more(app: AppTest) -> AppTest:
    app.session_state["more"] = True
    return app.run()


def _tables(app: AppTest) -> dict[str, list[list[float]]]:
    """Return the tables of numbers on the page, by the name in their caption."""
    tables = {}
    for name, body in re.findall(r"<caption><b>(.*?)</b>.*?</caption>.*?<tbody>(.*?)</tbody>", said(app)):
        rows = [re.findall(r"<td[^>]*>([^<]*)</td>", row) for row in body.split("</tr>") if row]
        tables[name] = [[read(cell) for cell in row] for row in rows]
    return tables


@parts
@languages
@pytest.mark.parametrize("net", [str(LESSON), DEEP, "2-1"])
def test_every_part_stands_in_every_language(net: str, language: str, part: str) -> None:
    app = _opened(net=net, part=part, lang=language)
    stands(app)
    assert refusals(app) == []
    assert Text(language)("nav.model") in menu(app)


def test_first_sight_is_the_lesson_s_network_drawn_summarised_and_counted() -> None:
    app = _opened()
    assert "26 parameters" in said(app)
    assert app.markdown[0].value.replace(" ", "") == (
        r"${(3+1)\times3}$${+}\;{(3+1)\times2}$${+}\;{(2+1)\times2}$${=}\;{12}+{8}+{6}$${=}\;{26}$"
    )
    assert len(app.selectbox) + len(app.text_input) + len(app.get("file_uploader")) <= 6
    assert len(app.get("plotly_chart")) == 1
    summary = app.code[0].value.splitlines()
    assert [line.split() for line in summary[3:6]] == [
        ["Linear-1", "[5,", "3]", "12"],
        ["Linear-2", "[5,", "2]", "8"],
        ["Linear-3", "[5,", "2]", "6"],
    ]
    assert "Total params: 26" in summary
    assert "Input 5 × 3, output 5 × 2. Each row of the output sums to 1" in said(app)


def test_what_is_drawn_is_what_plain_torch_gives() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(40)
        linear1 = nn.Linear(3, 3)
        nn.init.xavier_normal_(linear1.weight)
        linear2 = nn.Linear(3, 2)
        nn.init.kaiming_normal_(linear2.weight)
        out = nn.Linear(2, 2)
        torch.manual_seed(7)
        x = torch.randn(5, 3)
    h = torch.relu(linear2(torch.sigmoid(linear1(x))))
    tables = _tables(_opened(part="forward"))
    for name, value in (("input", x), ("relu", h), ("out", out(h))):
        assert torch.tensor(tables[name]) == pytest.approx(value.detach(), abs=1e-3), name
    softmax = torch.tensor(tables["softmax"])
    assert softmax[:, :2] == pytest.approx(torch.softmax(out(h), -1).detach(), abs=1e-4)
    assert (softmax[:, 2] == 1).all()


def test_a_row_is_followed_with_its_arithmetic() -> None:
    app = _opened(
        part="forward", net="2-1.constant(val=0.5).no_bias.relu-1.ones.zeros_bias", data="1,3\n4,-6"
    )
    text = "\n".join(element.value for element in app.markdown)
    assert r"z_{1}=w_{1,1}x_{1}+w_{1,2}x_{2}$ ${=}\;{0.5}\cdot {1} + {0.5}\cdot {3}$ ${=}\;{2}$" in text
    assert r"z_{1}=w_{1,1}a_{1}+b_{1}$ ${=}\;{1}\cdot {2} + {0}$ ${=}\;{2}$" in text
    app.text_input(key="sample").set_value("2").run()
    text = "\n".join(element.value for element in app.markdown)
    assert r"{0.5}\cdot {4} + {0.5}\cdot (-6)$ ${=}\;{-1}$" in text
    assert r"a_{1}=\max(0,\,{z_{1}})$ ${=}\;{0}$" in text
    assert query(app)["sample"] == "2"


def test_a_link_reproduces_and_leaves_defaults_out() -> None:
    chosen = {"v": "1", "net": DEEP, "seed": "3", "batch": "4", "data_seed": "9", "part": "counting"}
    app = _opened(**chosen)
    assert query(app) == chosen
    assert "111 parameters" in said(app)  # (6 + 1)·5 + (5 + 1)·4 + 4·7 + (7 + 1)·3
    assert query(_opened(net=str(LESSON), batch="5", weights="seeded")) == {}


def test_a_network_is_edited_card_by_card() -> None:
    app = _edit(_opened())
    assert [app.text_input(key=f"units_{i}").value for i in range(4)] == ["3", "3", "2", "2"]
    app.text_input(key="units_1").set_value("6").run()
    app.selectbox(key="activation_1").select("tanh").run()
    app.selectbox(key="scheme_2").select("constant").run()
    app.text_input(key="params_2").set_value("val=0.5").run()
    app.selectbox(key="bias_3").select("none").run()
    assert query(app)["net"] == "3-6.xavier_normal.tanh-2.constant(val=0.5).relu-2.no_bias.softmax"
    assert "42 parameters" in said(app)  # 4·6 + 7·2 + 2·2
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


@pytest.mark.parametrize("raw", ["1000000000", "0", "-1", "many", "2.5", "", "4097", "１２"])
def test_units_that_cannot_be_stay_typed_and_are_answered_at_their_card(raw: str) -> None:
    app = _edit(_opened())
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
    assert "A field of the layers is not used" in said(app)  # where the drawer hides which
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
    app = _edit(_opened())
    app.text_input(key="units_1").set_value("abc").run()
    app.text_input(key="net").set_value("5-7.relu-2").run()
    assert app.text_input(key="units_1").value == "7"
    assert refusals(app) == []


@pytest.mark.parametrize(
    ("scheme", "raw", "words"),
    [
        ("constant", "val", "Constant takes parameters as code writes them: val=5."),
        ("constant", "std=1", "Constant takes parameters as code writes them: val=5."),
        ("normal", "std=-1", "std must be 0 or a positive number"),
        ("normal", "std=wide", "std must be 0 or a positive number"),
        ("uniform", "a=2", "a must be less than b. They were a = 2 and b = 1"),
        ("kaiming_normal", "mode=fan_all", "mode has no “fan_all” to choose"),
        ("gpt2_residual", "n_layer=0", "n_layer must be a whole number from 1"),
    ],
)
def test_parameters_that_cannot_be_are_answered_in_their_card(scheme: str, raw: str, words: str) -> None:
    app = _edit(_opened())
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
        ("3-4.dirac", "layer 1 has “dirac”"),
        ("3-4.normal(std=-1)", "std cannot be -1, as in layer 1"),
        ("3-4.ones(val=2)", "Ones has no parameter val, but layer 1 names it"),
        ("4096-4096-4096", "more than the 4\u202f194\u202f304 of one visitor"),
        ("<b>x</b>-2", "the input part has “<b>x</b>”"),
    ],
)
def test_a_network_that_cannot_be_is_answered_at_its_text(net: str, words: str) -> None:
    for app in (_opened(net=net), _edit(_opened())):
        if app.session_state.get("layers"):
            app.text_input(key="net").set_value(net).run()
        stands(app)
        (refusal,) = refusals(app)
        assert words in refusal
        assert refusal.endswith("The network in force stays.")
        assert app.session_state["net"] == net
        assert "26 parameters" in said(app)


def test_a_dtype_that_a_layer_cannot_be_drawn_in_is_answered() -> None:
    app = _opened(net="3-4.orthogonal-2", dtype="bfloat16")
    stands(app)
    assert "torch has no orthogonal matrices in bfloat16; " in refusals(app)[0]
    app = _opened(net="3-4.constant(val=1e30)-2", dtype="float16")
    assert "float16 cannot hold these weights" in refusals(app)[0]
    stands(_opened(dtype="bfloat16", part="parameters"))
    assert "bfloat16" in said(_opened(dtype="bfloat16"))


TOO_LONG = "\n".join(["0.5,1,-2"] * 10**6)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("1,2,3\n4,NaN,6", "in line 2, cell 2 is “NaN”"),
        ("1,2,3\n4,inf,6", "in line 2, cell 2 is “inf”"),
        ("1,2,3\n4,five,6", "in line 2, cell 2 is “five”"),
        ("1,2,3\n4,,6", "in line 2, cell 2 is “”"),
        ("1,2,3\n4,5", "line 2 has 2, the first row 3"),
        ("1,2\n4,5", "The network takes 3 features, and each row here has 2."),
        (TOO_LONG, "1\u202f000\u202f000 rows are more than the 1\u202f024 that are taken."),
        ("1,2,1e300", "more than float32 can hold"),
        ("<b>a</b>,2,3\n1,2,3", "is “<b>a</b>”"),
    ],
)
def test_an_input_that_cannot_be_stays_typed_and_is_answered_at_its_field(data: str, words: str) -> None:
    app = _more(_opened())
    app.text_area(key="data").set_value(data).run()
    stands(app)
    (refusal,) = refusals(app)
    assert words in refusal
    assert refusal.endswith("So the drawn input is used.")
    assert app.text_area(key="data").value == data
    assert "input randn(5, 3), seed 7" in said(app)
    app.text_area(key="data").set_value("1,2,3").run()
    app.text_area(key="data").set_value(data).run()
    assert refusals(app)[0].endswith("So the last input that could be read, 1 × 3, is used.")


def test_own_input_is_run_and_kept_in_the_link() -> None:
    app = _more(_opened(part="forward"))
    app.text_area(key="data").set_value("a;b;c\n1;2;3\n-1;0.25;1e-3").run()
    assert refusals(app) == []
    assert query(app) == {"v": "1", "part": "forward", "data": "1,2,3\n-1,0.25,0.001"}
    assert _tables(app)["input"] == [[1, 2, 3], [-1, 0.25, 0.001]]
    assert "own input, 2 × 3" in said(app)
    again = _opened(**query(app))
    assert _tables(again)["softmax"] == _tables(app)["softmax"]


def test_an_input_too_long_for_a_link_stays_in_the_session() -> None:
    app = _more(_opened())
    rows = "\n".join(f"{i},0.123456,0.654321" for i in range(200))
    app.text_area(key="data").set_value(rows).run()
    assert query(app) == {}
    assert "This input is too long for the link" in said(app)
    assert "own input, 200 × 3" in said(app)
    app.switch_page("pages/distribution.py").run()
    app.query_params.clear()
    app.switch_page("pages/model.py").run()
    assert "own input, 200 × 3" in said(app)


def test_a_file_fills_the_field_or_is_answered() -> None:
    app = _more(_opened())
    app.file_uploader[0].upload("x.csv", "1,2,3\n4,5,6".encode("utf-8-sig"), "text/csv").run()
    assert app.text_area(key="data").value == "1,2,3\n4,5,6"
    assert "own input, 2 × 3" in said(app)
    app = _more(_opened())
    app.file_uploader[0].upload("x.csv", TOO_LONG.encode(), "text/csv").run()
    assert "1\u202f000\u202f000 rows are more than the 1\u202f024" in refusals(app)[0]
    assert app.text_area(key="data").value == ""  # it is not sent back to the browser


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ("0,1,2,0,1", "Each row needs one label from 0 to 1, 5 in all; here are 5, up to 2."),
        ("0,1", "Each row needs one label from 0 to 1, 5 in all; here are 2, up to 1."),
        ("0,-1,0,1,1", "Labels are whole numbers from 0"),
        ("cat", "Labels are whole numbers from 0"),
    ],
)
def test_labels_that_cannot_be_are_answered_at_their_field(labels: str, words: str) -> None:
    app = _opened(part="backward")
    app.text_input(key="labels").set_value(labels).run()
    stands(app)
    (refusal,) = refusals(app)
    assert words in refusal
    assert "the classes in turn are used" in refusal
    assert app.text_input(key="labels").value == labels
    app.text_input(key="labels").set_value("1 1 0 1, 0").run()
    assert refusals(app) == []
    assert query(app)["labels"] == "1,1,0,1,0"


def test_a_row_that_is_not_there_is_answered() -> None:
    app = _opened(part="forward")
    app.text_input(key="sample").set_value("6").run()
    assert refusals(app) == ["The last row is 5, so row 1 is followed."]


def test_the_gradients_are_autograd_s() -> None:
    app = _opened(part="backward", labels="1,0,1,1,0", dtype="float64", seed="3")
    net = Net(LESSON, seed=3, dtype=torch.float64)  # seed 40 has both relu units dead here
    with torch.random.fork_rng():
        torch.manual_seed(7)
        x = torch.randn(5, 3, dtype=torch.float64)
    chosen = torch.tensor([1, 0, 1, 1, 0])
    loss = -net(x).gather(1, chosen[:, None]).log().mean()
    loss.backward()
    assert f"Cross-entropy of the labels: {loss.item():.5f}." in said(app)
    shown = _tables(app)["∂L/∂linear1"]
    expected = torch.cat([net.linear1.weight.grad, net.linear1.bias.grad[:, None]], 1)
    assert torch.tensor(shown) == pytest.approx(expected, abs=1e-4)
    norm = net.out.weight.grad.norm().item()
    assert f"<td>{norm:.6f}</td>" in said(app)  # four digits of 0.005…


def test_equal_weights_show_what_they_do() -> None:
    app = _opened(part="backward")
    assert "No two units of a hidden layer start alike" in said(app)
    assert "1 of 2 units of linear2 have gradient 0 on these rows" in said(app)  # seed 40's dead relu
    app.button(key="all_hidden").click().run()
    assert query(app)["net"] == (
        "3-3.constant(val=0.5).zeros_bias.sigmoid-2.constant(val=0.5).zeros_bias.relu-2.softmax"
    )
    assert "The units of linear1 are interchangeable" in said(app)
    assert "The units of linear2 start alike" in said(app)
    tables = _tables(app)
    assert len({tuple(row) for row in tables["linear1"]}) == 1
    assert len({tuple(row) for row in tables["∂L/∂linear1"]}) == 1
    assert tables["∂L/∂linear1"][0] != [0, 0, 0, 0]
    app.button(key="all_zeros").click().run()
    assert "The weights of linear1, linear2, out have gradient 0" in said(app)
    for key in ("all_ones", "all_constant"):
        app.button(key=key).click().run()
        stands(app)
        assert "The units of linear1, linear2 are interchangeable" in said(app)


@pytest.mark.parametrize(
    ("net", "words", "unsaid"),
    [
        # all inputs of out are 0, so its weights have none either; its bias has
        ("3-4.zeros.zeros_bias.relu-2.softmax", "The weights of linear1, out have gradient 0", "start alike"),
        ("3-3.relu-1.softmax", "With one output there is only one class", "gradient 0"),
        ("3-3.normal(std=1e20).relu-2.normal(std=1e30)-2", "not a finite number", "start alike"),
        # small beside the next layer's weights, but different
        (
            "3-4.normal(std=1e-9).zeros_bias.tanh-2.constant(val=0.5).zeros_bias.softmax",
            "No two units of a hidden layer start alike",
            "interchangeable",
        ),
        # equal weights, told apart by their biases
        ("3-4.ones.tanh-2.ones.softmax", "No two units of a hidden layer start alike", "interchangeable"),
    ],
)
def test_what_is_said_of_learning_holds(net: str, words: str, unsaid: str) -> None:
    app = _opened(part="backward", net=net)
    stands(app)
    assert words in said(app)
    assert unsaid not in said(app).split("lab-verdict")[1].split("</p>")[0].replace(words, "")


def test_rows_of_many_classes_are_seen_to_sum_to_1() -> None:
    app = _opened(part="forward", net="3-12.softmax")
    assert "Each row of the output sums to 1" in said(app)
    assert said(app).count('<td class="lab-sum">1.0000</td>') == 5


@pytest.mark.parametrize("part", PARTS)
def test_a_run_that_overflows_says_so_on_every_part(part: str) -> None:
    app = _opened(part=part, net="3-3.constant(val=1e30)-3.constant(val=1e30)-2.softmax")
    assert "numbers of this run are not finite" in said(app)


def test_bounds_are_told_of_what_has_them() -> None:
    app = _opened(part="parameters")
    assert "All 11 numbers that have walls lie between them." in said(app)  # 7 biases, 4 of out
    assert "Of 15 numbers without walls, 0 lie beyond ±3σ, and 0.0405 were expected." in said(app)
    app = _opened(part="parameters", net="3-4.constant(val=2).zeros_bias-2.no_bias.ones")
    assert "<td>= 2</td>" in said(app)
    for words in ("A default bias", "Dashed", "Solid: walls"):
        assert words not in said(app)


def test_the_weights_that_the_lesson_prints_are_loaded_and_run() -> None:
    app = _opened(part="parameters")
    app.button(key="load").click().run()
    assert query(app) == {"v": "1", "weights": "printed", "part": "parameters"}
    printed = app.code[0].value
    assert "[-3.8197e-01,  8.6354e-01, -1.1468e+00]" in printed
    assert "tensor([0.0501, 0.1868], requires_grad=True)" in printed
    assert "the lesson’s printed weights" in said(app)
    assert not [field for field in app.text_input if field.key == "seed"]
    app.button(key="load").click().run()
    assert query(app) == {"v": "1", "part": "parameters"}
    app = _opened(weights="printed", net="3-4-2")
    assert "The lesson prints weights of its own network only" in refusals(app)[0]
    stands(app)


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"weights": "printed", "data_seed": "3"},
        {"net": DEEP, "dtype": "float64", "batch": "3"},
        {"data": "1,2,3\n-4,5,6.5"},
    ],
)
def test_the_code_on_the_page_gives_the_page_s_output(chosen: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    file.write_text(_opened(part="code", **chosen).code[0].value, encoding="utf-8")
    before = torch.get_default_dtype()
    try:
        with torch.random.fork_rng():
            names = runpy.run_path(str(file), run_name="__main__")
    finally:
        torch.set_default_dtype(before)
    shown = _tables(_opened(part="forward", **chosen))["softmax"]
    rows = names["output"].detach().tolist()
    assert [row[:-1] for row in shown] == [[pytest.approx(p, abs=1e-4) for p in row] for row in rows]


def test_the_weights_file_holds_the_parameters() -> None:
    run = runs.NetworkRun(DEEP, 40, "cpu", "float32", 5, 7, "")
    held = load(runs.weights_file(run))
    net = dict(Net(runs.network_of(DEEP), seed=40).named_parameters())
    assert held.keys() == net.keys()
    assert all(torch.equal(held[name], value) for name, value in net.items())


def test_a_choice_survives_leaving_the_page() -> None:
    app = _opened(net="2-1", seed="9")
    turned(app, "distribution")
    assert query(app) == {"v": "1", "seed": "9"}
    assert refusals(app) == []
    turned(app, "model")
    assert query(app) == {"v": "1", "net": "2-1", "seed": "9"}


def test_thirty_visitors_of_one_link_build_one_network() -> None:
    with mock.patch.object(runs, "Net", wraps=Net) as built:
        _opened(net="5-4-3", seed="4242")
        once = built.call_count
        for _ in range(3):
            _opened(net="5-4-3", seed="4242", lang="zh")
        assert built.call_count == once


def test_a_network_that_overflows_says_so() -> None:
    app = _opened(net="3-3.constant(val=1e30)-3.constant(val=1e30)-2")
    stands(app)
    assert "numbers of this run are not finite" in said(app)
    for part in PARTS:
        stands(_opened(net="3-3.constant(val=1e30)-3.constant(val=1e30)-2.softmax", part=part))


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
    app = _opened(**link_)
    stands(app)
    again = _opened(**query(app))
    assert refusals(again) == [] or {"device"} & set(link_)
    assert query(again) == query(app)


moved = st.tuples(
    st.sampled_from(["net", "data", "labels", "sample", "batch", "weights", "dtype", "part"]), values
)


@few
@given(moves=st.lists(moved, min_size=2, max_size=6))
def test_any_walk_through_the_controls_stands(moves: list[tuple[str, str]]) -> None:
    app = _opened()
    for name, value in moves:
        if value in TABLE[name].options or not TABLE[name].options:
            app.session_state[name] = value
        app.run()
        stands(app)


@pytest.mark.parametrize("scheme", LINEAR_SCHEMES)
def test_every_scheme_starts_a_layer(scheme: str) -> None:
    for part in ("network", "parameters", "backward", "code"):
        app = _opened(net=f"4-3.{scheme}.relu-2.{scheme}.zeros_bias.softmax", part=part)
        stands(app)
        assert refusals(app) == []


def test_nothing_typed_is_taken_for_html() -> None:
    app = _more(_opened())
    app.text_area(key="data").set_value("<img src=x>,1,2\n1,2,3").run()
    bodies = "".join(element.proto.body for element in app.get("html"))
    assert "<img" not in bodies
    assert "<img" in unescape(bodies)

"""Every part of the model page stands and shows what plain torch gives, and its code and files run."""

import runpy
from pathlib import Path

import pytest
import torch
from safetensors.torch import load
from torch import nn

from core import Net
from core.networks.network import LESSON, LINEAR_SCHEMES
from pages.jobs import model as runs
from pages.state.controls import PARTS
from pages.text import Text
from tests.support.marks import languages
from tests.support.model_page import DEEP, opened_model, tables_of
from tests.support.screen import menu, query, refusals, said, stands, typed_in

parts = pytest.mark.parametrize("part", PARTS)


@parts
@languages
@pytest.mark.parametrize("net", [str(LESSON), DEEP, "2-1"])
def test_every_part_stands_in_every_language(net: str, language: str, part: str) -> None:
    app = opened_model(net=net, part=part, lang=language)
    stands(app)
    assert refusals(app) == []
    assert Text(language)("nav.model") in menu(app)


def test_first_sight_is_the_lesson_s_network_drawn_summarised_and_counted() -> None:
    app = opened_model()
    assert "Total params: 26" in "".join(block.value for block in app.code)
    assert len(app.selectbox) + len(typed_in(app)) + len(app.get("file_uploader")) <= 6
    assert len(app.get("plotly_chart")) == 1
    app = opened_model(part="counting")
    assert "26 parameters" in said(app)
    assert app.markdown[0].value.replace(" ", "") == (
        r"${(3+1)\times3}$${+}\;{(3+1)\times2}$${+}\;{(2+1)\times2}$${=}\;{12}+{8}+{6}$${=}\;{26}$"
    )
    summary = app.code[0].value.splitlines()
    assert [line.split() for line in summary[3:6]] == [
        ["Linear-1", "[5,", "3]", "12"],
        ["Linear-2", "[5,", "2]", "8"],
        ["Linear-3", "[5,", "2]", "6"],
    ]
    assert "Total params: 26" in summary
    assert "Input 5 × 3, output 5 × 2. Each row of the output sums to 1" in said(opened_model())


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
    tables = tables_of(opened_model(part="forward"))
    for name, value in (("input", x), ("relu", h), ("out", out(h))):
        assert torch.tensor(tables[name]) == pytest.approx(value.detach(), abs=1e-3), name
    softmax = torch.tensor(tables["softmax"])
    assert softmax[:, :2] == pytest.approx(torch.softmax(out(h), -1).detach(), abs=1e-4)
    assert (softmax[:, 2] == 1).all()


def test_a_row_is_followed_with_its_arithmetic() -> None:
    app = opened_model(
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


def test_rows_of_many_classes_are_seen_to_sum_to_1() -> None:
    app = opened_model(part="forward", net="3-12.softmax")
    assert said(app).count('<td class="lab-sum">1.0000</td>') == 5


@pytest.mark.parametrize("part", PARTS)
def test_a_run_that_overflows_says_so_on_every_part(part: str) -> None:
    app = opened_model(part=part, net="3-3.constant(val=1e30)-3.constant(val=1e30)-2.softmax")
    assert "numbers of this run are not finite" in said(app)


def test_bounds_are_told_of_what_has_them() -> None:
    app = opened_model(part="parameters")
    assert "All numbers with walls (11) lie between them." in said(app)  # 7 biases, 4 of out
    assert "Of 15 numbers without walls, 0 lie beyond ±3σ, 0.0405 expected." in said(app)
    app = opened_model(part="parameters", net="3-4.constant(val=2).zeros_bias-2.no_bias.ones")
    assert "<td>= 2</td>" in said(app)
    for words in ("A default bias", "Dashed", "Solid: walls"):
        assert words not in said(app)


def test_the_weights_that_the_lesson_prints_are_loaded_and_run() -> None:
    app = opened_model(part="parameters")
    app.button(key="load").click().run()
    assert query(app) == {"v": "1", "weights": "printed", "part": "parameters"}
    printed = app.code[0].value
    assert "[-3.8197e-01,  8.6354e-01, -1.1468e+00]" in printed
    assert "tensor([0.0501, 0.1868], requires_grad=True)" in printed
    assert "the lesson’s printed weights" in said(app)
    assert not [field for field in app.text_input if field.key == "seed"]
    app.button(key="load").click().run()
    assert query(app) == {"v": "1", "part": "parameters"}
    app = opened_model(weights="printed", net="3-4-2")
    assert "The lesson prints weights for its own network only" in refusals(app)[0]
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
    file.write_text(opened_model(part="code", **chosen).code[0].value, encoding="utf-8")
    before = torch.get_default_dtype()
    try:
        with torch.random.fork_rng():
            names = runpy.run_path(str(file), run_name="__main__")
    finally:
        torch.set_default_dtype(before)
    shown = tables_of(opened_model(part="forward", **chosen))["softmax"]
    rows = names["output"].detach().tolist()
    assert [row[:-1] for row in shown] == [[pytest.approx(p, abs=1e-4) for p in row] for row in rows]


def test_the_weights_file_holds_the_parameters() -> None:
    run = runs.NetworkRun(DEEP, 40, "cpu", "float32", 5, 7, "")
    held = load(runs.weights_file(run))
    net = dict(Net(runs.network_of(DEEP), seed=40).named_parameters())
    assert held.keys() == net.keys()
    assert all(torch.equal(held[name], value) for name, value in net.items())


def test_a_network_that_overflows_says_so() -> None:
    app = opened_model(net="3-3.constant(val=1e30)-3.constant(val=1e30)-2")
    stands(app)
    assert "numbers of this run are not finite" in said(app)
    for part in PARTS:
        stands(opened_model(net="3-3.constant(val=1e30)-3.constant(val=1e30)-2.softmax", part=part))


@pytest.mark.parametrize("scheme", LINEAR_SCHEMES)
def test_every_scheme_starts_a_layer(scheme: str) -> None:
    for part in ("network", "parameters", "backward", "code"):
        app = opened_model(net=f"4-3.{scheme}.relu-2.{scheme}.zeros_bias.softmax", part=part)
        stands(app)
        assert refusals(app) == []

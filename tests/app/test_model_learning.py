"""What the model page says of gradients and of equal weights is autograd's, and holds."""

import math

import pytest
import torch

from core import Net
from core.networks.network import LESSON
from tests.support.model_page import opened_model, tables_of
from tests.support.screen import query, refusals, said, stands


@pytest.mark.parametrize(
    ("labels", "are"), [("1,0,1,1,0", [1, 0, 1, 1, 0]), ("", [0, 1, 0, 1, 0])], ids=["given", "in turn"]
)
def test_the_gradients_are_autograd_s(labels: str, are: list[int]) -> None:
    app = opened_model(part="backward", labels=labels, dtype="float64", seed="3")
    assert app.text_input(key="labels").placeholder == ",".join(map(str, are))
    net = Net(LESSON, seed=3, dtype=torch.float64)  # seed 40 has both relu units dead here
    with torch.random.fork_rng():
        torch.manual_seed(7)
        x = torch.randn(5, 3, dtype=torch.float64)
    chosen = torch.tensor(are)
    loss = -net(x).gather(1, chosen[:, None]).log().mean()
    loss.backward()
    assert f"Cross-entropy of the labels: {loss.item():.5f}." in said(app)
    shown = tables_of(app)["∂L/∂linear1"]
    expected = torch.cat([net.linear1.weight.grad, net.linear1.bias.grad[:, None]], 1)
    assert torch.tensor(shown) == pytest.approx(expected, abs=1e-4)
    norm = net.out.weight.grad.norm().item()
    assert f"<td>{norm:.{3 - math.floor(math.log10(norm))}f}</td>" in said(app)  # to four digits


def test_equal_weights_show_what_they_do() -> None:
    app = opened_model(part="backward")
    assert "No two units of a hidden layer start alike" in said(app)
    assert "1 of 2 units of linear2 has gradient 0 on these rows" in said(app)  # seed 40's dead relu
    app.button(key="all_hidden").click().run()
    assert query(app)["net"] == (
        "3-3.constant(val=0.5).zeros_bias.sigmoid-2.constant(val=0.5).zeros_bias.relu-2.softmax"
    )
    assert "The units of linear1 are interchangeable" in said(app)
    assert "The units of linear2 start alike" in said(app)
    tables = tables_of(app)
    assert len({tuple(row) for row in tables["linear1"]}) == 1
    assert len({tuple(row) for row in tables["∂L/∂linear1"]}) == 1
    assert tables["∂L/∂linear1"][0] != [0, 0, 0, 0]
    app.button(key="all_zeros").click().run()
    assert "No weight can learn here: every one has gradient 0" in said(app)
    for key in ("all_ones", "all_constant"):
        app.button(key=key).click().run()
        stands(app)
        assert "The units of linear1, linear2 are interchangeable" in said(app)


@pytest.mark.parametrize(
    ("net", "words", "unsaid"),
    [
        # all inputs of out are 0, so its weights have none either; its bias has
        ("3-4.zeros.zeros_bias.relu-2.softmax", "every one has gradient 0", "start alike"),
        # nothing comes back through a last layer of zeros, whose own gradient is what came in
        ("3-4.tanh-2.zeros.softmax", "The weights of linear1 have gradient 0", "out have gradient 0"),
        # a layer of which nothing moves is named once, and one of which a part moves by that part
        (
            "3-3.zeros.sigmoid-2.zeros.relu-2.softmax",
            "1 of 2 units of linear2 has gradient 0",
            "units of linear1",
        ),
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
    app = opened_model(part="backward", net=net)
    stands(app)
    assert words in said(app)
    assert unsaid not in said(app).split("lab-verdict")[1].split("</p>")[0].replace(words, "")


def test_one_label_is_told_as_one() -> None:
    assert "here is 1, up to 0." in refusals(opened_model(part="backward", labels="0"))[0]
    assert "here are 2, up to 1." in refusals(opened_model(part="backward", labels="0,1"))[0]

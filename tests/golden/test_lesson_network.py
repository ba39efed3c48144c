"""The lesson's three-layer network: its class as it stands there, and all that it prints."""

import re
import subprocess
import sys

import pytest
import torch
from torch import nn

from core import Net, ThreeLayerNet, parameter_count, summary_text
from core.networks.module import LESSON_PRINTED
from core.networks.network import LESSON
from tests.support.lesson import MODEL, lesson_model
from tests.support.products import assert_close

#: the lesson's listing, with a seed and torchsummary on the CPU
LISTING = f"""
import torch
import torch.nn as nn
from torchsummary import summary

{MODEL}

if __name__ == "__main__":
    torch.manual_seed(40)
    my_model = Model()
    my_data = torch.randn(5, 3)
    print("mydata shape", my_data.shape)
    output = my_model(my_data)
    print("output shape-->", output.shape)
    summary(my_model, input_size=(3,), batch_size=5, device="cpu")
    print("======查看模型参数w和b======")
    for name, parameter in my_model.named_parameters():
        print(name, parameter)
"""
SHAPES = "mydata shape torch.Size([5, 3])\noutput shape--> torch.Size([5, 2])\n"
#: as the lesson prints it, of whose spaces its page keeps one in a row
SUMMARY = f"""\
{"-" * 64}
Layer (type) Output Shape Param #
{"=" * 64}
Linear-1 [5, 3] 12
Linear-2 [5, 2] 8
Linear-3 [5, 2] 6
{"=" * 64}
Total params: 26
Trainable params: 26
Non-trainable params: 0
{"-" * 64}
Input size (MB): 0.00
Forward/backward pass size (MB): 0.00
Params size (MB): 0.00
Estimated Total Size (MB): 0.00
{"-" * 64}
"""
TITLE = "======查看模型参数w和b======\n"
PARAMETERS = """\
linear1.weight Parameter containing:
tensor([[-6.7921e-01, -8.9048e-04, -1.6005e-01],
[-3.8197e-01, 8.6354e-01, -1.1468e+00],
[ 5.2889e-02, -7.4933e-02, 1.9173e-01]], requires_grad=True)
linear1.bias Parameter containing:
tensor([-0.0769, -0.3757, -0.0714], requires_grad=True)
linear2.weight Parameter containing:
tensor([[ 0.7111, -0.3630, 0.6903],
[ 0.5848, 1.1082, 0.7090]], requires_grad=True)
linear2.bias Parameter containing:
tensor([-0.2732, 0.3150], requires_grad=True)
out.weight Parameter containing:
tensor([[-0.5128, 0.1292],
[ 0.5511, -0.1931]], requires_grad=True)
out.bias Parameter containing:
tensor([0.0501, 0.1868], requires_grad=True)
"""


def one_space(text: str) -> list[str]:
    """Return the lines as the lesson's page keeps them: one space in a row, and none at the ends."""
    return [re.sub(" +", " ", line).strip() for line in text.splitlines()]


@pytest.fixture(scope="module")
def printed() -> str:
    """What the lesson's listing prints in an interpreter of its own."""
    command = [sys.executable, "-X", "utf8", "-c", LISTING]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("seed", [40, 0, 1, 7, 2024, 2**32 + 1, 2**64 - 1, -1, -(2**63)])
@pytest.mark.products
def test_the_lesson_s_class_and_ours_are_the_same(seed: int) -> None:
    """Its parameters bit for bit; its output is a product of matrices."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        model = lesson_model()
        x = torch.randn(5, 3)
        output = model(x)
    ours = ThreeLayerNet(seed=seed)
    assert_close(ours(x), output, depth=3, width=3)
    ours_by_name, theirs = dict(ours.named_parameters()), dict(model.named_parameters())
    assert list(ours_by_name) == list(theirs)
    assert all(torch.equal(ours_by_name[name], parameter) for name, parameter in theirs.items())
    assert [type(child) for child in (ours.linear1, ours.linear2, ours.out)] == [nn.Linear] * 3


def test_without_a_seed_it_is_the_lesson_s_40() -> None:
    assert torch.equal(ThreeLayerNet().linear1.weight, ThreeLayerNet(seed=40).linear1.weight)


def test_other_seeds_give_other_weights() -> None:
    weights = {str(ThreeLayerNet(seed=seed).linear1.weight.tolist()) for seed in range(20)}
    assert len(weights) == 20


def test_each_row_of_the_output_adds_up_to_1() -> None:
    output = ThreeLayerNet(seed=40)(torch.linspace(-9, 9, 300).reshape(100, 3))
    assert output.shape == (100, 2)
    assert (output >= 0).all()
    torch.testing.assert_close(output.sum(dim=-1), torch.ones(100), rtol=0, atol=1e-6)


def test_it_has_26_parameters_12_and_8_and_6() -> None:
    net = ThreeLayerNet(seed=40)
    per_layer = [sum(p.numel() for p in layer.parameters()) for layer in net.children()]
    assert per_layer == [12, 8, 6]
    assert LESSON.size == sum(per_layer) == 26
    rows = parameter_count(net)
    assert [(row.name, row.by_hand, row.count) for row in rows] == [
        ("linear1", 12, 12),
        ("linear2", 8, 8),
        ("out", 6, 6),
    ]


def test_the_summary_is_the_lesson_s_line_for_line() -> None:
    text = summary_text(ThreeLayerNet(seed=40), (3,), 5)
    assert one_space(text) == SUMMARY.splitlines()
    assert re.findall(r"-?\d+(?:\.\d+)?", text) == re.findall(r"-?\d+(?:\.\d+)?", SUMMARY)


def test_the_summary_is_torchsummary_s_own_to_the_character(printed: str) -> None:
    own = printed.removeprefix(SHAPES).partition(TITLE)[0]
    assert one_space(own) == SUMMARY.splitlines()
    assert summary_text(ThreeLayerNet(seed=40), (3,), 5) == own
    assert summary_text(lesson_model(), (3,), 5) == own


def test_the_lesson_s_parameters_print_as_in_the_lesson() -> None:
    net = ThreeLayerNet(seed=1).load(LESSON_PRINTED)
    assert one_space(net.printed()) == PARAMETERS.splitlines()
    assert net.printed() == Net(LESSON, seed=2).load(LESSON_PRINTED).printed()


@pytest.mark.products
def test_the_lesson_s_parameters_make_the_lesson_s_steps_by_hand() -> None:
    """Zeros in, so that the first layer gives its bias; the rest by exact arithmetic on what is printed."""
    net = ThreeLayerNet().load(LESSON_PRINTED).double()
    steps = net.steps(torch.zeros(1, 3, dtype=torch.float64))
    assert [(step.layer, step.kind) for step in steps] == [
        ("input", "input"),
        ("linear1", "linear"),
        ("linear1", "sigmoid"),
        ("linear2", "linear"),
        ("linear2", "relu"),
        ("out", "linear"),
        ("out", "softmax"),
    ]
    hidden = 1 / (1 + torch.exp(-torch.tensor([-0.0769, -0.3757, -0.0714], dtype=torch.float64)))
    a, b, c = hidden.tolist()
    z = [0.7111 * a - 0.3630 * b + 0.6903 * c - 0.2732, 0.5848 * a + 1.1082 * b + 0.7090 * c + 0.3150]
    u = [-0.5128 * z[0] + 0.1292 * z[1] + 0.0501, 0.5511 * z[0] - 0.1931 * z[1] + 0.1868]
    assert min(z) > 0
    softmax = torch.tensor(u, dtype=torch.float64).exp()
    torch.testing.assert_close(steps[-3].value[0].tolist(), z, rtol=1e-6, atol=0)
    torch.testing.assert_close(steps[-1].value[0], softmax / softmax.sum(), rtol=1e-6, atol=0)


def test_the_whole_printout_is_the_lesson_s_line_for_line() -> None:
    net = ThreeLayerNet().load(LESSON_PRINTED)
    x = torch.zeros(5, 3)
    ours = f"mydata shape {x.shape}\noutput shape--> {net(x).shape}\n"
    ours += summary_text(net, (3,), 5) + TITLE + net.printed()
    assert one_space(ours) == (SHAPES + SUMMARY + TITLE + PARAMETERS).splitlines()


def test_the_whole_printout_of_seed_40_is_the_listing_s_to_the_character(printed: str) -> None:
    net = ThreeLayerNet(seed=40)
    assert printed == SHAPES + summary_text(net, (3,), 5) + TITLE + net.printed() + "\n"

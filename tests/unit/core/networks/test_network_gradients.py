"""A network's loss and gradients are those of the chain rule by hand and of torch's autograd."""

import math
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from core import Net, Network, NetworkError
from core.networks.module import backward, seeded_input
from core.networks.network import FOLLOWS
from tests.support.marks import dtypes, generator_stays
from tests.support.plain_network import LABELS, MODULES
from tests.support.products import assert_close, rounding

pytestmark = generator_stays


def cross_entropy(outputs: Tensor, labels: Sequence[int]) -> Tensor:
    """Return the mean of −ln(e^u of the label / Σ e^u), written out."""
    picked = outputs[range(len(labels)), list(labels)]
    return (outputs.exp().sum(dim=1).log() - picked).mean()


@pytest.mark.parametrize("last", ["softmax", "linear"])
def test_gradients_are_those_of_the_chain_rule_by_hand(last: str) -> None:
    net = Net(Network.of(f"3-5.normal.tanh-4.normal.no_bias.sigmoid-3.{last}"), seed=3, dtype=torch.float64)
    x = seeded_input(7, 3, seed=4, dtype=torch.float64)
    result = backward(net, x, LABELS)
    with torch.no_grad():
        w1, b1, w2, w3, b3 = net.parameters()
        h = torch.tanh(x @ w1.T + b1)
        s = 1 / (1 + torch.exp(-(h @ w2.T)))
        u = s @ w3.T + b3
        p = u.exp() / u.exp().sum(dim=1, keepdim=True)
        one_hot = torch.eye(3, dtype=torch.float64)[LABELS]
        d3 = (p - one_hot) / 7
        d2 = (d3 @ w3) * s * (1 - s)
        d1 = (d2 @ w2) * (1 - h**2)
        loss = -(p * one_hot).sum(dim=1).log().mean()
    assert result.loss == pytest.approx(float(loss), rel=1e-13)
    assert [g.layer for g in result.gradients] == ["linear1", "linear2", "out"]
    expected = ((d1.T @ x, d1.sum(dim=0)), (d2.T @ h, None), (d3.T @ s, d3.sum(dim=0)))
    for gradient, (weight, bias) in zip(result.gradients, expected, strict=True):
        torch.testing.assert_close(gradient.weight, weight, rtol=1e-11, atol=1e-15)
        assert (gradient.bias is None) == (bias is None)
        if bias is not None:
            torch.testing.assert_close(gradient.bias, bias, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("follows", [key for key in FOLLOWS if key != "softmax"])
@pytest.mark.parametrize("last", [".softmax", "", ".relu", ".tanh"])
def test_gradients_are_autograd_s_of_a_loss_written_out(follows: str, last: str) -> None:
    net = Net(Network.of(f"4-6.normal.{follows}-5.zeros_bias.{follows}-3{last}"), seed=8, dtype=torch.float64)
    x = seeded_input(7, 4, seed=4, dtype=torch.float64)
    result = backward(net, x, LABELS)
    one, two, out = (net.get_submodule(name) for name in ("linear1", "linear2", "out"))
    u = out(MODULES[follows](two(MODULES[follows](one(x)))))
    loss = cross_entropy(MODULES[last[1:]](u) if last not in {"", ".softmax"} else u, LABELS)
    expected = torch.autograd.grad(loss, list(net.parameters()))
    assert result.loss == pytest.approx(loss.item(), rel=1e-12)
    found = [part for gradient in result.gradients for part in (gradient.weight, gradient.bias)]
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-14)


def test_softmax_inside_the_network_stays_where_it_is() -> None:
    net = Net(Network.of("4-6.softmax-3"), seed=8, dtype=torch.float64)
    x = seeded_input(7, 4, seed=4, dtype=torch.float64)
    loss = cross_entropy(net.out(torch.softmax(net.linear1(x), dim=-1)), LABELS)
    assert backward(net, x, LABELS).loss == pytest.approx(loss.item(), rel=1e-12)


@pytest.mark.products
def test_a_last_softmax_changes_neither_loss_nor_gradients() -> None:
    x = seeded_input(7, 4, seed=4)
    one, two = (
        backward(Net(Network.of(f"4-6.relu-3{last}"), seed=8), x, LABELS) for last in ("", ".softmax")
    )
    assert one.loss == pytest.approx(two.loss, rel=rounding(torch.float32, depth=2, width=6))
    for a, b in zip(one.gradients, two.gradients, strict=True):
        assert_close(a.weight, b.weight, depth=4, width=7)


def test_the_loss_of_equal_probabilities_is_the_logarithm_of_their_number() -> None:
    for classes in (2, 3, 10):
        net = Net(Network.of(f"4-{classes}.zeros.zeros_bias.softmax"), seed=8, dtype=torch.float64)
        loss = backward(net, seeded_input(5, 4, seed=4, dtype=torch.float64), [0, 1, 1, 0, classes - 1]).loss
        assert loss == pytest.approx(math.log(classes), rel=1e-14)


def test_a_certain_and_wrong_answer_costs_what_it_should() -> None:
    """Far where e^u overflows: the loss is the difference of the outputs."""
    net = Net(Network.of("2-2.softmax"), seed=0).load(
        {"out.weight": ((1e3, 0.0), (0.0, 1e3)), "out.bias": (0.0, 0.0)}
    )
    x = torch.tensor([[1.0, -1.0]])
    assert backward(net, x, [0]).loss == 0
    assert backward(net, x, [1]).loss == 2000


@dtypes
def test_gradients_have_the_network_s_dtype_and_leave_nothing_behind(dtype: torch.dtype) -> None:
    net = Net(Network.of("4-6.relu.no_bias-3.softmax"), seed=8, dtype=dtype)
    before = {name: p.clone() for name, p in net.named_parameters()}
    x = seeded_input(7, 4, seed=4, dtype=dtype)
    result = backward(net, x, LABELS)
    assert {g.weight.dtype for g in result.gradients} == {dtype}
    assert type(result.loss) is float
    for name, p in net.named_parameters():
        assert p.grad is None
        assert torch.equal(p, before[name])
    double = backward(net.double(), x.double(), LABELS)
    step = torch.finfo(dtype).eps
    assert result.loss == pytest.approx(double.loss, rel=20 * step)
    for ours, exact in zip(result.gradients, double.gradients, strict=True):
        torch.testing.assert_close(ours.weight.double(), exact.weight, rtol=0, atol=20 * step)


@pytest.mark.parametrize(
    "labels",
    [[], [0], [0, 1, 2, 0], [0, 1, 3], [0, 1, -1], [0, 1, 1.0], [0, 1, True], [0, 1, "1"], [0, 1, None]],
    ids=str,
)
def test_labels_are_one_a_row_and_whole_and_below_the_outputs(labels: list[Any]) -> None:
    net = Net(Network.of("4-6.relu-3.softmax"), seed=8)
    with pytest.raises(NetworkError) as refused:
        backward(net, torch.zeros(3, 4), labels)
    assert refused.value.code == "network.labels"
    assert refused.value.facts["classes"] == 3
    assert refused.value.facts["rows"] == 3


def test_labels_may_be_any_sequence_of_whole_numbers() -> None:
    net, x = Net(Network.of("4-3.softmax"), seed=8), seeded_input(3, 4, seed=1)
    expected = backward(net, x, [0, 2, 1]).loss
    assert backward(net, x, (0, 2, 1)).loss == expected
    assert backward(net, x, torch.tensor([0, 2, 1]).numpy()).loss == expected


def test_an_input_of_another_shape_has_no_gradients() -> None:
    with pytest.raises(NetworkError) as refused:
        backward(Net(Network.of("4-3.softmax"), seed=8), torch.zeros(3, 5), [0, 1, 2])
    assert refused.value.code == "network.input"

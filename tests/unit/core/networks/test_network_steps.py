"""A network runs step by step as plain torch's layers do, from inputs of its own shape alone."""

import pytest
import torch

from core import Net, Network, NetworkError
from core.networks.module import seeded_input
from tests.support.marks import dtypes, generator_stays
from tests.support.plain_network import MODULES, plain, text_of
from tests.support.products import assert_close

pytestmark = generator_stays


def test_steps_are_those_of_plain_torch() -> None:
    rows = [
        (6, "xavier_normal", "default", "sigmoid"),
        (5, "normal", "none", "linear"),
        (4, "kaiming_normal", "zeros", "relu"),
        (2, "classic_uniform", "default", "softmax"),
    ]
    net = Net(Network.of(text_of(3, rows)), seed=5)
    (one, _), (two, _), (three, _), (four, _) = plain(3, rows, seed=5)
    x = seeded_input(8, 3, seed=9)
    a = x @ one.weight.T + one.bias
    b = 1 / (1 + torch.exp(-a))
    c = b @ two.weight.T
    d = c @ three.weight.T
    e = d.clamp(min=0)
    f = e @ four.weight.T + four.bias
    g = f.exp() / f.exp().sum(dim=1, keepdim=True)
    expected = (
        ("input", "input", x),
        ("linear1", "linear", a),
        ("linear1", "sigmoid", b),
        ("linear2", "linear", c),
        ("linear3", "linear", d),
        ("linear3", "relu", e),
        ("out", "linear", f),
        ("out", "softmax", g),
    )
    steps = net.steps(x)
    assert [(step.layer, step.kind) for step in steps] == [(layer, kind) for layer, kind, _ in expected]
    for step, (_, _, value) in zip(steps, expected, strict=True):
        torch.testing.assert_close(step.value, value, rtol=1e-5, atol=1e-6)
    assert steps[0].value is x
    assert_close(net(x), steps[-1].value, depth=4, width=8)


@pytest.mark.products
def test_a_step_each_is_what_torch_s_own_modules_give() -> None:
    rows = [(5, "normal", "default", follows) for follows in MODULES]
    net = Net(Network.of(text_of(5, rows)), seed=5)
    x, steps = seeded_input(4, 5, seed=1), iter(net.steps(seeded_input(4, 5, seed=1)))
    assert torch.equal(next(steps).value, x)
    before = x
    for (layer, follows), (*_, key) in zip(plain(5, rows, seed=5), rows, strict=True):
        x = next(steps).value
        assert_close(x, layer(before), depth=1, width=5)
        if key != "linear":
            step = next(steps)
            assert step.kind == key
            assert torch.equal(step.value, follows(x))  # entry by entry: the same bits
            x = step.value
        before = x
    assert next(steps, None) is None


def test_softmax_inside_the_network_is_over_each_row() -> None:
    net = Net(Network.of("3-4.softmax-2"), seed=5)
    (inside,) = (step.value for step in net.steps(seeded_input(6, 3, seed=1)) if step.kind == "softmax")
    torch.testing.assert_close(inside.sum(dim=1), torch.ones(6))


@pytest.mark.parametrize("shape", [(), (3,), (5, 2), (5, 4), (2, 5, 3), (3, 5)])
def test_an_input_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    net = Net(Network.of("3-4-2"), seed=5)
    for call in (net, net.steps):
        with pytest.raises(NetworkError) as refused:
            call(torch.zeros(shape))
        assert refused.value.code == "network.input"
        assert refused.value.facts["inputs"] == 3
        assert refused.value.facts["shape"] == shape


def test_no_rows_in_are_no_rows_out() -> None:
    assert Net(Network.of("3-4.relu-2.softmax"), seed=5)(torch.zeros(0, 3)).shape == (0, 2)


@dtypes
@pytest.mark.parametrize("seed", [0, 40, -7, 2**64 - 1])
def test_a_seeded_input_is_torch_s_after_its_manual_seed(seed: int, dtype: torch.dtype) -> None:
    for shape in ((1, 1), (5, 3), (3, 5), (16, 1), (100, 784)):
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            expected = torch.randn(*shape, dtype=dtype)
        assert torch.equal(seeded_input(*shape, seed=seed, dtype=dtype), expected)

"""A network takes given parameters, prints its own, and knows the law of each."""

import math
from typing import Any

import pytest
import torch

from core import Net, Network, NetworkError
from tests.support.marks import dtypes, generator_stays

pytestmark = generator_stays


# Given parameters


def test_parameters_of_every_kind_of_bias_are_loaded_and_written() -> None:
    """Zeros are a bias too, of numbers that may be others later; no bias has none."""
    network = Network.of("3-4.zeros_bias.relu-2.no_bias-5")
    first, second = Net(network, seed=1), Net(network, seed=2)
    state = {name: value + 1 for name, value in first.state_dict().items()}
    assert [*state] == ["linear1.weight", "linear1.bias", "linear2.weight", "out.weight", "out.bias"]
    second.load(state)
    assert all(torch.equal(value, state[name]) for name, value in second.state_dict().items())
    for name in state:
        with pytest.raises(NetworkError):
            second.load({other: value for other, value in state.items() if other != name})


def test_given_parameters_take_the_place_of_the_drawn() -> None:
    net = Net(Network.of("2-2.no_bias-1"), seed=0)
    values = {"linear1.weight": ((1, 2), (3, 4)), "out.weight": [[5.5, -6]], "out.bias": (0.1,)}
    assert net.load(values) is net
    assert net.linear1.weight.tolist() == [[1, 2], [3, 4]]
    assert net(torch.tensor([[1.0, -1.0]])).item() == pytest.approx(5.5 * -1 - 6 * -1 + 0.1)
    assert all(p.requires_grad and p.is_leaf for p in net.parameters())


@dtypes
def test_given_parameters_are_rounded_once_to_the_dtype(dtype: torch.dtype) -> None:
    values = {"out.weight": ((1 / 3, math.pi),), "out.bias": (1e-3,)}
    net = Net(Network.of("2-1"), seed=0, dtype=dtype).load(values)
    assert torch.equal(net.out.weight, torch.tensor([[1 / 3, math.pi]], dtype=dtype))
    assert torch.equal(net.out.bias, torch.tensor([1e-3], dtype=dtype))


GIVEN = {
    "linear1.weight": ((1, 2), (3, 4)),
    "linear1.bias": (0, 0),
    "out.weight": ((5, 6),),
    "out.bias": (7,),
}


@pytest.mark.parametrize(
    "change",
    [
        {"out.bias": None},
        {"extra": (1,)},
        {"out.weight": (5, 6)},
        {"out.weight": ((5,), (6,))},
        {"out.weight": ((5, 6, 7),)},
        {"out.weight": ((),)},
        {"out.bias": 7},
        {"out.bias": ((7,),)},
        {"linear1.weight": ((1, 2), (3, 4), (5, 6))},
        {"linear1.weight": ((1, 2), (3,))},
    ],
    ids=str,
)
def test_parameters_of_other_names_or_shapes_are_refused(change: dict[str, Any]) -> None:
    net = Net(Network.of("2-2.relu-1"), seed=0)
    before = {name: p.clone() for name, p in net.named_parameters()}
    values = {name: value for name, value in (GIVEN | change).items() if value is not None}
    with pytest.raises(NetworkError) as refused:
        net.load(values)
    assert refused.value.code == "network.parameters"
    assert refused.value.facts["names"] == tuple(GIVEN)
    assert all(torch.equal(p, before[name]) for name, p in net.named_parameters())


def test_parameters_print_as_torch_prints_them() -> None:
    net = Net(Network.of("2-2.no_bias-1"), seed=0)
    expected = [f"{name} {parameter}" for name, parameter in net.named_parameters()]
    assert net.printed() == "\n".join(expected)
    assert net.printed().startswith("linear1.weight Parameter containing:\ntensor([[")


# Laws


def test_every_parameter_has_its_law_by_its_source() -> None:
    network = Network.of(
        "48-27.xavier_normal-50.kaiming_uniform(nonlinearity=relu).zeros_bias-9.kaiming_normal.no_bias"
        "-4.xavier_uniform(gain=2)-5.constant(val=0.5)-3"
    )
    laws = Net(network, seed=1).laws()
    #: walls, mean and std; a bias reaches to ±1/√fan_in of its weight
    inf = math.inf
    expected = {
        "linear1.weight": (inf, 0, math.sqrt(2 / 75)),
        "linear1.bias": (1 / math.sqrt(48), 0, 1 / math.sqrt(3 * 48)),
        "linear2.weight": (math.sqrt(6 / 27), 0, math.sqrt(2 / 27)),
        "linear2.bias": (0, 0, 0),
        "linear3.weight": (inf, 0, math.sqrt(2 / 50)),
        "linear4.weight": (2 * math.sqrt(6 / 13), 0, 2 * math.sqrt(2 / 13)),
        "linear4.bias": (1 / 3, 0, 1 / math.sqrt(27)),
        "linear5.weight": (0.5, 0.5, 0),
        "linear5.bias": (1 / 2, 0, 1 / math.sqrt(12)),
        "out.weight": (1 / math.sqrt(5), 0, 1 / math.sqrt(15)),
        "out.bias": (1 / math.sqrt(5), 0, 1 / math.sqrt(15)),
    }
    assert list(laws) == list(expected)
    for name, (wall, mean, std) in expected.items():
        assert laws[name].support[1] == pytest.approx(wall, rel=1e-6), name
        assert laws[name].mean == pytest.approx(mean, abs=1e-12), name
        assert laws[name].std == pytest.approx(std, rel=1e-6), name
    (band,) = laws["linear1.weight"].bands
    assert (band.low, band.high) == pytest.approx((-3 * math.sqrt(2 / 75), 3 * math.sqrt(2 / 75)), rel=1e-12)
    assert laws["linear1.bias"].support[0] == pytest.approx(-1 / math.sqrt(48), rel=1e-6)


def test_parameters_keep_to_the_walls_of_their_laws() -> None:
    network = Network.of("48-100.relu-300.xavier_uniform.zeros_bias.relu-10.kaiming_uniform.softmax")
    net = Net(network, seed=1)
    laws = net.laws()
    assert set(laws) == {name for name, _ in net.named_parameters()}
    for name, p in net.named_parameters():
        low, high = laws[name].support
        assert low - 1e-6 <= p.min() <= p.max() <= high + 1e-6
        assert p.std().item() == pytest.approx(laws[name].std, rel=0.35), name

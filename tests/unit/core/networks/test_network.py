"""A network has the layers of plain torch, their sizes and their draws, and moves no global generator."""

from collections.abc import Sequence

import pytest
import torch
from torch import nn

from core import DtypeError, Net, Network, summary_text
from core.errors import DeviceError, InitLabError
from core.networks.module import backward, different_units, seeded_input
from core.networks.network import FOLLOWS, LINEAR_SCHEMES
from tests.support.marks import dtypes, generator_stays
from tests.support.plain_network import FILLS, MODULES, Row, plain, run, text_of
from tests.support.products import assert_close, assert_drawn_alike

pytestmark = generator_stays
gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def assert_same(
    inputs: int, rows: Sequence[Row], *, seed: int, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> None:
    """Assert that ``Net`` is ``plain``: its parameters bit for bit, and its output but for rounding."""
    net = Net(Network.of(text_of(inputs, rows)), seed=seed, device=device, dtype=dtype)
    layers = plain(inputs, rows, seed=seed, device=device, dtype=dtype)
    names = [*(f"linear{i}" for i in range(1, len(rows))), "out"]
    expected = {
        f"{name}.{own}": p
        for name, (layer, _) in zip(names, layers, strict=True)
        for own, p in layer.named_parameters()
    }
    parameters = dict(net.named_parameters())
    assert list(parameters) == list(expected)
    for name, p in parameters.items():
        assert isinstance(p, nn.Parameter)
        assert p.requires_grad
        assert (p.dtype, p.device.type) == (dtype, torch.device(device).type)
        assert_drawn_alike(p, expected[name], str(rows))
    x = torch.linspace(-2, 2, 7 * inputs, dtype=torch.float64).reshape(7, inputs).to(device, dtype)
    assert_close(net(x), run(layers, x), depth=len(rows), width=max(inputs, *(row[0] for row in rows)))


# Sizes


def test_names_shapes_and_sizes_are_those_of_the_layers() -> None:
    network = Network.of("5-4.relu-3.no_bias.tanh-2.zeros_bias.softmax")
    assert network.names == ("linear1", "linear2", "out")
    assert network.shapes == ((4, 5), (3, 4), (2, 3))
    assert network.size == (5 * 4 + 4) + 4 * 3 + (3 * 2 + 2)
    assert network.outputs == 2
    net = Net(network, seed=0)
    assert {name: tuple(p.shape) for name, p in net.named_parameters()} == {
        "linear1.weight": (4, 5),
        "linear1.bias": (4,),
        "linear2.weight": (3, 4),
        "out.weight": (2, 3),
        "out.bias": (2,),
    }
    assert sum(p.numel() for p in net.parameters()) == network.size
    assert Network.of("784-128-10").size == 101_770
    assert Network.of("-".join(["4096"] * 17)).size == 16 * 4097 * 4096


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("5-4.ones.tanh-3.relu", True),
        ("5-4.zeros_bias-3", True),
        ("5-4.no_bias-3", False),
        ("5-4-3.no_bias", False),
        ("5-4-4", False),
        ("6-4-3", False),
        ("5-4", False),
        ("5-4-3-3", False),
    ],
)
def test_networks_have_the_same_sizes_where_parameters_have_the_same_shapes(other: str, same: bool) -> None:  # noqa: FBT001
    assert Network.of("5-4-3").same_sizes(Network.of(other)) is same
    assert Network.of(other).same_sizes(Network.of("5-4-3")) is same


# A Net is plain torch's


def test_every_scheme_and_everything_that_follows_has_its_torch_call() -> None:
    assert {word.partition("(")[0] for word in FILLS} | {"variance_scaling"} == set(LINEAR_SCHEMES)
    assert set(MODULES) == set(FOLLOWS)


@dtypes
@pytest.mark.parametrize("scheme", FILLS)
def test_every_scheme_draws_what_plain_torch_draws(scheme: str, dtype: torch.dtype) -> None:
    """Wide, tall and of one unit; before and after other layers; with each kind of bias."""
    if dtype.itemsize == 2 and scheme.partition("(")[0] == "orthogonal":
        with pytest.raises(DtypeError) as refused:
            Net(Network.of(f"3-5-4.{scheme}-2"), seed=1, dtype=dtype)
        assert refused.value.facts["at"] == 2
        return
    for i, bias in enumerate(("default", "zeros", "none")):
        rows = [
            (17, scheme, bias, "tanh"),
            (5, scheme, "default", "linear"),
            (9, "xavier_normal", "default", "relu"),
            (1, scheme, bias, "sigmoid"),
            (4, scheme, bias, "softmax"),
        ]
        assert_same(7, rows, seed=40 + i, dtype=dtype)


@dtypes
@pytest.mark.parametrize("follows", MODULES)
def test_every_activation_is_torch_s_own_module(follows: str, dtype: torch.dtype) -> None:
    assert_same(
        5, [(33, "normal", "default", follows), (3, "classic_uniform", "none", follows)], seed=2, dtype=dtype
    )


@pytest.mark.parametrize("seed", [0, 1, -7, 2**31, 2**63, 2**64 - 1, -(2**63)])
def test_a_seed_is_torch_s(seed: int) -> None:
    rows = [(4, "sparse", "default", "relu"), (2, "xavier_uniform", "default", "softmax")]
    assert_same(3, rows, seed=seed)


def test_a_larger_network_is_plain_torch_s() -> None:
    rows = [
        (300, "kaiming_normal", "zeros", "relu"),
        (128, "trunc_normal", "default", "gelu"),
        (10, "classic_uniform", "default", "softmax"),
    ]
    assert_same(784, rows, seed=40)


def test_default_dtype_and_device_of_the_process_do_not_matter() -> None:
    before = Net(Network.of("3-4.ones-2"), seed=1)
    torch.set_default_dtype(torch.float64)
    try:
        with torch.device("meta"):
            net, x = Net(Network.of("3-4.ones-2"), seed=1), seeded_input(2, 3, seed=1)
    finally:
        torch.set_default_dtype(torch.float32)
    assert all(torch.equal(p, q) for p, q in zip(net.parameters(), before.parameters(), strict=True))
    assert torch.equal(x, seeded_input(2, 3, seed=1))


@gpu
def test_on_a_gpu_it_is_plain_torch_s_too() -> None:
    for scheme in FILLS:
        rows = [(9, scheme, "default", "tanh"), (4, scheme, "zeros", "softmax")]
        state = torch.cuda.get_rng_state()
        assert_same(5, rows, seed=40, device="cuda")
        assert torch.equal(torch.cuda.get_rng_state(), state)
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        torch.manual_seed(3)
        expected = torch.randn(6, 5, device="cuda")
    assert torch.equal(seeded_input(6, 5, seed=3, device="cuda"), expected)


@pytest.mark.skipif(torch.cuda.is_available(), reason="has a CUDA device")
def test_a_device_that_is_not_there_is_refused_at_the_first_layer() -> None:
    with pytest.raises(DeviceError) as refused:
        Net(Network.of("3-4-2"), seed=1, device="cuda")
    assert refused.value.facts["at"] == 1
    with pytest.raises(DeviceError):
        seeded_input(2, 3, seed=1, device="cuda")


def test_nothing_is_drawn_before_every_layer_is_checked() -> None:
    network = Network.of("3-4.normal-4.ones-2.normal(std=1e10)")
    with pytest.raises(DtypeError) as refused:
        Net(network, seed=1, dtype=torch.float16)
    assert refused.value.code == "dtype.range"
    assert refused.value.facts["at"] == 3
    network.check(dtype=torch.float64)
    with pytest.raises(DtypeError):
        network.check(dtype=torch.int64)


# The global generator


def test_the_global_generator_does_not_move() -> None:
    """Where it stands somewhere on its way, and where a draw has left half a pair behind."""
    with torch.random.fork_rng([]):
        torch.manual_seed(11)
        torch.randn(1)
        for _ in range(2):
            state = torch.get_rng_state()
            net = Net(Network.of("3-4.sparse.relu-5.orthogonal-2.trunc_normal.softmax"), seed=1)
            x = seeded_input(6, 3, seed=1)
            net(x)
            summary_text(net, (3,), 6)
            backward(net, x, [0, 1, 1, 0, 1, 0])
            net.laws()
            different_units(net.out.weight)
            with pytest.raises(InitLabError):
                Net(Network.of("3-4.orthogonal"), seed=1, dtype=torch.float16)
            assert torch.equal(torch.get_rng_state(), state)


def test_the_global_generator_is_put_back_where_a_draw_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        torch.rand(1)
        raise MemoryError

    monkeypatch.setattr(nn.init, "xavier_normal_", fails)
    with pytest.raises(MemoryError):
        Net(Network.of("3-4.xavier_normal"), seed=1)
    monkeypatch.undo()
    Net(Network.of("3-4.xavier_normal"), seed=1)  # nobody holds the generator any more

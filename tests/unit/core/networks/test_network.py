"""Networks: read and written, built as plain torch builds them, run and differentiated."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from core import Dense, DtypeError, Net, Network, NetworkError, ParameterError, summary_text
from core.errors import DeviceError, InitLabError
from core.networks.module import backward, different_units, seeded_input
from core.networks.network import FOLLOWS, LINEAR_SCHEMES, MAX_LAYERS, MAX_UNITS
from core.weights.spelling import parameters_of, written_parameters
from tests.support.marks import dtypes, generator_stays
from tests.support.products import assert_close, assert_drawn_alike, rounding
from tests.support.torch_calls import CALLS

pytestmark = generator_stays
init = nn.init
gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")

#: of a linear layer; the first is what it has of itself
FILLS: dict[str, Callable[[Tensor], object]] = {"classic_uniform": lambda _: None, **CALLS}
#: an activation, and torch's module
MODULES: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": nn.Identity(),
    "relu": nn.ReLU(),
    "leaky_relu": nn.LeakyReLU(),
    "tanh": nn.Tanh(),
    "sigmoid": nn.Sigmoid(),
    "hard_tanh": nn.Hardtanh(),
    "erf": torch.special.erf,
    "gelu": nn.GELU(),
    "silu": nn.SiLU(),
    "mish": nn.Mish(),
    "elu": nn.ELU(),
    "selu": nn.SELU(),
    "softplus": nn.Softplus(),
    "softsign": nn.Softsign(),
    "softmax": nn.Softmax(dim=-1),
}
#: units, scheme, bias, activation
Row = tuple[int, str, str, str]


def text_of(inputs: int, rows: Sequence[Row]) -> str:
    bias = {"default": "", "zeros": ".zeros_bias", "none": ".no_bias"}
    return f"{inputs}-" + "-".join(f"{n}.{scheme}{bias[b]}.{follows}" for n, scheme, b, follows in rows)


def plain(
    inputs: int,
    rows: Sequence[Row],
    *,
    seed: int,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> list[tuple[nn.Linear, Callable[[Tensor], Tensor]]]:
    """Build the layers as one would by hand after ``torch.manual_seed``."""
    layers = []
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        for units, scheme, bias, follows in rows:
            layer = nn.Linear(inputs, units, bias=bias != "none", device=device, dtype=dtype)
            FILLS[scheme](layer.weight)
            if bias == "zeros":
                nn.init.zeros_(layer.bias)
            layers.append((layer, MODULES[follows]))
            inputs = units
    return layers


def run(layers: Sequence[tuple[nn.Linear, Callable[[Tensor], Tensor]]], x: Tensor) -> Tensor:
    for layer, follows in layers:
        x = follows(layer(x))
    return x


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


# Reading and writing


@pytest.mark.parametrize(
    "text",
    [
        "1-1",
        "3-4.relu-2.softmax",
        "3-3.xavier_normal.sigmoid-2.kaiming_normal.relu-2.softmax",
        "784-128.kaiming_uniform(nonlinearity=relu).relu-10.softmax",
        "3-2.constant(val=-0.5).zeros_bias.tanh-2.no_bias",
        "4096-4096.uniform(b=1e-05,a=-2.5e-07).erf",
        "3-2.normal(std=1e+20)",
        "5-4.variance_scaling(distribution=uniform,scale=2,mode=fan_avg)-3.gpt2_residual(n_layer=48,std=0.5)",
        "-".join(["7"] * 17),
    ],
)
def test_a_network_is_written_as_it_was_read(text: str) -> None:
    network = Network.of(text)
    assert str(network) == text
    assert Network.of(str(network)) == network
    assert hash(Network.of(text)) == hash(network)


def test_the_parts_of_a_text_are_what_they_say() -> None:
    network = Network.of("5-4.xavier_normal(gain=2).zeros_bias.tanh-3.no_bias-2.softmax")
    assert network.inputs == 5
    assert network.layers == (
        Dense(4, "xavier_normal", (("gain", 2.0),), "tanh", "zeros"),
        Dense(3, bias="none"),
        Dense(2, activation="softmax"),
    )
    assert Dense(3) == Dense(3, "classic_uniform", (), "linear", "default")


@pytest.mark.parametrize(
    ("loose", "text"),
    [
        (" 3-2 \n", "3-2"),
        ("03-002", "3-2"),
        ("3-2.classic_uniform.linear", "3-2"),
        ("3-2.relu.no_bias.constant( val = 5.0 )", "3-2.constant.no_bias.relu"),
        ("3-2.relu.constant(val=1e-3)", "3-2.constant(val=0.001).relu"),
        ("3-2.constant(val=−2)", "3-2.constant(val=-2)"),
        ("3-2.normal(mean=1,std=2)", "3-2.normal(std=2,mean=1)"),
        ("3-2.xavier_normal(gain=1)", "3-2.xavier_normal"),
    ],
)
def test_defaults_order_and_spaces_do_not_change_what_is_meant(loose: str, text: str) -> None:
    assert str(Network.of(loose)) == text
    assert Network.of(loose) == Network.of(text)


PARAMETERS = (
    ("constant", {"val": -0.125}),
    ("uniform", {"a": -3e-7, "b": 1.0}),
    ("normal", {"std": 1e30}),
    ("kaiming_normal", {"nonlinearity": "conv_transpose1d", "mode": "fan_out", "a": 0.1234567890123456}),
    ("sparse", {"sparsity": 0.25}),
    ("gpt2_residual", {"n_layer": 48}),
)
denses = st.builds(
    lambda units, row, activation, bias: Dense(
        units, row[0], tuple((n, v) for n, v in row[1].items() if (n, v) != ("b", 1.0)), activation, bias
    ),
    st.integers(1, 4096),
    st.sampled_from(PARAMETERS) | st.sampled_from([(key, {}) for key in LINEAR_SCHEMES]),
    st.sampled_from(FOLLOWS),
    st.sampled_from(["default", "zeros", "none"]),
)


@given(inputs=st.integers(1, 4096), layers=st.lists(denses, min_size=1, max_size=16))
def test_any_network_comes_back_from_its_text(inputs: int, layers: list[Dense]) -> None:
    network = Network(inputs, tuple(layers))
    assert Network.of(str(network)) == network


def test_the_longest_text_comes_back_whole() -> None:
    wordy = (
        "4096.kaiming_normal(nonlinearity=conv_transpose1d,mode=fan_out,a=0.1234567890123456).zeros_bias.relu"
    )
    network = Network(4096, (Dense.of(wordy),) * 16)
    assert len(Network.of(str(network)).layers) == 16
    assert Network.of(str(network)) == network


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        ("", "network.units", 0),
        ("-", "network.units", 0),
        ("a-4", "network.units", 0),
        ("3.5-4", "network.units", 0),
        ("3.relu-4", "network.units", 0),
        ("-3-4", "network.units", 0),
        ("0-4", "network.units", 0),
        ("4097-4", "network.units", 0),
        ("1234567890-4", "network.units", 0),
        ("٣-4", "network.units", 0),
        ("3-", "network.units", 1),
        ("3--4", "network.units", 1),
        ("3-4-relu", "network.units", 2),
        ("3-0", "network.units", 1),
        ("3-4-0-2", "network.units", 2),
        ("3-4097-2", "network.units", 1),
        ("3-4-2-1e9", "network.units", 3),
        ("3-4.RELU", "network.word", 1),
        ("3-4.-2", "network.word", 1),
        ("3-4.relu.tanh", "network.word", 1),
        ("3-4.relu.relu", "network.word", 1),
        ("3-4.linear.softmax", "network.word", 1),
        ("3-4.no_bias.zeros_bias", "network.word", 1),
        ("3-4.no_bias.no_bias", "network.word", 1),
        ("3-4-2.ones.zeros", "network.word", 2),
        ("3-4-2.ones.ones", "network.word", 2),
        ("3-4.dirac", "network.word", 1),
        ("3-4.no", "network.word", 1),
        ("3-4._bias", "network.word", 1),
        ("3-4.relu(a=1)", "network.word", 1),
        ("3-4.no_bias(1)", "network.word", 1),
        ("3-4.sigmoid-2.kaiming", "network.word", 2),
        ("3-4.constant(5)", "parameter.text", 1),
        ("3-4-2.constant(val=5,val=5)", "parameter.text", 2),
        ("3-4.constant(gain=5)", "parameter.unknown", 1),
        ("3-4.zeros(val=5)", "parameter.unknown", 1),
        ("3-4.constant(val=)", "parameter.number", 1),
        ("3-4.constant(val=five)", "parameter.number", 1),
        ("3-4.constant(val=nan)", "parameter.number", 1),
        ("3-4.constant(val=inf)", "parameter.number", 1),
        ("3-4.normal(std=-1)", "parameter.number", 1),
        ("3-4.gpt2_residual(n_layer=1.5)", "parameter.number", 1),
        ("3-4.uniform(a=2,b=1)", "parameter.order", 1),
        ("3-4.kaiming_normal(mode=fan)", "parameter.choice", 1),
    ],
)
def test_what_cannot_be_read_is_refused_and_its_part_is_named(text: str, code: str, at: int) -> None:
    with pytest.raises(InitLabError) as refused:
        Network.of(text)
    assert refused.value.code == code
    assert type(refused.value) is (ParameterError if code.startswith("parameter") else NetworkError)
    assert refused.value.facts["at"] == at


@pytest.mark.parametrize(
    "text", ["3-4.constant(val=2", "3-4.constant(", "3-4.relu(", "3-4.constant(val=2))", "3-4.constant)"]
)
def test_brackets_that_do_not_match_are_refused(text: str) -> None:
    with pytest.raises(InitLabError):
        Network.of(text)


@pytest.mark.parametrize("text", ["3", " 3 ", "-".join(["3"] * 18)])
def test_a_network_has_from_1_to_16_layers(text: str) -> None:
    with pytest.raises(NetworkError) as refused:
        Network.of(text)
    assert refused.value.code == "network.layers"
    assert refused.value.facts["most"] == MAX_LAYERS == 16


@pytest.mark.parametrize("units", [0, -1, 4097, 2.0, True, "3", None])
def test_sizes_are_whole_numbers_from_1_to_4096(units: Any) -> None:
    assert MAX_UNITS == 4096
    for build in (lambda: Network(units, (Dense(2),)), lambda: Network(2, (Dense(2), Dense(units)))):
        with pytest.raises(NetworkError) as refused:
            build()
        assert refused.value.code == "network.units"


def test_a_million_characters_are_refused_like_a_few() -> None:
    for text in (
        "3-" * 500_000,
        "3" * 1_000_000,
        "3-2." + "(" * 1_000_000,
        "3-2.constant(" + "-" * 1_000_000,
    ):
        with pytest.raises(InitLabError) as refused:
            Network.of(text)
        assert len(str(refused.value)) < 5000


@pytest.mark.parametrize(
    ("scheme", "text", "params", "written"),
    [
        ("constant", "", (), ""),
        ("constant", " , ", (), ""),
        ("constant", "val=5", (), ""),
        ("constant", "val=6", (("val", 6.0),), "val=6"),
        ("uniform", "a = -1e-3 , b=2", (("b", 2.0), ("a", -0.001)), "b=2,a=-0.001"),
        ("kaiming_normal", "mode=fan_out,a=0", (("mode", "fan_out"),), "mode=fan_out"),
        ("gpt2_residual", "n_layer=48", (("n_layer", 48),), "n_layer=48"),
        ("normal", "std=1e30", (("std", 1e30),), "std=1e+30"),
        ("normal", "std=0.1", (("std", 0.1),), "std=0.1"),
    ],
)
def test_parameters_are_read_in_the_scheme_s_order_without_its_defaults(
    scheme: str, text: str, params: tuple[tuple[str, float | str], ...], written: str
) -> None:
    assert parameters_of(scheme, text) == params
    assert written_parameters(params) == written
    assert parameters_of(scheme, written) == params


@given(st.floats(1e-30, 1e30) | st.floats(-1e30, -1e-30))
def test_any_number_comes_back_from_its_text_to_the_last_bit(value: float) -> None:
    params = (("val", value),) if value != 5 else ()
    assert parameters_of("constant", written_parameters(params)) == params


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


# Running


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


# Gradients


def cross_entropy(outputs: Tensor, labels: Sequence[int]) -> Tensor:
    """Return the mean of −ln(e^u of the label / Σ e^u), written out."""
    picked = outputs[range(len(labels)), list(labels)]
    return (outputs.exp().sum(dim=1).log() - picked).mean()


LABELS = [0, 2, 1, 1, 0, 2, 2]


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


# Symmetry


ULP = 2.0**-23


@pytest.mark.parametrize(
    ("rows", "different"),
    [
        ([[1.0, 2.0]], 1),
        ([[1.0, 2.0]] * 5, 1),
        ([[0.0, 0.0]] * 3, 1),
        ([[0.0, -0.0], [-0.0, 0.0]], 1),
        ([[1.0, 2.0], [2.0, 1.0]], 2),
        ([[1.0, 2.0], [2.0, 1.0], [1.0, 2.0]], 2),
        ([[1.0, 2.0], [1.0, 2.0], [1.0, 2.1]], 2),
        ([[1.0, 2.0], [1.0 + ULP, 2.0]], 1),
        ([[1.0, 2.0], [1.0 + ULP, 2.0 - 2 * ULP], [1.0 - ULP, 2.0]], 1),
        ([[1.0, 2.0], [1.0 + 64 * ULP, 2.0]], 2),
        ([[1e-30, 2e-30], [1e-30, 3e-30]], 2),
        ([[1e30, 2e30], [1e30, 3e30]], 2),
        ([[1.0], [2.0], [3.0], [4.0]], 4),
        # equal but for rounding, beside one that differs
        ([[1.0, 2.0], [1.0 + ULP, 2.0], [5.0, 6.0]], 2),
        ([[5.0, 6.0], [1.0, 2.0], [1.0, 2.0 + 2 * ULP], [1.0, 2.0]], 2),
    ],
    ids=str,
)
def test_different_units_are_rows_that_differ_by_more_than_rounding(
    rows: list[list[float]], different: int
) -> None:
    assert different_units(torch.tensor(rows)) == different
    assert different_units(torch.tensor(rows[::-1], requires_grad=True)) == different


@dtypes
def test_rounding_is_the_dtype_s_own(dtype: torch.dtype) -> None:
    step = torch.finfo(dtype).eps
    rows = torch.tensor([[1.0, 1.0], [1.0, 1.0 + 2 * step]], dtype=dtype)
    assert not torch.equal(rows[0], rows[1])
    assert different_units(rows) == 1
    assert different_units(rows.double()) == (1 if dtype == torch.float64 else 2)


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


@dtypes
def test_it_goes_as_far_as_is_said(dtype: torch.dtype) -> None:
    """16 units of the last place, in half precision 2: one more is a difference."""
    places = 2 if dtype in {torch.float16, torch.bfloat16} else 16
    step = torch.finfo(dtype).eps
    for more, different in ((places, 1), (places + 1, 2)):
        assert different_units(torch.tensor([[1.0, 1.0], [1.0, 1 + more * step]], dtype=dtype)) == different


@pytest.mark.parametrize("scheme", ["constant(val=0.5)", "ones", "constant(val=-0.1)"])
@pytest.mark.parametrize("follows", ["tanh", "sigmoid", "linear", "gelu"])
def test_units_that_start_alike_get_the_same_gradient(scheme: str, follows: str) -> None:
    net = Net(Network.of(f"4-64.{scheme}.zeros_bias.{follows}-3.constant(val=0.2).softmax"), seed=8)
    assert different_units(net.linear1.weight) == 1
    gradient = backward(net, seeded_input(7, 4, seed=4), LABELS).gradients[0].weight
    assert gradient.abs().max() > 0 or scheme == "ones"
    assert different_units(gradient) == 1
    torch.testing.assert_close(gradient, gradient[:1].expand(64, 4), rtol=1e-4, atol=1e-8)


def test_units_that_start_apart_stay_apart() -> None:
    net = Net(Network.of("4-64.xavier_normal.tanh-3.softmax"), seed=8)
    assert different_units(net.linear1.weight) == 64
    assert different_units(backward(net, seeded_input(7, 4, seed=4), LABELS).gradients[0].weight) == 64


def test_zeros_let_no_gradient_through() -> None:
    net = Net(Network.of("4-6.zeros.zeros_bias.tanh-3.zeros.zeros_bias.softmax"), seed=8)
    hidden, last = backward(net, seeded_input(7, 4, seed=4), LABELS).gradients
    assert not hidden.weight.any()
    assert hidden.bias is not None
    assert not hidden.bias.any()
    assert not last.weight.any()
    assert last.bias is not None
    share = torch.tensor([2, 2, 3]) / 7  # of each label
    torch.testing.assert_close(last.bias, 1 / 3 - share)


# Given parameters


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


def test_a_description_does_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Network.of("3-2").inputs = 4  # type: ignore[misc]

"""A network's text is read, written back and, where it cannot be read, refused with the part named."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import Dense, Network, NetworkError, ParameterError
from core.errors import InitLabError
from core.networks.network import FOLLOWS, LINEAR_SCHEMES, MAX_LAYERS, MAX_UNITS
from core.weights.spelling import parameters_of, written_parameters
from tests.support.marks import generator_stays

pytestmark = generator_stays


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


def test_a_description_does_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Network.of("3-2").inputs = 4  # type: ignore[misc]

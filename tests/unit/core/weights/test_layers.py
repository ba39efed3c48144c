"""Layers against torch's own: the weight's shape, its parts, and connections counted in a layer of ones."""

import itertools
from fractions import Fraction

import pytest
import torch
from torch import nn

from core import Fans, Layer, ShapeError

CONVOLUTIONS = [
    "Conv1d(4, 6, 5)",
    "Conv1d(4, 6, 5, stride=2, padding=3)",
    "Conv1d(6, 4, 3, 3, groups=2)",
    "Conv2d(4, 6, (3, 2))",
    "Conv2d(4, 6, 3, stride=(2, 1), groups=2, bias=False)",
    "Conv2d(4, 8, 3, padding=1, groups=4)",  # depthwise, two outputs an input
    "Conv2d(3, 3, (1, 4), dilation=2, groups=3)",
    "Conv2d(5, 7, 1)",
    "Conv3d(2, 3, (2, 1, 3), stride=(1, 1, 2))",
    "Conv3d(4, 2, 2, groups=2)",
    "ConvTranspose1d(4, 6, 5)",
    "ConvTranspose1d(4, 6, 3, stride=2, groups=2)",
    "ConvTranspose2d(4, 6, (3, 2), stride=(2, 1))",
    "ConvTranspose2d(3, 6, 4, stride=2, padding=1, output_padding=1, groups=3)",
    "ConvTranspose3d(2, 3, 2, stride=2)",
]
OTHERS = [
    "Linear(5, 3)",
    "Linear(7, 1, bias=False)",
    "Linear(in_features=2, out_features=9)",
    "Embedding(11, 3)",
    "Embedding(11, 3, padding_idx=0)",
    "MultiheadAttention(6, 2)",
    "MultiheadAttention(8, 4, dropout=0.1, batch_first=True)",
]


def _built(text: str) -> nn.Module:
    """Build torch's layer in float64, with ones for weights and no bias."""
    layer = eval(text, vars(nn))  # noqa: S307
    layer.double()
    for name, parameter in layer.named_parameters():
        nn.init.constant_(parameter, 0.0 if "bias" in name else 1.0)
    return layer


def _mean(counts: list[int]) -> Fraction:
    return Fraction(sum(counts), len(counts))


@pytest.mark.parametrize("text", CONVOLUTIONS)
def test_connections_of_a_convolution_are_those_counted(text: str) -> None:
    """Away from the borders: the mean over a box of positions in which every phase of a stride is met."""
    layer, read = _built(text), Layer.of(text)
    assert read.shape == tuple(layer.weight.shape)
    dimensions = len(layer.kernel_size)
    size = 24 if dimensions < 3 else 12
    x = torch.zeros(1, layer.in_channels, *[size] * dimensions, dtype=torch.float64, requires_grad=True)
    y = layer(x)

    def box(sizes: torch.Size, period: tuple[int, ...]) -> list[tuple[int, ...]]:
        middles = [range(s // 2, s // 2 + p) for s, p in zip(sizes, period, strict=True)]
        return list(itertools.product(*middles))

    inputs = [
        int(torch.count_nonzero(torch.autograd.grad(y[0, 0, *at], x, retain_graph=True)[0]))
        for at in box(y.shape[2:], layer.stride)
    ]
    outputs = []
    for at in box(x.shape[2:], layer.stride):
        hot = torch.zeros_like(x)
        hot.data[0, 0, *at] = 1
        outputs.append(int(torch.count_nonzero(layer(hot))))
    assert read.connections == (_mean(inputs), _mean(outputs))


@pytest.mark.parametrize("text", [t for t in OTHERS if t.startswith("Linear")])
def test_connections_of_a_linear_layer_are_those_counted(text: str) -> None:
    layer, read = _built(text), Layer.of(text)
    assert read.shape == tuple(layer.weight.shape)
    jacobian = torch.autograd.functional.jacobian(layer, torch.zeros(layer.in_features, dtype=torch.float64))
    counts = int(torch.count_nonzero(jacobian[0])), int(torch.count_nonzero(jacobian[:, 0]))
    assert read.connections == counts


@pytest.mark.parametrize("text", [t for t in OTHERS if t.startswith("Embedding")])
def test_an_embedding_copies_one_row(text: str) -> None:
    layer, read = _built(text), Layer.of(text)
    assert read.shape == tuple(layer.weight.shape)
    copied = torch.autograd.functional.jacobian(
        lambda table: nn.functional.embedding(torch.tensor(4), table), layer.weight.detach()
    )
    # one look-up: a unit reads one weight, and the row that is looked up feeds them all
    assert read.connections == (int(torch.count_nonzero(copied[0])), int(torch.count_nonzero(copied)))


@pytest.mark.parametrize("text", [t for t in OTHERS if t.startswith("Multihead")])
def test_attention_s_weight_is_three_square_matrices(text: str) -> None:
    layer, read = _built(text), Layer.of(text)
    assert read.shape == tuple(layer.in_proj_weight.shape)
    for matrix in layer.in_proj_weight.detach().chunk(3):
        jacobian = torch.autograd.functional.jacobian(
            lambda x, w=matrix: nn.functional.linear(x, w), torch.zeros(layer.embed_dim, dtype=torch.float64)
        )
        counts = int(torch.count_nonzero(jacobian[0])), int(torch.count_nonzero(jacobian[:, 0]))
        assert read.connections == counts


@pytest.mark.parametrize("text", [*CONVOLUTIONS, *OTHERS])
def test_fans_are_torch_s_which_reads_the_shape_alone(text: str) -> None:
    layer = Layer.of(text)
    weight = torch.empty(layer.shape)
    assert layer.fans == Fans(*nn.init._calculate_fan_in_and_fan_out(weight))


@pytest.mark.parametrize(
    ("text", "fans", "connections"),
    [
        ("Conv2d(64, 128, 3)", (576, 1152), (576, 1152)),
        ("Conv2d(64, 128, 3, stride=2)", (576, 1152), (576, 288)),  # one output for four positions
        ("Conv2d(64, 64, 3, groups=64)", (9, 576), (9, 9)),  # torch counts outputs of other groups, too
        ("ConvTranspose2d(64, 32, 4, stride=2)", (512, 1024), (256, 512)),  # torch has in and out swapped
        ("Embedding(50_000, 64)", (64, 50_000), (1, 64)),
        ("MultiheadAttention(64, 8)", (64, 192), (64, 64)),
    ],
)
def test_where_torch_s_fans_are_not_the_true_connections(
    text: str, fans: tuple[int, int], connections: tuple[int, int]
) -> None:
    layer = Layer.of(text)
    assert (layer.fans, layer.connections) == (Fans(*fans), connections)


SEVERAL = [
    "LSTM(12, 30)",
    "LSTM(12, 30, 2, bidirectional=True, proj_size=7)",
    "GRU(input_size=12, hidden_size=30, num_layers=2)",
    "RNN(12, 30, 1, 'relu')",
    "LSTMCell(12, 30)",
    "GRUCell(12, 30, bias=False)",
    "MultiheadAttention(12, 3)",
    "MultiheadAttention(12, 3, kdim=5, vdim=7)",
    "MultiheadAttention(12, 3, vdim=7, bias=False)",
    "Linear(12, 30)",
    "Bilinear(12, 30, 7)",
]


@pytest.mark.parametrize("text", SEVERAL)
def test_each_weight_of_a_module_can_be_named(text: str) -> None:
    """Every weight that torch has, by torch's names, with torch's shape; without a name, the first."""
    parameters = {n: w for n, w in _built(text).named_parameters() if w.dim() > 1 and "bias" not in n}
    assert parameters
    assert Layer.of(text).weights == tuple(parameters)
    assert Layer.of(text).weight == next(iter(parameters))
    for name, weight in parameters.items():
        for suffix in {name, name.removesuffix(".weight")}:
            layer = Layer.of(f"{text}.{suffix}")
            assert (layer.weight, layer.shape) == (name, tuple(weight.shape)), suffix
            assert layer.text == f"{text}.{suffix}"


def test_a_weight_that_is_not_there_is_refused_with_those_that_are() -> None:
    for suffix in ("weight_hh_l1", "foo", "bias_ih_l0", "weight_ih_l0.data"):
        with pytest.raises(ShapeError, match="weight_ih_l0, weight_hh_l0") as caught:
            Layer.of(f"LSTM(5, 3).{suffix}")
        assert caught.value.code == "shape.layer_weight"


@pytest.mark.parametrize(
    ("text", "gates"), [("LSTM(12, 30)", 4), ("GRU(12, 30)", 3), ("RNN(12, 30)", 1), ("GRUCell(12, 30)", 3)]
)
def test_each_gate_of_a_recurrent_layer_is_a_matrix_of_its_own(text: str, gates: int) -> None:
    """torch stacks the gates: a gate's unit reads every input, an input feeds every unit of the gate."""
    module = _built(text)
    for name, fan_in in (("weight_ih", 12), ("weight_hh", 30)):
        suffix = name + ("_l0" if hasattr(module, "weight_ih_l0") else "")
        layer = Layer.of(f"{text}.{suffix}")
        assert (layer.parts, layer.part) == (gates, (30, fan_in))
        matrix = getattr(module, suffix).detach().chunk(gates)[-1]
        jacobian = torch.autograd.functional.jacobian(
            lambda x, w=matrix: nn.functional.linear(x, w), torch.zeros(fan_in, dtype=torch.float64)
        )
        counts = int(torch.count_nonzero(jacobian[0])), int(torch.count_nonzero(jacobian[:, 0]))
        assert layer.connections == counts == (fan_in, 30)


def test_a_projection_of_an_lstm_stacks_nothing() -> None:
    layer = Layer.of("LSTM(12, 30, proj_size=7).weight_hr_l0")
    assert (layer.shape, layer.parts, layer.connections) == ((7, 30), 1, (30, 7))


def test_a_bilinear_output_sums_products_and_an_input_acts_through_weights() -> None:
    layer, module = Layer.of("Bilinear(3, 4, 5)"), _built("Bilinear(3, 4, 5)")
    x, y = torch.ones(3, dtype=torch.float64), torch.ones(4, dtype=torch.float64)
    terms = torch.autograd.grad(module(x, y)[0], module.weight)[0]  # of one output, a product each
    acting = torch.autograd.grad(module(x, y).sum(), module.weight)[0][:, 0]  # those of one input
    counts = int(torch.count_nonzero(terms)), int(torch.count_nonzero(acting))
    assert layer.connections == counts == (12, 20)
    assert layer.fans == Fans(*nn.init._calculate_fan_in_and_fan_out(module.weight))

"""Layers against torch's own: the weight's shape, and connections counted in a layer of ones."""

import itertools
import math
from fractions import Fraction

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
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


@pytest.mark.parametrize(
    "text", ["nn.Linear(5, 3)", "torch.nn.Linear(5, 3)", "  Linear(5,3)\n", "Linear(5, out_features=3)"]
)
def test_a_layer_may_be_written_as_in_any_model(text: str) -> None:
    layer = Layer.of(text)
    assert layer.shape == (3, 5)
    assert layer.text == text.strip()


def test_reading_a_layer_draws_nothing_and_allocates_nothing() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    assert Layer.of("Linear(1000000, 1000000)").shape == (10**6, 10**6)  # 4 TB
    assert torch.equal(torch.get_rng_state(), before)


BAD = [
    "",
    " ",
    "Linear",
    "Linear(",
    "Linear()",
    "Linear(5)",
    "Linear(5, 3",
    "Linear(5, 3) + 1",
    "Linear(5, 3); Linear(5, 3)",
    "Linear(n, 3)",
    "Linear(5, 3.5)",
    "Linear('5', 3)",
    "Linear(None, 3)",
    "Linear(*[5, 3])",
    "Linear(**{'in_features': 5, 'out_features': 3})",
    "Linear(0, 3)",
    "Linear(5, 0)",
    "Linear(-5, 3)",
    "Linear(99999999999999999999, 3)",
    "Linear(9999999999, 9999999999)",
    "Linear(2**40, 3)",
    "Linear(5, 3, device='cpu')",
    "Linear(5, 3, device='meta')",
    "Linear(5, 3, dtype='float32')",
    "Linear(5, 3, 1, 2, 3, 4)",
    "Linear(5, 3, sparse=True)",
    "LSTM(5, 3)",
    "Bilinear(5, 3, 2)",
    "relu(5)",
    "5(3)",
    "nn.init.normal_(5)",
    "__import__('os').system('true')",
    "__import__('os').Linear(5, 3)",
    "open('x').Linear(5, 3)",
    "Linear(__import__('os').getpid(), 3)",
    "Linear((lambda: 5)(), 3)",
    "Linear([x for x in (5,)][0], 3)",
    "(" * 100,
    "(" * 59 + ")" * 59,
    "[" * 119,
    "Linear(" * 17,
    "-" * 110 + "1",
    "Linear(5, 3)" + " " * 200,
    "Linear(5, 3" + "0" * 5000 + ")",
    "\0",
    "Linear(5,\0 3)",
    "线性(5, 3)",
    "\ud800",
    "Conv2d(4, 6, 0)",
    "Conv2d(4, 6, -3)",
    "Conv2d(4, 6, (3, 0))",
    "Conv2d(4, 6, 3, groups=3)",
    "Conv2d(4, 5, 3, groups=2)",
    "Conv2d(4, 6, 3, groups=0)",
    "Conv2d(4, 6, 3, stride=0)",
    "Conv2d(4, 6, 3, stride=-1)",
    "Conv2d(4, 6, 3, stride=(2, 0))",
    "Conv1d(4, 6, 3, stride=2.5)",
    "Conv1d(4, 6, 3, stride=1e999)",
    "Conv2d(4, 6, 3, stride='ab')",
    "Conv2d(4, 6, 3, stride=(1, 2, 3))",
    "Conv2d(4, 6, (3,))",
    "Conv2d(4, 6, (3, 3, 3))",
    "Conv2d(4, 6, 3, padding_mode='mirror')",
    "Conv1d(99999, 99999, 999999999)",
    "ConvTranspose2d(4, 6, 3, stride=0)",
    "ConvTranspose2d(4, 6, 3, groups=4)",
    "Embedding(0, 3)",
    "Embedding(11, 3, padding_idx=11)",
    "MultiheadAttention(6, 4)",
    "MultiheadAttention(0, 1)",
    "MultiheadAttention(6, 0)",
    "MultiheadAttention(6, 2, kdim=5)",
    "MultiheadAttention(6, 2, vdim=5)",
]


@pytest.mark.parametrize("text", BAD, ids=lambda text: ascii(text)[:40])
def test_what_is_no_layer_is_refused_with_the_form_it_should_have(text: str) -> None:
    with pytest.raises(ShapeError, match=r"Conv2d\(64, 128, 3, groups=2\)") as caught:
        Layer.of(text)
    assert caught.value.code in {"shape.layer", "shape.layer_built"}
    assert len(str(caught.value)) < 1500


@pytest.mark.parametrize("text", ["Conv2d(4, 6, 3, stride=(-1, -1))", "Conv2d(4, 6, 3, stride=(-2, -1))"])
def test_two_negative_strides_are_no_positive_one(text: str) -> None:
    with pytest.raises(ShapeError):
        Layer.of(text)


numbers = st.one_of(
    st.integers(-2, 9).map(str),
    st.sampled_from(
        ["(3, 2)", "(1, 2, 3)", "2.5", "None", "True", "'same'", "1e400", "2j", "[]", "x", "10**9"]
    ),
)
words = st.sampled_from(
    ["stride=", "groups=", "padding=", "dilation=", "bias=", "kdim=", "device=", "", "**"]
)
calls = st.builds(
    lambda kind, values: f"{kind}({', '.join(values)})",
    st.sampled_from(["Linear", "Conv1d", "nn.Conv2d", "ConvTranspose3d", "Embedding", "MultiheadAttention"]),
    st.lists(st.builds(str.__add__, words, numbers), max_size=6),
)


@given(text=st.one_of(calls, st.text(max_size=130)))
@example(text="Conv2d(4, 6, 3, stride=2.5)")
@example(text="Conv2d(3, 3, 3, dilation=0)")
def test_whatever_is_written_is_a_layer_or_refused(text: str) -> None:
    try:
        layer = Layer.of(text)
    except ShapeError:
        return
    assert all(size > 0 for size in layer.shape)
    assert layer.fans.fan_in == math.prod(layer.shape[1:])
    assert all(isinstance(count, Fraction) and count > 0 for count in layer.connections)

"""Layers against torch's own: the weight's shape, and connections counted in a layer of ones."""

import contextlib
import itertools
import math
import re
import warnings
from fractions import Fraction

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import nn

from core import Fans, Layer, ShapeError
from core.weights.layer_text import KINDS

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


def test_device_and_dtype_say_nothing_of_the_law() -> None:
    """What torch builds with them has the same weight."""
    for text, unused in {
        "Linear(512, 256, device='cuda')": ("device",),
        "Linear(512, 256, True, 'cpu')": ("device",),
        "Linear(512, 256, device=torch.device('cuda', 1), dtype=torch.float16)": ("device", "dtype"),
        "Linear(512, 256, dtype=torch.bfloat16, device=self.device)": ("device", "dtype"),
        "Linear(512, 256, device=None, dtype=None)": ("device", "dtype"),
        "Linear(512, 256)": (),
    }.items():
        layer = Layer.of(text)
        assert layer.unused == unused, text
        plain = Layer.of("Linear(512, 256)")
        assert (layer.shape, layer.bias, layer.connections) == (plain.shape, plain.bias, plain.connections)


@pytest.mark.parametrize(
    ("pasted", "text", "shape"),
    [
        ("nn.Linear(3*512, 512//2)", "nn.Linear(3*512, 512//2)", (256, 1536)),
        ("Linear(2**10, 1000 % 7 + 1)", "Linear(2**10, 1000 % 7 + 1)", (7, 1024)),
        ("Linear(64 * 7 * 7, -(-10))", "Linear(64 * 7 * 7, -(-10))", (10, 3136)),
        ("Linear(5, 3),", "Linear(5, 3)", (3, 5)),
        ("  nn.Linear(5, 3),  # the head", "nn.Linear(5, 3)", (3, 5)),
        ("self.fc1 = nn.Linear(5, 3)  # the head", "nn.Linear(5, 3)", (3, 5)),
        ("fc: nn.Linear = nn.Linear(5, 3)", "nn.Linear(5, 3)", (3, 5)),
        ("self.fc = nn.Linear(\n    5,  # in\n    3,\n)", "nn.Linear(5, 3)", (3, 5)),
        ('("fc1", nn.Linear(5, 3)),', "nn.Linear(5, 3)", (3, 5)),
        ("'fc1': nn.Linear(5, 3),", "nn.Linear(5, 3)", (3, 5)),
        ("return torch.nn.Linear(5, 3)", "torch.nn.Linear(5, 3)", (3, 5)),
        ("torch.nn.modules.linear.Linear(5, 3)", "torch.nn.modules.linear.Linear(5, 3)", (3, 5)),
        ("Linear(5, 3)" + " " * 200, "Linear(5, 3)", (3, 5)),
    ],
)
def test_what_stands_around_a_pasted_layer_is_left_aside(
    pasted: str, text: str, shape: tuple[int, ...]
) -> None:
    layer = Layer.of(pasted)
    assert (layer.text, layer.shape) == (text, shape)
    assert Layer.of(layer.text) == layer  # as a link holds it


PRINTED = [
    nn.Linear(512, 256),
    nn.Bilinear(3, 4, 5),
    nn.Conv1d(4, 6, 5, stride=2, dilation=3, bias=False),
    nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False),
    nn.Conv2d(4, 8, 3, padding="same", padding_mode="reflect", groups=4),
    nn.ConvTranspose2d(4, 6, 3, stride=2, output_padding=1),
    nn.Embedding(11, 3, padding_idx=2, max_norm=2.0),
    nn.EmbeddingBag(11, 3, mode="sum"),
    nn.LSTM(12, 30, num_layers=2, batch_first=True, dropout=0.5, bidirectional=True),
    nn.GRU(12, 30, bias=False),
    nn.RNNCell(12, 30, nonlinearity="relu"),
    nn.LSTMCell(12, 30),
]


@pytest.mark.parametrize("module", PRINTED, ids=str)
def test_lines_of_a_printed_model_are_read(module: nn.Module) -> None:
    """print(model) writes words without quotes, as in padding=same."""
    line = str(nn.Sequential(module)).splitlines()[1]
    assert line.strip().startswith("(0): ")
    layer = Layer.of(line)
    weight = dict(module.named_parameters())[layer.weight]
    assert layer.shape == tuple(weight.shape)
    assert layer.groups == getattr(module, "groups", 1)
    assert layer.padding_idx == getattr(module, "padding_idx", None)


def test_attention_s_last_projection_is_printed_under_a_name_of_its_own() -> None:
    line = str(nn.MultiheadAttention(6, 2)).splitlines()[1]
    assert "NonDynamicallyQuantizableLinear" in line
    assert Layer.of(line).kind == "Linear"
    assert Layer.of("(0-5): 6 x Linear(in_features=5, out_features=3, bias=True)").shape == (3, 5)


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


STARTED = [
    "Linear(30, 20)",
    "Linear(30, 20, bias=False)",
    "Bilinear(40, 9, 30)",
    "Conv1d(8, 40, 3, groups=2)",
    "Conv2d(4, 90, 3)",
    "ConvTranspose2d(12, 40, 3, bias=True)",
    "LSTM(12, 30, 2, proj_size=7)",
    "GRU(12, 30, bias=False)",
    "RNN(12, 30)",
    "LSTMCell(12, 30)",
    "MultiheadAttention(24, 3)",
    "MultiheadAttention(24, 3, kdim=50, vdim=70)",
    "MultiheadAttention(24, 3, bias=False)",
    "Embedding(50, 30)",
    "EmbeddingBag(50, 30)",
]


@pytest.mark.parametrize("text", STARTED)
def test_what_torch_starts_each_weight_and_its_bias_as(text: str) -> None:
    """Over 40 builds: within the law's walls, and with its std (the error of a std: √((kurtosis − 1)/4n))."""
    builds = []
    with torch.random.fork_rng([]):
        for seed in range(40):
            torch.manual_seed(seed)
            builds.append(dict(eval(text, vars(nn)).named_parameters()))  # noqa: S307
    for name in Layer.of(text).weights:
        layer = Layer.of(f"{text}.{name}" if len(Layer.of(text).weights) > 1 else text)
        inner = {"out_proj.weight": "out_proj.bias"}.get(name, "in_proj_bias")
        bias = inner if layer.kind == "MultiheadAttention" else name.replace("weight", "bias", 1)
        assert (layer.bias_law is not None) == (bias in builds[0])
        for law, key in ((layer.start_law, name), (layer.bias_law, bias)):
            if law is None:
                continue
            drawn = torch.cat([build[key].detach().flatten() for build in builds]).double()
            low, high = law.support
            assert low - 1e-6 <= float(drawn.min()) <= float(drawn.max()) <= high + 1e-6, key
            if law.std == 0:
                assert not drawn.any()
                continue
            error = math.sqrt((law.excess_kurtosis + 2) / (4 * len(drawn)))
            assert float(drawn.square().mean().sqrt()) / law.std == pytest.approx(1, abs=5 * error), key


def test_the_formula_of_a_start_names_what_it_reads() -> None:
    for text, symbolic, numeric in (
        ("LSTM(12, 128)", r"1/\sqrt{\mathrm{hidden\_size}}", r"1/\sqrt{128}"),
        ("Bilinear(9, 5, 3)", r"1/\sqrt{\mathrm{in1\_features}}", r"1/\sqrt{9}"),
        ("Conv2d(8, 16, 3, groups=2)", r"1/\sqrt{\mathrm{fan\_in}}", r"1/\sqrt{36}"),
    ):
        law = Layer.of(text).bias_law
        assert law is not None
        assert law.parameters[0][:2] == (symbolic, numeric)


def test_a_padding_row_is_torch_s_zeros_until_it_is_filled() -> None:
    for text in ("Embedding(11, 3, padding_idx=0)", "EmbeddingBag(11, 3, padding_idx=-1)"):
        module, layer = eval(text, vars(nn)), Layer.of(text)  # noqa: S307
        assert not module.weight[layer.padding_idx].any()
        nn.init.normal_(module.weight)
        assert module.weight[layer.padding_idx].all()
    assert Layer.of("Embedding(11, 3)").padding_idx is None


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
    "Linear(5, 3, dtype='float32')",
    "Linear(5, 3, 1, 2, 3, 4)",
    "Linear(5, 3, sparse=True)",
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
]


@pytest.mark.parametrize("text", BAD, ids=lambda text: ascii(text)[:40])
def test_what_is_no_layer_is_refused_with_the_form_it_should_have(text: str) -> None:
    with pytest.raises(ShapeError, match=r"Conv2d\(64, 128, 3, groups=2\)") as caught:
        Layer.of(text)
    assert caught.value.code.startswith("shape.layer")
    assert len(str(caught.value)) < 1500


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        # torch builds these, with a warning that there is nothing to fill
        ("Linear(0, 5)", "shape.layer_empty", "5 × 0"),
        ("Linear(5, 0)", "shape.layer_empty", "0 × 5"),
        ("Conv2d(4, 6, 0)", "shape.layer_empty", "6 × 4 × 0 × 0"),
        ("Embedding(0, 3)", "shape.layer_empty", "0 × 3"),
        ("LSTMCell(0, 3)", "shape.layer_empty", "12 × 0"),
        ("MultiheadAttention(6, 2, kdim=0).k_proj_weight", "shape.layer_empty", "6 × 0"),
        # and these, which then fail on every input
        ("Conv2d(4, 6, 3, stride=0)", "shape.layer_runs", "stride"),
        ("Conv2d(4, 6, 3, dilation=0)", "shape.layer_runs", "dilation"),
        ("Conv2d(4, 6, (3, 3, 3))", "shape.layer_runs", "kernel_size"),
        # and none of these
        ("Bilinear(0, 3, 2)", "shape.layer_built", "in1_features must be > 0"),
        ("MultiheadAttention(0, 1)", "shape.layer_built", "embed_dim"),
        ("MultiheadAttention(6, 4)", "shape.layer_built", "divisible"),
        ("Conv2d(4, 6, 3, groups=3)", "shape.layer_built", "divisible by groups"),
        ("Conv2d(4, 6, 3, stride=2, padding='same')", "shape.layer_built", "strided"),
        ("LSTM(0, 3)", "shape.layer_built", "input_size must be greater than zero"),
        ("LSTM(5, 0)", "shape.layer_built", "hidden_size must be greater than zero"),
        ("GRU(5, 3, proj_size=2)", "shape.layer_built", "only supported for LSTM"),
        ("RNN(5, 3, nonlinearity='selu')", "shape.layer_built", "selu"),
        ("Embedding(11, 3, padding_idx=11)", "shape.layer_built", "within num_embeddings"),
        ("Linear(5, 3, dtype=torch.int8)", "shape.layer_built", "floating point"),
        ("Linear(5)", "shape.layer_built", "out_features"),
        ("Linear(5, 3, sparse=True)", "shape.layer_built", "unexpected keyword argument 'sparse'"),
        ("Linear(5, 3, in_features=5)", "shape.layer_built", "multiple values"),
        ("Linear(10**18, 10**18)", "shape.layer_built", "Storage size calculation overflowed"),
        ("Linear(-5, 3)", "shape.layer_negative", "in_features must not be negative; it was -5"),
        ("Linear(5, 3.5)", "shape.layer_whole", "out_features must be a whole number; it was 3.5"),
        ("Linear(5, '3')", "shape.layer_whole", "out_features must be a whole number; it was '3'"),
        ("Linear(512/2, 3)", "shape.layer_whole", "in_features must be a whole number; it was 256.0"),
        ("Linear(True, 3)", "shape.layer_whole", "it was True"),
        ("Conv2d(4, 6, (3, None))", "shape.layer_whole", "kernel_size"),
        ("MultiheadAttention(6, 2, kdim=2.5)", "shape.layer_whole", "kdim"),
        ("Linear(n, 3)", "shape.layer_name", "n has no value here"),
        ("Linear(self.width, 3)", "shape.layer_name", "self.width has no value here"),
        ("Linear(2*n, 3)", "shape.layer_name", "n has no value here"),
        ("Linear(5 // 0, 3)", "shape.layer_worked", "divides by 0"),
        ("Linear('5' * 2, 3)", "shape.layer_worked", "whole numbers"),
        ("Linear(2**63, 3)", "shape.layer_large", "numbers reach up to"),
        ("Linear(9**9**9, 3)", "shape.layer_large", "numbers reach up to"),
        ("Linear(2**62 * 2**62, 3)", "shape.layer_large", "numbers reach up to"),
        ("LSTM(1, 1, 10**9)", "shape.layer_large", "up to 128"),
        ("Linear(5, 3, dtype='float32')", "shape.layer_place", "dtype is none of torch's"),
        ("Linear(5, 3, dtype=torch.float15)", "shape.layer_place", "it was torch.float15"),
        ("Linear(5, 3, device='gpu')", "shape.layer_place", "device is none of torch's"),
        ("Linear(5, 3, device=torch.device('gpu'))", "shape.layer_place", "device is none of torch's"),
        ("Linear(5, 3, device=open('x'))", "shape.layer_place", "device is none of torch's"),
    ],
)
def test_the_reason_of_a_refusal_is_true(text: str, code: str, words: str) -> None:
    """torch's own verdict: it builds what is only empty or cannot run, and refuses the rest."""
    with pytest.raises(ShapeError) as caught:
        Layer.of(text)
    assert caught.value.code == code
    assert words in caught.value.facts["why"]
    if code in {"shape.layer_empty", "shape.layer_runs", "shape.layer_built"}:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            built = pytest.raises(Exception) if code == "shape.layer_built" else contextlib.nullcontext()  # noqa: PT011
            with built:
                eval(re.sub(r"\)\.\w+$", ")", text), {**vars(nn), "torch": torch})  # noqa: S307


@pytest.mark.parametrize("text", ["Conv2d(4, 6, 3, stride=(-1, -1))", "Conv2d(4, 6, 3, stride=(-2, -1))"])
def test_two_negative_strides_are_no_positive_one(text: str) -> None:
    with pytest.raises(ShapeError):
        Layer.of(text)


numbers = st.one_of(
    st.integers(-2, 9).map(str),
    st.sampled_from(
        [
            *("(3, 2)", "(1, 2, 3)", "2.5", "None", "True", "'same'", "1e400", "2j", "[]", "x", "10**9"),
            *("b'5'", "...", "-True", "3*2", "7//2", "5/2", "2**70", "1<<3", "torch.float16", "{}", "(3,)"),
            *("self.n", "'cuda'", "torch.device('cpu')", "relu", "~5", "5 if 1 else 2", "f'{5}'"),
        ]
    ),
)
words = st.sampled_from(
    [
        *("stride=", "groups=", "padding=", "dilation=", "bias=", "kdim=", "device=", "dtype=", "", "", "**"),
        *("padding_idx=", "num_layers=", "dropout=", "proj_size=", "padding_mode=", "max_norm=", "_weight="),
        *("nonlinearity=", "num_heads=", "mode=", "bidirectional="),
    ]
)
weights = st.sampled_from(["", ",", "  # it", ".weight", ".weight_hh_l0", ".out_proj", ".bias", "."])
calls = st.builds(
    lambda kind, values, end: f"{kind}({', '.join(values)}){end}",
    st.sampled_from([*KINDS, "nn.Conv2d", "self.a = nn.Linear", "(0): LSTM", "torch.nn.Embedding"]),
    st.lists(st.builds(str.__add__, words, numbers), max_size=6),
    weights,
)


@given(text=st.one_of(calls, st.text(max_size=310)))
@example(text="Conv2d(4, 6, 3, stride=2.5)")
@example(text="Conv2d(3, 3, 3, dilation=0)")
def test_whatever_is_written_is_a_layer_or_refused(text: str) -> None:
    try:
        layer = Layer.of(text)
    except ShapeError as error:
        # nothing of Python's or torch's insides, outside of the writer's own words
        why = re.sub(r"'[^']*'", "", error.facts["why"])
        assert not re.search(r"__|\b_|reset_parameters|object|NoneType|invalid combination|<", why), why
        return
    assert Layer.of(layer.text) == layer
    assert layer.start_law.std >= 0
    assert all(size > 0 for size in layer.shape)
    assert layer.fans.fan_in == math.prod(layer.shape[1:])
    assert all(isinstance(count, Fraction) and count > 0 for count in layer.connections)

"""A layer's text is read as it stands in any model, pasted or printed, and nothing is built for it."""

import pytest
import torch
from torch import nn

from core import Layer


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

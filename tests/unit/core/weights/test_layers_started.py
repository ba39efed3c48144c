"""What torch itself starts each weight and bias of a layer as, and the formula of it."""

import math

import pytest
import torch
from torch import nn

from core import Layer

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

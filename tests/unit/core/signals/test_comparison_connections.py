"""The law by a layer's true connections, against counts by hand and weights that torch draws."""

import math
from fractions import Fraction

import pytest
import torch
from torch import nn

from core import SCHEMES, Layer
from core.errors import InitLabError
from core.signals.comparison import (
    by_connections,
    signal,
)
from tests.support.marks import generator_stays

pytestmark = generator_stays

#: layer → (true fan_in, true fan_out), counted by hand
COUNTED: dict[str, tuple[int, int]] = {
    "Linear(5, 3)": (5, 3),
    "Conv2d(4, 6, 3)": (4 * 9, 6 * 9),
    "Conv2d(4, 6, 3, groups=2)": (2 * 9, 3 * 9),
    "Conv2d(4, 8, 3, padding=1, groups=4)": (9, 2 * 9),  # depthwise, two outputs an input
    "Conv2d(4, 8, 3, stride=2)": (4 * 9, 8 * 9 // 4),
    "Conv1d(6, 4, 5, dilation=2)": (6 * 5, 4 * 5),
    "Conv3d(2, 3, (2, 1, 3), stride=(1, 1, 3))": (2 * 6, 3 * 6 // 3),
    "ConvTranspose2d(4, 6, 3)": (4 * 9, 6 * 9),
    "ConvTranspose2d(4, 6, 4, stride=2)": (4 * 16 // 4, 6 * 16),
    "ConvTranspose2d(3, 6, 4, stride=2, groups=3)": (16 // 4, 2 * 16),
    "Embedding(11, 3)": (1, 3),
    "MultiheadAttention(6, 2)": (6, 6),
}


@pytest.mark.parametrize("text", COUNTED, ids=str)
def test_the_law_by_true_connections_has_them_for_fans(text: str) -> None:
    fan_in, fan_out = COUNTED[text]
    layer = Layer.of(text)
    expected = {
        ("kaiming_normal", ()): math.sqrt(2 / fan_in),
        ("kaiming_uniform", (("mode", "fan_out"), ("nonlinearity", "tanh"))): 5 / 3 / math.sqrt(fan_out),
        ("xavier_uniform", ()): math.sqrt(2 / (fan_in + fan_out)),
        ("xavier_normal", (("gain", 3.0),)): 3 * math.sqrt(2 / (fan_in + fan_out)),
        ("classic_uniform", ()): 1 / math.sqrt(3 * fan_in),
        ("lecun_normal", ()): 1 / math.sqrt(fan_in),
        ("mup_output", ()): 1 / fan_in,
        ("variance_scaling", (("mode", "fan_avg"),)): math.sqrt(2 / (fan_in + fan_out)),
        ("normal", (("std", 0.02),)): 0.02,
        ("uniform", ()): 1 / math.sqrt(12),
    }
    for (scheme, params), std in expected.items():
        law = by_connections(scheme, layer, **dict(params))
        assert law is not None, scheme
        assert law.std == pytest.approx(std, rel=1e-9), scheme
    law = by_connections("xavier_uniform", layer)
    assert law is not None
    assert law.support[1] == pytest.approx(math.sqrt(6 / (fan_in + fan_out)), rel=1e-12)


def test_where_torch_counts_right_the_law_is_torch_s() -> None:
    for text in ("Linear(512, 30)", "Conv2d(3, 16, 5)", "Conv1d(6, 4, 5, padding=2, dilation=3)"):
        layer = Layer.of(text)
        assert layer.faithful
        for scheme in ("kaiming_normal", "xavier_uniform", "classic_uniform", "lecun_uniform"):
            law = by_connections(scheme, layer)
            assert law is not None
            assert law.std == SCHEMES[scheme].law(layer.shape).std


@pytest.mark.parametrize(
    ("text", "fan_in", "fan_out"),
    [
        ("Conv2d(64, 64, 3, stride=2, groups=64)", Fraction(9), Fraction(9, 4)),
        ("Conv2d(4, 6, 3, stride=2)", Fraction(36), Fraction(27, 2)),  # 54/4
        ("Conv2d(4, 6, 1, stride=3)", Fraction(4), Fraction(2, 3)),  # most inputs feed nothing
        ("ConvTranspose1d(5, 6, 3, stride=2)", Fraction(15, 2), Fraction(18)),
    ],
)
def test_true_connections_may_be_fractions(text: str, fan_in: Fraction, fan_out: Fraction) -> None:
    """He's and Glorot's formulas with the fractions for fans, squared, where they are exact."""
    layer = Layer.of(text)
    assert layer.connections == (fan_in, fan_out)
    wanted = {
        ("kaiming_normal", ()): 2 / fan_in,
        ("kaiming_uniform", (("mode", "fan_out"),)): 2 / fan_out,
        ("xavier_uniform", ()): 2 / (fan_in + fan_out),
        ("variance_scaling", (("mode", "fan_avg"),)): 2 / (fan_in + fan_out),
        ("classic_uniform", ()): 1 / (3 * fan_in),
        ("mup_output", ()): 1 / fan_in**2,
        ("small_init", ()): 2 / (5 * fan_in),
        ("siren_first", ()): 1 / (3 * fan_in**2),
        ("t5", ()): 1 / (64 * fan_in),
        ("mup_depth", ()): 1 / (12 * fan_in),
        ("fixup", (("mode", "fan_out"),)): 1 / (6 * fan_out),
        ("deepnorm", (("n_layer", 2),)): Fraction(1, 2) / (fan_in + fan_out),
    }
    for (scheme, params), variance in wanted.items():
        law = by_connections(scheme, layer, **dict(params))
        assert law is not None, scheme
        assert law.std**2 == pytest.approx(float(variance), rel=1e-12), scheme
    law = by_connections("xavier_uniform", layer)
    assert law is not None
    assert law.parameters[0].numeric == rf"\sqrt{{6/({_bracketed(fan_in)}+{_bracketed(fan_out)})}}"
    with pytest.raises(InitLabError):
        by_connections("xavier_uniform", layer, gain=-1)


def _bracketed(n: Fraction) -> str:
    return str(n) if n.denominator == 1 else f"({n})"


def test_of_stacked_weights_each_matrix_can_be_filled_alone() -> None:
    """An LSTM's hidden weight, 4·128 × 128: orthogonal_ gives 1/√512 to the stack and 1/√128 to a gate."""
    layer = Layer.of("LSTM(128, 128).weight_hh_l0")
    assert SCHEMES["orthogonal"].law(layer.shape).std == pytest.approx(0.0442, abs=5e-5)
    stacked = nn.init.orthogonal_(torch.empty(512, 128), generator=torch.Generator().manual_seed(1))
    gate = nn.init.orthogonal_(torch.empty(128, 128), generator=torch.Generator().manual_seed(1))
    for weight, law in (
        (stacked, SCHEMES["orthogonal"].law(layer.shape)),
        (gate, by_connections("orthogonal", layer)),
    ):
        assert law is not None
        # an orthogonal matrix's mean square is no matter of chance
        assert float(weight.square().mean().sqrt()) == pytest.approx(law.std, rel=1e-5)
    law = by_connections("xavier_normal", Layer.of("GRU(12, 30)"))
    assert law is not None
    assert law.std == pytest.approx(math.sqrt(2 / (12 + 30)), rel=1e-12)


def test_schemes_that_fill_no_weight_from_fans_have_no_such_law() -> None:
    layer = Layer.of("Conv2d(4, 6, 3, groups=2)")
    for scheme in ("orthogonal", "sparse", "eye", "dirac"):
        assert by_connections(scheme, layer) is None, scheme
        assert by_connections(scheme, Layer.of("Linear(5, 3)")) is None, scheme


def test_the_true_law_keeps_the_signal_of_a_grouped_and_a_transposed_layer() -> None:
    """He: with √(2/true fan_in), the mean square after a relu is 1 (He et al. 2015, eq. 10)."""
    for text in COUNTED:
        layer = Layer.of(text)
        law = by_connections("kaiming_normal", layer)
        assert law is not None
        assert signal(law, layer, "relu").activation == pytest.approx(1, rel=1e-9), text

"""What a layer makes of a signal, against closed forms, hand counts and real layers."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core import SCHEMES, Layer, draw
from core.errors import FormulaError
from core.signals.comparison import (
    Entry,
    signal,
)
from tests.support.marks import generator_stays

pytestmark = generator_stays

#: E[w²] of a weight of nn.Linear(300, 150), ρ = mean²/E[w²], and E[w⁴]/E[w²]², from the law's definition
MOMENTS: dict[str, tuple[float, float, float]] = {
    "classic_uniform": (1 / 900, 0, 9 / 5),
    "kaiming_normal": (2 / 300, 0, 3),
    "xavier_uniform": (2 / 450, 0, 9 / 5),
    "kaiming_uniform(mode=fan_out,nonlinearity=tanh)": (25 / 9 / 150, 0, 9 / 5),
    "uniform": (1 / 3, 3 / 4, 9 / 5),  # E w = 1/2, E w² = 1/3, E w⁴ = 1/5
    "uniform(b=0.2,a=-0.1)": (0.01, 0.25, 1.1 * 2),  # E w² = 0.009/0.9, E w⁴ = 0.00033/1.5 = 2.2·0.01²
    "normal(std=0.05,mean=0.1)": (0.0125, 0.8, 43 / 25),  # E w⁴ = μ⁴ + 6μ²σ² + 3σ⁴
    "ones": (1, 1, 1),
    "constant(val=-0.1)": (0.01, 1, 1),
    "zeros": (0, 0, 1),
    "sparse(sparsity=0.5,std=0.1)": (0.005, 0, 6),
    "orthogonal": (1 / 300, 0, 3),
}
INPUTS = 4000


@pytest.mark.parametrize("text", MOMENTS, ids=str)
def test_pre_activations_have_the_mean_square_of_fan_in_weights(text: str) -> None:
    square, *_ = MOMENTS[text]
    layer = Layer.of("Linear(300, 150)")
    law = Entry.of(text).law(layer)
    for activation in ("linear", "relu", "tanh", "gelu"):
        found = signal(law, layer, activation)
        assert found.preactivation == pytest.approx(math.sqrt(300 * square), rel=1e-9, abs=1e-15)
    # E φ² of N(0, q): q for the identity, q/2 for a relu, (1 + α²)q/2 for a leaky one
    q = 300 * square
    assert signal(law, layer, "linear").activation == pytest.approx(math.sqrt(q), rel=1e-9, abs=1e-15)
    assert signal(law, layer, "relu").activation == pytest.approx(math.sqrt(q / 2), rel=1e-9, abs=1e-15)
    leaky = math.sqrt((1 + 0.01**2) * q / 2)
    assert signal(law, layer, "leaky_relu").activation == pytest.approx(leaky, rel=1e-9, abs=1e-15)


#: activations as torch has them
FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda x: x,
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": nn.functional.gelu,
}


@pytest.mark.parametrize("text", MOMENTS, ids=str)
def test_a_real_layer_shows_the_signal(text: str) -> None:
    """An nn.Linear on 4000 inputs N(0, 1).

    Of the mean square of h over B inputs and U units, the relative variance is about
    2ρ²/B (units that share their weights' mean move together) + 2/(F·B) + 2/(B·U) + (κ − 1)/(F·U).
    A smooth φ adds what F inputs lack to a normal h, of the order of κ/F. Its own spread is that of rows.
    """
    square, share, kurtosis = MOMENTS[text]
    entry, layer = Entry.of(text), Layer.of("Linear(300, 150)")
    expected = {key: signal(entry.law(layer), layer, key) for key in FUNCTIONS}
    linear = nn.Linear(300, 150, bias=False, device="meta").to_empty(device="cpu")
    linear.weight.data = draw(entry.scheme, layer.shape, seed=11, **dict(entry.params))
    x = torch.randn(INPUTS, 300, generator=torch.Generator().manual_seed(12))
    h = linear(x).detach().double()
    units = h.shape[1]
    variance = 2 * share**2 / INPUTS + 2 / (300 * INPUTS) + 2 / (INPUTS * units)
    variance += (kurtosis - 1) / (300 * units)
    got = h.square().mean().item()
    assert got == pytest.approx(300 * square, rel=5 * math.sqrt(variance), abs=1e-30)
    assert expected["linear"].preactivation ** 2 == pytest.approx(
        got, rel=5 * math.sqrt(variance) + 1e-9, abs=1e-30
    )
    for key, function in FUNCTIONS.items():
        rows = function(h).square().mean(dim=1)
        error = rows.std().item() / math.sqrt(INPUTS)
        of_weights = math.sqrt((kurtosis - 1) / (300 * units))
        room = 5 * (error + of_weights * rows.mean().item()) + kurtosis / 300 * rows.mean().item()
        assert expected[key].activation ** 2 == pytest.approx(rows.mean().item(), abs=room + 1e-15), key


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        ("Conv2d(4, 6, 3, groups=2)", 2 * 9),
        ("Conv2d(4, 8, 3, padding=1, groups=4)", 9),
        ("ConvTranspose2d(4, 6, 3)", 4 * 9),
        ("ConvTranspose2d(4, 6, 4, stride=2)", 4 * 4),  # a quarter of the kernel at each place
        ("ConvTranspose1d(4, 6, 3, stride=2)", 6),  # 4 inputs by 1.5 places in the mean
        ("MultiheadAttention(6, 2)", 6),
        ("Embedding(11, 3)", 1),
    ],
)
def test_the_signal_counts_what_really_feeds_a_unit(text: str, inputs: float) -> None:
    layer = Layer.of(text)
    law = SCHEMES["normal"].law(layer.shape, std=0.1)
    assert signal(law, layer, "linear").preactivation == pytest.approx(0.1 * math.sqrt(inputs), rel=1e-12)


def test_a_real_transposed_convolution_shows_the_signal() -> None:
    """4 channels by 4×4 at stride 2: each place of the output takes 4·4 inputs, not torch's 6·16."""
    text = "ConvTranspose2d(4, 6, 4, stride=2)"
    layer, draws, size = Layer.of(text), 60, 16
    torch_layer = nn.ConvTranspose2d(4, 6, 4, stride=2, bias=False, device="meta").to_empty(device="cpu")
    squares = []
    for seed in range(draws):
        torch_layer.weight.data = draw("kaiming_normal", layer.shape, seed=seed)
        x = torch.randn(8, 4, size, size, generator=torch.Generator().manual_seed(1000 + seed))
        squares.append(torch_layer(x)[..., 4:-4, 4:-4].double().square().mean().item())
    expected = 16 * 2 / (6 * 16)  # torch's fan_in of this weight is 6·16
    error = float(np.std(squares, ddof=1)) / math.sqrt(draws)
    assert error < 0.03 * expected
    assert np.mean(squares) == pytest.approx(expected, abs=5 * error)
    found = signal(SCHEMES["kaiming_normal"].law(layer.shape), layer, "relu")
    assert found.preactivation == pytest.approx(math.sqrt(expected), rel=1e-12)
    assert found.activation == pytest.approx(math.sqrt(expected / 2), rel=1e-9)


def test_an_unknown_activation_is_refused() -> None:
    layer = Layer.of("Linear(5, 3)")
    with pytest.raises(FormulaError) as refused:
        signal(SCHEMES["zeros"].law(layer.shape), layer, "softmax")
    assert refused.value.code == "formula.name"

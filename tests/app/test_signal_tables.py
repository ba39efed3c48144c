"""The signal page's tables, read by their headings: what stands under each is a closed form's or torch's."""

import math
from typing import Any

import pytest
import torch
from scipy import integrate, stats

from tests.support.headings import EN, ZH, Heads, near
from tests.support.marks import both_languages
from tests.support.screen import opened
from tests.support.words import numbers, table, tables

CHAOS: Heads = {
    EN: ("σw²", "q*", "χ₁", "Inputs", "Gradients"),
    ZH: ("σw²", "q*", "χ₁", "输入", "梯度"),
}


@both_languages
def test_where_schemes_lie(language: str) -> None:
    """Under linear χ₁ = σ_w²; a mean square changes by a factor of 10⁶ in ln 10⁶/|ln χ₁| layers.

    With tanh and σ_w² = 0.64, no bias: q* = 0 and χ₁ = 0.64. With relu He is on the edge: χ₁ = 1.
    """
    app = opened(
        "signal", sight="chaos", activation="tanh", rows="xavier_normal(gain=0.8)", width="64", lang=language
    )
    (cells,) = table(app, *CHAOS[language]).values()
    square, q, chi, inputs, gradients = CHAOS[language]
    assert near(cells[square], 0.64)
    assert near(cells[q], 0)
    assert near(cells[chi], 0.64)
    assert cells[inputs] == "–"
    assert near(cells[gradients], math.log(1e6) / -math.log(0.64), unit=0.5)
    app = opened("signal", sight="chaos", activation="relu", rows="kaiming_normal", width="64", lang=language)
    (cells,) = table(app, *CHAOS[language]).values()
    assert [cells[heading] for heading in (square, q, chi, inputs, gradients)] == ["2", "2", "1", "∞", "∞"]


GAINS: Heads = {
    EN: ("torch", "Forward", "Backward", "Slope", "Source"),
    ZH: ("torch 增益", "前向", "反向", "斜率", "出处"),
}


@both_languages
def test_gains(language: str) -> None:
    """torch's by torch; by quad: 1/√E[φ²], 1/√E[φ′²], and the slope of q ↦ g²E[φ(√q z)²] at 1."""
    rows = table(opened("signal", sight="gains", activation="gelu", lang=language), *GAINS[language])
    theirs, forward, backward, slope, source = GAINS[language]

    def mean(of: Any) -> float:
        return float(integrate.quad(lambda z: of(z) * stats.norm.pdf(z), -12, 12, points=[0.0])[0])

    functions: dict[str, Any] = {
        "tanh": (math.tanh, lambda z: math.cosh(z) ** -2),
        "relu": (lambda z: max(z, 0.0), lambda z: float(z > 0)),
        "gelu": (lambda z: z * stats.norm.cdf(z), lambda z: stats.norm.cdf(z) + z * stats.norm.pdf(z)),
    }
    for name, (phi, derivative) in functions.items():
        square = mean(lambda z, phi=phi: phi(z) ** 2)
        assert near(rows[name][forward], square**-0.5)
        assert near(rows[name][backward], mean(lambda z, d=derivative: d(z) ** 2) ** -0.5)
        # d/dq E[φ(√q z)²] at 1 = E[z φ φ′]
        turning = mean(lambda z, phi=phi, d=derivative: z * phi(z) * d(z))
        assert near(rows[name][slope], turning / square)
        if name != "gelu":
            assert near(rows[name][theirs], torch.nn.init.calculate_gain(name))
    assert rows["gelu"][theirs] == "–"
    assert near(rows["selu"][theirs], 0.75)
    assert rows["gelu"][source] == "Hendrycks & Gimpel 2016"
    assert rows["relu"][source] == "Nair & Hinton 2010"


@both_languages
def test_figures_by_layer(language: str) -> None:
    """Orthogonal weights under linear: each layer's length is gain times the one before, as theory says."""
    app = opened(
        "signal",
        sight="figures",
        activation="linear",
        depth="4",
        width="32",
        seeds="2",
        samples="4",
        rows="orthogonal(gain=0.5)-orthogonal(gain=2.0)",
        lang=language,
    )
    (read,) = (each for each in tables(app) if each.headings[0] == {EN: "Layer", ZH: "层"}[language])
    half, double = read.headings[1:]
    assert half.endswith("gain = 0.5")
    assert double.endswith("gain = 2")
    assert list(read.cells) == ["1", "2", "3", "4"]
    start = {name: numbers(cell)[0] for name, cell in read.cells["1"].items()}
    for layer, cells in read.cells.items():
        for name, gain in ((half, 0.5), (double, 2.0)):
            drawn, theory = numbers(cells[name])
            assert drawn == pytest.approx(start[name] * gain ** (int(layer) - 1), rel=2e-3)
            assert theory == pytest.approx(gain ** int(layer), rel=1e-3)

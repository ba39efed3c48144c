"""Comparisons: read and written, and their numbers against closed forms, hand counts and real layers."""

import itertools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from core import SCHEMES, ComparisonError, Layer, ParameterError, draw
from core.code.draw import call_code
from core.errors import FormulaError, InitLabError, ShapeError
from core.signals.comparison import (
    LESSON_THREE,
    MAX_CHARS,
    MAX_ENTRIES,
    MAX_FAN,
    Comparison,
    Entry,
    by_connections,
    expected_largest,
    ordered,
    signal,
)
from tests.support.cases import Case
from tests.support.marks import cases, generator_stays
from tests.support.products import assert_drawn_alike

pytestmark = generator_stays

# Text

numbers = st.one_of(
    st.integers(-1000, 1000).filter(bool),
    st.floats(1e-20, 1e20),
    st.floats(-1e20, -1e-20),
    st.sampled_from([1e-5, -1e-05, 0.1 + 0.2, -2.5e-7, 1e16, 1e22]),
)
sizes = numbers.map(abs)
fans = st.one_of(st.none(), st.tuples(st.integers(1, 65_536), st.integers(1, 65_536)))
#: the parameters of some schemes, in their order, each off its default or left out
PARAMS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "classic_uniform": {},
    "zeros": {},
    "normal": {"std": sizes.filter(lambda x: x != 1), "mean": numbers},
    "constant": {"val": numbers.filter(lambda x: x != 5)},
    "xavier_normal": {"gain": sizes.filter(lambda x: x != 1)},
    "kaiming_uniform": {
        "nonlinearity": st.sampled_from(["relu", "tanh", "selu", "conv2d", "conv_transpose3d"]),
        "mode": st.just("fan_out"),
        "a": numbers,
    },
    "gpt2_residual": {"n_layer": st.integers(13, 65_536)},
    "sparse": {"sparsity": st.floats(0.2, 1.0)},
}


@st.composite
def entries(draw_from: st.DrawFn) -> Entry:
    scheme = draw_from(st.sampled_from(sorted(PARAMS)))
    kept = [(name, of) for name, of in PARAMS[scheme].items() if draw_from(st.booleans())]
    return Entry(scheme, tuple((name, draw_from(of)) for name, of in kept), draw_from(fans))


@given(st.lists(entries(), min_size=1, max_size=MAX_ENTRIES))
def test_a_comparison_written_is_read_back(parts: list[Entry]) -> None:
    comparison = Comparison(tuple(parts))
    assert Comparison.of(str(comparison)) == comparison
    assert [Entry.of(str(entry)) for entry in parts] == parts


@given(st.lists(entries(), min_size=1, max_size=3), st.sampled_from([" ", "  ", "\t", "\n"]))
def test_spaces_between_words_do_not_matter(parts: list[Entry], space: str) -> None:
    written = f"{space}-{space}".join(str(entry) for entry in parts)
    assert Comparison.of(space + written + space) == Comparison(tuple(parts))


@given(st.text(st.sampled_from("normalzerosgain=().-×x,123e−+ \n"), max_size=60))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    refused, comparison = None, None
    try:
        comparison = Comparison.of(text)
    except InitLabError as error:
        refused = error
    if comparison is not None:
        assert Comparison.of(str(comparison)) == comparison
    if refused is not None:
        assert refused.code.split(".")[0] in {"comparison", "parameter"}
        assert refused.code == "comparison.entries" or 1 <= refused.facts["at"] <= text.count("-") + 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zeros", [Entry("zeros")]),
        (
            "classic_uniform-normal(std=0.02)-zeros.512x256",
            [Entry("classic_uniform"), Entry("normal", (("std", 0.02),)), Entry("zeros", (), (512, 256))],
        ),
        ("zeros.512×256", [Entry("zeros", (), (512, 256))]),
        ("normal(mean=-1)-ones", [Entry("normal", (("mean", -1.0),)), Entry("ones")]),
        ("normal(mean=−1e-3,std=2)", [Entry("normal", (("std", 2.0), ("mean", -1e-3)))]),
        ("uniform(b=-1,a=-2.5).3x5", [Entry("uniform", (("b", -1.0), ("a", -2.5)), (3, 5))]),
        ("normal()", [Entry("normal")]),
        ("normal(std=1)", [Entry("normal")]),  # torch's own default is left out
        (
            "trunc_normal( b = 0.75 , a = -1 ) . 7x1",
            [Entry("trunc_normal", (("a", -1.0), ("b", 0.75)), (7, 1))],
        ),
        ("eye.1x65536", [Entry("eye", (), (1, 65_536))]),
        ("kaiming_normal(mode=fan_out).64x3", [Entry("kaiming_normal", (("mode", "fan_out"),), (64, 3))]),
    ],
)
def test_what_a_text_says(text: str, expected: list[Entry]) -> None:
    assert list(Comparison.of(text).entries) == expected


@pytest.mark.parametrize(
    ("text", "code", "at", "word"),
    [
        ("", "comparison.scheme", 1, ""),
        ("zeros-", "comparison.scheme", 2, ""),
        ("-zeros", "comparison.scheme", 1, ""),
        ("zeros--ones", "comparison.scheme", 2, ""),
        ("zeros-bogus", "comparison.scheme", 2, "bogus"),
        ("Zeros", "comparison.scheme", 1, "Zeros"),
        ("zeros-ones-normal(std=1)x", "comparison.scheme", 3, "normal(std=1)x"),
        ("normal(std", "comparison.scheme", 1, "normal(std"),
        ("zeros_", "comparison.scheme", 1, "zeros_"),
        ("512x256", "comparison.scheme", 1, "512x256"),
        ("zeros.5", "comparison.fans", 1, "5"),
        ("zeros.", "comparison.fans", 1, ""),
        ("zeros.5x", "comparison.fans", 1, "5x"),
        ("zeros.0x3", "comparison.fans", 1, "0x3"),
        ("ones-zeros.3x0", "comparison.fans", 2, "3x0"),
        ("zeros.3x65537", "comparison.fans", 1, "3x65537"),
        ("zeros.65537x3", "comparison.fans", 1, "65537x3"),
        ("zeros.1234567890x3", "comparison.fans", 1, "1234567890x3"),
        ("zeros.5x3.5x3", "comparison.fans", 1, "5x3.5x3"),
        ("zeros.5x3x2", "comparison.fans", 1, "5x3x2"),
        ("zeros.5*3", "comparison.fans", 1, "5*3"),
        ("zeros.٣x٥", "comparison.fans", 1, "٣x٥"),
        ("zeros.ones", "comparison.fans", 1, "ones"),
    ],
)
def test_a_text_that_cannot_be_read(text: str, code: str, at: int, word: str) -> None:
    with pytest.raises(ComparisonError) as refused:
        Comparison.of(text)
    assert refused.value.code == code
    assert refused.value.facts["at"] == at
    assert refused.value.facts["word"] == word
    assert refused.value.facts["most"] == MAX_FAN
    assert refused.value.facts["schemes"] == tuple(SCHEMES)
    assert repr(word) in str(refused.value)


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        ("zeros(val=3)", "parameter.unknown", 1),
        ("zeros-normal(std=-1)", "parameter.number", 2),
        ("normal(std=nan)", "parameter.number", 1),
        ("normal(std=inf)", "parameter.number", 1),
        ("normal(std=(0.02))", "parameter.number", 1),
        ("normal(std=0.02))", "parameter.number", 1),
        ("ones-ones-uniform(a=1)", "parameter.order", 3),
        ("uniform(b=-2,a=-1)", "parameter.order", 1),
        ("normal(std)", "parameter.text", 1),
        ("normal(std=1,std=2)", "parameter.text", 1),
        ("kaiming_normal(mode=fan_avg)", "parameter.choice", 1),
        ("gpt2_residual(n_layer=1.5)", "parameter.number", 1),
    ],
)
def test_a_parameter_that_a_scheme_does_not_take(text: str, code: str, at: int) -> None:
    with pytest.raises(ParameterError) as refused:
        Comparison.of(text)
    assert refused.value.code == code
    assert refused.value.facts["at"] == at


def test_at_most_eight_and_at_least_one() -> None:
    assert MAX_ENTRIES == 8
    assert len(Comparison.of("-".join(["zeros"] * 8)).entries) == 8
    for make in (lambda: Comparison.of("-".join(["zeros"] * 9)), lambda: Comparison((Entry("zeros"),) * 9)):
        with pytest.raises(ComparisonError) as refused:
            make()
        assert refused.value.code == "comparison.entries"
        assert (refused.value.facts["most"], refused.value.facts["given"]) == (8, 9)
    with pytest.raises(ComparisonError) as refused:
        Comparison(())
    assert (refused.value.code, refused.value.facts["given"]) == ("comparison.entries", 0)


def test_a_text_has_at_most_a_thousand_characters() -> None:
    fits = "zeros" + " " * (MAX_CHARS - 5)
    assert Comparison.of(fits).entries == (Entry("zeros"),)
    with pytest.raises(ComparisonError) as refused:
        Comparison.of(fits + " ")
    assert refused.value.code == "comparison.long"
    assert refused.value.facts["most"] == MAX_CHARS == 1200


def test_one_entry_changes_and_the_others_stay() -> None:
    before = Comparison.of("zeros-normal(std=0.02)-ones.3x5")
    after = before.with_entry(1, fans=(7, 2))
    assert str(after) == "zeros-normal(std=0.02).7x2-ones.3x5"
    assert str(after.with_entry(0, scheme="eye")) == "eye-normal(std=0.02).7x2-ones.3x5"
    assert str(before) == "zeros-normal(std=0.02)-ones.3x5"
    assert str(LESSON_THREE) == "classic_uniform-xavier_normal-kaiming_normal"


def test_an_entry_s_own_layer_comes_before_the_shared_one() -> None:
    """xavier_normal's std is g·√(2/(fan_in + fan_out)), kaiming_normal's √(2/fan_in)."""
    shared = Layer.of("Conv2d(3, 16, 5)")
    assert Entry.of("zeros").layer(shared) is shared
    own = Entry.of("kaiming_normal.512x30")
    assert own.layer(shared).shape == (30, 512)
    assert own.law(shared).std == pytest.approx(math.sqrt(2 / 512), rel=1e-12)
    assert Entry.of("kaiming_normal").law(shared).std == pytest.approx(math.sqrt(2 / 75), rel=1e-12)
    law = Entry.of("xavier_normal(gain=2)").law(shared)
    assert law.std == pytest.approx(2 * math.sqrt(2 / (75 + 400)), rel=1e-12)
    with pytest.raises(ShapeError):
        Entry.of("eye").law(shared)
    assert Entry.of("eye.7x3").law(shared).mean == pytest.approx(1 / 7)


# What a layer makes of a signal

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


# The law by the true connections

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


# The largest weight


@pytest.mark.parametrize("n", [1, 2, 3, 15, 1000, 10**6, 65_536**2])
def test_the_largest_of_n_uniform_weights(n: int) -> None:
    """b·(n − 1)/(n + 1) of U(±b); a + (b − a)·n/(n + 1) of U(a, b)."""
    law = SCHEMES["classic_uniform"].law((3, 5))
    bound = 1 / math.sqrt(5)
    assert expected_largest(law, n) == pytest.approx(bound * (n - 1) / (n + 1), rel=1e-9, abs=1e-12)
    law = SCHEMES["uniform"].law((3, 5), a=-3.0, b=0.5)
    assert expected_largest(law, n) == pytest.approx(-3 + 3.5 * n / (n + 1), rel=1e-9)


# Harter 1961, Expected values of normal order statistics
@pytest.mark.parametrize(
    ("n", "expected"), [(1, 0), (2, 0.56419), (3, 0.84628), (10, 1.53875), (100, 2.50759)]
)
def test_the_largest_of_n_normal_weights(n: int, expected: float) -> None:
    law = SCHEMES["normal"].law((3, 5), std=0.5, mean=-2.0)
    assert expected_largest(law, n) == pytest.approx(-2 + 0.5 * expected, abs=5e-6)


def test_a_simulation_shows_the_largest() -> None:
    """600 weights of kaiming_normal and trunc_normal, 2000 times."""
    generator = torch.Generator().manual_seed(3)
    for scheme, params in (("kaiming_normal", {}), ("trunc_normal", {"a": -0.5, "b": 2.0})):
        law = SCHEMES[scheme].law((20, 30), **params)
        weight = torch.empty(20, 30)
        largest = [
            SCHEMES[scheme].fill_(weight, generator=generator, **params).max().item() for _ in range(2000)
        ]
        error = float(np.std(largest, ddof=1)) / math.sqrt(2000)
        assert np.mean(largest) == pytest.approx(expected_largest(law, 600), abs=5 * error), scheme


def test_without_chance_the_largest_is_the_largest() -> None:
    assert expected_largest(SCHEMES["constant"].law((3, 5), val=-2.5), 15) == -2.5
    assert expected_largest(SCHEMES["zeros"].law((3, 5)), 15) == 0
    assert expected_largest(SCHEMES["eye"].law((3, 5)), 15) == 1
    assert expected_largest(SCHEMES["normal"].law((3, 5), std=0, mean=-3.0), 15) == -3


def test_dependent_entries_have_no_expected_largest() -> None:
    assert expected_largest(SCHEMES["orthogonal"].law((3, 5)), 15) is None
    assert expected_largest(SCHEMES["sparse"].law((30, 5)), 150) is None


# Order


def test_laws_from_the_smallest_std_to_the_largest() -> None:
    """For nn.Linear(5, 3): √(2/5), 0, √(2/8), 0 and 1/√15; equal ones stay in order."""
    compared = Comparison.of("kaiming_normal-zeros-xavier_normal-ones-classic_uniform-xavier_normal")
    laws = [entry.law(Layer.of("Linear(5, 3)")) for entry in compared.entries]
    assert ordered(laws) == [1, 3, 4, 2, 5, 0]
    assert ordered(laws[::-1]) == [2, 4, 1, 0, 3, 5]
    assert ordered([]) == []


@pytest.mark.parametrize("step", [1e-2, 1e-4, 1e-6, 1e-9])
def test_laws_that_differ_by_more_than_rounding_are_in_order(step: float) -> None:
    laws = [SCHEMES["normal"].law((3, 5), std=0.0371 * (1 + step * place)) for place in (2, 0, 3, 1)]
    assert ordered(laws) == [1, 3, 0, 2]


# The one call


@pytest.mark.parametrize(
    ("key", "params", "code"),
    [
        ("uniform", {}, "nn.init.uniform_(w)"),
        ("uniform", {"a": -1.0}, "nn.init.uniform_(w, a=-1.0)"),
        ("normal", {"std": 0.02}, "nn.init.normal_(w, std=0.02)"),
        ("zeros", {}, "nn.init.zeros_(w)"),
        ("constant", {}, "nn.init.constant_(w, val=5.0)"),
        ("kaiming_normal", {}, "nn.init.kaiming_normal_(w)"),
        (
            "kaiming_uniform",
            {"mode": "fan_out", "nonlinearity": "relu"},
            "nn.init.kaiming_uniform_(w, nonlinearity='relu', mode='fan_out')",
        ),
        ("xavier_normal", {"gain": 2.0}, "nn.init.xavier_normal_(w, gain=2.0)"),
        ("classic_uniform", {}, "nn.init.kaiming_uniform_(w, a=2.23606797749979)"),
        ("lecun_normal", {}, "nn.init.kaiming_normal_(w, nonlinearity='linear')"),
        ("mup_output", {}, "nn.init.normal_(w, std=0.2)"),
        ("sparse", {}, "nn.init.sparse_(w, sparsity=0.1)"),
    ],
)
def test_the_call_as_one_would_write_it(key: str, params: dict[str, Any], code: str) -> None:
    assert call_code(key, (3, 5), **params) == code


@cases
def test_the_call_after_a_seed_fills_what_is_drawn(case: Case) -> None:
    """In half precision too, where an orthogonal matrix is drawn in float32 and cast."""
    dtypes = [torch.float32, *([torch.bfloat16, torch.float16] if case.half else [])]
    for shape, dtype in itertools.product({(3, 5), (12, 5, 4)} & set(case.shapes), dtypes):
        w = torch.empty(shape, dtype=dtype)
        with torch.random.fork_rng([]):
            torch.manual_seed(40)
            exec(call_code(case.key, shape, **case.params), {"nn": nn, "w": w})  # noqa: S102
        assert_drawn_alike(w, draw(case.key, shape, seed=40, dtype=dtype, **case.params), case.key)


def test_a_call_of_no_scheme_is_refused() -> None:
    with pytest.raises(InitLabError) as refused:
        call_code("bogus", (3, 5))
    assert refused.value.code == "scheme.unknown"
    with pytest.raises(ParameterError):
        call_code("zeros", (3, 5), val=1.0)


def test_a_normal_and_a_uniform_law_of_one_std_stay_in_order() -> None:
    """√3·s/√3 is not s in doubles: 0.49999999999999994 for the layer 5 → 3."""
    for shape in ((3, 5), (256, 512), (20, 30)):
        for keys in (("xavier_normal", "xavier_uniform"), ("kaiming_uniform", "kaiming_normal")):
            laws = [SCHEMES[key].law(shape) for key in keys]
            assert ordered(laws) == [0, 1]
            assert ordered(laws[::-1]) == [0, 1]


def test_the_longest_comparison_can_be_read_back() -> None:
    low, high = -0.12345678901234567e-20, -0.11345678901234567e-20
    params = (("mean", low), ("std", -low), ("a", low), ("b", high))
    text = "-".join([str(Entry("trunc_normal", params, (65_536, 65_536)))] * 8)
    assert len(text) <= MAX_CHARS


def test_an_entry_of_no_scheme_or_layer_is_refused() -> None:
    for scheme, fans in (("bogus", None), ("zeros", (0, 3)), ("zeros", (3, 65_537))):
        with pytest.raises(ComparisonError):
            Entry(scheme, fans=fans)

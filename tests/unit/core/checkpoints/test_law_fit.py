"""A tensor drawn by torch is called by its own law, and one that has been trained by none."""

import math
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core import SCHEMES
from core.checkpoints.candidates import Named, candidate
from core.checkpoints.law_fit import Fit, identify, stands_out
from core.checkpoints.measure import measure
from tests.support.stored_tensors import stored


def _rng(seed: int = 5) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _fit(tensor: Tensor, **arguments: Any) -> Fit | None:
    return identify(measure(stored(tensor)), **arguments)


def _keys(fit: Fit | None) -> set[str]:
    return set() if fit is None else {named.key for named in fit.schemes}


DRAWN = [
    ("classic_uniform", {}, (300, 512)),
    ("normal", {"std": 0.02}, (300, 512)),
    ("normal", {"std": 0.013}, (300, 512)),
    ("kaiming_normal", {"nonlinearity": "relu"}, (64, 48, 3, 3)),
    ("kaiming_normal", {"nonlinearity": "relu", "mode": "fan_out"}, (64, 48, 3, 3)),
    ("kaiming_uniform", {"nonlinearity": "relu"}, (300, 512)),
    ("kaiming_uniform", {"a": math.sqrt(5), "mode": "fan_out"}, (300, 512)),
    ("xavier_normal", {"gain": 5 / 3}, (300, 512)),
    ("xavier_uniform", {"gain": 1.0}, (300, 512)),
    ("lecun_normal", {}, (300, 512)),
    ("lecun_uniform", {}, (300, 512)),
    ("variance_scaling", {"scale": 1.0, "mode": "fan_avg"}, (300, 512)),
    ("trunc_normal", {"std": 0.02, "a": -0.04, "b": 0.04}, (300, 512)),
    ("trunc_normal", {"std": 0.02, "a": -0.06, "b": 0.06}, (600, 512)),
    ("orthogonal", {"gain": 1.0}, (128, 256)),
    ("orthogonal", {"gain": math.sqrt(2)}, (256, 128)),
    ("sparse", {"sparsity": 0.1, "std": 0.01}, (300, 512)),
    ("gpt2_residual", {"n_layer": 12}, (300, 512)),
    ("llama_residual", {"layer_id": 6}, (300, 512)),
    ("wang_init", {"n_layer": 16, "d_model": 512}, (300, 512)),
    ("small_init", {}, (300, 512)),
    ("t5", {"role": "q"}, (300, 512)),
    ("mup_output", {}, (300, 512)),
    ("siren_hidden", {}, (300, 512)),
    ("uniform", {"a": -0.05, "b": 0.05}, (300, 512)),
    ("uniform", {}, (300, 512)),
    ("eye", {}, (40, 60)),
    ("dirac", {}, (24, 16, 3, 3)),
    ("zeros", {}, (24, 16)),
    ("ones", {}, (24,)),
    ("constant", {"val": 0.25}, (24,)),
]


@pytest.mark.parametrize("gain", [0.3, 0.75, nn.init.calculate_gain("leaky_relu", 0.2), 1.4])
@pytest.mark.parametrize("shape", [(128, 128), (128, 200), (200, 90), (32, 24, 3, 3)], ids=str)
def test_orthogonal_weights_of_any_gain_are_named_whatever_the_seed(
    shape: tuple[int, ...], gain: float
) -> None:
    for seed in range(3):
        drawn = nn.init.orthogonal_(torch.empty(shape), gain, generator=torch.Generator().manual_seed(seed))
        fit = _fit(drawn)
        assert fit is not None
        assert [name.key for name in fit.schemes] == ["orthogonal"]
        assert dict(fit.schemes[0].params)["gain"] == pytest.approx(gain, rel=1e-5)


@pytest.mark.parametrize("shape", [(10, 100), (300, 784), (64, 400), (25, 900)])
def test_what_torch_draws_by_itself_is_named_first(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    fit = _fit(nn.Linear(shape[1], shape[0]).weight.detach())
    assert fit is not None
    assert fit.schemes[0].key == "classic_uniform"


@pytest.mark.parametrize("held", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize(("key", "params", "shape"), DRAWN, ids=str)
def test_a_drawn_tensor_is_called_by_its_scheme(
    key: str, params: dict[str, Any], shape: tuple[int, ...], held: torch.dtype
) -> None:
    drawn = SCHEMES[key].fill_(torch.empty(shape), generator=_rng(), **params).to(held)
    fit = _fit(drawn)
    assert fit is not None
    law = SCHEMES[key].law(shape, **params)
    named = next(named for named in fit.schemes if named.key == key)
    assert SCHEMES[key].law(shape, **named.params).std == pytest.approx(law.std, rel=1e-9)
    assert fit.p_value >= 0.001


def test_drawn_in_half_precision_is_found_too() -> None:
    """torch's half-precision ``uniform_`` moves what would round to the open end to the other one."""
    for dtype in (torch.bfloat16, torch.float16):
        drawn = SCHEMES["classic_uniform"].fill_(torch.empty(800, 1008, dtype=dtype), generator=_rng())
        for held in (drawn, drawn.float()):
            fit = _fit(held)
            assert "classic_uniform" in _keys(fit)
            assert fit is not None
            assert fit.p_value >= 0.001


def test_std_alone_does_not_decide() -> None:
    """nn.Linear's default at 768 inputs has a std of 1/√(3·768) = .0208, beside N(0, .02)."""
    weight = torch.empty(768, 768).uniform_(-1 / math.sqrt(768), 1 / math.sqrt(768), generator=_rng())
    scaled = torch.empty(768, 768).normal_(0, 1 / math.sqrt(3 * 768), generator=_rng())
    assert "normal" not in _keys(_fit(weight))
    assert "classic_uniform" not in _keys(_fit(scaled))


def _trained() -> dict[str, Tensor]:
    start = torch.empty(256, 512).normal_(0, 0.02, generator=_rng())
    left, right = (torch.empty(shape).normal_(0, 1, generator=_rng(7)) for shape in ((256, 4), (4, 512)))
    rows = torch.empty(256, 1).normal_(0, 0.1, generator=_rng(8)).exp()
    heavy = start / torch.empty(256, 512).exponential_(1, generator=_rng(9)).add(20).div(21).sqrt()
    shrunk = start.sign() * (start.abs() - 0.003).clamp(min=0)
    return {
        "a step of low rank": start + 0.004 * left @ right,
        "rows of other sizes": start * rows,
        "heavier tails": heavy + 0.05 * start**3 / 0.02**2,
        "shrunk": shrunk,
        "off centre": start + 0.001,
    }


@pytest.mark.parametrize("name", _trained())
def test_a_trained_tensor_has_no_law(name: str) -> None:
    assert _fit(_trained()[name]) is None


def test_a_small_tensor_may_be_several() -> None:
    fit = _fit(torch.empty(6, 5).normal_(0, 0.02, generator=_rng()))
    assert fit is not None
    assert len(fit.schemes) > 1
    assert not fit.decisive


def test_stacked_matrices_have_the_fans_of_each() -> None:
    """A weight of query, key and value, each of them drawn by Glorot's uniform with its own fans."""
    rng = _rng()
    stacked = torch.cat([nn.init.xavier_uniform_(torch.empty(128, 128), generator=rng) for _ in range(3)])
    fit = _fit(stacked)
    assert fit is not None
    at = next(
        i for i, (key, params) in enumerate(fit.schemes) if key == "xavier_uniform" and params["gain"] == 1
    )
    assert fit.shapes[at] == (128, 128)


def test_a_bias_is_held_to_its_weight() -> None:
    bias = torch.empty(500).uniform_(-1 / math.sqrt(60), 1 / math.sqrt(60), generator=_rng())
    assert _fit(bias) is None
    fit = _fit(bias, beside=(500, 60))
    assert fit is not None
    assert fit.schemes[0].params == {"a": -1 / math.sqrt(60), "b": 1 / math.sqrt(60)}


def test_numbers_at_a_far_cut_are_left_aside_and_counted() -> None:
    """torch's trunc_normal_ before 2026 could give ±2 at any std."""
    weight = torch.empty(256, 512).normal_(0, 0.02, generator=_rng())
    weight.view(-1)[::40_000] = -2.0
    fit = _fit(weight)
    assert fit is not None
    assert fit.schemes[0].params["std"] == 0.02
    assert fit.outliers == 4


def test_walls_are_those_of_the_numbers_that_are_left() -> None:
    for wall in (1 / 16, 0.1049):  # a default's, and one that nobody writes
        weight = torch.empty(300, 256).uniform_(-wall, wall, generator=_rng())
        weight[3, 4], weight[50, 60] = 4.0, -4.0
        fit = _fit(weight)
        assert fit is not None
        assert fit.outliers == 2
        assert fit.schemes[0].key in {"classic_uniform", "uniform"}
        law = SCHEMES[fit.schemes[0].key].law(fit.shapes[0], **fit.schemes[0].params)
        # values stand for cells that are up to 1/128 wide
        assert law.support[1] == pytest.approx(wall, rel=1 / 128)


def test_a_padding_row_says_nothing_of_the_others() -> None:
    table = nn.init.normal_(torch.empty(400, 64), generator=_rng())
    table[0] = 0
    assert _fit(table) is not None


def test_a_number_far_too_large_for_any_init_has_no_law() -> None:
    assert _fit(torch.full((4, 8), 1e37)) is None
    assert _fit(torch.tensor([[1.0, math.nan]])) is None
    assert _fit(torch.tensor([3, 3])) is None


def test_of_more_tensors_one_may_be_further_off() -> None:
    one, many = (_fit(torch.empty(60, 50).normal_(0, 0.02, generator=_rng()), among=n) for n in (1, 1000))
    assert one is not None
    assert many is not None
    assert many.would_refute > one.would_refute
    # Kolmogorov's distribution: P(√n·D > 1.94947) = .001
    assert one.would_refute[0] == pytest.approx(1.94947 / math.sqrt(3000), rel=1e-4)
    # a normal law's std has the relative error 1/√(2n), and is further off than 3.29053 of these once in 1000
    assert one.would_refute[1] == pytest.approx(3.29053 / math.sqrt(6000), rel=1e-4)


def test_the_walls_of_a_uniform_law_tell_more_than_its_std() -> None:
    """Scaled by 1 − s, n numbers leave s/2 of the width free before each wall: 2·(1 − s/2)ⁿ is the chance."""
    n, wall = 1000, 0.25
    drawn = torch.empty(20, 50).uniform_(-wall, wall, generator=_rng())
    drawn *= wall / drawn.abs().max()
    meant = candidate("uniform", {"a": -wall, "b": wall}, (20, 50))
    fit = _fit(drawn, meant=meant)
    assert fit is not None
    assert fit.would_refute[1] == pytest.approx(
        2 * (1 - 0.0005 ** (1 / n)), rel=1e-6
    )  # 1.5 %; by its std 4.7 %
    for by, fits in (
        (1 - 0.5 * fit.would_refute[1], True),
        (1 - 2 * fit.would_refute[1], False),
        (1.01, False),
    ):
        found = _fit(drawn * by, meant=meant)
        assert fits == (found is not None and found.schemes[0].params == {"a": -wall, "b": wall}), by


def test_what_is_kept_of_laws_in_half_precision_does_not_grow_with_the_shapes() -> None:
    """Half precision lists all its numbers for each law: 40 shapes have some 500, of half a megabyte each."""
    tracemalloc.start()
    for columns in range(6, 46):
        _fit(torch.empty(4, columns, dtype=torch.bfloat16).normal_(0, 0.02, generator=_rng()))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 100e6


def test_honest_draws_are_refused_at_the_promised_rate() -> None:
    """Of 120 draws .12 are expected to be called strange; more than 2 are so in one of 3000 runs."""
    rng, refused = _rng(11), 0
    for n in range(120):
        shape = [(6, 9), (20, 40), (5, 4, 3, 3)][n % 3]
        key = ("classic_uniform", "xavier_normal", "variance_scaling", "kaiming_uniform")[n % 4]
        params = {"nonlinearity": "relu"} if key == "kaiming_uniform" else {}
        refused += _fit(SCHEMES[key].fill_(torch.empty(shape), generator=rng, **params)) is None
    assert refused <= 2


@pytest.mark.parametrize("held", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("key", ["uniform", "trunc_normal"])
def test_walls_that_nobody_writes_are_found_whatever_the_seed(key: str, held: torch.dtype) -> None:
    """The numbers of half of all draws have a std from which walls follow that lie within the numbers."""
    wall = {"uniform": 0.1049, "trunc_normal": 2 * 0.0437}[key]
    params = {"a": -wall, "b": wall} | ({"std": wall / 2} if key == "trunc_normal" else {})
    for seed in range(30):
        weight = SCHEMES[key].fill_(torch.empty(150, 160), generator=_rng(seed), **params).to(held)
        fit = _fit(weight)
        assert fit is not None, seed
        assert key in _keys(fit)
        found = next(named.params["b"] for named in fit.schemes if named.key == key)
        # of n uniform draws the largest is a/n below the wall a, on average; a cut normal's, up to ten times
        assert found == pytest.approx(wall, rel=0.005)


@pytest.mark.parametrize("held", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("shape", [(40, 60), (150, 260)], ids=str)
@pytest.mark.parametrize(("low", "high"), [(-1.0, 2.0), (0.1, 0.4), (-0.05, 0.0), (0.0, 0.3)])
def test_ends_that_are_not_about_0_are_found(
    low: float, high: float, shape: tuple[int, int], held: torch.dtype
) -> None:
    """So are those that nobody writes, where many numbers show another law."""
    for seed in range(5):
        fit = _fit(torch.empty(shape).uniform_(low, high, generator=_rng(seed)).to(held))
        assert fit is not None, seed
        assert fit.schemes[0] == ("uniform", {"a": low, "b": high})
    fit = _fit(torch.empty(150, 260).uniform_(low - 0.0123, high, generator=_rng(6)))
    assert fit is not None
    assert fit.schemes[0].params == pytest.approx({"a": low - 0.0123, "b": high}, abs=1e-3)


@pytest.mark.parametrize("held", [torch.float32, torch.bfloat16], ids=str)
def test_a_cut_at_three_std_is_found_at_any_scale(held: torch.dtype) -> None:
    """OLMo's, by its width and layer, are such: of 10⁶ normal numbers 2 700 would lie beyond."""
    std = 1 / math.sqrt(2 * 1000 * 7)
    weight = nn.init.trunc_normal_(torch.empty(1000, 1024), std=std, a=-3 * std, b=3 * std, generator=_rng(5))
    fit = _fit(weight.to(held))
    assert fit is not None
    assert fit.schemes[0].key == "trunc_normal"
    wanted = {"std": std, "a": -3 * std, "b": 3 * std}
    assert fit.schemes[0].params == pytest.approx(wanted, rel=0.005)
    other = nn.init.trunc_normal_(torch.empty(1000, 1024), std=std, a=-std, b=std, generator=_rng(5))
    assert _fit(other) is None  # as the documents say of other cuts


@pytest.mark.parametrize(
    ("key", "params", "shape"),
    [
        ("uniform", {"a": -0.5, "b": 0.5}, (64, 32)),
        ("uniform", {"a": -0.2, "b": 0.2}, (100, 100)),
        ("normal", {"std": 0.2}, (100, 100)),
        ("normal", {"std": 0.3}, (80, 70)),
    ],
    ids=str,
)
def test_a_number_of_one_digit_is_found_in_a_small_tensor_too(
    key: str, params: dict[str, float], shape: tuple[int, int]
) -> None:
    for seed in range(20):
        fit = _fit(SCHEMES[key].fill_(torch.empty(shape), generator=_rng(seed), **params))
        assert fit is not None, seed
        assert (key, params) in [(named.key, named.params) for named in fit.schemes]


@pytest.mark.parametrize("wall", [0.2371, 0.0612])
def test_walls_that_no_number_comes_near_to_are_not_the_law_s(wall: float) -> None:
    """Of 20 000 numbers within ±0.24 the largest is less than 0.238 with a chance of e^(-167)."""
    for seed in range(20):
        fit = _fit(torch.empty(100, 200).uniform_(-wall, wall, generator=_rng(seed)))
        assert fit is not None
        for _, params in fit.schemes:
            assert math.isclose(params["b"], wall, rel_tol=1e-3)


def test_the_default_of_a_bilinear_layer_is_known() -> None:
    """Torch draws both from ±1/√in1_features, whatever in2_features is."""
    for seed in range(20):
        torch.manual_seed(seed)
        layer = nn.Bilinear(20, 30, 40)
        wall = {"a": -1 / math.sqrt(20), "b": 1 / math.sqrt(20)}
        for numbers, beside in ((layer.weight, None), (layer.bias, (40, 20, 30))):
            fit = _fit(numbers.detach(), beside=beside)
            assert fit is not None, seed
            assert wall in [named.params for named in fit.schemes]


def test_a_drawn_number_may_round_to_a_zero_of_either_sign() -> None:
    weight = SCHEMES["sparse"].fill_(torch.empty(256, 384), generator=_rng()).half()
    weight.view(-1)[weight.view(-1).nonzero()[0]] = -0.0
    assert "sparse" in _keys(_fit(weight))


@pytest.mark.parametrize(
    ("std", "held"),
    [
        (0.02, torch.float8_e4m3fn),
        (2e-7, torch.float16),
        (0.01, torch.float8_e4m3fn),
        (1e-4, torch.float8_e5m2),
    ],
    ids=str,
)
def test_of_a_law_s_zeros_half_are_negative_and_it_is_the_law_still(std: float, held: torch.dtype) -> None:
    """Of N(0, std²) a share of 2·Φ(step/2std) − 1 rounds to 0, −0 as often as 0: together one number."""
    weight = torch.empty(512, 512).normal_(0, std, generator=_rng()).to(held)
    assert (weight.float() == 0).float().mean() > 0.03
    fit = _fit(weight)
    assert fit is not None
    assert fit.schemes[0].key == "normal"
    assert fit.schemes[0].params["std"] == pytest.approx(std, rel=0.01)  # as it is rounded
    assert fit.p_value > 0.001
    assert _fit((weight.float() + (weight.float() == 0) * std / 2).to(held)) is None  # they are all above


def test_a_poor_fit_does_not_convince() -> None:
    """With p = .01 a tensor is one honest draw of a hundred: likely among such, not among trained ones."""
    fit = _fit(torch.empty(60, 80).normal_(0, 0.02, generator=_rng(1)), among=1000)
    assert fit is not None
    assert stands_out(fit, 4)
    assert not stands_out(replace(fit, p_value=0.01), 4)
    assert stands_out(replace(fit, p_value=0.0, distance=0.001), 4)  # of a billion numbers
    assert not stands_out(replace(fit, rank=2), 4)  # any std is near to one that was found in the tensor
    assert not stands_out(replace(fit, would_refute=(0.1, 0.2)), 4)
    in_six = replace(fit, schemes=(Named("gpt2_residual", {"n_layer": 6}),))
    assert (stands_out(in_six, 6), stands_out(in_six, 4)) == (True, False)


@pytest.mark.parametrize("gain", [1.0, 1.3])
@pytest.mark.parametrize(("hidden", "gates"), [(64, 4), (160, 4), (96, 3)])
def test_gates_that_are_orthogonal_each_by_itself_are_named(hidden: int, gates: int, gain: float) -> None:
    """As LSTMs and GRUs are often begun: a row of each has the gain as its length, none of the whole's."""
    weight = torch.empty(gates * hidden, hidden)
    for seed, gate in enumerate(weight.chunk(gates)):
        nn.init.orthogonal_(gate, gain, generator=torch.Generator().manual_seed(seed))
    fit = _fit(weight)
    assert fit is not None
    found = {dict(name.params)["gain"] for name in fit.schemes if name.key == "orthogonal"}
    assert any(one == pytest.approx(gain, rel=1e-5) for one in found)

"""The referee calls honest draws consistent as often as promised, in every dtype and after a cast."""

import dataclasses
import functools
import itertools
import math
import warnings
from collections.abc import Iterator

import pytest
import torch
from scipy import special
from torch import nn

from core import DTYPES, SCHEMES, Summary, draw, summarize
from core.weights import referee
from tests.support.cases import CASES, Case, case_id
from tests.support.dtypes import EIGHTS, HALVES
from tests.support.marks import generator_stays
from tests.support.refereed import RANDOM, case_draw, random_cases, verdict_of
from tests.support.shapes import Shape

pytestmark = generator_stays


def _dtypes(case: Case) -> list[torch.dtype]:
    return [dtype for dtype in DTYPES if case.half or dtype not in HALVES]


@functools.cache
def _alarms(index: int) -> tuple[int, int, int]:
    """Judge small honest draws of a case: how many are called inconsistent, have p < 0.05, and are there.

    So many bins that most of them expect no weight are among what is tried.
    """
    case = RANDOM[index]
    alarms = low = n = 0
    for shape, dtype in itertools.product(((3, 5), (10, 10), (30, 40)), _dtypes(case)):
        law = SCHEMES[case.key].law(shape, **case.params)
        for seed in range(20 if law.random else 0):
            bins = (20, 200, 2000)[seed % 3]
            weights = case_draw(case, shape, 1000 * math.prod(shape) + seed, dtype)
            verdict = referee.judge(Summary.of(weights, law=law, bins=bins), law)
            alarms += not verdict.consistent
            low += verdict.p_value < 0.05
            n += 1
    return alarms, low, n


def _at_least(count: int, n: int, p: float) -> float:
    """Return the probability of so many among n, where each has probability p."""
    return float(special.bdtrc(count - 1, n, p)) if count else 1.0


@pytest.mark.parametrize("index", range(len(RANDOM)), ids=[case_id(case) for case in RANDOM])
def test_honest_draws_are_called_consistent_as_often_as_promised(index: int) -> None:
    """A bound that an honest referee passes with chance 1e-6; nor are p-values too small in general."""
    alarms, low, n = _alarms(index)
    assert n >= 80
    assert _at_least(alarms, n, referee.ALPHA) > 1e-6
    assert _at_least(low, n, 0.05) > 1e-6


def test_over_all_schemes_together_false_alarms_are_no_more_than_promised() -> None:
    """Some 8 000 draws, so some 8 alarms at most; a bound passed with chance 1e-6."""
    alarms, low, n = (sum(counts) for counts in zip(*map(_alarms, range(len(RANDOM))), strict=True))
    assert n > 7_000
    assert _at_least(alarms, n, referee.ALPHA) > 1e-6
    assert _at_least(low, n, 0.05) > 1e-6


@random_cases
def test_a_large_honest_draw_is_consistent_in_every_dtype(case: Case) -> None:
    """Three seeds each: some 400 draws in all, of which 0.4 would be called inconsistent by chance."""
    for dtype, seed in itertools.product(_dtypes(case), range(2 if case.key == "sparse" else 3)):
        verdict = verdict_of(case_draw(case, (100, 120), seed, dtype), case.key, 200, **case.params)
        assert verdict.p_value > 1e-5


#: Cuts that keep 0.3 of a normal law or less, from so narrow that float32 has a thousand numbers there.
NARROW = [
    *({"a": 2.0, "b": 2.001}, {"a": 1.5, "b": 1.501}, {"a": 3.0, "b": 3.0001}, {"a": -3.0001, "b": -3.0}),
    *({"a": -2.001, "b": -2.0}, {"a": 2.0, "b": 2.5}, {"a": -0.1, "b": 0.1}),
    # of these the density falls to a thousandth
    {"mean": 2.0, "std": 1e-4, "a": 2.0001, "b": 2.0004},
]


def _narrow(shape: Shape, seed: int, **cut: float) -> torch.Tensor:
    """Draw as torch does, which warns of some of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        generator = torch.Generator().manual_seed(seed)
        return nn.init.trunc_normal_(torch.empty(shape), generator=generator, **cut)


@pytest.mark.parametrize("cut", NARROW, ids=str)
def test_a_narrow_cut_that_torch_draws_by_uniform_proposals_is_consistent(cut: dict[str, float]) -> None:
    """Of them none is the upper end, as of ``uniform_``: of 120 000 a hundred would be, were it closed."""
    low = n = 0
    for shape, seeds in (((30, 40), 30), ((300, 400), 3)):
        law = SCHEMES["trunc_normal"].law(shape, **cut)
        for seed, held in itertools.product(range(seeds), (torch.float32, torch.bfloat16)):
            weights = _narrow(shape, seed, **cut).to(held)
            verdict = referee.judge(Summary.of(weights, law=law, drawn_in=torch.float32), law)
            assert verdict.p_value > 1e-5
            low += verdict.p_value < 0.05
            n += 1
    assert _at_least(low, n, 0.05) > 1e-6


@pytest.mark.parametrize("cut", NARROW, ids=str)
def test_a_narrow_cut_a_tenth_off_is_seen(cut: dict[str, float]) -> None:
    law = SCHEMES["trunc_normal"].law((100, 100), **cut)
    low, high = cut["a"], cut["b"]
    width = high - low
    moved = [(low + width / 10, high), (low + width / 10, high + width / 10)]
    if 10_000 * law.continuous.sf(high - width / 10) > 30:  # so many would be expected there
        moved.append((low, high - width / 10))
    for a, b in moved:
        weights = _narrow((100, 100), 1, **cut | {"a": a, "b": b})
        assert not referee.judge(Summary.of(weights, law=law, drawn_in=torch.float32), law).consistent
    if law.pdf(low) > 2 * law.pdf(high):  # and even weights, where the law is not
        weights = torch.empty(100, 100).uniform_(low, high, generator=torch.Generator().manual_seed(2))
        assert not referee.judge(Summary.of(weights, law=law, drawn_in=torch.float32), law).consistent


def _casts(case: Case, shape: Shape, seed: int) -> Iterator[tuple[torch.Tensor, torch.dtype]]:
    """Yield an honest draw of each dtype, cast to each that has fewer bits, and what it was drawn in."""
    for drawn_in in _dtypes(case):
        weights = case_draw(case, shape, seed, drawn_in)
        for dtype in (torch.float64, torch.float32, *HALVES, *EIGHTS):
            if dtype != drawn_in:
                yield weights.to(dtype), drawn_in


@random_cases
def test_honest_draws_that_were_cast_are_called_consistent_as_often_as_promised(case: Case) -> None:
    """Whether or not it is said what they were drawn in; a bound that chance passes once in 10⁶."""
    alarms = n = 0
    for shape, bins in (((3, 5), 20), ((30, 40), 20), ((60, 70), 200)):
        law = SCHEMES[case.key].law(shape, **case.params)
        for weights, drawn_in in _casts(case, shape, 10_000):
            # one that says nothing is not taken to have been cast upwards
            known = [drawn_in] if weights.dtype.itemsize > drawn_in.itemsize else [drawn_in, None]
            for claimed in known:
                summary = Summary.of(weights, law=law, bins=bins, drawn_in=claimed)
                alarms += not referee.judge(summary, law).consistent
                n += 1
    assert n >= 60
    assert _at_least(alarms, n, referee.ALPHA) > 1e-6


@pytest.mark.parametrize("dtype", [*HALVES, *EIGHTS], ids=str)
def test_a_layer_of_torch_cast_after_it_was_drawn_is_no_fault(dtype: torch.dtype) -> None:
    """nn.Linear draws in float32. A wall that a weight has passed is one all the same."""
    law = SCHEMES["classic_uniform"].law((256, 200))
    for seed in range(10):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            weights = nn.Linear(200, 256).weight.detach().to(dtype)
        for drawn_in in (None, torch.float32):
            verdict = referee.judge(Summary.of(weights, law=law, drawn_in=drawn_in), law)
            assert verdict.p_value > 1e-4
            assert verdict.drawn_in == drawn_in
    weights[3, 4] = 0.1  # 1/√200 is 0.0707
    assert not referee.judge(Summary.of(weights, law=law), law).consistent


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_weights_with_a_stated_drawing_dtype_are_judged_by_that_dtype(dtype: torch.dtype) -> None:
    """Between 8 and 16 half precision steps coarsely: a draw has zeros instead of 16s, a cast has 16s.

    Of bfloat16's 250 000 that is one in 512, some 490; of float16's one in 4 096, some 60.
    """
    law = SCHEMES["uniform"].law((500, 500), b=16.0)
    for seed in range(3):
        generator = torch.Generator().manual_seed(seed)
        native = torch.empty(500, 500, dtype=dtype).uniform_(0, 16, generator=generator)
        cast = torch.empty(500, 500).uniform_(0, 16, generator=generator).to(dtype)
        for weights, honest in ((native, dtype), (cast, torch.float32)):
            for drawn_in in (honest, None):
                assert referee.judge(Summary.of(weights, law=law, drawn_in=drawn_in), law).consistent
        assert not referee.judge(Summary.of(cast, law=law, drawn_in=dtype), law).consistent
        if dtype == torch.bfloat16:  # 60 zeros more or less in the first of 200 bins are within chance
            assert not referee.judge(Summary.of(native, law=law, drawn_in=torch.float32), law).consistent


def test_weights_drawn_in_half_precision_and_cast_up_are_known_by_their_steps() -> None:
    law = SCHEMES["kaiming_uniform"].law((300, 500))
    drawn = case_draw(next(c for c in CASES if c.key == "kaiming_uniform"), (300, 500), 1, torch.bfloat16)
    up = drawn.float()
    assert referee.judge(Summary.of(up, law=law, drawn_in=torch.bfloat16), law).consistent
    assert not referee.judge(Summary.of(up, law=law, drawn_in=torch.float32, bins=400), law).consistent


@pytest.mark.parametrize("dtype", [torch.float32, *HALVES, *EIGHTS], ids=str)
@pytest.mark.parametrize("shape", [(100, 120), (64, 10, 3), (2, 2), (1, 4), (1, 1)], ids=case_id)
def test_an_orthogonal_matrix_that_was_cast_is_held_to_what_a_cast_does(
    shape: Shape, dtype: torch.dtype
) -> None:
    """Of many entries, a tenth is too much in any dtype; of one, what its cast can hide is not."""
    law = SCHEMES["orthogonal"].law(shape)
    for seed in range(40):
        generator = torch.Generator().manual_seed(seed)
        weights = nn.init.orthogonal_(torch.empty(shape, dtype=torch.float64), generator=generator)
        for drawn_in in (None, torch.float64):
            honest = Summary.of(weights.to(dtype), law=law, drawn_in=drawn_in)
            assert referee.judge(honest, law).p_value > 1e-4
            if math.prod(shape) > 1000:
                for fault in (0.9, 1.1):
                    wrong = Summary.of((fault * weights).to(dtype), law=law, drawn_in=drawn_in)
                    assert not referee.judge(wrong, law).consistent


@pytest.mark.parametrize("std", [1e-6, 2e-4, 2.5e-4, 3e-4, 4e-4, 1e-3])
def test_where_a_dtype_turns_nearly_all_weights_to_0_the_few_others_are_no_fault(std: float) -> None:
    """e4m3fn rounds all below 2⁻¹⁰, 0.000 977, to 0; that leaves from none to a third of these weights."""
    alarms, n = 0, 0
    for shape, seed in itertools.product(((3, 5), (10, 10), (30, 40)), range(80)):
        law = SCHEMES["normal"].law(shape, std=std)
        generator = torch.Generator().manual_seed(seed)
        weights = (std * torch.randn(shape, generator=generator)).to(torch.float8_e4m3fn)
        alarms += not referee.judge(Summary.of(weights, law=law, bins=60), law).consistent
        n += 1
    assert _at_least(alarms, n, referee.ALPHA) > 1e-6
    one = torch.zeros(1, 15).to(torch.float8_e4m3fn)
    one[0, 3] = 2.0**-9
    # one of 15 has left 0 with chance 15·P(|z| > 3.91) = 0.0014 if the std is 2.5e-4, 1.6e-5 if it is 2e-4
    assert referee.judge(Summary.of(one, law=law), law).consistent == (std > 2e-4)
    weights[0, 0] = 10.0
    verdict = referee.judge(Summary.of(weights, law=law), law)
    assert not verdict.consistent
    assert verdict.detectable > 0 or math.isnan(verdict.detectable)


def test_infinities_where_the_law_exceeds_the_dtype_s_range_are_no_fault() -> None:
    """Beyond 61 440, e5m2 has inf: of N(0, 30 000²) that is one in 25."""
    law = SCHEMES["normal"].law((100, 120), std=30_000.0)
    p = math.erfc(61_440 / 30_000 / math.sqrt(2))
    for seed in range(20):
        weights = 30_000 * torch.randn(100, 120, generator=torch.Generator().manual_seed(seed))
        summary = Summary.of(weights.to(torch.float8_e5m2), law=law)
        assert summary.infinite == pytest.approx(12_000 * p, abs=6 * math.sqrt(12_000 * p))
        assert referee.judge(summary, law).p_value > 1e-4
    few = weights.clamp(-60_000, 60_000).to(torch.float8_e5m2)  # as if it saturated
    assert not referee.judge(Summary.of(few, law=law), law).consistent


def test_torch_s_float32_normals_end_early_and_that_is_no_fault() -> None:
    """24 bits reach to √(2·24·ln 2) = 5.77 std; of 2³⁰ normal weights some lie beyond 6 all but surely."""
    drawn = summarize("normal", (1000, 1000), seed=1)
    fields = {name: getattr(drawn, name) for name in drawn.__slots__}
    many = Summary(**{**fields, "n": 1 << 30, "maximum": 5.6, "minimum": -5.5})
    checks = {
        check.name: check.p_value for check in referee.judge(many, SCHEMES["normal"].law((3, 5))).checks
    }
    assert checks["extreme"] > 0.01
    # P(|Z| ≤ 4.5)^(2³⁰) = exp(−2³⁰ · 6.8e-6)
    few = Summary(**{**fields, "n": 1 << 30, "maximum": 4.5, "minimum": -4.5})
    checks = {check.name: check.p_value for check in referee.judge(few, SCHEMES["normal"].law((3, 5))).checks}
    assert checks["extreme"] < 1e-12


def test_a_drawn_entry_of_a_sparse_weight_may_be_0_by_chance() -> None:
    """torch's float32 normals are 0 once in 2²⁴: one zero too many among 900 000 has chance 5 %."""
    weights = case_draw(next(c for c in CASES if c.key == "sparse"), (1000, 1000), 1)
    drawn = weights.flatten().nonzero().flatten()
    weights.view(-1)[drawn[0]] = 0
    checks = {check.name: check.p_value for check in verdict_of(weights, "sparse").checks}
    assert checks["zeros"] == pytest.approx(1 - math.exp(-900_000 / 2**24), rel=1e-3)
    weights.view(-1)[drawn[:9]] = 0
    assert not verdict_of(weights, "sparse").consistent


@pytest.mark.parametrize("key", ["uniform", "kaiming_normal", "kaiming_uniform", "variance_scaling"])
def test_half_precision_is_judged_as_the_grid_it_is(key: str) -> None:
    """10⁶ weights of bfloat16 show every step of the grid; 20 honest draws show no fault by it."""
    shape = (1000, 1000)
    law = SCHEMES[key].law(shape)
    for seed in range(20 if key == "uniform" else 5):
        verdict = referee.judge(summarize(key, shape, seed=seed, dtype=torch.bfloat16), law)
        assert {"mean", "std", "shape", "extreme"} <= {check.name for check in verdict.checks}
        assert verdict.detectable < 0.01
        assert verdict.p_value > 1e-4
    fine = summarize(key, shape, seed=0, dtype=torch.bfloat16, bins=300)
    as_if_exact = dataclasses.replace(fine, dtype=torch.float64, drawn_in=None)
    assert not referee.judge(as_if_exact, law).consistent  # without the grid, the rounding looks like a fault


@pytest.mark.parametrize(
    ("key", "params"),
    [
        ("uniform", {"a": -0.25, "b": 2.0}),
        ("kaiming_uniform", {}),
        ("xavier_uniform", {}),
        ("trunc_normal", {}),
        ("variance_scaling", {}),
        ("variance_scaling", {"mode": "fan_avg", "scale": 2.0}),
        ("normal", {"mean": 3.0, "std": 0.5}),
    ],
)
@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_many_weights_on_the_grid_s_outermost_numbers_are_no_fault(
    key: str, params: dict[str, float], dtype: torch.dtype
) -> None:
    """In half precision an end of a law is a number that many weights share, and its mirror image another."""
    shape = (500, 600)
    law = SCHEMES[key].law(shape, **params)
    assert referee.judge(summarize(key, shape, seed=77, dtype=dtype, **params), law).p_value > 1e-6


@pytest.mark.parametrize(
    ("key", "params"),
    [
        ("normal", {"mean": 1000.0, "std": 0.001}),
        ("normal", {"mean": 100.0, "std": 0.01}),
        ("uniform", {"a": 1.0, "b": 1.00001}),
        ("uniform", {"a": 1000.0, "b": 1000.01}),
        ("uniform", {"a": 1.0, "b": 1.1}),
        ("normal", {"mean": 1.0, "std": 1.0}),
        ("trunc_normal", {"mean": 100.0, "std": 0.01, "a": 99.99, "b": 100.02}),
    ],
)
@pytest.mark.parametrize("shape", [(300, 500), (1000, 1500)], ids=case_id)
def test_no_honest_draw_is_convicted_of_its_dtype_s_rounding(
    key: str, params: dict[str, float], shape: Shape
) -> None:
    law = SCHEMES[key].law(shape, **params)
    for bins, dtype in ((60, torch.float32), (400, torch.float32), (400, torch.float64)):
        assert referee.judge(summarize(key, shape, seed=3, bins=bins, dtype=dtype, **params), law).consistent


@pytest.mark.parametrize("key", ["normal", "uniform", "kaiming_uniform", "xavier_normal"])
def test_float32_is_fine_enough_for_the_largest_draw_of_the_page(key: str) -> None:
    law = SCHEMES[key].law((4096, 4096))
    assert referee.judge(summarize(key, (4096, 4096), seed=2), law).consistent


def test_a_weight_far_out_in_a_narrow_cut_is_torch_s_own_in_float32() -> None:
    # There torch keeps a proposal if a uniform number is below the density over its peak, and of 24 bits one
    # in 2²⁴ is 0: with 7 · 2.4 proposals a weight, 1.2 % of all draws of 12 000 weights have one such.
    law = SCHEMES["trunc_normal"].law((100, 120), a=2.0, b=9.0)
    for dtype, allowed in ((torch.float32, True), (torch.float64, False)):
        weights = draw("trunc_normal", (100, 120), seed=0, a=2.0, b=9.0, dtype=dtype)
        assert referee.judge(Summary.of(weights, law=law), law).consistent
        weights[3, 4] = 8.5
        assert referee.judge(Summary.of(weights, law=law), law).consistent == allowed


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_an_orthogonal_matrix_is_exact_to_the_digits_of_its_summary(dtype: torch.dtype) -> None:
    law = SCHEMES["orthogonal"].law((100, 120))
    for seed in range(30):
        assert referee.judge(summarize("orthogonal", (100, 120), seed=seed, dtype=dtype), law).consistent

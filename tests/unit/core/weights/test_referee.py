"""The referee on honest draws, on planted faults, and on too little to tell."""

import dataclasses
import functools
import itertools
import math
from collections.abc import Callable, Iterator
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
import torch
from scipy import integrate, special
from torch import nn

from core import DTYPES, SCHEMES, InitLabError, Summary, draw, rounded, summarize
from core.weights import referee, referee_checks, referee_errors
from tests.support.cases import CASES, Case, Shape, case_id
from tests.support.dtypes import EIGHTS, HALVES
from tests.support.marks import cases, generator_stays

pytestmark = generator_stays
SHAPE = (300, 500)
RANDOM = [case for case in CASES if case.truth(case.shape_of(1200)).family not in {"point", "indicator"}]
random_cases = pytest.mark.parametrize("case", RANDOM, ids=case_id)


def _draw(case: Case, shape: Shape, seed: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return case.draw(torch.empty(shape, dtype=dtype), torch.Generator().manual_seed(seed))


def _verdict(weights: torch.Tensor, key: str, bins: int = 80, **params: float | str) -> referee.Verdict:
    law = SCHEMES[key].law(tuple(weights.shape), **params)
    return referee.judge(Summary.of(weights, law=law, bins=bins), law)


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
            weights = _draw(case, shape, 1000 * math.prod(shape) + seed, dtype)
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
        verdict = _verdict(_draw(case, (100, 120), seed, dtype), case.key, 200, **case.params)
        assert verdict.p_value > 1e-5


def _casts(case: Case, shape: Shape, seed: int) -> Iterator[tuple[torch.Tensor, torch.dtype]]:
    """Yield an honest draw of each dtype, cast to each that has fewer bits, and what it was drawn in."""
    for drawn_in in _dtypes(case):
        weights = _draw(case, shape, seed, drawn_in)
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
    drawn = _draw(next(c for c in CASES if c.key == "kaiming_uniform"), (300, 500), 1, torch.bfloat16)
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


@pytest.mark.parametrize("key", ["normal", "uniform", "sparse", "orthogonal", "eye", "zeros"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_weight_that_is_no_number_is_a_fault_by_name(key: str, value: float) -> None:
    weights = torch.empty(30, 40)
    SCHEMES[key].fill_(weights, generator=torch.Generator().manual_seed(0))
    law = SCHEMES[key].law((30, 40))
    assert "finite" not in {check.name for check in referee.judge(Summary.of(weights, law=law), law).checks}
    weights[3, 4] = weights[5, 6] = value
    verdict = referee.judge(Summary.of(weights, law=law), law)
    assert not verdict.consistent
    assert next(check for check in verdict.checks if check.name == "finite") == referee_errors.Check(
        "finite", 2.0, 0.0
    )
    weights[:] = value
    verdict = referee.judge(Summary.of(weights, law=law), law)
    assert (verdict.consistent, verdict.checks[0].name) == (False, "finite")


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


@random_cases
@pytest.mark.parametrize("fault", [1.1, 0.9])
def test_a_std_ten_percent_off_is_caught(case: Case, fault: float) -> None:
    """As if 10 % too much or too little had been drawn; in half precision and 8 bits, rounded after that."""
    law = SCHEMES[case.key].law((100, 100), **case.params)
    for seed, dtype in itertools.product(range(3), (torch.float32, torch.float64, *HALVES, *EIGHTS)):
        centre = 0.0 if law.family == "sparse" else law.mean
        wrong = (centre + fault * (_draw(case, (100, 100), seed).double() - centre)).to(dtype)
        for drawn_in in {None, torch.float32, dtype} - {*EIGHTS}:
            assert not referee.judge(Summary.of(wrong, law=law, drawn_in=drawn_in), law).consistent


#: what was drawn, and what it is said to be
OTHERS: list[tuple[tuple[str, dict[str, Any]], tuple[str, dict[str, Any]]]] = [
    (("kaiming_normal", {}), ("xavier_normal", {})),
    (("xavier_normal", {}), ("kaiming_normal", {})),
    (("kaiming_normal", {}), ("lecun_normal", {})),  # He's 2 against LeCun's 1
    (("classic_uniform", {}), ("kaiming_uniform", {})),  # torch's default against He's rule
    (("kaiming_normal", {}), ("kaiming_uniform", {})),  # same std, other shape
    (("kaiming_uniform", {}), ("kaiming_normal", {})),
    (("trunc_normal", {"std": 1.0}), ("normal", {"std": 0.87962566})),
    (("variance_scaling", {}), ("lecun_normal", {})),
    (("variance_scaling", {}), ("variance_scaling", {"distribution": "uniform"})),
    (("kaiming_normal", {"mode": "fan_out"}), ("kaiming_normal", {})),  # swapped fans
    (("kaiming_uniform", {"mode": "fan_out"}), ("kaiming_uniform", {})),
    (("mup_hidden", {}), ("mup_output", {})),
    (("gpt2_residual", {}), ("normal", {"std": 0.02})),  # not scaled by depth
    (("gpt2_residual", {"n_layer": 24}), ("gpt2_residual", {"n_layer": 12})),
    (("orthogonal", {"gain": 1.1}), ("orthogonal", {})),
    (("normal", {"std": 500**-0.5}), ("orthogonal", {})),
    (("sparse", {"sparsity": 0.11}), ("sparse", {})),
    (("sparse", {"sparsity": 0.09}), ("sparse", {})),
    (("sparse", {}), ("normal", {"std": 0.01})),
    (("normal", {"std": 0.01}), ("sparse", {})),
    (("zeros", {}), ("kaiming_normal", {})),
    (("zeros", {}), ("sparse", {})),
    (("zeros", {}), ("orthogonal", {})),
    (("zeros", {}), ("eye", {})),
    (("eye", {}), ("zeros", {})),
    (("ones", {}), ("zeros", {})),
    (("ones", {}), ("eye", {})),
    (("normal", {}), ("eye", {})),
    (("constant", {}), ("ones", {})),
]
#: 8 bits hide what a normal matrix's std is off by chance
TOLD = [
    (drawn, claimed, dtype)
    for drawn, claimed in OTHERS
    for dtype in (torch.float32, torch.bfloat16, torch.float8_e4m3fn)
    if dtype not in EIGHTS or (drawn[0], claimed[0]) != ("normal", "orthogonal")
]


@pytest.mark.parametrize(("drawn", "claimed", "dtype"), TOLD, ids=str)
def test_another_scheme_is_called_inconsistent(
    drawn: tuple[str, dict[str, float]], claimed: tuple[str, dict[str, float]], dtype: torch.dtype
) -> None:
    weights = torch.empty(SHAPE)
    SCHEMES[drawn[0]].fill_(weights, generator=torch.Generator().manual_seed(0), **drawn[1])
    assert not _verdict(weights.to(dtype), claimed[0], **claimed[1]).consistent


def test_a_missing_root_of_three_is_caught() -> None:
    """A uniform law of the right std reaches to √3·std, not to std."""
    for key, std in (("kaiming_uniform", math.sqrt(2 / 500)), ("lecun_uniform", math.sqrt(1 / 500))):
        weights = torch.empty(SHAPE).uniform_(-std, std, generator=torch.Generator().manual_seed(0))
        assert not _verdict(weights, key).consistent
        assert _verdict(weights * math.sqrt(3), key).consistent


def test_one_weight_beyond_a_wall_is_caught() -> None:
    weights = _draw(next(c for c in CASES if c.key == "kaiming_uniform"), SHAPE, 1)
    assert _verdict(weights, "kaiming_uniform").consistent
    weights[7, 7] = math.sqrt(6 / 500) * 1.001
    verdict = _verdict(weights, "kaiming_uniform")
    assert not verdict.consistent
    assert {check.name: check.p_value for check in verdict.checks}["support"] == 0


def test_a_fault_of_shape_alone_is_caught() -> None:
    """Two values, ±σ, have the mean and the std of the normal law, and nothing else of it."""
    signs = torch.randint(0, 2, SHAPE, generator=torch.Generator().manual_seed(3)) * 2.0 - 1
    checks = {check.name: check.p_value for check in _verdict(signs, "normal").checks}
    assert checks["shape"] < 1e-12
    assert checks["mean"] > 1e-4


def test_one_weight_far_out_is_caught() -> None:
    """10 000 normal weights reach beyond 7σ with chance 3e-8."""
    weights = torch.randn(100, 100, generator=torch.Generator().manual_seed(3))
    assert _verdict(weights, "normal").consistent
    weights[0, 0] = 7.0
    checks = {check.name: check.p_value for check in _verdict(weights, "normal").checks}
    assert checks["extreme"] < 1e-7


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
    weights = _draw(next(c for c in CASES if c.key == "sparse"), (1000, 1000), 1)
    drawn = weights.flatten().nonzero().flatten()
    weights.view(-1)[drawn[0]] = 0
    checks = {check.name: check.p_value for check in _verdict(weights, "sparse").checks}
    assert checks["zeros"] == pytest.approx(1 - math.exp(-900_000 / 2**24), rel=1e-3)
    weights.view(-1)[drawn[:9]] = 0
    assert not _verdict(weights, "sparse").consistent


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("normal", {"mean", "std", "outside", "shape", "extreme"}),
        ("uniform", {"support", "mean", "std", "shape", "extreme"}),
        ("trunc_normal", {"support", "mean", "std", "shape", "extreme"}),
        ("sparse", {"structure", "zeros", "mean", "std", "outside", "shape", "extreme"}),
        ("orthogonal", {"support", "structure", "mean", "std"}),
        ("eye", {"support", "structure", "counts"}),
        ("zeros", {"support"}),
    ],
)
def test_what_is_checked_is_what_the_law_has(key: str, names: set[str]) -> None:
    law = SCHEMES[key].law((30, 40))
    assert {check.name for check in referee.judge(summarize(key, (30, 40), seed=1), law).checks} == names


@pytest.mark.parametrize("bins", [10, 200, 5000])
@pytest.mark.parametrize("n", [2, 29, 100, 1000])
def test_the_shape_s_cells_hold_ten_expected_weights(bins: int, n: int) -> None:
    """χ² has as many cells as there are tens of weights at most, so it is nowhere near one a bin."""
    weights = torch.randn(1, n, generator=torch.Generator().manual_seed(5))
    checks = {check.name: check for check in _verdict(weights, "normal", bins).checks}
    assert ("shape" in checks) == (n >= 30)
    if n >= 30:
        statistic, p = checks["shape"].statistic, checks["shape"].p_value
        # the p-value at the most cells there can be is not smaller than that at the fewest
        freedoms = np.arange(1, min(bins, n // 10))
        assert np.isclose(special.chdtrc(freedoms, statistic), p, rtol=1e-9).any()


@pytest.mark.parametrize("n", [2, 5, 15, 200])
@pytest.mark.parametrize("stretch", [0.4, 0.9, 1.0, 1.3, 2.0])
def test_the_std_of_few_normal_weights_is_held_to_chi_square(n: int, stretch: float) -> None:
    """Their squares add up to χ² with n degrees of freedom, which is skewed; twice its smaller tail."""
    weights = stretch * torch.randn(1, n, dtype=torch.float64, generator=torch.Generator().manual_seed(n))
    checks = {check.name: check.p_value for check in _verdict(weights, "normal").checks}
    square = float((weights**2).sum())
    p = 2 * min(special.chdtr(n, square), special.chdtrc(n, square))
    assert checks["std"] == pytest.approx(min(1.0, p), rel=1e-6)


@pytest.mark.parametrize("beyond", [0, 1, 5, 12, 30])
def test_the_share_beyond_three_std_is_held_to_its_binomial_law(beyond: int) -> None:
    """Of 2 000 normal weights 5.4 are expected there; fewer may be a fault, and more as well."""
    n, p = 2000, math.erfc(3 / math.sqrt(2))
    weights = torch.zeros(1, n)
    weights[0, :beyond] = 3.5
    checks = {check.name: check.p_value for check in _verdict(weights, "normal").checks}
    terms = [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(beyond + 1)]
    at_most, at_least = math.fsum(terms), 1 - math.fsum(terms[:-1])
    assert checks["outside"] == pytest.approx(min(1.0, 2 * min(at_most, at_least)), rel=1e-4, abs=1e-12)


def test_one_zero_too_few_in_a_sparse_weight_is_caught_by_the_count_alone() -> None:
    weights = _draw(next(c for c in CASES if c.key == "sparse"), (100, 100), 1)
    weights.view(-1)[(weights == 0).flatten().nonzero()[0]] = 0.004
    checks = {check.name: check.p_value for check in _verdict(weights, "sparse").checks}
    assert checks["zeros"] == 0


def test_the_sum_of_a_small_orthogonal_matrix_is_held_to_its_textbook_law() -> None:
    """Over g√n it is a coordinate t of a uniform point of the sphere.

    P(|t| > x) is 1 − x in three dimensions (Archimedes), and 1 − 2·arcsin(x)/π on the circle.
    """
    for seed in range(20):
        for shape, tail in (((2, 3), lambda x: 1 - x), ((2, 2), lambda x: 1 - 2 * math.asin(x) / math.pi)):
            generator = torch.Generator().manual_seed(seed)
            weights = torch.nn.init.orthogonal_(torch.empty(shape), gain=0.5, generator=generator)
            x = abs(float(weights.double().sum())) / (0.5 * math.sqrt(math.prod(shape)))
            checks = _verdict(weights, "orthogonal", gain=0.5).checks
            p_values = {check.name: check.p_value for check in checks}
            assert p_values["mean"] == pytest.approx(tail(min(1.0, x)), abs=1e-3)


def test_the_corrected_p_value_is_sidak_s_of_the_smallest() -> None:
    verdict = _verdict(torch.randn(30, 40, generator=torch.Generator().manual_seed(5)), "normal")
    smallest = min(check.p_value for check in verdict.checks)
    assert verdict.p_value == pytest.approx(1 - (1 - smallest) ** len(verdict.checks), rel=1e-9)


@pytest.mark.parametrize(
    ("key", "shape", "params"),
    [
        ("normal", (30, 40), {}),
        ("uniform", (30, 40), {}),
        ("trunc_normal", (30, 40), {"a": -1.0, "b": 3.0}),
        ("sparse", (30, 40), {"sparsity": 0.5}),
        ("kaiming_normal", (100, 110), {}),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_deviation_called_detectable_is_detected_nine_times_in_ten(
    key: str, shape: Shape, params: dict[str, float], dtype: torch.dtype
) -> None:
    law = SCHEMES[key].law(shape, **params)
    honest = referee.judge(summarize(key, shape, seed=0, dtype=dtype, **params), law)
    size = 1 + honest.detectable
    seen, trials = 0, 120
    centre = 0.0 if key == "sparse" else law.mean
    for seed in range(trials):
        weights = torch.empty(shape)
        SCHEMES[key].fill_(weights, generator=torch.Generator().manual_seed(seed), **params)
        stretched = (centre + size * (weights.double() - centre)).to(dtype)
        seen += not referee.judge(Summary.of(stretched, law=law), law).consistent
    # at least POWER, as other checks help; four standard errors of a share of 0.9
    assert seen / trials >= referee.POWER - 4 * math.sqrt(0.9 * 0.1 / trials)


#: how many checks each has; see the names above
CHECKS = {"normal": 5, "uniform": 5, "trunc_normal": 5, "sparse": 7}


@pytest.mark.parametrize("key", CHECKS)
def test_what_is_detectable_follows_from_the_level_of_one_check_and_from_power(key: str) -> None:
    """A two-sided z test of level α′ sees with power 0.9 what is z(0.9) + z(1 − α′/2) standard errors off.

    Šidák's α′ for k checks is 1 − 0.999^(1/k). A normal std's error is 1/√(2n); a uniform one's, whose
    fourth moment is 9/5, √(0.2/n); a cut one's
    follows from its fourth moment as well, √((m₄ − 1)/(4n)).
    """
    shape, n = (30, 40), 1200
    verdict = referee.judge(summarize(key, shape, seed=1), SCHEMES[key].law(shape))
    level = 1 - 0.999 ** (1 / CHECKS[key])
    errors = {
        "normal": 1 / math.sqrt(2 * n),
        "uniform": math.sqrt(0.2 / n),
        "trunc_normal": math.sqrt((_fourth_of_cut_at_two() - 1) / (4 * n)),
        "sparse": 1 / math.sqrt(2 * (n - 3 * 40)),  # a tenth of the 30 rows is 0 in each column
    }
    z = NormalDist().inv_cdf
    assert verdict.detectable == pytest.approx((z(0.9) + z(1 - level / 2)) * errors[key], rel=1e-3)


def _fourth_of_cut_at_two() -> float:
    """E z⁴/(E z²)² of a normal law cut at ±2: E z² = 1 − 2·2φ/m, E z⁴ = 3·E z² − 2·8φ/m by parts."""
    phi, m = math.exp(-2) / math.sqrt(2 * math.pi), math.erf(math.sqrt(2))
    second = 1 - 4 * phi / m
    return (3 * second - 16 * phi / m) / second**2


def test_it_is_seen_by_the_std_alone_as_often_as_power_says() -> None:
    """400 stretched samples: the std's own check passes its level in 0.9 of them, within four errors."""
    shape, seen, trials = (30, 40), 0, 400
    law = SCHEMES["normal"].law(shape)
    honest = referee.judge(summarize("normal", shape, seed=0, dtype=torch.float64), law)
    level = 1 - (1 - referee.ALPHA) ** (1 / len(honest.checks))
    for seed in range(trials):
        generator = torch.Generator().manual_seed(seed)
        weights = (1 + honest.detectable) * torch.randn(shape, dtype=torch.float64, generator=generator)
        checks = referee.judge(Summary.of(weights, law=law), law).checks
        seen += next(check.p_value for check in checks if check.name == "std") < level
    assert seen / trials == pytest.approx(0.9, abs=4 * math.sqrt(0.9 * 0.1 / trials))


@pytest.mark.parametrize(
    ("key", "params", "low", "high"),
    [
        ("normal", {}, -12.0, 12.0),
        ("trunc_normal", {"a": 0.0, "b": 3.0}, 0.0, 3.0),  # skewed
        ("trunc_normal", {"a": -1.0, "b": 4.0}, -1.0, 4.0),
        ("trunc_normal", {"a": 1.0, "b": 9.0}, 1.0, 9.0),
    ],
    ids=str,
)
def test_the_kurtosis_error_is_the_spread_of_its_influence(
    key: str, params: dict[str, Any], low: float, high: float
) -> None:
    """n·Var is E[IF²] of z⁴ − m₄ − 2m₄(z² − 1) − 4m₃z, what one more weight moves m₄ by (von Mises 1947)."""

    def mean(f: Callable[[float], float]) -> float:
        return float(integrate.quad(lambda x: f(x) * math.exp(-x * x / 2), low, high, limit=200)[0])

    total = mean(lambda _: 1.0)
    mu = mean(lambda x: x) / total
    sigma = math.sqrt(mean(lambda x: (x - mu) ** 2) / total)
    m3 = mean(lambda x: ((x - mu) / sigma) ** 3) / total
    m4 = mean(lambda x: ((x - mu) / sigma) ** 4) / total

    def influence(z: float) -> float:
        return z**4 - m4 - 2 * m4 * (z * z - 1) - 4 * m3 * z

    expected = math.sqrt(mean(lambda x: influence((x - mu) / sigma) ** 2) / total / 2000)
    law = SCHEMES[key].law((40, 50), **params)
    assert referee.standard_errors(2000, law)["excess_kurtosis"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_the_kurtosis_error_has_its_textbook_values(dtype: torch.dtype) -> None:
    """√(24/n) if normal; if uniform, with m₄ = 9/5, m₆ = 27/7, m₈ = 9: n·Var = 1.3166."""
    errors = referee.standard_errors(2000, SCHEMES["normal"].law((40, 50)), dtype)
    assert errors["excess_kurtosis"] == pytest.approx(math.sqrt(24 / 2000), rel=1e-6)
    uniform = 9 - 4 * 9 / 5 * 27 / 7 - (9 / 5) ** 2 + 4 * (9 / 5) ** 3
    errors = referee.standard_errors(2000, SCHEMES["uniform"].law((40, 50)), dtype)
    assert errors["excess_kurtosis"] == pytest.approx(math.sqrt(uniform / 2000), rel=1e-6)


_NORMAL = SCHEMES["normal"].law((3, 5))
_SAMPLE = summarize("normal", (3, 5), seed=0)
_EDGES = _NORMAL.edges(5)
_BAND = _NORMAL.bands[0]
ASKED: dict[str, tuple[Callable[..., object], tuple[Any, ...]]] = {
    "judge": (referee.judge, (_SAMPLE, _NORMAL)),
    "standard_errors": (referee.standard_errors, (15, _NORMAL, torch.float32, None)),
    "expected_counts": (referee_checks.expected_counts, (15, _EDGES, _NORMAL, torch.float32, None)),
    "expected_outside": (referee_checks.expected_outside, (15, _NORMAL, _BAND, torch.float32, None)),
    "drawn_counts": (referee_checks.drawn_counts, (_SAMPLE, _NORMAL)),
    "rounded": (rounded, (_BAND, torch.float32, None)),
    "merge": (_SAMPLE.merge, (_SAMPLE,)),
}
#: none of these is right anywhere but n
WRONG = (
    "normal", b"", -1, 2.5, math.nan, True, [], [[1, 2]], {}, set(), object(), torch.int8, torch.complex64,
    torch.float8_e8m0fnu, torch.zeros(3, 5), np.zeros((3, 5)), np.float32(2), 10**30, torch.Size([5, 3]), len,
)  # fmt: skip


@pytest.mark.parametrize(("asked", "right"), ASKED.values(), ids=ASKED)
def test_what_is_of_the_wrong_kind_is_refused_and_nothing_else_happens(
    asked: Callable[..., object], right: tuple[Any, ...]
) -> None:
    asked(*right)
    for at, wrong in itertools.product(range(len(right)), WRONG):
        with pytest.raises(InitLabError):
            asked(*right[:at], wrong, *right[at + 1 :])


def test_few_weights_detect_little_and_many_detect_much() -> None:
    law = SCHEMES["normal"].law((3, 5))
    few, many = (referee.judge(summarize("normal", s, seed=1), law) for s in ((3, 5), (300, 500)))
    assert few.detectable > 0.5
    assert many.detectable == pytest.approx(few.detectable / 100, rel=0.2)  # 1/√n, n 10⁴ times as large


@pytest.mark.parametrize("case", [case for case in RANDOM if case.takes((1, 1))], ids=case_id)
def test_one_weight_tells_next_to_nothing(case: Case) -> None:
    law = SCHEMES[case.key].law((1, 1), **case.params)
    for seed in range(5):
        verdict = _verdict(_draw(case, (1, 1), seed), case.key, **case.params)
        assert verdict.consistent
        assert math.isnan(verdict.detectable) or law.family == "orthogonal" or verdict.detectable > 1


@pytest.mark.parametrize("key", ["zeros", "eye", "orthogonal"])
def test_where_the_std_is_no_matter_of_chance_nothing_is_said_to_be_detectable(key: str) -> None:
    assert math.isnan(_verdict(torch.zeros(3, 5), key).detectable)


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


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, *HALVES], ids=str)
def test_any_sample_can_be_held_to_any_law(dtype: torch.dtype) -> None:
    """No pair of schemes, of whatever shapes, makes the referee stumble; every p-value is one."""

    def shape_of(key: str, n: int) -> Shape:
        return next(case for case in CASES if case.key == key).shape_of(n)

    half = dtype in HALVES
    drawn = {
        (key, n): summarize(key, shape_of(key, n), seed=0, dtype=dtype, bins=bins)
        for key in SCHEMES
        for n, bins in ((60, 1), (1200, 33))
        if not (half and key == "orthogonal")
    }
    for claimed in SCHEMES:
        law = SCHEMES[claimed].law(shape_of(claimed, 1200))
        for (key, n), sample in drawn.items():
            verdict = referee.judge(sample, law)
            assert 0 <= verdict.p_value <= 1
            assert all(0 <= check.p_value <= 1 for check in verdict.checks)
            if claimed == key and n == 1200:
                assert verdict.p_value > 1e-4


@pytest.mark.parametrize("key", ["normal", "uniform", "trunc_normal"])
def test_standard_errors_are_those_of_repeated_draws(key: str) -> None:
    """Against the spread of 400 samples of 2 000; a std of 400 values is known to 3.5 %."""
    law = SCHEMES[key].law((40, 50))
    samples = [summarize(key, (40, 50), seed=s) for s in range(400)]
    for name, claimed in referee.standard_errors(2000, law).items():
        values = torch.tensor([getattr(sample, name) for sample in samples], dtype=torch.float64)
        assert values.std().item() == pytest.approx(claimed, rel=5 * 0.035)


def test_standard_errors_of_the_normal_law_are_the_textbook_s() -> None:
    """σ/√n, σ/√(2n) and √(24/n)."""
    errors = referee.standard_errors(600, SCHEMES["normal"].law((20, 30), std=2.0))
    assert errors["mean"] == pytest.approx(2 / math.sqrt(600), rel=1e-9)
    assert errors["std"] == pytest.approx(2 / math.sqrt(1200), rel=1e-9)
    assert errors["excess_kurtosis"] == pytest.approx(0.2, rel=1e-9)


@pytest.mark.parametrize("sparsity", [0.1, 0.5, 0.9])
def test_standard_errors_of_a_sparse_weight_are_those_of_the_entries_that_chance_moves(
    sparsity: float,
) -> None:
    """Of n entries m are drawn: the mean is their sum over n, the std is √(m/n) times theirs, ±1/√(2m)."""
    n, m = 2000, 2000 - 50 * math.ceil(40 * sparsity)
    errors = referee.standard_errors(n, SCHEMES["sparse"].law((40, 50), sparsity=sparsity, std=0.3))
    assert errors == pytest.approx(
        {"mean": 0.3 * math.sqrt(m) / n, "std": 0.3 * math.sqrt(m / n) / math.sqrt(2 * m)}, rel=1e-9
    )


@cases
def test_so_many_are_expected_outside_a_band_as_the_closed_form_leaves(case: Case) -> None:
    """Zeros lie inside, so that a sparse weight has fewer outside than a normal one has."""
    shape = case.shape_of(1200)
    n, law, truth = math.prod(shape), SCHEMES[case.key].law(shape, **case.params), case.truth(shape)
    assert len(law.bands) == len(truth.bands) > 0
    for band, (kind, _, _, inside) in zip(law.bands, truth.bands, strict=True):
        expected = 0 if kind == "support" else n * (1 - inside)
        assert referee_checks.expected_outside(n, law, band) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@cases
def test_expected_counts_are_the_closed_form_s(case: Case) -> None:
    shape = case.shape_of(1200)
    n, law, truth = math.prod(shape), SCHEMES[case.key].law(shape, **case.params), case.truth(shape)
    edges = law.edges(17)
    expected = referee_checks.expected_counts(n, edges, law)
    assert expected.sum() == pytest.approx(n, rel=1e-12)
    assert len(expected) == 17
    # P(w < edge): all atoms of these laws lie inside a bin or at the outermost edges
    below = truth.cdf(edges[1:-1])
    np.testing.assert_allclose(np.cumsum(expected)[:-1], n * below, atol=1e-6 * n)


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

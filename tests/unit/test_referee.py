"""The referee on honest draws, on planted faults, and on too little to tell."""

import math

import pytest
import torch

from core import SCHEMES, Summary, referee, rounded, summarize
from core.laws import Law
from tests.cases import CASES, Case, case_id

SHAPE = (300, 500)


def _summary(weights: torch.Tensor, law: Law) -> Summary:
    bands = [rounded(band, weights.dtype) for band in law.bands]
    return Summary.of(weights.flatten().numpy(), edges=law.edges(80), bands=bands)


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_honest_draws_are_called_consistent_as_often_as_promised(case: Case) -> None:
    law = SCHEMES[case.key].law((40, 50), **case.params)
    seeds = 200
    verdicts = [
        referee.judge(summarize(case.key, (40, 50), seed=s, bins=40, **case.params), law)
        for s in range(seeds)
    ]
    alarms = sum(not verdict.consistent for verdict in verdicts)
    assert alarms <= 3  # binomial(200, 0.001): more than 3 has probability 6e-5
    # The corrected p-value is not too small in general either: binomial(200, 0.05) ≤ 25 but for 1e-5.
    assert sum(verdict.p_value < 0.05 for verdict in verdicts) <= 25


@pytest.mark.parametrize("case", [c for c in CASES if c.family != "point"], ids=case_id)
@pytest.mark.parametrize("fault", [1.1, 0.9])
def test_a_std_ten_percent_off_is_caught(case: Case, fault: float) -> None:
    law = SCHEMES[case.key].law((100, 100), **case.params)
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        weights = case.draw(torch.empty(100, 100), generator)
        wrong = law.mean + fault * (weights - law.mean)
        assert not referee.judge(_summary(wrong, law), law).consistent


@pytest.mark.parametrize(
    ("drawn", "claimed"),
    [
        ("kaiming_normal", "xavier_normal"),
        ("classic_uniform", "kaiming_uniform"),
        ("kaiming_normal", "kaiming_uniform"),
        ("kaiming_uniform", "kaiming_normal"),  # same std, other shape
        ("zeros", "kaiming_normal"),
        ("ones", "zeros"),
    ],
)
def test_another_scheme_is_called_inconsistent(drawn: str, claimed: str) -> None:
    law = SCHEMES[claimed].law(SHAPE)
    generator = torch.Generator().manual_seed(0)
    weights = SCHEMES[drawn].fill_(torch.empty(SHAPE), generator=generator)
    assert not referee.judge(_summary(weights, law), law).consistent


@pytest.mark.parametrize("key", ["normal", "uniform"])
def test_what_it_says_it_would_see_it_sees_nine_times_in_ten(key: str) -> None:
    law = SCHEMES[key].law((30, 40))
    honest = referee.judge(summarize(key, (30, 40), seed=0), law)
    size = 1 + honest.detectable
    seen, trials = 0, 300
    for seed in range(trials):
        weights = SCHEMES[key].fill_(torch.empty(30, 40), generator=torch.Generator().manual_seed(seed))
        stretched = law.mean + size * (weights.double() - law.mean)
        seen += not referee.judge(_summary(stretched, law), law).consistent
    # at least POWER, as other checks help; four standard errors of a share of 0.9 over 300 trials
    assert seen / trials >= referee.POWER - 4 * math.sqrt(0.9 * 0.1 / trials)


def test_few_weights_detect_little_and_many_detect_much() -> None:
    law = SCHEMES["normal"].law((3, 5))
    few, many = (referee.judge(summarize("normal", s, seed=1), law) for s in ((3, 5), (300, 500)))
    assert few.detectable > 0.5
    assert many.detectable == pytest.approx(few.detectable / 100, rel=0.2)  # 1/√n, n 10⁴ times as large
    assert referee.judge(summarize("normal", (1, 1), seed=1), law).consistent


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_half_precision_is_a_grid_and_only_its_walls_are_judged(dtype: torch.dtype) -> None:
    for key, names in (("kaiming_uniform", ["support"]), ("kaiming_normal", [])):
        law = SCHEMES[key].law(SHAPE)
        verdict = referee.judge(summarize(key, SHAPE, seed=1, dtype=dtype), law)
        assert [check.name for check in verdict.checks] == names
        assert not verdict.judged
        assert verdict.consistent
        assert math.isnan(verdict.detectable)


@pytest.mark.parametrize(
    ("key", "params"),
    [
        ("normal", {"mean": 1000.0, "std": 0.001}),
        ("normal", {"mean": 100.0, "std": 0.01}),
        ("uniform", {"a": 1.0, "b": 1.00001}),
        ("uniform", {"a": 1000.0, "b": 1000.01}),
        ("uniform", {"a": 1.0, "b": 1.1}),
        ("normal", {"mean": 1.0, "std": 1.0}),
    ],
)
@pytest.mark.parametrize("shape", [(300, 500), (2000, 2000)], ids=str)
def test_no_honest_draw_is_convicted_of_its_dtype_s_rounding(
    key: str, params: dict[str, float], shape: tuple[int, int]
) -> None:
    law = SCHEMES[key].law(shape, **params)
    for bins in (60, 400):
        assert referee.judge(summarize(key, shape, seed=3, bins=bins, **params), law).consistent
        exact = summarize(key, shape, seed=3, bins=bins, dtype=torch.float64, **params)
        assert referee.judge(exact, law).judged
        assert referee.judge(exact, law).consistent


@pytest.mark.parametrize("key", ["normal", "uniform", "kaiming_uniform", "xavier_normal"])
def test_float32_is_fine_enough_for_the_largest_draw_of_the_page(key: str) -> None:
    law = SCHEMES[key].law((4096, 4096))
    verdict = referee.judge(summarize(key, (4096, 4096), seed=2), law)
    assert verdict.judged
    assert verdict.consistent


@pytest.mark.parametrize("key", ["normal", "uniform"])
def test_standard_errors_are_those_of_repeated_draws(key: str) -> None:
    """Against the spread of 400 samples of 2 000; a std of 400 values is known to 3.5 %."""
    law = SCHEMES[key].law((40, 50))
    samples = [summarize(key, (40, 50), seed=s) for s in range(400)]
    for name, claimed in referee.standard_errors(2000, law).items():
        values = torch.tensor([getattr(sample, name) for sample in samples], dtype=torch.float64)
        assert values.std().item() == pytest.approx(claimed, rel=5 * 0.035)

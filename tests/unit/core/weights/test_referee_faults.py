"""The referee catches planted faults: another scheme, a std that is off, a weight out of bounds."""

import itertools
import math
from typing import Any

import pytest
import torch

from core import SCHEMES, Summary
from core.weights import referee, referee_errors
from tests.support.cases import CASES, Case
from tests.support.dtypes import EIGHTS, HALVES
from tests.support.marks import generator_stays
from tests.support.refereed import case_draw, random_cases, verdict_of

pytestmark = generator_stays
SHAPE = (300, 500)


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


@random_cases
@pytest.mark.parametrize("fault", [1.1, 0.9])
def test_a_std_ten_percent_off_is_caught(case: Case, fault: float) -> None:
    """As if 10 % too much or too little had been drawn; in half precision and 8 bits, rounded after that."""
    law = SCHEMES[case.key].law((100, 100), **case.params)
    for seed, dtype in itertools.product(range(3), (torch.float32, torch.float64, *HALVES, *EIGHTS)):
        centre = 0.0 if law.family == "sparse" else law.mean
        wrong = (centre + fault * (case_draw(case, (100, 100), seed).double() - centre)).to(dtype)
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
    assert not verdict_of(weights.to(dtype), claimed[0], **claimed[1]).consistent


def test_a_missing_root_of_three_is_caught() -> None:
    """A uniform law of the right std reaches to √3·std, not to std."""
    for key, std in (("kaiming_uniform", math.sqrt(2 / 500)), ("lecun_uniform", math.sqrt(1 / 500))):
        weights = torch.empty(SHAPE).uniform_(-std, std, generator=torch.Generator().manual_seed(0))
        assert not verdict_of(weights, key).consistent
        assert verdict_of(weights * math.sqrt(3), key).consistent


def test_one_weight_beyond_a_wall_is_caught() -> None:
    weights = case_draw(next(c for c in CASES if c.key == "kaiming_uniform"), SHAPE, 1)
    assert verdict_of(weights, "kaiming_uniform").consistent
    weights[7, 7] = math.sqrt(6 / 500) * 1.001
    verdict = verdict_of(weights, "kaiming_uniform")
    assert not verdict.consistent
    assert {check.name: check.p_value for check in verdict.checks}["support"] == 0


def test_a_fault_of_shape_alone_is_caught() -> None:
    """Two values, ±σ, have the mean and the std of the normal law, and nothing else of it."""
    signs = torch.randint(0, 2, SHAPE, generator=torch.Generator().manual_seed(3)) * 2.0 - 1
    checks = {check.name: check.p_value for check in verdict_of(signs, "normal").checks}
    assert checks["shape"] < 1e-12
    assert checks["mean"] > 1e-4


def test_one_weight_far_out_is_caught() -> None:
    """10 000 normal weights reach beyond 7σ with chance 3e-8."""
    weights = torch.randn(100, 100, generator=torch.Generator().manual_seed(3))
    assert verdict_of(weights, "normal").consistent
    weights[0, 0] = 7.0
    checks = {check.name: check.p_value for check in verdict_of(weights, "normal").checks}
    assert checks["extreme"] < 1e-7


def test_a_sample_without_its_law_s_ends_is_told_from_one_that_goes_beyond_them() -> None:
    """Of 10⁵ uniform weights one lies in the outer tenth, but for 0.9^100000; none lies 5 std out."""
    law = SCHEMES["uniform"].law((1000, 100), a=-1.0, b=1.0)
    weights = torch.linspace(-0.9, 0.9, 100_000, dtype=torch.float64)
    for sample, sign in ((weights, -1), (5 * weights, 1)):
        checks = referee.judge(Summary.of(sample, law=law), law).checks
        (extreme,) = (check for check in checks if check.name == "extreme")
        assert math.copysign(1, extreme.statistic) == sign
        assert abs(extreme.statistic) == pytest.approx(float(sample.max()) * math.sqrt(3))

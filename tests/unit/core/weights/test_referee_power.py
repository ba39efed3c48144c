"""What the referee calls detectable is detected as often as its power says."""

import math
from statistics import NormalDist

import pytest
import torch

from core import SCHEMES, Summary, summarize
from core.weights import referee
from tests.support.cases import Case, case_id
from tests.support.marks import generator_stays
from tests.support.refereed import RANDOM, case_draw, verdict_of
from tests.support.shapes import Shape

pytestmark = generator_stays


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


def test_few_weights_detect_little_and_many_detect_much() -> None:
    law = SCHEMES["normal"].law((3, 5))
    few, many = (referee.judge(summarize("normal", s, seed=1), law) for s in ((3, 5), (300, 500)))
    assert few.detectable > 0.5
    assert many.detectable == pytest.approx(few.detectable / 100, rel=0.2)  # 1/√n, n 10⁴ times as large


@pytest.mark.parametrize("case", [case for case in RANDOM if case.takes((1, 1))], ids=case_id)
def test_one_weight_tells_next_to_nothing(case: Case) -> None:
    law = SCHEMES[case.key].law((1, 1), **case.params)
    for seed in range(5):
        verdict = verdict_of(case_draw(case, (1, 1), seed), case.key, **case.params)
        assert verdict.consistent
        assert math.isnan(verdict.detectable) or law.family == "orthogonal" or verdict.detectable > 1


@pytest.mark.parametrize("key", ["zeros", "eye", "orthogonal"])
def test_where_the_std_is_no_matter_of_chance_nothing_is_said_to_be_detectable(key: str) -> None:
    assert math.isnan(verdict_of(torch.zeros(3, 5), key).detectable)

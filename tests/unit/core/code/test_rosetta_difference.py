"""The difference of two laws is read off them: family, std, walls, zeros and rounding."""

import math

import pytest

from core import SCHEMES
from core.code.rosetta import difference
from core.weights.families import normal, point, symmetric_uniform, uniform
from core.weights.laws import Expression, Law
from tests.support.framework_calls import INF, by_framework
from tests.support.truths import SQRT3


def _e(value: float) -> Expression:
    return Expression("x", "x", value)


@pytest.mark.parametrize(
    ("theirs", "ours", "kind", "ratio"),
    [
        (normal(_e(0.3)), normal(_e(0.3)), "same", 1),
        (normal(_e(0.3 * (1 + 1e-12))), normal(_e(0.3)), "same", 1),
        (normal(_e(0.3 * (1 + 1e-7))), normal(_e(0.3)), "std", 1 + 1e-7),
        (symmetric_uniform(_e(SQRT3 * 0.3)), normal(_e(0.3)), "same_std", 1),
        (normal(_e(0.6)), symmetric_uniform(_e(SQRT3 * 0.3)), "std", 2),
        (normal(_e(0.3), _e(1.0)), normal(_e(0.3)), "other", 1),
        (uniform(_e(0.0), _e(1.0)), symmetric_uniform(_e(0.5)), "other", 1),
        (point(_e(5.0)), point(_e(5.0)), "same", 1),
        (point(_e(5.0)), point(_e(0.0)), "other", 1),
        (normal(_e(0.3)), point(_e(0.0)), "other", INF),
        (point(_e(0.0)), normal(_e(0.3)), "other", 0),
        (normal(_e(1e-30)), normal(_e(2e-30)), "std", 0.5),
    ],
)
def test_a_difference_is_read_off_the_laws(theirs: Law, ours: Law, kind: str, ratio: float) -> None:
    found = difference(theirs, ours)
    assert found.kind == kind
    assert found.std_ratio == pytest.approx(ratio, rel=1e-9)


def test_a_matrix_and_a_share_of_zeros_are_part_of_a_law() -> None:
    orthogonal, eye, sparse = (SCHEMES[key].law for key in ("orthogonal", "eye", "sparse"))
    assert difference(orthogonal((30, 20)), orthogonal((30, 20))).kind == "same"
    assert difference(orthogonal((30, 20)), orthogonal((30, 10))).kind == "same_std"
    assert difference(eye((30, 20)), eye((30, 20))).kind == "same"
    assert difference(eye((30, 20)), eye((30, 10))).kind == "same"  # both have a one in thirty
    assert difference(sparse((30, 20)), sparse((30, 20), sparsity=0.5)).kind == "std"
    # 3 and 15 of 30 weights are 0, the others wider by so much that the variance is one
    wider = sparse((30, 20), sparsity=0.5, std=0.01 * math.sqrt((1 - 0.1) / (1 - 0.5)))
    assert difference(wider, sparse((30, 20))).kind == "same_std"


def test_a_std_lost_in_its_mean_is_no_spread() -> None:
    rows = by_framework("trunc_normal", (5, 3), mean=1e17, std=1.0, a=1e17 - 160, b=1e17 + 160)
    assert rows["keras"].law is not None
    assert rows["keras"].law.std == 0

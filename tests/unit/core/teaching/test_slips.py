"""A common error about a question is known by its own formula, written out here from the papers."""

import math

import pytest
from torch import nn

from core.teaching.quiz import Question, questions
from core.teaching.slips import slip

SEEDS = range(60)


def _of(kind: str) -> list[Question]:
    return [question for seed in SEEDS for question in questions(seed) if question.kind == kind]


def _number(scheme: str, fan_in: int, fan_out: int) -> float:
    """Return the wall of a uniform law, the std of a normal one."""
    law, _, family = scheme.partition("_")
    fans = fan_in + fan_out if law == "xavier" else fan_in
    return math.sqrt({"classic_uniform": 1}.get(scheme, 6 if family == "uniform" else 2) / fans)


@pytest.mark.parametrize("kind", ["bound", "std"])
def test_another_law_and_swapped_fans_are_named(kind: str) -> None:
    for question in _of(kind):
        fan_out, fan_in = question.shape
        ending = question.scheme.rpartition("_")[2]
        if not question.scheme.startswith("xavier"):
            assert slip(question, _number(question.scheme, fan_out, fan_in)) == ("fans", question.scheme)
        for law in ("kaiming", "xavier", "classic"):
            other = f"{law}_{ending}"
            if other not in {question.scheme, "classic_normal"}:
                kind_, scheme = slip(question, _number(other, fan_in, fan_out))
                # on some layers two errors come to the same number
                assert kind_ == "fans" or _number(scheme, fan_in, fan_out) == pytest.approx(
                    _number(other, fan_in, fan_out), rel=0.005
                )


def test_a_std_for_a_wall_a_wall_for_a_std_and_a_root_left_out_are_named() -> None:
    wall = Question("bound", "kaiming_uniform", (15, 24), exact=0.5, low=0.4936, high=0.5064)
    assert slip(wall, math.sqrt(2 / 24)) == ("std", "")
    assert slip(wall, 6 / 24) == ("square", "")
    assert slip(wall, 0.205) == ("scheme", "classic_uniform")  # 1/√24 = 0.2041, to a half percent
    assert slip(wall, 0.208) == ("none", "")
    std = Question("std", "kaiming_normal", (20, 32), exact=0.25, low=0.232, high=0.268)
    assert slip(std, math.sqrt(6 / 32)) == ("wall", "")
    assert slip(std, 2 / 32) == ("square", "")
    assert slip(std, -0.25) == ("none", "")


def test_other_multiples_of_sigma_and_one_side_are_named() -> None:
    """Of a normal law 4.55 % lie beyond ±2σ, 31.7 % beyond ±σ, 0.135 % beyond 3σ on one side."""
    for question in _of("beyond"):
        assert slip(question, 0.0455 * question.n) == ("two", "")
        assert slip(question, 0.3173 * question.n) == ("one", "")
        if not question.right(0.00135 * question.n):
            assert slip(question, 0.00135 * question.n) == ("side", "")
        assert slip(question, question.n) == ("none", "")


def test_biases_left_out_are_named_and_only_to_the_last_weight() -> None:
    for question in _of("count"):
        pairs = zip(question.units, question.units[1:], strict=False)
        weights = sum(nn.Linear(i, o, device="meta").weight.numel() for i, o in pairs)
        assert slip(question, weights) == ("weights", "")
        assert slip(question, weights + 1) == ("none", "")


def test_whatever_else_is_answered_is_no_slip() -> None:
    for seed in range(5):
        for question in questions(seed)[1:]:
            for answer in (math.nan, -1.0, 0.0, 1e300):
                assert slip(question, answer) == ("none", "")

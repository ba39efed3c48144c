"""Questions made from a seed: tolerances by closed forms and by simulation, counts by torch itself."""

import math
import os
import subprocess
import sys
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pytest
import torch
from torch import nn

from core import draw
from core.teaching.quiz import ALPHA, CANDIDATES, KINDS, Question, questions
from core.weights.referee import Verdict
from tests.support.marks import generator_stays

pytestmark = generator_stays

SEEDS = range(120)
#: std of each scheme for (fan_in, fan_out), written out from its paper; walls are √3 of it
STD: dict[str, Callable[[int, int], float]] = {
    "kaiming_normal": lambda i, _: math.sqrt(2 / i),
    "kaiming_uniform": lambda i, _: math.sqrt(2 / i),
    "xavier_normal": lambda i, o: math.sqrt(2 / (i + o)),
    "xavier_uniform": lambda i, o: math.sqrt(2 / (i + o)),
    "classic_uniform": lambda i, _: 1 / math.sqrt(3 * i),
}
WALL: dict[str, Callable[[int, int], float]] = {
    "kaiming_uniform": lambda i, _: math.sqrt(6 / i),
    "xavier_uniform": lambda i, o: math.sqrt(6 / (i + o)),
    "classic_uniform": lambda i, _: 1 / math.sqrt(i),
}
#: the 0.995-quantile of a standard normal law, from a table
Z = 2.5758293035489004
#: P(|Z| > 3)
BEYOND_THREE = math.erfc(3 / math.sqrt(2))


@lru_cache(maxsize=1)
def _all() -> tuple[Question, ...]:
    return tuple(question for seed in SEEDS for question in questions(seed))


def _of(kind: str) -> list[Question]:
    return [question for question in _all() if question.kind == kind]


def _fans(question: Question) -> tuple[int, int]:
    fan_out, fan_in = question.shape
    return fan_in, fan_out


def test_one_question_of_each_kind_and_the_same_for_a_seed() -> None:
    assert list(KINDS) == ["scheme", "bound", "std", "beyond", "count"]
    for seed in (0, 3, 40, -1, 10**12):
        asked = questions(seed)
        assert [question.kind for question in asked] == list(KINDS)
        # nan is not itself: what is written is compared
        assert repr(questions(seed)) == repr(asked)


def test_another_interpreter_makes_the_same_questions() -> None:
    """Strings hash differently there."""
    code = "from core.quiz import questions; print([questions(seed) for seed in (0, 40)])"
    child = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert child.stdout == f"{[questions(seed) for seed in (0, 40)]}\n"


def test_other_seeds_ask_other_questions() -> None:
    for kind in KINDS:
        asked = {repr(question) for question in _of(kind)}
        assert len(asked) >= 0.95 * len(SEEDS), kind
    assert {question.scheme for question in _of("scheme")} == set(CANDIDATES)
    assert {question.scheme for question in _of("bound")} == set(WALL)
    assert {question.scheme for question in _of("std")} == {"kaiming_normal", "xavier_normal"}
    assert {question.scheme for question in _of("beyond")} == {"kaiming_normal"}


def test_no_layer_is_square_and_every_scheme_has_its_turn() -> None:
    """On a square layer fan_in and fan_out look the same."""
    for question in _all():
        if question.scheme:
            assert question.shape[0] != question.shape[1]
            assert question.n == question.shape[0] * question.shape[1]
    # each of five schemes in 120 draws: 24 ± 4.4
    found = [question.scheme for question in _of("scheme")]
    for scheme in CANDIDATES:
        assert abs(found.count(scheme) - 24) < 5 * math.sqrt(120 * 0.2 * 0.8), scheme


def test_what_counts_as_right_holds_the_exact_answer() -> None:
    for question in _all():
        if question.kind == "scheme":
            assert question.choices == CANDIDATES
            assert question.right(question.scheme)
        else:
            assert question.low <= question.exact <= question.high
            assert question.right(question.exact)
            assert question.right(question.low)
            assert question.right(question.high)
            assert not question.right(math.nextafter(question.low, -math.inf))
            assert not question.right(math.nextafter(question.high, math.inf))
            assert not question.right(math.nan)


# The wall of a uniform law


def test_the_bound_is_the_papers_and_its_ends_the_law_of_the_largest() -> None:
    """P(largest of n ≤ c·b) = cⁿ, which is 1 % at c = 0.01^(1/n)."""
    for question in _of("bound"):
        wall = WALL[question.scheme](*_fans(question))
        assert question.exact == pytest.approx(wall, rel=1e-12)
        factor = 0.01 ** (1 / question.n)
        assert question.low == pytest.approx(wall * factor, rel=1e-12)
        assert question.high == pytest.approx(wall / factor, rel=1e-12)


def test_a_bound_is_never_asked_for_finer_than_three_digits_or_coarser_than_two() -> None:
    for question in _of("bound"):
        assert 1.004 <= question.high / question.exact < 1.05
        assert 1.004 <= question.exact / question.low < 1.05


@pytest.mark.parametrize("seed", range(12))
def test_the_largest_weight_is_an_honest_answer_for_the_bound(seed: int) -> None:
    """It is right but for 1 % of draws, and never above the wall."""
    question = questions(seed)[1]
    random, draws = np.random.default_rng(seed), 4000
    wall = WALL[question.scheme](*_fans(question))
    largest = np.abs(random.uniform(-wall, wall, (draws, question.n))).max(axis=1)
    wrong = sum(not question.right(float(x)) for x in largest)
    assert abs(wrong - draws * ALPHA) < 5 * math.sqrt(draws * ALPHA * (1 - ALPHA))


def test_the_commonest_errors_about_a_bound_are_wrong() -> None:
    for question in _of("bound"):
        fan_in, fan_out = _fans(question)
        wall = WALL[question.scheme](fan_in, fan_out)
        if question.scheme != "xavier_uniform":
            assert not question.right(WALL[question.scheme](fan_out, fan_in))  # fans swapped
        assert not question.right(wall / math.sqrt(3))  # the std instead of the wall
        assert not question.right(wall * math.sqrt(2))  # He's gain twice
        assert not question.right(wall**2)
        assert not question.right(-wall)
        assert not question.right(0)
        for other, formula in WALL.items():
            if other != question.scheme:
                assert not question.right(formula(fan_in, fan_out)), (question, other)


# The std of a normal law


def test_the_std_is_the_papers_within_its_standard_errors() -> None:
    """The relative standard error of a normal std is 1/√(2n); 1 % lies beyond 2.576 of them."""
    for question in _of("std"):
        std = STD[question.scheme](*_fans(question))
        assert question.exact == pytest.approx(std, rel=1e-12)
        reach = max(Z / math.sqrt(2 * question.n), 0.005)
        assert question.low == pytest.approx(std * (1 - reach), rel=1e-12)
        assert question.high == pytest.approx(std * (1 + reach), rel=1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_the_std_of_a_draw_is_an_honest_answer(seed: int) -> None:
    """n·s²/σ² follows χ² with n − 1 degrees; s is right but for 1 % of draws."""
    question = questions(seed)[2]
    random, draws = np.random.default_rng(seed), 4000
    std = STD[question.scheme](*_fans(question))
    found = std * np.sqrt(random.chisquare(question.n - 1, draws) / question.n)
    wrong = sum(not question.right(float(x)) for x in found)
    # s is not quite normal at n = 600: its skewness moves the 1 % by less than a fifth
    assert abs(wrong - draws * ALPHA) < 5 * math.sqrt(draws * ALPHA) + 0.2 * draws * ALPHA


def test_the_commonest_errors_about_a_std_are_wrong() -> None:
    for question in _of("std"):
        fan_in, fan_out = _fans(question)
        std = STD[question.scheme](fan_in, fan_out)
        other = {"kaiming_normal": "xavier_normal", "xavier_normal": "kaiming_normal"}[question.scheme]
        assert not question.right(STD[other](fan_in, fan_out)), question
        if question.scheme == "kaiming_normal":
            assert not question.right(STD["kaiming_normal"](fan_out, fan_in)), question
        assert not question.right(std / math.sqrt(2))
        assert not question.right(std * math.sqrt(3))
        assert not question.right(std**2)
        assert not question.right(3 * std)


# How many lie beyond ±3σ


def _binomial(n: int, p: float, most: int) -> np.ndarray:
    """P(X ≤ k) for k = 0 … most, term by term."""
    k = range(most + 1)
    logs = [math.lgamma(n + 1) - math.lgamma(x + 1) - math.lgamma(n - x + 1) for x in k]
    terms = [
        math.exp(log + x * math.log(p) + (n - x) * math.log1p(-p)) for x, log in zip(k, logs, strict=True)
    ]
    return np.cumsum(terms)


def test_the_number_beyond_three_sigma_is_binomial() -> None:
    for question in _of("beyond"):
        assert question.exact == pytest.approx(question.n * BEYOND_THREE, rel=1e-9)
        at_most = _binomial(question.n, BEYOND_THREE, int(question.high) + 1)
        low, high = int(question.low), int(question.high)
        assert (low, high) == (question.low, question.high)
        assert (at_most[low - 1] if low else 0.0) < 0.005 <= at_most[low]
        assert at_most[high - 1] < 0.995 <= at_most[high]


@pytest.mark.parametrize("seed", range(12))
def test_what_a_draw_shows_beyond_three_sigma_is_an_honest_answer(seed: int) -> None:
    question = questions(seed)[3]
    draws = 4000
    found = np.random.default_rng(seed).binomial(question.n, BEYOND_THREE, draws)
    wrong = sum(not question.right(int(x)) for x in found)
    assert wrong < draws * ALPHA + 5 * math.sqrt(draws * ALPHA)


def test_real_weights_show_what_is_right() -> None:
    """Of 120 draws by torch about one is called wrong."""
    refused = {"bound": 0, "std": 0, "beyond": 0}
    for question in _all():
        if question.kind in refused:
            weight = draw(question.scheme, question.shape, seed=question.seed).double()
            answer = {
                "bound": lambda w: w.abs().max().item(),
                "std": lambda w: w.std(correction=0).item(),
                "beyond": lambda w, q=question: int((w.abs() > 3 * math.sqrt(2 / q.shape[1])).sum()),
            }[question.kind](weight)
            refused[question.kind] += not question.right(answer)
    # Poisson of mean 1.2: more than 6 in one of 5000 cases
    assert max(refused.values()) <= 6, refused


def test_the_rule_of_three_sigma_and_its_rivals() -> None:
    """0.27 % is right; 5 %, 0.135 % on one side alone, or none is not, where weights tell them apart."""
    for question in _of("beyond"):
        n = question.n
        assert question.right(0.0027 * n)
        assert not question.right(0.05 * n)
        assert not question.right(0.32 * n)
        spread = math.sqrt(n * BEYOND_THREE)
        if n * BEYOND_THREE / 2 > 4 * spread:
            assert not question.right(n * BEYOND_THREE / 2), question
        if n * BEYOND_THREE > 4 * spread:
            assert not question.right(0), question


# A network's parameters


def test_parameters_are_counted_as_torch_counts_them() -> None:
    for question in _of("count"):
        pairs = zip(question.units, question.units[1:], strict=False)
        layers = [nn.Linear(i, o, device="meta") for i, o in pairs]
        total = sum(p.numel() for layer in layers for p in layer.parameters())
        assert (question.low, question.exact, question.high) == (total, total, total)
        assert question.right(total)
        assert not question.right(total - 1)
        assert not question.right(total + 1)
        weights = sum(layer.weight.numel() for layer in layers)
        assert not question.right(weights)  # biases forgotten
        assert all(2 <= units <= 12 for units in question.units)
        assert question.choices == ()


# Which scheme made it


def _family(scheme: str) -> str:
    return "normal" if scheme.endswith("normal") else "uniform"


def _clearly_apart(question: Question, other: str) -> bool:
    """Whether the question's weights refute another law however they fall.

    Two normal stds: the referee refuses from some four standard errors on; nine leave it five to spare.
    Two walls: w weights under a wall too high, or none above one too low, in one of 10⁹ draws. A normal
    law has 8 % beyond the wall of a uniform law of its std, and 600 weights between such walls without
    one beyond are no normal weights.
    """
    truth, rival = (STD[scheme](*_fans(question)) for scheme in (question.scheme, other))
    if _family(other) != _family(question.scheme):
        return True
    if _family(other) == "normal":
        return abs(rival / truth - 1) * math.sqrt(2 * question.n) > 9
    return question.n * abs(math.log(rival / truth)) > 9 * math.log(10)


def test_the_one_that_drew_is_right_and_laws_clearly_apart_are_wrong() -> None:
    apart, asked = 0, _of("scheme")[:60]
    for question in asked:
        for choice in question.choices:
            if choice == question.scheme:
                assert question.right(choice)
            elif _clearly_apart(question, choice):
                apart += 1
                assert not question.right(choice), (question, choice)
    # nearly every question has one right answer
    assert apart >= 0.95 * len(asked) * (len(CANDIDATES) - 1)


def test_a_law_that_the_weights_cannot_tell_is_right_too() -> None:
    """He's and Glorot's stds differ by half a standard error here: √(600/601), 600 weights."""
    question = Question("scheme", "kaiming_normal", (1, 600), 40, choices=CANDIDATES)
    assert abs(math.sqrt(600 / 601) - 1) * math.sqrt(2 * 600) < 0.5
    assert question.right("xavier_normal")
    assert not question.right("kaiming_uniform")


@pytest.mark.parametrize(
    ("drew", "other"), [("classic_uniform", "xavier_uniform"), ("xavier_uniform", "classic_uniform")]
)
def test_swapped_fans_are_seen(drew: str, other: str) -> None:
    """Glorot's law for five times as many outputs as inputs is nn.Linear's own: 6/(i + 5i) = 1/i."""
    assert Question("scheme", drew, (5 * 40, 40), 3, choices=CANDIDATES).right(other)
    assert not Question("scheme", drew, (40, 5 * 40), 3, choices=CANDIDATES).right(other)


def test_the_one_that_drew_is_right_even_where_the_referee_errs(monkeypatch: pytest.MonkeyPatch) -> None:
    """One honest draw in a thousand is called inconsistent."""
    verdict = Verdict((), 0.0, math.nan)
    assert not verdict.consistent
    monkeypatch.setattr("core.teaching.quiz.judge", lambda *_, **__: verdict)
    for question in _of("scheme")[:5]:
        assert [choice for choice in question.choices if question.right(choice)] == [question.scheme]


def test_answering_leaves_the_weights_and_the_generator_alone() -> None:
    question = questions(40)[0]
    with torch.random.fork_rng([]):
        torch.manual_seed(1)
        expected = torch.rand(3)
        torch.manual_seed(1)
        first = [question.right(choice) for choice in question.choices]
        assert torch.equal(torch.rand(3), expected)
    assert [question.right(choice) for choice in question.choices] == first

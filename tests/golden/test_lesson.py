"""The numbers the lesson prints, typed from it, and those its papers print."""

import math

import pytest
import torch
from torch import Tensor, nn

from core import SCHEMES
from core.teaching.lesson import replay_lesson
from tests.support.lesson import PRINTED
from tests.support.torch_calls import CALLS


def test_the_lesson_s_nine_tensors_digit_for_digit() -> None:
    generator = torch.Generator().manual_seed(40)
    for key, printed in PRINTED:
        weight = SCHEMES["classic_uniform"].fill_(torch.empty(3, 5), generator=generator)
        torch.empty(3).uniform_(-1 / math.sqrt(5), 1 / math.sqrt(5), generator=generator)  # the bias
        SCHEMES[key].fill_(weight, generator=generator)
        assert [[round(w, 4) for w in row] for row in weight.tolist()] == printed, key


def test_the_replayed_lesson_has_the_nine_tensors_digit_for_digit() -> None:
    replayed = [tensor for step in replay_lesson() for tensor in step.tensors]
    assert [name for name, _ in replayed] == [name for name, _ in PRINTED]
    for (name, weight), (_, printed) in zip(replayed, PRINTED, strict=True):
        assert [[round(w, 4) for w in row] for row in weight.tolist()] == printed, name


def _plain_torch(seed: int) -> list[tuple[str, Tensor]]:
    """Run the lesson's nine fills as one would by hand, on the global generator."""
    weights = []
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        for name, _ in PRINTED:
            linear = nn.Linear(5, 3)
            CALLS[name](linear.weight)
            weights.append((name, linear.weight.detach()))
    return weights


@pytest.mark.parametrize("seed", [40, 41, 0, -7, 2**64 - 1, -(2**63)])
def test_other_seeds_are_plain_torch_run_the_same_way(seed: int) -> None:
    replayed = [tensor for step in replay_lesson(seed) for tensor in step.tensors]
    for (name, weight), (expected_name, expected) in zip(replayed, _plain_torch(seed), strict=True):
        assert name == expected_name
        assert torch.equal(weight, expected), name


def test_another_seed_is_another_lesson() -> None:
    """The three tensors that chance does not move are the same; no weight of the six others is."""
    ours, theirs = ([t for step in replay_lesson(seed) for t in step.tensors] for seed in (40, 41))
    for (name, one), (_, other) in zip(ours, theirs, strict=True):
        assert int((one == other).sum()) == (15 if name in {"zeros", "ones", "constant"} else 0), name


# He et al. 2015, section 2.2: 3×3 filters, √(2/(9d)) for d = 64, 128, 256, 512 filters
@pytest.mark.parametrize(("filters", "std"), [(64, 0.059), (128, 0.042), (256, 0.029), (512, 0.021)])
def test_he_2015_s_stds_for_3x3_filters(filters: int, std: float) -> None:
    law = SCHEMES["kaiming_normal"].law((filters, 48, 3, 3), mode="fan_out")
    assert round(law.std, 3) == std

"""The numbers the lesson prints, typed from it, and those its papers print."""

import math

import pytest
import torch
from torch import Tensor, nn

from core import SCHEMES
from core.teaching.lesson import replay_lesson

# The lesson calls torch.manual_seed(40) once, then seven functions in order. Each builds nn.Linear(5, 3),
# which draws its own weight and bias first, and then fills the weight; steps 6 and 7 do so twice.
PRINTED = (
    (
        "uniform",
        [
            [0.6779, 0.0173, 0.1203, 0.1363, 0.8089],
            [0.8229, 0.3759, 0.0295, 0.4132, 0.0791],
            [0.0489, 0.9287, 0.4924, 0.8416, 0.1756],
        ],
    ),
    (
        "normal",
        [
            [-0.4778, 0.9635, 1.0699, -0.1470, -0.4221],
            [-0.3340, -1.3286, 0.9798, 1.0087, -1.7466],
            [0.3339, 1.3638, 1.1793, 0.8641, -1.5166],
        ],
    ),
    ("zeros", [[0.0] * 5] * 3),
    ("ones", [[1.0] * 5] * 3),
    ("constant", [[5.0] * 5] * 3),
    (
        "kaiming_normal",
        [
            [0.4088, -1.0591, 0.4997, -0.4519, 0.0120],
            [-0.1373, 0.5314, -0.8153, -0.4597, -0.3746],
            [0.7623, 0.0659, -0.3816, -0.9031, 0.1621],
        ],
    ),
    (
        "kaiming_uniform",
        [
            [0.4260, -0.5625, -0.9473, -0.9170, -0.6304],
            [0.5598, 0.5249, -0.9120, -0.8568, -0.9133],
            [0.4550, -0.0920, 0.1418, 0.0992, 0.7793],
        ],
    ),
    (
        "xavier_normal",
        [
            [0.8132, -0.0745, -0.2696, 0.1094, -0.4667],
            [-0.0538, 0.1478, -0.1500, -0.1905, -0.3753],
            [-0.7975, 0.2913, 0.0392, 0.1245, 0.1830],
        ],
    ),
    (
        "xavier_uniform",
        [
            [0.6763, 0.0562, 0.6092, 0.7034, 0.8327],
            [-0.1684, 0.0137, 0.7739, -0.1965, 0.6781],
            [-0.3610, -0.2906, 0.8220, -0.6182, -0.3569],
        ],
    ),
)


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
    fills = (
        ("uniform", lambda w: nn.init.uniform_(w, a=0, b=1)),
        ("normal", lambda w: nn.init.normal_(w, mean=0, std=1)),
        ("zeros", nn.init.zeros_),
        ("ones", nn.init.ones_),
        ("constant", lambda w: nn.init.constant_(w, 5)),
        ("kaiming_normal", nn.init.kaiming_normal_),
        ("kaiming_uniform", nn.init.kaiming_uniform_),
        ("xavier_normal", nn.init.xavier_normal_),
        ("xavier_uniform", nn.init.xavier_uniform_),
    )
    weights = []
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        for name, fill in fills:
            linear = nn.Linear(5, 3)
            fill(linear.weight)
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

"""What the lesson prints, typed from it, and its network's class as it stands there."""

from typing import cast

import torch
from torch import nn

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
MODEL = """
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear1 = nn.Linear(3, 3)
        nn.init.xavier_normal_(self.linear1.weight)
        self.linear2 = nn.Linear(3, 2)
        nn.init.kaiming_normal_(self.linear2.weight)
        self.out = nn.Linear(2, 2)

    def forward(self, x):
        x = self.linear1(x)
        x = torch.sigmoid(x)
        x = self.linear2(x)
        x = torch.relu(x)
        x = self.out(x)
        x = torch.softmax(x, dim=-1)
        return x
"""


def lesson_model() -> nn.Module:
    """Return the lesson's model, with weights from where the global generator stands."""
    names: dict[str, object] = {"torch": torch, "nn": nn}
    exec(MODEL, names)  # noqa: S102
    return cast("type[nn.Module]", names["Model"])()


def lesson_parameters(seed: int) -> list[tuple[str, torch.Tensor]]:
    """Return the names and values of the lesson's model after ``torch.manual_seed``."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        return [(name, value.detach()) for name, value in lesson_model().named_parameters()]

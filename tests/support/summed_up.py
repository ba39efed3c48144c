"""Modules to be summed up, and what is read off the text of a summary."""

import re
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core import Net, Network, NetworkError, summary_text


def seeded(build: Callable[[], nn.Module]) -> nn.Module:
    with torch.random.fork_rng([]):
        torch.manual_seed(1)
        return build()


def stack(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*layers)


def totals(text: str) -> list[int]:
    found = [
        re.search(rf"^{kind} params: ([\d,]+)$", text, re.M)
        for kind in ("Total", "Trainable", "Non-trainable")
    ]
    return [int(match[1].replace(",", "")) for match in found if match]


def hooks(model: nn.Module) -> int:
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")
    return sum(len(getattr(part, kind)) for part in model.modules() for kind in kinds)


def refused(module: nn.Module, size: Any) -> NetworkError:
    """Return the error, and see that nothing is left behind: no hook, no held lock, no moved generator."""
    state = torch.get_rng_state()
    with pytest.raises(NetworkError) as error:
        summary_text(module, size, 5)
    assert torch.equal(torch.get_rng_state(), state)
    assert hooks(module) == 0
    # another thread can have the generators; a daemon, so that the test ends where it cannot
    after: list[str] = []
    other = Thread(
        target=lambda: after.append(summary_text(Net(Network.of("3-2"), seed=1), (3,), 5)), daemon=True
    )
    other.start()
    other.join(20)
    assert totals(after[0]) == [8, 8, 0]
    return error.value


def rows(text: str) -> list[list[str]]:
    """Return each part's name, shape and number of parameters."""
    found = re.findall(r"^ *(\S+-\d+)  +(\[.*\]) +([\d,]+)$", text, re.M)
    assert found
    return [[name, shape, count.replace(",", "")] for name, shape, count in found]


class Fed(nn.Module):
    """What ``module`` makes of several inputs, through ``made``."""

    def __init__(self, module: nn.Module, made: Callable[..., Any] = lambda module, *x: module(*x)) -> None:
        super().__init__()
        self.module, self.made = module, made

    def forward(self, *x: Tensor) -> Any:
        return self.made(self.module, *x)

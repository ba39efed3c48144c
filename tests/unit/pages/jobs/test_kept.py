"""What is drawn once for all visitors is nobody's who asks for something else."""

from dataclasses import fields
from typing import Any

import pytest
import torch

from core.weights.draw import Draw
from pages.jobs.cache import kept

ASKED: dict[str, Any] = {"key": "normal", "shape": (3, 4), "seed": 1, "dtype": torch.float32, "std": 0.5}
#: Of each field of a draw that tells it from another, an argument that changes it and nothing else.
OTHERS: dict[str, dict[str, Any]] = {
    "key": {"key": "trunc_normal"},
    "shape": {"shape": (4, 3)},
    "seed": {"seed": 2},
    "device": {"device": "cuda"},
    "dtype": {"dtype": torch.bfloat16},
    "params": {"std": 0.25},
}


def test_all_that_tells_draws_apart_is_looked_at_here() -> None:
    assert {field.name for field in fields(Draw) if field.compare} == {*OTHERS}


@pytest.mark.parametrize("changed", OTHERS)
def test_a_result_is_kept_for_its_own_draw_alone(changed: str) -> None:
    @kept()
    def result(draw: Draw) -> list[Draw]:
        return [draw]

    one = result(Draw(**ASKED, here=False))
    assert result(Draw(**ASKED, mean=0.0, device="cpu", here=False)) is one  # as its default has it
    assert result(Draw(**ASKED | OTHERS[changed], here=False)) is not one

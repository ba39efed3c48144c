"""Weights drawn for the referee, and what it says of them."""

import pytest
import torch

from core import SCHEMES, Summary
from core.weights import referee
from tests.support.cases import CASES, Case, case_id
from tests.support.shapes import Shape

RANDOM = [case for case in CASES if case.truth(case.shape_of(1200)).family not in {"point", "indicator"}]
random_cases = pytest.mark.parametrize("case", RANDOM, ids=case_id)


def case_draw(case: Case, shape: Shape, seed: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return case.draw(torch.empty(shape, dtype=dtype), torch.Generator().manual_seed(seed))


def verdict_of(weights: torch.Tensor, key: str, bins: int = 80, **params: float | str) -> referee.Verdict:
    law = SCHEMES[key].law(tuple(weights.shape), **params)
    return referee.judge(Summary.of(weights, law=law, bins=bins), law)

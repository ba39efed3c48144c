"""What a summary is to say of weights, by numpy."""

import math

import numpy as np
import pytest
import torch

from core import DTYPES, Summary
from core.weights import sampling, summary
from core.weights.laws import Law
from tests.support.cases import CASES, Case, case_id

#: torch draws no orthogonal matrix in half precision
drawable = pytest.mark.parametrize(
    ("case", "dtype"),
    [(case, dtype) for case in CASES for dtype in DTYPES if case.half or dtype.itemsize > 2],
    ids=lambda it: case_id(it) if isinstance(it, Case) else str(it),
)
PART, CHUNK = sampling.PART, summary.CHUNK


def assert_agrees(summary: Summary, weights: torch.Tensor, law: Law) -> None:
    """Hold every number of a summary to those that numpy finds in the weights."""
    x, edges = weights.flatten().double().numpy(), summary.edges
    bins = len(edges) - 1
    assert np.array_equal(edges, law.edges(bins))
    assert summary.dtype == weights.dtype
    assert summary.n == x.size == summary.counts.sum()
    assert (summary.minimum, summary.maximum) == (x.min(), x.max())
    # bin i holds edges[i] ≤ w < edges[i + 1]; the end bins take all beyond them
    bin_of = np.searchsorted(edges[1:-1], x, side="right")
    assert np.array_equal(summary.counts, np.bincount(bin_of, minlength=bins))
    for band, (low, high), outside in zip(law.bands, summary.bands, summary.outside, strict=True):
        ends = torch.tensor([band.low, band.high], dtype=torch.float64)
        wall = ends.to(weights.dtype).double() if band.kind == "support" else ends
        assert (low, high) == tuple(wall.tolist())
        assert outside == np.count_nonzero((x < low) | (x > high))
    values = torch.tensor([value for value, _ in law.atoms], dtype=torch.float64).to(weights.dtype).tolist()
    assert summary.atoms == tuple((value, np.count_nonzero(x == value)) for value in values)
    scale = max(abs(x.min()), abs(x.max()))
    assert summary.mean == pytest.approx(x.mean(), abs=1e-12 * scale)
    assert summary.std == pytest.approx(x.std(), rel=1e-9, abs=1e-13 * scale)
    if x.min() == x.max():
        assert summary.mean == x[0]
        assert summary.std == 0
        assert math.isnan(summary.excess_kurtosis)
    elif x.std() > 1e-3 * scale:
        squares = (x - x.mean()) ** 2
        kurtosis = (squares**2).mean() / x.var() ** 2 - 3
        assert summary.excess_kurtosis == pytest.approx(kurtosis, abs=1e-9, rel=1e-9)

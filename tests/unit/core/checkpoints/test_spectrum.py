"""Rows' norms and singular values, beside torch's own and beside draws of independent entries."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch

from core.checkpoints.report_row import MOST_NORM_BINS, judged
from core.checkpoints.spectrum import Noise, norm_of_row, side_of
from core.weights.schemes import SCHEMES
from tests.support.stored_tensors import stored

FLOATS = [torch.float64, torch.float32, torch.bfloat16, torch.float16, torch.float8_e5m2]


def _drawn(*shape: int, seed: int = 3) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("shape", [(40, 27), (9, 300), (300, 9), (12, 5, 3, 3), (128, 8)])
@pytest.mark.parametrize("step", [0, 50])
def test_they_are_torch_s(dtype: torch.dtype, shape: tuple[int, ...], step: int) -> None:
    weight = _drawn(*shape).to(dtype)
    row = judged(stored(weight, step=step))
    matrix = weight.double().flatten(1)
    truth = torch.linalg.svdvals(matrix).numpy()
    np.testing.assert_allclose(row.singular_values, truth, rtol=1e-9, atol=1e-7 * truth[0])
    norms = torch.linalg.vector_norm(matrix, dim=1).numpy()
    assert row.row_norms is not None
    counts, edges = row.row_norms
    assert counts.sum() == len(norms)
    assert len(counts) <= MOST_NORM_BINS
    np.testing.assert_allclose([edges[0], edges[-1]], [norms.min(), norms.max()], rtol=1e-6)
    inner = np.searchsorted(np.sort(norms), edges[1:-1])
    assert np.abs(np.cumsum(counts)[:-1] - inner).max(initial=0) <= 1  # one may lie at an edge


@pytest.mark.parametrize(
    ("dtype", "shape", "kept"),
    [
        ("float32", (128, 1024), 128),
        ("float32", (128, 1025), 0),  # 512 kB are passed
        ("float32", (129, 900), 0),
        ("bfloat16", (2048, 128), 128),
        ("float64", (2, 8), 2),
        ("float32", (1, 64), 0),  # one row is its own direction
        ("float32", (64, 7), 0),  # rows so short are not looked at
        ("float32", (64,), 0),
        ("int32", (64, 64), 0),
        ("float32", (0, 64), 0),
    ],
)
def test_of_which_weights_they_are_kept(dtype: str, shape: tuple[int, ...], kept: int) -> None:
    assert side_of(dtype, shape) == kept
    found = judged(stored(torch.zeros(shape, dtype=getattr(torch, dtype))))
    assert len(found.singular_values) == kept


@pytest.mark.parametrize("odd", [math.nan, math.inf])
@pytest.mark.parametrize("dtype", FLOATS[:4], ids=str)
def test_a_number_that_is_not_finite_leaves_no_singular_value_and_its_row_no_norm(
    odd: float, dtype: torch.dtype
) -> None:
    weight = _drawn(20, 30).to(dtype)
    weight[7, 3] = odd
    row = judged(stored(weight))
    assert np.isnan(row.singular_values).all()
    assert row.row_norms is not None
    assert row.row_norms.counts.sum() == 19
    assert row.row_norms.edges[-1] < 30


def test_norms_that_are_one_are_one_bin() -> None:
    weight = 1.5 * torch.nn.init.orthogonal_(torch.empty(12, 40), generator=torch.Generator().manual_seed(1))
    row = judged(stored(weight))
    assert row.row_norms is not None
    assert row.row_norms.counts.tolist() == [12]
    assert row.row_norms.edges[0] < 1.5 < row.row_norms.edges[1]
    np.testing.assert_allclose(row.singular_values, 1.5, rtol=1e-5)
    zeros = judged(stored(torch.zeros(12, 40))).row_norms
    assert zeros is not None
    assert zeros.counts.tolist() == [12]


def test_the_edges_are_those_of_a_large_matrix() -> None:
    noise = Noise(400, 900, 0.5)
    assert noise.edges == pytest.approx((0.5 * 10, 0.5 * 50))  # √900 ∓ √400
    assert Noise(900, 400, 0.5) == (900, 400, 0.5)
    assert Noise(900, 400, 0.5).edges == noise.edges
    values = torch.linalg.svdvals(0.5 * _drawn(400, 900)).numpy()
    # its extremes lie within a few times rows^(−2/3) of the edges
    np.testing.assert_allclose([values[-1], values[0]], noise.edges, rtol=5 * 400 ** (-2 / 3))


@pytest.mark.parametrize(("rows", "columns"), [(400, 900), (900, 400), (300, 300)])
def test_the_density_is_that_of_a_large_matrix(rows: int, columns: int) -> None:
    noise = Noise(rows, columns, 2.0)
    low, high = noise.edges
    at = np.linspace(max(low, 1e-6), high, 20_001)
    below = np.concatenate([[0], np.cumsum((noise.pdf(at)[1:] + noise.pdf(at)[:-1]) / 2 * np.diff(at))])
    assert below[-1] == pytest.approx(1, abs=1e-3)
    values = np.sort(torch.linalg.svdvals(2 * _drawn(rows, columns)).numpy())
    own = np.arange(1, len(values) + 1) / len(values)
    # the values repel each other: counts differ from their means by a few, however many there are
    assert np.abs(np.interp(values, at, below) - own).max() < 6 / len(values)
    assert not noise.pdf(np.array([0.0, low / 2, 1.01 * high])).any() or rows == columns


def test_the_reach_is_johnstone_s() -> None:
    """μ = (√399 + √100)², σ = (√399 + √100)·(1/√399 + 1/√100)^⅓ = 15.93; 2.02 of it lie 1 % beyond."""
    assert Noise(100, 400, 1.0).reach == pytest.approx((898.5 + 2.02 * 15.93) ** 0.5, rel=1e-5)
    assert Noise(400, 100, 3.0).reach == pytest.approx(3 * (898.5 + 2.02 * 15.93) ** 0.5, rel=1e-5)


@pytest.mark.parametrize("law", ["normal", "uniform"])
@pytest.mark.parametrize(("rows", "columns"), [(40, 90), (90, 40), (128, 128)])
def test_the_largest_passes_its_reach_in_one_draw_of_100_or_less(law: str, rows: int, columns: int) -> None:
    drawn = _drawn(1000 * rows, columns).view(1000, rows, columns)
    if law == "uniform":
        drawn = math.sqrt(12) * (torch.special.ndtr(drawn) - 0.5)
    largest = torch.linalg.matrix_norm(drawn, 2)
    beyond = int((largest > Noise(rows, columns, 1.0).reach).sum())
    assert beyond <= 10 + 4 * math.sqrt(10)
    assert int((largest > 0.97 * Noise(rows, columns, 1.0).reach).sum()) > 10


@pytest.mark.parametrize(("far", "chance"), [(2.0234, 0.01), (2.4224, 0.005), (3.2724, 0.001)])
def test_the_chance_is_tracy_s_and_widom_s(far: float, chance: float) -> None:
    """Quantiles of their law for real matrices (Bejan 2005, table 1), met within a quarter."""
    for rows, columns in ((40, 90), (300, 128)):
        one, other = math.sqrt(max(rows, columns) - 1), math.sqrt(min(rows, columns))
        centre, scale = (one + other) ** 2, (one + other) * (1 / one + 1 / other) ** (1 / 3)
        noise = Noise(rows, columns, 0.02)
        assert noise.chance(0.02 * math.sqrt(centre + far * scale)) == pytest.approx(chance, rel=0.25)
        assert noise.chance(0.02 * math.sqrt(centre)) == 1


def test_few_draws_are_as_unlikely_as_they_are_called() -> None:
    drawn = _drawn(30_000 * 16, 24).view(30_000, 16, 24)
    largest = torch.linalg.eigvalsh(drawn @ drawn.mT)[:, -1].sqrt()
    rare = sum(Noise(16, 24, 1.0).chance(each) < 0.001 for each in largest.tolist())
    assert 5 < rare < 30 + 4 * math.sqrt(30)


FILLS: dict[str, Callable[..., torch.Tensor]] = {
    "normal": partial(torch.nn.init.normal_, std=0.125),
    "uniform": partial(torch.nn.init.uniform_, a=-0.125, b=0.125),
    "trunc_normal": partial(torch.nn.init.trunc_normal_, std=1.0, a=-2.0, b=2.0),
}
PARAMS: dict[str, dict[str, float]] = {
    "normal": {"std": 0.125},
    "uniform": {"a": -0.125, "b": 0.125},
    "trunc_normal": {},
}


@pytest.mark.parametrize("key", FILLS)
def test_the_norm_of_a_row_is_that_of_draws(key: str) -> None:
    law = SCHEMES[key].law((4000, 64), **PARAMS[key])
    drawn = FILLS[key](torch.empty(4000, 64), generator=torch.Generator().manual_seed(5))
    norms = torch.linalg.vector_norm(drawn.double(), dim=1).numpy()
    mean, std = norm_of_row(law, 64)
    assert mean == pytest.approx(norms.mean(), abs=5 * norms.std() / math.sqrt(4000) + 64**-1.5 * mean)
    assert std == pytest.approx(norms.std(), rel=5 / math.sqrt(2 * 4000) + 1 / 64)


def test_the_norm_of_normal_entries_is_chi() -> None:
    mean, std = norm_of_row(SCHEMES["normal"].law((9, 30), std=1.0), 30)
    exact = math.sqrt(2) * math.exp(math.lgamma(15.5) - math.lgamma(15))
    assert mean == pytest.approx(exact, rel=1 / 30**2)
    assert std == pytest.approx(math.sqrt(30 - exact**2), rel=1 / 30)

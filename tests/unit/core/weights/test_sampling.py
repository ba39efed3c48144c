"""Draws are torch's own, bit for bit, and have the walls, shares and zeros of their laws."""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from core import DTYPES, SCHEMES, DtypeError, draw, rounded, summarize
from core.weights import referee
from tests.support.cases import CASES, Case, case_id
from tests.support.dtypes import HALVES
from tests.support.marks import cases, dtypes, generator_stays
from tests.support.products import assert_drawn_alike
from tests.support.shapes import Shape

pytestmark = generator_stays


def _drawable(case: Case, dtype: torch.dtype) -> bool:
    return case.half or dtype not in HALVES


@cases
@dtypes
def test_a_draw_is_torch_s_bit_for_bit(case: Case, dtype: torch.dtype) -> None:
    for shape in case.shapes:
        if not _drawable(case, dtype):
            with pytest.raises(DtypeError):
                draw(case.key, shape, seed=7, dtype=dtype, **case.params)
            continue
        expected = case.draw(torch.empty(shape, dtype=dtype), torch.Generator().manual_seed(7))
        drawn = draw(case.key, shape, seed=7, dtype=dtype, **case.params)
        assert_drawn_alike(drawn, expected, case.key)


@cases
def test_every_seed_that_torch_takes_gives_torch_s_draw(case: Case) -> None:
    shape = case.shape_of(200)
    for seed in (-(2**63), -1, 0, 2**63, 2**64 - 1):
        expected = case.draw(torch.empty(shape), torch.Generator().manual_seed(seed))
        assert_drawn_alike(draw(case.key, shape, seed=seed, **case.params), expected, case.key)


@pytest.mark.parametrize("size", [1, 7, 15, 16, 17, 31, 33])
@pytest.mark.parametrize("key", ["normal", "uniform", "trunc_normal", "constant", "gpt2_residual"])
def test_a_vector_can_be_drawn_where_no_fans_are_needed(key: str, size: int) -> None:
    scheme = SCHEMES[key]
    expected = scheme.fill_(torch.empty(size, 1), generator=torch.Generator().manual_seed(5))
    assert torch.equal(draw(key, (size,), seed=5), expected.flatten())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_classic_uniform_is_what_layers_start_with(dtype: torch.dtype) -> None:
    state = torch.get_rng_state()
    for layer in (nn.Linear, lambda i, o, **k: nn.Conv2d(i, o, (3, 2), **k)):
        torch.manual_seed(11)
        weight = layer(6, 4, dtype=dtype).weight.detach()
        assert torch.equal(draw("classic_uniform", weight.shape, seed=11, dtype=dtype), weight)
    torch.set_rng_state(state)


def test_sparse_weights_drawn_by_several_threads_are_those_drawn_alone() -> None:
    """torch takes their zeros from its one global generator; neither they nor it may mix."""
    seeds = range(24)
    with ThreadPoolExecutor(6) as threads:
        together = list(threads.map(lambda seed: draw("sparse", (30, 40), seed=seed, sparsity=0.4), seeds))
        counted = list(threads.map(lambda seed: summarize("sparse", (30, 40), seed=seed).mean, seeds))
    for seed in seeds:
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            alone = nn.init.sparse_(torch.empty(30, 40), 0.4)
            torch.manual_seed(seed)
            mean = nn.init.sparse_(torch.empty(30, 40), 0.1).double().mean()
        assert torch.equal(together[seed], alone)
        assert counted[seed] == pytest.approx(float(mean), rel=1e-9)


def test_a_generator_that_has_drawn_before_goes_on_where_it_stands() -> None:
    """Two sparse weights of one generator are those of one stretch of torch's global generator."""
    generator = torch.Generator().manual_seed(3)
    one, two = (SCHEMES["sparse"].fill_(torch.empty(9, 11), generator=generator) for _ in range(2))
    with torch.random.fork_rng([]):
        torch.manual_seed(3)
        assert torch.equal(one, nn.init.sparse_(torch.empty(9, 11), 0.1))
        assert torch.equal(two, nn.init.sparse_(torch.empty(9, 11), 0.1))


@pytest.mark.parametrize(
    ("case", "dtype"),
    [
        (case, dtype)
        for case in CASES
        for dtype in DTYPES
        if _drawable(case, dtype) and case.truth(case.shape_of(20_000)).bands
    ],
    ids=lambda value: case_id(value) if isinstance(value, Case) else str(value),
)
def test_nothing_lies_outside_a_wall_rounded_to_the_dtype(case: Case, dtype: torch.dtype) -> None:
    shape = case.shape_of(20_000)
    summary = summarize(case.key, shape, seed=3, dtype=dtype, **case.params)
    weights = draw(case.key, shape, seed=3, dtype=dtype, **case.params).double()
    for i, band in enumerate(SCHEMES[case.key].law(shape, **case.params).bands):
        if band.kind == "support":
            low, high = torch.tensor([band.low, band.high], dtype=torch.float64).to(dtype).tolist()
            assert summary.outside[i] == 0
            assert low <= weights.min() <= weights.max() <= high
            assert (rounded(band, dtype).low, rounded(band, dtype).high) == (low, high)
        else:
            assert rounded(band, dtype) == band
            assert summary.outside[i] == int(((weights < band.low) | (weights > band.high)).sum())


def test_a_bf16_draw_does_land_outside_the_unrounded_wall() -> None:
    """The reason for rounding the wall: √(6/512) rounds up in bfloat16, and torch reaches it."""
    weights = draw("kaiming_uniform", (256, 512), seed=40, dtype=torch.bfloat16).double()
    assert weights.abs().max() > math.sqrt(6 / 512)


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.truth((400, 500, 3)[: 2 + (c.key == "dirac")]).std > 0], ids=case_id
)
def test_the_share_within_a_yardstick_is_the_law_s(case: Case) -> None:
    """Five standard errors; an orthogonal matrix's entries depend on each other only weakly."""
    shape = case.shape_of(100_000)
    n = math.prod(shape)
    outside = summarize(case.key, shape, seed=5, **case.params).outside
    for count, (_, _, _, within) in zip(outside, case.truth(shape).bands, strict=True):
        assert count == pytest.approx(n * (1 - within), abs=5 * math.sqrt(n * within * (1 - within)))


@pytest.mark.parametrize("case", [c for c in CASES if c.key == "sparse"], ids=case_id)
@pytest.mark.parametrize("shape", [(3, 5), (256, 128), (100, 7)], ids=case_id)
def test_each_column_of_a_sparse_weight_has_the_zeros_that_are_its_due(case: Case, shape: Shape) -> None:
    atoms = case.truth(shape).atoms
    share = atoms[0][1] if atoms else 0.0
    columns = (draw("sparse", shape, seed=2, **case.params) == 0).sum(dim=0)
    assert (columns == round(share * shape[0])).all()


def test_a_seed_reproduces_and_another_does_not() -> None:
    one, two, other = (draw("normal", (20, 30), seed=s) for s in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


def test_a_cut_far_off_the_mean_is_drawn_as_torch_draws_it_with_its_warning() -> None:
    """torch warns where the mean is more than 2 std from the cuts; the draw follows the law all the same."""
    with pytest.warns(UserWarning, match="mean is more than 2 std"):
        drawn = draw("trunc_normal", (60, 80), seed=1, a=3.0, b=8.0)
    with pytest.warns(UserWarning, match="mean is more than 2 std"):
        expected = nn.init.trunc_normal_(
            torch.empty(60, 80), a=3.0, b=8.0, generator=torch.Generator().manual_seed(1)
        )
    assert torch.equal(drawn, expected)
    # E[Z | Z > 3] = φ(3)/(1 − Φ(3)); the cut at 8 takes away 1e-12
    mean = math.exp(-4.5) / math.sqrt(2 * math.pi) / (math.erfc(3 / math.sqrt(2)) / 2)
    std = math.sqrt(1 + 3 * mean - mean**2)
    assert float(drawn.double().mean()) == pytest.approx(mean, abs=5 * std / math.sqrt(4800))


def test_numbers_of_numpy_are_numbers() -> None:
    shape, a = (np.int64(3), np.int32(5)), np.float32(0.25)
    drawn = draw("kaiming_normal", shape, seed=np.int64(1), a=a)
    assert torch.equal(drawn, draw("kaiming_normal", (3, 5), seed=1, a=0.25))
    assert len(summarize("normal", shape, seed=1, bins=np.int64(7)).counts) == 7


def _on_gpu(case: Case, draw_: Callable[[torch.Tensor, torch.Generator], torch.Tensor]) -> torch.Tensor:
    weight = torch.empty(case.shape_of(120_000), device="cuda")
    return draw_(weight, torch.Generator(device="cuda").manual_seed(7))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")
@cases
def test_on_a_gpu_a_draw_is_torch_s_there(case: Case) -> None:
    state = torch.cuda.get_rng_state()
    drawn = draw(case.key, case.shape_of(120_000), seed=7, device="cuda", **case.params)
    summary = summarize(case.key, case.shape_of(120_000), seed=7, device="cuda", **case.params)
    assert torch.equal(torch.cuda.get_rng_state(), state)
    if case.key == "sparse":  # it draws from both global generators
        expected = torch.empty_like(drawn)
        with torch.random.fork_rng([0], device_type="cuda"):
            torch.manual_seed(7)
            nn.init.sparse_(expected, **{"sparsity": 0.1, **case.params})
    else:
        expected = _on_gpu(case, case.draw)
    assert torch.equal(drawn, expected)
    assert summary.n == expected.numel()
    assert summary.mean == pytest.approx(float(expected.double().mean()), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("key", "params", "steps"),
    [
        ("normal", {"std": 100.0}, 1000),
        ("normal", {"std": 1.0}, 10),
        ("uniform", {"a": -5.0, "b": 5.0}, 10),
        ("constant", {"val": 1.0}, 0),
        ("constant", {"val": 0.6}, 0),
    ],
)
def test_subnormal_weights_are_drawn_as_torch_draws_them(
    key: str, params: dict[str, float], steps: int
) -> None:
    """Parameters in units of float16's least number, 2⁻²⁴: the law reaches over so many of its steps.

    The other dtypes have numbers below 1e-30, where parameters end.
    """
    dtype, least = torch.float16, 2.0**-24
    given = {name: value * least for name, value in params.items()}
    drawn = draw(key, (30, 50), seed=2, dtype=dtype, **given)
    fill = {"normal": "normal_", "uniform": "uniform_", "constant": "constant_"}[key]
    rng = {} if key == "constant" else {"generator": torch.Generator().manual_seed(2)}
    assert torch.equal(drawn, getattr(torch.nn.init, fill)(torch.empty(30, 50, dtype=dtype), **given, **rng))
    assert drawn.count_nonzero() > 0
    assert drawn.unique().numel() >= min(steps, 8) or not steps
    if key == "normal":
        bad = [
            seed
            for seed in range(200)
            if not referee.judge(
                summarize(key, (48, 64), seed=seed, dtype=dtype, **given), SCHEMES[key].law((48, 64), **given)
            ).consistent
        ]
        # each is called inconsistent with probability ALPHA at most: 4 of 200 have a chance of 5e-5
        assert len(bad) < 4


@pytest.mark.parametrize("seed", [0, 40])
def test_the_cpu_s_generator_reads_32_bits_of_a_seed(seed: int) -> None:
    weight = draw("normal", (3, 5), seed=seed)
    assert torch.equal(draw("normal", (3, 5), seed=seed + 2**32), weight)
    assert not torch.equal(draw("normal", (3, 5), seed=seed + 1), weight)

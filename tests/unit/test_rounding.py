"""Laws on the numbers of a dtype: against counts of torch's draws, and against fractions by hand."""

import math

import numpy as np
import pytest
import torch
from scipy import special

from core import SCHEMES
from core.rounding import rounded_law, spacing

pytestmark = pytest.mark.usefixtures("global_generator_stays")
HALVES = (torch.bfloat16, torch.float16)
N = 200_000

LAWS = [
    ("uniform", {}),
    ("uniform", {"a": -0.25, "b": 2.0}),
    ("uniform", {"a": 1.0, "b": 1.1}),
    ("kaiming_uniform", {}),
    ("normal", {}),
    ("normal", {"mean": 3.0, "std": 0.5}),
    ("normal", {"mean": 1.0, "std": 0.01}),
    ("trunc_normal", {}),
    ("trunc_normal", {"mean": 0.5, "std": 2.0, "a": -1.0, "b": 3.0}),
    ("trunc_normal", {"mean": 1.0, "std": 0.02, "a": 0.98, "b": 1.03}),
    ("variance_scaling", {}),
    ("mup_output", {}),
]
laws = pytest.mark.parametrize(("key", "params"), LAWS, ids=str)


def _drawn(key: str, params: dict[str, float], dtype: torch.dtype, n: int = N) -> np.ndarray:
    weight = torch.empty(n // 500, 500, dtype=dtype)
    SCHEMES[key].fill_(weight, generator=torch.Generator().manual_seed(12), **params)
    return weight.double().numpy().ravel() + 0.0


def _chi_square(counts: np.ndarray, expected: np.ndarray) -> float:
    """Return the p-value of counts, where neighbours are joined until 20 are expected."""
    cell = np.floor(np.cumsum(expected) / 20).clip(0, expected.sum() // 20 - 1)
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    observed, wanted = np.add.reduceat(counts, starts), np.add.reduceat(expected, starts)
    return float(special.chdtrc(len(wanted) - 1, ((observed - wanted) ** 2 / wanted).sum()))


@laws
@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_each_number_is_as_likely_as_torch_draws_it(
    key: str, params: dict[str, float], dtype: torch.dtype
) -> None:
    rounded = rounded_law(SCHEMES[key].law((N // 500, 500), **params), dtype)
    assert rounded.numbers is not None
    assert rounded.cumulative is not None
    x = _drawn(key, params, dtype)
    number, counts = np.unique(x, return_counts=True)
    assert np.isin(number, rounded.numbers).all()
    found = np.zeros(len(rounded.numbers))
    found[np.searchsorted(rounded.numbers, number)] = counts
    assert _chi_square(found, N * np.diff(rounded.cumulative)) > 1e-6


@pytest.mark.parametrize(("a", "b"), [(1.0, 1.001), (100.0, 100.5), (-1000.0, -999.0)])
def test_in_float32_too_where_the_law_spans_few_numbers(a: float, b: float) -> None:
    rounded = rounded_law(SCHEMES["uniform"].law((N // 500, 500), a=a, b=b), torch.float32)
    assert rounded.numbers is not None
    assert rounded.cumulative is not None
    number, counts = np.unique(_drawn("uniform", {"a": a, "b": b}, torch.float32), return_counts=True)
    found = np.zeros(len(rounded.numbers))
    found[np.searchsorted(rounded.numbers, number)] = counts
    assert _chi_square(found, N * np.diff(rounded.cumulative)) > 1e-6


@laws
@pytest.mark.parametrize("dtype", [*HALVES, torch.float32], ids=str)
def test_moments_and_tails_are_those_of_torch_s_draws(
    key: str, params: dict[str, float], dtype: torch.dtype
) -> None:
    """Six standard errors each; those of the third and fourth moments come from the draws themselves."""
    law = SCHEMES[key].law((N // 500, 500), **params)
    rounded, x = rounded_law(law, dtype), _drawn(key, params, dtype)
    assert rounded.mean == pytest.approx(x.mean(), abs=6 * x.std() / math.sqrt(N))
    z = (x - rounded.mean) / rounded.std
    assert (z**2).mean() == pytest.approx(1, abs=6 * (z**2).std() / math.sqrt(N))
    for k in (3, 4):
        assert rounded.moments[k - 3] == pytest.approx((z**k).mean(), abs=6 * (z**k).std() / math.sqrt(N))
    for at in (x[0], law.mean, law.mean + law.std, x[1] + 1e-4):
        for p, hits in (
            (float(rounded.below(np.array([at]))[0]), x < at),
            (float(rounded.above(np.array([at]))[0]), x > at),
        ):
            assert p == pytest.approx(hits.mean(), abs=6 * math.sqrt(max(p * (1 - p), 1 / N) / N))


def test_shares_of_a_uniform_law_between_two_powers_of_two_by_hand() -> None:
    """bfloat16 steps by 1/128 from 1 to 2. torch sets what would be rounded up to 2 to 1 instead."""
    rounded = rounded_law(SCHEMES["uniform"].law((3, 5), a=1.0, b=2.0), torch.bfloat16)
    assert rounded.numbers is not None
    assert rounded.cumulative is not None
    share = dict(zip(rounded.numbers.tolist(), np.diff(rounded.cumulative).tolist(), strict=True))
    # half a step to 1 itself, and the half step below 2
    assert [share[1 + k / 128] for k in range(128)] == pytest.approx([1 / 128] * 128, rel=1e-12)
    assert share[2.0] == 0
    mean = 1 + (127 / 128) / 2
    assert rounded.mean == pytest.approx(mean, rel=1e-12)
    # a uniform law over m equidistant numbers, h apart: variance (m² − 1)·h²/12
    assert rounded.std == pytest.approx(math.sqrt((128**2 - 1) / 12) / 128, rel=1e-12)


def test_shares_of_a_normal_law_about_a_power_of_two_by_hand() -> None:
    """From 1, float16 steps up by 1/1024 and down by 1/2048: 1 takes all from 1 − 1/4096 to 1 + 1/2048."""
    rounded = rounded_law(SCHEMES["normal"].law((3, 5), mean=1.0, std=0.001), torch.float16)
    assert rounded.numbers is not None
    assert rounded.cumulative is not None
    share = dict(zip(rounded.numbers.tolist(), np.diff(rounded.cumulative).tolist(), strict=True))

    def below(x: float) -> float:
        return math.erfc(-(x - 1) / 0.001 / math.sqrt(2)) / 2

    assert share[1.0] == pytest.approx(below(1 + 1 / 2048) - below(1 - 1 / 4096), rel=1e-9)
    assert share[1 + 1 / 1024] == pytest.approx(below(1 + 3 / 2048) - below(1 + 1 / 2048), rel=1e-9)
    assert share[1 - 1 / 2048] == pytest.approx(below(1 - 1 / 4096) - below(1 - 3 / 4096), rel=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_fine_dtype_leaves_a_wide_law_as_it_is(dtype: torch.dtype) -> None:
    rounded = rounded_law(SCHEMES["normal"].law((3, 5)), dtype)
    assert rounded.numbers is None
    assert (rounded.mean, rounded.std) == (0, 1)
    # 0, 3, 0, 15, 0, 105: (k − 1)!! for even k
    assert rounded.moments == pytest.approx((0, 3, 0, 15, 0, 105), rel=1e-9, abs=1e-9)
    uniform = rounded_law(SCHEMES["uniform"].law((3, 5)), dtype)
    # 3^(k/2)/(k + 1) for even k
    assert uniform.moments == pytest.approx((0, 9 / 5, 0, 27 / 7, 0, 81 / 9), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("x", "dtype", "gap"),
    [
        (0.0, torch.float16, 2.0**-24),
        (-3e-5, torch.float16, 2.0**-24),  # below 2⁻¹⁴, all are as far apart
        (2.0**-14, torch.float16, 2.0**-24),
        (2.0**-13, torch.float16, 2.0**-23),
        (0.9, torch.float16, 2.0**-11),
        (1.0, torch.float16, 2.0**-10),
        (-60000.0, torch.float16, 32.0),
        (1e-40, torch.bfloat16, 2.0**-133),
        (1.5, torch.bfloat16, 2.0**-7),
        (1e-40, torch.float32, 2.0**-149),
        (1e9, torch.float32, 64.0),
        (1.0, torch.float64, 2.0**-52),
        (1e-310, torch.float64, 2.0**-1074),
    ],
    ids=str,
)
def test_the_gap_between_neighbours_is_the_format_s(x: float, dtype: torch.dtype, gap: float) -> None:
    """IEEE 754 (and bfloat16): 2^(e − p + 1) in [2^e, 2^(e + 1)), of p bits, and no finer than subnormals."""
    assert spacing(x, dtype) == gap
    if dtype == torch.float64:
        neighbour = math.nextafter(abs(x), math.inf)
    else:
        kind = torch.tensor(abs(x), dtype=dtype)
        bits = kind.view(torch.int16 if dtype.itemsize == 2 else torch.int32) + 1
        x, neighbour = kind.item(), bits.view(dtype).item()
    assert neighbour - abs(x) == gap

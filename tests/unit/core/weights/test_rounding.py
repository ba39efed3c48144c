"""Laws on the numbers of a dtype: against counts of torch's draws, and against fractions by hand."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import special

from core import SCHEMES, DtypeError, InitLabError, ParameterError
from core.weights.rounding import Rounded, rounded_law, share_below, spacing
from tests.support.dtypes import EIGHTS, HALVES
from tests.support.marks import generator_stays

pytestmark = generator_stays
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


@pytest.mark.parametrize(
    ("key", "params"),
    [
        *LAWS,
        ("sparse", {}),
        ("orthogonal", {}),
        ("trunc_normal", {"mean": 0.0, "std": 1.0, "a": 8.0, "b": 9.0}),
        ("trunc_normal", {"mean": 0.0, "std": 1.0, "a": -9.0, "b": -8.0}),
        ("trunc_normal", {"mean": 5.0, "std": 1.0, "a": -20.0, "b": 4.0}),
    ],
    ids=str,
)
def test_the_share_below_a_number_is_scipy_s(key: str, params: dict[str, float]) -> None:
    law = SCHEMES[key].law((24, 10), **params)
    low, high = law.reach(6)
    x = np.linspace(low - (high - low) / 4, high + (high - low) / 4, 301)
    np.testing.assert_allclose(share_below(law, x), law.continuous.cdf(x), rtol=1e-11, atol=1e-15)


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


#: what weights are drawn in, and what they are cast to
WAYS = [
    *((torch.float32, dtype) for dtype in (*HALVES, *EIGHTS)),
    (torch.float64, torch.float16),
    (torch.bfloat16, torch.float16),
    (torch.bfloat16, torch.float8_e4m3fn),
    (torch.bfloat16, torch.float32),
    (torch.float16, torch.float64),
    (torch.float16, torch.bfloat16),
]
ways = pytest.mark.parametrize(("drawn_in", "dtype"), WAYS, ids=str)
#: 4e-4: 8 bits turn most of these to 0; 300: some lie beyond the largest number of 8 bits
CAST = [*LAWS, ("uniform", {"b": 16.0}), ("normal", {"std": 4e-4}), ("normal", {"std": 300.0})]


@ways
@pytest.mark.parametrize(("key", "params"), CAST, ids=str)
def test_each_number_is_as_likely_as_torch_s_cast_makes_it(
    key: str, params: dict[str, float], drawn_in: torch.dtype, dtype: torch.dtype
) -> None:
    """And as many are lost as become inf or nan."""
    law = SCHEMES[key].law((N // 500, 500), **params)
    rounded = rounded_law(law, dtype, drawn_in)
    assert rounded.numbers is not None
    assert rounded.cumulative is not None
    x = torch.from_numpy(_drawn(key, params, drawn_in)).to(drawn_in).to(dtype).double().numpy() + 0.0
    kept = x[np.isfinite(x)]
    lost, p = N - len(kept), rounded.lost
    assert lost == pytest.approx(N * p, abs=6 * math.sqrt(max(N * p, 1)))
    number, counts = np.unique(kept, return_counts=True)
    assert np.isin(number, rounded.numbers).all()
    found = np.zeros(len(rounded.numbers))
    found[np.searchsorted(rounded.numbers, number)] = counts
    one = len(rounded.numbers) == 1  # and all are at it, as was seen above
    assert one or _chi_square(found, len(kept) * np.diff(rounded.cumulative)) > 1e-6


def test_a_cast_keeps_the_upper_end_that_a_draw_in_half_precision_maps_to_the_lower() -> None:
    """From 8 to 16, bfloat16 steps by 1/16: the last half step is 1/512 of [0, 16)."""

    def share(x: float, drawn_in: torch.dtype) -> float:
        rounded = rounded_law(SCHEMES["uniform"].law((3, 5), b=16.0), torch.bfloat16, drawn_in)
        at = np.array([x])
        return float(1 - rounded.below(at)[0] - rounded.above(at)[0])

    assert share(0.0, torch.bfloat16) == pytest.approx(1 / 512, rel=1e-9)
    assert share(16.0, torch.bfloat16) == 0
    assert share(0.0, torch.float32) == pytest.approx(0, abs=1e-30)
    assert share(16.0, torch.float32) == pytest.approx(1 / 512, rel=1e-9)


def test_shares_of_eight_bits_by_hand() -> None:
    """e4m3fn's numbers below 2⁻⁶ are multiples of 2⁻⁹; from 256 on they step by 32, and all above is 448.

    e5m2's end at 57 344 in steps of 8 192, and what passes 61 440 is inf.
    """

    def normal(std: float, dtype: torch.dtype) -> Rounded:
        return rounded_law(SCHEMES["normal"].law((3, 5), std=std), dtype, torch.float32)

    def beyond(x: float, std: float) -> float:
        return math.erfc(x / std / math.sqrt(2)) / 2

    small = normal(2.0**-9, torch.float8_e4m3fn)
    at = np.array([0.0, 2.0**-9])
    inside = 1 - small.below(at) - small.above(at)
    assert inside[0] == pytest.approx(1 - 2 * beyond(0.5, 1), rel=1e-9)
    assert inside[1] == pytest.approx(beyond(0.5, 1) - beyond(1.5, 1), rel=1e-9)
    large = normal(300.0, torch.float8_e4m3fn)
    assert large.lost == 0
    assert large.above(np.array([447.0]))[0] == pytest.approx(beyond(432, 300), rel=1e-9)
    assert normal(40_000.0, torch.float8_e5m2).lost == pytest.approx(2 * beyond(61_440, 40_000), rel=1e-9)
    assert normal(40_000.0, torch.float16).lost == pytest.approx(2 * beyond(65_520, 40_000), rel=1e-9)


@pytest.mark.parametrize("dtype", EIGHTS, ids=str)
def test_the_spacing_of_eight_bits_is_the_gap_to_the_next_number(dtype: torch.dtype) -> None:
    every = torch.arange(256).to(torch.uint8).view(dtype).double()
    every = every[every.isfinite()].unique().tolist()
    positive = [x for x in every if x >= 0]
    assert [spacing(x, dtype) for x in positive[:-1]] == [b - a for a, b in itertools.pairwise(positive)]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: spacing("a", torch.float32), ParameterError),  # type: ignore[arg-type]
        (lambda: spacing(1.0, torch.int8), DtypeError),
        (lambda: rounded_law("normal", torch.float16), ParameterError),  # type: ignore[arg-type]
        (lambda: rounded_law(SCHEMES["zeros"].law((3, 5)), torch.float16), ParameterError),
        (lambda: rounded_law(SCHEMES["normal"].law((3, 5)), torch.float8_e8m0fnu), DtypeError),
        (lambda: rounded_law(SCHEMES["normal"].law((3, 5)), torch.float16, torch.float8_e5m2), DtypeError),
    ],
)
def test_what_has_no_rounding_is_refused(call: Callable[[], object], error: type[InitLabError]) -> None:
    with pytest.raises(error):
        call()


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
    ("dtype", "least"), [(torch.bfloat16, 2.0**-133), (torch.float16, 2.0**-24)], ids=str
)
def test_the_spacing_of_a_half_is_the_gap_to_the_next_bit_pattern(dtype: torch.dtype, least: float) -> None:
    """Every finite number of the dtype but the last: positive numbers rise with their bits."""
    every = torch.arange(1 << 15).to(torch.int16).view(dtype).double()
    every = every[every.isfinite()].tolist()
    assert [spacing(x, dtype) for x in every[:-1]] == [b - a for a, b in itertools.pairwise(every)]
    assert spacing(-every[100], dtype) == spacing(every[100], dtype)
    assert spacing(0.0, dtype) == spacing(every[1] / 3, dtype) == least
    # past the last number there is none; its last step is the gap below it
    assert spacing(every[-1], dtype) == spacing(3e38 * 1e9, dtype) == every[-1] - every[-2]


@pytest.mark.parametrize(
    ("dtype", "kind"), [(torch.float32, np.float32), (torch.float64, np.float64)], ids=str
)
def test_the_spacing_of_float32_and_float64_is_numpy_s(dtype: torch.dtype, kind: type[np.floating]) -> None:
    limits = np.finfo(kind)
    for x in (
        0.0,
        limits.smallest_subnormal,
        limits.tiny / 3,
        limits.tiny,
        1e-8,
        0.3,
        1.0,
        1.5,
        2.0,
        7e4,
        1e30,
    ):
        assert spacing(float(kind(x)), dtype) == abs(np.spacing(kind(x)))
    last = limits.max - np.nextafter(limits.max, kind(0))
    assert spacing(float(limits.max), dtype) == spacing(1.7e308, dtype) == last


def test_what_is_no_number_has_no_neighbours() -> None:
    assert all(math.isnan(spacing(x, torch.float16)) for x in (math.inf, -math.inf, math.nan))

"""Laws against closed forms written out here."""

import math

import numpy as np
import pytest

from core import SCHEMES, ParameterError
from tests.cases import CASES, FANS, SHAPES, Case, case_id

cases = pytest.mark.parametrize("case", CASES, ids=case_id)
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)
Z = np.array([-6.0, -3.5, -1.7, -1.0, -0.3, 0.0, 0.4, 1.0, 1.72, 1.74, 2.9, 6.0])


def test_every_scheme_has_a_case() -> None:
    assert {case.key for case in CASES} == set(SCHEMES)


@cases
@shapes
def test_moments_are_the_source_s(case: Case, shape: tuple[int, ...]) -> None:
    law = SCHEMES[case.key].law(shape, **case.params)
    assert law.family == case.family
    assert law.mean == pytest.approx(case.mean, rel=1e-9, abs=1e-12)
    assert law.std == pytest.approx(case.std(*FANS[shape]), rel=1e-9)
    # fourth standardised moment minus 3: 9/5 − 3 for a uniform law, 0 for a normal one
    expected = {"uniform": -6 / 5, "normal": 0.0, "point": math.nan}[case.family]
    assert law.excess_kurtosis == pytest.approx(expected, abs=1e-9, nan_ok=True)


@cases
@shapes
def test_density_and_distribution_are_the_closed_forms(case: Case, shape: tuple[int, ...]) -> None:
    law = SCHEMES[case.key].law(shape, **case.params)
    mean, std = case.mean, case.std(*FANS[shape])
    x = mean + Z * std
    if case.family == "point":
        assert law.atoms == ((mean, 1.0),)
        assert law.pdf(np.array([mean - 1, mean, mean + 1])).tolist() == [0, 0, 0]
        assert law.cdf(np.array([mean - 1e-9, mean, mean + 1])).tolist() == [0, 1, 1]
        return
    assert law.atoms == ()
    if case.family == "uniform":
        half = math.sqrt(3) * std
        density = (np.abs(x - mean) <= half) / (2 * half)
        below = ((x - mean + half) / (2 * half)).clip(0, 1)
    else:
        density = np.exp(-(Z**2) / 2) / (std * math.sqrt(2 * math.pi))
        below = np.array([math.erfc(-z / math.sqrt(2)) / 2 for z in Z])
    np.testing.assert_allclose(law.pdf(x), density, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(law.cdf(x), below, rtol=1e-9, atol=1e-12)


@cases
@shapes
def test_a_band_is_a_wall_or_a_yardstick(case: Case, shape: tuple[int, ...]) -> None:
    law = SCHEMES[case.key].law(shape, **case.params)
    (band,) = law.bands
    std = case.std(*FANS[shape])
    reach = {"uniform": math.sqrt(3), "normal": 3, "point": 0}[case.family] * std
    assert (band.low, band.high) == pytest.approx((case.mean - reach, case.mean + reach), rel=1e-9, abs=1e-12)
    if case.family == "normal":
        assert band.kind == "coverage"
        assert 1 - band.probability == pytest.approx(0.002699796063, rel=1e-9)  # erfc(3/√2)
        assert law.support == (-math.inf, math.inf)
    else:
        assert band.kind == "support"
        assert band.probability == 1
        assert law.support == (band.low, band.high)


def test_the_bounds_the_lesson_names() -> None:
    shape = (256, 512)
    bands = {key: SCHEMES[key].law(shape).bands[0] for key in SCHEMES}
    assert bands["classic_uniform"].high == 1 / math.sqrt(512)
    assert bands["kaiming_uniform"].high == pytest.approx(math.sqrt(6 / 512), rel=1e-15)
    assert bands["xavier_uniform"].high == pytest.approx(math.sqrt(6 / (512 + 256)), rel=1e-15)
    assert bands["kaiming_normal"].high == pytest.approx(3 * math.sqrt(2 / 512), rel=1e-15)
    assert bands["xavier_normal"].high == pytest.approx(3 * math.sqrt(2 / (512 + 256)), rel=1e-15)


@pytest.mark.parametrize(
    ("key", "params", "symbolic", "numeric"),
    [
        ("kaiming_normal", {}, r"\sqrt{2/\mathrm{fan\_in}}", r"\sqrt{2/512}"),
        ("kaiming_uniform", {"mode": "fan_out"}, r"\sqrt{6/\mathrm{fan\_out}}", r"\sqrt{6/256}"),
        (
            "kaiming_uniform",
            {"a": 0.5},
            r"\sqrt{6/((1+a^2)\cdot\mathrm{fan\_in})}",
            r"\sqrt{6/((1+0.5^2)\cdot512)}",
        ),
        (
            "kaiming_normal",
            {"nonlinearity": "tanh"},
            r"\tfrac{5}{3}\sqrt{1/\mathrm{fan\_in}}",
            r"\tfrac{5}{3}\sqrt{1/512}",
        ),
        (
            "kaiming_normal",
            {"a": 1e-12},
            r"\sqrt{2/((1+a^2)\cdot\mathrm{fan\_in})}",
            r"\sqrt{2/((1+(10^{-12})^2)\cdot512)}",
        ),
        ("classic_uniform", {}, r"1/\sqrt{\mathrm{fan\_in}}", r"1/\sqrt{512}"),
        (
            "xavier_normal",
            {},
            r"\sqrt{2/(\mathrm{fan\_in}+\mathrm{fan\_out})}",
            r"\sqrt{2/(512+256)}",
        ),
        (
            "xavier_uniform",
            {"gain": 2.0},
            r"g\sqrt{6/(\mathrm{fan\_in}+\mathrm{fan\_out})}",
            r"2\cdot\sqrt{6/(512+256)}",
        ),
    ],
)
def test_a_formula_is_written_with_symbols_and_with_numbers(
    key: str, params: dict[str, object], symbolic: str, numeric: str
) -> None:
    (scale,) = SCHEMES[key].law((256, 512), **params).parameters
    assert (scale.symbolic, scale.numeric) == (symbolic, numeric)


def _evaluate(latex: str) -> float:
    """Compute a formula with numbers, as a reader with a calculator would."""
    code = latex.replace(r"\tfrac{5}{3}", "(5/3)*").replace(r"\tfrac{3}{4}", "(3/4)*")
    code = code.replace(r"\cdot", "*").replace("^", "**").replace(r"\sqrt", "math.sqrt")
    return eval(code.replace("{", "(").replace("}", ")"), {"math": math})  # noqa: S307


@cases
@shapes
def test_a_formula_with_numbers_computes_to_its_value(case: Case, shape: tuple[int, ...]) -> None:
    for expression in SCHEMES[case.key].law(shape, **case.params).parameters:
        assert _evaluate(expression.numeric) == pytest.approx(expression.value, rel=1e-6)


@cases
def test_edges_come_from_the_law_and_meet_its_walls(case: Case) -> None:
    law = SCHEMES[case.key].law((256, 512), **case.params)
    edges = law.edges(50)
    assert len(edges) == 51
    assert np.allclose(np.diff(edges), (edges[-1] - edges[0]) / 50)
    if case.family == "uniform":
        assert (edges[0], edges[-1]) == law.support
    else:
        assert edges[0] < law.mean < edges[-1]


@pytest.mark.parametrize("bins", [0, -1, 10_001, 2.5, True])
def test_bins_out_of_range_are_refused(bins: int) -> None:
    with pytest.raises(ParameterError, match="bins"):
        SCHEMES["normal"].law((2, 3)).edges(bins)


@pytest.mark.parametrize(("key", "params"), [("normal", {"std": 0}), ("xavier_normal", {"gain": 0})])
def test_a_law_without_spread_is_a_point(key: str, params: dict[str, float]) -> None:
    law = SCHEMES[key].law((3, 5), **params)
    assert law.atoms == ((0.0, 1.0),)
    assert not law.random

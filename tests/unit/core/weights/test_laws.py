"""Laws against closed forms written out in tests/support/truths.py and here."""

import math
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from core import SCHEMES, ParameterError
from core.weights.laws import Law
from tests.support.cases import CASES, Case, case_id
from tests.support.marks import cases
from tests.support.shapes import Shape
from tests.support.truths import Truth, cut

#: where densities are compared, in std from the mean; no wall lies on one of these
Z = np.array([-6.0, -3.5, -1.7, -1.0, -0.3, 0.0, 0.4, 0.99, 1.72, 1.74, 2.1, 2.9, 6.0])


def _everywhere(case: Case) -> Iterator[tuple[Shape, Law, Truth]]:
    """Yield every shape that the case takes, its law, and what its source claims."""
    for shape in case.shapes:
        yield shape, SCHEMES[case.key].law(shape, **case.params), case.truth(shape)


def test_every_scheme_has_a_case() -> None:
    assert {case.key for case in CASES} == set(SCHEMES)


def test_every_parameter_of_every_scheme_is_given_another_value_than_its_default_in_some_case() -> None:
    for key, scheme in SCHEMES.items():
        assert {name for case in CASES if case.key == key for name in case.params} == set(scheme.params)


@cases
def test_moments_are_the_source_s(case: Case) -> None:
    for shape, law, truth in _everywhere(case):
        assert law.family == truth.family, shape
        assert law.mean == pytest.approx(truth.mean, rel=1e-9, abs=1e-12), shape
        assert law.std == pytest.approx(truth.std, rel=1e-9), shape
        kurtosis = pytest.approx(truth.kurtosis, abs=1e-8, rel=1e-8, nan_ok=True)
        assert law.excess_kurtosis == kurtosis, shape


@pytest.mark.parametrize("std", [0.0722, 0.02, 1 / 3, 1e-30, 1e30])
def test_a_normal_law_s_excess_kurtosis_is_0_whatever_its_std(std: float) -> None:
    """By its moments it is 0 to 16 digits, which "-4.44e-16" is on a screen."""
    assert SCHEMES["normal"].law((64, 64), std=std).excess_kurtosis == 0


@cases
def test_density_and_distribution_are_the_closed_forms(case: Case) -> None:
    for shape, law, truth in _everywhere(case):
        on_atoms = [value + step for value, _ in truth.atoms for step in (-1e-6, 0, 1e-6)]
        x, scale = np.array([*(truth.mean + Z * truth.std), *on_atoms]), truth.std or 1.0
        density = truth.pdf(x) * scale
        np.testing.assert_allclose(law.pdf(x) * scale, density, rtol=1e-9, atol=1e-12, err_msg=str(shape))
        np.testing.assert_allclose(law.cdf(x), truth.cdf(x), rtol=1e-9, atol=1e-12, err_msg=str(shape))


@cases
def test_atoms_are_where_and_as_likely_as_the_source_says(case: Case) -> None:
    for shape, law, truth in _everywhere(case):
        assert [value for value, _ in law.atoms] == [value for value, _ in truth.atoms], shape
        shares = [p for _, p in truth.atoms]
        assert [p for _, p in law.atoms] == pytest.approx(shares, rel=1e-12), shape
        assert law.share == pytest.approx(1 - sum(shares), abs=1e-12), shape


@cases
def test_bands_are_walls_and_yardsticks(case: Case) -> None:
    for shape, law, truth in _everywhere(case):
        assert [band.kind for band in law.bands] == [kind for kind, *_ in truth.bands], shape
        for band, (_, *expected) in zip(law.bands, truth.bands, strict=True):
            measured = [band.low, band.high, band.probability]
            assert measured == pytest.approx(expected, rel=1e-9, abs=1e-12), shape
        walls = [(low, high) for kind, low, high, _ in truth.bands if kind == "support"]
        support = walls[0] if walls else (-math.inf, math.inf)
        assert law.support == pytest.approx(support, rel=1e-12), shape


@cases
def test_a_law_knows_whether_it_is_random_and_whether_its_entries_are_independent(case: Case) -> None:
    shape = case.shape_of(240)
    law = SCHEMES[case.key].law(shape, **case.params)
    one, two = (case.draw(torch.empty(shape), torch.Generator().manual_seed(s)) for s in (1, 2))
    assert law.random == (not torch.equal(one, two))
    together = case.truth(shape).family in {"orthogonal", "sparse", "indicator", "point"}
    assert law.independent == (not together)


@pytest.mark.parametrize(
    ("d", "density", "below"),
    [
        (2, lambda t: 1 / (math.pi * np.sqrt(1 - t**2)), lambda t: 0.5 + np.arcsin(t) / math.pi),  # arcsine
        (3, lambda t: 0.5 + 0 * t, lambda t: (1 + t) / 2),  # Archimedes: uniform
        (  # Wigner's semicircle
            4,
            lambda t: 2 / math.pi * np.sqrt(1 - t**2),
            lambda t: 0.5 + (t * np.sqrt(1 - t**2) + np.arcsin(t)) / math.pi,
        ),
        (5, lambda t: 0.75 * (1 - t**2), lambda t: 0.5 + 0.75 * (t - t**3 / 3)),
    ],
    ids=["arcsine", "uniform", "semicircle", "parabola"],
)
@pytest.mark.parametrize("gain", [1.0, 0.25])
def test_an_entry_of_a_small_orthogonal_matrix_has_its_textbook_law(
    d: int, density: object, below: object, gain: float
) -> None:
    t = np.linspace(-0.97, 0.97, 41)
    for shape in ((d, 1), (2, d)):
        law = SCHEMES["orthogonal"].law(shape, gain=gain)
        np.testing.assert_allclose(law.pdf(gain * t), density(t) / gain, rtol=1e-9)  # type: ignore[operator]
        np.testing.assert_allclose(law.cdf(gain * t), below(t), rtol=1e-9)  # type: ignore[operator]


@pytest.mark.parametrize("d", [3, 17])
def test_entries_of_torch_s_orthogonal_matrices_follow_that_law(d: int) -> None:
    """One entry of each of 500 matrices: Kolmogorov's distance beyond 2.5/√n has probability 7e-6."""
    n, law = 500, SCHEMES["orthogonal"].law((2, d))
    draws = (
        torch.nn.init.orthogonal_(torch.empty(2, d), generator=torch.Generator().manual_seed(s))
        for s in range(n)
    )
    x = np.sort([float(w[1, 2]) for w in draws])
    distance = np.abs(law.cdf(x) - (np.arange(n) + 0.5) / n).max()
    assert distance < 2.5 / math.sqrt(n)


def test_keras_s_constant_is_the_std_of_a_normal_law_cut_at_two() -> None:
    # 1 − 2·2φ(2)/(Φ(2) − Φ(−2))
    variance = 1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2))
    assert SCHEMES["trunc_normal"].law((3, 5)).std == pytest.approx(math.sqrt(variance), rel=1e-12)
    assert round(math.sqrt(variance), 8) == 0.87962566


@pytest.mark.parametrize(
    ("low", "high"), [(-1.0, 1.5), (0.9, 1.1), (2.0, 5.0), (3.0, 3.5), (-40.0, 1.0), (-8.0, 8.0)], ids=str
)
def test_a_cut_anywhere_has_the_textbook_s_moments(low: float, high: float) -> None:
    law, truth = SCHEMES["trunc_normal"].law((3, 5), a=low, b=high), cut(1.0, low, high)
    # the textbook's differences cancel: their error is some 1e-15 over the variance and its square
    variance = truth.std**2
    assert law.mean == pytest.approx(truth.mean, rel=1e-12)
    assert law.std == pytest.approx(truth.std, rel=1e-12 / variance)
    assert law.excess_kurtosis == pytest.approx(truth.kurtosis, abs=1e-11 / variance**2)


def test_far_in_the_tail_a_cut_normal_law_is_an_exponential_one() -> None:
    """Beyond α std: mean α + 1/α − 2/α³, with the next term 10/α⁵ (Mills' ratio, expanded)."""
    law = SCHEMES["trunc_normal"].law((3, 5), a=25.0, b=60.0)
    assert law.mean == pytest.approx(25 + 1 / 25 - 2 / 25**3, abs=1.1 * 10 / 25**5)
    assert law.excess_kurtosis == pytest.approx(6, abs=0.2)


def test_a_cut_too_narrow_to_curve_is_uniform() -> None:
    law = SCHEMES["trunc_normal"].law((3, 5), a=0.5, b=0.5 + 1e-10)
    assert law.std == pytest.approx(1e-10 / math.sqrt(12), rel=1e-5)
    assert law.excess_kurtosis == pytest.approx(-1.2, abs=1e-6)


@pytest.mark.parametrize(("low", "width"), [(0.5, 1e-3), (0.5, 1e-5), (-2.0, 1e-4), (3.0, 1e-4)])
def test_the_moments_of_a_narrow_cut_do_not_cancel(low: float, width: float) -> None:
    """A density e^(−cx) over a width w is flat but for terms of (cw)²: (cw)²/60 less variance."""
    law = SCHEMES["trunc_normal"].law((3, 5), a=low, b=low + width)
    slack = 10 * width**2 + 1e-9
    assert law.std == pytest.approx(width / math.sqrt(12), rel=slack)
    assert law.excess_kurtosis == pytest.approx(-1.2, abs=slack)


def test_a_cut_that_lies_past_thirty_std_is_refused() -> None:
    with pytest.raises(ParameterError, match="within 30 std") as caught:
        SCHEMES["trunc_normal"].law((3, 5), a=31.0, b=40.0)
    assert caught.value.code == "parameter.cut"


def test_the_bounds_the_lesson_names() -> None:
    shape = (256, 512)
    bands = {key: SCHEMES[key].law(shape).bands[0] for key in SCHEMES if key != "dirac"}
    assert bands["classic_uniform"].high == pytest.approx(1 / math.sqrt(512), rel=5e-16)
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
        ("lecun_uniform", {}, r"\sqrt{3/\mathrm{fan\_in}}", r"\sqrt{3/512}"),
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
        (
            "variance_scaling",
            {"mode": "fan_avg", "distribution": "normal", "scale": 2.0},
            r"\sqrt{s/((\mathrm{fan\_in}+\mathrm{fan\_out})/2)}",
            r"\sqrt{2/((512+256)/2)}",
        ),
        (
            "orthogonal",
            {},
            r"1/\sqrt{\max(\mathrm{rows},\,\mathrm{columns})}",
            r"1/\sqrt{\max(256,\,512)}",
        ),
        ("gpt2_residual", {"n_layer": 3}, r"s/\sqrt{2L}", r"0.02/\sqrt{2\cdot3}"),
        ("mup_hidden", {}, r"s/\sqrt{\mathrm{fan\_in}}", r"1/\sqrt{512}"),
        ("mup_output", {"sigma": 0.5}, r"s/\mathrm{fan\_in}", "0.5/512"),
        ("mup_depth", {}, r"s/\sqrt{L\cdot \mathrm{fan\_in}}", r"1/\sqrt{12\cdot 512}"),
        (
            "deepnorm",
            {},
            r"(8L)^{-1/4}\sqrt{2/(\mathrm{fan\_in}+\mathrm{fan\_out})}",
            r"(8\cdot 12)^{-1/4}\sqrt{2/(512+256)}",
        ),
        (
            "fixup",
            {"branch": 3},
            r"L^{-1/(2m-2)}\cdot\sqrt{2/\mathrm{fan\_in}}",
            r"12^{-1/(2\cdot 3-2)}\cdot\sqrt{2/512}",
        ),
        (
            "eye",
            {},
            r"\min(\mathrm{rows},\,\mathrm{columns})/(\mathrm{rows}\cdot\mathrm{columns})",
            r"\min(256,\,512)/(256\cdot512)",
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
    code = re.sub(r"\\tfrac{(\d)}{(\d)}", r"(\1/\2)", latex).replace(r"\,", "").replace(r"\cdot", "*")
    code = code.replace("^", "**").replace("{", "(").replace("}", ")").replace("\\", "")
    code = re.sub(r"\)(?=[\w(])", ")*", code)  # what stands side by side is multiplied
    return eval(code, {"sqrt": math.sqrt, "max": max, "min": min})  # noqa: S307


@cases
def test_a_formula_with_numbers_computes_to_its_value(case: Case) -> None:
    for shape, law, _ in _everywhere(case):
        for expression in law.parameters:
            assert _evaluate(expression.numeric) == pytest.approx(expression.value, rel=1e-5), shape


#: The one number that a page shows of a law of one parameter: its std, bound, value or share.
SPREAD: dict[str, Callable[[Truth, Law], float]] = {
    "point": lambda truth, _: truth.mean,
    "uniform": lambda truth, _: truth.bands[0][2],
    "normal": lambda truth, _: truth.std,
    "orthogonal": lambda truth, _: truth.std,
    "sparse": lambda truth, law: truth.std / math.sqrt(law.share),
    "indicator": lambda truth, _: truth.mean,
}


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.truth(case.shapes[0]).family in SPREAD], ids=case_id
)
def test_the_spread_is_among_the_parameters(case: Case) -> None:
    for shape, law, truth in _everywhere(case):
        number = SPREAD[truth.family](truth, law)
        assert law.parameters[-1].value == pytest.approx(number, rel=1e-9), shape


@cases
def test_edges_come_from_the_law_and_meet_its_walls(case: Case) -> None:
    shape = case.shape_of(120_000)
    law, truth = SCHEMES[case.key].law(shape, **case.params), case.truth(shape)
    edges = law.edges(50)
    assert len(edges) == 51
    assert np.allclose(np.diff(edges), (edges[-1] - edges[0]) / 50)
    if truth.family in {"uniform", "indicator"}:
        assert (edges[0], edges[-1]) == law.support
    elif truth.family == "point":
        assert edges[0] < truth.mean < edges[-1]
    else:  # as wide as the walls or ±5 std of the continuous part, whichever is nearer
        walls = [(low, high) for kind, low, high, _ in truth.bands if kind == "support"]
        low, high = walls[0] if walls else (-math.inf, math.inf)
        std = law.parameters[0].value if truth.family == "sparse" else truth.std
        assert edges[0] == pytest.approx(max(low, truth.mean - 5 * std), rel=1e-9)
        assert edges[-1] == pytest.approx(min(high, truth.mean + 5 * std), rel=1e-9)


@pytest.mark.parametrize("bins", [0, -1, 10_001, 2.5, True, None, "60"])
def test_bins_out_of_range_are_refused(bins: int) -> None:
    with pytest.raises(ParameterError, match="bins"):
        SCHEMES["normal"].law((2, 3)).edges(bins)


@pytest.mark.parametrize(
    ("key", "params", "value"),
    [
        ("normal", {"std": 0}, 0),
        ("normal", {"std": 0, "mean": 2.5}, 2.5),
        ("xavier_normal", {"gain": 0}, 0),
        ("xavier_uniform", {"gain": 0}, 0),
        ("orthogonal", {"gain": 0}, 0),
        ("sparse", {"std": 0}, 0),
        ("sparse", {"sparsity": 1}, 0),
        ("mup_hidden", {"sigma": 0}, 0),
        ("gpt2_residual", {"std": 0}, 0),
    ],
)
def test_a_law_without_spread_is_a_point(key: str, params: dict[str, float], value: float) -> None:
    law = SCHEMES[key].law((3, 5), **params)
    assert law.atoms == ((value, 1.0),)
    assert not law.random
    drawn = SCHEMES[key].fill_(torch.empty(3, 5), generator=torch.Generator().manual_seed(1), **params)
    assert (drawn == value).all()


#: A continuous part of each kind of skewness, and the mean of its k-th power: E over U[1, 4), and over a
#: time until a decay, k!.
PARTS: dict[str, tuple[Any, Callable[[int], Fraction]]] = {
    "even": (stats.uniform(1, 3), lambda k: Fraction(4 ** (k + 1) - 1, 3 * (k + 1))),
    "skew": (stats.expon(), lambda k: Fraction(math.factorial(k))),
}


@pytest.mark.parametrize(("part", "power"), PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("atoms", [(), ((-2.0, 0.25),), ((6.0, 0.125), (-1.0, 0.5))], ids=len)
def test_the_moments_of_a_mixture_are_those_of_its_powers(
    part: Any, power: Callable[[int], Fraction], atoms: tuple[tuple[float, float], ...]
) -> None:
    """In exact arithmetic, from E[w], …, E[w⁴] about 0: parts with means and a skewness of their own."""
    law = Law("normal", (), (), part, atoms)
    share = 1 - sum(Fraction(p) for _, p in atoms)
    m1, m2, m3, m4 = (
        share * power(k) + sum(Fraction(p) * Fraction(value) ** k for value, p in atoms) for k in range(1, 5)
    )
    variance = m2 - m1**2
    fourth = m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * m1**4
    assert law.share == float(share)
    assert law.mean == pytest.approx(float(m1), rel=1e-14)
    assert law.std == pytest.approx(math.sqrt(variance), rel=1e-14)
    assert law.excess_kurtosis == pytest.approx(float(fourth / variance**2 - 3), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("low", "high"), [(-5.0, 1.0), (-1.0, 5.0), (-3.0, 5.0), (-2.0, 2.0), (-4.0, 4.5)])
def test_three_std_are_a_yardstick_only_between_walls_that_lie_beyond_on_both_sides(
    low: float, high: float
) -> None:
    law = SCHEMES["trunc_normal"].law((3, 5), a=low, b=high)
    kinds = [band.kind for band in law.bands]
    assert (law.bands[0].low, law.bands[0].high, kinds[0]) == (low, high, "support")
    if low < -3 and high > 3:
        inside = math.erf(3 / math.sqrt(2)) * 2
        whole = math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2))
        assert kinds[1:] == ["coverage"]
        assert law.bands[1].probability == pytest.approx(inside / whole, rel=1e-12)
    else:
        assert kinds[1:] == []


@pytest.mark.parametrize("atoms", [np.array(3.0), np.zeros(0), np.array([1.0, 2.0]), [(0.0, 1.0)]], ids=repr)
def test_atoms_of_another_kind_are_refused_as_such(atoms: Any) -> None:
    with pytest.raises(ParameterError, match="atoms must be a tuple of"):
        Law("point", (), (), None, atoms)

"""Every number shown is the number: what screens show is read back and held to core, or to closed forms.

Settings are small, large and odd, where a format of fixed decimals would show 0 or two equal numbers.
"""

import math
import re
from itertools import chain
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core import SCHEMES, Law, Net, Network, replay_lesson, summarize
from core.networks.network import LESSON
from core.signals import fate as outlook
from core.signals import trace as signal
from core.weights import referee
from pages.words import formulas
from tests.support.marks import both_languages
from tests.support.screen import bare, few, opened, refusals, said
from tests.support.words import first_table
from tests.support.written import NUMBER, numbers, read

#: Half a unit of the third digit of a number that begins with 1.
HALF = 5e-3
#: The heads of the tables, as they are to read.
HEADS = {
    "en": {"drawn": "Drawn", "expected": "Expected", "off": "Off by (SE)"},
    "zh": {"drawn": "观测", "expected": "期望", "off": "偏差/SE"},
}
MOMENTS = {
    "en": {"Mean": "mean", "Std": "std", "Excess kurtosis": "excess_kurtosis"},
    "zh": {"均值": "mean", "标准差": "std", "超额峰度": "excess_kurtosis"},
}
ENDS = {
    "en": {"Minimum": "minimum", "Maximum": "maximum"},
    "zh": {"最小值": "minimum", "最大值": "maximum"},
}


def _same(text: str, value: float, *, noise: float = 0.0) -> None:
    """Hold a number shown to the true one, to half a unit of the third digit."""
    (shown,) = NUMBER.findall(bare(text))
    assert read(shown) == pytest.approx(value, rel=HALF, abs=noise), text


sizes = st.builds(lambda m, e: float(f"{m:.3f}e{e}"), st.floats(1, 9.99), st.integers(-24, 24))


@st.composite
def _draws(data: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Draw a scheme and parameters of any size that float64 tells apart."""
    size = data(sizes)
    return data(
        st.sampled_from(
            [
                ("normal", {"std": size}),
                ("normal", {"mean": 1000 * size, "std": size}),
                ("normal", {"mean": 1e-6 * size, "std": size}),
                ("uniform", {"a": -size, "b": 3 * size}),
                ("uniform", {"a": size, "b": size * (1 + 1e-6)}),
                ("trunc_normal", {"std": size, "a": -size, "b": 2 * size}),
                ("kaiming_normal", {"a": min(size, 1e6), "nonlinearity": "leaky_relu"}),
                ("xavier_uniform", {"gain": size}),
                ("sparse", {"sparsity": 0.3, "std": size}),
            ]
        )
    )


@few
@given(draw=_draws(), language=st.sampled_from(["en", "zh"]))
def test_the_distribution_s_table_is_the_summary(draw: tuple[str, dict[str, Any]], language: str) -> None:
    scheme, params = draw
    link = {name: str(value) for name, value in params.items()} | {"lang": language, "dtype": "float64"}
    app = opened(scheme=scheme, fan_in="48", fan_out="30", seed="3", **link)
    assert refusals(app) == []
    law = SCHEMES[scheme].law((30, 48), **params)
    summary = summarize(scheme, (30, 48), seed=3, dtype=torch.float64, **params)
    table, heads = first_table(app), HEADS[language]
    for name, moment in MOMENTS[language].items():
        drawn, expected = getattr(summary, moment), getattr(law, moment)
        # the mean of a law about 0 is 0; a kurtosis of 0 is a difference of 3s
        noise = {"mean": 1e-14 * law.std, "excess_kurtosis": 1e-9, "std": 0.0}[moment]
        _same(table[name][heads["drawn"]], drawn, noise=noise)
        _same(table[name][heads["expected"]], expected, noise=noise)
        if errors := referee.standard_errors(summary.n, law, torch.float64).get(moment):
            _same(table[name][heads["off"]], (drawn - expected) / errors, noise=1e-6)
    for name, end in ENDS[language].items():
        _same(table[name][heads["drawn"]], getattr(summary, end))
        # ends that lie close together are told apart
        drawn = read(table[name][heads["drawn"]])
        assert abs(drawn - getattr(summary, end)) <= 1e-3 * law.std
        if math.isfinite(wall := law.support[end == "maximum"]):
            _same(table[name][heads["expected"]].replace("≥", "").replace("≤", "").strip(), wall)


@few
@given(size=sizes, language=st.sampled_from(["en", "zh"]))
def test_the_comparison_s_table_is_the_summaries(size: float, language: str) -> None:
    params: list[tuple[str, dict[str, float]]] = [
        ("normal", {"std": size}),
        ("uniform", {"a": -size / 7, "b": size / 7}),
        ("normal", {"mean": 2 * size, "std": 1e-3 * size}),
    ]
    rows = "-".join(f"{key}({','.join(f'{n}={v!r}' for n, v in given.items())})" for key, given in params)
    app = opened(
        "compare", aspect="figures", rows=rows, dtype="float64", fan_in="40", fan_out="30", lang=language
    )
    assert refusals(app) == []
    table = list(first_table(app, "lab-two").values())
    assert len(table) == len(params)
    for cells, (key, given_) in zip(table, params, strict=True):
        law: Law = SCHEMES[key].law((30, 40), **given_)
        summary = summarize(key, (30, 40), seed=40, dtype=torch.float64, **given_)
        std, _, kurtosis, outside, largest, before, _ = cells.values()
        drawn, expected = std.split(" | ")
        _same(drawn, summary.std)
        _same(expected, law.std)
        drawn, expected = kurtosis.split(" | ")
        _same(drawn, summary.excess_kurtosis)
        _same(expected, {"normal": 0, "uniform": -6 / 5}[key])
        drawn, expected = outside.split(" | ")
        _same(drawn, 100 * summary.outside[0] / summary.n)
        _same(expected, {"normal": 100 * math.erfc(3 / math.sqrt(2)), "uniform": 0}[key], noise=1e-9)
        _same(largest.split(" | ")[0], summary.maximum)
        _same(before, math.sqrt(40 * (law.std**2 + law.mean**2)))


@few
@given(
    scale=st.sampled_from(["2e-6", "0.0003", "1", "70000", "900000"]), scheme=st.sampled_from([1e-4, 1, 30])
)
def test_the_signal_s_figures_are_the_run_s(scale: str, scheme: float) -> None:
    entries = f"normal(std={scheme!r})-xavier_normal"
    net = {"depth": "4", "width": "10", "seeds": "2", "samples": "3", "dtype": "float64"}
    app = opened("signal", sight="figures", rows=entries, activation="relu", input_scale=scale, **net)
    assert refusals(app) == []
    columns = list(zip(*(row.values() for row in first_table(app, "lab-layers").values()), strict=True))
    for column, (key, params) in zip(
        columns, [("normal", {"std": scheme}), ("xavier_normal", {})], strict=True
    ):
        sizes_ = {"depth": 4, "width": 10, "seeds": [40, 41], "batch": 3, "dtype": torch.float64}
        run = signal.trace(key, "relu", input_scale=float(scale), **sizes_, **params)
        spread = 10 * (scheme**2 if params else 1 / 10)  # σ_w²
        for layer, cell in enumerate(column):
            drawn, theory = cell.split(" | ")
            _same(drawn, float(outlook.spread(run.activation_mean_square).middle[layer]))
            # E[relu²] halves a length, and the next layer multiplies it by σ_w² (He et al. 2015)
            _same(theory, float(scale) * math.sqrt((spread / 2) ** (layer + 1)))


@both_languages
def test_what_lies_close_together_is_told_apart(language: str) -> None:
    """Two stds a share of 10⁻⁷ apart, in the finding and in their names; two ends likewise, refused."""
    words = bare(said(opened("compare", rows="normal(std=2.0000001)-normal(std=2)", lang=language)))
    # the ratio is 1.00000005
    for number in ("1.00000005", "2.0000001"):
        assert number in words
    (refusal,) = refusals(opened(scheme="uniform", a="2.0000001", b="2", lang=language))
    assert numbers(refusal)[:2] == [2.0000001, 2]


@both_languages
def test_two_schemes_a_little_apart_have_two_names(language: str) -> None:
    table = first_table(
        opened("compare", aspect="figures", rows="normal(std=2.0000001)-normal(std=2)", lang=language),
        "lab-two",
    )
    assert [numbers(name)[-1] for name in table] == [2.0000001, 2]


@both_languages
def test_a_small_slope_stands_as_a_power_or_in_full(language: str) -> None:
    """a = 10⁻⁵, 10⁻⁸: 1e-05 is a notation of code, not of text; the wall is √(6/512)."""
    for slope, shown in (("1e-5", "a = 0.00001"), ("1e-8", "a = 10⁻⁸")):
        words = bare(said(opened("lesson", step="sqrt5", slope=slope, lang=language))).replace("\u2060", "")
        assert shown in words
        assert "0.1083" in words
        assert not re.search(r"\de-\d", words)


@both_languages
def test_a_slope_beside_1_is_told_from_it(language: str) -> None:
    """The length map of tanh(az), a small, has slope 1 − 2a² at 1 with its own gain (tanh x ≈ x − x³/3)."""
    link = {"activation": "tanh(0.001*z)", "sight": "gains", "lang": language}
    table = first_table(opened("signal", **link), "lab-gains")
    assert read(list(table["tanh(0.001*z)"].values())[3]) == pytest.approx(1 - 2e-6, abs=5e-9)
    assert read(list(table["linear"].values())[3]) == 1


def test_a_share_beside_1_is_told_from_it() -> None:
    """A thousand million rows of which all but 100 are 0: p is 0.9999999, not 1."""
    law = SCHEMES["sparse"].law((10**9, 1), sparsity=1 - 1e-7)
    assert "p=0.9999999" in formulas.formula(law)


# --- closed forms of theory -------------------------------------------------------------------------------


def _sine(k: float, q: float) -> tuple[float, float]:
    """E[sin²kz] = (1 − e^{−2k²q})/2 and E[(k cos kz)²] = k²(1 + e^{−2k²q})/2 under N(0, q)."""
    falls = math.exp(-2 * k * k * q)
    return (1 - falls) / 2, k * k * (1 + falls) / 2


@both_languages
@pytest.mark.parametrize("k", [3, 30, 1000, 3000])
def test_a_sine_has_its_gains_its_edge_and_its_maps(k: int, language: str) -> None:
    link = {"activation": f"sin({k}*z)", "rows": "xavier_normal-kaiming_normal", "lang": language}
    square, slope = _sine(k, 1.0)
    cells = list(first_table(opened("signal", sight="gains", **link), "lab-gains")[f"sin({k}*z)"].values())
    assert cells[0] == "–"
    _same(cells[1], 1 / math.sqrt(square))
    _same(cells[2], 1 / math.sqrt(slope))
    _same(cells[3], 2 * k * k * math.exp(-2 * k * k) / (1 - math.exp(-2 * k * k)))

    table = list(first_table(opened("signal", sight="chaos", **link), "lab-chaos").values())
    assert len(table) == 2
    for row, sigma_w2 in zip(table, (1.0, 2.0), strict=True):
        q = sigma_w2 / 2
        for _ in range(200):  # the length map itself; for these k it is at rest at once
            q = sigma_w2 * _sine(k, q)[0]
        shown = list(row.values())
        _same(shown[0], sigma_w2)
        _same(shown[1], q)
        _same(shown[2], sigma_w2 * _sine(k, q)[1])
        # at c* = 0 the correlation map's slope is σ_w²·E[φ′]² = σ_w²·k²·e^{−k²q}, and 6ξ = −6/ln of it
        deep = 6 / (k * k * q - math.log(sigma_w2 * k * k))
        if deep > 0.3:
            _same(shown[3], deep)
        else:
            assert shown[3] == "<1"
        _same(shown[4], math.log(10**6) / math.log(sigma_w2 * _sine(k, q)[1]))

    words = bare(said(opened("signal", sight="maps", **link)))
    headline = words[words.index("q*") :].split("\n")[0]
    assert len(numbers(headline)) >= 4
    assert numbers(headline)[:2] == pytest.approx([_at_rest(k, 1.0), 0], rel=HALF, abs=1e-6)


def _at_rest(k: int, sigma_w2: float) -> float:
    q = sigma_w2 / 2
    for _ in range(200):
        q = sigma_w2 * _sine(k, q)[0]
    return q


@both_languages
@pytest.mark.parametrize("sigma_b", [5e-4, 1e-7])
def test_a_small_length_is_shown(sigma_b: float, language: str) -> None:
    """tanh of what is small is itself: q* = σ_b²/(1 − σ_w²), and σ_w² is 1/3 for classic uniform."""
    link = {
        "activation": "tanh",
        "bias": "normal",
        "sigma_b": repr(sigma_b),
        "sight": "chaos",
        "lang": language,
    }
    app = opened("signal", rows="classic_uniform", **link)
    (row,) = first_table(app, "lab-chaos").values()
    shown = list(row.values())
    _same(shown[0], 1 / 3)
    _same(shown[1], 1.5 * sigma_b**2)


def test_what_lies_next_to_the_edge_is_told_from_it() -> None:
    std = math.sqrt(0.99996 / 64)
    app = opened("signal", activation="tanh", sight="chaos", width="64", rows=f"normal(std={std!r})")
    (row,) = first_table(app, "lab-chaos").values()
    sigma_w2, q, chi1, *_ = row.values()
    assert [read(sigma_w2), q, read(chi1)] == [
        pytest.approx(0.99996, abs=1e-7),
        "0",
        pytest.approx(0.99996, abs=1e-7),
    ]


@both_languages
@pytest.mark.parametrize("sigma_b", ["1e-6", "1e-7"])
def test_the_edge_is_told_from_a_scheme_beside_it(sigma_b: str, language: str) -> None:
    """On tanh's edge q·E[φ′²] − E[φ²] = σ_b²·E[φ′²], and σ_w² = 1/E[φ′²].

    For small q, E[φ²] = q − 2q² + 17q³/3 and E[φ′²] = 1 − 2q + 7q²: so 4q³/3 = σ_b², and σ_w² = 1 + 2q.
    """
    link = {"bias": "normal", "sigma_b": sigma_b, "rows": "xavier_normal", "lang": language}
    words = bare(said(opened("signal", activation="tanh", sight="chaos", **link)))
    (edge,) = re.findall(r"σw²\s=\s(1\.\d+)", words)
    assert float(edge) - 1 == pytest.approx(2 * (0.75 * float(sigma_b) ** 2) ** (1 / 3), rel=HALF)


@both_languages
def test_a_fixed_point_out_of_reach_removes_no_other_result(language: str) -> None:
    """E[e^{q z²/4}] = 1/√(1 − q/2) ends at q = 2: lengths from 2 on have no q*, and gains at 1 are had."""
    link = {"activation": "exp(z^2/8)", "rows": "kaiming_normal", "lang": language}
    gains = next(iter(first_table(opened("signal", sight="gains", **link), "lab-gains").values()))
    _same(list(gains.values())[1], 2**-0.25)
    _same(list(gains.values())[2], 2**1.25)  # E[z²/16·e^{z²/4}] = √2³/16
    app = opened("signal", sight="maps", **link)
    assert len(app.get("plotly_chart")) == 1  # of the lengths below 2
    out_of_reach = {"en": "no q* to be found with Kaiming normal", "zh": "“Kaiming 正态”q* 无法求得"}
    assert out_of_reach[language] in bare(said(app))


# --- a network, the lesson --------------------------------------------------------------------------------


@few
@given(
    a=st.sampled_from(["1e-9", "0.0004", "3", "200000"]),
    b=st.sampled_from(["-2e-7", "0.05", "40", "9e12"]),
    seed=st.integers(0, 99),
)
def test_a_network_s_steps_are_shown_to_three_digits(a: str, b: str, seed: int) -> None:
    data = f"{a},1,{b}\n{b},{a},2"
    net = "3-4.linear-2.tanh"
    app = opened("model", net=net, data=data, seed=str(seed), dtype="float64", part="forward")
    assert refusals(app) == []
    network = Net(Network.of(net), seed=seed, dtype=torch.float64).requires_grad_(requires_grad=False)
    x = torch.tensor([[float(a), 1, float(b)], [float(b), float(a), 2]], dtype=torch.float64)
    steps = [x]
    for layer, after in zip((network.linear1, network.out), (None, torch.tanh), strict=True):
        steps.append(layer(steps[-1]))
        steps += [after(steps[-1])] if after else []
    bodies = re.findall(r'<table class="lab-heat">.*?<tbody>(.*?)</tbody>', said(app))
    shown = [[read(c) for c in re.findall(r"<td[^>]*>([^<]*)</td>", body)] for body in bodies]
    assert len(shown) == len(steps)
    for cells, step in zip(shown, steps, strict=True):
        # sums may differ in their last digits with the processor
        assert cells == pytest.approx(step.flatten().tolist(), rel=HALF, abs=1e-14 * float(step.abs().max()))


@few
@given(seed=st.integers(0, 10**6))
def test_the_lesson_names_its_mean(seed: int) -> None:
    app = opened("lesson", step="uniform", seed=str(seed))
    step = next(step for step in replay_lesson(seed) if step.key == "uniform")
    (_, tensor), *_ = step.tensors
    words = re.search("<h1.*?</h1>", said(app))
    assert words
    assert numbers(bare(words[0]))[-1] == pytest.approx(tensor.double().mean().item(), rel=HALF)


# --- half precision ---------------------------------------------------------------------------------------


@both_languages
def test_a_refusal_names_float16_s_own_steps(language: str) -> None:
    (words,) = refusals(opened(scheme="normal", std="1e-8", dtype="float16", lang=language))
    shown = sorted(abs(x) for x in numbers(re.sub(r"float\d\d", "", words)))
    assert shown == pytest.approx([5e-8, 5e-8, 2.0**-24, 5], rel=HALF)  # steps are 2⁻²⁴ below 2⁻¹⁴; ±5 std


def test_float16_draws_what_it_can_hold() -> None:
    app = opened(scheme="normal", std="6e-6", dtype="float16")
    assert refusals(app) == []
    table = first_table(app)
    weights = torch.nn.init.normal_(
        torch.empty(256, 512, dtype=torch.float16), std=6e-6, generator=_seeded(40)
    )
    _same(table["Std"]["Drawn"], weights.double().std(correction=0).item())
    _same(table["Maximum"]["Drawn"], weights.max().item())
    assert "Consistent with the law" in said(app)


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_every_number_of_the_network_s_drawing_has_three_digits() -> None:
    """The lesson's network of seed 40: its weights' numbers on their lines."""
    spec = opened("model").get("plotly_chart")[0].proto.spec
    shown = [text for text in re.findall(r'"text": ?\[([^\]]*)\]', spec) if "sub" not in text]
    assert shown
    printed = [
        read(text)
        for text in chain(
            *(re.findall('"([^"]*)"', part.encode().decode("unicode_escape")) for part in shown)
        )
    ]
    weights = [
        w for layer in Net(LESSON, seed=40).parameters() if layer.dim() == 2 for w in layer.flatten().tolist()
    ]
    assert sorted(printed) == pytest.approx(sorted(weights), rel=HALF)

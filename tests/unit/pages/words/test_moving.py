"""What a browser is told of a law that a hand moves is what the law itself says of other numbers."""

import math
import re

import pytest

import core
from core.weights.referee import judge
from pages.figures.notation import plain
from pages.figures.palette import DARK
from pages.jobs import distribution as jobs
from pages.state.chosen import State
from pages.state.controls import TABLE, default_of
from pages.text import LANGUAGES, Text
from pages.text.numbers import count
from pages.words import distribution as words
from pages.words import moving
from pages.words.formulas import formula

EN = Text("en")
#: Choices beside a scheme's defaults under which other numbers move it.
OTHERS: dict[str, list[dict[str, object]]] = {
    "kaiming_normal": [
        {"nonlinearity": "leaky_relu", "a": 0.5},
        {"mode": "fan_out"},
        {"nonlinearity": "tanh"},
    ],
    "kaiming_uniform": [{"nonlinearity": "leaky_relu", "a": 0.0}],
    "variance_scaling": [{"distribution": "uniform", "mode": "fan_avg"}, {"distribution": "normal"}],
    "xavier_normal": [{"gain": 5 / 3}],
    "normal": [{"mean": -0.25, "std": 0.02}],
    "uniform": [
        {"a": -1.5, "b": 0.25},
        {"a": -0.05, "b": 0.05},
        {"a": 2.0, "b": 3.0},
        {"a": -3.0, "b": -2.0},
    ],
    "small_init": [{"d_model": 96}],
    "mup_hidden": [{"base_width": 32}],
    "mup_depth": [{"base_width": 32}],
    "deepnorm": [{"stack": "encoder", "n_layer": 18, "n_decoder": 6}, {"stack": "decoder"}],
    "fixup": [{"branch": 3, "mode": "fan_out"}],
    "t5": [{"role": "kv"}, {"role": "embedding"}],
}
CASES = [
    (key, chosen)
    for key in core.SCHEMES
    if key != "dirac"
    for chosen in ({}, *OTHERS.get(key, ()))
    if key != "t5" or chosen.get("role") in {None, *core.SCHEMES["t5"].domain("role").choices}
]


def _state(scheme: str, **chosen: object) -> State:
    values = {name: default_of(name, scheme) for name in TABLE} | {"fan_in": 300, "fan_out": 70}
    return State(values | {"scheme": scheme, **chosen}, "distribution")  # type: ignore[arg-type]


def _drawn(state: State) -> jobs.Drawn:
    draw = jobs.request(state)
    summary = core.summarize(draw.key, draw.shape, seed=draw.seed, bins=60, **state.params)
    return jobs.Drawn(summary, draw.law, judge(summary, draw.law))


@pytest.mark.parametrize(("scheme", "chosen"), CASES, ids=str)
def test_a_law_is_as_wide_at_other_numbers_as_the_browser_makes_it(
    scheme: str, chosen: dict[str, object]
) -> None:
    state = _state(scheme, **chosen)
    told = moving.told(_drawn(state), state, EN)
    if told is None:
        assert core.SCHEMES[scheme].law(state.shape, **state.params).family in {
            *("point", "indicator", "truncated_normal")
        }
        return
    law = core.SCHEMES[scheme].law(state.shape, **state.params)
    for name, control in told["controls"].items():
        assert control["least"] <= control["value"] <= control["most"]
        for share in (0.37, 0.81, 1.7, 6.1):
            x = control["value"] * share + 0.1
            x = max(1, round(x)) if control["whole"] else x
            if not control["least"] <= x <= control["most"]:
                continue
            params = dict(state.params) | ({name: x} if name in state.params else {})
            fans = {"fan_in": 300, "fan_out": 70} | ({name: x} if name in {"fan_in", "fan_out"} else {})
            other = core.SCHEMES[scheme].law((fans["fan_out"], fans["fan_in"]), **params)
            if control["side"] == "mean":
                assert (other.mean, other.std) == (x, law.std)
            elif control["side"]:
                ends = {"low": law.support[0], "high": law.support[1], control["side"]: x}
                assert other.support == pytest.approx((ends["low"], ends["high"]), rel=1e-12)
            else:
                wide = [_width(control, y) for y in (x, control["value"])]
                assert other.std == pytest.approx(law.std * wide[0] / wide[1], rel=1e-9)
                assert other.support == pytest.approx(
                    [law.mean + (end - law.mean) * wide[0] / wide[1] for end in law.support], rel=1e-9
                )


def _width(control: dict[str, float], x: float) -> float:
    return float((1 + x**2 if control["square"] else x + control["plus"]) ** control["power"])


@pytest.mark.parametrize(("scheme", "chosen"), CASES, ids=str)
def test_the_marked_formula_is_the_formula_and_its_marks_are_the_numbers(
    scheme: str, chosen: dict[str, object]
) -> None:
    state = _state(scheme, **chosen)
    drawn = _drawn(state)
    shown, names = moving.marked(drawn, state, DARK)
    assert re.sub(r"\\textcolor\{#\w+\}\{(.*?)\}", r"\1", shown) == formula(drawn.law)
    marks = re.findall(r"\\textcolor\{(#\w+)\}\{(.*?)\}", shown)
    assert len(marks) == len(names)
    for (color, text), name in zip(marks, names, strict=True):
        assert color == (DARK.ink if name == "=" else DARK.law)
        if name != "=" and "10^" not in text:
            assert float(text) == pytest.approx(float(state[name]), rel=1e-5)
    told = moving.told(drawn, state, EN)
    assert {*names} <= {"=", *(told["controls"] if told else ())}
    if scheme in {"uniform", "normal"}:  # whose formula is its parameters, wherever they are
        assert {*names} == {*core.SCHEMES[scheme].params}


def test_which_numbers_can_be_moved_by_hand() -> None:
    """By the formulas of the papers: Glorot's has both fans, He's the one of its mode."""
    expected = {
        ("xavier_uniform",): {"fan_in", "fan_out", "gain"},
        ("kaiming_normal",): {"fan_in"},
        ("classic_uniform",): {"fan_in"},
        ("uniform",): {"a", "b"},
        ("normal",): {"std", "mean"},
        ("sparse",): {"std"},
        ("orthogonal",): {"gain"},
        ("gpt2_residual",): {"std", "n_layer"},
        ("siren_hidden",): {"fan_in", "omega"},
        ("mup_depth",): {"fan_in", "sigma", "n_layer", "base_width"},
        ("deepnorm",): {"fan_in", "fan_out", "n_layer"},
        ("fixup",): {"fan_in", "n_layer"},
    }
    for (scheme,), names in expected.items():
        state = _state(scheme)
        told = moving.told(_drawn(state), state, EN)
        assert told is not None
        assert {*told["controls"]} == names, scheme
    fan_out = _state("kaiming_normal", mode="fan_out", nonlinearity="leaky_relu", a=0.5)
    told = moving.told(_drawn(fan_out), fan_out, EN)
    assert told is not None
    assert {*told["controls"]} == {"fan_out", "a"}


def _worded(template: str, numbers: dict[str, str]) -> str:
    """Choose between {name:one|many} by the number of that name, as the browser does."""
    return re.sub(r"\{(\w+):([^|}]*)\|([^}]*)\}", lambda m: m[2] if numbers[m[1]] == "1" else m[3], template)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("scheme", ["kaiming_normal", "xavier_uniform", "uniform", "normal"])
def test_the_words_that_move_are_the_page_s_with_its_numbers_in_them(scheme: str, lang: str) -> None:
    state = _state(scheme)
    drawn = _drawn(state)
    told = moving.told(drawn, state, Text(lang))
    assert told is not None
    beyond = drawn.summary.n * math.erfc(3 / math.sqrt(2))
    outside = {"n": count(drawn.summary.n), "expected": f"{beyond:.3g}"}
    outside["outside"] = count(sum(drawn.summary.outside))
    low, high = drawn.law.support
    if math.isfinite(low):
        rounded = core.rounded(drawn.law.bands[0], state.dtype)
        outside |= {"low": f"{rounded.low:.4g}".replace("-", "−"), "high": f"{rounded.high:.4g}"}
    assert words.finding(drawn, state, Text(lang)) in {
        _worded(told["words"][name], outside).format(**outside, exact=f"{high:.4g}")
        for name in ("finding", "rounded", "interval")
        if name in told["words"]
    }
    numbers = {name: control["value"] for name, control in told["controls"].items()}
    assert told["words"]["ends"].keys() == {band.kind for band in drawn.law.bands}
    for band in drawn.law.bands:
        ends = told["words"]["ends"][band.kind]
        assert [ends[side].format(**numbers) for side in ("low", "high")] == [plain(end) for end in band.ends]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("mean", "other"), [(0.0, 0.5), (0.5, 0.0)])
def test_as_a_mean_leaves_0_or_comes_to_it_the_words_are_those_of_the_other_law(
    lang: str, mean: float, other: float
) -> None:
    """μ−3σ is not −3σ, and a mean of 0 is not written."""
    t = Text(lang)
    state, after = _state("normal", mean=mean), _state("normal", mean=other)
    told, wanted = (moving.told(_drawn(one), one, t) for one in (state, after))
    assert told is not None
    assert wanted is not None
    across = told["words"]["across_zero"]
    assert across == {name: wanted["words"][name] for name in ("ends", "beyond", "finding")}
    assert across["ends"]["coverage"]["low"] == ("μ−3σ" if other else "−3σ")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_walls_that_a_hand_puts_as_far_on_either_side_of_0_are_said_as_one(lang: str) -> None:
    """And those of which one is moved as two, wherever they stood before."""
    findings = []
    for low in (-1.0, -0.5):
        state = _state("uniform", a=low, b=1.0)
        drawn = _drawn(state)
        told = moving.told(drawn, state, Text(lang))
        assert told is not None
        findings.append({name: told["words"][name] for name in ("finding", "interval")})
        bound = {"low": f"{low:g}".replace("-", "−"), "high": "1"}
        name = "interval" if low == -0.5 else "finding"
        assert findings[-1][name].format(**bound) == words.finding(drawn, state, Text(lang))
    assert findings[0] == findings[1]


def test_what_is_held_fast_does_not_move() -> None:
    state = _state("xavier_uniform", lock="fan_in,seed", hide="gain")
    told = moving.told(_drawn(state), state, EN)
    assert told is not None
    assert {*told["controls"]} == {"fan_out"}
    assert told["seeded"] is False

"""Why a law is as wide as it is: the page's arithmetic, held to the papers' and to torch's gains."""

import math
import re
from collections.abc import Callable
from urllib.parse import parse_qs

import pytest
import torch
from scipy import stats

from core import SCHEMES, Comparison
from tests.support.screen import opened
from tests.support.words import says, text_of


def cause(page: str = "distribution", **link: str) -> str:
    """Return the line below the headline, '' if none stands there."""
    app = opened(page, **link)
    assert not app.exception
    bodies = "".join(element.proto.body for element in app.get("html"))
    found = re.findall(r'<p class="lab-cause"[^>]*>(.*?)</p>', bodies, re.DOTALL)
    return text_of(found[-1]) if found else ""


#: For a layer 300 → 70: what the line says, from the source named beside it.
SAID = [
    # He et al. 2015: Var(w) = 2/fan_in, as relu halves the mean square; ±√(6/300)
    (
        {"scheme": "kaiming_normal"},
        "fan_in·Var(w) = <2>: relu leaves <0.5> of a mean square; <2> × <0.5> = 1.",
    ),
    ({"scheme": "kaiming_uniform"}, f"ends at √3·σ: √3 × <{math.sqrt(2 / 300)}> = <{math.sqrt(6 / 300)}>."),
    ({"scheme": "kaiming_uniform", "mode": "fan_out"}, "fan_out·Var(w) = <2>: going back, relu leaves <0.5>"),
    # the slope of leaky_relu: (1 + 0.25²)/2
    (
        {"scheme": "kaiming_normal", "nonlinearity": "leaky_relu", "a": "0.25"},
        f"fan_in·Var(w) = <{2 / 1.0625}>: leaky_relu leaves <{1.0625 / 2}> of a mean square",
    ),
    (
        {"scheme": "kaiming_normal", "nonlinearity": "tanh"},
        f"= <{25 / 9}>, the square of torch’s gain for tanh, <{5 / 3}>.",
    ),
    # Glorot & Bengio 2010, eq. 12 and 16
    (
        {"scheme": "xavier_normal"},
        "Var(w) = 2/(300 + 70) lies between 1/300, which keeps the signal’s variance, and 1/70, which keeps",
    ),
    ({"scheme": "xavier_uniform"}, f"√3 × <{math.sqrt(2 / 370)}> = <{math.sqrt(6 / 370)}>."),
    ({"scheme": "xavier_normal", "gain": "3"}, "Var(w)/<3>² = 2/(300 + 70) lies between 1/300"),
    # a power of ten is squared whole
    ({"scheme": "xavier_uniform", "gain": "1e-6"}, "Var(w)/(10⁻⁶)² = 2/(300 + 70) lies between 1/300"),
    (
        {"scheme": "xavier_normal", "gain": "2.5e-6", "fan_out": "300"},
        "Var(w)/(2.5×10⁻⁶)² = 2/(300 + 300) = 1/300, which keeps both the signal’s variance and the",
    ),
    ({"scheme": "xavier_normal", "fan_out": "300"}, "Var(w) = 2/(300 + 300) = 1/300, which keeps both"),
    ({"scheme": "classic_uniform"}, f"has σ = 1/√(3d) = <{1 / 30}>: fan_in·Var(w) = 1/3"),
    ({"scheme": "lecun_normal"}, "fan_in·Var(w) = 1: a linear layer keeps the mean square."),
    (
        {"scheme": "normal", "std": "0.5"},
        "fan_in·Var(w) = <75>: a linear layer multiplies the mean square by that.",
    ),
    ({"scheme": "trunc_normal"}, f"fan_in·Var(w) = <{300 * stats.truncnorm(-2, 2).var()}>: a linear layer"),
    (
        {"scheme": "uniform"},
        "A mean of <0.5> adds the same <0.5>·Σx to every unit: <150> for <300> inputs of 1.",
    ),
    ({"scheme": "constant", "val": "4"}, "Every unit computes <4>·Σx"),
    # bfloat16 has 2⁻⁷ steps from 1 on
    ({"scheme": "constant", "val": "1.003", "dtype": "bfloat16"}, "Every unit computes 1·Σx"),
    ({"scheme": "zeros"}, "Every unit computes <0>·Σx"),
    # Sitzmann et al. 2020, theorem 1.8: sines of wide arguments have a mean square of a half
    ({"scheme": "siren_hidden"}, f"ω₀²·fan_in·Var(w) = 30² × <{2 / 900}> = 2; a sine before leaves half"),
    ({"scheme": "siren_hidden", "omega": "1e-6"}, "ω₀²·fan_in·Var(w) = (10⁻⁶)² × <2e12> = 2;"),
    ({"scheme": "siren_first"}, "300 weights of at most 1/300 each: sums of inputs within ±1 stay within"),
    # Wang et al. 2022, figure 2: (8N)^(-1/4), 0.87·(N⁴M)^(-1/16), (12M)^(-1/4)
    (
        {"scheme": "deepnorm", "n_layer": "6"},
        f"= β·√(2/370): Glorot’s std times β = <{48**-0.25}>, which is smaller in deeper networks.",
    ),
    (
        {"scheme": "deepnorm", "stack": "encoder", "n_layer": "6", "n_decoder": "3"},
        f"Glorot’s std times β = <{0.87 * (6**4 * 3) ** (-1 / 16)}>, which",
    ),
    ({"scheme": "deepnorm", "stack": "decoder", "n_layer": "6"}, f"times β = <{72**-0.25}>, which"),
    # Zhang et al. 2019, § 3: L^(-1/(2m-2))
    (
        {"scheme": "fixup", "n_layer": "16", "branch": "3"},
        f"<{0.5 * math.sqrt(2 / 300)}> = <0.5>·√(2/300): He’s std times <0.5>, which is smaller for more",
    ),
    ({"scheme": "fixup", "n_layer": "16", "mode": "fan_out"}, "= <0.25>·√(2/70): He’s std times <0.25>, "),
    (
        {"scheme": "orthogonal"},
        f"The rows have length <1>, spread over <300> entries each: σ = <1>/√<300> = <{1 / math.sqrt(300)}>.",
    ),
    (
        {"scheme": "orthogonal", "fan_in": "1", "fan_out": "1"},
        "The vector has length 1, spread over 1 entry:",
    ),
    ({"scheme": "orthogonal", "fan_out": "1"}, "The vector has length <1>, spread over <300> entries: σ"),
]


@pytest.mark.parametrize(("link", "expected"), SAID, ids=lambda part: str(part)[:60])
def test_a_width_has_its_reason(link: dict[str, str], expected: str) -> None:
    said = cause(**{"fan_in": "300", "fan_out": "70"} | link)
    assert says(said, expected), said


@pytest.mark.parametrize("scheme", ["kaiming_normal", "xavier_uniform", "lecun_normal"])
def test_what_a_scheme_keeps_is_not_said_where_torch_counts_other_fans(scheme: str) -> None:
    """An embedding sums nothing, and of a strided kernel half of the fan_in is used."""

    def hints(**link: str) -> list[str]:
        app = opened(scheme=scheme, **link)
        return re.findall(r'class="lab-hint"', "".join(element.proto.body for element in app.get("html")))

    assert len(hints()) == 1
    for layer in ("Embedding(300, 20)", "ConvTranspose2d(8, 4, 4, stride=2, padding=1)"):
        assert hints(layer=layer) == []


#: Schemes of which a parameter makes every weight 0; with torch's own call of each.
NOTHING = [
    ({"scheme": "xavier_uniform", "gain": "0"}, lambda w: torch.nn.init.xavier_uniform_(w, gain=0)),
    ({"scheme": "xavier_normal", "gain": "0"}, lambda w: torch.nn.init.xavier_normal_(w, gain=0)),
    ({"scheme": "orthogonal", "gain": "0"}, lambda w: torch.nn.init.orthogonal_(w, gain=0)),
    ({"scheme": "normal", "std": "0"}, lambda w: torch.nn.init.normal_(w, std=0)),
    ({"scheme": "sparse", "std": "0"}, lambda w: torch.nn.init.sparse_(w, 0.1, std=0)),
    ({"scheme": "sparse", "sparsity": "1"}, lambda w: torch.nn.init.sparse_(w, 1)),
    ({"scheme": "constant", "val": "0"}, lambda w: torch.nn.init.constant_(w, 0)),
]


@pytest.mark.parametrize(
    ("link", "fill"), NOTHING, ids=lambda part: str(part) if isinstance(part, dict) else ""
)
def test_weights_that_are_all_0_are_told_as_such(
    link: dict[str, str], fill: Callable[[torch.Tensor], torch.Tensor]
) -> None:
    assert not fill(torch.empty(70, 300)).any()
    said = cause(fan_in="300", fan_out="70", **link)
    assert said == "Every unit computes 0·Σx: weights alone tell no unit from another."
    assert cause(fan_in="300", fan_out="1", **link) == "The only unit computes 0·Σx."
    words = text_of("".join(element.proto.body for element in opened(fan_out="1", **link).get("html")))
    assert "no two units" not in words
    assert "Every weight (512) equals 0." in words


def test_torchs_gain_for_tanh() -> None:
    assert torch.nn.init.calculate_gain("tanh") == 5 / 3


@pytest.mark.parametrize("scheme", [key for key in SCHEMES if key not in {"eye", "dirac"}])
def test_every_scheme_has_a_reason_in_both_languages(scheme: str) -> None:
    for language in ("en", "zh"):
        assert cause(scheme=scheme, lang=language)


@pytest.mark.parametrize("std", ["0.020001", "0.02047", "0.0200003", "0.0219", "0.025"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_equation_of_products_holds_in_the_digits_that_are_shown(std: str, language: str) -> None:
    said = cause("compare", rows=f"normal(std=0.02)-normal(std={std})", lang=language)
    ((wide, narrow, ratio),) = re.findall(r"√\(([\d.]+)/([\d.]+)\) = ([\d.]*\d)", said)
    assert float(ratio) == pytest.approx(float(std) / 0.02, rel=1e-3 * (float(std) / 0.02 - 1))
    half = 0.6 * 10.0 ** -len(ratio.partition(".")[2])  # of the last digit shown
    assert math.sqrt(float(wide) / float(narrow)) == pytest.approx(float(ratio), abs=half)


def test_where_torchs_fans_are_not_the_true_ones_nothing_is_concluded_from_them() -> None:
    said = cause(scheme="kaiming_uniform", layer="ConvTranspose2d(64, 128, 4)")
    assert "relu" not in said
    assert "√3·σ" in said


def test_two_stds_lie_as_far_apart_as_their_variances_say() -> None:
    said = cause("compare", rows="kaiming_normal-lecun_normal-classic_uniform", fan_in="300")
    assert says(
        said,
        f"is <2> with Kaiming normal (He) and <{1 / 3}> with Classic uniform ±1/√d (nn.Linear): "
        f"√(<2>/<{1 / 3}>) = <{math.sqrt(6)}>.",
    )
    said = cause("compare", rows="normal(std=1e-6)-normal(std=2e-6)", fan_in="300")  # fan_in · std²
    assert says(said, "√((1.2×10⁻⁹)/(3×10⁻¹⁰)) = <2>."), said
    assert cause("compare", rows="kaiming_normal-kaiming_uniform") == ""
    assert cause("compare", rows="kaiming_normal-lecun_normal.30x20") == ""
    assert cause("compare", aspect="rosetta") == ""


@pytest.mark.parametrize(
    ("link", "rows"),
    [
        ({"scheme": "xavier_uniform", "gain": "3"}, "xavier_uniform(gain=3)"),
        ({"scheme": "kaiming_normal"}, "kaiming_normal"),
        ({"scheme": "kaiming_normal", "nonlinearity": "leaky_relu", "a": "0.25"}, "kaiming_normal(a=0.25)"),
        ({"scheme": "kaiming_normal", "nonlinearity": "tanh"}, "kaiming_normal(nonlinearity=tanh)"),
        ({"scheme": "normal", "std": "0.5"}, "normal(std=0.5)"),
    ],
)
def test_a_signal_is_followed_with_the_very_weights(link: dict[str, str], rows: str) -> None:
    app = opened("distribution", fan_in="300", **link)
    (found,) = app.get("page_link")
    query = parse_qs(found.proto.query_string)
    assert query["rows"] == [rows]
    assert query["width"] == ["300"]
    then = opened("signal", rows=rows, width="300", depth="3", seeds="1", samples="4")
    assert not then.exception
    law = SCHEMES[link["scheme"]].law((300, 300), **{n: _number(v) for n, v in link.items() if n != "scheme"})
    (entry,) = Comparison.of(rows).entries
    assert SCHEMES[entry.scheme].law((300, 300), **dict(entry.params)).std == law.std


def _number(text: str) -> float | str:
    return float(text) if text[0].isdigit() else text


@pytest.mark.parametrize("page", ["distribution", "compare"])
def test_what_comes_next_is_looked_at_as_this_was(page: str) -> None:
    """Language, view and what is locked for all pages go along, and so does the seed."""
    (found,) = opened(page, lang="zh", view="projector", seed="7").get("page_link")
    query = parse_qs(found.proto.query_string)
    assert (query["lang"], query["view"], query["seed"]) == (["zh"], ["projector"], ["7"])


def test_a_door_is_looked_through_as_home_was() -> None:
    links = [link.proto for link in opened("home", lang="zh").get("page_link")][:2]
    assert [parse_qs(link.query_string)["lang"] for link in links] == [["zh"], ["zh"]]


def test_a_root_takes_a_whole_power_of_ten() -> None:
    """Of 10⁻⁶·z E[φ²] is 10⁻¹²; without brackets the root would be of 10 alone."""
    said = cause("signal", activation="0.000001*z", sight="gains")
    assert re.findall(r"1/√(\S+) = ([^\s;.]+)", said) == 2 * [("(10⁻¹²)", "1000000")], said

"""What pages say is true: sentences typed by hand, for settings whose truth is known from outside."""

import math
import tomllib
from typing import Any

import pytest
import torch
from scipy import integrate, stats

from tests.support.screen import opened
from tests.support.stream import ROOT
from tests.support.words import alts, plain, says, unsaid

LANGUAGES = ("en", "zh")
SIGHTS: list[dict[str, Any]] = tomllib.loads(
    (ROOT / "tests" / "app" / "sentences.toml").read_text(encoding="utf-8")
)["sight"]


def _named(sight: dict[str, Any]) -> str:
    return " ".join([sight["page"], *(f"{name}={value}" for name, value in sight.get("link", {}).items())])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("sight", SIGHTS, ids=_named)
def test_a_page_says_what_is_true_here(sight: dict[str, Any], language: str) -> None:
    app = opened(sight["page"], **sight.get("link", {}), lang=language)
    text = plain(app)
    expected = sight[language].strip().splitlines()
    assert unsaid(text, *expected) == [], text
    if "alt" in sight:
        alt, *_ = alts(app)  # the finding is the first chart's
        whole = sight["alt"][language]
        assert says(f"|{alt}|", f"|{whole}|"), alt


def test_every_sight_has_its_reason_and_every_page_its_sights() -> None:
    assert {sight["page"] for sight in SIGHTS} == {
        *("home", "distribution", "compare", "signal", "model", "checkpoint", "lesson", "teach")
    }
    for sight in SIGHTS:
        assert sight["why"]
        assert set(sight) <= {"page", "link", "why", "alt", *LANGUAGES}
        english, chinese = (sight[language].strip().splitlines() for language in LANGUAGES)
        assert english
        assert chinese


def test_counts_by_torch() -> None:
    """The counts of draws that sentences name: beyond ±3σ, seed 40, of He's normal law and of N(0, 1)."""
    generator = torch.Generator()
    drawn = torch.nn.init.kaiming_normal_(
        torch.empty(256, 512), nonlinearity="relu", generator=generator.manual_seed(40)
    )
    assert int((drawn.double().abs() > 3 * math.sqrt(2 / 512)).sum()) == 338
    drawn = torch.nn.init.normal_(torch.empty(256, 784), generator=generator.manual_seed(40))
    assert int((drawn.double().abs() > 3).sum()) == 513


def test_the_largest_by_its_law() -> None:
    low, high = (0.0625 * stats.norm.ppf(q ** (1 / 131_072)) for q in (0.025, 0.975))
    assert (round(low, 4), round(high, 4)) == (0.2517, 0.3172)


def test_gains_by_quad() -> None:
    def mean(of: Any) -> float:
        return float(integrate.quad(lambda z: of(z) * stats.norm.pdf(z), -12, 12)[0])

    assert 1 / math.sqrt(mean(lambda z: math.tanh(z) ** 2)) == pytest.approx(1.593, abs=5e-4)
    assert 1 / math.sqrt(mean(lambda z: math.cosh(z) ** -4)) == pytest.approx(1.467, abs=5e-4)

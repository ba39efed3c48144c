"""What a page says of a draw that is not of its law: a tensor made wrong by a factor that is known."""

import re
from collections.abc import Callable

import pytest
import torch

from core import Draw, Summary
from core.weights.sampling import tensor_of
from pages.jobs import distribution
from tests.support.marks import both_languages
from tests.support.screen import opened
from tests.support.words import plain, unsaid


@pytest.fixture
def spoilt(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return a function that opens a page whose draws are changed, and returns its words.

    Each has a seed of its own, as results are kept.
    """

    def say(change: Callable[[torch.Tensor], torch.Tensor], page: str = "distribution", **link: str) -> str:
        def summary_of(draw: Draw, *, bins: int, **_: object) -> Summary:
            return Summary.of(change(tensor_of(draw)), law=draw.law, bins=bins)

        monkeypatch.setattr(distribution, "summary_of", summary_of)
        return plain(opened(page, **link))

    return say


@both_languages
@pytest.mark.parametrize(("factor", "direction"), [(1.1, ("large", "大")), (0.9, ("small", "小"))])
def test_a_spread_that_is_wrong_is_said_to_be_so(
    factor: float, direction: tuple[str, str], language: str, spoilt: Callable[..., str]
) -> None:
    """He's normal law times 1.1 or 0.9, of 6 400 weights: the std's standard error is 0.9 % of σ."""
    seed = str(70_000 + int(10 * factor) + 100 * (language == "zh"))
    text = spoilt(lambda w: w * factor, fan_in="64", fan_out="100", seed=seed, lang=language)
    expected = {
        "en": [
            f"▲ Not consistent with the law. The std is <*> % too {direction[0]}, <*> standard errors off: "
            "check the gain and the fans.",
            "About one correct draw in <*> is flagged by chance; try another seed.",
        ],
        "zh": [
            f"▲ 与理论不符。标准差偏{direction[1]} <*>%，达 <*> 个标准误：请检查增益或扇入、扇出是否取错。",
            "完全符合理论的抽样，每 <*> 次也约有一次被偶然误判；换个种子再看。",
        ],
    }[language]
    assert unsaid(text, *expected) == [], text
    (percent,) = set(re.findall(r"(?:The std is|标准差偏.) ([\d.]+) ?%", text))
    assert abs(float(percent) - 10) < 4 * 0.9


@both_languages
def test_weights_beyond_a_wall_are_counted(language: str, spoilt: Callable[..., str]) -> None:
    """Three of 6 400 weights of a uniform law put at twice its bound."""

    def beyond(w: torch.Tensor) -> torch.Tensor:
        w.view(-1)[:3] = 2 * (6 / 64) ** 0.5
        return w

    link = {"scheme": "kaiming_uniform", "fan_in": "64", "fan_out": "100"}
    text = spoilt(beyond, seed="70201" if language == "en" else "70202", lang=language, **link)
    words = {
        "en": "<3> weights lie beyond the wall, where none can.",
        "zh": "有 <3> 个权重越过了不可逾越的硬边界。",
    }
    assert unsaid(text, words[language]) == [], text


@both_languages
def test_the_other_views_say_that_chance_does_not_make_this(
    language: str, spoilt: Callable[..., str]
) -> None:
    """A std 1.5 times too large moves the shares, and the largest weight."""
    words = {
        "en": {
            "cumulative": "▲ More than chance. The largest gap is <*>",
            "largest": "▲ The largest weight does not lie where 95 of 100 samples have it",
        },
        "zh": {
            "cumulative": "▲ 超出随机波动。最大差距为 <*>",
            "largest": "▲ 最大权重不在 <*> 与 <*> 之间",
        },
    }[language]
    seed = "70301" if language == "en" else "70302"
    for tab, expected in words.items():
        text = spoilt(lambda w: 1.5 * w, tab=tab, fan_in="64", fan_out="100", seed=seed, lang=language)
        assert unsaid(text, expected) == [], text


@both_languages
def test_a_comparison_names_the_row_that_is_not_of_its_law(language: str, spoilt: Callable[..., str]) -> None:
    link = {"rows": "kaiming_normal", "fan_in": "64", "fan_out": "100", "lang": language}
    text = spoilt(lambda w: 1.5 * w, "compare", seed="70401" if language == "en" else "70402", **link)
    words = {
        "en": "▲ Not consistent with its law: Kaiming normal (He). Another seed tells chance from error.",
        "zh": "▲ 与理论不符：Kaiming 正态（He）。换一个种子即可分辨是偶然还是错误。",
    }
    assert unsaid(text, words[language]) == [], text

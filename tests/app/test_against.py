"""What a page says of a draw that is not of its law: a tensor made wrong by a factor that is known."""

import math
import re
import warnings
from collections.abc import Callable

import pytest
import torch
from scipy import stats

from core import Draw, Summary
from core.weights.sampling import tensor_of
from pages.jobs import distribution
from tests.support.headings import near
from tests.support.marks import both_languages
from tests.support.screen import opened
from tests.support.words import first_table, plain, unsaid


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
            f"▲ Not consistent with the law. The std is <*> % too {direction[0]}, <*> standard errors off.",
            "About one correct draw in <*> is flagged by chance; try another seed.",
        ],
        "zh": [
            f"▲ 与理论不符。标准差偏{direction[1]} <*>%，达 <*> 个标准误。",
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


#: A cut whose mean lies outside; a mean at which torch warns, by 2 std or more: further out it takes long.
NARROW = {"scheme": "trunc_normal", "std": "0.1", "a": "-2", "b": "2"}
FAR, WARNED = "2.5", "mean is more than 2 std from"


@pytest.mark.filterwarnings("ignore:mean is more than 2 std")
@both_languages
@pytest.mark.parametrize("mean", [FAR, "2.15"])
def test_where_torchs_own_draw_misses_the_law_that_is_said(mean: str, language: str) -> None:
    """Drawn in plain torch: some weights lie further out than any of 131 072 by the law."""
    generator = torch.Generator().manual_seed(40)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        weight = torch.nn.init.trunc_normal_(
            torch.empty(256, 512), float(mean), 0.1, -2.0, 2.0, generator=generator
        )
    assert (mean == FAR) is any(WARNED in str(warning.message) for warning in warned)
    law = stats.truncnorm((-2 - float(mean)) / 0.1, (2 - float(mean)) / 0.1, float(mean), 0.1)
    assert weight.min().item() < law.ppf(1e-12)
    app = opened(**NARROW, mean=mean, lang=language)
    text = plain(app)
    std = weight.double().std(correction=0).item()
    fourth = law.expect(lambda w: (w - law.mean()) ** 4, lb=law.ppf(1e-15), ub=2.0) / law.std() ** 4
    error = law.std() * math.sqrt((fourth - 1) / 4 / weight.numel())
    percent, errors = f"{100 * (std / law.std() - 1):.3g}", f"{(std - law.std()) / error:.3g}"
    words = {
        "en": [
            f"The std is <{percent}> % too large, <{errors}> standard errors off.",
            "torch’s own float32 draw misses this law: with so narrow a cut it keeps one proposal in 2²⁴ "
            "wherever that lies.",
        ],
        "zh": [
            f"标准差偏大 <{percent}>%，达 <{errors}> 个标准误。",
            "偏离理论的是 torch 自己的 float32 抽样：截断如此之窄时，每 2²⁴ 个候选值约有一个"
            "无论落在何处都会被保留。",
        ],
    }[language]
    assert unsaid(text, *words) == [], text
    assert ("torch warns that" in text or "torch 也会警告" in text) is (mean == FAR)
    assert "flagged by chance" not in text
    assert "gain" not in text.partition("standard errors off")[2][:40]
    heading, name = {"en": ("Off by (SE)", "Std"), "zh": ("偏差/SE", "标准差")}[language]
    assert near(first_table(app)[name][heading], (std - law.std()) / error, unit=0.5)
    assert "▲" not in plain(opened(**NARROW, mean=mean, dtype="float64", lang=language))

"""Predicted first: each screen asks for something, and holds it beside the truth once that is revealed."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from pages.figures.sketch import BARS
from pages.lecture import predict
from pages.live import browser
from pages.state.session import KEY
from pages.text import Text
from tests.support.marks import languages
from tests.support.screen import bare, first_chart, guessed, headline, opened, query, refusals, stands

EN = Text("en")
SMALL = {"depth": "20", "width": "64", "seeds": "2"}
DEAD = "3-3.zeros.zeros_bias.sigmoid-2.zeros.zeros_bias.relu-2.zeros.zeros_bias.softmax"


def _waits(page: str, **link: str) -> AppTest:
    app = opened(page, predict="on", **link)
    stands(app)
    return app


def _revealed(app: AppTest) -> str:
    app.button(key="reveal").click().run()
    stands(app)
    return _beside(app)


def _beside(app: AppTest) -> str:
    html = "".join(element.proto.body for element in app.get("html"))
    words = "".join(map(bare, re.findall(r'<p class="lab-guess"[^>]*>(.*?)</p>', html)))
    return words.replace("\u202f", " ").replace("\u2060", "")


#: A link, what is asked there, a guess, and what is said to it, in English or both languages. By hand:
#: σ = √(2/512) = 1/16; 1/√784 = 1/28; U(0, 1) has mean 1/2; an eye of 256 × 512 has 256 ones;
#: 4·3 + 4·2 + 3·2 = 26; 785·128 + 129·10 = 101 770; √(6/(5 + 3)) = √3/2.
GUESSES = """
home | std | 0.0625
    Std σ: you said 0.0625; it is 0.0625.
    标准差 σ：您说 0.0625，实际为 0.0625。
distribution | std | 0,05
    Std σ: you said 0.05; it is 0.0625, so yours is 20 % too low.
    标准差 σ：您说 0.05，实际为 0.0625，您的低了 20%。
distribution?scheme=classic_uniform&fan_in=784 | wall | 1/20
    Wall b: you said 0.05; it is 0.03571, so yours is 40 % too high.
    硬边界 b：您说 0.05，实际为 0.03571，您的高了 40%。
distribution?scheme=uniform | mean | 0
    Mean of the weights: you said 0; it is 0.5.
    权重的均值：您说 0，实际为 0.5。
distribution?scheme=zeros | units | differ
    Two units of the layer: you said “differ”; the truth is “are alike”.
    同一层的两个神经元：您说“有所不同”，实际是“完全相同”。
distribution?scheme=normal&std=3 | std | √2
    Std σ: you said 1.414; it is 3, so yours is 52.9 % too low.
distribution?scheme=eye | ones | 512
    How many are 1: you said 512; it is 256, so yours is 2 times as large.
    等于 1 的个数：您说 512，实际为 256，您的是它的 2 倍。
compare | widest | 1
    Widest: you said “Xavier normal (Glorot)”; the truth is “Kaiming normal (He)”.
    最分散的：您说“Xavier 正态（Glorot）”，实际是“Kaiming 正态（He）”。
compare | widest | 2
    Widest: you said “Kaiming normal (He)”: right.
compare?rows=kaiming_uniform-kaiming_normal | widest | 0
    Widest: you said “Kaiming uniform (He)”: right.
signal | signal_0 | kept
    Classic uniform ±1/√d: you said “is kept”; the truth is “shrinks”.
signal | signal_2 | kept
    Kaiming normal: you said “is kept”: right.
    Kaiming 正态：您说“保持”，对了。
signal?rows=normal | signal_0 | shrinks
    Normal: you said “shrinks”; the truth is “grows”.
signal?rows=kaiming_normal | far_signal | 12
    The layer where it has become 1000 times smaller or larger: you said 12; there is none.
    在第几层变为千分之一或一千倍：您说 12，实际上始终没有。
signal?rows=classic_uniform&sight=gradient | far_gradient | 12
    The layer where it has become 1000 times smaller or larger: you said 12; it is 12.
    在第几层变为千分之一或一千倍：您说 12，实际为 12。
signal?sight=gradient | gradient_0 | shrinks
    Classic uniform ±1/√d: you said “shrinks”: right.
signal?sight=chaos | phase_2 | edge
    Kaiming normal: you said “on the edge”: right.
model | count | 26
    Number of parameters: you said 26; it is 26.
    参数个数：您说 26，实际为 26。
model?net=784-128.relu-10.softmax | count | 100000
    Number of parameters: you said 100 000; it is 101 770, so yours is 1.74 % too low.
model?net=784-128.relu-10.softmax | count | 101,770
    Number of parameters: you said 101 770; it is 101 770.
    参数个数：您说 101 770，实际为 101 770。
model?net={dead}&part=backward | learn | all
    Weights whose gradient is not 0: you said “in every layer”; the truth is “in no layer”.
    梯度不为 0 的权重：您说“每一层都有”，实际是“没有任何一层”。
lesson?step=xavier | std | 1/2
    Std σ: you said 0.5; it is 0.5.
lesson?step=xavier | wall | √(3)/2
    Wall b: you said 0.866; it is 0.866.
lesson?step=sqrt5 | slope | √5
    Slope a: you said 2.236; it is 2.236.
lesson?step=network | count | 21
    Number of parameters: you said 21; it is 26, so yours is 19.2 % too low.
lesson?step=zeros | sums | 0
    W·x of each unit: you said 0; it is 0.
lesson?step=ones | ones | sum
    W·x of each unit: you said “the sum of its inputs”: right.
lesson?step=constant | five | yes
    Tells the units apart better: you said “yes”; the truth is “no”.
lesson?step=kaiming | beyond | both
    Can hold a weight beyond ±1.1: you said “both”; the truth is “the normal one”.
    可能含有超出 ±1.1 的权重：您说“两个都可能”，实际是“正态的那个”。
"""


class Case(NamedTuple):
    page: str
    link: dict[str, str]
    name: str
    guess: str
    #: language → what is said
    said: dict[str, str]


def _cases() -> Iterator[Case]:
    for case in re.split(r"\n(?=\S)", GUESSES.strip()):
        asked, *sentences = case.splitlines()
        place, name, guess = asked.split(" | ")
        page, _, link = place.partition("?")
        small = SMALL if page == "signal" else {}
        said = dict(zip(("en", "zh"), map(str.strip, sentences), strict=False))
        yield Case(page, {**dict(parse_qsl(link.replace("{dead}", DEAD))), **small}, name, guess, said)


@pytest.mark.parametrize("case", list(_cases()), ids=lambda case: f"{case.page} {case.name} {case.guess}")
def test_a_guess_is_held_beside_the_truth(case: Case) -> None:
    for language, sentence in case.said.items():
        app = guessed(_waits(case.page, lang=language, **case.link), case.name, case.guess)
        before = query(app)
        assert _beside(app) == ""  # nothing of the truth yet
        assert _revealed(app) == sentence
        assert query(app) == before  # a guess is nobody else's


@languages
def test_what_is_no_number_gets_the_questions_sentence(language: str) -> None:
    t = Text(language)
    app = guessed(_waits("distribution", lang=language), "std", "half")
    assert refusals(app) == [t("quiz.number", was="half")]
    assert _revealed(app) == ""
    assert refusals(app) == [t("quiz.number", was="half")]


@pytest.mark.parametrize("page", ["distribution", "compare", "signal", "model", "home"])
def test_who_says_nothing_is_in_nobody_s_way(page: str) -> None:
    assert _revealed(_waits(page, **(SMALL if page == "signal" else {}))) == ""


def test_a_guess_is_of_one_result_and_is_there_again_with_it() -> None:
    app = guessed(_waits("distribution"), "std", "0.05")
    assert "0.05" in _revealed(app)
    app.session_state["seed"] = "41"
    app.run()
    assert [field.value for field in app.text_input if str(field.key).startswith("guess_")] == [""]
    assert _revealed(app) == ""
    app.session_state["seed"] = "40"
    app.run()
    assert [field.value for field in app.text_input if str(field.key).startswith("guess_")] == ["0.05"]
    app.session_state["predict"] = "off"
    app.run()
    assert _beside(app) == ""


def _dashed(app: AppTest) -> list[dict[str, object]]:
    shapes: list[dict[str, object]] = first_chart(app)["layout"]["shapes"]
    return [shape for shape in shapes if shape["line"].get("dash") == "7px,4px"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("link", "name", "guess", "ends"),
    [
        ({}, "std", "0.05", (-0.15, 0.15)),  # where the chart itself has ±3σ
        ({"scheme": "classic_uniform"}, "wall", "0.05", (-0.05, 0.05)),
        ({"scheme": "uniform"}, "mean", "0.25", (0.25,)),
    ],
)
def test_a_number_is_marked_on_the_chart(
    link: dict[str, str], name: str, guess: str, ends: tuple[float, ...]
) -> None:
    app = guessed(_waits("distribution", **link), name, guess)
    _revealed(app)
    assert [shape["x0"] for shape in _dashed(app)] == pytest.approx(ends)
    low, high = first_chart(app)["layout"]["xaxis"]["range"]
    assert low < min(ends) <= max(ends) < high
    assert any(EN("guess.yours") in label["text"] for label in first_chart(app)["layout"]["annotations"])


def test_a_layer_a_share_and_a_word_are_marked_on_the_signal_s_chart() -> None:
    app = guessed(_waits("signal", rows="classic_uniform", **SMALL), "far_signal", "12")
    _revealed(guessed(app, "signal_0", "grows"))
    assert [shape["x0"] for shape in _dashed(app)] == [12]
    assert any(
        EN("guess.marked", was="grows") in note["text"] for note in first_chart(app)["layout"]["annotations"]
    )
    flat = {"rows": "normal", "activation": "tanh", "sight": "saturation"}
    app = guessed(_waits("signal", **SMALL, **flat), "flat_0", "50")
    _revealed(app)
    assert [shape["y0"] for shape in _dashed(app)] == [0.5]  # 50 %


def test_saturation_is_asked_as_its_headline_answers() -> None:
    """Of the worst layer, here the first: classic uniform makes the signal smaller in each that follows."""
    where = {"rows": "classic_uniform", "activation": "gelu", "sight": "saturation"}
    said = _revealed(app := guessed(_waits("signal", **SMALL, **where), "flat_0", "7"))
    (exact,) = re.findall(
        r"% saturated in the worst layer with Classic uniform .*: you said 7; it is ([\d.]+),", said
    )
    assert float(exact) > 0.5
    assert f"gelu is saturated for {exact}\u00a0% of its inputs in layer 1." in headline(app)


def test_a_scheme_is_marked_on_the_comparison() -> None:
    app = guessed(_waits("compare"), "widest", "1")
    _revealed(app)
    titles = [note["text"] for note in first_chart(app)["layout"]["annotations"]]
    assert [EN("guess.yours") in title for title in titles if "<b>" in title] == [False, True, False]


def test_a_sketch_is_drawn_over_the_truth_and_its_spread_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "SERVED", True)
    app = _waits("distribution")
    html = "".join(element.proto.body for element in app.get("html"))
    token = predict.result("distribution", app.session_state[KEY].good)
    assert f'data-lab-sketch="{token}"' in html
    assert 'data-reach="0.3"' in html
    bars = [0] * BARS
    bars[10:30] = [50] * 20  # a box from −0.15 to 0.15, whose std is 0.15/√3 = 0.0866
    app.session_state[KEY].guesses = {token: {"sketch": tuple(bars)}}
    words = _revealed(app)
    assert words == "Std σ: you drew 0.0866; it is 0.0625, so yours is 38.6 % too high."
    (shape,) = _dashed(app)
    points = [tuple(map(float, point.split(","))) for point in str(shape["path"])[1:].split("L")]
    area = sum((b[0] - a[0]) * a[1] for a, b in pairwise(points))
    (n, width) = 512 * 256, 0.625 / 60  # bins over ±5σ
    assert area == pytest.approx(n * width)  # as high as a histogram of as many weights would be


def test_a_number_that_cannot_be_read_is_mended_before_the_answer_shows() -> None:
    where = {"rows": "normal", "activation": "tanh", "sight": "saturation"}
    app = guessed(_waits("signal", **SMALL, **where), "flat_0", "half")
    app.button(key="reveal").click().run()
    assert _beside(app) == ""
    assert ["“half”" in refusal for refusal in refusals(app)] == [True]
    assert "you said 50; it is" in _revealed(guessed(app, "flat_0", "50 %"))

"""The lesson's questions: answered as people write numbers, judged, explained, counted, and asked anew."""

import math
import re

import pytest
from streamlit.testing.v1 import AppTest

from core.teaching.quiz import KINDS, Question, questions
from pages.text import Text
from pages.words import lesson_questions
from tests.support.marks import languages
from tests.support.screen import (
    bare,
    first_chart,
    opened,
    own_buttons,
    query,
    refusals,
    said,
    stands,
    typed_in,
)
from tests.support.words import says, text_of

EN = Text("en")


def _opened(**link: str) -> AppTest:
    return opened("lesson", **link)


def _answered(app: AppTest, answer: str) -> str:
    """Type or pick an answer and return what the page says to it."""
    if fields := typed_in(app):
        fields[-1].set_value(answer).run()
    else:
        app.button(key=f"pick_{answer}").click().run()
    stands(app)
    return bare(said(app))


#: The questions of quiz 3: what is asked about, the answer by hand, and a common error.
QUIZ = {
    # drawn with a std of √(2/64)
    "scheme": ("64 → 256", "kaiming_normal", "classic_uniform"),
    # Xavier's √(6/(24 + 15)); Kaiming's √(6/24)
    "bound": ("24 → 15", "0.3922", "0.5"),
    # Xavier's √(2/(30 + 20)); Kaiming's √(2/30)
    "std": ("30 → 20", "0.2", "0.2582"),
    # 0.27 % of 51 200; 4.55 % lie beyond ±2σ
    "beyond": ("256 → 200", "138", "2330"),
    # 9·11 + 12·4 + 5·9; without biases
    "count": ("8 → 11 → 4 → 9", "192", "168"),
}


@pytest.mark.parametrize("kind", list(KINDS))
@languages
def test_an_exact_answer_is_right_a_common_error_wrong_and_no_number_is_answered(
    kind: str, language: str
) -> None:
    about, right, wrong = QUIZ[kind]
    t = Text(language)
    place = str(list(KINDS).index(kind) + 1)
    app = _opened(step="questions", quiz="3", question=place, lang=language)
    assert about in bare(said(app))
    assert t("quiz.right") not in bare(said(app))
    # which scheme drew these weights can be asked only of weights that are shown
    assert len(app.get("plotly_chart")) == (kind == "scheme")
    assert t("quiz.right") in _answered(app, right)
    assert len(app.get("plotly_chart")) == (0 if kind == "count" else 1)
    assert t("quiz.wrong") in _answered(app, wrong)
    if kind != "scheme":
        assert t("quiz.number", was="half") in _answered(app, "half")
        assert t("quiz.wrong") not in bare(said(app))


def test_the_answer_can_be_asked_for_and_more_questions_follow() -> None:
    app = _opened(step="questions", question="5")
    assert "4 → 3 → 2 → 8" in bare(said(app))
    assert "= 47" not in bare(said(app))  # 5·3 + 4·2 + 3·8
    app.button(key="give_up").click().run()
    assert "= 47" in bare(said(app))
    assert EN("quiz.right") not in bare(said(app))
    app.button(key="more_questions").click().run()
    stands(app)
    assert query(app) == {"v": "1", "step": "questions", "quiz": "2"}


def test_more_questions_begin_unanswered() -> None:
    app = _opened(step="questions", question="5")
    assert EN("quiz.right") in _answered(app, "47")
    app.button(key="more_questions").click().run()
    for _ in range(4):
        app.button(key="next").click().run()
        words = bare(said(app))
        assert EN("quiz.right") not in words
        assert EN("quiz.wrong") not in words
    assert query(app) == {"v": "1", "step": "questions", "quiz": "2", "question": "5"}


#: The questions of quiz 3: a common error, what is said of it, and the rule with its fans put in.
SOLVED = {
    "scheme": ("classic_uniform", ("b = 1/√(fan_in) = 1/√64 = 0.125",), "√(2/fan_in) = √(2/64) = 0.1768"),
    "bound": ("1/2", ("0.5", "Kaiming"), "√(6/(fan_in+fan_out)) = √(6/(24+15)) = 0.3922"),
    "std": ("sqrt(2/30)", ("0.2582", "Kaiming"), "√(2/(fan_in+fan_out)) = √(2/(30+20)) = 0.2"),
    "beyond": ("2330", ("±2σ", "2330"), "138"),
    "count": ("8*11+11*4+4*9", ("168",), "(8 + 1) × 11 + (11 + 1) × 4 + (4 + 1) × 9 = 192"),
}


def _asked(kind: str, **link: str) -> AppTest:
    return _opened(**{"step": "questions", "quiz": "3", "question": str(list(KINDS).index(kind) + 1)} | link)


@pytest.mark.parametrize("kind", list(KINDS))
@languages
def test_a_common_error_is_named_and_the_rule_has_the_fans_put_in(kind: str, language: str) -> None:
    typed, named, rule = SOLVED[kind]
    app = _asked(kind, lang=language)
    assert rule not in bare(said(app))
    words = _answered(app, typed)
    assert rule in words
    for name in named:
        assert name in words.replace("\u202f", "")
    assert not refusals(app)


@pytest.mark.parametrize(
    ("times", "said"), [(3.0, "3.00"), (0.5, "0.500"), (1.1, "1.100"), (0.95, "0.950"), (40.0, "40.0")]
)
def test_any_other_answer_is_told_how_many_times_too_large_it_is(times: float, said: str) -> None:
    """Xavier's wall for fans of 24 and 15 is √(6/39), and no common error is so many times as far out."""
    wall = math.sqrt(6 / 39)
    of = Question("bound", "xavier_uniform", (15, 24), exact=wall, low=0.999 * wall, high=1.001 * wall)
    text = text_of(lesson_questions.verdict(of, times * wall, EN))
    assert says(text, f"is the answer times <{said}>. "), text


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        *[("bound", typed) for typed in ("0,3922", "√(6/39)", "sqrt(6/(24+15))", "(6/39)^0.5", "√（6／39）")],
        *[("std", typed) for typed in ("1/5", "0,2", "sqrt(2/50)", "√(2/50)", "5^-1", "1/√25")],
        *[("count", typed) for typed in ("9*11 + 12*4 + 5*9", "192", "2^6*3")],
    ],
)
def test_an_answer_is_typed_as_it_is_thought(kind: str, typed: str) -> None:
    app = _asked(kind)
    assert EN("quiz.right") in _answered(app, typed)
    assert typed_in(app)[-1].value == typed


def test_a_button_answers_too_and_asks_for_what_is_not_there() -> None:
    app = _asked("std")
    app.button(key="answer").click().run()
    assert refusals(app) == [EN("quiz.empty")]
    typed_in(app)[-1].set_value("0.2")
    app.button(key="answer").click().run()
    stands(app)
    assert EN("quiz.right") in bare(said(app))


def _marked(app: AppTest) -> list[str]:
    return [button.label for button in app.button if set(button.label) & set("✓✗")]


def test_the_right_scheme_and_the_one_picked_are_marked() -> None:
    app = _asked("scheme")
    assert _marked(app) == []
    _answered(app, "classic_uniform")
    assert _marked(app) == ["✓ Kaiming normal (He)", "**✗ Classic uniform ±1/√d (nn.Linear)**"]
    _answered(app, "kaiming_normal")
    assert _marked(app) == ["**✓ Kaiming normal (He)**"]


def _score(app: AppTest) -> str:
    found = re.search(r"first try: (\d of \d)", bare(said(app)))
    return found[1] if found else ""


def test_first_answers_are_counted_and_another_of_the_kind_has_other_numbers() -> None:
    app = _asked("bound")
    assert _score(app) == ""
    assert "more_like_this" not in own_buttons(app)
    _answered(app, "0.5")
    assert _score(app) == "0 of 1"
    _answered(app, "√(6/39)")
    assert _score(app) == "0 of 1"  # the second try
    app.button(key="more_like_this").click().run()
    stands(app)
    assert query(app) == {"v": "1", "step": "questions", "quiz": "4", "question": "2"}
    of = questions(4)[1]
    assert of.shape != (15, 24)
    assert f"{of.shape[1]} → {of.shape[0]}" in bare(said(app))
    assert EN("quiz.right") not in bare(said(app))
    assert EN("quiz.right") in _answered(app, repr(of.exact))
    assert _score(app) == "1 of 2"
    app.button(key="next").click().run()
    app.button(key="give_up").click().run()
    assert _score(app) == "1 of 3"


def test_the_last_numbers_of_all_are_followed_by_the_first() -> None:
    app = _asked("std", quiz=str(2**32 - 1))
    _answered(app, "1")
    app.button(key="more_like_this").click().run()
    assert query(app) == {"v": "1", "step": "questions", "question": "3"}
    assert not refusals(app)


@pytest.mark.parametrize(
    ("kind", "typed", "ends"),
    [
        ("bound", "1/2", (-0.5, 0.5)),
        ("std", "√(2/30)", (-3 * math.sqrt(2 / 30), 3 * math.sqrt(2 / 30))),
        ("scheme", "classic_uniform", (-1 / 8, 1 / 8)),
        ("bound", "0.3922", ()),
        ("bound", "1000", ()),
        ("std", "−0.1", ()),
    ],
)
def test_a_wrong_answer_s_bounds_are_drawn_beside_the_law_s(
    kind: str, typed: str, ends: tuple[float, ...]
) -> None:
    app = _asked(kind)
    words = _answered(app, typed)
    layout = first_chart(app)["layout"]
    dotted = [shape["x0"] for shape in layout["shapes"] if shape.get("line", {}).get("dash") == "2px,4px"]
    assert dotted == pytest.approx(ends)
    assert any(EN("quiz.guess") in label["text"] for label in layout["annotations"]) == bool(ends)
    assert (EN("quiz.right") in words) == (typed == "0.3922")

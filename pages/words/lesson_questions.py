"""What the lesson asks, and what it says to an answer: the rule, with this question's own numbers put in."""

import math
import re
from html import escape

from core import SCHEMES, FormulaError, Question
from core.signals.formula import number_of
from core.table import HALF_WIDTH
from core.teaching.quiz import ALPHA
from core.teaching.slips import slip
from pages.figures.histogram import Overlay
from pages.figures.notation import plain
from pages.text import Text, sentences
from pages.text.numbers import apart, count, expected_count, quantity

#: The kinds of question whose answer is a whole number.
WHOLE = frozenset({"beyond", "count"})
#: A whole number with marks of thousands, such as 101,770 or 1'234'567.
_THOUSANDS = re.compile(r"(?<![\d.,'’])[1-9]\d{0,2}(?:(?:,\d{3})+|(?:['’]\d{3})+)(?![\d.,'’])", re.ASCII)

#: How far out a wrong wall or std is still drawn, in those of the law: further, the law would be a line.
WIDEST = 5


def question(of: Question, t: Text) -> str:
    """Return a question in words."""
    return t(f"quiz.{of.kind}", **_given(of, t))


def _given(of: Question, t: Text) -> dict[str, str]:
    rows, columns = of.shape
    return {
        "n": count(of.n),
        "fan_in": count(columns),
        "fan_out": count(rows),
        "scheme": t(f"scheme.{of.scheme}.name") if of.scheme else "",
        "units": " → ".join(map(str, of.units)),
    }


def choice(of: Question, scheme: str, picked: str | None, t: Text) -> str:
    """Return an option's name once the question is answered: ✓ if right, ✗ if picked and wrong.

    What was picked is bold, which the style sheet fills: another kind of button would lose the focus.
    """
    mark = "✓ " if of.right(scheme) else "✗ " if scheme == picked else ""
    name = mark + t(f"scheme.{scheme}.name")
    return f"**{name}**" if scheme == picked else name


def verdict(of: Question, given: str | float | None, t: Text) -> str:
    """Return what is said to an answer, or to who asked for it: right or not, how it comes about, and why."""
    judged = "" if given is None else t("quiz.right" if of.right(given) else "quiz.wrong")
    said = sentences(f"<b>{judged}</b>" if judged else "", _mistaken(of, given, t), answer(of, t))
    rule = f'<p class="lab-cause">{_rule(of, t)}</p><p class="lab-note">{_counts(of, t)}</p>'
    return f'<div class="lab-judged" role="status"><p class="lab-verdict">{said}</p>{rule}</div>'


def _mistaken(of: Question, given: str | float | None, t: Text) -> str:
    """Return what a wrong answer is: right for something else, if it is a common one, or how far off."""
    if given is None or of.right(given):
        return ""
    if isinstance(given, str):
        of = Question("", given, of.shape)
        return t("quiz.picked", scheme=t(f"scheme.{given}.name"), steps=_steps(of, t))
    kind, scheme = slip(of, given)
    name = t(f"scheme.{scheme}.name") if scheme else ""
    ratio = given / of.exact
    numbers = {
        "was": quantity(given, given, trim=True),
        "ratio": apart(ratio, 1) if ratio > 0.9 else quantity(ratio, ratio, 3),
    }
    return t(f"quiz.slip.{kind}", **_given(of, t) | numbers | {"scheme": name})


def answer(of: Question, t: Text) -> str:
    """Return the exact answer, and how it comes about."""
    numbers = _given(of, t) | _numbers(of)
    if of.units:
        terms = [f"({a} + 1) × {b}" for a, b in zip(of.units, of.units[1:], strict=False)]
        numbers["sums"] = " + ".join(terms)
    elif of.kind != "beyond":
        numbers["steps"] = _steps(of, t)
    return t(f"quiz.{of.kind}_why", **numbers)


def _steps(of: Question, t: Text) -> str:
    """Return a law's wall or std as its rule, with the fans put in, and its value."""
    law = SCHEMES[of.scheme].law(of.shape)
    (of_law,) = law.parameters
    value = quantity(of_law.value, of_law.value, trim=True)
    steps = escape(f"{plain(of_law.symbolic)} = {plain(of_law.numeric)}")
    return t("quiz.wall" if law.family == "uniform" else "quiz.sigma", steps=steps, value=value)


def _numbers(of: Question) -> dict[str, str]:
    if math.isnan(of.exact):
        return {}
    whole = of.kind in {"count", "beyond"}
    write = count if whole else lambda value: quantity(value, value, trim=True)
    exact = expected_count(of.exact) if whole else quantity(of.exact, of.exact, trim=True)
    return {"exact": exact, "low": write(of.low), "high": write(of.high)}


def _rule(of: Question, t: Text) -> str:
    """Return why the law of a scheme is as it is, with this layer's fans."""
    numbers = _given(of, t)
    if of.kind in WHOLE:
        return t(f"quiz.rule.{of.kind}", **numbers)
    family, _, law = of.scheme.partition("_")
    further = t("quiz.rule.uniform") if law == "uniform" and family != "classic" else ""
    return sentences(t(f"quiz.rule.{family}", **numbers), further)


def _counts(of: Question, t: Text) -> str:
    """Return what else counts as right."""
    return t(f"quiz.{of.kind}_counts", percent=f"{100 * ALPHA:g}", **_given(of, t), **_numbers(of))


def guess(of: Question, given: str | float | None, t: Text) -> Overlay | None:
    """Return the law of a wrong answer, to be drawn beside the right one; None where none fits there."""
    if given is None or of.kind in WHOLE or of.right(given):
        return None
    if isinstance(given, str):
        return Overlay(t("quiz.guess"), SCHEMES[given].law(of.shape))
    if not 0 < given <= WIDEST * of.exact:
        return None
    if of.kind == "bound":
        return Overlay(t("quiz.guess"), SCHEMES["uniform"].law(of.shape, a=-given, b=given))
    return Overlay(t("quiz.guess"), SCHEMES["normal"].law(of.shape, std=given))


def guessed(guess: Overlay | None, t: Text) -> str:
    """Return the drawn bounds of a wrong answer in words."""
    if guess is None:
        return ""
    end = guess.law.bands[0].high
    return t("quiz.guess_alt", end=quantity(end, end, trim=True))


def score(right: int, of: int, t: Text) -> str:
    """Return how many questions were answered right at once."""
    return f'<p class="lab-cause">{t("quiz.score", right=right, of=of)}</p>'


def number(typed: str, *, whole: bool = False) -> float:
    """Return the number that was typed, as 0.25, 0,25, 1/4, √(2/64) or 2^-2; nan if it is none.

    Where a ``whole`` number is asked for, 101,770 is a hundred thousand, elsewhere a comma is a decimal one.
    """
    text = re.sub(r"[\s\u202f]", "", typed.translate(HALF_WIDTH).lower())
    if whole:
        text = _THOUSANDS.sub(lambda found: re.sub(r"\D", "", found[0]), text)
    text = re.sub(r"(?<=\d),(?=\d)", ".", text)
    try:
        return number_of(re.sub(r"√(\d+\.?\d*)", r"sqrt(\1)", text))
    except FormulaError:
        return math.nan

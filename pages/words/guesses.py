"""What is asked before a result is revealed, and what is said to a guess: how far off it was."""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Literal

from pages.figures.signal import Guessed, Line
from pages.figures.sketch import Guess, Sketch
from pages.text import Text, sentences
from pages.text.numbers import count, quantity
from pages.words import refusals
from pages.words.lesson_questions import number

#: How close a number is to be called right: people write three digits.
CLOSE = 0.005
#: From which ratio on it is said how many times as large a guess is.
TIMES = 2
#: What a sketch is called among the guesses of a result.
SKETCH = "sketch"


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that is asked: a number, or one of some words; ``name`` tells it from others."""

    name: str
    #: what is asked for, in words
    what: str
    #: the number itself; nan where words are asked for, or where there is none, as ``none`` then says
    exact: float = math.nan
    none: str = ""
    #: what kind of number; of a percentage or a whole one a fraction is no example
    of: Literal["number", "percent", "whole"] = "number"
    #: what there is to choose, by key, and what of it is right
    choices: Mapping[str, str] = field(default_factory=dict)
    right: frozenset[str] = frozenset()
    #: how far the axes go on which it can be sketched; 0 where it cannot
    reach: float = 0.0
    #: what of a sketch answers it
    of_sketch: str = ""
    #: where on the chart's axis of weights a guess is marked, given its number; None where it is not
    at: Callable[[float], Sequence[float]] | None = None


Guesses = Mapping[str, str | tuple[int, ...]]


def sketch(asked: Sequence[Asked], guesses: Guesses) -> Sketch | None:
    """Return what was sketched, if anything was."""
    bars = guesses.get(SKETCH)
    reach = max((each.reach for each in asked), default=0.0)
    return Sketch(reach, bars) if reach and isinstance(bars, tuple) and any(bars) else None


def typed(asked: Asked, guesses: Guesses) -> float:
    """Return the number that was typed; nan if none was, or none that can be read."""
    text = guesses.get(asked.name)
    if not isinstance(text, str) or asked.choices:
        return math.nan
    text = re.sub(r"[%％]\s*$", "", text) if asked.of == "percent" else text
    return number(text, whole=asked.of == "whole")


def unread(asked: Asked, guesses: Guesses, t: Text) -> str:
    """Return why what was typed is no number; '' if it is one, or nothing was."""
    text = str(guesses.get(asked.name, ""))
    if asked.choices or not text.strip() or not math.isnan(typed(asked, guesses)):
        return ""
    return refusals.alert(t("quiz.number", was=text))


def marked(lines: Sequence[Line], asked: Sequence[Asked], guesses: Guesses, t: Text) -> list[Line]:
    """Return lines with the word that was guessed of each, in the phrase at its end."""
    own = words(asked, guesses, t)
    phrases = [own.get(str(line.series)) for line in lines]
    return [
        line._replace(phrase=f"{line.phrase}<br>{was}") if was else line
        for line, was in zip(lines, phrases, strict=True)
    ]


def words(asked: Sequence[Asked], guesses: Guesses, t: Text) -> dict[str, str]:
    """Return which word was guessed of each scheme, by its place, for what stands beside its name."""
    own = ((each.name.rpartition("_")[2], each.choices.get(str(guesses.get(each.name)))) for each in asked)
    return {place: t("guess.marked", was=escape(was)) for place, was in own if was}


def beside(truth: str, asked: Sequence[Asked], guesses: Guesses, t: Text) -> str:
    """Return a number of a table, as HTML, with what was typed of it on its left."""
    typed_ = numbers(asked, guesses)
    guess = f'<span class="lab-guessed">{t("guess.yours")}: {_written(typed_[0])} ▸</span> ' if typed_ else ""
    return guess + truth


def numbers(asked: Sequence[Asked], guesses: Guesses) -> list[float]:
    """Return the numbers that were typed."""
    given = (typed(each, guesses) for each in asked)
    return [number for number in given if not math.isnan(number)]


def of_schemes(asked: Sequence[Asked], guesses: Guesses, unit: float = 1.0) -> list[Guessed]:
    """Return the numbers that were typed, in ``unit``, each with the scheme that it is of."""
    return [
        Guessed(unit * number, int(place) if (place := each.name.rpartition("_")[2]).isdigit() else None)
        for each in asked
        if not math.isnan(number := typed(each, guesses))
    ]


def drawn(asked: Sequence[Asked], guesses: Guesses) -> Guess:
    """Return what is drawn of the guesses over a histogram."""
    numbers = [(each.at, typed(each, guesses)) for each in asked]
    marks = [place for at, given in numbers if at and not math.isnan(given) for place in at(given)]
    return Guess(tuple(marks), sketch(asked, guesses))


def said(asked: Sequence[Asked], guesses: Guesses, t: Text) -> str:
    """Return all guesses beside the truth, as HTML; '' of none."""
    outline = sketch(asked, guesses)
    words = [words for each in asked for words in _said(each, guesses, outline, t)]
    line = f'<p class="lab-guess" role="status">{sentences(*words)}</p>' if words else ""
    return line + "".join(unread(each, guesses, t) for each in asked)


def _said(asked: Asked, guesses: Guesses, outline: Sketch | None, t: Text) -> Iterator[str]:
    """Yield the sentence on one guess; none where nothing was said."""
    given = guesses.get(asked.name)
    if asked.choices:
        if given in asked.choices:
            right = t("guess.or").join(asked.choices[key] for key in asked.choices if key in asked.right)
            key = "guess.right" if given in asked.right else "guess.other"
            facts = {"was": escape(asked.choices[str(given)]), "exact": escape(right)}
            yield t(key, what=escape(asked.what), **facts)
        return
    was, verb = typed(asked, guesses), "guess.said"
    if math.isnan(was) and outline is not None and asked.of_sketch:
        was, verb = getattr(outline, asked.of_sketch), "guess.drew"
    if not math.isnan(was):
        yield t(verb, what=escape(asked.what), was=_written(was), off=_off(asked, was, t))


def _off(asked: Asked, was: float, t: Text) -> str:
    """Say what is true, and how far off a number was."""
    if math.isnan(asked.exact):
        return asked.none
    exact, facts = asked.exact, {"exact": _written(asked.exact)}
    ratio = was / exact if exact else math.nan
    close = was == exact or (exact != int(exact) and abs(ratio - 1) < CLOSE)
    if close or not ratio > 0:
        return t("guess.is", **facts)
    if ratio >= TIMES:
        return t("guess.times", times=quantity(ratio, digits=3, trim=True), **facts)
    percent = quantity(100 * abs(ratio - 1), digits=3, trim=True)
    return t("guess.high" if ratio > 1 else "guess.low", percent=percent, **facts)


def _written(value: float) -> str:
    whole = value == int(value) and abs(value) < 1e9
    return count(value) if whole else quantity(value, value, trim=True)

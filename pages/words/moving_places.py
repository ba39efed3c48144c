"""Where a law's own numbers stand in its words: found by other numbers, put in their place."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from core import InitLabError, Law
from core.weights.scheme_laws import number
from pages.jobs.moving import Asked, followed, is_whole
from pages.words.formulas import formula

#: Numbers that stand nowhere by chance: put into a law, they show where its words have each. An end of the
#: law is put so far out, so that the low one stays below the high one.
_WHOLE, _REAL = (48_611, 51_713, 4_937, 5_279), (0.59107, 0.61223, 0.73459, 0.86113)
_OUT = {"low": -48_611.0, "high": 51_713.0}


def replaced(text: str, by: Mapping[str, str]) -> str:
    """Return the text with others for the parts that are named."""
    for old, new in by.items():
        text = text.replace(old, new)
    return text


class Named(NamedTuple):
    """A law with numbers in place of its own that tell where each stands in its words."""

    #: control → its number as it is written there
    texts: Mapping[str, str]
    law: Law | None


@lru_cache(maxsize=1024)
def with_names(asked: Asked, names: tuple[str, ...]) -> Named:
    """Return a law with other numbers for those of the controls that can be seen in its formula."""
    seen = tuple(name for name in names if _named(asked, (name,)).law)
    return _named(asked, seen) if seen else Named({}, None)


def _named(asked: Asked, names: tuple[str, ...]) -> Named:
    """Return a law with other numbers for these controls, if with their own its formula is as it stands."""
    whole = iter(_WHOLE)
    others: dict[str, float] = {
        name: next(whole) if is_whole(name) else x for name, x in zip(sorted(names), _REAL, strict=False)
    }
    try:
        law = asked.law()
        others |= _out(asked, names, law)
        other = asked.law(**others)
    except InitLabError:
        return Named({}, None)
    texts = {name: written(x) for name, x in others.items()}
    words = formula(other)
    now = {text: written(asked.number(name)) for name, text in texts.items()}
    head, value, tail = split(words, other)
    stands = replaced(head, now) + (value_in(law) if value else "") + tail == formula(law)
    return Named(texts, other) if stands and all(words.count(text) == 1 for text in now) else Named({}, None)


def _out(asked: Asked, names: tuple[str, ...], law: Law) -> dict[str, float]:
    """Return a place outside the law for each control that is an end of it."""
    sides = {name: how.side for name in names if (how := followed(asked, name))}
    ends = dict(zip(("low", "high"), law.support, strict=True))
    return {name: ends[side] + _OUT[side] for name, side in sides.items() if side in _OUT}


def written(x: float) -> str:
    """Write a number as formulas have it."""
    return str(int(x)) if x == int(x) and abs(x) >= 1e6 else number(x)


def value_in(law: Law) -> str:
    """Return a law's first number as its formula ends with it."""
    return number(float(f"{law.parameters[0].value:.4g}"))


def split(words: str, law: Law) -> tuple[str, str, str]:
    """Return a formula before the value that it ends with, that value, and what closes it."""
    end = rf"\;{value_in(law)}$"
    if not words.endswith("=}" + end):
        return words, "", ""
    return words[: -len(value_in(law)) - 1], value_in(law), "$"

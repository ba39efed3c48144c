"""What a wrong answer to a question would have been right for: the commonest errors, by their formulas."""

import math
from collections.abc import Iterator

from ..weights.schemes import SCHEMES
from .quiz import Question

#: How far an answer may be from an error's own number, as people write three digits.
CLOSE = 0.005
#: Shares of a normal law beyond the error's bound: ±2σ, ±σ, and one side alone of ±3σ.
_SHARES = {
    "two": math.erfc(2 / math.sqrt(2)),
    "one": math.erfc(1 / math.sqrt(2)),
    "side": math.erfc(3 / math.sqrt(2)) / 2,
}


def slip(of: Question, answer: float) -> tuple[str, str]:
    """Return the error that gives this wrong answer, and the scheme whose number it is or ''.

    The errors are ``fans``, one fan in the other's place; ``scheme``, another one's number; ``std`` and
    ``wall``, one for the other; ``square``, a root left out; ``one``, ``two`` and ``side``, the weights
    beyond ±σ, ±2σ, or on one side; ``weights``, parameters without biases. ``none`` is any other.
    """
    for kind, scheme, number in _slips(of):
        if math.isclose(answer, number, rel_tol=0.0 if of.units else CLOSE) and not of.right(number):
            return kind, scheme
    return "none", ""


def _slips(of: Question) -> Iterator[tuple[str, str, float]]:
    if of.kind == "count":
        yield "weights", "", float(sum(a * b for a, b in zip(of.units, of.units[1:], strict=False)))
    elif of.kind == "beyond":
        yield from ((kind, "", of.n * share) for kind, share in _SHARES.items())
    elif of.kind in {"bound", "std"}:
        yield from _slips_of_law(of)


def _slips_of_law(of: Question) -> Iterator[tuple[str, str, float]]:
    """Yield errors about a wall or a std."""
    yield "fans", of.scheme, _value(of.scheme, (of.shape[1], of.shape[0]))
    ending = of.scheme.rpartition("_")[2]
    for scheme in ("kaiming", "xavier", "classic"):
        key = f"{scheme}_{ending}"
        if key in SCHEMES and key != of.scheme:
            yield "scheme", key, _value(key, of.shape)
    other, factor = ("std", 1 / math.sqrt(3)) if of.kind == "bound" else ("wall", math.sqrt(3))
    yield other, "", of.exact * factor
    yield "square", "", of.exact**2


def _value(scheme: str, shape: tuple[int, int]) -> float:
    """Return the wall of a uniform law, the std of a normal one."""
    return SCHEMES[scheme].law(shape).parameters[0].value

"""What is pasted from a model: ``nn.LeakyReLU(0.2)``, called or not, and ``inplace``, of no effect."""

from collections.abc import Mapping
from inspect import signature
from itertools import pairwise

from torch import nn

from .formula_functions import ALIASES, FUNCTIONS, VARIABLES

Word = tuple[str, int]

#: torch's modules that are one of a formula's functions, by that function's name.
MODULES: Mapping[str, str] = {"Identity": "linear"} | {
    kind: name
    for name in FUNCTIONS
    for kind in dir(nn)
    if kind.lower() == name.replace("_", "") and name != "linear"
}
#: What torch can compute in its input's place.
_IN_PLACE = {name for kind, name in MODULES.items() if "inplace" in signature(getattr(nn, kind)).parameters}


def as_functions(words: list[Word]) -> list[Word]:
    """Return the words with each module as a function of what it is called with, or else of z."""
    for i, (word, at) in enumerate(words):
        if word not in MODULES:
            continue
        before, after = [*words[:i], (MODULES[word], at)], words[i + 1 :]
        end = _end(after)
        if not end:  # its brackets are wrong, or it has none
            return [*before, *as_functions(after)]
        made, rest = after[1 : end - 1], after[end:]
        of, called = [("z", at)], _end(rest)
        if called:
            of, rest = rest[1 : called - 1], rest[called:]
        elif any(word in VARIABLES for word, _ in made):  # meant as a function
            of, made = made, []
        comma = [(",", at)] if made and of else []
        brackets = after[0], after[end - 1]
        return [*before, brackets[0], *as_functions(of), *comma, *made, brackets[1], *as_functions(rest)]
    return words


def _end(words: list[Word]) -> int:
    """Return how many words a bracket that begins there takes; 0 if none does, or it does not end."""
    depth = 0
    for i, (word, _) in enumerate(words):
        depth += (word == "(") - (word == ")")
        if depth == 0:
            return i + 1 if i else 0
    return 0


def without_inplace(words: list[Word]) -> list[Word]:
    """Return the words without ``inplace=True``, or the True that comes last, of functions that take it."""
    kept: list[Word] = []
    opened: list[str] = []
    skipping = False
    for (word, at), (following, _) in pairwise([*words, ("", 0)]):
        left = kept[-1][0] if kept else ""
        if skipping and word == ",":
            skipping = False
            continue
        skipping = False
        named = left == "inplace="
        if word in {"True", "False"} and opened and opened[-1] in _IN_PLACE and (named or following == ")"):
            del kept[len(kept) - named :]
            if kept[-1][0] == ",":
                kept.pop()
            else:
                skipping = True
            continue
        if word == "(":
            opened.append(ALIASES.get(left, left))
        elif word == ")" and opened:
            opened.pop()
        kept.append((word, at))
    return kept

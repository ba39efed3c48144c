"""A formula as it was typed: its words, and what is wrong with them, at which character."""

import ast
import math
import re
from itertools import pairwise
from typing import Any, cast

from torch import Tensor

from ..errors import FormulaError
from ..table import written
from .formula_functions import (
    CALLED,
    CONSTANTS,
    NAMES,
    OPERATORS,
    TORCH,
    VARIABLES,
)
from .formula_modules import MODULES

#: Characters of one formula.
MAX_CHARS = 200
#: Brackets within brackets, and operations within operations.
MAX_DEPTH = 32
#: Precedence in LaTeX, lowest first: a sum, a leading −, a product, a power or call, a letter.
SUM, SIGNED, PRODUCT, POWER, ATOM = range(5)
#: What stands around an argument without brackets, and the precedence of the result.
AROUND = {
    "exp": ("e^{", "}", POWER),
    "sqrt": (r"\sqrt{", "}", ATOM),
    "rsqrt": (r"\frac{1}{\sqrt{", "}}", POWER),
    "abs": (r"\left|", r"\right|", ATOM),
}
#: A number, a name before = as one word (the only one that takes a text, with it), a name, or a mark.
_WORD = re.compile(
    r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
    r"|approximate *= *(?:'(?:tanh|none)'|\"(?:tanh|none)\")|[A-Za-z_]\w* *=(?!=)"
    r"|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*|\*\*|[-+*/(),]",
    re.ASCII,
)
#: Where torch keeps its functions, and where those of the same name and meaning are kept.
HOME = re.compile(
    r"(?:np|numpy|jnp|jax\.numpy|math|torch\.nn\.functional|nn\.functional|torch\.special|torch\.nn|torch|nn|F)\.(?=\w+$)"
)


#: Characters that mean what these words of ASCII mean, also those of a Chinese keyboard.
_KIN = {
    "^": ["**"],
    "²": ["**", "2"],
    "³": ["**", "3"],
    "−": ["-"],
    "–": ["-"],
    "×": ["*"],
    "·": ["*"],
    "⋅": ["*"],
    "÷": ["/"],
    "π": ["pi"],
    "√": ["sqrt"],
    "σ": ["sigmoid"],
    "（": ["("],
    "）": [")"],
    "，": [","],
}


def checked_length(text: str, written_out: str) -> None:
    """Refuse a formula that is too long."""
    if len(written_out) > MAX_CHARS:
        raise FormulaError("formula.long", text=text[:MAX_CHARS], length=len(written_out), most=MAX_CHARS)


def value_of(tree: ast.expr, z: Tensor) -> Any:
    """Return what a translated tree makes of z, in z's dtype and on its device; a number, of a number."""
    match tree:
        case ast.Constant(value=number):
            return number
        case ast.Name():
            return z
        case ast.UnaryOp(operand=u):
            return -value_of(u, z)
        case ast.BinOp(left=u, op=op, right=v):
            return OPERATORS[type(op)](value_of(u, z), value_of(v, z))
    call = cast("ast.Call", tree)
    bounds = {str(bound.arg): value_of(bound.value, z) for bound in call.keywords}
    return TORCH[cast("ast.Name", call.func).id](*(value_of(u, z) for u in call.args), **bounds)


def words_in(text: str) -> list[tuple[str, int]]:
    """Return the words of a text in ASCII, each with where it begins."""
    words: list[tuple[str, int]] = []
    bars = 0  # of |z| that are open
    at = 0
    while at < len(text):
        kin, found = _KIN.get(text[at]), _WORD.match(text, at)
        if text[at] == "|":
            closes = bars > 0 and _is_complete(words[-1][0])
            bars += -1 if closes else 1
            words += [(")", at)] if closes else [("abs", at), ("(", at)]
        elif kin:
            words += [(word, at) for word in kin]
        elif found:
            words.append((_spelt(found[0]), at))
        elif text[at] != " " and not re.match(r"\\[a-z]", text[at:]):  # LaTeX's \max
            raise FormulaError("formula.character", text=text, word=text[at], at=at)
        at = found.end() if found else at + 1
    return words


def _spelt(word: str) -> str:
    """Return a word without torch's module before it, or with = close to it."""
    bare = HOME.sub("", word)
    return bare if bare in (*CALLED, *CONSTANTS, *MODULES) else word.replace(" ", "").replace('"', "'")


def checked_formula(text: str, words: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the words as Python's grammar has them, once they are known to make a formula."""
    if not words:
        raise FormulaError("formula.empty", text=text)
    _check_words(text, words)
    _check_neighbours(text, words)
    _check_brackets(text, words)
    checked, left = [], ""
    for word, at in words:
        if word in VARIABLES:
            checked.append(("z", at))
        elif _is_number(word):
            checked.append((written(float(word)), at))
        elif word != "+" or _is_complete(left):  # a sign + says nothing
            checked.append((word, at))
        left = word
    return checked


def _check_words(text: str, words: list[tuple[str, int]]) -> None:
    variable = next((word for word, _ in words if word in VARIABLES), "")
    for word, at in words:
        if _is_number(word):
            if math.isinf(float(word)):
                raise FormulaError("formula.number", text=text, word=word, at=at)
        elif (word[0].isalpha() or word[0] == "_") and "=" not in word and word not in (*NAMES, *VARIABLES):
            raise FormulaError("formula.name", text=text, word=word, at=at, names=NAMES)
        elif word in VARIABLES and word != variable:
            raise FormulaError("formula.variables", text=text, left=variable, right=word, at=at)


def _check_neighbours(text: str, words: list[tuple[str, int]]) -> None:
    """Check that between two operands there is one operator, and between two operators an operand."""
    end = ("", len(text))
    before = ""
    for (left, start), (right, at) in pairwise([end, *words, end]):
        if left in CALLED and right != "(":
            raise FormulaError("formula.call", text=text, word=left, at=start)
        begins = bool(right) and right[0] not in "+-*/,)"
        if _is_complete(left) and begins:
            raise FormulaError("formula.operator", text=text, left=left, right=right, at=at)
        no_arguments = left == "(" and right == ")" and before in CALLED
        if left not in CALLED and not (_is_complete(left) or begins or right in {"+", "-"} or no_arguments):
            raise FormulaError("formula.operand", text=text, left=left, right=right, at=at)
        before = left


def _check_brackets(text: str, words: list[tuple[str, int]]) -> None:
    """Check that brackets are closed, not too deep, and that commas stand in a function's own alone."""
    opened: list[tuple[int, bool]] = []
    left = ""
    for word, at in words:
        if word == "(":
            opened.append((at, left in CALLED))
            if len(opened) > MAX_DEPTH:
                raise FormulaError("formula.deep", text=text, at=at, most=MAX_DEPTH)
        elif word == ")":
            if not opened:
                raise FormulaError("formula.bracket", text=text, word=word, at=at)
            opened.pop()
        elif "=" in word and not (left in {"(", ","} and opened and opened[-1][1]):
            raise FormulaError("formula.character", text=text, word="=", at=text.index("=", at))
        elif word == "," and not (opened and opened[-1][1]):
            raise FormulaError("formula.comma", text=text, at=at)
        left = word
    if opened:
        raise FormulaError("formula.bracket", text=text, word="(", at=opened[-1][0])


def _is_number(word: str) -> bool:
    return word[0].isdigit() or word[0] == "."


def _is_complete(word: str) -> bool:
    """Tell whether an operand may end with this word."""
    named = word in (*VARIABLES, *CONSTANTS) or word.endswith(("'", ")"))
    return named or (word != "" and _is_number(word))

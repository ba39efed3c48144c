"""An activation from its key, or from a formula that a visitor typed; parsed, never evaluated as code.

A formula becomes words, the words a tree of Python's own grammar, and that a tree of PyTorch's calls. The
last one both computes the activation and, written out, is its code.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import elementwise
from torch import Tensor
from torch.nn import functional as F

from core.errors import FormulaError
from core.signals.activations import ACTIVATIONS, Activation
from core.table import written

#: Characters of one formula.
MAX_CHARS = 200
#: Brackets within brackets, and operations within operations.
MAX_DEPTH = 32
#: The largest exponent.
MAX_POWER = 16
#: Places where one activation may bend.
MAX_BREAKS = 64

#: Within ±INNER an activation and its slope are finite; further out an exponential may leave the doubles.
INNER = 50.0
#: Poles, and places where it bends, are looked for up to here.
OUTER = 1e4


@dataclass(frozen=True, slots=True)
class _Function:
    """One of torch's functions: of u, and of parameters that are numbers."""

    #: how a PyTorch file calls it; '' for z itself
    code: str
    function: Callable[..., Tensor]
    #: where it bends or jumps in u: places, or what its parameters make of them
    breaks: tuple[float, ...] | Callable[..., tuple[float, ...]] = ()
    #: its parameters by torch's names, with torch's defaults; None where there is none
    parameters: Mapping[str, float | None] = field(default_factory=dict)
    #: whether torch has it with these parameters
    has: Callable[..., bool] = lambda *_: True
    #: whether it jumps with these parameters
    jumps: Callable[..., bool] = lambda *_: False

    def filled(self, given: list[float]) -> list[float]:
        """Return the values of all parameters, of which these are given."""
        return [*given, *list(self.parameters.values())[len(given) :]]  # type: ignore[list-item]

    def places(self, given: list[float]) -> tuple[float, ...]:
        """Return where it bends or jumps with the parameters given."""
        return self.breaks if isinstance(self.breaks, tuple) else self.breaks(*self.filled(given))


#: Name → function; what an activation is called alone is its row.
_FUNCTIONS: Mapping[str, _Function] = (
    {
        name: _Function(f"torch.{name}", getattr(torch, name))
        for name in ("exp", "expm1", "log", "log1p", "sqrt", "rsqrt", "square", "sin", "cos", "sinc")
    }
    | {name: _Function(f"torch.{name}", getattr(torch, name)) for name in ("sinh", "cosh", "asinh", "atan")}
    | {key: _Function(row.code, row.function, row.breaks) for key, row in ACTIVATIONS.items()}
    | {
        "abs": _Function("torch.abs", torch.abs, (0.0,)),
        "sign": _Function("torch.sign", torch.sign, (0.0,), jumps=lambda: True),
        "gelu_tanh": _Function("F.gelu", partial(F.gelu, approximate="tanh")),
        "relu6": _Function("F.relu6", F.relu6, (0.0, 6.0)),
        "hardsigmoid": _Function("F.hardsigmoid", F.hardsigmoid, (-3.0, 3.0)),
        "hardswish": _Function("F.hardswish", F.hardswish, (-3.0, 3.0)),
        "logsigmoid": _Function("F.logsigmoid", F.logsigmoid),
        "tanhshrink": _Function("F.tanhshrink", F.tanhshrink),
        "leaky_relu": _Function("F.leaky_relu", F.leaky_relu, (0.0,), {"negative_slope": 0.01}),
        "elu": _Function("F.elu", F.elu, (0.0,), {"alpha": 1}),
        "celu": _Function("F.celu", F.celu, (0.0,), {"alpha": 1}, has=lambda alpha: alpha != 0),
        "hard_tanh": _Function(
            "F.hardtanh",
            F.hardtanh,
            lambda low, high: (low, high),
            {"min_val": -1, "max_val": 1},
            has=lambda low, high: low <= high,
        ),
        # above its threshold it is u itself, which is e^−threshold off; torch's own 2e-9 is let be
        "softplus": _Function(
            "F.softplus",
            F.softplus,
            lambda beta, threshold: (threshold / beta,),
            {"beta": 1, "threshold": 20},
            has=lambda beta, threshold: beta != 0,  # noqa: ARG005
            jumps=lambda beta, threshold: threshold < 20,  # noqa: ARG005
        ),
        "softshrink": _Function(
            "F.softshrink", F.softshrink, lambda b: (-b, b), {"lambd": 0.5}, has=lambda b: b >= 0
        ),
        "hardshrink": _Function(
            "F.hardshrink", F.hardshrink, lambda b: (-b, b), {"lambd": 0.5}, jumps=lambda b: b > 0
        ),
        "threshold": _Function(
            "F.threshold",
            F.threshold,
            lambda at, value: (at,),  # noqa: ARG005
            {"threshold": None, "value": None},
            jumps=lambda at, value: at != value,
        ),
    }
)
#: Name → its arguments by torch's names, and how many of them a formula must give.
_SIGNATURES: Mapping[str, tuple[tuple[str, ...], int]] = {
    name: (("input", *f.parameters), 1 + list(f.parameters.values()).count(None))
    for name, f in _FUNCTIONS.items()
} | {"min": (("input", "other"), 2), "max": (("input", "other"), 2), "clip": (("input", "min", "max"), 2)}
#: Other names that torch, or its users, have for them.
_ALIASES = {
    "swish": "silu",
    "hardtanh": "hard_tanh",
    "clamp": "clip",
    "minimum": "min",
    "maximum": "max",
    "arctan": "atan",
    "arcsinh": "asinh",
    "sgn": "sign",
}
_CALLED = (*_SIGNATURES, *_ALIASES)
_CONSTANTS = {"pi": math.pi, "e": math.e}
_VARIABLES = ("z", "x")
#: Every name that a formula may hold; before a function's may stand ``F.``, ``torch.`` and their like.
NAMES = ("z", *_CONSTANTS, *_CALLED)

#: What computes each call of the tree that ``_Translation`` makes.
_TORCH: dict[str, Callable[..., Tensor]] = {f.code: f.function for f in _FUNCTIONS.values()}
_TORCH |= {"torch.clamp": torch.clamp, "torch.maximum": torch.maximum, "torch.minimum": torch.minimum}
_TORCH |= {"F.gelu": F.gelu}
_OPERATORS: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
#: How firmly LaTeX holds together: a sum, what begins with −, a product, a power or call, a letter.
_SUM, _SIGNED, _PRODUCT, _POWER, _ATOM = range(5)
_LATEX = {
    "log": r"\ln",
    "sin": r"\sin",
    "cos": r"\cos",
    "sinh": r"\sinh",
    "cosh": r"\cosh",
    "sign": r"\operatorname{sgn}",
    "asinh": r"\operatorname{arsinh}",
    "tanh": r"\tanh",
    "sigmoid": r"\sigma",
    "atan": r"\arctan",
    "min": r"\min",
    "max": r"\max",
}
#: What stands around an argument without brackets, and how firmly that holds together.
_AROUND = {
    "exp": ("e^{", "}", _POWER),
    "sqrt": (r"\sqrt{", "}", _ATOM),
    "rsqrt": (r"\frac{1}{\sqrt{", "}}", _POWER),
    "abs": (r"\left|", r"\right|", _ATOM),
}

#: A number, a name before = as one word (the only one that takes a text, with it), a name, or a mark.
_WORD = re.compile(
    r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
    r"|approximate *= *(?:'(?:tanh|none)'|\"(?:tanh|none)\")|[A-Za-z_]\w* *=(?!=)"
    r"|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*|\*\*|[-+*/(),]",
    re.ASCII,
)
#: Where torch keeps its functions.
_HOME = re.compile(r"(?:torch\.nn\.functional|nn\.functional|torch\.special|torch|F)\.(?=\w+$)")
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
    "（": ["("],
    "）": [")"],
    "，": [","],
}

Array = NDArray[np.float64]
_Z = ast.Name("z")
_ZERO = ast.Constant(0)
#: Steps of 0.0024 about 0 that grow with |z|.
_GRID: Array = np.sinh(np.linspace(-math.asinh(OUTER), math.asinh(OUTER), 8193))
#: Places to name to a reader: whole numbers first, the nearest to 0 first.
_SHOWN: Array = np.concatenate([sorted(np.arange(-INNER, INNER + 1), key=abs), sorted(_GRID, key=abs)])


def activation_of(text: str) -> Activation:
    """Return the activation called ``text``, or the one that this formula of z describes.

    A formula holds z (or x, for z), numbers, pi, e, ``+ - * / ^``, brackets, and the functions of
    ``NAMES``, with torch's arguments in torch's order or by torch's names: ``F.softplus(z, beta=100)``;
    all but a function's first are numbers. A function's name alone is that function of z. Its
    activation's ``key`` is the formula in one way of writing, whose activation has the same key;
    ``breaks`` are all places up to ±``OUTER`` where one of its functions bends, also where the whole does
    not. A part of it may jump (``sign``, ``hardshrink``, ``threshold``) where the
    whole does not, to a billionth of what it is nearby.

    Raises:
        FormulaError: if the text cannot be read (``facts["at"]`` counts its characters from 0), or what
            it says is no activation: constant, undefined or infinite somewhere, or with a jump, an infinite
            slope or more than ``MAX_BREAKS`` bends. Poles are looked for up to ±``OUTER``; beyond ±``INNER``
            the result may overflow to inf or, of two that do, be nan.
    """
    if not isinstance(text, str):
        raise FormulaError("formula.type", kind=type(text).__name__)
    _check_length(text, text)
    name = _HOME.sub("", text.strip(" "))
    name = _ALIASES.get(name, name)
    return ACTIVATIONS.get(name) or _built(f"{name}(z)" if name in _FUNCTIONS else text)


@lru_cache(maxsize=512)
def _built(text: str) -> Activation:
    translation = _Translation(text)
    tree, key = translation.tree, _plain(translation.formula)
    _check_length(text, key)
    phi = Activation(
        key=key,
        function=partial(_value, tree),
        code=f"(lambda z: {ast.unparse(tree)})",
        formula=_latex(translation.formula)[0],
        source="",
        breaks=translation.breaks(),
    )
    inner = torch.from_numpy(np.concatenate([_SHOWN[abs(_SHOWN) <= INNER], phi.breaks]))
    value, slope = phi.function(inner), phi.derivative(inner)
    for code, found in (("formula.value", value), ("formula.slope", slope)):
        if not found.isfinite().all():
            raise FormulaError(code, text=text, part=phi.key, z=float(inner[~found.isfinite()][0]))
    if float(value.max() - value.min()) <= 1e-12 * float(value.abs().max()):
        raise FormulaError("formula.constant", text=text)
    return phi


def _check_length(text: str, written_out: str) -> None:
    if len(written_out) > MAX_CHARS:
        raise FormulaError("formula.long", text=text[:MAX_CHARS], length=len(written_out), most=MAX_CHARS)


def _value(tree: ast.expr, z: Tensor) -> Any:
    """Return what a translated tree makes of z, in z's dtype and on its device; a number, of a number."""
    match tree:
        case ast.Constant(value=number):
            return number
        case ast.Name():
            return z
        case ast.UnaryOp(operand=u):
            return -_value(u, z)
        case ast.BinOp(left=u, op=op, right=v):
            return _OPERATORS[type(op)](_value(u, z), _value(v, z))
    call = cast("ast.Call", tree)
    bounds = {str(bound.arg): _value(bound.value, z) for bound in call.keywords}
    return _TORCH[cast("ast.Name", call.func).id](*(_value(u, z) for u in call.args), **bounds)


class _Translation:
    """One formula as PyTorch's calls, and what must hold for them.

    ``formula`` is the tree as read. ``tree`` is its translation, in which z is ``_Z`` and what does not
    depend on z a number.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        words = _checked(text, _words(text))
        #: place in the source that Python's parser sees → place in the text
        self._at: dict[int, int] = {}
        source = ""
        for word, at in words:
            self._at[len(source)] = at
            source += f"{word} "
        try:
            self.formula = ast.parse(source.rstrip(), mode="eval").body
        except SyntaxError:  # all that is left to be wrong
            raise FormulaError("formula.names", text=text) from None
        #: what must not be 0: as translated and as read
        self._divisors: list[tuple[ast.expr, ast.expr]] = []
        #: what must not be negative; the call or power it is in; the code of what happens at 0, if any
        self._domains: list[tuple[ast.expr, ast.expr, ast.expr, str]] = []
        #: what bends where its two sides meet; whether also where they only touch
        self._bends: list[tuple[ast.expr, ast.expr, bool]] = []
        #: whether a part of it jumps
        self._jumps = False
        self.tree = self._translated(self.formula)
        if isinstance(self.tree, ast.Constant):
            raise FormulaError("formula.constant", text=text)

    def _translated(self, node: ast.expr, depth: int = 1) -> ast.expr:
        if depth > MAX_DEPTH:
            at = self._at[node.col_offset]
            raise FormulaError("formula.deep", text=self.text, at=at, most=MAX_DEPTH)
        match node:
            case ast.Constant():
                return node
            case ast.Name(id=name):
                return ast.Constant(_CONSTANTS[name]) if name in _CONSTANTS else _Z
            case ast.UnaryOp(op=ast.USub(), operand=u):
                parts = [u]
            case ast.BinOp(left=u, right=v):
                parts = [u, v]
            case ast.Call(func=ast.Name()):
                self._bind(node)
                name, parts = cast("ast.Name", node.func).id, node.args
            case _:  # no words that _checked lets through make another
                raise TypeError(ast.dump(node))
        inner = [self._translated(part, depth + 1) for part in parts]
        numbers = _numbers(inner)
        if isinstance(node, ast.Call):
            self._check_parameters(node, name, inner[1:])
        if len(numbers) < len(inner):
            self._note(node, parts, inner)
            return _operation(node, inner)
        # a number: the operation on the first of its numbers, in doubles as for any z
        first = torch.tensor(numbers[0], dtype=torch.float64)
        number = float(_value(_operation(node, [_Z, *inner[1:]]), first))
        if not math.isfinite(number):
            at = self._at[node.col_offset]
            raise FormulaError("formula.number", text=self.text, word=_plain(node), at=at)
        return _number(number)

    def _bind(self, node: ast.Call) -> None:
        """Put a call's arguments in torch's order, without their names; a clip at one end is max or min."""
        called, at = cast("ast.Name", node.func), self._at[node.col_offset]
        typed, called.id = called.id, _ALIASES.get(called.id, called.id)
        if called.id == "gelu" and node.keywords and node.keywords[0].arg == "approximate":
            how = cast("ast.Constant", node.keywords.pop(0).value).value
            called.id = "gelu_tanh" if how == "tanh" else "gelu"
        names, least = _SIGNATURES[called.id]
        given = dict(zip(names, node.args, strict=False))
        for keyword in node.keywords:
            if keyword.arg not in names or keyword.arg in given:
                word = str(keyword.arg)
                raise FormulaError(
                    "formula.keyword", text=self.text, word=typed, argument=word, names=names, at=at
                )
            given[keyword.arg] = keyword.value
        found, missing = len(node.args) + len(node.keywords), set(names[:least]) - set(given)
        if called.id == "clip":
            missing = {"min"} if len(given) < least else {"input"} - set(given)
        if found > len(names) or missing:
            most = len(names)
            expected = least if least == most else f"{least}–{most}"
            raise FormulaError(
                "formula.arguments", text=self.text, word=typed, at=at, expected=expected, found=found
            )
        if called.id == "clip" and len(given) == 2:
            called.id = "max" if "min" in given else "min"
        elif called.id in _FUNCTIONS:
            defaults = _FUNCTIONS[called.id].parameters
            last = max(names.index(name) for name in given)
            for name in names[: last + 1]:
                if name not in given:
                    given[name] = ast.copy_location(ast.Constant(defaults[name]), node)
        node.args, node.keywords = [given[name] for name in names if name in given], []

    def _check_parameters(self, node: ast.Call, name: str, others: list[ast.expr]) -> None:
        """Check that the arguments of a function after its first are numbers that torch takes."""
        if name == "clip":
            self._check_bounds(node, others)
        if name not in _FUNCTIONS:
            return
        function, numbers = _FUNCTIONS[name], _numbers(others)
        if len(numbers) < len(others) or not function.has(*function.filled(numbers)):
            word, at = _plain(node), self._at[node.col_offset]
            raise FormulaError("formula.parameter", text=self.text, word=word, function=name, at=at)

    def _check_bounds(self, node: ast.expr, bounds: list[ast.expr]) -> None:
        numbers = _numbers(bounds)
        if len(numbers) < 2 or numbers[0] >= numbers[1]:
            at = self._at[node.col_offset]
            raise FormulaError("formula.bounds", text=self.text, word=_plain(node), at=at)

    def _note(self, node: ast.expr, parts: list[ast.expr], inner: list[ast.expr]) -> None:
        """Note what must hold for this operation, and where it bends."""
        match node:
            case ast.BinOp(op=ast.Div()):
                self._divisors.append((inner[1], parts[1]))
            case ast.BinOp(op=ast.Pow()):
                self._note_power(node, parts, inner)
            case ast.Call(func=ast.Name(id="log" | "sqrt" | "rsqrt" as name)):
                at_zero = "formula.slope" if name == "sqrt" else "formula.undefined"
                self._domains.append((inner[0], parts[0], node, at_zero))
            case ast.Call(func=ast.Name(id="log1p")):
                u, part = (ast.BinOp(of, ast.Add(), ast.Constant(1)) for of in (inner[0], parts[0]))
                self._domains.append((u, part, node, "formula.undefined"))
            case ast.Call(func=ast.Name(id="min" | "max")):
                self._bends.append((inner[0], inner[1], False))
            case ast.Call(func=ast.Name(id="clip")):
                self._bends += [(inner[0], bound, False) for bound in inner[1:]]
            case ast.Call(func=ast.Name(id=name)):
                function, numbers = _FUNCTIONS[name], _numbers(inner[1:])
                jumps = function.jumps(*function.filled(numbers))
                self._jumps = self._jumps or jumps
                places = function.places(numbers)
                self._bends += [(inner[0], ast.Constant(place), jumps) for place in places]

    def _note_power(self, node: ast.expr, parts: list[ast.expr], inner: list[ast.expr]) -> None:
        base, exponent = inner
        word, at = _plain(parts[1]), self._at[parts[1].col_offset]
        if not isinstance(exponent, ast.Constant):
            if any(number > 0 for number in _numbers([base])):
                return
            raise FormulaError("formula.exponent", text=self.text, word=word, at=at)
        power = cast("float", exponent.value)
        if abs(power) > MAX_POWER:
            raise FormulaError("formula.power", text=self.text, word=word, at=at, most=MAX_POWER)
        if power < 0:
            self._divisors.append((base, parts[0]))
        if power % 1:
            self._domains.append((base, parts[0], node, "formula.slope" if 0 < power < 1 else ""))
            self._bends.append((base, _ZERO, True))

    def breaks(self) -> tuple[float, ...]:
        """Return where the activation bends, ascending.

        Raises:
            FormulaError: if a part of it is undefined somewhere, or there are too many.
        """
        places = self._places() if self._jumps else []
        self._check_jumps(places)
        for u, part, whole, at_zero in self._domains:
            self._check_domain(u, part, whole, at_zero)
        for u, part in self._divisors:
            self._check_divisor(u, part)
        return tuple(places or self._places())

    def _places(self) -> list[float]:
        """Return where a part of it bends or jumps, ascending."""
        places: list[float] = []
        for u, v, touching in self._bends:
            crossed, touched = _meetings(u, v)
            places = _apart([*places, *crossed, *(touched if touching else [])])
            if len(places) > MAX_BREAKS:
                raise FormulaError("formula.breaks", text=self.text, most=MAX_BREAKS)
        return places

    def _check_jumps(self, places: list[float]) -> None:
        """Check that the whole does not jump: then its gap over ten steps is ten times that over one."""
        for place in places:
            step = 1e-12 * max(1.0, abs(place))
            at = place + np.array([-10 * step, -step, 0, step, 10 * step, -1, 1])
            values = _gap(self.tree, _ZERO, at).tolist()
            gap, wide = (max(part) - min(part) for part in (values[1:4], values[:5]))
            # a billionth of what it is nearby is none: so far goes rounding
            if gap > 1e-9 * max(map(abs, values)) and gap > wide / 2:
                raise FormulaError("formula.jump", text=self.text, z=place)

    def _check_domain(self, u: ast.expr, part: ast.expr, whole: ast.expr, at_zero: str) -> None:
        below = _SHOWN[_gap(u, _ZERO, _SHOWN) < 0].tolist()
        # a sign that changes twice between two places of the grid leaves no negative one there
        zeros = _zeros(u) if at_zero else _meetings(u, _ZERO)[0]
        if zeros and not below and at_zero == "formula.slope":
            raise FormulaError("formula.slope", text=self.text, part=_plain(whole), z=zeros[0])
        if undefined := [*below, *zeros]:
            value = float(_gap(u, _ZERO, np.array(undefined[:1]))[0])
            raise FormulaError(
                "formula.undefined",
                text=self.text,
                part=_plain(whole),
                argument=_plain(part),
                z=undefined[0],
                value=value,
            )

    def _check_divisor(self, u: ast.expr, part: ast.expr) -> None:
        if zeros := _zeros(u):
            raise FormulaError("formula.division", text=self.text, part=_plain(part), z=zeros[0])


def _operation(node: ast.expr, inner: list[ast.expr]) -> ast.expr:  # noqa: PLR0911 - one for each kind
    """Return the node's operation on ``inner`` as PyTorch writes it; not all of them are numbers."""
    match node:
        case ast.UnaryOp(op=op):
            return ast.UnaryOp(op, *inner)
        case ast.BinOp(op=ast.Pow()) if isinstance(inner[0], ast.Constant) and inner[0].value == math.e:
            return _call("torch.exp", inner[1])
        case ast.BinOp(op=op):
            return ast.BinOp(inner[0], op, inner[1])
    name = cast("ast.Name", cast("ast.Call", node).func).id
    if name == "clip":
        return _call("torch.clamp", inner[0], min=inner[1], max=inner[2])
    if name in {"min", "max"}:
        u, v = inner[::-1] if isinstance(inner[0], ast.Constant) else inner
        if isinstance(v, ast.Constant):
            return _call("torch.clamp", u, **{"min" if name == "max" else "max": v})
        return _call(f"torch.{name}imum", u, v)
    if name == "gelu_tanh":
        return _call("F.gelu", *inner, approximate=ast.Constant("tanh"))
    code = _FUNCTIONS[name].code
    return _call(code, *inner) if code else inner[0]


def _call(code: str, *of: ast.expr, **bounds: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(code), list(of), [ast.keyword(name, bound) for name, bound in bounds.items()])


def _number(value: float) -> ast.Constant:
    """Return a number to be written 2, not 2.0."""
    return ast.Constant(int(value) if value.is_integer() and abs(value) < 1e15 else value)


def _numbers(nodes: list[ast.expr]) -> list[float]:
    return [cast("float", node.value) for node in nodes if isinstance(node, ast.Constant)]


def _plain(node: ast.expr) -> str:
    """Write a tree as a visitor may type it."""
    return ast.unparse(node).replace(" ", "").replace("**", "^")


# --- from text to words ---------------------------------------------------------------------------------


def _words(text: str) -> list[tuple[str, int]]:
    """Return the words of a text in ASCII, each with where it begins."""
    words = []
    at = 0
    while at < len(text):
        kin, found = _KIN.get(text[at]), _WORD.match(text, at)
        if kin:
            words += [(word, at) for word in kin]
        elif found:
            words.append((_spelt(found[0]), at))
        elif text[at] != " ":
            raise FormulaError("formula.character", text=text, word=text[at], at=at)
        at = found.end() if found else at + 1
    return words


def _spelt(word: str) -> str:
    """Return a word without torch's module before it, or with = close to it."""
    bare = _HOME.sub("", word)
    return bare if bare in (*_CALLED, *_CONSTANTS) else word.replace(" ", "").replace('"', "'")


def _checked(text: str, words: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the words as Python's grammar has them, once they are known to make a formula."""
    if not words:
        raise FormulaError("formula.empty", text=text)
    _check_words(text, words)
    _check_neighbours(text, words)
    _check_brackets(text, words)
    checked, left = [], ""
    for word, at in words:
        if word in _VARIABLES:
            checked.append(("z", at))
        elif _is_number(word):
            checked.append((written(float(word)), at))
        elif word != "+" or _is_complete(left):  # a sign + says nothing
            checked.append((word, at))
        left = word
    return checked


def _check_words(text: str, words: list[tuple[str, int]]) -> None:
    variable = next((word for word, _ in words if word in _VARIABLES), "")
    for word, at in words:
        if _is_number(word):
            if math.isinf(float(word)):
                raise FormulaError("formula.number", text=text, word=word, at=at)
        elif (word[0].isalpha() or word[0] == "_") and "=" not in word and word not in (*NAMES, *_VARIABLES):
            raise FormulaError("formula.name", text=text, word=word, at=at, names=NAMES)
        elif word in _VARIABLES and word != variable:
            raise FormulaError("formula.variables", text=text, left=variable, right=word, at=at)


def _check_neighbours(text: str, words: list[tuple[str, int]]) -> None:
    """Check that between two operands there is one operator, and between two operators an operand."""
    end = ("", len(text))
    before = ""
    for (left, start), (right, at) in pairwise([end, *words, end]):
        if left in _CALLED and right != "(":
            raise FormulaError("formula.call", text=text, word=left, at=start)
        begins = bool(right) and right[0] not in "+-*/,)"
        if _is_complete(left) and begins:
            raise FormulaError("formula.operator", text=text, left=left, right=right, at=at)
        no_arguments = left == "(" and right == ")" and before in _CALLED
        if left not in _CALLED and not (_is_complete(left) or begins or right in {"+", "-"} or no_arguments):
            raise FormulaError("formula.operand", text=text, left=left, right=right, at=at)
        before = left


def _check_brackets(text: str, words: list[tuple[str, int]]) -> None:
    """Check that brackets are closed, not too deep, and that commas stand in a function's own alone."""
    opened: list[tuple[int, bool]] = []
    left = ""
    for word, at in words:
        if word == "(":
            opened.append((at, left in _CALLED))
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
    named = word in (*_VARIABLES, *_CONSTANTS) or word.endswith(("'", ")"))
    return named or (word != "" and _is_number(word))


# --- where a formula meets another ----------------------------------------------------------------------


def _gap(u: ast.expr, v: ast.expr, z: Array) -> Array:
    """Return u − v at z; nan where both overflow."""
    at = torch.from_numpy(np.ascontiguousarray(z))
    return np.asarray(_value(u, at) - _value(v, at), dtype=np.float64)


def _zeros(u: ast.expr) -> list[float]:
    """Return where u is 0, nearest to 0 first; beyond ±INNER an exponential may come to 0, and is let be."""
    if isinstance(u, ast.Constant):
        return [] if u.value else [0.0]
    crossed, touched = _meetings(u, _ZERO)
    zeros = _SHOWN[(abs(_SHOWN) <= INNER) & (_gap(u, _ZERO, _SHOWN) == 0)].tolist()
    return sorted([*crossed, *touched, *zeros], key=abs)


def _apart(places: list[float]) -> list[float]:
    """Return the places in ascending order, those that rounding alone parts as one."""
    kept: list[float] = []
    for place in sorted(places):
        if not kept or place - kept[-1] > 1e-12 * max(1.0, abs(place)):
            kept.append(place)
    return kept


def _meetings(u: ast.expr, v: ast.expr) -> tuple[list[float], list[float]]:
    """Return where u and v cross, and where they only touch, up to ±OUTER.

    Where they are the same over a stretch they do not meet: whatever makes them so bends at its ends.
    """
    grid, gap = _GRID, _gap(u, v, _GRID)
    scale = np.maximum(abs(_gap(u, _ZERO, grid)), abs(_gap(v, _ZERO, grid)))
    gap[abs(gap) <= 16 * np.finfo(float).eps * scale] = 0  # differences of rounding are none
    sign, size = np.sign(gap), abs(gap)
    turn = sign[:-1] * sign[1:] < 0
    sides = sign[:-2] * sign[2:]
    hit = sign[1:-1] == 0
    crossed = grid[1:-1][hit & (sides < 0)].tolist()
    touched = grid[1:-1][hit & (sides > 0)].tolist()
    brackets = [(grid[:-1][turn], grid[1:][turn])]
    # between two steps of the grid the gap may close and open again
    dip = ~hit & (sides > 0) & (size[1:-1] < size[:-2]) & (size[1:-1] <= size[2:]) & (sign[1:-1] == sign[2:])
    if dip.any():
        low, middle, high, side = grid[:-2][dip], grid[1:-1][dip], grid[2:][dip], sign[1:-1][dip]
        least = elementwise.find_minimum(
            lambda z, *sides: sides[0] * _gap(u, v, z),
            (low, middle, high),
            args=(side,),
            tolerances={"xrtol": 1e-15},
        )
        # a billionth of its neighbours is nothing: of a double root, rounding leaves either sign
        nothing = 1e-9 * np.maximum(size[:-2][dip], size[2:][dip])
        touched += least.x[abs(least.f_x) <= nothing].tolist()
        below = least.f_x < -nothing
        brackets += [(low[below], least.x[below]), (least.x[below], high[below])]
    left, right = (np.concatenate(ends) for ends in zip(*brackets, strict=True))
    if left.size:
        root = elementwise.find_root(lambda z: _gap(u, v, z), (left, right))
        crossed += root.x[root.success].tolist()  # rounding may take an end's sign back
    return crossed, touched


# --- from a tree to LaTeX -------------------------------------------------------------------------------


def _latex(node: ast.expr) -> tuple[str, int]:  # noqa: PLR0911 - one for each kind of node
    """Return the tree in LaTeX, and how firmly it holds together."""
    match node:
        case ast.Constant(value=number):
            mantissa, _, power = str(number).partition("e")
            return (rf"{mantissa}\cdot 10^{{{int(power)}}}", _PRODUCT) if power else (mantissa, _ATOM)
        case ast.Name(id=name):
            return {"pi": r"\pi"}.get(name, name), _ATOM
        case ast.UnaryOp(operand=u):
            return f"-{_held(u, _PRODUCT)}", _SIGNED
        case ast.BinOp(left=ast.UnaryOp(operand=u), op=ast.Div(), right=v):
            return _latex(ast.UnaryOp(ast.USub(), ast.BinOp(u, ast.Div(), v)))
        case ast.BinOp(left=u, op=ast.Div(), right=v):
            return rf"\frac{{{_latex(u)[0]}}}{{{_latex(v)[0]}}}", _POWER
        case ast.BinOp(left=u, op=ast.Pow(), right=v):
            return f"{_held(u, _ATOM)}^{{{_latex(v)[0]}}}", _POWER
        case ast.BinOp(left=u, op=ast.Mult(), right=v):
            left, right = _held(u, _SIGNED), _held(v, _POWER)
            # 2·3 and 2·½ need their point
            point = r"\cdot " if right[0].isdigit() or right.startswith(r"\frac") else r"\,"
            return f"{left}{point}{right}", _SIGNED if left.startswith("-") else _PRODUCT
        case ast.BinOp(left=u, op=op, right=v):
            return f"{_latex(u)[0]}{'+' if isinstance(op, ast.Add) else '-'}{_held(v, _PRODUCT)}", _SUM
    call = cast("ast.Call", node)
    name = cast("ast.Name", call.func).id
    if name == "square":
        return f"{_held(call.args[0], _ATOM)}^{{2}}", _POWER
    inside = r",\,".join(_latex(u)[0] for u in call.args)
    if name in _AROUND:
        before, after, firm = _AROUND[name]
        return f"{before}{inside}{after}", firm
    escaped = name.replace("_", r"\_")
    return _LATEX.get(name, rf"\operatorname{{{escaped}}}") + _in_brackets(inside), _POWER


def _held(node: ast.expr, firm: int) -> str:
    """Return the tree in LaTeX, in brackets unless it holds together that firmly."""
    latex, own = _latex(node)
    return latex if own >= firm else _in_brackets(latex)


def _in_brackets(latex: str) -> str:
    return rf"\left({latex}\right)" if r"\frac" in latex else f"({latex})"

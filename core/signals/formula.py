"""An activation from its key, or from a formula that a visitor typed; parsed, never evaluated as code.

A formula becomes words, the words a tree of Python's own grammar, and that a tree of PyTorch's calls. The
last one both computes the activation and, written out, is its code.
"""

import ast
import math
from dataclasses import replace
from functools import lru_cache, partial
from typing import cast

import numpy as np
import torch

from ..errors import FormulaError
from .activations import ACTIVATIONS, Activation
from .formula_functions import ALIASES, CONSTANTS, FUNCTIONS, SIGNATURES
from .formula_latex import latex_of
from .formula_modules import MODULES, as_functions, without_inplace
from .formula_places import INNER, SHOWN, ZERO, Z, apart, between, meetings, zeros_of
from .formula_steep import steep_of, zeros_within
from .formula_text import (
    HOME,
    MAX_DEPTH,
    checked_formula,
    checked_length,
    value_of,
    words_in,
)

#: The largest exponent.
MAX_POWER = 16
#: Places where one activation may bend.
MAX_BREAKS = 64


def activation_of(text: str) -> Activation:
    """Return the activation called ``text``, or the one that this formula of z describes.

    A formula holds z (or x, for z), numbers, pi, e, ``+ - * / ^``, brackets, and the functions of
    ``NAMES``, with torch's arguments in torch's order or by torch's names: ``F.softplus(z, beta=100)``;
    all but a function's first are numbers. A function's name alone is that function of z. Its
    activation's ``key`` is the formula in canonical form: reading it again gives the same key. ``breaks``
    are all places up to ±``OUTER`` where one of its functions bends, even if the whole does not. A part of
    it may jump (``sign``, ``hardshrink``, ``threshold``) as long as the whole does not; a gap below a
    billionth of the values nearby is no jump.

    Raises:
        FormulaError: if the text cannot be read (``facts["at"]`` counts its characters from 0), or what
            it says is no activation: constant, undefined or infinite somewhere, or with a jump, an infinite
            slope or more than ``MAX_BREAKS`` bends. Poles are looked for up to ±``OUTER``; beyond ±``INNER``
            the result may overflow to inf or, of two that do, be nan.
    """
    if not isinstance(text, str):
        raise FormulaError("formula.type", kind=type(text).__name__)
    checked_length(text, text)
    name = HOME.sub("", text.strip(" "))
    name = ALIASES.get(name, MODULES.get(name, name))
    return ACTIVATIONS.get(name) or _built(f"{name}(z)" if name in FUNCTIONS else text)


def number_of(text: str) -> float:
    """Return the number that a formula without z is, as ``1/sqrt(16)`` or ``2^-2``; nan if it has one.

    Raises:
        FormulaError: if the text cannot be read, or what it says is no finite number.
    """
    checked_length(text, text)
    tree = _Translation(text).tree
    return float(cast("float", tree.value)) if isinstance(tree, ast.Constant) else math.nan


@lru_cache(maxsize=512)
def _built(text: str) -> Activation:
    translation = _Translation(text)
    tree, key = translation.tree, _plain(translation.formula)
    if isinstance(tree, ast.Constant):
        raise FormulaError("formula.constant", text=text)
    checked_length(text, key)
    phi = Activation(
        key=key,
        function=partial(value_of, tree),
        code=f"(lambda z: {ast.unparse(tree)})",
        formula=latex_of(translation.formula)[0],
        source="",
        breaks=translation.breaks(),
    )
    zeros = zeros_within(translation.arguments)
    places = np.concatenate([SHOWN, zeros, phi.breaks])
    inner = torch.from_numpy(places[abs(places) <= INNER])
    value, slope = phi.function(inner), phi.derivative(inner)
    for code, found in (("formula.value", value), ("formula.slope", slope)):
        if not found.isfinite().all():
            raise FormulaError(code, text=text, part=phi.key, z=float(inner[~found.isfinite()][0]))
    if float(value.max() - value.min()) <= 1e-12 * float(value.abs().max()):
        raise FormulaError("formula.constant", text=text)
    return replace(phi, steep=steep_of(phi, zeros))


class _Translation:
    """One formula as PyTorch's calls, and what must hold for them.

    ``formula`` is the tree as read. ``tree`` is its translation, in which z is ``Z`` and what does not
    depend on z a number.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        words = checked_formula(text, without_inplace(as_functions(words_in(text))))
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
        #: what functions, powers and products are of
        self.arguments: list[ast.expr] = []
        #: whether a part of it jumps
        self._jumps = False
        self.tree = self._translated(self.formula)

    def _translated(self, node: ast.expr, depth: int = 1) -> ast.expr:
        if depth > MAX_DEPTH:
            at = self._at[node.col_offset]
            raise FormulaError("formula.deep", text=self.text, at=at, most=MAX_DEPTH)
        match node:
            case ast.Constant():
                return node
            case ast.Name(id=name):
                return ast.Constant(CONSTANTS[name]) if name in CONSTANTS else Z
            case ast.UnaryOp(op=ast.USub(), operand=u):
                parts = [u]
            case ast.BinOp(left=u, right=v):
                parts = [u, v]
            case ast.Call(func=ast.Name()):
                self._bind(node)
                name, parts = cast("ast.Name", node.func).id, node.args
            case _:  # no words that checked_formula lets through make another
                raise TypeError(ast.dump(node))
        inner = [self._translated(part, depth + 1) for part in parts]
        numbers = _numbers(inner)
        if isinstance(node, ast.Call):
            self._check_parameters(node, name, inner[1:])
        if len(numbers) < len(inner):
            self._note(node, parts, inner)
            return _operation(node, inner)
        # a number: the operation on the first of its numbers, in doubles as for any z
        first = torch.tensor(numbers[0], dtype=torch.float64, device="cpu")
        number = float(value_of(_operation(node, [Z, *inner[1:]]), first))
        if not math.isfinite(number):
            at = self._at[node.col_offset]
            raise FormulaError("formula.number", text=self.text, word=_plain(node), at=at)
        return _number(number)

    def _bind(self, node: ast.Call) -> None:
        """Put a call's arguments in torch's order, without their names; a clip at one end is max or min."""
        called, at = cast("ast.Name", node.func), self._at[node.col_offset]
        typed, called.id = called.id, ALIASES.get(called.id, called.id)
        named = [f"{keyword.arg}={ast.unparse(keyword.value)}" for keyword in node.keywords]
        if called.id == "gelu" and node.keywords and node.keywords[0].arg == "approximate":
            how = cast("ast.Constant", node.keywords.pop(0).value).value
            called.id = "gelu_tanh" if how == "tanh" else "gelu"
        names, least = SIGNATURES[called.id]
        given = dict(zip(names, node.args, strict=False))
        for keyword in node.keywords:
            if keyword.arg not in names or keyword.arg in given:
                word = str(keyword.arg)
                raise FormulaError(
                    "formula.keyword", text=self.text, word=typed, argument=word, names=names, at=at
                )
            given[keyword.arg] = keyword.value
        found, missing = len(node.args) + len(node.keywords), set(names[:least]) - set(given)
        if named and "input" in missing and not node.args:
            example = f"{typed}({', '.join(['z', *named])})"
            raise FormulaError("formula.input", text=self.text, word=typed, example=example, at=at)
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
        elif called.id in FUNCTIONS:
            defaults = FUNCTIONS[called.id].parameters
            last = max(names.index(name) for name in given)
            for name in names[: last + 1]:
                if name not in given:
                    given[name] = ast.copy_location(ast.Constant(defaults[name]), node)
        node.args, node.keywords = [given[name] for name in names if name in given], []

    def _check_parameters(self, node: ast.Call, name: str, others: list[ast.expr]) -> None:
        """Check that the arguments of a function after its first are numbers that torch takes."""
        if name == "clip":
            self._check_bounds(node, others)
        if name not in FUNCTIONS:
            return
        function, numbers = FUNCTIONS[name], _numbers(others)
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
        if isinstance(node, ast.Call) or (
            isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow | ast.Mult)
        ):
            self.arguments += [part for part in inner if not isinstance(part, ast.Constant)]
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
                function, numbers = FUNCTIONS[name], _numbers(inner[1:])
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
            self._bends.append((base, ZERO, True))

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
            crossed, touched = meetings(u, v)
            places = apart([*places, *crossed, *(touched if touching else [])])
            if len(places) > MAX_BREAKS:
                raise FormulaError("formula.breaks", text=self.text, most=MAX_BREAKS)
        return places

    def _check_jumps(self, places: list[float]) -> None:
        """Check that the whole does not jump: then its gap over ten steps is ten times that over one."""
        for place in places:
            step = 1e-12 * max(1.0, abs(place))
            at = place + np.array([-10 * step, -step, 0, step, 10 * step, -1, 1])
            values = between(self.tree, ZERO, at).tolist()
            gap, wide = (max(part) - min(part) for part in (values[1:4], values[:5]))
            # a gap below a billionth of the values nearby may be rounding, and is no jump
            if gap > 1e-9 * max(map(abs, values)) and gap > wide / 2:
                raise FormulaError("formula.jump", text=self.text, z=place)

    def _check_domain(self, u: ast.expr, part: ast.expr, whole: ast.expr, at_zero: str) -> None:
        below = SHOWN[between(u, ZERO, SHOWN) < 0].tolist()
        # a sign that changes twice between two places of the grid leaves no negative one there
        zeros = zeros_of(u) if at_zero else meetings(u, ZERO)[0]
        if zeros and not below and at_zero == "formula.slope":
            raise FormulaError("formula.slope", text=self.text, part=_plain(whole), z=zeros[0])
        if undefined := [*below, *zeros]:
            value = float(between(u, ZERO, np.array(undefined[:1]))[0])
            raise FormulaError(
                "formula.undefined",
                text=self.text,
                part=_plain(whole),
                argument=_plain(part),
                z=undefined[0],
                value=value,
            )

    def _check_divisor(self, u: ast.expr, part: ast.expr) -> None:
        if zeros := zeros_of(u):
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
    code = FUNCTIONS[name].code
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

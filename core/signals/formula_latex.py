"""A formula in LaTeX."""

import ast
from typing import cast

from .formula_text import (
    AROUND,
    ATOM,
    POWER,
    PRODUCT,
    SIGNED,
    SUM,
)

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


def latex_of(node: ast.expr) -> tuple[str, int]:  # noqa: PLR0911 - one for each kind of node
    """Return the tree in LaTeX, and its precedence."""
    match node:
        case ast.Constant(value=number):
            mantissa, _, power = str(number).partition("e")
            return (rf"{mantissa}\cdot 10^{{{int(power)}}}", PRODUCT) if power else (mantissa, ATOM)
        case ast.Name(id=name):
            return {"pi": r"\pi"}.get(name, name), ATOM
        case ast.UnaryOp(operand=u):
            return f"-{_held(u, PRODUCT)}", SIGNED
        case ast.BinOp(left=ast.UnaryOp(operand=u), op=ast.Div(), right=v):
            return latex_of(ast.UnaryOp(ast.USub(), ast.BinOp(u, ast.Div(), v)))
        case ast.BinOp(left=u, op=ast.Div(), right=v):
            return rf"\frac{{{latex_of(u)[0]}}}{{{latex_of(v)[0]}}}", POWER
        case ast.BinOp(left=u, op=ast.Pow(), right=v):
            return f"{_held(u, ATOM)}^{{{latex_of(v)[0]}}}", POWER
        case ast.BinOp(left=u, op=ast.Mult(), right=v):
            left, right = _held(u, SIGNED), _held(v, POWER)
            # 2·3 and 2·½ need their point
            point = r"\cdot " if right[0].isdigit() or right.startswith(r"\frac") else r"\,"
            return f"{left}{point}{right}", SIGNED if left.startswith("-") else PRODUCT
        case ast.BinOp(left=u, op=op, right=v):
            return f"{latex_of(u)[0]}{'+' if isinstance(op, ast.Add) else '-'}{_held(v, PRODUCT)}", SUM
    call = cast("ast.Call", node)
    name = cast("ast.Name", call.func).id
    if name == "square":
        return f"{_held(call.args[0], ATOM)}^{{2}}", POWER
    inside = r",\,".join(latex_of(u)[0] for u in call.args)
    if name in AROUND:
        before, after, firm = AROUND[name]
        return f"{before}{inside}{after}", firm
    escaped = name.replace("_", r"\_")
    return _LATEX.get(name, rf"\operatorname{{{escaped}}}") + _in_brackets(inside), POWER


def _held(node: ast.expr, firm: int) -> str:
    """Return the tree in LaTeX, in brackets if its precedence is lower than ``firm``."""
    latex, own = latex_of(node)
    return latex if own >= firm else _in_brackets(latex)


def _in_brackets(latex: str) -> str:
    return rf"\left({latex}\right)" if r"\frac" in latex else f"({latex})"

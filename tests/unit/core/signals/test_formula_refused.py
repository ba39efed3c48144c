"""What is no formula of an activation is refused by name, and nothing else is read or run."""

import ast
import math
from typing import Any

import pytest

from core.errors import FormulaError
from core.signals.formula import MAX_BREAKS, _Translation, activation_of
from core.signals.formula_functions import NAMES
from core.signals.formula_text import MAX_CHARS, MAX_DEPTH
from tests.support.refused_formulas import refused_formula

REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("", "formula.empty", {}),
    ("   ", "formula.empty", {}),
    ("z + §", "formula.character", {"word": "§", "at": 4}),
    ("z\n", "formula.character", {"word": "\n", "at": 1}),
    ("abs(y)", "formula.name", {"word": "y", "at": 4, "names": NAMES}),
    ("tan(z)", "formula.name", {"word": "tan", "at": 0, "names": NAMES}),
    ("z + x", "formula.variables", {"left": "z", "right": "x", "at": 4}),
    ("1e999*z", "formula.number", {"word": "1e999", "at": 0}),
    ("z + 1/0", "formula.number", {"word": "1/0", "at": 4}),
    ("z + 0/0", "formula.number", {"word": "0/0", "at": 4}),
    ("log(-1)*z", "formula.number", {"word": "log(-1)", "at": 0}),
    ("z*9**9**9**9", "formula.number", {"word": "9^9^9", "at": 5}),
    ("2z", "formula.operator", {"left": "2", "right": "z", "at": 1}),
    ("2 z", "formula.operator", {"left": "2", "right": "z", "at": 2}),
    ("z(1+z)", "formula.operator", {"left": "z", "right": "(", "at": 1}),
    ("(z)(z)", "formula.operator", {"left": ")", "right": "(", "at": 3}),
    ("3sin(z)", "formula.operator", {"left": "3", "right": "sin", "at": 1}),
    ("0x", "formula.operator", {"left": "0", "right": "x", "at": 1}),
    ("z²z", "formula.operator", {"left": "2", "right": "z", "at": 2}),
    ("z + * z", "formula.operand", {"left": "+", "right": "*", "at": 4}),
    ("*z", "formula.operand", {"left": "", "right": "*", "at": 0}),
    ("z -", "formula.operand", {"left": "-", "right": "", "at": 3}),
    ("z + ()", "formula.operand", {"left": "(", "right": ")", "at": 5}),
    ("max(z,)", "formula.operand", {"left": ",", "right": ")", "at": 6}),
    ("max(,z)", "formula.operand", {"left": "(", "right": ",", "at": 4}),
    ("(z + 1", "formula.bracket", {"word": "(", "at": 0}),
    ("abs((z)", "formula.bracket", {"word": "(", "at": 3}),
    ("z)", "formula.bracket", {"word": ")", "at": 1}),
    ("sin z", "formula.call", {"word": "sin", "at": 0}),
    ("2 + relu", "formula.call", {"word": "relu", "at": 4}),
    ("sin^2(z)", "formula.call", {"word": "sin", "at": 0}),
    ("√2*z", "formula.call", {"word": "sqrt", "at": 0}),
    ("0,5*z", "formula.comma", {"at": 1}),
    ("exp((z, 1))", "formula.comma", {"at": 6}),
    ("z + max(z)", "formula.arguments", {"word": "max", "at": 4, "expected": 2, "found": 1}),
    ("sin()", "formula.arguments", {"word": "sin", "at": 0, "expected": 1, "found": 0}),
    ("relu(z, 1)", "formula.arguments", {"word": "relu", "at": 0, "expected": 1, "found": 2}),
    ("clip(z)", "formula.arguments", {"word": "clip", "at": 0, "expected": "2–3", "found": 1}),
    (
        "2*gelu(approximate='tanh')",
        "formula.input",
        {"word": "gelu", "example": "gelu(z, approximate='tanh')", "at": 2},
    ),
    ("clamp(min=0, max=1)", "formula.input", {"word": "clamp", "example": "clamp(z, min=0, max=1)", "at": 0}),
    ("elu(alpha=2)", "formula.input", {"word": "elu", "example": "elu(z, alpha=2)", "at": 0}),
    ("1 + nn.ReLU()()", "formula.arguments", {"word": "relu", "at": 4, "expected": 1, "found": 0}),
    ("nn.ReLU(z, 2)", "formula.arguments", {"word": "relu", "at": 0, "expected": 1, "found": 2}),
    ("nn.ELU(2)(", "formula.operator", {"left": ")", "right": "(", "at": 9}),
    ("nn.ELU z", "formula.call", {"word": "elu", "at": 0}),
    # tanh computes nothing in its input's place, and nothing does so twice
    ("torch.tanh(z, True)", "formula.name", {"word": "True", "at": 14, "names": NAMES}),
    ("sin(z) + elu(z, True, True)", "formula.name", {"word": "True", "at": 16, "names": NAMES}),
    ("elu(z, 1, 2)", "formula.arguments", {"word": "elu", "at": 0, "expected": "1–2", "found": 3}),
    ("z + threshold(z, 1)", "formula.arguments", {"word": "threshold", "at": 4, "expected": 3, "found": 2}),
    (
        "leaky_relu(z, slope=1)",
        "formula.keyword",
        {"word": "leaky_relu", "argument": "slope", "names": ("input", "negative_slope"), "at": 0},
    ),
    (
        "elu(z, 1, alpha=1)",
        "formula.keyword",
        {"word": "elu", "argument": "alpha", "names": ("input", "alpha"), "at": 0},
    ),
    (
        "1 + relu(z, approximate='tanh')",
        "formula.keyword",
        {"word": "relu", "argument": "approximate", "names": ("input",), "at": 4},
    ),
    ("clamp(z, max=1, -1)", "formula.names", {}),
    ("z = 3", "formula.character", {"word": "=", "at": 2}),
    ("z == 3", "formula.character", {"word": "=", "at": 2}),
    ("2*alpha=3", "formula.character", {"word": "=", "at": 7}),
    ("exp((z, min=1))", "formula.comma", {"at": 6}),
    ("torch.manual_seed(z)", "formula.name", {"word": "torch.manual_seed", "at": 0, "names": NAMES}),
    (
        "leaky_relu(z, z)",
        "formula.parameter",
        {"word": "leaky_relu(z,z)", "function": "leaky_relu", "at": 0},
    ),
    ("softplus(z, 0)", "formula.parameter", {"word": "softplus(z,0)", "function": "softplus", "at": 0}),
    ("celu(z, 0)", "formula.parameter", {"word": "celu(z,0)", "function": "celu", "at": 0}),
    (
        "softshrink(z, -1)",
        "formula.parameter",
        {"word": "softshrink(z,-1)", "function": "softshrink", "at": 0},
    ),
    (
        "hardtanh(z, 2, -2)",
        "formula.parameter",
        {"word": "hard_tanh(z,2,-2)", "function": "hard_tanh", "at": 0},
    ),
    ("hardtanh(z, 1, 1)", "formula.constant", {}),
    ("sign(z)", "formula.jump", {"z": 0.0}),
    ("sign(z)^2", "formula.jump", {"z": 0.0}),  # 1, but 0 at 0
    ("z + sign(relu(z - 0.3))", "formula.jump", {"z": 0.3}),
    ("z + sign(z^2 - 0.5)", "formula.jump", {"z": -math.sqrt(0.5)}),
    ("max(z, sign(z))", "formula.jump", {"z": 0.0}),
    ("1/(sign(z) + 0.5)", "formula.jump", {"z": 0.0}),
    ("z + 1e-6*sign(z)", "formula.jump", {"z": 0.0}),
    ("hardshrink(z)", "formula.jump", {"z": -0.5}),
    ("threshold(z, 0.1, 0)", "formula.jump", {"z": 0.1}),
    ("softplus(z, 1, 2)", "formula.jump", {"z": 2.0}),
    ("rsqrt(z)", "formula.undefined", {"part": "rsqrt(z)", "argument": "z", "z": -1.0, "value": -1.0}),
    ("log1p(z)", "formula.undefined", {"part": "log1p(z)", "argument": "z+1", "z": -2.0, "value": -1.0}),
    ("sinh(100*z)", "formula.value", {"part": "sinh(100*z)", "z": -8.0}),
    ("clip(z, 2, 1)", "formula.bounds", {"word": "clip(z,2,1)", "at": 0}),
    ("clip(z, 1, 1)", "formula.bounds", {"word": "clip(z,1,1)", "at": 0}),
    ("1 + clip(z, -z, 1)", "formula.bounds", {"word": "clip(z,-z,1)", "at": 4}),
    ("clip(1, z, 2)", "formula.bounds", {"word": "clip(1,z,2)", "at": 0}),
    ("z**z", "formula.exponent", {"word": "z", "at": 3}),
    ("1 + z^(2*z)", "formula.exponent", {"word": "2*z", "at": 7}),
    ("(-2)^z", "formula.exponent", {"word": "z", "at": 5}),
    ("0^abs(z)", "formula.exponent", {"word": "abs(z)", "at": 2}),
    ("z^17", "formula.power", {"word": "17", "at": 2, "most": 16}),
    ("z^-16.5", "formula.power", {"word": "-16.5", "at": 2, "most": 16}),
    ("pi", "formula.constant", {}),
    ("3", "formula.constant", {}),
    ("z - z", "formula.constant", {}),
    ("0*z", "formula.constant", {}),
    ("z^0", "formula.constant", {}),
    ("max(z, 60)", "formula.constant", {}),
    ("1/z", "formula.division", {"part": "z", "z": 0.0}),
    ("z/0", "formula.division", {"part": "0", "z": 0.0}),
    ("1/(z - 0.123)", "formula.division", {"part": "z-0.123", "z": 0.123}),
    ("1/(z-0.123)^2", "formula.division", {"part": "(z-0.123)^2", "z": 0.123}),
    ("(z^2 - 0.246*z + 0.015129)^-1", "formula.division", {"part": "z^2-0.246*z+0.015129", "z": 0.123}),
    ("1/abs(z-0.123)", "formula.division", {"part": "abs(z-0.123)", "z": 0.123}),
    ("1/(z - 5000)", "formula.division", {"part": "z-5000", "z": 5000.0}),
    ("1/(1+sin(z))", "formula.division", {"part": "1+sin(z)", "z": -math.pi / 2}),
    ("1/(sin(z)-0.5)", "formula.division", {"part": "sin(z)-0.5", "z": math.pi / 6}),
    ("1/((z-0.1)*(z-0.1001))", "formula.division", {"part": "(z-0.1)*(z-0.1001)", "z": 0.1}),
    ("1/relu(z)", "formula.division", {"part": "relu(z)", "z": 0.0}),
    ("abs(z)^-2", "formula.division", {"part": "abs(z)", "z": 0.0}),
    ("z/abs(z)", "formula.division", {"part": "abs(z)", "z": 0.0}),  # a jump
    ("(z-1)/(z-1)", "formula.division", {"part": "z-1", "z": 1.0}),
    ("log(z)", "formula.undefined", {"part": "log(z)", "argument": "z", "z": -1.0, "value": -1.0}),
    ("log(z^2)", "formula.undefined", {"part": "log(z^2)", "argument": "z^2", "z": 0.0, "value": 0.0}),
    ("sqrt(z)", "formula.undefined", {"part": "sqrt(z)", "argument": "z", "z": -1.0, "value": -1.0}),
    (
        "sqrt(1-z^2)",
        "formula.undefined",
        {"part": "sqrt(1-z^2)", "argument": "1-z^2", "z": -2.0, "value": -3.0},
    ),
    ("z^(1/3)", "formula.undefined", {"part": "z^(1/3)", "argument": "z", "z": -1.0, "value": -1.0}),
    ("z^1.5", "formula.undefined", {"part": "z^1.5", "argument": "z", "z": -1.0, "value": -1.0}),
    ("z^-.5", "formula.undefined", {"part": "z^(-0.5)", "argument": "z", "z": -1.0, "value": -1.0}),
    ("sqrt(abs(z))", "formula.slope", {"part": "sqrt(abs(z))", "z": 0.0}),
    ("sqrt(z^2)", "formula.slope", {"part": "sqrt(z^2)", "z": 0.0}),
    ("sqrt(1+sin(z))", "formula.slope", {"part": "sqrt(1+sin(z))", "z": -math.pi / 2}),
    ("sqrt((z-0.123)^2)", "formula.slope", {"part": "sqrt((z-0.123)^2)", "z": 0.123}),
    ("abs(z)^(1/3)", "formula.slope", {"part": "abs(z)^(1/3)", "z": 0.0}),
    # what is missing there is the value, which is more than a slope
    ("(z^2)^-.5", "formula.division", {"part": "z^2", "z": 0.0}),
    ("1 - abs(z-0.123)^.5", "formula.slope", {"part": "abs(z-0.123)^0.5", "z": 0.123}),
    ("max(z, 0)^.5", "formula.slope", {"part": "max(z,0)^0.5", "z": 0.0}),
    ("exp(exp(z))", "formula.value", {"part": "exp(exp(z))", "z": 7.0}),
    ("exp(z^2)", "formula.value", {"part": "exp(z^2)", "z": -27.0}),
    ("1e308*z", "formula.value", {"part": "1e+308*z", "z": -2.0}),
    ("tanh(exp(exp(z)))", "formula.slope", {"part": "tanh(exp(exp(z)))", "z": 7.0}),
    ("abs(sin(1000*z))", "formula.breaks", {"most": MAX_BREAKS}),
    ("max(sin(z), 0)", "formula.breaks", {"most": MAX_BREAKS}),
]


@pytest.mark.parametrize(("text", "code", "facts"), REFUSED)
def test_what_is_no_activation_is_refused(text: str, code: str, facts: dict[str, Any]) -> None:
    refused_formula(text, code, facts)


def test_a_narrow_stretch_where_a_root_is_undefined_is_found() -> None:
    """(z − 0.1)² < 1e-9 only within 3.2e-5 of 0.1, between two places of any grid of steps 1e-3."""
    with pytest.raises(FormulaError) as e:
        activation_of("((z-0.1)^2-1e-9)^1.5")
    assert e.value.code == "formula.undefined"
    assert abs(e.value.facts["z"] - 0.1) == pytest.approx(math.sqrt(1e-9), rel=1e-6)


def test_limits() -> None:
    assert activation_of("z" + " " * (MAX_CHARS - 1)).key == "z"
    with pytest.raises(FormulaError, match=f"at most {MAX_CHARS} characters; this one has 201") as e:
        activation_of("z" + " " * MAX_CHARS)
    assert e.value.facts == {"text": "z" + " " * 199, "length": 201, "most": 200}
    assert activation_of("(" * MAX_DEPTH + "z" + ")" * MAX_DEPTH).key == "z"
    refused_formula("(" * 33 + "z" + ")" * 33, "formula.deep", {"at": 32, "most": 32})
    assert activation_of("-" * 31 + "z").key == "-" * 31 + "z"
    refused_formula("-" * 190 + "z", "formula.deep", {"at": 32, "most": 32})
    refused_formula("z" + "^1" * 90, "formula.deep", {"at": 62, "most": 32})
    refused_formula("z+" * 99 + "z", "formula.deep", {"at": 0, "most": 32})
    assert activation_of("*".join("z" * 32)).formula == r"\,".join("z" * 32)


def test_a_formula_written_out_keeps_to_the_limit_too() -> None:
    """Its key must be a formula: 1e15 is one of 16 digits there."""
    text = "(z" + "+1e15" * 12 + ")*(z" + "+1e15" * 12 + ")"
    refused_formula(text, "formula.long", {"length": 2 * (3 + 12 * 17) + 1, "most": MAX_CHARS})


@pytest.mark.parametrize(
    "text", [None, 3, 2.5, b"z", ["z"], {}, ("z",), ast.Name("z")], ids=lambda text: type(text).__name__
)
def test_what_is_no_text_is_refused(text: Any) -> None:
    with pytest.raises(FormulaError) as e:
        activation_of(text)
    assert (e.value.code, e.value.facts) == ("formula.type", {"kind": type(text).__name__})


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('x')",
        "z.__class__",
        "z.real",
        "[z for z in (1,)]",
        "[z]",
        "z[0]",
        "{z}",
        "lambda: 0",
        "lambda z: z",
        'f"{z}"',
        "'z'",
        "z if z else 1",
        "(z:=3)",
        "z = 3",
        "z == 3",
        "a" * 10**7,
        "z@z",
        "~z",
        "z%2",
        "z//2",
        "z<<2",
        "z|1",
        "z&1",
        "!z",
        "not z",
        "z and z",
        "z or 1",
        "z<1",
        "z in z",
        "exec",
        "eval(z)",
        "exec(z)",
        "print(z)",
        "open(z)",
        "abs(*z)",
        "abs(**z)",
        "abs(z=1)",
        "abs(-**z)",
        "*z",
        "**z",
        "z,",
        "(z,)",
        "z, z",
        "ｅxp(z)",
        "ｚ",
        "zⁿ",
        "z₁",
        "٣*z",
        "ß",
        "\ud800",
        "(" * 199,
        ")" * 199,
        "(" * 99 + "z" + ")" * 99,
        "abs(" * 40 + "z" + ")" * 40,
        "-" * 199,
        "~" * 199,
        "1e999",
        "1e99999999999*z",
        "9" * 199,
        "z*" + "9" * 198 + "e9",
        "1_000*z",
        "0b1*z",
        "0o7*z",
        "0x1*z",
        "1j*z",
        "1if z else 2",
        "1(2)",
        "z..",
        "1.2.3*z",
        "z;z",
        "z\nz",
        "z\n",
        "z\t+1",
        "z\r",
        "z\x0c",
        "z\x00",
        "\x00",
        "z\u00a0+1",
        "#z",
        "z#",
        "z\\\n",
        "...",
        "None",
        "True*z",
        "z+True",
        "yield z",
        "await z",
        "import os",
        "nan*z",
        "inf*z",
        "inf",
        "E*z",
        "Z",
        "PI*z",
        "relu(relu)",
        "z**9**9**9**9",
        "9**9**9**9*z",
        "z**10**10",
        "2**10**10**z",
        "softmax",
    ],
    ids=lambda text: repr(text[:24]),
)
def test_nothing_else_is_read_or_run(text: str) -> None:
    with pytest.raises(FormulaError) as e:
        activation_of(text)
    assert e.value.code.startswith("formula.")
    assert str(e.value)[-1] == "."


@pytest.mark.parametrize(
    "text", ["z if z else 1", "z.real", "[z]", "lambda: 0", "not z", "~z", "z < 1", "f(*z)()"]
)
def test_no_other_tree_would_be_taken_either(text: str) -> None:
    """The words already exclude these; the tree is asked as well."""
    translation = _Translation("z")
    with pytest.raises(TypeError):
        translation._translated(ast.parse(text, mode="eval").body)

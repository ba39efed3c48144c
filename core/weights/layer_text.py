"""A layer as it is written in a model: its kind, its arguments, and what is wrong with them."""

import ast
import inspect
import math
import re
from typing import Any, NamedTuple

import torch
from torch import nn

from ..checks import is_whole
from ..errors import ShapeError, shown, worded
from ..refusals import REASONS

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
EMBEDDINGS = (nn.Embedding, nn.EmbeddingBag)
#: recurrent class → how many gates its weights stack
GATES = {nn.RNN: 1, nn.LSTM: 4, nn.GRU: 3, nn.RNNCell: 1, nn.LSTMCell: 4, nn.GRUCell: 3}


#: class name → class; add a kind of layer here, its connections to ``_connections``, its start to ``starts``
KINDS = {
    kind.__name__: kind
    for kind in (
        *(nn.Linear, nn.Bilinear, *CONVOLUTIONS, *TRANSPOSED, *EMBEDDINGS, nn.MultiheadAttention),
        *GATES,
    )
}


MAX_CHARS = 300
#: A number in a layer, and stacked recurrent layers.
LARGEST, MOST_STACKED = 2**63 - 1, 128


class Read(NamedTuple):
    """A call taken apart."""

    text: str
    kind: type[nn.Module]
    #: by name, as far as they were given; device is left out, as it has no meaning here
    arguments: dict[str, Any]
    #: all names that were given
    given: frozenset[str]
    #: what stands behind the call
    weight: str
    #: what was pasted
    asked: str


#: What print(model) or a dict writes before a layer: ``(0): ``, ``(0-5): 6 x ``, ``"fc1": ``.
_BEFORE = re.compile(r"""(?:\([^()]*\):\s*(?:\d+\s*x\s+)?|(["'])[^"']*\1\s*:\s*)""")
_PREFIX = re.compile(r"(?:torch\.)?nn\.(?:modules\.\w+\.)?")
#: Attention's own class of its last projection, as print(model) shows it.
_ALIASES = {"NonDynamicallyQuantizableLinear": "Linear"}
_UNREADABLE = (AttributeError, KeyError, TypeError, ValueError, SyntaxError, RecursionError, MemoryError)


def read_layer(text: str) -> Read:
    """Take a pasted layer apart; nothing in it is run."""
    try:
        node, source = _expression(text)
        names: list[str] = []
        call = node
        while isinstance(call, ast.Attribute):
            names.insert(0, call.attr)
            call = call.value
        if not isinstance(call, ast.Call):
            raise TypeError("not a call")
        name = ast.unparse(call.func)
        name = name[match.end() :] if (match := _PREFIX.match(name)) else name
        kind = KINDS[_ALIASES.get(name, name)]
        written = ast.get_source_segment(source, node) or ""
    except _UNREADABLE:
        raise refusal(text, "shape.layer") from None
    plain = written if "\n" not in written else ast.unparse(node)
    return Read(plain, kind, *_arguments(text, kind, call), weight=".".join(names), asked=text)


def _expression(text: str) -> tuple[ast.expr, str]:
    """Return the expression that was pasted, without what stands around it, and its source."""
    if len(text) > MAX_CHARS:
        raise ValueError("too long")
    source = text.strip()
    source = source[match.end() :] if (match := _BEFORE.match(source)) else source
    (statement,) = ast.parse(source).body
    if not isinstance(statement, (ast.Expr, ast.Assign, ast.AnnAssign, ast.Return)):
        raise TypeError("no expression")
    node = statement.value
    while isinstance(node, ast.Tuple):  # a comma behind it, or a name beside it
        (node,) = (part for part in node.elts if not isinstance(part, ast.Constant))
    if node is None:
        raise TypeError("no value")
    return node, source


def _arguments(text: str, kind: type[nn.Module], call: ast.Call) -> tuple[dict[str, Any], frozenset[str]]:
    """Return a call's arguments by name, and all names that were given."""
    starred = any(isinstance(value, ast.Starred) for value in call.args) or not all(
        word.arg for word in call.keywords
    )
    if starred:
        raise refusal(text, "shape.layer:starred")
    keywords = [word.arg or "" for word in call.keywords]
    if repeated := [name for name in keywords if keywords.count(name) > 1]:
        raise refusal(text, "shape.layer_built:repeated", argument=repeated[0])
    try:
        nodes = _signature(kind).bind(*call.args, **{word.arg or "": word.value for word in call.keywords})
    except TypeError as error:
        raise refusal(text, "shape.layer_built", said=str(error)) from None
    arguments = {name: _argument(text, name, node) for name, node in nodes.arguments.items()}
    given = frozenset(arguments)
    arguments.pop("device", None)
    return {name: value for name, value in arguments.items() if value is not _LATER}, given


def _signature(kind: type[nn.Module]) -> inspect.Signature:
    """Return what a class takes; RNN, LSTM and GRU hide it."""
    if not issubclass(kind, nn.RNNBase):
        return inspect.signature(kind)
    parameters = list(inspect.signature(nn.RNNBase).parameters.values())[1:]
    if kind is nn.RNN:
        tanh = inspect.Parameter("nonlinearity", inspect.Parameter.POSITIONAL_OR_KEYWORD, default="tanh")
        parameters.insert(3, tanh)
    return inspect.Signature(parameters)


#: Arguments that are whole numbers; those that may be None; and those that may be one a dimension.
_WHOLE = {
    *("in_features", "out_features", "in1_features", "in2_features", "in_channels", "out_channels", "groups"),
    *("num_embeddings", "embedding_dim", "padding_idx", "embed_dim", "num_heads", "kdim", "vdim"),
    *("input_size", "hidden_size", "num_layers", "proj_size"),
}
_OPTIONAL = {"padding_idx", "kdim", "vdim"}
_SIZES = {"kernel_size", "stride", "padding", "dilation", "output_padding"}
#: Arguments whose words print(model) writes without quotes.
_WORDS = {"padding", "padding_mode", "mode", "nonlinearity"}
#: A value that only the model knows, and that does not matter here.
_LATER = object()


def _argument(text: str, name: str, node: ast.expr) -> Any:
    """Return the value of one argument."""
    if name in {"device", "dtype"}:
        return _place(text, name, node)
    if name in _WORDS and isinstance(node, ast.Name):
        return node.id
    value = _value(text, node)
    sizes = value if name in _SIZES and isinstance(value, tuple) else (value,)
    optional = (name in _OPTIONAL and value is None) or (name == "padding" and isinstance(value, str))
    if name not in _WHOLE | _SIZES or optional:
        return value
    for size in sizes:
        if not is_whole(size, -math.inf, math.inf):
            raise refusal(text, "shape.layer_whole", argument=name, value=repr(size))  # a text in its quotes
        least = 0 if name != "padding_idx" else -math.inf
        if size < least:
            raise refusal(text, "shape.layer_negative", argument=name, value=str(size))
    if name == "num_layers" and value > MOST_STACKED:
        raise _large(text, value, MOST_STACKED)
    return value


def _place(text: str, name: str, node: ast.expr) -> Any:
    """Return the dtype that is named, or ``_LATER``; a device is looked at and left aside.

    A name such as ``device`` or ``self.dtype`` is the model's own.
    """
    try:
        if isinstance(node, ast.Constant):
            if name == "device" and node.value is not None:
                torch.device(node.value)  # type: ignore[arg-type]
            elif node.value is not None:
                raise TypeError("a dtype is no text")
            return _LATER
        if isinstance(node, ast.Call):
            if name == "dtype" or ast.unparse(node.func) not in {"torch.device", "device"} or node.keywords:
                raise TypeError("no device")
            torch.device(*map(ast.literal_eval, node.args))
            return _LATER
        dotted = ast.unparse(node)
        if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", dotted):
            raise TypeError("no name")
        if not dotted.startswith("torch."):
            return _LATER
        value = getattr(torch, dotted.removeprefix("torch."), None)
        if name == "device" or not isinstance(value, torch.dtype):
            raise TypeError("torch has none")
    except (RuntimeError, TypeError, ValueError):
        example = "torch.float16" if name == "dtype" else '"cuda"'
        was = ast.unparse(node)
        raise refusal(text, "shape.layer_place", argument=name, value=was, example=example) from None
    return value


def _value(text: str, node: ast.expr) -> Any:
    """Return a plain value, or a whole number that is worked out; nothing is run."""
    match node:
        case ast.Constant(value=int() as value) if abs(value) > LARGEST:
            raise _large(text, value, LARGEST)
        case ast.Constant(value=value):
            return value
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return tuple(_value(text, part) for part in parts)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=part):
            value = _value(text, part)
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return -value if isinstance(sign, ast.USub) else value
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _worked_out(text, _value(text, left), type(op), _value(text, right))
        case ast.Name() | ast.Attribute():
            raise refusal(text, "shape.layer_name", word=ast.unparse(node))
    raise refusal(text, "shape.layer")


_OPERATORS: dict[type[ast.operator], Any] = {
    ast.Add: lambda x, y: x + y,
    ast.Sub: lambda x, y: x - y,
    ast.Mult: lambda x, y: x * y,
    ast.Div: lambda x, y: x / y,
    ast.FloorDiv: lambda x, y: x // y,
    ast.Mod: lambda x, y: x % y,
    # 2^63 at most comes out
    ast.Pow: lambda x, y: x**y if 0 <= y < 64 or abs(x) < 2 else math.inf,
}


def _worked_out(text: str, x: object, op: type[ast.operator], y: object) -> int | float:
    """Return x op y of two whole numbers."""
    if not (is_whole(x, -LARGEST, LARGEST) and is_whole(y, -LARGEST, LARGEST)):
        raise refusal(text, "shape.layer_worked")
    try:
        value: int | float = _OPERATORS[op](x, y)
    except ZeroDivisionError:
        raise refusal(text, "shape.layer_worked:zero") from None
    if abs(value) > LARGEST:
        raise _large(text, value, LARGEST)
    return value


def _large(text: str, value: float, most: int) -> ShapeError:
    if abs(value) < 1e30:
        return refusal(text, "shape.layer_large", most=most, value=str(value))
    return refusal(text, "shape.layer_large:longer", most=most)


def checked_text(text: object) -> str:
    """Return what describes a layer if it is text.

    Raises:
        ShapeError: otherwise.
    """
    if isinstance(text, str):
        return text
    raise refusal(shown(text), "shape.layer:no_text", kind=type(text).__name__)


def refusal(text: str, code: str, **facts: Any) -> ShapeError:
    """Return the error that says what is wrong with a layer's text."""
    why = worded(code, facts, REASONS)
    return ShapeError(code, text=text[:MAX_CHARS], why=why, kinds=tuple(KINDS), **facts)

"""A layer as it is written in a model, the shape of its weight, and what really feeds what."""

import ast
import inspect
import math
import re
import warnings
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, NamedTuple, Self

import torch
from torch import nn

from core.checks import is_whole
from core.errors import ShapeError, shown, worded
from core.refusals import REASONS
from core.weights.fans import Fans, checked_shape
from core.weights.laws import ONE, ZERO, Expression, Law, normal, point, symmetric_uniform
from core.weights.schemes import SCHEMES

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
EMBEDDINGS = (nn.Embedding, nn.EmbeddingBag)
#: recurrent class → how many gates its weights stack
GATES = {nn.RNN: 1, nn.LSTM: 4, nn.GRU: 3, nn.RNNCell: 1, nn.LSTMCell: 4, nn.GRUCell: 3}
#: class name → class; add a kind of layer here, its connections to ``_connections``, its start to ``_starts``
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


class Start(NamedTuple):
    """What torch itself starts a parameter as: U(±1/√n), Xavier's uniform, N(0, 1) or zeros."""

    kind: Literal["bound", "xavier", "normal", "zeros"]
    #: what n is, and n
    name: str = ""
    n: int = 0


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of torch.nn: its weight's shape, torch's fans and the true ones."""

    #: the call as it was written, with the weight's name where it was given
    text: str
    #: its class's name in torch.nn
    kind: str
    shape: tuple[int, ...]
    #: how many inputs really feed one output unit, and how many outputs one input unit really feeds,
    #: away from the borders; the mean over positions where a stride makes them differ
    connections: tuple[Fraction, Fraction]
    #: what torch itself starts the weight as, and the bias beside it, if there is one
    start: Start
    bias: Start | None
    #: of a convolution: into how many groups its channels divide, and how many positions a step takes
    groups: int = 1
    stride: int = 1
    #: which of its weights this is, and all that there are to choose
    weight: str = "weight"
    weights: tuple[str, ...] = ("weight",)
    #: how many matrices the weight stacks: the gates of an LSTM; query, key and value
    parts: int = 1
    #: the row of an embedding that torch keeps at 0
    padding_idx: int | None = None
    #: arguments that say nothing of the weights' law: device and dtype
    unused: tuple[str, ...] = ()

    @property
    def fans(self) -> Fans:
        """Fan-in and fan-out by torch's rule, which reads the weight's shape alone."""
        return Fans.of(self.shape)

    @property
    def faithful(self) -> bool:
        """True if torch's fans are the true connections."""
        return self.connections == (Fraction(self.fans.fan_in), Fraction(self.fans.fan_out))

    @property
    def part(self) -> tuple[int, ...]:
        """Shape of one of the matrices that the weight stacks."""
        return (self.shape[0] // self.parts, *self.shape[1:])

    @property
    def start_law(self) -> Law:
        """Law of one weight as torch itself starts it, a padding row aside."""
        return _law(self.start, self.shape)

    @property
    def bias_law(self) -> Law | None:
        """Law of one bias as torch itself starts it; None without a bias."""
        return self.bias and _law(self.bias, self.shape)

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a layer as a model writes it, such as ``Conv2d(64, 128, 3, groups=2)``.

        Its arguments are torch's own: plain values, and whole numbers by + − * // % **. An assignment, a
        comma or a comment around it, and what ``print(model)`` puts before it, are left aside. Of several
        weights it is the first, or the one named behind the call: ``LSTM(8, 16).weight_hh_l0``.

        Raises:
            ShapeError: if it is no layer of ``KINDS``, torch cannot build or run it, or it lacks the weight.
        """
        read = _read(_checked_text(text))
        module = _built(read)
        weights = tuple(
            name for name, values in module.named_parameters() if values.ndim > 1 and "bias" not in name
        )
        wanted = read.weight.removesuffix(".weight") or weights[0]
        weight = next((name for name in weights if wanted in {name, name.removesuffix(".weight")}), None)
        if weight is None:
            raise _refusal(text, "shape.layer_weight", word=wanted, weights=weights)
        shape = tuple(module.get_parameter(weight).shape)
        if 0 in shape:
            raise _emptied(text, read, shape)
        parts = _parts(module, weight)
        start, bias = _starts(module, weight, shape)
        return cls(
            text=read.text,
            kind=read.kind.__name__,
            shape=checked_shape(shape),
            connections=_connections(module, shape, parts, read),
            groups=getattr(module, "groups", 1),
            stride=math.prod(getattr(module, "stride", (1,))),
            weight=weight,
            weights=weights,
            parts=parts,
            padding_idx=getattr(module, "padding_idx", None),
            start=start,
            bias=bias,
            unused=tuple(name for name in ("device", "dtype") if name in read.given),
        )


class _Read(NamedTuple):
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


def _read(text: str) -> _Read:
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
        raise _refusal(text, "shape.layer") from None
    plain = written if "\n" not in written else ast.unparse(node)
    return _Read(plain, kind, *_arguments(text, kind, call), weight=".".join(names), asked=text)


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
        raise _refusal(text, "shape.layer:starred")
    keywords = [word.arg or "" for word in call.keywords]
    if repeated := [name for name in keywords if keywords.count(name) > 1]:
        raise _refusal(text, "shape.layer_built:repeated", argument=repeated[0])
    try:
        nodes = _signature(kind).bind(*call.args, **{word.arg or "": word.value for word in call.keywords})
    except TypeError as error:
        raise _refusal(text, "shape.layer_built", said=str(error)) from None
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
            was, given = str(size), repr(size)
            raise _refusal(text, "shape.layer_whole", argument=name, value=was, given=given)
        least = 0 if name != "padding_idx" else -math.inf
        if size < least:
            raise _refusal(text, "shape.layer_negative", argument=name, value=str(size))
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
        raise _refusal(text, "shape.layer_place", argument=name, value=was, example=example) from None
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
            raise _refusal(text, "shape.layer_name", word=ast.unparse(node))
    raise _refusal(text, "shape.layer")


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
        raise _refusal(text, "shape.layer_worked")
    try:
        value: int | float = _OPERATORS[op](x, y)
    except ZeroDivisionError:
        raise _refusal(text, "shape.layer_worked:zero") from None
    if abs(value) > LARGEST:
        raise _large(text, value, LARGEST)
    return value


def _large(text: str, value: float, most: int) -> ShapeError:
    if abs(value) < 1e30:
        return _refusal(text, "shape.layer_large", most=most, value=str(value))
    return _refusal(text, "shape.layer_large:longer", most=most)


def _checked_text(text: object) -> str:
    """Return what describes a layer if it is text.

    Raises:
        ShapeError: otherwise.
    """
    if isinstance(text, str):
        return text
    raise _refusal(shown(text), "shape.layer:no_text", kind=type(text).__name__)


def _refusal(text: str, code: str, **facts: Any) -> ShapeError:
    why = worded(code, facts, REASONS)
    return ShapeError(code, text=text[:MAX_CHARS], why=why, kinds=tuple(KINDS), **facts)


#: What torch raises when it is given sizes that make no layer.
_UNBUILDABLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


def _built(read: _Read) -> nn.Module:
    """Return the layer without its numbers: on the meta device it has shapes alone."""
    arguments, dropout = dict(read.arguments), read.arguments.get("dropout", 0.0)
    if isinstance(dropout, (int, float)) and 0 <= dropout <= 1:
        arguments.pop("dropout", None)  # torch warns where nothing is dropped
    return _build(read.asked, _without_numbers(read.kind), arguments)


def _build(text: str, kind: type[nn.Module], arguments: dict[str, Any]) -> nn.Module:
    try:
        return kind(**arguments, device="meta")
    except (AttributeError, LookupError, TypeError) as error:  # torch's words are mostly of its insides
        if not (match := re.match(r"\w+ should be of type \w+, got: \w+", str(error))):
            raise _refusal(text, "shape.layer_built:kind") from None
        said = match[0]
    except _UNBUILDABLE as error:
        said = str(error).splitlines()[0].rstrip(".")
    raise _refusal(text, "shape.layer_built", said=said)


def _without_numbers(kind: type[nn.Module]) -> type[nn.Module]:
    """Return the layer's class without its initialisation."""
    nothing = {"reset_parameters": lambda _: None, "_reset_parameters": lambda _: None}
    return type(kind.__name__, (kind,), nothing)


def _emptied(text: str, read: _Read, shape: tuple[int, ...]) -> ShapeError:
    """Return the refusal of a layer without weights, which most kinds of torch's can be built with."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of just that
        try:
            _build(text, read.kind, read.arguments)
        except ShapeError as error:
            return error
    return _refusal(text, "shape.layer_empty", sizes=" × ".join(map(str, shape)))


def _parts(module: nn.Module, weight: str) -> int:
    """Return how many matrices a weight stacks."""
    if isinstance(module, nn.MultiheadAttention):
        return 3 if weight == "in_proj_weight" else 1
    gates = next((n for kind, n in GATES.items() if isinstance(module, kind)), 1)
    return 1 if weight.startswith("weight_hr") else gates


def _starts(module: nn.Module, weight: str, shape: tuple[int, ...]) -> tuple[Start, Start | None]:
    """Return what torch itself starts a weight as, and the bias beside it.

    Source: ``reset_parameters`` of each class.
    """
    if isinstance(module, nn.MultiheadAttention):
        zeros = None if module.in_proj_bias is None else Start("zeros")
        inner = weight == "out_proj.weight"
        return (Start("bound", "fan_in", module.embed_dim) if inner else Start("xavier")), zeros
    if isinstance(module, EMBEDDINGS):
        return Start("normal"), None
    if isinstance(module, tuple(GATES)):
        start = Start("bound", "hidden_size", int(module.hidden_size))  # type: ignore[arg-type]
        bias = weight.replace("weight", "bias", 1)
    elif isinstance(module, nn.Bilinear):
        start, bias = Start("bound", "in1_features", module.in1_features), "bias"
    else:
        start, bias = Start("bound", "fan_in", int(Fans.of(shape).fan_in)), "bias"
    return start, None if getattr(module, bias, None) is None else start


def _law(start: Start, shape: tuple[int, ...]) -> Law:
    if start.kind == "zeros":
        return point(ZERO)
    if start.kind == "normal":
        return normal(ONE)
    if start.kind == "xavier":
        return SCHEMES["xavier_uniform"].law(shape)
    name = start.name.replace("_", r"\_")
    return symmetric_uniform(
        Expression(rf"1/\sqrt{{\mathrm{{{name}}}}}", rf"1/\sqrt{{{start.n}}}", 1 / math.sqrt(start.n))
    )


def _positive(read: _Read, name: str, sizes: tuple[object, ...], dimensions: int) -> tuple[int, ...]:
    """Return a convolution's sizes, one a dimension, as whole numbers from 1.

    Raises:
        ShapeError: if they are not; torch itself looks only when the layer runs.
    """
    if len(sizes) != dimensions or not all(is_whole(size, 1, math.inf) for size in sizes):
        was = " × ".join(map(str, sizes))
        raise _refusal(read.asked, "shape.layer_runs", argument=name, dimensions=dimensions, value=was)
    return sizes  # type: ignore[return-value]


def _connections(
    layer: nn.Module, shape: tuple[int, ...], parts: int, read: _Read
) -> tuple[Fraction, Fraction]:
    """Count the inputs that feed one output unit, and the outputs that one input unit feeds.

    Of stacked matrices, in each; of a bilinear layer, by the products that an output sums, and by the
    weights through which an input of the first kind acts.
    """
    if isinstance(layer, EMBEDDINGS):  # a look-up copies one row of the table
        return Fraction(1), Fraction(layer.embedding_dim)
    if isinstance(layer, (*CONVOLUTIONS, *TRANSPOSED)):
        dimensions = len(layer.output_padding)  # which torch takes from the class alone
        kernel = math.prod(_positive(read, "kernel_size", layer.kernel_size, dimensions))
        inputs = Fraction(layer.in_channels * kernel, layer.groups)
        outputs = Fraction(layer.out_channels * kernel, layer.groups)
        # a stride skips outputs of a convolution, and inputs of a transposed one
        stride = math.prod(_positive(read, "stride", layer.stride, dimensions))
        _positive(read, "dilation", layer.dilation, dimensions)
        return (inputs / stride, outputs) if isinstance(layer, TRANSPOSED) else (inputs, outputs / stride)
    kernel = math.prod(shape[2:])
    return Fraction(shape[1] * kernel), Fraction(shape[0] // parts * kernel)

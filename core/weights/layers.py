"""A layer as it is written in a model, the shape of its weight, and what really feeds what."""

import math
import re
import warnings
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, NamedTuple, Self

import torch
from torch import nn

from ..checks import is_whole
from ..errors import ShapeError
from .families import ONE, ZERO, normal, point, symmetric_uniform
from .fans import Fans, checked_shape
from .laws import Expression, Law
from .layer_text import (
    CONVOLUTIONS,
    EMBEDDINGS,
    GATES,
    TRANSPOSED,
    Read,
    checked_text,
    read_layer,
    refusal,
)
from .schemes import SCHEMES


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
        read = read_layer(checked_text(text))
        module = _built(read)
        weights = tuple(
            name for name, values in module.named_parameters() if values.ndim > 1 and "bias" not in name
        )
        wanted = read.weight.removesuffix(".weight") or weights[0]
        weight = next((name for name in weights if wanted in {name, name.removesuffix(".weight")}), None)
        if weight is None:
            raise refusal(text, "shape.layer_weight", word=wanted, weights=weights)
        shape = tuple(module.get_parameter(weight).shape)
        if 0 in shape:
            raise _emptied(text, read, shape)
        _check_runs(module, read)
        parts = _parts(module, weight)
        start, bias = starts(module, weight, shape)
        _check_drawn(start, read)
        return cls(
            text=read.text,
            kind=read.kind.__name__,
            shape=checked_shape(shape),
            connections=_connections(module, shape, parts),
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


def _built(read: Read) -> nn.Module:
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
            raise refusal(text, "shape.layer_built:kind") from None
        said = match[0]
    except _UNBUILDABLE as error:
        said = str(error).splitlines()[0].rstrip(".")
    raise refusal(text, "shape.layer_built", said=said)


def _without_numbers(kind: type[nn.Module]) -> type[nn.Module]:
    """Return the layer's class without its initialisation."""
    nothing = {"reset_parameters": lambda _: None, "_reset_parameters": lambda _: None}
    return type(kind.__name__, (kind,), nothing)


def _emptied(text: str, read: Read, shape: tuple[int, ...]) -> ShapeError:
    """Return the refusal of a layer without weights, which most kinds of torch's can be built with."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of just that
        try:
            _build(text, read.kind, read.arguments)
        except ShapeError as error:
            return error
    return refusal(text, "shape.layer_empty", sizes=" × ".join(map(str, shape)))


def _parts(module: nn.Module, weight: str) -> int:
    """Return how many matrices a weight stacks."""
    if isinstance(module, nn.MultiheadAttention):
        return 3 if weight == "in_proj_weight" else 1
    gates = next((n for kind, n in GATES.items() if isinstance(module, kind)), 1)
    return 1 if weight.startswith("weight_hr") else gates


def starts(module: nn.Module, weight: str, shape: tuple[int, ...]) -> tuple[Start, Start | None]:
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


def _check_runs(module: nn.Module, read: Read) -> None:
    """Refuse a layer that torch builds and cannot run; write a convolution's sizes one a dimension.

    Raises:
        ShapeError: then; torch itself looks only when the layer runs.
    """
    if isinstance(module, (*CONVOLUTIONS, *TRANSPOSED)):
        said = _convolution_fails(module, read)
    elif isinstance(module, nn.EmbeddingBag):
        said = _bag_fails(module)
    else:
        unknown = isinstance(module, nn.RNNCell) and module.nonlinearity not in {"tanh", "relu"}
        said = f"Unknown nonlinearity: {module.nonlinearity}" if unknown else ""
    if said:
        raise refusal(read.asked, "shape.layer_fails", said=said)


def _convolution_fails(layer: Any, read: Read) -> str:
    """Return why torch cannot run a convolution whose sizes are as many as it takes, '' if it can."""
    layer.kernel_size = _sizes(read, "kernel_size", layer.kernel_size, alone=False)
    layer.stride = _sizes(read, "stride", layer.stride)
    layer.dilation = _sizes(read, "dilation", layer.dilation)
    if not isinstance(layer.padding, str):
        # zeros are spread over all dimensions, what else is put around the input is not
        _sizes(read, "padding", layer.padding, 0, alone=layer.padding_mode == "zeros")
    padding = _sizes(read, "output_padding", layer.output_padding, 0)
    steps = map(max, layer.stride, layer.dilation)
    if isinstance(layer, TRANSPOSED) and any(size >= step for size, step in zip(padding, steps, strict=True)):
        return "output padding must be smaller than either stride or dilation"
    return ""


def _sizes(
    read: Read, name: str, sizes: tuple[object, ...], least: int = 1, *, alone: bool = True
) -> tuple[int, ...]:
    """Return a convolution's sizes, whole numbers from ``least``, one a dimension; one ``alone`` is of all.

    Raises:
        ShapeError: if they are not.
    """
    dimensions = int(read.kind.__name__[-2])  # of Conv2d
    many = len(sizes) == dimensions or (alone and len(sizes) == 1)
    if not many or not all(is_whole(size, least, math.inf) for size in sizes):
        raise refusal(
            read.asked,
            "shape.layer_runs",
            argument=name,
            dimensions=dimensions,
            least=least,
            value=repr(read.arguments[name]),
        )
    return sizes * (dimensions // len(sizes))  # type: ignore[return-value]


def _bag_fails(bag: nn.EmbeddingBag) -> str:
    """Return why torch cannot run this, '' if it can."""
    if bag.mode not in ("sum", "mean", "max"):
        return "mode has to be one of sum, mean or max"
    if bag.mode == "max" and bag.scale_grad_by_freq:
        return "max mode does not support scaling the gradient by the frequency"
    return "max mode does not support sparse weights" if bag.mode == "max" and bag.sparse else ""


def _check_drawn(start: Start, read: Read) -> None:
    """Refuse a dtype in which torch cannot start the weight, which it does while it builds the layer."""
    numbers, own = torch.empty(1, dtype=read.arguments.get("dtype"), device="cpu"), torch.Generator("cpu")
    try:
        numbers.normal_(generator=own) if start.kind == "normal" else numbers.uniform_(generator=own)
    except RuntimeError as error:
        said = str(error).splitlines()[0]
        raise refusal(read.asked, "shape.layer_built", said=said) from None


def _connections(layer: nn.Module, shape: tuple[int, ...], parts: int) -> tuple[Fraction, Fraction]:
    """Count the inputs that feed one output unit, and the outputs that one input unit feeds.

    Of stacked matrices, in each; of a bilinear layer, by the products that an output sums, and by the
    weights through which an input of the first kind acts.
    """
    if isinstance(layer, EMBEDDINGS):  # a look-up copies one row of the table
        return Fraction(1), Fraction(layer.embedding_dim)
    if isinstance(layer, (*CONVOLUTIONS, *TRANSPOSED)):
        kernel, stride = math.prod(layer.kernel_size), math.prod(layer.stride)
        inputs = Fraction(layer.in_channels * kernel, layer.groups)
        outputs = Fraction(layer.out_channels * kernel, layer.groups)
        # a stride skips outputs of a convolution, and inputs of a transposed one
        return (inputs / stride, outputs) if isinstance(layer, TRANSPOSED) else (inputs, outputs / stride)
    kernel = math.prod(shape[2:])
    return Fraction(shape[1] * kernel), Fraction(shape[0] // parts * kernel)

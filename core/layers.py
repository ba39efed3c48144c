"""A layer as it is written in a model, the shape of its weight, and what really feeds what."""

import ast
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

from torch import nn

from core.errors import ShapeError
from core.fans import Fans, checked_shape, is_whole

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
#: class name → class; add a kind of layer here and its connections to ``_connections``
KINDS = {
    kind.__name__: kind
    for kind in (nn.Linear, *CONVOLUTIONS, *TRANSPOSED, nn.Embedding, nn.MultiheadAttention)
}
MAX_CHARS = 120


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of torch.nn: its weight's shape, torch's fans and the true ones."""

    #: as it was written
    text: str
    #: its class's name in torch.nn
    kind: str
    shape: tuple[int, ...]
    #: how many inputs really feed one output unit, and how many outputs one input unit really feeds,
    #: away from the borders; the mean over positions where a stride makes them differ
    connections: tuple[Fraction, Fraction]
    #: of a convolution: into how many groups its channels divide, and how many positions a step takes
    groups: int = 1
    stride: int = 1

    @property
    def fans(self) -> Fans:
        """Fan-in and fan-out by torch's rule, which reads the weight's shape alone."""
        return Fans.of(self.shape)

    @property
    def faithful(self) -> bool:
        """True if torch's fans are the true connections."""
        return self.connections == (Fraction(self.fans.fan_in), Fraction(self.fans.fan_out))

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a layer as a model writes it, such as ``Conv2d(64, 128, 3, groups=2)``.

        Its arguments are torch's own, written as plain values; a prefix ``nn.`` may stand before it.
        Of ``MultiheadAttention`` it is the stacked weight of query, key and value, ``in_proj_weight``.

        Raises:
            ShapeError: if it is no layer of ``KINDS``, or torch cannot build it.
        """
        kind, args, keywords = _read(text)
        try:
            # on the meta device a layer has shapes and no numbers
            layer = _without_numbers(kind)(*args, **keywords, device="meta")
            weight = layer.in_proj_weight if kind is nn.MultiheadAttention else layer.weight
            if weight is None:
                raise ValueError("with kdim or vdim it has no stacked weight")
            shape = checked_shape(weight.shape)
            connections = _connections(layer, shape)
            groups, stride = getattr(layer, "groups", 1), math.prod(getattr(layer, "stride", (1,)))
        except _UNBUILDABLE as error:
            raise _refusal(text, str(error).splitlines()[0].rstrip("."), code="shape.layer_built") from None
        return cls(text.strip(), kind.__name__, shape, connections, groups, stride)


#: What torch raises when it is given sizes that make no layer.
_UNBUILDABLE = (ArithmeticError, AssertionError, AttributeError, RuntimeError, TypeError, ValueError)


def _read(text: str) -> tuple[type[nn.Module], list[Any], dict[str, Any]]:
    """Return class, arguments and keyword arguments of a call that is written with plain values."""
    try:
        call = ast.parse(text.strip()[: MAX_CHARS + 1], mode="eval").body if len(text) <= MAX_CHARS else None
        if not isinstance(call, ast.Call):
            raise TypeError("not a call")
        kind = KINDS[ast.unparse(call.func).removeprefix("torch.").removeprefix("nn.")]
        args = [ast.literal_eval(value) for value in call.args]
        keywords = {str(word.arg): ast.literal_eval(word.value) for word in call.keywords}
    except (KeyError, TypeError, ValueError, SyntaxError, RecursionError, MemoryError):
        why = "it is none of these, written with plain numbers"
        raise _refusal(text, why, code="shape.layer") from None
    return kind, args, keywords


def _refusal(text: str, why: str, *, code: str) -> ShapeError:
    return ShapeError(
        f"A layer is written as in a model, such as Conv2d(64, 128, 3, groups=2), with one of "
        f"{', '.join(KINDS)}; it was {text[:MAX_CHARS]!r}: {why}.",
        code=code,
        text=text[:MAX_CHARS],
        why=why,
        kinds=tuple(KINDS),
    )


def _without_numbers(kind: type[nn.Module]) -> type[nn.Module]:
    """Return the layer's class without its initialisation."""
    nothing = {"reset_parameters": lambda _: None, "_reset_parameters": lambda _: None}
    return type(kind.__name__, (kind,), nothing)


def _positive(sizes: tuple[object, ...], dimensions: int) -> tuple[int, ...]:
    """Return a convolution's sizes, one a dimension, as whole numbers from 1.

    Raises:
        ValueError: if they are not; torch itself looks only when the layer runs.
    """
    if len(sizes) != dimensions or not all(is_whole(size, 1, math.inf) for size in sizes):
        raise ValueError(f"{sizes} are not {dimensions} whole numbers from 1")
    return sizes  # type: ignore[return-value]


def _connections(layer: nn.Module, shape: tuple[int, ...]) -> tuple[Fraction, Fraction]:
    """Count the inputs that feed one output unit, and the outputs that one input unit feeds."""
    if isinstance(layer, nn.Embedding):  # a look-up copies one row of the table
        return Fraction(1), Fraction(layer.embedding_dim)
    if isinstance(layer, nn.MultiheadAttention):  # three matrices, (embed, embed), in one
        return Fraction(layer.embed_dim), Fraction(layer.embed_dim)
    if isinstance(layer, (*CONVOLUTIONS, *TRANSPOSED)):
        dimensions = len(layer.output_padding)  # which torch takes from the class alone
        kernel = math.prod(_positive(layer.kernel_size, dimensions))
        inputs = Fraction(layer.in_channels * kernel, layer.groups)
        outputs = Fraction(layer.out_channels * kernel, layer.groups)
        # a stride skips outputs of a convolution, and inputs of a transposed one
        stride = math.prod(_positive(layer.stride, dimensions))
        _positive(layer.dilation, dimensions)
        return (inputs / stride, outputs) if isinstance(layer, TRANSPOSED) else (inputs, outputs / stride)
    return Fraction(shape[1]), Fraction(shape[0])

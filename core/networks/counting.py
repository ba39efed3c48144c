"""How many parameters a module has: by hand, as torch holds them, and as torchsummary prints them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add, mul
from typing import Any

from torch import nn

from ..errors import NetworkError

#: Layers that are one row with all that is inside them.
ONE_ROW = (nn.MultiheadAttention, nn.RNNBase)


@dataclass(frozen=True, slots=True)
class Count:
    """The parameters of one module, by a formula of its sizes and as torch holds them."""

    #: path of the module, '' for the root
    name: str
    #: its class
    kind: str
    #: the formula, such as (in_features + 1) × out_features
    symbolic: str
    #: the same with this module's numbers
    numeric: str
    #: what the formula gives
    by_hand: int
    #: how many of them an earlier row has counted, where modules share a tensor
    shared: int
    #: what torch holds beside those
    count: int


def parameter_count(module: nn.Module) -> tuple[Count, ...]:
    """Count the parameters of ``module``, one row for each part that holds some itself.

    Attention and recurrent layers are one row each. The formulas use a layer's sizes alone; the column
    ``count`` adds up to ``sum(p.numel() for p in module.parameters())``.

    Raises:
        NetworkError: for what is no module, or a lazy layer that has no sizes yet.
    """
    check_module(module)
    rows: list[Count] = []
    seen: set[int] = set()
    whole: str | None = None
    for name, part in module.named_modules():
        if whole is not None and name.startswith(whole):
            continue  # a row above has it
        one = isinstance(part, ONE_ROW)
        if one:
            whole = f"{name}." if name else ""
        held = dict(part.named_parameters(recurse=one, remove_duplicate=False))
        if any(isinstance(p, nn.UninitializedParameter) for p in held.values()):
            raise NetworkError("network.lazy", name=name, part=name or type(part).__name__)
        if held:
            formula = _formula(part, held)
            new = {id(p): p.numel() for p in held.values() if id(p) not in seen}
            seen |= new.keys()
            count = sum(new.values())
            shared = sum(p.numel() for p in held.values()) - count
            kind = type(part).__name__
            rows.append(Count(name, kind, formula.symbolic, formula.numeric, formula.value, shared, count))
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class _Term:
    """A formula, built once: in symbols, in numbers, and its value."""

    symbolic: str
    numeric: str
    value: int
    #: True if it needs brackets inside a product
    is_sum: bool = False

    def __add__(self, other: "_Term | int") -> "_Term":
        return self._joined("{} + {}", _term(other), self.value + _term(other).value, is_sum=True)

    def __mul__(self, other: "_Term | int") -> "_Term":
        return self._factor._joined("{} × {}", _term(other)._factor, self.value * _term(other).value)

    def __rmul__(self, other: int) -> "_Term":
        return _term(other) * self

    def __truediv__(self, other: "_Term") -> "_Term":
        return self._factor._joined("{} / {}", other._factor, self.value // other.value)

    def _joined(self, pattern: str, other: "_Term", value: int, *, is_sum: bool = False) -> "_Term":
        symbolic = pattern.format(self.symbolic, other.symbolic)
        return _Term(symbolic, pattern.format(self.numeric, other.numeric), value, is_sum=is_sum)

    @property
    def _factor(self) -> "_Term":
        return _Term(f"({self.symbolic})", f"({self.numeric})", self.value) if self.is_sum else self


def _term(value: _Term | int, name: str = "") -> _Term:
    return value if isinstance(value, _Term) else _Term(name or str(value), str(value), value)


def _sizes(part: Any, *names: str) -> Iterator[_Term]:
    """Return the module's sizes of these names, as they stand in formulas."""
    return (_term(getattr(part, name), name) for name in names)


def _formula(part: nn.Module, held: dict[str, nn.Parameter]) -> _Term:
    """Return what ``part``, of which torch holds the parameters ``held``, must have by its sizes."""
    if type(part).__module__.startswith("torch.nn.modules."):
        for kinds, names, formula in _FORMULAS:
            if isinstance(part, kinds) and all(re.fullmatch(names, name) for name in held):
                return formula(part, "bias" in held)
    # another's layer, or torch's own with parameters that it has not by itself
    return reduce(add, (_product(p.shape, name) for name, p in held.items()))


def _product(sizes: Sequence[int], name: str) -> _Term:
    """Return the product of a tensor's sizes, of which only the tensor has a name."""
    terms = [_term(size) for size in sizes] or [_term(1)]
    product = reduce(mul, terms)
    return _Term(name if name.isidentifier() else f"parameter{name}", product.numeric, product.value)


def _linear(part: Any, bias: bool) -> _Term:  # noqa: FBT001 - every formula takes it
    inputs, outputs = _sizes(part, "in_features", "out_features")
    return (inputs + 1) * outputs if bias else inputs * outputs


def _bilinear(part: Any, bias: bool) -> _Term:  # noqa: FBT001
    left, right, outputs = _sizes(part, "in1_features", "in2_features", "out_features")
    return (left * right + 1) * outputs if bias else left * right * outputs


def _convolution(part: Any, bias: bool) -> _Term:  # noqa: FBT001
    """A filter sees its group's channels through its kernel."""
    inputs, outputs, groups = _sizes(part, "in_channels", "out_channels", "groups")
    kernel = reduce(mul, (_term(size, f"kernel{i}") for i, size in enumerate(part.kernel_size)))
    if part.transposed:  # an input channel feeds its group's outputs
        weight = inputs * (outputs / groups if part.groups > 1 else outputs) * kernel
        return weight + outputs if bias else weight
    seen = (inputs / groups if part.groups > 1 else inputs) * kernel
    return (seen + 1) * outputs if bias else seen * outputs


def _embedding(part: Any, bias: bool) -> _Term:  # noqa: ARG001, FBT001
    rows, columns = _sizes(part, "num_embeddings", "embedding_dim")
    return rows * columns


def _norm(part: Any, bias: bool) -> _Term:  # noqa: FBT001
    """A scale, and with a bias a shift, for each feature."""
    if isinstance(part, (nn.LayerNorm, nn.RMSNorm)):
        features = reduce(
            mul, (_term(n, f"normalized_shape{i}") for i, n in enumerate(part.normalized_shape))
        )
    else:
        (features,) = _sizes(part, "num_channels" if isinstance(part, nn.GroupNorm) else "num_features")
    return 2 * features if bias else features


def _prelu(part: Any, bias: bool) -> _Term:  # noqa: ARG001, FBT001
    (slopes,) = _sizes(part, "num_parameters")
    return slopes


def _attention(part: Any, bias: bool) -> _Term:  # noqa: ARG001, FBT001
    """Query, key, value and output, each a linear layer."""
    embed, keys, values = _sizes(part, "embed_dim", "kdim", "vdim")
    with_bias = part.in_proj_bias is not None
    if part.kdim == part.vdim == part.embed_dim:
        formula = 4 * (embed + 1) * embed if with_bias else 4 * embed * embed
    else:
        formula = (embed + keys + values) * embed + (embed + 1 if with_bias else embed) * embed
        formula = formula + 3 * embed if with_bias else formula
    return formula + 2 * embed if part.bias_k is not None else formula


#: Matrices that a recurrent layer stacks: an LSTM has four gates, a GRU three.
_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def _recurrent(part: Any, bias: bool) -> _Term:  # noqa: ARG001, FBT001
    """Each gate sees the input and the layer's own last output, each with a bias of its own."""
    inputs, hidden, projected = _sizes(part, "input_size", "hidden_size", "proj_size")
    layers, directions = part.num_layers, 2 if part.bidirectional else 1
    fed_back = projected if part.proj_size else hidden

    def layer(fed: _Term) -> _Term:
        formula = _gates(part, fed, fed_back, bias=part.bias)
        formula = formula + projected * hidden if part.proj_size else formula
        return directions * formula if directions > 1 else formula

    first = layer(inputs)
    if layers == 1:
        return first
    above = layer(directions * fed_back if directions > 1 else fed_back)
    return first + (layers - 1) * above if layers > 2 else first + above


def _cell(part: Any, bias: bool) -> _Term:  # noqa: ARG001, FBT001
    inputs, hidden = _sizes(part, "input_size", "hidden_size")
    return _gates(part, inputs, hidden, bias=part.bias)


def _gates(part: Any, fed: _Term, fed_back: _Term, *, bias: bool) -> _Term:
    (hidden,) = _sizes(part, "hidden_size")
    seen = fed + fed_back + 2 if bias else fed + fed_back
    gates = _GATES[type(part).__name__.removesuffix("Cell")]
    return gates * hidden * seen if gates > 1 else hidden * seen


_OWN = "weight|bias"
_STACKED = r"(weight|bias)_[hi][hir].*"
#: kinds of layer, the names of what each holds, and its formula
_FORMULAS = (
    (nn.Linear, _OWN, _linear),
    (nn.Bilinear, _OWN, _bilinear),
    (nn.modules.conv._ConvNd, _OWN, _convolution),
    ((nn.Embedding, nn.EmbeddingBag), _OWN, _embedding),
    ((nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.RMSNorm, nn.GroupNorm), _OWN, _norm),
    (nn.PReLU, _OWN, _prelu),
    (nn.MultiheadAttention, r"in_proj_.*|[qkv]_proj_weight|bias_[kv]|out_proj\.(weight|bias)", _attention),
    (nn.RNNBase, _STACKED, _recurrent),
    (nn.modules.rnn.RNNCellBase, _STACKED, _cell),
)


def check_module(module: object) -> None:
    """Refuse what is no module."""
    if not isinstance(module, nn.Module):
        raise NetworkError("network.module", kind=type(module).__name__)

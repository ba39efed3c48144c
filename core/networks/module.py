"""A network as a module: built from its description, run step by step, there and back."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any, NamedTuple, Self, TypeGuard

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from .. import devices
from ..checks import (
    Array,
    checked_array,
    checked_dtype,
    checked_flag,
    checked_kind,
    checked_whole,
    is_lazy,
    is_whole,
    sequence,
    unfit,
)
from ..errors import NetworkError, ParameterError, shown
from ..generators import global_generators
from ..signals.activations import ACTIVATIONS
from ..weights.draw import checked_seed
from ..weights.laws import Law
from ..weights.sampling import DTYPES
from ..weights.scheme import run
from ..weights.schemes import SCHEMES
from .network import LESSON, MAX_BATCH, MAX_UNITS, OWN, Network

#: The parameters as the lesson prints them; it names no seed for them.
LESSON_PRINTED: Mapping[str, Any] = MappingProxyType(
    {
        "linear1.weight": (
            (-6.7921e-01, -8.9048e-04, -1.6005e-01),
            (-3.8197e-01, 8.6354e-01, -1.1468e00),
            (5.2889e-02, -7.4933e-02, 1.9173e-01),
        ),
        "linear1.bias": (-0.0769, -0.3757, -0.0714),
        "linear2.weight": ((0.7111, -0.3630, 0.6903), (0.5848, 1.1082, 0.7090)),
        "linear2.bias": (-0.2732, 0.3150),
        "out.weight": ((-0.5128, 0.1292), (0.5511, -0.1931)),
        "out.bias": (0.0501, 0.1868),
    }
)


class Step(NamedTuple):
    """What one step of a forward pass gives."""

    #: the layer it belongs to; "input" for the first
    layer: str
    #: "input", "linear", or the activation's key
    kind: str
    #: (batch, units)
    value: Tensor


class Net(nn.Module):
    """The module that ``network`` describes: attributes linear1, linear2, … and out.

    Its parameters are, bit for bit, those that plain torch draws after ``torch.manual_seed(seed)``:
    each nn.Linear first fills its own weight and bias, and then the scheme fills the weight again.
    The global generators stand afterwards as before. Orthogonal weights, which are LAPACK's, and all
    steps, which are products of matrices, are plain torch's but for rounding.

    Raises:
        InitLabError: see ``Network.check``.
    """

    def __init__(
        self, network: Network, *, seed: int, device: str = "cpu", dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__()
        checked_kind("network", network, Network, "a Network")
        draws = network.check(seed=seed, device=device, dtype=dtype)
        target = devices.resolve(device)
        self.network = network
        with global_generators(target, checked_seed(seed)):
            for name, dense, draw in zip(network.names, network.layers, draws, strict=True):
                fan_out, fan_in = draw.shape
                linear = nn.Linear(fan_in, fan_out, dense.bias != "none", device=target, dtype=dtype)
                if dense.scheme != OWN:
                    run(draw.call, linear.weight)
                if dense.bias == "zeros":
                    nn.init.zeros_(linear.bias)
                self.add_module(name, linear)

    def steps(self, x: Tensor) -> tuple[Step, ...]:
        """Run ``x``, (batch, inputs), forward and return what each step gives, the input first.

        Raises:
            NetworkError: if ``x`` has another shape, dtype or device, or is no dense tensor.
        """
        own = next(self.parameters())
        dense = isinstance(x, Tensor) and not (is_lazy(x) or x.is_nested) and x.layout == torch.strided
        if not dense or x.device != own.device:
            raise NetworkError("network.tensor", device=str(own.device), given=shown(x))
        if x.dim() != 2 or x.shape[1] != self.network.inputs:
            raise NetworkError("network.input", inputs=self.network.inputs, shape=tuple(x.shape))
        if x.dtype != own.dtype:
            raise NetworkError("network.input_dtype", dtype=str(x.dtype), own=str(own.dtype))
        return tuple(self._run(x))

    def _run(self, x: Tensor) -> Iterator[Step]:
        yield Step("input", "input", x)
        for (name, linear), dense in zip(self.named_children(), self.network.layers, strict=True):
            x = linear(x)
            yield Step(name, "linear", x)
            if dense.activation != "linear":
                x = follow(dense.activation, x)
                yield Step(name, dense.activation, x)

    def forward(self, x: Tensor) -> Tensor:
        """Return the output, (batch, outputs)."""
        return self.steps(x)[-1].value

    def laws(self) -> dict[str, Law]:
        """Return the law that each named parameter was drawn from."""
        laws = {}
        for name, dense, shape in zip(
            self.network.names, self.network.layers, self.network.shapes, strict=True
        ):
            laws[f"{name}.weight"] = SCHEMES[dense.scheme].law(shape, **dict(dense.params))
            if dense.bias != "none":  # torch bounds the bias by the weight's fan_in
                laws[f"{name}.bias"] = SCHEMES[OWN if dense.bias == "default" else "zeros"].law(shape)
        return laws

    def load(self, values: Mapping[str, Any]) -> Self:
        """Put these numbers in the place of the parameters, by name.

        Raises:
            NetworkError: if names or shapes are not this network's, or these are no real numbers.
        """
        given = checked_values(self.network, values)
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                parameter.copy_(torch.from_numpy(given[name]))
        return self

    def printed(self) -> str:
        """Return the parameters as torch prints them, name after name."""
        return "\n".join(f"{name} {parameter}" for name, parameter in self.named_parameters())


class ThreeLayerNet(Net):
    """The lesson's network: attributes linear1, linear2 and out."""

    def __init__(self, *, seed: int = 40) -> None:
        super().__init__(LESSON, seed=seed)


def checked_values(network: Network, values: object) -> dict[str, Array]:
    """Return numbers for a network's parameters by name, as float64 of the parameters' shapes.

    Raises:
        NetworkError: if names or shapes are not this network's, or these are no real numbers.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for name, dense, shape in zip(network.names, network.layers, network.shapes, strict=True):
        shapes[f"{name}.weight"] = shape
        if dense.bias != "none":
            shapes[f"{name}.bias"] = shape[:1]
    given: dict[str, Array] = {}
    if isinstance(values, Mapping) and values.keys() == shapes.keys():
        with suppress(ParameterError):  # then one is missing
            given = {name: checked_array(name, values[name]) for name in shapes}
    if {name: value.shape for name, value in given.items()} != shapes:
        raise NetworkError("network.parameters", names=tuple(shapes))
    return given


def follow(activation: str, z: Tensor) -> Tensor:
    """Apply an activation, or softmax over each row."""
    return torch.softmax(z, dim=-1) if activation == "softmax" else ACTIVATIONS[activation].function(z)


def seeded_input(
    batch: int, features: int, *, seed: int, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> Tensor:
    """Return what ``torch.randn(batch, features)`` gives after ``torch.manual_seed(seed)``.

    Raises:
        InitLabError: for sizes that are no whole numbers up to MAX_BATCH and MAX_UNITS; also see ``draw``.
    """
    batch, features = checked_whole("batch", batch, MAX_BATCH), checked_whole("features", features, MAX_UNITS)
    target = devices.resolve(device)
    generator = Generator(device=target).manual_seed(checked_seed(seed))
    checked_dtype(dtype)
    return torch.randn(batch, features, generator=generator, device=target, dtype=dtype)


class Gradient(NamedTuple):
    """The gradient of the loss in one layer; ``bias`` is None where there is none."""

    layer: str
    weight: Tensor
    bias: Tensor | None


class Backward(NamedTuple):
    """A loss and its gradients, layer by layer from the input on."""

    loss: float
    gradients: tuple[Gradient, ...]


def backward(net: Net, x: Tensor, labels: Sequence[int]) -> Backward:
    """Return the mean cross-entropy of ``labels``, one a row of ``x``, and its gradients.

    The cross-entropy is −ln of the label's softmax probability. It is computed from what stands before
    a last softmax, or from the output where there is none: softmax is never applied twice.

    Raises:
        NetworkError: if there is not one label a row, from 0 to outputs − 1; also see ``Net.steps``.
    """
    steps, classes = checked_kind("net", net, Net, "a Net").steps(x), net.network.outputs
    given = sequence(labels.tolist() if _counts(labels) else labels, len(x)) or ()
    if not 0 < len(given) == len(x) or not all(is_whole(label, 0, classes - 1) for label in given):
        raise NetworkError(
            "network.labels", classes=classes, last=classes - 1, rows=len(x), given=shown(labels)
        )
    logits = steps[-2 if steps[-1].kind == "softmax" else -1].value
    loss = F.cross_entropy(logits, torch.tensor(list(map(int, given)), device=x.device))
    gradients = iter(torch.autograd.grad(loss, list(net.parameters())))
    of_layers = [
        Gradient(name, next(gradients), next(gradients) if dense.bias != "none" else None)
        for name, dense in zip(net.network.names, net.network.layers, strict=True)
    ]
    return Backward(loss.item(), tuple(of_layers))


def _counts(labels: object) -> TypeGuard[Tensor]:
    """Tell whether these are whole numbers in a tensor."""
    if not isinstance(labels, Tensor) or is_lazy(labels):
        return False
    return labels.dim() == 1 and not labels.dtype.is_floating_point


def different_units(matrix: Tensor, *, exact: bool = False) -> int:
    """Return how many rows of ``matrix``, one a unit, differ: by more than rounding, or at all if ``exact``.

    Up to rounding, rows are equal where their entries agree to 16 units of the dtype's last place at the
    matrix's largest entry (in half precision to 2): torch may add the same numbers in another order from
    row to row. So rows far smaller than the largest count as equal.

    Raises:
        ParameterError: unless it is a matrix of one of core's DTYPES, of one row and one column at least.
    """
    if (
        not isinstance(matrix, Tensor)
        or is_lazy(matrix)
        or matrix.dtype not in DTYPES
        or matrix.dim() != 2
        or not matrix.numel()
    ):
        raise unfit("matrix", matrix, "a floating tensor of shape (units, inputs)")
    if matrix.is_meta or matrix.layout != torch.strided:
        raise unfit("matrix", matrix, "a dense tensor with numbers")
    if checked_flag("exact", exact):
        return len(torch.unique(matrix.detach(), dim=0))
    rows = matrix.detach().double().cpu()
    finite = rows[rows.isfinite()].abs()
    places = 16 if matrix.dtype.itemsize > 2 else 2
    step = places * torch.finfo(matrix.dtype).eps * (float(finite.max()) if len(finite) else 0.0)
    # rows that are nearly equal lie near each other along any direction, and are met one after the other
    direction = torch.linspace(1, 2, rows.shape[1], dtype=torch.float64, device=rows.device)
    heights, reach = rows @ direction, step * float(direction.sum())
    found: list[int] = []
    for row in heights.argsort().tolist():
        for other in reversed(found):
            if not heights[row] - heights[other] <= reach:
                found.append(row)
                break
            if bool(((rows[row] - rows[other]).abs() <= step).all()):
                break
        else:
            found.append(row)
    return len(found)

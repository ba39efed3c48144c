"""A network's run, shared between visitors: small arrays for the eye, never the tensors themselves.

A network is built anew for each result: the same seed gives the same weights, and they are few.
"""

from base64 import b64encode
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save
from torch import Tensor

from core import Count, Law, Net, Summary, parameter_count, summary_text
from core.networks.edits import edited
from core.networks.module import LESSON_PRINTED, backward, different_units, seeded_input
from pages.jobs.cache import kept
from pages.state.chosen import State
from pages.state.controls import DTYPE_NAMES
from pages.state.parsers import edits_of, network_of, table_of

Array = npt.NDArray[np.float64]

#: Units and rows that are shown; of more, the first so many.
SHOWN = 64
#: Units whose arithmetic is written out, and terms of each sum.
WRITTEN = 4


class NetworkRun(NamedTuple):
    """What a run depends on, and nothing else."""

    net: str
    #: None for the weights that the lesson prints
    seed: int | None
    device: str
    dtype: str
    batch: int
    data_seed: int
    #: rows as text, or '' where the input is drawn
    data: str
    #: numbers set by hand afterwards, as text
    edits: str = ""

    @property
    def values(self) -> Any:
        """Parameters to load, if they are not drawn."""
        return LESSON_PRINTED if self.seed is None else None


def asked(state: State) -> NetworkRun:
    """Return the run that this state asks for."""
    seed = state["seed"] if state["weights"] == "seeded" else None
    batch, data_seed = (0, 0) if state["data"] else (state["batch"], state["data_seed"])
    drawn = NetworkRun(state["net"], seed, state.device, state["dtype"], batch, data_seed, state["data"])
    return drawn._replace(edits=state["edits"])


def built(run: NetworkRun) -> tuple[Net, Tensor]:
    """Return the network and its input."""
    network, dtype = network_of(run.net), DTYPE_NAMES[run.dtype]
    net = Net(network, seed=run.seed or 0, device=run.device, dtype=dtype)
    if run.values is not None:
        net.load(run.values)
    if run.data:
        x = torch.tensor(table_of(run.data), dtype=dtype, device=run.device)
    else:
        x = seeded_input(run.batch, network.inputs, seed=run.data_seed, device=run.device, dtype=dtype)
    return net, edited(net, x, edits_of(run.edits))


def _array(tensor: Tensor) -> Array:
    """Return the first rows and columns of a tensor."""
    return tensor.detach()[(slice(SHOWN),) * tensor.dim()].double().cpu().numpy()


class Seen(NamedTuple):
    """One step of a forward pass: its first rows and units."""

    layer: str
    kind: str
    #: (batch, units), of all of it
    shape: tuple[int, int]
    values: Array
    #: units that are 0 in every row, and numbers that are not finite, of all of it
    silent: int
    broken: int
    #: each row's sum, of the first rows, where softmax makes it 1
    sums: Array | None


class Ran(NamedTuple):
    """A network run forward."""

    steps: tuple[Seen, ...]
    #: the first rows and columns of each layer's weight, and of its bias if it has one
    weights: tuple[Array, ...]
    biases: tuple[Array | None, ...]
    #: torchsummary's text
    summary: str
    counts: tuple[Count, ...]
    #: what sum(p.numel()) gives
    size: int
    #: how far the sum of an output row is from 1 at most, if softmax is last
    off_one: float | None


@kept(share=8)
def ran(run: NetworkRun) -> Ran:
    """Build the network, run it, and count its parameters."""
    net, x = built(run)
    with torch.no_grad():
        steps = net.steps(x)
    layers = [getattr(net, name) for name in net.network.names]
    last = steps[-1]
    off_one = float((last.value.double().sum(1) - 1).abs().max()) if last.kind == "softmax" else None
    return Ran(
        tuple(_seen(*step) for step in steps),
        tuple(_array(layer.weight) for layer in layers),
        tuple(None if layer.bias is None else _array(layer.bias) for layer in layers),
        summary_text(net, (net.network.inputs,), len(x)),
        parameter_count(net),
        sum(p.numel() for p in net.parameters()),
        off_one,
    )


def _seen(layer: str, kind: str, value: Tensor) -> Seen:
    rows, units = value.shape
    silent = int((value == 0).all(0).sum())
    broken = int((~value.isfinite()).sum())
    sums = _array(value.double().sum(1)) if kind == "softmax" else None
    return Seen(layer, kind, (rows, units), _array(value), silent, broken, sums)


class Traced(NamedTuple):
    """One layer's work on one row: z = W·x + b, then a. Its first units and inputs."""

    x: Array
    weight: Array
    bias: Array | None
    z: Array
    a: Array
    #: inputs and units of all of the layer
    inputs: int
    units: int


@kept(share=8)
def traced(run: NetworkRun, sample: int) -> tuple[Traced, ...]:
    """Follow row ``sample``, from 1, through every layer."""
    net, x = built(run)
    with torch.no_grad():
        steps = net.steps(x[sample - 1 : sample])
    layers, fed = [], steps[0].value
    for name in net.network.names:
        linear = getattr(net, name)
        z, *after = [step.value for step in steps if step.layer == name]
        a = after[-1] if after else z
        bias = None if linear.bias is None else _array(linear.bias)
        parts = (_array(part)[0] for part in (fed, z, a))
        seen, before, out = parts
        layers.append(Traced(seen, _array(linear.weight), bias, before, out, fed.shape[1], z.shape[1]))
        fed = a
    return tuple(layers)


class DrawnParameter(NamedTuple):
    """One parameter beside the law that it was drawn from."""

    name: str
    shape: tuple[int, ...]
    law: Law
    summary: Summary
    #: the first rows and columns
    values: Array


@kept(share=8)
def parameters(run: NetworkRun) -> tuple[tuple[DrawnParameter, ...], str]:
    """Return the network's parameters with their laws, and how torch prints them."""
    net, _ = built(run)
    laws, rows = net.laws(), []
    for name, parameter in net.named_parameters():
        summary = Summary.of(parameter, law=laws[name], bins=20)
        rows.append(DrawnParameter(name, tuple(parameter.shape), laws[name], summary, _array(parameter)))
    return tuple(rows), net.printed()


class LayerGradient(NamedTuple):
    """One layer's gradient."""

    layer: str
    inputs: int
    units: int
    #: Frobenius norms of the gradients
    weight_norm: float
    bias_norm: float | None
    #: how many different units the layer has, by weight and bias, and by their gradients
    different: int
    different_gradients: int
    #: units whose weights and bias have gradient 0
    still: int
    #: True if all units are one, by the next layer's weights too: then they are one after every step
    interchangeable: bool
    #: True if a gradient is inf or nan
    broken: bool
    #: weight and bias side by side, and their gradients: the first rows and columns
    values: Array
    gradient: Array


@kept(share=8)
def gradients(run: NetworkRun, labels: tuple[int, ...]) -> tuple[float, tuple[LayerGradient, ...]]:
    """Return the cross-entropy of ``labels`` and its gradient in each layer."""
    net, x = built(run)
    result = backward(net, x, labels)
    rows = []
    for at, (layer, weight, bias) in enumerate(result.gradients, start=1):
        linear = getattr(net, layer)
        values, gradient = linear.weight, weight
        if bias is not None:
            values = torch.cat([values, linear.bias[:, None]], 1)
            gradient = torch.cat([gradient, bias[:, None]], 1)
        onward = [getattr(net, name).weight.T for name in net.network.names[at : at + 1]]
        rows.append(
            LayerGradient(
                layer,
                weight.shape[1],
                len(weight),
                float(weight.double().norm()),
                None if bias is None else float(bias.double().norm()),
                different_units(values, exact=True),
                different_units(gradient),
                int((gradient == 0).all(1).sum()),
                bool(onward) and different_units(torch.cat([values, *onward], 1), exact=True) == 1,
                not bool(gradient.isfinite().all()),
                _array(values),
                _array(gradient),
            )
        )
    return result.loss, tuple(rows)


def tensors(
    run: NetworkRun, labels: tuple[int, ...] | None = None, *, inner: bool = True
) -> dict[str, Tensor]:
    """Return by name the network's input, its parameters, and what it makes of the input.

    That is each layer's z and, after an activation, a; or without ``inner`` the last of them as output.
    With ``labels``, a parameter's gradient follows it.
    """
    net, rows = built(run)
    found = {"input": rows}
    slopes: dict[str, Tensor | None] = {}
    for layer, weight, bias in backward(net, rows, labels).gradients if labels else ():
        slopes |= {f"{layer}.weight": weight, f"{layer}.bias": bias}
    for name, parameter in net.named_parameters():
        found[name] = parameter.detach()
        if (slope := slopes.get(name)) is not None:
            found[f"{name}.grad"] = slope
    with torch.no_grad():
        _, *steps = net.steps(rows)
    if not inner:
        return {**found, "output": steps[-1].value}
    return found | {f"{step.layer}.{'z' if step.kind == 'linear' else 'a'}": step.value for step in steps}


@kept(share=8)
def drawn_bytes(run: NetworkRun) -> str:
    """Return all parameters, one after the other, as the bytes of float32 in base64."""
    net, _ = built(run)
    flat = torch.cat([p.detach().flatten() for p in net.parameters()])
    return b64encode(flat.float().cpu().numpy().astype("<f4").tobytes()).decode()


def weights_file(run: NetworkRun) -> bytes:
    """Return the network's parameters as a .safetensors file."""
    net, _ = built(run)
    return save({name: p.detach().cpu().contiguous() for name, p in net.named_parameters()})

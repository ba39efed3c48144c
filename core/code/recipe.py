"""Any draw, and any network, as PyTorch code that draws the same, and computes the same but for rounding."""

import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from core import devices
from core.checks import Array, checked_array, checked_dtype, checked_kind, checked_whole, sequence, unfit
from core.networks.net import checked_values
from core.networks.network import MAX_BATCH, OWN, Dense, Network
from core.signals.activations import ACTIVATIONS
from core.signals.formula import activation_of
from core.signals.trace import checked_bias, checked_input, checked_scale, checked_seeds, checked_sizes
from core.weights.fans import checked_shape
from core.weights.sampling import checked_seed
from core.weights.scheme import Call
from core.weights.schemes import scheme_of

#: Schemes that one script compares.
MAX_SCHEMES = 64


def pytorch_code(
    key: str,
    shape: Sequence[int],
    *,
    seed: int,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
    **params: Any,
) -> str:
    """Return a script that draws, bit for bit, what ``draw`` with the same arguments does.

    That holds where both run on one machine: see ``draw``. An orthogonal weight is LAPACK's, and the same
    but for rounding. Arguments that equal torch's own defaults are left out.

    Raises:
        InitLabError: see ``draw``; the device may be another machine's.
    """
    call = scheme_of(key).call(shape, **params)
    words = _words(call)
    sizes = ", ".join(map(str, checked_shape(shape)))
    device, seed = _named(device), checked_seed(seed)
    where = "" if checked_dtype(dtype) == torch.float32 else f", dtype={dtype}"
    where += "" if device == "cpu" else f', device="{device}"'
    lines = ["import torch", "from torch import nn", ""]
    if call.takes_global:
        lines.append(
            f"torch.manual_seed({seed})  # {call.function} takes its zeros from the global generator"
        )
    elif call.random:
        on = "" if device == "cpu" else f'device="{device}"'
        lines.append(f"generator = torch.Generator({on}).manual_seed({seed})")
        words.append("generator=generator")
    cast = _cast(call, dtype)
    if cast:  # drawn in float32
        where = where.replace(f", dtype={dtype}", "")
    lines += [
        f"weight = torch.empty({sizes}{where})",
        f"nn.init.{call.function}({', '.join(['weight', *words])})",
        *([f"weight = weight.to({dtype})"] if cast else []),
        "print(weight)",
    ]
    return "\n".join(lines) + "\n"


def _named(device: object) -> str:
    """Return a device's name as code writes it."""
    return str(devices.named(device))  # type: ignore[arg-type]


def _rows(rows: object, inputs: int) -> list[list[float]]:
    """Return rows of ``inputs`` numbers."""
    found = _finite("rows", checked_array("rows", rows))
    if found.ndim != 2 or not 0 < len(found) <= MAX_BATCH or found.shape[1] != inputs:
        raise unfit("rows", rows, f"from 1 to {MAX_BATCH} rows of {inputs} numbers")
    return found.tolist()  # type: ignore[no-any-return]


def _finite(name: str, numbers: Array) -> Array:
    if not np.isfinite(numbers).all():
        raise unfit(name, numbers, "finite numbers, which code can write")
    return numbers


def call_code(key: str, shape: Sequence[int], **params: Any) -> str:
    """Return the one call of ``torch.nn.init`` that draws a scheme into a weight ``w`` of this shape."""
    call = scheme_of(key).call(shape, **params)
    return _filled("w", call, cast=call.cast)


def _cast(call: Call, dtype: torch.dtype) -> bool:
    """Tell whether a call draws in float32 for a tensor of ``dtype``, which is cast to it."""
    return call.cast and torch.promote_types(dtype, torch.float32) != dtype


def _filled(weight: str, call: Call, *words: str, cast: bool = False) -> str:
    """Return the line that fills ``weight`` by a call, or copies into it what was drawn in float32."""
    drawn = f"{weight}.data.float()" if cast else weight
    filled = f"nn.init.{call.function}({', '.join([drawn, *_words(call), *words])})"
    return f"{weight}.data.copy_({filled})" if cast else filled


def network_code(  # noqa: PLR0913 - by keyword, what a run depends on
    network: Network,
    *,
    seed: int,
    batch: int = 5,
    data_seed: int = 0,
    rows: Sequence[Sequence[float]] | None = None,
    values: Mapping[str, Any] | None = None,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> str:
    """Return a script in the lesson's style that builds and runs ``network`` as a ``Net`` does.

    Its weights are those of ``Net(network, seed=seed)``, or ``values`` by name; its input is that of
    ``seeded_input(batch, network.inputs, seed=data_seed)``, or ``rows``: bit for bit on one machine, but
    for orthogonal weights. These and its output agree but for rounding, as products of matrices do. It
    needs torch alone, and prints what the lesson prints but for torchsummary's text.

    Raises:
        InitLabError: for what ``Net``, ``seeded_input`` and ``Net.load`` refuse, and for numbers not finite.
    """
    checked_kind("network", network, Network, "a Network")
    checked_dtype(dtype)
    device, seed, data_seed = _named(device), checked_seed(seed), checked_seed(data_seed)
    batch = checked_whole("batch", batch, MAX_BATCH)
    if values is not None:
        for name, numbers in checked_values(network, values).items():
            _finite(name, numbers)
    layers = list(zip(network.names, network.layers, network.shapes, strict=True))
    head = ["import torch", "import torch.nn as nn"]
    if any(_calls(dense).startswith("F.") for dense in network.layers):
        head.append("import torch.nn.functional as F")
    head += [""] * (dtype != torch.float32 or device != "cpu")
    head += [f"torch.set_default_dtype({dtype})"] * (dtype != torch.float32)
    head += [f'torch.set_default_device("{device}")'] * (device != "cpu")
    data = [f"    torch.manual_seed({data_seed})", f"    my_data = torch.randn({batch}, {network.inputs})"]
    if rows is not None:
        data = [
            "    my_data = torch.tensor([",
            *(f"        {row}," for row in _rows(rows, network.inputs)),
            "    ])",
        ]
    load = []
    if values is not None:
        tensors = (f'        "{name}": torch.tensor({_listed(value)}),' for name, value in values.items())
        load = ["    my_model.load_state_dict({", *tensors, "    })"]
    lines = [
        *head,
        "",
        "",
        "class Model(nn.Module):",
        "    def __init__(self):",
        "        super().__init__()",
        *(line for layer in layers for line in _built(*layer, dtype)),
        "",
        "    def forward(self, x):",
        *(line for name, dense, _ in layers for line in _run(name, dense)),
        "        return x",
        "",
        "",
        'if __name__ == "__main__":',
        f"    torch.manual_seed({seed})",
        "    my_model = Model()",
        *load,
        *data,
        '    print("mydata shape", my_data.shape)',
        "    output = my_model(my_data)",
        '    print("output shape-->", output.shape)',
        "    print(output)",
        '    print("parameters", sum(p.numel() for p in my_model.parameters()))',
        "    for name, parameter in my_model.named_parameters():",
        "        print(name, parameter)",
    ]
    return "\n".join(lines) + "\n"


def signal_code(  # noqa: PLR0913 - by keyword, what a run depends on
    schemes: Sequence[tuple[str, Mapping[str, Any]]],
    activation: str,
    *,
    depth: int,
    width: int,
    seeds: Sequence[int],
    batch: int = 1,
    bias: str | float = "none",
    input: str = "normal",
    input_scale: float = 1.0,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> str:
    """Return a script that sends the signals of ``signal.trace`` there and back, a run a scheme and seed.

    It makes the same draws, products and activations in the same order, and prints root mean squares by
    layer: their geometric means over the seeds. These agree but for rounding: see ``signal.trace``.

    Raises:
        InitLabError: see ``signal.trace``; the device may be another machine's.
    """
    checked_dtype(dtype)
    device, rows = _named(device), list(checked_seeds(seeds))
    depth, width, batch = checked_sizes(depth, width, batch).values()
    bias, input, input_scale = checked_bias(bias), checked_input(input), checked_scale(input_scale)
    if not (schemes := _pairs(schemes)):
        raise unfit("schemes", schemes, "(key, parameters) of one scheme or more")
    phi = activation_of(activation).code
    shape = (width, width)
    names = _names(schemes)
    fillings = [_filling(name, *each, shape, dtype) for name, each in zip(names, schemes, strict=True)]
    where = "" if dtype == torch.float32 else f", dtype={dtype}"
    where += "" if device == "cpu" else f', device="{device}"'
    drawn, add = [], ""
    if bias != "none":
        add = ", b"
        bound = f"uniform_(-{width**-0.5!r}, {width**-0.5!r}" if bias == "torch" else f"normal_(0, {bias!r}"
        drawn = [f"        b = torch.empty({width}{where}).{bound}, generator=generator)"]
    first = {
        "normal": "normal_(generator=generator)",
        "uniform": f"uniform_({-math.sqrt(3)!r}, {math.sqrt(3)!r}, generator=generator)",
        "pixels": "uniform_(0, 1, generator=generator)",
        "ones": "fill_(1)",
    }[input]
    scaled = "" if input_scale == 1 else f".mul_({input_scale!r})"
    on = "" if device == "cpu" else f'"{device}"'
    counted = rows == list(range(rows[0], rows[0] + len(rows)))
    lines = [
        "import math",
        "",
        "import torch",
        "from torch import nn",
        "from torch.nn import functional as F",
        "",
        "torch.set_flush_denormal(True)  # numbers too small for the dtype's normal range count as 0",
        f"SEEDS = {f'range({rows[0]}, {rows[-1] + 1})' if counted else rows}",
        "",
        "",
        *(line for lines in fillings for line in lines),
        "def rms(values):",
        "    return values.double().square().mean().sqrt().item()",
        "",
        "",
        "def run(fill, seed):",
        f"    generator = torch.Generator({on}).manual_seed(seed)",
        f"    x = torch.empty({batch}, {width}{where}).{first}{scaled}",
        "    forward, weights, slopes = [], [], []",
        f"    for _ in range({depth}):",
        f"        w = torch.empty({width}, {width}{where})",
        "        fill(w, generator)",
        *drawn,
        f"        h = F.linear(x, w{add}).requires_grad_()",
        f"        x = {phi}(h)" if phi else "        x = h * 1",
        "        (slope,) = torch.autograd.grad(x, h, torch.ones_like(h))",
        "        x = x.detach()",
        "        forward.append(rms(x))",
        "        weights.append(w)",
        "        slopes.append(slope)",
        f"    back = torch.empty({batch}, {width}{where}).normal_(generator=generator)",
        "    backward = [rms(back)]",
        "    for w, slope in zip(weights[:0:-1], slopes[-2::-1]):",
        "        back = (back @ w) * slope",
        "        backward.append(rms(back))",
        "    return forward, backward[::-1]",
        "",
        "",
        "def middle(values):  # the geometric mean",
        "    return math.exp(sum(map(math.log, values)) / len(values)) if min(values) > 0 else math.nan",
        "",
        "",
        f"for fill in [{', '.join(names)}]:",
        "    runs = [run(fill, seed) for seed in SEEDS]",
        '    print(fill.__name__, "layer, activations, gradients")',
        f"    for layer in range({depth}):",
        "        print(layer + 1, *(middle([run[way][layer] for run in runs]) for way in (0, 1)))",
    ]
    return "\n".join(lines) + "\n"


def _pairs(schemes: object) -> list[tuple[str, Mapping[str, Any]]]:
    """Return (key, parameters) of each scheme, of MAX_SCHEMES at most; none if one is no such pair."""
    found = list(sequence(schemes, MAX_SCHEMES) or ())
    fits = (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str) for pair in found)
    mapped = (isinstance(pair[1], Mapping) for pair in found)
    return found if all(fits) and all(mapped) else []


def _names(schemes: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Return a function's name for each scheme; one that stands twice is numbered."""
    keys = [key for key, _ in schemes]
    return [key if keys.count(key) == 1 else f"{key}_{at}" for at, key in enumerate(keys, start=1)]


def _filling(
    name: str, key: str, params: Mapping[str, Any], shape: Sequence[int], dtype: torch.dtype
) -> list[str]:
    """Return the lines of a function that fills a weight ``w`` by a scheme."""
    call = scheme_of(key).call(shape, **params)
    words = ["generator=generator"] if call.random and not call.takes_global else []
    lines = [f"    {_filled('w', call, *words, cast=_cast(call, dtype))}"]
    if call.takes_global:  # it has no generator of its own
        lines = [
            "    torch.set_rng_state(generator.get_state())",
            *lines,
            "    generator.set_state(torch.get_rng_state())",
        ]
    return [f"def {name}(w, generator):", *lines, "", ""]


def _listed(value: Any) -> Any:
    """Return nested tuples, an array or a tensor as lists, as torch.tensor is usually given them."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return [_listed(part) for part in value] if isinstance(value, Sequence) else value


def _built(name: str, dense: Dense, shape: tuple[int, int], dtype: torch.dtype) -> list[str]:
    """Return the lines that build a layer and start its parameters."""
    bias = ", bias=False" if dense.bias == "none" else ""
    lines = [f"        self.{name} = nn.Linear({shape[1]}, {shape[0]}{bias})"]
    if dense.scheme != OWN:
        call = scheme_of(dense.scheme).call(shape, **dict(dense.params))
        lines.append(f"        {_filled(f'self.{name}.weight', call, cast=_cast(call, dtype))}")
    if dense.bias == "zeros":
        lines.append(f"        nn.init.zeros_(self.{name}.bias)")
    return lines


def _run(name: str, dense: Dense) -> list[str]:
    """Return the lines that run a layer and what follows it."""
    lines = [f"        x = self.{name}(x)"]
    if dense.activation == "softmax":
        lines.append("        x = torch.softmax(x, dim=-1)")
    elif _calls(dense):
        lines.append(f"        x = {_calls(dense)}(x)")
    return lines


def _calls(dense: Dense) -> str:
    """Return the function that a layer's activation calls, '' if none."""
    return ACTIVATIONS[dense.activation].code if dense.activation in ACTIVATIONS else ""


def _words(call: Call) -> list[str]:
    """Return a call's arguments as code, without those that equal torch's own defaults."""
    defaults = inspect.signature(getattr(nn.init, call.function)).parameters
    return [f"{name}={value!r}" for name, value in call.arguments.items() if defaults[name].default != value]

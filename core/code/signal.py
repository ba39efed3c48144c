"""Signals sent through deep networks and back, as a PyTorch script."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from ..checks import sequence, unfit
from ..signals.formula import activation_of
from ..signals.trace import checked_bias, checked_input, checked_scale, checked_seeds, checked_sizes
from ..weights.draw import Draw
from .writing import ONE_THREAD, filling, is_cast

#: Schemes that one script compares.
MAX_SCHEMES = 64


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
    rows = list(checked_seeds(seeds))
    depth, width, batch = checked_sizes(depth, width, batch).values()
    bias, input, input_scale = checked_bias(bias), checked_input(input), checked_scale(input_scale)
    if not (schemes := _pairs(schemes)):
        raise unfit("schemes", schemes, "(key, parameters) of one scheme or more")
    phi = activation_of(activation).code
    names = _names(schemes)
    given: dict[str, Any] = {"seed": rows[0], "device": device, "dtype": dtype, "here": False}
    draws = [Draw(key, (width, width), **given, **params) for key, params in schemes]
    fillings = [_filling(name, draw) for name, draw in zip(names, draws, strict=True)]
    device = str(draws[0].device)
    where = "" if dtype == torch.float32 else f", dtype={dtype}"
    where += "" if device == "cpu" else f', device="{device}"'
    on = "" if device == "cpu" else f'"{device}"'
    counted = rows == list(range(rows[0], rows[0] + len(rows)))
    lines = [
        *_HEAD,
        f"SEEDS = {f'range({rows[0]}, {rows[-1] + 1})' if counted else rows}",
        "",
        "",
        *(line for lines in fillings for line in lines),
        *_RMS,
        "def run(fill, seed):",
        f"    generator = torch.Generator({on}).manual_seed(seed)",
        f"    x = torch.empty({batch}, {width}{where}).{_first(input, input_scale)}",
        *_forward(depth, width, where, _bias(bias, width, where), phi),
        f"    back = torch.empty({batch}, {width}{where}).normal_(generator=generator)",
        *_BACK,
        *_printing(names, depth),
    ]
    return "\n".join(lines) + "\n"


_HEAD = (
    "import math",
    "",
    "import torch",
    "from torch import nn",
    "from torch.nn import functional as F",
    "",
    ONE_THREAD,
    "torch.set_flush_denormal(True)  # numbers too small for the dtype's normal range count as 0",
)
_RMS = (
    "def rms(values):",
    "    return values.double().square().mean().sqrt().item()",
    "",
    "",
)


def _first(input: str, scale: float) -> str:
    """Return what fills the input."""
    fills = {
        "normal": "normal_(generator=generator)",
        "uniform": f"uniform_({-math.sqrt(3)!r}, {math.sqrt(3)!r}, generator=generator)",
        "pixels": "uniform_(0, 1, generator=generator)",
        "ones": "fill_(1)",
    }
    return fills[input] + ("" if scale == 1 else f".mul_({scale!r})")


def _bias(bias: str | float, width: int, where: str) -> list[str]:
    """Return the line that draws a layer's bias, if it has one."""
    if bias == "none":
        return []
    bound = f"uniform_(-{width**-0.5!r}, {width**-0.5!r}" if bias == "torch" else f"normal_(0, {bias!r}"
    return [f"        b = torch.empty({width}{where}).{bound}, generator=generator)"]


def _forward(depth: int, width: int, where: str, bias: list[str], phi: str) -> list[str]:
    """Return the lines that run through the layers and keep what the way back needs."""
    return [
        "    forward, weights, slopes = [], [], []",
        f"    for _ in range({depth}):",
        f"        w = torch.empty({width}, {width}{where})",
        "        fill(w, generator)",
        *bias,
        f"        h = F.linear(x, w{', b' if bias else ''}).requires_grad_()",
        f"        x = {phi}(h)" if phi else "        x = h * 1",
        "        (slope,) = torch.autograd.grad(x, h, torch.ones_like(h))",
        "        x = x.detach()",
        "        forward.append(rms(x))",
        "        weights.append(w)",
        "        slopes.append(slope)",
    ]


#: The way back, from the last layer to the first.
_BACK = (
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
)


def _printing(names: Sequence[str], depth: int) -> list[str]:
    """Return the lines that run each scheme and print its course."""
    return [
        f"for fill in [{', '.join(names)}]:",
        "    runs = [run(fill, seed) for seed in SEEDS]",
        '    print(fill.__name__, "layer, activations, gradients")',
        f"    for layer in range({depth}):",
        "        print(layer + 1, *(middle([run[way][layer] for run in runs]) for way in (0, 1)))",
    ]


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


def _filling(name: str, draw: Draw) -> list[str]:
    """Return the lines of a function that fills a weight ``w`` as this is drawn."""
    call = draw.call
    words = ["generator=generator"] if call.random and not call.takes_global else []
    lines = [f"    {filling('w', call, *words, cast=is_cast(call, draw.dtype))}"]
    if call.takes_global:  # it has no generator of its own
        lines = [
            "    torch.set_rng_state(generator.get_state())",
            *lines,
            "    generator.set_state(torch.get_rng_state())",
        ]
    return [f"def {name}(w, generator):", *lines, "", ""]

"""A module in memory, judged as a file is, by who knows what each of its layers is meant to start as."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from ..checks import unfit
from ..errors import DeviceError, NetworkError
from ..networks.counting import check_module
from ..networks.module_signal import module_signal
from ..signals.trace import checked_seeds
from ..weights.layer_text import CONVOLUTIONS, EMBEDDINGS, GATES, TRANSPOSED
from ..weights.layers import Start, starts
from .bit_cells import COUNTED
from .candidates import Named, Shape, candidate
from .expected_laws import Expected, Meanings, Meant, meant_of, told
from .findings_in_modules import found_in, padded
from .report import Report, made
from .report_row import Row, judged
from .scan import besides, uncounted
from .tensors_in_memory import in_memory
from .vanishing_signals import fading

_NORMS = (nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, _NormBase)
_BY_FAN = (nn.Linear, nn.Bilinear, *CONVOLUTIONS, *TRANSPOSED)


def audit(
    module: nn.Module,
    *,
    expect: Expected | None = None,
    example: object = None,
    seeds: int | Sequence[int] = 10,
) -> Report:
    """Judge the parameters and buffers of a module.

    What torch itself starts each layer as is known: a Linear's bias by its weight's fan_in, a recurrent
    layer by its hidden size, norms as 1 and 0. ``expect`` says of others, by their names, in which * and ?
    stand for anything, what they are meant to start as: ``{"*.c_proj.weight": ("gpt2_residual",
    {"n_layer": 12})}``. A tensor that is not so is among ``Report.problems``; one that torch would start in
    another way only where nobody can have meant that: norms that were drawn about 0, fans that were swapped.

    With an ``example`` of what ``forward`` takes (a tensor, a tuple of them, or a mapping from its arguments'
    names), copies are run: one as the module stands, and one drawn anew for each of ``seeds``, numbers or how
    many from 0 on. ``Report.signal`` has the root mean square of what each layer gives, and of the gradient
    there. A copy is drawn by each part's ``reset_parameters``, and as ``expect`` says;
    ``Report.not_redrawn`` names what neither draws.

    Raises:
        NetworkError: if this is no module, a lazy one that has no sizes yet, or does not take the example.
        InitLabError: if ``expect`` has a scheme that there is not, or that has no such shape; if the example
            has no finite numbers, or the seeds are none.
    """
    check_module(module)
    chosen = checked_seeds(seeds)
    held = [in_memory(name, tensor, type(module).__name__) for name, tensor in _named_tensors(module)]
    counted = [each for each in held if each.dtype in COUNTED]
    skipped = [uncounted(each) for each in held if each.dtype not in COUNTED]
    meant = {**_meant(module), **dict(told(expect, counted, skipped))}
    rows = [
        judged(each, beside, max(1, len(counted)), meant_of(each, meant))
        for each, beside in zip(counted, besides(counted), strict=True)
    ]
    report = made("torch", list(_without_padding(rows, module)), skipped, meant)
    found = found_in(module, {row.name for row in rows}, report.state)
    report = replace(report, unexpected=(*report.unexpected, *found))
    return report if example is None else _with_signal(report, module, example, chosen, meant)


def _with_signal(
    report: Report, module: nn.Module, example: object, seeds: Sequence[int], meant: Meanings
) -> Report:
    """Return a report with what an example becomes on its way through the module."""
    drawn = {name: one.candidate.named for (name, _), one in meant.items() if one.told}
    layers, kept = module_signal(module, example, seeds, drawn)
    found = fading(layers, trained=report.state == "trained")
    return replace(report, signal=layers, not_redrawn=kept, unexpected=(*report.unexpected, *found))


def _without_padding(rows: Sequence[Row], module: nn.Module) -> Iterator[Row]:
    """Yield the rows; an embedding's row that pads is no dead one."""
    pads = {name: (1, (padding,)) for name, (_, padding) in padded(module).items()}
    for row in rows:
        yield replace(row, flags=row.flags - {"dead_rows"}) if pads.get(row.name) == row.dead else row


def _named_tensors(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield all parameters and buffers by name, those that two layers share under both.

    Raises:
        InitLabError: for one that has no numbers, or is no dense tensor.
    """
    every = [*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False)]
    for name, tensor in every:
        if isinstance(tensor, nn.UninitializedParameter | nn.UninitializedBuffer):
            raise NetworkError(
                "network.lazy", name=name, part=name.rpartition(".")[0] or type(module).__name__
            )
        if tensor.is_meta:
            raise DeviceError("device.meta", value="meta")
        if tensor.layout != torch.strided or tensor.is_nested or tensor.is_quantized:
            raise unfit("module", module, "a module of dense tensors")
        yield name, tensor.detach().resolve_conj().resolve_neg()


def _meant(module: nn.Module) -> dict[tuple[str, Shape], Meant]:
    """Return what torch itself starts each parameter as; what an outer layer draws anew counts."""
    found: dict[tuple[str, Shape], Meant] = {}
    for path, part in module.named_modules(remove_duplicate=False):
        for name, (key, params), shape in _starts_of(part):
            one = candidate(key, params, shape, -1) if math.prod(shape) else None
            if one is not None:
                found.setdefault((f"{path}.{name}" if path else name, shape), Meant(one, told=False))
    return found


_XAVIER, _ONES, _ZEROS = (Named(key, {}) for key in ("xavier_uniform", "ones", "zeros"))


def _starts_of(part: nn.Module) -> Iterator[tuple[str, Named, Shape]]:
    """Yield how torch starts a layer's own parameters, and those that it draws anew in others within it."""
    own = {name: tuple(values.shape) for name, values in part.named_parameters(recurse=False)}
    if isinstance(part, nn.Transformer):
        for name, values in part.named_parameters():
            if values.dim() > 1:
                yield name, _XAVIER, tuple(values.shape)
    elif isinstance(part, nn.MultiheadAttention):
        for name, shape in own.items():
            yield name, _ZEROS if name == "in_proj_bias" else _XAVIER, shape
        if part.out_proj.bias is not None:
            yield "out_proj.bias", _ZEROS, tuple(part.out_proj.bias.shape)
    elif isinstance(part, _NORMS):
        for name, shape in own.items():
            yield name, _ZEROS if "bias" in name else _ONES, shape
    elif isinstance(part, (*_BY_FAN, *EMBEDDINGS, *GATES)):
        for name, shape in own.items():
            weight = name.replace("bias", "weight", 1)
            if weight in own:  # one that is parametrized has no law of its own, nor has a bias beside it
                yield name, _named(starts(part, weight, own[weight])[0], shape), shape


def _named(start: Start, shape: Shape) -> Named:
    """Return torch's own start of a weight, or of a bias beside one, as a scheme."""
    if start.name == "fan_in" and len(shape) > 1:
        return Named("classic_uniform", {})
    if start.kind == "bound":
        bound = 1 / math.sqrt(start.n)
        return Named("uniform", {"a": -bound, "b": bound})
    return {"xavier": _XAVIER, "normal": Named("normal", {"std": 1.0})}[start.kind]

"""A module in memory, judged as a file is, by who knows what each of its layers is meant to start as."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from ..checks import checked_kind, unfit
from ..errors import DeviceError, InitLabError, NetworkError
from ..networks.counting import check_module
from ..weights.laws import Law
from ..weights.layer_text import CONVOLUTIONS, EMBEDDINGS, GATES, TRANSPOSED
from ..weights.layers import Start, starts
from ..weights.schemes import scheme_of
from .candidates import Candidate, Named, Shape, candidate
from .cells import COUNTED
from .finding import Finding
from .identify import DISTANCE, SCALE, Fit
from .report import Report, made
from .row import Row, judged
from .scan import besides, uncounted
from .stored import Bits, Skipped, Stored

#: What a tensor is meant to start as: a scheme's key, alone or with parameters.
Expected = Mapping[str, str | tuple[str, Mapping[str, Any]]]

_NORMS = (nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, _NormBase)
_BY_FAN = (nn.Linear, nn.Bilinear, *CONVOLUTIONS, *TRANSPOSED)
_UNSIGNED = {1: torch.uint8, 2: torch.uint16, 4: torch.uint32, 8: torch.uint64}


class Meant(NamedTuple):
    """What a tensor is meant to start as; ``told`` if by who called, not by torch's own rule."""

    candidate: Candidate
    told: bool


def audit(module: nn.Module, *, expect: Expected | None = None) -> Report:
    """Judge the parameters and buffers of a module.

    What torch itself starts each layer as is known: a Linear's bias by its weight's fan_in, a recurrent
    layer by its hidden size, norms as 1 and 0. ``expect`` says of others, by their names, in which * and ?
    stand for anything, what they are meant to start as: ``{"*.c_proj.weight": ("gpt2_residual",
    {"n_layer": 12})}``. A tensor that is not so is among ``Report.problems``.

    Raises:
        NetworkError: if this is no module, or a lazy one that has no sizes yet.
        InitLabError: if ``expect`` has a scheme that there is not, or that has no such shape.
    """
    check_module(module)
    tensors = dict(_named_tensors(module))
    meant = {**_meant(module), **dict(_told(expect, tensors))}
    held = [_stored(name, tensor, type(module).__name__) for name, tensor in tensors.items()]
    counted = [each for each in held if each.dtype in COUNTED]
    rows = [
        judged(
            each,
            beside,
            among=max(1, len(counted)),
            meant=meant[each.name].candidate if each.name in meant else None,
        )
        for each, beside in zip(counted, besides(counted), strict=True)
    ]
    skipped: list[Skipped] = [uncounted(each) for each in held if each.dtype not in COUNTED]
    told = frozenset(name for name, one in meant.items() if one.told)
    return replace(made("torch", rows, skipped), unexpected=tuple(_unmet(rows, meant)), told=told)


@dataclass(frozen=True, eq=False)
class _InMemory:
    """The numbers of a tensor, wherever it is."""

    tensor: Tensor

    def parts(self, most: int) -> Iterator[Bits]:
        """Yield the numbers' bits, at most so many at a time."""
        flat = self.tensor.reshape(-1)
        for start in range(0, len(flat), most):
            part = flat[start : start + most].cpu()
            yield part.view(_UNSIGNED[part.itemsize]).numpy()


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


def _stored(name: str, tensor: Tensor, file: str) -> Stored:
    dtype = str(tensor.dtype).removeprefix("torch.")
    place = (tensor.data_ptr(), tuple(tensor.shape), tensor.stride()) if tensor.numel() else name
    return Stored(name, file, dtype, tuple(tensor.shape), _InMemory(tensor), place)


def _told(expect: Expected | None, tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Meant]]:
    """Yield what the caller says, of each tensor whose name fits a pattern; the last one counts.

    Raises:
        InitLabError: for a pattern that fits no tensor, or a scheme that does not fit one.
    """
    for pattern, given in checked_kind(
        "expect", {} if expect is None else expect, Mapping, "a mapping from names"
    ).items():
        key, params = (given, {}) if isinstance(given, str) else _pair(given)
        names = [name for name in tensors if isinstance(pattern, str) and fnmatchcase(name, pattern)]
        if not names:
            raise unfit("expect", pattern, "a pattern that fits a tensor's name")
        for name in names:
            shape = tuple(tensors[name].shape)
            law = scheme_of(key).law(shape, **params)
            yield name, Meant(Candidate(Named(key, params), shape, law, -1), told=True)


def _pair(given: object) -> tuple[str, Mapping[str, Any]]:
    key, params = given if isinstance(given, tuple | list) and len(given) == 2 else (None, None)
    if isinstance(params, Mapping) and all(isinstance(name, str) for name in params):
        return key, params  # type: ignore[return-value]
    raise unfit("expect", given, 'a key, or a pair as in ("normal", {"std": 0.02})')


def _meant(module: nn.Module) -> dict[str, Meant]:
    """Return what torch itself starts each parameter as; what an outer layer draws anew counts."""
    found: dict[str, Meant] = {}
    for path, part in module.named_modules(remove_duplicate=False):
        for name, (key, params), shape in _starts_of(part):
            one = candidate(key, params, shape, -1) if math.prod(shape) else None
            if one is not None:
                found.setdefault(f"{path}.{name}" if path else name, Meant(one, told=False))
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
            yield name, _named(starts(part, weight, own.get(weight, shape))[0], shape), shape


def _named(start: Start, shape: Shape) -> Named:
    """Return torch's own start of a weight, or of a bias beside one, as a scheme."""
    if start.name == "fan_in" and len(shape) > 1:
        return Named("classic_uniform", {})
    if start.kind == "bound":
        bound = 1 / math.sqrt(start.n)
        return Named("uniform", {"a": -bound, "b": bound})
    return {"xavier": _XAVIER, "normal": Named("normal", {"std": 1.0})}[start.kind]


def _unmet(rows: Sequence[Row], meant: Mapping[str, Meant]) -> Iterator[Finding]:
    """Say which tensors are not what they are meant to be, those together that are so in one way.

    Of torch's own rules that is said only where no one can have meant it: norms that were drawn at random,
    fans that were swapped. Whoever draws anew may choose, and who trains moves all.
    """
    asked = Counter(_wanted(meant[row.name]) for row in rows if row.name in meant)
    groups: dict[tuple[str, str, int], list[Row]] = {}
    for row in rows:
        one = meant.get(row.name)
        if one is None or not row.n or _meets(row.init, one.candidate.law):
            continue
        if one.told or _drawn_norm(row, one) or _swapped(row, one):
            kind, ratio = _how(row, one.candidate.law)
            groups.setdefault((kind, _wanted(one), _step(ratio)), []).append(row)
    for (kind, wanted, _), members in groups.items():
        law = meant[members[0].name].candidate.law
        counted = {"wanted": wanted, "count": len(members), "of": asked[wanted]}
        yield Finding(kind, tuple(row.name for row in members), {**counted, **_facts(members[0], law)})


def _wanted(meant: Meant) -> str:
    key, params = meant.candidate.named
    return f"{key}({', '.join(f'{name}={value}' for name, value in params.items())})"


def _how(row: Row, law: Law) -> tuple[str, float]:
    """Return the kind of finding that says how a tensor is off a law, and its std over the law's."""
    if not law.std:
        return "expected_point", math.inf
    ratio = row.std / law.std
    off = not abs(ratio - 1) <= max(SCALE, 5 / math.sqrt(2 * row.n))
    return "expected" if off else "expected_law", ratio


def _step(ratio: float) -> int:
    """Return a ratio in steps of √2: those of one step are off in one way."""
    return round(2 * math.log2(ratio)) if 0 < ratio < math.inf else 0


def _facts(row: Row, law: Law) -> dict[str, object]:
    return {
        "expected": law.std,
        "std": row.std,
        "ratio": _how(row, law)[1],
        "room": row.init.would_refute[1] if row.init else max(SCALE, 5 / math.sqrt(2 * row.n)),
        "kurtosis": row.excess_kurtosis,
        "wanted_kurtosis": law.excess_kurtosis,
        "distance": max(DISTANCE, 2 / math.sqrt(row.n)),
        "minimum": row.minimum,
        "maximum": row.maximum,
    }


def _meets(fit: Fit | None, law: Law) -> bool:
    """Tell whether a law is among those that fit, by whatever name."""
    if fit is None:
        return False
    for named, shape in zip(fit.schemes, fit.shapes, strict=True):
        try:
            other = scheme_of(named.key).law(shape, **named.params)
        except InitLabError:
            continue
        near = math.isclose(other.std, law.std, rel_tol=1e-9, abs_tol=1e-300)
        if (
            near
            and math.isclose(other.mean, law.mean, rel_tol=1e-9, abs_tol=1e-9)
            and other.family == law.family
        ):
            return True
    return False


def _drawn_norm(row: Row, meant: Meant) -> bool:
    """Tell whether a norm that starts as ones was drawn about 0, as by an init of all parameters alike."""
    ones = meant.candidate.named.key == "ones"
    return ones and row.n > 8 and row.std > 0 and abs(row.mean) < 4 * row.std / math.sqrt(row.n)


def _swapped(row: Row, meant: Meant) -> bool:
    uniform = meant.candidate.named.key == "classic_uniform" and row.init is not None and row.init.decisive
    return (
        uniform
        and row.init is not None
        and any(
            named.key == "kaiming_uniform" and named.params.get("mode") == "fan_out" and "a" in named.params
            for named in row.init.schemes
        )
    )

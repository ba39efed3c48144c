"""What an argument of core's public functions may be, by its name."""

import math
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from fractions import Fraction
from numbers import Rational
from typing import Any

import numpy as np
import torch
from torch import nn

import core
from core import Summary
from core.networks.module import Net
from core.networks.network import Network
from core.signals import fate as outlook
from core.weights.laws import Pattern
from core.weights.layers import Layer


def whole(low: float = -math.inf, high: float = math.inf) -> Callable[[Any], bool]:
    return lambda x: isinstance(x, (int, np.integer)) and not isinstance(x, bool) and low <= int(x) <= high


def number(low: float = -math.inf, high: float = math.inf) -> Callable[[Any], bool]:
    """A real number of Python's or numpy's, finite, and within limits."""
    kinds = (int, float, Fraction, np.integer, np.floating)
    return lambda x: (
        isinstance(x, kinds) and not isinstance(x, bool) and low <= x <= high and abs(x) < math.inf
    )


def _is(*kinds: type) -> Callable[[Any], bool]:
    return lambda x: isinstance(x, kinds)


def _sizes(x: Any) -> bool:
    plain = isinstance(x, (list, tuple, range)) or (isinstance(x, np.ndarray) and x.ndim == 1)
    return plain and len(x) > 0 and all(map(whole(1), x))


def _reals(x: Any) -> bool:
    """Numbers, nested in lists, an array or a tensor."""
    if isinstance(x, np.ma.MaskedArray):
        return False
    if isinstance(x, torch.Tensor):
        return not x.is_complex() and x.dtype != torch.bool and not x.is_meta
    if isinstance(x, np.ndarray) and x.dtype != object:
        return x.dtype.kind in "iuf"
    if isinstance(x, (list, tuple, range, np.ndarray)):
        return all(map(_reals, x))
    return isinstance(x, (int, float, Fraction, np.integer, np.floating)) and not isinstance(x, bool)


def _seeds(x: Any) -> bool:
    return whole(1, 1000)(x) or (isinstance(x, (list, tuple, range, np.ndarray)) and all(map(SEED, x)))


SEED = whole(-(2**63), 2**64 - 1)
TEXT, _FLAG, _DTYPE, _MAP = _is(str), _is(bool, np.bool_), _is(torch.dtype), _is(Mapping)
_NOT_NEGATIVE = number(0)

#: What an argument of this name may be, if it is taken; of a function's own under "function:name".
MAY: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("key", "scheme", "text", "activation", "input", "family", "mark"), TEXT),
    **dict.fromkeys(("mode", "nonlinearity"), TEXT),
    **dict.fromkeys(("a", "std", "gain"), number()),
    **dict.fromkeys(("seed", "data_seed"), SEED),
    **dict.fromkeys(
        ("depth", "width", "batch", "batch_size", "n", "units", "inputs", "features", "bins"), whole(1)
    ),
    **dict.fromkeys(("q", "q1", "sigma_w2", "sigma_b2", "start", "input_scale", "scale"), _NOT_NEGATIVE),
    **dict.fromkeys(("whole", "backward", "exact", "here"), _FLAG),
    **dict.fromkeys(("x", "mean_squares", "edges", "weights", "matrix"), _reals),
    **dict.fromkeys(("device",), _is(str, torch.device)),
    "pattern": _is(Pattern, type(None)),
    **dict.fromkeys(("law", "theirs", "ours"), _is(core.Law)),
    **dict.fromkeys(("layer", "shared"), _is(Layer)),
    **dict.fromkeys(("network", "other"), _is(Network)),
    "shape": _sizes,
    **dict.fromkeys(("fan_in", "fan_out"), lambda x: isinstance(x, Rational) and x > 0),
    **dict.fromkeys(("kind", "formula"), TEXT),
    **dict.fromkeys(("low", "high"), lambda x: number()(x) or (isinstance(x, float) and math.isinf(x))),
    "probability": number(0, 1),
    "ends": _is(tuple),
    **dict.fromkeys(
        ("fans.Fans.of:shape", "scheme.Scheme.law:shape"), lambda x: _sizes(x) or isinstance(x, core.Fans)
    ),
    "dtype": _DTYPE,
    "drawn_in": lambda x: x is None or _DTYPE(x),
    "dtypes": lambda x: x is None or (isinstance(x, tuple | list) and all(map(_DTYPE, x))),
    "progress": lambda x: x is None or callable(x),
    "seeds": _seeds,
    "path": _is(str, os.PathLike, list, tuple),
    "executor": _is(Executor, type(None)),
    "expect": _is(Mapping, type(None)),
    "example": lambda x: x is None or isinstance(x, torch.Tensor | tuple | list | Mapping),
    "report.Report.compare:other": _is(core.Report),
    "summary": _is(Summary),
    "band": _is(core.Band),
    "module": _is(nn.Module),
    "net": _is(Net),
    "given": _is(outlook.Setting),
    "generator": _is(torch.Generator),
    "c": number(-1, 1),
    "u": number(0, 1),
    "at": whole(0, 2),
    "z": lambda x: isinstance(x, torch.Tensor | np.ndarray) and not isinstance(x, np.ma.MaskedArray),
    "tensor": _is(torch.Tensor),
    "bias": lambda x: isinstance(x, str) or _NOT_NEGATIVE(x),
    "answer": lambda x: isinstance(x, str) or number()(x),
    "name": TEXT,
    "input_size": lambda x: x is not None and not isinstance(x, (str, bytes, dict)),
    "params": lambda x: isinstance(x, (Mapping, tuple, list)),
    "entries": _is(tuple, list),
    "layers": _is(tuple, list),
    "laws": _is(tuple, list, np.ndarray),
    "labels": _is(tuple, list, range, np.ndarray, torch.Tensor),
    "schemes": _is(tuple, list),
    "rows": lambda x: x is None or _reals(x),
    "edits": _is(tuple, list, range, np.ndarray),
    "values": lambda x: x is None or isinstance(x, Mapping),
    "fans": lambda x: x is None or (isinstance(x, (tuple, list)) and len(x) == 2 and _sizes(x)),
    "parameters": _is(tuple, list),
    "bands": _is(tuple, list),
    "continuous": lambda x: x is None or hasattr(x, "pdf"),
    "atoms": _is(tuple, list),
    "uncut": lambda x: x is None or (isinstance(x, (tuple, list)) and len(x) == 2 and all(map(number(), x))),
    "devices.named:name": _is(str, torch.device),
    "devices.resolve:name": _is(str, torch.device),
    "devices.free_bytes:device": _is(str, torch.device),
    "summary_text.summary_text:batch_size": whole(-1),  # as torchsummary's own default
    "devices.alone:needed": lambda x: _NOT_NEGATIVE(x) or x == math.inf,
    "laws.Law.reach:sigmas": lambda x: _NOT_NEGATIVE(x) or x == math.inf,
    "referee_checks.expected_counts:n": whole(0),
    "referee_checks.expected_outside:n": whole(0),
    "summary.Summary.merge:other": _is(Summary),
    "meanfield.critical_line:sigma_b2": _reals,
    "meanfield.plane:sigma_w2": _reals,
    "meanfield.plane:sigma_b2": _reals,
    "module.Net.forward:x": _is(torch.Tensor),
    "module.Net.steps:x": _is(torch.Tensor),
    "module.backward:x": _is(torch.Tensor),
    "module.different_units:matrix": _is(torch.Tensor),
    "fate.setting:bias": lambda x: isinstance(x, str) or _NOT_NEGATIVE(x),
}

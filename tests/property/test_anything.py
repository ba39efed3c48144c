"""Whatever core's public functions are given, they answer, or say in an InitLabError what is wrong.

Public is what ``core.__all__`` names, what its modules there define, and every constructor, method and
property of their classes; a new one fails here until ``CALLS`` says how to call it. What Python itself
raises before a function is entered, for an unknown keyword or one that is missing, is Python's own.

Core's records are plain: NamedTuples and dataclasses without code of their own hold what they are given.
What reads them is tried on those that core makes.
"""

import contextlib
import inspect
import itertools
import math
import re
import signal as posix
import types
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import cache, partial
from importlib import import_module
from numbers import Rational
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import core
from core import SCHEMES, InitLabError, Summary, draw
from core.networks.module import Net
from core.networks.network import Dense, Network
from core.signals import comparison, trace_run
from core.signals import fate as outlook
from core.signals import trace as signal
from core.teaching.quiz import questions
from core.weights.laws import Pattern
from core.weights.layers import Layer

Arguments = dict[str, Any]

#: Seconds after which a call has taken too much: each is small.
PATIENCE = 20
#: Characters of a refusal, of which the choices that there are take most.
LONG = 2000


# --- what is public ---------------------------------------------------------------------------------------

#: What notebooks import from modules of which ``core.__all__`` names other things.
BESIDE = {
    "extremes": ("largest", "smallest", "largest_density", "largest_quantile"),
    "lesson": ("own_defaults",),
    "network": ("backward", "different_units", "seeded_input"),
    "recipe": ("call_code",),
    "signal": ("Input",),
    "referee": ("Verdict", "drawn_counts", "expected_counts", "expected_outside"),
}


def public() -> dict[str, Callable[..., Any]]:
    """Return every public function, constructor, method and property by its name in core."""
    found: dict[str, Callable[..., Any]] = {}
    for thing in (getattr(core, name) for name in core.__all__):
        for each in _defined(thing) if isinstance(thing, types.ModuleType) else [thing]:
            found |= _callables(each)
    for module, names in BESIDE.items():
        for name in names:
            found |= _callables(getattr(import_module(f"core.{module}"), name))
    return found


def _defined(module: types.ModuleType) -> Iterator[Any]:
    for name, thing in vars(module).items():
        if not name.startswith("_") and getattr(thing, "__module__", None) == module.__name__:
            yield thing


def _callables(thing: Any) -> dict[str, Callable[..., Any]]:
    """Return a function, or a class's constructor and what it defines, by name."""
    if not callable(thing) or not hasattr(thing, "__qualname__"):
        return {}
    name = f"{thing.__module__.rpartition('.')[2]}.{thing.__qualname__}"
    if not inspect.isclass(thing):
        return {name: thing}
    if issubclass(thing, Exception):
        return {}
    found = {} if _is_record(thing) else {name: thing}
    for member, value in vars(thing).items():
        if member.startswith("_") and member != "__str__":
            continue
        if isinstance(value, property) and value.fget is not None:
            found[f"{name}.{member}"] = value.fget
        elif isinstance(value, classmethod):
            found[f"{name}.{member}"] = getattr(thing, member)
        elif inspect.isfunction(value):
            found[f"{name}.{member}"] = value
    return found


def _is_record(thing: type) -> bool:
    """Tell whether a class's constructor has no code of its own."""
    made = getattr(thing, "__dataclass_params__", None)
    return not hasattr(thing, "__post_init__") and (hasattr(thing, "_fields") or (made and made.init))


# --- how each is called -----------------------------------------------------------------------------------


def _law(key: str = "normal", shape: tuple[int, ...] = (3, 5)) -> core.Law:
    return SCHEMES[key].law(shape)


def _summary() -> Summary:
    return Summary.of(draw("normal", (3, 5), seed=1), law=_law(), bins=9)


@cache
def _net() -> Net:
    return Net(Network.of("3-4.relu-2.softmax"), seed=1)


@cache
def _module() -> nn.Module:
    return nn.Sequential(nn.Linear(5, 3), nn.ReLU(), nn.Linear(3, 2))


@cache
def _trace() -> core.SignalTrace:
    return signal.trace("xavier_normal", "tanh", depth=3, width=4, seeds=2)


@cache
def _question(kind: str) -> core.Question:
    (found,) = (question for question in questions(3) if question.kind == kind)
    return found


_LAYER = "Conv2d(4, 6, 3, groups=2)"
_DRAW: Mapping[str, Any] = {
    "key": "kaiming_normal",
    "shape": (3, 5),
    "seed": 1,
    "device": "cpu",
    "dtype": torch.float32,
}
_RUN: Mapping[str, Any] = {
    "depth": 3,
    "width": 4,
    "batch": 2,
    "bias": 0.1,
    "input": "pixels",
    "input_scale": 0.5,
    "device": "cpu",
    "dtype": torch.float32,
}
_SIGMAS: Mapping[str, Any] = {"sigma_w2": 1.5, "sigma_b2": 0.1}
_COURSE = [[1.0, 0.5, 0.3], [1.0, 0.6, 0.2]]


def _silent(_: int, __: int) -> None:
    pass


#: name → a valid call's arguments by name, made afresh; what a ** takes stands among them
CALLS: Mapping[str, Callable[[], Arguments]] = {
    "activations.Activation.derivative": lambda: {"self": core.ACTIVATIONS["tanh"], "z": torch.zeros(2, 3)},
    "activations.Activation.gain": lambda: {"self": core.ACTIVATIONS["tanh"]},
    "comparison.Comparison": lambda: {"entries": (core.Entry("zeros"),)},
    "comparison.Comparison.__str__": lambda: {"self": comparison.LESSON_THREE},
    "comparison.Comparison.of": lambda: {"text": "zeros-normal(std=0.02).512x256"},
    "comparison.Comparison.with_entry": lambda: {
        "self": comparison.LESSON_THREE,
        "at": 1,
        "scheme": "zeros",
        "params": (),
        "fans": (3, 4),
    },
    "comparison.Entry": lambda: {"scheme": "normal", "params": (("std", 0.02),), "fans": (5, 3)},
    "comparison.Entry.__str__": lambda: {"self": core.Entry.of("normal(std=0.02).5x3")},
    "comparison.Entry.law": lambda: {"self": core.Entry("normal"), "shared": Layer.of(_LAYER)},
    "comparison.Entry.layer": lambda: {"self": core.Entry("normal"), "shared": Layer.of(_LAYER)},
    "comparison.Entry.of": lambda: {"text": "normal(std=0.02).512x256"},
    "comparison.by_connections": lambda: {"scheme": "xavier_normal", "layer": Layer.of(_LAYER), "gain": 2.0},
    "comparison.expected_largest": lambda: {"law": _law(), "n": 15},
    "comparison.ordered": lambda: {"laws": [_law("ones"), _law(), _law("uniform")]},
    "comparison.signal": lambda: {"law": _law(), "layer": Layer.of(_LAYER), "activation": "relu"},
    "counting.parameter_count": lambda: {"module": _module()},
    "summary_text.summary_text": lambda: {
        "module": _module(),
        "input_size": (5,),
        "batch_size": 2,
        "dtypes": [torch.float32],
    },
    "devices.on": lambda: {"device": "cpu"},
    "devices.alone": lambda: {"needed": 15},
    "devices.available": dict,
    "devices.free_bytes": lambda: {"device": torch.device("cpu")},
    "devices.named": lambda: {"name": "cuda:1"},
    "devices.resolve": lambda: {"name": "cpu"},
    "extremes.largest": lambda: {"n": 15, "law": _law()},
    "extremes.largest_density": lambda: {"n": 15, "law": _law(), "x": [0.5, 1.0]},
    "extremes.largest_quantile": lambda: {"n": 15, "law": _law(), "u": 0.5},
    "extremes.smallest": lambda: {"n": 15, "law": _law()},
    "fans.Fans": lambda: {"fan_in": Fraction(9, 2), "fan_out": 4},
    "fans.Fans.of": lambda: {"shape": (3, 5, 2)},
    "formula.activation_of": lambda: {"text": "z*tanh(z)"},
    "laws.Band": lambda: {
        "kind": "coverage",
        "low": -1.0,
        "high": 2.0,
        "probability": 0.5,
        "formula": "m",
        "ends": ("a", "b"),
    },
    "laws.Law": lambda: {
        "family": "normal",
        "parameters": _law().parameters,
        "bands": _law().bands,
        "continuous": _law().continuous,
        "atoms": ((0.0, 0.25),),
        "uncut": None,
        "pattern": None,
    },
    "laws.Law.cdf": lambda: {"self": _law(), "x": [0.5, 1.0]},
    "laws.Law.edges": lambda: {"self": _law(), "bins": 7},
    "laws.Law.independent": lambda: {"self": _law()},
    "laws.Law.matrix": lambda: {"self": _law("orthogonal")},
    "laws.Law.pdf": lambda: {"self": _law(), "x": [0.5, 1.0]},
    "laws.Law.random": lambda: {"self": _law()},
    "laws.Law.reach": lambda: {"self": _law(), "sigmas": 3.0},
    "laws.Law.support": lambda: {"self": _law()},
    "layers.Layer.faithful": lambda: {"self": Layer.of(_LAYER)},
    "layers.Layer.fans": lambda: {"self": Layer.of(_LAYER)},
    "layers.Layer.bias_law": lambda: {"self": Layer.of(_LAYER)},
    "layers.Layer.part": lambda: {"self": Layer.of(_LAYER)},
    "layers.Layer.start_law": lambda: {"self": Layer.of(_LAYER)},
    "layers.Layer.of": lambda: {"text": _LAYER},
    "lesson.own_defaults": lambda: {"seed": 3},
    "lesson.replay_lesson": lambda: {"seed": 3},
    "meanfield.checked_depth": lambda: {"depth": 3},
    "meanfield.chi1": lambda: {"key": "relu", "q": 1.0, "sigma_w2": 1.5},
    "meanfield.correlation_fixed_point": lambda: {"key": "relu", **_SIGMAS, "start": 1.0},
    "meanfield.correlation_map": lambda: {"key": "relu", "c": 0.5, "q": 1.0, **_SIGMAS},
    "meanfield.critical_line": lambda: {"key": "relu", "sigma_b2": [0.0, 0.1]},
    "meanfield.critical_sigma_w2": lambda: {"key": "relu", "sigma_b2": 0.1},
    "meanfield.depth_scales": lambda: {"key": "relu", **_SIGMAS, "start": 1.0},
    "meanfield.fixed_point": lambda: {"key": "relu", **_SIGMAS, "start": 1.0},
    "meanfield.gains": lambda: {"key": "relu", "q": 1.0},
    "meanfield.length_map": lambda: {"key": "relu", "q": 1.0, **_SIGMAS},
    "meanfield.length_slope": lambda: {"key": "relu", "q": 1.0, "sigma_w2": 1.5},
    "meanfield.lengths": lambda: {"key": "relu", "q1": 1.0, "depth": 3, **_SIGMAS},
    "meanfield.mean": lambda: {"key": "relu", "q": 1.0},
    "meanfield.mean_square": lambda: {"key": "relu", "q": 1.0},
    "meanfield.plane": lambda: {"key": "relu", "sigma_w2": [1.0, 2.0, 3.0], "sigma_b2": [0.0, 0.1]},
    "meanfield.slope_square": lambda: {"key": "relu", "q": 1.0},
    "meanfield.variances": lambda: {**_SIGMAS},
    "meanfield.width_constant": lambda: {"key": "relu", "q": 1.0},
    "network.Dense": lambda: {
        "units": 4,
        "scheme": "normal",
        "params": (("std", 0.02),),
        "activation": "relu",
        "bias": "zeros",
    },
    "network.Dense.__str__": lambda: {"self": Dense.of("4.normal(std=0.02).relu")},
    "network.Dense.of": lambda: {"text": "4.normal(std=0.02).relu"},
    "module.Net": lambda: {
        "network": Network.of("3-4.relu-2"),
        "seed": 1,
        "device": "cpu",
        "dtype": torch.float32,
    },
    "module.Net.forward": lambda: {"self": _net(), "x": torch.zeros(2, 3)},
    "module.Net.laws": lambda: {"self": _net()},
    "module.Net.load": lambda: {
        "self": Net(Network.of("3-2"), seed=1),
        "values": {"out.weight": torch.ones(2, 3), "out.bias": [0, 1]},
    },
    "module.Net.printed": lambda: {"self": _net()},
    "module.Net.steps": lambda: {"self": _net(), "x": torch.zeros(2, 3)},
    "network.Network": lambda: {"inputs": 3, "layers": (Dense(4), Dense(2))},
    "network.Network.__str__": lambda: {"self": Network.of("3-4.relu-2")},
    "network.Network.check": lambda: {
        "self": Network.of("3-4.relu-2"),
        "seed": 1,
        "device": "cpu",
        "dtype": torch.float32,
    },
    "network.Network.names": lambda: {"self": Network.of("3-4.relu-2")},
    "network.Network.of": lambda: {"text": "3-4.xavier_normal(gain=2).relu-2.softmax"},
    "network.Network.outputs": lambda: {"self": Network.of("3-4.relu-2")},
    "network.Network.same_sizes": lambda: {"self": Network.of("3-4.relu-2"), "other": Network.of("3-4-2")},
    "network.Network.shapes": lambda: {"self": Network.of("3-4.relu-2")},
    "network.Network.size": lambda: {"self": Network.of("3-4.relu-2")},
    "module.ThreeLayerNet": lambda: {"seed": 1},
    "module.backward": lambda: {"net": _net(), "x": torch.zeros(2, 3), "labels": [0, 1]},
    "module.different_units": lambda: {"matrix": torch.ones(2, 3), "exact": True},
    "module.seeded_input": lambda: {
        "batch": 2,
        "features": 3,
        "seed": 1,
        "device": "cpu",
        "dtype": torch.float32,
    },
    "fate.expected": lambda: {
        "given": outlook.Setting(1.5, 0.1),
        "activation": "relu",
        "depth": 3,
        "input": "pixels",
        "input_scale": 0.5,
    },
    "fate.expected_correlation": lambda: {
        "given": outlook.Setting(1.5, 0.1),
        "activation": "relu",
        "depth": 3,
        "input": "pixels",
        "input_scale": 0.5,
    },
    "fate.fate": lambda: {"mean_squares": np.array(_COURSE)},
    "fate.setting": lambda: {"scheme": "xavier_normal", "width": 4, "bias": 0.1, "gain": 2.0},
    "fate.spread": lambda: {"mean_squares": np.array(_COURSE)},
    "quiz.Question.n": lambda: {"self": _question("std")},
    "quiz.Question.right": lambda: {"self": _question("scheme"), "answer": "kaiming_normal"},
    "quiz.questions": lambda: {"seed": 3},
    "draw.call_code": lambda: {"key": "normal", "shape": (3, 5), "std": 0.5},
    "network.network_code": lambda: {
        "network": Network.of("3-4.relu-2"),
        "seed": 1,
        "batch": 2,
        "data_seed": 1,
        "rows": [[1.0, 2.0, 3.0]],
        "values": {name: p.tolist() for name, p in Net(Network.of("3-4.relu-2"), seed=1).named_parameters()},
        "device": "cpu",
        "dtype": torch.float32,
    },
    "draw.pytorch_code": lambda: {**_DRAW, "a": 0.5},
    "signal.signal_code": lambda: {
        "schemes": [("normal", {"std": 0.5}), ("zeros", {})],
        "activation": "tanh",
        **_RUN,
        "seeds": [1, 2],
    },
    "referee.Verdict.consistent": lambda: {"self": core.referee.judge(_summary(), _law())},
    "referee_checks.drawn_counts": lambda: {"summary": _summary(), "law": _law()},
    "referee_checks.expected_counts": lambda: {
        "n": 15,
        "edges": _summary().edges,
        "law": _law(),
        "dtype": torch.float32,
        "drawn_in": torch.float64,
    },
    "referee_checks.expected_outside": lambda: {
        "n": 15,
        "law": _law(),
        "band": _law().bands[0],
        "dtype": torch.float32,
        "drawn_in": torch.float64,
    },
    "referee.judge": lambda: {"summary": _summary(), "law": _law()},
    "referee.standard_errors": lambda: {"n": 15, "law": _law(), "dtype": torch.float32, "drawn_in": None},
    "rosetta.defaults": lambda: {"shape": (3, 5)},
    "rosetta.depthwise": lambda: {"layer": Layer.of("Conv2d(4, 8, 3, groups=4)")},
    "rosetta.difference": lambda: {"theirs": _law("uniform"), "ours": _law()},
    "rosetta.equivalents": lambda: {"key": "kaiming_normal", "shape": (3, 5), "a": 0.5},
    "draw.Draw": lambda: {**_DRAW, "a": 0.5, "here": True},
    **{
        f"draw.Draw.{name}": lambda: {"self": core.Draw("normal", (3, 5), seed=1)}
        for name in ("check_memory", "needed", "scheme", "size", "streams")
    },
    "sampling.check": lambda: {**_DRAW, "whole": True, "mode": "fan_out"},
    "sampling.draw": lambda: {**_DRAW, "a": 0.5},
    "sampling.streams": lambda: {"key": "normal", "shape": (3, 5), "device": "cpu", "std": 0.5},
    "sampling.summarize": lambda: {**_DRAW, "bins": 7, "progress": _silent, "nonlinearity": "relu"},
    "scheme.Scheme.call": lambda: {"self": SCHEMES["normal"], "shape": (3, 5), "std": 0.5},
    "scheme.Scheme.parsed": lambda: {"self": SCHEMES["normal"], "shape": (3, 5), "params": {"std": 0.5}},
    "scheme.Scheme.checked": lambda: {"self": SCHEMES["normal"], "params": {"std": 0.5}},
    "scheme.Scheme.domain": lambda: {"self": SCHEMES["normal"], "name": "std"},
    "scheme.Scheme.fill_": lambda: {
        "self": SCHEMES["normal"],
        "tensor": torch.empty(3, 5),
        "generator": torch.Generator(),
        "std": 0.5,
    },
    "scheme.Scheme.law": lambda: {"self": SCHEMES["normal"], "shape": (3, 5), "std": 0.5},
    "trace_run.Input.correlation": lambda: {"self": trace_run.INPUTS["pixels"]},
    "trace_run.SignalTrace.weight_gradient_mean_square": lambda: {"self": _trace()},
    "trace.checked_bias": lambda: {"bias": 0.5},
    "trace.checked_input": lambda: {"name": "ones"},
    "trace.checked_scale": lambda: {"scale": 0.5},
    "trace.checked_seeds": lambda: {"seeds": [1, 2]},
    "trace.checked_sizes": lambda: {"depth": 3, "width": 4, "batch": 2},
    "trace.trace": lambda: {
        "scheme": "xavier_normal",
        "activation": "tanh",
        **_RUN,
        "seeds": [1, 2],
        "backward": True,
        "progress": _silent,
        "gain": 2.0,
    },
    "summary.Summary.excess_kurtosis": lambda: {"self": _summary()},
    "summary.Summary.merge": lambda: {"self": _summary(), "other": _summary()},
    "summary.Summary.of": lambda: {
        "weights": torch.ones(3, 5),
        "law": _law(),
        "bins": 9,
        "drawn_in": torch.float32,
    },
    "summary.Summary.size": lambda: {"self": _summary()},
    "summary.Summary.std": lambda: {"self": _summary()},
    "summary.rounded": lambda: {
        "band": _law("uniform").bands[0],
        "dtype": torch.float16,
        "drawn_in": torch.float32,
    },
    "table.read_table": lambda: {"text": "1,2\n3,4"},
}


# --- what each argument may be ----------------------------------------------------------------------------


def _whole(low: float = -math.inf, high: float = math.inf) -> Callable[[Any], bool]:
    return lambda x: isinstance(x, (int, np.integer)) and not isinstance(x, bool) and low <= int(x) <= high


def _number(low: float = -math.inf, high: float = math.inf) -> Callable[[Any], bool]:
    """A real number of Python's or numpy's, finite, and within limits."""
    kinds = (int, float, Fraction, np.integer, np.floating)
    return lambda x: (
        isinstance(x, kinds) and not isinstance(x, bool) and low <= x <= high and abs(x) < math.inf
    )


def _is(*kinds: type) -> Callable[[Any], bool]:
    return lambda x: isinstance(x, kinds)


def _sizes(x: Any) -> bool:
    plain = isinstance(x, (list, tuple, range)) or (isinstance(x, np.ndarray) and x.ndim == 1)
    return plain and len(x) > 0 and all(map(_whole(1), x))


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
    return _whole(1, 1000)(x) or (isinstance(x, (list, tuple, range, np.ndarray)) and all(map(SEED, x)))


SEED = _whole(-(2**63), 2**64 - 1)
_TEXT, _FLAG, _DTYPE, _MAP = _is(str), _is(bool, np.bool_), _is(torch.dtype), _is(Mapping)
_NOT_NEGATIVE = _number(0)

#: What an argument of this name may be, if it is taken; of a function's own under "function:name".
MAY: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("key", "scheme", "text", "activation", "input", "family", "mark"), _TEXT),
    **dict.fromkeys(("mode", "nonlinearity"), _TEXT),
    **dict.fromkeys(("a", "std", "gain"), _number()),
    **dict.fromkeys(("seed", "data_seed"), SEED),
    **dict.fromkeys(
        ("depth", "width", "batch", "batch_size", "n", "units", "inputs", "features", "bins"), _whole(1)
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
    **dict.fromkeys(("kind", "formula"), _TEXT),
    **dict.fromkeys(("low", "high"), lambda x: _number()(x) or (isinstance(x, float) and math.isinf(x))),
    "probability": _number(0, 1),
    "ends": _is(tuple),
    **dict.fromkeys(
        ("fans.Fans.of:shape", "scheme.Scheme.law:shape"), lambda x: _sizes(x) or isinstance(x, core.Fans)
    ),
    "dtype": _DTYPE,
    "drawn_in": lambda x: x is None or _DTYPE(x),
    "dtypes": lambda x: x is None or (isinstance(x, tuple | list) and all(map(_DTYPE, x))),
    "progress": lambda x: x is None or callable(x),
    "seeds": _seeds,
    "summary": _is(Summary),
    "band": _is(core.Band),
    "module": _is(nn.Module),
    "net": _is(Net),
    "given": _is(outlook.Setting),
    "generator": _is(torch.Generator),
    "c": _number(-1, 1),
    "u": _number(0, 1),
    "at": _whole(0, 2),
    "z": lambda x: isinstance(x, torch.Tensor | np.ndarray) and not isinstance(x, np.ma.MaskedArray),
    "tensor": _is(torch.Tensor),
    "bias": lambda x: isinstance(x, str) or _NOT_NEGATIVE(x),
    "answer": lambda x: isinstance(x, str) or _number()(x),
    "name": _TEXT,
    "input_size": lambda x: x is not None and not isinstance(x, (str, bytes, dict)),
    "params": lambda x: isinstance(x, (Mapping, tuple, list)),
    "entries": _is(tuple, list),
    "layers": _is(tuple, list),
    "laws": _is(tuple, list, np.ndarray),
    "labels": _is(tuple, list, range, np.ndarray, torch.Tensor),
    "schemes": _is(tuple, list),
    "rows": lambda x: x is None or _reals(x),
    "values": lambda x: x is None or isinstance(x, Mapping),
    "fans": lambda x: x is None or (isinstance(x, (tuple, list)) and len(x) == 2 and _sizes(x)),
    "parameters": _is(tuple, list),
    "bands": _is(tuple, list),
    "continuous": lambda x: x is None or hasattr(x, "pdf"),
    "atoms": _is(tuple, list),
    "uncut": lambda x: x is None or (isinstance(x, (tuple, list)) and len(x) == 2 and all(map(_number(), x))),
    "devices.named:name": _is(str, torch.device),
    "devices.resolve:name": _is(str, torch.device),
    "devices.free_bytes:device": _is(str, torch.device),
    "summary_text.summary_text:batch_size": _whole(-1),  # as torchsummary's own default
    "devices.alone:needed": lambda x: _NOT_NEGATIVE(x) or x == math.inf,
    "laws.Law.reach:sigmas": lambda x: _NOT_NEGATIVE(x) or x == math.inf,
    "referee_checks.expected_counts:n": _whole(0),
    "referee_checks.expected_outside:n": _whole(0),
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


# --- anything ---------------------------------------------------------------------------------------------


class Hostile:
    """Refuses to be compared, hashed, counted, looked through, or asked whether it is true."""

    def _no(self, *_: Any) -> Any:
        raise KeyError("hostile")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _no
    __hash__ = __iter__ = __len__ = __bool__ = __contains__ = _no
    __float__ = __int__ = __index__ = __add__ = __radd__ = __mul__ = __rmul__ = _no


def _graded() -> torch.Tensor:
    return torch.ones(3, 5, requires_grad=True)


def _in_itself() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


def _endless() -> Iterator[int]:
    return itertools.repeat(3)


#: name → what makes one
THINGS: Mapping[str, Callable[[], Any]] = {
    "hostile": Hostile,
    "hostiles": lambda: [Hostile(), Hostile()],
    "object": object,
    "a class": lambda: int,
    "a function": lambda: len,
    "lambda": lambda: lambda *_: "text",
    "module": lambda: nn.Linear(3, 2),
    "lazy": lambda: nn.LazyLinear(3),
    "meta module": lambda: nn.Linear(3, 2, device="meta"),
    "generator": torch.Generator,
    "endless": _endless,
    "iterator": lambda: iter([3, 5]),
    "generator of two": lambda: (i for i in (3, 5)),
    "dict": lambda: {"a": 1},
    "dict of sizes": lambda: {3: 1, 5: 2},
    "empty dict": dict,
    "set": lambda: {3, 5},
    "list": list,
    "tuple": tuple,
    "nested": lambda: [[[[]]]],
    "ragged": lambda: [[1.0], [2.0, 3.0]],
    "a list in itself": _in_itself,
    "none twice": lambda: (None, None),
    "pair of text": lambda: ("3", "5"),
    "pair of floats": lambda: (3.0, 5.0),
    "pair of bools": lambda: (True, False),
    "pair of huge": lambda: (10**30, 10**30),
    "pair of large": lambda: (2**40, 2**40),
    "pair of nan": lambda: (math.nan, math.nan),
    "size": lambda: torch.Size([3, 5]),
    "range": lambda: range(3, 5),
    "endless range": lambda: range(1, 10**12),
    "many ones": lambda: [1] * 100,
    "many threes": lambda: [3] * 300,
    "array of sizes": lambda: np.array([3, 5]),
    "array": lambda: np.ones((3, 5)),
    "0-d array": lambda: np.array(3),
    "empty array": lambda: np.array([]),
    "array of text": lambda: np.array(["a", "b"]),
    "array of objects": lambda: np.array([None, object()], dtype=object),
    "array of dates": lambda: np.array(["2020-01-01"], dtype="datetime64[D]"),
    "complex array": lambda: np.ones((3, 5), complex),
    "bool array": lambda: np.ones((3, 5), bool),
    "structured array": lambda: np.zeros(3, dtype=[("a", float)]),
    "masked array": lambda: np.ma.masked_array([1.0, 2.0], [True, False]),
    "half array": lambda: np.ones((3, 5), np.float16),
    "long double": lambda: np.longdouble("1e400"),
    "memoryview": lambda: memoryview(b"35"),
    "tensor": lambda: torch.ones(3, 5),
    "batch": lambda: torch.ones(2, 3),
    "double": lambda: torch.ones(2, 3, dtype=torch.float64),
    "empty": lambda: torch.empty(0),
    "empty rows": lambda: torch.empty(0, 3),
    "nan": lambda: torch.full((2, 3), math.nan),
    "inf": lambda: torch.full((2, 3), math.inf),
    "0-d": lambda: torch.tensor(3.0),
    "0-d whole": lambda: torch.tensor(3),
    "graded": _graded,
    "graded batch": lambda: torch.ones(2, 3, requires_grad=True),
    "half": lambda: torch.ones(2, 3).half(),
    "bfloat16": lambda: torch.ones(2, 3).bfloat16(),
    "float8": lambda: torch.ones(2, 3).to(torch.float8_e4m3fn),
    "whole": lambda: torch.ones(2, 3, dtype=torch.int64),
    "truths": lambda: torch.ones(2, 3, dtype=torch.bool),
    "complex": lambda: torch.ones(2, 3, dtype=torch.complex64),
    "meta": lambda: torch.ones(2, 3, device="meta"),
    "sparse": lambda: torch.ones(2, 3).to_sparse(),
    "nested tensor": lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged),
    "quantised": lambda: torch.zeros(2, 3, dtype=torch.uint8),
    "parameter": lambda: nn.Parameter(torch.ones(2, 3)),
    "strided": lambda: torch.ones(3, 2).T,
    "expanded": lambda: torch.ones(1, 3).expand(2, 3),
    "none": lambda: None,
    "true": lambda: True,
    "false": lambda: False,
    "numpy true": lambda: np.bool_(True),  # noqa: FBT003
    "np.int64": lambda: np.int64(3),
    "np.uint8": lambda: np.uint8(3),
    "np.float32": lambda: np.float32(0.5),
    "np.float64": lambda: np.float64(0.5),
    "np.nan": lambda: np.float64("nan"),
    "np.str_": lambda: np.str_("relu"),
    "fraction": lambda: Fraction(1, 3),
    "complex number": lambda: 1 + 1j,
    "ellipsis": lambda: ...,
    "type": lambda: torch.dtype,
    "float64": lambda: torch.float64,
    "float16": lambda: torch.float16,
    "int64": lambda: torch.int64,
    "complex64": lambda: torch.complex64,
    "numpy dtype": lambda: np.dtype("float32"),
    "device": lambda: torch.device("cpu"),
    "meta device": lambda: torch.device("meta"),
    "fans": lambda: core.Fans.of((3, 5)),
    "true connections": lambda: core.Fans(Fraction(9, 2), Fraction(1, 3)),
    "law": _law,
    "law of points": lambda: _law("ones"),
    "sparse law": lambda: _law("sparse"),
    "orthogonal law": lambda: _law("orthogonal"),
    "cut law": lambda: _law("trunc_normal"),
    "identity law": lambda: _law("eye"),
    "embedding": lambda: Layer.of("Embedding(5, 3)"),
    "summary": _summary,
    "network": lambda: Network.of("3-2"),
    "net": _net,
    "setting": lambda: outlook.Setting(math.nan, -1.0),
    "setting of text": lambda: outlook.Setting("a", None),
    "scheme": lambda: SCHEMES["eye"],
    # too long to be shown
    "5000 digits": lambda: 10**5000,
    "minus 5000 digits": lambda: -(10**5000),
    "text of digits": lambda: "9" * 5000,
    "parameter of digits": lambda: "normal(std=" + "9" * 5000 + ")",
    "long text": lambda: "z" * 10**6,
    "long network": lambda: "3-" * 10**5,
    "brackets": lambda: "(" * 10**4,
    "parameters": lambda: "a=1," * 10**4,
    "lines": lambda: "1\n" * 10**5,
}
_WHOLES = (0, 1, -1, 2, 7, 255, 10**4, 10**7, 10**9, 2**31, 2**40, 2**63, 2**64, 10**30, 10**400)
_FLOATS = (
    0.0, -0.0, 0.5, 1.0, 2.0, 3.0, -1.0, 1e-320, 5e-324, 1e-160, 1e-30, 1e-9, 1e9, 1e16, 1e30, 1e160,
    1e308, math.nan, math.inf, -math.inf,
)  # fmt: skip
_TEXTS = (
    "", " ", "12", "2.0", "normal", "relu", "cpu", "cuda", "meta", "cuda:99", "cuda:-1", "mps", "float32",
    "nan", "inf", "softmax", "none", "torch", "\ud800", "\udfff-2", "\x00", "z",
    "std=1", "-", ".", "3-2", "3-2.relu.relu", "Linear(3, 5)",
    "Linear(10**99, 5)", "exp(z)", "z**1e308", "1/z", "\N{SNOWMAN}", "1,2\n3", "4.dirac", "+", "__class__",
    "std", "no such",
)  # fmt: skip
_BYTES = (b"", b"\x03\x05", b"relu", bytearray(b"35"))

_leaves = st.one_of(
    st.sampled_from(_WHOLES),
    st.sampled_from(_FLOATS),
    st.sampled_from(_TEXTS),
    st.sampled_from(_BYTES),
    st.integers(),
    st.integers(-3, 300),
    st.floats(),
    st.text(st.characters(codec=None, exclude_categories=()), max_size=12),
    st.sampled_from([None, True, False]),
)
_near: Mapping[str, Callable[[Any], Any]] = {
    "float": float,
    "str": str,
    "bytes": lambda x: str(x).encode(),
    "list of it": lambda x: [x],
    "pair of it": lambda x: (x, x),
    "dict of it": lambda x: {x: x},
    "array of it": np.array,
    "tensor of it": torch.tensor,
    "numpy's": lambda x: np.array(x)[()],
    "negative": lambda x: -x,
    "a half more": lambda x: x + 0.5,
    "one more": lambda x: x + 1,
    "many times it": lambda x: x * 10**30 if isinstance(x, int | float) else x,
    "reversed": lambda x: x[::-1],
    "shorter": lambda x: x[:-1],
    "upper": lambda x: x.upper(),
    "with a blank": lambda x: x + " ",
    "list": list,
    "twice": lambda x: x + x,
    "a subclass": lambda x: type("Own", (type(x),), {})(x),
}


class Made(NamedTuple):
    """Something in the place of an argument: by its name in THINGS or ``_near``, or the thing itself."""

    how: str
    value: Any

    def of(self, valid: Any) -> Any:
        """Make it, from a valid argument if it is one that is nearly valid."""
        if self.how == "thing":
            return THINGS[self.value]()
        if self.how == "near":
            with contextlib.suppress(Exception):  # what cannot be made so is left as it was
                return _near[self.value](valid)
            return valid
        return self.value


anything = st.one_of(
    st.sampled_from(sorted(THINGS)).map(partial(Made, "thing")),
    st.sampled_from(sorted(_near)).map(partial(Made, "near")),
    _leaves.map(partial(Made, "itself")),
    st.recursive(
        _leaves, lambda x: st.lists(x, max_size=3) | st.lists(x, max_size=3).map(tuple), max_leaves=6
    ).map(partial(Made, "itself")),
)


# --- calls ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def patience() -> Iterator[None]:
    """Fail what runs longer than PATIENCE."""

    def over(*_: Any) -> None:
        raise AssertionError(f"took more than {PATIENCE} s")

    before = posix.signal(posix.SIGALRM, over)
    posix.setitimer(posix.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        posix.setitimer(posix.ITIMER_REAL, 0)
        posix.signal(posix.SIGALRM, before)


def state() -> tuple[Any, ...]:
    """Return what no call may move: generators, defaults, and whether denormals stay."""
    return (
        torch.get_rng_state().numpy().tobytes(),
        np.random.get_state()[1].tobytes(),  # noqa: NPY002 - the global one
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.is_grad_enabled(),
        torch.are_deterministic_algorithms_enabled(),
        torch.get_num_threads(),
        float(torch.tensor([1e-310], dtype=torch.float64, device="cpu") * 1) > 0,
        str(np.geterr()),
    )


def attempt(function: Callable[..., Any], arguments: Arguments) -> InitLabError | None:
    """Call a function; return what it says is wrong, or None if it answers. All else comes out."""
    before = state()
    try:
        with patience():
            function(**arguments)
    except InitLabError as error:
        refused: InitLabError | None = error
    else:
        refused = None
    finally:
        assert state() == before
    if refused is not None:
        assert refused.code
        assert not str(refused).startswith(refused.code), refused  # as where its words lack a fact
        assert str(refused).encode().endswith(b"."), refused
        assert len(str(refused)) < LONG
    return refused


FUNCTIONS = public()


def test_every_public_name_is_tried() -> None:
    assert len(FUNCTIONS) > 100
    assert sorted(FUNCTIONS) == sorted(CALLS)


def test_what_a_function_s_own_argument_may_be_is_said_of_one_that_there_is() -> None:
    own = [key.split(":") for key in MAY if ":" in key]
    assert [(name, argument) for name, argument in own if argument not in CALLS.get(name, dict)()] == []


def test_every_argument_is_tried() -> None:
    for name, function in FUNCTIONS.items():
        named = {p.name for p in inspect.signature(function).parameters.values() if p.kind != p.VAR_KEYWORD}
        assert named <= CALLS[name]().keys(), name


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_what_is_valid_is_answered(name: str) -> None:
    assert attempt(FUNCTIONS[name], CALLS[name]()) is None


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_torch_s_default_device_does_not_matter(name: str) -> None:
    """On meta nothing has numbers: what is made there shows."""
    arguments = CALLS[name]()
    torch.set_default_device("meta")
    try:
        assert attempt(FUNCTIONS[name], arguments) is None
    finally:
        torch.set_default_device(None)


TAKING = sorted(name for name, make in CALLS.items() if make().keys() - {"self"})


@pytest.mark.parametrize("name", TAKING)
@given(data=st.data())
@settings(print_blob=False)
def test_anything_is_answered_or_refused_in_words(name: str, data: st.DataObject) -> None:
    arguments = CALLS[name]()
    names = sorted(arguments.keys() - {"self"})
    changed = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
    for each in changed:
        made = data.draw(anything, label=each).of(arguments[each])
        if each != "progress" or not callable(made):  # what a caller's own function raises is the caller's
            arguments[each] = made
    if attempt(FUNCTIONS[name], arguments) is None:
        for each in changed:
            may = MAY.get(f"{name}:{each}") or MAY[each]
            assert may(arguments[each]), f"{name} took {each}"


#: What takes a scheme's parameters, and the shapes that it takes.
_TAKE_PARAMETERS: Mapping[str, Callable[..., Any]] = {
    "law": lambda key, shape, params: SCHEMES[key].law(shape, **params),
    "call": lambda key, shape, params: SCHEMES[key].call(shape, **params),
    "draw": lambda key, shape, params: draw(key, shape, seed=1, **params),
    "equivalents": lambda key, shape, params: core.rosetta.equivalents(key, shape, **params),
    "pytorch_code": lambda key, shape, params: core.pytorch_code(key, shape, seed=1, **params),
    "by_connections": lambda key, shape, params: comparison.by_connections(
        key, Layer.of("LSTM(5, 3)" if shape == (3, 5) else "ConvTranspose2d(4, 6, 3, stride=2)"), **params
    ),
}
_FEW = core.Fans(Fraction(1, 2**63 - 1), Fraction(9, 2))


# torch's own word where a cut lies far from the mean: see test_sampling
@pytest.mark.filterwarnings("ignore:mean is more than 2 std:UserWarning")
@pytest.mark.parametrize("key", SCHEMES)
@given(data=st.data())
@settings(print_blob=False)
def test_anything_as_a_scheme_s_parameter_is_answered_or_refused(key: str, data: st.DataObject) -> None:
    scheme, does = SCHEMES[key], data.draw(st.sampled_from(sorted(_TAKE_PARAMETERS)))
    shape = data.draw(st.sampled_from([(3, 5), (6, 4, 3), (3,), _FEW, core.Fans(2**63 - 1, 1)]))
    params = {
        name: data.draw(anything, label=name).of(default)
        for name, default in scheme.params.items()
        if data.draw(st.booleans())
    }
    if attempt(_TAKE_PARAMETERS[does], {"key": key, "shape": shape, "params": params}) is None:
        for name, value in params.items():
            assert _TEXT(value) if scheme.domain(name).choices else _number()(value), name


def _numpy_s(value: Any) -> Any:
    """Return a number as numpy has it, a shape as torch has it, and all else as it is."""
    if isinstance(value, bool | int | float):
        return np.array(value)[()]
    return torch.Size(value) if isinstance(value, tuple) and value and all(map(_whole(1), value)) else value


#: Where an object lies in memory.
_ADDRESS = re.compile(r"0x\w+")


@pytest.mark.parametrize("name", TAKING)
def test_numpy_s_numbers_and_torch_s_sizes_count_as_plain_ones(name: str) -> None:
    plain, arguments = CALLS[name](), {key: _numpy_s(value) for key, value in CALLS[name]().items()}
    found, wanted = (FUNCTIONS[name](**given) for given in (arguments, plain))
    if isinstance(wanted, str | int | float | tuple):
        assert _ADDRESS.sub("", str(found)) == _ADDRESS.sub("", str(wanted))


@pytest.mark.parametrize("name", TAKING)
def test_python_alone_refuses_a_call_without_an_argument(name: str) -> None:
    function, arguments = FUNCTIONS[name], CALLS[name]()
    for each in arguments.keys() - {"self"}:
        rest = {key: value for key, value in arguments.items() if key != each}
        try:
            inspect.signature(function).bind(**rest)
        except TypeError:
            with pytest.raises(TypeError):
                function(**rest)
        else:
            attempt(function, rest)
    with pytest.raises((TypeError, InitLabError)) as caught:
        function(**arguments, no_such_argument=1)
    takes_any = any(p.kind is p.VAR_KEYWORD for p in inspect.signature(function).parameters.values())
    assert isinstance(caught.value, InitLabError) == takes_any

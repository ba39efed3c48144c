"""A valid call of every public function of core, to which anything is then done."""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

import core
from core import SCHEMES, Summary, draw
from core.networks.edits import read_edits
from core.networks.module import Net
from core.networks.network import Dense, Network
from core.signals import comparison, trace_run
from core.signals import fate as outlook
from core.signals import trace as signal
from core.teaching.quiz import questions
from core.weights.layers import Layer

Arguments = dict[str, Any]


def a_law(key: str = "normal", shape: tuple[int, ...] = (3, 5)) -> core.Law:
    return SCHEMES[key].law(shape)


def a_summary() -> Summary:
    return Summary.of(draw("normal", (3, 5), seed=1), law=a_law(), bins=9)


@cache
def a_net() -> Net:
    return Net(Network.of("3-4.relu-2.softmax"), seed=1)


@cache
def _module() -> nn.Module:
    return nn.Sequential(nn.Linear(5, 3), nn.ReLU(), nn.Linear(3, 2))


@cache
def weights_file() -> str:
    """A file of weights, which stands until the process ends."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    np.save(folder / "weight.npy", np.linspace(-1, 1, 800, dtype=np.float32).reshape(20, 40))
    return str(folder / "weight.npy")


@cache
def _report() -> core.Report:
    return core.audit(nn.Sequential(nn.Linear(50, 30), nn.LayerNorm(30)), expect={"0.bias": "ones"})


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
    "audit.audit": lambda: {
        "module": _module(),
        "expect": {"*.weight": ("normal", {"std": 0.02})},
        "example": torch.ones(2, 5),
        "seeds": 2,
    },
    "finding.Finding.__str__": lambda: {"self": _report().problems[0]},
    "finding.Finding.alone": lambda: {"self": _report().problems[0]},
    "finding.Finding.severity": lambda: {"self": _report().problems[0]},
    "finding.Finding.would_refute": lambda: {"self": _report().problems[0]},
    "law_fit.Fit.decisive": lambda: {"self": _report().rows[0].init},
    "report.Report.compare": lambda: {"self": _report(), "other": core.audit(_module())},
    "report.Report.findings": lambda: {"self": _report()},
    "report.Report.from_json": lambda: {"text": _report().to_json()},
    "report.Report.to_json": lambda: {"self": _report()},
    "report.Report.to_markdown": lambda: {"self": _report()},
    "report.Report.worst": lambda: {"self": _report()},
    "report_row.Row.decides": lambda: {"self": _report().rows[0]},
    "report_row.Row.is_float": lambda: {"self": _report().rows[0]},
    "scan.scan": lambda: {
        "path": weights_file(),
        "expect": {"*": ("normal", {"std": 0.02})},
        "executor": None,
        "progress": _silent,
    },
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
    "comparison.expected_largest": lambda: {"law": a_law(), "n": 15},
    "comparison.ordered": lambda: {"laws": [a_law("ones"), a_law(), a_law("uniform")]},
    "comparison.signal": lambda: {"law": a_law(), "layer": Layer.of(_LAYER), "activation": "relu"},
    "module_signal.Strengths.high": lambda: {"self": core.Strengths(1.0, (0.5, 2.0))},
    "module_signal.Strengths.low": lambda: {"self": core.Strengths(1.0, (0.5, 2.0))},
    "module_signal.Strengths.median": lambda: {"self": core.Strengths(1.0, (0.5, 2.0))},
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
    "extremes.largest": lambda: {"n": 15, "law": a_law()},
    "extremes.largest_density": lambda: {"n": 15, "law": a_law(), "x": [0.5, 1.0]},
    "extremes.largest_quantile": lambda: {"n": 15, "law": a_law(), "u": 0.5},
    "extremes.smallest": lambda: {"n": 15, "law": a_law()},
    "fans.Fans": lambda: {"fan_in": Fraction(9, 2), "fan_out": 4},
    "fans.Fans.of": lambda: {"shape": (3, 5, 2)},
    "formula.activation_of": lambda: {"text": "z*tanh(z)"},
    "gated.gains": lambda: {"key": "swiglu", "q": 1.0},
    "gated.length_slope": lambda: {"key": "swiglu", "q": 1.0, "sigma_w2": 1.5},
    "gated.mean_square": lambda: {"key": "swiglu", "q": 1.0},
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
        "parameters": a_law().parameters,
        "bands": a_law().bands,
        "continuous": a_law().continuous,
        "atoms": ((0.0, 0.25),),
        "uncut": None,
        "pattern": None,
    },
    "laws.Law.cdf": lambda: {"self": a_law(), "x": [0.5, 1.0]},
    "laws.Law.edges": lambda: {"self": a_law(), "bins": 7},
    "laws.Law.independent": lambda: {"self": a_law()},
    "laws.Law.matrix": lambda: {"self": a_law("orthogonal")},
    "laws.Law.pdf": lambda: {"self": a_law(), "x": [0.5, 1.0]},
    "laws.Law.random": lambda: {"self": a_law()},
    "laws.Law.reach": lambda: {"self": a_law(), "sigmas": 3.0},
    "laws.Law.support": lambda: {"self": a_law()},
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
    "module.Net.forward": lambda: {"self": a_net(), "x": torch.zeros(2, 3)},
    "module.Net.laws": lambda: {"self": a_net()},
    "module.Net.load": lambda: {
        "self": Net(Network.of("3-2"), seed=1),
        "values": {"out.weight": torch.ones(2, 3), "out.bias": [0, 1]},
    },
    "module.Net.printed": lambda: {"self": a_net()},
    "module.Net.steps": lambda: {"self": a_net(), "x": torch.zeros(2, 3)},
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
    "module.backward": lambda: {"net": a_net(), "x": torch.zeros(2, 3), "labels": [0, 1]},
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
        "edits": read_edits("w1.2.3=0.5,x1.2=-1"),
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
    "referee.Verdict.consistent": lambda: {"self": core.referee.judge(a_summary(), a_law())},
    "referee_checks.drawn_counts": lambda: {"summary": a_summary(), "law": a_law()},
    "referee_checks.expected_counts": lambda: {
        "n": 15,
        "edges": a_summary().edges,
        "law": a_law(),
        "dtype": torch.float32,
        "drawn_in": torch.float64,
    },
    "referee_checks.expected_outside": lambda: {
        "n": 15,
        "law": a_law(),
        "band": a_law().bands[0],
        "dtype": torch.float32,
        "drawn_in": torch.float64,
    },
    "referee.judge": lambda: {"summary": a_summary(), "law": a_law()},
    "referee.least_compared": lambda: {"law": a_law(), "dtype": torch.float32, "drawn_in": None},
    "referee.standard_errors": lambda: {"n": 15, "law": a_law(), "dtype": torch.float32, "drawn_in": None},
    "rosetta.defaults": lambda: {"shape": (3, 5)},
    "rosetta.depthwise": lambda: {"layer": Layer.of("Conv2d(4, 8, 3, groups=4)")},
    "rosetta.difference": lambda: {"theirs": a_law("uniform"), "ours": a_law()},
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
    "summary.Summary.excess_kurtosis": lambda: {"self": a_summary()},
    "summary.Summary.merge": lambda: {"self": a_summary(), "other": a_summary()},
    "summary.Summary.of": lambda: {
        "weights": torch.ones(3, 5),
        "law": a_law(),
        "bins": 9,
        "drawn_in": torch.float32,
    },
    "summary.Summary.size": lambda: {"self": a_summary()},
    "summary.Summary.std": lambda: {"self": a_summary()},
    "summary.rounded": lambda: {
        "band": a_law("uniform").bands[0],
        "dtype": torch.float16,
        "drawn_in": torch.float32,
    },
    "table.read_table": lambda: {"text": "1,2\n3,4"},
}

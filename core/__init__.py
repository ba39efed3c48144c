"""The numbers behind the screen: ``from core import …`` in a notebook gives what a page shows."""

# ruff: noqa: E402 - signals come before what takes its time
from .interrupts import stop_at_once

stop_at_once()

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

from . import devices
from .checkpoints.audit import audit
from .checkpoints.finding import Finding
from .checkpoints.law_fit import Fit
from .checkpoints.report import Report
from .checkpoints.report_row import Row
from .checkpoints.scan import scan
from .code import rosetta
from .code.draw import pytorch_code
from .code.network import network_code
from .code.signal import signal_code
from .errors import (
    Cancelled,
    CheckpointError,
    ComparisonError,
    DeviceError,
    DtypeError,
    FormulaError,
    InitLabError,
    NetworkError,
    ParameterError,
    SchemeError,
    ShapeError,
    SizeError,
    TableError,
)
from .networks.counting import Count, parameter_count
from .networks.module import Net, ThreeLayerNet
from .networks.module_signal import LayerSignal, Strengths
from .networks.network import Dense, Network
from .networks.summary_text import summary_text
from .signals import comparison, gated, meanfield
from .signals import fate as outlook
from .signals import trace as signal
from .signals.activations import ACTIVATIONS, Activation
from .signals.comparison import Comparison, Entry
from .signals.formula import activation_of
from .signals.trace_run import SignalTrace
from .table import read_table
from .teaching.lesson import LessonStep, replay_lesson
from .teaching.quiz import Question, questions
from .weights import referee
from .weights.draw import Draw
from .weights.fans import Fans
from .weights.laws import Band, Expression, Law
from .weights.layers import Layer
from .weights.parameters import PARAMETERS
from .weights.sampling import DTYPES, check, draw, streams, summarize
from .weights.scheme import Scheme
from .weights.schemes import SCHEMES
from .weights.summary import Summary, rounded

__all__ = [
    "ACTIVATIONS",
    "DTYPES",
    "PARAMETERS",
    "SCHEMES",
    "Activation",
    "Band",
    "Cancelled",
    "CheckpointError",
    "Comparison",
    "ComparisonError",
    "Count",
    "Dense",
    "DeviceError",
    "Draw",
    "DtypeError",
    "Entry",
    "Expression",
    "Fans",
    "Finding",
    "Fit",
    "FormulaError",
    "InitLabError",
    "Law",
    "Layer",
    "LayerSignal",
    "LessonStep",
    "Net",
    "Network",
    "NetworkError",
    "ParameterError",
    "Question",
    "Report",
    "Row",
    "Scheme",
    "SchemeError",
    "ShapeError",
    "SignalTrace",
    "SizeError",
    "Strengths",
    "Summary",
    "TableError",
    "ThreeLayerNet",
    "activation_of",
    "audit",
    "check",
    "comparison",
    "devices",
    "draw",
    "gated",
    "meanfield",
    "network_code",
    "outlook",
    "parameter_count",
    "pytorch_code",
    "questions",
    "read_table",
    "referee",
    "replay_lesson",
    "rosetta",
    "rounded",
    "scan",
    "signal",
    "signal_code",
    "streams",
    "summarize",
    "summary_text",
]

#: What version 0.1 had beside this file, as ``core.referee``, and where it is now: others import it.
_FORMER = {
    "activations": ("signals.activations",),
    "comparison": ("signals.comparison",),
    "counting": ("networks.counting", "networks.summary_text"),
    "expectations": ("signals.quadrature",),
    "extremes": ("weights.extremes",),
    "fans": ("weights.fans",),
    "formula": ("signals.formula", "signals.formula_text", "signals.formula_places"),
    "laws": ("weights.laws", "weights.families"),
    "layers": ("weights.layers", "weights.layer_text"),
    "lesson": ("teaching.lesson",),
    "meanfield": ("signals.meanfield",),
    "network": ("networks.network", "networks.module", "weights.spelling"),
    "outlook": ("signals.fate",),
    "quiz": ("teaching.quiz",),
    "recipe": ("code.draw", "code.network", "code.signal"),
    "referee": ("weights.referee", "weights.referee_checks", "weights.referee_errors"),
    "rosetta": ("code.rosetta", "code.rosetta_rows"),
    "rounding": ("weights.rounding",),
    "sampling": ("weights.sampling", "weights.draw"),
    "schemes": tuple(
        f"weights.{name}"
        for name in ("schemes", "scheme", "parameters", "scheme_laws", "narrow_cuts", "sources")
    ),
    "signal": ("signals.trace", "signals.trace_run"),
    "structure": ("weights.structure",),
    "summary": ("weights.summary",),
}


def _look_further(parts: Sequence[ModuleType]) -> Callable[[str], Any]:
    """Return what finds a name of a parted module in its other parts, in their order (PEP 562)."""

    def found(name: str) -> Any:
        for part in parts[1:]:
            if name in vars(part):
                return vars(part)[name]
        raise AttributeError(f"module {parts[0].__name__!r} has no attribute {name!r}")

    return found


for _name, _places in _FORMER.items():
    _parts = [import_module(f"{__name__}.{place}") for place in _places]
    if len(_parts) > 1:
        vars(_parts[0])["__getattr__"] = _look_further(_parts)
    sys.modules[f"{__name__}.{_name}"] = _parts[0]

"""The numbers behind the screen: ``from core import …`` in a notebook gives what a page shows."""

import sys
from importlib import import_module

from core import devices
from core.code import rosetta
from core.code.recipe import network_code, pytorch_code, signal_code
from core.errors import (
    Cancelled,
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
from core.networks.counting import Count, parameter_count, summary_text
from core.networks.network import Dense, Net, Network, ThreeLayerNet
from core.signals import comparison, meanfield
from core.signals import fate as outlook
from core.signals import trace as signal
from core.signals.activations import ACTIVATIONS, Activation
from core.signals.comparison import Comparison, Entry
from core.signals.formula import activation_of
from core.signals.trace import SignalTrace
from core.table import read_table
from core.teaching.lesson import LessonStep, replay_lesson
from core.teaching.quiz import Question, questions
from core.weights import referee
from core.weights.fans import Fans
from core.weights.laws import Band, Expression, Law
from core.weights.layers import Layer
from core.weights.sampling import DTYPES, check, draw, streams, summarize
from core.weights.schemes import PARAMETERS, SCHEMES, Scheme
from core.weights.summary import Summary, rounded

__all__ = [
    "ACTIVATIONS",
    "DTYPES",
    "PARAMETERS",
    "SCHEMES",
    "Activation",
    "Band",
    "Cancelled",
    "Comparison",
    "ComparisonError",
    "Count",
    "Dense",
    "DeviceError",
    "DtypeError",
    "Entry",
    "Expression",
    "Fans",
    "FormulaError",
    "InitLabError",
    "Law",
    "Layer",
    "LessonStep",
    "Net",
    "Network",
    "NetworkError",
    "ParameterError",
    "Question",
    "Scheme",
    "SchemeError",
    "ShapeError",
    "SignalTrace",
    "SizeError",
    "Summary",
    "TableError",
    "ThreeLayerNet",
    "activation_of",
    "check",
    "comparison",
    "devices",
    "draw",
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
    "signal",
    "signal_code",
    "streams",
    "summarize",
    "summary_text",
]

#: What version 0.1 had beside this file, as ``core.referee``: other programs import it from there.
_FORMER = {
    "weights": (
        *("extremes", "fans", "laws", "layers", "referee"),
        *("rounding", "sampling", "schemes", "structure", "summary"),
    ),
    "signals": ("activations", "comparison", "formula", "meanfield"),
    "networks": ("counting", "network"),
    "teaching": ("lesson", "quiz"),
    "code": ("recipe", "rosetta"),
}
#: And those that had another name.
_RENAMED = {"expectations": "quadrature", "outlook": "fate", "signal": "trace"}

for _name, _place in {
    **{name: f"{room}.{name}" for room, names in _FORMER.items() for name in names},
    **{former: f"signals.{name}" for former, name in _RENAMED.items()},
}.items():
    sys.modules[f"{__name__}.{_name}"] = import_module(f"{__name__}.{_place}")

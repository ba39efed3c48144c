"""The numbers behind the screen: ``from core import …`` in a notebook gives what a page shows."""

from core import comparison, devices, meanfield, outlook, referee, rosetta, signal
from core.activations import ACTIVATIONS, Activation
from core.comparison import Comparison, Entry
from core.counting import Count, parameter_count, summary_text
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
from core.fans import Fans
from core.formula import activation_of
from core.laws import Band, Expression, Law
from core.layers import Layer
from core.lesson import LessonStep, replay_lesson
from core.network import Dense, Net, Network, ThreeLayerNet
from core.quiz import Question, questions
from core.recipe import network_code, pytorch_code, signal_code
from core.sampling import DTYPES, check, draw, streams, summarize
from core.schemes import PARAMETERS, SCHEMES, Scheme
from core.signal import SignalTrace
from core.summary import Summary, rounded
from core.table import read_table

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

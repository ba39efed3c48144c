"""The numbers behind the screen: ``from core import …`` in a notebook gives what a page shows."""

from core import devices, referee
from core.activations import ACTIVATIONS, Activation
from core.counting import Count, parameter_count, summary_text
from core.errors import (
    Cancelled,
    DeviceError,
    DtypeError,
    InitLabError,
    NetworkError,
    ParameterError,
    SchemeError,
    ShapeError,
    SizeError,
    TableError,
)
from core.fans import Fans
from core.laws import Band, Expression, Law
from core.layers import Layer
from core.network import Dense, Net, Network, ThreeLayerNet
from core.recipe import network_code, pytorch_code
from core.sampling import DTYPES, check, draw, streams, summarize
from core.schemes import PARAMETERS, SCHEMES, Scheme
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
    "Count",
    "Dense",
    "DeviceError",
    "DtypeError",
    "Expression",
    "Fans",
    "InitLabError",
    "Law",
    "Layer",
    "Net",
    "Network",
    "NetworkError",
    "ParameterError",
    "Scheme",
    "SchemeError",
    "ShapeError",
    "SizeError",
    "Summary",
    "TableError",
    "ThreeLayerNet",
    "check",
    "devices",
    "draw",
    "network_code",
    "parameter_count",
    "pytorch_code",
    "read_table",
    "referee",
    "rounded",
    "streams",
    "summarize",
    "summary_text",
]

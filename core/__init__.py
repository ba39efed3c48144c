"""The numbers behind the screen: ``from core import …`` in a notebook gives what a page shows."""

from core import devices, referee
from core.errors import (
    Cancelled,
    DeviceError,
    DtypeError,
    InitLabError,
    ParameterError,
    SchemeError,
    ShapeError,
    SizeError,
)
from core.fans import Fans
from core.laws import Band, Expression, Law
from core.layers import Layer
from core.recipe import pytorch_code
from core.sampling import DTYPES, check, draw, streams, summarize
from core.schemes import PARAMETERS, SCHEMES, Scheme
from core.summary import Summary, rounded

__all__ = [
    "DTYPES",
    "PARAMETERS",
    "SCHEMES",
    "Band",
    "Cancelled",
    "DeviceError",
    "DtypeError",
    "Expression",
    "Fans",
    "InitLabError",
    "Law",
    "Layer",
    "ParameterError",
    "Scheme",
    "SchemeError",
    "ShapeError",
    "SizeError",
    "Summary",
    "check",
    "devices",
    "draw",
    "pytorch_code",
    "referee",
    "rounded",
    "streams",
    "summarize",
]

"""What core says when it cannot do what was asked.

Each error is raised before anything is computed. Its message is a full English sentence; ``code``
and ``facts`` carry the same content as data, so that a page can say it in its visitor's language.
"""

from reprlib import Repr
from typing import Any

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60


class InitLabError(ValueError):
    """A request that cannot be met: what was wrong, and what would be right."""

    def __init__(self, message: str, *, code: str, **facts: Any) -> None:
        super().__init__(message)
        self.code = code
        self.facts = facts


def shown(value: object) -> str:
    """Write a refused value for a message: its repr, cut short, whatever it is."""
    try:
        return _SHORT.repr(value)
    except Exception:  # noqa: BLE001 - a repr may raise anything, as that of a whole number of 5000 digits
        return f"<{type(value).__name__}>"


class SchemeError(InitLabError):
    """No scheme has this key."""


class ShapeError(InitLabError):
    """The shape is not that of a weight tensor, or its fans are undefined."""


class ParameterError(InitLabError):
    """A parameter is unknown, of the wrong kind, out of range, or at odds with another."""


class DtypeError(InitLabError):
    """torch cannot draw this dtype, or the law does not fit into it."""


class DeviceError(InitLabError):
    """This machine does not have the device asked for."""


class SizeError(InitLabError):
    """The tensor would not fit into the device's memory."""


class NetworkError(InitLabError):
    """A description of a network that cannot be read, or is too large; an input it does not take."""


class ComparisonError(InitLabError):
    """A description of schemes to compare that cannot be read, or is too long."""


class TableError(InitLabError):
    """Text that is no table of numbers, or one too long."""


class FormulaError(InitLabError):
    """A formula that cannot be read, or is no activation: it leaves the numbers, or jumps."""


class Cancelled(Exception):
    """The caller's ``progress`` returned False."""

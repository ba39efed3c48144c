"""What core says when it cannot do what was asked.

Each error is raised before anything is computed. Who raises it gives a code and facts, which a page says in
its visitor's language; its message, a full English sentence, is the code's template in ``core.refusals``.
"""

from collections.abc import Mapping
from functools import partial
from reprlib import Repr
from string import Formatter
from typing import Any

from .refusals import TEMPLATES

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60


class InitLabError(ValueError):
    """A request that cannot be met: what was wrong, and what would be right.

    ``said`` is a key of ``core.refusals.TEMPLATES``: a code and, behind a colon, which wording of it. Where
    ``code`` is given beside it, by who has words of his own, it is the message itself.
    """

    def __init__(self, said: str, /, *, code: str | None = None, **facts: Any) -> None:
        super().__init__(worded(said, facts) if code is None else said)
        self.code = said.partition(":")[0] if code is None else code
        self.facts = facts

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how it is copied and pickled: Python by itself would leave out the code."""
        return partial(type(self), code=self.code, **self.facts), self.args, self.__dict__


def shown(value: object) -> str:
    """Write a refused value for a message: its repr, cut short, whatever it is."""
    try:
        return _SHORT.repr(value)
    except Exception:  # noqa: BLE001 - a repr may raise anything, as that of a whole number of 5000 digits
        return f"<{type(value).__name__}>"


class _Words(Formatter):
    """What fills the templates: Python's own formats, and those that only refusals have."""

    def convert_field(self, value: Any, conversion: Any) -> Any:
        """Write ``{value!b}`` cut short."""
        return shown(value) if conversion == "b" else super().convert_field(value, conversion)

    def format_field(self, value: Any, format_spec: str) -> str:
        """Write a ``list``, a ``place`` counted from 1, bytes as ``GB``, and ``or …`` for what is empty.

        ``row|rows`` is the word beside a number, the first of the two beside 1.
        """
        if format_spec == "list":
            return ", ".join(map(str, value))
        if format_spec == "place":
            return str(value + 1)
        if format_spec == "GB":
            return f"{value / 1e9:.3g} GB"
        if "|" in format_spec:
            return format_spec.split("|")[int(value != 1)]
        if format_spec.startswith("or "):
            return str(value or format_spec.removeprefix("or "))
        return str(super().format_field(value, format_spec))


def worded(key: str, facts: Mapping[str, Any], templates: Mapping[str, str] = TEMPLATES) -> str:
    """Return a template with its facts; both by themselves where it cannot be filled."""
    try:
        return _Words().vformat(templates[key], (), facts)
    except Exception:  # noqa: BLE001 - the refusal itself must come out, whatever its words lack
        return f"{key}: {shown(facts)}."


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


class CheckpointError(InitLabError):
    """A file of weights that cannot be read: it is damaged, of another format, or would have to be run."""


class FormulaError(InitLabError):
    """A formula that cannot be read, or is no activation: it leaves the numbers, or jumps."""


class Cancelled(Exception):
    """The caller's ``progress`` returned False."""

"""A scheme's parameters as text, read and written."""

import re
from collections.abc import Sequence
from typing import Any

from ..checks import number_in, unfit
from ..errors import NetworkError, ParameterError
from ..table import written
from .parameters import Value
from .schemes import scheme_of

#: Characters of a network, or of a scheme's parameters.
MAX_CHARS = 4000


def parameters_of(scheme: str, text: str) -> tuple[tuple[str, Value], ...]:
    """Read a scheme's parameters as code writes them, such as ``gain=2``; leave its defaults out.

    Raises:
        ParameterError: if the text is no such list, or the scheme does not take it.
    """
    row, given = scheme_of(scheme), dict[str, Any]()
    checked_text(text)
    for part in filter(None, map(str.strip, text.split(","))):
        name, equals, value = map(str.strip, part.partition("="))
        if not equals or name in given:
            raise ParameterError("parameter.text", scheme=scheme, text=text, takes=", ".join(row.params))
        given[name] = _number(value)
    checked = row.checked(given)
    return tuple((name, value) for name, value in checked.items() if value != row.params[name])


def checked_pairs(scheme: str, params: object) -> None:
    """Refuse what are not parameters of a scheme, as (name, value) pairs.

    Raises:
        ParameterError: saying what is wrong with them.
    """
    pairs = params if isinstance(params, tuple) else (None,)
    if not all(isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str) for pair in pairs):
        raise unfit("params", params, "a tuple of (name, value)")
    scheme_of(scheme).checked(dict(pairs))


def written_parameters(params: Sequence[tuple[str, Value]]) -> str:
    """Write parameters as ``parameters_of`` reads them."""
    return ",".join(f"{name}={written(value)}" for name, value in params)


def _number(text: str) -> float | str:
    """Return the number that ``text`` is, an int if it is whole, or ``text`` itself."""
    try:
        value = number_in(text)
    except ValueError:
        return text
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def split(text: str, mark: str) -> list[str]:
    """Split ``text`` at a mark, but not inside brackets."""
    return re.split(rf"{mark}(?![^()]*\))", text)


def checked_text(text: object) -> str:
    """Return what describes a network, or part of one, if it is text and not too long.

    Raises:
        NetworkError: otherwise.
    """
    if not isinstance(text, str):
        raise NetworkError("network.type", kind=type(text).__name__)
    if len(text) > MAX_CHARS:
        raise NetworkError("network.long", most=MAX_CHARS, length=len(text))
    return text

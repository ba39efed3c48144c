"""What several functions ask of an argument, each in one way.

numpy's numbers and arrays count as Python's. What is refused is refused before anything is computed.
"""

import math
import re
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from .errors import DtypeError, ParameterError, shown

Kind = TypeVar("Kind")
Array = npt.NDArray[np.float64]

#: Numbers of one array that is given as a list.
MOST = 1 << 24
#: The dtypes that torch.nn.init draws, on every device but one: mps has no float64.
DRAWN = (torch.float32, torch.float64, torch.bfloat16, torch.float16)


def checked_whole(name: str, value: object, high: int, low: int = 1) -> int:
    """Return ``value`` as Python's int, which never overflows.

    Raises:
        ParameterError: if it is no whole number from ``low`` to ``high``.
    """
    if not is_whole(value, low, high):
        raise ParameterError("parameter.number:whole", name=name, value=value, minimum=low, maximum=high)
    return int(value)  # type: ignore[call-overload,no-any-return]


def real(value: object) -> float:
    """Return a real number, Python's or numpy's, as a float, ±inf past the doubles; nan for all else."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return math.nan
    try:
        return float(value)
    except OverflowError:  # of an int past the largest double
        return math.inf if value > 0 else -math.inf  # type: ignore[operator]


def number_in(text: str) -> float:
    """Return the number that is written, with either minus.

    Raises:
        ValueError: if there is none, or only 0 of the doubles is near it, which it is not.
    """
    value = float(text.replace("−", "-"))
    if value == 0 and re.search("[1-9]", re.split("[eE]", text)[0]):
        raise ValueError("smaller than every double")
    return value


def checked_kind(name: str, value: Kind, kind: Any, wanted: str) -> Kind:
    """Return ``value`` if it is of a kind, which ``wanted`` calls by name.

    Raises:
        ParameterError: otherwise.
    """
    if isinstance(value, kind):
        return value
    raise unfit(name, value, wanted)


def checked_flag(name: str, value: object) -> bool:
    """Return ``value`` as Python's bool if it is one, or numpy's: what is true of all else nobody knows.

    Raises:
        ParameterError: otherwise.
    """
    if isinstance(value, bool | np.bool_):
        return bool(value)
    raise unfit(name, value, "True or False")


def checked_dtype(dtype: object, name: str = "dtype") -> torch.dtype:
    """Return ``dtype`` if torch draws in it.

    Raises:
        DtypeError: for all but ``DRAWN``.
    """
    if isinstance(dtype, torch.dtype) and dtype in DRAWN:
        return dtype
    raise DtypeError("dtype.unknown", argument=name, value=shown(dtype), allowed=tuple(map(str, DRAWN)))


def checked_progress(progress: Callable[[int, int], bool | None] | None) -> None:
    """Refuse a ``progress`` that cannot be called.

    Raises:
        ParameterError: if it is neither None nor callable.
    """
    if progress is not None and not callable(progress):
        raise unfit("progress", progress, "a function of (done, total), or None")


def checked_array(name: str, values: object, wanted: str = "real numbers, nested or in an array") -> Array:
    """Return real numbers of any shape, nan and inf among them, as an array of float64.

    Raises:
        ParameterError: if they are of another kind, as text or complex numbers, or nested unevenly.
    """
    if isinstance(values, Sequence) and len(values) > MOST:
        raise unfit(name, values, f"{MOST} numbers at most")
    try:
        if isinstance(values, Tensor):
            values = values.detach().cpu()
            values = values.double().numpy() if values.dtype.is_floating_point else values.numpy()
        array = np.asarray(values)
        if not _plain(values):
            raise TypeError("truths and bytes, which NumPy counts as numbers")
        if array.dtype.kind in "iuf":
            with np.errstate(over="ignore"):  # a long double past the doubles is inf
                return array.astype(np.float64)
        numbers = [real(each) for each in array.ravel().tolist()] if array.dtype.kind == "O" else [math.nan]
    except (TypeError, ValueError, RuntimeError, RecursionError):
        numbers = [math.nan]
    if any(map(math.isnan, numbers)):
        raise unfit(name, values, wanted)
    return np.array(numbers).reshape(array.shape)


def is_lazy(tensor: object) -> bool:
    """Tell whether a tensor waits for its module's first input, and raises at whatever it is asked."""
    return isinstance(tensor, nn.UninitializedParameter | nn.UninitializedBuffer)


def _plain(values: object) -> bool:
    """Tell whether there are neither truths nor bytes among nested values, nor masked ones."""
    if isinstance(values, list | tuple):
        return all(map(_plain, values))
    return not isinstance(values, bool | np.bool_ | bytes | bytearray | memoryview | np.ma.MaskedArray)


def unfit(name: str, value: object, wanted: str) -> ParameterError:
    """Return the error that says that an argument is of the wrong kind."""
    return ParameterError("parameter.kind", name=name, value=shown(value), wanted=wanted)


def is_whole(value: object, low: float, high: float) -> bool:
    """Tell whether ``value`` is a whole number, Python's or numpy's, from ``low`` to ``high``."""
    return not isinstance(value, bool) and isinstance(value, Integral) and low <= int(value) <= high


def sequence(values: object, most: int) -> Sequence[Any] | None:
    """Return ``values`` if they are a sequence or an array, no text, of ``most`` members or fewer."""
    if isinstance(values, np.ma.MaskedArray):
        return None
    if isinstance(values, np.ndarray):
        return values.tolist() if values.ndim and len(values) <= most else None
    if isinstance(values, str | bytes | bytearray | memoryview) or not isinstance(values, Sequence):
        return None
    return values if len(values) <= most else None

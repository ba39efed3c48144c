"""Things of every kind to put in an argument's place, and what is nearly a valid one."""

import contextlib
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from hypothesis import strategies as st
from torch import nn

import core
from core import SCHEMES
from core.networks.network import Network
from core.signals import fate as outlook
from core.weights.layers import Layer
from tests.support.valid_calls import a_law, a_net, a_summary


class Hostile:
    """Refuses to be compared, hashed, counted, looked through, or asked whether it is true."""

    def _no(self, *_: Any) -> Any:
        raise KeyError("hostile")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _no
    __hash__ = __iter__ = __len__ = __bool__ = __contains__ = _no
    __float__ = __int__ = __index__ = __add__ = __radd__ = __mul__ = __rmul__ = _no


def _graded() -> torch.Tensor:
    return torch.ones(3, 5, requires_grad=True)


def _in_itself() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


def _endless() -> Iterator[int]:
    return itertools.repeat(3)


#: name → what makes one
THINGS: Mapping[str, Callable[[], Any]] = {
    "hostile": Hostile,
    "hostiles": lambda: [Hostile(), Hostile()],
    "object": object,
    "a class": lambda: int,
    "a function": lambda: len,
    "lambda": lambda: lambda *_: "text",
    "module": lambda: nn.Linear(3, 2),
    "lazy": lambda: nn.LazyLinear(3),
    "lazy parameter": nn.UninitializedParameter,
    "lazy buffer": nn.UninitializedBuffer,
    "meta module": lambda: nn.Linear(3, 2, device="meta"),
    "generator": torch.Generator,
    "endless": _endless,
    "iterator": lambda: iter([3, 5]),
    "generator of two": lambda: (i for i in (3, 5)),
    "dict": lambda: {"a": 1},
    "dict of sizes": lambda: {3: 1, 5: 2},
    "empty dict": dict,
    "set": lambda: {3, 5},
    "list": list,
    "tuple": tuple,
    "nested": lambda: [[[[]]]],
    "ragged": lambda: [[1.0], [2.0, 3.0]],
    "a list in itself": _in_itself,
    "none twice": lambda: (None, None),
    "pair of text": lambda: ("3", "5"),
    "pair of floats": lambda: (3.0, 5.0),
    "pair of bools": lambda: (True, False),
    "pair of huge": lambda: (10**30, 10**30),
    "pair of large": lambda: (2**40, 2**40),
    "pair of nan": lambda: (math.nan, math.nan),
    "size": lambda: torch.Size([3, 5]),
    "range": lambda: range(3, 5),
    "endless range": lambda: range(1, 10**12),
    "many ones": lambda: [1] * 100,
    "many threes": lambda: [3] * 300,
    "array of sizes": lambda: np.array([3, 5]),
    "array": lambda: np.ones((3, 5)),
    "0-d array": lambda: np.array(3),
    "empty array": lambda: np.array([]),
    "array of text": lambda: np.array(["a", "b"]),
    "array of objects": lambda: np.array([None, object()], dtype=object),
    "array of dates": lambda: np.array(["2020-01-01"], dtype="datetime64[D]"),
    "complex array": lambda: np.ones((3, 5), complex),
    "bool array": lambda: np.ones((3, 5), bool),
    "structured array": lambda: np.zeros(3, dtype=[("a", float)]),
    "masked array": lambda: np.ma.masked_array([1.0, 2.0], [True, False]),
    "half array": lambda: np.ones((3, 5), np.float16),
    "long double": lambda: np.longdouble("1e400"),
    "memoryview": lambda: memoryview(b"35"),
    "tensor": lambda: torch.ones(3, 5),
    "batch": lambda: torch.ones(2, 3),
    "double": lambda: torch.ones(2, 3, dtype=torch.float64),
    "empty": lambda: torch.empty(0),
    "empty rows": lambda: torch.empty(0, 3),
    "nan": lambda: torch.full((2, 3), math.nan),
    "inf": lambda: torch.full((2, 3), math.inf),
    "0-d": lambda: torch.tensor(3.0),
    "0-d whole": lambda: torch.tensor(3),
    "graded": _graded,
    "graded batch": lambda: torch.ones(2, 3, requires_grad=True),
    "half": lambda: torch.ones(2, 3).half(),
    "bfloat16": lambda: torch.ones(2, 3).bfloat16(),
    "float8": lambda: torch.ones(2, 3).to(torch.float8_e4m3fn),
    "whole": lambda: torch.ones(2, 3, dtype=torch.int64),
    "truths": lambda: torch.ones(2, 3, dtype=torch.bool),
    "complex": lambda: torch.ones(2, 3, dtype=torch.complex64),
    "meta": lambda: torch.ones(2, 3, device="meta"),
    "sparse": lambda: torch.ones(2, 3).to_sparse(),
    "nested tensor": lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged),
    "quantised": lambda: torch.zeros(2, 3, dtype=torch.uint8),
    "parameter": lambda: nn.Parameter(torch.ones(2, 3)),
    "strided": lambda: torch.ones(3, 2).T,
    "expanded": lambda: torch.ones(1, 3).expand(2, 3),
    "none": lambda: None,
    "true": lambda: True,
    "false": lambda: False,
    "numpy true": lambda: np.bool_(True),  # noqa: FBT003
    "np.int64": lambda: np.int64(3),
    "np.uint8": lambda: np.uint8(3),
    "np.float32": lambda: np.float32(0.5),
    "np.float64": lambda: np.float64(0.5),
    "np.nan": lambda: np.float64("nan"),
    "np.str_": lambda: np.str_("relu"),
    "fraction": lambda: Fraction(1, 3),
    "complex number": lambda: 1 + 1j,
    "ellipsis": lambda: ...,
    "type": lambda: torch.dtype,
    "float64": lambda: torch.float64,
    "float16": lambda: torch.float16,
    "int64": lambda: torch.int64,
    "complex64": lambda: torch.complex64,
    "numpy dtype": lambda: np.dtype("float32"),
    "device": lambda: torch.device("cpu"),
    "meta device": lambda: torch.device("meta"),
    "fans": lambda: core.Fans.of((3, 5)),
    "true connections": lambda: core.Fans(Fraction(9, 2), Fraction(1, 3)),
    "law": a_law,
    "law of points": lambda: a_law("ones"),
    "sparse law": lambda: a_law("sparse"),
    "orthogonal law": lambda: a_law("orthogonal"),
    "cut law": lambda: a_law("trunc_normal"),
    "identity law": lambda: a_law("eye"),
    "embedding": lambda: Layer.of("Embedding(5, 3)"),
    "summary": a_summary,
    "network": lambda: Network.of("3-2"),
    "net": a_net,
    "setting": lambda: outlook.Setting(math.nan, -1.0),
    "setting of text": lambda: outlook.Setting("a", None),
    "scheme": lambda: SCHEMES["eye"],
    # too long to be shown
    "5000 digits": lambda: 10**5000,
    "minus 5000 digits": lambda: -(10**5000),
    "text of digits": lambda: "9" * 5000,
    "parameter of digits": lambda: "normal(std=" + "9" * 5000 + ")",
    "long text": lambda: "z" * 10**6,
    "long network": lambda: "3-" * 10**5,
    "brackets": lambda: "(" * 10**4,
    "parameters": lambda: "a=1," * 10**4,
    "lines": lambda: "1\n" * 10**5,
}
_WHOLES = (0, 1, -1, 2, 7, 255, 10**4, 10**7, 10**9, 2**31, 2**40, 2**63, 2**64, 10**30, 10**400)
_FLOATS = (
    0.0, -0.0, 0.5, 1.0, 2.0, 3.0, -1.0, 1e-320, 5e-324, 1e-160, 1e-30, 1e-9, 1e9, 1e16, 1e30, 1e160,
    1e308, math.nan, math.inf, -math.inf,
)  # fmt: skip
_TEXTS = (
    "", " ", "12", "2.0", "normal", "relu", "cpu", "cuda", "meta", "cuda:99", "cuda:-1", "mps", "float32",
    "nan", "inf", "softmax", "none", "torch", "\ud800", "\udfff-2", "\x00", "z",
    "std=1", "-", ".", "3-2", "3-2.relu.relu", "Linear(3, 5)",
    "Linear(10**99, 5)", "exp(z)", "z**1e308", "1/z", "\N{SNOWMAN}", "1,2\n3", "4.dirac", "+", "__class__",
    "std", "no such",
)  # fmt: skip
_BYTES = (b"", b"\x03\x05", b"relu", bytearray(b"35"))

_leaves = st.one_of(
    st.sampled_from(_WHOLES),
    st.sampled_from(_FLOATS),
    st.sampled_from(_TEXTS),
    st.sampled_from(_BYTES),
    st.integers(),
    st.integers(-3, 300),
    st.floats(),
    st.text(st.characters(codec=None, exclude_categories=()), max_size=12),
    st.sampled_from([None, True, False]),
)
_near: Mapping[str, Callable[[Any], Any]] = {
    "float": float,
    "str": str,
    "bytes": lambda x: str(x).encode(),
    "list of it": lambda x: [x],
    "pair of it": lambda x: (x, x),
    "dict of it": lambda x: {x: x},
    "array of it": np.array,
    "tensor of it": torch.tensor,
    "numpy's": lambda x: np.array(x)[()],
    "negative": lambda x: -x,
    "a half more": lambda x: x + 0.5,
    "one more": lambda x: x + 1,
    "many times it": lambda x: x * 10**30 if isinstance(x, int | float) else x,
    "reversed": lambda x: x[::-1],
    "shorter": lambda x: x[:-1],
    "upper": lambda x: x.upper(),
    "with a blank": lambda x: x + " ",
    "list": list,
    "twice": lambda x: x + x,
    "a subclass": lambda x: type("Own", (type(x),), {})(x),
}


class Made(NamedTuple):
    """Something in the place of an argument: by its name in THINGS or ``_near``, or the thing itself."""

    how: str
    value: Any

    def of(self, valid: Any) -> Any:
        """Make it, from a valid argument if it is one that is nearly valid."""
        if self.how == "thing":
            return THINGS[self.value]()
        if self.how == "near":
            with contextlib.suppress(Exception):  # what cannot be made so is left as it was
                return _near[self.value](valid)
            return valid
        return self.value


anything = st.one_of(
    st.sampled_from(sorted(THINGS)).map(partial(Made, "thing")),
    st.sampled_from(sorted(_near)).map(partial(Made, "near")),
    _leaves.map(partial(Made, "itself")),
    st.recursive(
        _leaves, lambda x: st.lists(x, max_size=3) | st.lists(x, max_size=3).map(tuple), max_leaves=6
    ).map(partial(Made, "itself")),
)

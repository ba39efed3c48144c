"""A weight tensor that is to be drawn: everything about it that can be refused beforehand, looked at once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from .. import devices
from ..checks import checked_dtype, checked_flag, is_whole
from ..errors import DtypeError, ParameterError, SizeError
from .laws import EDGE_SIGMAS, Law
from .narrow_cuts import NARROW, is_narrow, kept, proposals
from .parameters import Value
from .rounding import spacing
from .scheme import Call, Scheme
from .schemes import scheme_of

#: Weights of a tensor that has to be held in memory whole, and its temporary copies with it.
HELD_LIMIT = 1 << 26
#: Times the tensor's own size that drawing it whole takes at its peak, as measured: LAPACK's QR, and
#: redrawing what lies outside the cuts, at worst in half precision. All else takes the tensor alone.
WHOLE_COPIES = 9
#: Weights of a tensor that is drawn part by part: five minutes.
STREAMED_LIMIT = 1 << 36
#: Work on a tensor that has to be held: numbers drawn, or the multiplications of an orthogonal matrix.
DRAWN_LIMIT, PRODUCT_LIMIT = 1 << 31, 1 << 38


@dataclass(frozen=True, init=False)
class Draw:
    """A weight tensor to be drawn: checked when it is made, so that whoever holds it need not look again.

    Two draws of the same weights are equal, however they were asked for. What memory is free changes from one
    moment to the next, and so is no part of it.
    """

    key: str
    #: (out, in, *kernel)
    shape: tuple[int, ...]
    seed: int
    device: torch.device
    dtype: torch.dtype
    #: every parameter of the scheme, defaults too
    params: tuple[tuple[str, Value], ...]
    #: the law of one weight and the call of ``torch.nn.init``, which follow from the rest
    law: Law = field(compare=False, repr=False)
    call: Call = field(compare=False, repr=False)

    def __init__(
        self,
        key: str,
        shape: Sequence[int],
        *,
        seed: int,
        device: str | torch.device = "cpu",
        dtype: torch.dtype = torch.float32,
        here: bool = True,
        **params: Any,
    ) -> None:
        """Check that torch can draw this; unless ``here``, on a machine that may have more than this one.

        Raises:
            InitLabError: see ``core.draw``.
        """
        scheme = scheme_of(key)
        shape, values, law, call = scheme.parsed(shape, params)
        own = vars(self)  # frozen from here on
        own.update(key=scheme.key, shape=shape, params=tuple(values.items()), law=law, call=call)
        own["dtype"], own["seed"] = checked_dtype(dtype), checked_seed(seed)
        here = checked_flag("here", here)
        own["device"] = devices.resolve(device) if here else devices.named(device)
        self._check_dtype()
        if here:
            self._check_size()

    @property
    def scheme(self) -> Scheme:
        """The scheme called ``key``."""
        return scheme_of(self.key)

    @property
    def size(self) -> int:
        """The number of weights."""
        return math.prod(self.shape)

    @property
    def streams(self) -> bool:
        """True if it can be drawn part by part, so that memory does not bound its size."""
        return self.device.type == "cpu" and self.call.elementwise

    @property
    def needed(self) -> int:
        """The bytes that drawing the whole tensor takes."""
        copies = WHOLE_COPIES if self._redraws or self.call.function == "orthogonal_" else 1
        if self.call.cast and self.dtype.itemsize < 4:  # drawn in float32, beside the tensor
            return self.size * (4 * copies + self.dtype.itemsize)
        return self.size * self.dtype.itemsize * copies

    @property
    def _redraws(self) -> bool:
        """True if torch draws weights anew that lie outside the cuts."""
        return self.law.uncut is not None

    def check_memory(self) -> None:
        """Refuse what does not fit as a whole into the memory that is free now.

        Raises:
            SizeError: then.
        """
        free = devices.free_bytes(self.device)
        if self.needed > free:
            raise SizeError("size.memory", needed=self.needed, memory=free)

    def _check_dtype(self) -> None:
        """Refuse what torch cannot draw, or draws wrongly, in this dtype."""
        if self.device.type == "mps" and self.dtype == torch.float64:
            raise DtypeError("dtype.device", dtype="float64", device="mps")
        _check_fits_dtype(self.law, self.dtype)
        if self.dtype.itemsize != 2:
            return
        name = str(self.dtype).removeprefix("torch.")
        if self.call.function == "orthogonal_" and not self.call.cast:
            raise DtypeError("dtype.orthogonal", dtype=name)
        if self._redraws and is_narrow(self.law):
            raise DtypeError("dtype.narrow", dtype=name, share=kept(self.law))

    def _check_size(self) -> None:
        """Refuse a tensor that would take too long, or more memory than may be held."""
        if self.streams and self.size > STREAMED_LIMIT:
            raise SizeError("size.held", n=self.size, limit=STREAMED_LIMIT)
        if self.call.elementwise:
            return
        n, function = self.size, self.call.function
        if n > HELD_LIMIT and self.device.type == "cpu":
            raise SizeError("size.held", n=n, limit=HELD_LIMIT)
        work, limit = float(n), DRAWN_LIMIT
        if function == "orthogonal_":
            work, limit = float(n * min(self.shape[0], n // self.shape[0])), PRODUCT_LIMIT
        elif self._redraws:
            work = n * _rounds(self.law, n)
        if work > limit:
            code = "size.work:cuts" if self.law.uncut else "size.work"
            raise SizeError(code, function=function, work=work, limit=limit, n=n)


def checked_seed(seed: object) -> int:
    """Return ``seed`` if torch takes it: 64 bits, signed or not.

    Raises:
        ParameterError: otherwise.
    """
    if not is_whole(seed, -(2**63), 2**64 - 1):
        raise ParameterError("parameter.seed", value=seed)
    return int(seed)  # type: ignore[call-overload,no-any-return]


def _check_fits_dtype(law: Law, dtype: torch.dtype) -> None:
    """Refuse a law whose weights ``dtype`` would turn into inf, 0 or a handful of values."""
    limits = torch.finfo(dtype)
    low, high = law.reach(EDGE_SIGMAS)
    largest = max(abs(low), abs(high))
    step = spacing(largest, dtype)
    flat = law.continuous is not None and high - low < 8 * step
    if largest > limits.max:
        code = "dtype.range"
    elif law.family == "uniform" and high - low > limits.max:  # torch takes their difference in the dtype
        code = "dtype.wide"
    elif flat or 0 < largest <= step / 2:
        code = "dtype.steps"
    else:
        return
    name, largest = str(dtype).removeprefix("torch."), limits.max
    endless = (low, high) != law.support  # past ±5 std there is little, but no wall
    raise DtypeError(code, dtype=name, low=low, high=high, endless=endless, largest=largest, step=step)


def _rounds(law: Law, n: int) -> float:
    """Return how often torch redraws n weights until each lies between the cuts.

    Each round keeps a weight with a certain probability; the last of n takes ln(n)/−ln(1 − p) rounds.
    """
    share = kept(law)
    if share <= NARROW:
        share = 1 / proposals(law)
    return 1.0 if share >= 1 else max(1.0, math.log(max(n, 2)) / -math.log1p(-share))

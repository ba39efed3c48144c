"""What a scheme is: its law, torch's call, and how it fills a tensor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor, nn

from .. import devices
from ..checks import checked_kind, is_lazy, unfit
from ..errors import ParameterError, shown
from ..generators import global_generators
from .fans import Fans, checked_shape
from .laws import Law
from .parameters import PARAMETERS, Parameter, Params, Value
from .sources import (
    Source,
)

#: A weight's shape, or its fans alone.
Weight = Any
_Build = Callable[[Weight, Params], Law]


class Call(NamedTuple):
    """One call of ``torch.nn.init``: the function's name and its arguments after the tensor."""

    function: str
    arguments: Mapping[str, Any]
    #: True if half precision is drawn in float32 and rounded afterwards
    cast: bool = False

    @property
    def random(self) -> bool:
        """False if the function draws nothing and so takes no generator."""
        return self.function not in {"constant_", "zeros_", "ones_", "eye_", "dirac_"}

    @property
    def elementwise(self) -> bool:
        """True if the function fills weight after weight, so that a part is filled as in the whole."""
        return self.function in _ELEMENTWISE and not self.cast

    def drawn_in(self, dtype: torch.dtype) -> torch.dtype:
        """Return what numbers that end in ``dtype`` are drawn in."""
        return torch.promote_types(dtype, torch.float32) if self.cast else dtype

    @property
    def takes_global(self) -> bool:
        """True if the function draws from torch's global generator, whatever it is given."""
        return self.function == "sparse_"


class Parsed(NamedTuple):
    """A weight's shape and a scheme's parameters, all of them, that have been checked; and what follows."""

    shape: tuple[int, ...]
    params: Params
    law: Law
    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """One way to start a weight tensor.

    ``key`` is for machines (URL, text catalogue, test ids): never shown, never renamed. ``params``
    maps each parameter to its default, the parameter that matters most first.
    """

    key: str
    params: Mapping[str, Value]
    source: Source
    _law: _Build
    _call: Callable[[Sequence[int], Params], Call]
    #: parameters whose domain is this scheme's own
    _own: Mapping[str, Parameter] = field(default_factory=dict)

    def domain(self, name: str) -> Parameter:
        """Return what the parameter ``name`` may be in this scheme.

        Raises:
            ParameterError: if no scheme has such a parameter.
        """
        if not isinstance(name, str) or name not in PARAMETERS:
            raise self._unknown(name)
        return self._own.get(name, PARAMETERS[name])

    def checked(self, params: Params) -> dict[str, Value]:
        """Fill in the defaults and check every value.

        Raises:
            ParameterError: for an unknown name, a value outside its domain, or a ≥ b.
        """
        unknown = [
            name for name in checked_kind("params", params, Mapping, "a mapping") if name not in self.params
        ]
        if unknown:
            raise self._unknown(*unknown)
        values = {
            name: self.domain(name).checked(name, params.get(name, default))
            for name, default in self.params.items()
        }
        low, high = values.get("a"), values.get("b")
        if isinstance(low, float) and isinstance(high, float) and low >= high:
            raise ParameterError("parameter.order", name="b", a=low, b=high)
        return values

    def _unknown(self, *names: object) -> ParameterError:
        """Return the error that says that this scheme has no such parameters."""
        takes = ", ".join(self.params)
        given = ", ".join(
            name if isinstance(name, str) and name.isprintable() and len(name) < 64 else shown(name)
            for name in names[:8]
        )
        return ParameterError("parameter.unknown", name=names[0], scheme=self.key, takes=takes, given=given)

    def law(self, shape: Sequence[int] | Fans, **params: Any) -> Law:
        """Return the law of one entry of a weight of this ``shape``, ``(out, in, *kernel)``.

        In place of a shape, fans will do for a scheme that reads nothing else.

        Raises:
            ShapeError: if the shape has no fans and the scheme needs them, or is fans and it needs more.
            ParameterError: see ``checked``.
        """
        sizes = shape if isinstance(shape, Fans) else checked_shape(shape)
        return _law_of(self._law, sizes, tuple(self.checked(params).items()))

    def call(self, shape: Sequence[int], **params: Any) -> Call:
        """Return the ``torch.nn.init`` call that draws this scheme into a weight of this ``shape``."""
        return self.parsed(shape, params).call

    def parsed(self, shape: Sequence[int], params: Params) -> Parsed:
        """Check a shape and parameters; return them with the law and the call that follow.

        Raises:
            InitLabError: see ``law``.
        """
        sizes, values = checked_shape(shape), self.checked(params)
        law = _law_of(self._law, sizes, tuple(values.items()))
        return Parsed(sizes, values, law, self._call(sizes, values))

    def fill_(self, tensor: Tensor, *, generator: Generator, **params: Any) -> Tensor:
        """Fill ``tensor`` in place, taking randomness from ``generator`` alone.

        Raises:
            InitLabError: see ``law``; also for no tensor that torch fills, or no generator on its device.
        """
        _check_fillable(tensor)
        if checked_kind("generator", generator, Generator, "a torch.Generator").device != tensor.device:
            raise unfit("generator", generator, f"a torch.Generator on {tensor.device}")
        call = self.parsed(tensor.shape, params).call
        with devices.on(tensor.device):
            return fill(tensor, call, generator)


def fill(tensor: Tensor, call: Call, generator: Generator) -> Tensor:
    """Fill ``tensor`` in place by a call that fits it, taking randomness from ``generator`` alone."""
    if call.takes_global:
        return _with_global(generator, lambda: run(call, tensor))
    return run(call, tensor, generator=generator) if call.random else run(call, tensor)


def run(call: Call, tensor: Tensor, **generator: Generator) -> Tensor:
    """Fill ``tensor`` in place by a call of ``torch.nn.init``."""
    function: Callable[..., Tensor] = getattr(nn.init, call.function)
    drawn_in = call.drawn_in(tensor.dtype)
    if drawn_in == tensor.dtype:
        return function(tensor, **call.arguments, **generator)
    drawn = torch.empty(tensor.shape, dtype=drawn_in, device=tensor.device)
    with torch.no_grad():
        return tensor.copy_(function(drawn, **call.arguments, **generator))


def _check_fillable(tensor: object) -> None:
    """Refuse what torch.nn.init does not fill.

    Raises:
        ParameterError: unless it is a dense floating tensor that holds each of its numbers by itself.
    """
    if not isinstance(tensor, Tensor) or is_lazy(tensor) or tensor.is_nested:
        raise unfit("tensor", tensor, "a dense tensor with numbers")
    if tensor.layout != torch.strided or tensor.is_meta:
        raise unfit("tensor", tensor, "a dense tensor with numbers")
    if not tensor.dtype.is_floating_point or tensor.dtype.itemsize == 1:
        raise unfit("tensor", tensor, "of a dtype that torch draws in, as float32")
    if any(step == 0 and size > 1 for step, size in zip(tensor.stride(), tensor.shape, strict=True)):
        raise unfit("tensor", tensor, "of numbers of its own, not expanded")


@lru_cache(maxsize=1024)
def _law_of(build: _Build, shape: tuple[int, ...] | Fans, params: tuple[tuple[str, Value], ...]) -> Law:
    """Build a law once: every step of a request asks for it again, and scipy takes its time."""
    return build(shape, dict(params))


#: Functions of torch.nn.init that end in one uniform_, normal_ or fill_ with the law's own parameters.
_ELEMENTWISE = {"uniform_", "normal_", "constant_", "zeros_", "ones_"} | {
    f"{name}_{law}_" for name in ("kaiming", "xavier") for law in ("uniform", "normal")
}


def _with_global(generator: Generator, fill: Callable[[], Tensor]) -> Tensor:
    """Run ``fill`` with torch's global generators standing where ``generator`` stands, then put them back.

    On another device than the CPU, torch draws from both that device's generator and the CPU's; then
    both start from ``generator``'s seed, as after ``torch.manual_seed``.
    """
    on_cpu = generator.device.type == "cpu"
    with global_generators(generator.device, generator.initial_seed()):
        if on_cpu:
            torch.set_rng_state(generator.get_state())
        filled = fill()
        if on_cpu:
            generator.set_state(torch.get_rng_state())
    return filled

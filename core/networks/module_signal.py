"""A signal sent through any module and back: what each of its parts gives, and the gradient there.

Where there is no line of theory, as for residual, gated and attention blocks, there is still the run: that
of a copy of the module as it stands, and of one drawn anew for each seed.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor, nn

from ..checks import is_lazy, unfit
from ..errors import DeviceError, InitLabError, NetworkError
from ..generators import global_generators
from ..weights.schemes import SCHEMES
from .copies import copy_of, tensors_in

#: What draws a part's parameters anew; torch's own have the one or the other.
_RESETS = ("reset_parameters", "_reset_parameters")
#: By a parameter's name a scheme's key and its parameters.
Drawn = Mapping[str, tuple[str, Mapping[str, Any]]]


class Strengths(NamedTuple):
    """Root mean squares: of the module as it stands, and of each copy drawn anew; nan where there is none."""

    given: float
    seeds: tuple[float, ...]

    @property
    def median(self) -> float:
        """That of the copy in the middle; nan where one has none."""
        return math.nan if any(map(math.isnan, self.seeds)) else float(median(self.seeds))

    @property
    def low(self) -> float:
        """The least of the copies', but for those without."""
        return min((rms for rms in self.seeds if not math.isnan(rms)), default=math.nan)

    @property
    def high(self) -> float:
        """The largest of the copies', but for those without."""
        return max((rms for rms in self.seeds if not math.isnan(rms)), default=math.nan)


@dataclass(frozen=True, slots=True)
class LayerSignal:
    """What a part of a module gives, and the gradient at it: over all numbers of all its calls.

    Of several tensors that a part gives the first of floats counts, as an LSTM's output. ``gradient`` is
    that of a sum of all that the module gives, each number weighted by one of N(0, 1); the weights are
    scaled so that their own root mean square is 1.
    """

    #: path of the part, '' for the module itself
    name: str
    #: its class
    kind: str
    output: Strengths
    gradient: Strengths


class ModuleSignal(NamedTuple):
    """Each part's signal, in the order of their first calls, and the parameters that no seed draws anew."""

    layers: tuple[LayerSignal, ...]
    not_redrawn: tuple[str, ...]


def module_signal(module: nn.Module, example: object, seeds: Sequence[int], drawn: Drawn) -> ModuleSignal:
    """Run copies of a module on an example, forward and back, in the mode that it is in.

    ``example`` is a tensor, a tuple of what ``forward`` takes, or a mapping from its arguments' names. A
    copy is drawn anew by each part's ``reset_parameters``, from within outwards, and then as ``drawn`` says.
    The module itself and the global generators stay as they are.

    Raises:
        ParameterError: if ``example`` is none of these, or has no numbers, or some that are not finite.
        NetworkError: if the module cannot be copied, does not take the example, or gives no floats.
    """
    inputs = _Inputs.of(example)
    device = next((p.device for p in module.parameters()), torch.device("cpu"))
    runs, kept = [], dict[str, None]()
    with torch.inference_mode(mode=False), torch.enable_grad():
        try:
            with global_generators(device, 0):
                runs.append(_Run().over(copy_of(module), inputs))
            for seed in seeds:
                with global_generators(device, seed):
                    anew = copy_of(module)
                    kept |= dict.fromkeys(_redrawn(anew, module, drawn))
                    runs.append(_Run().over(anew, inputs))
        except InitLabError:
            raise
        except Exception as error:  # noqa: BLE001 - a module's own code may raise anything
            raise NetworkError("network.example", given=inputs.called, said=f"{error!r:.300}") from None
    return ModuleSignal(tuple(_layers(module, *runs)), tuple(kept))


def _layers(module: nn.Module, given: "_Run", *anew: "_Run") -> Iterator[LayerSignal]:
    kinds = {name: type(part).__name__ for name, part in module.named_modules()}
    for name in dict.fromkeys(name for run in (given, *anew) for name in run.outputs):
        output = Strengths(given.outputs[name].rms, tuple(run.outputs[name].rms for run in anew))
        gradient = Strengths(given.gradients[name].rms, tuple(run.gradients[name].rms for run in anew))
        yield LayerSignal(name, kinds[name], output, gradient)


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What ``forward`` is given, and how it is called in a sentence."""

    positional: tuple[Any, ...]
    by_name: Mapping[str, Any]
    called: str

    @classmethod
    def of(cls, example: object) -> "_Inputs":
        by_name = example if isinstance(example, Mapping) and all(isinstance(x, str) for x in example) else {}
        positional = tuple(example) if isinstance(example, tuple | list) else () if by_name else (example,)
        tensors = list(tensors_in((positional, by_name)))
        if not tensors:
            raise unfit(
                "example", example, "a tensor, a tuple of them, or a mapping from forward's arguments"
            )
        for each in tensors:
            if each.is_meta:
                raise DeviceError("device.meta", value="meta")
            if is_lazy(each) or not _is_finite(each):
                raise unfit("example", each, "of finite numbers, of one at least")
        called = ", ".join(
            f"{str(each.dtype).removeprefix('torch.')} of shape {tuple(each.shape)}" for each in tensors
        )
        return cls(positional, by_name, called)


def _is_finite(tensor: Tensor) -> bool:
    try:
        return tensor.numel() > 0 and bool(torch.isfinite(tensor.detach()).all())
    except RuntimeError:  # of a layout or dtype without such a test
        return False


def _fresh(value: Any) -> Any:
    """Return a copy of what is given, in which a gradient passes through floats."""
    if type(value) in {list, tuple}:
        return type(value)(map(_fresh, value))
    if type(value) is dict:
        return {name: _fresh(each) for name, each in value.items()}
    if not isinstance(value, Tensor):
        return value
    own = value.detach().clone()
    return (
        own.requires_grad_().clone() if own.is_floating_point() else own
    )  # what it is written to is no leaf


def _redrawn(anew: nn.Module, module: nn.Module, drawn: Drawn) -> Iterator[str]:
    """Draw a copy's parameters anew, and yield the names of those that nothing draws."""
    versions = {name: p._version for name, p in anew.named_parameters()}
    for part in reversed(list(anew.modules())):  # what an outer part draws anew counts
        for name in _RESETS:
            _reset(getattr(part, name, None))
    for name, p in anew.named_parameters(remove_duplicate=False):
        if name in drawn:
            key, params = drawn[name]
            seed = int(torch.randint(2**62, (), device="cpu"))
            with torch.no_grad():
                SCHEMES[key].fill_(p, generator=Generator(p.device).manual_seed(seed), **params)
    for (name, p), was in zip(anew.named_parameters(), module.parameters(), strict=True):
        if p._version == versions[name] and torch.equal(p, was):  # .data is written without a version
            yield name


def _reset(how: Any) -> None:
    """Call what draws a part anew. What cannot be called so leaves its part, which is told by that."""
    if callable(how):
        with suppress(Exception):  # anybody's own code
            how()


@dataclass(slots=True)
class _Sum:
    """A sum of squares, and of how many numbers."""

    squares: float = 0.0
    n: int = 0

    def add(self, values: Tensor) -> None:
        norm = float(torch.linalg.vector_norm(values.detach(), dtype=torch.float64))
        self.squares += norm * norm  # which is inf past the doubles, where a power would raise
        self.n += values.numel()

    @property
    def rms(self) -> float:
        return math.sqrt(self.squares / self.n) if self.n else math.nan


class _Run:
    """What is measured of one copy."""

    def __init__(self) -> None:
        self.outputs: defaultdict[str, _Sum] = defaultdict(_Sum)
        self.gradients: defaultdict[str, _Sum] = defaultdict(_Sum)
        #: tensors given by a part, as they stood then; held, so that no other takes their place
        self._given: dict[tuple[int, int], Tensor] = {}

    def over(self, copied: nn.Module, inputs: _Inputs) -> "_Run":
        """Run a copy forward and back, and keep the sums alone."""
        for p in copied.parameters():
            p.requires_grad_(p.is_floating_point())
        for name, part in copied.named_modules():
            part.register_forward_hook(self._noting(name))
        given = copied(*_fresh(inputs.positional), **_fresh(dict(inputs.by_name)))
        floats = [each for each in tensors_in(given) if each.is_floating_point() and each.numel()]
        if not floats:
            raise NetworkError("network.outputs", kind=type(given).__name__)
        ends = [each for each in floats if each.requires_grad]
        torch.autograd.backward(ends, list(map(_weights, ends))) if ends else None
        self._given.clear()
        return self

    def _noting(self, name: str) -> Callable[[nn.Module, Any, object], None]:
        def note(_: nn.Module, __: Any, output: object) -> None:
            first = next((each for each in tensors_in(output) if each.is_floating_point()), None)
            if first is None or (id(first), first._version) in self._given:
                return  # a Sequential hands on what its last part gave
            self._given[id(first), first._version] = first
            self.outputs[name].add(first)
            if first.requires_grad:
                first.register_hook(self.gradients[name].add)  # type: ignore[no-untyped-call]

        return note


def _weights(end: Tensor) -> Tensor:
    """Return N(0, 1) for each number of an output, all of them scaled to a root mean square of 1."""
    drawn = torch.randn(end.shape, device=end.device, dtype=torch.float32)
    return (drawn / drawn.square().mean().sqrt()).to(end.dtype)

"""What a tensor of some shape may have started as: every scheme, by every fan that its shape can mean."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from ..errors import InitLabError
from ..weights.laws import Law
from ..weights.schemes import SCHEMES

Shape = tuple[int, ...]
Params = Mapping[str, Any]


class Named(NamedTuple):
    """A scheme and its parameters, as ``SCHEMES[key].law(shape, **params)`` takes them."""

    key: str
    params: Params


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A law by its name; ``shape`` is of one of the matrices that the tensor stacks, or the tensor's own.

    Of two that fit, the one of lower ``rank`` is the likelier: 0 what libraries do, 1 a number that a person
    would write, 2 a number that was found in the tensor itself.
    """

    named: Named
    shape: Shape
    law: Law
    rank: int = 0


#: Standard deviations that libraries write: GPT-2, BERT, LLaMA (.02); DeepSeek (.006); torch's Embedding (1).
STDS = (0.02, 0.01, 1.0, 0.006, 0.05, 0.1, 0.001, 0.005, 1e-4, 1e-6)
#: Bounds about 0 that libraries write: Keras (.05), language models before transformers, DDPG (.003).
BOUNDS = (0.05, 0.1, 0.08, 0.01, 0.001, 0.003, 1.0, 1e-4)
GAINS = (1.0, math.sqrt(2), 5 / 3, 1 / math.sqrt(2), 0.5, 0.1, 0.01, 2.0, 0.2)
#: Models of more layers are rare; past it a std of some number of layers is near any std.
DEEP = 48
#: Cuts of a normal law, in std.
CUTS = (2.0, 3.0)


def candidate(key: str, params: Params, shape: Shape, rank: int = 0) -> Candidate | None:
    """Return a candidate; None where the scheme has no such law of this shape."""
    try:
        return Candidate(Named(key, params), shape, SCHEMES[key].law(shape, **params), rank)
    except InitLabError:
        return None


class _Maker(NamedTuple):
    """A candidate before its law is built: scipy takes its time, and most are of another scale."""

    key: str
    params: Params
    shape: Shape
    std: float


def near(shape: Shape, beside: Shape | None, wanted: Callable[[float], bool]) -> Iterator[Candidate]:
    """Yield the candidates whose std is wanted, of those that do not depend on the tensor's numbers.

    ``beside`` is the shape of the weight to which this, a bias, belongs.
    """
    for at, maker in enumerate(_makers(shape, beside)):
        if wanted(maker.std):
            yield from _made(shape, beside, at)


@lru_cache(maxsize=256)
def _makers(shape: Shape, beside: Shape | None) -> tuple[_Maker, ...]:
    return tuple(_of_weight(shape) if len(shape) > 1 else _of_bias(shape, beside))


@lru_cache(maxsize=2048)
def _made(shape: Shape, beside: Shape | None, at: int) -> tuple[Candidate, ...]:
    """Return the candidate of one of the makers, if there is one: whoever has this shape shares it."""
    return optional(candidate(*_makers(shape, beside)[at][:3]))


def _of_bias(shape: Shape, beside: Shape | None) -> Iterator[_Maker]:
    fans = [math.prod(beside[1:])] if beside and len(beside) > 1 else []
    fans += beside[1:2] if beside and len(beside) == 3 else ()  # nn.Bilinear's
    yield from _recurrent(shape, fans)
    for std in (0.02, 0.01, 1e-6, 1.0):
        yield _Maker("normal", {"std": std}, shape, std)
    yield _Maker("normal", {"std": 0.02, "mean": 1.0}, shape, 0.02)  # DCGAN's batch norms


def _recurrent(shape: Shape, more: Sequence[int] = ()) -> Iterator[_Maker]:
    """Yield ±1/√n: a bias by its weight's fan_in, all of a recurrent layer by its hidden size."""
    hidden = [shape[0] // gates for gates in (4, 3, 1) if shape[0] % gates == 0]
    for n in dict.fromkeys([*more, *hidden]):
        yield from _about_0(1 / math.sqrt(n), shape) if n else ()


def _about_0(bound: float, shape: Shape) -> Iterator[_Maker]:
    yield _Maker("uniform", {"a": -bound, "b": bound}, shape, bound / math.sqrt(3))


def _of_weight(shape: Shape) -> Iterator[_Maker]:
    yield from _one("classic_uniform", {}, shape)
    yield _Maker("normal", {"std": 0.02}, shape, 0.02)
    for law in ("normal", "uniform"):
        yield from _by_fan(law, shape)
    yield from _cut(shape)
    for std in STDS[1:]:
        yield _Maker("normal", {"std": std}, shape, std)
    for part in (shape, *parts(shape)):
        yield from _by_gain("orthogonal", part)
    yield from _recurrent(shape, shape[1:2] if len(shape) == 3 else ())  # nn.Bilinear: ±1/√in1_features
    for bound in BOUNDS:
        yield from _about_0(bound, shape)
    for key, params in _OTHERS:
        yield from _one(key, params, shape)
    yield from _one("small_init", {"d_model": shape[0]}, shape)


#: Schemes of one kind of network.
_OTHERS: tuple[tuple[str, Params], ...] = (
    ("uniform", {}),
    ("small_init", {}),
    ("t5", {"role": "q"}),
    ("mup_output", {}),
    ("siren_first", {}),
    ("siren_hidden", {}),
)


#: Keys of schemes that one kind of network alone starts by.
RARE = {"wang_init", *(key for key, _ in _OTHERS)} - {"uniform"}
#: Gains of Glorot's that are seldom used: a weight a few steps from another start has one's std by chance, as
#: three stacked of width 96 that began at 0.02 do.
RARE_GAINS = {0.5, 2.0, 0.2}


def _one(key: str, params: Params, shape: Shape) -> Iterator[_Maker]:
    for found in optional(candidate(key, params, shape)):
        yield _Maker(key, params, shape, found.law.std)


def _by_gain(key: str, shape: Shape) -> Iterator[_Maker]:
    """Yield a scheme whose std is proportional to its gain."""
    for found in optional(candidate(key, {}, shape)):
        for gain in GAINS:
            yield _Maker(key, {"gain": gain}, shape, gain * found.law.std)


def _by_fan(law: str, shape: Shape) -> Iterator[_Maker]:
    """Yield He's, Glorot's and LeCun's, with fan_in and fan_out, and of stacked matrices each by itself."""
    for mode in ("fan_in", "fan_out"):
        yield from _one(f"kaiming_{law}", {"nonlinearity": "relu", "mode": mode}, shape)
    for part in (shape, *parts(shape)):
        yield from _by_gain(f"xavier_{law}", part)
    yield from _one(f"lecun_{law}", {}, shape)
    yield from _one(f"kaiming_{law}", {"nonlinearity": "linear", "mode": "fan_out"}, shape)
    yield from _one(f"kaiming_{law}", {"nonlinearity": "tanh"}, shape)
    if law == "uniform":
        yield from _one("kaiming_uniform", {"a": math.sqrt(5), "mode": "fan_out"}, shape)


def parts(shape: Shape) -> Iterator[Shape]:
    """Yield the shape of one of the square matrices that a weight may stack: query, key and value; gates."""
    less, more = sorted(shape[:2])
    if len(shape) == 2 and less and more in {2 * less, 3 * less, 4 * less}:
        yield less, less


def _cut(shape: Shape) -> Iterator[_Maker]:
    """Yield normal laws that are cut: Keras' and JAX's, and those whose std is given before the cut."""
    for mode in ("fan_in", "fan_avg", "fan_out"):
        for found in optional(candidate("variance_scaling", {"mode": mode}, shape)):
            for scale in (1.0, 2.0, 1 / 3):
                params = {"scale": scale, "mode": mode}
                yield _Maker("variance_scaling", params, shape, math.sqrt(scale) * found.law.std)
    for cut in CUTS:
        for unit in optional(candidate("trunc_normal", {"a": -cut, "b": cut}, shape)):
            for std in (*STDS, 1 / math.sqrt(math.prod(shape[1:]))):
                params = {"std": std, "a": -cut * std, "b": cut * std}
                yield _Maker("trunc_normal", params, shape, std * unit.law.std)


def residual(shape: Shape, std: float, room: float) -> Iterator[Candidate]:
    """Yield the laws of projections into a residual stream that have this std, ± ``room`` of it.

    The number of layers in them is solved for: GPT-2's and torchtitan's .02/√(2·L), GPT-NeoX's 2/(L·√d), and
    .02/(2·L), which is GPT-2's scaled twice.
    """
    for layers in _whole(0.5 * (0.02 / std) ** 2, 2 * room):
        yield from optional(candidate("gpt2_residual", {"n_layer": layers}, shape, int(layers > DEEP)))
        yield from optional(candidate("llama_residual", {"layer_id": layers - 1}, shape, 1))
    for d in dict.fromkeys((math.prod(shape[1:]), shape[0])):
        for layers in _whole(2 / math.sqrt(d) / std, room):
            yield from optional(candidate("wang_init", {"n_layer": layers, "d_model": d}, shape, 1))
    for layers in _whole(0.01 / std, room):
        if layers <= DEEP:
            yield from optional(candidate("normal", {"std": 0.01 / layers}, shape, 2))


def _whole(found: float, room: float) -> tuple[int, ...]:
    """Return the whole number that is nearest, if it is a model's number of layers within ``room``."""
    layers = round(found) if found < 1e3 else 0
    return (layers,) if 2 < layers <= 200 and abs(found / layers - 1) <= room else ()


def optional(found: Candidate | None) -> tuple[Candidate, ...]:
    """Return a candidate if there is one."""
    return () if found is None else (found,)


def written(value: float, room: float, digits: int = 2) -> float | None:
    """Return the number of so few digits nearest to ``value``, if it is within ``room`` of it, relatively."""
    near = float(f"{value:.{digits - 1}e}")
    return near if value and abs(near / value - 1) <= room else None

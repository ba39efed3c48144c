"""The lesson's three-layer network and its general form: a stack of linear layers, run step by step.

A ``Network`` is a description and holds no tensors; a ``Net`` is the module that plain torch would
build from it after ``torch.manual_seed(seed)``.
"""

import itertools
import re
from dataclasses import dataclass
from typing import Any, Self

import torch

from ..checks import (
    checked_kind,
    is_whole,
    unfit,
)
from ..errors import InitLabError, NetworkError, shown
from ..signals.activations import ACTIVATIONS
from ..weights.draw import Draw
from ..weights.parameters import Value
from ..weights.schemes import SCHEMES
from ..weights.spelling import checked_pairs, checked_text, parameters_of, split, written_parameters

#: What may follow a linear layer: an activation, or softmax over each row.
FOLLOWS = (*ACTIVATIONS, "softmax")
#: What a bias starts as: torch's own U(±1/√fan_in), 0, or no bias at all.
BIASES = ("default", "zeros", "none")
#: What a text writes for the others.
BIAS_WORDS = {"zeros_bias": "zeros", "no_bias": "none"}
#: What ``nn.Linear`` does by itself, so that nothing is filled again.
OWN = "classic_uniform"
#: Schemes that fill a Linear weight.
LINEAR_SCHEMES = tuple(key for key in SCHEMES if key != "dirac")

MAX_UNITS, MAX_LAYERS, MAX_BATCH = 4096, 16, 65_536


@dataclass(frozen=True, slots=True)
class Dense:
    """One linear layer, how its weight and bias start, and what follows it."""

    units: int
    scheme: str = OWN
    #: those of the scheme's parameters that differ from its defaults, in its order
    params: tuple[tuple[str, Value], ...] = ()
    activation: str = "linear"
    bias: str = "default"

    def __post_init__(self) -> None:
        for word, words in ((self.scheme, LINEAR_SCHEMES), (self.activation, FOLLOWS), (self.bias, BIASES)):
            if not isinstance(word, str) or word not in words:
                raise _unreadable("network.word", word)
        if not is_whole(self.units, 1, MAX_UNITS):
            raise _unreadable("network.units", self.units)
        checked_pairs(self.scheme, self.params)

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a layer from its part of a network's text, such as ``2.constant(val=0.5).relu``.

        Raises:
            NetworkError: if a word is none, or stands twice.
            ParameterError: for a parameter that the scheme does not take.
        """
        units, *words = map(str.strip, split(checked_text(text), r"\."))
        said: dict[str, Any] = {"units": _whole(units)}
        for word in words:
            name, inner = re.fullmatch(r"(.*?)(?:\((.*)\))?", word, re.DOTALL).groups()  # type: ignore[union-attr]
            part: dict[str, Any] = {}
            if name in LINEAR_SCHEMES:
                part = {"scheme": name, "params": parameters_of(name, inner or "")}
            elif name in FOLLOWS and inner is None:
                part = {"activation": name}
            elif name in BIAS_WORDS and inner is None:
                part = {"bias": BIAS_WORDS[name]}
            if not part or said.keys() & part.keys():
                raise _unreadable("network.word", word)
            said |= part
        return cls(**said)

    def __str__(self) -> str:
        parts = [str(self.units)]
        if self.scheme != OWN:
            parts.append(self.scheme + (f"({written_parameters(self.params)})" if self.params else ""))
        parts += [word for word, bias in BIAS_WORDS.items() if bias == self.bias]
        return ".".join(parts + ([self.activation] if self.activation != "linear" else []))


@dataclass(frozen=True, slots=True)
class Network:
    """A stack of linear layers on ``inputs`` features."""

    inputs: int
    layers: tuple[Dense, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.layers, tuple) or not all(isinstance(dense, Dense) for dense in self.layers):
            raise unfit("layers", self.layers, "a tuple of Dense")
        if not 1 <= len(self.layers) <= MAX_LAYERS:
            raise NetworkError("network.layers", most=MAX_LAYERS, given=len(self.layers))
        if not is_whole(self.inputs, 1, MAX_UNITS):
            raise _unreadable("network.units", self.inputs)

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a network from one line: its inputs, then a layer each, as in ``3-4.relu-2.softmax``.

        A layer is its number of units and, in any order after a dot: a scheme, with parameters as in
        ``constant(val=0.5)``, or else nn.Linear's own; an activation; ``zeros_bias`` or ``no_bias``.

        Raises:
            NetworkError: if it cannot be read so; ``facts["at"]`` counts the parts from 0, the inputs.
            ParameterError: for a parameter that a scheme does not take.
        """
        first, *rest = map(str.strip, split(checked_text(text), "-"))
        layers = []
        at = 0
        try:
            inputs = _whole(first)
            for at, part in enumerate(rest, start=1):  # noqa: B007 - where it went wrong
                layers.append(Dense.of(part))
        except InitLabError as error:
            error.facts["at"] = at
            raise
        return cls(inputs, tuple(layers))

    def __str__(self) -> str:
        return "-".join([str(self.inputs), *map(str, self.layers)])

    @property
    def names(self) -> tuple[str, ...]:
        """The layers' names: linear1, linear2, …, and out for the last."""
        return (*(f"linear{i}" for i in range(1, len(self.layers))), "out")

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """The weights' shapes, (fan_out, fan_in)."""
        sizes = (self.inputs, *(dense.units for dense in self.layers))
        return tuple((fan_out, fan_in) for fan_in, fan_out in itertools.pairwise(sizes))

    @property
    def size(self) -> int:
        """The number of parameters: (inputs + 1) × outputs a layer, without bias inputs × outputs."""
        rows = zip(self.layers, self.shapes, strict=True)
        return sum(fan_out * (fan_in + (dense.bias != "none")) for dense, (fan_out, fan_in) in rows)

    @property
    def outputs(self) -> int:
        return self.layers[-1].units

    def same_sizes(self, other: "Network") -> bool:
        """Tell whether both have parameters of the same names and shapes.

        Raises:
            ParameterError: if the other is no Network.
        """
        checked_kind("other", other, Network, "a Network")
        biases = ([dense.bias == "none" for dense in network.layers] for network in (self, other))
        return self.shapes == other.shapes and next(biases) == next(biases)

    def check(
        self, *, seed: int = 0, device: str = "cpu", dtype: torch.dtype = torch.float32
    ) -> tuple[Draw, ...]:
        """Check, before anything is drawn, that torch can draw every layer; return what is drawn in each.

        The seed is the whole network's: one layer is drawn after the other.

        Raises:
            InitLabError: see ``core.draw``; ``facts["at"]`` is the layer, from 1.
        """
        draws = []
        for at, (dense, shape) in enumerate(zip(self.layers, self.shapes, strict=True), start=1):
            try:
                params: dict[str, Any] = dict(dense.params)
                draws.append(Draw(dense.scheme, shape, seed=seed, device=device, dtype=dtype, **params))
                draws[-1].check_memory()
            except InitLabError as error:
                error.facts["at"] = at
                raise
        return tuple(draws)


def _whole(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise _unreadable("network.units", text)
    return int(text)


def _unreadable(code: str, was: object) -> NetworkError:
    word, given = was if isinstance(was, str) else shown(was), shown(was)
    return NetworkError(code, word=word, given=given, most=MAX_UNITS, follows=tuple(FOLLOWS), at=0)


#: The lesson's: Xavier normal into a sigmoid, He normal into a relu, nn.Linear's own into a softmax.
LESSON = Network.of("3-3.xavier_normal.sigmoid-2.kaiming_normal.relu-2.softmax")

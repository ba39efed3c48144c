"""Schemes side by side: which ones, each for which layer, and what theory says of each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

from ..checks import checked_kind, checked_whole, is_whole, sequence, unfit
from ..errors import ComparisonError, InitLabError, shown
from ..weights import extremes
from ..weights.fans import Fans
from ..weights.laws import Law
from ..weights.layers import Layer
from ..weights.parameters import Value
from ..weights.schemes import SCHEMES, scheme_of
from ..weights.spelling import checked_pairs, parameters_of, split, written_parameters
from . import meanfield

MAX_ENTRIES, MAX_FAN, MAX_CHARS, MAX_LAWS = 8, 65_536, 1200, 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One scheme, its parameters, and its own layer if it has one."""

    scheme: str
    #: those of the scheme's parameters that differ from its defaults, in its order
    params: tuple[tuple[str, Value], ...] = ()
    #: (fan_in, fan_out) of a linear layer, or None for the layer that all share
    fans: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.scheme, str) or self.scheme not in SCHEMES:
            raise _unreadable("comparison.scheme", self.scheme)
        checked_pairs(self.scheme, self.params)
        if self.fans is None:
            return
        if not isinstance(self.fans, tuple) or len(self.fans) != 2:
            raise unfit("fans", self.fans, "(fan_in, fan_out), or None")
        if not all(is_whole(fan, 1, MAX_FAN) for fan in self.fans):
            raise _unreadable("comparison.fans", "x".join(map(shown, self.fans)))

    @classmethod
    def of(cls, text: str) -> Self:
        """Read an entry such as ``xavier_normal(gain=2).512x256``.

        Raises:
            ComparisonError: if a word is none, or stands twice.
            ParameterError: for a parameter that the scheme does not take.
        """
        first, *rest = map(str.strip, split(_checked_text(text), r"\."))
        name, inner = re.fullmatch(r"(.*?)(?:\((.*)\))?", first, re.DOTALL).groups()  # type: ignore[union-attr]
        if name not in SCHEMES:
            raise _unreadable("comparison.scheme", first)
        fans = None
        if rest:
            match = re.fullmatch(r"(\d{1,9})[x×](\d{1,9})", rest[0], re.ASCII)
            if match is None or len(rest) > 1:
                raise _unreadable("comparison.fans", ".".join(rest))
            fans = int(match[1]), int(match[2])
        return cls(name, parameters_of(name, inner or ""), fans)

    def __str__(self) -> str:
        text = self.scheme + (f"({written_parameters(self.params)})" if self.params else "")
        return text + (f".{self.fans[0]}x{self.fans[1]}" if self.fans else "")

    def layer(self, shared: Layer) -> Layer:
        """Return this entry's own layer, or else the one that all share.

        Raises:
            ParameterError: if what is shared is no Layer.
        """
        checked_kind("shared", shared, Layer, "a Layer")
        return shared if self.fans is None else Layer.of(f"Linear({self.fans[0]}, {self.fans[1]})")

    def law(self, shared: Layer) -> Law:
        """Return the law of one weight.

        Raises:
            InitLabError: if the scheme cannot fill this layer; see ``Scheme.law``.
        """
        params: dict[str, Any] = dict(self.params)
        return SCHEMES[self.scheme].law(self.layer(shared).shape, **params)


@dataclass(frozen=True, slots=True)
class Comparison:
    """From one to eight entries, in order."""

    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.entries, tuple) or not all(isinstance(each, Entry) for each in self.entries):
            raise unfit("entries", self.entries, "a tuple of Entries")
        if not 1 <= len(self.entries) <= MAX_ENTRIES:
            raise ComparisonError("comparison.entries", most=MAX_ENTRIES, given=len(self.entries))

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a comparison from one line, as in ``classic_uniform-normal(std=0.02)-zeros.512x256``.

        Raises:
            ComparisonError: if it cannot be read so; ``facts["at"]`` counts the entries from 1.
            ParameterError: for a parameter that a scheme does not take.
        """
        entries = []
        for at, part in enumerate(split(_checked_text(text), "-"), start=1):
            try:
                entries.append(Entry.of(part))
            except InitLabError as error:
                error.facts["at"] = at
                raise
        return cls(tuple(entries))

    def __str__(self) -> str:
        return "-".join(map(str, self.entries))

    def with_entry(self, at: int, **change: Any) -> "Comparison":
        """Return the comparison with fields of entry ``at``, from 0, changed.

        Raises:
            InitLabError: if there is no such entry or field, or the entry cannot be so.
        """
        entries = list(self.entries)
        at = checked_whole("at", at, len(entries) - 1, 0)
        if unknown := change.keys() - {"scheme", "params", "fans"}:
            raise unfit("change", sorted(unknown), "of scheme, params or fans")
        entries[at] = replace(entries[at], **change)
        return Comparison(tuple(entries))


class Signal(NamedTuple):
    """What a layer makes of inputs of mean square 1: root mean squares, over weights and inputs."""

    preactivation: float
    activation: float


def signal(law: Law, layer: Layer, activation: str) -> Signal:
    """Return what a wide layer with weights of this law makes of independent N(0, 1) inputs.

    A pre-activation sums fan_in products w·x, so its mean square is fan_in·E[w²], with the inputs that
    really feed one unit; after the activation it is that of the length map (Poole et al. 2016, eq. 3).
    Weights of a mean count too: for independent inputs of mean 0 only E[w²] matters.

    Raises:
        FormulaError: if there is no such activation, and it is no formula of one.
        ParameterError: if law or layer is none, or the mean cannot be computed.
    """
    checked_kind("law", law, Law, "a Law")
    checked_kind("layer", layer, Layer, "a Layer")
    q = float(layer.connections[0]) * (law.std**2 + law.mean**2)
    return Signal(q**0.5, meanfield.mean_square(activation, q) ** 0.5)


#: Schemes that fill from the weight's very shape; of stacked matrices each could be filled alone.
_FROM_SHAPE = {"orthogonal", "orthogonal_cast", "sparse", "eye", "dirac"}


def by_connections(scheme: str, layer: Layer, **params: Any) -> Law | None:
    """Return the law that a scheme would have if it counted the layer's true connections.

    Those may be fractions, as a stride can make them. Of a weight that stacks matrices it is the law of one
    that is filled alone. None for other weights that a scheme fills from their shape rather than the fans.

    Raises:
        InitLabError: see ``Scheme.law``.
    """
    row = scheme_of(scheme)
    checked_kind("layer", layer, Layer, "a Layer")
    if scheme in _FROM_SHAPE:
        row.checked(params)
        return row.law(layer.part, **params) if layer.parts > 1 else None
    return row.law(Fans(*layer.connections), **params)


def expected_largest(law: Law, n: int) -> float | None:
    """Return what the largest of n weights should be, or None where they are not independent.

    Raises:
        ParameterError: if the law is none, or n no whole number from 1.
    """
    n = checked_whole("n", n, extremes.MOST)
    if checked_kind("law", law, Law, "a Law").independent:
        return extremes.largest(n, law).expected
    return law.support[1] if not law.random else None


def ordered(laws: Sequence[Law]) -> list[int]:
    """Return the places of the laws from the smallest std to the largest; equal ones stay in order.

    Raises:
        ParameterError: if these are no laws.
    """
    if (given := sequence(laws, MAX_LAWS)) is None or not all(isinstance(law, Law) for law in given):
        raise unfit("laws", laws, f"a sequence of Laws, of {MAX_LAWS} at most")
    # to twelve digits: the last ones are rounding, in a uniform law's other than in a normal one's
    return sorted(range(len(laws)), key=lambda place: float(f"{laws[place].std:.12g}"))


def _checked_text(text: object) -> str:
    """Return what describes a comparison, or an entry, if it is text and not too long.

    Raises:
        ComparisonError: otherwise.
    """
    if not isinstance(text, str):
        raise ComparisonError("comparison.type", kind=type(text).__name__)
    if len(text) > MAX_CHARS:
        raise ComparisonError("comparison.long", most=MAX_CHARS, length=len(text))
    return text


def _unreadable(code: str, was: object) -> ComparisonError:
    word, given = was if isinstance(was, str) else shown(was), shown(was)
    return ComparisonError(code, word=word, given=given, most=MAX_FAN, schemes=tuple(SCHEMES))


#: What nn.Linear does, Glorot and He: the lesson's three, on one layer.
LESSON_THREE = Comparison.of("classic_uniform-xavier_normal-kaiming_normal")

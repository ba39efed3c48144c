"""How a law follows the numbers that it is made of, found once from the law itself at other numbers."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, Self

from core import PARAMETERS, SCHEMES, InitLabError, Law
from pages.state.chosen import State
from pages.state.parsers import Value

FANS = ("fan_in", "fan_out")


class Asked(NamedTuple):
    """What a law follows from: a scheme, a weight's shape, (name, value) of the scheme's parameters."""

    scheme: str
    shape: tuple[int, ...]
    params: tuple[tuple[str, Value], ...]

    @classmethod
    def of(cls, state: State) -> Self:
        """Return what this state asks for."""
        return cls(str(state["scheme"]), state.shape, tuple(state.params.items()))

    def law(self, **other: float) -> Law:
        """Return the law, with other numbers than these if any are given."""
        shape = self.shape
        if other.keys() & {*FANS}:
            shape = tuple(int(other.get(fan, self.number(fan))) for fan in reversed(FANS))
        return SCHEMES[self.scheme].law(shape, **{n: other.get(n, value) for n, value in self.params})

    def number(self, name: str) -> float:
        """Return one of the numbers."""
        given = dict(self.params)
        return float(given[name]) if name in given else float(self.shape[1 - FANS.index(name)])


class Scaling(NamedTuple):
    """How a law's width follows a number x: as (x + plus)^power, or as (1 + x²)^power."""

    plus: float
    square: bool
    power: float

    def of(self, x: float) -> float:
        """Return the width at ``x``, but for a factor."""
        return float((1 + x * x if self.square else x + self.plus) ** self.power)


class Moved(NamedTuple):
    """What a number does to the law: move one of its sides, or its mean, or make it wider and narrower."""

    side: str = ""
    scaling: Scaling | None = None

    @property
    def is_still(self) -> bool:
        """Whether the number does nothing to the law."""
        return self == STILL


STILL = Moved(scaling=Scaling(0.0, square=False, power=0.0))
#: The numbers that do not make a law wider about its mean, and what they move.
_SIDES = {("uniform", "a"): "low", ("uniform", "b"): "high", ("normal", "mean"): "mean"}


@lru_cache(maxsize=1024)
def followed(asked: Asked, name: str) -> Moved | None:
    """Return what a number does to the law; None if nothing simple."""
    if side := _SIDES.get((asked.scheme, name)):
        return Moved(side)
    scaling = _scaling(asked, name)
    return None if scaling is None else Moved(scaling=scaling)


def is_whole(name: str) -> bool:
    """Tell whether a number is a whole one."""
    return name in FANS or PARAMETERS[name].whole


def _scaling(asked: Asked, name: str) -> Scaling | None:
    """Return how a law's width follows a number, as the law itself has it at two others."""
    now = asked.number(name)
    if now < 0 or (now == 0 and name == "d_model"):  # 0 is the layer's own fan_in
        return None
    others = (now + 1, 2 * now + 3) if is_whole(name) else (1.5 * now + 0.25, 3 * now + 0.5)
    places = [int(x) if is_whole(name) else x for x in (now, *others)]
    try:
        first, *laws = [asked.law(**{name: x}) for x in places]
    except InitLabError:
        return None
    if any((law.family, law.mean, law.atoms) != (first.family, first.mean, first.atoms) for law in laws):
        return None
    if all(_is_times(law, first, 1.0) for law in laws):
        return STILL.scaling
    return next((one for one in _scalings(asked.shape) if _fits(one, places, [first, *laws])), None)


def _scalings(shape: tuple[int, ...]) -> list[Scaling]:
    """Return the ways in which the widths of all schemes follow their numbers."""
    plus = dict.fromkeys((0.0, 1.0, *map(float, shape)))
    return [
        *(Scaling(p, square=False, power=power) for p in plus for power in (-0.5, 1.0, 0.5, -1.0)),
        *(Scaling(0.0, square=False, power=power) for power in (-0.25, -0.0625)),
        Scaling(0.0, square=True, power=-0.5),
    ]


def _fits(scaling: Scaling, places: Sequence[float], laws: Sequence[Law]) -> bool:
    """Tell whether laws at these places are as wide as this says."""
    if places[0] == 0 and not scaling.square and scaling.plus == 0:
        return False
    ratios = [scaling.of(x) / scaling.of(places[0]) for x in places]
    return all(_is_times(law, laws[0], ratio) for law, ratio in zip(laws, ratios, strict=True))


def _is_times(law: Law, first: Law, ratio: float) -> bool:
    """Tell whether a law is another one made wider, in its std and its walls."""
    walls = law.support[1] - law.mean, (first.support[1] - first.mean) * ratio
    return math.isclose(law.std, first.std * ratio, rel_tol=1e-9) and math.isclose(*walls, rel_tol=1e-9)

"""Questions about a layer's weights before they are seen, made from a seed and judged by statistics.

An answer is right if as many weights as the question has could not tell it from the exact answer. It is
judged by the law, never by the luck of one draw.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from scipy import stats

from ..checks import real, unfit
from ..networks.network import Network
from ..weights.draw import checked_seed
from ..weights.referee import judge
from ..weights.sampling import draw
from ..weights.schemes import SCHEMES
from ..weights.summary import Summary

#: How often weights of the law may be told from it: the share of honest answers called wrong.
ALPHA = 0.01
#: What may have made a histogram: laws that a few thousand weights tell apart.
CANDIDATES = ("kaiming_normal", "kaiming_uniform", "xavier_normal", "xavier_uniform", "classic_uniform")
_SIZES = (20, 30, 48, 64, 96, 128, 200, 256, 300, 384)
_FEW = (10, 12, 15, 16, 18, 20, 24)
#: so many that 0 beyond ±3σ is no honest answer
_MANY = (144, 160, 200, 256, 320, 384, 512)


@dataclass(frozen=True, slots=True)
class Question:
    """One question; ``kind`` is for machines: never shown, never renamed."""

    kind: str
    #: what the weights are drawn by, '' where there are none
    scheme: str = ""
    #: (fan_out, fan_in)
    shape: tuple[int, int] = (1, 1)
    #: what the weights are drawn from
    seed: int = 0
    #: schemes to choose from, where a scheme is asked for
    choices: tuple[str, ...] = ()
    #: the units of a network, inputs first, where its parameters are asked for
    units: tuple[int, ...] = ()
    #: the exact answer, and the ends of what counts as right, where a number is asked for
    exact: float = math.nan
    low: float = math.nan
    high: float = math.nan

    @property
    def n(self) -> int:
        """The number of weights."""
        return math.prod(self.shape)

    def right(self, answer: str | float) -> bool:
        """Tell whether an answer, a number or one of ``choices``, is right.

        A scheme is right if the referee cannot tell the weights from its law, or it is the one that
        drew them.

        Raises:
            ParameterError: if it is neither.
        """
        if not self.choices:
            number = real(answer)
            if math.isnan(number) and not isinstance(answer, float):
                raise unfit("answer", answer, "a number")
            return self.low <= number <= self.high
        if not isinstance(answer, str) or answer not in self.choices:
            raise unfit("answer", answer, f"one of {', '.join(self.choices)}")
        if answer == self.scheme:
            return True
        law = SCHEMES[answer].law(self.shape)
        return judge(Summary.of(draw(self.scheme, self.shape, seed=self.seed), law=law), law).consistent


def questions(seed: int) -> tuple[Question, ...]:
    """Return one question of each kind, always the same for a seed.

    Raises:
        ParameterError: for a seed that torch does not take.
    """
    seed = checked_seed(seed)
    return tuple(make(Random(f"{kind} {seed}")) for kind, make in KINDS.items())  # noqa: S311 - no secrets


def _pick(random: Random, options: Sequence[object]) -> int:
    """Return an index; ``random()`` alone is the same in every version of Python."""
    return int(random.random() * len(options))


def _layer(random: Random, sizes: Sequence[int]) -> tuple[int, int]:
    """Return a shape of two different sides: on a square one fan_in and fan_out look the same."""
    fan_in = sizes[_pick(random, sizes)]
    others = [size for size in sizes if size != fan_in]
    return others[_pick(random, others)], fan_in


def _seed(random: Random) -> int:
    return int(random.random() * 10_000)


def _scheme(random: Random) -> Question:
    scheme = CANDIDATES[_pick(random, CANDIDATES)]
    return Question("scheme", scheme, _layer(random, _SIZES), _seed(random), choices=CANDIDATES)


def _bound(random: Random) -> Question:
    """Ask for the wall of a uniform law: n weights tell it to a factor of α^(1/n), the law of the largest."""
    schemes = ("kaiming_uniform", "xavier_uniform", "classic_uniform")
    scheme, shape = schemes[_pick(random, schemes)], _layer(random, _FEW)
    bound = SCHEMES[scheme].law(shape).support[1]
    factor = ALPHA ** (-1 / math.prod(shape))
    return _number("bound", scheme, shape, _seed(random), (bound, bound / factor, bound * factor))


def _std(random: Random) -> Question:
    """Ask for a normal law's std, which n weights tell to some standard errors of 1/√(2n)."""
    schemes = ("kaiming_normal", "xavier_normal")
    scheme, shape = schemes[_pick(random, schemes)], _layer(random, _SIZES)
    std = SCHEMES[scheme].law(shape).std
    reach = float(stats.norm.isf(ALPHA / 2)) / math.sqrt(2 * math.prod(shape))
    return _number("std", scheme, shape, _seed(random), (std, std * (1 - reach), std * (1 + reach)))


def _beyond(random: Random) -> Question:
    """Ask how many weights lie beyond ±3σ: a binomial number."""
    shape = _layer(random, _MANY)
    n, p = math.prod(shape), 1 - SCHEMES["kaiming_normal"].law(shape).bands[0].probability
    low, high = (float(stats.binom.ppf(share, n, p)) for share in (ALPHA / 2, 1 - ALPHA / 2))
    return _number("beyond", "kaiming_normal", shape, _seed(random), (n * p, low, high))


def _count(random: Random) -> Question:
    """Ask for a network's parameters, which are counted, not estimated."""
    units = tuple(2 + int(random.random() * 11) for _ in range(4))
    size = Network.of("-".join(map(str, units))).size
    return Question("count", units=units, exact=size, low=size, high=size)


def _number(kind: str, scheme: str, shape: tuple[int, int], seed: int, ends: tuple[float, ...]) -> Question:
    exact, low, high = ends
    return Question(kind, scheme, shape, seed, exact=exact, low=low, high=high)


#: kind → what makes a question of it; add a kind here
KINDS: Mapping[str, Callable[[Random], Question]] = MappingProxyType(
    {"scheme": _scheme, "bound": _bound, "std": _std, "beyond": _beyond, "count": _count}
)

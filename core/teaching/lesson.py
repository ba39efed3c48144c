"""The lesson's seven steps, replayed: one seed, seven functions in order, nine tensors."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..generators import global_generators
from ..weights.draw import checked_seed
from ..weights.schemes import SCHEMES
from ..weights.sources import GLOROT_2010, HE_2015, LECUN_1998, LINEAR_DEFAULT, TORCH, Source

#: step → the schemes that it shows, under torch's own names and defaults
STEPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "uniform": ("uniform",),
        "normal": ("normal",),
        "zeros": ("zeros",),
        "ones": ("ones",),
        "constant": ("constant",),
        "kaiming": ("kaiming_normal", "kaiming_uniform"),
        "xavier": ("xavier_normal", "xavier_uniform"),
    }
)
#: The slope at which kaiming_uniform becomes ±1/√fan_in.
SQRT5 = math.sqrt(5)
#: The layer of every step: fan_in and fan_out.
FAN_IN, FAN_OUT = 5, 3
#: The arguments that the lesson writes out.
_ARGUMENTS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {"uniform": {"a": 0.0, "b": 1.0}, "normal": {"mean": 0, "std": 1}, "constant": {"val": 5}}
)
_CPU = torch.device("cpu")
#: What a fresh interpreter builds with, whatever defaults this one has.
_FRESH: Mapping[str, Any] = MappingProxyType({"device": _CPU, "dtype": torch.float32})


@dataclass(frozen=True, slots=True, eq=False)
class LessonStep:
    """One step of the lesson.

    ``key`` is for machines: never shown, never renamed.
    """

    key: str
    #: a script that by itself prints this step's tensors: the same bits on one machine
    code: str
    #: the step's function alone, as the lesson has it in a cell
    cell: str
    #: what it prints: (scheme, weight of shape (3, 5)), in order
    tensors: tuple[tuple[str, Tensor], ...]


def replay_lesson(seed: int = 40) -> Sequence[LessonStep]:
    """Run the lesson's seven functions in order after one ``torch.manual_seed(seed)``.

    Each builds ``nn.Linear(5, 3)``, which draws a weight and a bias of its own, and then fills the
    weight; the last two do so twice. With seed 40 these are the nine tensors that the lesson prints.
    The global generators stand afterwards as before.

    Raises:
        ParameterError: for a seed that torch does not take.
    """
    seed = checked_seed(seed)
    with global_generators(_CPU, seed):
        drawn = {key: tuple((scheme, _filled(scheme)) for scheme in STEPS[key]) for key in STEPS}
    return tuple(
        LessonStep(key, _script(key, seed), _cell(key, at), drawn[key])
        for at, key in enumerate(STEPS, start=1)
    )


def _filled(scheme: str) -> Tensor:
    """Build the lesson's layer and fill its weight."""
    linear = nn.Linear(FAN_IN, FAN_OUT, **_FRESH)
    getattr(nn.init, f"{scheme}_")(linear.weight, **_ARGUMENTS.get(scheme, {}))
    return linear.weight.detach()


def drawn_before(scheme: str) -> tuple[tuple[str, int], ...]:
    """Return what the lesson draws from its seed before a scheme's weight: (law's family, numbers), in order.

    Every layer draws its own weight and bias, both uniform, before its weight is filled.
    """
    own = ("uniform", FAN_OUT * FAN_IN), ("uniform", FAN_OUT)
    drawn: list[tuple[str, int]] = []
    for filled in (scheme for key in STEPS for scheme in STEPS[key]):
        drawn += own
        if filled == scheme:
            break
        law = SCHEMES[filled].law((FAN_OUT, FAN_IN))
        if law.random:
            drawn.append((law.family, FAN_OUT * FAN_IN))
    return tuple(drawn)


def _call(scheme: str, weight: str) -> str:
    arguments = (f"{name}={value}" for name, value in _ARGUMENTS.get(scheme, {}).items())
    return f"nn.init.{scheme}_({', '.join([weight, *arguments])})"


def _cell(key: str, at: int) -> str:
    lines = [f"def test{at:02}():"]
    for scheme in STEPS[key]:
        lines += [
            f"    linear = nn.Linear({FAN_IN}, {FAN_OUT})",
            f"    {_call(scheme, 'linear.weight')}",
            "    print(linear.weight.data)",
        ]
    return "\n".join([*lines, "", f"test{at:02}()"]) + "\n"


def _script(key: str, seed: int) -> str:
    keys = list(STEPS)
    at = keys.index(key)
    before = [_call(s, f"nn.Linear({FAN_IN}, {FAN_OUT}).weight") for k in keys[:at] for s in STEPS[k]]
    lines = ["import torch", "from torch import nn", "", f"torch.manual_seed({seed})"]
    lines += ["# The steps before this one: each moves the generator on."] * bool(before)
    cell = _cell(key, at + 1).replace("\n\n", "\n\n\n")
    return "\n".join([*lines, *before, "", "", cell])


class OwnDefault(NamedTuple):
    """A layer's own initial weight beside two ways to draw it from the same seed."""

    #: as a model writes it
    layer: str
    shape: tuple[int, ...]
    fan_in: int
    #: how many of its weights ``kaiming_uniform_(a=√5)`` gives to the last bit
    kaiming: int
    #: how many ``uniform_(−1/√fan_in, 1/√fan_in)`` gives to the last bit
    uniform: int

    @property
    def n(self) -> int:
        """The number of weights."""
        return math.prod(self.shape)


#: Layers whose default is looked at: as a model writes them, and how to build them.
_LAYERS: Mapping[str, Callable[[], Any]] = MappingProxyType(
    {
        f"nn.Linear({FAN_IN}, {FAN_OUT})": lambda: nn.Linear(FAN_IN, FAN_OUT, **_FRESH),
        "nn.Linear(512, 256)": lambda: nn.Linear(512, 256, **_FRESH),
        "nn.Conv2d(3, 16, 3)": lambda: nn.Conv2d(3, 16, 3, **_FRESH),
    }
)


def own_defaults(seed: int) -> tuple[OwnDefault, ...]:
    """Build linear and convolutional layers after ``torch.manual_seed(seed)`` and look at their weights.

    torch writes their default as ``kaiming_uniform_`` with a = √5, which is the law U(±1/√fan_in)
    (https://github.com/pytorch/pytorch/issues/57109). The global generators stand afterwards as before.

    Raises:
        ParameterError: for a seed that torch does not take.
    """
    seed = checked_seed(seed)
    rows = []
    for text, build in _LAYERS.items():
        with global_generators(_CPU, seed):
            weight = build().weight.detach()
        fan_in = math.prod(weight.shape[1:])
        bound = 1 / math.sqrt(fan_in)
        generator = torch.Generator(_CPU)
        kaiming = nn.init.kaiming_uniform_(
            torch.empty_like(weight), a=math.sqrt(5), generator=generator.manual_seed(seed)
        )
        plain = nn.init.uniform_(
            torch.empty_like(weight), -bound, bound, generator=generator.manual_seed(seed)
        )
        equal = (int((weight == other).sum()) for other in (kaiming, plain))
        rows.append(OwnDefault(text, tuple(weight.shape), fan_in, *equal))
    return tuple(rows)


#: Where what the lesson says, and what it leaves out, can be read.
SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        "init": TORCH,
        "linear": LINEAR_DEFAULT,
        "conv": Source(
            "torch.nn.Conv2d",
            "PyTorch documentation",
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html",
        ),
        "randomness": Source(
            "PyTorch, Reproducibility",
            "PyTorch documentation",
            "https://docs.pytorch.org/docs/stable/notes/randomness.html",
        ),
        "sqrt5": Source(
            "PyTorch issue 57109",
            "Question on kaiming_uniform_ with a = sqrt(5)",
            "https://github.com/pytorch/pytorch/issues/57109",
        ),
        "lecun": LECUN_1998,
        "he": HE_2015,
        "glorot": GLOROT_2010,
        "goodfellow": Source(
            "Goodfellow et al. 2016, section 8.4",
            "Deep Learning",
            "https://www.deeplearningbook.org/contents/optimization.html",
        ),
        "hornik": Source(
            "Hornik et al. 1989",
            "Multilayer feedforward networks are universal approximators",
            "https://doi.org/10.1016/0893-6080(89)90020-8",
        ),
        "grinsztajn": Source(
            "Grinsztajn et al. 2022",
            "Why do tree-based models still outperform deep learning on tabular data?",
            "https://arxiv.org/abs/2207.08815",
        ),
        "paszke": Source(
            "Paszke et al. 2019",
            "PyTorch: An Imperative Style, High-Performance Deep Learning Library",
            "https://arxiv.org/abs/1912.01703",
        ),
        "lipton": Source(
            "Lipton 2016", "The Mythos of Model Interpretability", "https://arxiv.org/abs/1606.03490"
        ),
        "strubell": Source(
            "Strubell et al. 2019",
            "Energy and Policy Considerations for Deep Learning in NLP",
            "https://arxiv.org/abs/1906.02243",
        ),
        "bergstra": Source(
            "Bergstra & Bengio 2012",
            "Random Search for Hyper-Parameter Optimization",
            "https://jmlr.org/papers/v13/bergstra12a.html",
        ),
        "srivastava": Source(
            "Srivastava et al. 2014",
            "Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
            "https://jmlr.org/papers/v15/srivastava14a.html",
        ),
    }
)

"""The lesson's draws: replayed once a seed."""

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor

from core import SCHEMES, Law, LessonStep, Summary, replay_lesson
from core.networks.network import LESSON
from core.teaching.lesson import FAN_IN, FAN_OUT, own_defaults
from core.teaching.quiz import questions
from core.weights.draw import Draw
from pages.jobs import model
from pages.jobs.cache import kept
from pages.state.chosen import State
from pages.state.controls import TABLE


class Shown(NamedTuple):
    """One tensor of the lesson: as torch prints it, and counted beside its law."""

    scheme: str
    printed: str
    summary: Summary
    law: Law


@kept(most=256)
def replayed(seed: int) -> Mapping[str, tuple[LessonStep, tuple[Shown, ...]]]:
    """Return the lesson's steps from this seed, by key."""
    return {
        step.key: (step, tuple(_shown(*tensor) for tensor in step.tensors)) for step in replay_lesson(seed)
    }


def _shown(scheme: str, tensor: Tensor) -> Shown:
    law = SCHEMES[scheme].law(SHAPE)
    return Shown(scheme, str(tensor), Summary.of(tensor, law=law, bins=BINS), law)


defaults = kept(most=256)(own_defaults)
asked = kept(most=256)(questions)


def network_run(state: State) -> model.NetworkRun:
    """Return the run of the lesson's network with this seed; its input is the model page's own."""
    batch, data_seed = (int(TABLE[name].default) for name in ("batch", "data_seed"))
    return model.NetworkRun(str(LESSON), state["seed"], "cpu", "float32", batch, data_seed, "")


def sloped(state: State, a: float) -> Draw:
    """Return the draw of kaiming_uniform at slope ``a``."""
    return Draw("kaiming_uniform", (state["fan_out"], state["fan_in"]), seed=state["seed"], a=a)


#: The seed that the lesson sets.
SEED = 40
#: Bins of a histogram of 15 weights, and of one of many.
BINS, SLOPE_BINS = 12, 60
#: The layer of every step.
SHAPE = (FAN_OUT, FAN_IN)

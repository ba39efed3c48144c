"""The values held against each other: what may stand in each control, given all the others.

Where values clash, the last that agreed stay in force, and a refusal says why at the control where a
visitor would mend it.
"""

from collections.abc import Callable, Mapping

from core import devices
from pages.state.chosen import State
from pages.state.conflicts import checkpoint, compare, distribution, lesson, model, signal
from pages.state.parsers import Refusal
from pages.state.session import session

_RULES: Mapping[str, Callable[[State], None]] = {
    "home": distribution.settle,
    "distribution": distribution.settle,
    "compare": compare.settle,
    "signal": signal.settle,
    "model": model.settle,
    "checkpoint": checkpoint.settle,
    "lesson": lesson.settle,
}


def settle(state: State) -> None:
    """Hold the values of a page against each other; where they clash, the last that agreed stay in force.

    A device that is not here gives way to the CPU; it stays in the link, for a machine that has it.
    """
    if state["device"] in devices.available():
        state.device = state["device"]
    else:
        missing = {"was": state["device"].upper(), "used": "cpu"}
        state.refusals.setdefault("device", Refusal("device", missing))
    if state.page in _RULES:
        _RULES[state.page](state)
    session().good = dict(state.values)

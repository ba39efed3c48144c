"""What to try next, after what a signal did: one click."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from core import Entry, InitLabError
from core.signals import fate as outlook
from core.signals.comparison import MAX_ENTRIES
from pages.jobs import signal_theory
from pages.jobs.signal import Followed, expected
from pages.state.chosen import State
from pages.state.controls import VERSION
from pages.text import Text
from pages.words.common import Onward
from pages.words.compare import names
from pages.words.signal import backwards, measured

#: What became of a signal that is still there.
_KEPT = {"kept", "settles"}
#: view → the view that answers what one asks next
_FOLLOWING = {
    "forward": "gradient",
    "figures": "gradient",
    "layers": "saturation",
    "saturation": "gradient",
    "gradient": "correlation",
    "correlation": "chaos",
    "maps": "chaos",
    "chaos": "gains",
}


def onward(rows: Sequence[Any], state: State, t: Text) -> Onward | None:
    """Return what to try next; None where nothing can be chosen."""
    sight = state["sight"]
    remedy = None if "rows" in state.fixed else _remedy(state, back=sight == "gradient")
    if sight == "gains" and remedy and "sight" not in state.fixed:
        return _here(t("onward.follow", name=_called(remedy, t)), state, rows=str(remedy), sight="forward")
    if sight in {"forward", "gradient", "figures"} and remedy and not _any_kept(rows, state):
        entries = state.comparison.entries
        holds = remedy not in entries and _holds(remedy, state, back=sight == "gradient")
        if holds and len(entries) < MAX_ENTRIES:
            beside = "-".join(map(str, [*entries, remedy]))
            return _here(t("onward.try", name=_called(remedy, t)), state, rows=beside)
    if sight not in _FOLLOWING or "sight" in state.fixed:
        return None
    return _here(t(f"onward.{_FOLLOWING[sight]}"), state, sight=_FOLLOWING[sight])


def _any_kept(rows: Sequence[Followed], state: State) -> bool:
    if state["sight"] == "gradient":
        courses = [backwards(row) for row in rows]
    else:
        courses = [measured(row, state["measure"]) for row in rows]
    return any(outlook.fate(course).kind in _KEPT for course in courses)


def _holds(remedy: Entry, state: State, *, back: bool) -> bool:
    """Tell whether theory has it keep this run's signal: of a power, as z², a gain holds at one size."""
    given = outlook.setting(remedy.scheme, state["width"], bias=state.bias, **dict(remedy.params))
    network = state["activation"], state["depth"], state["input"], state["input_scale"]
    told = None if given is None else expected(given, *network)
    if told is None:
        return False
    course = told.gradient_mean_square[::-1] if back else told.activation_mean_square
    return not np.isnan(course).any() and outlook.fate(course[np.newaxis]).kind in _KEPT


def _remedy(state: State, *, back: bool) -> Entry | None:
    """Return the scheme that keeps a mean square of 1, or a gradient, under this activation; None if none."""
    if state["activation"] == "relu":
        return Entry("kaiming_normal")
    gains = signal_theory.gains(state["activation"])
    gain = gains.gradient if back else gains.mean_square
    if not math.isfinite(gain) or gain <= 0:
        return None
    try:
        return Entry.of(f"xavier_normal(gain={gain:.4g})")  # all layers are square: σ_w is the gain
    except InitLabError:
        return None


def _called(entry: Entry, t: Text) -> str:
    return names([entry], t)[0]


def _here(label: str, state: State, **values: str) -> Onward:
    """Lead to this page with other values."""
    return Onward(label, "signal", {"v": VERSION, **state.query(), **values})

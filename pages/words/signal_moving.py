"""What a browser is told of the edge of chaos: dots that a hand can move, and the theory of them."""

import json
import math
from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple
from urllib.parse import urlencode

from core import SCHEMES, Entry
from core.signals.trace_run import INPUTS
from pages.jobs.compare import params_of
from pages.jobs.moving import Asked, followed, is_whole
from pages.jobs.signal import Foretold
from pages.jobs.signal_moving import tables
from pages.jobs.signal_theory import ACROSS, stand, start
from pages.state.chosen import State
from pages.state.parsers import Value
from pages.text import Text
from pages.words.common import brief
from pages.words.compare import names
from pages.words.moving import BY_THE_END
from pages.words.signal import NAMED, bias
from pages.words.signal_theory import dots, extent


class Follows(NamedTuple):
    """The number x of a scheme that a hand moves: σ_w² is ``unit``·x^``power``."""

    scheme: str
    name: str
    unit: float
    power: float
    #: whether it is the scheme that stood there
    own: bool


def theory(state: State) -> str:
    """Return an activation's theory as a part of the page that is not seen: sent once while it stays."""
    known = json.dumps(tables(state["activation"]), separators=(",", ":"))
    known = known.replace("Infinity", "1e999")  # as JSON can have it
    return f"<p hidden data-lab-of=\"{escape(state['activation'])}\" data-lab-theory='{known}'></p>"


def told(rows: Sequence[Foretold], state: State, t: Text) -> dict[str, Any] | None:
    """Return what the browser is told; None if no dot can be moved, or the theory is out of reach."""
    known = [row for row in rows if row.setting is not None]
    free = {"rows": "rows" not in state.fixed, "sigma_b": not {"bias", "sigma_b"} & state.fixed}
    if not known or not any(free.values()) or tables(state["activation"]) is None:
        return None
    if not all(_stands(row, state) for row in known):
        return None
    across, up = extent(dots(rows))
    return {
        "token": urlencode(state.query()),
        "moves": "plane",
        "plane": {
            "activation": state["activation"],
            "rows": [str(row.entry) for row in rows],
            "start": INPUTS[state["input"]].mean_square * float(state["input_scale"]) ** 2,
            "most": {"sigma_w2": across, "sigma_b": math.floor(1000 * math.sqrt(up)) / 1000},
            "steps": ACROSS,
            "bias": state["bias"],
            "sigma_b": float(state["sigma_b"]),
            "free": free,
            "named": NAMED,
            "dots": [_dot(row, state, t) for row in known],
            "words": _words(state, t),
        },
    }


def _stands(row: Foretold, state: State) -> bool:
    given = row.setting
    return given is not None and stand(given, state["activation"], start(given, state)) is not None


#: A number that stands nowhere by chance, and how a name writes it: in its place another is written.
_MARK = 0.7346


def _dot(row: Foretold, state: State, t: Text) -> dict[str, Any]:
    """Return one dot: where it is, and which number of which scheme it becomes where it is dropped."""
    moved = _follows(row, state["width"])
    becomes = Entry(moved.scheme, _with(moved.name, row.entry if moved.own else None))
    return {
        "at": row.place,
        "name": brief(row.name),
        "named": brief(names([becomes], t)[0]).replace(str(_MARK), "{x}"),
        "plain": brief(t(f"scheme.{moved.scheme}.name")),
        "default": float(SCHEMES[moved.scheme].params[moved.name]),
        "becomes": not moved.own,
        "entry": str(becomes).replace(str(_MARK), "{x}"),
        "unit": moved.unit,
        "power": moved.power,
        **(row.setting._asdict() if row.setting else {}),
    }


def _with(name: str, entry: Entry | None) -> tuple[tuple[str, Value], ...]:
    """Return an entry's parameters, with a mark for one of them."""
    if entry is None:
        return ((name, _MARK),)
    given = {**dict(entry.params), name: _MARK}
    return tuple((other, given[other]) for other in SCHEMES[entry.scheme].params if other in given)


def _follows(row: Foretold, width: int) -> Follows:
    """Return the entry's own number that makes its weights as wide as one likes, or else the normal's std."""
    asked = Asked(row.entry.scheme, (width, width), tuple(params_of(row.entry).items()))
    for name in (name for name in BY_THE_END if name in dict(asked.params) and not is_whole(name)):
        how = followed(asked, name)
        if how and how.scaling and how.scaling.power > 0 and not how.scaling.square and not how.scaling.plus:
            power, x = 2 * how.scaling.power, asked.number(name)
            return Follows(asked.scheme, name, width * asked.law().std ** 2 / x**power, power, own=True)
    return Follows("normal", "std", float(width), 2.0, own=False)


def _words(state: State, t: Text) -> dict[str, Any]:
    """Return the words that move, with {names} where their numbers stand."""
    facts = {"activation": state["activation"], "floor": "{floor}", "edge": "{edge}"}
    value = {"name": "{name}", "value": "{value}"}
    return {
        "leads": {lead: t(f"chaos.{lead}", **facts) for lead in ("turns", "leaps", "no_edge")},
        "parts": {phase: t(f"chaos.{phase}_part", **value) for phase in _PHASES},
        "phases": {phase: t(f"chaos.phase.{phase}") for phase in _PHASES},
        "colon": t("chaos.colon"),
        "stop": t("chaos.stop"),
        "listed": t("signal.listed"),
        "bias": {kind: bias(kind, "{x}", t) for kind in ("none", "torch", "normal")},
        "was": t("live.was", **value, before="{before}"),
        "becomes": t("live.becomes", name="{name}"),
        "handles": {name: t(f"live.handle_{name}", name="{name}") for name in ("sigma_w2", "sigma_b")},
        "hint": t("live.hint_dots"),
    }


_PHASES = ("ordered", "edge", "chaotic")

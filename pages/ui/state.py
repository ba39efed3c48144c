"""What a visitor has chosen: one table of controls, read from the URL and written back to it.

Every control has one name, core's, which is its widget's key and its parameter in the URL. To add a
control, add a row to ``TABLE`` and show it on a page with ``pages.ui.controls``. Defaults are left
out of the URL and never change within a version of it.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import streamlit as st

from core import PARAMETERS, SCHEMES, DtypeError, check, devices
from core.devices import KINDS
from core.sampling import DTYPES
from core.schemes import LARGEST, NONLINEARITIES, SMALLEST
from pages.text import LANGUAGES

VERSION = "1"

Value = int | float | str

#: Weights that one visitor's draw may hold: 4096 × 4096, 64 MB in float32.
MAX_WEIGHTS = 1 << 24
MAX_FAN = 65_536
#: torch's CPU generator uses the low 32 bits of a seed, so larger seeds repeat smaller ones.
MAX_SEED = 2**32 - 1
#: Characters of a text field; more is cut off when it comes from a link.
MAX_CHARS = 24

DTYPE_NAMES = {str(dtype).removeprefix("torch."): dtype for dtype in DTYPES}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an entry is not used: a key of the text catalogue's ``refused`` table, and its facts."""

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class Refused(ValueError):
    """Raised by a parser with the refusal that says why."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.refusal = Refusal(code, facts)


@dataclass(frozen=True, slots=True)
class Control:
    """One row of the table: ``parse`` turns what was typed or linked into a value, or refuses it."""

    name: str
    default: Value
    parse: Callable[[str], Value]
    #: what there is to choose; empty for a field that is typed
    options: tuple[str, ...] = ()


def _choice(name: str, default: str, options: Iterable[str]) -> Control:
    allowed = tuple(options)

    def parse(raw: str) -> str:
        if raw not in allowed:
            raise Refused("choice", options=", ".join(o for o in allowed if o))
        return raw

    return Control(name, default, parse, allowed)


def _whole(name: str, default: int, low: int, high: int) -> Control:
    def parse(raw: str) -> int:
        if re.fullmatch(r"\s*[+-]?\d+\s*", raw, re.ASCII) and low <= int(raw) <= high:
            return int(raw)
        raise Refused("whole", low=low, high=high)

    return Control(name, default, parse)


def _real(name: str, default: float) -> Control:
    domain = PARAMETERS[name]

    def parse(raw: str) -> float:
        try:
            return float(domain.checked(name, float(raw.replace("−", "-"))))
        except ValueError:
            code = "positive" if domain.minimum == 0 else "real"
            raise Refused(code, smallest=SMALLEST, largest=LARGEST) from None

    return Control(name, default, parse)


TABLE: Mapping[str, Control] = {
    control.name: control
    for control in (
        _choice("scheme", "kaiming_normal", SCHEMES),
        _choice("nonlinearity", "relu", NONLINEARITIES),
        _choice("mode", "fan_in", PARAMETERS["mode"].choices),
        _real("a", 0.0),
        _real("b", 1.0),
        _real("mean", 0.0),
        _real("std", 1.0),
        _real("val", 5.0),
        _real("gain", 1.0),
        _whole("fan_in", 512, 1, MAX_FAN),
        _whole("fan_out", 256, 1, MAX_FAN),
        _whole("seed", 40, 0, MAX_SEED),
        _choice("device", "cpu", KINDS),
        _choice("dtype", "float32", DTYPE_NAMES),
        _whole("bins", 60, 10, 400),
        _choice("overlay", "none", ("none", *SCHEMES)),
        _choice("tab", "histogram", ("histogram", "matrix", "numbers", "code")),
        # '' is the browser's own language, which a link leaves to its reader
        _choice("lang", "", ("", *LANGUAGES)),
    )
}


def written(value: Value) -> str:
    """Write a value as it stands in a field and in the URL; reading it back gives the same value."""
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


@dataclass(slots=True)
class State:
    """The values in force on this run, and why an entry is not among them."""

    values: dict[str, Value]
    #: the controls of this page
    names: tuple[str, ...] = ()
    refusals: dict[str, Refusal] = field(default_factory=dict)
    #: link parameters that are no control of this page
    unknown: tuple[str, ...] = ()
    version: str = VERSION
    #: refusals that a control has shown beside itself
    said: set[str] = field(default_factory=set)
    #: True on the run that a link, or the back button, brought about
    arrived: bool = False
    #: where torch draws: the device chosen, or the CPU where this machine has no such device
    device: str = "cpu"

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the layer's weight, (fan_out, fan_in)."""
        return int(self.values["fan_out"]), int(self.values["fan_in"])

    @property
    def params(self) -> dict[str, Any]:
        """The chosen scheme's parameters, without one that torch would not read."""
        names = SCHEMES[str(self.values["scheme"])].params
        slope = self.values["nonlinearity"] == "leaky_relu"
        return {
            name: self.values[name] for name in names if name != "a" or "nonlinearity" not in names or slope
        }

    @property
    def idle(self) -> set[str]:
        """Parameters of other schemes."""
        return PARAMETERS.keys() - self.params.keys()

    def query(self) -> dict[str, str]:
        """Return the URL parameters that reproduce this page: defaults, and other schemes', left out."""
        values = {name: self.values[name] for name in self.names if name not in self.idle}
        query = {n: written(v) for n, v in values.items() if v != TABLE[n].default}
        return {"v": VERSION, **query} if query else {}


def read(page: str, names: Iterable[str]) -> State:
    """Return the values of the controls ``names``, from the widgets or from a link just opened."""
    shown = tuple(names)
    link = st.query_params.to_dict()
    session = st.session_state
    typed = {name: session.get(name) for name in TABLE}
    # A stale URL with a changed widget is a visitor faster than the network, not a link.
    moved = session.get("_page") == page and typed != session.get("_typed")
    arrived = session.get("_page") != page or (link != session.get("_link") and not moved)
    if arrived:
        _load(link, shown)
    session["_page"] = page
    refused_link: dict[str, str] = session.get("_refused", {})

    state = State(values={}, names=shown, arrived=arrived)
    good: Mapping[str, Value] = session.get("_good", {})
    for name, control in TABLE.items():
        state.values[name] = good.get(name, control.default) if name in shown else control.default
        raw = session.get(name)
        if name not in shown or raw is None:
            continue
        if name in refused_link and raw != control.default:
            del refused_link[name]  # the visitor has chosen since
        try:
            state.values[name] = control.parse(str(raw))
            control.parse(refused_link.get(name, str(raw)))
        except Refused as refused:
            was = refused_link.get(name, str(raw))
            facts = {**refused.refusal.facts, "was": was, "used": state.values[name]}
            state.refusals[name] = Refusal(refused.refusal.code, facts)
    state.unknown = tuple(session.get("_unknown", ()))
    state.version = session.get("_version", VERSION)
    return state


def _load(link: Mapping[str, str], shown: tuple[str, ...]) -> None:
    """Put a link's parameters into the widgets, as if they had been typed there."""
    session = st.session_state
    refused: dict[str, str] = {}
    for name in shown:
        control = TABLE[name]
        raw = link.get(name)
        if control.options:
            if raw is not None and raw not in control.options:
                refused[name] = raw[:MAX_CHARS]
                raw = None
            session[name] = control.default if raw is None else raw
        else:
            session[name] = written(control.default) if raw is None else raw[:MAX_CHARS]
    session["_good"] = {}
    session["_refused"] = refused
    session["_unknown"] = [n[:MAX_CHARS] for n in link if n not in shown and n != "v"][:3]
    session["_version"] = link.get("v", VERSION)[:MAX_CHARS]


def settle(state: State) -> None:
    """Hold the values against each other; where they clash, the last that agreed stay in force.

    Four rules: a < b, the size of a draw, weights that the dtype can hold, and a device that is
    here (its choice stays in the link, for a machine that has it). Each speaks at the
    control where a visitor would mend it.
    """
    scheme = SCHEMES[state["scheme"]]
    main = next(iter(scheme.params), "scheme")
    if state["device"] in devices.available():
        state.device = state["device"]
    else:
        missing = {"was": state["device"].upper(), "used": "cpu"}
        state.refusals.setdefault("device", Refusal("device", missing))
    if {"a", "b"} <= set(scheme.params):
        _agree(state, ("a", "b"), _order, at="b")
    _agree(state, ("fan_in", "fan_out"), _size, at="fan_out")
    _agree(state, (*scheme.params, "dtype", "fan_in", "fan_out"), _fit, at=main)
    st.session_state["_good"] = dict(state.values)


def _agree(state: State, names: Sequence[str], rule: Callable[[State], Refusal | None], *, at: str) -> None:
    """Put the values that last agreed in the place of those that break ``rule``, or else the defaults."""
    refusal = rule(state)
    if refusal is None:
        return
    fallbacks: tuple[Mapping[str, Value], ...] = (st.session_state.get("_good", {}), {})
    for fallback in fallbacks:
        used = {name: fallback.get(name, TABLE[name].default) for name in names}
        state.values.update(used)
        if rule(state) is None:
            break
    state.refusals[at] = Refusal(refusal.code, {**refusal.facts, "used": used})


def _order(state: State) -> Refusal | None:
    low, high = state["a"], state["b"]
    return Refusal("order", {"a": low, "b": high}) if low >= high else None


def _size(state: State) -> Refusal | None:
    rows, columns = state.shape
    if rows * columns <= MAX_WEIGHTS:
        return None
    facts = {"rows": rows, "columns": columns, "n": rows * columns, "limit": MAX_WEIGHTS}
    return Refusal("size", {**facts, "fit": min(MAX_FAN, MAX_WEIGHTS // columns)})


def _fit(state: State) -> Refusal | None:
    request = (state["scheme"], state.shape, state.device, state["dtype"], tuple(state.params.items()))
    return _misfit(*request)


@lru_cache(maxsize=4096)
def _misfit(
    key: str, shape: tuple[int, int], device: str, dtype: str, params: tuple[tuple[str, Any], ...]
) -> Refusal | None:
    """Return core's objection to holding these weights in ``dtype``, or None."""
    try:
        check(key, shape, seed=0, device=device, dtype=DTYPE_NAMES[dtype], **dict(params))
    except DtypeError as error:
        return Refusal("fits" if error.code == "dtype.range" else "lacks", error.facts)
    return None


def write(state: State) -> None:
    """Put the values in force into the URL."""
    query = state.query()
    if st.query_params.to_dict() != query:
        st.query_params.from_dict(query)
    st.session_state["_link"] = query


def remember() -> None:
    """Note what stands in the widgets, at the end of a run, to know what moves before the next."""
    st.session_state["_typed"] = {name: st.session_state.get(name) for name in TABLE}

"""What a visitor has chosen: one table of controls, read from the URL and written back to it.

Every control has one name, core's, which is its widget's key and its parameter in the URL. To add a
control, add a row to ``TABLE`` and show it on a page with ``pages.widgets.controls``. Defaults are left
out of the URL and never change within a version of it.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import streamlit as st
import torch
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core import (
    PARAMETERS,
    SCHEMES,
    Comparison,
    Entry,
    InitLabError,
    Layer,
    Network,
    ParameterError,
    ShapeError,
    read_table,
)
from core.devices import KINDS
from core.networks.network import LESSON
from core.signals.comparison import LESSON_THREE, MAX_ENTRIES
from core.signals.comparison import MAX_CHARS as MAX_COMPARISON_CHARS
from core.signals.formula import MAX_CHARS as MAX_FORMULA_CHARS
from core.signals.formula import activation_of
from core.signals.trace import INPUTS
from core.table import MAX_ROWS, Rows, written, written_table
from core.teaching import lesson
from core.teaching.quiz import KINDS as QUESTIONS
from core.weights.layers import MAX_CHARS as MAX_LAYER_CHARS
from core.weights.sampling import DTYPES, streams
from core.weights.schemes import LARGEST, NONLINEARITIES, SMALLEST, Parameter
from core.weights.spelling import MAX_CHARS as MAX_NETWORK_CHARS
from core.weights.spelling import split
from pages.state.limits import FORCE
from pages.text import LANGUAGES, catalogue

VERSION = "1"

Value = int | float | str

#: Weights that one visitor's draw may hold: 4096 × 4096, 64 MB in float32.
MAX_WEIGHTS = FORCE["INIT_LAB_HELD"]
#: Weights of a draw that is never held whole: 32 768 × 32 768, some seconds.
MAX_STREAMED = FORCE["INIT_LAB_STREAMED"]
MAX_FAN = 65_536
#: A deep network's layers, units, inputs, and how many of them are drawn.
MAX_DEPTH, MAX_WIDTH, MAX_SAMPLES, MAX_SEEDS = 200, 2048, 1024, 50
#: torch's CPU generator uses the low 32 bits of a seed, so larger seeds repeat smaller ones.
MAX_SEED = 2**32 - 1
#: Characters of a text field; more is cut off when it comes from a link.
MAX_CHARS = 24
#: Characters of a list of controls' names.
MAX_LISTED = 600
#: Characters of a visitor's own data that a link carries; more stays on the page.
MAX_LINK_DATA = 2000
#: Layers to choose; any other that torch.nn can build may be typed. '' is Linear, of the two fans.
LAYERS = (
    "",
    "Conv1d(64, 128, 5)",
    "Conv2d(64, 128, 3)",
    "Conv2d(64, 128, 3, groups=4)",
    "Conv2d(64, 64, 3, groups=64)",
    "Conv3d(16, 32, 3)",
    "ConvTranspose2d(128, 64, 4)",
    "Bilinear(64, 32, 128)",
    "Embedding(10000, 256)",
    "MultiheadAttention(512, 8)",
    "MultiheadAttention(512, 8).out_proj",
    "LSTM(128, 128).weight_hh_l0",
)
#: What a scheme starts from where that is not the table's default: ``dirac`` fills convolutions alone.
_OWN_DEFAULTS = {("dirac", "layer"): "Conv2d(64, 128, 3)"}

DTYPE_NAMES = {str(dtype).removeprefix("torch."): dtype for dtype in DTYPES}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an entry is not used: a key of the text catalogue's ``refused`` table, and its facts."""

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class Refused(ValueError):
    """Raised by a parser with the refusal that says why; ``keep`` is what of the entry can be used."""

    def __init__(self, code: str, keep: "Value | None" = None, **facts: Any) -> None:
        super().__init__(code)
        self.refusal, self.keep = Refusal(code, facts), keep


@dataclass(frozen=True, slots=True)
class Control:
    """One row of the table: ``parse`` turns what was typed or linked into a value, or refuses it."""

    name: str
    default: Value
    parse: Callable[[str], Value]
    #: what there is to choose; empty for a field that is typed
    options: tuple[str, ...] = ()
    max_chars: int = MAX_CHARS


def _choice(name: str, default: str, options: Iterable[str]) -> Control:
    allowed = tuple(options)

    def parse(raw: str) -> str:
        if raw not in allowed:
            raise _no_option(allowed)
        return raw

    return Control(name, default, parse, allowed)


def _no_option(options: Iterable[str]) -> Refused:
    return Refused("choice", options=", ".join(filter(None, options)))


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
            raise outside(domain) from None

    return Control(name, default, parse)


def _between(name: str, default: float, low: float, high: float) -> Control:
    def parse(raw: str) -> float:
        try:
            value = float(raw.replace("−", "-"))
        except ValueError:
            value = math.nan
        if math.isclose(value, high, rel_tol=5e-4):
            return high  # as people write it, to four digits
        if not low <= value <= high:
            raise Refused("between", low=low, high=high)
        return value

    return Control(name, default, parse)


def outside(domain: Parameter) -> Refused:
    """Return the refusal of a number outside ``domain``."""
    if domain.whole:
        return Refused("whole", low=int(domain.minimum), high=int(domain.maximum))
    if domain.maximum < math.inf:
        return Refused("between", low=domain.minimum, high=domain.maximum)
    code = "real" if domain.minimum else "positive" if domain.zero else "above"
    return Refused(code, smallest=SMALLEST, largest=LARGEST)


def _layer(name: str, default: str) -> Control:
    def parse(raw: str) -> str:
        try:
            return layer_of(raw).text if raw.strip() else ""
        except ShapeError as error:
            listed = {fact: ", ".join(error.facts.get(fact, ())) for fact in ("kinds", "weights")}
            raise Refused(error.code.removeprefix("shape."), **error.facts | listed) from None

    return Control(name, default, parse, max_chars=MAX_LAYER_CHARS + 1)  # one more is refused, not cut


layer_of = lru_cache(maxsize=512)(Layer.of)
network_of = lru_cache(maxsize=512)(Network.of)
comparison_of = lru_cache(maxsize=512)(Comparison.of)
table_of = lru_cache(maxsize=64)(read_table)


def _net(name: str, default: str) -> Control:
    def parse(raw: str) -> str:
        try:
            return str(network_of(raw))
        except InitLabError as error:
            facts = {"parameter" if fact == "name" else fact: value for fact, value in error.facts.items()}
            raise Refused(f"network_{error.code.split('.')[1]}", **facts) from None

    return Control(name, default, parse, max_chars=MAX_NETWORK_CHARS + 1)  # one more is refused, not cut


def _rows(name: str, default: str) -> Control:
    def parse(raw: str) -> str:
        try:
            return str(comparison_of(raw))
        except InitLabError as error:
            names = {"name": "parameter", "at": "place"}
            facts = {names.get(fact, fact): value for fact, value in error.facts.items()}
            code = error.code.replace(".", "_").replace("parameter_", "row_")
            kept, out = _readable(raw) if code != "comparison_long" else ("", ())
            raise Refused(code, keep=kept or None, **facts, out=out if kept else ()) from None

    return Control(name, default, parse, max_chars=MAX_COMPARISON_CHARS + 1)  # one more is refused, not cut


def _readable(raw: str) -> tuple[str, tuple[str, ...]]:
    """Return the entries of a comparison that can be read, as many as may be compared, and the others."""
    kept: list[str] = []
    out: list[str] = []
    for part in split(raw, "-"):
        try:
            entry = str(Entry.of(part))
        except InitLabError:
            out.append(part.strip())
        else:
            (kept if len(kept) < MAX_ENTRIES else out).append(entry)
    return "-".join(kept), tuple(out)


def _patched(raw: str, last: str) -> str:
    """Return the entries, those that cannot be read as they last were; "" unless there are as many."""
    typed, before = split(raw, "-"), split(last, "-")
    if len(typed) != len(before):
        return ""
    pairs = zip(typed, before, strict=True)
    return "-".join(old if _readable(entry)[1] else entry.strip() for entry, old in pairs)


def _data(name: str) -> Control:
    def parse(raw: str) -> str:
        try:
            return written_table(table_of(raw)) if raw.strip() else ""
        except InitLabError as error:
            raise Refused(error.code.replace(".", "_"), **error.facts) from None

    # what is too long is refused whole, not cut: half a number is another number
    return Control(name, "", parse, max_chars=10**8)


def _activation(name: str, default: str) -> Control:
    def parse(raw: str) -> str:
        try:
            return activation_of(raw).key
        except InitLabError as error:
            facts = {**error.facts, "column": error.facts.get("at", 0) + 1}
            facts.pop("at", None)  # elsewhere a layer's place
            raise Refused(error.code.replace(".", "_"), **facts) from None

    return Control(name, default, parse, max_chars=MAX_FORMULA_CHARS + 1)  # one more is refused, not cut


def _listed(name: str, allowed: Callable[[], Iterable[str]]) -> Control:
    def parse(raw: str) -> str:
        names = [part.strip() for part in raw.split(",") if part.strip()]
        known = tuple(allowed())
        kept = ",".join(dict.fromkeys(part for part in names if part in known))
        if unknown := [part for part in names if part not in known]:
            raise Refused("listed", keep=kept, unknown=", ".join(unknown), options=", ".join(known))
        return kept

    return Control(name, "", parse, max_chars=MAX_LISTED)


def _labels(name: str) -> Control:
    def parse(raw: str) -> str:
        labels = re.split(r"[,;\s]+", raw.strip(" \t\r\n,;"))
        if labels != [""] and not all(re.fullmatch(r"\d{1,9}", label, re.ASCII) for label in labels):
            raise Refused("labels")
        return ",".join(str(int(label)) for label in labels if label)

    return Control(name, "", parse, max_chars=5 * MAX_ROWS)


#: The lecture plans that come with Init Lab, and how many steps each has.
PLANS: Mapping[str, int] = {"first": 9, "depth": 9, "network": 8}


def _step_of_plan(name: str) -> Control:
    def parse(raw: str) -> str:
        if raw and raw not in (f"{plan}-{at}" for plan, steps in PLANS.items() for at in range(1, steps + 1)):
            known = ", ".join(f"{plan}-1 … {plan}-{steps}" for plan, steps in PLANS.items())
            raise Refused("plan_step", known=known)
        return raw

    return Control(name, "", parse)


#: Parts of every page that a link may hide beside controls: the menu, the drawer, and what is taken away.
PARTS_OF_PAGES = ("menu", "more", "tools")
TABS = ("histogram", "cumulative", "quantiles", "largest", "matrix", "numbers", "code")

#: The model page's views.
PARTS = ("network", "forward", "counting", "parameters", "backward", "code")
#: The compare page's views.
ASPECTS = ("multiples", "overlaid", "figures", "inspector", "rosetta")
#: The signal page's views, and what it follows through the layers.
SIGHTS = (
    *("forward", "gradient", "saturation", "layers", "correlation", "maps", "chaos", "gains"),
    *("figures", "code"),
)
MEASURES = ("activation_rms", "preactivation_rms", "activation_variance", "preactivation_variance")
#: The lesson's stops: its seven steps, why √5, its network, its close; and questions on all of it.
STOPS = (*lesson.STEPS, "sqrt5", "network", "closing", "questions")

TABLE: Mapping[str, Control] = {
    control.name: control
    for control in (
        _choice("scheme", "kaiming_normal", SCHEMES),
        _choice("nonlinearity", "relu", NONLINEARITIES),
        _choice("mode", "fan_in", SCHEMES["variance_scaling"].domain("mode").choices),
        _real("a", 0.0),
        _real("b", 1.0),
        _real("mean", 0.0),
        _real("std", 1.0),
        _real("val", 5.0),
        _real("gain", 1.0),
        _real("sparsity", 0.1),
        _whole("groups", 1, 1, int(PARAMETERS["groups"].maximum)),
        _choice("distribution", "truncated_normal", PARAMETERS["distribution"].choices),
        _real("scale", 1.0),
        _whole("n_layer", 12, 1, int(PARAMETERS["n_layer"].maximum)),
        _real("sigma", 1.0),
        _whole("base_width", 1, 1, int(PARAMETERS["base_width"].maximum)),
        _whole("layer_id", 0, 0, int(PARAMETERS["layer_id"].maximum)),
        # 0 is the layer's own fan_in
        _whole("d_model", 0, 0, int(PARAMETERS["d_model"].maximum)),
        _choice("role", "q", PARAMETERS["role"].choices),
        _whole("d_kv", 64, 1, int(PARAMETERS["d_kv"].maximum)),
        _real("factor", 1.0),
        _real("omega", 30.0),
        _layer("layer", ""),
        _whole("fan_in", 512, 1, MAX_FAN),
        _whole("fan_out", 256, 1, MAX_FAN),
        _whole("seed", 40, 0, MAX_SEED),
        _choice("device", "cpu", KINDS),
        _choice("dtype", "float32", DTYPE_NAMES),
        _whole("bins", 60, 10, 400),
        _choice("overlay", "none", ("none", *SCHEMES)),
        _choice("tab", "histogram", TABS),
        _net("net", str(LESSON)),
        # 'printed' are the numbers that the lesson prints
        _choice("weights", "seeded", ("seeded", "printed")),
        _whole("batch", 5, 1, MAX_ROWS),
        _whole("data_seed", 7, 0, MAX_SEED),
        _data("data"),
        _labels("labels"),
        _whole("sample", 1, 1, MAX_ROWS),
        _choice("part", "network", PARTS),
        _choice("step", "uniform", STOPS),
        # 'on' covers a page's result until it is asked for
        _choice("predict", "off", ("off", "on")),
        _choice("view", "page", ("page", "projector")),
        # a lecturer's choice of what students see, and of what they cannot change
        _listed("hide", lambda: (*TABLE, *PARTS_OF_PAGES)),
        _listed("lock", lambda: TABLE),
        _between("slope", 0.0, 0.0, lesson.SQRT5),
        _whole("quiz", 1, 1, MAX_SEED),
        _whole("question", 1, 1, len(QUESTIONS)),
        _rows("rows", str(LESSON_THREE)),
        _choice("order", "given", ("given", "std")),
        _activation("activation", "relu"),
        _choice("aspect", "multiples", ASPECTS),
        _whole("depth", 50, 1, MAX_DEPTH),
        _whole("width", 256, 1, MAX_WIDTH),
        _whole("seeds", 10, 1, MAX_SEEDS),
        _whole("samples", 64, 1, MAX_SAMPLES),
        # 'normal' is N(0, sigma_b²)
        _choice("bias", "none", ("none", "torch", "normal")),
        _between("sigma_b", 0.1, 0.0, 1000.0),
        _choice("input", "normal", INPUTS),
        _between("input_scale", 1.0, 1e-6, 1e6),
        _choice("measure", "activation_rms", MEASURES),
        _choice("picture", "ridges", ("ridges", "map")),
        _choice("between", "samples", ("samples", "units")),
        _choice("sight", "forward", SIGHTS),
        _choice("prepare", "link", ("link", "plan")),
        _choice("plan", "first", (*PLANS, "own")),
        # the held plan and its step, as in 'depth-3'; '' holds none, or one's own, which no link can carry
        _step_of_plan("at"),
        # '' is the browser's own language, which a link leaves to its reader
        _choice("lang", "", ("", *LANGUAGES)),
    )
}

_NETWORK = ("net", "weights", "batch", "data_seed", "data", "labels", "sample", "part")
_LESSON = ("step", "slope", "quiz", "question")
_COMPARISON = ("rows", "order", "activation", "aspect")
_SIGNAL = (
    *("depth", "width", "seeds", "samples", "bias", "sigma_b", "input", "input_scale"),
    *("measure", "picture", "between", "sight"),
)
#: What every page has; a shared link leaves out how its sender looks at it, and goes through a plan.
_FRAME = ("predict", "hide", "lock", "view", "lang", "at")
OWN_LOOK = ("view", "lang", "at")
_TEACH = ("prepare", "plan")
_LAYER = tuple(
    name for name in TABLE if name not in _NETWORK + _LESSON + _COMPARISON + _SIGNAL + _TEACH + _FRAME
)
#: page → its controls, which are also what its link may hold; add a page's here
CONTROLS: Mapping[str, tuple[str, ...]] = {
    "home": (*_LAYER, *_FRAME),
    "distribution": (*_LAYER, *_FRAME),
    "compare": (*_COMPARISON, "layer", "fan_in", "fan_out", "seed", "device", "dtype", *_FRAME),
    "signal": ("rows", "activation", *_SIGNAL, "seed", "device", "dtype", *_FRAME),
    "model": (*_NETWORK, "seed", "device", "dtype", *_FRAME),
    "lesson": (*_LESSON, "fan_in", "fan_out", "seed", *_FRAME),
    "teach": (*_TEACH, *_FRAME),
}


#: page → its file, as Streamlit's links want it, in the order of the menu
PAGES = {page: "app.py" if page == "home" else f"pages/{page}.py" for page in CONTROLS}


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
    #: what the link gave, as it stood there, where that is not the default
    linked: Mapping[str, str] = field(default_factory=dict)
    #: refusals that a control has shown beside itself
    said: set[str] = field(default_factory=set)
    #: True on the run that a link, or the back button, brought about
    arrived: bool = False
    #: where torch draws: the device chosen, or the CPU where this machine has no such device
    device: str = "cpu"

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    @property
    def far(self) -> bool:
        """Whether the page is for the last row of a lecture hall."""
        return bool(self.values["view"] == "projector")

    @property
    def hidden(self) -> frozenset[str]:
        """Controls and parts of the page that the link hides."""
        return frozenset(str(self.values["hide"]).split(","))

    @property
    def fixed(self) -> frozenset[str]:
        """Controls that a visitor cannot change: hidden or locked."""
        return self.hidden | frozenset(str(self.values["lock"]).split(","))

    @property
    def layer(self) -> Layer:
        """The layer whose weight is drawn."""
        linear = f"Linear({self.values['fan_in']}, {self.values['fan_out']})"
        return layer_of(str(self.values["layer"]) or linear)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the layer's weight."""
        return self.layer.shape

    @property
    def dtype(self) -> torch.dtype:
        """What torch draws in."""
        return DTYPE_NAMES[str(self.values["dtype"])]

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
        """Controls that nothing depends on: parameters of other schemes, fans of another layer."""
        fans = {"fan_in", "fan_out"} if self.values["layer"] else set()
        seed = {"seed"} if self.values["weights"] == "printed" else set()
        drawn = {"batch", "data_seed"} if self.values["data"] else set()
        floor = {"sigma_b"} if self.values["bias"] != "normal" else set()
        return (PARAMETERS.keys() - self.params.keys()) | fans | seed | drawn | floor

    @property
    def network(self) -> Network:
        """The network that is run."""
        return network_of(str(self.values["net"]))

    @property
    def comparison(self) -> Comparison:
        """The schemes that are compared."""
        return comparison_of(str(self.values["rows"]))

    @property
    def bias(self) -> str | float:
        """How the biases of a deep network are drawn, as ``core.signal`` takes it."""
        return float(self.values["sigma_b"]) if self.values["bias"] == "normal" else str(self.values["bias"])

    @property
    def rows(self) -> Rows | None:
        """The visitor's own input, or None where it is drawn."""
        return table_of(str(self.values["data"])) if self.values["data"] else None

    @property
    def batch(self) -> int:
        """Rows of the input."""
        return int(self.values["batch"]) if self.rows is None else len(self.rows)

    @property
    def labels(self) -> tuple[int, ...]:
        """One label a row: those given, or the classes in turn."""
        if self.values["labels"]:
            return tuple(map(int, str(self.values["labels"]).split(",")))
        return tuple(row % self.network.outputs for row in range(self.batch))

    @property
    def limit(self) -> int:
        """How many weights this draw may have."""
        scheme, device = str(self.values["scheme"]), self.device
        return MAX_STREAMED if streams(scheme, self.shape, device, **self.params) else MAX_WEIGHTS

    def query(self) -> dict[str, str]:
        """Return the URL parameters that reproduce this page: defaults, and other schemes', left out."""
        values = {name: self.values[name] for name in self.names if name not in self.idle}
        scheme = str(self.values["scheme"])
        query = {n: written(v) for n, v in values.items() if v != default_of(n, scheme)}
        if len(query.get("data", "")) > MAX_LINK_DATA:
            del query["data"]
        return _versioned(query)


def _versioned(query: Mapping[str, str]) -> dict[str, str]:
    return {"v": VERSION, **query} if query else {}


def read(page: str) -> State:
    """Return the values of a page's controls, from the widgets or from a link just opened."""
    shown = CONTROLS[page]
    link = st.query_params.to_dict()
    session = st.session_state
    if not link and session.get("_page", page) != page:  # by the menu, which takes all choices along
        link = link_to(page)
    elif "_page" not in session:
        link |= _told(shown)
    typed = {name: session.get(name) for name in shown}
    # A stale URL with a changed widget is a visitor faster than the network, not a link.
    moved = session.get("_page") == page and typed != session.get("_typed")
    arrived = session.get("_page") != page or (link != session.get("_link") and not moved)
    if arrived:
        _load(link, shown)
        typed = {name: session.get(name) for name in shown}
    session["_page"] = page
    refused_link: dict[str, str] = session.get("_refused", {})

    state = State(values={}, names=shown, arrived=arrived)
    good: Mapping[str, Value] = session.get("_good", {})
    before = session.get("_scheme", "")
    for name, control in TABLE.items():
        scheme = str(state.values.get("scheme", TABLE["scheme"].default))
        raw = typed.get(name) if name in shown else None
        if name != "scheme" and not arrived and name in shown:
            raw = _follow(name, raw, before, scheme)
        if raw is None:
            last = _last_good(control, good, scheme) if name in shown else default_of(name, scheme)
            state.values[name] = last
            continue
        if name in refused_link and raw != default_of(name, scheme):
            del refused_link[name]  # the visitor has chosen since
        try:
            state.values[name] = _parsed(control, str(raw), scheme)
            if name in refused_link:
                raise _no_option(options_of(name, scheme))
        except Refused as refused:
            facts = dict(refused.refusal.facts)
            fallback = _last_good(control, good, scheme) if refused.keep is None else refused.keep
            if name == "rows" and (patched := _patched(str(raw), str(good.get(name, "")))):
                fallback, facts["out"] = patched, ()
            state.values.setdefault(name, fallback)
            was = refused_link.get(name, str(raw))
            facts |= {"was": was, "used": state.values[name]}
            state.refusals[name] = Refusal(refused.refusal.code, facts)
    session["_scheme"] = state.values["scheme"]
    state.unknown = tuple(session.get("_unknown", ()))
    state.linked = session.get("_linked", {})
    state.version = session.get("_version", VERSION)
    return state


def _told(shown: Iterable[str]) -> dict[str, str]:
    """Return what the browser says stands in the fields, if it has outlived its session.

    A server began anew, or a lid was closed for long: the page stands there as it was, and what is chosen
    next must not give way to the link.
    """
    context = get_script_run_ctx()
    widgets = context.session_state.get_widget_states() if context else []
    told = {
        w.id.split("-", 2)[-1]: w.string_value for w in widgets if w.WhichOneof("value") == "string_value"
    }
    return {name: value for name in shown if (value := _chosen(name, told.get(name))) is not None}


def _chosen(name: str, label: str | None) -> str | None:
    """Return the option that a browser calls ``label`` in whichever language; a typed text as it is."""
    if label is None or not TABLE[name].options:
        return label
    words = ("scheme.{}.name", f"option.{name}.{{}}", "lesson.stop.{}", "plan.name.{}")
    for option in TABLE[name].options:
        keys = [pattern.format(option) for pattern in words]
        if label in {option, *(catalogue(language).get(key) for key in keys for language in LANGUAGES)}:
            return option
    return None


def _parsed(control: Control, raw: str, scheme: str) -> Value:
    """Return the value of ``raw``, which a scheme may hold to more than the table does."""
    value = control.parse(raw)
    if isinstance(value, float) and control.name in SCHEMES[scheme].params:
        domain = SCHEMES[scheme].domain(control.name)
        try:
            domain.checked(control.name, value)
        except ParameterError:
            raise outside(domain) from None
    return value


def _last_good(control: Control, good: Mapping[str, Value], scheme: str) -> Value:
    """Return the value that was last in force, if it is one for this scheme, or else the default."""
    default = default_of(control.name, scheme)
    try:
        return _parsed(control, written(good.get(control.name, default)), scheme)
    except Refused:
        return default


def default_of(name: str, scheme: str) -> Value:
    """Return a control's default: for a number, the scheme's own."""
    own: Value | None = SCHEMES[scheme].params.get(name)
    if own is not None and not TABLE[name].options:
        return own
    return _OWN_DEFAULTS.get((scheme, name), TABLE[name].default)


def options_of(name: str, scheme: str) -> tuple[str, ...]:
    """Return what there is to choose for a control; a scheme may have less than the table."""
    options = TABLE[name].options
    if name not in SCHEMES[scheme].params:
        return options
    choices = SCHEMES[scheme].domain(name).choices
    return tuple(option for option in options if option in choices)


def _follow(name: str, raw: Any, before: str, scheme: str) -> Any:
    """When the scheme changes, let a control that stood at the old one's default go to the new one's.

    Return what stands in it.
    """
    if before != scheme and raw == written(default_of(name, before)):
        raw = st.session_state[name] = written(default_of(name, scheme))
    elif (options := options_of(name, scheme)) and raw not in options:
        raw = st.session_state[name] = default_of(name, scheme)
    return raw


def _load(link: Mapping[str, str], shown: tuple[str, ...]) -> None:
    """Put a link's parameters into the widgets, as if they had been typed there."""
    session = st.session_state
    refused: dict[str, str] = {}
    scheme = str(TABLE["scheme"].default)
    link = {name: _cut(TABLE[name], raw) if name in shown else raw for name, raw in link.items()}
    session["_linked"] = {name: raw for name, raw in link.items() if name in shown}
    for name in shown:
        control, raw = TABLE[name], link.get(name)
        if name == "nonlinearity" and raw is None and _slope(link, scheme):
            raw = "leaky_relu"  # as torch, and a scheme written as text, read a alone
        default = default_of(name, scheme)
        if control.options:
            if raw is not None and raw not in options_of(name, scheme):
                refused[name] = raw[:MAX_CHARS]
                raw = None
            session[name] = default if raw is None else raw
        else:
            if name == "data" and raw is None and len(session.get("_data", "")) > MAX_LINK_DATA:
                raw = session["_data"]  # it was left behind here, as no link can carry it
            session[name] = written(default) if raw is None else raw
        if name == "scheme":
            scheme = str(session[name])
    session["_good"], session["_wrong"] = {}, {}
    session["_refused"] = refused
    session["_unknown"] = [n[:MAX_CHARS] for n in link if n not in shown and n != "v"][:3]
    session["_version"] = link.get("v", VERSION)[:MAX_CHARS]


def _cut(control: Control, raw: str) -> str:
    """Cut what a link holds to what its field takes; half a number is another number, so it is made none."""
    if len(raw) <= control.max_chars:
        return raw
    return f"{raw[: MAX_CHARS - 1]}…" if control.max_chars == MAX_CHARS else raw[: control.max_chars]


def _slope(link: Mapping[str, str], scheme: str) -> bool:
    """Tell whether a link gives a slope to a scheme that has one."""
    if not {"a", "nonlinearity"} <= SCHEMES[scheme].params.keys():
        return False
    try:
        return bool(_parsed(TABLE["a"], link.get("a", "0"), scheme))
    except Refused:
        return False


def next_seed(values: Mapping[str, Value]) -> str:
    """Return the seed after the one in force, as its field has it."""
    return written((int(values["seed"]) + 1) % (MAX_SEED + 1))


def link_to(page: str) -> dict[str, str]:
    """Return the URL parameters of ``page`` with what this visitor has chosen on any page.

    A link of the menu needs none: a page that is reached without any finds these by itself.
    """
    kept: Mapping[str, str] = st.session_state.get("_kept", {})
    return _versioned({name: kept[name] for name in CONTROLS[page] if name in kept})


def link_with(**values: Value) -> dict[str, str]:
    """Return the URL parameters that open a page with these values, looked at as now, else with defaults."""
    scheme = str(values.get("scheme", TABLE["scheme"].default))
    kept: Mapping[str, str] = st.session_state.get("_kept", {})
    look = {name: kept[name] for name in _FRAME if name in kept}
    return {"v": VERSION, **look} | {n: written(v) for n, v in values.items() if v != default_of(n, scheme)}


def write(state: State) -> None:
    """Put the values in force into the URL, and keep them for links to other pages."""
    query = state.query()
    kept = {n: v for n, v in st.session_state.get("_kept", {}).items() if n not in state.names}
    st.session_state["_kept"] = kept | {n: v for n, v in query.items() if n != "v"}
    # a browser that was faster than the network tells of the URL before the one that it was given last
    if st.query_params.to_dict() != query or st.session_state.get("_link", query) != query:
        st.query_params.from_dict(query)
    st.session_state["_link"] = query


def remember(state: State) -> None:
    """Note what stands in the widgets, at both ends of a run, to know what moves before the next."""
    session = st.session_state
    session["_typed"] = {name: session.get(name) for name in state.names}
    if "data" in state.names:
        session["_data"] = session["data"]

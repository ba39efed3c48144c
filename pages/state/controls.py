"""The table of controls: one row a control, from which its link, its label, its place and its tests follow.

Every control has one name, core's, which is its widget's key and its parameter in the URL. To add one, add
its row here, and call it where it stands with ``pages.widgets.controls``. Defaults are left out of the URL,
and neither they nor the names change within a version of it.
"""

from collections.abc import Mapping, Sequence

from core import ACTIVATIONS, PARAMETERS, SCHEMES
from core.devices import KINDS
from core.networks.edits import MAX_CHARS as MAX_EDIT_CHARS
from core.networks.network import LESSON
from core.signals.comparison import LESSON_THREE
from core.signals.comparison import MAX_CHARS as MAX_COMPARISON_CHARS
from core.signals.formula_text import MAX_CHARS as MAX_FORMULA_CHARS
from core.signals.trace_run import INPUTS
from core.table import MAX_ROWS
from core.teaching import lesson
from core.teaching.broken import EXAMPLES
from core.teaching.quiz import KINDS as QUESTIONS
from core.weights.layer_text import MAX_CHARS as MAX_LAYER_CHARS
from core.weights.parameters import NONLINEARITIES
from core.weights.sampling import DTYPES
from core.weights.spelling import MAX_CHARS as MAX_NETWORK_CHARS
from pages.state import parsers
from pages.state.control import (
    IN_LINK,
    MORE,
    OPEN,
    PARAMETER,
    UNTIL_GIVEN,
    VIEWS,
    Control,
    choice,
    on,
    typed,
    within,
)
from pages.state.parsers import Value, between, listed, step_of, whole
from pages.text import LANGUAGES, Text, catalogue

VERSION = "1"

#: page → its file, as Streamlit's links want it, in the order of the menu
PAGES = {"home": "app.py"} | {
    page: f"pages/{page}.py"
    for page in ("distribution", "compare", "signal", "model", "checkpoint", "lesson", "teach")
}

MAX_FAN = 65_536
#: A deep network's layers, units, inputs, and how many of them are drawn.
MAX_DEPTH, MAX_WIDTH, MAX_SAMPLES, MAX_SEEDS = 200, 2048, 1024, 50
#: torch's CPU generator uses the low 32 bits of a seed, so larger seeds repeat smaller ones.
MAX_SEED = 2**32 - 1
#: Characters of a tensor's name, as files have them.
MAX_NAME = 1000
#: What a file's tensors are sorted by, and which of them are shown.
SORTS = ("file", "name", "size", "std", "law")
KINDS_OF_TENSORS = ("all", "wrong", "fits", "unknown", "constant", "other")
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

#: The lecture plans that come with Init Lab, and how many steps each has.
PLANS: Mapping[str, int] = {"first": 9, "depth": 9, "network": 8, "started": 6}
#: What links call a lecturer's own plan, and the most steps that it has.
OWN_PLAN, MAX_STEPS = "own", 60
#: Parts of every page that a link may hide beside controls: the menu, the drawer, and what is taken away.
PARTS_OF_PAGES = ("menu", "more", "tools")
#: The views of the pages: distribution, compare, signal, checkpoint, model.
TABS = ("histogram", "cumulative", "quantiles", "largest", "matrix", "numbers", "code")
ASPECTS = ("multiples", "overlaid", "figures", "inspector", "rosetta")
SIGHTS = (
    *("forward", "gradient", "saturation", "layers", "correlation", "maps", "chaos", "gains"),
    *("figures", "code"),
)
#: The charts of one tensor.
PLOTS = ("weights", "row_norms", "spectrum")
BOARDS = ("map", "problems", "tensors", "ties", "against", "code")
PARTS = ("network", "forward", "counting", "parameters", "backward", "code")
#: The lesson's stops: its seven steps, why √5, its network, its close; and questions on all of it.
STOPS = (*lesson.STEPS, "sqrt5", "network", "closing", "questions")
#: What the signal page follows through the layers.
MEASURES = ("activation_rms", "preactivation_rms", "activation_variance", "preactivation_variance")


def _parameter(name: str, default: Value, options: Sequence[str] = ()) -> Control:
    """Return the row of a scheme's parameter; ``options`` are those of all schemes."""
    domain, places = PARAMETERS[name], on(home=IN_LINK, distribution=PARAMETER)
    if domain.choices:
        return choice(name, str(default), options or domain.choices, places)
    if domain.whole:
        return typed(name, default, whole(int(domain.minimum), int(domain.maximum)), places)
    return typed(name, default, parsers.parameter(name, domain), places)


#: The two ends of a law, where a scheme has both.
ENDS = ("a", "b")
#: The pages whose weights are drawn.
DRAWN = ("distribution", "compare", "signal", "model")
_EVERYWHERE = on(**dict.fromkeys(PAGES, IN_LINK))
_SCHEME = "scheme.{}.name"

#: In the order in which a link names them. What is too long for a text that is parsed is refused whole, by
#: one character more than it may have, and not cut.
_ROWS = (
    # --- a scheme and its parameters
    choice(
        "scheme", "kaiming_normal", SCHEMES, on(home=OPEN, distribution=OPEN), names=_SCHEME, stepped=True
    ),
    _parameter("nonlinearity", "relu", NONLINEARITIES),
    _parameter("mode", "fan_in", SCHEMES["variance_scaling"].domain("mode").choices),
    _parameter("a", 0.0),
    _parameter("b", 1.0),
    _parameter("mean", 0.0),
    _parameter("std", 1.0),
    _parameter("val", 5.0),
    _parameter("gain", 1.0),
    _parameter("sparsity", 0.1),
    _parameter("groups", 1),
    _parameter("distribution", "truncated_normal"),
    _parameter("scale", 1.0),
    _parameter("n_layer", 12),
    _parameter("sigma", 1.0),
    _parameter("base_width", 1),
    _parameter("layer_id", 0),
    _parameter("d_model", 0),  # 0 is the layer's own fan_in
    _parameter("role", "q"),
    _parameter("d_kv", 64),
    _parameter("factor", 1.0),
    _parameter("omega", 30.0),
    _parameter("stack", "alone"),
    _parameter("n_decoder", 12),
    _parameter("branch", 2),
    # --- several schemes, and what they do to a signal
    typed(
        "rows",
        str(LESSON_THREE),
        parsers.comparison,
        on(compare=OPEN, signal=OPEN),
        stepped=True,
        max_chars=MAX_COMPARISON_CHARS + 1,
    ),
    choice("order", "given", ("given", "std"), on(compare=MORE), look=True),
    typed(
        "activation",
        "relu",
        parsers.activation,
        on(compare=within("figures"), signal=OPEN),
        examples=tuple(ACTIVATIONS),
        max_chars=MAX_FORMULA_CHARS + 1,
    ),
    choice("aspect", "multiples", ASPECTS, on(compare=VIEWS), names="tab.{}", look=True),
    typed("depth", 50, whole(1, MAX_DEPTH), on(signal=OPEN)),
    typed("width", 256, whole(1, MAX_WIDTH), on(signal=OPEN)),
    typed("seeds", 10, whole(1, MAX_SEEDS), on(signal=MORE)),
    typed("samples", 64, whole(1, MAX_SAMPLES), on(signal=MORE)),
    # 'normal' is N(0, sigma_b²)
    choice("bias", "none", ("none", "torch", "normal"), on(signal=MORE)),
    typed("sigma_b", 0.1, between(0.0, 1000.0), on(signal=MORE), read_if=lambda v: v["bias"] == "normal"),
    choice("input", "normal", INPUTS, on(signal=MORE)),
    typed("input_scale", 1.0, between(1e-6, 1e6), on(signal=MORE)),
    choice("measure", "activation_rms", MEASURES, on(signal=MORE)),
    choice("picture", "ridges", ("ridges", "map"), on(signal=within("layers")), look=True),
    choice("between", "samples", ("samples", "units"), on(signal=within("correlation")), look=True),
    choice("sight", "forward", SIGHTS, on(signal=VIEWS), names="tab.{}", look=True),
    # --- a network and its input
    typed("net", str(LESSON), parsers.network, on(model=OPEN), stepped=True, max_chars=MAX_NETWORK_CHARS + 1),
    # 'printed' are the numbers that the lesson prints
    choice("weights", "seeded", ("seeded", "printed"), on(model=MORE)),
    typed("batch", 5, whole(1, MAX_ROWS), on(model=OPEN), read_if=lambda v: not v["data"]),
    typed("data_seed", 7, whole(0, MAX_SEED), on(model=OPEN), read_if=lambda v: not v["data"]),
    # what is too long is refused whole, not cut: half a number is another number
    typed("data", "", parsers.rows, on(model=MORE), max_chars=10**8),
    typed("edits", "", parsers.edits, on(model=MORE), max_chars=MAX_EDIT_CHARS + 1),
    typed("labels", "", parsers.labels, on(model=within("backward")), max_chars=5 * MAX_ROWS),
    typed("sample", 1, whole(1, MAX_ROWS), on(model=within("forward"))),
    choice("part", "network", PARTS, on(model=VIEWS), names="tab.{}", look=True),
    # --- a file of weights: its report's key, or an example; one of its tensors; another to compare with
    typed("report", "", parsers.key, on(checkpoint=IN_LINK)),
    choice("example", "gpt2", EXAMPLES, on(checkpoint=OPEN), stepped=True, read_if=lambda v: not v["report"]),
    typed("tensor", "", str, on(checkpoint=IN_LINK), look=True, max_chars=MAX_NAME),
    choice("plot", "weights", PLOTS, on(checkpoint=IN_LINK), names="checkpoint.plot.{}", look=True),
    typed(
        "against",
        "",
        parsers.key_or(EXAMPLES),
        on(checkpoint=within("against")),
        examples=("", *EXAMPLES),
        names="option.example.{}",
        look=True,
    ),
    typed("search", "", str, on(checkpoint=within("tensors")), look=True, max_chars=MAX_NAME),
    choice("sort", "file", SORTS, on(checkpoint=within("tensors")), look=True),
    choice("only", "all", KINDS_OF_TENSORS, on(checkpoint=within("tensors")), look=True),
    typed("sheet", 1, whole(1, 10**6), on(checkpoint=within("tensors")), look=True),
    choice("board", "map", BOARDS, on(checkpoint=VIEWS), names="tab.{}", look=True),
    # --- the lesson
    choice("step", "uniform", STOPS, on(lesson=VIEWS), names="lesson.stop.{}"),
    typed("slope", 0.0, between(0.0, lesson.SQRT5), on(lesson=IN_LINK), look=True),
    typed("quiz", 1, whole(1, MAX_SEED), on(lesson=IN_LINK)),
    typed("question", 1, whole(1, len(QUESTIONS)), on(lesson=IN_LINK)),
    # --- a layer, and how it is drawn and shown
    typed(
        "layer",
        "",
        parsers.layer,
        on(home=IN_LINK, distribution=UNTIL_GIVEN, compare=[UNTIL_GIVEN, within("inspector")]),
        examples=LAYERS,
        max_chars=MAX_LAYER_CHARS + 1,
    ),
    *(
        typed(
            name,
            default,
            whole(1, MAX_FAN),
            on(home=IN_LINK, distribution=OPEN, compare=OPEN, lesson=within("sqrt5")),
            read_if=lambda v: not v["layer"],
        )
        for name, default in (("fan_in", 512), ("fan_out", 256))
    ),
    typed(
        "seed",
        40,
        whole(0, MAX_SEED),
        on(**dict.fromkeys(("home", *DRAWN), OPEN), lesson=within(*STOPS[:-2])),
        read_if=lambda v: v["weights"] != "printed",
    ),
    choice("device", "cpu", KINDS, on(home=IN_LINK, **dict.fromkeys(DRAWN, OPEN))),
    choice("dtype", "float32", DTYPE_NAMES, on(home=IN_LINK, **dict.fromkeys(DRAWN, MORE))),
    typed("bins", 60, whole(10, 400), on(home=IN_LINK, distribution=MORE), look=True),
    choice(
        "overlay", "none", ("none", *SCHEMES), on(home=IN_LINK, distribution=MORE), names=_SCHEME, look=True
    ),
    choice("tab", "histogram", TABS, on(home=IN_LINK, distribution=VIEWS), names="tab.{}", look=True),
    # --- what a lecturer prepares
    choice("prepare", "link", ("link", "plan"), on(teach=VIEWS)),
    choice("plan", "first", (*PLANS, OWN_PLAN), on(teach=IN_LINK), names="plan.name.{}"),
    # --- every page's own; 'on' covers a page's result until it is asked for
    choice("predict", "off", ("off", "on"), {**_EVERYWHERE, **on(lesson=within(*STOPS[:-2]))}, look=True),
    # a lecturer's choice of what students see, and of what they cannot change
    typed(
        "hide", "", listed(lambda: (*TABLE, *PARTS_OF_PAGES)), _EVERYWHERE, look=True, max_chars=MAX_LISTED
    ),
    typed("lock", "", listed(lambda: TABLE), _EVERYWHERE, look=True, max_chars=MAX_LISTED),
    choice("view", "page", ("page", "projector", "presenter"), _EVERYWHERE, look=True),
    # '' is the browser's own language, which a link leaves to its reader
    choice("lang", "", ("", *LANGUAGES), _EVERYWHERE, look=True),
    # the held plan and its step, as in 'depth-3'; '' holds none. The text of one's own is kept by the browser
    typed("at", "", step_of({**PLANS, OWN_PLAN: MAX_STEPS}), _EVERYWHERE, look=True),
)
TABLE: Mapping[str, Control] = {control.name: control for control in _ROWS}

#: page → its controls, which are also what its link may hold
CONTROLS: Mapping[str, tuple[str, ...]] = {
    page: tuple(name for name, control in TABLE.items() if page in control.on) for page in PAGES
}
#: What every page has, and of that, how a visitor looks at a page: a shared link leaves it out.
FRAME = tuple(name for name, control in TABLE.items() if control.on.keys() == PAGES.keys())
OWN_LOOK = ("view", "lang", "at")


def views_of(page: str) -> str:
    """Return the control that holds a page's views; '' if it has none."""
    return next((name for name, control in TABLE.items() if VIEWS in control.on.get(page, ())), "")


def stepped_on(page: str) -> str:
    """Return the control that "next" and "previous" change on a page; '' if there is none."""
    return next((name for name in CONTROLS[page] if TABLE[name].stepped), "")


def rows_of(scheme: str) -> list[tuple[str, ...]]:
    """Return a scheme's parameters by rows, both ends in one; the first row is seen at first sight."""
    names = [*SCHEMES[scheme].params]
    rows: list[tuple[str, ...]] = []
    while names:
        row = ENDS if names[0] in ENDS and {*ENDS} <= {*names} else (names[0],)
        rows.append(row)
        names = [name for name in names if name not in row]
    return rows


def word_of(name: str, option: str, t: Text) -> str:
    """Return what an option of a control is called: its own word, its registry's, or itself."""
    key = f"option.{name}.{option}"
    if key in catalogue(t.language):
        return t(key)
    named = TABLE[name].names.format(option)
    return t(named) if named in catalogue(t.language) else option


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

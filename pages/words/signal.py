"""What a deep network did to a signal, in words, lines and tables."""

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

import numpy as np
import numpy.typing as npt
import torch

from core.signals import fate as outlook
from core.signals import meanfield
from core.signals.fate import FAR, Fate
from pages.figures.signal import DRAWN, Line
from pages.jobs import signal_theory
from pages.jobs.signal import Followed
from pages.state.chosen import State
from pages.text import Text, sentences
from pages.text.numbers import apart, count, quantity
from pages.text.tables import table
from pages.words.common import brief, fielded, folded, moving

Array = npt.NDArray[np.float64]

#: Schemes that a finding names of each kind before it counts the rest; of more than FEW, only one.
NAMED, FEW = 3, 4
#: How many times the depth the square of a width is at which what is known of a finite width is exact enough.
_WIDE = 50


def context(state: State, t: Text) -> str:
    """Return the line above the finding: which network, fed with what, and from which seeds."""
    n = len(state.comparison.entries)
    facts = {
        "n": n,
        "activation": escape(state["activation"]),
        "depth": count(state["depth"]),
        "width": count(state["width"]),
        "samples": count(state["samples"]),
        "seeds": count(state["seeds"]),
        "seed": state["seed"],
    }
    words = t("signal.context" if n > 1 else "signal.context_one", **facts)
    sigma_b = quantity(state["sigma_b"], state["sigma_b"], trim=True)
    biased = moving("bias", bias(state["bias"], sigma_b, t))
    wide = t("signal.context_wide", device=state.device, dtype=state["dtype"], **facts)
    schemes, dot, network = words.partition(" · ")
    which = schemes + fielded(dot + network, state, "activation", "depth", "width")
    of = (["samples"], ["seeds", "seed"], ["device"], ["dtype"])
    parts = zip(wide.split(" · "), of, strict=True)
    how = "".join(fielded(f" · {part}", state, *fields, wide=True) for part, fields in parts)
    # without the biases that nn.Linear has, a signal vanishes that comes to rest with them
    return f'<p class="lab-context">{which} · {biased}{how}{moving("here", "")}</p>'


def bias(kind: str, sigma_b: str, t: Text) -> str:
    """Return which biases there are, and how wide normal ones are."""
    return t(f"option.bias.{kind}") + (f"{t('signal.listed')}σ_b = {sigma_b}" if kind == "normal" else "")


def measured(row: Followed, measure: str) -> Array:
    """Return the squares, (seeds, depth), of what a measure follows: an RMS, or a variance."""
    part, kind = measure.split("_")
    values: Array = getattr(row.trace, f"{part}_{'mean_square' if kind == 'rms' else 'variance'}")
    return values if kind == "rms" else values**2


def lines(rows: Sequence[Followed], measure: str, t: Text) -> list[Line]:
    """Return each scheme's course forward: geometric mean over seeds, its band, and theory."""
    return [_line(row, measured(row, measure), _foretold(row, measure), t) for row in rows]


def _foretold(row: Followed, measure: str) -> Array | None:
    """Return what theory expects of a measure by layer; of pre-activations, the units' mean is 0."""
    if row.expected is None:
        return None
    part, kind = measure.split("_")
    squares: Array = getattr(row.expected, f"{part}_mean_square")
    if kind == "rms":
        return np.asarray(np.sqrt(squares))
    if part == "preactivation":
        return squares
    lengths = row.expected.preactivation_mean_square
    means: Array = np.array([signal_theory.mean(row.trace.activation, q) for q in lengths.tolist()])
    with np.errstate(invalid="ignore"):
        return squares - means**2


def _line(row: Followed, squares: Array, theory: Array | None, t: Text) -> Line:
    middle, low, high = outlook.spread(squares)
    several = len(squares) > 1
    words = phrase(outlook.fate(squares), middle, t)
    return Line(
        brief(row.name), words, row.place, middle, low if several else None, high if several else None, theory
    )


def phrase(found: Fate, course: Array, t: Text) -> str:
    """Return what a line does, for its end: so much a layer, or what it comes to."""
    if found.lost:
        return t("signal.overflow_from" if found.overflow else "signal.zero_from", place=found.lost)
    if not math.isnan(found.rate):
        return t("signal.rate", rate=apart(found.rate, 1))
    return t("signal.comes_to", value=quantity(course[-1], digits=3))


def finding(rows: Sequence[Followed], state: State, t: Text) -> str:
    """Return what became of the signal with each scheme."""
    courses = [measured(row, state["measure"]) for row in rows]
    what = t(f"signal.noun.{state['measure']}")
    if state["depth"] == 1:
        return t(
            "signal.finding_one", activation=state["activation"], what=what, parts=_ends_at(rows, courses, t)
        )
    groups = _groups(rows, courses, state, t, "signal")
    return t("signal.finding", activation=state["activation"], what=what, groups=groups)


def gradient_finding(rows: Sequence[Followed], state: State, t: Text) -> str:
    """Return what became of the gradient on its way back with each scheme."""
    if state["depth"] == 1:
        parts = _ends_at(rows, [backwards(row) for row in rows], t)
        return t("signal.gradient_finding_one", parts=parts)
    groups = _groups(rows, [backwards(row) for row in rows], state, t, "gradient")
    return t("signal.gradient_finding", activation=state["activation"], groups=groups)


def _ends_at(rows: Sequence[Followed], courses: Sequence[Array], t: Text) -> str:
    """Return what a measure is in the only layer, with which there is none to compare."""
    named = NAMED if len(rows) <= FEW else 1
    parts = [
        t("signal.alike_part", value=_figure(outlook.spread(course).middle[0]), name=brief(row.name))
        for row, course in zip(rows[:named], courses, strict=False)
    ]
    if len(rows) > named:
        parts.append(t("signal.others", n=len(rows) - named))
    return t("verdict.and").join(parts)


def backwards(row: Followed) -> Array:
    """Return the squares of what goes back, (seeds, depth), from the last layer on.

    nan from where it came through a signal that is nan: torch's relu has slope 1 there. The last layer's
    slopes are not used.
    """
    undone = np.isnan(row.trace.activation_mean_square[:, ::-1])
    undone[:, 0] = False
    return np.where(
        np.logical_or.accumulate(undone, axis=1), math.nan, row.trace.gradient_mean_square[:, ::-1]
    )


def _groups(rows: Sequence[Followed], courses: Sequence[Array], state: State, t: Text, way: str) -> str:
    """Say of each kind of fate with which schemes it came about, and when; ``way`` is a table of words."""
    fates = [outlook.fate(course) for course in courses]
    ends = [outlook.spread(course).middle[-1] for course in courses]
    groups, named = [], NAMED if len(rows) <= FEW else 1
    kinds = [_kind(row, found, way) for row, found in zip(rows, fates, strict=True)]
    for kind in ("kept", "settles", "falls", "grows", "vanishes", "explodes", "overflows", "unknown", "lost"):
        of_kind = [each[:3] for each in zip(rows, fates, ends, kinds, strict=True) if each[-1] == kind]
        if not of_kind:
            continue
        parts = []
        for row, found, end in sorted(of_kind, key=lambda each: each[1].place or each[1].lost)[:named]:
            place = found.place or found.lost
            layer = place if way == "signal" else state["depth"] - place + 1
            silent = way == "gradient" and found.lost and not found.overflow and _gone_from(row)
            gone = _gone_from(row, overflow=True) if kind == "unknown" else silent
            parts.append(
                t(
                    "signal.gradient.silent" if silent else f"signal.{way}.{kind}",
                    name=brief(row.name),
                    place=count(gone or layer),
                    steps=count(place - 1),
                    last=count(state["depth"]),
                    value=quantity(end, digits=3),
                    factor=quantity(found.factor, digits=3, trim=True),
                    dtype=state["dtype"],
                )
            )
        if len(of_kind) > named:
            parts.append(t("signal.others", n=len(of_kind) - named))
        groups.append(t(f"signal.is.{kind}", parts=t("signal.and").join(parts), dtype=state["dtype"]))
    *first, last = groups
    return t("signal.last").join([t("signal.then").join(first), last] if first else [last])


def _kind(row: Followed, found: Fate, way: str) -> str:
    """Return what became of a signal, or a gradient: "unknown" of one whose signal overflowed before."""
    if found.place or not found.overflow:
        return found.kind
    return "unknown" if way == "gradient" and _gone_from(row, overflow=True) else "overflows"


def _gone_from(row: Followed, *, overflow: bool = False) -> int:
    """Return the layer from which on the signal is 0, or has overflowed, forward; 0 if there is none."""
    found = outlook.fate(row.trace.activation_mean_square)
    return found.lost if found.overflow == overflow else 0


def gradient_lines(rows: Sequence[Followed], t: Text) -> list[Line]:
    """Return each scheme's course back, by layer from the first on."""
    found = []
    for row in rows:
        middle, low, high = (part[::-1] for part in outlook.spread(backwards(row)))
        band = (low, high) if len(row.trace.seeds) > 1 else (None, None)
        theory = None if row.expected is None else np.sqrt(row.expected.gradient_mean_square)
        fate = outlook.fate(backwards(row))
        words = _phrase_back(fate, middle, t)
        if fate.lost and not fate.place and (gone := _gone_from(row, overflow=fate.overflow)):
            words = t("signal.signal_overflows" if fate.overflow else "signal.no_signal", place=gone)
        line = Line(brief(row.name), words, row.place, middle, theory=theory)
        found.append(line._replace(low=band[0], high=band[1]))
    return found


def _phrase_back(found: Fate, course: Array, t: Text) -> str:
    """Return what a line does on its way back, for its end at layer 1."""
    layer = len(course) - found.lost + 1
    if found.lost:
        return t("signal.overflow_from" if found.overflow else "signal.zero_down", place=layer)
    if not math.isnan(found.rate):
        return t("signal.rate_back", rate=apart(found.rate, 1))
    return t("signal.comes_to", value=quantity(course[0], digits=3))


def reading(rows: Sequence[Followed], state: State, t: Text) -> str:
    """Return how the charts by layer are read, and what a finite width does."""
    words = [t("signal.reading" if state["seeds"] > 1 else "signal.reading_one", seeds=state["seeds"])]
    if any(row.expected is not None for row in rows):
        words.append(t("signal.reading_theory"))
    if any(row.setting is None for row in rows):
        words.append(t("signal.reading_silent"))
    words.append(t("signal.reading_far", far=count(FAR)))
    words += _ends([measured(row, state["measure"]) for row in rows], state, t)
    offset = [row for row in rows if _offset(row)]
    if state["measure"] == "activation_rms" and offset:
        words.append(t("signal.reading_mean", names=_named(offset, t)))
    if _strays(rows, state):
        # ln q of the last layer is N(−cL/2N, cL/N) about theory's, and RMS is √q (Hanin & Nica 2020)
        spread = meanfield.width_constant(state["activation"], 1.0) * state["depth"] / state["width"]
        lower, factor = math.exp(-spread / 4), math.exp(math.sqrt(spread) / 2)
        facts = {"lower": quantity(lower, digits=3), "factor": quantity(factor, digits=3)}
        words.append(t("signal.reading_width", width=count(state["width"]), **facts))
    return folded(sentences(*words), t)


def _named(rows: Sequence[Followed], t: Text) -> str:
    return escape(t("verdict.and").join(brief(row.name) for row in rows[:NAMED]))


def _offset(row: Followed) -> bool:
    """Tell whether nearly all that arrives is one number, the same for all units."""
    whole, own = (x[:, -1].mean() for x in (row.trace.activation_mean_square, row.trace.activation_variance))
    return bool(own < 0.01 * whole < math.inf)


def _strays(rows: Sequence[Followed], state: State) -> bool:
    """Tell whether what is known of a finite width speaks of this run: relus, drawn weights, no bias.

    It is known to the order of depth/width; what the next, depth/width², adds is below a twentieth here.
    """
    drawn = any(
        row.setting and row.setting.sigma_w2 and not row.entry.scheme.startswith("orthogonal") for row in rows
    )
    relus = state["activation"] in {"relu", "leaky_relu"} and state["bias"] == "none"
    wide = state["width"] ** 2 >= _WIDE * state["depth"]
    return drawn and relus and wide and state["measure"].endswith("rms")


def _ends(courses: Sequence[Array], state: State, t: Text) -> list[str]:
    """Return where numbers end, if a line does."""
    if not any(outlook.fate(course).lost for course in courses):
        return []
    limits = torch.finfo(state.dtype)
    # float16 keeps what is below its normal range, and loses digits there
    least = limits.tiny * (limits.eps if state["dtype"] == "float16" else 1)
    ends = {"least": quantity(least, digits=3), "most": quantity(limits.max, digits=3)}
    return [t("signal.reading_dtype", dtype=state["dtype"], **ends)]


def gradient_reading(rows: Sequence[Followed], state: State, t: Text) -> str:
    """Return how the chart of gradients is read."""
    words = [
        t("signal.gradient_note"),
        t("signal.reading" if state["seeds"] > 1 else "signal.reading_one", seeds=state["seeds"]),
    ]
    if any(row.expected is not None for row in rows):
        words.append(t("signal.reading_chi"))
    words.append(t("signal.gradient_far", far=count(FAR)))
    words += _ends([backwards(row) for row in rows], state, t)
    return folded(sentences(*words), t)


def key(courses: Sequence[Line]) -> str:
    """Return the lines' names and phrases, for where the chart has no room for them."""
    entries = "".join(
        f'<li><i style="color:var(--series{line.series + 1})">{DRAWN[line.series]}</i> '
        f"<b>{escape(line.name)}</b> {line.phrase}</li>"
        for line in courses
    )
    return f'<ul class="lab-key">{entries}</ul>'


def figures(rows: Sequence[Followed], state: State, t: Text) -> str:
    """Return the RMS by layer, what was drawn over what theory expects, at some of the layers."""
    depth = state["depth"]
    shown = sorted(
        {n for n in (1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50, 75, 100, 150, 200) if n <= depth} | {depth}
    )
    heads = [t("signal.head"), *(escape(brief(row.name)) for row in rows)]
    courses = lines(rows, state["measure"], t)
    body = []
    for layer in shown:
        cells = []
        for course in courses:
            drawn = _figure(course.middle[layer - 1])
            theory = "" if course.theory is None else f"<br><i>{_figure(course.theory[layer - 1])}</i>"
            cells.append(drawn + theory)
        body.append([str(layer), *cells])
    caption = t("signal.caption", what=t(f"signal.noun.{state['measure']}"))
    return table(heads, body, caption, "lab-table lab-two lab-layers", within="lab-scroll")


def _figure(value: float) -> str:
    return quantity(value) if value > 0 else "–"


def as_csv(rows: Sequence[Followed]) -> str:
    """Write every seed's numbers with full precision, under headings that are the same in every language."""
    fields: Mapping[str, Callable[[Followed], Array]] = {
        name: lambda row, name=name: getattr(row.trace, name)  # type: ignore[misc]
        for name in (
            "preactivation_mean_square",
            "preactivation_variance",
            "activation_mean_square",
            "activation_variance",
            "gradient_mean_square",
            "saturated",
            "dead",
        )
    }
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["scheme", "seed", "layer", *fields, "expected_preactivation_mean_square"])
    for row in rows:
        tables = [read(row) for read in fields.values()]
        for at, seed in enumerate(row.trace.seeds):
            for layer in range(tables[0].shape[1]):
                expected = "" if row.expected is None else row.expected.preactivation_mean_square[layer]
                values = [table[at, layer] for table in tables]
                writer.writerow([str(row.entry), seed, layer + 1, *values, expected])
    return file.getvalue()


def code_finding(_: object, state: State, t: Text) -> str:
    """Return what the script does."""
    return t("signal.code_finding", depth=count(state["depth"]), seeds=count(state["seeds"]))

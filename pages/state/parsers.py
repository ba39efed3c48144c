"""What a typed or linked text means: a parser a kind of control, which reads it or says why not."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from core import Comparison, Entry, InitLabError, Layer, Network, ShapeError, read_table
from core.checks import number_in
from core.networks.edits import read_edits
from core.signals.comparison import MAX_ENTRIES
from core.signals.formula import activation_of
from core.table import HALF_WIDTH, WIDE_MARKS, written_table
from core.weights.parameters import LARGEST, SMALLEST, Parameter
from core.weights.spelling import split

Value = int | float | str
#: Decimals of an end that has more, as √5 has.
MOST_PLACES = 16
Parse = Callable[[str], Value]

layer_of = lru_cache(maxsize=512)(Layer.of)
network_of = lru_cache(maxsize=512)(Network.of)
comparison_of = lru_cache(maxsize=512)(Comparison.of)
table_of = lru_cache(maxsize=64)(read_table)
edits_of = lru_cache(maxsize=512)(read_edits)


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


def half_width(raw: str) -> str:
    """Return what was typed with the wide characters of a Chinese keyboard as those of ASCII, as many."""
    return raw.translate(_TYPED)


#: Its wide space is one as well; its marks that ASCII has not, as 、 and 。, stay.
_TYPED = HALF_WIDTH | {ord("\u3000"): " "}


def one_of(options: tuple[str, ...]) -> Parse:
    """Return the parser of a choice."""

    def parse(raw: str) -> str:
        if raw not in options:
            raise no_option(options)
        return raw

    return parse


def no_option(options: Iterable[str]) -> Refused:
    """Return the refusal of what is none of ``options``."""
    return Refused("choice", options=", ".join(filter(None, options)))


def whole(low: int, high: int) -> Parse:
    """Return the parser of a whole number."""

    def parse(raw: str) -> int:
        raw = half_width(raw)
        if re.fullmatch(r"\s*[+-]?\d+\s*", raw, re.ASCII) and low <= int(raw) <= high:
            return int(raw)
        raise Refused("whole", low=low, high=high)

    return parse


def parameter(name: str, domain: Parameter) -> Parse:
    """Return the parser of a scheme's parameter that is a real number."""

    def parse(raw: str) -> float:
        try:
            return float(domain.checked(name, number_in(half_width(raw))))
        except ValueError:
            raise outside(domain) from None

    return parse


def between(low: float, high: float) -> Parse:
    """Return the parser of a real number from ``low`` to ``high``."""

    def parse(raw: str) -> float:
        try:
            value = number_in(half_width(raw))
        except ValueError:
            value = math.nan
        if any(value == round(high, places) for places in range(3, MOST_PLACES)):
            return high  # as people write √5, to four digits or more
        if low == 0 and not (value == 0 or SMALLEST <= value <= high):
            raise Refused("positive", smallest=SMALLEST, largest=high)
        if not low <= value <= high:
            raise Refused("between", low=low, high=high)
        return value

    return parse


def outside(domain: Parameter) -> Refused:
    """Return the refusal of a number outside ``domain``."""
    if domain.whole:
        return Refused("whole", low=int(domain.minimum), high=int(domain.maximum))
    if domain.maximum < math.inf:
        return Refused("between", low=domain.minimum, high=domain.maximum)
    code = "real" if domain.minimum else "positive" if domain.zero else "above"
    return Refused(code, smallest=SMALLEST, largest=LARGEST)


def layer(raw: str) -> str:
    """Read a layer as a model writes it; '' is Linear, of the two fans."""
    try:
        return layer_of(half_width(raw)).text if raw.strip() else ""
    except ShapeError as error:
        listed = {fact: ", ".join(error.facts.get(fact, ())) for fact in ("kinds", "weights")}
        raise Refused(error.code.removeprefix("shape."), **error.facts | listed) from None


def network(raw: str) -> str:
    """Read a network."""
    try:
        return str(network_of(half_width(raw)))
    except InitLabError as error:
        facts = {"parameter" if fact == "name" else fact: value for fact, value in error.facts.items()}
        raise Refused(f"network_{error.code.split('.')[1]}", **facts) from None


def comparison(raw: str) -> str:
    """Read the schemes of a comparison; those that can be read stay, where others cannot."""
    raw = half_width(raw)
    try:
        return str(comparison_of(raw))
    except InitLabError as error:
        names = {"name": "parameter", "at": "place"}
        facts = {names.get(fact, fact): value for fact, value in error.facts.items()}
        code = error.code.replace(".", "_").replace("parameter_", "row_")
        kept, out = _readable(raw) if code != "comparison_long" else ("", ())
        raise Refused(code, keep=kept or None, **facts, out=out if kept else ()) from None


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


def patched(raw: str, last: str) -> str:
    """Return the entries, those that cannot be read as they last were; "" unless there are as many."""
    typed, before = split(raw, "-"), split(last, "-")
    if len(typed) != len(before):
        return ""
    pairs = zip(typed, before, strict=True)
    return "-".join(old if _readable(entry)[1] else entry.strip() for entry, old in pairs)


def rows(raw: str) -> str:
    """Read a visitor's own numbers, a row a line."""
    try:
        return written_table(table_of(raw)) if raw.strip() else ""
    except InitLabError as error:
        raise Refused(error.code.replace(".", "_"), **error.facts) from None


def edits(raw: str) -> str:
    """Read numbers set by hand."""
    try:
        return ",".join(map(str, edits_of(half_width(raw).strip())))
    except InitLabError as error:
        raise Refused(error.code.replace(".", "_"), **error.facts) from None


def activation(raw: str) -> str:
    """Read an activation's key, or a formula of z."""
    try:
        return activation_of(half_width(raw)).key
    except InitLabError as error:
        facts = {**error.facts, "column": error.facts.get("at", 0) + 1}
        facts.pop("at", None)  # elsewhere a layer's place
        raise Refused(error.code.replace(".", "_"), **facts) from None


def listed(allowed: Callable[[], Iterable[str]]) -> Parse:
    """Return the parser of names with commas between them, each once."""

    def parse(raw: str) -> str:
        names = [part.strip() for part in raw.translate(WIDE_MARKS).split(",") if part.strip()]
        known = tuple(allowed())
        kept = ",".join(dict.fromkeys(part for part in names if part in known))
        if unknown := [part for part in names if part not in known]:
            raise Refused("listed", keep=kept, unknown=", ".join(unknown), options=", ".join(known))
        return kept

    return parse


def key(raw: str) -> str:
    """Read the key of a report that is kept; '' is none."""
    if raw and not re.fullmatch(r"[0-9a-f]{16}", raw):
        raise Refused("report_key")
    return raw


def key_or(names: Iterable[str]) -> Parse:
    """Return the parser of such a key, or of a name."""
    return lambda raw: raw if raw in names else key(raw)


def labels(raw: str) -> str:
    """Read whole numbers from 0 on, with commas or spaces between them."""
    found = re.split(r"[,;\s]+", raw.translate(WIDE_MARKS).strip(" \t\r\n,;"))
    if found != [""] and not all(re.fullmatch(r"\d{1,9}", label, re.ASCII) for label in found):
        raise Refused("labels")
    return ",".join(str(int(label)) for label in found if label)


def step_of(plans: Mapping[str, int]) -> Parse:
    """Return the parser of a plan's step, as in ``depth-3``; '' is none."""

    def parse(raw: str) -> str:
        if raw and raw not in (f"{plan}-{at}" for plan, steps in plans.items() for at in range(1, steps + 1)):
            known = ", ".join(f"{plan}-1 … {plan}-{steps}" for plan, steps in plans.items())
            raise Refused("plan_step", known=known)
        return raw

    return parse

"""Lecture plans: Markdown lists of links to our own pages, read from any editor and written back.

A plan is a title, some prose if you like, and a list of links::

    # A first hour
    1. [Zeros](/distribution?v=1&scheme=zeros&predict=on "5 min") Ask what such a layer can learn.

What is read here is plain text: pages escape it wherever they show it.
"""

import re
import string
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from pages.state.controls import CONTROLS, MAX_STEPS, PLANS, TABLE, VERSION

#: Bytes of a plan's text.
MAX_BYTES = 64 * 1024
#: The plans that come with Init Lab, in ``pages/text/plans``.
READY = tuple(PLANS)

_PAGES = ", ".join("/" if page == "home" else f"/{page}" for page in CONTROLS)
_FOLDER = Path(__file__).parents[1] / "text" / "plans"
_HEAD = re.compile(r" {0,3}#\s+(.*)")
_ITEM = re.compile(r"\s*(?:\d{1,9}[.)]|[-*+])\s+(.*)")
#: An empty line, a heading, or a rule.
_PASSED_OVER = re.compile(r"\s*(?:#.*|([-*_=])(?:\s*\1)*\s*)?")
#: A backslash takes the meaning from what Markdown has for marks.
_ESCAPED = re.compile(rf"\\([{re.escape(string.punctuation)}])")
_MARKS = re.compile(r"([\\`*\[\]<])")
#: What would make a line a heading, a list or a rule.
_FIRST = re.compile(r"^(\d{1,9}(?=[.)])|(?=[-+#=~>|_]))")
#: Parameters that are no choice of a plan's: Streamlit's own, and where a plan was when a link was copied.
_PASSING = {"embed", "embed_options", "at"}
_MINUTES = re.compile(r"\s+\"(\d{1,3}) min\"$", re.ASCII)
#: How much of a line an answer repeats.
_QUOTED = 60


class PlanError(ValueError):
    """A text that is no plan: ``code`` is a key of the text catalogue's ``plan.error``.

    ``line`` counts from 1, and is 0 where the whole text is at fault; ``facts`` say what stood there.
    """

    def __init__(self, code: str, line: int = 0, **facts: Any) -> None:
        super().__init__(f"{code}, line {line}")
        self.code, self.line, self.facts = code, line, facts


@dataclass(frozen=True, slots=True)
class Step:
    """One link of a plan: what it is called, where it leads, and what is said of it."""

    title: str
    page: str
    query: tuple[tuple[str, str], ...] = ()
    note: str = ""
    #: how long it is meant to take; 0 where the plan does not say
    minutes: int = 0

    def held(self, **values: str) -> tuple[tuple[str, str], ...]:
        """Return the parameters with some of another value; '' leaves one out."""
        query = dict(self.query) | values
        return tuple((name, value) for name, value in query.items() if value or name not in values)

    def params(self, look: Mapping[str, str]) -> dict[str, str]:
        """Return the parameters that open this step, seen as in ``look`` where it says nothing of that.

        There is always one: without any, a page takes along what was chosen before.
        """
        own = {"v": VERSION, **dict(self.query)}
        return own | {name: value for name, value in look.items() if name not in own}  # as pages write it


@dataclass(frozen=True, slots=True)
class Plan:
    """A lecture: its title, what is said of it, and its steps in order."""

    title: str
    steps: tuple[Step, ...]
    prose: str = ""

    @property
    def minutes(self) -> int:
        """How long the steps are meant to take that say so."""
        return sum(step.minutes for step in self.steps)

    @property
    def timed(self) -> int:
        """How many steps say how long they are meant to take."""
        return sum(step.minutes > 0 for step in self.steps)

    def moved(self, at: int, to: int) -> "Plan":
        """Return the plan with a step at another place."""
        rest = [*self.steps[:at], *self.steps[at + 1 :]]
        return replace(self, steps=(*rest[:to], self.steps[at], *rest[to:]))

    def changed(self, at: int, **values: Any) -> "Plan":
        """Return the plan with a step that says otherwise."""
        return self._with(at, replace(self.steps[at], **values))

    def without(self, at: int) -> "Plan":
        """Return the plan without a step."""
        return self._with(at)

    def _with(self, at: int, *steps: Step) -> "Plan":
        return replace(self, steps=(*self.steps[:at], *steps, *self.steps[at + 1 :]))


@cache
def ready(name: str, language: str) -> str:
    """Return the text of a plan that comes with Init Lab."""
    return (_FOLDER / f"{name}.{language}.md").read_text(encoding="utf-8")


def decoded(data: bytes) -> str:
    """Return the text of an uploaded file.

    Raises:
        PlanError: if it is too long, or not UTF-8.
    """
    if len(data) > MAX_BYTES:
        raise PlanError("long", most=MAX_BYTES // 1024)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PlanError("text") from None


def parse(text: str, host: str | None = None) -> Plan:
    """Read a plan; headings after the first and rules between steps are passed over.

    Whole addresses are those of ``host``, without its port; of any host where that is not known.

    Raises:
        PlanError: with the line where it is no plan.
    """
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise PlanError("long", most=MAX_BYTES // 1024)
    title = ""
    prose: list[str] = []
    steps: list[tuple[Step, list[str]]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _HEAD.fullmatch(line):
            title = title or ("" if steps else plain(match[1]))
        elif _PASSED_OVER.fullmatch(line):  # before the items: "* * *" begins as one
            continue
        elif match := _ITEM.fullmatch(line):
            steps.append((_step(match[1], number, host), []))
        else:
            (steps[-1][1] if steps else prose).append(line.strip())
    if not steps:
        raise PlanError("empty")
    if len(steps) > MAX_STEPS:
        raise PlanError("many", most=MAX_STEPS, given=len(steps))
    return Plan(title, tuple(_noted(*step) for step in steps), plain(" ".join(prose)))


@lru_cache(maxsize=64)
def parsed(text: str) -> Plan:
    """Return ``parse``'s plan, of any host: a page that holds it needs it at each run."""
    return parse(text)


def _step(item: str, line: int, host: str | None) -> Step:
    """Read a list's item: a link, and what follows it."""
    words, rest = _paired(item, "[]")
    address, minutes, note = _address(rest)
    title = plain(words)
    if not title or not address:
        raise PlanError("link", line, was=item[:_QUOTED])
    page, query = _place(address, line, host)
    return Step(title, page, query, plain(note), minutes)


def _paired(text: str, brackets: str) -> tuple[str, str]:
    """Split text that opens with a bracket into what is in it and what follows it; empty without an end."""
    depth, escaped = 0, False
    for at, letter in enumerate(text):
        if not escaped:
            depth += {brackets[0]: 1, brackets[1]: -1}.get(letter, 0)
        escaped = letter == "\\" and not escaped
        if depth == 0:
            return text[1:at], text[at + 1 :]
    return "", ""


def _noted(step: Step, more: list[str]) -> Step:
    """Return a step with the lines below it as a part of its note."""
    note = " ".join(filter(None, (step.note, plain(" ".join(more)))))
    return replace(step, note=note)


def _address(rest: str) -> tuple[str, int, str]:
    """Split what follows a link's words into its address, which has no spaces, its minutes, and the rest.

    The minutes are the link's own title, as Markdown has it: ``(/model "5 min")``.
    """
    inner, note = _paired(rest, "()")
    title = _MINUTES.search(inner)
    inner = inner[: title.start()] if title else inner
    address = inner[1:-1] if re.fullmatch("<.*>", inner) else inner
    return ("", 0, "") if re.search(r"\s", address) else (address, int(title[1]) if title else 0, note)


def _place(address: str, line: int, host: str | None) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the page and the parameters of an address, without the host that it may have."""
    said = {"was": address[:_QUOTED], "pages": _PAGES}
    try:
        parts = urlsplit(address)
        query = dict(parse_qsl(parts.query, keep_blank_values=True, max_num_fields=len(TABLE)))
    except ValueError:  # no address at all, or one with hundreds of parameters
        raise PlanError("link", line, **said) from None
    if parts.scheme not in {"", "http", "https"}:
        raise PlanError("host", line, **said)
    away = bool(parts.netloc or parts.scheme)
    if away and host and parts.hostname != host.lower():
        raise PlanError("host", line, **said)
    path = parts.path.strip("/")
    # a server may stand below a path of its own
    page = (path.rpartition("/")[2] if away else path) or "home"
    if page not in CONTROLS or (page == "home") != (path == ""):
        raise PlanError("host" if away else "page", line, **said)
    return page, tuple((name, value) for name, value in query.items() if name not in _PASSING)


def plain(text: str) -> str:
    """Return text without escapes, control characters and breaks; spaces that keep numbers together stay."""
    text = _ESCAPED.sub(r"\1", text)
    seen = "".join(mark for mark in text if mark.isspace() or unicodedata.category(mark) != "Cc")
    return re.sub(r"[^\S\u00a0\u202f]+", " ", seen).strip()


def written(plan: Plan) -> str:
    """Write a plan as Markdown that ``parse`` reads as the same plan."""
    head = [f"# {_marked(plan.title)}\n"] * bool(plan.title)
    head += [f"{_FIRST.sub(_guarded, _marked(plan.prose))}\n"] * bool(plan.prose)
    return "\n".join([*head, *_lines(plan.steps)]) + "\n"


def _lines(steps: tuple[Step, ...]) -> Iterator[str]:
    for number, step in enumerate(steps, start=1):
        query = urlencode(step.query, safe=",")
        path = "/" if step.page == "home" else f"/{step.page}"
        minutes = f' "{step.minutes} min"' * bool(step.minutes)
        link = f"[{_marked(step.title)}]({path}{'?' if query else ''}{query}{minutes})"
        yield f"{number}. {link} {_marked(step.note)}".rstrip()


def _marked(text: str) -> str:
    """Return text as Markdown that reads as this text."""
    return _MARKS.sub(r"\\\1", text)


def _guarded(first: re.Match[str]) -> str:
    """Return what opens a paragraph, so that it opens nothing else."""
    return first[0] + "\\"


def label(text: str) -> str:
    """Return text as Streamlit's Markdown for a label, in which every mark is only a mark."""
    return re.sub(rf"([{re.escape(string.punctuation)}])", r"\\\1", text)

"""What is said of a model's weights as a whole: its tensors, what stands out, and whether it was trained."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from ..checks import checked_kind, unfit
from ..networks.module_signal import LayerSignal
from .changes import Change, by_name, change
from .expected_laws import Meanings, unmet
from .finding import Finding
from .findings import find
from .given_json import given
from .law_fit import stands_out
from .layer_names import COMPUTED, MOMENT, depth, weights_that_tell
from .report_json import (
    MOST_ROWS,
    finding_json,
    row_of,
    rows_json,
    signal_json,
    signal_of,
    skipped_json,
    skipped_of,
    unexpected,
)
from .report_row import QUANTILES, Row
from .report_text import code, counted, html, named, signal_heading, signal_table, table
from .stored_tensor import Skipped, Stored

State = Literal["initialised", "trained", "mixed", "unknown"]

#: Findings that lean on what layers of one kind have in common; who is told of each knows better.
_GUESSED = {"residual_scale", "unequal_layers", "swapped_fans"}


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of the files was read: tensors and their numbers; and what was not, and why."""

    tensors: int
    numbers: int
    skipped: tuple[Skipped, ...]

    def __str__(self) -> str:
        read = f"{counted(self.tensors, 'tensor')}, {counted(self.numbers, 'number')} read"
        return f"{read}; {len(self.skipped):,} skipped."


@dataclass(frozen=True, eq=False)
class Report:
    """The tensors of one or several files, or of a module, in their order, and what stands out."""

    format: str
    rows: tuple[Row, ...]
    coverage: Coverage
    #: groups of names that are one tensor in the file
    ties: tuple[tuple[str, ...], ...] = ()
    #: what was found by who knows what each layer is meant to start as
    unexpected: tuple[Finding, ...] = ()
    #: names of tensors of which it was told what they are meant to start as
    told: frozenset[str] = frozenset()
    #: of a module that was run: what each of its layers gives, and the gradient there
    signal: tuple[LayerSignal, ...] = ()
    #: the parameters that were no other in any of its runs, as nothing draws them anew
    not_redrawn: tuple[str, ...] = ()
    #: where the tensors are, of a report that ``scan`` made; JSON has none of it
    stored: tuple[Stored, ...] = field(default=(), repr=False)

    @cached_property
    def state(self) -> State:
        """Whether any weight shows signs of training: no known law fits it.

        Blocks that repeat are off any law by chance more often, and tell only where nothing else does.
        "initialised" is no sign of training in any, which is no proof; "unknown" is no weight that tells.
        """
        others = (row for row in self.rows if row.decides and not MOMENT.search(row.name))
        telling = weights_that_tell(self.rows) or [row for row in others if not COMPUTED.search(row.name)]
        telling = [row for row in telling if not row.repeated.in_blocks] or telling
        fits = [row.init for row in telling if row.init is not None]
        doubted, layers = 2 * len(fits) <= len(telling), depth(self.rows)
        fresh = sum(not doubted or stands_out(fit, layers) for fit in fits)
        if not telling:
            return "unknown"
        return "initialised" if fresh == len(telling) else "mixed" if fresh else "trained"

    @cached_property
    def problems(self) -> tuple[Finding, ...]:
        """What stands out, worst first."""
        guessed = _each_model(self.rows, lambda rows: find(rows, replace(self, rows=tuple(rows)).state))
        kept = (
            each for each in guessed if each.kind not in _GUESSED or not self.told.issuperset(each.tensors)
        )
        return tuple(sorted([*self.unexpected, *kept], key=lambda each: -each.severity))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The same as ``problems``."""
        return self.problems

    @property
    def worst(self) -> Finding | None:
        """The worst of the problems; None without any."""
        return self.problems[0] if self.problems else None

    def compare(self, other: "Report") -> tuple[Change, ...]:
        """Return how each tensor, by its name, differs in another report, as of a later step.

        If both come of ``scan``, and the files are as they were, their numbers are read once more.

        Raises:
            ParameterError: if the other is no report, or one of the two has a name in several files.
        """
        ours, theirs = _by_name(self), _by_name(checked_kind("other", other, Report, "a Report"))
        here, there = by_name(self.stored), by_name(other.stored)

        def both(row: Row) -> tuple[Stored, Stored] | None:
            one, another = here.get((row.file, row.name)), there.get((theirs[row.name].file, row.name))
            return None if one is None or another is None else (one, another)

        changes = [
            change(row, theirs.get(name), both(row) if name in theirs else None) for name, row in ours.items()
        ]
        return tuple(changes + [Change(name, "added") for name in theirs if name not in ours])

    def to_json(self) -> str:
        """Return all of it as JSON; what is not finite is null."""
        return json.dumps(
            {
                "format": self.format,
                "state": self.state,
                "coverage": {
                    "tensors": self.coverage.tensors,
                    "numbers": self.coverage.numbers,
                    "skipped": [skipped_json(each) for each in self.coverage.skipped],
                },
                "ties": self.ties,
                "told": sorted(self.told),
                "problems": [finding_json(each) for each in self.problems],
                "signal": [signal_json(each) for each in self.signal],
                "not_redrawn": self.not_redrawn,
                "quantile_shares": QUANTILES,
                "tensors": rows_json(self.rows),
            },
            ensure_ascii=False,
            allow_nan=False,
        )

    @classmethod
    def from_json(cls, text: str) -> "Report":
        """Return the report that ``to_json`` wrote; what stands out is found anew in its tensors.

        Raises:
            CheckpointError: if this is not what ``to_json`` writes, has more than 2^29 characters, or is at
                odds with itself.
        """
        whole = given(text)
        rows = tuple(row_of(each) for each in whole.at("tensors").each(MOST_ROWS))
        skipped = whole.at("coverage").at("skipped").each(MOST_ROWS)
        signal = tuple(signal_of(each) for each in whole.at("signal").each(MOST_ROWS))
        names = frozenset(row.name for row in rows).union(layer.name for layer in signal)
        report = cls(
            whole.at("format").text(),
            rows,
            Coverage(len(rows), sum(row.n for row in rows), tuple(map(skipped_of, skipped))),
            _ties(rows),
            unexpected(whole.at("problems"), names),
            frozenset(each.text() for each in whole.at("told").each(MOST_ROWS)),
            signal,
            tuple(each.text() for each in whole.at("not_redrawn").each(MOST_ROWS)),
        )
        try:
            report.problems  # noqa: B018 - what no file can be, as a spread of nothing, is found here
        except (ArithmeticError, LookupError, TypeError, ValueError):
            raise whole.at("tensors").refused() from None
        return report

    def to_markdown(self) -> str:
        """Return what stands out, and a table of all tensors."""
        return "\n".join(_markdown(self)) + "\n"

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        heading = f"{self.format}: {self.state}. {self.coverage}"
        return "\n".join(html(heading, self.problems, self.rows, self.signal, self.not_redrawn))


def made(
    name: str, rows: Sequence[Row], skipped: Sequence[Skipped] = (), meant: Meanings | None = None
) -> Report:
    """Return the report of some rows of a format; those that are equal to the bit are marked."""
    coverage = Coverage(len(rows), sum(row.n for row in rows), tuple(skipped))
    known = meant or {}
    return Report(
        name,
        tuple(_marked(rows)),
        coverage,
        _ties(rows),
        tuple(_each_model(rows, lambda some: unmet(some, known))),
        frozenset(tensor for (tensor, _), one in known.items() if one.told),
    )


def _model_of(rows: Sequence[Row]) -> Callable[[Row], str]:
    """Return what tells a row's model: its file, where files have the same names, as checkpoints of a run.

    Shards share no name, and are one model.
    """
    several = len({row.name for row in rows}) < len(rows)
    return lambda row: row.file if several else ""


def _each_model(rows: Sequence[Row], look: Callable[[Sequence[Row]], Iterable[Finding]]) -> Iterator[Finding]:
    """Yield what is found in each model by itself."""
    models: dict[str, list[Row]] = {}
    model_of = _model_of(rows)
    for row in rows:
        models.setdefault(model_of(row), []).append(row)
    for file, members in models.items():
        for finding in look(members):
            yield replace(finding, file=file)


def _by_name(report: Report) -> dict[str, Row]:
    rows = {row.name: row for row in report.rows}
    if len(rows) < len(report.rows):
        raise unfit("other", report, "compared with a report in which each name stands in one file")
    return rows


def _marked(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield the rows; one whose bits are those of an earlier one at another place says so."""
    first: dict[tuple[str, str, tuple[int, ...], bytes], Row] = {}
    model_of = _model_of(rows)
    for row in rows:
        if row.n < 2 or row.flags & {"constant", "zeros", "empty"}:
            yield row
            continue
        known = first.setdefault((model_of(row), row.dtype, row.shape, row.digest), row)
        apart = known.place != row.place
        yield replace(row, flags=row.flags | {"equal_to"}, equal_to=known.name) if apart else row


def _ties(rows: Sequence[Row]) -> tuple[tuple[str, ...], ...]:
    places: dict[Any, list[str]] = {}
    model_of = _model_of(rows)
    for row in rows:
        places.setdefault((model_of(row), row.place), []).append(row.name)
    return tuple(tuple(names) for names in places.values() if len(names) > 1)


def _markdown(report: Report) -> Iterator[str]:
    yield f"# {report.format}: {report.state}"
    yield ""
    yield str(report.coverage)
    for each in report.problems:
        yield ""
        yield f"- **{each.kind}** ({named(each, code)}): {each}"
        yield f"  Would refute it: {each.would_refute}"
    yield ""
    yield from _table(*table(report.rows), "tensor")
    if report.signal:
        yield ""
        yield signal_heading(report.signal, report.not_redrawn, code)
        yield ""
        yield from _table(*signal_table(report.signal), "layer")


def _table(headings: Sequence[str], cells: Sequence[Sequence[str]], named_by: str) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield "|" + "---|" * len(headings)
    at = headings.index(named_by) + 1  # names come first, a file's before its tensor's
    for row in cells:
        yield f"| {' | '.join([*map(code, row[:at]), *row[at:]])} |"

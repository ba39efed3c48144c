"""What is said of tensors and findings, in words: the cells of a table, and HTML for a notebook."""

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape

from ..networks.module_signal import LayerSignal, Strengths
from .finding import Finding
from .report_row import Row

#: Columns of numbers, which are never cut short.
NUMBERS = ("mean", "std", "kurtosis")
#: How many rows, and how many findings, a notebook shows.
SHOWN = 50
#: How many tensors of a finding are named.
_NAMED = 3


def table(rows: Sequence[Row]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return headings and cells; which file a row is from, where there are several."""
    several = len({row.file for row in rows}) > 1
    headings = ("tensor", "dtype", "shape", *NUMBERS, "starts as", "flags")
    cells = [((row.file,) if several else ()) + _cells(row) for row in rows]
    return (("file",) if several else ()) + headings, cells


def _cells(row: Row) -> tuple[str, ...]:
    shape = " × ".join(map(str, row.shape)) or "1"
    numbers = (f"{x:.4g}" for x in (row.mean, row.std, row.excess_kurtosis))
    return row.name, row.quantised or row.dtype, shape, *numbers, _start(row), ", ".join(sorted(row.flags))


def _start(row: Row) -> str:
    if row.init is None:
        return ""
    key, params = row.init.schemes[0]
    written = ", ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in params.items()
    )
    others = len(row.init.schemes) - 1
    return f"{key}({written})" + (f" or {others} more" if others else "")


def signal_table(layers: Sequence[LayerSignal]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return headings and cells of what each layer gives and of the gradient there."""
    headings = ("layer", "kind", "output", "output, drawn anew", "gradient", "gradient, drawn anew")
    return headings, [
        (each.name or "(all)", each.kind, *_strengths(each.output), *_strengths(each.gradient))
        for each in layers
    ]


def _strengths(rms: Strengths) -> tuple[str, str]:
    return f"{rms.given:.4g}", f"{rms.median:.4g} ({rms.low:.4g} to {rms.high:.4g})"


def signal_heading(layers: Sequence[LayerSignal], kept: Sequence[str], write: Callable[[str], str]) -> str:
    """Return what the numbers of ``signal_table`` are; parameters that no seed draws are written so."""
    seeds = len(layers[0].output.seeds)
    drawn = f"median (least to largest) of {counted(seeds, 'draw')} anew"
    text = f"RMS of each layer's output, and of the gradient there: as the model stands, and {drawn}."
    if not kept:
        return text
    names = ", ".join(map(write, kept[:_NAMED]))
    more = f" and {len(kept) - _NAMED:,} more" if len(kept) > _NAMED else ""
    return f"{text} Nothing draws these anew, which stayed as they are: {names}{more}."


def named(finding: Finding, write: Callable[[str], str]) -> str:
    """Return the names of some of a finding's tensors, each written so, and of its file."""
    names = finding.tensors
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    where = f" in {write(finding.file)}" if finding.file else ""
    return ", ".join(map(write, names[:_NAMED])) + more + where


def counted(n: int, word: str) -> str:
    """Return a number and what it counts: one of them, or several."""
    return f"{n:,} {word}{'s' * (n != 1)}"


def printable(text: str) -> str:
    """Return a text without what a terminal would obey, or turn round: such signs are spelt out.

    A page would be turned round as well, up to the end of the sentence in which such a name stands.
    """
    if text.isprintable():
        return text
    return "".join(x if x.isprintable() else x.encode("unicode_escape").decode() for x in text)


def code(name: str) -> str:
    """Return a name for Markdown, also in a table's cell: a bar or a line's end would break it."""
    return "`" + printable(re.sub(r"[|`\s]+", " ", name)) + "`"


def html(
    heading: str,
    problems: Sequence[Finding],
    rows: Sequence[Row],
    layers: Sequence[LayerSignal] = (),
    kept: Sequence[str] = (),
) -> Iterator[str]:
    """Yield the parts of a report as a notebook shows it, all of it escaped; of many rows the first."""
    yield f"<p><strong>{escape(heading)}</strong></p>"
    if problems:
        yield f"<ul>{''.join(map(_item, problems[:SHOWN]))}</ul>"
    yield from _rest(problems, "problem")
    yield from _html_table(*table(rows[:SHOWN]))
    yield from _rest(rows, "tensor")
    if layers:
        yield f"<p>{signal_heading(layers, kept, _html_code)}</p>"
        yield from _html_table(*signal_table(layers[:SHOWN]))
        yield from _rest(layers, "layer")


def _html_table(headings: Sequence[str], cells: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"<table><thead>{_line('th', headings)}</thead>"
    yield f"<tbody>{''.join(_line('td', each) for each in cells)}</tbody></table>"


def _html_code(name: str) -> str:
    return f"<code>{escape(printable(name))}</code>"


def _rest(things: Sequence[object], kind: str) -> Iterator[str]:
    if len(things) > SHOWN:
        yield f"<p>and {counted(len(things) - SHOWN, f'more {kind}')}</p>"


def _item(finding: Finding) -> str:
    names = named(finding, _html_code)
    return (
        f"<li><strong>{finding.kind}</strong> ({names}): {escape(str(finding))} "
        f"<em>Would refute it: {escape(finding.would_refute)}</em></li>"
    )


def _line(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(printable(each))}</{tag}>' for each in cells)}</tr>"

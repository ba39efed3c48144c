"""The command ``init-lab``: files of weights are judged, and the shell is told by its status."""

import argparse
import json
import math
import os
import shutil
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .checkpoints.changes import Change
from .checkpoints.expected_laws import Expected
from .checkpoints.finding import KINDS
from .checkpoints.plain_text import CHANGES, change_cells, changes_text, plain_text
from .checkpoints.report import Report
from .checkpoints.report_text import code, counted, printable
from .checkpoints.scan import Progress, scan
from .checks import unfit
from .errors import CheckpointError, InitLabError, shown
from .interrupts import STOPPED, raise_again

FOUND, REFUSED, UNHEARD = 1, 2, 141  # the last as a shell has it: 128 and the signal
#: Letters that a file for --expect may have.
_MOST_EXPECTED = 2**20
_SCAN = """
status: 0 if nothing stands out; 1 if something does (with --fail-on, only of those kinds); 2 if a file
cannot be read or an argument is wrong

A file for --expect has a line for each pattern of names, in which * and ? stand for anything:
  "*.c_proj.weight" = { scheme = "gpt2_residual", n_layer = 12 }
  "*.bias" = "zeros"
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command, and return its status: 0, 1 if something stands out, 2 if it cannot be done."""
    try:
        raise_again()
        return _scan(_parser().parse_args(argv))
    except InitLabError as error:
        return _refused(str(error))
    except KeyboardInterrupt:
        return STOPPED
    except BrokenPipeError:
        _close()
        return UNHEARD
    except OSError as error:
        _close()
        return _refused(f"What was found cannot be written: {error.strerror}.")


def _refused(why: str) -> int:
    sys.stderr.write(f"init-lab: {printable(why)}\n")
    return REFUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "init-lab", description="How should a network's weights start, and did they?"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    one = commands.add_parser(
        "scan",
        help="judge files of weights",
        description="Read files of weights without running anything in them, and judge every tensor.",
        epilog=_SCAN,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    one.add_argument("files", nargs="+", metavar="FILE", help="a file, a folder or an index of shards")
    how = one.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="write all of it as JSON")
    how.add_argument("--markdown", action="store_true", help="write it as Markdown")
    one.add_argument("--expect", metavar="FILE.toml", help="what tensors are meant to start as")
    one.add_argument("--against", metavar="OTHER", help="a file to compare with, as of a later step")
    one.add_argument("--fail-on", type=_kinds, metavar="KIND,...", help="the findings that end with status 1")
    return parser


def _kinds(text: str) -> set[str]:
    unknown = [kind for kind in text.split(",") if kind not in KINDS]
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no {shown(unknown[0])}; there are {', '.join(KINDS)}")
    return {*text.split(",")}


def _scan(given: argparse.Namespace) -> int:
    expect = None if given.expect is None else _expected(given.expect)
    with _progress() as progress:
        report = scan(given.files, expect=expect, progress=progress)
        other = None if given.against is None else scan(given.against, progress=progress)
    if not report.rows and report.coverage.skipped:
        return _refused(report.coverage.skipped[0].why)
    changes = None if other is None else report.compare(other)
    write = _as_json if given.json else _as_markdown if given.markdown else _as_text
    for line in write(report, changes, given.against):
        sys.stdout.write(line + "\n")
    sys.stdout.flush()
    kinds = {finding.kind for finding in report.problems}
    return FOUND if kinds & (given.fail_on or set(KINDS)) else 0


def _expected(path: str) -> Expected:
    """Return what a file of TOML says of tensors by their names.

    Raises:
        InitLabError: if there is no such file, or it says nothing that can be expected.
    """
    try:
        with Path(path).open(encoding="utf-8") as file:
            text = file.read(_MOST_EXPECTED + 1)  # a device may have no end
        table = tomllib.loads(text) if len(text) <= _MOST_EXPECTED else None
    except OSError as error:
        said = error.strerror or type(error).__name__
        raise CheckpointError("checkpoint.unreadable", file=shown(path), said=said) from None
    except (ValueError, RecursionError) as error:
        raise unfit("--expect", path, f"a file of TOML ({error})") from None
    if table is None:
        raise unfit("--expect", path, f"a file of TOML of at most {_MOST_EXPECTED:,} letters")
    if not table:
        raise unfit("--expect", path, 'a file with lines such as "*.weight" = "kaiming_normal"')
    return {pattern: _meant(pattern, given) for pattern, given in table.items()}


def _meant(pattern: str, given: Any) -> str | tuple[str, dict[str, Any]]:
    if isinstance(given, str):
        return given
    if isinstance(given, dict) and isinstance(given.get("scheme"), str):
        return given["scheme"], {name: value for name, value in given.items() if name != "scheme"}
    wanted = 'a scheme, or as in { scheme = "normal", std = 0.02 }, and a name with dots in quotes'
    raise unfit(f"--expect, at {shown(pattern)},", given, wanted)


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """Give what tells on a terminal how far it is, and leave nothing of it there."""
    if not sys.stderr.isatty():
        yield None
        return
    told = -1.0

    def tell(done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told > 0.1:
            told = time.monotonic()
            sys.stderr.write(f"\r{done / max(1, total):4.0%} of {counted(total, 'number')}\033[K")
            sys.stderr.flush()

    try:
        yield tell
    finally:
        sys.stderr.write("\r\033[K")
        sys.stderr.flush()


_Changes = Sequence[Change] | None


def _as_text(report: Report, changes: _Changes, against: str) -> Iterator[str]:
    on_screen = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if on_screen else None
    coloured = on_screen and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    yield from _written(plain_text(report, width, coloured=coloured))
    if changes is not None:
        yield ""
        yield from _written(changes_text(changes, against, width))


def _as_markdown(report: Report, changes: _Changes, against: str) -> Iterator[str]:
    yield from _written(map(printable, report.to_markdown().splitlines()))
    if changes is not None:
        yield from _written(["", f"Against {code(printable(against))}:", ""])
        yield from _written([f"| {' | '.join(CHANGES)} |", "|" + "---|" * len(CHANGES)])
        for name, *cells in map(change_cells, changes):
            yield from _written([f"| {code(printable(name))} | {' | '.join(cells)} |"])


def _as_json(report: Report, changes: _Changes, against: str) -> Iterator[str]:
    found = json.loads(report.to_json())
    if changes is not None:
        found |= {"against": against, "changes": [_change_json(each) for each in changes]}
    yield json.dumps(found)  # in ASCII, which every pipe takes


def _change_json(change: Change) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in asdict(change).items()
    }


def _written(lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
    """Yield lines in letters that the output has: others are spelt out."""
    encoding = sys.stdout.encoding or "utf-8"
    for line in lines:
        yield line.encode(encoding, "backslashreplace").decode(encoding)


def _close() -> None:
    """Turn the output away, which Python would try to write once more as it ends."""
    with suppress(OSError, ValueError):  # of an output that is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

"""A file is read on one screen after the other, and a function on one: none is longer than that allows."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.stream import ROOT

ROOMS = ("core", "pages", "deploy", "tests")
#: Files that are tables of rows.
TABLES = {"core/code/rosetta_rows.py", "core/refusals.py", "tests/support/cases.py"}


def _files(*endings: str) -> list[Path]:
    return [path for room in ROOMS for path in (ROOT / room).rglob("*") if path.suffix in endings]


def test_no_file_but_tables_has_more_than_400_lines() -> None:
    lines = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in _files(".py", ".js", ".css")
    }
    assert len(lines) > 500
    assert {path for path, n in lines.items() if n > 400} == TABLES


def _lengths(path: Path) -> Iterator[int]:
    """Yield how many lines each function has below its docstring."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            if body:
                yield (body[-1].end_lineno or 0) - body[0].lineno + 1


def test_functions_of_the_house_are_short() -> None:
    lengths = sorted(
        n for path in _files(".py") if path.relative_to(ROOT).parts[0] != "tests" for n in _lengths(path)
    )
    assert lengths[len(lengths) // 2] <= 6
    assert lengths[len(lengths) * 9 // 10] <= 18
    assert lengths[-1] <= 45

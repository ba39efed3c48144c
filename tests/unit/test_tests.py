"""A test can fail: it holds something to something, and leaves early only once it has."""

import ast
from collections.abc import Iterator, Mapping

import pytest

from tests.support.stream import ROOT

#: parts of the names of calls that hold something to something: pytest's, numpy's, torch's, playwright's
HOLDS = ("raises", "assert_", "expect", "wait_for", "until")


#: file → what stands there
Trees = Mapping[str, ast.AST]


@pytest.fixture(scope="module")
def trees() -> Trees:
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / "tests").rglob("*.py"))
    }


def _functions(tree: ast.AST) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def _called(node: ast.AST) -> str:
    function = node.func if isinstance(node, ast.Call) else None
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _imported_from_tests(tree: ast.AST) -> set[str]:
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {alias.name for node in imports if (node.module or "").startswith("tests") for alias in node.names}


#: the number of each, and the name of what is called there
Lines = list[tuple[int, str]]


def _lines(function: ast.AST) -> Lines:
    """Return the lines that assert, with no name, and those that call a function, with its name."""
    return [
        (node.lineno, _called(node))
        for node in ast.walk(function)
        if isinstance(node, ast.Assert) or _called(node)
    ]


def _held(lines: Lines, helpers: set[str]) -> list[int]:
    """Return those at which something is held to something, by the function or by one that it calls."""
    return [
        line for line, name in lines if not name or name in helpers or any(part in name for part in HOLDS)
    ]


#: test → where it holds something, and itself
Tests = Mapping[str, tuple[list[int], ast.FunctionDef]]


@pytest.fixture(scope="module")
def found(trees: Trees) -> Tests:
    functions = {path: _functions(tree) for path, tree in trees.items()}
    lines = {
        path: {name: _lines(function) for name, function in there.items()}
        for path, there in functions.items()
    }
    # the names of functions of the tests in a file, and of the figures that Plotly checks
    known = {path: {*functions[path], *_imported_from_tests(tree), "Figure"} for path, tree in trees.items()}
    #: functions that hold something themselves
    helpers = {"Figure"}
    for _ in range(3):  # helpers of helpers
        helpers |= {
            name
            for path in trees
            for name, calls in lines[path].items()
            if not name.startswith("test_") and _held(calls, helpers & known[path])
        }
    return {
        f"{path}::{name}": (_held(lines[path][name], helpers & known[path]), function)
        for path in trees
        for name, function in functions[path].items()
        if name.startswith("test_")
    }


def test_all_tests_are_looked_at(found: Tests) -> None:
    assert len(found) > 1000


def test_each_holds_something(found: Tests) -> None:
    idle = {name for name, (held, _) in found.items() if not held}
    # a fixture looks afterwards
    assert idle == {"tests/unit/core/signals/test_signal.py::test_it_moves_no_global_generator"}


def test_each_test_returns_early_only_after_an_assertion(found: Tests) -> None:
    early = []
    for name, (held, function) in found.items():
        leaves = [
            node.lineno for node in ast.walk(function) if isinstance(node, ast.Return) and not node.value
        ]
        if leaves and min(held, default=0) > min(leaves):
            early.append(name)
    assert early == []


def test_no_assertion_accepts_none_as_an_alternative(found: Tests) -> None:
    """``assert x is None or …`` also passes for a function that returns nothing."""
    loose = []
    for name, (_, function) in found.items():
        for node in ast.walk(function):
            if isinstance(node, ast.Assert) and isinstance(node.test, ast.BoolOp):
                first = ast.unparse(node.test.values[0])
                if isinstance(node.test.op, ast.Or) and first.endswith(" is None"):
                    loose.append(f"{name}: {ast.unparse(node)}")
    assert loose == []


def _imported(tree: ast.AST) -> Iterator[str]:
    """Yield the whole names of what a file imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


def test_no_test_file_imports_from_another(trees: Trees) -> None:
    """What two of them need stands in ``tests/support``, where a reader looks for it."""
    imported = {(path, name) for path, tree in trees.items() for name in _imported(tree)}
    assert ("tests/unit/test_tests.py", "tests.support.stream.ROOT") in imported
    ours = {(path, name) for path, name in imported if name.startswith(("tests", "."))}
    assert {(path, name) for path, name in ours if ".test_" in name} == set()

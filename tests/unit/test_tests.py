"""A test can fail: it holds something to something, and leaves early only once it has."""

import ast
from collections.abc import Iterator

from tests.stream import ROOT

TREES = {
    str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "tests").rglob("*.py"))
}
#: parts of the names of calls that hold something to something: pytest's, numpy's, torch's, playwright's
HOLDS = ("raises", "assert_", "expect", "wait_for", "until")


def _functions(tree: ast.AST) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def _called(node: ast.AST) -> str:
    function = node.func if isinstance(node, ast.Call) else None
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _known(tree: ast.AST) -> set[str]:
    """Return the names of functions of the tests in a file, and of the figures that Plotly checks."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    ours = [alias.name for node in imports if (node.module or "").startswith("tests") for alias in node.names]
    return {*_functions(tree), *ours, "Figure"}


def _held(function: ast.AST, helpers: set[str]) -> Iterator[int]:
    """Yield the lines at which something is held to something, by the function or by one that it calls."""
    for node in ast.walk(function):
        name = _called(node)
        if isinstance(node, ast.Assert) or any(part in name for part in HOLDS) or name in helpers:
            yield node.lineno  # type: ignore[attr-defined]


KNOWN = {path: _known(tree) for path, tree in TREES.items()}
#: functions that hold something themselves
HELPERS = {"Figure"}
for _ in range(3):  # helpers of helpers
    HELPERS |= {
        name
        for path, tree in TREES.items()
        for name, function in _functions(tree).items()
        if not name.startswith("test_") and any(_held(function, HELPERS & KNOWN[path]))
    }
#: test → where it holds something, and itself
TESTS = {
    f"{path}::{name}": ([*_held(function, HELPERS & KNOWN[path])], function)
    for path, tree in TREES.items()
    for name, function in _functions(tree).items()
    if name.startswith("test_")
}


def test_all_tests_are_looked_at() -> None:
    assert len(TESTS) > 1000


def test_each_holds_something() -> None:
    idle = {name for name, (held, _) in TESTS.items() if not held}
    # a fixture looks afterwards
    assert idle == {"tests/unit/test_signal.py::test_it_moves_no_global_generator"}


def test_each_leaves_only_once_it_has_held_something() -> None:
    early = []
    for name, (held, function) in TESTS.items():
        leaves = [
            node.lineno for node in ast.walk(function) if isinstance(node, ast.Return) and not node.value
        ]
        if leaves and min(held, default=0) > min(leaves):
            early.append(name)
    assert early == []


def test_nothing_is_enough_for_no_assertion() -> None:
    """``assert x is None or …`` holds for whatever gives nothing."""
    loose = []
    for name, (_, function) in TESTS.items():
        for node in ast.walk(function):
            if isinstance(node, ast.Assert) and isinstance(node.test, ast.BoolOp):
                first = ast.unparse(node.test.values[0])
                if isinstance(node.test.op, ast.Or) and first.endswith(" is None"):
                    loose.append(f"{name}: {ast.unparse(node)}")
    assert loose == []

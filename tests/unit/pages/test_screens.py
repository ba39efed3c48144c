"""A screen writes by its frame alone, which its report is made of: past it, words would be lost there."""

import ast
from pathlib import Path

import pytest

from tests.support.stream import ROOT

SCREENS = [ROOT / "app.py", *sorted((ROOT / "pages").glob("[!_]*.py"))]
#: What puts words, numbers or charts onto a page, in Streamlit's names.
WRITES = frozenset(
    [
        "altair_chart",
        "badge",
        "bar_chart",
        "bokeh_chart",
        "caption",
        "code",
        "dataframe",
        "error",
        "exception",
        "graphviz_chart",
        "header",
        "html",
        "iframe",
        "image",
        "info",
        "json",
        "latex",
        "line_chart",
        "markdown",
        "metric",
        "plotly_chart",
        "pyplot",
        "scatter_chart",
        "subheader",
        "success",
        "table",
        "text",
        "title",
        "toast",
        "warning",
        "write",
        "write_stream",
    ]
)


def _past_the_frame(source: str) -> list[str]:
    """Return the calls that write by anything but ``frame`` or a function of a room."""
    tree = ast.parse(source)
    rooms = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in {"core", "pages"}
        for alias in node.names
    }
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id in rooms | {"frame"})
    ]


@pytest.mark.parametrize("screen", SCREENS, ids=lambda path: path.stem)
def test_a_screen_writes_by_its_frame(screen: Path) -> None:
    assert _past_the_frame(screen.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "lines",
    [
        "st.html('x')",
        "left, right = st.columns(2)\nright.markdown('x')",
        "st.sidebar.write(1)",
        "st.code(code)",
    ],
)
def test_a_write_that_bypasses_the_frame_is_found(lines: str) -> None:
    assert len(_past_the_frame(f"import streamlit as st\n{lines}")) == 1

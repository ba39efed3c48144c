"""The limits that README.md names: typed here by hand, as a person reads them, and as the code has them."""

import re
import tomllib

import pytest

from core.networks import network
from core.signals import comparison, trace_run
from core.table import MAX_ROWS
from core.weights import sampling
from pages.shell import files as exports
from pages.shell import share as sharing
from pages.state import controls as state
from pages.state.conflicts import compare, model
from pages.state.conflicts import signal as signal_conflicts
from pages.state.operator_limits import limit
from tests.support.stream import ROOT

_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def _numbers(text: str) -> list[int]:
    """Return the whole numbers of a row without its names in ``code``: 2²² is 4194304."""
    found = re.findall(r"(\d+)([⁰¹²³⁴⁵⁶⁷⁸⁹]*)", re.sub(r"`[^`]*`", "", text))
    return [int(base) ** int(power.translate(_POWERS) or 1) for base, power in found]


#: How a row begins → its numbers as read, in their order, and the code's.
ROWS: dict[str, tuple[list[int], list[int]]] = {
    "uniform, normal and constant schemes on the CPU": (
        [2**30, 2**36],
        [limit("STREAMED"), sampling.STREAMED_LIMIT],
    ),
    "`trunc_normal`, `variance_scaling` truncated": (
        [2**24, 2**26],
        [limit("HELD"), sampling.HELD_LIMIT],
    ),
    "any scheme on a GPU": ([2**24], [limit("HELD")]),
    "a network": (
        [2**22, 2**22, 16, 4096],
        [limit("PARAMETERS"), model.MAX_STEPS, network.MAX_LAYERS, network.MAX_UNITS],
    ),
    "a deep network, for each scheme": (
        [200, 2048, 50, 1024, 2**33, 2**28, 2**40, 1000, 8192],
        [
            *(state.MAX_DEPTH, state.MAX_WIDTH, state.MAX_SEEDS, state.MAX_SAMPLES),
            *(
                limit("RUN_WEIGHTS"),
                limit("RUN_WEIGHTS") // signal_conflicts.SLOWER,
                limit("RUN_PRODUCTS"),
            ),
            *(trace_run.MAX_DEPTH, trace_run.MAX_WIDTH),
        ],
    ),
    "schemes compared": ([8, 2**24, 2**20], [comparison.MAX_ENTRIES, limit("COMPARED"), compare.MAX_HELD]),
    "own input": ([1024, 2000, 1024], [MAX_ROWS, state.MAX_LINK_DATA, MAX_ROWS]),
    "a tensor as `.npy` or `.safetensors`": ([2**22, 2**18], [exports.TENSOR_LIMIT, exports.CSV_LIMIT]),
    "a QR code": ([2900, 180], [sharing.LONGEST, sharing.READABLE]),
}


@pytest.mark.parametrize("begins", ROWS)
def test_a_limit_is_what_the_readme_says(begins: str) -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    (row,) = (line for line in lines if line.startswith(f"| {begins}"))
    read, ours = ROWS[begins]
    assert _numbers(row) == read
    assert ours == read


#: What README.md says of keys, by hand: how the browser calls each, and what keys_and_clicks.js does then.
KEYS = {
    "ArrowRight": "next",
    "PageDown": "next",
    "ArrowLeft": "previous",
    "PageUp": "previous",
    "d": "again",
    "p": "project",
    "s": "share",
    "e": "export",
    "h": "predict_first",
    "Enter": "reveal",
    "]": "plan_next",
    "[": "plan_previous",
}
SAID = (
    "`→` and `←` (or a presenter's PgDn and PgUp) go to the next scheme or step,",
    "`1` to `9` to the page's views, `D` draws again, `P` is the projector view,",
    "`F` the full screen, `S` shares, `E` exports.",
    "`H` hides every result until it has been predicted (`?predict=on`); `Enter` or `→` reveals it",
    "PgDn (also `→` or `]`) reveals what waits, then opens the next step; PgUp goes back.",
)
#: And while a lecture plan is held.
REMOTE = {
    "ArrowRight": "plan_next",
    "PageDown": "plan_next",
    "ArrowLeft": "plan_previous",
    "PageUp": "plan_previous",
}


def test_keys_do_what_the_readme_says() -> None:
    script = (ROOT / "pages" / "live" / "keys_and_clicks.js").read_text(encoding="utf-8")
    block = script.partition("const KEYS = {")[2].partition("\n}")[0]
    assert dict(re.findall(r"(?:\"?([\w\[\]]+)\"?): \"(\w+)\"", block)) == KEYS
    block = script.partition("const REMOTE = {")[2].partition("}")[0]
    assert dict(re.findall(r"(\w+): \"(\w+)\"", block)) == REMOTE
    assert 'key === "f") fullScreen()' in script
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert [words for words in SAID if words not in readme] == []


def test_the_version_has_its_place_in_the_changelog() -> None:
    """The version stands in pyproject.toml alone; the changelog has a part on it."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    parts = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert version in parts
    assert parts[0] in {"Unreleased", version}


def test_versions_that_documents_name_are_those_that_are_installed() -> None:
    """They are pinned in requirements.txt; who moves a pin looks at the insides again."""
    pins = dict(re.findall(r"^([\w-]+)==([\d.]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    words = (ROOT / "docs" / "insides.md").read_text(encoding="utf-8")
    for name in ("Streamlit", "Plotly", "torch", "torchsummary"):
        assert re.search(rf"\b{name} {re.escape(pins[name.lower()])}\b", words), name


@pytest.mark.parametrize("document", ["architecture.md", "insides.md"])
def test_files_that_documents_name_are_there(document: str) -> None:
    words = (ROOT / "docs" / document).read_text(encoding="utf-8")
    named = re.findall(r"`((?:core|pages|docs|tests)/[\w/.]+\.(?:py|md|js))`", words)
    assert len(named) > 3
    for path in named:
        assert (ROOT / path).exists(), path

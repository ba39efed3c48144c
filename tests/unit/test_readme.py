"""What README.md names, limits, keys, how many of what: typed by hand, as a person reads it, and as it is.

Its code is run, and gives what stands beside it.
"""

import ast
import re
import tomllib
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from core import ACTIVATIONS, SCHEMES
from core.networks import network
from core.signals import comparison, trace_run
from core.table import MAX_ROWS
from core.teaching import broken
from core.weights import sampling
from pages.lecture import plans
from pages.shell import files as exports
from pages.shell import share as sharing
from pages.state import controls as state
from pages.state.conflicts import compare, model
from pages.state.conflicts import signal as signal_conflicts
from pages.state.operator_limits import limit
from tests.support.published import PUBLISHED
from tests.support.stream import ROOT

_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def _numbers(text: str) -> list[int]:
    """Return the whole numbers of a row without its names in ``code``: 2²² is 4194304."""
    found = re.findall(r"(\d+)([⁰¹²³⁴⁵⁶⁷⁸⁹]*)", re.sub(r"`[^`]*`|(?<=\d) (?=\d{3})", "", text))
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
    "inputs and outputs that are typed": ([65_536], [state.MAX_FAN]),
    "a network": (
        [2**22, 2**22, 16, 4096],
        [limit("PARAMETERS"), model.MAX_STEPS, network.MAX_LAYERS, network.MAX_UNITS],
    ),
    "a deep network, for each scheme": (
        [200, 2048, 50, 1024, 2**33, 2**28, 2**40, 2**25, 1000, 8192],
        [
            *(state.MAX_DEPTH, state.MAX_WIDTH, state.MAX_SEEDS, state.MAX_SAMPLES),
            *(
                limit("RUN_WEIGHTS"),
                limit("RUN_WEIGHTS") // signal_conflicts.SLOWER,
                limit("RUN_PRODUCTS"),
                signal_conflicts.MAX_RUN_KEPT,
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


#: What README.md counts, as it stands there, and how many there are.
COUNTED: dict[str, tuple[int, int]] = {
    "any of 31 schemes": (31, len(SCHEMES)),
    "fourteen activations": (14, len(ACTIVATIONS)),
    "Eight examples ship, six of them broken": (8, len(broken.EXAMPLES)),
    "holds lecture plans: four that are ready": (4, len(plans.READY)),
    "A plan is a Markdown list of up to 60 links": (60, state.MAX_STEPS),
    "links, in 64 kB at most": (64 * 1024, plans.MAX_BYTES),
    "15 published totals": (15, len(PUBLISHED)),
}


@pytest.mark.parametrize("words", COUNTED)
def test_there_are_as_many_as_the_readme_says(words: str) -> None:
    assert words in " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    said, ours = COUNTED[words]
    assert ours == said


#: Lines of README.md's code, and what they give by the comments beside them, to the digits there.
GIVEN: dict[str, Any] = {
    "law.support": pytest.approx((-((6 / 512) ** 0.5), (6 / 512) ** 0.5)),
    "referee.judge(summary, law).consistent": True,
    'Layer.of("Conv2d(64, 64, 3, groups=64)").connections': (9, 9),
    'comparison.signal(law, Layer.of("Linear(512, 256)"), "relu")': pytest.approx((2**0.5, 1)),
    'meanfield.gains("gelu")': pytest.approx((1.534, 1.481), abs=5e-4),
    'activation_of("z*sigmoid(1.702*z)").derivative(torch.zeros(1))': 0.5,
    "[row.numeric for row in parameter_count(net)]": ["(3 + 1) × 3", "(3 + 1) × 2", "(2 + 1) × 2"],
    "report.state": "initialised",
}


def test_the_readme_s_code_gives_what_stands_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    layer = nn.Sequential(OrderedDict(c_proj=nn.Linear(64, 64)))
    names: dict[str, Any] = {"model": nn.Sequential(OrderedDict(h=layer)), "x": torch.ones(2, 64)}
    save_file(names["model"].state_dict(), "model.safetensors")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 5
    given: dict[str, Any] = {}
    for block in blocks:
        code = block.replace("(32_768, 32_768)", "(64, 64)")  # a billion weights take their time
        for line in ast.parse(code).body:
            said = ast.get_source_segment(code, line) or ""
            if isinstance(line, ast.Expr):
                given[said] = eval(said, names)  # noqa: S307 - of our own documents
                assert not callable(given[said]), said  # a method that is named and not called gives nothing
            else:
                exec(said, names)  # noqa: S102
    assert {said: given[said] for said in GIVEN} == GIVEN
    assert names["keras"].call == "keras.initializers.HeNormal()"
    fate = given["outlook.fate(run.activation_mean_square)"]
    assert (fate.kind, fate.place, round(fate.rate, 2)) == ("vanishes", 21, 0.70)

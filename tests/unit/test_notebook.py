"""docs/notebook.md does what it says: its code is run in order, and what it prints stands below it."""

import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

import core
from core.command import main
from tests.support.stream import ROOT

BLOCKS = re.findall(
    r"^```(\w+)\n(.*?)^```$", (ROOT / "docs" / "notebook.md").read_text(encoding="utf-8"), re.M | re.S
)


def test_the_notebook_prints_what_stands_below_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "init_lab", core)  # as it is called where it is installed
    names: dict[str, Any] = {}
    counted = dict.fromkeys(("python", "text", "toml", "sh"), 0)
    for kind, text in BLOCKS:
        counted[kind] += 1
        if kind == "python":
            assert capsys.readouterr().out == ""
            exec(text, names)  # noqa: S102 - of our own documents
        elif kind == "text":
            assert capsys.readouterr().out == text
        elif kind == "toml":
            Path(text.splitlines()[0].removeprefix("# ")).write_text(text, encoding="utf-8")
        else:
            for line in text.splitlines():
                given, said = line.split("  # status ")
                assert main(shlex.split(given)[1:]) == int(said), line
                capsys.readouterr()
    assert counted == {"python": 7, "text": 6, "toml": 1, "sh": 1}

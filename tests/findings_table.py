"""The table of findings in docs/checkpoints.md, from core's own words: ``python -m tests.findings_table``."""

import re

from core.checkpoints.finding import KINDS
from tests.support.stream import ROOT

DOCUMENT = ROOT / "docs" / "checkpoints.md"
_HEAD = "| finding | how bad | what it says | what would refute it |\n|---|---|---|---|\n"


def table() -> str:
    """Return the table: a row for each kind of finding, its facts in italics."""
    rows = (
        f"| `{kind}` | {each.severity} | {_words(each.says)} | {_words(each.refuted)} |\n"
        for kind, each in KINDS.items()
    )
    return _HEAD + "".join(rows)


def written(document: str) -> str:
    """Return the table that stands in a document."""
    begin = document.index(_HEAD)
    return document[begin : document.index("\n\n", begin) + 1]


def _words(template: str) -> str:
    several = re.sub(r"\{\w+:[^}|]*\|([^}]*)\}", r"\1", template)
    return re.sub(r"\{(\w+)[^}]*\}", r"*\1*", several).replace("|", "\\|")


if __name__ == "__main__":
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(text.replace(written(text), table()), encoding="utf-8")

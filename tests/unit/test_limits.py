"""What an operator may set: read from the environment, refused in a sentence, documented in one table."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pages.state.limits import LIMITS, LimitError, read

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `(INIT_LAB_\w+)` \| ([\d ]+) \| ([\d ]+) – ([\d ]+) \| \S.+\|$", re.MULTILINE)


#: The runbook's table: variable → its default, lowest and highest value.
PROMISED = {
    name: tuple(int(cell.replace(" ", "")) for cell in cells)
    for name, *cells in ROW.findall((ROOT / "docs" / "deploying.md").read_text(encoding="utf-8"))
}


def test_the_runbook_s_table_has_every_limit_as_it_is() -> None:
    assert len(PROMISED) > 20
    assert {name: tuple(limit) for name, limit in LIMITS.items()} == PROMISED
    assert all(low <= default <= high for default, low, high in PROMISED.values())


def test_without_an_environment_every_limit_has_its_default() -> None:
    assert dict(read({})) == {name: default for name, (default, _, _) in PROMISED.items()}


@pytest.mark.parametrize("name", PROMISED)
def test_a_limit_is_taken_within_its_range_and_refused_beyond(name: str) -> None:
    default, low, high = PROMISED[name]
    for right in (low, high):
        assert read({name: f" {right} "})[name] == right
    assert read({name: ""})[name] == default
    for wrong in (str(low - 1), str(high + 1), "many", "1e3", "１", "0x10", "9" * 5000):
        with pytest.raises(LimitError) as refused:
            read({name: wrong})
        said = str(refused.value)
        assert all(word in said for word in (name, str(low), str(high), wrong[:40]))


def test_one_limit_says_nothing_of_the_others() -> None:
    found = dict(read({"INIT_LAB_WORKERS": "3", "INIT_LAB_NONSENSE": "x"}))
    assert found == {name: default for name, (default, _, _) in PROMISED.items()} | {"INIT_LAB_WORKERS": 3}


def test_the_limits_are_those_of_the_pages() -> None:
    """An operator's numbers reach what they limit."""
    names = {
        "INIT_LAB_PAGES": "cached.TURNSTILE._places._value",
        "INIT_LAB_WORKERS": "cached.GATE.workers",
        "INIT_LAB_HELD": "state.MAX_WEIGHTS",
        "INIT_LAB_STREAMED": "state.MAX_STREAMED",
        "INIT_LAB_COMPARED": "rules.MAX_COMPARED",
        "INIT_LAB_PARAMETERS": "rules.MAX_PARAMETERS",
        "INIT_LAB_RUN_WEIGHTS": "rules.MAX_RUN_WEIGHTS",
        "INIT_LAB_RUN_PRODUCTS": "rules.MAX_RUN_PRODUCTS",
        "INIT_LAB_CACHE": "cached.ENTRIES",
        "INIT_LAB_UPLOAD": "config.get_option('server.maxUploadSize')",
        "INIT_LAB_MESSAGE": "config.get_option('server.maxWidgetStateSize')",
        "INIT_LAB_GONE": "config.get_option('server.disconnectedSessionTTL')",
        "INIT_LAB_IDLE": "keys.IDLE",
        "INIT_LAB_MEMORY": "devices.ALLOWED // 2**20",
    }
    chosen = {name: str(PROMISED[name][1] + 1) for name in names}
    asked = "; ".join(f"print({where})" for where in names.values())
    code = (
        "import pages.server.entry; from streamlit import config; from core import devices; "
        "from pages.jobs import cache as cached; from pages.shell import keys; "
        f"from pages.state import rules, table as state; {asked}"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=chosen, capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == list(chosen.values())

"""What an operator may set: read from the environment, refused in a sentence, documented in one table."""

import re
import subprocess
import sys

import pytest

from pages.state.operator_limits import LIMITS, LimitError, read
from tests.support.stream import ROOT

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
    found = dict(read({"INIT_LAB_WORKERS": "3", "INIT_LAB_LOG": "json", "INIT_LABEL": "x", "HOME": "/"}))
    assert found == {name: default for name, (default, _, _) in PROMISED.items()} | {"INIT_LAB_WORKERS": 3}


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("INIT_LAB_VISITOR", "INIT_LAB_VISITORS"),
        ("INIT_LAB_HOST", "INIT_LAB_HOSTS"),
        ("INIT_LAB_", "INIT_LAB_LOG"),
    ],
)
def test_an_unknown_setting_is_refused_and_the_nearest_name_is_suggested(name: str, nearest: str) -> None:
    with pytest.raises(LimitError) as refused:
        read({name: "3"})
    assert str(refused.value) == f"{name} is no setting of Init Lab's. The nearest is {nearest}."


def test_the_limits_are_those_of_the_pages() -> None:
    """An operator's numbers reach what they limit."""
    asked = {
        "INIT_LAB_PAGES": "queue.turnstile()._free",
        "INIT_LAB_WORKERS": "queue.gate().workers",
        "INIT_LAB_HELD": "settled('distribution', {'scheme': 'orthogonal'}).limit",
        "INIT_LAB_STREAMED": "settled('distribution', {}).limit",
        "INIT_LAB_COMPARED": "refused(lesson._size, 'lesson', fan_in='65536', fan_out='65536')",
        "INIT_LAB_PARAMETERS": "refused(model._network_size, 'model', net='64-64')",
        "INIT_LAB_RUN_WEIGHTS": "refused(signal._signal_size, 'signal', width='2048')",
        "INIT_LAB_RUN_PRODUCTS": (
            "refused(signal._signal_size, 'signal', depth='1', width='2048', samples='1024')"
        ),
        "INIT_LAB_CACHE": "distribution.job._most()",
        "INIT_LAB_UPLOAD": "config.get_option('server.maxUploadSize')",
        "INIT_LAB_MESSAGE": "config.get_option('server.maxWidgetStateSize')",
        "INIT_LAB_GONE": "config.get_option('server.disconnectedSessionTTL')",
        "INIT_LAB_IDLE": "keys.IDLE",
        "INIT_LAB_MEMORY": "devices.ALLOWED // 2**20",
    }
    chosen = {name: str(PROMISED[name][1] + 1) for name in asked}
    code = _SERVED + "".join(f"print({where})\n" for where in asked.values())
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=chosen, capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == list(chosen.values())


_SERVED = """
from pages.server import entry
from streamlit import config
from core import devices
from pages.jobs import distribution, queue
from pages.lecture.links import settled
from pages.shell import keys
from pages.state.conflicts import lesson, model, signal

entry.create()

def refused(rule, page, **link):
    return rule(settled(page, link)).facts["limit"]

"""

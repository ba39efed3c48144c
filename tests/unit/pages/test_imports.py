"""Importing a room starts nothing: no environment is read, no queue built, no app made."""

import os
import subprocess
import sys

from tests.support.stream import ROOT

SCRIPT = """
import importlib, pathlib, threading
from pages.jobs import queue
from pages.state import operator_limits as limits
for path in sorted(pathlib.Path("pages").rglob("*.py")):
    name = ".".join(path.with_suffix("").parts)
    if path.parent.name != "pages" and not name.endswith("__main__"):  # a screen runs when it is imported
        importlib.import_module(name.removesuffix(".__init__"))
for made in (limits.in_force, queue.gate, queue.turnstile):
    assert made.cache_info().currsize == 0, made
assert threading.active_count() == 1
print("nothing")
"""


def test_importing_a_room_starts_nothing() -> None:
    wrong = {**os.environ, "INIT_LAB_WORKERS": "many", "INIT_LAB_HELD": "-1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, env=wrong, capture_output=True, text=True, check=False
    )
    assert done.stdout == "nothing\n", done.stderr

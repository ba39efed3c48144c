"""Circumstances that servers are started under: little memory, few seats, a full disk, wrong settings."""

import os
import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.stream import Server

SERVE = (sys.executable, "-m", "pages.server")
#: The largest layer: a minute's work for one core and more, part by part, where INIT_LAB_STREAMED allows it.
HUGE = 1 << 32
#: Megabytes: the process takes some 400, less where the kernel takes back what is not looked at, and an
#: orthogonal matrix of 4096 × 4096, of which LAPACK wants nine copies, 604 more.
MEMORY = 750


class Started(NamedTuple):
    """A server, and the file that has its standard error."""

    server: Server
    log: Path


#: One big draw at a time, one that waits, little memory; and a page that fails, as none does by itself.
NARROW = {
    "INIT_LAB_PROCESSES": "1",
    "INIT_LAB_WORKERS": "1",
    "INIT_LAB_QUEUE": "1",
    "INIT_LAB_STREAMED": str(HUGE),
    "INIT_LAB_MEMORY": str(MEMORY),
    "INIT_LAB_MESSAGE": "2",
    "INIT_LAB_UPLOAD": "1",
    "INIT_LAB_LOG": "json",
}
FAILING = """
from pages.server.__main__ import main
from pages.words import lesson
def fails(*_):
    raise RuntimeError("a page fails\\non two lines")
lesson.facts = fails
main()
"""
HOUSE = {"INIT_LAB_VISITORS": "2", "INIT_LAB_METRICS": "0", "INIT_LAB_HOSTS": "lab.example"}
#: No home, no place for temporary files, and no file that may grow, logs included.
NOWHERE = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"), "/nowhere")
FULL_DISK = ("sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *SERVE)

#: name, value → what is said of it
WRONG = {
    ("INIT_LAB_WORKERS", "many"): "INIT_LAB_WORKERS must be a whole number from 1 to 64; it was 'many'.",
    ("PORT", "65536"): "PORT must be a whole number from 1 to 65535; it was '65536'.",
    ("HOST", "lab.invalid"): "HOST must be an address of this machine; it was 'lab.invalid'.",
    ("HOST", "192.0.2.1"): "HOST must be an address of this machine; it was '192.0.2.1'.",
    ("INIT_LAB_LOG", "xml"): "INIT_LAB_LOG must be text or json; it was 'xml'.",
    (
        "INIT_LAB_VISITOR",
        "9",
    ): ("INIT_LAB_VISITOR is no setting of Init Lab's. The nearest is INIT_LAB_VISITORS."),
}

Starting = dict[Any, Future[Any]]


def tried(name: str, value: str, **others: str) -> subprocess.CompletedProcess[str]:
    """Start a server with a setting that is wrong, and wait for its end."""
    environment = {**os.environ, name: value, **others}
    return subprocess.run(SERVE, env=environment, capture_output=True, text=True, timeout=60, check=False)

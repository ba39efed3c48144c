"""What the machine has for the server's processes, and how they take turns with it."""

import os
import sys
from contextlib import suppress
from pathlib import Path

if sys.platform == "linux":
    import fcntl

#: Where Linux says what a container may have.
CGROUP = Path("/sys/fs/cgroup")
#: Bytes of memory that are loaded once, and for each process beside the first.
LOADED, NEEDED = 400 << 20, 300 << 20

_CORES = (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"))
_MEMORY = ("memory.max", "memory/memory.limit_in_bytes")


def processes(wanted: int, allowed: int, cgroup: Path = CGROUP) -> int:
    """Return how many processes answer: as many as wanted, or for 0 as many as are right here.

    That is one a core of those that the machine and its container have, as their memory and ``allowed`` MB
    (0: any) permit. Elsewhere than on Linux it is one, for there torch does not survive a fork.
    """
    if sys.platform != "linux":
        return 1
    if wanted:
        return wanted
    memory = _memory(cgroup)
    memory = min(memory, allowed << 20) if allowed else memory
    return max(1, min(_cores(cgroup), 1 + (memory - LOADED) // NEEDED))


def _cores(cgroup: Path) -> int:
    cores = len(os.sched_getaffinity(0))
    for files in _CORES:
        with suppress(OSError, ValueError):  # a container without a limit says "max", or -1
            quota, period = " ".join((cgroup / file).read_text(encoding="ascii") for file in files).split()
            if int(quota) > 0:
                cores = min(cores, int(quota) // int(period))
    return cores


def _memory(cgroup: Path) -> int:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for file in _MEMORY:
        with suppress(OSError, ValueError):
            memory = min(memory, int((cgroup / file).read_text(encoding="ascii")))
    return memory


class SharedLock:
    """Entered by one of the processes at a time; one that dies in it is taken to have left."""

    def __init__(self) -> None:
        self._file = os.memfd_create("turn")

    def __enter__(self) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN)

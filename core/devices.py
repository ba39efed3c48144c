"""What this machine has to draw on."""

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from pathlib import Path

import torch

from .checks import real, unfit
from .errors import DeviceError, shown

#: Kinds of device that torch can draw on here; a CUDA device may carry an index, as in "cuda:1".
KINDS = ("cpu", "cuda", "mps")
#: Bytes that a piece of work may take beside others; larger ones are done one after the other.
LARGE = 1 << 27
#: Bytes that the whole process may hold, if whoever runs it has said so.
ALLOWED: int | None = None

#: Entered beside a large piece of work: several processes on one machine take turns.
TURN: AbstractContextManager[object] = nullcontext()

_ALONE = threading.Lock()
#: True within a large piece of work, in the threads that it starts as well: what reports progress may draw.
_WITHIN: ContextVar[bool] = ContextVar("within", default=False)
#: Where Linux says what a container may have, what it has, and what of that it can give back.
_CGROUPS = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_inactive_file"),
)
_CGROUP = Path("/sys/fs/cgroup")


def available() -> tuple[str, ...]:
    """Return the kinds of device that this machine has; the CPU comes first and is always there."""
    has = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    return ("cpu", *(kind for kind in KINDS if has.get(kind)))


def resolve(name: str | torch.device) -> torch.device:
    """Return the device called ``name``.

    Raises:
        DeviceError: if ``name`` is no device, or this machine has no such device.
    """
    device = named(name)
    count = {"cuda": torch.cuda.device_count}.get(device.type, lambda: 1)()
    if device.type not in available() or (device.index or 0) >= count:
        raise DeviceError("device.missing", value=str(device), available=tuple(available()))
    return device


def named(name: str | torch.device) -> torch.device:
    """Return the device called ``name``, be it of this machine or another.

    Raises:
        DeviceError: if ``name`` is no device, or of a kind that is not in KINDS.
    """
    try:
        device = torch.device(name) if isinstance(name, str | torch.device) else None
    except RuntimeError:  # how torch says that it knows no such device
        device = None
    if device is None or device.type not in KINDS:
        raise DeviceError("device.unknown", value=shown(name), kinds=tuple(KINDS))
    return device


def free_bytes(device: str | torch.device) -> int:
    """Return how much of the memory that ``device`` draws into is free now, in bytes.

    On the CPU that is the least of what the machine has, its container may have, and ``ALLOWED`` leaves.

    Raises:
        DeviceError: as of ``resolve``.
    """
    device = resolve(device)
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    page = os.sysconf("SC_PAGE_SIZE")
    free = [page * os.sysconf("SC_PHYS_PAGES")]
    with suppress(OSError):  # Linux alone says more
        free.append(1024 * _fields("/proc/meminfo")["MemAvailable:"])
        if ALLOWED is not None:
            resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
            free.append(ALLOWED - page * resident)
    for limit, used, idle in _CGROUPS:
        with suppress(OSError, ValueError):  # a container without a limit says "max"
            allowed = int((_CGROUP / limit).read_text(encoding="ascii"))
            taken = int((_CGROUP / used).read_text(encoding="ascii"))
            free.append(allowed - taken + _fields((_CGROUP / used).with_name("memory.stat")).get(idle, 0))
    return max(0, min(free))


def _fields(path: str | Path) -> dict[str, int]:
    """Return the first number after each line's first word."""
    rows = (line.split() for line in Path(path).read_text(encoding="ascii").splitlines())
    return {row[0]: int(row[1]) for row in rows}


def alone(needed: int) -> AbstractContextManager[object]:
    """Return a context manager: enter it before checking that ``needed`` bytes are free; leave it afterwards.

    Meanwhile no other large piece of work can take what was free, except one begun within this one.

    Raises:
        ParameterError: unless ``needed`` is a number that is not negative.
    """
    if not real(needed) >= 0:
        raise unfit("needed", needed, "a number of bytes")
    return _alone() if needed > LARGE and not _WITHIN.get() else nullcontext()


@contextmanager
def _alone() -> Iterator[None]:
    with _ALONE, TURN:
        within = _WITHIN.set(True)
        try:
            yield
        finally:
            _WITHIN.reset(within)


def on(device: str | torch.device) -> AbstractContextManager[object]:
    """Return what to enter so that new tensors are made on ``device``, whatever torch's default is.

    Raises:
        DeviceError: as of ``named``.
    """
    wanted = named(device)
    return nullcontext() if torch.get_default_device() == wanted else wanted

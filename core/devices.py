"""What this machine has to draw on."""

import os

import torch

from core.errors import DeviceError

#: Kinds of device that torch can draw on here; a CUDA device may carry an index, as in "cuda:1".
KINDS = ("cpu", "cuda", "mps")


def available() -> tuple[str, ...]:
    """Return the kinds of device that this machine has; the CPU comes first and is always there."""
    has = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    return ("cpu", *(kind for kind in KINDS if has.get(kind)))


def resolve(name: str | torch.device) -> torch.device:
    """Return the device called ``name``.

    Raises:
        DeviceError: if ``name`` is no device, or this machine has no such device.
    """
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError):
        device = None
    if device is None or device.type not in KINDS:
        raise DeviceError(
            f"The device must be one of {', '.join(KINDS)}; it was {name!r}.",
            code="device.unknown",
            value=str(name),
        )
    count = {"cuda": torch.cuda.device_count}.get(device.type, lambda: 1)()
    if device.type not in available() or (device.index or 0) >= count:
        raise DeviceError(
            f"This machine has no {device}; it has {', '.join(available())}. "
            "The same seed gives other numbers on another device.",
            code="device.missing",
            value=str(device),
        )
    return device


def memory_bytes(device: torch.device) -> int:
    """Return the size of the memory that ``device`` draws into, in bytes."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

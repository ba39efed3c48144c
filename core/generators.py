"""torch's global generators: moved only under one lock, and put back as they stood."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

_LOCK = threading.Lock()


@contextmanager
def global_generators(device: torch.device, seed: int | None = None) -> Iterator[None]:
    """Hold the process's global generators, the CPU's and ``device``'s, and put them back at the end.

    With a ``seed`` both start from it, as after ``torch.manual_seed(seed)``. One thread at a time may
    hold them; a second call from the same thread would wait for itself.
    """
    other: Any = None if device.type == "cpu" else getattr(torch, device.type)
    with _LOCK:
        before = torch.get_rng_state(), other and other.get_rng_state()
        try:
            if seed is not None:
                torch.default_generator.manual_seed(seed)
                if other:
                    other.manual_seed(seed)
            yield
        finally:
            torch.set_rng_state(before[0])
            if other:
                other.set_rng_state(before[1])

"""torch's global generators: moved only under one lock, and put back as they stood."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

_LOCK = threading.RLock()


@contextmanager
def global_generators(device: torch.device, seed: int | None = None) -> Iterator[None]:
    """Hold the process's global generators, the CPU's and ``device``'s, and put them back at the end.

    With a ``seed`` both start from it, as after ``torch.manual_seed(seed)``. One thread at a time may
    hold them; it may do so again within.
    """
    get, seeded, put = _of(device)
    with _LOCK:
        before = torch.get_rng_state(), get()
        try:
            if seed is not None:
                torch.default_generator.manual_seed(seed)
                seeded(seed)
            yield
        finally:
            torch.set_rng_state(before[0])
            put(before[1])


def _of(device: torch.device) -> tuple[Callable[[], Any], Callable[[int], Any], Callable[[Any], Any]]:
    """Return how to read, to seed and to set the generators of an accelerator; all of its devices'."""
    if device.type == "cuda":
        return torch.cuda.get_rng_state_all, torch.cuda.manual_seed_all, torch.cuda.set_rng_state_all
    if device.type == "mps":
        return torch.mps.get_rng_state, torch.mps.manual_seed, torch.mps.set_rng_state
    return lambda: None, lambda _: None, lambda _: None

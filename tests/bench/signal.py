"""What a run through a deep network costs, beside the same draws, products and activations written bare.

Ratios carry over between machines, absolute figures do not. ``make bench`` runs it.
"""

import gc
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import torch
from torch.nn import functional as F

from core import SCHEMES
from core.signals import trace as signal

#: Six schemes whose weights are normal, on layers 512 × 512.
SIX: dict[str, dict[str, Any]] = {
    "kaiming_normal": {},
    "xavier_normal": {},
    "lecun_normal": {},
    "mup_hidden": {},
    "gpt2_residual": {},
    "normal": {"std": 0.05},
}
DEPTH, WIDTH, SEEDS, ROUNDS = 50, 512, 10, 3
ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh, "gelu": F.gelu}


def bare(batch: int, activation: str) -> None:
    """Draw, multiply, activate, and let autograd go back; nothing is measured."""
    weights = [torch.empty(WIDTH, WIDTH) for _ in range(DEPTH)]
    for key, params in SIX.items():
        std = SCHEMES[key].law((WIDTH, WIDTH), **params).std
        for seed in range(SEEDS):
            generator = torch.Generator().manual_seed(seed)
            first = torch.randn(batch, WIDTH, generator=generator).requires_grad_()
            x = first
            for weight in weights:
                x = ACTIVATIONS[activation](F.linear(x, weight.normal_(0, std, generator=generator)))
            x.backward(torch.randn(batch, WIDTH, generator=generator))


def alone(batch: int, activation: str) -> None:
    """Run ``bare`` as ours is run: in a thread of its own, whose OpenMP team flushes denormals too."""
    with ThreadPoolExecutor(1, initializer=torch.set_flush_denormal, initargs=(True,)) as thread:
        thread.submit(bare, batch, activation).result()


def ours(batch: int, activation: str, device: str = "cpu") -> None:
    """Run the same with all that is measured."""
    for key, params in SIX.items():
        size = {"depth": DEPTH, "width": WIDTH, "seeds": SEEDS, "batch": batch}
        signal.trace(key, activation, device=device, **size, **params)


def peak(depth: int) -> int:
    """Return the bytes of the live tensors, at most, in a forward view of this depth."""
    most = 0

    def look(done: int, _: int) -> None:
        nonlocal most
        if done % 10:  # looking through all objects takes long
            return
        live = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in _tensors()}
        most = max(most, sum(live.values()))

    signal.trace(
        "kaiming_normal", "relu", depth=depth, width=256, seeds=1, batch=64, backward=False, progress=look
    )
    return most


def _tensors() -> list[torch.Tensor]:
    return [thing for thing in gc.get_objects() if type(thing) is torch.Tensor]


def main() -> None:
    """Print each figure beside what it must reach."""
    for activation in ACTIVATIONS:
        for batch in (256, 1):
            ratios, seconds = turns(partial(ours, batch, activation), partial(alone, batch, activation))
            print(
                f"six schemes × {DEPTH} layers × {WIDTH} units × {SEEDS} seeds, batch {batch}, {activation}: "
                f"{statistics.median(ratios):.2f} times bare torch "
                f"({min(ratios):.2f} to {max(ratios):.2f}), {seconds:.1f} s" + " (≤ 1.3)" * (batch > 1)
            )
    if torch.cuda.is_available():
        ratios, seconds = turns(partial(ours, 256, "relu"), partial(ours, 256, "relu", "cuda"))
        print(f"{statistics.median(ratios):.1f} times as fast on the GPU (≥ 20)")
    for depth in (10, 100, 400):
        print(f"forward view, {depth} layers: {peak(depth) / 1e6:.1f} MB held at most (must not grow)")


def turns(one: Callable[[], None], other: Callable[[], None]) -> tuple[list[float], float]:
    """Time both in turns; return the ratios and the first's median seconds."""
    ratios, seconds = [], []
    for _ in range(ROUNDS + 1):
        gc.collect()
        begin = time.perf_counter()
        one()
        middle = time.perf_counter()
        other()
        ratios.append((middle - begin) / (time.perf_counter() - middle))
        seconds.append(middle - begin)
    return ratios[1:], statistics.median(seconds[1:])


if __name__ == "__main__":
    main()

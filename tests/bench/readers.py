"""Readers of files of weights: ``python -m tests.bench.readers [mutated files of each format]``.

Each mutated file must be read or refused in a CheckpointError, within a second of processor time and without
memory to speak of; then the time that reading takes is held against a bare read of the same file, and the
time that judging takes against what numpy says of the numbers.
"""

import importlib.util
import random
import resource
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from core import CheckpointError, scan
from core.checkpoints.file_formats import opened
from core.checkpoints.stored_tensor import PART
from tests.support.checkpoints import BOMBS, FILES, KERAS, written
from tests.support.mutations import mutated_file

MEMORY = 200e6
SECONDS = 1.0
ROUNDS = 20


def tried(path: Path) -> str:
    """Read all of a file; return how that ended."""
    try:
        for tensor in opened(path).tensors:
            for _ in tensor.source.parts(PART):
                pass
    except CheckpointError as error:
        return error.code.partition(".")[2]
    return "read"


def fuzz(name: str, make: Callable[[], bytes], count: int, folder: Path) -> None:
    """Try mutated files of one format, and fail where one took too long or too much."""
    text, ends = make(), Counter[str]()
    chance = random.Random(name)  # noqa: S311 - not secret
    peak, worst = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0.0
    for number in range(count):
        changed = mutated_file(name, text, chance)
        path, start = written(folder, name, changed), time.process_time()
        try:
            ends[tried(path)] += 1
        except BaseException:
            written(Path(tempfile.gettempdir()), f"found-{number}-{name}", changed)
            raise
        worst = max(worst, time.process_time() - start)
        assert worst < SECONDS, (name, number, worst)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) * 1024
    assert grown < MEMORY, (name, grown)
    print(
        f"{name}: {count} mutated, the slowest {worst:.3f} s, memory + {grown / 1e6:.0f} MB; {dict(ends)}",
        flush=True,
    )


def bombs(folder: Path) -> None:
    """Refuse files that ask for as much as they can, and print what each takes: once timed, once traced."""
    for name, (make, code) in BOMBS.items():
        path, start = written(folder, name, make()), time.process_time()
        assert tried(path) == code, name
        taken = time.process_time() - start
        tracemalloc.start()
        tried(path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        print(f"{name}: {code}, {taken:.2f} s (≤ 1), memory {peak / 1e6:.0f} MB", flush=True)
        path.unlink()


def in_turn(*works: Callable[[], object], clock: Callable[[], float]) -> list[list[float]]:
    """Return what each takes by a clock, over ``ROUNDS`` in which they take turns."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for work, times in zip(works, taken, strict=True):
            start = clock()
            work()
            times.append(clock() - start)
    return taken


def against_a_bare_read(folder: Path) -> None:
    """Print how long reading takes, in parts, against a bare read into one buffer."""
    weights = {f"{i}": torch.randn(4096, 4096) for i in range(4)}
    torch.save(weights, folder / "large.pt")
    path = folder / "large.pt"
    tensors = opened(path).tensors

    def ours() -> None:
        for tensor in tensors:
            for _ in tensor.source.parts(PART):
                pass

    def bare() -> None:
        buffer = np.empty(4 * PART, np.uint8)
        with path.open("rb", buffering=0) as file:
            while file.readinto(buffer):
                pass

    taken = in_turn(ours, bare, clock=time.process_time)
    ratio = min(taken[0]) / min(taken[1])
    print(f"268 MB in parts, against a bare read, processor time: {ratio:.2f} (≤ 1.2)")


def against_numpy(folder: Path) -> None:
    """Print how much sooner a file is judged than loaded and described by numpy, and read, in bfloat16."""
    path = folder / "half.safetensors"
    rng = torch.Generator().manual_seed(1)
    save_file({f"{i}": torch.randn(4096, 4096, generator=rng).bfloat16() for i in range(8)}, path)

    def ours() -> None:
        scan(path)

    def numpy() -> None:
        for tensor in load_file(path).values():
            weights = tensor.float().numpy()
            np.histogram(weights, 100)
            weights.mean()
            weights.std()

    taken = in_turn(ours, numpy, path.read_bytes, clock=time.perf_counter)
    scanned, described, read = map(statistics.median, taken)
    print(f"268 MB of bfloat16: load_file and numpy take {described / scanned:.1f} times as long (≥ 5)")
    print(f"268 MB of bfloat16: scan takes {scanned / read:.2f} times as long as read_bytes (≤ 2.0)")


def main(count: int) -> None:
    """Try so many files of each format, then time."""
    files = {**FILES, **(KERAS if importlib.util.find_spec("h5py") else {})}
    with tempfile.TemporaryDirectory() as folder:
        for name, make in files.items():
            fuzz(name, make, count, Path(folder))
        bombs(Path(folder))
        against_a_bare_read(Path(folder))
        against_numpy(Path(folder))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)

"""What summarising must reach, measured side by side: ``make bench``.

Ratios carry over between machines, absolute figures do not.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from core import SCHEMES, summarize
from core.weights.sampling import PART
from tests.support.stream import ROOT

ROUNDS = 7
#: 32 parts, 67 million weights
SHAPE = (32, PART)
NAIVE = (10_000, 10_000)

#: Prints by how many MB a summary of n weights raises the peak over the process after its imports.
MEMORY = """
import sys
from core import summarize
def peak(field):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(field))
begin = peak("VmRSS")
rows, columns = map(int, sys.argv[1:])
assert summarize("kaiming_normal", (rows, columns), seed=1).n == rows * columns
print((peak("VmHWM") - begin) / 1000)
"""


def main() -> None:
    """Print each figure beside what it must reach."""
    against_the_bare_fill("kaiming_normal", Tensor.normal_)
    against_the_bare_fill("kaiming_uniform", Tensor.uniform_)
    against_the_whole_tensor()
    memory()
    if torch.cuda.is_available():
        against_the_gpu()


def in_turns(ours: Callable[[], object], theirs: Callable[[], object], rounds: int = ROUNDS) -> str:
    """Time both in turns, after one round that does not count; return their medians and ratios."""
    times = []
    for _ in range(rounds + 1):
        marks = [time.perf_counter()]
        for work in (ours, theirs):
            work()
            marks.append(time.perf_counter())
        times.append((marks[1] - marks[0], marks[2] - marks[1]))
    ratios = sorted(a / b for a, b in times[1:])
    a, b = (statistics.median(taken) for taken in zip(*times[1:], strict=True))
    spread = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
    return f"{a:.3f} s against {b:.3f} s: ratio {statistics.median(ratios):.2f}, {spread}"


def against_the_bare_fill(key: str, fill_: Callable[..., Tensor]) -> None:
    """Print a summary's time against drawing the same parts and throwing them away."""

    def bare() -> None:
        generator, part = torch.Generator().manual_seed(1), torch.empty(PART)
        for _ in range(SHAPE[0]):
            fill_(part, generator=generator)

    taken = in_turns(lambda: summarize(key, SHAPE, seed=1), bare)
    print(f"{key}, {SHAPE[0] * PART:,} weights summarised, against the bare fill: {taken} (≤ 2.0)")


def against_the_whole_tensor() -> None:
    """Print how much longer it takes to draw the tensor and count it with numpy."""

    def whole() -> None:
        weight = nn.init.kaiming_normal_(torch.empty(NAIVE)).numpy()
        np.histogram(weight, bins=200)
        weight.mean(), weight.std(), weight.min(), weight.max()

    taken = in_turns(whole, lambda: summarize("kaiming_normal", NAIVE, seed=1), rounds=5)
    print(f"10⁸ weights drawn whole and counted by numpy, against a summary: {taken} (≥ 4)")


def memory() -> None:
    """Print the memory that a summary takes above the process after its imports."""
    for rows, columns in ((1_000, 1_000), (10_000, 10_000), (32_768, 32_768)):
        command = [sys.executable, "-c", MEMORY, str(rows), str(columns)]
        taken = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        print(f"memory above the imports, n = {rows * columns:>13,}: {float(taken):.0f} MB (< 150, flat)")


def against_the_gpu() -> None:
    """Print the CPU's time for a summary against the GPU's."""
    for key in ("kaiming_normal", "trunc_normal", "orthogonal"):
        shape = (4096, 4096)
        SCHEMES[key].law(shape)

        def on(device: str, key: str = key, shape: tuple[int, int] = shape) -> Callable[[], object]:
            return lambda: summarize(key, shape, seed=1, device=device)

        print(f"{key}, 4096 × 4096, on the CPU against the GPU: {in_turns(on('cpu'), on('cuda'))}")


if __name__ == "__main__":
    main()

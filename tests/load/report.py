"""The table, and the figures that must be reached."""

import itertools
import math
import os
import sys
from collections import Counter
from typing import NamedTuple

from tests.load.scenarios import Tally, at
from tests.load.servers import STOCK

#: What must be reached, in milliseconds, as a ratio, in megabytes, as a number of draws.
P95_THINKING, P95_AT_ONCE = 150, 1200
THROUGHPUT = 8
PEAK = 1200
#: Under attack, or beside files: the others' 95th percentile over that without, and megabytes.
BESIEGED, PEAK_BESIEGED = 1.5, 900
#: Milliseconds of processor time a second, of the server, for each who drags.
HELD = 0.5
#: One by each process.
COMPUTATIONS = len(os.sched_getaffinity(0))


def say(words: str) -> None:
    """Print at once, since the next line is long in coming."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def heading() -> str:
    """Return the table's first lines."""
    settings = ", ".join(f"{name} = {value}" for name, value in STOCK.items())
    columns = ("median", "p95", "max", "reruns/s", "failed", "peak MB", "MB each", "CPU s", "client s")
    return (
        f"{os.cpu_count()} cores, which the visitors share with the server.\n"
        "Times in ms, from a control moved to the end of the page's messages.\n"
        "tuned: as in production, a process a core; single: as in production, one process.\n"
        f"stock: streamlit run app.py, {settings}, OMP_NUM_THREADS unset.\n\n"
        f"{'scenario':12}{'server':>7}{'people':>8}{'reruns':>8}" + "".join(f"{name:>10}" for name in columns)
    )


class Row(NamedTuple):
    """One scenario with one server."""

    name: str
    kind: str
    visitors: int
    tally: Tally
    #: megabytes: the most that the server held, and what each visitor added
    peak: float
    each: float
    #: processor time of the server and of the visitors
    cpu: float
    client: float

    @property
    def rate(self) -> float:
        """Reruns a second."""
        return len(self.tally.seconds) / self.tally.wall if self.tally.wall else math.nan

    def ms(self, share: float) -> float:
        """Return within how many milliseconds this share of the runs ended; who gave up waited longer."""
        return 1000 * at(self.tally.seconds + self.tally.late, share)

    def line(self) -> str:
        """Return the table's line."""
        times = "".join(f"{self.ms(share):10.0f}" for share in (0.5, 0.95, 1))
        return (
            f"{self.name:12}{self.kind:>7}{self.visitors:8}{len(self.tally.seconds):8}{times}{self.rate:10.1f}"
            f"{len(self.tally.failures):10}{self.peak:10.0f}{self.each:10.2f}{self.cpu:10.1f}{self.client:10.1f}"
        )

    def remarks(self) -> list[str]:
        """Return what else was seen, and which failures there were."""
        counted = Counter(self.tally.failures).most_common(5)
        return [*self.tally.notes, *(f"failed {n} ×: {words}" for words, n in counted)]


def figures(rows: list[Row]) -> tuple[list[str], bool]:
    """Return each figure beside what it must reach, and whether all are met."""
    found = {(row.name, row.kind): row for row in rows}
    ours = [row for row in rows if row.kind == "tuned"]
    lines: list[str] = []
    met = True

    def say_met(words: str, figure: float, form: str, target: float, *, least: bool = False) -> None:
        nonlocal met
        good = figure >= target if least else figure <= target
        met = met and good
        sign = "≥" if least else "≤"
        lines.append(f"{words}: {figure:{form}} ({sign} {target}): {'met' if good else 'NOT met'}")

    if row := found.get(("thinking", "tuned")):
        say_met(f"{row.visitors} thinking 4 s, p95 in ms", row.ms(0.95), ".0f", P95_THINKING)
    if row := found.get(("dragging", "tuned")):
        words = f"{row.visitors} dragging, ms of processor time a second for each until they let go"
        say_met(words, row.tally.figures["held"], ".2f", HELD)
        lines.append(f"{row.visitors} letting go within 4 s, p95 in ms: {row.ms(0.95):.0f}")
    if row := found.get(("at_once", "tuned")):
        say_met(f"{row.visitors} at once, p95 in ms", row.ms(0.95), ".0f", P95_AT_ONCE)
    for name, other in itertools.product(("thinking", "at_once"), ("single", "stock")):
        tuned, beside = found.get((name, "tuned")), found.get((name, other))
        if tuned and beside:
            words = f"{name}, p95 in ms, {other} {beside.ms(0.95):.0f} over tuned {tuned.ms(0.95):.0f}"
            lines.append(f"{words}: {beside.ms(0.95) / tuned.ms(0.95):.1f}")
    if row := found.get(("one_link", "tuned")):
        words = f"{row.visitors} opening one link, draws made"
        say_met(words, row.tally.figures["computations"], ".0f", COMPUTATIONS)
    if row := found.get(("flood", "tuned")):
        lines.append(f"p95 of the others, with a flood over without: {row.tally.figures['flood']:.2f}")
    if row := found.get(("hostile", "tuned")):
        say_met("p95 of the others, under attack over without", row.tally.figures["hostile"], ".2f", BESIEGED)
        say_met("the server's peak memory in MB, under attack", row.peak, ".0f", PEAK_BESIEGED)
    if row := found.get(("files", "tuned")):
        words = "p95 of the others, with 30 files of 100 MB over without"
        say_met(words, row.tally.figures["files"], ".2f", BESIEGED)
    tuned, stock = found.get(("throughput", "tuned")), found.get(("throughput", "stock"))
    if tuned and stock:
        words = f"throughput, tuned {tuned.rate:.1f} over stock {stock.rate:.1f} reruns a second"
        say_met(words, tuned.rate / stock.rate, ".1f", THROUGHPUT, least=True)
    single = found.get(("throughput", "single"))
    if tuned and single:
        words = f"throughput, {tuned.rate:.1f} over one process {single.rate:.1f} reruns a second"
        lines.append(f"{words}: {tuned.rate / single.rate:.2f}")
    if ours:
        say_met("the server's peak memory in MB, of all", max(row.peak for row in ours), ".0f", PEAK)
        say_met("failures", sum(len(row.tally.failures) for row in ours), "d", 0)
    return lines, met

"""A file of weights that is looked at: what was kept of it, or an example's, made once for a class."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from safetensors.torch import save

from core import Finding, Report, Row, audit
from core.checkpoints.scan import report_of
from core.checkpoints.stored_tensor import Contents
from core.checkpoints.tensors_in_memory import in_memory
from core.networks.network import Dense
from core.teaching import broken
from pages.figures.checkpoint_map import Band, bands, look_of
from pages.jobs.cache import kept
from pages.jobs.model import NetworkRun, built
from pages.state import reports
from pages.state.chosen import State

#: What an example's file is called: nothing that would tell what is wrong with it.
FILES = {
    name: f"{file}.safetensors"
    for name, file in zip(
        broken.EXAMPLES,
        ("gpt2-tiny", "three-layers", "digits", "net-1", "net-2", "digits-2", "net-3", "net-4"),
        strict=True,
    )
}
#: From this severity on a tensor is not as it is meant to be.
WRONG = 2
#: Numbers so far apart are memory that nothing was written to: a chart of them says nothing.
FAR = 1e30
#: What a tensor is said to start as.
Claim = str | tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Seen:
    """What a page looks at: its report, and the example that it is of; '' if it is nobody's example."""

    report: Report
    example: str

    @property
    def file(self) -> str:
        """What it is called: its file, or the first of several."""
        return self.report.rows[0].file if self.report.rows else self.report.format


class Overview:
    """What all views of a report need: its tensors by name, what was found of each, and how many fit what."""

    def __init__(self, report: Report) -> None:
        self.rows: Mapping[str, Row] = {row.name: row for row in reversed(report.rows)}
        self._found: dict[tuple[str, str], list[Finding]] = {}
        for finding in report.problems:
            for tensor in finding.tensors:
                self._found.setdefault((finding.file, tensor), []).append(finding)
        self.looks = Counter(map(look_of, report.rows))
        fitting = [row for row in report.rows if look_of(row) == "fits"]
        laws = Counter(map(law_key, fitting))
        examples = {law_key(row): row for row in fitting}
        #: a tensor of each law, with how many there are, the commonest first
        self.laws = [(examples[key], n) for key, n in laws.most_common()]
        self.bands: Sequence[Band] = bands(report.rows, self.mark)
        #: the largest of which there is a chart, if there is any
        self.largest = max(filter(has_chart, report.rows), key=lambda row: row.n, default=None)

    def of(self, row: Row) -> Sequence[Finding]:
        """Return what was found of a tensor, worst first."""
        return self._found.get((row.file, row.name)) or self._found.get(("", row.name)) or ()

    def mark(self, row: Row) -> int:
        """Return a tensor's mark: 2 is wrong, 1 worth knowing, 0 nothing."""
        return max(map(mark_of, self.of(row)), default=0)


def mark_of(finding: Finding) -> int:
    """Return a finding's mark."""
    return 2 if finding.severity >= WRONG else 1


def law_key(row: Row) -> tuple[object, ...]:
    """Return what tells the law that fits a tensor best from others; () where none does."""
    return () if row.init is None else (row.init.schemes[0].key, *row.init.schemes[0].params.items())


def has_chart(row: Row) -> bool:
    """Tell whether a tensor has numbers that differ, and lie near enough to each other to be drawn."""
    return len(row.counts) > 1 and 0 < row.std < FAR and bool(row.edges[-1] - row.edges[0] < FAR)


_OVERVIEWS: WeakKeyDictionary[Report, Overview] = WeakKeyDictionary()


def overview(report: Report) -> Overview:
    """Return what all views of a report need; it is made once."""
    found = _OVERVIEWS.get(report)
    if found is None:
        found = _OVERVIEWS[report] = Overview(report)
    return found


def seen(state: State) -> Seen:
    """Return what is looked at."""
    return of(str(state["report"] or state["example"]))


def compared(state: State) -> Seen | None:
    """Return what it is compared with, if anything is chosen."""
    return of(str(state["against"])) if state["against"] else None


def of(name: str) -> Seen:
    """Return what a key or an example's name stands for; the first example where a key has just gone."""
    if name not in broken.EXAMPLES and (report := reports.kept(name)) is not None:
        return Seen(report, "")
    name = name if name in broken.EXAMPLES else next(iter(broken.EXAMPLES))
    return Seen(_example(name), name)


def file_of(name: str) -> bytes:
    """Return an example as a .safetensors file."""
    return save(broken.tensors(name))


@kept(most=len(broken.EXAMPLES))
def _example(name: str) -> Report:
    named = sorted(broken.tensors(name).items(), key=lambda each: (-each[1].itemsize, each[0]))  # as its file
    held = (in_memory(key, tensor, FILES[name]) for key, tensor in named)
    return report_of(Contents("safetensors", tuple(held), ()))


def audited(run: NetworkRun) -> str:
    """Judge a network of the lab by what its own layers say, keep the report, and return its key."""
    net, _ = built(run)
    claims: dict[str, Claim] = {}
    for name, dense in zip(net.network.names, net.network.layers, strict=True):
        claims |= _claims(name, dense)
    return reports.keep(audit(net, expect=claims))


def _claims(name: str, dense: Dense) -> dict[str, Claim]:
    claims: dict[str, Claim] = {f"{name}.weight": (dense.scheme, dict(dense.params))}
    return claims | ({f"{name}.bias": "zeros"} if dense.bias == "zeros" else {})

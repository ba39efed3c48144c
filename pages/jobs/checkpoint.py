"""A file of weights that is looked at: what was kept of it, or an example's, made once for a class."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import save

from core import Report, audit, scan
from core.networks.network import Dense
from core.teaching import broken
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
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, FILES[name])
        path.write_bytes(file_of(name))
        return scan(path)


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

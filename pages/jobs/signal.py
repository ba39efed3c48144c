"""Signals through deep networks, shared between visitors: one run a scheme, whoever compares it with what."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from core import Entry
from core.signals import fate as outlook
from core.signals import trace as signal
from core.signals.fate import Expected, Setting
from core.signals.trace_run import SignalTrace
from core.weights.sampling import Progress
from pages.jobs.cache import Job, kept
from pages.state.chosen import State
from pages.state.controls import DTYPE_NAMES, MAX_SEED

Array = npt.NDArray[np.float64]

#: Runs kept; one of 50 seeds and 200 layers takes 0.6 MB.
ENTRIES = 96
#: Multiplications that are done while the page waits; more go on behind it.
QUICK = 1 << 24


class SignalRun(NamedTuple):
    """One scheme's signal, to be followed: what a run depends on, and nothing else."""

    scheme: str
    params: tuple[tuple[str, Any], ...]
    activation: str
    depth: int
    width: int
    seeds: tuple[int, int]
    samples: int
    bias: str | float
    input: str
    input_scale: float
    device: str
    dtype: str
    backward: bool

    @property
    def total(self) -> int:
        """How many layers are run through, over all seeds and both ways."""
        return self.seeds[1] * self.depth * (2 if self.backward else 1)

    def of(self, begin: int, number: int) -> Self:
        """Return the run of some of its seeds."""
        return self._replace(seeds=((self.seeds[0] + begin) % (MAX_SEED + 1), number))


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """One scheme, and what theory expects of its signal."""

    #: its place as given, by which it keeps its colour
    place: int
    entry: Entry
    name: str
    #: None where theory is silent
    setting: Setting | None
    expected: Expected | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed(Foretold):
    """One scheme's signal, followed through its networks."""

    trace: SignalTrace


def asked(entry: Entry, state: State, *, backward: bool) -> SignalRun:
    """Return the run of one scheme that this state asks for."""
    return SignalRun(
        entry.scheme,
        entry.params,
        state["activation"],
        state["depth"],
        state["width"],
        (state["seed"], state["seeds"]),
        state["samples"],
        state.bias,
        state["input"],
        state["input_scale"],
        state.device,
        state["dtype"],
        backward,
    )


def foretold(state: State, names: Sequence[str]) -> list[Foretold]:
    """Return the schemes that are compared, called by ``names``, with what theory expects of them."""
    rows = []
    for place, (entry, name) in enumerate(zip(state.comparison.entries, names, strict=True)):
        given, course = theory(asked(entry, state, backward=False))
        rows.append(Foretold(place=place, entry=entry, name=name, setting=given, expected=course))
    return rows


def followed(rows: Sequence[Foretold], traces: Sequence[SignalTrace]) -> list[Followed]:
    """Return the schemes with what became of their signals; none if nothing was run."""
    known = [field.name for field in fields(Foretold)]
    return [
        Followed(**{name: getattr(row, name) for name in known}, trace=trace)
        for row, trace in zip(rows, traces, strict=False)
    ]


@kept(most=ENTRIES)
def firsts(runs: tuple[SignalRun, ...]) -> Job[list[SignalTrace]]:
    """Return the first seed of each of these runs, begun if that is new: what can be shown soon."""
    work = partial(_firsts, [run.of(0, 1) for run in runs])
    total = sum(run.of(0, 1).total for run in runs)
    return Job(total, work, quick=_products(runs, 1) <= QUICK, forget=lambda: firsts.clear(runs))


@kept(most=ENTRIES)
def rest(run: SignalRun) -> Job[SignalTrace]:
    """Return this run's other seeds, begun if they are new."""
    others = run.of(1, run.seeds[1] - 1)
    quick = _products([run], others.seeds[1]) <= QUICK
    return Job(others.total, partial(_run, others), quick=quick, forget=lambda: rest.clear(run))


def joined(first: SignalTrace, others: SignalTrace) -> SignalTrace:
    """Return the seeds of two traces as one."""
    found: dict[str, Any] = {"seeds": first.seeds + others.seeds}
    for each in fields(first):
        if isinstance(own := getattr(first, each.name), np.ndarray):
            found[each.name] = np.concatenate([own, getattr(others, each.name)])
    return replace(first, **found)


def _products(runs: Sequence[SignalRun], seeds: int) -> int:
    return sum(run.of(0, seeds).total * run.width**2 * run.samples for run in runs)


def _firsts(runs: Sequence[SignalRun], progress: Progress) -> list[SignalTrace]:
    """Run several through, one after the other."""
    found: list[SignalTrace] = []
    for at, run in enumerate(runs):
        ahead = sum(before.total for before in runs[:at])
        found.append(_first(run, partial(_further, progress, ahead)))
    return found


@kept(most=ENTRIES)
def _first(run: SignalRun, _progress: Progress) -> SignalTrace:
    """Run one through, if that is new among whichever others it stands."""
    return _run(run, _progress)


def _further(progress: Progress, ahead: int, done: int, total: int) -> bool | None:
    """Tell how far work is of which so much lies ahead of a part of it."""
    return progress(ahead + done, total)


def seeds(state: State) -> list[int]:
    """Return the seeds that are run: so many from the first on; after the last comes 0."""
    return _seeds(state["seed"], state["seeds"])


def _seeds(first: int, number: int) -> list[int]:
    return [(first + at) % (MAX_SEED + 1) for at in range(number)]


def _run(run: SignalRun, progress: Progress) -> SignalTrace:
    return signal.trace(
        run.scheme,
        run.activation,
        depth=run.depth,
        width=run.width,
        seeds=_seeds(*run.seeds),
        batch=run.samples,
        bias=run.bias,
        input=run.input,
        input_scale=run.input_scale,
        device=run.device,
        dtype=DTYPE_NAMES[run.dtype],
        backward=run.backward,
        progress=progress,
        **dict(run.params),
    )


def theory(run: SignalRun) -> tuple[Setting | None, Expected | None]:
    """Return σ_w² and σ_b² of a run, and what a network of infinite width does; None where it is silent."""
    given = outlook.setting(run.scheme, run.width, bias=run.bias, **dict(run.params))
    if given is None:
        return None, None
    return given, expected(given, run.activation, run.depth, run.input, run.input_scale)


@kept(most=ENTRIES)
def expected(given: Setting, activation: str, depth: int, input: str, input_scale: float) -> Expected | None:
    """Return what a network of infinite width does; None where theory is silent."""
    course = outlook.expected(given, activation, depth=depth, input=input, input_scale=input_scale)
    known = np.isfinite(course.activation_mean_square).any()  # of some formulas no mean can be computed
    return course if known else None

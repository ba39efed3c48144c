"""A file of weights, or several, read once and judged."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

from ..checks import checked_kind, checked_progress, unfit
from ..errors import Cancelled, CheckpointError
from .bit_cells import COUNTED
from .candidates import Candidate, Shape
from .expected_laws import Expected, Meanings, check_read, meant_of, told
from .file_formats import Path, opened
from .report import Report, made
from .report_row import Row, judged
from .stored_tensor import Contents, Skipped, Stored, with_scales

Progress = Callable[[int, int], bool | None]
#: Tensors read at a time where no executor is given.
THREADS = 8


def scan(
    path: Path | Sequence[Path],
    *,
    expect: Expected | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Report:
    """Read a file of weights, a folder, an index of shards or several files, and judge every tensor.

    Nothing in them is run. Several files may have the same names, as checkpoints of a run do; each is then
    a model by itself. ``expect`` says by their names what tensors are meant to start as; see ``audit``.
    ``executor`` reads several tensors at a time, in threads or in processes; without one there are as many
    threads as processors. ``progress`` is told how many numbers have been read, and of how many; it ends the
    scan by returning False.

    Raises:
        CheckpointError: if there is no such file, or it is not as its format has it.
        ParameterError: if ``executor`` or ``progress`` is of the wrong kind.
        InitLabError: if ``expect`` has a scheme that there is not, or names what is not read.
        Cancelled: if ``progress`` returned False.
    """
    checked_kind("executor", executor, Executor | None, "a concurrent.futures.Executor, or None")
    checked_progress(progress)
    contents = opened(path)
    report = report_of(contents, expect=expect, executor=executor, progress=progress)
    return replace(report, stored=contents.tensors)


def report_of(
    contents: Contents,
    *,
    expect: Expected | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Report:
    """Read what was opened, and judge every tensor; see ``scan``."""
    wanted = with_scales(each for each in contents.tensors if each.dtype in COUNTED)
    skipped = [
        *contents.skipped,
        *(uncounted(each) for each in contents.tensors if each.dtype not in COUNTED),
    ]
    meant = dict(told(expect, wanted, skipped))
    if executor is not None:
        rows = _judged(wanted, meant, executor, progress)
    else:
        with ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as threads:
            rows = _judged(wanted, meant, threads, progress)
    unread = [found for found in rows if isinstance(found, Skipped)]
    for pattern in expect or ():
        check_read(pattern, unread)
    return made(contents.format, [row for row in rows if isinstance(row, Row)], [*skipped, *unread], meant)


def uncounted(stored: Stored) -> Skipped:
    """Return a tensor of a dtype that is not counted, as complex numbers, as skipped."""
    facts = {"file": stored.file, "entry": stored.name, "dtype": stored.dtype, "allowed": COUNTED}
    return Skipped(stored.name, stored.file, "checkpoint.dtype", facts)


def besides(tensors: Sequence[Stored]) -> Iterator[Shape | None]:
    """Yield for each bias the shape of its weight, by their names, and None for all else."""
    anywhere = {each.name: each.shape for each in tensors}  # a shard may have the one, another the other
    shapes = {(each.file, each.name): each.shape for each in tensors}
    for each in tensors:
        weight = each.name.replace("bias", "weight")
        yield shapes.get((each.file, weight), anywhere.get(weight)) if "bias" in each.name else None


def _judged(
    tensors: Sequence[Stored], meant: Meanings, executor: Executor, progress: Progress | None
) -> list[Row | Skipped]:
    """Judge tensors, the largest first, so that none is left alone at the end; return them in their order."""
    among = sum(1 for each in tensors if "float" in each.dtype)
    sizes = [_size(each) for each in tensors]
    beside = list(besides(tensors))
    order = sorted(range(len(tensors)), key=lambda i: -sizes[i])
    futures: dict[Future[Row | Skipped], int] = {}
    try:
        for i in order:
            known = meant_of(tensors[i], meant)
            futures[executor.submit(_one, tensors[i], beside[i], max(1, among), known)] = i
        return _gathered(futures, sizes, progress)
    except (RuntimeError, BrokenProcessPool) as error:
        raise unfit("executor", executor, "an executor that takes work and does it") from error
    finally:
        for future in futures:
            future.cancel()


def _gathered(
    futures: dict[Future[Row | Skipped], int], sizes: Sequence[int], progress: Progress | None
) -> list[Row | Skipped]:
    found: dict[int, Row | Skipped] = {}
    done = 0
    for future in as_completed(futures):
        i = futures[future]
        found[i] = future.result()
        done += sizes[i]
        if progress is not None and progress(done, sum(sizes)) is False:
            raise Cancelled
    return [found[i] for i in range(len(sizes))]


def _size(stored: Stored) -> int:
    n = 1
    for size in stored.shape:
        n *= size
    return n


def _one(stored: Stored, beside: Shape | None, among: int, meant: Candidate | None) -> Row | Skipped:
    """Judge a tensor; one that turns out to be damaged is skipped."""
    try:
        return judged(stored, beside, among, meant)
    except CheckpointError as error:
        return Skipped(stored.name, stored.file, error.code, error.facts)

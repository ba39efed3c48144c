"""Draw a tensor, or the summary of one."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Generator, Tensor
from torch.overrides import TorchFunctionMode

from .. import devices
from ..checks import DRAWN, checked_flag, checked_progress
from ..errors import Cancelled
from .draw import Draw
from .laws import Law, checked_bins
from .scheme import Scheme, fill
from .schemes import scheme_of
from .structure import defects
from .summary import Summary, Tally

#: The dtypes that torch.nn.init draws.
DTYPES = DRAWN

#: Weights drawn at a time: 8 MB of float32, a multiple of 16.
PART = 1 << 21
#: No part is shorter, unless all are.
SHORTEST = 16

Progress = Callable[[int, int], bool | None]


def draw(
    key: str,
    shape: Sequence[int],
    *,
    seed: int,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    **params: Any,
) -> Tensor:
    """Draw a weight tensor of ``shape``, ``(out, in, *kernel)``, with the scheme called ``key``.

    The numbers are those of ``torch.nn.init`` with a fresh generator of this ``seed`` on ``device``;
    torch's global generator does not move. On the CPU it reads the lowest 32 bits of a seed: 2³² draws what 0
    draws. On one machine they are the same bits, but for an orthogonal
    matrix, which is LAPACK's and may differ by rounding. A processor with other vector instructions may
    give normal and scaled uniform weights other last digits.

    Raises:
        InitLabError: one of the types in ``core.errors``, before anything is allocated.
    """
    return tensor_of(Draw(key, shape, seed=seed, device=device, dtype=dtype, **params))


def tensor_of(request: Draw) -> Tensor:
    """Draw the whole tensor.

    Raises:
        SizeError: if it does not fit into memory.
    """
    with _room(request):
        weight = torch.empty(request.shape, dtype=request.dtype, device=request.device)
        return fill(weight, request.call, _generator(request))


def summarize(
    key: str,
    shape: Sequence[int],
    *,
    seed: int,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    bins: int = 200,
    progress: Progress | None = None,
    **params: Any,
) -> Summary:
    """Draw as ``draw`` does and keep only the summary, over ``bins`` bins set by the law.

    On the CPU the uniform, normal and constant families are drawn and counted part by part, in constant
    memory. ``progress(done, total)`` is called between parts, in weights.

    Raises:
        InitLabError: see ``draw``.
        Cancelled: if ``progress`` returned False.
    """
    request = Draw(key, shape, seed=seed, device=device, dtype=dtype, **params)
    return summary_of(request, bins=bins, progress=progress)


def summary_of(request: Draw, *, bins: int = 200, progress: Progress | None = None) -> Summary:
    """Draw and keep only the summary: see ``summarize``.

    Raises:
        InitLabError: if it does not fit into memory, or for the number of bins or what ``progress`` is.
        Cancelled: if ``progress`` returned False.
    """
    tally = Tally(request.law, checked_bins(bins), request.dtype)
    checked_progress(progress)
    report = _Report(progress, request.size)
    if request.streams:
        with devices.on(request.device):
            _count(_streamed(request), tally, report)
        return Summary(**tally.totals())
    call = request.call
    with _room(request):
        weight = torch.empty(request.shape, dtype=request.dtype, device=request.device)
        with report.drawing(columns=weight.shape[-1]):
            fill(weight, call, _generator(request))
        report.counting()
        _count(torch.split(weight.flatten(), PART), tally, report)
        totals = {**tally.totals(), "drawn_in": call.drawn_in(request.dtype)}
        return Summary(**totals, defects=defects(call.function, weight, call.arguments))


@contextmanager
def _room(request: Draw) -> Iterator[None]:
    """Hold the memory that drawing the whole tensor takes, or refuse it."""
    request.check_memory()
    with devices.alone(request.needed), devices.on(request.device):
        request.check_memory()  # others may have taken it meanwhile
        yield


def streams(key: str, shape: Sequence[int], device: str | torch.device = "cpu", **params: Any) -> bool:
    """Tell whether ``summarize`` draws this part by part, so that its size is not bounded by memory.

    Raises:
        InitLabError: for a device that is none, and as of ``Scheme.call``.
    """
    call = scheme_of(key).call(shape, **params)
    return devices.named(device).type == "cpu" and call.elementwise


def _count(parts: Iterable[Tensor], tally: Tally, report: "_Report") -> None:
    """Count each part while the next is drawn: torch and numpy let go of the interpreter's lock."""
    begun, counted = 0, None
    with ThreadPoolExecutor(1) as counter:
        for part in parts:
            if counted is not None:
                counted.result()
                report(tally.n)
            begun += part.numel()
            if begun < report.total:
                counted = counter.submit(tally.add, part)
            else:  # nothing is left to draw meanwhile
                tally.add(part)
    report(tally.n)


def _streamed(request: Draw) -> Iterator[Tensor]:
    """Draw part by part: one is drawn while the other is counted."""
    generator = _generator(request)
    buffers = [torch.empty(min(request.size, PART + SHORTEST), dtype=request.dtype) for _ in range(2)]
    for at, n in enumerate(_parts(request.size)):
        yield _fill_part(request.law, buffers[at % 2][:n], generator)


def _parts(size: int) -> Iterator[int]:
    """Cut ``size`` weights so that the parts drawn in turn are, bit for bit, the whole drawn at once.

    On the CPU, torch draws normal weights 16 at a time and takes another path below 16.
    """
    while size >= PART + SHORTEST:
        yield PART
        size -= PART
    yield size


def _fill_part(law: Law, part: Tensor, generator: Generator) -> Tensor:
    """Draw the next weights of an elementwise scheme, as ``torch.nn.init`` would within the whole."""
    if law.family == "uniform":
        return part.uniform_(*law.support, generator=generator)
    if law.family == "normal":
        return part.normal_(law.mean, law.parameters[-1].value, generator=generator)
    return part.fill_(law.mean)


class _Report:
    """Tells how far the work is, in weights; where a tensor is held, drawing is the first half of it."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self.total = progress, total
        self._half = False

    def __call__(self, counted: int) -> None:
        self._say((self.total + counted) // 2 if self._half else counted)

    def _say(self, done: int) -> None:
        if self._progress is not None and self._progress(done, self.total) is False:
            raise Cancelled

    def counting(self) -> None:
        self._half = True

    def drawing(self, columns: int) -> AbstractContextManager[object]:
        if self._progress is None:
            return nullcontext()
        return _Watch(lambda share: self._say(int(share * self.total) // 2), columns)


class _Watch(TorchFunctionMode):
    """Looks on while ``torch.nn.init`` draws, and tells between its steps which share is done.

    ``trunc_normal_`` asks after each round whether any weight is left to redraw; ``sparse_`` permutes
    the rows once a column.
    """

    def __init__(self, say: Callable[[float], None], columns: int) -> None:
        super().__init__()
        self._say, self._columns, self._column = say, columns, 0
        self._share = 0.0

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        if function is Tensor.any:
            self._share = 1 - int(args[0].count_nonzero()) / args[0].numel()
        elif function is torch.randperm:
            self._column += 1
            self._share = self._column / self._columns
        if function in {Tensor.any, torch.randperm, Tensor.normal_}:
            self._say(self._share)
        return result


def _generator(request: Draw) -> Generator:
    return Generator(device=request.device).manual_seed(request.seed)


def check(
    key: str,
    shape: Sequence[int],
    *,
    seed: int,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    whole: bool = True,
    **params: Any,
) -> tuple[Scheme, Law, torch.device]:
    """Check a request, as ``draw`` takes it, without drawing; return what it resolves to.

    ``whole`` is False for ``summarize``, which need not hold the whole tensor.

    Raises:
        InitLabError: see ``draw``.
    """
    request = Draw(key, shape, seed=seed, device=device, dtype=dtype, **params)
    if checked_flag("whole", whole) or not request.streams:
        request.check_memory()
    return request.scheme, request.law, request.device

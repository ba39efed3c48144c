"""Draw a tensor, or the summary of one."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Generator, Tensor
from torch.overrides import TorchFunctionMode

from core import devices
from core.checks import DRAWN, checked_dtype, checked_flag, checked_progress, is_whole
from core.errors import Cancelled, DtypeError, ParameterError, SizeError
from core.weights.fans import checked_shape
from core.weights.laws import EDGE_SIGMAS, Law, checked_bins
from core.weights.rounding import spacing
from core.weights.scales import NARROW, kept, proposals
from core.weights.scheme import Call, Scheme
from core.weights.schemes import scheme_of
from core.weights.structure import defects
from core.weights.summary import Summary, Tally

#: The dtypes that torch.nn.init draws.
DTYPES = DRAWN

#: Weights drawn at a time: 8 MB of float32, a multiple of 16.
PART = 1 << 21
#: No part is shorter, unless all are.
SHORTEST = 16
#: Weights of a tensor that has to be held in memory whole, and its temporary copies with it.
HELD_LIMIT = 1 << 26
#: Times the tensor's own size that drawing it whole takes at its peak, as measured: LAPACK's QR, and
#: redrawing what lies outside the cuts, at worst in half precision. All else takes the tensor alone.
WHOLE_COPIES = 9
#: Weights of a tensor that is drawn part by part: five minutes.
STREAMED_LIMIT = 1 << 36
#: Work on a tensor that has to be held: numbers drawn, or the multiplications of an orthogonal matrix.
DRAWN_LIMIT, PRODUCT_LIMIT = 1 << 31, 1 << 38

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
    torch's global generator does not move. On one machine they are the same bits, but for an orthogonal
    matrix, which is LAPACK's and may differ by rounding. A processor with other vector instructions may
    give normal and scaled uniform weights other last digits.

    Raises:
        InitLabError: one of the types in ``core.errors``, before anything is allocated.
    """
    scheme, law, target = check(key, shape, seed=seed, device=device, dtype=dtype, **params)
    needed = _needed(scheme.call(shape, **params), law, checked_shape(shape), dtype)
    with devices.alone(needed):
        _check_memory(needed, target)
        weight = torch.empty(checked_shape(shape), dtype=dtype, device=target)
        return scheme.fill_(weight, generator=_generator(target, seed), **params)


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
    scheme, law, target = check(key, shape, seed=seed, device=device, dtype=dtype, whole=False, **params)
    bins = checked_bins(bins)
    checked_progress(progress)
    call, size = scheme.call(shape, **params), math.prod(checked_shape(shape))
    tally, generator = Tally(law, bins, dtype), _generator(target, seed)
    report = _Report(progress, size)
    if streams(key, shape, target, **params):
        # one is drawn while the other is counted
        buffers = [torch.empty(min(size, PART + SHORTEST), dtype=dtype) for _ in range(2)]
        sizes = enumerate(_parts(size))
        _count((_fill_part(law, buffers[i % 2][:n], generator) for i, n in sizes), tally, report)
        return Summary(**tally.totals())
    needed = _needed(call, law, checked_shape(shape), dtype)
    with devices.alone(needed):
        _check_memory(needed, target)
        weight = torch.empty(checked_shape(shape), dtype=dtype, device=target)
        with report.drawing(columns=weight.shape[-1]):
            scheme.fill_(weight, generator=generator, **params)
        report.counting()
        _count(torch.split(weight.flatten(), PART), tally, report)
        totals = {**tally.totals(), "drawn_in": call.drawn_in(dtype)}
        return Summary(**totals, defects=defects(call.function, weight, call.arguments))


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


def _generator(device: torch.device, seed: int) -> Generator:
    return Generator(device=device).manual_seed(int(seed))


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
    scheme = scheme_of(key)
    law = scheme.law(shape, **params)
    checked_dtype(dtype)
    checked_seed(seed)
    whole = checked_flag("whole", whole)
    target = devices.resolve(device)
    if target.type == "mps" and dtype == torch.float64:
        raise DtypeError("dtype.device", dtype="float64", device="mps")
    _check_fits_dtype(law, dtype)
    call = scheme.call(shape, **params)
    _check_drawable(call, law, dtype)
    if whole or target.type != "cpu" or not call.elementwise:
        _check_whole(call, law, checked_shape(shape), dtype, target)
    elif math.prod(checked_shape(shape)) > STREAMED_LIMIT:
        raise SizeError("size.held", n=math.prod(checked_shape(shape)), limit=STREAMED_LIMIT)
    return scheme, law, target


def checked_seed(seed: object) -> int:
    """Return ``seed`` if torch takes it: 64 bits, signed or not.

    Raises:
        ParameterError: otherwise.
    """
    if not is_whole(seed, -(2**63), 2**64 - 1):
        raise ParameterError("parameter.seed", value=seed)
    return int(seed)  # type: ignore[call-overload,no-any-return]


def _check_fits_dtype(law: Law, dtype: torch.dtype) -> None:
    """Refuse a law whose weights ``dtype`` would turn into inf, 0 or a handful of values."""
    limits = torch.finfo(dtype)
    low, high = law.reach(EDGE_SIGMAS)
    largest = max(abs(low), abs(high))
    step = spacing(largest, dtype)
    too_large = largest > limits.max or high - low > limits.max
    flat = law.continuous is not None and high - low < 8 * step
    if too_large or flat or 0 < largest <= step / 2:
        name, largest = str(dtype).removeprefix("torch."), limits.max
        raise DtypeError("dtype.range", dtype=name, low=low, high=high, largest=largest, step=step)


def _check_drawable(call: Call, law: Law, dtype: torch.dtype) -> None:
    """Refuse what torch cannot draw, or draws wrongly, in half precision."""
    half = dtype.itemsize == 2
    name = str(dtype).removeprefix("torch.")
    if half and call.function == "orthogonal_" and not call.cast:
        raise DtypeError("dtype.orthogonal", dtype=name)
    if half and law.uncut is not None and kept(law) <= NARROW:
        raise DtypeError("dtype.narrow", dtype=name, share=kept(law))


def _check_whole(
    call: Call, law: Law, shape: tuple[int, ...], dtype: torch.dtype, device: torch.device
) -> None:
    """Refuse a tensor that has to be held whole and would take too much memory or time."""
    n = math.prod(shape)
    _check_memory(_needed(call, law, shape, dtype), device)
    if call.elementwise:
        return
    if n > HELD_LIMIT and device.type == "cpu":
        raise SizeError("size.held", n=n, limit=HELD_LIMIT)
    work, limit = float(n), DRAWN_LIMIT
    if call.function == "orthogonal_":
        work, limit = float(n * min(shape[0], n // shape[0])), PRODUCT_LIMIT
    elif law.uncut is not None:
        work = n * _rounds(law, n)
    if work > limit:
        code = "size.work:cuts" if law.uncut else "size.work"
        raise SizeError(code, function=call.function, work=work, limit=limit, n=n)


def _needed(call: Call, law: Law, shape: tuple[int, ...], dtype: torch.dtype) -> int:
    """Return the bytes that drawing the whole tensor takes."""
    copies = WHOLE_COPIES if call.function == "orthogonal_" or law.uncut is not None else 1
    size = math.prod(shape)
    if call.cast and dtype.itemsize < 4:  # drawn in float32, beside the tensor
        return size * (4 * copies + dtype.itemsize)
    return size * dtype.itemsize * copies


def _check_memory(needed: int, device: torch.device) -> None:
    """Refuse what does not fit into the memory that is free."""
    free = devices.free_bytes(device)
    if needed > free:
        raise SizeError("size.memory", needed=needed, memory=free)


def _rounds(law: Law, n: int) -> float:
    """Return how often torch redraws n weights until each lies between the cuts.

    Each round keeps a weight with a certain probability; the last of n takes ln(n)/−ln(1 − p) rounds.
    """
    share = kept(law)
    if share <= NARROW:
        share = 1 / proposals(law)
    return 1.0 if share >= 1 else max(1.0, math.log(max(n, 2)) / -math.log1p(-share))

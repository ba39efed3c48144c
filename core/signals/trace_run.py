"""One network after the other, run there and back, and what is measured on the way."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from .. import devices
from ..errors import Cancelled, SizeError
from ..weights.draw import Draw
from ..weights.sampling import Progress
from ..weights.scheme import fill
from .activations import Activation

Array = npt.NDArray[np.float64]
MAX_DEPTH, MAX_WIDTH, MAX_BATCH, MAX_SEEDS = 1000, 8192, 65_536, 1000
#: Bytes of weights that are kept for the way back; more are drawn again instead.
HELD = 1 << 27
#: A slope of less than this share of the activation's steepest counts as saturated.
SATURATED = 0.01
#: Bins of the close-up's histograms, odd so that 0 lies in the middle of one, over ±REACH input RMS.
BINS, REACH = 81, 4.0
#: Units that differ between samples by no more than so many of the dtype's steps differ by rounding.
NOISE = 4.0


def _normal(x: Tensor, generator: Generator) -> Tensor:
    return x.normal_(generator=generator)


def _uniform(x: Tensor, generator: Generator) -> Tensor:
    return x.uniform_(-math.sqrt(3), math.sqrt(3), generator=generator)


def _pixels(x: Tensor, generator: Generator) -> Tensor:
    return x.uniform_(0, 1, generator=generator)


def _ones(x: Tensor, _: Generator) -> Tensor:
    return x.fill_(1)


class Input(NamedTuple):
    """A kind of input: how it is drawn, its mean square and, squared, its mean."""

    fill_: Callable[[Tensor, Generator], Tensor]
    mean_square: float
    squared_mean: float

    @property
    def correlation(self) -> float:
        """The cosine that two wide inputs have to each other."""
        return self.squared_mean / self.mean_square


#: N(0, 1); U(±√3); U(0, 1), as pixels are; 1 everywhere
INPUTS: Mapping[str, Input] = MappingProxyType(
    {
        "normal": Input(_normal, 1.0, 0.0),
        "uniform": Input(_uniform, 1.0, 0.0),
        "pixels": Input(_pixels, 1 / 3, 1 / 4),
        "ones": Input(_ones, 1.0, 1.0),
    }
)


class CloseUp(NamedTuple):
    """The first seed's layers, looked at one by one."""

    #: (BINS + 1,), the same for every layer: ±REACH times the input's RMS
    edges: Array
    #: (depth, BINS + 2): activations a bin, those below in front and those above at the end; no nan
    counts: npt.NDArray[np.int64]
    #: (depth,): mean correlation, over the batch, of two units' pre-activations; nan if nothing varies
    unit_correlation: Array
    #: (depth,): mean cosine of two samples' pre-activations; nan for a batch of 1
    sample_correlation: Array


@dataclass(frozen=True, slots=True, eq=False)
class SignalTrace:
    """What became of the signal: arrays (seeds, depth), layer 1 first.

    Mean squares and variances are taken over the units of one sample, in float64, and averaged over the
    batch. A layer that the dtype cannot hold is inf or nan there, one that it rounds to nothing is 0.
    """

    scheme: str
    activation: str
    seeds: tuple[int, ...]
    preactivation_mean_square: Array
    preactivation_variance: Array
    activation_mean_square: Array
    activation_variance: Array
    #: of ∂L/∂h, where L = Σ g·h in the last layer and g ~ N(0, 1); nan if nothing was sent back
    gradient_mean_square: Array
    #: share of pre-activations whose |slope| is less than SATURATED times the steepest within ±3;
    #: nan in a layer that is not finite
    saturated: Array
    #: share of units that are saturated for every sample of the batch
    dead: Array
    first: CloseUp

    @property
    def weight_gradient_mean_square(self) -> Array:
        """(seeds, depth − 1): of ∂L/∂W, one sample's, from layer 2 on, for a batch of 1.

        A sample's gradient is the outer product of what comes back and of what came in.
        """
        return self.gradient_mean_square[:, 1:] * self.activation_mean_square[:, :-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One configuration, sent through a network a seed."""

    #: each layer's weight; its seed is no run's
    weight: Draw
    phi: Activation
    bias: str | float
    input: str
    input_scale: float
    depth: int
    width: int
    batch: int
    backward: bool

    @property
    def dtype(self) -> torch.dtype:
        """What it runs in."""
        return self.weight.dtype

    @property
    def device(self) -> torch.device:
        """Where it runs."""
        return self.weight.device

    @property
    def _held(self) -> int:
        """How many layers' weights are in memory at a time."""
        layer = self.width**2 * self.dtype.itemsize
        return self.depth if self.backward and self.depth * layer <= HELD else 1

    @property
    def needed(self) -> int:
        """The bytes that the run holds."""
        signals = self.batch * self.width * (self.depth if self.backward else 1)
        return (self._held * self.width**2 + signals + 8 * self.batch * self.width) * self.dtype.itemsize

    def check_memory(self) -> None:
        """Refuse a run that does not fit into the memory that is free.

        Raises:
            SizeError: saying what it would take.
        """
        needed, free = self.needed, devices.free_bytes(self.device)
        if needed > free:
            raise SizeError("size.signal", needed=needed, memory=free)

    def over(self, seeds: Sequence[int], progress: Progress) -> SignalTrace:
        """Run every seed."""
        options: dict[str, Any] = {"dtype": self.dtype, "device": self.device}
        weights = torch.empty((self._held, self.width, self.width), **options)
        found = _Found(self, len(seeds))
        total = len(seeds) * self.depth * (2 if self.backward else 1)
        steps = (step for seed in seeds for step in self._through(seed, weights, found))
        for done, _ in enumerate(steps, start=1):
            if progress(done, total) is False:
                raise Cancelled
        return SignalTrace(self.weight.key, self.phi.key, tuple(seeds), **found.rows(), first=found.closeup)

    def _through(self, seed: int, weights: Tensor, found: "_Found") -> Iterator[None]:
        """Send one seed's signal there and back, a layer at each step.

        ``weights``, (layers, width, width), is where they are kept; what it holds is written over.
        """
        generator = Generator(device=self.device).manual_seed(seed)
        keeps = len(weights) == self.depth
        states: list[Tensor] = []
        slopes: list[Tensor] = []
        ones = torch.ones((self.batch, self.width), dtype=self.dtype, device=self.device)
        x = INPUTS[self.input].fill_(torch.empty_like(ones), generator).mul_(self.input_scale)
        for layer in range(self.depth):
            if self.backward and not keeps:
                states.append(generator.get_state())
            weight = fill(weights[layer % len(weights)], self.weight.call, generator)
            h = F.linear(x, weight, self._bias(generator)).requires_grad_()
            out = self.phi.function(h)
            (slope,) = torch.autograd.grad(out, h, ones)
            h, x = h.detach(), out.detach()
            found.forward(h, x, slope)
            if self.backward:
                slopes.append(slope)
            yield
        if not self.backward:
            return
        back = torch.empty_like(ones).normal_(generator=generator)
        found.backward(back)
        slopes.pop()  # the loss is taken from the last pre-activations
        yield
        for layer in reversed(range(self.depth - 1)):
            weight = weights[(layer + 1) % len(weights)]
            if not keeps:
                generator.set_state(states[layer + 1])
                fill(weight, self.weight.call, generator)
            back = (back @ weight).mul_(slopes.pop())
            found.backward(back)
            yield

    def _bias(self, generator: Generator) -> Tensor | None:
        if self.bias == "none":
            return None
        bias = torch.empty(self.width, dtype=self.dtype, device=self.device)
        if self.bias == "torch":
            bound = 1 / math.sqrt(self.width)
            return bias.uniform_(-bound, bound, generator=generator)
        return bias.normal_(0, float(self.bias), generator=generator)


class _Found:
    """What is measured, layer by layer.

    A layer is some hundred thousand numbers that were just computed, so the cost lies in reading them. They
    are widened to float64 once, into a preallocated buffer, and all sums are products of that buffer. The
    sums stay on the device and are evaluated at the end, for all layers at once. Memory for them is
    allocated at the start: small tensors that stay, between large ones that come and go, would keep the
    allocator from reusing memory.
    """

    def __init__(self, run: Run, seeds: int) -> None:
        device, fine = run.device, _fine(run.device)
        self._depth = run.depth
        self._fine = torch.empty((run.batch, run.width), dtype=fine, device=device)
        self._flat = torch.empty((run.batch, run.width), dtype=run.dtype, device=device)
        self._ones = torch.ones(run.width, dtype=fine, device=device)
        self._least = SATURATED * _steepest(run.phi)
        #: each layer's h², (Σh)², x², (Σx)², how many units are saturated and how many dead
        self._there = torch.empty((seeds * run.depth, 6), dtype=fine, device=device)
        #: each layer's g², the last layer first
        self._back = torch.full((seeds * run.depth,), math.nan, dtype=fine, device=device)
        self._layers, self._layers_back = 0, 0
        self._noise = NOISE * torch.finfo(run.dtype).eps
        self._reach = REACH * run.input_scale * math.sqrt(INPUTS[run.input].mean_square)
        nothing = np.full(run.depth, math.nan)
        edges = np.linspace(-self._reach, self._reach, BINS + 1)
        self.closeup = CloseUp(edges, np.zeros((run.depth, BINS + 2), np.int64), nothing, nothing.copy())

    def forward(self, h: Tensor, x: Tensor, slope: Tensor) -> None:
        """Measure the next layer's pre-activations, activations and slopes, each (batch, width)."""
        layer, sums = self._layers, self._there[self._layers]
        self._layers += 1
        self._sum(h, sums[0], sums[1])
        if layer < self._depth:
            self._correlate(layer)
        self._sum(x, sums[2], sums[3])
        if layer < self._depth:
            self._count(layer)
        flat = torch.abs(slope, out=self._flat).lt_(self._least)
        samples = flat.sum(0, dtype=torch.float32)
        sums[4], sums[5] = samples.sum(dtype=sums.dtype), (samples == len(flat)).sum()

    def _sum(self, values: Tensor, squares: Tensor, squared_sums: Tensor) -> None:
        fine = self._fine.copy_(values)
        flat, totals = fine.flatten(), torch.mv(fine, self._ones)
        torch.dot(flat, flat, out=squares)
        torch.dot(totals, totals, out=squared_sums)

    def backward(self, gradient: Tensor) -> None:
        """Measure the next gradient on the way back, at the pre-activations, (batch, width)."""
        flat = self._fine.copy_(gradient).flatten()
        torch.dot(flat, flat, out=self._back[self._layers_back])
        self._layers_back += 1

    def rows(self) -> dict[str, Array]:
        """Return all that was measured by its name, each (seeds, depth).

        A variance that is negligible beside the mean square is rounding error, and is set to 0.
        """
        batch, width = self._fine.shape
        n = batch * width
        sums = self._there.double().cpu().numpy().reshape(-1, self._depth, 6)
        h2, h_total, x2, x_total, saturated, dead = sums.transpose(2, 0, 1)
        # a layer past the dtype's end has nothing to count
        saturated, dead = (np.where(np.isfinite(h2 + x2), share, math.nan) for share in (saturated, dead))
        rows = {
            "preactivation_mean_square": h2 / n,
            "preactivation_variance": _variance(h2 / n, h_total / (n * width)),
            "activation_mean_square": x2 / n,
            "activation_variance": _variance(x2 / n, x_total / (n * width)),
            "gradient_mean_square": self._back.double().cpu().numpy().reshape(-1, self._depth)[:, ::-1] / n,
            "saturated": saturated / n,
            "dead": dead / width,
        }
        for row in (*rows.values(), *self.closeup):
            row.flags.writeable = False
        return rows

    def _correlate(self, layer: int) -> None:
        """Correlate a layer's samples with each other, and its units with each other."""
        h = self._fine.cpu()
        typical = float(torch.linalg.vector_norm(h)) / math.sqrt(h.shape[1])
        self.closeup.sample_correlation[layer] = _mean_cosine(h)
        self.closeup.unit_correlation[layer] = _mean_cosine((h - h.mean(0)).T, self._noise * typical)

    def _count(self, layer: int) -> None:
        """Count a layer's activations bin by bin."""
        x, counts = self._fine.cpu(), self.closeup.counts[layer]
        counts[1:-1] = torch.histc(x, BINS, -self._reach, self._reach)
        counts[0], counts[-1] = (x < -self._reach).sum(), (x > self._reach).sum()


def _mean_cosine(rows: Tensor, least: float = 0.0) -> float:
    """Return the mean cosine over pairs of rows longer than ``least``; nan with fewer than two such rows.

    |Σ r̂|² contains each pair twice, and each row's product with itself once.
    """
    length = torch.linalg.vector_norm(rows, dim=1)
    share = torch.where(length > least, 1 / length, 0)
    n = int(share.count_nonzero())
    if n < 2:
        return math.nan
    total = share @ rows
    return (float(total @ total) - n) / (n * (n - 1))


def _variance(mean_square: Array, squared_mean: Array) -> Array:
    with np.errstate(invalid="ignore"):
        variance = mean_square - squared_mean
    return np.where(variance <= 1e-13 * mean_square, 0.0, variance)


def _fine(device: torch.device) -> torch.dtype:
    """Return the finest dtype that a device adds in: squares leave float32 long before the signal does."""
    return torch.float32 if device.type == "mps" else torch.float64


def _steepest(phi: Activation) -> float:
    """Return the activation's largest slope in size within ±3, where all of ours have theirs."""
    return float(phi.derivative(torch.linspace(-3, 3, 6001, dtype=torch.float64, device="cpu")).abs().max())

"""One case of a scheme, and draws of torch for which it has no call of its own."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tests.support.shapes import SHAPES, Shape, fans_of
from tests.support.truths import CUT_AT_TWO, SQRT3, Truth

init = nn.init


class Case(NamedTuple):
    """One scheme with parameters: torch's call, and what its source claims."""

    key: str
    params: dict[str, float | str]
    draw: Callable[[Tensor, torch.Generator], Tensor]
    #: shape → what the source claims
    truth: Callable[[Shape], Truth]
    #: which shapes it takes
    takes: Callable[[Shape], bool] = lambda _: True
    #: whether torch draws it in half precision
    half: bool = True

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Those of ``SHAPES`` that it takes."""
        return tuple(shape for shape in SHAPES if self.takes(shape))

    def shape_of(self, n: int) -> Shape:
        """Return a shape of about n weights that it takes."""
        rows = round(math.sqrt(n * 5 / 6))
        return (rows, n // rows) if self.takes((rows, n // rows)) else (max(1, n // 180) * 6, 10, 3)


def draw_sparse(w: Tensor, generator: torch.Generator, sparsity: float, std: float = 0.01) -> Tensor:
    """Draw as ``torch.manual_seed(seed); sparse_`` would, and put the global generator back."""
    with torch.random.fork_rng([]):
        torch.manual_seed(generator.initial_seed())
        return init.sparse_(w, sparsity, std)


def draw_cast(w: Tensor, generator: torch.Generator, gain: float) -> Tensor:
    """Draw as people do who want an orthogonal matrix in half precision."""
    wide = torch.empty(w.shape, dtype=torch.float64 if w.dtype == torch.float64 else torch.float32)
    return w.copy_(init.orthogonal_(wide, gain, generator=generator))


def draw_variance(
    n: Callable[[int, int], float], scale: float, kind: str
) -> Callable[[Tensor, torch.Generator], Tensor]:
    def draw(w: Tensor, g: torch.Generator) -> Tensor:
        std = math.sqrt(scale / n(*fans_of(tuple(w.shape))))
        if kind == "normal":
            return init.normal_(w, std=std, generator=g)
        if kind == "uniform":
            return init.uniform_(w, -SQRT3 * std, SQRT3 * std, generator=g)
        s0 = std / CUT_AT_TWO
        return init.trunc_normal_(w, std=s0, a=-2 * s0, b=2 * s0, generator=g)

    return draw


def inputs_of(w: Tensor) -> int:
    return w[0].numel()


def is_matrix(shape: Shape) -> bool:
    return len(shape) == 2

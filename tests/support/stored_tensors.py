"""Tensors as a file would give them, from memory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from core.checkpoints.stored_tensor import Bits, Contents, Stored

_UNSIGNED = {1: torch.uint8, 2: torch.uint16, 4: torch.uint32, 8: torch.uint64}


@dataclass(frozen=True)
class InMemory:
    """The bits of a tensor; ``step`` is how many numbers come at a time, whatever was asked for."""

    tensor: Tensor
    step: int = 0

    def parts(self, most: int) -> Iterator[Bits]:
        flat = self.tensor.detach().contiguous().flatten()
        bits = flat.view(_UNSIGNED[flat.itemsize]).numpy()
        step = min(most, self.step or most)
        for start in range(0, len(bits), step):
            yield bits[start : start + step].copy()


def stored(
    tensor: Tensor, name: str = "weight", *, file: str = "model", place: object = None, step: int = 0
) -> Stored:
    dtype = str(tensor.dtype).removeprefix("torch.")
    at = place if place is not None else (file, name)
    return Stored(name, file, dtype, tuple(tensor.shape), InMemory(tensor, step), at)  # type: ignore[arg-type]


def contents(tensors: Mapping[str, Tensor], *, format: str = "memory") -> Contents:
    """A file of such tensors; those that share memory share a place."""
    return Contents(
        format,
        tuple(stored(t, name, place=(t.data_ptr(), name * (not t.numel()))) for name, t in tensors.items()),
        (),
    )

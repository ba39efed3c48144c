"""Tensors in memory, as those of a file are read."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from .stored_tensor import Bits, Stored

_UNSIGNED = {1: torch.uint8, 2: torch.uint16, 4: torch.uint32, 8: torch.uint64}


def in_memory(name: str, tensor: Tensor, file: str) -> Stored:
    """Return a dense tensor as one that ``file`` has; those that are the same memory have one place."""
    dtype = str(tensor.dtype).removeprefix("torch.")
    place = (tensor.data_ptr(), tuple(tensor.shape), tensor.stride()) if tensor.numel() else name
    return Stored(name, file, dtype, tuple(tensor.shape), _InMemory(tensor), place)


@dataclass(frozen=True, eq=False)
class _InMemory:
    """The numbers of a tensor, wherever it is."""

    tensor: Tensor

    def parts(self, most: int) -> Iterator[Bits]:
        """Yield the numbers' bits, at most so many at a time."""
        flat = self.tensor.reshape(-1)
        for start in range(0, len(flat), most):
            part = flat[start : start + most].cpu()
            yield part.view(_UNSIGNED[part.itemsize]).numpy()

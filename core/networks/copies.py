"""A copy of any module, to be run in its place, and the tensors that a module takes or gives."""

import copy
from collections.abc import Iterator, Mapping

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence


def copy_of(module: nn.Module) -> nn.Module:
    """Return a deep copy, also where a part keeps what it has computed, as ``weight_norm`` does."""
    computed = [
        value
        for part in module.modules()
        for value in (*vars(part).values(), *part.buffers(recurse=False))
        if isinstance(value, Tensor) and not value.is_leaf
    ]
    return copy.deepcopy(module, {id(t): t.detach().clone() for t in computed})


def tensors_in(output: object) -> Iterator[Tensor]:
    """Yield the tensors that a part returns, in whatever they are packed."""
    if isinstance(output, Tensor):
        yield output
    elif isinstance(output, PackedSequence):
        yield output.data
    elif isinstance(output, (list, tuple, Mapping)):
        for one in output.values() if isinstance(output, Mapping) else output:
            yield from tensors_in(one)

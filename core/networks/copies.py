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
    """Yield the tensors that a part returns, in whatever they are packed, however deep, or in itself."""
    waiting, met = [output], dict[int, object]()
    while waiting:
        one = waiting.pop()
        if isinstance(one, Tensor):
            yield one
        elif isinstance(one, PackedSequence):
            yield one.data
        elif isinstance(one, list | tuple | Mapping) and id(one) not in met:
            met[id(one)] = one
            waiting.extend(reversed([*(one.values() if isinstance(one, Mapping) else one)]))

"""What stands out in a module in memory and in no file: it says which row pads, and which gate is which."""

from collections.abc import Iterator, Mapping, Set

import torch
from torch import Tensor, nn

from ..weights.layer_text import EMBEDDINGS
from .finding import Finding

#: The order of a bias' blocks in torch's LSTM, whose second is the forget gate.
_GATES = ("input", "forget", "cell", "output")
#: A gate is held open by a bias of 1 (Jozefowicz et al. 2015, § 2.2); one of 0 is half open.
_OPEN = 0.5


def found_in(module: nn.Module, names: Set[str], state: str) -> Iterator[Finding]:
    """Yield what is wrong with a module's padding rows and forget gates, of tensors of these names.

    In a trained model a row that pads may be another token's, as of those that pad with their last one.
    """
    if state != "trained":
        for name, (weight, padding) in padded(module).items():
            if name in names and (row := weight.detach()[padding].double()).any():
                rms = float(row.square().mean().sqrt())
                yield Finding("padding_row", (name,), {"row": padding, "of": len(weight), "rms": rms})
    biases = [
        (path + name, values)
        for path, part in _parts(module)
        if isinstance(part, nn.LSTM | nn.LSTMCell)
        for name, values in part.named_parameters()
        if name.startswith("bias") and path + name in names
    ]
    for gate in ("input", "cell", "output"):
        wrong = [name for name, values in biases if _opened_alone(values) == gate]
        if wrong:
            yield Finding("wrong_gate", tuple(wrong), {"count": len(wrong), "of": len(biases), "gate": gate})


def padded(module: nn.Module) -> Mapping[str, tuple[Tensor, int]]:
    """Return the embeddings that have a row that pads, by the names of their weights, and which it is."""
    return {
        f"{path}weight": (part.weight, part.padding_idx)
        for path, part in _parts(module)
        if isinstance(part, EMBEDDINGS) and part.padding_idx is not None
    }


def _parts(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield what a module is made of, each with what its parameters' names begin with."""
    for path, part in module.named_modules(remove_duplicate=False):
        yield f"{path}." if path else "", part


def _opened_alone(bias: Tensor) -> str:
    """Return the gate that alone has one and the same number, which opens it; '' if there is none such."""
    gates = bias.detach().double().reshape(len(_GATES), -1)
    opened = (gates == gates[:, :1]).all(1) & (gates[:, 0] >= _OPEN)
    return _GATES[int(torch.argmax(opened.int()))] if opened.sum() == 1 else ""

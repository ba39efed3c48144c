"""The activations: one row each, as torch computes it and as a paper writes it.

To add one, add a row to ``_ROWS``. ``softmax`` is none of them: it takes a whole row of outputs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True, slots=True)
class Activation:
    """A function that is applied to every pre-activation.

    ``key`` is for machines: never shown, never renamed.
    """

    key: str
    #: elementwise, of any shape
    function: Callable[[Tensor], Tensor]
    #: how a PyTorch file calls it, with ``F`` for torch.nn.functional; '' where nothing is called
    code: str
    #: φ(z) in LaTeX
    formula: str


def _identity(z: Tensor) -> Tensor:
    return z


_ROWS = (
    Activation("linear", _identity, "", "z"),
    Activation("relu", torch.relu, "torch.relu", r"\max(0,\,z)"),
    Activation("leaky_relu", F.leaky_relu, "F.leaky_relu", r"\max(0.01z,\,z)"),
    Activation("tanh", torch.tanh, "torch.tanh", r"\tanh z"),
    Activation("sigmoid", torch.sigmoid, "torch.sigmoid", r"1/(1+e^{-z})"),
    Activation("hard_tanh", F.hardtanh, "F.hardtanh", r"\min(1,\,\max(-1,\,z))"),
    Activation("erf", torch.erf, "torch.erf", r"\operatorname{erf}z"),
    Activation("gelu", F.gelu, "F.gelu", r"z\,\Phi(z)"),
    Activation("silu", F.silu, "F.silu", r"z/(1+e^{-z})"),
    Activation("mish", F.mish, "F.mish", r"z\tanh\ln(1+e^z)"),
    Activation("elu", F.elu, "F.elu", r"\max(0,\,z)+\min(0,\,e^z-1)"),
    Activation("selu", torch.selu, "torch.selu", r"1.0507\,(\max(0,\,z)+1.6733\min(0,\,e^z-1))"),
    Activation("softplus", F.softplus, "F.softplus", r"\ln(1+e^z)"),
    Activation("softsign", F.softsign, "F.softsign", r"z/(1+|z|)"),
)

#: key → activation
ACTIVATIONS: Mapping[str, Activation] = MappingProxyType({row.key: row for row in _ROWS})

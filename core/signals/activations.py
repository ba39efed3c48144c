"""The activations: one row each, as torch computes it and as a paper writes it.

To add one, add a row to ``_ROWS``. ``softmax`` is none of them: it takes a whole row of outputs.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import DtypeError


@dataclass(frozen=True, slots=True)
class Activation:
    """A function that is applied to every pre-activation.

    ``key`` is for machines: never shown, never renamed. A visitor's own is keyed by its formula.
    """

    key: str
    #: elementwise, of any shape
    function: Callable[[Tensor], Tensor]
    #: how a PyTorch file calls it, with ``F`` for torch.nn.functional; '' where nothing is called
    code: str
    #: φ(z) in LaTeX
    formula: str
    #: who brought it in, or first used it so
    source: str
    #: where the function or its slope jumps, ascending; between them it is smooth
    breaks: tuple[float, ...] = ()
    #: about places where it is so steep that evenly spread ones would miss it: ever closer to them
    steep: tuple[float, ...] = ()

    def derivative(self, z: Tensor | NDArray[np.floating]) -> Tensor:
        """Return φ′(z) of z's shape, as torch's own backward pass has it; where φ bends, one side's.

        z may be NumPy's too.

        Raises:
            DtypeError: for what is no array of a float dtype for which torch has φ.
        """
        try:
            if isinstance(z, np.ma.MaskedArray):
                raise TypeError("what is masked is no number")
            at = torch.from_numpy(z) if isinstance(z, np.ndarray) else z
            with torch.enable_grad():
                at = at.detach().requires_grad_()
                (slope,) = torch.autograd.grad(self.function(at).sum(), at)
        except (AttributeError, TypeError, ValueError, RuntimeError) as error:
            raise DtypeError("dtype.slope", activation=self.key, kind=type(z).__name__) from error
        return slope

    @property
    def gain(self) -> float | None:
        """What ``torch.nn.init.calculate_gain`` recommends for it; None where torch has none."""
        called = _CALLED.fullmatch(self.code)
        name, slope = called.groups() if called else (self.key, None)
        if self.code in _WRITTEN:
            name, slope = _WRITTEN[self.code], None
        try:
            return float(nn.init.calculate_gain(name, None if slope is None else float(slope)))  # type: ignore[arg-type]
        except ValueError:
            return None


#: The code of a formula that is one of torch's functions by another name.
_WRITTEN = {"(lambda z: z)": "linear", "(lambda z: torch.clamp(z, min=0))": "relu"}
#: The code of a formula that is one call, of z and perhaps a number.
_CALLED = re.compile(r"\(lambda z: (?:torch|F)\.(\w+)\(z(?:, ([^,()]+))?\)\)")


def _identity(z: Tensor) -> Tensor:
    return z


_ROWS = (
    Activation("linear", _identity, "", "z", "Saxe et al. 2014"),
    Activation("relu", torch.relu, "torch.relu", r"\max(0,\,z)", "Nair & Hinton 2010", (0.0,)),
    Activation("leaky_relu", F.leaky_relu, "F.leaky_relu", r"\max(0.01z,\,z)", "Maas et al. 2013", (0.0,)),
    Activation("tanh", torch.tanh, "torch.tanh", r"\tanh z", "LeCun et al. 1998"),
    Activation("sigmoid", torch.sigmoid, "torch.sigmoid", r"1/(1+e^{-z})", "Rumelhart et al. 1986"),
    Activation(
        "hard_tanh", F.hardtanh, "F.hardtanh", r"\min(1,\,\max(-1,\,z))", "Collobert 2004", (-1.0, 1.0)
    ),
    Activation("erf", torch.erf, "torch.erf", r"\operatorname{erf}z", "Williams 1997"),
    Activation("gelu", F.gelu, "F.gelu", r"z\,\Phi(z)", "Hendrycks & Gimpel 2016"),
    Activation("silu", F.silu, "F.silu", r"z/(1+e^{-z})", "Elfwing et al. 2018"),
    Activation("mish", F.mish, "F.mish", r"z\tanh\ln(1+e^z)", "Misra 2019"),
    Activation("elu", F.elu, "F.elu", r"\max(0,\,z)+\min(0,\,e^z-1)", "Clevert et al. 2016", (0.0,)),
    Activation(
        "selu",
        torch.selu,
        "torch.selu",
        r"1.0507\,(\max(0,\,z)+1.6733\min(0,\,e^z-1))",
        "Klambauer et al. 2017",
        (0.0,),
    ),
    # torch's goes over to z itself above 20
    Activation("softplus", F.softplus, "F.softplus", r"\ln(1+e^z)", "Dugas et al. 2001", (20.0,)),
    Activation("softsign", F.softsign, "F.softsign", r"z/(1+|z|)", "Bergstra et al. 2009", (0.0,)),
)

#: key → activation
ACTIVATIONS: Mapping[str, Activation] = MappingProxyType({row.key: row for row in _ROWS})

"""The parameters of all schemes: what each may be."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ..checks import is_whole, real
from ..errors import ParameterError

Value = float | str
Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a scheme's parameter may be: one of ``choices``, or a number within limits."""

    choices: tuple[str, ...] = ()
    minimum: float = -math.inf
    maximum: float = math.inf
    #: False where 0 makes no sense
    zero: bool = True
    whole: bool = False

    def checked(self, name: str, value: object) -> Value:
        """Return ``value`` if it is allowed.

        Raises:
            ParameterError: otherwise, saying what is.
        """
        if self.choices:
            if isinstance(value, str) and value in self.choices:
                return str(value)
            raise ParameterError("parameter.choice", name=name, value=value, choices=self.choices)
        if self.whole:
            if is_whole(value, self.minimum, self.maximum):
                return int(value)  # type: ignore[call-overload,no-any-return]
        else:
            number = real(value)
            size = abs(number)
            allowed = SMALLEST <= size <= LARGEST or (size == 0 and self.zero)
            if allowed and self.minimum <= number <= self.maximum:
                return number
        raise ParameterError(
            self._refusal,
            name=name,
            value=value,
            minimum=self.minimum,
            maximum=self.maximum,
            zero=self.zero,
            smallest=SMALLEST,
            largest=LARGEST,
        )

    @property
    def _refusal(self) -> str:
        if self.whole:
            return "parameter.number:short"
        if self.maximum < math.inf:
            return "parameter.number:between"
        if self.minimum == -math.inf:
            return "parameter.number:any" if self.zero else "parameter.number:any_not_0"
        return "parameter.number:positive_or_0" if self.zero else "parameter.number:positive"


#: Sizes a parameter may have: all that float32 can hold, with room for fourth powers in float64.
SMALLEST, LARGEST = 1e-30, 1e30
#: The nonlinearities for which torch.nn.init.calculate_gain has a gain.
NONLINEARITIES = ("linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu")
_CONVOLUTIONS = tuple(f"conv{t}{d}d" for t in ("", "_transpose") for d in (1, 2, 3))


PARAMETERS: Mapping[str, Parameter] = MappingProxyType(
    {
        "a": Parameter(),
        "b": Parameter(),
        "mean": Parameter(),
        "std": Parameter(minimum=0.0),
        "val": Parameter(),
        "gain": Parameter(minimum=0.0),
        "mode": Parameter(choices=("fan_in", "fan_out")),
        "nonlinearity": Parameter(choices=NONLINEARITIES + _CONVOLUTIONS),
        "sparsity": Parameter(minimum=0.0, maximum=1.0),
        "groups": Parameter(minimum=1, maximum=65_536, whole=True),
        "scale": Parameter(minimum=0.0, zero=False),
        "distribution": Parameter(choices=("truncated_normal", "normal", "uniform")),
        "n_layer": Parameter(minimum=1, maximum=65_536, whole=True),
        "sigma": Parameter(minimum=0.0),
        # 0 is the layer's own fan_in
        "d_model": Parameter(minimum=0, maximum=1_048_576, whole=True),
        "layer_id": Parameter(minimum=0, maximum=65_535, whole=True),
        "role": Parameter(choices=("q", "k", "v", "o", "wi", "wo", "embedding")),
        "d_kv": Parameter(minimum=1, maximum=65_536, whole=True),
        "factor": Parameter(minimum=0.0),
        "base_width": Parameter(minimum=1, maximum=1_048_576, whole=True),
        "omega": Parameter(minimum=0.0, zero=False),
        "stack": Parameter(choices=("alone", "encoder", "decoder")),
        "n_decoder": Parameter(minimum=1, maximum=65_536, whole=True),
        "branch": Parameter(minimum=2, maximum=1024, whole=True),
    }
)

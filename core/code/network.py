"""A network as a PyTorch script, in the lesson's style."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from ..checks import Array, checked_array, checked_dtype, checked_kind, checked_whole, unfit
from ..networks.edits import Edit, check_edits
from ..networks.module import checked_values
from ..networks.network import MAX_BATCH, OWN, Dense, Network
from ..signals.activations import ACTIVATIONS
from ..weights.draw import checked_seed
from ..weights.schemes import scheme_of
from .writing import ONE_THREAD, filling, is_cast, named

#: What the lesson prints, but for torchsummary's text.
_SHOWN = (
    '    print("mydata shape", my_data.shape)',
    "    output = my_model(my_data)",
    '    print("output shape-->", output.shape)',
    "    print(output)",
    '    print("parameters", sum(p.numel() for p in my_model.parameters()))',
    "    for name, parameter in my_model.named_parameters():",
    "        print(name, parameter)",
)


def _head(network: Network, device: str, dtype: torch.dtype) -> list[str]:
    """Return the imports, and where and in what torch works by default."""
    functional = any(_calls(dense).startswith("F.") for dense in network.layers)
    settings = [f"torch.set_default_dtype({dtype})"] * (dtype != torch.float32)
    settings += [f'torch.set_default_device("{device}")'] * (device != "cpu")
    imports = ["import torch", "import torch.nn as nn", *["import torch.nn.functional as F"] * functional]
    return [*imports, *([""] if settings else []), *settings]


def _loading(values: Mapping[str, Any]) -> list[str]:
    """Return the lines that load parameters by name."""
    tensors = (f'        "{name}": torch.tensor({_listed(value)}),' for name, value in values.items())
    return ["    my_model.load_state_dict({", *tensors, "    })"]


def _input(rows: Sequence[Sequence[float]]) -> list[str]:
    """Return the lines that hold an input of one's own."""
    return [
        "    my_data = torch.tensor([",
        *(f"        {row}," for row in rows),
        "    ])",
    ]


def _rows(rows: object, inputs: int) -> list[list[float]]:
    """Return rows of ``inputs`` numbers."""
    found = _finite("rows", checked_array("rows", rows))
    if found.ndim != 2 or not 0 < len(found) <= MAX_BATCH or found.shape[1] != inputs:
        raise unfit("rows", rows, f"from 1 to {MAX_BATCH} rows of {inputs} numbers")
    return found.tolist()  # type: ignore[no-any-return]


def _finite(name: str, numbers: Array) -> Array:
    if not np.isfinite(numbers).all():
        raise unfit(name, numbers, "finite numbers, which code can write")
    return numbers


def network_code(  # noqa: PLR0913 - by keyword, what a run depends on
    network: Network,
    *,
    seed: int,
    batch: int = 5,
    data_seed: int = 0,
    rows: Sequence[Sequence[float]] | None = None,
    values: Mapping[str, Any] | None = None,
    edits: Sequence[Edit] = (),
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> str:
    """Return a script in the lesson's style that builds and runs ``network`` as a ``Net`` does.

    Its weights are those of ``Net(network, seed=seed)``, or ``values`` by name; its input is that of
    ``seeded_input(batch, network.inputs, seed=data_seed)``, or ``rows``; both with ``edits`` set: bit for
    bit on one machine, but for orthogonal weights. These and its output agree but for rounding, as products
    of matrices do. It needs torch alone, and prints what the lesson prints but for torchsummary's text.

    Raises:
        InitLabError: for what ``Net``, ``seeded_input`` and ``Net.load`` refuse, and for numbers not finite.
    """
    checked_kind("network", network, Network, "a Network")
    checked_dtype(dtype)
    device, seed, data_seed = named(device), checked_seed(seed), checked_seed(data_seed)
    batch = checked_whole("batch", batch, MAX_BATCH)
    if values is not None:
        for name, numbers in checked_values(network, values).items():
            _finite(name, numbers)
    given = None if rows is None else _rows(rows, network.inputs)
    check_edits(edits, network, batch if given is None else len(given))
    layers = list(zip(network.names, network.layers, network.shapes, strict=True))
    head = _head(network, device, dtype)
    data = [f"    torch.manual_seed({data_seed})", f"    my_data = torch.randn({batch}, {network.inputs})"]
    if given is not None:
        data = _input(given)
    lines = [
        *head,
        "",
        "",
        "class Model(nn.Module):",
        "    def __init__(self):",
        "        super().__init__()",
        *(line for layer in layers for line in _built(*layer, dtype)),
        "",
        "    def forward(self, x):",
        *(line for name, dense, _ in layers for line in _run(name, dense)),
        "        return x",
        "",
        "",
        'if __name__ == "__main__":',
        f"    {ONE_THREAD}",
        f"    torch.manual_seed({seed})",
        "    my_model = Model()",
        *([] if values is None else _loading(values)),
        *_set(network, [edit for edit in edits if edit.is_weight]),
        *data,
        *(
            f"    my_data{_place(edit.place)} = {edit.value!r}  # set by hand"
            for edit in edits
            if not edit.is_weight
        ),
        *_SHOWN,
    ]
    return "\n".join(lines) + "\n"


def _set(network: Network, edits: Sequence[Edit]) -> list[str]:
    """Return the lines that set weights by hand."""
    lines = [
        f"        my_model.{network.names[edit.place[0] - 1]}.weight{_place(edit.place[1:])} = {edit.value!r}"
        for edit in edits
    ]
    return ["    with torch.no_grad():  # set by hand", *lines] if lines else []


def _place(place: Sequence[int]) -> str:
    """Return a place that counts from 1 as an index."""
    return f"[{', '.join(str(at - 1) for at in place)}]"


def _listed(value: Any) -> Any:
    """Return nested tuples, an array or a tensor as lists, as torch.tensor is usually given them."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return [_listed(part) for part in value] if isinstance(value, Sequence) else value


def _built(name: str, dense: Dense, shape: tuple[int, int], dtype: torch.dtype) -> list[str]:
    """Return the lines that build a layer and start its parameters."""
    bias = ", bias=False" if dense.bias == "none" else ""
    lines = [f"        self.{name} = nn.Linear({shape[1]}, {shape[0]}{bias})"]
    if dense.scheme != OWN:
        call = scheme_of(dense.scheme).call(shape, **dict(dense.params))
        lines.append(f"        {filling(f'self.{name}.weight', call, cast=is_cast(call, dtype))}")
    if dense.bias == "zeros":
        lines.append(f"        nn.init.zeros_(self.{name}.bias)")
    return lines


def _run(name: str, dense: Dense) -> list[str]:
    """Return the lines that run a layer and what follows it."""
    lines = [f"        x = self.{name}(x)"]
    if dense.activation == "softmax":
        lines.append("        x = torch.softmax(x, dim=-1)")
    elif _calls(dense):
        lines.append(f"        x = {_calls(dense)}(x)")
    return lines


def _calls(dense: Dense) -> str:
    """Return the function that a layer's activation calls, '' if none."""
    return ACTIVATIONS[dense.activation].code if dense.activation in ACTIVATIONS else ""

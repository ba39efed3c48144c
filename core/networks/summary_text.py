"""What torchsummary prints for a module, run on a copy of it."""

import math
import types
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import ParametrizationList
from torchsummary import torchsummary

from .. import devices
from ..errors import NetworkError
from ..generators import global_generators
from .copies import copy_of, tensors_in
from .counting import ONE_ROW, check_module

#: Numbers that one input may hold, without the batch.
MAX_INPUT = 2**26
#: torchsummary runs a batch of 2; a second run with 3 tells which sizes are the batch's.
_BATCHES = (2, 3)


def summary_text(
    module: nn.Module,
    input_size: Sequence[int] | Sequence[Sequence[int]],
    batch_size: int,
    *,
    dtypes: Sequence[torch.dtype] | None = None,
) -> str:
    """Return what torchsummary prints for ``module`` and inputs of ``input_size`` without the batch.

    A sequence of sizes is one input for each. ``dtypes`` are those of the inputs; by itself an input that
    an embedding reads is int64, and any other float32. It runs on a copy, on the CPU (on meta, if the
    module is there) and in float32; the text does not depend on either. Threads do not mix their texts, and
    the global generators stand afterwards as before.

    It is torchsummary's own text, but for what that cannot print: each tensor of several that a part
    returns has its shape, and the sizes in MB add them up; a part counts all that it holds itself, not
    ``weight`` and ``bias`` alone, attention and recurrent layers with their inner ones; a module that is
    one layer has its row; what parametrizes a weight has none.

    Raises:
        NetworkError: if the sizes, ``batch_size`` or ``dtypes`` are none, the module cannot be copied or
            cannot take such inputs, or has no part that torchsummary lists.

    Source: torchsummary 1.5.1, ``torchsummary.summary``.
    """
    check_module(module)
    sizes = _sizes_of(input_size)
    batch = _whole(batch_size)
    if batch is None or not (batch == -1 or 1 <= batch < 2**63):
        raise NetworkError("network.batch", given=_brief(batch_size))
    if dtypes is not None and (
        not isinstance(dtypes, (list, tuple))
        or len(dtypes) != len(sizes)
        or not all(isinstance(dtype, torch.dtype) for dtype in dtypes)
    ):
        raise NetworkError("network.dtypes", inputs=len(sizes), given=_brief(dtypes))
    on_cpu = devices.on("cpu")
    with global_generators(torch.device("cpu")), on_cpu, torch.enable_grad():  # it draws its own input
        try:
            return _Run(module, sizes, batch, list(dtypes or ())).text()
        except Exception as error:  # noqa: BLE001 - a module's forward may raise anything
            shape = sizes[0] if len(sizes) == 1 else sizes
            raise NetworkError("network.summary", shape=shape, said=f"{error!r:.300}") from None


def _sizes_of(given: object) -> tuple[tuple[int, ...], ...]:
    """Return one shape for each input."""
    parts: list[Any] = list(given) if isinstance(given, (list, tuple)) else [None]
    several = bool(parts) and all(isinstance(part, (list, tuple)) for part in parts)
    shapes: list[Any] = parts if several else [parts]
    sizes = tuple(tuple(size for part in shape if (size := _whole(part)) is not None) for shape in shapes)
    good = [len(shape) for shape in sizes] == [len(shape) for shape in shapes]
    if not good or any(size < 0 for shape in sizes for size in shape):
        shape = sizes[0] if good and not several else _brief(given)
        raise NetworkError("network.summary:sizes", shape=shape, given=_brief(given))
    if any(max(math.prod(shape), *shape, 1) > MAX_INPUT for shape in sizes):
        raise NetworkError("network.summary:large", shape=_brief(given), given=_brief(given), most=MAX_INPUT)
    return sizes


def _brief(value: object) -> str:
    """Return how a value begins; its type, where it cannot be written."""
    try:
        return repr(value)[:40]
    except Exception:  # noqa: BLE001 - such as a number of more digits than Python writes
        return type(value).__name__


def _whole(value: object) -> int | None:
    """Return a whole number of Python's or NumPy's as an int; None for all else, True too."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        return None
    return int(value)


class _Reads(Exception):
    """An embedding was given an input of floats: the input's number."""


class _Run:
    """torchsummary at work on a copy of one module."""

    def __init__(
        self,
        module: nn.Module,
        sizes: tuple[tuple[int, ...], ...],
        batch: int,
        dtypes: list[torch.dtype],
    ) -> None:
        self.sizes, self.batch = sizes, batch
        copied = copy_of(module)
        held = [*copied.parameters(), *copied.buffers()]
        self.device = "meta" if held and all(t.device.type == "meta" for t in held) else "cpu"
        copied.to(self.device, torch.float32)
        self.given = bool(dtypes)
        self.dtypes = dtypes or [torch.float32] * len(sizes)
        # torchsummary gives the whole no row; a layer alone is wanted in one
        inner = {name for name, _ in copied.named_children()} - {"parametrizations"}
        alone = not inner or isinstance(copied, ONE_ROW)
        self.model = _Whole(copied) if alone and not isinstance(copied, nn.Sequential) else copied
        self.inputs: list[Tensor] = []
        #: the shapes of each part's output, in the order of the calls
        self.calls: list[list[tuple[int, ...]]] = []
        #: whether each of these was one tensor
        self.single: list[bool] = []

    def text(self) -> str:
        """Return what torchsummary prints once it is known which inputs are indices."""
        for part in self.model.modules():
            if isinstance(part, (nn.Embedding, nn.EmbeddingBag)) and not self.given:
                part.register_forward_pre_hook(self._look)
        for _ in self.sizes:  # each of which may turn out to be read by an embedding
            try:
                text = self._printed(_BATCHES[0], [])
                break
            except _Reads as found:
                self.dtypes[found.args[0]] = torch.int64
        else:
            text = self._printed(_BATCHES[0], [])
        if all(self.single):
            return text
        small = self.calls
        self._printed(_BATCHES[1], [])
        return self._printed(_BATCHES[0], list(zip(small, self.calls, strict=True)))

    def _look(self, _: nn.Module, given: tuple[Any, ...]) -> None:
        read = next((t for t in given if isinstance(t, Tensor)), None)
        if read is not None and read.is_floating_point():
            storage = read.untyped_storage()._cdata
            for number, tensor in enumerate(self.inputs):
                if tensor.untyped_storage()._cdata == storage:
                    raise _Reads(number)

    def _input(self, count: int, size: Sequence[int], dtype: torch.dtype) -> Tensor:
        if dtype == torch.float32:
            return torch.rand(count, *size, device=self.device, dtype=dtype)
        return torch.zeros(count, *size, device=self.device, dtype=dtype)  # 0 is an index of every table

    def _shapes(self, tensors: list[Tensor], pairs: tuple[Any, Any]) -> list[Any]:
        """Return what a part gives, with the batch's size where it is; ``pairs`` are two batches' shapes."""
        if not self.single[-1]:
            return [self._shape(*pair) for pair in zip(*pairs, strict=True)]
        return [self.batch, *tensors[0].shape[1:]] if tensors[0].dim() else []

    def _printed(self, count: int, both: list[tuple[Any, Any]]) -> str:
        """Run torchsummary on a batch of ``count``; ``both`` are the shapes of batches of 2 and of 3."""
        lines: list[str] = []
        rows: list[dict[str, Any]] = []
        self.calls, self.single = [], []
        self.inputs = [self._input(count, *each) for each in zip(self.sizes, self.dtypes, strict=True)]
        fed = iter(self.inputs)
        dummy = torch.empty(1, device="cpu")

        def say(words: str) -> None:
            if not self.calls:  # of which torchsummary would make an error of its own
                raise LookupError("it runs no part that has a row")
            lines.append(words)

        def row() -> dict[str, Any]:
            rows.append({})
            return rows[-1]

        def note(part: nn.Module, output: object, hook: Callable[..., None]) -> None:
            tensors = list(tensors_in(output))
            hook(part, (dummy,), dummy)
            self.single.append(isinstance(output, Tensor))
            self.calls.append([tuple(t.shape) for t in tensors])
            pairs = both[len(self.calls) - 1] if both else (self.calls[-1], self.calls[-1])
            rows[-1]["output_shape"] = self._shapes(tensors, pairs)
            rows[-1] |= _counted(part, rows[-1])

        parts = list(self.model.modules())
        unlisted = {id(p) for part in parts if isinstance(part, ParametrizationList) for p in part.modules()}
        for part in parts:
            _take_over(part, note, listed=id(part) not in unlisted)
        # the function prints, draws and keeps its rows by these names, of which a copy of it has its own
        names = {
            **vars(torchsummary),
            "print": say,
            "OrderedDict": row,
            "np": SimpleNamespace(prod=_total),
            "torch": SimpleNamespace(
                rand=lambda *_: SimpleNamespace(type=lambda _: next(fed)),
                **{name: getattr(torch, name) for name in ("cuda", "prod", "FloatTensor", "LongTensor")},
            ),
        }
        summary = types.FunctionType(torchsummary.summary.__code__, names)
        summary(self.model, list(self.sizes), self.batch, "cpu")
        return "\n".join(lines) + "\n"

    def _shape(self, small: tuple[int, ...], large: tuple[int, ...]) -> list[int]:
        """Return a shape with the batch's size wherever a batch of 2 and one of 3 have theirs."""
        return [self.batch if pair == _BATCHES else pair[0] for pair in zip(small, large, strict=True)]


class _Whole(nn.Module):
    """A module around another, which so becomes a part."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *x: Tensor) -> Any:
        return self.module(*x)


def _take_over(part: nn.Module, note: Callable[..., None], *, listed: bool) -> None:
    """Let ``note`` stand between a part and the hook that torchsummary registers with it."""

    def register(hook: Callable[..., None]) -> Any:
        if not listed:
            return SimpleNamespace(remove=lambda: None)
        return nn.Module.register_forward_hook(part, lambda p, _, output: note(p, output, hook))

    object.__setattr__(part, "register_forward_hook", register)


def _counted(part: nn.Module, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a part's number of parameters, as torchsummary has it where that counts all of them."""
    held = dict(part.named_parameters(recurse=isinstance(part, ONE_ROW)))
    held |= {
        name: p for name, p in part.named_parameters() if name.startswith("parametrizations.")
    }  # of its own weight
    if held.keys() <= {"weight", "bias"}:
        return {"nb_params": torch.as_tensor(row["nb_params"])}
    count = torch.tensor(sum(p.numel() for p in held.values()))
    return {"nb_params": count, "trainable": any(p.requires_grad for p in held.values())}


def _total(shape: Sequence[Any]) -> int:
    """Return how many numbers a shape holds, or several shapes together."""
    if shape and isinstance(shape[0], (list, tuple)):
        return sum(math.prod(one) for one in shape)
    return math.prod(shape)

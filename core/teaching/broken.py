"""Small checkpoints to look at: two that are as they should be, and six that are broken, each in one way.

Each is a function that plain torch runs after ``torch.manual_seed(SEED)``; what a page shows is its source.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from types import MappingProxyType

import torch
from torch import Tensor, nn

from ..checks import unfit
from ..generators import global_generators

SEED = 40


def mlp() -> nn.Module:
    """Three layers as nn.Linear draws them."""
    return nn.Sequential(nn.Linear(64, 200), nn.ReLU(), nn.Linear(200, 100), nn.ReLU(), nn.Linear(100, 10))


def gpt2() -> nn.Module:
    """A small GPT-2 whose matrices were all drawn alike: c_proj lacks its 1/√(2·n_layer)."""
    wide, layers = 64, 4

    def block() -> nn.ModuleDict:
        attn = {"c_attn": nn.Linear(wide, 3 * wide), "c_proj": nn.Linear(wide, wide)}
        mlp = {"c_fc": nn.Linear(wide, 4 * wide), "c_proj": nn.Linear(4 * wide, wide)}
        parts = {"attn": nn.ModuleDict(attn), "mlp": nn.ModuleDict(mlp)}
        return nn.ModuleDict({"ln_1": nn.LayerNorm(wide), **parts, "ln_2": nn.LayerNorm(wide)})

    blocks = nn.ModuleList(block() for _ in range(layers))
    first = {"wte": nn.Embedding(256, wide), "wpe": nn.Embedding(64, wide)}
    model = nn.ModuleDict({**first, "h": blocks, "ln_f": nn.LayerNorm(wide)})
    for name, weights in model.named_parameters():
        if weights.dim() > 1:
            nn.init.normal_(weights, std=0.02)
        elif name.endswith("bias"):
            nn.init.zeros_(weights)
    return model


def digits() -> nn.Sequential:
    """Five layers that have learnt to read digits of 5 × 7 dots, moved about under noise."""
    rows = "0E1113151911 0E 040C04040404 0E 0E1101020408 1F 1F0204020111 0E 02060A121F02 02 1F101E010111 0E"
    rows += "0608101E1111 0E 1F0102040808 08 0E11110E1111 0E 0E11110F0102 0C"
    dots = torch.tensor([*bytes.fromhex(rows)]).view(10, 7, 1) >> torch.arange(4, -1, -1) & 1
    sizes = (96, 64, 64, 64, 64, 10)
    layers = [part for pair in pairwise(sizes) for part in (nn.Linear(*pair), nn.ReLU())]
    model = nn.Sequential(*layers[:-1])
    step = torch.optim.Adam(model.parameters(), lr=0.003)
    for _ in range(300):
        labels = torch.randint(10, (128,))
        images = 0.2 * torch.randn(128, 12, 8)
        down, right = torch.randint(6, (2,)).tolist()
        right %= 4
        images[:, down : down + 7, right : right + 5] += dots[labels]
        step.zero_grad()
        nn.functional.cross_entropy(model(images.flatten(1)), labels).backward()  # type: ignore[no-untyped-call]
        step.step()
    return model


def broken() -> nn.Module:
    """A NaN, memory that nothing was written to, and units that are 0."""
    first, second, third = nn.Linear(64, 128), nn.Linear(128, 128), nn.Linear(128, 64)
    with torch.no_grad():
        first.weight[3, 5] = torch.tensor(0.0) / 0
        memory = torch.randint(0x7F800000, (128, 128), dtype=torch.int32)  # as torch.empty may find it
        second.weight.copy_(memory.view(torch.float32))
        third.weight[10:15] = 0
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), third)


def seeds() -> nn.Module:
    """Layers whose seed was set within the loop that makes them."""
    layers: list[nn.Module] = []
    for _ in range(4):
        torch.manual_seed(0)
        layers += [nn.Linear(128, 128), nn.ReLU()]
    return nn.Sequential(*layers)


def fresh() -> nn.Module:
    """The net that reads digits, one layer of which was drawn again after it was loaded."""
    model = digits()
    model[4].reset_parameters()  # type: ignore[operator]
    return model


def swapped() -> nn.Module:
    """Layers as nn.Linear draws them, but for one that was drawn by the other fan."""
    layers = nn.Linear(64, 256), nn.Linear(256, 128), nn.Linear(128, 512), nn.Linear(512, 32)
    nn.init.kaiming_uniform_(layers[2].weight, a=5**0.5, mode="fan_out")
    return nn.Sequential(*layers)


def steps() -> nn.Module:
    """A net through which 200 batches have passed, and none of whose weights has moved."""
    first = nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU()
    model = nn.Sequential(*first, nn.Linear(128, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 10))
    for _ in range(200):
        loss = nn.functional.cross_entropy(model(torch.randn(32, 64)), torch.randint(10, (32,)))
        # and no optimiser takes a step
        loss.backward()  # type: ignore[no-untyped-call]
    return model


#: By name, in the order in which they are shown.
EXAMPLES: Mapping[str, Callable[[], nn.Module]] = MappingProxyType(
    {each.__name__: each for each in (gpt2, mlp, digits, broken, seeds, fresh, swapped, steps)}
)


def _example(name: object) -> Callable[[], nn.Module]:
    if not isinstance(name, str) or name not in EXAMPLES:
        raise unfit("name", name, f"one of {', '.join(EXAMPLES)}")
    return EXAMPLES[name]


def tensors(name: str) -> dict[str, Tensor]:
    """Return an example's tensors by name, as its ``state_dict()`` has them.

    What has passed through training is the same but for last digits on another processor.
    """
    make = _example(name)
    with global_generators(torch.device("cpu"), SEED):
        return {key: value.detach().clone() for key, value in make().state_dict().items()}


def code(name: str) -> str:
    """Return a script of plain PyTorch that makes an example, and judges it."""
    make = _example(name)
    needed = [digits, fresh] if make is fresh else [make]
    sources = "\n\n".join(map(inspect.getsource, needed))
    sources = re.sub(r"  # (type|noqa): .*", "", sources)
    return (
        "from itertools import pairwise\n\nimport torch\nfrom torch import nn\n\n"
        "from init_lab import audit\n\n\n"
        f"{sources}\n\ntorch.manual_seed({SEED})\nreport = audit({name}())\n"
        "print(report.state)\nfor finding in report.problems:  # worst first\n"
        "    print(finding.kind, finding.tensors, finding, finding.would_refute)\n"
    )

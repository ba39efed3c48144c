"""What training leaves, and what it does not: of a network that was really trained, and of broken copies."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from core import audit
from core.checkpoints.report import Report
from core.checkpoints.scan import report_of
from core.checkpoints.spectrum import Noise
from tests.support.stored_tensors import contents

Model = dict[str, Tensor]
WIDTH, TOKENS, LAYERS = 128, 512, 4


class _Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 344, bias=False), nn.Linear(344, WIDTH, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.down(nn.functional.silu(self.up(self.norm(x))))


def _network(seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    blocks = (_Block() for _ in range(LAYERS))
    net = nn.Sequential(
        nn.Embedding(TOKENS, WIDTH), *blocks, nn.LayerNorm(WIDTH), nn.Linear(WIDTH, TOKENS, bias=False)
    )
    for weight in net.parameters():
        if weight.ndim > 1:
            nn.init.normal_(weight, 0, 0.02)
    return net


@pytest.fixture(scope="module")
def trained() -> Model:
    """A network that has learnt which token follows which, in 120 steps of AdamW."""
    net = _network(1)
    follows = torch.randint(TOKENS, (TOKENS, 4))
    optimiser = torch.optim.AdamW(net.parameters(), 3e-3)
    for _ in range(120):
        now = torch.randint(TOKENS, (256,))
        loss = nn.functional.cross_entropy(net(now), follows[now, torch.randint(4, (256,))])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.5 * math.log(TOKENS)
    return _named(net)


def _named(net: nn.Module) -> Model:
    return {f"layers.{name}": tensor for name, tensor in net.state_dict().items()}


def _report(model: Model) -> Report:
    return report_of(contents(model))


def test_a_trained_network_is_called_so_and_nothing_in_it_wrong(trained: Model) -> None:
    report = _report(trained)
    assert report.state == "trained"
    assert report.problems == ()


def test_its_weights_give_themselves_away_by_their_largest_singular_value(trained: Model) -> None:
    weight = trained["layers.2.down.weight"]
    largest = float(torch.linalg.svdvals(weight.double())[0])
    noise = Noise(*weight.shape, float(weight.std()))
    assert noise.chance(largest) < 1e-9
    fresh = _network(2).state_dict()["2.down.weight"]
    assert noise.chance(float(torch.linalg.svdvals(fresh.double())[0]) * noise.std / 0.02) > 0.001


def _fresh(rows: int, columns: int, seed: int = 8) -> Tensor:
    return torch.empty(rows, columns).normal_(0, 0.02, generator=torch.Generator().manual_seed(seed))


def _linear(out: int, inputs: int) -> Tensor:
    wall = 1 / math.sqrt(inputs)
    return torch.empty(out, inputs).uniform_(-wall, wall, generator=torch.Generator().manual_seed(9))


def _biases(model: Model, size: float) -> Model:
    """Return a bias for each layer of the blocks, and a head of few classes as libraries start it."""
    layers = [name for name in model if name.endswith(("up.weight", "down.weight"))]
    moved = {name.replace("weight", "bias"): size * torch.randn(len(model[name])) for name in layers}
    return moved | {"classifier.weight": _fresh(2, WIDTH), "classifier.bias": torch.zeros(2)}


def _batch_norms(*, gathered: bool, used: bool = True) -> Model:
    return {
        "bn.weight": torch.linspace(0.8, 1.2, 64) if used else torch.ones(64),
        "bn.running_mean": torch.linspace(-1, 1, 64) * gathered,
        "bn.running_var": torch.ones(64),
    }


def _adapter(a: float, b: float) -> Model:
    return {
        f"layers.{i}.q.lora_{end}.weight": torch.rand(*shape) * by
        for i in range(3)
        for end, shape, by in (("A", (8, 64), a), ("B", (64, 8), b))
    }


def _moments(first: float, second: float) -> Model:
    return {
        f"optimizer.{i}.exp_avg{end}": (torch.rand(16, 8) * by).half()
        for i in range(4)
        for end, by in (("", first), ("_sq", second))
    }


#: what is changed → the kind of finding that comes of it, with how many tensors
BROKEN: dict[str, tuple[Callable[[Model], Model], str, int]] = {
    "a head that was not in the file": (
        lambda model: model | {"layers.6.weight": _fresh(TOKENS, WIDTH)},
        "fresh_alone",
        1,
    ),
    "a small head at torch's own start, whose walls tell": (
        lambda model: model | {"classifier.weight": _linear(10, WIDTH)},
        "fresh_alone",
        1,
    ),
    "a small head whose bias alone has not moved": (
        lambda model: model | _biases(model, 0.01),
        "fresh_alone",
        1,
    ),
    "a layer that was drawn anew, its bias too": (
        lambda model: (
            {
                name: tensor
                for name, tensor in (model | _biases(model, 0.01)).items()
                if "classifier" not in name
            }
            | {"layers.3.up.weight": _fresh(344, WIDTH), "layers.3.up.bias": torch.zeros(344)}
        ),
        "fresh_among_trained",
        1,
    ),
    "a layer that was drawn anew": (
        lambda model: model | {"layers.3.up.weight": _fresh(344, WIDTH)},
        "fresh_among_trained",
        1,
    ),
    "the same layer of all blocks, as names that were not found": (
        lambda model: model | {f"layers.{i}.up.weight": _fresh(344, WIDTH, i) for i in range(1, LAYERS + 1)},
        "fresh_alone",
        LAYERS,
    ),
    "a tower that was drawn anew, beside a trained one": (
        lambda model: {
            **{f"language.{name}": tensor for name, tensor in model.items()},
            **{f"vision.{name}": tensor for name, tensor in _named(_network(6)).items()},
        },
        "fresh_alone",
        2 * LAYERS + 2,
    ),
    "a head of zeros": (
        lambda model: model | {"layers.6.weight": torch.zeros(TOKENS, WIDTH)},
        "zero_among_trained",
        1,
    ),
    "positions of zeros": (
        lambda model: model | {"pos_embed": torch.zeros(1, 17, WIDTH)},
        "zero_among_trained",
        1,
    ),
    "batch norms without statistics": (
        lambda model: model | _batch_norms(gathered=False),
        "stale_statistics",
        1,
    ),
    "batch norms without statistics, where weights still look normal but biases have moved": (
        lambda _: {
            **_named(_network(3)),
            **_batch_norms(gathered=False),
            "bn.bias": torch.linspace(-0.1, 0.1, 64),
        },
        "stale_statistics",
        1,
    ),
    "an average that was never updated": (
        lambda model: {
            **{f"ema.{name}": tensor for name, tensor in _named(_network(1)).items()},
            **{f"model.{name}": tensor for name, tensor in model.items()},
        },
        "stale_average",
        10,
    ),
    "adapters of zeros": (lambda _: _adapter(0, 0), "lora_dead", 3),
    "second moments too small for their dtype": (lambda _: _moments(1e-4, 1e-9), "moment_underflow", 4),
    "no gradient of one": (
        lambda _: (
            _moments(1e-3, 1e-5)
            | {f"optimizer.3.exp_avg{end}": torch.zeros(16, 8).half() for end in ("", "_sq")}
        ),
        "no_gradient",
        1,
    ),
    "rand for randn": (
        lambda _: {f"fc{i}.weight": 0.02 * torch.rand(256, 128) for i in range(2)},
        "one_sided",
        2,
    ),
}
CLEAN: dict[str, Callable[[Model], Model]] = {
    "batch norms with statistics": lambda model: model | _batch_norms(gathered=True),
    "a layer whose std is Glorot's by a gain that is seldom used, as by chance": lambda model: (
        model | {"layers.3.up.weight": 10 * math.sqrt(2 / (344 + WIDTH)) * _fresh(344, WIDTH)}
    ),
    "layers that a few steps left at their law, where all others have their std still": lambda model: {
        **{name: 0.0205 / tensor.std() * tensor for name, tensor in model.items() if tensor.ndim > 1},
        **{f"layers.{i}.up.weight": _fresh(344, WIDTH, i) for i in range(1, LAYERS + 1)},
    },
    "batch norms that start as DCGAN's, before training": lambda _: {
        **_named(_network(3)),
        **_batch_norms(gathered=False),
        "bn.bias": torch.zeros(64),
    },
    "batch norms that are not used": lambda model: model | _batch_norms(gathered=False, used=False),
    "an average that follows": lambda model: (
        model | {f"ema.{name}": 0.9 * tensor for name, tensor in model.items()}
    ),
    "adapters at their start": lambda _: _adapter(0.1, 0),
    "adapters that were trained": lambda _: _adapter(0.1, 0.1),
    "moments in their dtype": lambda _: _moments(1e-3, 1e-5),
    "a small head beside biases that are 0 throughout": lambda model: model | _biases(model, 0),
    "a small head that was trained, without a bias' moving": lambda model: (
        model
        | _biases(model, 0.01)
        | {"classifier.weight": 3 * model["layers.6.weight"][:40]}
        | {"classifier.bias": torch.zeros(40)}
    ),
    "a layer that is meant to start at 0, at the start": lambda _: {
        **_named(_network(3)),
        "head.weight": torch.zeros(10, WIDTH),
    },
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_called_by_its_name(name: str, trained: Model) -> None:
    change, kind, tensors = BROKEN[name]
    found = {finding.kind: finding for finding in _report(change(dict(trained))).problems}
    assert kind in found
    assert len(found[kind].tensors) == found[kind].evidence["count"] == tensors
    assert all(other in {kind, "cloned"} for other in found)


@pytest.mark.parametrize("name", CLEAN)
def test_what_is_right_is_not_called_wrong(name: str, trained: Model) -> None:
    assert [str(finding) for finding in _report(CLEAN[name](dict(trained))).problems] == []


def test_a_list_that_repeats_its_one_module_is_told_where_it_does() -> None:
    one = nn.Linear(64, 64)
    stack = nn.ModuleList([one] * 3)
    (finding,) = report_of(contents(dict(stack.state_dict()))).problems
    assert (finding.kind, finding.evidence["count"], finding.evidence["originals"]) == ("one_tensor", 3, 1)
    assert audit(nn.ModuleList([nn.Linear(64, 64) for _ in range(3)])).problems == ()


@pytest.mark.parametrize(
    "layer",
    [
        nn.ModuleDict({"fc1": nn.Linear(64, 96), "fc2": nn.Linear(96, 64)}),
        nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 64)),
    ],
    ids=["its parts have numbers in their names", "its parts are a list"],
)
def test_a_repeated_module_of_several_parts_is_told(layer: nn.Module) -> None:
    (finding,) = report_of(contents(dict(nn.ModuleList([layer] * 4).state_dict()))).problems
    assert (finding.kind, finding.evidence["count"], finding.evidence["originals"]) == ("one_tensor", 8, 2)


def test_copies_are_counted_beside_what_they_are_copies_of(trained: Model) -> None:
    """Two blocks of which each has another's numbers: eight layers have those of four."""
    copied = dict(trained)
    for end in ("up", "down"):
        for to, of in ((3, 1), (4, 2)):
            copied[f"layers.{to}.{end}.weight"] = trained[f"layers.{of}.{end}.weight"].clone()
    (finding,) = _report(copied).problems
    assert finding.kind == "cloned"
    assert (finding.evidence["count"], finding.evidence["originals"]) == (8, 4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_constant_that_is_claimed_is_met_as_its_dtype_rounds_it(dtype: torch.dtype) -> None:
    layer = nn.Linear(4, 20).to(dtype)
    for value in (0.1, 1 / 3, -math.log(99)):
        nn.init.constant_(layer.bias, value)
        assert audit(layer, expect={"bias": ("constant", {"val": value})}).problems == ()
        (finding,) = audit(layer, expect={"bias": ("constant", {"val": 1.01 * value})}).problems
        assert finding.kind == "expected_point"


def test_shards_of_one_seed_are_no_sign_of_training() -> None:
    model = _named(_network(4))
    halves = {name: torch.cat([w[: len(w) // 2]] * 2) for name, w in model.items() if w.shape == (344, WIDTH)}
    assert len(halves) == LAYERS
    report = _report(model | halves)
    assert {finding.kind for finding in report.problems} == {"same_shards"}
    assert report.state == "initialised"


@pytest.mark.parametrize("std", [0.014, 0.033, math.sqrt(0.02)])
@pytest.mark.parametrize("width", [64, 128])
def test_small_layers_of_a_scale_nobody_s_default_has_are_not_called_trained(std: float, width: int) -> None:
    for seed in range(10):
        torch.manual_seed(seed)
        model = {f"layers.{i}.q_proj.weight": torch.randn(width, width) * std for i in range(6)}
        assert _report(model).state == "initialised", seed


def test_zeros_of_each_layer_beside_others_are_a_start_and_no_fault() -> None:
    """RWKV's keys, receptances and outputs start at 0, its values do not; one layer's more is a fault."""
    model: Model = {}
    for at in range(4):
        model |= {
            f"blocks.{at}.{name}.weight": torch.zeros(64, 64) for name in ("key", "receptance", "output")
        }
        model[f"blocks.{at}.value.weight"] = nn.init.orthogonal_(torch.empty(64, 64))
    assert _report(model).problems == ()
    torch.nn.init.zeros_(model["blocks.2.value.weight"])
    (found,) = _report(model).problems
    assert (found.kind, len(found.tensors)) == ("zero_weights", 13)
    # nor is it a start where nothing else is there
    alone = {name: tensor for name, tensor in model.items() if "value" not in name}
    (found,) = _report(alone).problems
    assert (found.kind, len(found.tensors)) == ("zero_weights", 12)

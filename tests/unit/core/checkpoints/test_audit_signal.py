"""What an example becomes on its way through a module and back, by exact arithmetic or by plain torch."""

import json
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core import InitLabError, LayerSignal, Report, audit


def _stack(depth: int, factor: float, width: int = 8) -> nn.Sequential:
    """Linear layers that multiply by a number."""
    layers = nn.Sequential(*(nn.Linear(width, width, bias=False) for _ in range(depth)))
    for layer in layers:
        layer.weight.data = factor * torch.eye(width)
    return layers


def _by_name(report: Report) -> dict[str, LayerSignal]:
    return {layer.name: layer for layer in report.signal}


def _signals(report: Report) -> list[tuple[str, object]]:
    return [(each.kind, each.evidence["what"]) for each in report.problems if each.kind.startswith("signal_")]


def _example(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_a_stack_that_doubles_gives_powers_of_two() -> None:
    """By arithmetic: twos come out as 2·2^l, and what is sent back has an RMS of 1 at the end."""
    report = audit(_stack(4, 2.0), example=torch.full((3, 8), 2.0), seeds=2)
    assert [(layer.name, layer.kind) for layer in report.signal] == [(str(i), "Linear") for i in range(4)]
    assert [layer.output.given for layer in report.signal] == pytest.approx([4, 8, 16, 32], rel=1e-12)
    assert [layer.gradient.given for layer in report.signal] == pytest.approx([8, 4, 2, 1], rel=1e-6)


def test_each_draw_anew_is_as_expect_says() -> None:
    """Orthogonal matrices of gain 3 triple every length, whatever the seed."""
    expect = {"*.weight": ("orthogonal", {"gain": 3.0})}
    report = audit(_stack(3, 3.0), expect=expect, example=torch.ones(2, 8), seeds=[5, 6])
    for layer, output, gradient in zip(report.signal, (3, 9, 27), (9, 3, 1), strict=True):
        assert layer.output.seeds == pytest.approx((output, output), rel=1e-5)
        assert layer.gradient.seeds == pytest.approx((gradient, gradient), rel=1e-5)
    assert report.not_redrawn == ()


def test_without_expect_a_draw_is_torch_s_own() -> None:
    """Plain torch: from the seed on, the parts are reset from the last to the first."""
    module = nn.Sequential(nn.Linear(5, 30), nn.Tanh(), nn.Linear(30, 4))
    x = _example(7, 5)
    report = audit(module, example=x, seeds=[3, 4, 9])
    wanted: dict[str, list[float]] = {"0": [], "1": [], "2": []}
    with torch.random.fork_rng(), torch.no_grad():
        for seed in (3, 4, 9):
            torch.manual_seed(seed)
            anew = nn.Sequential(nn.Linear(5, 30), nn.Tanh(), nn.Linear(30, 4))
            torch.manual_seed(seed)
            anew[2].reset_parameters()
            anew[0].reset_parameters()
            given = x
            for name, layer in anew.named_children():
                given = layer(given)
                wanted[name].append(given.square().mean().sqrt().item())
    for name, layer in _by_name(report).items():
        assert layer.output.seeds == pytest.approx(wanted[name], rel=1e-5)
        assert (layer.output.low, layer.output.median, layer.output.high) == tuple(sorted(layer.output.seeds))


def test_the_gradient_is_that_of_plain_torch_but_for_its_scale() -> None:
    """What arrives is Wᵀ of what is sent: of a weight of one row, its RMS is the row's."""
    module = nn.Sequential(nn.Linear(5, 6), nn.Linear(6, 1))
    layer = audit(module, example=_example(4, 5), seeds=1).signal[0]
    row = module[1].weight.detach()
    assert layer.gradient.given == pytest.approx(row.square().mean().sqrt().item(), rel=1e-5)


def test_the_module_its_hooks_its_buffers_and_the_generators_stay_as_they_are() -> None:
    module = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.ReLU(inplace=True), nn.Dropout(0.5))
    module[0].weight.requires_grad_(requires_grad=False)
    x = _example(5, 8)
    before = {name: values.clone() for name, values in module.state_dict().items()}
    own, state = x.clone(), torch.get_rng_state()
    audit(module, example=x, seeds=2)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(x, own)
    assert all(torch.equal(values, before[name]) for name, values in module.state_dict().items())
    assert all(p.grad is None for p in module.parameters())
    assert not module[0].weight.requires_grad
    assert not any(part._forward_hooks for part in module.modules())


def test_it_is_the_same_again() -> None:
    module = nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.5))
    first, second = (audit(module, example=torch.ones(3, 8), seeds=2) for _ in range(2))
    assert first.signal == second.signal


def test_what_is_written_in_place_is_measured_as_it_was_given() -> None:
    """Of 2·(±1) half is kept by relu: an RMS of 2 before, of √2 after."""
    module = nn.Sequential(_stack(1, 2.0)[0], nn.ReLU(inplace=True))
    signs = torch.tensor([[1.0, -1.0] * 4])
    for x in (signs, signs.clone().requires_grad_()):
        found = _by_name(audit(module, example=x, seeds=1))
        assert found["0"].output.given == pytest.approx(2)
        assert found["1"].output.given == pytest.approx(math.sqrt(2))
    alone = audit(nn.ReLU(inplace=True), example=signs, seeds=1).signal
    assert [layer.name for layer in alone] == [""]


class _Shared(nn.Module):
    """One layer that is called twice, and a parameter that nothing draws."""

    def __init__(self) -> None:
        super().__init__()
        self.twice = _stack(1, 2.0)[0]
        self.token = nn.Parameter(torch.zeros(8))
        self.unused = nn.Linear(3, 3)

    def forward(self, x: Tensor, *, scale: float = 1.0) -> dict[str, object]:
        return {"out": self.twice(self.twice(x)) * scale + self.token, "n": 3}


def test_all_calls_of_a_layer_count_and_what_nothing_draws_is_named() -> None:
    report = audit(_Shared(), example={"x": torch.ones(2, 8), "scale": 5.0}, seeds=1)
    assert [layer.name for layer in report.signal] == ["twice", ""]
    # ones become twos, then fours
    assert report.signal[0].output.given == pytest.approx(math.sqrt((4 + 16) / 2))
    assert report.not_redrawn == ("token",)


def test_what_no_gradient_reaches_has_none() -> None:
    class _Cut(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = _stack(1, 2.0)[0], _stack(1, 3.0)[0]

        def forward(self, x: Tensor) -> Tensor:
            return self.last(self.first(x).detach())

    found = _by_name(audit(_Cut(), example=torch.ones(1, 8), seeds=2))
    assert math.isnan(found["first"].gradient.given)
    assert math.isnan(found["first"].gradient.median)
    assert found["last"].gradient.given == pytest.approx(1)


@pytest.mark.parametrize(
    ("module", "example"),
    [
        (nn.LSTM(5, 7), torch.ones(3, 2, 5)),
        (nn.MultiheadAttention(8, 2), (torch.ones(4, 1, 8),) * 3),
        (nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 3)), torch.arange(6)),
        (nn.Linear(4, 3).bfloat16(), torch.ones(2, 4).bfloat16()),
        (nn.Transformer(8, 2, 1, 1, 16, batch_first=True), [torch.ones(2, 3, 8), torch.ones(2, 4, 8)]),
        (nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)), torch.ones(2, 4)),
    ],
    ids=lambda x: type(x).__name__ if isinstance(x, nn.Module) else "",
)
def test_what_takes_or_gives_something_else_is_run_too(module: nn.Module, example: object) -> None:
    with torch.inference_mode():
        signal = audit(module, example=example, seeds=2).signal
    assert signal
    assert all(0 < rms < math.inf for layer in signal for rms in layer.output.seeds)
    assert all(0 < layer.gradient.given < math.inf for layer in signal)


@pytest.mark.parametrize(("factor", "kind"), [(0.1, "signal_vanishes"), (10.0, "signal_explodes")])
def test_a_signal_that_is_lost_on_its_way_is_named_with_its_factor(factor: float, kind: str) -> None:
    """Over 6 layers 5 factors of ten; drawn anew by torch, no thousandth is lost on so short a way."""
    out, back = audit(_stack(6, factor), example=torch.ones(2, 8), seeds=3).problems
    assert (out.kind, out.evidence["what"], out.tensors) == (kind, "output", tuple("012345"))
    assert (back.kind, back.evidence["what"], back.tensors) == (kind, "gradient", tuple("543210"))
    for finding in (out, back):
        assert finding.evidence["factor"] == pytest.approx(factor**5, rel=1e-4)
        assert (finding.evidence["anew"], finding.evidence["seeds"]) == (0, 3)
        assert "{" not in str(finding) + finding.would_refute
    assert str(back).startswith(f"The gradient's RMS {'falls' if factor < 1 else 'grows'} from 1 to ")


def test_drawn_anew_as_it_stands_it_is_lost_in_each_draw() -> None:
    expect = {"*.weight": ("orthogonal", {"gain": 0.1})}
    found = audit(_stack(6, 0.1), expect=expect, example=torch.ones(2, 8), seeds=3).problems
    assert [each.evidence["anew"] for each in found if each.kind == "signal_vanishes"] == [3, 3]


def test_a_signal_that_overflows_has_exploded() -> None:
    found = audit(_stack(8, 1e6), example=torch.ones(2, 8), seeds=1)
    assert ("signal_explodes", "output") in _signals(found)


def test_of_a_trained_model_the_draws_are_judged() -> None:
    module = _stack(5, 1.0, width=40)
    for i, layer in enumerate(module):
        layer.weight.data = 3 * _example(40, 40, seed=i) ** 3  # no law that a weight starts as
    report = audit(module, example=torch.ones(2, 40), seeds=3)
    assert report.state == "trained"
    assert report.signal[4].output.given / report.signal[0].output.given > 1e3
    assert _signals(report) == []


class _Block(nn.Module):
    """A block of GPT's: attention and a gated unit, each added to a stream of which it reads the norm."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, 4, batch_first=True)
        self.up, self.down = nn.Linear(width, 8 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        read = self.ln_1(x)
        x = x + self.attn(read, read, read, need_weights=False)[0]
        gate, value = self.up(self.ln_2(x)).chunk(2, -1)
        return x + self.down(F.silu(gate) * value)


class _Residual(nn.Module):
    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(2))
        self.bn1, self.bn2 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(x + self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x))))))


def _zero_head() -> nn.Module:
    layers = nn.Sequential(*(each for _ in range(4) for each in (nn.Linear(32, 32), nn.ReLU())))
    head = nn.Linear(32, 3)
    nn.init.zeros_(head.weight)
    return nn.Sequential(*layers, head)


CLEAN: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "gpt": (lambda: nn.Sequential(*(_Block() for _ in range(12))), (2, 9, 32)),
    "norms after": (
        lambda: nn.Sequential(*(nn.TransformerEncoderLayer(32, 4, 64, batch_first=True) for _ in range(6))),
        (2, 9, 32),
    ),
    "resnet": (lambda: nn.Sequential(*(_Residual() for _ in range(10))), (4, 8, 7, 7)),
    "lstm": (lambda: nn.LSTM(32, 32, 3), (9, 2, 32)),
    "mlp": (lambda: nn.Sequential(*(nn.Linear(32, 32) for _ in range(4))), (8, 32)),
    "a last layer that starts at 0": (_zero_head, (8, 32)),
}


@pytest.mark.parametrize("name", CLEAN)
def test_what_trains_is_not_called_wrong(name: str) -> None:
    make, shape = CLEAN[name]
    for seed in range(3):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            module = make()
        report = audit(module, example=_example(*shape, seed=seed), seeds=2)
        assert len(report.signal) > 0
        assert _signals(report) == []


def test_it_is_shown_in_json_markdown_and_a_notebook() -> None:
    module = _Shared()
    report = audit(module, example=torch.ones(2, 8), seeds=3)
    found = json.loads(report.to_json())
    assert found["not_redrawn"] == ["token"]
    assert found["signal"][0]["name"] == "twice"
    assert len(found["signal"][0]["gradient"]["seeds"]) == 3
    page, text = report._repr_html_(), report.to_markdown()
    for shown in (page, text):
        assert "median (least to largest) of 3 draws anew" in shown
        assert "stayed as they are" in shown
        assert f"{report.signal[0].output.given:.4g}" in shown
    assert "| `twice` | Linear | " in text
    assert "<code>token</code>" in page
    assert "<td>twice</td>" in page


def test_a_module_that_is_not_run_has_no_signal() -> None:
    report = audit(nn.Linear(3, 2))
    assert (report.signal, report.not_redrawn) == ((), ())
    assert "draws anew" not in report.to_markdown() + report._repr_html_()


class _Odd(nn.Module):
    def __init__(self, given: object) -> None:
        super().__init__()
        self.given, self.layer = given, nn.Linear(2, 2)

    def forward(self, _: Tensor) -> object:
        if isinstance(self.given, Exception):
            raise self.given
        return self.given


@pytest.mark.parametrize(
    ("module", "example", "said"),
    [
        (nn.Linear(3, 2), torch.ones(2, 4), "cannot be run on this example, float32 of shape (2, 4): "),
        (nn.Linear(3, 2), torch.ones(2, 3, dtype=torch.int64), "on this example, int64 of shape (2, 3): "),
        (nn.Linear(3, 2), {"wrong": torch.ones(3)}, "unexpected keyword argument 'wrong'"),
        (nn.Linear(3, 2), (torch.ones(3), torch.ones(3)), "cannot be run on this example, "),
        (nn.Linear(3, 2), torch.ones(3, device="meta"), "has no numbers"),
        (nn.Linear(3, 2), torch.tensor([1, 2, math.nan]), "example must be of finite numbers"),
        (nn.Linear(3, 2), torch.ones(0, 3), "example must be of finite numbers"),
        (nn.Linear(3, 2), torch.ones(2, 3).to_sparse(), "example must be "),
        (nn.Linear(3, 2), "text", "example must be a tensor, "),
        (nn.Linear(3, 2), 3, "example must be a tensor, "),
        (nn.Linear(3, 2), (), "example must be a tensor, "),
        (_Odd(3), torch.ones(2), "this one gives int"),
        (_Odd({"logits": torch.ones(2, dtype=torch.int32)}), torch.ones(2), "this one gives dict"),
        (_Odd(KeyError("no such part")), torch.ones(2), "no such part"),
    ],
)
def test_what_cannot_be_run_is_refused_in_a_sentence(module: nn.Module, example: object, said: str) -> None:
    with pytest.raises(InitLabError) as caught:
        audit(module, example=example, seeds=1)
    assert said in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("seeds", [0, -1, 1.5, None, "3", [], [1.5], True, 10**6])
def test_seeds_that_are_none_are_refused(seeds: object) -> None:
    with pytest.raises(InitLabError):
        audit(nn.Linear(3, 2), example=torch.ones(3), seeds=seeds)  # type: ignore[arg-type]


@pytest.mark.parametrize("others", [[], [torch.ones(2, 3)]], ids=["alone", "with a tensor"])
def test_an_example_that_holds_itself_is_refused(others: list[object]) -> None:
    example = [*others]
    example.append(example)
    with pytest.raises(InitLabError):
        audit(nn.Linear(3, 2), example=example, seeds=1)

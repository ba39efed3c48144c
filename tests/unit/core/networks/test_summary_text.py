"""torchsummary's text: its own, character for character, whatever else goes on meanwhile."""

import contextlib
import io
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import torch
from torch import Tensor, nn
from torchsummary import summary

from core import Net, Network, summary_text
from tests.support.marks import generator_stays
from tests.support.summed_up import hooks, seeded, stack, totals

pytestmark = generator_stays
ModelAndSize = tuple[nn.Module, tuple[int, ...]]


def torchsummary_s(module: nn.Module, size: tuple[int, ...], batch: int) -> str:
    """Return what torchsummary itself prints."""
    with contextlib.redirect_stdout(io.StringIO()) as printed, torch.random.fork_rng([]):
        summary(module, size, batch, device="cpu")
    return printed.getvalue()


class Branches(nn.Module):
    """Two ways side by side, one of them frozen, and a layer that runs twice."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = (
            nn.Linear(4, 6),
            nn.Linear(4, 6, bias=False).requires_grad_(requires_grad=False),
        )
        self.twice = nn.Linear(6, 6)

    def forward(self, x: Tensor) -> Tensor:
        return self.twice(torch.relu(self.twice(self.left(x) + self.right(x))))


MODELS: dict[str, Callable[[], ModelAndSize]] = {
    "linear": lambda: (stack(nn.Linear(3, 3), nn.Sigmoid(), nn.Linear(3, 2, bias=False)), (3,)),
    "convolutions": lambda: (
        stack(
            nn.Conv2d(1, 6, 5, padding=2),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5, groups=2, bias=False),
            nn.Flatten(),
            nn.Linear(16 * 25, 120),
            nn.Dropout(0.5),
            nn.Linear(120, 10),
        ),
        (1, 18, 18),
    ),
    "one dimension": lambda: (stack(nn.Conv1d(4, 8, 3), nn.ConvTranspose1d(8, 4, 3), nn.PReLU(4)), (4, 12)),
    "norms": lambda: (stack(nn.Linear(6, 8), nn.LayerNorm(8), nn.BatchNorm1d(8), nn.Softmax(dim=-1)), (6,)),
    "branches": lambda: (Branches(), (4,)),
    "wide": lambda: (stack(nn.Linear(1000, 2000), nn.Linear(2000, 500)), (1000,)),
    "frozen": lambda: (stack(nn.Linear(3, 4), nn.Linear(4, 2)).requires_grad_(requires_grad=False), (3,)),
}
models = pytest.mark.parametrize("name", MODELS)


@models
@pytest.mark.parametrize("batch", [1, 5, -1, 100_000])
def test_the_text_is_torchsummary_s_own(name: str, batch: int) -> None:
    with torch.random.fork_rng([]):
        model, size = MODELS[name]()
    expected = torchsummary_s(model, size, batch)
    assert expected.count("\n") > 12
    assert summary_text(model, size, batch) == expected
    assert summary_text(model, list(size), batch) == expected


@pytest.mark.parametrize("name", ["linear", "convolutions", "one dimension", "norms", "wide", "frozen"])
def test_its_total_is_the_number_of_parameters(name: str) -> None:
    with torch.random.fork_rng([]):
        model, size = MODELS[name]()
    total, trainable, frozen = totals(summary_text(model, size, 2))
    assert total == sum(p.numel() for p in model.parameters())
    assert trainable == sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert frozen == total - trainable


@pytest.mark.parametrize(
    "build",
    [lambda: nn.LSTM(3, 5, num_layers=2), lambda: nn.GRU(3, 5), lambda: nn.MultiheadAttention(6, 2)],
    ids=["LSTM", "GRU", "attention"],
)
def test_a_row_of_which_a_part_trains_is_among_what_trains(build: Callable[[], nn.Module]) -> None:
    """As torchsummary counts a layer whose bias is frozen: as a whole. Only one all frozen does not train."""
    with torch.random.fork_rng([]):
        part = build()
    inputs = (((4, 6),) * 3) if isinstance(part, nn.MultiheadAttention) else (4, 3)
    count = sum(p.numel() for p in part.parameters())
    *others, last = part.parameters()
    for parameter in others:
        parameter.requires_grad_(requires_grad=False)
    assert totals(summary_text(part, inputs, 2)) == [count, count, 0]
    last.requires_grad_(requires_grad=False)
    assert totals(summary_text(part, inputs, 2)) == [count, 0, count]


@pytest.mark.parametrize(
    "text", ["784-128.relu-10.softmax", "3-4.no_bias.tanh-2", "4096-1", "5-5.eye.zeros_bias"]
)
def test_its_total_is_the_network_s_size(text: str) -> None:
    network = Network.of(text)
    assert totals(summary_text(Net(network, seed=1), (network.inputs,), 5)) == [network.size, network.size, 0]


def test_thirty_threads_do_not_mix_their_texts(capfd: pytest.CaptureFixture[str]) -> None:
    """Each network has sizes of its own, so that no line of one fits another."""
    nets = [Net(Network.of(f"{n + 1}-{100 + n}.relu-{200 + n}-{300 + n}"), seed=n) for n in range(30)]
    alone = [summary_text(net, (n + 1,), n + 2) for n, net in enumerate(nets)]
    assert alone == [torchsummary_s(net, (n + 1,), n + 2) for n, net in enumerate(nets)]
    assert len(set(alone)) == 30
    together, stdout = Barrier(30), sys.stdout

    def work(n: int) -> list[str]:
        together.wait()
        return [summary_text(nets[n], (n + 1,), n + 2) for _ in range(5)]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(30) as pool:
            texts = list(pool.map(work, range(30)))
    finally:
        sys.setswitchinterval(interval)
    assert texts == [[text] * 5 for text in alone]
    assert sys.stdout is stdout
    assert capfd.readouterr() == ("", "")


def test_threads_that_print_meanwhile_keep_their_words(capfd: pytest.CaptureFixture[str]) -> None:
    net = Net(Network.of("3-100-2"), seed=1)
    expected = summary_text(net, (3,), 5)
    with ThreadPoolExecutor(2) as pool:
        texts = pool.submit(lambda: {summary_text(net, (3,), 5) for _ in range(30)})
        pool.submit(lambda: [print(f"word {i}") for i in range(300)])  # noqa: T201
    assert texts.result() == {expected}
    assert capfd.readouterr().out == "".join(f"word {i}\n" for i in range(300))


@models
def test_nothing_is_printed(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    with torch.random.fork_rng([]):
        model, size = MODELS[name]()
    assert summary_text(model, size, 5)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("train", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_the_module_is_untouched(train: bool, dtype: torch.dtype) -> None:  # noqa: FBT001
    model = seeded(lambda: stack(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(), nn.Linear(6, 2)))
    model.to(dtype).train(train)
    calls: list[int] = []
    model[0].register_forward_hook(lambda *_: calls.append(1))  # type: ignore[index,operator]
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    text = summary_text(model, (4,), 5)
    assert totals(text) == [4 * 6 + 6 + 6 + 6 + 6 * 2 + 2, 56, 0]
    assert hooks(model) == 1
    assert [part.training for part in model.modules()] == [train] * 5
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name]), name
        assert tensor.dtype == before[name].dtype
    assert all(p.grad is None for p in model.parameters())
    assert summary_text(model, (4,), 5) == text


def test_a_net_can_be_summed_up_in_every_dtype() -> None:
    network = Network.of("3-4.relu-2.softmax")
    texts = {
        summary_text(Net(network, seed=1, dtype=dtype), (3,), 5)
        for dtype in (torch.float32, torch.float64, torch.bfloat16, torch.float16)
    }
    assert len(texts) == 1

"""torchsummary's text: its own, character for character, whatever else goes on meanwhile."""

import contextlib
import io
import math
import re
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchsummary import summary

from core import Net, Network, NetworkError, parameter_count, summary_text
from tests.support.marks import generator_stays

pytestmark = generator_stays
ModelAndSize = tuple[nn.Module, tuple[int, ...]]


def seeded(build: Callable[[], nn.Module]) -> nn.Module:
    with torch.random.fork_rng([]):
        torch.manual_seed(1)
        return build()


def torchsummary_s(module: nn.Module, size: tuple[int, ...], batch: int) -> str:
    """Return what torchsummary itself prints."""
    with contextlib.redirect_stdout(io.StringIO()) as printed, torch.random.fork_rng([]):
        summary(module, size, batch, device="cpu")
    return printed.getvalue()


def stack(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*layers)


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


def totals(text: str) -> list[int]:
    found = [
        re.search(rf"^{kind} params: ([\d,]+)$", text, re.M)
        for kind in ("Total", "Trainable", "Non-trainable")
    ]
    return [int(match[1].replace(",", "")) for match in found if match]


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


def hooks(model: nn.Module) -> int:
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")
    return sum(len(getattr(part, kind)) for part in model.modules() for kind in kinds)


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


class Fails(nn.Module):
    """Draws a number, and fails."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.inner, self.error = nn.Linear(3, 2), error

    def forward(self, x: Tensor) -> Tensor:
        torch.rand(3)
        self.inner(x)
        raise self.error


def refused(module: nn.Module, size: Any) -> NetworkError:
    """Return the error, and see that nothing is left behind: no hook, no held lock, no moved generator."""
    state = torch.get_rng_state()
    with pytest.raises(NetworkError) as error:
        summary_text(module, size, 5)
    assert torch.equal(torch.get_rng_state(), state)
    assert hooks(module) == 0
    # another thread can have the generators; a daemon, so that the test ends where it cannot
    after: list[str] = []
    other = Thread(
        target=lambda: after.append(summary_text(Net(Network.of("3-2"), seed=1), (3,), 5)), daemon=True
    )
    other.start()
    other.join(20)
    assert totals(after[0]) == [8, 8, 0]
    return error.value


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("no"),
        ValueError("no"),
        TypeError("no"),
        IndexError("no"),
        NotImplementedError("no"),
        AssertionError("no"),
        AttributeError("no"),
        KeyError("no"),
    ],
    ids=repr,
)
def test_a_module_that_fails_leaves_nothing_behind(error: Exception) -> None:
    module = seeded(lambda: stack(nn.Linear(3, 3), Fails(error)))
    assert refused(module, (3,)).code == "network.summary"


@pytest.mark.parametrize("size", [(4,), (2, 2), (), (0,), (-3,)], ids=str)
def test_an_input_of_another_shape_is_refused(size: tuple[int, ...]) -> None:
    net = Net(Network.of("3-4.relu-2.softmax"), seed=1)
    error = refused(net, size)
    assert error.code == "network.summary"
    assert error.facts["shape"] == size


@pytest.mark.parametrize(
    ("build", "size"),
    [
        (lambda: stack(nn.Conv2d(3, 4, 5)), (3, 4, 4)),
        (lambda: stack(nn.Bilinear(3, 3, 2)), (3,)),
        (lambda: stack(nn.TransformerEncoderLayer(4, 2)), (5, 3)),
        (stack, (3,)),
    ],
    ids=[
        "small image",
        "two inputs",
        "features",
        "no parts",
    ],
)
def test_what_torchsummary_cannot_sum_up_is_refused(
    build: Callable[[], nn.Module], size: tuple[int, ...]
) -> None:
    """Too small an image, too few inputs, a module without parts: it fails on each in its way."""
    assert refused(seeded(build), size).code == "network.summary"


# --- what torchsummary itself cannot print ----------------------------------------------------------------


def rows(text: str) -> list[list[str]]:
    """Return each part's name, shape and number of parameters."""
    found = re.findall(r"^ *(\S+-\d+)  +(\[.*\]) +([\d,]+)$", text, re.M)
    assert found
    return [[name, shape, count.replace(",", "")] for name, shape, count in found]


class Fed(nn.Module):
    """What ``module`` makes of several inputs, through ``made``."""

    def __init__(self, module: nn.Module, made: Callable[..., Any] = lambda module, *x: module(*x)) -> None:
        super().__init__()
        self.module, self.made = module, made

    def forward(self, *x: Tensor) -> Any:
        return self.made(self.module, *x)


class Tagger(nn.Module):
    """An embedding, two layers of LSTM both ways, and a linear one."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(100, 8)
        self.lstm = nn.LSTM(8, 6, 2, batch_first=True, bidirectional=True)
        self.out = nn.Linear(12, 3)

    def forward(self, words: Tensor) -> Tensor:
        return self.out(self.lstm(self.table(words))[0])


class Both(nn.Module):
    """Features beside words."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.out = nn.EmbeddingBag(7, 4), nn.Linear(3 + 4, 2)

    def forward(self, features: Tensor, words: Tensor) -> Tensor:
        return self.out(torch.cat([features, self.table(words)], 1))


#: module, inputs, and the rows for a batch of 5: shapes from torch's documentation, counts by hand
ROWS: dict[str, tuple[Callable[[], nn.Module], Any, list[list[str]]]] = {
    "two inputs": (
        lambda: Fed(nn.Bilinear(2, 3, 4)),
        [(2,), (3,)],
        [["Bilinear-1", "[5, 4]", str(2 * 3 * 4 + 4)]],
    ),
    "a bare layer": (lambda: nn.Linear(3, 2), (3,), [["Linear-1", "[5, 2]", "8"]]),
    "no parameters": (lambda: stack(nn.ReLU()), (3,), [["ReLU-1", "[5, 3]", "0"]]),
    "indices": (lambda: stack(nn.Embedding(9, 3)), (4,), [["Embedding-1", "[5, 4, 3]", "27"]]),
    "features and indices": (
        Both,
        ((3,), (6,)),
        [["EmbeddingBag-1", "[5, 4]", "28"], ["Linear-2", "[5, 2]", "16"]],
    ),
    "an embedding, an LSTM": (
        Tagger,
        (9,),
        [
            ["Embedding-1", "[5, 9, 8]", "800"],
            # h and c are (layers × directions, batch, hidden)
            [
                "LSTM-2",
                "[[5, 9, 12], [4, 5, 6], [4, 5, 6]]",
                str(2 * 4 * 6 * (8 + 6 + 2) + 2 * 4 * 6 * (12 + 6 + 2)),
            ],
            ["Linear-3", "[5, 9, 3]", str(12 * 3 + 3)],
        ],
    ),
    "two layers of LSTM, two of batch": (
        lambda: nn.LSTM(3, 6, 2, batch_first=True, proj_size=2),
        (7, 3),
        [
            [
                "LSTM-1",
                "[[5, 7, 2], [2, 5, 2], [2, 5, 6]]",
                str(4 * 6 * (3 + 2 + 2) + 2 * 6 + 4 * 6 * (2 + 2 + 2) + 2 * 6),
            ]
        ],
    ),
    "a GRU in a stack": (
        lambda: stack(nn.GRU(3, 5, batch_first=True)),
        (7, 3),
        [["GRU-1", "[[5, 7, 5], [1, 5, 5]]", str(3 * 5 * (3 + 5 + 2))]],
    ),
    "attention": (
        lambda: nn.MultiheadAttention(6, 2, batch_first=True),
        [(4, 6)] * 3,
        [["MultiheadAttention-1", "[[5, 4, 6], [5, 4, 4]]", str(4 * 6 * 6 + 4 * 6)]],
    ),
    "attention, its length first": (
        lambda: nn.MultiheadAttention(6, 2),
        [(4, 6)] * 3,
        [["MultiheadAttention-1", "[[5, 4, 6], [4, 5, 5]]", str(4 * 6 * 6 + 4 * 6)]],
    ),
    "weight_norm of before": (
        lambda: stack(weight_norm_before(nn.Linear(3, 4)), nn.ReLU()),
        (3,),
        [["Linear-1", "[5, 4]", str(3 * 4 + 4 + 4)], ["ReLU-2", "[5, 4]", "0"]],
    ),
    "weight_norm": (
        lambda: stack(nn.utils.parametrizations.weight_norm(nn.Linear(3, 4)), nn.ReLU()),
        (3,),
        [["ParametrizedLinear-1", "[5, 4]", str(3 * 4 + 4 + 4)], ["ReLU-2", "[5, 4]", "0"]],
    ),
    "a bare parametrized layer": (
        lambda: nn.utils.parametrizations.orthogonal(nn.Linear(3, 4)),
        (3,),
        [["ParametrizedLinear-1", "[5, 4]", "16"]],
    ),
    "meta": (
        lambda: Tagger().to("meta"),
        (9,),
        [
            ["Embedding-1", "[5, 9, 8]", "800"],
            ["LSTM-2", "[[5, 9, 12], [4, 5, 6], [4, 5, 6]]", "1728"],
            ["Linear-3", "[5, 9, 3]", "39"],
        ],
    ),
    "lazy": (
        lambda: stack(nn.LazyLinear(4), nn.ReLU()),
        (3,),
        [["Linear-1", "[5, 4]", "16"], ["ReLU-2", "[5, 4]", "0"]],
    ),
    "a dictionary": (
        lambda: stack(Fed(nn.Linear(3, 2), lambda module, x: {"a": module(x), "b": [x, None]})),
        (3,),
        [["Linear-1", "[5, 2]", "8"], ["Fed-2", "[[5, 2], [5, 3]]", "0"]],
    ),
    "half": (lambda: stack(nn.Linear(3, 2)).half(), (3,), [["Linear-1", "[5, 2]", "8"]]),
}


def weight_norm_before(layer: nn.Module) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return nn.utils.weight_norm(layer)


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize("name", ROWS)
def test_each_part_has_its_row(name: str) -> None:
    build, size, expected = ROWS[name]
    model = seeded(build)
    before = [(n, p.device, p.dtype, p.grad) for n, p in model.named_parameters()]
    text = summary_text(model, size, 5)
    assert rows(text) == expected
    total = sum(int(count) for _, _, count in expected)
    assert totals(text) == [total, total, 0]
    if name != "lazy":
        assert total == sum(p.numel() for p in model.parameters())
    assert [(n, p.device, p.dtype, p.grad) for n, p in model.named_parameters()] == before
    assert hooks(model) == hooks(seeded(build))
    assert summary_text(model, size, np.int64(5)) == text


def test_a_batch_of_any_size_stands_wherever_the_batch_does() -> None:
    text = summary_text(seeded(Tagger), (9,), -1)
    assert [shape for _, shape, _ in rows(text)] == [
        "[-1, 9, 8]",
        "[[-1, 9, 12], [4, -1, 6], [4, -1, 6]]",
        "[-1, 9, 3]",
    ]


def test_the_sizes_in_mb_add_up_inputs_and_outputs() -> None:
    """4 bytes a number, outputs twice for their gradients; torchsummary would multiply the inputs' sizes."""
    text = summary_text(seeded(lambda: Fed(nn.Bilinear(200, 300, 4))), [(200,), (300,)], 1000)
    mb = [float(number) for number in re.findall(r"\(MB\): ([\d.]+)", text)]
    inputs, outputs = 4e3 * (200 + 300) / 2**20, 2 * 4e3 * 4 / 2**20
    parameters = 4 * (200 * 300 * 4 + 4) / 2**20
    assert mb == pytest.approx([inputs, outputs, parameters, inputs + outputs + parameters], abs=0.005)
    text = summary_text(seeded(lambda: nn.GRU(30, 50, batch_first=True)), (70, 30), 100)
    mb = [float(number) for number in re.findall(r"\(MB\): ([\d.]+)", text)]
    assert mb[1] == pytest.approx(2 * 4 * (100 * 70 * 50 + 100 * 50) / 2**20, abs=0.005)


def test_dtypes_may_be_given() -> None:
    """Where nothing tells that an input is an index; an index of 0 is in every table."""
    module = seeded(lambda: Fed(nn.Linear(3, 2), lambda linear, x, at: linear(x[:, at[:, 0]])))
    assert refused(module, [(4, 3), (1,)]).code == "network.summary"
    text = summary_text(module, [(4, 3), (1,)], 5, dtypes=[torch.float32, torch.int64])
    assert rows(text) == [["Linear-1", "[5, 2, 2]", "8"]]
    for dtypes in ([torch.int64], "int64", [1, 2], 3):
        with pytest.raises(NetworkError) as e:
            summary_text(module, [(4, 3), (1,)], 5, dtypes=dtypes)  # type: ignore[arg-type]
        assert e.value.code == "network.dtypes"


HUGE = 10**5000


@pytest.mark.parametrize(
    ("size", "batch", "code"),
    [
        *[((3,), batch, "network.batch") for batch in (0, -2, True, "5", None, 2.0, HUGE, -HUGE, math.nan)],
        *[
            (size, 5, "network.summary")
            for size in (None, 3, "3", b"3", {3}, (True,), (3.0,), (math.nan,), [[3, "a"]], ((3,), 4))
        ],
        *[(size, 5, "network.summary") for size in ((HUGE,), (0, HUGE), (2**13, 2**14), ((3,), (-1,)))],
    ],
    ids=lambda value: type(value).__name__,
)
def test_invalid_sizes_are_refused_before_anything_runs(size: Any, batch: Any, code: str) -> None:
    with pytest.raises(NetworkError) as e:
        summary_text(seeded(lambda: stack(nn.Linear(3, 2))), size, batch)
    assert e.value.code == code
    assert len(str(e.value)) < 300


@pytest.mark.parametrize("module", [None, 3, "x", nn.Linear, torch.relu])
def test_what_is_not_a_module_is_refused(module: Any) -> None:
    for call in (lambda: summary_text(module, (3,), 5), lambda: parameter_count(module)):
        with pytest.raises(NetworkError) as e:
            call()
        assert e.value.code == "network.module"


def test_a_module_that_cannot_be_copied_is_refused() -> None:
    module = seeded(lambda: stack(nn.Linear(3, 2)))
    module.lock = threading.Lock()  # type: ignore[assignment]
    assert refused(module, (3,)).code == "network.summary"


def test_what_a_part_keeps_of_its_last_run_is_copied_too() -> None:
    module = seeded(lambda: stack(nn.Linear(3, 2)))
    kept = module.kept = module(torch.ones(4, 3))
    assert rows(summary_text(module, (3,), 5)) == [["Linear-1", "[5, 2]", "8"]]
    assert module.kept is kept


def test_a_module_may_sum_up_another_as_it_runs() -> None:
    inner, other = seeded(lambda: nn.Linear(3, 2)), seeded(lambda: stack(nn.Linear(4, 2)))
    texts: list[str] = []
    module = Fed(inner, lambda module, x: (texts.append(summary_text(other, (4,), 7)), module(x))[1])
    outer: list[str] = []
    other_thread = Thread(target=lambda: outer.append(summary_text(module, (3,), 5)), daemon=True)
    other_thread.start()
    other_thread.join(20)
    assert [rows(text) for text in outer] == [[["Linear-1", "[5, 2]", "8"]]]
    assert [rows(text) for text in texts] == [[["Linear-1", "[7, 2]", "10"]]]

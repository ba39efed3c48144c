"""What torchsummary itself cannot print has its rows too, by torch's documentation and by hand."""

import re
import warnings
from collections.abc import Callable
from threading import Thread
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core import NetworkError, summary_text
from tests.support.marks import generator_stays
from tests.support.summed_up import Fed, hooks, refused, rows, seeded, stack, totals

pytestmark = generator_stays


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

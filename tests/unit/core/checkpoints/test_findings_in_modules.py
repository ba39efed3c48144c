"""A module in memory says which row pads and which gate is which: what a file does not."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from core import Report, audit


def _kinds(report: Report) -> list[str]:
    return [each.kind for each in report.problems]


@pytest.mark.parametrize(
    ("module", "row"),
    [
        (nn.Embedding(60, 20, padding_idx=0), 0),
        (nn.Embedding(60, 20, padding_idx=-1), 59),
        (nn.EmbeddingBag(60, 20, padding_idx=7), 7),
    ],
    ids=["the first", "the last", "a bag's"],
)
def test_a_row_that_pads_and_was_drawn_over_is_named(module: nn.Embedding, row: int) -> None:
    assert _kinds(audit(nn.Sequential(module, nn.Linear(20, 3)))) == []  # torch makes it 0
    nn.init.normal_(module.weight, std=0.02)
    rms = module.weight[row].square().mean().sqrt().item()
    report = audit(nn.Sequential(module, nn.Linear(20, 3)))
    (found,) = report.problems
    assert str(found).startswith(f"Row {row} of 60, which pads, is not 0: its RMS is {rms:.3g}.")
    assert found.tensors == ("0.weight",)
    assert Report.from_json(report.to_json()).to_json() == report.to_json()


def test_without_a_row_that_pads_or_in_a_trained_model_nothing_is_said() -> None:
    assert _kinds(audit(nn.Embedding(60, 20))) == []
    trained = nn.Embedding(60, 40, padding_idx=59)
    rows, columns = torch.linspace(-1, 1, 60)[:, None], torch.linspace(-1, 2, 40)
    trained.weight.data = torch.randn(60, 40) * 0.02 + rows * columns
    report = audit(trained)
    assert report.state == "trained"
    assert "padding_row" not in _kinds(report)


def _opened(module: nn.Module, gate: int | slice) -> nn.Module:
    for name, values in module.named_parameters():
        if "bias" in name:
            nn.init.zeros_(values)
        if "bias_ih" in name:
            values.data.reshape(4, -1)[gate] = 1
    return module


@pytest.mark.parametrize(("gate", "name"), [(0, "input"), (2, "cell"), (3, "output")])
@pytest.mark.parametrize("make", [lambda: nn.LSTM(8, 12, 2), lambda: nn.LSTMCell(8, 12)])
def test_another_gate_than_the_forget_gate_that_is_opened_is_named(
    make: Callable[[], nn.Module], gate: int, name: str
) -> None:
    report = audit(_opened(make(), gate))
    found = next(each for each in report.problems if each.kind == "wrong_gate")
    assert f"the {name} gate, and not the forget gate" in str(found)
    assert all("bias_ih" in tensor for tensor in found.tensors)
    assert Report.from_json(report.to_json()).to_json() == report.to_json()


@pytest.mark.parametrize("gate", [1, slice(None)], ids=["the forget gate", "all"])
def test_the_forget_gate_or_all_are_no_mistake(gate: int | slice) -> None:
    assert "wrong_gate" not in _kinds(audit(_opened(nn.LSTM(8, 12, 2), gate)))
    assert "wrong_gate" not in _kinds(audit(nn.LSTM(8, 12, 2)))


def test_it_is_the_forget_gate_that_torch_keeps_its_state_by() -> None:
    """With the second block wide open and all else shut a cell keeps its state: it is the forget gate."""
    cell = nn.LSTMCell(3, 2)
    for values in cell.parameters():
        nn.init.zeros_(values)
    cell.bias_ih.data.reshape(4, -1)[1] = 100
    state = torch.tensor([[0.3, -0.7]])
    _, kept = cell(torch.ones(1, 3), (torch.zeros(1, 2), state))
    torch.testing.assert_close(kept, state)

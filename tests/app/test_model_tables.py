"""The model page's tables read by their headings: each column is torch's or exact arithmetic's."""

import math

import pytest
import torch

from tests.support.headings import EN, ZH, Heads, near
from tests.support.marks import both_languages
from tests.support.screen import opened
from tests.support.words import numbers, table, tables, value

COUNTED: Heads = {EN: ("Output", "Formula", "By hand", "torch"), ZH: ("输出", "公式", "手算", "torch 计数")}


@both_languages
def test_parameters_counted(language: str) -> None:
    """784 → 128 → 10, whose last layer has no bias: 785 · 128 + 128 · 10."""
    app = opened("model", part="counting", net="784-128.relu-10.no_bias", batch="3", lang=language)
    rows = table(app, *COUNTED[language])
    expected = {
        "linear1": ("3 × 128", "(784 + 1) × 128", 100_480),
        "out": ("3 × 10", "128 × 10", 1_280),
        {EN: "Total", ZH: "合计"}[language]: ("", "", 101_760),
    }
    assert list(rows) == list(expected)
    for name, (output, formula, size) in expected.items():
        cells = [rows[name][heading] for heading in COUNTED[language]]
        assert cells[:2] == [output, formula]
        assert [numbers(cell) for cell in cells[2:]] == [[size], [size]]


HELD: Heads = {
    EN: ("Shape", "Starts as", "Bounds or value", "Smallest", "Largest", "Outside"),
    ZH: ("形状", "初始化", "边界或取值", "最小值", "最大值", "界外"),
}


@both_languages
def test_parameters_between_their_bounds(language: str) -> None:
    """nn.Linear's own start: weights and biases within ±1/√fan_in, as torch draws them from this seed."""
    app = opened("model", part="parameters", net="3-4.relu-2", seed="41", lang=language)
    rows = table(app, *HELD[language])
    torch.manual_seed(41)
    layers = {"linear1": torch.nn.Linear(3, 4), "out": torch.nn.Linear(4, 2)}
    parameters = {f"{name}.{key}": p for name, m in layers.items() for key, p in m.named_parameters()}
    assert list(rows) == list(parameters)
    shape, starts, bounds, smallest, largest, outside = HELD[language]
    for name, values in parameters.items():
        cells = rows[name]
        assert cells[shape] == " × ".join(map(str, values.shape))
        assert (
            cells[starts]
            == {EN: "Classic uniform ±1/√d (nn.Linear)", ZH: "经典均匀 ±1/√d（nn.Linear）"}[language]
        )
        assert numbers(cells[bounds])[-1] == pytest.approx(
            {"l": 1 / math.sqrt(3), "o": 0.5}[name[0]], rel=1e-3
        )
        assert near(cells[smallest], values.min().item())
        assert near(cells[largest], values.max().item())
        assert numbers(cells[outside]) == [0, 0]


GRADIENTS: Heads = {
    EN: ("‖∂L/∂W‖", "‖∂L/∂b‖", "Different units", "Different gradients"),
    ZH: ("‖∂L/∂W‖（权重）", "‖∂L/∂b‖（偏置）", "不同的神经元", "不同的梯度"),
}


@both_languages
def test_norms_of_gradients(language: str) -> None:
    """By torch's autograd: a linear net of 3 → 4 → 2, its cross-entropy of labels 1, 0."""
    app = opened(
        "model",
        part="backward",
        net="3-4.constant(val=0.5).zeros_bias.tanh-2",
        data="1,2,3\n-1,0.5,2",
        labels="1,0",
        seed="41",
        lang=language,
    )
    rows = table(app, *GRADIENTS[language])
    torch.manual_seed(41)
    first, last = torch.nn.Linear(3, 4), torch.nn.Linear(4, 2)
    torch.nn.init.constant_(first.weight, 0.5)
    torch.nn.init.zeros_(first.bias)
    out = last(torch.tanh(first(torch.tensor([[1.0, 2.0, 3.0], [-1.0, 0.5, 2.0]]))))
    torch.nn.functional.cross_entropy(out, torch.tensor([1, 0])).backward()
    assert list(rows) == ["linear1", "out"]
    weight, bias, units, gradients = GRADIENTS[language]
    for name, module in (("linear1", first), ("out", last)):
        assert module.weight.grad is not None
        assert module.bias.grad is not None
        assert near(rows[name][weight], module.weight.grad.norm().item())
        assert near(rows[name][bias], module.bias.grad.norm().item())
    # four units start alike; the last layer's weights, all different, part their gradients
    assert sorted(numbers(rows["linear1"][units])) == [1, 4]
    assert numbers(rows["linear1"][gradients]) == [4, 4]
    assert {EN: "1 of 4", ZH: "4 个中 1 个"}[language] == rows["linear1"][units]
    assert numbers(rows["out"][units]) == [2, 2]


@both_languages
def test_every_step_of_a_forward_pass(language: str) -> None:
    """x, W·x + b, tanh: a row an input row, a column a unit, by plain torch."""
    data = [[1.0, 2.0, 3.0], [-1.0, 0.5, 2.0]]
    app = opened(
        "model", part="forward", net="3-4.tanh-2.softmax", data="1,2,3\n-1,0.5,2", seed="41", lang=language
    )
    torch.manual_seed(41)
    first, last = torch.nn.Linear(3, 4), torch.nn.Linear(4, 2)
    x = torch.tensor(data)
    z = first(x)
    a = torch.tanh(z)
    out = last(a)
    steps = [x, z, a, out, torch.softmax(out, 1)]
    read = tables(app)[: len(steps)]
    assert len(read) == len(steps)
    for each, values in zip(read, steps, strict=True):
        for row, wanted in zip(each.cells.values(), values.tolist(), strict=True):
            found = [value(cell) for cell in row.values()][: len(wanted)]
            assert all(abs(v - w) <= half * 1.001 for (v, half), w in zip(found, wanted, strict=True))
    assert read[-1].headings[-1] == {EN: "Sum", ZH: "行和"}[language]
    assert {row[read[-1].headings[-1]] for row in read[-1].cells.values()} == {"1.0000"}

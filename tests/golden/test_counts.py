"""Counts of parameters: those published of known networks, and each layer's own arithmetic."""

import re
from collections.abc import Callable, Iterator

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from core.networks.counting import Count, parameter_count
from tests.support.published import PUBLISHED, Plus, Published


@pytest.fixture(autouse=True)
def meta() -> Iterator[None]:
    """Hold no weight in memory: a count needs none."""
    with torch.device("meta"):
        yield


@pytest.fixture(scope="module", params=PUBLISHED, ids=lambda published: published.name)
def known(request: pytest.FixtureRequest) -> tuple[Published, nn.Module, tuple[Count, ...]]:
    with torch.device("meta"):
        model = request.param.build()
    return request.param, model, parameter_count(model)


def numel(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def value(numeric: str) -> float:
    assert re.fullmatch(r"[\d+−×/() ]+", numeric), numeric
    return float(eval(numeric.replace("×", "*").replace("−", "-")))  # noqa: S307 — digits and signs only


def pattern(symbolic: str) -> str:
    """Return what ``symbolic`` looks like in numbers: each name is the same wherever it stands."""
    seen: set[str] = set()

    def number(name: re.Match[str]) -> str:
        known = name[0] in seen
        seen.add(name[0])
        return f"(?P={name[0]})" if known else rf"(?P<{name[0]}>\d+(?: × \d+)*)"

    return re.sub(r"[A-Za-z]\w*", number, re.sub(r"([+/()])", r"\\\1", symbolic))


def agree(module: nn.Module, rows: tuple[Count, ...]) -> None:
    """Assert what holds of any module: each row is right, and all of them are the whole."""
    modules = dict(module.named_modules())
    order = list(modules)
    assert [row.name for row in rows] == sorted({row.name for row in rows}, key=order.index)
    for row in rows:
        assert row.kind == type(modules[row.name]).__name__
        assert value(row.numeric) == row.by_hand, row
        assert row.by_hand - row.shared == row.count, row
        stands_for = re.fullmatch(pattern(row.symbolic), row.numeric)
        assert stands_for, row
        sizes = {name: getattr(modules[row.name], name, None) for name in stands_for.groupdict()}
        own = {name: str(size) for name, size in sizes.items() if isinstance(size, int)}
        assert own.items() <= stands_for.groupdict().items()
        assert type(row.by_hand) is type(row.shared) is type(row.count) is int
    assert sum(row.count for row in rows) == numel(module)


def test_a_known_network_has_as_many_parameters_as_published(
    known: tuple[Published, nn.Module, tuple[Count, ...]],
) -> None:
    published, model, rows = known
    assert sum(row.count for row in rows) == published.total
    assert sum(row.by_hand for row in rows) - sum(row.shared for row in rows) == published.total
    assert numel(model) == published.total


def test_each_row_of_a_known_network_is_right(known: tuple[Published, nn.Module, tuple[Count, ...]]) -> None:
    _, model, rows = known
    agree(model, rows)
    holders = {name.rpartition(".")[0] for name, _ in model.named_parameters(remove_duplicate=False)}
    assert {row.name for row in rows} == {name.removesuffix(".out_proj") for name in holders}


def test_only_gpt_2_shares_and_its_head_shares_all_it_has(
    known: tuple[Published, nn.Module, tuple[Count, ...]],
) -> None:
    published, _, rows = known
    sharing = [(row.kind, row.shared, row.count) for row in rows if row.shared]
    assert sharing == ([("Linear", 50257 * 768, 0)] if published.name == "GPT-2 small" else [])


def test_the_lesson_s_network_has_26() -> None:
    rows = parameter_count(nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2), nn.Linear(2, 2)))
    assert rows == (
        Count("0", "Linear", "(in_features + 1) × out_features", "(3 + 1) × 3", 12, 0, 12),
        Count("1", "Linear", "(in_features + 1) × out_features", "(3 + 1) × 2", 8, 0, 8),
        Count("2", "Linear", "(in_features + 1) × out_features", "(2 + 1) × 2", 6, 0, 6),
    )
    assert sum(row.count for row in rows) == 26


with torch.device("meta"):
    #: a layer, and its count by the formula of its equation in torch's documentation
    LAYERS: tuple[tuple[nn.Module, int], ...] = (
        (nn.Linear(3, 5), 3 * 5 + 5),
        (nn.Linear(3, 5, bias=False), 3 * 5),
        (nn.Linear(7, 1), 7 + 1),
        (nn.Bilinear(2, 3, 5), 2 * 3 * 5 + 5),
        (nn.Bilinear(2, 3, 5, bias=False), 2 * 3 * 5),
        # convolutions: out × in/groups × kernel, and a bias for each channel out
        (nn.Conv1d(4, 6, 3), 6 * 4 * 3 + 6),
        (nn.Conv1d(4, 6, 3, groups=2, bias=False), 6 * 2 * 3),
        (nn.Conv2d(3, 8, (5, 2)), 8 * 3 * 5 * 2 + 8),
        (nn.Conv2d(3, 8, (5, 2), stride=2, padding=1, dilation=2, bias=False), 8 * 3 * 5 * 2),
        (nn.Conv2d(6, 12, (3, 1), groups=3), 12 * 2 * 3 + 12),
        (nn.Conv2d(6, 12, 3, groups=6, padding_mode="circular"), 12 * 9 + 12),
        (nn.Conv3d(2, 4, (1, 2, 3)), 4 * 2 * 6 + 4),
        (nn.Conv3d(4, 6, (1, 2, 3), groups=2, bias=False), 6 * 2 * 6),
        (nn.ConvTranspose1d(4, 6, 3), 4 * 6 * 3 + 6),
        (nn.ConvTranspose1d(4, 6, 3, groups=2), 4 * 3 * 3 + 6),
        (nn.ConvTranspose2d(3, 8, (5, 2)), 3 * 8 * 5 * 2 + 8),
        (nn.ConvTranspose2d(6, 4, (5, 2), groups=2, bias=False), 6 * 2 * 5 * 2),
        (nn.ConvTranspose3d(6, 3, (1, 2, 3), groups=3, output_padding=0), 6 * 1 * 6 + 3),
        (nn.ConvTranspose3d(2, 4, (1, 2, 3), bias=False), 2 * 4 * 6),
        # tables
        (nn.Embedding(10, 3), 10 * 3),
        (nn.Embedding(10, 3, padding_idx=0), 10 * 3),
        (nn.EmbeddingBag(11, 4, mode="sum"), 11 * 4),
        # norms: a scale and a shift for each channel or entry
        (nn.BatchNorm1d(7), 2 * 7),
        (nn.BatchNorm2d(7, track_running_stats=False), 2 * 7),
        (nn.BatchNorm3d(7, bias=False), 7),
        (nn.SyncBatchNorm(7), 2 * 7),
        (nn.InstanceNorm1d(5, affine=True), 2 * 5),
        (nn.InstanceNorm2d(5, affine=True, track_running_stats=True), 2 * 5),
        (nn.InstanceNorm3d(5, affine=True, bias=False), 5),
        (nn.LayerNorm(9), 2 * 9),
        (nn.LayerNorm((3, 4)), 2 * 3 * 4),
        (nn.LayerNorm((2, 3, 4), bias=False), 2 * 3 * 4),
        (nn.GroupNorm(2, 6), 2 * 6),
        (nn.GroupNorm(3, 6, bias=False), 6),
        (nn.RMSNorm(9), 9),
        (nn.RMSNorm((3, 4)), 3 * 4),
        (nn.PReLU(), 1),
        (nn.PReLU(6), 6),
        # attention: queries, keys, values and the way out, and a bias for each
        (nn.MultiheadAttention(6, 2), 4 * 6 * 6 + 4 * 6),
        (nn.MultiheadAttention(6, 3, bias=False), 4 * 6 * 6),
        (nn.MultiheadAttention(6, 2, kdim=5, vdim=7), 6 * 6 + 6 * 5 + 6 * 7 + 6 * 6 + 4 * 6),
        (nn.MultiheadAttention(6, 2, vdim=7, bias=False), 6 * 6 + 6 * 6 + 6 * 7 + 6 * 6),
        (nn.MultiheadAttention(6, 2, kdim=6, vdim=6), 4 * 6 * 6 + 4 * 6),
        (nn.MultiheadAttention(6, 2, add_bias_kv=True), 4 * 6 * 6 + 4 * 6 + 2 * 6),
        (nn.MultiheadAttention(6, 2, bias=False, kdim=5, add_bias_kv=True), 6 * (6 + 5 + 6 + 6) + 2 * 6),
        (nn.MultiheadAttention(6, 2, add_zero_attn=True, batch_first=True), 4 * 6 * 6 + 4 * 6),
        # recurrent: 1, 4 or 3 gates of h × (i + h), and two biases each; the next layer reads h, or 2h
        (nn.RNN(3, 5), 5 * (3 + 5 + 2)),
        (nn.RNN(3, 5, nonlinearity="relu", bias=False), 5 * (3 + 5)),
        (nn.RNN(3, 5, num_layers=3), 5 * (3 + 5 + 2) + 2 * 5 * (5 + 5 + 2)),
        (nn.LSTM(3, 5), 4 * 5 * (3 + 5 + 2)),
        (nn.LSTM(3, 5, num_layers=2, bias=False), 4 * 5 * (3 + 5) + 4 * 5 * (5 + 5)),
        (nn.LSTM(3, 5, bidirectional=True), 2 * 4 * 5 * (3 + 5 + 2)),
        (nn.LSTM(3, 5, 3, bidirectional=True), 2 * 4 * 5 * (3 + 5 + 2) + 2 * 2 * 4 * 5 * (10 + 5 + 2)),
        (nn.LSTM(3, 5, proj_size=2), 4 * 5 * (3 + 2 + 2) + 2 * 5),
        (nn.LSTM(3, 5, 2, proj_size=2, bias=False), 4 * 5 * (3 + 2) + 2 * 5 + 4 * 5 * (2 + 2) + 2 * 5),
        (
            nn.LSTM(3, 5, 2, proj_size=2, bidirectional=True),
            2 * (4 * 5 * (3 + 2 + 2) + 2 * 5) + 2 * (4 * 5 * (4 + 2 + 2) + 2 * 5),
        ),
        (nn.GRU(3, 5), 3 * 5 * (3 + 5 + 2)),
        (nn.GRU(3, 5, bias=False), 3 * 5 * (3 + 5)),
        (nn.GRU(3, 5, 2, bidirectional=True), 2 * 3 * 5 * (3 + 5 + 2) + 2 * 3 * 5 * (10 + 5 + 2)),
        (nn.RNNCell(3, 5), 5 * (3 + 5 + 2)),
        (nn.RNNCell(3, 5, bias=False), 5 * (3 + 5)),
        (nn.LSTMCell(3, 5), 4 * 5 * (3 + 5 + 2)),
        (nn.LSTMCell(3, 5, bias=False), 4 * 5 * (3 + 5)),
        (nn.GRUCell(3, 5), 3 * 5 * (3 + 5 + 2)),
        (nn.GRUCell(3, 5, bias=False), 3 * 5 * (3 + 5)),
        # unknown to the formulas: the product of each parameter's sizes
        (Plus(scale=(4, 1, 3)), 4 * 3),
        (Plus(token=(1, 1, 6), position=(5, 6)), 6 + 5 * 6),
        (Plus(temperature=()), 1),
        (nn.ParameterDict({"left": torch.empty(2, 3), "right": torch.empty(5)}), 2 * 3 + 5),
    )
    #: without a parameter of its own
    EMPTY: tuple[nn.Module, ...] = (
        nn.BatchNorm2d(7, affine=False),
        nn.SyncBatchNorm(7, affine=False),
        nn.InstanceNorm2d(5),
        nn.LayerNorm((3, 4), elementwise_affine=False),
        nn.GroupNorm(2, 6, affine=False),
        nn.RMSNorm(9, elementwise_affine=False),
        nn.ReLU(),
        nn.Dropout(),
        nn.Flatten(),
        nn.MaxPool2d(2),
        nn.Sequential(),
        nn.Module(),
    )


def layer_id(layer: object) -> str | None:
    return re.sub(r"\s+", " ", repr(layer)) if isinstance(layer, nn.Module) else None


@pytest.mark.parametrize(("layer", "expected"), LAYERS, ids=layer_id)
def test_a_layer_is_one_row_with_the_count_of_its_equation(layer: nn.Module, expected: int) -> None:
    rows = parameter_count(layer)
    agree(layer, rows)
    assert [(row.name, row.by_hand, row.shared, row.count) for row in rows] == [("", expected, 0, expected)]


@pytest.mark.parametrize("layer", EMPTY, ids=layer_id)
def test_a_module_without_parameters_gives_no_row(layer: nn.Module) -> None:
    assert parameter_count(layer) == ()
    assert parameter_count(nn.Sequential(layer, nn.PReLU(), layer)) == parameter_count(
        nn.Sequential(nn.Identity(), nn.PReLU())
    )


def test_rows_carry_the_paths_of_their_modules_in_torch_s_order() -> None:
    model = nn.TransformerDecoderLayer(6, 2, 10)
    rows = parameter_count(model)
    agree(model, rows)
    attention, wide, narrow, norm = 4 * 6 * 6 + 4 * 6, 6 * 10 + 10, 10 * 6 + 6, 2 * 6
    names = ("self_attn", "multihead_attn", "linear1", "linear2", "norm1", "norm2", "norm3")
    counts = (attention, attention, wide, narrow, norm, norm, norm)
    assert {row.name: row.count for row in rows} == dict(zip(names, counts, strict=True))


def test_a_module_under_two_names_is_counted_once() -> None:
    twice = nn.Linear(3, 5)
    model = nn.ModuleDict({"first": twice, "other": nn.Linear(5, 3), "again": twice})
    rows = parameter_count(model)
    agree(model, rows)
    assert [(row.name, row.shared, row.count) for row in rows] == [("first", 0, 20), ("other", 0, 18)]


def test_a_tied_weight_is_counted_once_and_its_bias_is_not_tied() -> None:
    encoder, decoder, third = nn.Embedding(7, 4), nn.Linear(4, 7), nn.Linear(4, 7, bias=False)
    decoder.weight = third.weight = encoder.weight
    model = nn.Sequential(encoder, decoder, third)
    rows = parameter_count(model)
    agree(model, rows)
    assert [(row.by_hand, row.shared, row.count) for row in rows] == [(28, 0, 28), (35, 28, 7), (28, 28, 0)]


def test_weights_tied_inside_attention_and_recurrence_are_counted_once() -> None:
    linear, attention = nn.Linear(6, 6), nn.MultiheadAttention(6, 2)
    first, second = nn.LSTM(3, 5), nn.LSTM(3, 5)
    attention.out_proj.weight = linear.weight
    second.weight_hh_l0 = first.weight_hh_l0
    model = nn.ModuleList([linear, attention, first, second])
    rows = parameter_count(model)
    agree(model, rows)
    assert [row.shared for row in rows] == [0, 6 * 6, 0, 4 * 5 * 5]


def test_a_weight_tied_within_one_layer_is_counted_once() -> None:
    model = nn.LSTM(3, 5, num_layers=2)
    model.weight_hh_l1 = model.weight_hh_l0
    (row,) = rows = parameter_count(model)
    agree(model, rows)
    by_hand = 4 * 5 * (3 + 5 + 2) + 4 * 5 * (5 + 5 + 2)
    assert (row.by_hand, row.shared, row.count) == (by_hand, 4 * 5 * 5, by_hand - 4 * 5 * 5)


@pytest.mark.parametrize(
    "build", [nn.utils.parametrizations.weight_norm, nn.utils.parametrizations.orthogonal]
)
def test_a_parametrized_layer_counts_what_its_weight_is_made_of(build: Callable[..., nn.Module]) -> None:
    layer = build(nn.Linear(3, 5, device="cpu"))
    rows = parameter_count(nn.Sequential(layer, nn.PReLU()))
    agree(nn.Sequential(layer, nn.PReLU()), rows)
    assert sum(row.count for row in rows) == sum(p.numel() for p in layer.parameters()) + 1


def test_frozen_parameters_count_and_buffers_do_not() -> None:
    model = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5)).requires_grad_(requires_grad=False)
    assert [row.count for row in parameter_count(model)] == [20, 10]


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_neither_device_nor_dtype_changes_a_count(device: str, dtype: torch.dtype) -> None:
    model = nn.Sequential(
        nn.Linear(3, 5, device=device, dtype=dtype), nn.GRU(5, 2, device=device, dtype=dtype)
    )
    assert [row.count for row in parameter_count(model)] == [20, 3 * 2 * (5 + 2 + 2)]


def test_a_count_changes_nothing_of_the_module() -> None:
    model = nn.Sequential(nn.Linear(3, 5, device="cpu"), nn.BatchNorm1d(5, device="cpu")).train()
    before, state = {name: t.clone() for name, t in model.state_dict().items()}, torch.get_rng_state()
    assert parameter_count(model) == parameter_count(model)
    assert model.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[name], t) for name, t in model.state_dict().items())


size = st.integers(1, 9)
flag = st.booleans()
layers = st.one_of(
    st.builds(nn.Linear, size, size, bias=flag),
    st.builds(nn.Bilinear, size, size, size, bias=flag),
    st.builds(
        lambda kind, groups, i, o, kernel, bias: kind(
            groups * i, groups * o, kernel, groups=groups, bias=bias
        ),
        st.sampled_from([nn.Conv2d, nn.ConvTranspose2d]),
        *(size, size, size, st.tuples(size, size), flag),
    ),
    st.builds(nn.Embedding, size, size),
    st.builds(nn.LayerNorm, st.lists(size, min_size=1, max_size=3), elementwise_affine=flag, bias=flag),
    st.builds(nn.BatchNorm1d, size, affine=flag),
    st.builds(
        lambda heads, width, **options: nn.MultiheadAttention(heads * width, heads, **options),
        *(size, size),
        bias=flag,
        add_bias_kv=flag,
        kdim=st.none() | size,
        vdim=st.none() | size,
    ),
    st.builds(
        lambda kind, *sizes, **options: kind(*sizes, **options),
        st.sampled_from([nn.RNN, nn.LSTM, nn.GRU]),
        *(size, size, st.integers(1, 3)),
        bias=flag,
        bidirectional=flag,
    ),
    st.builds(lambda sizes: Plus(own=tuple(sizes)), st.lists(size, max_size=3)),
)


@given(data=st.data())
def test_any_network_adds_up_to_what_torch_holds(data: st.DataObject) -> None:
    with torch.device("meta"):
        parts = data.draw(st.lists(layers, min_size=1, max_size=5))
        again = data.draw(st.lists(st.sampled_from(parts), max_size=2))
        tied = [nn.Linear(p.in_features, p.out_features) for p in parts if isinstance(p, nn.Linear)]
    for module, original in zip(tied, (p for p in parts if isinstance(p, nn.Linear)), strict=True):
        module.weight = original.weight
    model = nn.Sequential(*parts, nn.Sequential(*again), *tied)
    agree(model, parameter_count(model))

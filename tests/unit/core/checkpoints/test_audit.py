"""A module in memory: torch's own starts are known, others are told, and what is not so is named."""

import math
import warnings

import pytest
import torch
from torch import nn

from core import InitLabError, audit


class _Every(nn.Module):
    """A layer of each kind that torch starts in its own way, none of them square."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(300, 48, padding_idx=0)
        self.linear = nn.Linear(40, 60)
        self.grouped = nn.Conv2d(8, 16, 3, groups=2)
        self.transposed = nn.ConvTranspose2d(8, 16, 3)
        self.lstm = nn.LSTM(24, 32, num_layers=2, proj_size=8)
        self.gru = nn.GRUCell(20, 28)
        self.attention = nn.MultiheadAttention(48, 4, kdim=20, vdim=20, add_bias_kv=True)
        self.bilinear = nn.Bilinear(10, 12, 14)
        self.norms = nn.ModuleList(
            [nn.BatchNorm2d(16), nn.LayerNorm(48), nn.GroupNorm(2, 16), nn.RMSNorm(48)]
        )
        self.transformer = nn.Transformer(48, 4, 1, 1, 96, batch_first=True)


def _built(seed: int = 1) -> nn.Module:
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of nested tensors, which this is not about
        torch.manual_seed(seed)
        return _Every()


def _linears(count: int) -> nn.Sequential:
    """Linears of which none is at torch's default."""
    layers = nn.Sequential(*(nn.Linear(64, 64) for _ in range(count)))
    for i, layer in enumerate(layers):
        nn.init.normal_(layer.weight, 0, 0.02, generator=torch.Generator().manual_seed(i))
    return layers


def test_torch_s_own_starts_are_known() -> None:
    report = audit(_built())
    assert [row.name for row in report.rows if row.init is None] == ["norms.0.num_batches_tracked"]
    assert report.state == "initialised"
    assert report.problems == ()


def _with_positions(table: torch.Tensor, dtype: torch.dtype) -> str:
    """Return the state of a fresh model whose positions are looked up in this table."""
    model = nn.Sequential(nn.Embedding(*table.shape), _linears(3))
    model[0].weight.data = table
    return audit(model.to(dtype)).state


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("layout", ["halves", "pairs"])
def test_a_table_of_sines_is_no_sign_of_training(layout: str, dtype: torch.dtype) -> None:
    """Whisper has the cosines after all sines, the first transformer each after its sine."""
    angles = torch.arange(200.0)[:, None] * 10_000 ** (-torch.arange(32) / 32)
    waves = torch.stack([angles.sin(), angles.cos()], 2 if layout == "pairs" else 1).reshape(200, 64)
    assert _with_positions(waves, dtype) == "initialised"
    moved = waves + 0.05 * torch.randn(200, 64, generator=torch.Generator().manual_seed(3))
    assert _with_positions(moved, dtype) == "mixed"
    # rows of the same norm, of numbers past 1
    drawn = nn.functional.normalize(torch.randn(200, 64, generator=torch.Generator().manual_seed(4)))
    assert _with_positions(drawn * math.sqrt(32), dtype) == "mixed"
    # and of another norm
    assert _with_positions(waves / 2, dtype) == "mixed"


def test_torch_s_own_starts_are_what_they_are_called() -> None:
    """The bounds as ``reset_parameters`` has them, written out by hand."""
    found = {row.name: row.init.schemes[0] for row in audit(_built()).rows if row.init}
    bounds = {
        "linear.bias": 40,
        "grouped.bias": 4 * 9,
        "transposed.bias": 16 * 9,
        "lstm.weight_ih_l0": 32,
        "lstm.weight_hh_l1": 32,
        "lstm.weight_hr_l0": 32,
        "lstm.bias_hh_l0": 32,
        "gru.weight_ih": 28,
        "bilinear.weight": 10,
    }
    for name, fan in bounds.items():
        assert found[name] == ("uniform", {"a": -1 / math.sqrt(fan), "b": 1 / math.sqrt(fan)}), name
    keys = {
        "linear.weight": "classic_uniform",
        "embedding.weight": "normal",
        "attention.q_proj_weight": "xavier_uniform",
        "attention.out_proj.weight": "classic_uniform",
        "attention.out_proj.bias": "zeros",
        "transformer.encoder.layers.0.linear1.weight": "xavier_uniform",
        "transformer.encoder.layers.0.self_attn.out_proj.weight": "xavier_uniform",
        "norms.0.weight": "ones",
        "norms.3.weight": "ones",
    }
    assert {name: found[name].key for name in keys} == keys


def test_a_residual_projection_without_its_scale_is_said_with_its_factor() -> None:
    layers = _linears(12)
    nn.init.normal_(layers[5].weight, 0, 0.02 / math.sqrt(24), generator=torch.Generator().manual_seed(50))
    (finding,) = audit(layers, expect={"*.weight": ("gpt2_residual", {"n_layer": 12})}).problems
    assert finding.kind == "expected"
    assert len(finding.tensors) == 11
    assert "5.weight" not in finding.tensors
    assert finding.evidence["ratio"] == pytest.approx(math.sqrt(24), rel=0.05)
    assert str(finding).startswith("gpt2_residual(n_layer=12) was expected of 12; in 11 the std is")


def test_what_is_as_expected_is_not_named() -> None:
    for expect in ({"*.weight": ("normal", {"std": 0.02})}, None):
        assert audit(_linears(3), expect=expect).problems == ()


def test_a_law_of_the_same_std_is_told_apart() -> None:
    layer = nn.Linear(200, 100, bias=False)
    nn.init.normal_(layer.weight, 0, 1 / math.sqrt(600), generator=torch.Generator().manual_seed(2))
    (finding,) = audit(layer, expect={"weight": "classic_uniform"}).problems
    assert finding.kind == "expected_law"


def test_a_wrong_cut_is_told_apart() -> None:
    """Cut at ±2σ was meant; torch's a and b are no σ, so that nothing is cut."""
    layer = nn.Linear(200, 100, bias=False)
    nn.init.normal_(layer.weight, 0, 0.02, generator=torch.Generator().manual_seed(2))
    meant = ("trunc_normal", {"std": 0.02, "a": -0.04, "b": 0.04})
    (finding,) = audit(layer, expect={"weight": meant}).problems
    # cut at two std, a normal law keeps .8796 of its std
    assert finding.evidence["ratio"] == pytest.approx(1 / 0.8796, rel=0.03)


def test_norms_that_were_drawn_are_named_unasked() -> None:
    norm = nn.LayerNorm(64)
    nn.init.normal_(norm.weight, 0, 0.02, generator=torch.Generator().manual_seed(3))
    assert [finding.kind for finding in audit(norm).problems] == ["expected_point"]
    nn.init.normal_(norm.weight, 1, 0.02, generator=torch.Generator().manual_seed(3))  # DCGAN's
    assert audit(norm).problems == ()


def test_swapped_fans_are_named_unasked() -> None:
    layer = nn.Linear(50, 400)
    nn.init.uniform_(layer.weight, -1 / 20, 1 / 20, generator=torch.Generator().manual_seed(3))
    (finding,) = audit(layer).problems
    assert finding.evidence["ratio"] == pytest.approx(math.sqrt(50 / 400), rel=0.01)


def test_layers_copied_by_torch_start_alike() -> None:
    """nn.TransformerEncoder copies the layer that it is given, numbers and all."""
    layer = nn.TransformerEncoderLayer(32, 2, 64, batch_first=True)
    (finding,) = audit(nn.TransformerEncoder(layer, 3)).problems
    assert finding.kind == "same_seed"


def test_of_what_is_parametrized_nothing_is_known_and_all_is_read() -> None:
    for wrap in (nn.utils.parametrizations.weight_norm, nn.utils.parametrizations.spectral_norm):
        layer = wrap(nn.Linear(40, 60))
        before = {name: values.clone() for name, values in layer.state_dict().items()}
        assert {row.name for row in audit(layer).rows} == before.keys()
        assert all(torch.equal(values, before[name]) for name, values in layer.state_dict().items())


def test_shared_parameters_are_tied() -> None:
    pair = nn.ModuleList([nn.Linear(8, 8), nn.Linear(8, 8)])
    pair[1].weight = pair[0].weight
    assert audit(pair).ties == (("0.weight", "1.weight"),)


def test_half_precision_and_other_layouts_are_read() -> None:
    layer = nn.Linear(60, 80).bfloat16()
    layer.weight = nn.Parameter(layer.weight.detach().t().contiguous().t())
    assert {row.dtype for row in audit(layer).rows} == {"bfloat16"}
    assert audit(layer).state == "initialised"


@pytest.mark.parametrize(
    "expect",
    [
        {"weight": "no_such"},
        {"no.such": "ones"},
        {"weight": ("normal", {"std": "wide"})},
        {"weight": ("normal",)},
        {"weight": ("normal", {1: 2})},
        {"bias": "xavier_normal"},
        {3: "ones"},
        ["weight"],
    ],
    ids=str,
)
def test_an_expectation_that_cannot_be_is_refused(expect: object) -> None:
    with pytest.raises(InitLabError):
        audit(nn.Linear(3, 2), expect=expect)  # type: ignore[arg-type]


def test_a_module_without_numbers_is_refused() -> None:
    for module in (nn.LazyLinear(3), nn.Linear(3, 2, device="meta"), 3):
        with pytest.raises(InitLabError):
            audit(module)  # type: ignore[arg-type]

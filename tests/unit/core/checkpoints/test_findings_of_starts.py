"""Where a model starts: scales that took in too much, embeddings too large for a head, dtypes mislabelled."""

import math

import pytest
import torch
from torch import Tensor, nn

from core import Report
from core.checkpoints.scan import report_of
from tests.support.stored_tensors import contents

Model = dict[str, Tensor]
LAYERS, WIDTH, WORDS = 6, 48, 400
PLAIN, RESIDUAL = ("self_attn.q_proj", "mlp.up_proj"), ("self_attn.o_proj", "mlp.down_proj")


def _normal(*shape: int, std: float, seed: int) -> Tensor:
    return torch.empty(shape).normal_(0, std, generator=torch.Generator().manual_seed(seed))


def _llama(plain: float, residual: float, outside: float = 0.02) -> Model:
    model = {"model.embed_tokens.weight": _normal(WORDS, WIDTH, std=outside, seed=1)}
    for layer in range(LAYERS):
        for at, name in enumerate((*PLAIN, *RESIDUAL)):
            std, seed = plain if name in PLAIN else residual, 10 * layer + at + 2
            model[f"model.layers.{layer}.{name}.weight"] = _normal(WIDTH + at, WIDTH, std=std, seed=seed)
    return model


def _kinds(model: Model) -> dict[str, tuple[str, ...]]:
    return {each.kind: each.tensors for each in report_of(contents(model)).problems}


SMALL = 0.02 / math.sqrt(2 * LAYERS)


def test_a_residual_scale_on_all_projections_is_named() -> None:
    report = report_of(contents(_llama(SMALL, SMALL)))
    (found,) = report.problems
    assert found.kind == "residual_everywhere"
    assert len(found.tensors) == 2 * LAYERS
    assert not [name for name in found.tensors if "o_proj" in name or "down_proj" in name]
    assert "0.00579: √12 times less than 0.02" in str(found)


def test_of_gpt2_it_is_not_said_that_projections_are_too_large() -> None:
    names = {"q_proj": "c_attn", "o_proj": "c_proj", "up_proj": "c_fc", "down_proj": "c_proj"}
    model = {"transformer.wte.weight": _normal(WORDS, WIDTH, std=0.02, seed=1)}
    for name, one in _llama(SMALL, SMALL).items():
        for old, new in names.items():
            if old in name:
                model[name.replace("model.layers", "transformer.h").replace(old, new)] = one
    assert list(_kinds(model)) == ["residual_everywhere"]


@pytest.mark.parametrize(
    "model",
    [
        _llama(0.02, SMALL),
        _llama(0.02, 0.02),
        _llama(SMALL, 0.02),
        _llama(SMALL, SMALL, outside=SMALL),
        _llama(0.007, 0.007),
        {name: one for name, one in _llama(SMALL, SMALL).items() if "layers" in name},
    ],
    ids=["as GPT-2", "none", "reversed", "all alike", "another std", "nothing outside"],
)
def test_other_scales_are_no_match_of_names_that_took_in_too_much(model: Model) -> None:
    assert "residual_everywhere" not in _kinds(model)


BIG, SMALLER = _normal(WORDS, WIDTH, std=1, seed=7), _normal(WORDS, WIDTH, std=0.02, seed=7)
REST = {"h.0.mlp.c_fc.weight": _normal(WIDTH, WIDTH, std=0.02, seed=9)}


@pytest.mark.parametrize(
    "embeddings",
    [
        {"tok_emb.weight": BIG, "head.weight": BIG},
        {"transformer.wte.weight": BIG, "lm_head.weight": BIG.clone()},
        {"transformer.wte.weight": BIG},
    ],
    ids=["tied", "of the same bits", "GPT-2's alone"],
)
def test_an_embedding_of_std_1_that_makes_logits_is_named(embeddings: Model) -> None:
    (found,) = report_of(contents(embeddings | REST)).problems
    assert found.kind == "embedding_as_head"
    assert set(found.tensors) == set(embeddings)
    assert math.isclose(found.evidence["value"], math.sqrt(WIDTH), rel_tol=0.03)


@pytest.mark.parametrize(
    "embeddings",
    [
        {"tok_emb.weight": SMALLER, "head.weight": SMALLER},
        {"tok_emb.weight": BIG, "head.weight": _normal(WORDS, WIDTH, std=0.02, seed=8)},
        {"transformer.wte.weight": BIG, "lm_head.weight": _normal(WORDS, WIDTH, std=0.02, seed=8)},
        {"shared.weight": BIG, "lm_head.weight": BIG},
        {"encoder.embed_tokens.weight": BIG, "decoder.embed_tokens.weight": BIG},
    ],
    ids=["small", "a head of its own", "GPT-2 with a head", "T5", "two embeddings"],
)
def test_an_embedding_of_std_1_may_be_right(embeddings: Model) -> None:
    assert "embedding_as_head" not in _kinds(embeddings | REST)


WEIGHTS = {"a.weight": _normal(64, 80, std=0.02, seed=1), "b.weight": 5 * torch.rand(40, 64) - 2.5}


@pytest.mark.parametrize(("true", "said"), [(torch.bfloat16, torch.float16), (torch.float16, torch.bfloat16)])
def test_bits_that_were_labelled_as_another_dtype_are_named(true: torch.dtype, said: torch.dtype) -> None:
    report = report_of(contents({name: one.to(true).view(said) for name, one in WEIGHTS.items()}))
    found = next(each for each in report.problems if each.kind == "misread")
    assert found.tensors == tuple(WEIGHTS)
    assert found.evidence["other"] == str(true).removeprefix("torch.")
    assert math.isclose(found.evidence["expected"], 0.02, rel_tol=0.05)
    assert report.state == "unknown"
    assert Report.from_json(report.to_json()).to_json() == report.to_json()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_what_is_labelled_rightly_is_not_misread(dtype: torch.dtype) -> None:
    rng = torch.Generator().manual_seed(5)
    normal = torch.randn(64, 80, generator=rng)
    tensors = WEIGHTS | {
        "gain.weight": 1 + 0.1 * normal,
        "signs.weight": 0.1 * normal.sign(),
        "heavy.weight": 0.02 * normal**3,
        "exp_avg_sq.weight": (0.01 * normal) ** 2,
        "sparse.weight": nn.functional.dropout(normal, 0.9),
        "wide.weight": normal.sign() * (4 * normal).exp() * 1e-3,
    }
    assert "misread" not in _kinds({name: one.to(dtype) for name, one in tensors.items()})


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64], ids=str)
def test_rows_of_nan_are_named(dtype: torch.dtype) -> None:
    weight = _normal(50, 20, std=0.02, seed=3).to(dtype)
    weight[17], weight[3, 4] = math.nan, math.nan
    report = report_of(contents({"emb.weight": weight}))
    (found,) = report.problems
    assert str(found) == "21 numbers are NaN, all in rows 3, 17 of 50, counted from 0."
    assert Report.from_json(report.to_json()).to_json() == report.to_json()


def test_nan_in_many_rows_or_beside_infinities_are_counted() -> None:
    many, both = (_normal(50, 20, std=0.02, seed=seed) for seed in (3, 4))
    many[10:, 0] = math.nan
    both[3, 4], both[5, 4] = math.nan, math.inf
    said = [str(each) for each in report_of(contents({"a.weight": many, "b.weight": both})).problems]
    assert said == ["40 numbers are NaN.", "1 number is NaN and 1 infinite."]


@pytest.mark.parametrize(("bad", "findings"), [(3, 3), (4, 1), (9, 1)])
def test_what_many_tensors_have_by_themselves_is_one_finding(bad: int, findings: int) -> None:
    weights = {f"h.{i}.weight": _normal(64, 64, std=0.02, seed=i) for i in range(12)}
    for i in range(bad):
        weights[f"h.{i}.weight"][: i + 1, 0] = -2.0
    found = [each for each in report_of(contents(weights)).problems if each.kind == "far_cut"]
    assert len(found) == findings
    assert [name for each in found for name in each.tensors] == [f"h.{i}.weight" for i in range(bad)]
    likewise = str(found[0]).endswith(f"Likewise in {bad - 1} more tensors.")
    assert likewise == (findings == 1)


def _experts(name: str, *, each: bool, normal: bool = False) -> Model:
    """Four experts of 64 inputs and 96 outputs, drawn as one tensor or each by itself."""
    stacked = torch.empty(4, 64, 96)
    rng = torch.Generator().manual_seed(6)
    for one in [expert.T for expert in stacked] if each else [stacked]:
        if normal:
            nn.init.kaiming_normal_(one, generator=rng)
        else:
            nn.init.kaiming_uniform_(one, math.sqrt(5), generator=rng)
    return {f"layers.0.{name}": stacked}


@pytest.mark.parametrize("normal", [False, True])
def test_experts_that_torch_took_for_kernels_are_named(*, normal: bool) -> None:
    (found,) = report_of(contents(_experts("mlp.experts.up_proj", each=False, normal=normal))).problems
    assert found.kind == "stacked_experts"
    assert found.evidence["fan"] == 64 * 96
    kaiming = math.sqrt((2 if normal else 1 / 3) / (64 * 96))
    assert math.isclose(found.evidence["std"], kaiming, rel_tol=0.03)


def test_experts_that_were_drawn_each_and_kernels_are_right() -> None:
    assert _kinds(_experts("mlp.experts.up_proj", each=True)) == {}
    assert _kinds(_experts("conv.weight", each=False)) == {}

"""Where each framework cuts a normal law, and where it or torch leaves that law."""

import warnings

import pytest
import torch
from torch import nn

from core import SCHEMES
from core.code.rosetta import difference
from tests.support.framework_calls import CUT, by_framework


def test_cuts_are_weights_in_torch_and_std_in_jax_and_fixed_in_keras() -> None:
    ours = SCHEMES["trunc_normal"].law((5, 3), std=0.02)
    rows = by_framework("trunc_normal", (5, 3), std=0.02)
    assert rows["jax"].call == "jax.nn.initializers.truncated_normal(stddev=0.02, lower=-100.0, upper=100.0)"
    assert rows["timm"].call == "timm.layers.trunc_normal_(w, mean=0.0, std=0.02, a=-2.0, b=2.0)"
    assert rows["keras"].call == "keras.initializers.TruncatedNormal(stddev=0.02)"
    assert rows["keras"].law is not None
    found = difference(rows["keras"].law, ours)
    assert found.kind == "std"
    assert found.std_ratio == pytest.approx(CUT, rel=1e-9)
    moved = by_framework("trunc_normal", (5, 3), mean=1.0, std=0.5, a=0.0, b=2.0)
    assert moved["keras"].call == "keras.initializers.TruncatedNormal(mean=1.0, stddev=0.5)"
    assert moved["keras"].law is not None
    assert (
        difference(moved["keras"].law, SCHEMES["trunc_normal"].law((5, 3), mean=1, std=0.5, a=0)).kind
        == "same"
    )


@pytest.mark.parametrize(
    ("params", "stray", "far"),
    [
        ({}, False, False),
        ({"std": 0.02}, True, False),
        # erf(5.3/√2) is short of 1 by 1.2e-7, of which float32 still keeps track; erf(5.6/√2) by 2.1e-8
        ({"std": 2 / 5.3}, False, False),
        ({"std": 2 / 5.6}, True, False),
        ({"a": 2.5, "b": 3.0}, False, True),
        ({"mean": 4.5}, True, True),
    ],
    ids=str,
)
def test_where_the_inverse_of_erf_leaves_the_law(params: dict[str, float], *, stray: bool, far: bool) -> None:
    rows = by_framework("trunc_normal", (5, 3), **params)
    for name in ("jax", "timm"):
        assert ("stray" in rows[name].notes, "far_cut" in rows[name].notes) == (stray, far)
    assert not {"stray", "far_cut"} & set(rows["keras"].notes)


@pytest.mark.parametrize("mean", [-5.5, -4.9, -3.5, -3.1, -2.9, -1.5, 0.0, 2.0, 3.9, 4.1, 5.9, 6.1, 7.0])
@pytest.mark.parametrize(("a", "b", "std"), [(-2.0, 3.0, 0.5), (-1.0, 2.0, 1.0), (-3.0, 4.0, 1.0)])
def test_a_cut_is_far_where_torch_itself_warns_of_it(mean: float, a: float, b: float, std: float) -> None:
    """torch.nn.init and timm say so of a mean over two std outside of the cuts, on either side."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        nn.init.trunc_normal_(torch.empty(5, 3), mean, std, a, b, generator=torch.Generator())
    rows = by_framework("trunc_normal", (5, 3), mean=mean, std=std, a=a, b=b)
    far = any("more than 2 std" in str(each.message) for each in said)
    assert far is not (a - 2 * std <= mean <= b + 2 * std)
    for name in ("jax", "timm"):
        assert ("far_cut" in rows[name].notes) is far

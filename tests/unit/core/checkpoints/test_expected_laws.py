"""What an author claims of a file's tensors is held against them; what cannot be judged is not passed."""

from dataclasses import replace
from typing import Never

import pytest
import torch
from torch import Tensor

from core import CheckpointError, InitLabError
from core.checkpoints.scan import report_of
from core.checkpoints.stored_tensor import Contents, Skipped
from tests.support.stored_tensors import InMemory, contents

NORMAL = ("normal", {"std": 0.02})


def _weights(std: float = 0.02) -> dict[str, Tensor]:
    rng = torch.Generator().manual_seed(3)
    return {name: torch.randn(80, 60, generator=rng) * std for name in ("a.weight", "b.weight")}


def test_what_is_as_claimed_is_not_named() -> None:
    report = report_of(contents(_weights()), expect={"*.weight": NORMAL})
    assert report.problems == ()
    assert report.told == {"a.weight", "b.weight"}


def test_what_is_not_is_named_with_its_ratio() -> None:
    (finding,) = report_of(contents(_weights(0.04)), expect={"*.weight": NORMAL}).problems
    assert (finding.kind, finding.tensors) == ("expected", ("a.weight", "b.weight"))
    assert finding.evidence["ratio"] == pytest.approx(2, rel=0.05)  # .04 over .02


def test_a_mean_that_is_not_as_claimed_is_said() -> None:
    """Its std and its kurtosis are as claimed: only the mean is another."""
    (finding,) = report_of(
        contents(_weights()), expect={"a.*": ("normal", {"std": 0.02, "mean": 1.0})}
    ).problems
    mean = _weights()["a.weight"].double().mean().item()
    assert finding.kind == "expected_law"
    assert finding.evidence["mean"] == pytest.approx(mean, rel=1e-6)
    assert f"not: mean {mean:.3g} and excess kurtosis " in str(finding)
    assert str(finding).endswith(" stand against 1 and 0.")


def test_the_last_pattern_that_fits_counts() -> None:
    for expect, told in (
        ({"*": NORMAL, "b.*": "xavier_normal"}, ["b.weight"]),
        ({"b.*": "xavier_normal", "*": NORMAL}, []),
    ):
        found = report_of(contents(_weights()), expect=expect).problems
        assert [name for each in found for name in each.tensors] == told


def test_counters_are_claimed_of_nothing() -> None:
    tensors = {**_weights(), "bn.num_batches_tracked": torch.tensor(0)}
    assert report_of(contents(tensors), expect={"*": NORMAL}).problems == ()


@pytest.mark.parametrize(
    "expect", [{"c.*": NORMAL}, {"a.weight": "no_such"}, {"*": ("normal", 3)}, "a"], ids=str
)
def test_a_claim_that_cannot_be_is_refused(expect: object) -> None:
    with pytest.raises(InitLabError):
        report_of(contents(_weights()), expect=expect)  # type: ignore[arg-type]


def test_a_claim_of_blocks_is_refused() -> None:
    """They hold other numbers than were drawn: that no law fits them says nothing of the draw."""
    found = contents(_weights())
    blocks = replace(found, tensors=(replace(found.tensors[0], quantised="Q4_K"), found.tensors[1]))
    with pytest.raises(InitLabError, match=r"a\.weight.*Q4_K"):
        report_of(blocks, expect={"*.weight": NORMAL})
    assert report_of(blocks, expect={"b.*": NORMAL}).problems == ()


def test_a_claim_of_what_is_not_read_is_refused_with_the_reason() -> None:
    tensors = {**_weights(), "freqs": torch.ones(3, dtype=torch.complex64)}
    with pytest.raises(InitLabError, match="complex64"):
        report_of(contents(tensors), expect={"*": NORMAL})
    left = Skipped("config", "model", "checkpoint.object", {"file": "model", "entry": "config", "given": "x"})
    objects = Contents("PyTorch", contents(_weights()).tensors, (left,))
    assert report_of(objects, expect={"*": NORMAL}).problems == ()


class _Damaged(InMemory):
    def parts(self, most: int) -> Never:  # noqa: ARG002
        raise CheckpointError("checkpoint.changed", file="model")


def test_a_claim_of_what_turns_out_to_be_damaged_is_refused_too() -> None:
    found = contents(_weights())
    damaged = replace(found.tensors[0], source=_Damaged(torch.ones(1)))
    whole = replace(found, tensors=(damaged, found.tensors[1]))
    assert len(report_of(whole, expect={"b.*": NORMAL}).coverage.skipped) == 1
    with pytest.raises(InitLabError, match="changed"):
        report_of(whole, expect={"a.*": NORMAL})

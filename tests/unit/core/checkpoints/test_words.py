"""What is said of one thing is said in the singular: each finding, a table's rest, a report's first line."""

from dataclasses import replace

import pytest
import torch

from core import Finding
from core.checkpoints.finding import KINDS
from core.checkpoints.report import Coverage
from core.checkpoints.scan import report_of
from tests.support.stored_tensors import contents

#: Each kind with every count at 1, written by hand; where a count is 2 at least, with that.
ONE = {
    "not_finite": "1 number is NaN and 1 infinite.",
    "uninitialised": "Numbers from 1 to 1, some of them denormal or too large for any weight: memory",
    "misread": "The bits of 1 weight lie as weights do if they are read as bfloat16, with the std 1",
    "empty_shards": "1 of 1 weight has no numbers: shards of ZeRO-3",
    "constant_weight": "All 2 numbers are 1: units that start alike stay alike.",
    "zero_weights": "1 of 1 weight is 0 throughout: no gradient passes it.",
    "lora_dead": "1 of 1 adapters stays 0: with A and B both 0 neither gets a gradient.",
    "same_seed": "2 layers have the random numbers of 1, to the bit: drawn from one seed, or copied.",
    "same_shards": "2 blocks of 1 row are the same to the bit",
    "expected": "ones was expected of 1; in 1 the std is 1, not 1: × 1.",
    "expected_law": "ones was expected of 1; in 1 the std is as claimed, 1, but",
    "expected_point": "ones was expected of 1; in 1 the numbers are others, from 1 to 1.",
    "residual_scale": "1 of 2 projections into the residual stream starts √1 times too large: std 1, not 1.",
    "residual_everywhere": "6 weights inside the layers have the std of projections into the residual",
    "embedding_as_head": "The embedding is the output layer as well, and starts with the std 1: of",
    "stacked_experts": "1 tensor of stacked experts starts by a fan_in of 1, all numbers of an expert",
    "padding_row": "Row 0 of 1, which pads, is not 0: its RMS is 1.",
    "wrong_gate": "1 of 2 LSTM biases opens the input gate, and not the forget gate: torch",
    "unequal_layers": "1 of 3 layers of one kind has the std 1, the others 1: × 1.",
    "swapped_fans": "Uniform within ±1/√fan_out, 1, where 2 other layers have ±1/√fan_in, here 1.",
    "far_cut": "1 number lies at ±1, 1 std from the mean",
    "outliers": "1 of 100 numbers lies beyond 12 std of a law that all others follow, up to 1.",
    "fresh_among_trained": "1 of 3 layers of one kind shows no sign of training, others do",
    "one_sided": "The numbers of 1 weight lie evenly from 0 up, to 1 at most: drawn by rand, where",
    "zero_norm": "1 of 3 norms of one kind is 0 throughout, the others are not.",
    "zero_among_trained": (
        "1 of 4 weights is 0 throughout in a trained model: no gradient came, or it was not in the file"
    ),
    "stale_statistics": (
        "1 batch norm of a trained model has mean 0 and variance 1, as at the start: its statistics"
    ),
    "moment_underflow": "Adam's second moment is 0 for 1 of 2 parameters whose first is not: squares",
    "one_tensor": "2 layers are 1 tensor that their lists repeat",
    "fresh_alone": "1 of 4 weights shows no sign of training, most others do",
    "stale_average": "1 of 4 averages of trained weights is still as at the start",
    "signal_vanishes": (
        "The output's RMS falls from 1 to 1 over 3 layers of one kind; so it does in 1 of 1 draw anew."
    ),
    "signal_explodes": (
        "The output's RMS grows from 1 to 1 over 3 layers of one kind; so it does in 1 of 1 draw anew."
    ),
    "steps_without_training": "1 batch has passed through its batch norms, and no weight shows a sign",
    "no_gradient": "Adam has seen no gradient of 1 of 2 parameters: its second moment is 0.",
    "cloned": "2 layers of a trained model have the numbers of 1, to the bit: copies.",
    "lora_untrained": "1 of 2 adapters does nothing: its B is 0, as it starts.",
    "dead_rows": "1 of 2 rows is 0 or below 1e-16: this unit ignores its inputs.",
    "spare_rows": "1 of 16 rows still follows normal, std 1, as if it never occurred in training.",
}
#: Facts that are no counts, and counts that cannot be 1: of what is found among others, or equals another.
FACTS: dict[str, object] = {"wanted": "ones", "word": "large", "what": "output", "along": "row"}
FACTS |= {"scheme": "normal", "blocks": 2, "layers": 3, "dtype": "float16"}
FACTS |= {"other": "bfloat16", "rows": "", "row": 0, "gate": "input"}
LEAST: dict[str, dict[str, object]] = {
    "constant_weight": {"n": 2},
    "residual_everywhere": {"count": 6},
    "wrong_gate": {"of": 2},
    "same_seed": {"count": 2},
    "cloned": {"count": 2},
    "residual_scale": {"of": 2},
    "unequal_layers": {"of": 3},
    "swapped_fans": {"of": 2},
    "outliers": {"n": 100},
    "fresh_among_trained": {"of": 3},
    "zero_norm": {"of": 3},
    "no_gradient": {"of": 2},
    "moment_underflow": {"of": 2},
    "one_tensor": {"count": 2},
    "zero_among_trained": {"of": 4},
    "fresh_alone": {"of": 4},
    "stale_average": {"of": 4},
    "lora_untrained": {"of": 2},
    "dead_rows": {"of": 2},
    "spare_rows": {"of": 16},
}


class _Ones(dict[str, object]):
    def __missing__(self, _: str) -> int:
        return 1


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_speaks_of_one_in_the_singular(kind: str) -> None:
    finding = Finding(kind, ("a",), _Ones(FACTS | LEAST.get(kind, {})))
    assert str(finding).startswith(ONE[kind])
    assert "{" not in str(finding) + finding.would_refute


@pytest.mark.parametrize(
    ("nan", "inf", "says"),
    [
        (1, 0, "1 number is NaN."),
        (0, 1, "1 number is infinite."),
        (0, 3000, "3,000 numbers are infinite."),
        (2, 3, "2 numbers are NaN and 3 infinite."),
    ],
)
def test_none_is_not_counted(nan: int, inf: int, says: str) -> None:
    assert str(Finding("not_finite", ("a",), {"nan": nan, "inf": inf})) == says


def test_each_kind_speaks_of_several_in_the_plural() -> None:
    facts = {"nan": 2, "inf": 0, "count": 2, "of": 5, "steps": 1000, "n": 7, "value": 1.0, "sigmas": 50.0}
    said = {kind: str(Finding(kind, ("a",), _Ones(FACTS | facts))) for kind in KINDS}
    assert said["not_finite"] == "2 numbers are NaN."
    assert said["empty_shards"].startswith("2 of 5 weights have no numbers")
    assert said["zero_weights"] == "2 of 5 weights are 0 throughout: no gradient passes them."
    assert said["far_cut"].startswith("2 numbers lie at ±1, 50 std")
    assert said["steps_without_training"].startswith("1,000 batches have passed")
    assert said["lora_untrained"] == "2 of 5 adapters do nothing: their B is 0, as it starts."
    assert said["dead_rows"] == "2 of 5 rows are 0 or below 1e-16: these units ignore their inputs."


def test_a_report_speaks_of_one_in_the_singular() -> None:
    assert str(Coverage(1, 1, ())) == "1 tensor, 1 number read; 0 skipped."
    assert str(Coverage(2, 3000, ())) == "2 tensors, 3,000 numbers read; 0 skipped."
    bad = torch.tensor([[float("nan"), 1.0], [2.0, 3.0]])
    report = report_of(contents({f"t{i}": bad + i for i in range(51)}))
    page = replace(report, unexpected=50 * report.problems)._repr_html_()
    assert "<p>and 1 more tensor</p>" in page
    assert "<p>and 1 more problem</p>" in page
    assert "1 number is NaN" in page
    assert "1 number is NaN" in report_of(contents({"t": bad})).to_markdown()

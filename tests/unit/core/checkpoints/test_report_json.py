"""A report read back says what it said, and what is no report is refused."""

import json
import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from core import CheckpointError, Report, audit
from core.checkpoints.report import made
from core.checkpoints.scan import report_of
from core.checkpoints.stored_tensor import Skipped
from tests.support.stored_tensors import contents


def _generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _odd() -> Report:
    shared = torch.randn(40, 30, generator=_generator())
    trained = shared * torch.linspace(0.1, 3, 40)[:, None]
    tensors = {
        "wte.weight": shared,
        "head.weight": shared,
        "copy.weight": shared.clone(),
        "moved.weight": trained,
        "nan.weight": torch.tensor([[math.nan, 1.0], [math.inf, 2.0]]),
        "none.weight": torch.empty(0, 3),
        "scalar": torch.tensor(3.0),
        "huge": torch.tensor([[1e300, 1.0]]).double(),
        "half.weight": torch.randn(50, 60, generator=_generator(2)).bfloat16(),
        "dead.weight": torch.randn(64, 64, generator=_generator(3)).index_fill_(0, torch.tensor([5]), 0.0),
        "名|<b>": torch.ones(7),
        "counter": torch.tensor(12),
    }
    found = report_of(contents(tensors))
    lost = Skipped(
        "a", "model", "checkpoint.dtype", {"file": "model", "entry": "a", "dtype": "c", "allowed": ("x",)}
    )
    return made("memory", found.rows, [lost])


def _claimed() -> Report:
    module = nn.Sequential(nn.Linear(30, 40), nn.ReLU(), nn.Linear(40, 20))
    claims = {"0.weight": ("normal", {"std": 0.5}), "2.weight": "zeros"}
    return audit(module, expect=claims)


def _run() -> Report:
    """Return the report of a chain that loses its signal, some of which no seed draws anew."""
    chain = [nn.Linear(32, 32, bias=False) for _ in range(12)]
    module = nn.Sequential(*chain)
    for layer in chain:
        nn.init.normal_(layer.weight, std=0.02, generator=_generator())
    module.register_parameter("scale", nn.Parameter(torch.ones(3)))
    return audit(module, example=torch.randn(4, 32, generator=_generator(2)), seeds=2)


REPORTS: dict[str, Callable[[], Report]] = {"odd": _odd, "claimed": _claimed, "run": _run}


def _same(one: object, two: object) -> bool:
    if isinstance(one, np.ndarray):
        return isinstance(two, np.ndarray) and one.dtype == two.dtype and np.array_equal(one, two)
    if isinstance(one, tuple) and isinstance(two, tuple):
        return len(one) == len(two) and all(map(_same, one, two))
    if isinstance(one, float) and isinstance(two, float) and math.isnan(one):
        return math.isnan(two)
    return one == two


@pytest.mark.parametrize("made_report", REPORTS.values(), ids=REPORTS)
def test_a_report_read_back_is_the_same(made_report: Callable[[], Report]) -> None:
    report = made_report()
    text = report.to_json()
    read = Report.from_json(text)
    assert read.to_json() == text
    assert read.to_markdown() == report.to_markdown()
    assert (read.state, read.ties, read.told, read.coverage) == (
        report.state,
        report.ties,
        report.told,
        report.coverage,
    )
    assert [str(each) for each in read.problems] == [str(each) for each in report.problems]
    for one, two in zip(report.rows, read.rows, strict=True):
        for field in fields(one):
            if field.name != "place":
                assert _same(getattr(one, field.name), getattr(two, field.name)), (one.name, field.name)


def test_read_back_it_is_compared_as_before() -> None:
    read = Report.from_json(_odd().to_json())
    assert {each.status for each in read.compare(_odd())} == {"equal"}


def _changed(change: Callable[[dict[str, Any]], object]) -> str:
    whole = json.loads(_claimed().to_json())
    change(whole)
    return json.dumps(whole)


def _set(**values: object) -> Callable[[dict[str, Any]], object]:
    return lambda whole: whole["tensors"][0].update(values)


WRONG: dict[str, Callable[[dict[str, Any]], object]] = {
    "tensors": lambda whole: whole.pop("tensors"),
    "tensors[0].n": _set(n=7),
    "tensors[0].std": _set(std="1"),
    "tensors[0].mean": _set(mean=10**400),
    "tensors[0].shape": _set(shape=[-1]),
    "tensors[0].dtype": _set(dtype="complex64"),
    "tensors[0].flags[0]": _set(flags=["<b>"]),
    "tensors[0].counts": _set(counts=[1], edges=[0.0, 1.0]),
    "tensors[0].edges": _set(edges=[0.0]),
    "tensors[0].digest": _set(digest="zz"),
    "tensors[0].row_norms.counts": _set(row_norms={"counts": [10**6], "edges": [0.0, 1.0]}),
    "tensors[0].row_norms.edges": _set(row_norms={"counts": [1, 1], "edges": [0.0, 2.0, 1.0]}),
    "tensors[0].quantiles": _set(quantiles=[2.0, 1.0] + [3.0] * 7),
    "tensors[0].init.schemes[0].key": lambda whole: (
        whole["tensors"][1]["init"]
        and whole["tensors"][0].update(
            init={**whole["tensors"][1]["init"], "schemes": [{"key": "evil", "params": {}}]}
        )
    ),
    "tensors[0].name": _set(name="a" * 70_000),
    "problems[0].tensors": lambda whole: whole["problems"][0].update(tensors=["another"]),
    "problems[0].evidence": lambda whole: whole["problems"][0].update(evidence={}),
    "coverage.skipped[0]": lambda whole: whole["coverage"].update(
        skipped=[{"name": "a", "file": "b", "code": "checkpoint.dtype", "facts": {}}]
    ),
    "told": lambda whole: whole.update(told="all"),
}


@pytest.mark.parametrize("place", WRONG)
def test_what_is_not_as_it_was_written_is_refused_at_its_place(place: str) -> None:
    with pytest.raises(CheckpointError) as refused:
        Report.from_json(_changed(WRONG[place]))
    assert refused.value.facts["place"] == place
    assert str(refused.value).startswith(f"{place} is ")


@pytest.mark.parametrize("values", [[1.0, 2.0], [1.0, -2.0], [1.0, None], [1.0] * 129, {}, "1"])
def test_singular_values_fall_to_0_at_last_and_are_few(values: object) -> None:
    with pytest.raises(CheckpointError) as refused:
        Report.from_json(_changed(_set(singular_values=values)))
    assert refused.value.facts["place"] == "tensors[0].singular_values"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "checkpoint.report_json"),
        ("<html>", "checkpoint.report_json"),
        ("[]", "checkpoint.report"),
        ("null", "checkpoint.report"),
        ("[" * 100_000, "checkpoint.report"),
        ("1" * 5000, "checkpoint.report"),
        ('{"tensors": Infinity}', "checkpoint.report"),
        ('{"tensors": [1]}', "checkpoint.report"),
        (3, "checkpoint.report"),
    ],
)
def test_foreign_text_is_refused(text: Any, code: str) -> None:
    with pytest.raises(CheckpointError) as refused:
        Report.from_json(text)
    assert refused.value.code == code
    assert len(str(refused.value)) < 300


def test_numbers_that_no_tensor_has_are_refused_not_divided_by() -> None:
    """A weight of no columns that is said to follow a law would have no fan."""

    def empty(whole: dict[str, Any]) -> None:
        fit = {
            "schemes": [{"key": "kaiming_uniform", "params": {"a": 1.0}}],
            "shapes": [[5, 0]],
            "distance": 0.0,
            "scale": 0.0,
            "p_value": 1.0,
            "would_refute": {"distance": 0.1, "scale": 0.01},
            "outliers": 0,
        }
        whole["tensors"][0].update(shape=[5, 0], n=0, counts=[], edges=[], init=fit, zeros=0, name="a.weight")
        right = {**fit, "schemes": [{"key": "classic_uniform", "params": {}}]}
        for at in (1, 2, 3):
            whole["tensors"][at].update(
                init=right, name=f"{at}.weight", shape=[2, whole["tensors"][at]["n"] // 2]
            )
        whole.update(problems=[], told=[])

    with pytest.raises(CheckpointError):
        Report.from_json(_changed(empty))


def test_half_of_a_pair_of_letters_is_no_letter() -> None:
    read = Report.from_json(_changed(lambda whole: whole.update(format="a\ud800b")))
    assert read.format == "a?b"

"""The signal page's file and script have the numbers of the page in full."""

import csv
import io
import math
from collections.abc import Callable

import pytest
import streamlit
import torch

import core.signals.trace
from tests.support.screen import stands
from tests.support.signal_page import opened_small


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], str]]:
    """Return what the download button would hand over, once a page has shown it."""
    offered: dict[str, Callable[[], str]] = {}
    monkeypatch.setattr(
        streamlit,
        "download_button",
        lambda _label, data, *, file_name, **_: offered.update({file_name: data}),
    )
    return offered


def test_the_file_has_every_seed_and_layer_in_full(file: dict[str, Callable[[], str]]) -> None:
    rows = "normal(std=0.5)-constant(val=0.2)"
    app = opened_small(sight="figures", rows=rows, activation="tanh", bias="normal", seed="7", depth="4")
    stands(app)
    read = list(csv.DictReader(io.StringIO(file["signal.csv"]())))
    assert len(read) == 2 * 2 * 4
    names = (
        *("preactivation_mean_square", "preactivation_variance"),
        *("activation_mean_square", "activation_variance"),
        *("gradient_mean_square", "saturated", "dead"),
    )
    for scheme, params, text in (
        ("normal", {"std": 0.5}, "normal(std=0.5)"),
        ("constant", {"val": 0.2}, "constant(val=0.2)"),
    ):
        traced = core.signal.trace(
            scheme, "tanh", depth=4, width=12, seeds=(7, 8), batch=3, bias=0.1, **params
        )
        for at, seed in enumerate((7, 8)):
            own = [row for row in read if (row["scheme"], row["seed"]) == (text, str(seed))]
            assert [row["layer"] for row in own] == ["1", "2", "3", "4"]
            for name in names:
                expected = getattr(traced, name)[at].tolist()
                assert [float(row[name]) for row in own] == expected  # to the last digit
        theory = [row["expected_preactivation_mean_square"] for row in read if row["scheme"] == text]
        if scheme == "constant":
            assert set(theory) == {""}
        else:
            assert float(theory[0]) == pytest.approx(12 * 0.25 + 0.01, rel=1e-12)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"input_scale": "2"},
        {"input": "pixels"},
        {"samples": "5"},
        {"bias": "normal", "sigma_b": "0.3"},
        {"dtype": "float64"},
    ],
    ids=str,
)
def test_the_script_on_the_page_prints_what_the_file_has(
    more: dict[str, str], file: dict[str, Callable[[], str]], capsys: pytest.CaptureFixture[str]
) -> None:
    link = {"rows": "classic_uniform-kaiming_normal", "activation": "z*sigmoid(1.702*z)", "seed": "5", **more}
    opened_small(sight="figures", **link)
    read = list(csv.DictReader(io.StringIO(file["signal.csv"]())))
    (code,) = (block.value for block in opened_small(sight="code", **link).code)
    with torch.random.fork_rng([]):
        try:
            exec(code, {"__name__": "signal"})  # noqa: S102
        finally:
            torch.set_flush_denormal(False)
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [len(line) for line in printed].count(3) == 14
    for at, scheme in enumerate(("classic_uniform", "kaiming_normal")):
        assert printed[8 * at][0] == scheme
        for layer, *numbers in printed[8 * at + 1 : 8 * at + 8]:
            own = [row for row in read if (row["scheme"], row["layer"]) == (scheme, layer)]
            for number, name in zip(numbers, ("activation_mean_square", "gradient_mean_square"), strict=True):
                logs = [math.log(float(row[name])) / 2 for row in own]
                assert float(number) == pytest.approx(math.exp(sum(logs) / len(logs)), rel=1e-12)

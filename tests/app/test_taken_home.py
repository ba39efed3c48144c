"""What is taken from a page says the same as the page, with values that are not the defaults.

Code is run and files are read back by their headings; the right values come from plain torch with the
arguments of the link.
"""

import contextlib
import csv
import io
import math
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit
import torch
from torch import nn

from pages.figures.chart_data import numbers
from pages.figures.palette import LIGHT
from pages.shell import files as exports
from pages.shell.frame import Frame
from tests.support.screen import bare, chart_of, opened, said

INIT = nn.init


def _generator(seed: int = 41) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _ran(code: str) -> dict[str, Any]:
    """Run a script as its reader would, and return its names."""
    names: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()) as printed, torch.random.fork_rng([]):
        try:
            exec(code, names)  # noqa: S102
        finally:
            torch.set_default_dtype(torch.float32)
            torch.set_flush_denormal(False)
    return names | {"printed": printed.getvalue()}


#: link, and what plain torch draws for it: other seeds, shapes, parameters and dtypes than the defaults
DRAWS: list[tuple[dict[str, str], Callable[[], torch.Tensor]]] = [
    (
        {"fan_in": "7", "fan_out": "4", "seed": "41", "mode": "fan_out"},
        lambda: INIT.kaiming_normal_(
            torch.empty(4, 7), mode="fan_out", nonlinearity="relu", generator=_generator()
        ),
    ),
    (
        {
            "scheme": "kaiming_uniform",
            "layer": "Conv2d(6, 4, 3, groups=2)",
            "seed": "3",
            "dtype": "bfloat16",
        },
        lambda: INIT.kaiming_uniform_(
            torch.empty(4, 3, 3, 3, dtype=torch.bfloat16), nonlinearity="relu", generator=_generator(3)
        ),
    ),
    (
        {
            "scheme": "xavier_uniform",
            "fan_in": "7",
            "fan_out": "4",
            "seed": "41",
            "gain": "1.5",
            "dtype": "float64",
        },
        lambda: INIT.xavier_uniform_(
            torch.empty(4, 7, dtype=torch.float64), gain=1.5, generator=_generator()
        ),
    ),
    (
        {"scheme": "uniform", "fan_in": "7", "fan_out": "4", "seed": "41", "a": "-0.5", "b": "0.25"},
        lambda: INIT.uniform_(torch.empty(4, 7), -0.5, 0.25, generator=_generator()),
    ),
    (
        {"scheme": "normal", "fan_in": "7", "fan_out": "4", "seed": "41", "mean": "2", "std": "0.5"},
        lambda: INIT.normal_(torch.empty(4, 7), 2, 0.5, generator=_generator()),
    ),
    (
        {"scheme": "trunc_normal", "fan_in": "7", "fan_out": "4", "seed": "41", "std": "0.5", "a": "-0.25"},
        lambda: INIT.trunc_normal_(torch.empty(4, 7), 0, 0.5, -0.25, 2, generator=_generator()),
    ),
    (
        {"scheme": "orthogonal", "fan_in": "7", "fan_out": "4", "seed": "41", "gain": "0.5"},
        lambda: INIT.orthogonal_(torch.empty(4, 7), gain=0.5, generator=_generator()),
    ),
    (
        {"scheme": "classic_uniform", "fan_in": "7", "fan_out": "4", "seed": "41"},
        lambda: INIT.kaiming_uniform_(torch.empty(4, 7), a=math.sqrt(5), generator=_generator()),
    ),
    (
        {"scheme": "constant", "fan_in": "7", "fan_out": "4", "val": "0.125"},
        lambda: INIT.constant_(torch.empty(4, 7), 0.125),
    ),
]


@pytest.mark.parametrize(
    ("link", "torch_s"), DRAWS, ids=lambda given: str(given) if isinstance(given, dict) else ""
)
def test_the_code_of_a_draw_draws_what_the_link_asks_for(
    link: dict[str, str], torch_s: Callable[[], torch.Tensor]
) -> None:
    app = opened(tab="code", **link)
    assert torch.equal(_ran(app.code[0].value)["weight"], torch_s())


@pytest.mark.parametrize("page", ["home", "distribution"])
def test_the_exported_code_and_tensor_are_the_link_s(page: str, framed: Callable[..., Frame]) -> None:
    frame = framed(page, scheme="xavier_normal", seed="41", fan_in="7", fan_out="4", gain="1.5")
    expected = INIT.xavier_normal_(torch.empty(4, 7), gain=1.5, generator=_generator())
    assert frame.code is not None
    assert frame.tensors is not None
    assert torch.equal(_ran(frame.code())["weight"], expected)
    (offer,) = frame.tensors()
    assert torch.equal(offer.make(), expected)
    rows = list(csv.reader(io.StringIO(exports.tensor_file(offer.make(), "weight", "csv").decode())))
    assert rows[0] == ["0", "1", "2", "3", "4", "5", "6"]
    assert torch.equal(torch.tensor([[float(x) for x in row] for row in rows[1:]]), expected)


def test_the_exported_code_of_a_comparison_is_each_row_s(framed: Callable[..., Frame]) -> None:
    frame = framed(
        "compare", rows="normal(std=0.05).9x5-orthogonal(gain=0.5)", seed="41", fan_in="7", fan_out="4"
    )
    assert frame.code is not None
    assert frame.tensors is not None
    first, second = re.split(r"\n(?=# orthogonal)", frame.code())
    expected = [
        INIT.normal_(torch.empty(5, 9), 0, 0.05, generator=_generator()),
        INIT.orthogonal_(torch.empty(4, 7), gain=0.5, generator=_generator()),
    ]
    for part, offer, weight in zip((first, second), frame.tensors(), expected, strict=True):
        assert torch.equal(_ran(part)["weight"], weight)
        assert torch.equal(offer.make(), weight)


def test_the_exported_code_of_a_network_is_the_link_s(framed: Callable[..., Frame]) -> None:
    link = {"net": "3-4.tanh-2.softmax", "seed": "41", "data_seed": "9", "batch": "6", "dtype": "float64"}
    frame = framed("model", part="code", **link)
    assert frame.code is not None
    names = _ran(frame.code())
    with torch.random.fork_rng([]):
        torch.manual_seed(41)
        layers = [nn.Linear(3, 4, dtype=torch.float64), nn.Linear(4, 2, dtype=torch.float64)]
        torch.manual_seed(9)
        data = torch.randn(6, 3, dtype=torch.float64)
    output = torch.softmax(layers[1](torch.tanh(layers[0](data))), 1)
    assert torch.equal(names["my_data"], data)
    torch.testing.assert_close(names["output"], output)  # a product's last digits may differ


def test_the_exported_code_of_a_lesson_s_step_is_its_seed_s(framed: Callable[..., Frame]) -> None:
    frame = framed("lesson", step="uniform", seed="41")
    assert frame.code is not None
    assert frame.tensors is not None
    assert "manual_seed(41)" in frame.code()
    assert "40" not in frame.code()
    (offer,) = frame.tensors()
    assert str(offer.make())[:30] in _ran(frame.code())["printed"]


def test_the_exported_code_of_a_run_is_the_link_s(framed: Callable[..., Frame]) -> None:
    """Orthogonal weights of gain 2 under linear double the length in each of 3 layers."""
    link = {"rows": "orthogonal(gain=2.0)", "activation": "linear", "depth": "3", "width": "16"}
    frame = framed("signal", seed="41", seeds="2", samples="4", input="ones", **link)
    assert frame.code is not None
    code = frame.code()
    assert "41" in code
    assert "40" not in code
    printed = _ran(code)["printed"]
    found = [float(x) for x in re.findall(r"\d+\.\d+(?:e[+-]\d+)?", printed)]
    for length in (2.0, 4.0, 8.0):
        assert any(x == pytest.approx(length, rel=1e-3) for x in found), printed


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[Any, str]]:
    """Return what the download buttons would hand over, by file name: what makes it, and its type."""
    files: dict[str, tuple[Any, str]] = {}

    def button(_: str, data: Any, file_name: str = "", mime: str = "", **__: Any) -> None:
        files[file_name] = (data, mime)

    monkeypatch.setattr(streamlit, "download_button", button)
    return files


def test_the_file_of_bins_has_each_under_its_heading(offered: dict[str, tuple[Any, str]]) -> None:
    opened(tab="numbers", bins="10", fan_in="64", fan_out="100", seed="41")
    data, kind = offered["kaiming_normal_41.csv"]
    assert kind == "text/csv"
    rows = list(csv.DictReader(io.StringIO(data())))
    assert list(rows[0]) == ["low", "high", "drawn", "expected"]
    weight = INIT.kaiming_normal_(torch.empty(100, 64), nonlinearity="relu", generator=_generator()).double()
    sigma = math.sqrt(2 / 64)
    assert float(rows[0]["low"]) == pytest.approx(-5 * sigma)
    assert float(rows[-1]["high"]) == pytest.approx(5 * sigma)
    for row in rows:
        low, high = float(row["low"]), float(row["high"])
        assert low < high
        assert int(row["drawn"]) == int(((weight >= low) & (weight < high)).sum())
        share = (math.erf(high / sigma / math.sqrt(2)) - math.erf(low / sigma / math.sqrt(2))) / 2
        assert float(row["expected"]) == pytest.approx(6400 * share, abs=4e-3)  # the ends hold the tails


@pytest.mark.parametrize("step", ["uniform", "normal", "xavier", "network"])
def test_the_file_of_a_stop_of_the_lesson_runs_as_it_is(
    step: str, offered: dict[str, tuple[Any, str]], tmp_path: Path
) -> None:
    opened("lesson", step=step)
    file = tmp_path / f"{step}.py"
    file.write_text(offered[file.name][0], encoding="utf-8")
    ran = subprocess.run([sys.executable, file], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "tensor(" in ran.stdout or "Linear" in ran.stdout


def test_files_have_their_types(offered: dict[str, tuple[Any, str]]) -> None:
    """RFC 4180 for CSV; x-python is what Debian's mime.types says of .py."""
    app = opened("model", part="code")
    assert not app.exception
    assert {name: kind for name, (_, kind) in offered.items()} == {
        "model.py": "text/x-python",
        "model.safetensors": "application/octet-stream",
    }
    offered.clear()
    app = opened("distribution", fan_in="7", fan_out="4")
    app.button(key="export").click().run()
    assert {name: kind for name, (_, kind) in offered.items()} == {
        "distribution.html": "text/html",
        "distribution.py": "text/x-python",
        "distribution_1.html": "text/html",
        "distribution_1.csv": "text/csv",
        "weight_4x7.npy": "application/octet-stream",
        "weight_4x7.safetensors": "application/octet-stream",
        "weight_4x7.csv": "text/csv",
    }
    assert "weight 4 × 7" in bare(said(app))  # rows first, as in the file's name


def _columns(chart: Any) -> dict[str, list[str]]:
    """Return a chart's own CSV, a column under each heading."""
    rows = list(csv.reader(io.StringIO(exports.chart_csv(chart).decode("utf-8-sig"))))
    return {head: [row[at] for row in rows[1:]] for at, head in enumerate(rows[0])}


def test_the_heat_map_has_a_row_for_each_output(framed: Callable[..., Frame]) -> None:
    frame = framed("distribution", tab="matrix", fan_in="7", fan_out="4", seed="41")
    weight = INIT.kaiming_normal_(torch.empty(4, 7), nonlinearity="relu", generator=_generator())
    chart = chart_of(frame).draw(LIGHT)
    assert np.array_equal(np.asarray(chart.data[0].z, dtype=np.float32), weight.numpy())
    assert chart.layout.xaxis.title.text == "Input"
    assert "Output unit" in {note.text for note in chart.layout.annotations}
    assert chart.layout.yaxis.range == (3.5, -0.5)  # the first row is on top
    assert chart.layout.xaxis.range == (-0.5, 6.5)
    columns = _columns(chart)
    assert list(columns) == ["unit", *(f"input_{at}" for at in range(7))]
    for at in range(7):
        found = torch.tensor([float(x) for x in columns[f"input_{at}"]])
        assert torch.equal(found, weight[:, at])


def test_the_steps_maps_have_a_row_for_each_input_row(framed: Callable[..., Frame]) -> None:
    frame = framed("model", part="forward", net="3-9-2", data="1,2,3\n-1,0.5,2", seed="41")
    with torch.random.fork_rng([]):
        torch.manual_seed(41)
        first = nn.Linear(3, 9)
        expected = first(torch.tensor([[1.0, 2.0, 3.0], [-1.0, 0.5, 2.0]]))
    drawn = [np.asarray(trace.z, dtype=float) for trace in chart_of(frame).draw(LIGHT).data]
    shapes = [values.shape for values in drawn]
    assert shapes[:2] == [(2, 3), (2, 9)]
    np.testing.assert_allclose(drawn[1], expected.detach().numpy(), rtol=1e-5)


def test_the_cumulative_chart_has_shares_under_their_heading(framed: Callable[..., Frame]) -> None:
    columns = _columns(
        chart_of(framed("distribution", tab="cumulative", fan_in="64", fan_out="100", seed="41")).draw(LIGHT)
    )
    assert list(columns) == ["w", "share", "law_share"]
    weight = INIT.kaiming_normal_(torch.empty(100, 64), nonlinearity="relu", generator=_generator()).double()
    sigma = math.sqrt(2 / 64)
    for w, share, law in zip(*(map(float, column) for column in columns.values()), strict=True):
        assert share == pytest.approx((weight < w).double().mean().item(), abs=2 / 6400)
        assert law == pytest.approx((1 + math.erf(w / sigma / math.sqrt(2))) / 2, abs=1e-6)


def test_a_run_s_chart_has_measured_and_theory_under_their_headings(framed: Callable[..., Frame]) -> None:
    link = {
        "rows": "orthogonal(gain=2.0)",
        "activation": "linear",
        "depth": "4",
        "width": "32",
        "samples": "8",
    }
    (part,) = numbers(chart_of(framed("signal", seeds="1", **link)).draw(LIGHT))
    layer, measured, theory = (np.asarray(part.columns[name]) for name in ("layer", "middle", "theory"))
    assert layer.tolist() == [1, 2, 3, 4]
    np.testing.assert_allclose(theory, [2, 4, 8, 16], rtol=1e-9)
    np.testing.assert_allclose(measured / measured[0], [1, 2, 4, 8], rtol=1e-4)


@pytest.mark.parametrize(
    ("page", "view"),
    [
        ("distribution", {"tab": "numbers"}),
        ("signal", {"sight": "figures"}),
        ("model", {"part": "code"}),
        ("lesson", {"step": "code"}),
        ("teach", {"prepare": "plan"}),
    ],
)
def test_a_file_that_is_asked_for_runs_no_page(page: str, view: dict[str, str]) -> None:
    """A run gives its files names of its own: one that is asked for meanwhile never comes."""
    app = opened(page, v="1", **view)
    app.button(key="export").click().run()
    buttons = app.get("download_button")
    assert buttons
    assert all(button.proto.ignore_rerun for button in buttons)


@pytest.mark.parametrize(
    ("link", "impossible"),
    [
        ({"dtype": "float16"}, set()),
        ({"dtype": "bfloat16"}, {".npy"}),  # which NumPy has not
        ({"fan_in": "512", "fan_out": "512"}, set()),
        ({"fan_in": "512", "fan_out": "513"}, {".csv"}),  # 262 656 weights; a text has 262 144 at most
        ({"fan_in": "2049", "fan_out": "2048"}, {".csv", ".npy", ".safetensors"}),  # of 4 194 304
    ],
)
def test_a_file_that_cannot_be_is_not_to_be_had_and_says_why(
    link: dict[str, str], impossible: set[str]
) -> None:
    app = opened("distribution", **link)
    app.button(key="export").click().run()
    files = {button.proto.label: button.proto for button in app.get("download_button")}
    kinds = {label for label in files if label.startswith(".")}
    assert kinds == {".csv", ".npy", ".safetensors"}
    assert {label for label in files if files[label].disabled} == impossible
    assert {label for label in kinds if files[label].help} == impossible

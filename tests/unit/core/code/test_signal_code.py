"""The script of a signal's run, as it stands where there is nothing but torch, beside the run itself."""

import json
import math
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

from core import ParameterError
from core.code.signal import signal_code
from core.signals.trace import trace
from core.signals.trace_run import SignalTrace
from tests.support.products import assert_like, rounding

#: runs each script as if it were the only one, keeps what it prints, and runs it again seed by seed with
#: mean squares in the place of what it measures, summed as core sums
RUNNER = """
import contextlib, io, json, runpy, sys
for name in ("core", "torchsummary", "scipy", "pandas", "streamlit", "plotly"):
    sys.modules[name] = None
import torch
torch.set_num_threads(int(sys.argv[2]))
def mean_square(values):
    flat = values.double().flatten()
    return (torch.dot(flat, flat) / flat.numel()).item()
results = []
for path in sys.argv[3:]:
    torch.seed()
    torch.set_flush_denormal(False)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        left = runpy.run_path(path, run_name="__main__")
    space = left["run"].__globals__
    space.update(left, rms=mean_square)
    names = [line.split()[0] for line in printed.getvalue().splitlines() if "layer" in line]
    runs = {name: [left["run"](left[name], seed) for seed in left["SEEDS"]] for name in names}
    results.append({"printed": printed.getvalue(), "runs": runs})
with open(sys.argv[1], "w") as file:
    json.dump(results, file)
"""


class Case(NamedTuple):
    """Which schemes run, under which activation, and all else."""

    schemes: list[tuple[str, dict[str, Any]]]
    activation: str = "relu"
    given: Mapping[str, Any] = {}


#: between two root mean squares of float32, there and back, by rounding alone
CLOSE = rounding(torch.float32, depth=10, width=19)
SIZE = {"depth": 5, "width": 19, "seeds": (40, 41, 42), "batch": 4}
THREE: list[tuple[str, dict[str, Any]]] = [
    ("classic_uniform", {}),
    ("xavier_normal", {}),
    ("kaiming_normal", {}),
]
CASES: dict[str, Case] = {
    "lesson": Case(THREE),
    "lesson in bfloat16": Case(THREE, "tanh", {"dtype": torch.bfloat16}),
    "lesson in float16": Case(THREE, "gelu", {"dtype": torch.float16, "bias": "torch"}),
    "cast in bfloat16": Case([("orthogonal_cast", {"gain": 1.5})], "tanh", {"dtype": torch.bfloat16}),
    "lesson in float64": Case(THREE, "silu", {"dtype": torch.float64, "bias": 0.3}),
    "sparse": Case(
        [("sparse", {"sparsity": 0.3, "std": 0.4}), ("normal", {"std": 0.2, "mean": 0.01})], "leaky_relu"
    ),
    "sparse with a bias": Case([("sparse", {})], "tanh", {"bias": 0.2}),
    "constant": Case([("constant", {"val": 0.03}), ("eye", {}), ("ones", {})], "linear", {"bias": "torch"}),
    "orthogonal": Case([("orthogonal", {"gain": 1.2}), ("orthogonal", {})], "hard_tanh"),
    "truncated": Case([("trunc_normal", {"std": 0.2, "a": -0.3, "b": 0.5}), ("variance_scaling", {})], "elu"),
    "uniform": Case([("uniform", {"a": -0.4, "b": 0.4}), ("kaiming_uniform", {"mode": "fan_out"})], "selu"),
    "one twice": Case([("normal", {"std": 0.1}), ("normal", {"std": 0.3}), ("zeros", {})], "softplus"),
    "uniform input": Case(THREE, "mish", {"input": "uniform"}),
    "pixels": Case(THREE, "sigmoid", {"input": "pixels", "input_scale": 2.5, "bias": "torch"}),
    "ones": Case(THREE, "erf", {"input": "ones", "input_scale": 1 / 3, "bias": 0.1}),
    "scaled in bfloat16": Case(THREE, "relu", {"input_scale": 0.1, "dtype": torch.bfloat16}),
    "formula": Case(THREE, "z*sigmoid(1.702*z)"),
    "squared relu": Case(THREE, "max(z, 0)^2", {"dtype": torch.float64}),
    "sine": Case([("normal", {"std": 0.5})], "sin(z)", {"bias": 1.0}),
    "absolute": Case(THREE, "abs(z) - exp(-z^2)/pi"),
    "linear": Case(THREE, "linear"),
    "seeds apart": Case(THREE, "relu", {"seeds": (7, 3, 2**32 - 1)}),
    "seeds over the end": Case(THREE, "relu", {"seeds": (2**32 - 1, 0)}),
    "one seed": Case(THREE, "relu", {"seeds": (5,)}),
    "one layer": Case(THREE, "tanh", {"depth": 1, "bias": 0.5}),
    "one unit, one input": Case(THREE, "tanh", {"width": 1, "batch": 1}),
    "a way back that is drawn": Case([("sparse", {}), ("orthogonal", {})], "relu", {"depth": 2}),
    "a signal that is lost": Case([("normal", {"std": 1e-9})], "relu", {"depth": 8}),
    "a signal that overflows": Case([("normal", {"std": 50.0})], "relu", {"dtype": torch.float16}),
}


def _traces(case: Case) -> list[SignalTrace]:
    return [trace(key, case.activation, **{**SIZE, **case.given}, **own) for key, own in case.schemes]


def _code(case: Case) -> str:
    return signal_code(case.schemes, case.activation, **{**SIZE, **case.given})


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("signals")
    paths = {name: folder / f"{at}.py" for at, name in enumerate(CASES)}
    for name, path in paths.items():
        path.write_text(_code(CASES[name]), encoding="utf-8")
    saved, threads = folder / "results.json", str(torch.get_num_threads())
    command = [sys.executable, "-I", "-W", "error", "-c", RUNNER, saved, threads, *paths.values()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return dict(zip(CASES, json.loads(saved.read_text(encoding="utf-8")), strict=True))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.products
def test_every_layer_is_the_run_s_own(name: str, results: dict[str, dict[str, Any]]) -> None:
    """There and back: the same draws and the same products, whose terms may be added in another order."""
    case = CASES[name]
    size = {**SIZE, **case.given}
    dtype, depth, width = size.get("dtype", torch.float32), size["depth"], size["width"]
    runs = list(results[name]["runs"].values())
    assert len(runs) == len(case.schemes)
    for (there, back), traced in zip(
        (tuple(zip(*seeds, strict=True)) for seeds in runs), _traces(case), strict=True
    ):
        assert_like(there, traced.activation_mean_square, dtype, depth=depth, width=width)
        assert_like(back, traced.gradient_mean_square, dtype, depth=2 * depth, width=width)


@pytest.mark.parametrize("name", CASES)
def test_it_prints_the_geometric_means_of_what_was_run(name: str, results: dict[str, dict[str, Any]]) -> None:
    """Printed are root mean squares, all digits of them; what lies between them and core's is rounding."""
    case = CASES[name]
    given = {**SIZE, **case.given}
    close = rounding(given.get("dtype", torch.float32), depth=2 * given["depth"], width=given["width"])
    lines = results[name]["printed"].splitlines()
    depth = given["depth"]
    assert len(lines) == len(case.schemes) * (depth + 1)
    for at, ((key, _), traced) in enumerate(zip(case.schemes, _traces(case), strict=True)):
        head, *rows = lines[at * (depth + 1) : (at + 1) * (depth + 1)]
        keys = [each for each, _ in case.schemes]
        assert head.split()[0] == (key if keys.count(key) == 1 else f"{key}_{at + 1}")
        assert [int(row.split()[0]) for row in rows] == list(range(1, depth + 1))
        for way, squares in enumerate((traced.activation_mean_square, traced.gradient_mean_square), start=1):
            printed = [float(row.split()[way]) for row in rows]
            expected = [_middle(column) for column in squares.T.tolist()]
            assert printed == pytest.approx(expected, rel=close, abs=0, nan_ok=True)


def _middle(squares: list[float]) -> float:
    """Return the root of the geometric mean; nan where one is 0."""
    if not min(squares) > 0:
        return math.nan
    return math.exp(sum(math.log(math.sqrt(square)) for square in squares) / len(squares))


def test_alone_in_a_fresh_interpreter_it_prints_the_same(
    tmp_path: Path, results: dict[str, dict[str, Any]]
) -> None:
    path = tmp_path / "signal_run.py"
    path.write_text(_code(CASES["formula"]), encoding="utf-8")
    command = [sys.executable, "-I", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stderr == ""
    for alone, among in zip(
        done.stdout.splitlines(), results["formula"]["printed"].splitlines(), strict=True
    ):
        assert len(alone.split()) == len(among.split()) >= 3
        for one, other in zip(alone.split(), among.split(), strict=True):
            assert one == other or float(one) == pytest.approx(float(other), rel=CLOSE, abs=0)


@pytest.mark.parametrize(
    ("name", "line", "there"),
    [
        ("lesson", "SEEDS = range(40, 43)", True),
        ("seeds apart", "SEEDS = [7, 3, 4294967295]", True),
        ("seeds over the end", "SEEDS = [4294967295, 0]", True),
        ("one seed", "SEEDS = range(5, 6)", True),
        ("lesson", "        h = F.linear(x, w).requires_grad_()", True),
        ("sine", "        h = F.linear(x, w, b).requires_grad_()", True),
        ("linear", "        x = h * 1", True),
        ("lesson", "        x = torch.relu(h)", True),
        ("sparse", "    torch.set_rng_state(generator.get_state())", True),
        ("lesson", "    torch.set_rng_state(generator.get_state())", False),
        ("lesson in bfloat16", "        w = torch.empty(19, 19, dtype=torch.bfloat16)", True),
        ("lesson", "        w = torch.empty(19, 19)", True),
    ],
)
def test_a_line_stands_where_it_is_needed(name: str, line: str, there: bool) -> None:  # noqa: FBT001
    assert (line in _code(CASES[name]).splitlines()) is there


def test_on_another_device_everything_is_drawn_there() -> None:
    code = signal_code(THREE, "relu", **SIZE, device="cuda", bias=0.1)
    assert 'torch.Generator("cuda").manual_seed(seed)' in code
    assert code.count('device="cuda"') == code.count("torch.empty(") == 4  # input, weight, bias, what returns


@pytest.mark.parametrize(
    "seeds", [(40,), (40, 41, 42), (0, 2, 5), (42, 41, 40), (3, 3, 4), (-2, -1, 0), (1, 2, 4), (2**64 - 1, 0)]
)
def test_the_seeds_are_those_that_were_asked_for(seeds: tuple[int, ...]) -> None:
    """In their order, each as often: some may be written as a range."""
    code = signal_code(THREE, "relu", depth=2, width=3, seeds=seeds)
    (line,) = (line for line in code.splitlines() if line.startswith("SEEDS = "))
    assert tuple(eval(line.removeprefix("SEEDS = "))) == seeds  # noqa: S307


def test_as_many_schemes_are_compared_as_is_said() -> None:
    """64, which is far more than a chart can show; each has a function of its own."""
    schemes: list[tuple[str, dict[str, Any]]] = [("normal", {"std": 0.01 * at}) for at in range(1, 65)]
    code = signal_code(schemes, "relu", depth=2, width=3, seeds=(1,))
    assert len(set(re.findall(r"^def (normal_\d+)\(", code, re.MULTILINE))) == 64
    with pytest.raises(ParameterError, match="schemes must be"):
        signal_code([*schemes, ("zeros", {})], "relu", depth=2, width=3, seeds=(1,))

"""The code of a network, run as it stands where there is nothing but torch."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core import Net, Network, network_code
from core.networks.module import LESSON_PRINTED, seeded_input
from core.networks.network import FOLLOWS, LESSON, LINEAR_SCHEMES
from tests.support.lesson import MODEL
from tests.support.products import assert_close, assert_drawn_alike, assert_prints_like

#: runs each script named, as if it were the only one, and keeps what it leaves behind and prints
RUNNER = """
import contextlib, io, runpy, sys
for name in ("core", "torchsummary", "scipy", "pandas", "streamlit", "plotly"):
    sys.modules[name] = None
import torch
results = {}
for path in sys.argv[2:]:
    torch.seed()
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        left = runpy.run_path(path, run_name="__main__")
    torch.set_default_dtype(torch.float32)
    torch.set_default_device("cpu")
    results[path] = {
        "parameters": {name: p.detach() for name, p in left["my_model"].named_parameters()},
        "input": left["my_data"],
        "output": left["output"].detach(),
        "printed": printed.getvalue(),
    }
torch.save(results, sys.argv[1])
"""
ROWS = ((0.1, -2.0, 1e-30), (3.0, 1 / 3, 1e6))
LESSON_TEXT = "3-3.xavier_normal.sigmoid-2.kaiming_normal.relu-2.softmax"
MIXED = "3-6.kaiming_uniform(nonlinearity=relu).no_bias.relu-4.sparse(sparsity=0.5,std=1).zeros_bias.gelu-2"
Case = tuple[str, dict[str, Any]]
CASES: dict[str, Case] = {
    "lesson": (LESSON_TEXT, {"seed": 40}),
    "printed": (LESSON_TEXT, {"seed": 1, "values": LESSON_PRINTED}),
    "rows": (LESSON_TEXT, {"seed": 40, "rows": ROWS}),
    "whole rows": (LESSON_TEXT, {"seed": 40, "rows": ((1, 2, 3),)}),
    "printed and rows": (LESSON_TEXT, {"seed": 1, "values": LESSON_PRINTED, "rows": ROWS}),
    "other data": (LESSON_TEXT, {"seed": 40, "batch": 17, "data_seed": 123456789}),
    "extreme seeds": (MIXED, {"seed": 2**64 - 1, "data_seed": -(2**63)}),
    "mixed": (MIXED, {"seed": 7}),
    "digits": ("784-128.kaiming_uniform(nonlinearity=relu).relu-10.softmax", {"seed": 3, "batch": 64}),
    "cast": ("7-9.orthogonal_cast(gain=0.5).tanh-4.orthogonal_cast", {"seed": 11, "dtype": torch.float16}),
    "not cast": ("7-9.orthogonal_cast.tanh-4.orthogonal_cast", {"seed": 11, "dtype": torch.float64}),
    "one layer": ("4-1", {"seed": 0, "batch": 1}),
    "softmax inside": ("4-5.softmax-3.softmax", {"seed": 0}),
    **{
        f"{follows} {dtype}": (f"5-33.normal.{follows}-3.no_bias.{follows}", {"seed": 2, "dtype": dtype})
        for follows in FOLLOWS
        for dtype in (torch.float32, torch.bfloat16)
    },
    **{
        f"{scheme} {bias}": (f"7-9.{scheme}{bias}.tanh-4.{scheme}{bias}", {"seed": 11})
        for scheme in LINEAR_SCHEMES
        for bias in ("", ".zeros_bias", ".no_bias")
    },
    **{
        f"lesson {dtype} {given}": (LESSON_TEXT, {"seed": 40, "dtype": dtype, **more})
        for dtype in (torch.float64, torch.bfloat16, torch.float16)
        for given, more in {"": {}, "rows": {"rows": ROWS[:1]}, "values": {"values": LESSON_PRINTED}}.items()
    },
    **{
        f"parameters {n}": (
            f"6-5.{scheme}.erf-4.{scheme}.mish-2.softmax",
            {"seed": 5, "dtype": torch.float64},
        )
        for n, scheme in enumerate(
            (
                "uniform(b=1e-30,a=-0.1)",
                "normal(std=1e20,mean=-2.5e-07)",
                "constant(val=-0.1)",
                "kaiming_normal(nonlinearity=leaky_relu,mode=fan_out,a=0.1234567890123456)",
                "trunc_normal(std=0.02,mean=0.01,a=-0.04,b=0.05)",
                "variance_scaling(distribution=uniform,scale=0.5,mode=fan_avg)",
                "variance_scaling(scale=2)",
                "orthogonal(gain=2.5)",
                "gpt2_residual(n_layer=48,std=0.5)",
                "mup_output(sigma=3)",
            )
        )
    },
}
if torch.cuda.is_available():
    CASES["cuda"] = (LESSON_TEXT, {"seed": 40, "device": "cuda"})
    CASES["cuda, rows"] = (MIXED, {"seed": 40, "device": "cuda", "rows": ROWS})


def page_side(case: Case) -> tuple[Net, Tensor]:
    """Return the net and the input that a page shows."""
    text, given = case
    network = Network.of(text)
    where = {name: given[name] for name in ("device", "dtype") if name in given}
    net = Net(network, seed=given["seed"], **where)
    if "values" in given:
        net.load(given["values"])
    if "rows" in given:
        rows = [[float(x) for x in row] for row in given["rows"]]
        return net, torch.tensor(rows, **{"dtype": torch.float32, **where})
    return net, seeded_input(given.get("batch", 5), network.inputs, seed=given.get("data_seed", 0), **where)


def run(folder: Path, scripts: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Run the scripts one after another in an interpreter that has torch alone."""
    paths = {name: folder / f"{i}.py" for i, name in enumerate(scripts)}
    for name, path in paths.items():
        path.write_text(scripts[name], encoding="utf-8")
    saved = folder / "results.pt"
    command = [sys.executable, "-I", "-W", "error", "-c", RUNNER, saved, *paths.values()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    results = torch.load(saved)
    return {name: results[str(path)] for name, path in paths.items()}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    scripts = {name: network_code(Network.of(text), **given) for name, (text, given) in CASES.items()}
    return run(tmp_path_factory.mktemp("scripts"), scripts)


@pytest.mark.parametrize("name", CASES)
def test_the_code_gives_the_same_parameters_input_and_output(
    name: str, results: dict[str, dict[str, Any]]
) -> None:
    (net, x), result = page_side(CASES[name]), results[name]
    parameters = dict(net.named_parameters())
    assert list(result["parameters"]) == list(parameters)
    for key, p in parameters.items():
        assert result["parameters"][key].dtype == p.dtype
        assert_drawn_alike(result["parameters"][key], p, CASES[name][0])
    assert result["input"].dtype == x.dtype
    assert torch.equal(result["input"], x)
    output = net(x)
    assert output.isfinite().all()
    widest = max(max(p.shape) for p in parameters.values())
    assert_close(result["output"], output, depth=len(net.network.layers), width=widest)


@pytest.fixture
def default_dtype() -> Iterator[Callable[[torch.dtype], None]]:
    yield torch.set_default_dtype
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", CASES)
def test_the_code_prints_what_the_page_shows(
    name: str, results: dict[str, dict[str, Any]], default_dtype: Callable[[torch.dtype], None]
) -> None:
    net, x = page_side(CASES[name])
    output = net(x)
    default_dtype(x.dtype)  # as in the script: torch names another dtype beside each tensor
    lines = [
        f"mydata shape torch.Size([{x.shape[0]}, {x.shape[1]}])",
        f"output shape--> torch.Size([{x.shape[0]}, {output.shape[1]}])",
        f"parameters {sum(p.numel() for p in net.parameters())}",
        # its own, which another test holds to the page's
        *(f"{key} {nn.Parameter(p)}" for key, p in results[name]["parameters"].items()),
    ]
    head, tail = ("\n".join(part) + "\n" for part in (lines[:2], lines[2:]))
    printed = results[name]["printed"]
    assert printed.startswith(head)
    assert printed.endswith(tail)
    assert_prints_like(printed[len(head) : -len(tail)], str(output))


def test_alone_in_a_fresh_interpreter_it_prints_the_same(
    tmp_path: Path, results: dict[str, dict[str, Any]]
) -> None:
    path = tmp_path / "lesson.py"
    path.write_text(network_code(LESSON, seed=40), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", path], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.stderr == ""
    assert_prints_like(done.stdout, results["lesson"]["printed"])


def test_the_lesson_s_class_is_the_lesson_s() -> None:
    code = network_code(LESSON, seed=40)
    assert MODEL.lstrip() in code
    assert code.startswith("import torch\nimport torch.nn as nn\n\n\nclass Model(nn.Module):\n")
    after = code.partition(MODEL.lstrip())[2]
    lines = after.splitlines()
    assert lines[:3] == ["", "", 'if __name__ == "__main__":']
    assert lines[3].startswith("    torch.set_num_threads(1)  # ")
    assert lines[4:6] == ["    torch.manual_seed(40)", "    my_model = Model()"]


def test_given_numbers_are_not_rounded() -> None:
    """All 17 digits of a double stand in the code."""
    code = network_code(
        Network.of("1-1.no_bias"), seed=0, rows=((1 / 3,),), values={"out.weight": ((2 / 3,),)}
    )
    assert "[0.3333333333333333]" in code
    assert "[[0.6666666666666666]]" in code


def test_importing_the_code_runs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {"__name__": "lesson"}
    state = torch.get_rng_state()
    exec(network_code(LESSON, seed=40), names)  # noqa: S102
    assert capsys.readouterr().out == ""
    assert torch.equal(torch.get_rng_state(), state)
    assert "my_model" not in names


@pytest.mark.parametrize(
    ("text", "given", "line", "there"),
    [
        ("3-2.relu", {}, "import torch.nn.functional as F", False),
        ("3-2.gelu", {}, "import torch.nn.functional as F", True),
        ("3-2", {}, "torch.set_default_dtype(torch.float32)", False),
        ("3-2", {"dtype": torch.bfloat16}, "torch.set_default_dtype(torch.bfloat16)", True),
        ("3-2", {"device": "cuda"}, 'torch.set_default_device("cuda")', True),
        ("3-2", {"device": "cpu"}, 'torch.set_default_device("cpu")', False),
        ("3-2.no_bias", {}, "        self.out = nn.Linear(3, 2, bias=False)", True),
        ("3-2.zeros_bias", {}, "        nn.init.zeros_(self.out.bias)", True),
        ("3-2.xavier_normal", {}, "        nn.init.xavier_normal_(self.out.weight)", True),
        ("3-2.xavier_normal(gain=2)", {}, "        nn.init.xavier_normal_(self.out.weight, gain=2.0)", True),
        ("3-2", {"batch": 9, "data_seed": 4}, "    torch.manual_seed(4)", True),
        ("3-2", {"batch": 9, "data_seed": 4}, "    my_data = torch.randn(9, 3)", True),
        ("3-2", {"rows": ROWS, "data_seed": 4}, "    torch.manual_seed(4)", False),
    ],
)
def test_a_line_stands_where_it_is_needed(text: str, given: dict[str, Any], line: str, there: bool) -> None:  # noqa: FBT001
    assert (line in network_code(Network.of(text), seed=1, **given).splitlines()) is there

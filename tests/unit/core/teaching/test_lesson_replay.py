"""The replayed lesson: code that prints its own step, generators left alone, and nn.Linear's real default."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core import ParameterError
from core.teaching.lesson import SOURCES, SQRT5, STEPS, LessonStep, own_defaults, replay_lesson
from tests.support.marks import generator_stays

pytestmark = generator_stays

SEEDS = (40, 41, -7)
#: the lesson's seven functions, and what each fills
NAMES = (
    ("uniform",),
    ("normal",),
    ("zeros",),
    ("ones",),
    ("constant",),
    ("kaiming_normal", "kaiming_uniform"),
    ("xavier_normal", "xavier_uniform"),
)

#: Run scripts that came as JSON, each in a namespace of its own, and send back what each printed.
RUN_ALL = """
import json, sys
def run(code):
    printed = []
    def show(x):
        printed.append([str(x), x.tolist(), str(x.dtype)])
    exec(code, {"__name__": "__main__", "print": show})
    return printed
print(json.dumps([run(code) for code in json.load(sys.stdin)]))
"""


def _lessons() -> list[tuple[int, tuple[LessonStep, ...]]]:
    return [(seed, tuple(replay_lesson(seed))) for seed in SEEDS]


def _whole(seed: int, steps: tuple[LessonStep, ...]) -> str:
    """The cells one after another, as a notebook runs them."""
    head = f"import torch\nfrom torch import nn\n\ntorch.manual_seed({seed})\n"
    return head + "\n".join(step.cell for step in steps)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[int, str], Any]:
    """What the code printed, (seed, step's key or 'whole') → tensors, in one interpreter without core.

    The last step comes first, so that none can live on what another left behind.
    """
    codes = {(seed, "whole"): _whole(seed, steps) for seed, steps in _lessons()}
    codes |= {(seed, step.key): step.code for seed, steps in _lessons() for step in reversed(steps)}
    child = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", RUN_ALL],
        input=json.dumps(list(codes.values())),
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path_factory.mktemp("alone"),
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    return dict(zip(codes, json.loads(child.stdout), strict=True))


def _as_printed(tensors: tuple[tuple[str, Tensor], ...]) -> list[list[Any]]:
    return [[str(tensor), tensor.tolist(), str(tensor.dtype)] for _, tensor in tensors]


def test_each_step_s_code_prints_its_tensors_bit_for_bit(printed: dict[tuple[int, str], Any]) -> None:
    for seed, steps in _lessons():
        for step in steps:
            assert printed[seed, step.key] == _as_printed(step.tensors), (seed, step.key)


def test_the_cells_one_after_another_print_all_nine(printed: dict[tuple[int, str], Any]) -> None:
    for seed, steps in _lessons():
        tensors = tuple(tensor for step in steps for tensor in step.tensors)
        assert len(tensors) == 9
        assert printed[seed, "whole"] == _as_printed(tensors), seed


def _written(code: str) -> list[str]:
    """Lines without the empty ones."""
    return [line for line in code.splitlines() if line.strip()]


def test_a_step_s_code_ends_in_its_cell() -> None:
    for seed, steps in _lessons():
        for at, step in enumerate(steps, start=1):
            cell, code = _written(step.cell), _written(step.code)
            assert code[-len(cell) :] == cell
            assert cell[0] == f"def test{at:02}():"
            assert cell[-1] == f"test{at:02}()"
            assert code.count(f"torch.manual_seed({seed})") == 1
            assert step.code.endswith("\n")
            assert sum("nn.Linear(5, 3)" in line for line in cell) == len(step.tensors)
            for scheme, _ in step.tensors:
                assert f"nn.init.{scheme}_(linear.weight" in step.cell


def test_the_cell_writes_the_lesson_s_arguments() -> None:
    cells = {step.key: step.cell for step in replay_lesson()}
    assert "nn.init.uniform_(linear.weight, a=0.0, b=1.0)" in cells["uniform"]
    assert "nn.init.normal_(linear.weight, mean=0, std=1)" in cells["normal"]
    assert "nn.init.constant_(linear.weight, val=5)" in cells["constant"]


def test_seven_steps_with_nine_tensors_in_the_lesson_s_order() -> None:
    steps = replay_lesson()
    assert tuple(tuple(name for name, _ in step.tensors) for step in steps) == NAMES
    assert [step.key for step in steps] == list(STEPS)
    assert tuple(STEPS.values()) == NAMES
    for step in steps:
        for name, weight in step.tensors:
            assert weight.shape == (3, 5), name
            assert weight.dtype == torch.float32, name
            assert weight.device.type == "cpu", name
            assert not weight.requires_grad, name


def test_the_tensors_keep_to_the_laws_of_their_sources() -> None:
    """Walls hold exactly; torch's CPU draws no float32 normal weight beyond 5.77 std."""
    walls = {
        "uniform": (0.0, 1.0),
        "kaiming_uniform": (-math.sqrt(6 / 5), math.sqrt(6 / 5)),
        "xavier_uniform": (-math.sqrt(6 / 8), math.sqrt(6 / 8)),
        "normal": (-5.77, 5.77),
        "kaiming_normal": (-5.77 * math.sqrt(2 / 5), 5.77 * math.sqrt(2 / 5)),
        "xavier_normal": (-5.77 * math.sqrt(2 / 8), 5.77 * math.sqrt(2 / 8)),
    }
    pool: dict[str, list[Tensor]] = {name: [] for name in walls}
    for seed in range(200):
        for step in replay_lesson(seed):
            for name, weight in step.tensors:
                if name in pool:
                    pool[name].append(weight.double())
    for name, (low, high) in walls.items():
        weights = torch.stack(pool[name])
        n = weights.numel()
        assert low - 1e-7 <= weights.min() <= weights.max() <= high + 1e-7, name
        if "normal" in name:
            std = high / 5.77
            # the relative standard error of a normal std is 1/√(2n)
            assert weights.std().item() == pytest.approx(std, rel=5 / math.sqrt(2 * n)), name
        else:
            # none of n uniform weights comes within 10/n of the width of a wall: (1 − 10/n)ⁿ = e⁻¹⁰
            assert weights.max() > high - (high - low) * 10 / n, name
            assert weights.min() < low + (high - low) * 10 / n, name


def test_each_replay_has_tensors_of_its_own() -> None:
    first = replay_lesson()[0].tensors[0][1]
    kept = first.clone()
    first.zero_()
    assert torch.equal(replay_lesson()[0].tensors[0][1], kept)


def test_the_global_generator_goes_on_as_if_nothing_had_been_drawn() -> None:
    with torch.random.fork_rng([]):
        torch.manual_seed(5)
        expected = torch.rand(4)
        torch.manual_seed(5)
        replay_lesson()
        own_defaults(3)
        assert torch.equal(torch.rand(4), expected)


def test_threads_at_once_get_the_same_tensors() -> None:
    seeds = [40, 41, 42, 43] * 12
    expected = {seed: [t.tolist() for step in replay_lesson(seed) for _, t in step.tensors] for seed in seeds}
    with ThreadPoolExecutor(8) as pool:
        replayed = list(pool.map(replay_lesson, seeds))
        rows = list(pool.map(own_defaults, seeds[:8]))
    for seed, steps in zip(seeds, replayed, strict=True):
        assert [t.tolist() for step in steps for _, t in step.tensors] == expected[seed]
    assert all(row.kaiming == row.uniform == row.n for found in rows for row in found)


# The default of nn.Linear and nn.Conv2d

#: layer → how to build it, its shape and fan_in, counted by hand
OWN: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], int]] = {
    "nn.Linear(5, 3)": (lambda: nn.Linear(5, 3), (3, 5), 5),
    "nn.Linear(512, 256)": (lambda: nn.Linear(512, 256), (256, 512), 512),
    "nn.Conv2d(3, 16, 3)": (lambda: nn.Conv2d(3, 16, 3), (16, 3, 3, 3), 27),
}


@pytest.mark.parametrize("seed", [0, 1, 40, -3, 2**64 - 1])
def test_every_weight_of_the_default_is_kaiming_uniform_with_root_five(seed: int) -> None:
    rows = {row.layer: row for row in own_defaults(seed)}
    assert list(rows) == list(OWN)
    for text, (build, shape, fan_in) in OWN.items():
        row, n = rows[text], math.prod(shape)
        assert (row.shape, row.fan_in, row.n) == (shape, fan_in, n)
        assert (row.kaiming, row.uniform) == (n, n)
        # and torch alone says the same
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            weight = build().weight
            torch.manual_seed(seed)
            kaiming = nn.init.kaiming_uniform_(torch.empty(shape), a=math.sqrt(5))
            torch.manual_seed(seed)
            plain = torch.empty(shape).uniform_(-1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in))
        assert torch.equal(weight, kaiming)
        assert torch.equal(weight, plain)


def test_one_weight_that_differs_by_one_bit_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (nn.Linear, nn.Conv2d):
        reset = kind.reset_parameters

        def planted(layer: Any, reset: Callable[[Any], None] = reset) -> None:
            reset(layer)
            first = layer.weight.data.view(-1)
            first[1] = torch.nextafter(first[1], torch.tensor(9.0))

        monkeypatch.setattr(kind, "reset_parameters", planted)
    for row in own_defaults(40):
        assert (row.kaiming, row.uniform) == (row.n - 1, row.n - 1), row.layer


@pytest.mark.parametrize(
    "fill",
    [
        nn.init.kaiming_uniform_,
        nn.init.xavier_uniform_,
        nn.init.kaiming_normal_,
        lambda w: nn.init.kaiming_uniform_(w, a=math.sqrt(5), mode="fan_out"),
        lambda w: nn.init.kaiming_uniform_(w, a=5),
    ],
    ids=["he", "xavier", "normal", "fan_out", "a=5"],
)
def test_another_default_would_be_seen(
    fill: Callable[[Tensor], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in (nn.Linear, nn.Conv2d):
        monkeypatch.setattr(kind, "reset_parameters", lambda layer: fill(layer.weight))
    for row in own_defaults(40):
        # laws with the same stream and another wall may meet in a weight by chance, hardly in one of 100
        assert row.kaiming <= row.n / 100 + 1, row.layer
        assert row.uniform <= row.n / 100 + 1, row.layer


@pytest.mark.parametrize("changed", ["kaiming", "uniform"])
def test_the_two_laws_are_counted_apart(changed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the layer itself draws stays; one of the two that it is held to is moved."""
    layers = {text: build().weight.detach() for text, (build, *_) in _at(40).items()}
    real = nn.init.uniform_

    def kaiming(weight: Tensor, *_: Any, **__: Any) -> Tensor:
        return weight.copy_(next(own for own in layers.values() if own.shape == weight.shape))

    def moved(weight: Tensor, *args: Any, **more: Any) -> Tensor:
        return real(weight, *args, **more).mul_(1 + 2**-20)

    for kind in (nn.Linear, nn.Conv2d):
        monkeypatch.setattr(kind, "reset_parameters", lambda layer: kaiming(layer.weight.data))
    if changed == "uniform":
        monkeypatch.setattr(nn.init, "uniform_", moved)
    else:
        real_kaiming = nn.init.kaiming_uniform_
        monkeypatch.setattr(
            nn.init, "kaiming_uniform_", lambda *a, **k: real_kaiming(*a, **k).mul_(1 + 2**-20)
        )
    for row in own_defaults(40):
        counts = {"kaiming": row.kaiming, "uniform": row.uniform}
        assert counts.pop(changed) < row.n / 20 + 1, row.layer
        assert counts.popitem()[1] == row.n, row.layer


def _at(seed: int) -> dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], int]]:
    """Return the layers with builders that start from the seed and leave the generator alone."""

    def seeded(build: Callable[[], nn.Module]) -> nn.Module:
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            return build()

    return {
        text: (lambda build=build: seeded(build), shape, fan_in)
        for text, (build, shape, fan_in) in OWN.items()
    }


def test_root_five_makes_the_wall_one_over_root_fan_in() -> None:
    """g·√(3/fan_in) with g = √(2/(1 + a²)): a² = 5 gives √(2/6 · 3/fan_in)."""
    assert pytest.approx(5, rel=1e-15) == SQRT5**2
    for fan_in in (1, 5, 27, 512):
        gain = nn.init.calculate_gain("leaky_relu", SQRT5)
        assert gain * math.sqrt(3 / fan_in) == pytest.approx(1 / math.sqrt(fan_in), rel=1e-15)


def test_every_source_has_a_citation_a_title_and_an_address() -> None:
    assert {"init", "linear", "randomness", "sqrt5", "lecun", "he", "glorot"} <= set(SOURCES)
    for key, source in SOURCES.items():
        assert source.citation.strip(), key
        assert source.title.strip(), key
        assert source.url.startswith("https://"), key
    assert len({source.url for source in SOURCES.values()}) == len(SOURCES)
    assert SOURCES["sqrt5"].url.endswith("/57109")


def test_the_code_needs_torch_alone() -> None:
    for step in replay_lesson():
        imports = [line for line in step.code.splitlines() if "import" in line]
        assert imports == ["import torch", "from torch import nn"]
        compile(step.code, step.key, "exec")


def test_the_process_s_own_defaults_have_no_part_in_it() -> None:
    try:
        torch.set_default_dtype(torch.float64)
        torch.set_default_device("meta")
        steps, rows = replay_lesson(40), own_defaults(3)
    finally:
        torch.set_default_device("cpu")
        torch.set_default_dtype(torch.float32)
    weights = [weight for step in steps for _, weight in step.tensors]
    assert {(weight.dtype, weight.device.type) for weight in weights} == {(torch.float32, "cpu")}
    assert all(
        torch.equal(weight, other)
        for weight, (_, other) in zip(
            weights, (pair for step in replay_lesson(40) for pair in step.tensors), strict=True
        )
    )
    assert rows == own_defaults(3)


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1, "40", 1.5, True, None])
def test_a_seed_that_torch_does_not_take_is_refused(seed: object) -> None:
    for run in (replay_lesson, own_defaults):
        with pytest.raises(ParameterError) as refused:
            run(seed)  # type: ignore[operator]
        assert refused.value.code == "parameter.seed"

"""The small checkpoints are broken in the way that they say, and their script makes them."""

import subprocess
import sys

import pytest
import torch

from core import InitLabError, audit
from core.generators import global_generators
from core.teaching import broken
from core.teaching.broken import EXAMPLES, SEED, code, tensors
from tests.support.stream import ROOT

#: What is wrong with each, as its own code says, and its state.
FOUND = {
    "gpt2": ("initialised", ["residual_scale"]),
    "mlp": ("initialised", []),
    "digits": ("trained", []),
    "broken": ("initialised", ["not_finite", "uninitialised", "dead_rows"]),
    "seeds": ("initialised", ["same_seed"]),
    "fresh": ("mixed", ["fresh_among_trained"]),
    "swapped": ("initialised", ["expected", "swapped_fans"]),
    "steps": ("initialised", ["steps_without_training"]),
}


def test_there_is_a_finding_for_each() -> None:
    assert set(FOUND) == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_is_broken_in_its_way(name: str) -> None:
    with global_generators(torch.device("cpu"), SEED):
        module = EXAMPLES[name]()
    report = audit(module)
    assert (report.state, [each.kind for each in report.problems]) == FOUND[name]
    assert sum(each.numel() * each.itemsize for each in tensors(name).values()) < 1_000_000


def test_gpt2_s_residual_projections_have_the_std_of_all_others() -> None:
    """GPT-2 has 0.02/√(2·n_layer) there (Radford et al. 2019, 2.3): with 4 layers 0.00707."""
    found = {key: value for key, value in tensors("gpt2").items() if key.endswith("c_proj.weight")}
    assert len(found) == 8
    for weights in found.values():
        assert float(weights.std()) == pytest.approx(0.02, rel=0.05)


def test_the_net_reads_digits_that_it_has_not_seen() -> None:
    torch_state = torch.get_rng_state()
    with global_generators(torch.device("cpu"), SEED):
        model = broken.digits()
        noise = torch.randn(200, 12, 8)
    assert torch.equal(torch.get_rng_state(), torch_state)  # the global generator stands where it stood
    one = [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110]
    dots = torch.tensor([[row >> at & 1 for at in (4, 3, 2, 1, 0)] for row in one])
    images = 0.2 * noise
    images[:, 2:9, 1:6] += dots
    with torch.no_grad():
        read = model(images.flatten(1)).argmax(1)
    assert (read == 1).float().mean() > 0.7  # by chance 0.1


def test_the_same_seed_makes_the_same_numbers() -> None:
    for name in ("gpt2", "broken"):
        first, second = tensors(name), tensors(name)
        assert all(torch.equal(first[key], second[key]) or first[key].isnan().any() for key in first)


def test_an_example_s_script_runs_as_it_is() -> None:
    script = code("fresh").replace("from init_lab import", "from core import")
    assert "noqa" not in script
    assert "type: ignore" not in script
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.startswith("mixed\nfresh_among_trained ('4.weight',) 1 of 3 layers")


@pytest.mark.parametrize("name", ["", "evil", None, 3])
def test_there_is_no_other_example(name: object) -> None:
    with pytest.raises(InitLabError):
        tensors(name)  # type: ignore[arg-type]
    with pytest.raises(InitLabError):
        code(name)  # type: ignore[arg-type]

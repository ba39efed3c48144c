"""The global generators: seeded together, and put back whatever happens."""

from collections.abc import Callable

import pytest
import torch

from core.generators import global_generators


def test_the_cpu_s_generator_is_seeded_and_put_back() -> None:
    before = torch.get_rng_state()
    with global_generators(torch.device("cpu"), 40):
        drawn = torch.rand(5)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(drawn, torch.rand(5, generator=torch.Generator().manual_seed(40)))


def test_without_a_seed_they_go_on_from_where_they_stand() -> None:
    with torch.random.fork_rng([]):
        torch.manual_seed(7)
        with global_generators(torch.device("cpu")):
            inside = torch.rand(3)
        assert torch.equal(torch.rand(3), inside)


def test_an_error_puts_them_back_and_lets_go_of_them() -> None:
    def fail() -> None:
        with global_generators(torch.device("cpu"), 1):
            torch.rand(1)
            raise ZeroDivisionError

    before = torch.get_rng_state()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            fail()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("kind", "suffix"), [("cuda", "_all"), ("mps", "")])
def test_an_accelerator_s_are_seeded_and_put_back_too(
    kind: str, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stand-ins for a device that this machine may not have."""
    done: list[tuple[str, object]] = []

    def note(name: str, answer: object = None) -> Callable[..., object]:
        return lambda *args: (done.append((name, *args)), answer)[1]  # type: ignore[arg-type]

    module = getattr(torch, kind)
    monkeypatch.setattr(module, f"get_rng_state{suffix}", note("read", "as it was"))
    monkeypatch.setattr(module, f"manual_seed{suffix}", note("seeded"))
    monkeypatch.setattr(module, f"set_rng_state{suffix}", note("put back"))
    with global_generators(torch.device(kind), 40):
        assert done == [("read",), ("seeded", 40)]
    assert done[2:] == [("put back", "as it was")]

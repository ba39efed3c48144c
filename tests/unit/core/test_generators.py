"""The global generators: seeded together, and put back whatever happens."""

from collections.abc import Callable
from threading import Thread

import pytest
import torch

from core.generators import global_generators


@pytest.mark.parametrize("seed", [0, 40])
def test_the_cpu_s_generator_is_seeded_and_put_back(seed: int) -> None:
    before = torch.get_rng_state()
    with global_generators(torch.device("cpu"), seed):
        drawn = torch.rand(5)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(drawn, torch.rand(5, generator=torch.Generator().manual_seed(seed)))


def test_without_a_seed_they_go_on_from_where_they_stand() -> None:
    with torch.random.fork_rng([]):
        torch.manual_seed(7)
        with global_generators(torch.device("cpu")):
            inside = torch.rand(3)
        assert torch.equal(torch.rand(3), inside)


def test_a_thread_that_holds_the_generators_may_hold_them_again() -> None:
    def twice() -> None:
        with global_generators(torch.device("cpu"), 1), global_generators(torch.device("cpu"), 2):
            done.append(torch.rand(1))

    before, done = torch.get_rng_state(), []
    other = Thread(target=twice, daemon=True)  # so that the test ends where it cannot
    other.start()
    other.join(20)
    assert len(done) == 1
    assert torch.equal(torch.get_rng_state(), before)


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


def drawn(law: str, n: int, dtype: torch.dtype) -> torch.Tensor:
    return getattr(torch.empty(n, dtype=dtype), law)(generator=torch.Generator().manual_seed(40))


def test_torch_draws_other_numbers_in_float64_as_the_dtype_s_help_says() -> None:
    """torch's own on the CPU: a uniform law's differ from the first on, a normal one's from 16 on."""
    for n in (1, 2, 15, 16, 17, 1000):
        single, double = (drawn("normal_", n, d).double() for d in (torch.float32, torch.float64))
        # 2^−23 of numbers up to 4, of which float32 keeps some and its logarithm and cosine lose some
        assert bool((single - double).abs().max() < 1e-6) is (n < 16)
        single, double = (drawn("uniform_", n, d).double() for d in (torch.float32, torch.float64))
        assert (single - double).abs()[0] > 0.1


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_torch_s_halves_are_float32_s_numbers_rounded_but_for_a_few(dtype: torch.dtype) -> None:
    for n in (1, 15, 16, 32, 1024, 17, 100, 1000):
        differ = (drawn("normal_", n, dtype) != drawn("normal_", n, torch.float32).to(dtype)).nonzero()
        assert differ.flatten().tolist() == ([] if n < 16 or n % 16 == 0 else list(range(n - 16, n)))
    rounded, half = drawn("uniform_", 1 << 16, torch.float32).to(dtype), drawn("uniform_", 1 << 16, dtype)
    differ = rounded != half
    assert differ.any()
    assert differ.equal(rounded == 1)  # the upper end, which U[0, 1) has not
    assert not half[differ].any()

"""The link: what follows what stands in it."""

import pytest

from pages.state.link import next_seed


@pytest.mark.parametrize(
    ("seed", "following"), [(0, "1"), (40, "41"), (2**32 - 2, "4294967295"), (2**32 - 1, "0")]
)
def test_after_the_last_seed_comes_the_first(seed: int, following: str) -> None:
    """torch's generator on the CPU knows 2³² seeds (Matsumoto and Nishimura 1998, init_genrand)."""
    assert next_seed({"seed": seed}) == following

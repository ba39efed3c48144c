"""What unit tests share."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture
def global_generator_stays() -> Iterator[None]:
    """Nothing in the test may move torch's global generator."""
    torch.manual_seed(20)
    before = torch.get_rng_state()
    yield
    assert torch.equal(torch.get_rng_state(), before)

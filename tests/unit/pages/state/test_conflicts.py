"""What may stand beside what: at the very limits."""

import pytest

from pages.lecture import links
from pages.state.conflicts import compare


@pytest.mark.parametrize(("fan_in", "fan_out", "refused"), [(1024, 1024, 0), (512, 2048, 0), (1025, 1024, 1)])
def test_a_scheme_that_is_held_whole_takes_a_million_weights_and_no_more(
    fan_in: int, fan_out: int, refused: int
) -> None:
    """2²⁰ = 1 048 576 of a scheme that torch cannot fill part by part."""
    query = {"rows": "orthogonal", "fan_in": str(fan_in), "fan_out": str(fan_out)}
    state = links.settled("compare", query)
    (entry, *_) = state.comparison.entries
    refusal = compare._entry_held(state, entry)
    assert (refusal is not None) == bool(refused)
    if refusal is not None:
        assert (refusal.facts["n"], refusal.facts["limit"]) == (fan_in * fan_out, 2**20)

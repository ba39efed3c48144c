"""What may stand beside what: at the very limits."""

import pytest

from pages.lecture import links
from pages.state.conflicts import compare, model, signal


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


@pytest.mark.parametrize(
    ("rows", "net", "refused"), [(512, "1-4096", 0), (1024, "9-2048", 0), (513, "1-4096", 1)]
)
def test_a_forward_pass_gives_four_million_numbers_and_no_more(rows: int, net: str, refused: int) -> None:
    """2²² = 4 194 304 = rows · 2 · units: of each unit its sum, and what its activation makes of it."""
    refusal = model._steps_fit(links.settled("model", {"batch": str(rows), "net": net}))
    assert (refusal is not None) == bool(refused)
    if refusal is not None:
        assert (refusal.facts["n"], refusal.facts["limit"]) == (rows * 2 * 4096, 2**22)


@pytest.mark.parametrize(("depth", "samples"), [(16, 1024), (32, 512)])
def test_a_run_keeps_thirty_three_million_numbers_for_the_way_back_and_no_more(
    depth: int, samples: int
) -> None:
    """2²⁵ = 33 554 432 = depth · width · samples."""
    link = {"width": "2048", "seeds": "1", "samples": str(samples), "rows": "normal"}
    assert signal._signal_size(links.settled("signal", link | {"depth": str(depth)})) is None
    refusal = signal._signal_size(links.settled("signal", link | {"depth": str(depth + 1)}))
    assert refusal is not None
    assert refusal.facts == {"n": (depth + 1) * 2048 * samples, "limit": 2**25}


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("dtype", "largest", "beyond"),
    [("float16", 65504.0, 65505.0), ("float32", 3.4028234663852886e38, 3.4028235e38)],
)
def test_an_input_of_either_sign_is_no_larger_than_its_dtype_s_largest_number(
    dtype: str, largest: float, beyond: float, sign: int
) -> None:
    """(2 − 2⁻¹⁰)·2¹⁵ and (2 − 2⁻²³)·2¹²⁷: what is past them is infinite, of a negative number −∞."""
    for size in (largest, beyond):
        state = links.settled("model", {"dtype": dtype, "data": f"0,0,{sign * size!r}"})
        refusal = model._data_fit(state)
        assert (refusal is not None) == (size == beyond)
    assert refusal is not None
    assert (abs(refusal.facts["value"]), refusal.facts["largest"]) == (beyond, largest)

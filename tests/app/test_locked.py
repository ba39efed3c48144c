"""What a link has locked, no button of a page changes either."""

import pytest

from tests.support.screen import opened, own_buttons


@pytest.mark.parametrize("how", ["lock", "hide"])
def test_a_held_activation_has_no_buttons_that_change_it(how: str) -> None:
    free = opened("signal", sight="gains", activation="tanh(z)")
    assert {"own_0", "own_back"} <= own_buttons(free)
    held = opened("signal", sight="gains", activation="tanh(z)", **{how: "activation"})
    assert not {key for key in own_buttons(held) if key.startswith("own_")}

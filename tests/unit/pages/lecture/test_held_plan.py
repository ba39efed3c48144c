"""A plan that is gone through: which of its steps a page is that the browser went to by itself."""

import pytest

from pages.lecture import held_plan, links
from pages.lecture.held_plan import HeldPlan
from pages.lecture.plans import Plan, Step

SCHEMES = ("zeros", "ones", "zeros", "ones", "zeros")
PLAN = Plan("Over and over", tuple(Step(name, "distribution", (("scheme", name),)) for name in SCHEMES))


@pytest.mark.parametrize(
    ("at", "scheme", "found"),
    [(3, "zeros", {2, 4}), (4, "ones", {3}), (0, "ones", {1}), (4, "zeros", {4}), (1, "normal", {1})],
)
def test_of_steps_that_show_the_same_the_nearest_is_meant(at: int, scheme: str, found: set[int]) -> None:
    state = links.settled("distribution", {"scheme": scheme})
    assert held_plan._found(HeldPlan(PLAN, at, "own"), state, "distribution") in found

"""A link for students, as its making counts what it holds."""

from pages.lecture.links import Prepared


def test_what_is_hidden_is_not_locked_as_well() -> None:
    link = Prepared("distribution", {}, hide=("seed", "bins"), lock=("seed", "scheme"))
    assert link.locked == ("scheme",)
    assert not {"seed", "bins"} & {*link.shown}

"""A link for students, as its making counts what it holds."""

from pages.lecture.links import Prepared, holding
from pages.text import Text
from tests.support.hostile import TEXTS, harm_in


def test_what_is_hidden_is_not_locked_as_well() -> None:
    link = Prepared("distribution", {}, hide=("seed", "bins"), lock=("seed", "scheme"))
    assert link.locked == ("scheme",)
    assert not {"seed", "bins"} & {*link.shown}


def test_what_a_link_holds_is_shown_as_text_and_what_is_long_by_its_beginning() -> None:
    for evil in TEXTS:
        words = holding(
            Prepared("checkpoint", {"search": evil, "tensor": evil, "board": "tensors"}), Text("en")
        )
        assert harm_in(words) == []
    assert "&lt;b&gt; &amp; more" in holding(Prepared("checkpoint", {"search": "<b> & more"}), Text("en"))
    for letters, shown in ((60, "x" * 60), (61, "x" * 59 + "…")):
        assert f"<b>{shown}</b>" in holding(Prepared("checkpoint", {"search": "x" * letters}), Text("en"))

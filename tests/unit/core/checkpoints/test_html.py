"""A report in a notebook: HTML, in which nothing of a file is obeyed, and of which there is not too much."""

from dataclasses import replace

import torch

from core.checkpoints.scan import report_of
from tests.support.stored_tensors import contents


def test_a_report_is_shown_in_a_notebook_with_every_name_escaped() -> None:
    bad = torch.tensor([[float("nan"), 1.0], [2.0, 3.0]])
    tensors = {"<script>alert(1)</script>.weight": bad, 'a"b&c': torch.ones(2)}
    page = report_of(contents(tensors, format="<b>"))._repr_html_()
    assert "<script" not in page
    assert "<b>" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;.weight") == 2  # of the finding, of the row
    assert "a&quot;b&amp;c" in page
    assert "not_finite" in page
    assert "more" not in page


def test_no_name_turns_a_text_round_or_is_obeyed_by_a_terminal() -> None:
    """A report is also printed, as by a notebook that is run in a shell."""
    bad = torch.tensor([[float("nan"), 1.0], [2.0, 3.0]])
    report = report_of(contents({"a\u202eb\x1b[2J\x00.weight": bad}))
    for text in (report._repr_html_(), report.to_markdown()):
        assert text.count(r"a\u202eb\x1b[2J\x00.weight") == 2  # of the finding, of the row
        assert text.replace("\n", "").isprintable()


def test_of_many_rows_and_findings_the_first_are_shown_and_the_rest_counted() -> None:
    bad = torch.tensor([[float("nan"), 1.0], [2.0, 3.0]])
    report = report_of(contents({f"t{i}": bad + i for i in range(73)}))
    assert len(report.problems) == 1
    page = replace(report, unexpected=73 * report.problems)._repr_html_()
    assert page.count("<tr>") == 51  # of the head, and fifty
    assert page.count("<li>") == 50
    assert "<p>and 23 more tensors</p>" in page
    assert "<p>and 24 more problems</p>" in page

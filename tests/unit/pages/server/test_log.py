"""Of lines of one kind a few are written in a while, and the next one says how many were not."""

import logging

import pytest

from pages.server import log


def test_what_was_not_written_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(log, "monotonic", lambda: now[0])
    seldom = log.Seldom()

    def written(line: int) -> str | None:
        record = logging.LogRecord(
            "init_lab", logging.WARNING, "here.py", line, "No room for %s", ("you",), None
        )
        return record.getMessage() if seldom.filter(record) else None

    assert [written(1) for _ in range(9)] == ["No room for you"] * 5 + [None] * 4
    assert written(2) == "No room for you"  # another kind
    now[0] += 61
    assert written(1) == "No room for you (4 more like the last ones were not written)"
    assert written(1) == "No room for you"
    now[0] += 61
    assert written(1) == "No room for you"  # none was left out meanwhile

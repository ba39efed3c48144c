"""Of lines of one kind a few are written in a while, and the next one says how many were not."""

import json
import logging
import re
import traceback

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


class Odd(ValueError):
    """What a visitor chose may be in its words; its code is ours."""

    code = "draw.odd"


def _raised(how: str) -> BaseException:
    """Return an error that came of another, as Python's statements have it."""
    try:
        try:
            raise KeyError("secret")
        except KeyError as error:
            if how == "from it":
                raise Odd("secret") from error
            if how == "from none":
                raise Odd("secret") from None
            raise Odd("secret")  # noqa: B904 - it is what is looked at
    except Odd as error:
        return error


@pytest.mark.parametrize("how", ["from it", "from none", "meanwhile"])
def test_an_error_is_told_with_what_it_came_of_as_python_does_and_without_their_words(how: str) -> None:
    error = _raised(how)
    told = log.told(error)
    theirs = "".join(traceback.format_exception(error))
    assert ("KeyError" in told) == ("KeyError" in theirs) == (how != "from none")
    assert "Odd: draw.odd" in told
    assert told.count("in _raised") == theirs.count("in _raised")
    assert "secret" not in re.sub(r"(?m)^    .*$", "", told)  # but in this file's own lines
    record = logging.LogRecord("init_lab", logging.ERROR, "", 1, "It failed.", (), (type(error), error, None))
    line = json.loads(log.Lines().format(record))
    assert (line["level"], line["logger"], line["message"]) == ("error", "init_lab", "It failed.")
    assert line["traceback"] == told
    assert log.Text().format(record).endswith(f"ERROR init_lab: It failed.\n{told}")

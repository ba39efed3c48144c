"""What the server logs, and in which form: neither addresses nor what a visitor chose."""

import json
import logging
import os
import sys
import threading
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from time import monotonic
from types import TracebackType
from typing import Any

#: What INIT_LAB_LOG may be.
FORMS = ("text", "json")
#: Lines of one kind that are written in so many seconds; more are counted.
OFTEN, SPAN = 5, 60.0
#: Kinds of lines that are told apart at a time.
KINDS = 1000

_LOG = logging.getLogger("init_lab")


def told(error: BaseException) -> str:
    """Return where an error and its causes came from, and their kinds: their words may be a visitor's."""
    parts = []
    cause: BaseException | None = error
    seen: set[int] = set()
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        code = getattr(cause, "code", "")
        kind = f"{type(cause).__name__}: {code}" if isinstance(code, str) and code else type(cause).__name__
        parts.append("".join(traceback.format_tb(cause.__traceback__)) + kind)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\nwhich came of:\n".join(parts)


class Text(logging.Formatter):
    """A record as a line of text, and its error below."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatException(self, info: Any) -> str:
        return told(info[1])


class Lines(logging.Formatter):
    """A record as one line of JSON: when, how grave, who, what, and where an error came from."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["traceback"] = told(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


class Seldom(logging.Filter):
    """Lets so many lines of a kind through in a span, and says at its end how many more there were.

    A kind is where in the code it is logged, and what kind of error with it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[Any, ...], tuple[float, int]] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        kind = (record.name, record.pathname, record.lineno, str(record.msg)[:80], type(error))
        now = monotonic()
        with self._lock:
            begun, n = self._seen.get(kind, (now, 0))
            if now - begun > SPAN:
                if n > OFTEN:
                    record.msg = (
                        f"{record.getMessage()} ({n - OFTEN} more like the last ones were not written)"
                    )
                    record.args = ()
                begun, n = now, 0
            if len(self._seen) >= KINDS:
                self._seen.clear()
            self._seen[kind] = (begun, n + 1)
        return n < OFTEN


def form(environment: Mapping[str, str] = os.environ) -> str:
    """Return the form of the log that the operator wants.

    Raises:
        ValueError: saying which there are.
    """
    given = environment.get("INIT_LAB_LOG", "") or "text"
    if given not in FORMS:
        raise ValueError(f"INIT_LAB_LOG must be text or json; it was {given[:40]!r}.")
    return given


def configure(form: str) -> None:
    """Log all in one form, to standard error: warnings too, and errors that nobody caught."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines() if form == "json" else Text())
    handler.addFilter(Seldom())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for name in (*logging.root.manager.loggerDict, "uvicorn", "uvicorn.error"):
        if name.partition(".")[0] in {"streamlit", "uvicorn", "websockets"}:
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [], True
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # it names the address of each visitor
    sys.excepthook = _uncaught
    threading.excepthook = lambda given: _uncaught(given.exc_type, given.exc_value, given.exc_traceback)
    sys.unraisablehook = lambda given: _uncaught(given.exc_type, given.exc_value, given.exc_traceback)


def _uncaught(kind: type[BaseException], error: BaseException | None, where: TracebackType | None) -> None:
    if error is not None and not issubclass(kind, KeyboardInterrupt | SystemExit):
        _LOG.critical("Nobody caught this.", exc_info=(kind, error, where))

"""What the server logs, in which form."""

import json
import logging
import os
from datetime import UTC, datetime
from typing import Any


class Lines(logging.Formatter):
    """A record as one line of JSON: when, how grave, who, what, and the traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure() -> None:
    """Log all in one form, to standard error; neither addresses nor what a visitor chose are logged."""
    as_json = os.environ.get("INIT_LAB_LOG", "text") == "json"
    form = Lines() if as_json else logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler = logging.StreamHandler()
    handler.setFormatter(form)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in (*logging.root.manager.loggerDict, "uvicorn", "uvicorn.error"):
        if name.partition(".")[0] in {"streamlit", "uvicorn", "websockets"}:
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [], True
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # it names the address of each visitor

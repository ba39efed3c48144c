"""Start the server and open every view once, while the image is built: ``python -m deploy.rehearse``.

What the app needs and the image lacks stops the build here, not in front of a visitor. Python leaves behind
the bytecode of all that was imported, and of nothing else: the image starts in less than half the time.
"""

import contextlib
import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

from streamlit.testing.v1 import AppTest

from pages.state.controls import PAGES, TABLE, views_of
from pages.text import LANGUAGES, Text

ROOT = Path(__file__).parents[1]
PORT = "8599"
SERVER = [sys.executable, "-m", "pages.server"]


def serve() -> None:
    """Wait until the server answers, and stop it as Docker would."""
    process = subprocess.Popen(SERVER, env={**os.environ, "PORT": PORT, "HOST": "127.0.0.1"})  # noqa: S603
    try:
        for _ in range(600):
            if process.poll() is not None:
                sys.exit("The server ended by itself.")
            with contextlib.suppress(OSError):
                urlopen(f"http://127.0.0.1:{PORT}/_stcore/health", timeout=2).close()
                break
            time.sleep(0.1)
        else:
            sys.exit("The server did not come up within a minute.")
    finally:
        process.terminate()
        process.wait(timeout=20)


def visit(page: str, **link: str) -> None:
    """Open a page as this link does; whatever goes wrong in it ends the build."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    if PAGES[page] != "app.py":
        app.switch_page(PAGES[page])
    for name, value in link.items():
        app.query_params[name] = value
    app.run()
    words = " ".join(str(element.proto.body) for element in app.get("html"))
    caught = [language for language in LANGUAGES if Text(language)("error.unexpected") in words]
    if app.exception or caught:
        sys.exit(f"{page} {link} does not open: {[error.message for error in app.exception]}")


def main() -> None:
    """Rehearse all of it."""
    logging.disable(
        logging.WARNING
    )  # the harness imports pages outside a run and warns of it, once an element
    serve()
    for page in PAGES:
        visit(page)
        if view := views_of(page):
            for option in TABLE[view].options:
                visit(page, **{view: str(option)})


if __name__ == "__main__":
    main()

"""What only a browser can do, in scripts on every page, of which ``keys_and_clicks.js`` is the first."""

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from streamlit.components.v2 import component
from streamlit.components.v2.types import ComponentRenderer

#: Whether a server hands out the scripts as files. Where none does, ``keys_and_clicks.js`` goes along with
#: every page.
SERVED = False


@cache
def scripts() -> Mapping[str, bytes]:
    """Return the scripts by name, from which each asks for the others that it needs."""
    return {file.name: file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.js"))}


@cache
def folder() -> str:
    """Return where the scripts are, named after what is in them, so that a browser asks for each once."""
    return "live/" + hashlib.sha256(b"\0".join(scripts().values())).hexdigest()[:12]


@cache
def _component(*, served: bool) -> ComponentRenderer:
    script = scripts()["keys_and_clicks.js"].decode()
    if served:
        # of several lines, or it would be taken for a file's name
        place = f'new URL("{folder()}/keys_and_clicks.js", location.href)'
        script = f"export default given => {{\n  import({place}).then(lab => lab.default(given))\n}}\n"
    return component("lab", js=script, isolate_styles=False)


def mount(data: Mapping[str, Any], **told: Callable[[], None]) -> None:
    """Hand ``data`` to the script.

    It calls ``pressed`` for a key that no button on the page answers, ``moved`` when a hand lets go,
    ``kept`` with the lecture plan that the browser keeps, ``sketched`` with a guess that was drawn, and
    ``recalled`` with a result that had been uncovered before its page was loaded anew.
    """
    calls: dict[str, Any] = {f"on_{name}_change": does for name, does in told.items()}
    _component(served=SERVED)(key="lab", data=dict(data), **calls)

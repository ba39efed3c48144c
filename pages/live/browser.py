"""What only a browser can do, in one small script on every page: see ``lab.js``."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from streamlit.components.v2 import component
from streamlit.components.v2.types import ComponentRenderer


@cache
def _component() -> ComponentRenderer:
    script = Path(__file__).with_name("lab.js").read_text(encoding="utf-8")
    return component("lab", js=script, isolate_styles=False)


def mount(data: Mapping[str, Any], pressed: Callable[[], None]) -> None:
    """Hand ``data`` to the script, which calls ``pressed`` for a key that no button on the page answers."""
    _component()(key="lab", data=dict(data), on_pressed_change=pressed)

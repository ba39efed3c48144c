"""Streamlit's two largest fonts with no more in them than the pages show: a fifteenth of the bytes.

They stand in for Streamlit's own under the same addresses; without this server, Streamlit's are handed out.
``python -m tests.fonts`` makes them anew.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pages.state.insides import FRONT_END

ICONS, SERIF = "MaterialSymbols-Rounded", "SourceSerifVariable-Roman.ttf"


def originals(name: str) -> Sequence[Path]:
    """Return Streamlit's own font of that name, which a hash follows; none if Streamlit has it no more."""
    return [*(FRONT_END / "static" / "media").glob(f"{name}.*.woff2")]


def smaller(name: str) -> Path:
    """Return what stands in for it."""
    return Path(__file__).with_name("fonts") / f"{name}.woff2"


def stand_ins() -> Mapping[str, Path]:
    """Return where among Streamlit's files the front end looks for each, and what it is handed there."""
    root = FRONT_END / "static"
    fonts = [(file, smaller(name)) for name in (ICONS, SERIF) for file in originals(name)]
    return {file.relative_to(root).as_posix(): ours for file, ours in fonts}

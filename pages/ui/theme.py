"""The style sheet that makes Streamlit look like Init Lab, in one place for all pages."""

import re
from functools import cache
from pathlib import Path

from pages.figures.palette import Palette

_ROLES = ("paper", "ink", "ink2", "rule", "line", "law", "warning")


@cache
def style_sheet(look: Palette) -> str:
    """Return the sheet in one theme's colours, as a style element without comments and line ends."""
    rules = Path(__file__).with_name("theme.css").read_text(encoding="utf-8")
    rules = re.sub(r"/\*.*?\*/", "", rules, flags=re.DOTALL)
    rules = re.sub(r"\s*([{};])\s*", r"\1", rules)
    colours = {role: getattr(look, role) for role in _ROLES}
    colours |= dict(zip(("negative", "positive"), look.diverging, strict=True))
    colours |= {f"series{at}": colour for at, colour in enumerate(look.series, start=1)}
    variables = ";".join(f"--{role}:{colour}" for role, colour in colours.items())
    return f"<style>:root{{{variables}}}{rules.strip()}</style>"

"""The style sheet that makes Streamlit look like Init Lab, in one place for all pages."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pages.figures.palette import Palette

#: The sheets of every page, in the order in which the browser reads them: of two that clash the later wins.
ALWAYS = ("style.css", "menu.css", "guesses.css", "checkpoint.css")
_ROLES = ("paper", "ink", "ink2", "rule", "line", "law", "warning")


class Sheet(NamedTuple):
    """A style element, which Streamlit takes as it is: a string it would dedent and look for on the disk."""

    text: str

    def _repr_html_(self) -> str:
        return self.text


@cache
def style_sheet(
    look: Palette, *, planned: bool = False, covered: bool = False, presents: bool = False
) -> Sheet:
    """Return the sheet in one theme's colours, as a style element without comments and line ends.

    ``planned`` has room for a plan that is held; ``covered`` hides the page's result, which waits to be
    predicted; ``presents`` makes room for what a lecturer alone sees.
    """
    names = [*ALWAYS] + ["plan.css"] * planned + ["projector.css"] * (look.times != 1)
    names += ["covered.css"] * covered + ["presenter.css"] * presents
    rules = "".join(Path(__file__).with_name(name).read_text(encoding="utf-8") for name in names)
    rules = re.sub(r"/\*.*?\*/", "", rules, flags=re.DOTALL)
    rules = re.sub(r"\s*([{};])\s*", r"\1", rules)
    colours = {role: getattr(look, role) for role in _ROLES}
    colours |= dict(zip(("negative", "positive"), look.diverging, strict=True))
    colours |= {f"series{at}": colour for at, colour in enumerate(look.series, start=1)}
    variables = ";".join(f"--{role}:{colour}" for role, colour in colours.items())
    return Sheet(f"<style>:root{{{variables}}}{rules.strip()}</style>")

"""What came along from the page of one layer, said where it arrives."""

from html import escape

from core import Entry
from pages.state.carried_over import Came
from pages.text import Text, sentences
from pages.text.numbers import count
from pages.words.compare import names


def line(came: Came, t: Text) -> str:
    """Return what came along, what did not, and the way back."""
    (name,) = names([Entry.of(came.chosen.entry)], t)
    left = [t(f"story.left_{what}", fan_in=count(came.chosen.fan_in or 0)) for what in came.left]
    words = sentences(t(f"story.{came.page}", name=escape(name)), *left)
    if "scheme" in came.left:
        words = sentences(*left)
    back = f'<a href="./distribution" data-lab-page>{t("story.back")}</a>'
    return f'<p class="lab-note lab-story" role="status">{words} {back}</p>'

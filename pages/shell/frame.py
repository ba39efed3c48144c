"""What a page is given, and what it shows with that: the parts that its report is made of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, NamedTuple, Self

import plotly.graph_objects as go
import streamlit as st
import torch

from core.weights.draw import Draw
from core.weights.sampling import tensor_of
from pages.figures.palette import Palette
from pages.figures.sketch import Guess
from pages.lecture import predict
from pages.live import browser
from pages.state.chosen import State
from pages.state.controls import PAGES
from pages.text import Text
from pages.words import guesses
from pages.words.common import Onward
from pages.words.guesses import Asked, Guesses

Picture = Callable[[Palette], go.Figure]


class Chart(NamedTuple):
    """A chart that a page shows: what draws it in any colours, and what it shows in words."""

    draw: Picture
    alt: str


class Formula(NamedTuple):
    """A formula that a page shows, as Markdown with LaTeX in it."""

    markdown: str


class Offer(NamedTuple):
    """A tensor to be taken away, which is made when somebody does."""

    name: str
    shape: tuple[int, ...]
    dtype: torch.dtype
    make: Callable[[], torch.Tensor]

    @classmethod
    def of(cls, name: str, tensor: torch.Tensor) -> Self:
        """Offer a tensor that is there already."""
        return cls(name, tuple(tensor.shape), tensor.dtype, lambda: tensor)

    @classmethod
    def drawn(cls, name: str, draw: Draw) -> Self:
        """Offer a weight that is drawn when somebody takes it."""
        return cls(name, draw.shape, draw.dtype, lambda: tensor_of(draw))


@dataclass(slots=True)
class Frame:
    """What a page is given: its words, its colours and its visitor's choices; and what it shows with them."""

    t: Text
    look: Palette
    state: State
    page: str
    #: what the page shows, in order: HTML, formulas and charts
    shown: list[str | Formula | Chart] = field(default_factory=list)
    #: what is asked before the result is revealed
    asked: Sequence[Asked] = ()
    #: what the browser is told of a chart that a hand can move
    live: Mapping[str, Any] | None = None
    #: where charts stand that have been sketched on this run, by key
    sketched: dict[str, Any] = field(default_factory=dict)
    #: what makes the code that makes what is shown
    code: Callable[[], str] | None = None
    #: what names the tensors that are shown, and can be taken away
    tensors: Callable[[], Sequence[Offer]] | None = None

    @property
    def moves(self) -> bool:
        """Whether what a hand can move is moved: a browser has the scripts for it, and nothing is covered."""
        still = predict.covered(self.state, self.page) or self.state.presents
        return browser.SERVED and not still

    def html(self, words: str, write: Callable[[str], object] = st.html) -> None:
        """Show HTML of our own, by ``write`` where the work that it is the result of showed its progress."""
        write(words)
        self.shown.append(words)

    def ask(self, asked: Sequence[Asked]) -> None:
        """Have this asked if the result waits; once it is revealed, say how far off a guess was."""
        self.asked = asked
        if words := guesses.said(asked, self.guesses, self.t):
            self.html(words)

    @property
    def guesses(self) -> Guesses:
        """What was guessed of what is shown."""
        return predict.guessed(self.state, self.page)

    @property
    def guess(self) -> Guess:
        """What is drawn of that over a histogram."""
        return guesses.drawn(self.asked, self.guesses)

    def why(self, cause: str, onward: Onward | None) -> None:
        """Say why the finding is so, and lead on to what to try next, if not past a menu that is hidden."""
        if onward is not None and onward.page != self.page and "menu" in self.state.hidden:
            onward = None
        if not cause and onward is None:
            return
        with st.container(key="why", horizontal=True, vertical_alignment="center"):
            if cause:
                self.html(cause)
            if onward is not None:
                st.page_link(PAGES[onward.page], label=onward.label, query_params=dict(onward.query))

    def aside(self, words: str, write: Callable[[str], object] = st.html) -> None:
        """Show HTML that the page alone needs, such as what can be done here; no report has it."""
        write(words)

    def script(self, code: str, *, height: int | None = None, wrap: bool = False) -> None:
        """Show code; a report has the page's own by ``code``."""
        st.code(code, language="python", height="content" if height is None else height, wrap_lines=wrap)

    def listing(self, text: str, height: int | None = None) -> None:
        """Show text as a program printed it, scrolled to beyond ``height`` pixels if that is given."""
        st.code(text, language=None, height="content" if height is None else height)
        self.shown.append(f"<pre>{escape(text)}</pre>")

    def formula(self, markdown: str, marked: str = "") -> None:
        """Show a formula; on the page, if it is given, as ``marked``, where what can be moved is coloured."""
        st.markdown(marked or markdown)
        self.shown.append(Formula(markdown))

    def plot(self, draw: Picture, alt: str, *, key: str = "chart", height: int = 460) -> None:
        """Show the chart that ``draw`` draws, with its description ``alt``.

        It is as high as the style sheet says for ``key``, or else as the chart or ``height`` does, in pixels.
        """
        self._draw(draw, alt, key, height)
        self.shown.append(Chart(draw, alt))

    def sketch(self, draw: Picture, alt: str, *, key: str) -> None:
        """Show a chart until this run shows its last one under this key, which takes its place."""
        self.sketched[key] = self._draw(draw, alt, key, height=460)

    def _draw(self, draw: Picture, alt: str, key: str, height: int) -> Any:
        """Draw a chart where its sketch stands, or else here; return its place."""
        chart = draw(self.look)
        layout = chart.to_dict()["layout"]  # chart.layout would make Plotly's objects of it
        if self.live:  # the browser knows by it which chart stands
            layout["meta"] = self.live["token"]
        own = layout.get("height")
        high = round(own or height * self.look.times)
        given: dict[str, Any] = {
            "height": "stretch",
            "theme": None,
            "config": {"displayModeBar": False},
            "alt": alt,
        }
        if key in self.sketched:
            return self.sketched.pop(key).plotly_chart(chart, **given)
        with st.container(key=key, height=high, border=False):
            return st.plotly_chart(chart, **given)

"""The lesson, replayed stop by stop: its code, what it prints, and how that sits in its law."""

from collections.abc import Callable, Sequence

import plotly.graph_objects as go
import streamlit as st

from core import SCHEMES, Question
from core.code.network import network_code
from core.networks.network import LESSON
from core.teaching.lesson import SQRT5
from core.weights.draw import Draw
from pages.figures.compare import multiples
from pages.figures.distribution import unnamed, weights
from pages.figures.model import drawing
from pages.figures.palette import Palette
from pages.figures.sketch import Guess
from pages.jobs import distribution, lesson
from pages.jobs import model as model_jobs
from pages.lecture import stops
from pages.shell.frame import Frame, Offer
from pages.shell.page import show
from pages.state.controls import PAGES
from pages.state.link import link_with
from pages.state.set_by_button import fill, is_old, place
from pages.text import Text, sentences
from pages.widgets import audit, controls, questions
from pages.words import asks, common, lesson_moving
from pages.words import lesson as words
from pages.words import lesson_questions as asked
from pages.words import model as model_words

#: Pixels of the slope's chart, above what it is held against.
SLOPE_HEIGHT = 252
#: Pixels of the network's code, and of what it prints; the rest is scrolled to.
LISTING = 182
#: What the slope's slider stops at.
SLOPES = (*(tenth / 10 for tenth in range(23)), SQRT5)


def body(frame: Frame) -> None:
    """Show one stop of the lesson; what it prints may wait until it was predicted."""
    t, state = frame.t, frame.state
    stops.arrive(state)
    with st.sidebar:
        _controls(frame)
    with st.container(key="stops", horizontal=True, vertical_alignment="center"):
        frame.html(words.context(state, t))
        stops.turn(state, t)
    special: dict[str, Callable[[Frame], None]] = {
        "sqrt5": _why_sqrt5,
        "network": _network,
        "closing": _closing,
        "questions": _questions,
    }
    special.get(state["step"], _step)(frame)


def _controls(frame: Frame) -> None:
    t, state = frame.t, frame.state
    controls.show(state, "step", t)
    if state["step"] in {"closing", "questions"}:
        return
    controls.seed(state, t)
    frame.aside(f"<div data-lab-old>{common.folded(words.seed_hint(state, t), t, t('note.seed'))}</div>")
    if state["step"] == "sqrt5":
        controls.pair(state, ("fan_in", "fan_out"), t)
    controls.show(state, "predict", t)


def _step(frame: Frame) -> None:
    """Show a step's cell and, unless that is to be predicted first, what it prints and draws."""
    t, state, key = frame.t, frame.state, frame.state["step"]
    step, tensors = lesson.replayed(state["seed"])[key]
    numbers = words.facts(tensors)
    hidden = stops.hidden(state)
    said = stops.question(key, t) if hidden else t(f"lesson.{key}.headline", **numbers)
    frame.html(common.headline(said))
    frame.ask(asks.lesson(key, tensors, t))
    if not hidden:
        frame.code = lambda: step.code
        frame.tensors = lambda: [Offer.of(*named) for named in step.tensors]
    with st.container(key="lesson", horizontal=True, gap="medium"):
        with st.container(key="cell"):
            frame.script(step.cell)
            if not hidden:
                frame.listing("\n".join(shown.printed for shown in tensors))
                frame.html(words.note(key, t, **numbers))
                _download(frame, step.code)
        if hidden:
            stops.ask(state, frame.asked, t)
        else:
            with st.container(key="seen"):
                frame.live = lesson_moving.told_of_step(tensors, state, t) if frame.moves else None
                alt = sentences(words.alt(tensors, t), said)
                frame.plot(lambda look: _drawn(tensors, t, look, frame.guess), alt)
                _ways(frame, tensors)


def _drawn(tensors: Sequence[lesson.Shown], t: Text, look: Palette, guess: Guess) -> go.Figure:
    """Draw a step's tensor, or its tensors one below the other."""
    if len(tensors) == 1:
        return weights(tensors[0].summary, tensors[0].law, t, look, guess=guess)
    return multiples(words.panels(tensors, t), t, look, height=400)


def _ways(frame: Frame, tensors: Sequence[lesson.Shown]) -> None:
    """Lead from a step to the distribution page, and say how its chart is read."""
    t, state = frame.t, frame.state
    with st.container(key="ways", horizontal=True):
        for shown in tensors:
            label = t("lesson.open", name=t(f"scheme.{shown.scheme}.name"))
            query = words.link_to_scheme(state, shown.scheme)
            st.page_link(PAGES["distribution"], label=label, query_params=query)
    if tensors[0].law.random:
        few = t("lesson.few", n=tensors[0].summary.n)
        frame.html(common.folded(sentences(few, t("lesson.open_note")), t))


def _download(frame: Frame, code: str) -> None:
    """Give a stop's code as a file that runs as it is."""
    name = f"{frame.state['step']}.py"
    st.download_button(frame.t("lesson.download"), code, name, "text/x-python", key="py", on_click="ignore")


def _why_sqrt5(frame: Frame) -> None:
    t, state = frame.t, frame.state
    a, shape = state["slope"], (state["fan_out"], state["fan_in"])
    frame.asked = asks.slope(t)
    if stops.hidden(state):
        frame.aside(common.headline(stops.question("sqrt5", t)))
        stops.ask(state, frame.asked, t)
        return
    bins = lesson.SLOPE_BINS
    draws = lesson.sloped(state, a), Draw("classic_uniform", shape, seed=state["seed"])
    drawn, own = (distribution.job(draw, bins).result() for draw in draws)
    frame.tensors = lambda: [Offer.drawn(f"{draw.key}.weight", draw) for draw in draws]
    finding = words.slope_finding(a, drawn.law, shape[1], t)
    frame.html(common.headline(finding))
    frame.ask(frame.asked)
    panels = words.slope_panels(a, drawn, own, t)
    live = lesson_moving.told(draws, (drawn, own), state, t) if frame.moves else None
    marked, names = lesson_moving.marked(a, shape[1], frame.look) if live else ("", [])
    frame.formula(words.slope_formula(a, shape[1]), marked)
    frame.live = live and live | {"formula": names}
    _slider(frame)
    widest = SCHEMES["kaiming_uniform"].law(shape)
    frame.plot(
        lambda look: multiples(panels, t, look, height=SLOPE_HEIGHT, reach=[widest]),
        sentences(t("lesson.sqrt5.alt", a=words.slope_name(a)), finding),
        key="sloped",
        height=SLOPE_HEIGHT,
    )
    with st.container(key="told", horizontal=True, gap="medium"):
        frame.html(words.own_table(lesson.defaults(state["seed"]), t))
        frame.html(words.note("sqrt5", t))


def _slider(frame: Frame) -> None:
    """Show the slope as a slider, which has a stop at the link's own value too."""
    t, state = frame.t, frame.state

    def moved() -> None:
        if not is_old("slid"):
            place(slope=repr(st.session_state["slid"]))

    fill(slid=state["slope"])
    st.select_slider(
        t("control.slope"),
        sorted({*SLOPES, state["slope"]}),
        key="slid",
        format_func=words.slope_name,
        on_change=moved,
        disabled="slope" in state.fixed,
    )
    controls.refusal(state, "slope", t)


def _network(frame: Frame) -> None:
    t, state = frame.t, frame.state
    run, hidden = lesson.network_run(state), stops.hidden(state)
    code = network_code(LESSON, seed=state["seed"], batch=run.batch, data_seed=run.data_seed)
    frame.code = lambda: code
    if not hidden:
        frame.tensors = lambda: [Offer.of(*named) for named in model_jobs.tensors(run, inner=False).items()]
    said = stops.question("network", t) if hidden else t("lesson.network.headline")
    frame.html(common.headline(said))
    frame.ask(asks.parameters(LESSON.size, t))
    with st.container(key="lesson", horizontal=True, gap="medium"):
        with st.container(key="cell"):
            frame.script(code, height=LISTING)
            if not hidden:
                with st.container(key="listing"):
                    frame.listing(words.printed(run), LISTING)
                frame.html(words.note("network", t))
                _download(frame, code)
        if hidden:
            stops.ask(state, frame.asked, t)
            return
        with st.container(key="seen"):
            ran = model_jobs.ran(run)
            columns = model_words.columns(ran, model_jobs.traced(run, 1), LESSON, 1, t)
            frame.plot(
                lambda look: drawing(columns, t, look),
                model_words.alt(LESSON, model_words.finding(ran, LESSON, t), t),
            )
            with st.container(key="ways", horizontal=True):
                for label, query in (
                    ("open_model", link_with(seed=state["seed"])),
                    ("open_printed", link_with(weights="printed")),
                ):
                    st.page_link(PAGES["model"], label=t(f"lesson.{label}"), query_params=query)
                audit.way(run, t)


def _closing(frame: Frame) -> None:
    t = frame.t
    frame.html(common.headline(t("lesson.closing.headline")) + words.closing(t))


def _questions(frame: Frame) -> None:
    """Show one question; judge its answer, and then show what it was made of."""
    t, state = frame.t, frame.state
    of = lesson.asked(state["quiz"])[state["question"] - 1]
    frame.html(common.headline(asked.question(of, t)))
    given = questions.answer(state, of, t)
    shown = given is not None or questions.given_up(state)
    if shown:
        frame.html(asked.verdict(of, given, t))
    with st.container(key="onward", horizontal=True, vertical_alignment="center"):
        if not shown:
            questions.give_up(state, t)
        if "quiz" not in state.fixed:
            questions.more(state, t, answered=shown)
        if shown:
            tally = questions.score(state, right=given is not None and of.right(given))
            frame.html(asked.score(*tally, t))
    if of.scheme and (shown or of.choices):
        _asked(frame, of, given, shown=shown)


def _asked(frame: Frame, of: Question, given: str | float | None, *, shown: bool) -> None:
    """Show a question's weights: with their law, and the one that was answered, once it is answered."""
    t, draw = frame.t, Draw(of.scheme, of.shape, seed=of.seed)
    drawn = distribution.job(draw, lesson.SLOPE_BINS).result()
    frame.tensors = lambda: [Offer.drawn("weight", draw)]
    guess = asked.guess(of, given, t)
    alt = sentences(t("quiz.alt"), asked.answer(of, t) if shown else "", asked.guessed(guess, t))
    with st.container(key="judged" if shown else "asked"):
        if shown:
            frame.plot(lambda look: weights(drawn.summary, drawn.law, t, look, overlay=guess), alt)
        else:
            frame.plot(lambda look: unnamed(drawn.summary, drawn.law, t, look), alt)


show("lesson", body)

"""What a link or a text gives and nothing reads: a sentence each, so that no choice is lost unseen."""

from collections.abc import Iterator

from core import SCHEMES
from core.weights.parameters import Value
from core.weights.spelling import written_parameters
from pages.state.chosen import State, is_read
from pages.state.controls import TABLE, default_of
from pages.state.parsers import Refused
from pages.state.session import session
from pages.text import Text
from pages.text.numbers import quantity
from pages.words import refusals


def sentences(state: State, t: Text) -> list[str]:
    """Return a sentence for each choice that has no effect, and one where a link's is read in another way."""
    words = []
    if _as_linked(state):
        words += [_twice(state, name, t) for name in session().twice]
        lost = (name for name in state.linked if name in state.idle and _chosen(state, name))
        words += [refusals.idle(state, name, state.linked[name], t) for name in lost]
        if _slope_alone(state):
            words.append(t("refused.slope_read", was=state.linked["a"]))
    for scheme, params in _texts(state):
        own = SCHEMES[scheme].params if scheme in SCHEMES else {}
        given, entry = {**own, **dict(params)}, f"{scheme}({written_parameters(params)})"
        for name, value in params:
            if not is_read(name, given) and value != own.get(name):
                was = quantity(float(value), trim=True)
                words.append(refusals.unread(name, was, given, t, entry=entry))
    return words


def _twice(state: State, name: str, t: Text) -> str:
    """Say which of several values of a link is read."""
    title, was = refusals.title(state, name, t), state.linked[name][:60]
    return t("refused.twice", name=title, was=was)


#: What decides whether another choice has an effect.
_DECIDE = ("scheme", "nonlinearity", "role", "stack", "layer", "bias", "weights", "data")


def _as_linked(state: State) -> bool:
    """Tell whether the choices are still the link's, where they decide over others."""
    here = tuple(state[name] for name in _DECIDE)
    if state.arrived:
        session().decided = here
    return session().decided == here


def _chosen(state: State, name: str) -> bool:
    """Tell whether a link's value is one that the control takes, and not its default."""
    scheme = str(state["scheme"])
    try:
        return TABLE[name].parse(state.linked[name]) != default_of(name, scheme)
    except Refused:
        return False  # which is said already


def _slope_alone(state: State) -> bool:
    """Tell whether a link gave a slope and no nonlinearity, and leaky_relu was taken for that."""
    alone = {"a"} <= state.linked.keys() and "nonlinearity" not in state.linked
    return alone and state["nonlinearity"] == "leaky_relu" and "a" in state.params and bool(state["a"])


def _texts(state: State) -> Iterator[tuple[str, tuple[tuple[str, Value], ...]]]:
    """Yield the schemes that a page has as text, with their parameters."""
    if "rows" in state.names:
        yield from ((entry.scheme, entry.params) for entry in state.comparison.entries)
    if "net" in state.names:
        yield from ((dense.scheme, dense.params) for dense in state.network.layers)

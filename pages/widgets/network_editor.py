"""The editor of a network: a card for each layer, over the one line of text that holds them all.

What is typed into a card changes the control ``net`` as soon as it can be read. Until then it stays in
its field, with a sentence below it, and the network keeps what it had.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from core import SCHEMES, InitLabError, Network, ParameterError
from core.networks.network import BIASES, FOLLOWS, LESSON, LINEAR_SCHEMES, MAX_LAYERS, MAX_UNITS, Dense
from core.weights.spelling import parameters_of, written_parameters
from pages.state.chosen import State
from pages.state.parsers import network_of, outside
from pages.state.session import session
from pages.state.set_by_button import fill, is_old, place, standing
from pages.text import Text
from pages.text.numbers import count
from pages.widgets import cards, controls
from pages.words import refusals

#: What a card's field is, and of which layer: 0 is the input.
Place = tuple[str, int]


def editor(state: State, t: Text) -> None:
    """Show the drawer with the layers, and the way back to the lesson's network."""
    if "net" in state.fixed:  # as one line that nobody can change, or not at all
        controls.show(state, "net", t)
        return

    def shown() -> bool:
        network = _asked()
        _units(0, network.inputs, t("layers.inputs"), t)
        for at, (name, dense) in enumerate(zip(network.names, network.layers, strict=True), start=1):
            _card(at, name, dense, network, t)
        return len(network.layers) == MAX_LAYERS

    opened = cards.drawer(state, "net", t, key="layers", words="layers", cards=shown, add=_add)
    if not opened and _wrong():  # below the drawer: what is in it cannot be seen
        st.html(refusals.alert(t("layers.wrong")))
    if "net" in state.refusals and "net" not in state.said:  # the drawer is closed
        controls.refusal(state, "net", t)
    if state.network != LESSON:
        st.button(t("layers.lesson"), key="lesson", on_click=_lesson, width="stretch")


def _card(at: int, name: str, dense: Dense, network: Network, t: Text) -> None:
    """Show a layer: units, what follows and scheme; the rest behind a button."""
    st.html(f'<p class="lab-group lab-plain">{name}</p>')
    with st.container(horizontal=True, wrap=False):
        _units(at, dense.units, t("layers.units"), t, beside=True)
        _choose("activation", at, dense.activation, FOLLOWS, t)
    _refused("units", at, str(dense.units), t)
    _choose("scheme", at, dense.scheme, LINEAR_SCHEMES, t)
    with st.popover(t("layers.more"), key=f"more_{at}", width="stretch"):
        _choose("bias", at, dense.bias, BIASES, t)
        if SCHEMES[dense.scheme].params:
            _parameters(at, dense, t)
        last = len(network.layers)
        with st.container(horizontal=True):
            for key, order, off in (
                ("up", _swapped(last, at - 1), at == 1),
                ("down", _swapped(last, at), at == last),
                ("remove", [k for k in range(1, last + 1) if k != at], last == 1),
            ):
                label = t(f"layers.{key}")
                st.button(label, key=f"{key}_{at}", on_click=_rearrange, args=(order,), disabled=off)


def _units(at: int, units: int, label: str, t: Text, *, beside: bool = False) -> None:
    """Show a field for a number of units; ``beside`` another, which the sentence must not part."""
    _field("units", at, str(units), label)
    if not beside:
        _refused("units", at, str(units), t)


def _parameters(at: int, dense: Dense, t: Text) -> None:
    """Show the scheme's parameters as one line of code."""
    defaults = cards.defaults_of(dense.scheme)
    _field("params", at, written_parameters(dense.params), t("layers.params"), placeholder=defaults)
    _refused("params", at, written_parameters(dense.params) or defaults, t, scheme=dense.scheme)


def _field(what: str, at: int, value: str, label: str, placeholder: str = "") -> None:
    """Show what was typed last, or the value in force."""
    fill(**{f"{what}_{at}": _wrong().get((what, at), value)})
    st.text_input(
        label, key=f"{what}_{at}", max_chars=60, on_change=_typed, args=(what, at), placeholder=placeholder
    )


def _choose(what: str, at: int, value: str, options: Sequence[str], t: Text) -> None:
    def label(key: str) -> str:
        if what == "scheme":
            return t(f"scheme.{key}.name")
        return t(f"layers.{what}_{key}") if what == "bias" or key == "linear" else key

    fill(**{f"{what}_{at}": value})
    st.selectbox(
        t(f"layers.{what}"),
        options,
        key=f"{what}_{at}",
        format_func=label,
        on_change=_chosen,
        args=(what, at),
        filter_mode=None,
    )


def _refused(what: str, at: int, used: str, t: Text, scheme: str = "") -> None:
    """Say below a field why what stands in it is not used."""
    was = _wrong().get((what, at))
    if was is None:
        return
    facts: dict[str, Any] = {"was": was, "used": used}
    if what == "units":
        words = t("refused.whole", name=t("layers.units"), low=1, high=count(MAX_UNITS), **facts)
    else:
        words = _parameters_refused(scheme, was, used, t)
    st.html(refusals.alert(words))


def _parameters_refused(scheme: str, was: str, used: str, t: Text) -> str:
    row = SCHEMES[scheme]
    try:
        parameters_of(scheme, was)
    except ParameterError as error:
        name = error.facts.get("name", "")
        if error.code == "parameter.number":
            refusal = outside(row.domain(name)).refusal
            facts = {**refusal.facts, "was": error.facts["value"], "used": used}
            return refusals.worded(refusal.code, facts, name, t)
        if error.code == "parameter.choice":
            facts = {"options": ", ".join(error.facts["choices"]), "was": error.facts["value"], "used": used}
            return refusals.worded("choice", facts, name, t)
        if error.code == "parameter.order":
            return refusals.worded("order", {**error.facts, "used": used}, name, t)
    facts = {"takes": cards.defaults_of(scheme), "was": was, "used": used}
    return t("refused.parameter_text", scheme=t(f"scheme.{scheme}.name"), **facts)


def _asked() -> Network:
    """Return the network that was asked for, or the one in force where that cannot be read."""
    try:
        return network_of(standing("net"))
    except (InitLabError, KeyError):
        return network_of(str(session().good["net"]))


def _wrong() -> dict[Place, str]:
    """Return what was typed into cards and cannot be read."""
    now, net = session(), standing("net")
    if now.wrong_in != net:  # the cards are another network's now
        now.wrong, now.wrong_in = {}, net
    return now.wrong


def _typed(what: str, at: int) -> None:
    if is_old(key := f"{what}_{at}"):
        return
    raw, network = st.session_state[key], _asked()
    try:
        if what == "params":
            _change(network, at, params=parameters_of(network.layers[at - 1].scheme, raw))
        else:
            units = int(raw) if re.fullmatch(r"\s*\d{1,9}\s*", raw, re.ASCII) else 0
            if at == 0:
                _put(replace(network, inputs=units))
            else:
                _change(network, at, units=units)
    except InitLabError:
        _wrong()[what, at] = raw
    else:
        _wrong().pop((what, at), None)


def _chosen(what: str, at: int) -> None:
    if is_old(key := f"{what}_{at}"):
        return
    change: dict[str, Any] = {what: st.session_state[key]}
    if what == "scheme":  # parameters belong to a scheme
        change["params"] = ()
        _wrong().pop(("params", at), None)
    _change(_asked(), at, **change)


def _change(network: Network, at: int, **change: Any) -> None:
    """Put the network in force with one layer changed."""
    layers = list(network.layers)
    layers[at - 1] = replace(layers[at - 1], **change)
    _put(replace(network, layers=tuple(layers)))


def _put(network: Network) -> None:
    """Put a network into the control; what is typed wrongly into its cards stays there."""
    wrong = _wrong()
    session().wrong_in = str(network)
    place(net=str(network))
    session().wrong = wrong


def _swapped(last: int, at: int) -> list[int]:
    """Return the layers' order with ``at`` and the next in each other's place."""
    return [{at: at + 1, at + 1: at}.get(k, k) for k in range(1, last + 1)]


def _rearrange(order: Sequence[int]) -> None:
    """Put the layers in this order of their old places, with what is typed in their cards."""
    network = _asked()
    wrong = _wrong()
    _put(replace(network, layers=tuple(network.layers[k - 1] for k in order)))
    moved = {0: 0, **{old: new for new, old in enumerate(order, start=1)}}
    session().wrong = {(w, moved[at]): raw for (w, at), raw in wrong.items() if at in moved}


def _add() -> None:
    """Put a hidden layer before the last, as wide as the one before it."""
    network = _asked()
    last = len(network.layers)
    before = network.layers[-2].units if last > 1 else network.inputs
    new = Dense(before, scheme="kaiming_normal", activation="relu")
    _put(replace(network, layers=(*network.layers[:-1], new, network.layers[-1])))
    wrong = {(what, at + (at == last)): raw for (what, at), raw in _wrong().items()}
    session().wrong = wrong


def _lesson() -> None:
    _put(LESSON)
    session().wrong = {}

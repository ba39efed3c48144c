"""The headline of each view of a network, its cause, and what to look at next."""

import math
from collections.abc import Callable, Mapping

from pages.jobs import model as jobs
from pages.jobs.model import NetworkRun, Ran
from pages.state.chosen import State
from pages.state.controls import VERSION
from pages.text import Text, sentences
from pages.text.numbers import count, quantity
from pages.words import common, model, model_parameters
from pages.words.common import Onward

#: Outputs that a headline names; of more, the largest.
NAMED = 4
#: view → the view that answers what one asks next
_FOLLOWING = {"network": "forward", "forward": "backward", "counting": "parameters", "parameters": "backward"}


def headline(asked: NetworkRun, run: Ran, state: State, t: Text) -> str:
    """Return what the open view finds."""
    views: Mapping[str, Callable[[], str]] = {
        "network": lambda: _outputs(asked, state, t),
        "forward": lambda: model.output(run, t),
        "counting": lambda: model.finding(run, state.network, t),
        "parameters": lambda: model_parameters.sits(jobs.parameters(asked)[0], t),
        "backward": lambda: model_parameters.learns(*jobs.gradients(asked, state.labels), t),
        "code": lambda: t("model.code_finding", total=count(run.size)),
    }
    return views[state["part"]]()


def _outputs(asked: NetworkRun, state: State, t: Text) -> str:
    """Say what the followed row becomes."""
    out = jobs.traced(asked, state["sample"])[-1].a.tolist()
    row = count(state["sample"])
    if len(out) <= NAMED:
        values = t("verdict.and").join(quantity(value, value, 3) for value in out)
        return t("model.comes_out", row=row, values=values)
    known = [value for value in out if math.isfinite(value)]
    if not known:
        return t("model.comes_out_broken", row=row)
    largest = max(known)
    facts = {"row": row, "n": count(state.network.outputs), "unit": count(out.index(largest) + 1)}
    key = "model.comes_out_largest" if len(out) == state.network.outputs else "model.comes_out_shown"
    return t(key, value=quantity(largest, largest, 3), shown=count(len(out)), **facts)


def outcome_template(state: State, t: Text) -> str:
    """Return what a row comes out as, with {values}, or {unit} and {value} of the largest, where they go."""
    n = state.network.outputs
    facts = {"row": count(state["sample"]), "n": count(n)}
    if n <= NAMED:
        return t("model.comes_out", values="{values}", **facts)
    return t("model.comes_out_largest", unit="{unit}", value="{value}", **facts)


def cause(asked: NetworkRun, run: Ran, state: State, t: Text) -> str:
    """Return why the open view finds what it does; '' where the view itself says it."""
    if state["part"] == "network":
        last = run.steps[-1].kind
        every = t("model.why_unit")
        return common.cause(sentences(every, t("model.why_softmax") if last == "softmax" else ""))
    if state["part"] == "backward":
        rows = jobs.gradients(asked, state.labels)[1]
        dead = any(row.weight_norm == 0 for row in rows)
        return common.cause(t("gradient.why_dead" if dead else "gradient.why"))
    return ""


def onward(state: State, t: Text) -> Onward | None:
    """Lead on to the view that comes next; from the last one, to what depth does."""
    part = state["part"]
    if part in _FOLLOWING and "part" not in state.fixed:
        query = {"v": VERSION, **state.query(), "part": _FOLLOWING[part]}
        return Onward(t(f"onward.{_FOLLOWING[part]}"), "model", query)
    return Onward(t("onward.deep"), "signal", {}) if part == "backward" else None

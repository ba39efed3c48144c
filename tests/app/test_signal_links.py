"""Any link of the signal page opens, any walk through its controls stands, and links bring it back."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

import core.signals.trace
from core.signals.trace_run import SignalTrace
from pages.state.controls import TABLE
from tests.support.plain_signal import FILLS
from tests.support.screen import few, opened, query, refusals, stands
from tests.support.signal_page import EN, SMALL, forget_runs, opened_small, words_of

pytestmark = pytest.mark.usefixtures("typed_choices")

texts = st.text(max_size=12)
formulas = st.sampled_from(["tanh", "z^3", "sin(z", "cos(1e9*z)", "abs(z)", "exp(z)", "1e-30*z", "<b>", ""])
entries = st.sampled_from(
    [*FILLS, "dirac", "sparse", "eye.3x3", "normal(std=1e4)", "ones", "uniform(a=-1)", "normal(", "x", ""]
)
sizes = st.sampled_from(["1", "2", "5", "0", "-1", "x", "9"])
options = {
    name: st.sampled_from([*TABLE[name].options, "x"])
    for name in ("bias", "input", "measure", "picture", "between", "sight", "dtype", "device", "lang")
}
links = st.fixed_dictionaries(
    {"depth": sizes, "width": sizes, "seeds": sizes, "samples": sizes},
    optional={
        "activation": formulas | texts,
        "rows": st.lists(entries, max_size=9).map("-".join),
        "seed": st.sampled_from(["0", "4294967295", "4294967296"]),
        "sigma_b": st.sampled_from(["0", "1e3", "-1", "nan"]),
        "input_scale": st.sampled_from(["1e-6", "1e6", "0", "inf"]),
        "fan_in": texts,
        **options,
    },
)


@few
@given(link_=links)
def test_any_link_opens(link_: dict[str, str]) -> None:
    with _small():
        app = opened_small(**link_)
        stands(app)
        again = opened_small(**{**dict.fromkeys(SMALL, ""), **_sizes(app), **query(app)})
        assert query(again) == query(app)
        assert refusals(again) == [] or {"device"} & set(link_)


@few
@given(
    moves=st.lists(
        st.one_of(
            st.tuples(st.just("activation"), formulas),
            st.tuples(st.just("rows"), st.lists(entries, min_size=1, max_size=3).map("-".join)),
            st.tuples(st.sampled_from(["depth", "width", "seeds", "samples"]), sizes),
            *(
                st.tuples(st.just(name), st.sampled_from(TABLE[name].options))
                for name in ("sight", "measure", "bias", "dtype", "input", "picture", "between")
            ),
        ),
        min_size=2,
        max_size=5,
    )
)
def test_any_walk_through_the_controls_stands(moves: list[tuple[str, str]]) -> None:
    with _small():
        app = opened_small()
        for name, value in moves:
            app.session_state[name] = value
            app.run()
            stands(app)


def _sizes(app: AppTest) -> dict[str, str]:
    return {name: query(app).get(name, str(TABLE[name].default)) for name in SMALL}


@contextlib.contextmanager
def _small() -> Iterator[None]:
    """Let no run have more than a few units, whatever it was asked for."""
    with pytest.MonkeyPatch.context() as patch:
        real = core.signal.trace

        def small(scheme: str, activation: str, **given: Any) -> SignalTrace:
            given = {**given, "width": min(given["width"], 9), "batch": min(given["batch"], 5)}
            return real(scheme, activation, **{**given, "seeds": given["seeds"][:3]})

        patch.setattr(core.signal, "trace", small)
        try:
            yield
        finally:
            forget_runs()  # these were not what was asked for


def test_a_link_reproduces_the_page() -> None:
    app = opened_small(
        activation="tanh", rows="orthogonal-normal(std=0.5)-zeros", bias="torch", dtype="float64"
    )
    app.text_input(key="depth").set_value("11").run()
    app.button(key="redraw").click().run()
    app.session_state["sight"] = "gradient"
    app.run()
    assert query(app) == {
        "v": "1",
        **SMALL,
        "depth": "11",
        "activation": "tanh",
        "rows": "orthogonal-normal(std=0.5)-zeros",
        "bias": "torch",
        "dtype": "float64",
        "seed": "41",
        "sight": "gradient",
    }
    again = opened("signal", **query(app))
    assert again.get("plotly_chart")[0].proto.spec == app.get("plotly_chart")[0].proto.spec
    assert words_of(again) == words_of(app)
    assert query(again) == query(app)


def test_what_no_run_reads_is_no_part_of_the_link() -> None:
    assert "sigma_b" not in query(opened_small(sigma_b="3"))
    assert query(opened_small(sigma_b="3", bias="normal"))["sigma_b"] == "3"
    sentences = refusals(opened_small(fan_in="3"))
    assert sentences == [EN("refused.unknown", was="fan_in")]

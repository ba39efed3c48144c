"""The signal page runs a network once for all who ask for it, and as it says."""

import re

import numpy as np
import pytest
import torch

from pages.state.controls import SIGHTS
from tests.support.plain_signal import LESSON
from tests.support.screen import stands
from tests.support.signal_page import RUN, Counted, cells_of, curves_of, opened_small


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


def test_the_second_visitor_of_a_link_runs_nothing(counted: Counted) -> None:
    link = {"seed": "90001"}
    opened_small(**link)
    assert len(counted.calls) == 3 * 2  # the first seed of each, and the others
    for more in (
        {},
        {"lang": "zh"},
        {"measure": "preactivation_variance"},
        {"sight": "saturation"},
        {"sight": "layers"},
        {"sight": "correlation"},
        {"sight": "chaos"},
        {"sight": "code"},
    ):
        stands(opened_small(**link, **more))
    assert len(counted.calls) == 3 * 2


def test_a_visitor_who_adds_a_scheme_causes_one_run(counted: Counted) -> None:
    app = opened_small(seed="90002")
    assert sorted(scheme for scheme, _ in counted.calls) == sorted(2 * [*LESSON])
    app.session_state["schemes"] = True
    app.run()
    app.button(key="add").click().run()
    stands(app)
    assert [scheme for scheme, _ in counted.calls[6:]] == 2 * ["kaiming_uniform"]
    # so does one who takes it away again, or puts them in another order: none
    opened_small(seed="90002", rows="kaiming_normal-kaiming_uniform")
    assert len(counted.calls) == 8


def test_what_needs_no_run_causes_none(counted: Counted) -> None:
    for sight in set(SIGHTS) - set(RUN):
        stands(opened_small(sight=sight, seed="90003"))
    assert counted.calls == []


def test_a_run_is_asked_for_what_the_page_says(counted: Counted) -> None:
    opened_small(
        seed="4294967295",
        activation="tanh",
        rows="normal(std=0.02)",
        bias="normal",
        sigma_b="0.25",
        input="pixels",
        input_scale="2",
        dtype="bfloat16",
        sight="gradient",
    )
    assert [scheme for scheme, _ in counted.calls] == ["normal", "normal"]
    first, others = (given for _, given in counted.calls)
    for given in (first, others):
        assert given.pop("progress")
        assert given.pop("mean", 0) == 0
    assert first.pop("seeds") + others.pop("seeds") == [2**32 - 1, 0]  # after the last comes the first
    assert first == others
    assert first == {
        "depth": 7,
        "width": 12,
        "batch": 3,
        "bias": 0.25,
        "input": "pixels",
        "input_scale": 2.0,
        "device": "cpu",
        "dtype": torch.bfloat16,
        "backward": True,
        "std": 0.02,
    }


def test_there_and_back_the_numbers_are_the_same() -> None:
    app = opened_small()
    before = curves_of(app)
    for sight in ("gradient", "figures", "saturation", "forward"):
        app.session_state["sight"] = sight
        app.run()
        stands(app)
        if sight == "figures":
            shown = [[re.sub("<br>.*", "", cell) for cell in row] for row in cells_of(app).values()]
    np.testing.assert_array_equal(curves_of(app), before)
    layers = (1, 2, 3, 5, 7)
    for row, layer in zip(shown, layers, strict=True):
        assert [float(cell) for cell in row] == pytest.approx(
            [course[layer - 1] for course in before], rel=6e-4
        )

"""What a browser is told of a network's drawing: enough to draw it, and little."""

import json
from base64 import b64decode
from typing import Any

import pytest
import torch

from core import Net
from core.networks.network import LESSON
from pages.figures.palette import LIGHT
from pages.jobs import model as jobs
from pages.state.chosen import State
from pages.state.controls import TABLE
from pages.text import Text
from pages.words import model as words
from pages.words import model_moving

EN = Text("en")
WIDE = "64-64.kaiming_normal.relu-64.xavier_normal.tanh-10.softmax"


def _told(**chosen: Any) -> dict[str, Any] | None:
    state = State({name: control.default for name, control in TABLE.items()} | chosen, "model")
    run = jobs.asked(state)
    columns = words.columns(
        jobs.ran(run), jobs.traced(run, state["sample"]), state.network, 1, EN, state.edits
    )
    return model_moving.told(run, columns, state, LIGHT, EN)


def _sent(told: dict[str, Any] | None) -> torch.Tensor:
    assert told is not None
    return torch.frombuffer(bytearray(b64decode(told["given"])), dtype=torch.float32)


def test_of_a_large_network_no_weight_is_sent() -> None:
    told = _told(net=WIDE)
    assert told is not None
    assert told["given"] is None
    assert [layer["law"]["family"] for layer in told["layers"][:2]] == ["normal", "normal"]
    assert told["layers"][2]["law"] is None  # nn.Linear's own
    assert len(json.dumps(told)) < 5000


@pytest.mark.parametrize("scheme", ["orthogonal", "trunc_normal", "sparse", "eye"])
def test_what_the_browser_cannot_draw_is_sent_as_drawn(scheme: str) -> None:
    told = _told(net=f"4-6.{scheme}.relu-3", seed=5, edits="w1.1.1=9")
    net = Net(State({"net": f"4-6.{scheme}.relu-3"}).network, seed=5)
    assert torch.equal(_sent(told), torch.cat([p.detach().flatten() for p in net.parameters()]))
    assert told is not None
    assert told["edits"] == [[[1, 1, 1], 9.0]]


def test_the_lesson_s_printed_weights_are_sent() -> None:
    assert _sent(_told(weights="printed"))[0] == pytest.approx(-6.7921e-01)


def test_the_row_is_as_it_was_drawn() -> None:
    told = _told(edits="x1.2=5")
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(7))
    assert told is not None
    assert told["x"] == x[0].tolist()


@pytest.mark.parametrize(
    "chosen",
    [
        {"dtype": "float64"},
        {"net": "65-2"},
        {"net": "3-65-2"},
        {"net": "64-64.orthogonal-2"},
        {"lock": "edits"},
        {"hide": "edits"},
    ],
)
def test_of_what_cannot_be_moved_nothing_is_told(chosen: dict[str, Any]) -> None:
    assert _told(**chosen) is None
    assert _told() is not None
    assert str(LESSON) == TABLE["net"].default

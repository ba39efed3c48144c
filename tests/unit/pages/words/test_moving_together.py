"""What a browser is told of panels that one hand moves is what each of their laws says of other numbers."""

import math
import re
from typing import Any

import pytest

import core
from core.weights.draw import Draw
from core.weights.referee import judge
from pages.figures.palette import DARK
from pages.jobs import distribution, lesson
from pages.state.chosen import State
from pages.state.controls import TABLE, default_of
from pages.text import Text
from pages.words import compare as words
from pages.words import compare_moving, lesson_moving
from pages.words import lesson as lesson_words

EN = Text("en")
ROWS = (
    "zeros-normal(std=0.05)-orthogonal-xavier_uniform(gain=2)-kaiming_normal-classic_uniform.200x30-uniform"
)


def _state(page: str, **chosen: object) -> State:
    values = {name: default_of(name, "kaiming_normal") for name in TABLE} | {"fan_in": 300, "fan_out": 70}
    return State(values | chosen, page)  # type: ignore[arg-type]


def _compared(**chosen: object) -> tuple[dict[str, Any] | None, list[Any]]:
    state = _state("compare", **({"rows": ROWS} | chosen))
    rows = words.compared(state, EN)
    return compare_moving.told(rows, state, EN), rows


def _width(scaling: dict[str, float], x: float) -> float:
    return float((1 + x * x if scaling["square"] else x + scaling["plus"]) ** scaling["power"])


@pytest.mark.parametrize("moved", [{"fan_in": 77}, {"fan_in": 2048}, {"fan_out": 9}, {"fan_out": 1000}])
def test_every_panel_is_as_wide_at_another_layer_as_the_browser_makes_it(moved: dict[str, int]) -> None:
    told, rows = _compared()
    assert told is not None
    known = {}
    for panel, row in zip(told["panels"], rows, strict=True):
        fans = {"fan_in": 300, "fan_out": 70} | ({} if row.entry.fans else moved)
        shape = (30, 200) if row.entry.fans else (fans["fan_out"], fans["fan_in"])
        known[row.entry.scheme] = panel["known"]
        assert panel["linear"] is not bool(row.entry.fans)
        if not panel["known"]:
            continue
        ((name, x),) = moved.items()
        wide = [_width(panel["follows"][name], y) for y in (x, told["controls"][name]["value"])]
        law = core.SCHEMES[row.entry.scheme].law(shape, **dict(row.entry.params))
        assert law.std == pytest.approx(panel["law"]["std"] * wide[0] / wide[1], rel=1e-9)
    # orthogonal's entries follow the larger side, zeros have no histogram
    assert known == {
        "zeros": False,
        "orthogonal": False,
        **dict.fromkeys(("normal", "xavier_uniform", "kaiming_normal", "classic_uniform", "uniform"), True),
    }


def test_a_handle_stands_where_the_layer_s_size_moves_an_end() -> None:
    told, rows = _compared()
    assert told is not None
    ends = {
        row.entry.scheme: {end["name"] for end in panel["ends"]}
        for panel, row in zip(told["panels"], rows, strict=True)
    }
    assert {scheme for scheme, names in ends.items() if names} == {"xavier_uniform", "kaiming_normal"}
    assert set().union(*ends.values()) == {"fan_in"}


#: Where no end follows the layer's size: its number does nothing, cannot be changed, or is each row's own.
NO_ENDS: list[dict[str, object]] = [
    {"rows": "normal-uniform"},
    {"layer": "Conv2d(3, 8, 3)"},
    {"lock": "fan_in,fan_out"},
    {"rows": "kaiming_normal.9x7"},
]


@pytest.mark.parametrize("chosen", NO_ENDS)
def test_where_no_end_follows_the_layer_the_seed_alone_moves(chosen: dict[str, object]) -> None:
    told, _ = _compared(**chosen)
    assert told is not None
    assert not any(panel["ends"] for panel in told["panels"])
    assert any(panel["drawn"] for panel in told["panels"])


@pytest.mark.parametrize("chosen", NO_ENDS)
def test_with_the_seed_locked_too_nothing_is_told(chosen: dict[str, object]) -> None:
    lock = ",".join(filter(None, ("seed", str(chosen.get("lock", "")))))
    assert _compared(**{**chosen, "lock": lock})[0] is None


def test_of_weights_that_are_no_chance_nothing_is_told() -> None:
    assert _compared(rows="zeros-ones")[0] is None


def test_the_layer_grows_no_further_than_the_page_allows() -> None:
    told, _ = _compared(rows="kaiming_normal-orthogonal")
    assert told is not None
    assert told["controls"]["fan_in"]["most"] == 2**20 // 70  # what is held whole of one scheme
    told, _ = _compared(rows="kaiming_normal-xavier_uniform-classic_uniform.1024x1024", fan_out=1024)
    assert told is not None
    assert told["controls"]["fan_in"]["most"] == (2**24 - 2**20) // 2 // 1024


def test_what_stands_above_a_panel_is_filled_from_its_law() -> None:
    told, rows = _compared()
    assert told is not None
    for panel, row, shown in zip(told["panels"], rows, words.panels(rows, EN), strict=True):
        law, band = row.drawn.law, row.drawn.law.bands[0]
        numbers = {
            "std": f"{law.std:.4g}",
            "bound": f"{band.high:.4g}",
            "low": f"{band.low:.4g}",
            "high": f"{band.high:.4g}",
        }
        said = re.sub("<[^>]+>", "", panel["title"].format(**numbers))
        assert said == f"{shown.name}  {shown.phrase}"


def _slope(a: float, **chosen: object) -> tuple[dict[str, Any], list[Any]]:
    state = _state("lesson", slope=a, step="sqrt5", **chosen)
    draws = [lesson.sloped(state, a), Draw("classic_uniform", state.shape, seed=40)]
    drawn = []
    for draw in draws:
        summary = core.summarize(draw.key, draw.shape, seed=40, bins=60, **dict(draw.params))
        drawn.append(distribution.Drawn(summary, draw.law, judge(summary, draw.law)))
    told = lesson_moving.told(draws, drawn, state, EN)
    assert told is not None
    return told, drawn


@pytest.mark.parametrize("a", [0.0, 0.3, 1.0, math.sqrt(5)])
def test_the_slope_moves_its_own_wall_and_the_layer_moves_both(a: float) -> None:
    told, _ = _slope(a)
    own, default = told["panels"]
    assert own["ends"] == [{"end": end, "name": "slope"} for end in ("low", "high")]
    assert {end["name"] for end in default["ends"]} == {"fan_in"}
    for x in (0.0, 0.7, math.sqrt(5)):
        wide = _width(own["follows"]["slope"], x) / _width(own["follows"]["slope"], a)
        assert own["law"]["high"] * wide == pytest.approx(math.sqrt(6 / ((1 + x * x) * 300)), rel=1e-12)
        assert _width(default["follows"]["slope"], x) == 1
    for panel in (own, default):
        wide = _width(panel["follows"]["fan_in"], 75) / _width(panel["follows"]["fan_in"], 300)
        assert wide == pytest.approx(2, rel=1e-12)
    assert told["comes_to"] == pytest.approx(math.sqrt(6 / ((1 + a * a) * 300)), rel=1e-12)
    assert (told["controls"]["slope"]["least"], told["controls"]["slope"]["most"]) == (0, math.sqrt(5))


@pytest.mark.parametrize("a", [0.0, 0.3, 1e-5, 2.0])
def test_the_marked_algebra_is_the_algebra_and_its_marks_are_the_numbers(a: float) -> None:
    shown, names = lesson_moving.marked(a, 300, DARK)
    assert re.sub(r"\\textcolor\{#\w+\}\{(.*?)\}", r"\1", shown).replace("}", "") == (
        lesson_words.slope_formula(a, 300).replace("}", "")
    )
    assert names == ["slope", "fan_in", "=1+slope²", "=fan_in", "="]
    marks = re.findall(r"\\textcolor\{(#\w+)\}\{(.*?)\}", shown)
    assert [color for color, _ in marks] == [DARK.law, DARK.law, DARK.ink, DARK.ink, DARK.ink]
    assert [float(text) for _, text in marks[1:]] == [
        pytest.approx(x, rel=1e-3) for x in (300, 1 + a * a, 300, math.sqrt(6 / ((1 + a * a) * 300)))
    ]


def test_at_the_root_of_five_the_algebra_is_another_and_is_not_moved() -> None:
    shown, names = lesson_moving.marked(math.sqrt(5), 300, DARK)
    assert (shown, names) == (lesson_words.slope_formula(math.sqrt(5), 300), [])

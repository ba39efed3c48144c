"""A hand on the edge of chaos: its theory is core's, and the controls are where it dropped the dot."""

import math
import random
import re
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Page, expect

from core import ACTIVATIONS
from core.signals import meanfield
from pages.jobs.signal_moving import tables
from pages.live import browser as scripts
from pages.text import Text
from tests.support.hand import LAB, held, lab, let_go, ready
from tests.support.tabs import RUNS, Visit, go, link, settled, until

CHAOS = "/signal?v=1&sight=chaos"
#: All that the page says of the dots.
SAID = """() => [document.querySelector('h1.lab-headline'), ...document.querySelectorAll('[data-lab-now]')]
    .filter(at => at.dataset.labNow !== 'here')
    .map(at => [at.dataset.labNow ?? 'headline', at.textContent])"""
#: Signs and names on the chart: what they say, and where they are within it.
SIGNS = """found => {
    const plot = document.querySelector(found)
    const { x, y } = plot.querySelector('.main-svg').getBoundingClientRect()
    const at = part => {
        const box = part.getBoundingClientRect()
        return [box.x + box.width / 2 - x, box.y - y]
    }
    const marks = [...plot.querySelectorAll('.scatterlayer .point')].map(mark => ['', at(mark)])
    const names = [...plot.querySelectorAll('.annotation-text-g:has(+ .annotation-arrow-g)')]
    return [...marks, ...names.map(name => [name.textContent, at(name.querySelector('.bg'))])]
}"""


def _held(page: Page, at: int, across: float, up: float) -> AbstractContextManager[None]:
    """Take hold of a dot and move it so many pixels across and up, in two steps; let go at the end."""
    return held(page, page.locator(".lab-dot").nth(at), (across / 2, up / 2), (across, up))


def _is_core_s(dot: dict[str, Any], activation: str, start: float) -> None:
    """A dot's numbers are those that core computes where it is."""
    given = {"sigma_w2": dot["sigma_w2"], "sigma_b2": dot["sigma_b2"]}
    begins = dot["sigma_w2"] * start + dot["sigma_b2"]
    q = meanfield.fixed_point(activation, **given, start=begins)
    assert dot["q"] == pytest.approx(q, rel=1e-5)
    if not 0 < q < math.inf:
        return
    chi1 = meanfield.chi1(activation, q, sigma_w2=dot["sigma_w2"])
    assert dot["chi"] - 1 == pytest.approx(chi1 - 1, rel=1e-3, abs=1e-9)
    if abs(chi1 - 1) > 1e-6:
        scale = meanfield.depth_scales(activation, **given, start=begins).correlation
        assert dot["deep"] == pytest.approx(6 * scale, rel=3e-3)


class Move(NamedTuple):
    """Which dot of a link is moved and how far, in pixels, and what its scheme becomes."""

    path: str
    at: int
    across: float
    up: float
    becomes: str
    activation: str = "tanh"
    #: the input's mean square
    start: float = 1.0


MOVES = [
    Move("&activation=tanh", 1, 70, 60, "xavier_normal(gain="),
    Move("&activation=tanh", 2, 40, 90, "-normal(std="),
    Move("&activation=gelu&bias=torch&width=64", 0, 60, 0, "normal(std=", "gelu"),
    Move("&activation=tanh&bias=normal&sigma_b=0.3&lang=zh&input_scale=2", 1, 50, -20, "gain=", "tanh", 4.0),
    Move("&rows=variance_scaling(scale=2.5)-orthogonal&activation=elu", 0, -60, 80, "scale=", "elu"),
    Move("&rows=xavier_uniform-zeros&activation=sin(z)*2", 0, 90, 50, "gain=", "sin(z)*2"),
    Move("&view=projector", 1, -50, 120, "gain=", "relu"),
]


@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move.path}-{move.at}")
def test_a_dot_that_is_dragged_tells_what_core_tells_and_stays_where_it_is_dropped(
    tab: Visit, move: Move
) -> None:
    page = tab(CHAOS + move.path)
    ready(page)
    before, told = RUNS[page].sent, link(page)
    with _held(page, move.at, move.across, move.up):
        shown, said = lab(page), page.evaluate(SAID)
        signs = page.evaluate(SIGNS, ".lab-moving")
        assert RUNS[page].sent == before
        assert page.locator(".lab-bubble").inner_text().startswith("σ_w²")
    let_go(page)
    assert RUNS[page].sent == before + 1
    now, after = link(page), lab(page)
    changed = {name for name in now if now[name] != told.get(name)}
    assert changed - {"bias"} == ({"rows", "sigma_b"} if move.up else {"rows"})
    assert move.becomes in now["rows"]
    for dragged, stands in zip(shown["dots"], after["dots"], strict=True):
        assert stands["sigma_w2"] == pytest.approx(dragged["sigma_w2"], rel=1e-9)
        assert stands["sigma_b2"] == pytest.approx(dragged["sigma_b2"], rel=1e-9)
        if dragged["deep"] is not None:
            _is_core_s(dragged, move.activation, move.start)
    unknown = {f"inputs_{dot['at']}" for dot in shown["dots"] if dot["deep"] is None}
    assert [each for each in page.evaluate(SAID) if each[0] not in unknown] == [
        each for each in said if each[0] not in unknown
    ]
    for (word, moved_to), (stands, place) in zip(
        signs, page.evaluate(SIGNS, ".st-key-chart .js-plotly-plot"), strict=True
    ):
        assert word == stands
        assert moved_to == pytest.approx(place, abs=1.5)


def test_the_theory_is_core_s_for_every_activation(tab: Visit) -> None:
    """χ₁ − 1 to five digits and more; ξ, where two inputs part, to two or three in a thousand."""
    page = tab(CHAOS)
    rng = random.Random(5)  # noqa: S311 - cases, and no secrets
    for key in ACTIVATIONS:
        places = [
            (
                float(f"{rng.uniform(0.02, 4):.3g}"),
                float(f"{rng.choice((0, 0.02, rng.uniform(0, 0.7))):.3g}") ** 2,
            )
            for _ in range(40)
        ]
        floors = sorted({floor for _, floor in places})
        found, edges = page.evaluate(
            """async ([folder, theory, places, floors]) => {
                const { Theory } = await import(`/${folder}/meanfield.js`)
                const known = new Theory(theory)
                const at = ([spread, floor]) => known.stand({ spread, floor, start: spread + floor })
                return [places.map(at), floors.map(floor => known.edge(floor))]
            }""",
            [scripts.folder(), tables(key), places, floors],
        )
        for (spread, floor), stand in zip(places, found, strict=True):
            if stand["deep"] is None:  # so near to the edge that ξ is left to the server
                assert abs(stand["chi"] - 1) < 0.01
                continue
            _is_core_s({**stand, "sigma_w2": spread, "sigma_b2": floor}, key, 1.0)
        exact = [meanfield.critical_sigma_w2(key, floor) for floor in floors]
        assert edges == pytest.approx(exact, rel=1e-7, nan_ok=True), key


def test_lengths_without_end_have_the_slope_far_out(tab: Visit) -> None:
    """Gelu at σ_w² = 2.17 grows for ever from where this run begins, though from 1 on it decays."""
    assert meanfield.fixed_point("gelu", sigma_w2=2.17, sigma_b2=1e-4) < 1e-3
    page = tab(f"{CHAOS}&activation=gelu&rows=xavier_normal(gain={2.17**0.5!r})&bias=normal&sigma_b=0.01")
    ready(page)
    dot = lab(page)["dots"][0]
    assert dot["q"] == math.inf
    assert dot["chi"] == pytest.approx(2.17 / 2, rel=1e-9)  # E[φ′²] → ½
    assert page.locator("[data-lab-now=chi1_0]").inner_text() == "1.085"
    assert page.locator("[data-lab-now=phase_0]").inner_text() == "chaotic"


def test_the_arrow_keys_move_it_and_a_screen_reader_hears_where_it_is(tab: Visit) -> None:
    page = tab(f"{CHAOS}&activation=tanh&rows=xavier_normal-kaiming_normal")
    ready(page)
    across, up = (page.locator(f".lab-dot [data-live={name}]").first for name in ("rows", "sigma_b"))
    assert across.get_attribute("aria-label") == "Move σ_w² of Xavier normal"
    expect(across).to_have_attribute("aria-valuetext", "σ_w² = 1: on the edge")
    across.focus()
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    expect(across).to_have_attribute("aria-valuenow", "1.11")  # 1 + 0.01 + 0.01 + 0.1 − 0.01
    expect(across).to_have_attribute("aria-valuetext", "σ_w² = 1.11: chaotic")
    for _ in range(30):
        page.keyboard.press("ArrowUp")
    expect(up).to_have_attribute("aria-valuenow", "0.3")
    expect(up).to_be_focused()
    expect(up).to_have_attribute("aria-valuetext", "σ_b = 0.3: ordered")
    page.wait_for_url("**sigma_b=0.3**")
    let_go(page)
    expect(up).to_be_focused()
    rows = re.fullmatch(r"xavier_normal\(gain=([\d.]+)\)-kaiming_normal", link(page)["rows"])
    assert rows
    assert float(rows[1]) ** 2 == pytest.approx(1.11, rel=1e-9)
    page.keyboard.press("Home")
    page.wait_for_url(lambda url: "sigma_b" not in url and "bias" not in url)
    let_go(page)
    reached = page.locator(".lab-dot [role=slider][tabindex='0']")
    assert reached.count() == 3  # σ_w² of each, and σ_b once


def test_a_finger_moves_it_and_the_page_stays(visit: Visit) -> None:
    page = visit(f"{CHAOS}&activation=tanh", size="phone")
    ready(page)
    dot = page.locator(".lab-dot").nth(1)
    dot.scroll_into_view_if_needed()
    box = dot.bounding_box()
    assert box is not None
    assert box["width"] >= 44 <= box["height"]  # a finger's breadth
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    scrolled = page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop")
    hand = page.context.new_cdp_session(page)
    for kind, points in [
        ("touchStart", [(x, y)]),
        *(("touchMove", [(x + 4 * step, y - 8 * step)]) for step in range(1, 8)),
    ]:
        given = [{"x": across, "y": down} for across, down in points]
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": given})
    until(page, f"{LAB}.sigma_b > 0.2")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == scrolled
    hand.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    let_go(page)
    assert float(link(page)["sigma_b"]) > 0.2


def test_a_hand_that_comes_back_leaves_everything_as_it_was(tab: Visit) -> None:
    page = tab(f"{CHAOS}&activation=tanh")
    ready(page)
    before, url, sent = page.evaluate(SAID), page.url, RUNS[page].sent
    across = page.locator(".lab-dot [data-live=rows]").first
    across.focus()
    for key in ("ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
    until(page, f"{LAB}.frames > 0")
    until(page, f"{LAB}.frames === 0")
    assert (page.evaluate(SAID), page.url, RUNS[page].sent) == (before, url, sent)


def test_what_moved_an_earlier_chart_leaves_this_one_at_rest(visit: Visit) -> None:
    page = visit("/compare?v=1")
    ready(page)
    go(page, CHAOS)
    ready(page)
    expect(page.locator("[data-lab-now=here]")).to_have_text(f" · {Text('en')('live.hint_dots')}")
    page.evaluate("document.body.append('')")  # on any change each script looks after its own, once
    settled(page)  # nothing moves, as it would if two of them wrote the same words in turns


@pytest.mark.parametrize(
    ("given", "handles"),
    [
        ("lock=rows", 2),
        ("hide=sigma_b", 2),
        ("lock=bias", 2),
        ("lock=rows,bias", 0),
        ("activation=exp(z)", 0),
    ],
)
def test_what_a_link_holds_fast_or_theory_does_not_reach_cannot_be_moved(
    tab: Visit, given: str, handles: int
) -> None:
    page = tab(f"{CHAOS}&rows=xavier_normal-kaiming_normal")
    ready(page)
    go(page, f"{CHAOS}&rows=xavier_normal-kaiming_normal&{given}")
    expect(page.locator(".lab-dot [role=slider]")).to_have_count(handles)


def test_what_a_move_brings_back_is_small(tab: Visit) -> None:
    page = tab(f"{CHAOS}&activation=tanh")
    ready(page)
    RUNS[page].told.clear()  # the style sheet, which comes once
    with _held(page, 1, 40, 0):
        pass
    let_go(page)
    chart, tables, *_ = sorted(RUNS[page].told, reverse=True)
    assert chart <= 24_000  # the map, of 41 × 33 numbers
    assert tables <= 10_000

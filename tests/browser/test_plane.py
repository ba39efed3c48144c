"""A hand on the edge of chaos: its theory is core's, and the controls are where it dropped the dot."""

import json
import math
import random
import re
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core import ACTIVATIONS
from core.signals import meanfield
from pages.jobs.signal_moving import tables
from pages.live import browser as scripts
from pages.text import Text
from tests.support.hand import LAB, held, lab, let_go, ready, touched
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
#: Of the lengths beside it: every line's height at the same places across, and every sign that is seen.
LENGTHS = """found => {
    const plot = document.querySelector(`.st-key-lengths ${found}`)
    const own = plot.querySelector('.main-svg').getBoundingClientRect()
    const high = own.height
    const lines = [...plot.querySelectorAll('.js-line')].map(path => {
        const ends = path.getAttribute('d').match(/[-\\d.e]+/g).map(Number)
        const points = ends.flatMap((x, at) => at % 2 ? [] : [[x, ends[at + 1]]])
        const heights = []
        for (let x = 2; x < points.at(-1)[0]; x += 7) {
            const right = points.findIndex(([end]) => end >= x)
            const [[x0, y0], [x1, y1]] = [points[right - 1] ?? points[0], points[right]]
            const steep = (y1 - y0) / (x1 - x0)
            heights.push(Math.abs(steep) < 8 ? Math.max(-high, Math.min(high, y0 + (x - x0) * steep)) : null)
        }
        return heights
    })
    const signs = [...plot.querySelectorAll('.point')].map(one => one.getBoundingClientRect())
        .filter(({ width }) => width)
        .map(({ x, y, width, height }) => [x + width / 2 - own.x, y + height / 2 - own.y])
    return { lines, signs }
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
    depth = len(dot["lengths"])
    assert depth >= 12
    by_layer = meanfield.lengths(activation, begins, depth, **given)
    for end, rel in ((1e5, 1e-5), (1e12, 1e-3)):  # within the tables, and beyond
        seen = (by_layer > 1 / end) & (by_layer < end)
        assert np.array(dot["lengths"])[seen] == pytest.approx(by_layer[seen], rel=rel)
    if not 0 < q < math.inf:
        return
    chi1 = meanfield.chi1(activation, q, sigma_w2=dot["sigma_w2"])
    assert dot["chi"] - 1 == pytest.approx(chi1 - 1, rel=1e-3, abs=1e-9)
    if abs(chi1 - 1) > 1e-6 and dot["deep"] is not None:
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
    Move("&rows=xavier_normal-kaiming_normal&activation=max(z,0)^2", 0, -40, 0, "gain=", "max(z,0)^2"),
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
        signs, beside = page.evaluate(SIGNS, ".lab-moving"), page.evaluate(LENGTHS, ".lab-moving")
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
    after_it = page.evaluate(LENGTHS, ".js-plotly-plot:not(.lab-stood)")
    assert len(beside["lines"]) == len(after_it["lines"]) == 1 + 2 * len(after["dots"])
    compared = 0
    for moved, stood in zip(beside["lines"], after_it["lines"], strict=True):
        seen = [(here, there) for here, there in zip(moved, stood, strict=True) if here and there]
        assert [here for here, _ in seen] == pytest.approx([there for _, there in seen], abs=1)
        compared += len(seen)
    if move.activation != "max(z,0)^2":  # whose lines are upright
        assert compared > 15 * len(beside["lines"])
        assert len(beside["signs"]) >= 2
    for moved, stood in zip(beside["signs"], after_it["signs"], strict=True):
        assert moved == pytest.approx(stood, abs=1)


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
            for _ in range(15)
        ]
        floors = sorted({floor for _, floor in places})
        found, edges = page.evaluate(
            """async ([folder, theory, places, floors]) => {
                const { Theory } = await import(`/${folder}/meanfield.js`)
                const known = new Theory(theory)
                const at = ([spread, floor]) => {
                    const given = { spread, floor, start: spread + floor }
                    return { ...known.stand(given), lengths: known.course(given, 12).map(Math.exp) }
                }
                return [places.map(at), floors.map(floor => known.edge(floor))]
            }""",
            [scripts.folder(), tables(key), places, floors],
        )
        for (spread, floor), stand in zip(places, found, strict=True):
            if stand["deep"] is None:  # so near to the edge that ξ is left to the server
                assert abs(stand["chi"] - 1) < 0.01
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
    assert across.get_attribute("aria-label") == "σ_w² of Xavier normal, by hand"
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
    across.focus()
    for key, end, value in (("Home", "min", "0.01"), ("End", "max", "4")):  # at 0 there would be no weights
        page.keyboard.press(key)
        expect(across).to_have_attribute("aria-valuenow", value)
        assert across.get_attribute(f"aria-value{end}") == value
    let_go(page)


def test_a_finger_moves_it_and_the_page_stays(visit: Visit) -> None:
    page = visit(f"{CHAOS}&activation=tanh", size="phone")
    ready(page)
    dot = page.locator(".lab-dot").nth(1)
    dot.scroll_into_view_if_needed()
    with touched(page, dot, [(4 * step, 8 * step) for step in range(1, 8)]):
        until(page, f"{LAB}.sigma_b > 0.2")
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


#: As much as the page can be asked to show: eight schemes, as deep as may be, in words of the most bytes.
MOST = (
    "&activation=tanh&depth=200&bias=normal&sigma_b=0.2&lang=zh&rows=kaiming_normal-xavier_normal-kaiming_uniform"
    "-orthogonal-lecun_normal-normal(std=0.08)-classic_uniform-variance_scaling(scale=2.5)"
)


@pytest.mark.parametrize(
    "path", ["&activation=tanh", "&activation=max(z,0)^2", MOST, f"{MOST}&view=projector"]
)
def test_what_a_move_brings_back_is_small(visit: Visit, path: str) -> None:
    """No message of its run has more than 12 kB; the activation's theory comes with the first run, once."""
    page = visit(CHAOS + path)
    ready(page)
    told = page.locator("[data-lab-theory]").get_attribute("data-lab-theory")
    theory = json.loads(told or "")["ratio"]["rows"].encode()
    assert len(theory) > 1000
    assert any(theory in message for message in RUNS[page].last)
    assert sorted(RUNS[page].told)[-2] <= 12_000  # but for the style sheet, which comes once
    RUNS[page].told.clear()
    with _held(page, 1, 40, 30):
        pass
    let_go(page)
    assert max(RUNS[page].told) <= 12_000
    assert any(b"heatmap" in message for message in RUNS[page].last)
    assert not any(theory in message for message in RUNS[page].last)

"""A hand on a network's drawing: what comes after an input or a weight follows, as torch would have it."""

import json
import re
from typing import Any

import pytest
import torch

from core import Net, Network
from core.networks.module import follow, seeded_input
from core.networks.network import LESSON
from pages.text.numbers import quantity
from tests.support.hand import LAB, held, lab, let_go, ready, touched
from tests.support.network_drawing import MOVES, STANDS, input_handles, numbers_in, weight_handle
from tests.support.networks import DEEP, ODD, POINTS, SENT, WIDE
from tests.support.tabs import RUNS, Visit, go, link, settled, until

NETS = [
    (str(LESSON), 40, "input"),
    (str(LESSON), 41, "weight"),
    (DEEP, 7, "weight"),
    (WIDE, 1, "input"),
    (WIDE, 1, "weight"),
    (SENT, 40, "input"),
    (ODD, 2**32 - 1, "weight"),
    (POINTS, 3, "input"),
]

#: What a drawing has on it: numbers and colours; and its lines, where they run and how.
DRAWN = """where => {
    const plot = document.querySelector(where)
    const style = (at, ...names) => names.map(name => getComputedStyle(at)[name].replaceAll(", ", ","))
        .join(" ")
    const circles = [...plot.querySelectorAll("path.point")].filter(at => style(at, "opacity") !== "0")
    const lines = [...plot.querySelectorAll(".scatterlayer path")].filter(at => style(at, "fill") === "none")
    return {
        texts: [...plot.querySelectorAll(".textpoint text")].map(at => at.textContent + style(at, "fill"))
            .sort(),
        legend: plot.querySelector(".xtitle").textContent,
        circles: circles.map(at => style(at, "fill")),
        lines: lines.map(at => [at.getAttribute("d").match(/[\\d.]+/g).map(Number),
            style(at, "stroke", "strokeDasharray"), Number.parseFloat(style(at, "strokeWidth"))]),
    }
}"""


def _is_same(drawn: dict[str, Any], other: dict[str, Any]) -> None:
    """Two drawings have the same on them, each line to a tenth of a pixel."""
    lines, others = drawn.pop("lines"), other.pop("lines")
    assert drawn == other
    assert len(lines) == len(others)
    for ends, style, width in lines:
        assert any(
            style == own and ends == pytest.approx(where, abs=0.1) and width == pytest.approx(wide, abs=0.01)
            for where, own, wide in others
        ), (ends, style, width)


def _torch_s(
    net: Network, seed: int, place: list[int], value: float, *, sums: bool = False
) -> list[list[float]]:
    """Return what plain torch gives with one number set: the row and each layer's units; or its z and a."""
    module = Net(net, seed=seed)
    x = seeded_input(5, net.inputs, seed=7)[:1]
    with torch.no_grad():
        if len(place) == 3:
            at, unit, source = place
            getattr(module, net.names[at - 1]).weight[unit - 1, source - 1] = value
        else:
            x[0, place[1] - 1] = value
        found = [x]
        both: list[torch.Tensor] = []
        for name, dense in zip(net.names, net.layers, strict=True):
            z = getattr(module, name)(found[-1])
            found.append(z if dense.activation == "linear" else follow(dense.activation, z))
            both += [z, found[-1]]
    return [step[0].tolist() for step in (both if sums else found)]


def _is_near(ours: list[list[float]], theirs: list[list[float]]) -> None:
    """Each value of each layer is torch's but for what rounding leaves in sums of so many terms."""
    for layer, wanted in zip(ours, theirs, strict=True):
        assert layer == pytest.approx(wanted, rel=2e-5, abs=2e-6 * max(1, *map(abs, wanted)))


def _is_the_row(rows: list[str], net: Network, seed: int, place: list[int], value: float) -> None:
    """Each layer's z and a are written as torch has them, to three digits: of five units, or the first."""
    z_and_a = _torch_s(net, seed, place, value, sums=True)
    assert len(rows) == len(z_and_a) // 2
    for row, z, a in zip(rows, z_and_a[::2], z_and_a[1::2], strict=True):
        _, *cells = row.split("\t")
        for cell, wanted in zip(cells, (z, a), strict=True):
            shown = numbers_in(cell)
            own = wanted if len(wanted) <= 5 else wanted[:3]
            assert len(shown) >= len(own)
            assert ("…" in cell) == (len(wanted) > 5)
            for one, theirs in zip(shown, own, strict=False):
                assert one == pytest.approx(theirs, rel=6e-3, abs=2e-6 * max(1, *map(abs, wanted)))


@pytest.mark.parametrize(("net", "seed", "what"), NETS, ids=lambda part: str(part).split(".")[0])
def test_what_comes_after_follows_and_is_torch_s(tab: Visit, net: str, seed: int, what: str) -> None:
    page = tab(f"/model?v=1&net={net}&seed={seed}")
    ready(page)
    before, told = RUNS[page].sent, link(page)
    handle = input_handles(page).nth(1) if what == "input" else weight_handle(page)
    with held(page, handle, 40, -55):
        shown, drawn = lab(page), page.evaluate(DRAWN, MOVES)
        row = page.locator(".lab-row tbody tr").all_inner_texts()
        assert RUNS[page].sent == before
        assert page.locator(".lab-old").count() >= 1
        said = page.locator("h1.lab-headline").inner_text()
    let_go(page)
    assert RUNS[page].sent == before + 1
    out = shown["values"][-1]
    numbers = [float(found.replace("−", "-")) for found in re.findall(r"−?\d+(?:\.\d+)?", said)]
    if len(out) <= 4:
        assert numbers[1:] == pytest.approx(out, rel=5e-3)
    else:
        assert numbers[-2:] == pytest.approx([1 + out.index(max(out)), max(out)], rel=5e-3)
    assert page.locator("h1.lab-headline").inner_text() == said
    edits = link(page).pop("edits")
    place = [1, 2] if what == "input" else shown["chosen"]
    assert shown["place"] == place
    kind = "x1.2" if what == "input" else f"w{'.'.join(map(str, place))}"
    assert edits == f"{kind}={json.dumps(shown['value']).removesuffix('.0')}"
    assert link(page) | {"edits": ""} == told | {"edits": "", "v": "1"}
    wanted = _torch_s(Network.of(net), seed, place, shown["value"])
    _is_near(shown["values"], wanted)
    after = lab(page)
    _is_near(after["values"], wanted)
    _is_same(page.evaluate(DRAWN, STANDS), drawn)  # nothing jumps
    assert page.locator(".lab-old").count() == 0
    assert page.locator(".lab-row tbody tr").all_inner_texts() == row
    _is_the_row(row, Network.of(net), seed, place, shown["value"])


def test_the_numbers_in_the_circles_are_torch_s_while_held(tab: Visit) -> None:
    page = tab("/model?v=1&edits=w2.1.3=-0.5")
    ready(page)
    with held(page, input_handles(page).first, 70):
        shown = lab(page)
        texts = page.locator(".lab-moving .textpoint text").all_text_contents()
    net = Net(LESSON, seed=40)
    x = seeded_input(5, 3, seed=7)[:1]
    with torch.no_grad():
        net.linear2.weight[0, 2] = -0.5
        x[0, 0] = shown["value"]
        steps = [step.value[0].tolist() for step in net.steps(x) if step.kind != "linear"]
    for value in [one for step in steps for one in step]:
        assert any(text.replace("\u200b", "").endswith(quantity(value, digits=3)) for text in texts)
    assert quantity(-0.5, digits=3) in texts
    let_go(page)


def test_the_sum_of_the_chosen_unit_follows(tab: Visit) -> None:
    page = tab("/model?v=1&seed=41")
    ready(page)
    sum_ = page.locator(".lab-worked")
    weight_handle(page).focus()
    while lab(page)["chosen"] != [1, 1, 1]:
        page.keyboard.press("Enter" if lab(page)["chosen"][:2] == [1, 1] else "Space")
    with held(page, input_handles(page).nth(2), -45):
        value, words = lab(page)["value"], sum_.inner_text()
    net = Net(LESSON, seed=41)
    x = seeded_input(5, 3, seed=7)[:1]
    x[0, 2] = value
    z = net.linear1(x)[0, 0].item()
    weight, bias = net.linear1.weight[0].tolist(), net.linear1.bias[0].item()

    def four(number: float, *, brackets: bool = True) -> str:
        text = f"{number:.4g}".replace("-", "−")
        return f"({text})" if brackets and number < 0 else text

    terms = [f"{four(w)}·{four(one)}" for w, one in zip(weight, x[0].tolist(), strict=True)]
    assert (
        words.replace("\n", "")
        .replace("\xa0", " ")
        .startswith(f"linear1  z1 = {' + '.join([*terms, four(bias)])} = {four(z, brackets=False)}")
    )
    assert words.endswith(four(torch.sigmoid(torch.tensor(z)).item()))
    let_go(page)
    assert sum_.inner_text() == words


def test_escape_brings_it_back_and_nothing_is_sent(tab: Visit) -> None:
    page = tab("/model?v=1")
    ready(page)
    before, sent, url = page.evaluate(DRAWN, STANDS), RUNS[page].sent, page.url
    said = page.locator("h1.lab-headline").inner_html()
    with held(page, weight_handle(page), 60):
        assert page.locator("h1.lab-headline").inner_html() != said
        page.keyboard.press("Escape")
        until(page, "!document.querySelector('.lab-moving')")
    let_go(page)
    assert (page.evaluate(DRAWN, STANDS), RUNS[page].sent, page.url) == (before, sent, url)


def test_one_click_undoes_what_is_set(tab: Visit) -> None:
    page = tab("/model?v=1")
    ready(page)
    before = page.evaluate(DRAWN, STANDS)
    go(page, "/model?v=1&edits=w1.2.3=0.5,x1.1=2,x2.1=1")
    ready(page)
    sent = RUNS[page].sent
    page.locator(".lab-worked-bar button").click()
    let_go(page)
    assert RUNS[page].sent == sent + 1
    assert "edits" not in link(page)
    assert page.evaluate(DRAWN, STANDS) == before
    assert page.locator(".lab-worked-bar button").is_hidden()


def test_what_others_have_set_stays_and_no_more_than_may_be_are_set(tab: Visit) -> None:
    many = ",".join(f"x{row}.{at}=1" for row in range(2, 6) for at in range(1, 4))  # other rows, and 12
    page = tab(f"/model?v=1&edits={many}")
    ready(page)
    with held(page, input_handles(page).first, 20):
        shown = lab(page)["values"][0]
    assert shown[1:] == pytest.approx(
        seeded_input(5, 3, seed=7)[0, 1:].tolist()
    )  # of the row that is followed
    let_go(page)
    assert link(page)["edits"].startswith(f"{many},x1.1=")
    full = ",".join([*(f"x{row}.{at}=1" for row in range(2, 12) for at in range(1, 4)), "x1.1=2", "x1.2=2"])
    go(page, f"/model?v=1&batch=12&edits={full}")
    ready(page)
    assert "no more can be" in page.locator(".lab-worked-hint").inner_text()
    box = input_handles(page).nth(2).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 30, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 30)
    assert lab(page)["place"] is None
    page.mouse.up()
    with held(page, input_handles(page).nth(1), 20):  # one of those that are set can be moved on
        assert lab(page)["place"] == [1, 2]
    let_go(page)


def test_a_hand_that_comes_before_the_server_s_answer_loses_nothing(tab: Visit) -> None:
    page = tab("/model?v=1&net=3-2.tanh-2")
    ready(page)
    first, second = input_handles(page).nth(0), input_handles(page).nth(2)
    first.focus()
    page.keyboard.press("End")
    second.focus()  # while the first waits to be sent, or has been
    page.keyboard.press("Home")
    until(page, f"{LAB}.place?.[1] === 3 && {LAB}.values[0][2] === -3")  # drawn with the next frame
    assert lab(page)["values"][0][::2] == [3, -3]
    let_go(page)
    page.wait_for_url(lambda url: "x1.1" in url and "x1.3" in url)
    let_go(page)
    assert link(page)["edits"] == "x1.1=3,x1.3=-3"
    assert lab(page)["values"][0][::2] == [3, -3]


@pytest.mark.parametrize("given", ["lock=edits", "hide=edits", "dtype=float64", "net=65-2", "predict=on"])
def test_what_cannot_be_moved_has_no_handles(tab: Visit, given: str) -> None:
    page = tab("/model?v=1")
    ready(page)
    go(page, f"/model?v=1&{given}")
    assert page.locator(".lab-knob, .lab-marked").count() == 0
    assert page.locator(".lab-worked").count() == 0


@pytest.mark.parametrize("path", ["", f"&net={8 * '64-'}10", f"&net={WIDE}&view=projector"])
def test_messages_stay_small_and_the_hint_goes(visit: Visit, path: str) -> None:
    """No message of a run has more than 12 kB, but for the style sheet, which comes once."""
    page = visit(f"/model?v=1{path}")
    ready(page)
    assert "ringed" in page.locator(".lab-worked-hint").inner_text()
    assert sorted(RUNS[page].told)[-2] <= 12_000
    RUNS[page].told.clear()
    with held(page, weight_handle(page), 30):
        assert page.locator(".lab-worked-hint").inner_text() == ""
    let_go(page)
    assert max(RUNS[page].told) <= 12_000


@pytest.mark.parametrize("what", ["input", "weight"])
def test_a_finger_moves_it_and_the_page_stays(visit: Visit, what: str) -> None:
    page = visit("/model?v=1", size="phone")
    ready(page)
    handle = input_handles(page).nth(1) if what == "input" else weight_handle(page)
    handle.scroll_into_view_if_needed()
    with touched(page, handle, [(5 * step, -6 * step) for step in range(1, 8)]):
        until(page, f"{LAB}.frames > 0")
        until(page, f"{LAB}.value !== null")
        shown = lab(page)
        sum_ = page.locator(".lab-worked").inner_text()
    let_go(page)
    place = [1, 2] if what == "input" else shown["chosen"]
    assert shown["place"] == place
    wanted = _torch_s(LESSON, 40, place, shown["value"])
    _is_near(shown["values"], wanted)
    _is_near(lab(page)["values"], wanted)
    assert page.locator(".lab-worked").inner_text() == sum_
    assert link(page)["edits"].startswith("x1.2=" if what == "input" else "w")


@pytest.mark.parametrize("view", ["page", "projector"])
@pytest.mark.parametrize("size", ["laptop", "phone"])
def test_the_copy_lies_over_the_drawing(visit: Visit, view: str, size: str) -> None:
    page = visit(f"/model?v=1&view={view}", size=size)
    ready(page)
    with held(page, input_handles(page).nth(1), 25):
        chart, copy = page.evaluate(
            """() => ['.js-plotly-plot:not(.lab-stood) .main-svg', '.lab-moving .main-svg'].map(found => {
                const { x, y, width, height } = document.querySelector(found).getBoundingClientRect()
                return [x, y, width, height]
            })"""
        )
    let_go(page)
    assert copy == pytest.approx(chart, abs=0.1)
    settled(page)


def test_of_many_terms_the_sum_has_the_one_that_is_moved(tab: Visit) -> None:
    page = tab(f"/model?v=1&net={WIDE}&seed=5")
    ready(page)
    weight_handle(page).focus()
    while lab(page)["chosen"][0] != 1:
        page.keyboard.press("Shift+Space")
    unit = lab(page)["chosen"][1]
    with held(page, input_handles(page).nth(40), 35):
        term, value = page.locator(".lab-worked .lab-term").inner_text(), lab(page)["value"]
    weight = Net(Network.of(WIDE), seed=5).linear1.weight[unit - 1, 40].item()
    assert [float(part.strip("()").replace("−", "-")) for part in term.split("·")[:2]] == pytest.approx(
        [weight, value], rel=5e-4
    )
    let_go(page)
    assert page.locator(".lab-worked .lab-term").inner_text() == term

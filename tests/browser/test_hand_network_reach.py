"""What of a network's drawing a pointer, a finger and keys reach, and what they are told of it."""

import re

import pytest

from core import Net, Network
from core.networks.module import seeded_input
from core.networks.network import LESSON
from tests.support.hand import LAB, lab, let_go, ready
from tests.support.network_drawing import CIRCLES, STANDS, input_handles, numbers_in, weight_handle
from tests.support.networks import WIDE
from tests.support.tabs import RUNS, Visit, link, until


def test_a_line_is_chosen_by_a_click_and_dragged_at_once(tab: Visit) -> None:
    page = tab("/model?v=1")
    ready(page)
    circles = page.evaluate(CIRCLES, ".st-key-chart path.point")
    (left, top), (right, bottom) = circles[3 + 2], circles[6]  # linear1's third unit, linear2's first
    share = 0.45
    x, y = left + share * (right - left), top + share * (bottom - top)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y)
    until(page, f"{LAB}.frames > 0")
    shown = lab(page)
    page.mouse.up()
    let_go(page)
    assert shown["place"] == shown["chosen"] == [2, 1, 3]
    assert link(page)["edits"].startswith("w2.1.3=")
    page.mouse.click(*circles[7])  # linear2's second unit
    net = Net(LESSON, seed=40)
    strongest = int(net.linear2.weight[1].abs().argmax()) + 1
    assert lab(page)["chosen"] == [2, 2, strongest]


def test_the_keyboard_reaches_every_input_and_every_weight(tab: Visit) -> None:
    page = tab("/model?v=1")
    ready(page)
    page.locator("[role=tab]").first.focus()
    names: list[str | None] = []
    for _ in range(12):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.getAttribute('aria-label')"))
    sliders = [name for name in names if name and name.endswith(", by hand")]
    *inputs, weight = sliders
    assert inputs == ["input 1, by hand", "input 2, by hand", "input 3, by hand"]
    # the one that was chosen last in this window
    assert re.fullmatch(r"linear\d, unit \d: weight of input \d, by hand", weight)
    weight_handle(page).focus()
    first, seen = lab(page)["chosen"], set()
    for _ in range(3 + 2 + 2):
        for _ in range(6):  # inputs, two or three
            seen.add(tuple(lab(page)["chosen"]))
            page.keyboard.press("Enter")
        page.keyboard.press("Space")
    assert len(seen) == 9 + 6 + 4
    assert lab(page)["chosen"] == first  # all around
    page.keyboard.press("Shift+Space")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Enter")
    assert lab(page)["chosen"][:2] == first[:2]


def test_keys_move_a_number_and_the_focus_stays(tab: Visit) -> None:
    page = tab("/model?v=1")
    ready(page)
    handle = input_handles(page).nth(1)
    handle.focus()
    value = float(handle.get_attribute("aria-valuenow") or "nan")
    for key, wanted in (
        ("ArrowRight", round(value + 0.05, 2)),
        ("Shift+ArrowLeft", round(value + 0.05, 2) - 0.5),
        ("PageUp", round(value + 0.05, 2)),
        ("Home", -3),
        ("End", 3),
    ):
        sent = RUNS[page].sent
        page.keyboard.press(key)
        until(page, f"{LAB}.frames > 0")
        let_go(page)
        assert RUNS[page].sent == sent + 1
        assert lab(page)["values"][0][1] == pytest.approx(wanted, abs=0.0051)
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "input 2, by hand"
        if key == "Home":
            assert handle.get_attribute("aria-valuemin") == "-6"  # twice as far as what is there now
            page.keyboard.press("Delete")
            let_go(page)
            page.wait_for_url(lambda url: "edits" not in url)
    page.keyboard.press("Delete")
    let_go(page)
    assert "edits" not in link(page)
    assert lab(page)["values"][0][1] == pytest.approx(value)


def test_handles_are_large_enough_for_a_finger_and_lie_on_their_circles(tab: Visit) -> None:
    page = tab("/model?v=1", size="phone")
    ready(page)
    for handle in [*input_handles(page).all(), weight_handle(page)]:
        box = handle.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
        assert handle.evaluate("at => getComputedStyle(at).touchAction") == "none"
    circles, handles = (page.evaluate(CIRCLES, at) for at in (".st-key-chart path.point", ".lab-input"))
    for circle, handle in zip(circles[:3], handles, strict=True):
        assert handle == pytest.approx(circle, abs=1)


@pytest.mark.parametrize("net", [str(LESSON), WIDE])
def test_a_pointer_finds_units_and_weights(tab: Visit, net: str) -> None:
    network = Network.of(net)
    page = tab(f"/model?v=1&net={net}&seed=5")
    ready(page)
    page.mouse.move(0, 0)
    circles = page.evaluate(CIRCLES, f"{STANDS} path.point")
    first = network.inputs  # linear1's first unit comes after the inputs
    x, y = circles[first]
    page.mouse.move(x, y)
    module = Net(network, seed=5)
    step = next(
        step
        for step in module.steps(seeded_input(5, network.inputs, seed=7))
        if step.kind not in {"input", "linear"}
    )
    bias = module.linear1.bias[0].item()
    values = numbers_in(page.locator(".lab-bubble").inner_text())
    assert values == pytest.approx([1, step.value[0, 0].item(), bias], rel=5e-3)
    others = module.linear1.weight.abs().detach().clone()
    others[0, 0] = 0  # on whose line the handle lies
    largest = int(others.argmax())
    unit, source = divmod(largest, network.inputs)
    (left, top), (right, bottom) = circles[source], circles[first + unit]
    page.mouse.move(left + 0.42 * (right - left), top + 0.42 * (bottom - top))
    values = numbers_in(page.locator(".lab-bubble").inner_text())
    assert values[2] == pytest.approx(
        module.linear1.weight[int(values[0]) - 1, int(values[1]) - 1].item(), rel=5e-4
    )
    if net == str(LESSON):  # of many lines another may lie nearer
        assert values[:2] == [unit + 1, source + 1]
    page.mouse.move(1, 1)
    assert page.locator(".lab-bubble").count() == 0

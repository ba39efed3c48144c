"""One hand moves all panels of a chart: the comparison's, and the lesson's slope beside torch's default."""

import re

import pytest

import core
from tests.support.hand import (
    LABELS,
    MOVING_LABELS,
    apart,
    held,
    in_hand,
    lab,
    let_go,
    number_of,
    ready,
    run_on,
)
from tests.support.tabs import RUNS, Visit, go, link

#: Charts with several panels: a link, what is held in which panel, and how many pixels it is moved.
TOGETHER = [
    (
        "/compare?v=1&rows=xavier_uniform(gain=2)-classic_uniform.200x30-kaiming_normal-zeros",
        "fan_in",
        1,
        -30,
    ),
    ("/compare?v=1&rows=lecun_normal-orthogonal&fan_in=96&fan_out=64&lang=zh", "fan_in", 0, 25),
    ("/compare?v=1&rows=lecun_normal-classic_uniform-normal(std=0.05)&fan_in=96&lang=zh", "fan_in", 1, 15),
    ("/compare?v=1&rows=zeros-xavier_normal&fan_in=96", "fan_in", 0, 15),
    ("/compare?v=1&rows=lecun_normal-lecun_uniform-zeros&fan_in=96", "fan_in", 0, 15),
    ("/compare?v=1&rows=lecun_normal&fan_in=96", "fan_in", 0, 15),
    ("/compare?v=1&rows=xavier_normal-kaiming_normal&fan_in=96&fan_out=10", "fan_in", 0, 15),  # 5 % apart
    ("/lesson?v=1&step=sqrt5&slope=0.5&fan_in=300&fan_out=70", "slope", 0, -40),
]


#: How faint the parts are that wait.
FAINT = """() => [...document.querySelectorAll(".lab-moving .lab-waits")].map(
    at => Number(getComputedStyle(at).opacity))"""


@pytest.mark.parametrize(("path", "name", "at", "by"), TOGETHER, ids=lambda part: str(part).split("&")[0])
def test_one_hand_moves_all_panels_and_each_is_torch_s(
    tab: Visit, path: str, name: str, at: int, by: float
) -> None:
    page = tab(path)
    ready(page)
    before, told = RUNS[page].sent, link(page)
    handle = page.locator(f".lab-grip[data-live={name}]").nth(2 * at + 1)  # each panel has two
    with held(page, handle, by / 2, by):
        shown, value = lab(page), in_hand(page)
        titles = page.locator(MOVING_LABELS).all_inner_texts()
        assert RUNS[page].sent == before
        headline = page.locator("h1.lab-headline").inner_text()
        faint = page.evaluate(FAINT)
    let_go(page)
    assert RUNS[page].sent == before + 1
    now = link(page)
    assert float(now.pop(name)) == value
    assert now == {key: text for key, text in told.items() if key != name}
    after = lab(page)
    # of orthogonal bars, edge, curve, four lines and title, as nothing is known of its law
    assert faint == ([0.25] * 8 if "orthogonal" in path else [])
    if "orthogonal" not in path:  # of which nothing is known until torch has drawn it
        assert page.locator(LABELS).all_inner_texts() == titles
        assert page.locator("h1.lab-headline").inner_text() == headline
    for moved, settled_ in zip(shown["panels"], after["panels"], strict=True):
        if moved["counts"] is None:
            assert moved["scheme"] in {"orthogonal", "zeros"}
            continue
        assert (moved["n"], moved["shape"]) == (settled_["n"], settled_["shape"])
        assert apart(moved["counts"], settled_["counts"]) <= 2
        assert moved["law"]["std"] == pytest.approx(settled_["law"]["std"], rel=1e-9)
    assert sum(panel["counts"] is not None for panel in shown["panels"]) >= 1


def test_the_slope_s_algebra_moves_with_its_wall(tab: Visit) -> None:
    page = tab("/lesson?v=1&step=sqrt5&slope=0.5&fan_in=100")
    ready(page)
    with held(page, number_of(page, "slope"), 50):  # where it is 0.5 + 50/100
        said = page.locator("[data-testid=stMarkdown] .katex-html").all_inner_texts()
    # √(6/((1 + 1²)·100)) = √(6/(2·100)) = √0.03
    numbers = re.findall(r"[\d.]+", "".join(said).replace("\u200b", ""))
    assert numbers[-9:] == ["6", "1", "1", "2", "100", "6", "2", "100", "0.1732"]
    let_go(page)
    assert float(link(page)["slope"]) == 1
    end = page.locator(".lab-grip[data-live=slope]").last
    end.focus()
    page.keyboard.press("End")
    page.wait_for_url("**slope=2.236**")
    let_go(page)
    assert "own default" in page.locator("h1.lab-headline").inner_text()


def test_at_its_end_the_slope_has_its_name(tab: Visit) -> None:
    page = tab("/lesson?v=1&step=sqrt5&slope=2.23606797749979&fan_in=100")
    ready(page)
    with held(page, page.locator(".lab-grip[data-live=slope]").nth(1), 30):
        assert "√5" in page.locator(".lab-bubble").inner_text()
        assert page.locator(".lab-old:has(.katex)").count() == 1  # whose algebra is another
    let_go(page)
    assert float(link(page)["slope"]) < 2.2
    assert page.locator(".lab-old").count() == 0


def test_seeds_run_on_in_all_panels(tab: Visit) -> None:
    page = tab("/compare?v=1&rows=xavier_uniform-kaiming_normal&fan_in=100&fan_out=64")
    shown = run_on(page)
    for panel in shown["panels"]:
        given = {"nonlinearity": "relu"} if "kaiming" in panel["scheme"] else {}
        drawn = core.summarize(panel["scheme"], (64, 100), seed=shown["seed"], bins=60, **given)
        assert apart(panel["counts"], drawn.counts.tolist()) <= 2


def test_the_keyboard_has_one_handle_of_a_number_whichever_panel_comes_first(tab: Visit) -> None:
    page = tab("/compare?v=1&rows=kaiming_normal-zeros")
    reached = ".lab-grip[tabindex='0']:not([aria-hidden])"
    for rows in ("kaiming_normal-zeros", "zeros-kaiming_normal", "xavier_normal-kaiming_normal"):
        go(page, f"/compare?v=1&rows={rows}")
        ready(page)
        assert page.locator(reached).count() == 1
    page.locator(reached).focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**fan_in=513**")
    let_go(page)

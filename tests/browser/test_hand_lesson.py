"""The lesson's few weights follow the seed in the browser: what is printed, drawn and said is torch's."""

import math
import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Page

import core
from core.teaching.lesson import FAN_IN, FAN_OUT, STEPS, drawn_before
from pages.live import browser as scripts
from tests.support.hand import AT_REST, LAB, lab, let_go, ready
from tests.support.stream import Server
from tests.support.tabs import RUNS, Visit, go, link, until

#: The steps that draw by chance, in either language.
DRAWN = [("uniform", "en"), ("normal", "zh"), ("kaiming", "en"), ("xavier", "zh")]
#: What stands on the page in one frame.
SHOWN = """() => {
    const { seed, panels, ...one } = document.querySelector("[data-live-chart]").lab
    return {
        seed, panels: panels ?? [one],
        printed: document.querySelectorAll(".st-key-cell .stCode code")[1].textContent,
        headline: document.querySelector("h1.lab-headline").innerText,
        context: document.querySelector(".lab-context").innerText,
        old: [...document.querySelectorAll(".lab-old")].map(at => at.textContent),
    }
}"""
#: The weights of the lesson that a browser draws, and tensors as it writes them.
DRAW = """async ({ place, asked }) => {
    const { numbersAfter, weigh } = await import(place)
    return asked.map(({ before, law, seed, n }) => [...weigh(law, numbersAfter(before, law.family, seed, n))])
}"""
PRINT = """async ({ place, asked }) => {
    const { printed } = await import(place)
    return asked.map(({ numbers, inRow }) => printed(numbers, inRow))
}"""


def replayed(step: str, seed: int) -> list[torch.Tensor]:
    """Return a step's tensors as torch draws them."""
    found = next(one for one in core.replay_lesson(seed) if one.key == step)
    return [tensor for _, tensor in found.tensors]


@pytest.mark.parametrize(("step", "lang"), DRAWN)
def test_a_step_s_weights_follow_the_seed(tab: Visit, step: str, lang: str) -> None:
    page = tab(f"/lesson?v=1&step={step}&lang={lang}")
    ready(page)
    sent = RUNS[page].sent
    play = page.locator(".lab-play button")
    play.click()
    until(page, f"{LAB}.frames > 12")
    shown = page.evaluate(SHOWN)
    assert RUNS[page].sent == sent
    of_torch(step, shown)
    play.click()
    stopped = page.evaluate(SHOWN)
    let_go(page)
    assert RUNS[page].sent == sent + 1
    after = page.evaluate(SHOWN)
    of_torch(step, after)
    assert link(page)["seed"] == str(after["seed"]) == str(stopped["seed"])
    assert (after["printed"], after["headline"]) == (stopped["printed"], stopped["headline"])
    assert not after["old"]


def of_torch(step: str, shown: dict[str, Any]) -> None:
    """Hold what stands on the page to the tensors of the seed that it names."""
    tensors = replayed(step, shown["seed"])
    assert shown["printed"] == "\n".join(map(str, tensors))
    assert str(shown["seed"]) in shown["context"]
    for panel, tensor in zip(shown["panels"], tensors, strict=True):
        assert sum(panel["counts"]) == panel["n"] == 15
        counts, _ = np.histogram(tensor.double().numpy(), panel["edges"])
        assert panel["counts"] == counts.tolist()
    if step in {"uniform", "normal"}:
        (weights,) = tensors
        said = weights.mean() if step == "uniform" else weights.abs().max()
        numbers = [float(number) for number in re.findall(r"\d+\.\d+", shown["headline"])]
        assert numbers[-1] == pytest.approx(float(said), abs=5e-3 if step == "normal" else 5e-4)


def test_what_is_said_of_seed_40_is_grey_while_another_is_shown(tab: Visit) -> None:
    page = tab("/lesson?v=1&step=normal")
    ready(page)
    assert "as in the lesson" in page.locator(".lab-context").inner_text()
    page.locator(".lab-play button").click()
    until(page, f"{LAB}.frames > 5")
    shown = page.evaluate(SHOWN)
    page.locator(".lab-play button").click()
    assert "as in the lesson" not in shown["context"]
    assert any("these are the numbers the lesson prints" in old for old in shown["old"])
    let_go(page)


def test_a_step_after_one_whose_seeds_were_played_has_its_own_numbers(tab: Visit) -> None:
    page = tab("/lesson?v=1&step=xavier")
    ready(page)
    page.locator(".lab-play button").click()
    until(page, f"{LAB}.frames > 5")
    page.locator(".lab-play button").click()
    let_go(page)
    go(page, "/lesson?v=1&step=normal")
    listing = page.locator(".st-key-cell .stCode code:visible").nth(1)
    assert listing.text_content() == "\n".join(map(str, replayed("normal", 40)))


def test_weights_that_are_no_chance_have_no_seeds_to_play(tab: Visit) -> None:
    page = tab("/lesson?v=1&step=ones")
    assert page.locator(".st-key-chart").count() == 1
    assert page.locator(".lab-play:visible").count() == 0
    assert not page.evaluate("Boolean(document.querySelector('[data-live-chart]')?.lab)")


def test_layers_given_whole_have_seeds_to_play_all_the_same(tab: Visit) -> None:
    page = tab("/compare?v=1&rows=kaiming_normal-classic_uniform&layer=Conv2d(6,5,3)")
    ready(page)
    page.locator(".lab-play button").click()
    until(page, f"{LAB}.frames > 5")
    shown = lab(page)
    page.locator(".lab-play button").click()
    let_go(page)
    for panel, scheme in zip(shown["panels"], ("kaiming_normal", "classic_uniform"), strict=True):
        summary = core.summarize(scheme, (5, 6, 3, 3), seed=shown["seed"], bins=len(panel["counts"]))
        assert np.abs(np.array(panel["counts"]) - summary.counts).sum() <= 2
    assert "Conv2d" in page.locator(".lab-context").inner_text()
    assert page.evaluate(AT_REST)


@pytest.fixture
def script(browser: Browser, served: Server) -> Page:
    """Open a tab at a script: of the server's pages the one that loads nothing else."""
    tab = browser.new_page()
    tab.goto(f"{served.url}/{scripts.folder()}/torch_draws.js")
    return tab


def test_each_tensor_is_drawn_after_those_before_it(script: Page) -> None:
    asked, true = [], []
    for seed in (0, 40, 2**32 - 1, 12_345):
        for step in core.replay_lesson(seed):
            for scheme, tensor in step.tensors:
                law = core.SCHEMES[scheme].law((FAN_OUT, FAN_IN))
                if law.random:
                    low, high = law.support
                    uniform = {"family": "uniform", "low": low, "high": high}
                    normal = {"family": "normal", "mean": law.mean, "std": law.std}
                    asked.append(
                        {
                            "before": drawn_before(scheme),
                            "law": uniform if math.isfinite(high) else normal,
                            "seed": seed,
                            "n": tensor.numel(),
                        }
                    )
                    true.append(tensor.flatten().numpy())
    assert len(asked) == 4 * 6
    drawn = script.evaluate(DRAW, {"place": f"/{scripts.folder()}/torch_draws.js", "asked": asked})
    for own, theirs in zip(drawn, true, strict=True):
        np.testing.assert_allclose(own, theirs, rtol=1e-6)
    script.context.close()


def test_a_tensor_is_written_as_torch_prints_it(script: Page) -> None:
    generator = torch.Generator().manual_seed(3)
    tensors = [
        torch.randn(rows, columns, generator=generator) * scale
        for rows, columns in ((3, 5), (1, 4), (7, 2))
        for scale in (1e-6, 1e-3, 1.0, 30.0, 300.0, 1e9)
    ]
    tensors += [torch.tensor([[0.5, 0.0, -3.25], [small, -400.5, 2.0625]]) for small in (0.3, 0.5, 1e-3)]
    assert {"e-" in str(tensor) for tensor in tensors} == {True, False}
    asked = [{"numbers": t.flatten().double().tolist(), "inRow": t.shape[1]} for t in tensors]
    written = script.evaluate(PRINT, {"place": f"/{scripts.folder()}/tensor_text.js", "asked": asked})
    for own, tensor in zip(written, tensors, strict=True):
        assert own == str(tensor)
    script.context.close()


def test_the_draws_before_a_scheme_are_those_of_the_lesson() -> None:
    """Of each tensor more: its layer's weight and bias, and what filled the weights before, by chance."""
    schemes = [scheme for key in STEPS for scheme in STEPS[key]]
    numbers = [sum(n for _, n in drawn_before(scheme)) for scheme in schemes]
    filled = [15 if core.SCHEMES[scheme].law((3, 5)).random else 0 for scheme in schemes]
    assert numbers[0] == 15 + 3
    assert [b - a for a, b in pairwise(numbers)] == [18 + n for n in filled[:-1]]

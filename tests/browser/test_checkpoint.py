"""A file of weights looked at: by the pointer, by keys alone, with names that would do harm."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from core import audit
from core.teaching.broken import EXAMPLES
from pages.text import Text
from tests.support.tabs import LOCALES, Visit, fits, go, link, settled, until

EN = Text("en")
TILES = "[data-lab-map] a"


def test_a_tile_opens_its_tensor_by_a_click_and_the_way_back_is_a_link(tab: Visit) -> None:
    page = tab("/checkpoint?v=1")
    expect(page.locator(TILES)).to_have_count(52)
    wrong = page.locator(f"{TILES}.lab-mark2")
    expect(wrong).to_have_count(8)
    wrong.first.click()
    page.wait_for_url(re.compile("tensor=h.0.attn.c_proj.weight"))
    settled(page)
    expect(page.locator(f"{TILES}[aria-current]")).to_have_count(1)
    expect(page.locator(".lab-tensor-name b")).to_have_text("h.0.attn.c_proj.weight")
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    page.get_by_role("link", name=EN("checkpoint.plot.spectrum"), exact=True).click()
    page.wait_for_url(re.compile("plot=spectrum"))
    settled(page)
    expect(page.locator(".js-plotly-plot .xtitle")).to_have_text("Singular value")
    page.go_back()
    settled(page)
    page.get_by_text(EN("checkpoint.all_tensors")).click()
    page.wait_for_url(re.compile(r"checkpoint(\?v=1)?$"))
    settled(page)
    expect(page.locator(".lab-tally")).to_be_visible()
    page.go_back()
    settled(page)
    assert link(page)["tensor"] == "h.0.attn.c_proj.weight"


def test_keys_alone_go_over_the_map_and_open_a_tile(tab: Visit) -> None:
    page = tab("/checkpoint?v=1&example=swapped")
    until(page, f"document.querySelectorAll('{TILES}[tabindex=\"0\"]').length === 1")
    page.locator(f"{TILES}[tabindex='0']").focus()
    page.keyboard.press("Home")
    expect(page.locator(TILES).first).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator(TILES).nth(1)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator(f"{TILES}.lab-mark2")).to_be_focused()
    assert link(page)["example"] == "swapped"  # the arrows go over the map, not to the next example
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("tensor=2.weight"))
    settled(page)
    expect(page.locator(f"{TILES}[aria-current]")).to_be_focused()


def test_a_pasted_report_with_names_that_would_do_harm_is_only_a_map(tab: Visit) -> None:
    module = EXAMPLES["mlp"]()
    evil = "<img src=x onerror=window.evil=1>" + "w" * 500
    text = audit(module).to_json().replace("2.weight", evil)
    page = tab("/checkpoint?v=1")
    page.locator(".st-key-more summary").click()
    field = page.get_by_label(EN("checkpoint.paste"))
    field.fill(text)
    field.press("Control+Enter")
    page.wait_for_url(re.compile("report=[0-9a-f]{16}"))
    settled(page)
    expect(page.locator(TILES)).to_have_count(6)
    page.locator(TILES).nth(2).click()
    page.wait_for_url(re.compile("tensor="))
    settled(page)
    assert page.evaluate("window.evil === undefined")
    fits(page, "laptop", high=False)
    go(page, f"/checkpoint?v=1&report={link(page)['report']}&board=tensors")
    fits(page, "laptop", high=False)


def test_the_lab_s_own_network_opens_here_with_one_click(tab: Visit) -> None:
    page = tab("/model?v=1")
    page.get_by_text(EN("checkpoint.audit")).click()
    page.wait_for_url(re.compile("checkpoint.*report=[0-9a-f]{16}"))
    settled(page)
    expect(page.locator(TILES)).to_have_count(6)


@pytest.mark.parametrize("language", LOCALES)
def test_on_a_phone_what_a_tile_holds_comes_into_sight(language: str, tab: Visit) -> None:
    page = tab("/checkpoint?v=1&example=mlp", size="phone", locale=LOCALES[language])
    page.locator(TILES).nth(1).click()
    page.wait_for_url("**tensor=0.weight")
    settled(page)
    expect(page.locator(".lab-tensor-name")).to_be_in_viewport()
    expect(page.locator(".js-plotly-plot").first).to_be_in_viewport()


def test_on_a_phone_a_button_opens_where_a_file_is_dropped_and_its_map_lies_bare(
    visit: Visit, tmp_path: Path
) -> None:
    page = visit("/checkpoint?v=1", size="phone")
    zone = page.locator("[data-lab-drop]").first
    expect(zone).not_to_be_in_viewport()
    page.get_by_role("button", name="choose your own file").click()
    expect(zone).to_be_in_viewport()
    expect(zone.get_by_text("choose a file")).to_be_focused()
    file = tmp_path / "own.npy"
    np.save(file, np.arange(12.0).reshape(3, 4))
    zone.locator("input[type=file]").set_input_files(file)
    page.wait_for_url("**report=*")
    settled(page)
    expect(zone).not_to_be_in_viewport()
    expect(page.locator(TILES).first).to_be_in_viewport()

"""The model page's journeys, in a real Chromium against the real server."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Page, expect
from safetensors.torch import load_file

from pages.state.controls import PARTS
from pages.text import Text
from tests.support.lesson import lesson_parameters
from tests.support.tabs import LOCALES, Visit, choose, fits, link, settled

T = Text("en")
WIDE = "64-64.kaiming_normal.relu-64.xavier_normal.tanh-10.softmax"


def _open(page: Page, drawer: str) -> None:
    page.locator(f".st-key-{drawer} summary").click()
    settled(page)


@pytest.mark.parametrize(
    ("size", "net", "language"),
    [
        ("wide", "", "zh"),
        ("laptop", WIDE, "zh"),
        ("phone", WIDE, "en"),
    ],
)
def test_every_part_fits_the_width(size: str, net: str, language: str, tab: Visit) -> None:
    page = tab(f"/model?v=1&net={net}" if net else "/model?v=1", size=size, locale=LOCALES[language])
    t = Text(language)
    for part in PARTS:
        page.get_by_role("tab", name=t(f"tab.{part}"), exact=True).click()
        if part != "network":
            page.wait_for_url(f"**part={part}**")
        settled(page)
        fits(page, size, high=False)


def test_the_network_is_drawn_with_a_line_for_each_weight(tab: Visit) -> None:
    page = tab("/model?v=1", size="wide")
    expect(page.locator("h1.lab-headline")).to_have_text("Row 1 comes out as 0.416, 0.584.")
    expect(page.get_by_text("Total params: 26")).to_be_visible()
    expect(page.locator(".textpoint text").first).to_be_visible()
    shown = page.locator(".textpoint text").all_text_contents()
    numbers = [text for text in shown if re.fullmatch(r"−?\d+\.\d+", text)]
    assert len(numbers) == 9 + 6 + 4


def test_layers_are_edited_and_the_lesson_s_network_is_one_click_away(tab: Visit) -> None:
    page = tab("/model?v=1")
    _open(page, "layers")
    page.get_by_label("Units").first.fill("5")
    page.get_by_label("Units").first.press("Enter")
    page.wait_for_url("**net=3-5.xavier_normal.sigmoid**")
    page.get_by_role("button", name="Add a layer").click()
    expect(page.locator(".lab-context")).to_contain_text("3 → 5 → 2 → 2 → 2")
    settled(page)
    page.get_by_label("Activation").first.scroll_into_view_if_needed()
    choose(page, page.get_by_label("Activation").first, "tanh", "**xavier_normal.tanh**")
    page.get_by_role("button", name="Bias, parameters, order").first.click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator(".lab-context")).to_contain_text("3 → 2 → 2 → 2")
    page.reload()
    settled(page)
    expect(page.locator(".lab-context")).to_contain_text("3 → 2 → 2 → 2")
    page.get_by_role("button", name="The lesson’s network").click()
    expect(page.locator("h1.lab-headline")).to_have_text("Row 1 comes out as 0.416, 0.584.")
    settled(page)
    assert link(page) == {}


def test_a_layer_of_a_billion_units_is_answered_at_its_card(tab: Visit) -> None:
    page = tab("/model?v=1")
    _open(page, "layers")
    field = page.get_by_label("Units").nth(1)
    field.fill("1000000000")
    field.press("Enter")
    alert = page.get_by_role("alert").filter(has_text="Units must be a whole number")
    expect(alert).to_be_visible()
    gap = alert.bounding_box()["y"] - field.bounding_box()["y"]  # type: ignore[index]
    assert 0 < gap < 80
    assert field.input_value() == "1000000000"
    expect(page.locator("h1.lab-headline")).to_have_text("Row 1 comes out as 0.416, 0.584.")
    _open(page, "layers")  # again, which closes it
    expect(page.get_by_text("One of the layers’ fields could not be used")).to_be_visible()


def test_another_weight_seed_leaves_the_input_and_the_other_way_round(tab: Visit) -> None:
    page = tab("/model?v=1&part=forward")
    rows = page.locator(".lab-heat").nth(0)
    first = page.locator(".lab-heat").nth(1)
    before = rows.inner_text(), first.inner_text()
    page.get_by_role("button", name="Redraw").click()
    page.wait_for_url("**seed=41**")
    settled(page)
    assert rows.inner_text() == before[0]
    assert first.inner_text() != before[1]
    page.get_by_label("Input seed", exact=True).fill("8")
    page.get_by_label("Input seed", exact=True).press("Enter")
    page.wait_for_url("**data_seed=8**")
    settled(page)
    assert rows.inner_text() != before[0]


def test_a_file_is_taken_or_answered(tab: Visit, tmp_path: Path) -> None:
    good, long = tmp_path / "good.csv", tmp_path / "long.csv"
    good.write_text("a,b,c\n1,2,3\n4,5,6\n", encoding="utf-8")
    long.write_text("0.5,1,-2\n" * 10**5, encoding="utf-8")
    page = tab("/model?v=1&part=forward")
    _open(page, "more")
    page.locator("input[type=file]").set_input_files(good)
    expect(page.locator(".lab-context")).to_contain_text("own input, 2 × 3")
    field = page.get_by_role("textbox", name="Your own input (CSV)")
    expect(field).to_have_value("a,b,c\n1,2,3\n4,5,6\n")
    page.locator("input[type=file]").set_input_files(long)
    expect(page.get_by_role("alert").filter(has_text="100\u202f000 rows are more")).to_be_visible()
    expect(page.locator(".lab-context")).to_contain_text("own input, 2 × 3")
    field.fill("1,2,NaN")
    field.press("Control+Enter")
    expect(page.get_by_role("alert").filter(has_text="in line 1, cell 3 is “NaN”")).to_be_visible()
    expect(field).to_have_value("1,2,NaN")


def test_the_downloaded_file_runs_in_a_fresh_interpreter_and_gives_the_page_s_output(
    tab: Visit, tmp_path: Path
) -> None:
    page = tab("/model?v=1&part=code")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download model.py").click()
    download.value.save_as(tmp_path / "model.py")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download model.safetensors").click()
    download.value.save_as(tmp_path / "model.safetensors")
    command = [sys.executable, "-I", str(tmp_path / "model.py")]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    page.get_by_role("tab", name="Forward").click()
    expect(page.locator(".lab-heat")).to_have_count(7)
    cells = page.locator(".lab-heat").last.locator("tbody td").all_inner_texts()
    shown = [float(cell) for at, cell in enumerate(cells) if at % 3 < 2]
    output = re.search(r"tensor\((\[\[.*?\]\]), grad_fn", printed, re.DOTALL)
    assert output is not None
    numbers = [float(number) for number in re.findall(r"\d\.\d+", output[1])]
    assert shown == pytest.approx(numbers, abs=1e-4)
    held, plain = load_file(tmp_path / "model.safetensors"), dict(lesson_parameters(seed=40))
    assert held.keys() == plain.keys()
    assert all(torch.equal(held[name], value) for name, value in plain.items())


def test_the_menu_carries_a_network_away_and_back(visit: Visit) -> None:
    page = visit("/model?v=1&net=2-1&seed=9")
    page.get_by_role("link", name="Distribution").first.click()
    page.wait_for_url("**/distribution?**")
    settled(page)
    assert link(page) == {"v": "1", "seed": "9"}
    page.get_by_role("link", name="Model").first.click()
    page.wait_for_url("**/model?**")
    settled(page)
    assert link(page) == {"v": "1", "net": "2-1", "seed": "9"}
    expect(page.get_by_text("Total params: 3")).to_be_visible()

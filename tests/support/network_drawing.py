"""A network's drawing in a browser: its circles, its handles, and numbers as it writes them."""

import re

from playwright.sync_api import Locator, Page

#: Where the middle of each circle is in the window.
CIRCLES = """selector => [...document.querySelectorAll(selector)].filter(at => at.style.opacity !== "0")
    .map(at => at.getBoundingClientRect()).map(box => [box.x + box.width / 2, box.y + box.height / 2])"""
STANDS, MOVES = ".st-key-chart .js-plotly-plot:not(.lab-stood)", ".lab-moving"
#: Digits as they are written high up.
POWERS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def numbers_in(words: str) -> list[float]:
    found = re.findall(r"−?\d+(?:\.\d+)?(?:×10[⁻⁰¹²³⁴-⁹]+)?", words)
    return [float(one.replace("−", "-").replace("×10", "e").translate(POWERS)) for one in found]


def weight_handle(page: Page) -> Locator:
    return page.locator(".lab-on-line")


def input_handles(page: Page) -> Locator:
    return page.locator(".lab-input")

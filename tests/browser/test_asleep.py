"""A page that nobody looks at gives its seat away, and comes back as it was."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.support.stream import Server, server
from tests.support.tabs import Visit, link, settled, until

#: What a browser says of a tab behind another.
HIDDEN = """hidden => {
    Object.defineProperty(document, 'hidden', {configurable: true, get: () => hidden})
    document.dispatchEvent(new Event('visibilitychange'))
}"""


@pytest.fixture(scope="module")
def served() -> Iterator[Server]:
    """One seat, and a page that sleeps once it was hidden for a second."""
    with server(INIT_LAB_VISITORS="1", INIT_LAB_IDLE="1") as running:
        yield running


def _seats(page: Page, path: str) -> int:
    return page.request.get(path, headers={"accept": "text/html"}).status


def test_a_hidden_page_gives_its_seat_away_and_comes_back_as_it_was(visit: Visit, served: Server) -> None:
    page = visit("/distribution?v=1&scheme=kaiming_uniform&fan_in=300&seed=7")
    assert _seats(page, f"{served.url}/") == 503
    page.evaluate(HIDDEN, True)  # noqa: FBT003
    page.wait_for_url("**/asleep#*")
    until(page, "document.links[0].href.includes('fan_in=300')")
    assert _seats(page, f"{served.url}/") == 200
    assert [a.get_attribute("href") for a in page.locator("a").all()] == [
        f"{served.url}/distribution?v=1&scheme=kaiming_uniform&fan_in=300&seed=7"
    ] * 2
    page.evaluate(HIDDEN, False)  # noqa: FBT003
    page.wait_for_url("**/distribution?*")
    settled(page)
    assert link(page) == {"v": "1", "scheme": "kaiming_uniform", "fan_in": "300", "seed": "7"}
    # and it leads to no other site
    page.goto("about:blank")
    page.goto(f"{served.url}/asleep#https%3A%2F%2Fexample.org%2F")
    page.wait_for_load_state("networkidle")
    assert {a.get_attribute("href") for a in page.locator("a").all()} == {"."}
    page.evaluate(HIDDEN, False)  # noqa: FBT003
    page.wait_for_load_state("networkidle")
    assert page.url.startswith(f"{served.url}/asleep#")

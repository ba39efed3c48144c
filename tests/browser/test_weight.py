"""What a first visit carries over the network, and that the smaller fonts draw what Streamlit's own would."""

from typing import Any

from playwright.sync_api import Page

from tests.support.tabs import Visit, settled, until

#: Bytes of the first page in a browser that has seen none.
MOST = 2_700_000
#: Whether each icon is drawn as one sign: its name in letters would be several times as wide as high.
SIGNS = """() => [...document.querySelectorAll('[data-testid=stIconMaterial]')]
    .filter(e => e.checkVisibility())
    .map(e => [e.textContent, e.scrollWidth / parseFloat(getComputedStyle(e).fontSize)])"""


def _icons(page: Page) -> dict[str, float]:
    until(page, "document.fonts.status === 'loaded'")
    return dict(page.evaluate(SIGNS))


def test_a_first_visit_is_no_heavier_than_promised(visit: Visit) -> None:
    page = visit("/teach")
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: list[int] = []
    session.on("Network.loadingFinished", lambda found: sizes.append(int(found["encodedDataLength"])))
    page.goto(page.url.replace("/teach", "/"))
    settled(page)
    page.wait_for_selector(".js-plotly-plot .main-svg")
    settled(page)
    assert len(sizes) > 50
    assert 1_500_000 < sum(sizes) <= MOST
    session.detach()


def test_icons_are_signs_and_headlines_have_their_font(tab: Visit) -> None:
    for size, path in (("phone", "/distribution?v=1"), ("laptop", "/model?v=1")):
        page = tab(path, size=size)
        icons = _icons(page)
        assert icons
        assert all(width < 1.3 for width in icons.values()), icons
    fonts: list[Any] = page.evaluate(
        "() => [...document.fonts].filter(f => f.status === 'loaded').map(f => f.family.replaceAll('\"', ''))"
    )
    assert {"Source Serif", "Material Symbols Rounded"} <= {*fonts}

"""Take the README's pictures anew: ``python -m tests.pictures``, or ``make pictures``."""

import io

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tests import chromium
from tests.support.stream import ROOT, server
from tests.support.tabs import FLAGS, listened, settled

#: file → what it shows, and in which colours
PICTURES = {
    "distribution": ("/distribution?v=1&overlay=xavier_normal", "light"),
    "model": ("/model", "light"),
    "compare": ("/compare", "light"),
    "signal": ("/signal", "light"),
    "checkpoint": ("/checkpoint", "light"),
    "projector": ("/signal?v=1&view=projector", "dark"),
}
#: Pixels as the page counts them, of which the picture has 1.25 each: 1600 × 900.
WIDTH, HEIGHT, FINE = 1280, 720, 1.25
#: What tells a picture's colours apart: letters are smoothed in few, and a file in git should be small.
COLOURS = 192


def taken(browser: Browser, url: str, scheme: str) -> bytes:
    """Return the page as a PNG, once all of it stands."""
    size = {"width": WIDTH, "height": HEIGHT}
    context = browser.new_context(
        viewport=size,  # type: ignore[arg-type]
        device_scale_factor=FINE,
        locale="en-US",
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = listened(context.new_page())
    page.goto(url)
    settled(page)
    page.wait_for_selector(".js-plotly-plot .main-svg")
    page.evaluate("document.fonts.ready")
    settled(page)
    shot = page.screenshot(animations="disabled", caret="hide")
    context.close()
    return shot


def small(png: bytes) -> Image.Image:
    """Return a picture with a palette of its own, without the noise that dithering would add."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    return picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def main() -> None:
    """Write every picture to docs/."""
    with server() as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(playwright), args=FLAGS)
        for name, (path, scheme) in PICTURES.items():
            small(taken(browser, served.url + path, scheme)).save(ROOT / f"docs/{name}.png", optimize=True)
        browser.close()


if __name__ == "__main__":
    main()

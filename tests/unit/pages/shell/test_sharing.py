"""A QR code is read back by another library than the one that wrote it."""

import io
from urllib.parse import unquote

import numpy as np
import pytest
import segno
import zxingcpp
from PIL import Image

from pages.shell import share as sharing
from pages.text import Text


@pytest.mark.parametrize(
    "address",
    [
        "http://lab.example:8501/distribution",
        "https://example.edu/init/signal?v=1&rows=kaiming_normal-zeros&activation=z%2Asigmoid%281.702%2Az%29",
        "http://10.0.0.7:8501/model?v=1&data=" + "1.25%2C" * 300,
    ],
)
def test_a_code_holds_its_address(address: str) -> None:
    picture = sharing.qr_code(address)
    kind, data = picture.split(",", 1)
    assert kind.startswith("data:image/svg+xml")
    assert "<svg" in unquote(data)
    # the same modules, drawn by the writer as pixels: an SVG needs a browser, which the browser tests have
    level = "m" if len(address) <= sharing.READABLE else "l"
    pixels = io.BytesIO()
    segno.make(address, error=level, micro=False, boost_error=False).save(pixels, kind="png", scale=4)
    (found,) = zxingcpp.read_barcodes(np.asarray(Image.open(pixels).convert("L")))
    assert found.text == address


def test_an_address_that_no_code_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="2900 letters at most"):
        sharing.qr_code("x" * 2901)


def test_a_readable_code_has_at_most_53_modules_a_side() -> None:
    # ISO/IEC 18004: version 9, of 4·9 + 17 modules, holds 180 bytes at level M
    for more, side in ((0, 53), (1, 57)):
        code = segno.make("x" * (sharing.READABLE + more), error="m", micro=False, boost_error=False)
        assert code.symbol_size(border=0)[0] == side


@pytest.mark.parametrize(
    ("address", "is_here"),
    [
        ("http://localhost:8501/distribution", True),
        ("http://127.0.0.1/model?v=1", True),
        ("http://[::1]:8501/", True),
        ("http://192.168.0.7:8501/distribution", False),
        ("https://localhost.example.org/", False),
    ],
)
def test_who_shares_an_address_that_only_this_computer_knows_is_told(
    address: str, *, is_here: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    monkeypatch.setattr(sharing.st, "html", written.append)
    sharing.show(address, Text("en"), note="", alt="")
    assert ("this computer" in written[0]) == is_here

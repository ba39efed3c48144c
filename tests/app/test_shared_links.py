"""A link that is shared, as text, in a report or as a QR code, leads to the page that it was taken from."""

import re
from html import unescape
from urllib.parse import parse_qsl, unquote, urlsplit

import numpy as np
import pytest
import zxingcpp
from streamlit.testing.v1 import AppTest

from pages.shell import export as tools
from pages.shell import share as sharing
from pages.shell.frame import Frame
from pages.state.session import KEY, Session
from tests.support.screen import opened, query, shared
from tests.support.stream import ROOT
from tests.support.words import plain, says


def _shared(app: AppTest) -> tuple[str, str]:
    """Return the link that a page's dialog shows, and the one that its QR code holds."""
    address, words = shared(app)
    return address, _decoded(words)


def _sharing(page: str, **link: str) -> AppTest:
    """Open a page with its dialog of the link open, as its button does."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.switch_page(f"pages/{page}.py")
    for name, value in link.items():
        app.query_params[name] = value
    app.session_state[KEY] = Session(tool="share")
    return app.run()


def _decoded(words: str) -> str:
    """Read the QR code as a camera does: its dark modules, drawn as pixels."""
    svg = unquote(words.partition('src="data:image/svg+xml;charset=utf-8,')[2].partition('"')[0])
    (side,) = map(int, re.findall(r"viewBox='0 0 (\d+) \1'", svg))
    (path,) = re.findall(r"stroke='#000(?:000)?' d='([^']+)'", svg)
    modules = np.full((side, side), 255, dtype=np.uint8)
    x = y = 0.0
    for command, first, second in re.findall(r"([Mmh])\s*(-?[\d.]+)(?:[ ,]?(-?[\d.]+))?", path):
        if command == "h":
            modules[int(y), int(x) : int(x) + int(first)] = 0
            x += int(first)
        else:
            x, y = (0.0, 0.0) if command == "M" else (x, y)
            x, y = x + float(first), y + float(second)
    (found,) = zxingcpp.read_barcodes(np.kron(modules, np.ones((4, 4), dtype=np.uint8)))
    return str(found.text)


HARD = [
    ("signal", {"activation": "z*sigmoid(1.702*z)+0.5*z^2", "seed": "41"}),
    ("signal", {"rows": "normal(std=0.02)-xavier_normal(gain=1.5)", "activation": "max(z,0)"}),
    ("distribution", {"layer": "Conv2d(6, 4, 3, groups=2)", "scheme": "kaiming_uniform", "seed": "41"}),
    ("model", {"data": "1,2,3\n-1,0.5,0.001", "labels": "1,0"}),
]


@pytest.mark.parametrize(("page", "chosen"), HARD)
def test_a_shared_link_and_its_qr_code_lead_to_the_same_page(page: str, chosen: dict[str, str]) -> None:
    app = _sharing(page, **chosen)
    link, coded = _shared(app)
    assert coded == link
    assert re.fullmatch(r"[!-~]*", link), link  # printable ASCII, no space
    assert not set("+&%#") & set(re.sub(r"%[0-9A-F]{2}|\+|&(?=\w+=)", "", link.partition("?")[2]))
    asked = dict(parse_qsl(urlsplit(link).query, strict_parsing=True))
    assert asked == {"v": "1"} | chosen
    again = opened(page, **asked)
    assert query(again) == query(app) | {"v": "1"}
    assert not again.exception


@pytest.mark.parametrize(("page", "chosen"), HARD[:1])
def test_a_report_names_the_link_whole(page: str, chosen: dict[str, str]) -> None:
    """In HTML an ampersand is &amp;, and the address that a reader follows is the link itself."""
    link = f"https://lab.example/{page}?v=1&activation=z%2Asigmoid%281.702%2Az%29%2B0.5%2Az%5E2&seed=41"
    frames: list[Frame] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tools, "open_asked", frames.append)
        opened(page, **chosen)
    report = tools._report(frames[-1], link)
    (found,) = {unescape(x) for x in re.findall(r'href="(https://lab\.example[^"]*)"', report)}
    assert found == link
    assert dict(parse_qsl(urlsplit(found).query)) == {"v": "1"} | chosen


def test_the_qr_code_is_of_the_whole_address() -> None:
    address = (
        "https://lab.example/signal?v=1&activation=z%2Asigmoid%28z%29&rows=normal%28std%3D0.02%29&seed=41"
    )
    assert _decoded(f'<img src="{sharing.qr_code(address)}">') == address


def test_a_formula_in_a_link_stays_itself() -> None:
    text = plain(opened("signal", sight="gains", activation="z^2 + 0*z"))
    assert says(text, "at mean square 1, <0.577> keeps the signal, <0.500> the gradient.")


def test_a_shared_link_leaves_to_each_their_language_view_and_place_in_a_plan() -> None:
    address, scanned = _shared(
        _sharing("model", net="3-4-2", seed="7", lang="zh", view="projector", at="depth-3")
    )
    found = dict(parse_qsl(urlsplit(address).query))
    assert found == {"v": "1", "net": "3-4-2", "seed": "7"}
    assert scanned == address


@pytest.mark.parametrize("step", ["uniform", "network"])
def test_a_link_within_the_lesson_keeps_language_and_view(step: str) -> None:
    app = opened("lesson", step=step, seed="7", lang="zh", view="projector")
    queries = [link.proto.query_string for link in app.get("page_link")]
    links = [dict(parse_qsl(query)) for query in queries if query]
    assert links
    for link in links:
        assert link.items() >= {"v": "1", "lang": "zh", "view": "projector"}.items()

"""The pages' scripts as a browser asks for them."""

import pytest
from starlette.applications import Starlette

from pages.live import browser
from pages.server import scripts
from tests.support.doors import ask
from tests.support.stream import ROOT


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Starlette:
    monkeypatch.setattr(browser, "SERVED", False)
    return Starlette(routes=[scripts.route()])


def test_each_script_is_handed_out_for_good_as_it_stands_on_the_disk(app: Starlette) -> None:
    files = sorted((ROOT / "pages" / "live").glob("*.js"))
    assert len(files) > 5
    for file in files:
        answer = ask(app, f"/{browser.folder()}/{file.name}")
        assert answer.status == 200
        assert answer.body == file.read_bytes()
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("name", ["browser.py", "nothing.js", "../browser.py", "%2e%2e/browser.py", ""])
def test_nothing_else_is(app: Starlette, name: str) -> None:
    assert ask(app, f"/{browser.folder()}/{name}").status == 404


def test_another_version_has_another_address(app: Starlette) -> None:
    """A browser that keeps a script for a year would never see the next one."""
    assert ask(app, "/live/000000000000/keys_and_clicks.js").status == 404
    assert len(browser.folder()) == len("live/") + 12


def test_pages_know_that_a_server_hands_scripts_out(app: Starlette) -> None:
    assert app.routes
    assert browser.SERVED

"""Pages run by Streamlit's own test harness, opened as a link would open them."""

import functools
import json
import logging
import re
from html import unescape
from typing import Any

from hypothesis import settings
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest, app_test, local_script_runner

from pages.shell.frame import Chart, Frame
from pages.state.set_by_button import HEARD
from pages.text import LANGUAGES, Text
from tests.support.stream import ROOT
from tests.support.unmarked import unmarked

# The harness imports pages outside a run and warns of it, once an element.
logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").setLevel(logging.ERROR)

# At each run the harness reads what every installed package says of itself, to find components: ten times
# as long as a page takes. Once will do.
manifest_scanner.scan_component_manifests = functools.cache(manifest_scanner.scan_component_manifests)
# At each run it also compiles the scripts anew; a server keeps what it has compiled, and so do all runs here.
app_test.ScriptCache = functools.cache(app_test.ScriptCache)  # type: ignore[assignment,misc]
local_script_runner.ScriptCache = app_test.ScriptCache  # type: ignore[misc]


def _until_it_ends(runner: local_script_runner.LocalScriptRunner, timeout: float = 3) -> None:
    """Wait for a script as the harness does, which asks every millisecond whether it has ended."""
    thread = runner._script_thread
    assert thread
    thread.join(timeout)
    if not runner.script_stopped():
        runner.request_stop()
        raise RuntimeError(f"AppTest script run timed out after {timeout}(s)")


local_script_runner.require_widgets_deltas = _until_it_ends

#: A page takes a tenth of a second: a third of the profile's examples will do.
few = settings(max_examples=settings().max_examples // 3)


def opened(page: str = "distribution", **link: str) -> AppTest:
    """Open a page as a fresh visitor with this link."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    if page != "home":
        app.switch_page(f"pages/{page}.py")
    for name, value in link.items():
        app.query_params[name] = value
    return app.run()


def said(app: AppTest) -> str:
    """Return all words that the page wrote itself."""
    return unmarked("\n".join(element.proto.body for element in app.get("html")[1:]))


def refusals(app: AppTest) -> list[str]:
    """Return the sentences that say why an entry is not used."""
    bodies = "".join(element.proto.body for element in app.get("html"))
    return [unescape(words) for words in re.findall(r'role="alert">▲ (.*?)</p>', bodies, re.DOTALL)]


def menu(app: AppTest) -> list[str]:
    """Return the pages that the menu leads to, as it calls them."""
    bodies = (element.proto.body for element in app.get("html"))
    menus = "".join(body for body in bodies if 'class="lab-menu"' in body)
    return [unescape(words) for words in re.findall(r"<a [^>]*data-lab-page[^>]*>(.*?)</a>", menus)]


#: Buttons that the frame puts around every page, with the languages.
FRAMES = {"share", "export", "add_step", "project", "predict_first", "leave", "again", "previous", "next"}


def own_buttons(app: AppTest) -> set[str]:
    """Return the buttons of the page itself."""
    keys = {str(button.key) for button in app.button}
    return {key for key in keys - FRAMES if not key.startswith("language")}


def turned(app: AppTest, page: str, **link: str) -> AppTest:
    """Go on to another page as the same visitor, by the menu or, if one is given, by a link."""
    app.switch_page("app.py" if page == "home" else f"pages/{page}.py")
    app.query_params.clear()
    for name, value in link.items():
        app.query_params[name] = value
    return app.run()


def query(app: AppTest) -> dict[str, str]:
    """Return a page's link; the harness keeps what a test sets as text and what a page sets as lists."""
    return {n: v if isinstance(v, str) else v[-1] for n, v in app.query_params.items()}


def stands(app: AppTest) -> None:
    """Nothing failed: no exception, not even one that the net below the page caught."""
    assert not app.exception
    for language in LANGUAGES:
        assert Text(language)("error.unexpected") not in said(app)


def bare(html: str) -> str:
    """Return the words of HTML, whose marks leave no space."""
    return unescape(re.sub(r"<[^>]*>", "", html))


def headline(app: AppTest) -> str:
    """Return the words of the page's one headline."""
    (found,) = re.findall(r'<h1 class="lab-headline">(.*?)</h1>', said(app))
    return bare(found)


def first_chart(app: AppTest) -> Any:
    """Return the page's first chart, as it travels."""
    return json.loads(app.get("plotly_chart")[0].proto.spec)


def shared(app: AppTest) -> tuple[str, str]:
    """Return the link that an open dialog offers to copy, and the dialog's HTML."""
    (words,) = (html.proto.body for html in app.get("html") if 'data-lab-copy="' in html.proto.body)
    return unescape(words.split('data-lab-copy="')[1].split('"')[0]), words


def chart_of(frame: Frame) -> Chart:
    """Return the one chart of what a page shows."""
    (chart,) = (piece for piece in frame.shown if isinstance(piece, Chart))
    return chart


def typed_in(app: AppTest) -> list[Any]:
    """Return the fields for text that can be seen: one more tells what the browser has heard of."""
    return [field for field in app.text_input if field.key != HEARD]


def guessed(app: AppTest, name: str, guess: str) -> AppTest:
    """Type a number, or press the button of a choice."""
    fields = [field for field in app.text_input if str(field.key).startswith(f"guess_{name}_")]
    if fields:
        fields[0].set_value(guess).run()
    else:
        app.button(key=f"pick_{name}_{guess}").click().run()
    stands(app)
    return app

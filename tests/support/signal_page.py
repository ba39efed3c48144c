"""The signal page, opened with a small network, and what it says read back."""

import re
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import core.signals.trace
from core.signals.trace_run import SignalTrace
from pages.jobs import signal as signals
from pages.text import Text
from tests.support.charts import decoded
from tests.support.screen import bare, first_chart, headline, opened, said

EN = Text("en")
#: Small enough to run while the page waits.
SMALL = {"depth": "7", "width": "12", "seeds": "2", "samples": "3"}
MANY = "uniform-normal(std=0.5)-zeros-orthogonal-sparse-trunc_normal-kaiming_uniform(a=2)-eye"
#: Views that draw, and those whose numbers a run gives.
CHARTS = ("forward", "gradient", "saturation", "layers", "correlation", "maps", "chaos")
RUN = ("forward", "gradient", "saturation", "layers", "correlation", "figures")


def opened_small(**link: str) -> AppTest:
    return opened("signal", **{**SMALL, **link})


def words_of(app: AppTest) -> str:
    """Return what the page says, as plain text; names hold no breaks between words."""
    html = re.sub("<style>.*?</style>", "", said(app), flags=re.DOTALL)
    return bare(html).replace("\u2060", "")


def headline_of(app: AppTest) -> str:
    return headline(app).replace("\u2060", "")


def key_of(app: AppTest) -> dict[str, str]:
    """Return each line's phrase by its name."""
    lines = re.findall(r"<li><i[^>]*>.</i> <b>(.*?)</b> (.*?)</li>", said(app))
    return {name.replace("\u2060", ""): phrase for name, phrase in lines}


def cells_of(app: AppTest) -> dict[str, list[str]]:
    """Return the cells of the table's rows by the first line of their head."""
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', said(app))
    return {
        re.sub("<br>.*|</?b>", "", head).replace("\u2060", ""): re.findall(r"<td[^>]*>(.*?)</td>", row)
        for head, row in rows
    }


def curves_of(app: AppTest) -> list[np.ndarray]:
    """Return the lines of a chart by layer, in the order of the schemes."""
    lines = [trace for trace in first_chart(app)["data"] if trace.get("mode") == "lines+markers"]
    return [decoded(line["y"]) for line in lines]


def name_of(scheme: str, language: str = "en") -> str:
    """Return a scheme's name as charts and headlines have it, without the person."""
    return re.sub(r"\s*[(（].*?[)）]$", "", Text(language)(f"scheme.{scheme}.name"))


def short(name: str, **facts: Any) -> str:
    return bare(EN(name, **facts))


class Counted:
    """Runs are counted, and made small, so that none takes long."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, small: bool = False) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        real = core.signal.trace

        def counted(scheme: str, activation: str, **given: Any) -> SignalTrace:
            self.calls.append((scheme, given))
            if small:
                given = {**given, "width": 2, "batch": 2, "seeds": given["seeds"][:1], "progress": None}
            return real(scheme, activation, **given)

        monkeypatch.setattr(core.signal, "trace", counted)


def forget_runs() -> None:
    """Forget the runs that are kept, as they were not what was asked for."""
    for kept in (signals.firsts, signals.rest, signals._first):
        kept.clear()

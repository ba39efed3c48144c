"""The dialogs that every page has: its link to share, and all that can be taken away from it."""

from collections.abc import Callable, Sequence
from functools import partial
from html import escape

import streamlit as st

from pages.figures.chart_data import as_table, numbers
from pages.figures.palette import PRINT
from pages.lecture import predict
from pages.shell import files, share
from pages.shell.caption import Caption, caption, captioned
from pages.shell.frame import Chart, Frame, Offer
from pages.shell.report import Picture, Report, report
from pages.state.session import session
from pages.text import Text
from pages.text.numbers import count

#: A picture's width in pixels, of which a printed page takes 2.5 times as many, and its height.
WIDTH, HEIGHT = 800, 420


def open_asked(frame: Frame) -> None:
    """Open the dialog that was asked for just now."""
    now, t = session(), frame.t
    tool, now.tool = now.tool, None
    if tool == "share":
        st.dialog(t("share.title"), width="large")(partial(share.body, frame.state, t))()
    elif tool == "export":
        st.dialog(t("tools.title"), width="large")(partial(_export, frame))()


def _export(frame: Frame) -> None:
    """Offer the report, each chart, each tensor, and the code."""
    t = frame.t
    if predict.covered(frame.state, frame.page):  # or it could be read here
        st.html(f'<p class="lab-verdict">{t("predict.waits")}</p>')
        return
    with st.container(horizontal=True):
        link = share.link(frame.state)  # here: the thread that makes the file knows no visitor
        _file(
            t("tools.report"), partial(_report, frame, link), f"{frame.page}.html", "text/html", primary=True
        )
        if frame.code is not None:
            _file(t("tools.code"), frame.code, f"{frame.page}.py", "text/x-python")
    st.html(f'<p class="lab-note">{t("tools.report_note")}</p>')
    charts = [piece for piece in frame.shown if isinstance(piece, Chart)]
    said = caption(frame.shown, t("app.name"), share.printed(link))
    for at, chart in enumerate(charts, start=1):
        _chart(at, chart, frame, said)
    if frame.tensors is not None:
        _tensors(frame.tensors(), t)


def _chart(at: int, shown: Chart, frame: Frame, said: Caption) -> None:
    """Show a chart as it will be printed, and offer it as a picture, as a page of its own and as numbers."""
    t, chart, name = frame.t, shown.draw(PRINT), f"{frame.page}_{at}"
    high = captioned(chart, said, int(chart.layout.height or HEIGHT))
    st.html(f'<p class="lab-group">{t("tools.chart")}</p>')
    with st.container(key=f"offer_{at}"):
        with st.container(horizontal=True):
            pictures = "".join(
                f'<button type="button" class="lab-button" data-lab-picture="{kind}">{kind.upper()}</button> '
                for kind in ("png", "svg")
            )
            st.html(pictures, width="content")
            alone = shown.draw(PRINT)  # a page has its title and its source around the chart
            under = " · ".join((shown.alt, *filter(None, said[1:])))
            title = said.title or f"{t(f'nav.{frame.page}')} · {t('app.name')}"
            page = partial(files.chart_html, alone, title, under, t, height=HEIGHT)
            _file("HTML", page, f"{name}.html", "text/html")
            _file("CSV", partial(files.chart_csv, chart), f"{name}.csv", "text/csv")
        camera = {
            "modeBarButtons": [["toImage"]],  # hidden: keys_and_clicks.js presses it
            "displayModeBar": True,
            "toImageButtonOptions": {"filename": name, "width": WIDTH, "height": high},
        }
        st.plotly_chart(chart, height=high, theme=None, config=camera, alt=shown.alt, key=f"print_{at}")
        with st.expander(t("tools.numbers"), key=f"numbers_{at}", on_change="rerun") as drawer:
            if drawer.open:
                st.html(f'<div class="lab-scroll" tabindex="0">{as_table(numbers(chart), t)}</div>')


def _tensors(offers: Sequence[Offer], t: Text) -> None:
    """Offer each tensor as a file of each kind that can hold it."""
    st.html(f'<p class="lab-group">{t("tools.tensors")}</p>')
    for offer in offers:
        shape = " × ".join(map(count, offer.shape))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(f'<p class="lab-tensor"><b>{escape(offer.name)}</b> {shape}</p>')
            for kind in files.KINDS:
                _tensor(offer, kind, t)


def _tensor(offer: Offer, kind: files.Kind, t: Text) -> None:
    why = files.refused(offer.shape, offer.dtype, kind)
    _file(
        f".{kind}",
        lambda: files.tensor_file(offer.make(), offer.name, kind),
        files.file_name(offer.name, offer.shape, kind),
        "text/csv" if kind == "csv" else "application/octet-stream",
        why="" if why is None else files.worded(why, t),
    )


def _file(  # noqa: PLR0913 - a file has a label, a name and a kind
    label: str,
    make: Callable[[], str | bytes],
    name: str,
    mime: str,
    *,
    primary: bool = False,
    why: str = "",
) -> None:
    """Offer a file that is made when it is asked for; ``why`` says why it cannot be."""
    st.download_button(
        label,
        make,
        name,
        mime,
        key=f"file_{name}_{mime}",
        on_click="ignore",
        type="primary" if primary else "secondary",
        disabled=bool(why),
        help=why or None,
    )


def _report(frame: Frame, link: str) -> str:
    """Return the page as one file: what it says, its charts, their numbers, its code and its link."""
    t, charts = frame.t, [piece for piece in frame.shown if isinstance(piece, Chart)]
    drawn = [(chart.draw(PRINT), chart.alt) for chart in charts]
    return report(
        Report(
            title=f"{t(f'nav.{frame.page}')} · {t('app.name')}",
            link=link,
            said=[piece for piece in frame.shown if not isinstance(piece, Chart)],
            pictures=[Picture(chart, alt, height=int(chart.layout.height or HEIGHT)) for chart, alt in drawn],
            code=[] if frame.code is None else [frame.code()],
        ),
        t,
    )

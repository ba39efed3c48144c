"""A file of weights: did it start as it was meant to?"""

from collections.abc import Callable
from functools import partial
from html import escape

import plotly.graph_objects as go
import streamlit as st

from core import InitLabError, Row
from core.checkpoints.report_text import printable
from core.teaching import broken
from pages.figures import checkpoint_map, checkpoint_rows
from pages.figures.checkpoint import histogram, laid_over
from pages.figures.palette import Palette
from pages.jobs import checkpoint as jobs
from pages.jobs.checkpoint import Overview, Seen
from pages.lecture import predict
from pages.shell.frame import Frame, Offer
from pages.shell.page import show
from pages.state.set_by_button import place
from pages.text import Text
from pages.text.numbers import count
from pages.widgets import controls, drop, pasted_report
from pages.words import asks, checkpoint_changes, common, findings
from pages.words import checkpoint as words
from pages.words import checkpoint_rows as rows


def body(frame: Frame) -> None:
    """Ask for a file, or show an example; say what was found, and where."""
    t, state = frame.t, frame.state
    seen = jobs.seen(state)
    with st.sidebar:
        _controls(frame, seen)
    waits = predict.covered(state, frame.page)
    frame.html(words.context(seen, state, t, waits=waits) + common.headline(words.headline(seen.report, t)))
    frame.ask(asks.checkpoint(seen.report, t))
    frame.why(words.cause(seen.report, t), None)
    frame.code = lambda: _script(frame, seen)
    views: dict[str, Callable[[Frame, Seen], None]] = {
        "map": _map,
        "problems": _problems,
        "tensors": _tensors,
        "ties": _ties,
        "against": _against,
        "code": _code,
    }
    for view, tab in zip(views, controls.tabs(state, t, "board"), strict=True):
        if tab.open:
            with tab:
                views[view](frame, seen)


def _controls(frame: Frame, seen: Seen) -> None:
    """Where a file is dropped, the examples; the field for a report in More."""
    t, state = frame.t, frame.state
    if "report" not in state.fixed:
        drop.zone(t)
    if not predict.covered(state, frame.page):  # or its name would tell
        _examples(frame, seen)
    with controls.more(state, t) as more:
        if more.open:
            pasted_report.field(state, t)


def _examples(frame: Frame, seen: Seen) -> None:
    """Show the examples, and what the shown one is; beside a file of one's own, the way back to them."""
    t, state = frame.t, frame.state
    closes = partial(pasted_report.open_report, "")
    if not seen.example:
        if not {"report", "example"} & state.fixed:
            st.button(t("checkpoint.close"), key="close_report", on_click=closes, width="stretch")
        return
    controls.show(state, "example", t, changed=closes)
    if "example" not in state.hidden:
        frame.aside(f'<p class="lab-hint">{t(f"checkpoint.example.{seen.example}")}</p>')


def _map(frame: Frame, seen: Seen) -> None:
    """Show the map; beside it what was found, or the tensor that is chosen."""
    t, state, report = frame.t, frame.state, seen.report
    over, link = jobs.overview(report), words.Link(state)
    drawn = checkpoint_map.drawing(
        over.bands,
        str(state["tensor"]),
        label=t("checkpoint.map", file=findings.short(seen.file)),
        href=lambda tile: link(tile.name) if tile.tensors == 1 else _among(frame, tile.name),
        words=words.Tiles(over, t),
        name=findings.name,
    )
    if frame.moves:
        frame.live = {"moves": "tile_keys", "token": ""}
    with st.container(key="checkpoint", horizontal=True, gap="medium"):
        with st.container(key="mapped"):
            frame.html(drawn + words.legend(over.bands, t))
        with st.container(key="told_of"):
            row = over.rows.get(str(state["tensor"]))
            if row is not None:
                _tensor(frame, row, over, link)
            else:
                frame.html(words.unknown(str(state["tensor"]), t) + words.tally(report, t))
                row = words.first(over, report)
                if row is not None:
                    frame.html(words.opened(row, link))
                    _chart(frame, row, over)
    if row is not None and seen.example:
        offered = row.name
        frame.tensors = lambda: [Offer.of(offered, broken.tensors(seen.example)[offered])]


def _among(frame: Frame, name: str) -> str:
    """Return the link to the tensors of a block."""
    return words.Link(frame.state, board="tensors", search=name).back


def _tensor(frame: Frame, row: Row, over: Overview, link: words.Link) -> None:
    """Show a tensor: what it is, its histogram beside its law, its numbers."""
    t, law = frame.t, findings.law_of(row)
    frame.html(words.tensor(row, over.of(row), t, link.back))
    asked = str(frame.state["plot"])
    plot = asked if asked in rows.plots(row) else "weights"
    if ways := rows.ways(row, plot, words.Link(frame.state, plot=""), t):
        frame.aside(ways)
    if plot == "row_norms":
        _plot(frame, partial(checkpoint_rows.row_norms, row, law), rows.norms(row, law, t))
    elif plot == "spectrum":
        _plot(frame, partial(checkpoint_rows.spectrum, row), rows.spectrum(row, t))
    else:
        if asked != plot:
            frame.html(f'<p class="lab-note">{rows.not_drawn(row, asked, t)}</p>')
        if jobs.has_chart(row):
            _chart(frame, row, over)
        frame.html(words.numbers(row, t))


def _plot(frame: Frame, draw: Callable[[Text, Palette], go.Figure], said: str) -> None:
    """Show a chart of a tensor's rows, and what it says in a sentence, which describes it too."""
    frame.plot(lambda look: draw(frame.t, look), said, key="tensor_chart", height=260)
    frame.html(f'<p class="lab-verdict">{escape(said)}</p>')


def _chart(frame: Frame, row: Row, over: Overview) -> None:
    """Show a tensor's histogram beside its best law, and the one by which it was to start."""
    t, law, meant = frame.t, findings.law_of(row), words.meant(row, over.of(row))
    frame.plot(
        lambda look: histogram(row, law, t, look, meant=meant),
        words.alt(row, t),
        key="tensor_chart",
        height=260,
    )


def _problems(frame: Frame, seen: Seen) -> None:
    link = words.Link(frame.state, board="")
    frame.html(words.problems(seen.report, link, frame.t) + words.skipped(seen.report, frame.t))


def _tensors(frame: Frame, seen: Seen) -> None:
    """Show a sheet of the table of tensors, with what chooses and sorts them."""
    t, state = frame.t, frame.state
    over = jobs.overview(seen.report)
    with st.container(key="chooses", horizontal=True, vertical_alignment="bottom"):
        for name in ("search", "only", "sort"):
            controls.show(state, name, t)
    rows = words.chosen(seen.report, state, over)
    sheets = max(1, -(-len(rows) // words.SHEET))
    sheet = min(state["sheet"], sheets)
    first = (sheet - 1) * words.SHEET
    frame.html(f'<p class="lab-note">{_range(frame, first, len(rows))}</p>')
    frame.html(words.tensors(rows, first, over, words.Link(state, board=""), t))
    if sheets > 1:
        with st.container(horizontal=True):
            for name, to in (("before", sheet - 1), ("after", sheet + 1)):
                st.button(
                    t(f"checkpoint.{name}"),
                    key=f"sheet_{name}",
                    on_click=_turn,
                    args=(to,),
                    disabled=not 1 <= to <= sheets or "sheet" in state.fixed,
                )


def _turn(sheet: int) -> None:
    place(sheet=str(sheet))


def _range(frame: Frame, first: int, n: int) -> str:
    """Say which rows are shown, and of how many."""
    if not n:
        return frame.t("checkpoint.no_tensor")
    return frame.t(
        "checkpoint.range", first=count(first + 1), last=count(min(n, first + words.SHEET)), n=count(n)
    )


def _ties(frame: Frame, seen: Seen) -> None:
    frame.html(words.ties(seen.report, words.Link(frame.state, board=""), frame.t))


def _against(frame: Frame, seen: Seen) -> None:
    """Compare with another file: an example, or one that is dropped here."""
    t, state = frame.t, frame.state
    with st.container(key="chooses", horizontal=True, vertical_alignment="bottom"):
        controls.show(
            state,
            "against",
            t,
            placeholder=t("checkpoint.choose_other"),
            called=lambda key: findings.short(jobs.of(key).file),
        )
        if "against" not in state.fixed:
            drop.zone(t, "against")
    other = jobs.compared(state)
    if other is None:
        frame.html(f'<p class="lab-note">{t("checkpoint.against_none")}</p>')
        return
    try:
        found = other.report.compare(seen.report)
    except InitLabError:
        frame.html(f'<p class="lab-verdict">{t("checkpoint.against_several")}</p>')
        return
    both = checkpoint_changes.in_both(found, seen, other, str(state["tensor"]))
    with st.container(key="both_files", horizontal=True, gap="medium"):
        with st.container(key="mapped"):
            frame.html(checkpoint_changes.changes(found, seen, other, words.Link(state), t))
            if way := checkpoint_changes.swap(state, t):
                frame.aside(way)
        if both is not None:
            with st.container(key="told_of"):
                _both(frame, both, checkpoint_changes.files(seen, other))


def _both(frame: Frame, rows: tuple[Row, Row], names: tuple[str, str]) -> None:
    """Show a tensor as it is in both files, and the way to all that is known of it."""
    said = checkpoint_changes.told(*rows, names, frame.t)
    one, other = (findings.short(name, 20) for name in names)  # which have a line of the chart together
    frame.plot(
        lambda look: laid_over(*rows, (one, other), frame.t, look), said, key="tensor_chart", height=300
    )
    frame.html(f'<p class="lab-verdict">{escape(said)}</p>')
    way = words.Link(frame.state, board="").to(rows[0].name)
    frame.aside(f'<p class="lab-note">{frame.t("checkpoint.on_the_map", tensor=way)}</p>')


def _script(frame: Frame, seen: Seen) -> str:
    """Return the Python that does the same."""
    if seen.example:
        return broken.code(seen.example)
    tensor = str(frame.state["tensor"])
    return (
        "from init_lab import scan\n\n"
        f"report = scan({printable(seen.file)!r})  # for a module in memory: audit(model)\n"
        "print(report.state, report.coverage)\n"
        "for finding in report.problems:  # worst first\n"
        "    print(finding.kind, finding.tensors, finding, finding.would_refute)\n"
        + (
            f"\n(row,) = [row for row in report.rows if row.name == {tensor!r}]\nprint(row.std, row.init)\n"
            if tensor in jobs.overview(seen.report).rows
            else ""
        )
    )


def _code(frame: Frame, seen: Seen) -> None:
    t, report = frame.t, seen.report
    frame.aside(
        f'<p class="lab-note">{t("checkpoint.code_example" if seen.example else "checkpoint.code")}</p>'
    )
    with st.container(horizontal=True):
        for kind, make in (("json", report.to_json), ("md", report.to_markdown)):
            st.download_button(
                t(f"checkpoint.as_{kind}"), make, f"report.{kind}", key=f"as_{kind}", on_click="ignore"
            )
        if name := seen.example:
            st.download_button(
                t("checkpoint.as_file"),
                lambda: jobs.file_of(name),
                jobs.FILES[name],
                "application/octet-stream",
                key="as_file",
                on_click="ignore",
            )
    frame.script(_script(frame, seen))


show("checkpoint", body)

"""Files to take home: a tensor, a chart's numbers, and a chart that needs no network to be seen."""

import io
import re
from collections.abc import Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import plotly.graph_objects as go
import torch
from plotly.offline import get_plotlyjs
from safetensors.torch import save

from core import DtypeError, InitLabError, SizeError
from pages.figures.chart_data import as_csv, numbers
from pages.figures.palette import PRINT
from pages.text import HTML_LANG, Text
from pages.text.numbers import count

Kind = Literal["npy", "safetensors", "csv"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: Weights that a file holds at most: 16 MiB of float32, and some 3 MiB of text.
TENSOR_LIMIT, CSV_LIMIT = 2**22, 2**18
#: Significant digits that tell any two numbers of bfloat16 apart: ⌈1 + 8·log₁₀ 2⌉.
BFLOAT16_DIGITS = 4
#: A document may run its own scripts and show its own pictures, and ask nobody for anything.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)
#: Widths of a chart on paper, in pixels of 1/96 inch: 27 cm on a sheet turned sideways, 16 cm on another.
_SIDEWAYS, _UPRIGHT = 1020, 605
_CONFIG = "{displayModeBar:false,displaylogo:false,responsive:true}"


def limit_of(kind: Kind) -> int:
    """Return how many weights a file of this kind holds at most."""
    return CSV_LIMIT if kind == "csv" else TENSOR_LIMIT


def refused(shape: Sequence[int], dtype: torch.dtype, kind: Kind) -> InitLabError | None:
    """Return why there is no such file of a tensor, or None if there is one; looks at no weight."""
    n, limit = int(np.prod(shape, dtype=object)), limit_of(kind)
    if n > limit:
        message = f"{n:,} weights are more than the {limit:,} of a {kind} file."
        return SizeError(message, code="export.too_large", n=n, limit=limit, kind=kind)
    if kind == "npy" and dtype == torch.bfloat16:
        name = str(dtype).removeprefix("torch.")
        message = f"NumPy has no {name}; safetensors and csv hold it exactly."
        return DtypeError(message, code="export.no_dtype", dtype=name, kind=kind)
    return None


def worded(error: InitLabError, t: Text) -> str:
    """Return a refusal of this module in a visitor's language."""
    facts = {name: count(fact) if isinstance(fact, int) else fact for name, fact in error.facts.items()}
    return t(error.code, **facts | {"kind": f".{error.facts['kind']}"})


def tensor_file(tensor: torch.Tensor, name: str, kind: Kind) -> bytes:
    """Return a tensor as a file, bit for bit: ``name`` is its key in a safetensors file.

    CSV has one line of column numbers, then a line for each row of the tensor with all dimensions but the
    first in one, each weight in the fewest digits that read back as the same number of its dtype.

    Raises:
        SizeError: if it has more than ``TENSOR_LIMIT`` weights, or ``CSV_LIMIT`` for CSV.
        DtypeError: for ``npy`` of bfloat16, which NumPy has not.
    """
    if error := refused(tensor.shape, tensor.dtype, kind):
        raise error
    held = tensor.detach().cpu().contiguous()
    if kind == "safetensors":
        return save({name: held})
    if kind == "npy":
        file = io.BytesIO()
        np.save(file, held.numpy(), allow_pickle=False)
        return file.getvalue()
    return _csv(held).encode()


def _csv(tensor: torch.Tensor) -> str:
    rows = tensor.shape[0] if tensor.dim() else 1
    words = _shortest(tensor.reshape(-1)).reshape(rows, -1).tolist()
    lines = [map(str, range(len(words[0]) if words else 0)), *words]
    return "\n".join(map(",".join, lines)) + "\n"


def _shortest(values: torch.Tensor) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Return numbers, shape (n,), as the shortest texts that read back as the same numbers of their dtype."""
    if values.dtype != torch.bfloat16:
        return np.array([str(value) for value in values.numpy()], dtype=object)
    # at most 65 536 different ones
    bits, places = np.unique(values.view(torch.int16).numpy(), return_inverse=True)
    some = torch.from_numpy(bits).view(torch.bfloat16)
    wide = some.double().tolist()
    texts = np.array([str(value) for value in wide], dtype=object)
    for digits in range(BFLOAT16_DIGITS, 0, -1):
        fewer = np.array([str(float(f"{value:.{digits}g}")) for value in wide], dtype=object)
        back = torch.tensor(fewer.astype(np.float64)).to(torch.bfloat16)
        same = (back == some).numpy()
        texts[same] = fewer[same]
    return texts[places]


def file_name(name: str, shape: Sequence[int], kind: Kind) -> str:
    """Return a tensor's file name, which any system takes: weight_256x512.csv."""
    plain = re.sub(r"[^\w.-]+", "_", name, flags=re.ASCII).strip("._") or "tensor"
    return f"{plain}_{'x'.join(map(str, shape)) or 'scalar'}.{kind}"


def chart_csv(chart: go.Figure) -> bytes:
    """Return a chart's numbers as a CSV file, marked as UTF-8 for spreadsheets that would guess otherwise.

    Raises:
        LookupError: if the chart is not as ``pages.figures`` returned it.
    """
    return as_csv(numbers(chart)).encode("utf-8-sig")


def chart_html(chart: go.Figure, title: str, alt: str, t: Text, *, height: int = 460) -> str:
    """Return a chart as one file that opens without a network: ``title`` over it, ``alt`` under it.

    It is ``height`` pixels high unless the chart has its own. Draw it in ``palette.PRINT``.
    """
    shown = figure_html(chart, alt, 0, height=height)
    return document(title, f"<main><h1>{escape(title)}</h1>{shown}</main>", [chart], t, kind="alone")


def figure_html(chart: go.Figure, alt: str, at: int, *, height: int = 460) -> str:
    """Return the place of the document's chart number ``at``, with its description under it."""
    high = chart.layout.height or height
    return (
        f'<figure><div class="chart" id="chart-{at}" role="img" aria-labelledby="alt-{at}" '
        f'style="height:{high}px"></div><figcaption id="alt-{at}">{escape(alt)}</figcaption></figure>'
    )


def document(title: str, body: str, charts: Sequence[go.Figure], t: Text, *, kind: str) -> str:
    """Return a whole page around ``body``, HTML, with plotly.js and all charts inside it.

    ``kind`` is the class of its body: ``alone`` fills a sheet of paper turned sideways.
    """
    return (
        f'<!doctype html><html lang="{HTML_LANG[t.language]}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta name="color-scheme" content="light"><title>{escape(title)}</title>'
        f'<style>{_style_sheet()}</style></head><body class="{kind}">{body}{_scripts(charts)}</body></html>\n'
    )


def _scripts(charts: Sequence[go.Figure]) -> str:
    """Return plotly.js and what draws the charts; Plotly writes no < into its JSON."""
    if not charts:
        return ""
    parts = ",".join(chart.to_json(validate=False) for chart in charts)
    return (
        f"<script>{get_plotlyjs()}</script><script>const charts=[{parts}].map((chart,at)=>{{"
        "const place=document.getElementById('chart-'+at);"
        f"Plotly.newPlot(place,chart.data,chart.layout,{_CONFIG});return place}});"
        # a sheet of paper is not as wide as the window, and is laid out only once all is drawn
        f"const paper=document.body.className=='alone'?{_SIDEWAYS}:{_UPRIGHT};"
        "const size=(width)=>charts.forEach(place=>Plotly.relayout(place,{width,autosize:!width}));"
        "addEventListener('beforeprint',()=>size(paper));addEventListener('afterprint',()=>size(null))"
        "</script>"
    )


@cache
def _style_sheet() -> str:
    """Return the sheet of all documents, without comments and line ends, in the colours of print."""
    rules = Path(__file__).with_name("document.css").read_text(encoding="utf-8")
    rules = re.sub(r"/\*.*?\*/", "", rules, flags=re.DOTALL)
    rules = re.sub(r"\s*([{};])\s*", r"\1", rules)
    roles = ("paper", "panel", "ink", "ink2", "rule", "line", "law", "warning")
    colours = {role: getattr(PRINT, role) for role in roles}
    colours |= dict(zip(("negative", "positive"), PRINT.diverging, strict=True))
    colours |= {f"series{at}": colour for at, colour in enumerate(PRINT.series, start=1)}
    variables = ";".join(f"--{role}:{colour}" for role, colour in colours.items())
    return f":root{{{variables};--font:{PRINT.font}}}{rules.strip()}"

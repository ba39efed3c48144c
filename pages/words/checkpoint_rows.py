"""What the checkpoint page says of a tensor's rows: their norms, and their singular values."""

from html import escape

from core import Law, Row
from core.checkpoints.output_rows import ROW
from core.checkpoints.report_row import NEARLY
from core.checkpoints.spectrum import MOST_BYTES, MOST_SIDE
from core.checkpoints.stored_tensor import PART
from pages.figures.checkpoint_rows import expected_norm, noise_of
from pages.jobs.checkpoint import FAR, has_chart
from pages.text import Text, sentences
from pages.text.numbers import count, interval, quantity
from pages.words.checkpoint import Link


def plots(row: Row) -> tuple[str, ...]:
    """Return which charts there are of a tensor."""
    has = {
        "weights": has_chart(row),
        "row_norms": row.row_norms is not None and bool(row.row_norms.edges[-1] < FAR),
        "spectrum": has_chart(row) and bool((row.singular_values > 0).any()),
    }
    return tuple(name for name, there in has.items() if there)


def ways(row: Row, plot: str, link: Link, t: Text) -> str:
    """Return the links to a tensor's charts, if there are several."""
    names = plots(row)
    if len(names) < 2:
        return ""
    query = {name: f"{link(row.name)}&plot={name}" if name != "weights" else link(row.name) for name in names}
    here = {plot: ' aria-current="page"'}
    links = (
        f'<a href="{escape(query[name])}" data-lab-page{here.get(name, "")}>'
        f"{t(f'checkpoint.plot.{name}')}</a>"
        for name in names
    )
    return f'<p class="lab-plots">{"".join(links)}</p>'


def norms(row: Row, law: Law | None, t: Text) -> str:
    """Say between what the rows' norms lie, and what independent entries of a law give."""
    bins = row.row_norms
    assert bins is not None  # noqa: S101 - the caller has looked
    low, high = float(bins.edges[0]), float(bins.edges[-1])
    n, alike = count(int(bins.counts.sum())), len(bins.counts) == 1
    ends = (quantity((low + high) / 2, 0.0, 4),) * 2 if alike else interval(low, high)
    said = t(f"checkpoint.norms.{'alike' if alike else 'plain'}", n=n, low=ends[0], high=ends[1])
    expected = expected_norm(row, law)
    if expected is None:
        return said
    mean, std = expected
    return sentences(said, t("checkpoint.norms.law", mean=quantity(mean, std, 3), std=quantity(std, std, 3)))


def spectrum(row: Row, t: Text) -> str:
    """Say whether a singular value is larger than those of independent entries with this std."""
    values, noise = row.singular_values, noise_of(row)
    largest, least = float(values[0]), float(values[-1])
    n = count(len(values))
    if largest - least <= NEARLY * largest:
        return t("checkpoint.spectrum.alike", n=n, value=quantity(largest, 0.0, 4))
    low, high = interval(*noise.edges)
    facts = {
        "n": n,
        "k": count(int((values > noise.reach).sum())),
        "largest": quantity(largest, noise.edges[1], 4),
        "reach": quantity(noise.reach, noise.edges[1], 4),
        "low": low,
        "high": high,
    }
    return t(f"checkpoint.spectrum.{'beyond' if largest > noise.reach else 'inside'}", **facts)


def not_drawn(row: Row, plot: str, t: Text) -> str:
    """Say why there is no such chart of a tensor."""
    if plot == "row_norms":
        return t("checkpoint.norms.none", low=count(ROW), high=count(PART))
    if len(row.singular_values):
        return t("checkpoint.spectrum.undrawn")
    facts = {"side": count(MOST_SIDE), "size": count(MOST_BYTES >> 10), "row": count(ROW)}
    return t("checkpoint.spectrum.none", **facts)

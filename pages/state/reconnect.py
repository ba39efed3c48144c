"""A browser that has outlived its session: what it still shows is taken up again."""

from collections.abc import Iterable

from pages.state.controls import TABLE, word_of
from pages.state.insides import browser_says
from pages.text import LANGUAGES, Text


def told(shown: Iterable[str]) -> dict[str, str]:
    """Return what the browser says stands in the fields, if it has outlived its session.

    A server began anew, or a lid was closed for long: the page stands there as it was, and what is chosen
    next must not give way to the link.
    """
    told = browser_says()
    return {name: value for name in shown if (value := _chosen(name, told.get(name))) is not None}


def _chosen(name: str, label: str | None) -> str | None:
    """Return the option that a browser calls ``label`` in whichever language; a typed text as it is.

    Where examples have names of their own, so has what else stands there: a link knows it, a label does not.
    """
    row = TABLE[name]
    if label is None or not (row.options or row.names):
        return label
    for option in row.options or row.examples:
        if label in {option, *(word_of(name, option, Text(language)) for language in LANGUAGES)}:
            return option
    return None

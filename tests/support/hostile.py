"""Texts that would do harm, and what a browser would make of HTML that holds them."""

from html.parser import HTMLParser

#: What a page must never make of them: each text that could do harm would do it in this name.
EVIL = "evil"
PYTHON = f"__import__('builtins').__dict__.update({EVIL}=1)"
#: Lone surrogates are not among them: neither a URL nor a message of the websocket can hold one.
TEXTS = (
    "<img src=x onerror=evil>",  # as long as a short field takes
    '"><script>evil()</script>',
    "'><b id=evil onclick=evil",
    "&lt;img src=evil onerror=",
    "[x](javascript:evil)",
    r"$\href{javascript:evil}{x}$",
    "{0.__class__}{evil}%s%(x)n",
    "\u202eevil\u0000\u0007\u001b[31m\u2028\ufeff",
    PYTHON,
    "=cmd|' /C evil'!A0",
    "../../../../etc/evil%00",
    "👩🏽\u200d🚀 ٣٤ ½ Ⅷ 九",
    "9**9**9",
    "1e999",
    "-0",
    "9" * 20_000,  # Streamlit passes over a query of more than half a million characters
    "(" * 20_000,
    "normal-" * 3_000,
)


class Found(HTMLParser):
    """All that a browser would make of HTML: elements, with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    handle_startendtag = handle_starttag


#: Elements of ours, and attributes of which an address is one.
OURS = {
    "nav",
    "style",
    "p",
    "b",
    "bdi",
    "i",
    "em",
    "code",
    "span",
    "div",
    "a",
    "h1",
    "h2",
    "h3",
    "br",
    "button",
    "img",
    "table",
}
OURS |= {"caption", "thead", "tbody", "tr", "th", "td", "ul", "ol", "li", "dl", "dt", "dd", "pre", "progress"}
OURS |= {"small", "sub", "sup", "section", "figure", "strong", "kbd", "details", "summary", "svg", "path"}
PLACES = ("href", "src", "action", "formaction", "xlink:href", "srcdoc")


def harm_in(html: str) -> list[str]:
    """Return what of HTML was not written by us, or does what no page of ours does."""
    wrong = []
    for tag, attributes in Found(html).elements:
        places = [attributes[name].strip().lower() for name in PLACES if name in attributes]
        named = any(name.startswith("on") or EVIL in name for name in attributes)
        leads = any(EVIL in place.partition("?")[0] or place.startswith("javascript:") for place in places)
        if tag not in OURS or named or leads or EVIL in attributes.get("id", ""):
            wrong.append(f"{tag} {attributes}")
    return wrong

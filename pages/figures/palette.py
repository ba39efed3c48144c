"""Colours and sizes of a chart. Grey is what was drawn, blue what theory says, ink a wall."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme; the roles are those of the page's style sheet."""

    paper: str
    panel: str
    ink: str
    ink2: str
    rule: str
    #: borders of controls
    line: str
    axis: str
    bars: str
    edge: str
    law: str
    #: where 95 % of bars should end: the law's blue, translucent
    noise: str
    #: beyond a wall: ink, barely
    beyond: str
    warning: str
    #: bounds of another scheme, laid over
    second: str
    #: the two ends of a diverging scale, negative and positive
    diverging: tuple[str, str]
    #: lines of several laws, told apart by dash as well; eight, which colour blindness leaves distinct
    series: tuple[str, ...]


LIGHT = Palette(
    paper="#FFFFFF",
    panel="#F4F3F0",
    ink="#1B1E23",
    ink2="#565B63",
    rule="#E3E1DC",
    line="#C9C7C1",
    axis="#8B8F96",
    bars="#CBD0D7",
    edge="#6B747F",
    law="#0B57B5",
    noise="rgba(11,87,181,.16)",
    beyond="rgba(27,30,35,.055)",
    warning="#A83A00",
    second="#856A00",
    diverging=("#856A00", "#172D4F"),
    series=("#0B57B5", "#856A00", "#5C0A2B", "#00856A", "#101093", "#850000", "#4D5055", "#172D4F"),
)
DARK = Palette(
    paper="#131519",
    panel="#1C1F24",
    ink="#ECEAE6",
    ink2="#ABB0B8",
    rule="#2A2E34",
    line="#474C54",
    axis="#737A84",
    bars="#3E454E",
    edge="#929CA8",
    law="#7DB6FF",
    noise="rgba(125,182,255,.20)",
    beyond="rgba(236,234,230,.06)",
    warning="#FFA566",
    second="#FFDE5C",
    diverging=("#FFDE5C", "#3295AE"),
    series=("#7DB6FF", "#FFDE5C", "#D3697E", "#C8EFD7", "#DFDFF6", "#F29D88", "#83A300", "#3295AE"),
)

#: The page's own, which the theme in .streamlit/config.toml sets.
FONT = "inherit"
FONT_SIZE = 14


def of(theme: str | None) -> Palette:
    """Return the palette of a theme type as Streamlit names it, ``light`` or ``dark``."""
    return DARK if theme == "dark" else LIGHT


def translucent(color: str, share: float) -> str:
    """Return a hex colour at this opacity."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share:g})"

"""Colours and sizes of a chart. Grey is what was drawn, blue what theory says, ink a wall."""

from dataclasses import dataclass, replace

#: The page's own, which its style sheet sets.
FONT = "inherit"
FONT_SIZE = 14


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
    font: str = FONT
    #: how many times as large as on a desk; 1 is text of FONT_SIZE pixels
    times: float = 1.0


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

#: On paper, and in a file that has no page around it: fonts that its reader has, Chinese among them.
PRINT = replace(
    LIGHT,
    font="'Source Sans 3','Source Sans Pro',Arial,"
    "'Noto Sans CJK SC','PingFang SC','Microsoft YaHei',sans-serif",
)
#: For the last row of a lecture hall: text of 26 pixels, and nothing paler than it must be.
_FAR = 26 / FONT_SIZE
PROJECTOR_LIGHT = replace(
    LIGHT,
    ink="#000000",
    ink2="#33373D",
    rule="#D2D0CB",
    axis="#555B63",
    bars="#C3C9D1",
    edge="#4A525C",
    law="#0048A8",
    noise="rgba(0,72,168,.20)",
    beyond="rgba(0,0,0,.08)",
    warning="#9A3300",
    series=("#0048A8", *LIGHT.series[1:]),
    times=_FAR,
)
PROJECTOR_DARK = replace(
    DARK,
    paper="#000000",
    ink="#FFFFFF",
    ink2="#D5D9DE",
    rule="#33383F",
    axis="#9AA1AB",
    bars="#4A525C",
    edge="#C3CAD2",
    law="#8CC2FF",
    noise="rgba(140,194,255,.28)",
    beyond="rgba(255,255,255,.10)",
    warning="#FFB27A",
    series=("#8CC2FF", *DARK.series[1:]),
    times=_FAR,
)


def of(theme: str | None, *, far: bool = False) -> Palette:
    """Return the palette of a theme type as Streamlit names it, ``light`` or ``dark``.

    ``far`` is for the projector view.
    """
    if theme == "dark":
        return PROJECTOR_DARK if far else DARK
    return PROJECTOR_LIGHT if far else LIGHT


def mixed(color: str, other: str, share: float) -> str:
    """Return a hex colour with this share of another in it."""
    ends = ([int(each[i : i + 2], 16) for i in (1, 3, 5)] for each in (color, other))
    return "#" + "".join(f"{round(a + share * (b - a)):02X}" for a, b in zip(*ends, strict=True))


def translucent(color: str, share: float) -> str:
    """Return a hex colour at this opacity."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share:g})"

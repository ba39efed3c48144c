"""Make the fonts anew that stand in for Streamlit's largest: ``python -m tests.fonts``."""

import re

from fontTools.subset import Options, Subsetter, save_font
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

from pages.server.smaller_fonts import ICONS, SERIF, originals, smaller
from pages.state.insides import FRONT_END

#: What headlines are written in, but for Chinese, which has fonts of its own: Latin, Greek, Cyrillic, signs.
BLOCKS = (range(0x20, 0x180), range(0x300, 0x460), range(0x2000, 0x2600))
#: The one weight of all headlines, and the size in pixels they are cut for: 24 to 48 are shown.
CUT = {"wght": 600, "opsz": 36}
FEATURES = ("ccmp", "kern", "liga", "locl", "mark", "mkmk")


def icon_names() -> set[str]:
    """Return the icons that Streamlit's front end names."""
    scripts = (FRONT_END / "static" / "js").glob("*.js")
    return {
        name for file in scripts for name in re.findall(r":material/(\w+)", file.read_text(encoding="utf-8"))
    }


def ligatures(font: TTFont) -> dict[str, str]:
    """Return a font's icons: name → glyph."""
    letters = {glyph: chr(code) for code, glyph in font.getBestCmap().items()}
    tables = [
        table.ExtSubTable for lookup in font["GSUB"].table.LookupList.Lookup for table in lookup.SubTable
    ]
    return {
        "".join(letters[glyph] for glyph in (first, *one.Component)): one.LigGlyph
        for table in tables
        for first, beginning in table.ligatures.items()
        for one in beginning
    }


def icons() -> tuple[TTFont, Options]:
    """Return the letters of icons' names, and the icons that the front end may show."""
    font = TTFont(originals(ICONS)[0])
    known = ligatures(font)
    options = Options(flavor="woff2", layout_closure=False, layout_features=["*"], name_IDs=["*"])
    subsetter = Subsetter(options)
    letters = [code for code in font.getBestCmap() if code < 0x80]
    subsetter.populate(unicodes=letters, glyphs=[known[name] for name in icon_names() if name in known])
    subsetter.subset(font)
    return font, options


def serif() -> tuple[TTFont, Options]:
    """Return the letters of headlines, in their weight."""
    font = TTFont(originals(SERIF)[0])
    options = Options(flavor="woff2", layout_features=[*FEATURES], name_IDs=["*"])
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[code for block in BLOCKS for code in block])
    subsetter.subset(font)
    font = instantiateVariableFont(font, CUT)
    for name in font["name"].names:  # a font that was changed may not bear the reserved name
        if name.nameID not in {0, 7, 13, 14}:  # whose it is, and its licence
            name.string = name.toUnicode().replace("Source", "Lab")
    return font, options


def main() -> None:
    """Write both."""
    for name, (font, options) in {ICONS: icons(), SERIF: serif()}.items():
        save_font(font, str(smaller(name)), options)
        now, before = smaller(name).stat().st_size, originals(name)[0].stat().st_size
        print(f"{name}: {now / 1000:.0f} kB, of {before / 1000:.0f}")


if __name__ == "__main__":
    main()

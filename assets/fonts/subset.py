#!/usr/bin/env python3
"""Makes the fonts of this folder from the published ones: subset.py SOURCE.{woff2,ttf} TARGET.ttf [--tabular]

Needs fonttools and brotli. See README.md for the sources.
"""
import sys

from fontTools import subset
from fontTools.ttLib import TTFont

# Latin, IPA-free; Greek; Cyrillic; punctuation, currency, letterlike, arrows, mathematics, technical, shapes, marks.
RANGES = [
    (0x0020, 0x024F), (0x02B0, 0x036F), (0x0370, 0x03FF), (0x0400, 0x052F), (0x1E00, 0x1EFF), (0x2000, 0x206F),
    (0x2070, 0x209F), (0x20A0, 0x20CF), (0x2100, 0x214F), (0x2150, 0x218F), (0x2190, 0x21FF), (0x2200, 0x22FF),
    (0x2300, 0x23FF), (0x2460, 0x24FF), (0x2500, 0x25FF), (0x2600, 0x27BF), (0x27E6, 0x27EF), (0x2B00, 0x2BFF),
    (0xFB00, 0xFB06), (0xFFFC, 0xFFFD),
]


def freeze_tabular_digits(font: TTFont) -> None:
    """Digits of equal width become the default, because egui can't ask for the OpenType feature `tnum`."""
    replaced = {}
    gsub = font["GSUB"].table
    for record in gsub.FeatureList.FeatureRecord:
        if record.FeatureTag == "tnum":
            for index in record.Feature.LookupListIndex:
                for sub in gsub.LookupList.Lookup[index].SubTable:
                    replaced.update(getattr(getattr(sub, "ExtSubTable", sub), "mapping", {}))
    for table in font["cmap"].tables:
        for digit in range(0x30, 0x3A):
            glyph = table.cmap.get(digit)
            if glyph in replaced:
                table.cmap[digit] = replaced[glyph]


def main() -> None:
    source, target, *rest = sys.argv[1:]
    font = TTFont(source)
    if "--tabular" in rest:
        freeze_tabular_digits(font)
    options = subset.Options()
    options.layout_features = ["ccmp", "kern", "locl", "mark", "mkmk"]  # no ligatures: code is read letter by letter
    options.hinting = True
    options.name_IDs = ["*"]
    options.notdef_outline = True
    options.drop_tables += ["DSIG"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[code for low, high in RANGES for code in range(low, high + 1)])
    subsetter.subset(font)
    font.flavor = None
    font.save(target)


if __name__ == "__main__":
    main()

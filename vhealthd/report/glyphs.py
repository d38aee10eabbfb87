"""Keeps out of the PDF what it could not show.

A character without a glyph in our fonts makes Typst refuse PDF/A and PDF/UA, and shows as an empty box elsewhere. One
virtual machine with an emoji in its name must not cost the report.
"""

import re
import struct
import unicodedata
from functools import cache
from importlib.resources import files

# Controls, invisible formatting (also of direction), surrogates, private use, unassigned, line and paragraph marks.
_UNSHOWN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Widths for `cell`: of the columns that name a vCenter, and of those that take what is left.
NARROW, WIDE = 13, 40

_LONGEST = 1000

_BLANKS = frozenset("\t\r\n\u0085\u2028\u2029")

# One weight speaks for its family: a test holds that all weights cover the same characters.
_FONTS = ("Inter-Regular.ttf", "NotoSansSC-Regular-GB2312.ttf")

# Typst breaks lines at blanks, at ideographs and after "/" and "-", yet not between these two and a digit. It does so
# after Chinese commas and stops too, but not before everything.
_IDEOGRAPHS = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_STOPS = "\u3001\u3002\uff0c\uff1a\uff1b"
_UNBREAKABLE = re.compile(rf"((?:[^\s/{_IDEOGRAPHS}{_STOPS}-]|[/-](?=\d)|[{_STOPS}](?![0-9A-Za-z{_IDEOGRAPHS}]))+)")


def safe(text: str) -> str:
    """Return the text as the fonts can show it: what they cannot becomes its code point, `[U+1F600]`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, unicodedata.normalize("NFC", text)))


def clip(text: str, limit: int) -> str:
    """Cut a text to `limit` characters, the last one an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def cell(text: str, width: int = 22) -> list[str]:
    """Return safe text in pieces: every second one has no place to break and is wider than `width` small letters.

    It is cut where no row of a table could hold it: rows are not broken over pages.
    """
    pieces = [""]
    for place, piece in enumerate(_UNBREAKABLE.split(clip(safe(text), _LONGEST))):
        if place % 2 and _letters(piece) > width:
            pieces += [piece, ""]
        else:
            pieces[-1] += piece
    return pieces


def _letters(piece: str) -> float:
    """Estimate a width in small letters; capitals and ideographs take up to twice as much."""
    return sum(1 if character.islower() or character in "0123456789.-_/:" else 1.6 for character in piece)


def _shown(character: str) -> str:
    if character in _BLANKS:
        return " "
    if ord(character) in coverage() and unicodedata.category(character) not in _UNSHOWN:
        return character
    return f"[U+{ord(character):04X}]"


@cache
def coverage() -> frozenset[int]:
    """Return the code points that our fonts have glyphs for. Takes a tenth of a second the first time."""
    folder = files("vhealthd_templates") / "fonts"
    return frozenset().union(*(covered_by((folder / name).read_bytes()) for name in _FONTS))


def covered_by(font: bytes) -> set[int]:
    """Read the code points of a TrueType font from its cmap table, formats 4 and 12."""
    (count,) = struct.unpack_from(">H", font, 4)
    tables = {font[at : at + 4]: struct.unpack_from(">L", font, at + 8)[0] for at in range(12, 12 + 16 * count, 16)}
    start = tables[b"cmap"]
    (subtables,) = struct.unpack_from(">H", font, start + 2)
    points: set[int] = set()
    for number in range(subtables):
        (offset,) = struct.unpack_from(">L", font, start + 8 + 8 * number)
        (form,) = struct.unpack_from(">H", font, start + offset)
        if form in _READERS:
            points |= _READERS[form](font, start + offset)
    return points


def _segments(font: bytes, start: int) -> set[int]:
    """Read a subtable of format 4: segments of the basic plane, mapped by a delta or by a list of glyphs."""
    count = struct.unpack_from(">H", font, start + 6)[0] // 2
    ends, starts, deltas, offsets = (
        struct.unpack_from(f">{count}H", font, start + skip)
        for skip in (14, 16 + 2 * count, 16 + 4 * count, 16 + 6 * count)
    )
    points: set[int] = set()
    for number, (first, last, delta, offset) in enumerate(zip(starts, ends, deltas, offsets, strict=True)):
        segment = range(first, min(last, 0xFFFE) + 1)
        if offset:
            # It counts from where it stands itself.
            glyphs = struct.unpack_from(f">{len(segment)}H", font, start + 16 + 6 * count + 2 * number + offset)
        else:
            glyphs = tuple((point + delta) & 0xFFFF for point in segment)
        points.update(point for point, glyph in zip(segment, glyphs, strict=True) if glyph)
    return points


def _groups(font: bytes, start: int) -> set[int]:
    """Read a subtable of format 12: groups of code points in all planes."""
    (count,) = struct.unpack_from(">L", font, start + 12)
    points: set[int] = set()
    for at in range(start + 16, start + 16 + 12 * count, 12):
        first, last = struct.unpack_from(">LL", font, at)
        points.update(range(first, last + 1))
    return points


_READERS = {4: _segments, 12: _groups}

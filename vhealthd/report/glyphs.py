"""Keeps out of the PDF what it could not show.

A character without a glyph in our fonts makes Typst refuse PDF/A and PDF/UA, and shows as an empty box elsewhere. One
virtual machine with an emoji in its name must not cost the report.
"""

import re
import struct
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

# Controls, invisible formatting (also of direction), surrogates, private use, unassigned, line and paragraph marks.
_UNSHOWN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Widths for `cell`: of the columns that name a vCenter, and of those that take what is left.
NARROW, WIDE = 13, 40

_LONGEST = 1000

_BLANKS = frozenset("\t\r\n\u0085\u2028\u2029")

# One weight speaks for its family: a test holds that all weights cover the same characters.
_FONTS = ("Inter-Regular.ttf", "NotoSansSC-Regular-GB2312.ttf")

_EXTRA, _EXTRA_FONT = "pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf"

# Typst breaks lines at blanks, at ideographs and after "/" and "-", yet not between these two and a digit. It does so
# after Chinese commas and stops too, but not before everything.
_IDEOGRAPHS = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_STOPS = "\u3001\u3002\uff0c\uff1a\uff1b"
_HOLD = "\u00a0"  # a blank at which no line ends
_UNIT = re.compile(r"(?<=[0-9]) (?=(?:%|[KMGTP]?B|GHz|s|h|min)(?![A-Za-z0-9]))")
_UNBREAKABLE = re.compile(
    rf"((?:[^\s/{_IDEOGRAPHS}{_STOPS}-]|{_HOLD}|[/-](?=\d)|[{_STOPS}](?![0-9A-Za-z{_IDEOGRAPHS}]))+)"
)
# Places where it surely may break a line.
_BREAKS = re.compile(rf"(?<=[^\S{_HOLD}])|(?<=\S[/-])(?=[A-Za-z])|(?<=[{_IDEOGRAPHS}{_STOPS}])(?=[{_IDEOGRAPHS}])")
# It parts ideographs from Latin by a quarter of an em.
_PARTED = re.compile(rf"(?<=[{_IDEOGRAPHS}])(?=[!-~])|(?<=[!-~])(?=[{_IDEOGRAPHS}])")
_PARTING = 0.25

# How wide the characters of Inter Regular are at most, with the kerning behind them, in em.
_ADVANCES = {
    **dict.fromkeys("ijl", 0.26),
    **dict.fromkeys(" !,.:;'I", 0.31),
    **dict.fromkeys("t`|", 0.35),
    **dict.fromkeys("()[]/\\fr", 0.4),
    **dict.fromkeys("1{}", 0.45),
    **dict.fromkeys('-"^', 0.48),
    "?": 0.52,
    **dict.fromkeys("s_", 0.56),
    **dict.fromkeys("acekvxyzFJL7", 0.6),
    **dict.fromkeys("bdghnopquE2356890Z", 0.64),
    **dict.fromkeys("4#$&*+<=>~BPRST", 0.68),
    **dict.fromkeys("AKVXY", 0.72),
    **dict.fromkeys("CDGHNOQU", 0.78),
    **dict.fromkeys("wm", 0.88),
    "M": 0.92,
    **dict.fromkeys("@%W", 1.01),
}
_WIDEST = 2.0
_POINTS = 72 / 25.4  # of a millimetre
# Where digits are of one width, these are as wide as a four.
_TABULAR = str.maketrans(dict.fromkeys("012356789-", "4"))


def safe(text: str) -> str:
    """Return the text as the fonts can show it: what they cannot becomes its code point, `[U+1F600]`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, unicodedata.normalize("NFC", text)))


def clip(text: str, limit: int) -> str:
    """Cut a text to `limit` characters, the last one an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def em(millimetres: float, size: float = 7.8) -> float:
    """Return how wide a column of the PDF is in em of its text, without its insets of 3 pt."""
    return (millimetres * _POINTS - 6) / size


def cell(text: str, width: int = 22, *, room: float | None = None) -> list[str]:
    """Return safe text in pieces: every second one has no place to break and is wider than `width` small letters.

    Or wider than `room` em, which is more exact. A number keeps its unit beside it. The text is cut where no row of a
    table could hold it: rows are not broken over pages.
    """
    pieces = [""]
    for place, piece in enumerate(_UNBREAKABLE.split(clip(_UNIT.sub(_HOLD, safe(text)), _LONGEST))):
        if place % 2 and (_letters(piece) > width if room is None else _width(piece) > room):
            pieces += [piece, ""]
        else:
            pieces[-1] += piece
    return pieces


def tabular(text: str) -> list[str]:
    """Return a cell that is as wide as a number with digits of one width, to ask `lines` about."""
    return [text.translate(_TABULAR)]


def lines(cell: Sequence[str], room: float) -> int:
    """Return how many lines a cell of the PDF takes at most in a column of `room` em; 0 if that is not known.

    It breaks lines as Typst does, by putting on each what still fits there.
    """
    # What follows a long piece closely keeps the end of it beside itself.
    if any(piece and not piece[0].isspace() for piece in cell[2::2]):
        return 0
    count, used = 1, 0.0
    for width in map(_width, _parts(cell)):
        if width > room:
            return 0
        if used + width > room:
            count, used = count + 1, 0.0
        used += width
    return count


def _parts(cell: Sequence[str]) -> Iterator[str]:
    """Split a cell where a line surely may end."""
    for place, piece in enumerate(cell):
        yield from piece if place % 2 else _BREAKS.split(piece)


@lru_cache(maxsize=4096)  # the words of messages and the folders of paths come again and again
def _width(part: str) -> float:
    """Return how wide a text is at most, in em."""
    return sum(map(_advance, part)) + _PARTING * len(_PARTED.findall(part))


def _advance(character: str) -> float:
    known = _ADVANCES.get(character)
    return known or (1.0 if _is_wide(ord(character)) else _WIDEST)


def _letters(piece: str) -> float:
    """Estimate a width in small letters; capitals and ideographs take up to twice as much."""
    return sum(1 if character.islower() or character in "0123456789.-_/:" else 1.6 for character in piece)


def _shown(character: str) -> str:
    if character in _BLANKS:
        return " "
    if ord(character) in coverage(extra_fonts()) and unicodedata.category(character) not in _UNSHOWN:
        return character
    return f"[U+{ord(character):04X}]"


@cache
def coverage(more: tuple[Path, ...] = ()) -> frozenset[int]:
    """Return the code points that we have glyphs for: in our fonts, and of what is as wide as an ideograph in `more`.

    Takes a tenth of a second the first time.
    """
    folder = files("vhealthd_templates") / "fonts"
    ours = (covered_by((folder / name).read_bytes()) for name in _FONTS)
    theirs = (filter(_is_wide, covered_by(font.read_bytes())) for font in more)
    return frozenset().union(*ours, *theirs)


def _is_wide(point: int) -> bool:
    return unicodedata.east_asian_width(chr(point)) in "WF"


@cache
def extra_fonts() -> tuple[Path, ...]:
    """Return the font of `vhealthd[cjk-full]`, if that is installed. It is looked for, never imported."""
    package = find_spec(_EXTRA)
    folders = package.submodule_search_locations if package else None
    return tuple(path for folder in folders or () if (path := Path(folder, _EXTRA_FONT)).is_file())


def covered_by(font: bytes) -> set[int]:
    """Read the code points of a TrueType or OpenType font from its cmap table, formats 4 and 12."""
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

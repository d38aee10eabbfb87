"""The plain-text half of a mail."""

import unicodedata
from collections.abc import Iterator, Mapping

from vhealthd.report.mailbody import Body, Line


def render(body: Body) -> str:
    """Return the text."""
    return "\n".join(_lines(body)) + "\n"


def _lines(body: Body) -> Iterator[str]:
    yield from _heading(body.title, "=")
    yield from _items(body.lead, body.marks)
    yield ""
    if body.columns:
        yield from _table(body)
    for title, lines in body.sections:
        yield ""
        yield from _heading(title, "-")
        yield from _items(lines, body.marks)
    yield ""
    yield body.footer


def _heading(title: str, rule: str) -> Iterator[str]:
    yield title
    yield rule * _width(title)


def _items(lines: tuple[Line, ...], marks: Mapping[str, str]) -> Iterator[str]:
    for line in lines:
        yield f"* {marks[line.status] if line.status else ''}{line.text}"
        if line.more:
            yield f"  {line.more}"


def _table(body: Body) -> Iterator[str]:
    grid = (body.columns, *body.rows)
    widths = [max(map(_width, column)) for column in zip(*grid, strict=True)]
    for row in grid:
        yield "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()


def _width(text: str) -> int:
    """Return the columns that a text takes in a fixed font: ideographs take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)

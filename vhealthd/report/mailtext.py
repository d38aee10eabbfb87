"""The plain-text half of a mail."""

from collections.abc import Iterator

from vhealthd.model import Outcome
from vhealthd.report import english
from vhealthd.report.mailbody import Body, Line


def render(body: Body) -> str:
    """Return the text."""
    return "\n".join(_lines(body)) + "\n"


def _lines(body: Body) -> Iterator[str]:
    yield from _heading(body.title, "=")
    yield from _items(body.lead)
    yield ""
    yield from _table(body)
    for title, lines in body.sections:
        yield ""
        yield from _heading(title, "-")
        yield from _items(lines)
    yield ""
    yield body.footer


def _heading(title: str, rule: str) -> Iterator[str]:
    yield title
    yield rule * len(title)


def _items(lines: tuple[Line, ...]) -> Iterator[str]:
    for line in lines:
        yield f"* {_word(line.status)}{line.text}"
        if line.more:
            yield f"  {line.more}"


def _word(status: Outcome | None) -> str:
    return f"{english.OUTCOMES[status].upper()}: " if status else ""


def _table(body: Body) -> Iterator[str]:
    grid = (body.columns, *body.rows)
    widths = [max(len(cell) for cell in column) for column in zip(*grid, strict=True)]
    for row in grid:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()

"""The HTML half of a mail: inline styles, as mail programs want it, and nothing that would be fetched from anywhere."""

from collections.abc import Iterable, Mapping
from html import escape

from vhealthd.model import Outcome
from vhealthd.report.mailbody import Body, Line

# Text on its background, both as in the PDF. The word stands there too: never by colour alone.
_COLOURS = {
    Outcome.CRITICAL: ("#a81a2d", "#fbe4e6"),
    Outcome.UNKNOWN: ("#54458f", "#ebe8f6"),
    Outcome.WARNING: ("#7d5000", "#fdf1d6"),
    Outcome.INFO: ("#0b5c99", "#e3eff9"),
    Outcome.PASS: ("#14684a", "#e3f4ec"),
    Outcome.SKIPPED: ("#526475", "#edf0f3"),
}
_FONT = "font-family:Arial,Helvetica,sans-serif;font-size:14px;line-height:1.45;color:#14293d"
_CELL = "padding:6px 12px 6px 0;border-bottom:1px solid #dde4ea;text-align:left;vertical-align:top"
_SMALL = "color:#526475;font-size:13px"


def render(body: Body, language: str) -> str:
    """Return the page."""
    parts = (
        f'<h1 style="font-size:20px;margin:0 0 12px">{escape(body.title)}</h1>',
        _list(body.lead, body.outcomes),
        *((_table(body),) if body.columns else ()),
        *(
            f'<h2 style="font-size:16px;margin:24px 0 8px">{escape(title)}</h2>{_list(of, body.outcomes)}'
            for title, of in body.sections
        ),
        f'<p style="margin:24px 0 0;{_SMALL}">{escape(body.footer)}</p>',
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}">\n<head><meta charset="utf-8">'
        f"<title>{escape(body.title)}</title></head>\n"
        f'<body style="margin:0;padding:16px;background:#ffffff;{_FONT}">\n' + "\n".join(parts) + "\n</body>\n</html>\n"
    )


def _list(lines: Iterable[Line], outcomes: Mapping[str, str]) -> str:
    items = "\n".join(f'<li style="margin:0 0 8px">{_item(line, outcomes)}</li>' for line in lines)
    return f'<ul style="margin:0;padding:0;list-style:none">\n{items}\n</ul>'


def _item(line: Line, outcomes: Mapping[str, str]) -> str:
    more = f'<br><span style="{_SMALL}">{escape(line.more)}</span>' if line.more else ""
    return f"{_badge(line.status, outcomes)}{escape(line.text)}{more}"


def _badge(status: Outcome | None, outcomes: Mapping[str, str]) -> str:
    if status is None:
        return ""
    tone, tint = _COLOURS[status]
    style = f"background:{tint};color:{tone};font-weight:bold;padding:1px 6px;border-radius:3px"
    return f'<span style="{style}">{escape(outcomes[status])}</span> '


def _table(body: Body) -> str:
    head = "".join(f'<th scope="col" style="{_CELL};{_SMALL}">{escape(column)}</th>' for column in body.columns)
    rows = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in body.rows)
    return (
        '<table cellspacing="0" cellpadding="0" style="border-collapse:collapse;margin:16px 0 0;font-size:14px">\n'
        f"<tr>{head}</tr>\n{rows}\n</table>"
    )


def _cell(text: str) -> str:
    return f'<td style="{_CELL}">{escape(text)}</td>'

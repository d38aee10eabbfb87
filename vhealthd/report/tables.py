"""findings.csv: a table of all findings for spreadsheets, one row a finding, worst first.

Names come from vCenter, and whoever may name a virtual machine could write a formula into a spreadsheet: a cell that
a spreadsheet would not take as text begins with an apostrophe.
"""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

from vhealthd.model import ScanReport
from vhealthd.report import jsonreport
from vhealthd.report.background import NO_BACKGROUND, Background
from vhealthd.report.order import Found, found, judged

COLUMNS = (
    "run_id",
    "vcenter",
    "check",
    "category",
    "severity",
    "object_type",
    "object_name",
    "object_path",
    "object_id",
    "key",
    "message",
    "remediation",
    "first_seen",
    "muted_by",
    "muted_until",
    "muted_reason",
    "silenced_by",
    "identity",
)

_AS_THEY_ARE = ("severity", "key", "message", "remediation", "first_seen", "silenced_by", "identity")

# What spreadsheets take for the begin of a formula, the wide forms too; and what may stand before it: blanks, quotes,
# what cannot be seen. With another list separator than the comma, a cell may also begin in the middle of one of ours.
_SIGNS = r"=+\-@\uff1d\uff0b\uff0d\uff20"
_LEAD = r"'\"\x00-\x08\x0b\x0c\x0e-\x20\x85\xa0\xad\u1680\u2000-\u200f\u2028-\u202f\u205f\u2060\u3000\ufeff"
_FIRST = rf"(?=[{_LEAD}\t\r\n]*[{_SIGNS}]|[{_LEAD}]*[\t\r\n])"
_LATER = rf"(?=[{_LEAD}]*[{_SIGNS}])"
_HOSTILE = re.compile(rf"^{_FIRST}|(?<=[;\t\r\n]){_LATER}")
_DEFUSED = re.compile(rf"^'{_FIRST}|(?<=[;\t\r\n])'{_LATER}")


def encode(report: ScanReport, background: Background = NO_BACKGROUND) -> bytes:
    """Return findings.csv: UTF-8 with a byte order mark, which spreadsheets want, and every cell in quotes."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    writer.writerows(_rows(report, background))
    return text.getvalue().encode("utf-8-sig", errors="replace")


def _rows(report: ScanReport, background: Background) -> Iterator[list[str]]:
    for one in found(judged(report)):
        row = _row(report, one, background)
        yield [defused(row[column]) for column in COLUMNS]


def _row(report: ScanReport, one: Found, background: Background) -> dict[str, str]:
    """Return what report.json says of a finding, flat, and with nothing for null."""
    said = jsonreport.of_finding(*one, background.since(report, *one))
    muted: dict[str, Any] = said["muted"] or {}
    return {
        "run_id": report.run_id,
        "vcenter": one.vcenter.name,
        "check": one.result.check,
        "category": one.result.category.value,
        **{name: said[name] or "" for name in _AS_THEY_ARE},
        **{f"object_{name}": value or "" for name, value in said["object"].items()},
        "muted_by": muted.get("owner", ""),
        "muted_until": muted.get("until", ""),
        "muted_reason": muted.get("reason", ""),
    }


def defused(text: str) -> str:
    """Put an apostrophe where a spreadsheet would see the begin of a formula."""
    return _HOSTILE.sub("'", text)


def restored(cell: str) -> str:
    """Return the text that was defused."""
    return _DEFUSED.sub("", cell)

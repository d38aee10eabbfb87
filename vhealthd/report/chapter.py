"""One chapter of the PDF: the results of a category as the template takes them (see `view`)."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from vhealthd import wording
from vhealthd.model import Category, Finding, NotExamined, Outcome
from vhealthd.report import english
from vhealthd.report.glyphs import NARROW, WIDE, cell, safe
from vhealthd.report.order import Found, Judged, Unjudged, found, unjudged, worst_results_first

View = dict[str, Any]

MAX_ROWS = 200
_MAX_NAMES = 10


def chapter(category: Category, rows: Sequence[Judged]) -> View:
    """Return a chapter: all its checks, then the findings of each, then what was not judged or not examined."""
    return {
        "name": english.CATEGORIES[category],
        "checks": _checks(rows),
        "sections": _sections(rows),
        "unjudged": [_unjudged(group) for group in unjudged(rows)],
        "gaps": _gaps(rows),
    }


def _checks(rows: Sequence[Judged]) -> list[View]:
    """Return a row for each check and vCenter.

    `place` says where a link to the check leads: to its section of findings, else to this row (once, if several).
    """
    placed = {row.result.check: "section" for row in rows if row.result.findings}
    table = []
    for row in worst_results_first(rows):
        table.append(_check(row, placed.get(row.result.check, "row")))
        placed.setdefault(row.result.check, "none")
    return table


def _check(row: Judged, place: str) -> View:
    result = row.result
    return {
        "slug": result.check,
        "place": place,
        "title": cell(result.title, WIDE),
        "vcenter": cell(row.vcenter.name, NARROW),
        "status": result.outcome.value,
        "examined": english.number(result.examined),
        "findings": english.number(len(result.counted)),
    }


def _sections(rows: Sequence[Judged]) -> list[View]:
    """Return a section for each check with findings: the check with the worst one first."""
    by_check: dict[str, list[Found]] = {}
    for one in found(rows):
        by_check.setdefault(one.result.check, []).append(one)
    sections = [_section(findings) for findings in by_check.values()]
    return sorted(sections, key=lambda one: Outcome(one["status"]).rank)


def _section(findings: Sequence[Found]) -> View:
    result = findings[0].result
    # Where none counts, there still may be something that was not seen.
    rest = min((one.result.outcome for one in findings), key=lambda one: one.rank)
    worst = next((one.finding.severity.value for one in findings if one.finding.counts), rest.value)
    return {
        "slug": result.check,
        "title": safe(result.title),
        "status": worst,
        "remediation": cell(result.remediation),
        "rows": [_finding(one) for one in findings[:MAX_ROWS]],
        "note": _cut(len(findings)),
    }


def _finding(one: Found) -> View:
    return {
        "status": one.finding.severity.value,
        "object": cell(one.finding.object.name),
        "vcenter": cell(one.vcenter.name, NARROW),
        "path": cell(one.finding.object.path or english.NOTHING),
        "message": cell(wording.english(one.finding.text)),
        **_aside(one.finding),
    }


def _aside(finding: Finding) -> View:
    """Return the word and the reason for a finding that does not count; empty for one that does."""
    if mute := finding.muted:
        return {"quiet": english.MUTED, "why": cell(english.muted_by(mute.owner, mute.until, mute.reason))}
    if finding.silenced_by:
        return {"quiet": english.SILENCED, "why": cell(english.silenced_by(finding.silenced_by))}
    return {"quiet": "", "why": []}


def _unjudged(group: Unjudged) -> View:
    return {
        "status": group.outcome.value,
        "checks": cell(", ".join(result.title for result in group.results)),
        "vcenter": cell(group.vcenter.name, NARROW),
        "reason": cell(wording.english(group.reason) if group.reason else english.NOTHING),
    }


def _gaps(rows: Iterable[Judged]) -> View:
    """Return the objects that checks did not examine; those with one reason share a row."""
    lines = [line for row in rows for line in _gaps_of(row)]
    return {"rows": lines[:MAX_ROWS], "note": _cut(len(lines))}


def _gaps_of(row: Judged) -> list[View]:
    ordered = sorted(row.result.not_examined, key=lambda one: (_why(one), one.object.name))
    groups = [(why, [one.object.name for one in group]) for why, group in groupby(ordered, key=_why)]
    return [
        {
            "title": cell(row.result.title),
            "vcenter": cell(row.vcenter.name, NARROW),
            "reason": cell(why),
            "count": english.number(len(names)),
            "names": cell(english.named(names[:_MAX_NAMES], len(names))),
        }
        for why, names in groups
    ]


def _why(one: NotExamined) -> str:
    reason = wording.english(one.why.reason)
    return f"{one.rule}: {reason}" if one.rule else reason


def _cut(total: int) -> str:
    return english.rows_shown(MAX_ROWS, total) if total > MAX_ROWS else ""

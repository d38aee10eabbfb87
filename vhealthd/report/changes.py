"""What changed since the last run, and the risks to look at first (see `view`)."""

from typing import Any

from vhealthd.compare import Change, Changed, Comparison, NotCompared
from vhealthd.model import Outcome, ScanReport, Severity
from vhealthd.report.background import Background
from vhealthd.report.glyphs import NARROW, cell, clip, em, safe
from vhealthd.report.order import Found, judged, top
from vhealthd.report.reportwords import ReportWords
from vhealthd.report.words import NOTHING

View = dict[str, Any]

MAX_ROWS = 50
_MAX_OPEN = 20  # what goes on is in the chapters, and shown here for those that are open for longest
_TOP = 10
_MESSAGE_ROOM = em(48)  # the least that a column of messages has: see changes.typ
_MESSAGE, _ADVICE = 240, 400


def changes(report: ScanReport, background: Background, words: ReportWords) -> View:
    """Return what became of each finding, by kind of change; only those that count."""
    comparison = background.comparison
    if comparison is None:
        return {"intro": words.nothing_before(), "nothing": "", "sections": [], "not-compared": []}
    sections = [part for change in Change if (part := _section(comparison, change, report, words))]
    moved = [part for part in sections if part["change"] != Change.ONGOING.value]
    return {
        "intro": safe(words.compared(comparison.old.run_id, comparison.old.started)),
        # of what could not be compared nobody knows whether it changed
        "nothing": "" if moved or comparison.not_compared else words.unchanged(),
        "sections": sections,
        "not-compared": [_not_compared(one, words) for one in comparison.not_compared],
    }


def _section(comparison: Comparison, change: Change, report: ScanReport, words: ReportWords) -> View | None:
    rows = [one for one in comparison.of(change) if one.counts]
    if change is Change.ONGOING:
        # what is open for longest is what somebody has to be asked about
        rows.sort(key=lambda one: (-one.finding.severity.rank, one.first_seen or report.started))
    if not rows:
        return None
    most = _MAX_OPEN if change is Change.ONGOING else MAX_ROWS
    return {
        "change": change.value,
        "title": words.change_heading(change, len(rows)),
        "rows": [_row(one, report, words) for one in rows[:most]],
        "note": words.more_changes(most, len(rows)) if len(rows) > most else "",
    }


def _row(one: Changed, report: ScanReport, words: ReportWords) -> View:
    since = report.started if one.change is Change.NEW else one.first_seen
    return {
        "status": one.finding.severity.value,
        "was": _was(one, words),
        "title": cell(words.language.words(one.result.title)),
        "object": cell(one.finding.object.name),
        "vcenter": cell(one.vcenter.name, NARROW),
        "message": cell(clip(words.language.say(one.finding.text), _MESSAGE), room=_MESSAGE_ROOM),
        "age": words.age(since, report.started) if since else NOTHING,
    }


def _was(one: Changed, words: ReportWords) -> str:
    if one.before is None or one.after is None or one.before is one.after:
        return ""
    return words.was(words.outcomes[one.before.value], words.outcomes[one.after.value])


def _not_compared(one: NotCompared, words: ReportWords) -> View:
    return {
        "vcenter": cell(one.vcenter),
        "checks": cell(words.some(one.checks, 5) if one.checks else words.all_checks()),
        "reason": cell(words.language.say(one.why)),
        "count": words.left_out(one.before, one.after) or NOTHING,
    }


def risks(report: ScanReport, background: Background, words: ReportWords) -> View:
    """Return ten findings at most, critical first; what is only worth knowing is no risk."""
    counted = [one for row in judged(report) for one in row.result.counted if one.severity is not Severity.INFO]
    first = [one for one in top(report, _TOP) if one.finding.severity is not Severity.INFO]
    return {
        "rows": [_risk(one, report, background, words) for one in first],
        "note": words.top_shown(len(first), len(counted)) if len(counted) > len(first) else "",
    }


def _risk(one: Found, report: ScanReport, background: Background, words: ReportWords) -> View:
    since = background.since(report, *one)
    return {
        "status": Outcome(one.finding.severity).value,
        "check": one.result.check,
        "title": cell(words.language.words(one.result.title), room=em(26)),
        "object": cell(one.finding.object.name, room=em(30)),
        "vcenter": cell(one.vcenter.name, room=em(30, 7)),
        "message": cell(clip(words.language.say(one.finding.text), _MESSAGE), room=_MESSAGE_ROOM),
        "advice": cell(clip(words.language.words(one.result.remediation), _ADVICE)),
        "since": words.short_day(since) if since else NOTHING,
        "link": one.result.kb_url,
        "article": f"KB {one.result.kb}" if one.result.kb else "",
    }

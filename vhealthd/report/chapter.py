"""One chapter of the PDF: the results of a category as the template takes them (see `view`)."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from vhealthd.model import Category, Finding, LimitInForce, NotExamined, Outcome, ScanReport
from vhealthd.report.background import Background
from vhealthd.report.glyphs import NARROW, WIDE, cell, em, lines, safe, tabular
from vhealthd.report.order import Found, Judged, Unjudged, found, unjudged, worst_results_first
from vhealthd.report.reportwords import ReportWords
from vhealthd.report.words import NOTHING, Words
from vhealthd.wording import english

View = dict[str, Any]

MAX_ROWS = 200
_MAX_NAMES = 10


class _Rooms(NamedTuple):
    """How wide the columns of findings are in em of their text, without their insets: see `section` in chapters.typ."""

    object: float
    path: float
    vcenter: float
    message: float
    measured: float
    limit: float

    def wider(self) -> "_Rooms":
        """Return what they are if our widths of characters are too large, which they are by no more than this."""
        return _Rooms(*(1.07 * room for room in self))


# With measured values or without, for one vCenter and for several.
_ROOMS = {
    (True, False): _Rooms(em(50), em(50, 6.8), 0, em(60), em(17), em(15)),
    (True, True): _Rooms(em(43), em(43, 6.8), em(24), em(43), em(17), em(15)),
    (False, False): _Rooms(em(50), em(50, 6.8), 0, em(92), 0, 0),
    (False, True): _Rooms(em(43), em(43, 6.8), em(24), em(75), 0, 0),
}
_GRADES, _NO_RULE = ("warning_", "critical_"), "null"


def chapter(
    category: Category, rows: Sequence[Judged], report: ScanReport, background: Background, words: ReportWords
) -> View:
    """Return a chapter: all its checks, then the findings of each, then what was not judged or not examined."""
    return {
        "name": words.categories[category],
        "checks": _checks(rows, report.limits, words),
        "sections": _sections(rows, report, background, words),
        "unjudged": [_unjudged(group, words) for group in unjudged(rows)],
        "gaps": _gaps(rows, words),
    }


def _checks(rows: Sequence[Judged], limits: Sequence[LimitInForce], words: Words) -> list[View]:
    """Return a row for each check and vCenter.

    `place` says where a link to the check leads: to its section of findings, else to this row (once, if several).
    """
    placed = {row.result.check: "section" for row in rows if row.result.findings}
    table = []
    for row in worst_results_first(rows):
        table.append(_check(row, placed.get(row.result.check, "row"), limits, words))
        placed.setdefault(row.result.check, "none")
    return table


def _check(row: Judged, place: str, limits: Sequence[LimitInForce], words: Words) -> View:
    result = row.result
    return {
        "slug": result.check,
        "place": place,
        "title": cell(words.language.words(result.title), WIDE),
        "vcenter": cell(row.vcenter.name, NARROW),
        "status": result.outcome.value,
        "examined": words.number(result.examined),
        "findings": words.number(len(result.counted)),
        "limit": limit_line([one for one in limits if one.check == result.check], words),
    }


def limit_line(limits: Sequence[LimitInForce], words: Words) -> str:
    """Return the first pair of a check's limits, `85 / 95 %`: that of warning and of critical, or the one it has."""
    graded = [one for one in limits if one.match is None and one.name.startswith(_GRADES) and one.value != _NO_RULE]
    if not graded:
        return NOTHING
    about = graded[0].name.partition("_")[2]
    pair = [one.value for one in graded if one.name.partition("_")[2] == about]
    return safe(f"{' / '.join(pair)} {words.language.words(graded[0].unit)}".rstrip())


def _sections(rows: Sequence[Judged], report: ScanReport, background: Background, words: ReportWords) -> list[View]:
    """Return a section for each check with findings: the check with the worst one first."""
    by_check: dict[str, list[Found]] = {}
    for one in found(rows):
        by_check.setdefault(one.result.check, []).append(one)
    sections = [_section(findings, report, background, words) for findings in by_check.values()]
    return sorted(sections, key=lambda one: Outcome(one["status"]).rank)


def _section(findings: Sequence[Found], report: ScanReport, background: Background, words: ReportWords) -> View:
    result = findings[0].result
    # Where none counts, there still may be something that was not seen.
    rest = min((one.result.outcome for one in findings), key=lambda one: one.rank)
    worst = next((one.finding.severity.value for one in findings if one.finding.counts), rest.value)
    shown = _shown(findings)
    measures = any(words.language.measured(one.finding.text) for one in shown)
    rooms = _ROOMS[measures, len(report.vcenters) > 1]
    return {
        "slug": result.check,
        "measures": measures,
        "title": safe(words.language.words(result.title)),
        "status": worst,
        "remediation": cell(words.language.words(result.remediation)),
        "link": result.kb_url,
        "article": f"KB {result.kb}" if result.kb else "",
        "rows": [_finding(one, rooms, report, background, words) for one in shown],
        "note": _cut(len(findings), words),
    }


def _shown(findings: Sequence[Found]) -> list[Found]:
    """Return as many as a table has rows for, in their order: those first to go are those that do not count."""
    if len(findings) <= MAX_ROWS:
        return list(findings)
    places = sorted(range(len(findings)), key=lambda place: not findings[place].finding.counts)
    return [findings[place] for place in sorted(places[:MAX_ROWS])]


def _finding(one: Found, rooms: _Rooms, report: ScanReport, background: Background, words: ReportWords) -> View:
    since = background.since(report, *one)
    value, limit = words.language.measured(one.finding.text) or (NOTHING, NOTHING)
    row = {
        "status": one.finding.severity.value,
        "object": cell(one.finding.object.name, room=rooms.object),
        "vcenter": cell(one.vcenter.name, NARROW),
        "path": cell(one.finding.object.path or NOTHING),
        "message": cell(words.language.say(one.finding.text), room=rooms.message),
        "measured": safe(value),
        "limit": safe(limit),
        "since": words.short_day(since) if since else NOTHING,
        **_aside(one.finding, words),
    }
    high, low = _height(row, rooms), _height(row, rooms.wider())
    return row | {"lines": high if high == low else 0}


def _height(row: View, rooms: _Rooms) -> int:
    """Return of how many lines the row of a finding is at most; 0 if that is not known."""
    stacks = [
        [lines(row["object"], rooms.object), lines(row["path"], rooms.path)],
        [lines(row["message"], rooms.message)] + ([lines(row["why"], rooms.message)] if row["why"] else []),
    ]
    if rooms.measured:
        stacks.append([lines(tabular(row["measured"]), rooms.measured)])
        stacks.append([lines(tabular(row["limit"]), rooms.limit)])
    if rooms.vcenter:
        stacks.append([lines(row["vcenter"], rooms.vcenter)])
    return max(map(sum, stacks)) if all(map(all, stacks)) else 0


def _aside(finding: Finding, words: Words) -> View:
    """Return the word and the reason for a finding that does not count; empty for one that does."""
    if mute := finding.muted:
        return {
            "quiet": words.language.words("Muted"),
            "why": cell(words.muted_by(mute.owner, mute.until, mute.reason)),
        }
    if finding.silenced_by:
        return {"quiet": words.language.words("Silenced"), "why": cell(words.silenced_by(finding.silenced_by))}
    return {"quiet": "", "why": []}


def _unjudged(group: Unjudged, words: Words) -> View:
    return {
        "status": group.outcome.value,
        "checks": cell(words.named([words.language.words(one.title) for one in group.results], len(group.results))),
        "vcenter": cell(group.vcenter.name, NARROW),
        "reason": cell(words.language.say(group.reason) if group.reason else NOTHING),
    }


def _gaps(rows: Iterable[Judged], words: Words) -> View:
    """Return the objects that checks did not examine; those with one reason share a row."""
    lines = [line for row in rows for line in _gaps_of(row, words)]
    return {"rows": lines[:MAX_ROWS], "note": _cut(len(lines), words)}


def _gaps_of(row: Judged, words: Words) -> list[View]:
    # Sorted by the English words: the order is the same in every language.
    ordered = sorted(row.result.not_examined, key=lambda one: (_why(one), one.object.name))
    groups = [list(group) for _, group in groupby(ordered, key=_why)]
    return [
        {
            "title": cell(words.language.words(row.result.title)),
            "vcenter": cell(row.vcenter.name, NARROW),
            "reason": cell(_reason(group[0], words)),
            "count": words.number(len(group)),
            "names": cell(words.some([one.object.name for one in group], _MAX_NAMES)),
        }
        for group in groups
    ]


def _why(one: NotExamined) -> str:
    reason = english(one.why.reason)
    return f"{one.rule}: {reason}" if one.rule else reason


def _reason(one: NotExamined, words: Words) -> str:
    reason = words.language.say(one.why.reason)
    return words.with_reason(one.rule, reason) if one.rule else reason


def _cut(total: int, words: Words) -> str:
    return words.rows_shown(MAX_ROWS, total) if total > MAX_ROWS else ""

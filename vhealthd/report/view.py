"""What the PDF shows of a scan: a ScanReport becomes plain dicts, lists and strings for the template.

Strings are safe for our fonts and numbers are written out. A status is the value of an outcome: the template has a
colour for it and `labels.outcomes` a word. Text that may lack a place to break is a list of pieces (`glyphs.cell`).
"""

from typing import Any

from vhealthd import wording
from vhealthd.model import Category, Outcome, ScanReport, VCenterReport, VCenterState
from vhealthd.report import english
from vhealthd.report.appendix import appendix
from vhealthd.report.chapter import chapter
from vhealthd.report.glyphs import WIDE, cell, clip, safe
from vhealthd.report.order import Found, Judged, affected, judged, quiet, tally, top, unexamined

View = dict[str, Any]

_TOP = 10
# The first page holds ten findings of two lines each; the chapters have them in full.
_NAME, _MESSAGE, _REASON, _SUBJECT = 56, 160, 160, 58


def build(report: ScanReport) -> View:
    """Return all that the template shows."""
    rows = judged(report)
    return {
        "lang": english.LANGUAGE,
        "labels": english.LABELS,
        "subject": clip(safe(", ".join(one.name for one in report.vcenters)), _SUBJECT),
        "product": f"vhealthd {safe(report.tool_version)}",
        "run": safe(report.run_id),
        "run-facts": english.run_facts(report.finished, report.finished - report.started),
        "several": len(report.vcenters) > 1,
        "lead": _lead(report),
        "donut": _donut(report, rows),
        "bars": _bars(rows),
        "tiles": _tiles(report),
        "top": _top(report, rows),
        "chapters": [chapter(category, of) for category in Category if (of := _of(category, rows))],
        "appendix": appendix(report),
    }


def _of(category: Category, rows: list[Judged]) -> list[Judged]:
    return [row for row in rows if row.result.category is category]


def _lead(report: ScanReport) -> list[dict[str, str]]:
    """Return the sentences of the first page: what was not seen at all, what is wrong, what else was not seen."""
    counts = tally(judged(report))
    lead: list[tuple[Outcome, str]] = []
    if down := in_state(report, VCenterState.UNREACHABLE):
        lead.append((Outcome.CRITICAL, english.unreachable(down)))
    if objects := affected(report):
        worst = Outcome.CRITICAL if counts[Outcome.CRITICAL] else Outcome.WARNING
        where = len({vcenter for vcenter, _ in objects})
        said = english.affected(counts[Outcome.CRITICAL], counts[Outcome.WARNING], len(objects), where)
        lead.append((worst, said))
    lead += unseen(report, counts)
    if any(aside := quiet(judged(report))):
        lead.append((Outcome.INFO, english.quiet(*aside)))
    total = sum(counts.values())
    fine = total > 0 and counts[Outcome.PASS] == total
    lead.append((Outcome.PASS if fine else Outcome.INFO, english.passed(counts[Outcome.PASS], total)))
    return [{"status": status.value, "text": safe(text)} for status, text in lead]


def unseen(report: ScanReport, counts: dict[Outcome, int]) -> list[tuple[Outcome, str]]:
    """Say what was not seen, or not for sure, of vCenters that answered; nothing where all was."""
    missed = unexamined(judged(report))
    unmatched = [name for vcenter in report.vcenters for name in vcenter.unmatched_scope]
    untrusted = [vcenter.name for vcenter in report.vcenters if vcenter.tls in ("unverified", "plain")]
    partial = in_state(report, VCenterState.PARTIAL)
    said = (
        (Outcome.UNKNOWN, partial and english.partial(partial)),
        (Outcome.UNKNOWN, counts[Outcome.UNKNOWN] and english.unjudged(counts[Outcome.UNKNOWN])),
        (Outcome.UNKNOWN, missed and english.unexamined(missed)),
        (Outcome.UNKNOWN, unmatched and english.unmatched(unmatched)),
        (Outcome.WARNING, untrusted and english.untrusted(untrusted)),
    )
    return [(status, str(text)) for status, text in said if text]


def in_state(report: ScanReport, state: VCenterState) -> list[str]:
    """Name the vCenters in a state, each with its reason."""
    return [_with_reason(one) for one in report.vcenters if one.state is state]


def _with_reason(vcenter: VCenterReport) -> str:
    return f"{vcenter.name} ({clip(vcenter.reason.rstrip('.'), _REASON)})" if vcenter.reason else vcenter.name


def _parts(counts: dict[Outcome, int]) -> list[dict[str, Any]]:
    return [{"status": outcome.value, "count": count} for outcome, count in counts.items()]


def _in_words(counts: dict[Outcome, int]) -> list[str]:
    """Return `2 critical`, `1 unknown`, ... without those that are not there."""
    return [english.of_outcome(count, outcome) for outcome, count in counts.items() if count]


def _donut(report: ScanReport, rows: list[Judged]) -> View:
    counts = tally(rows)
    several = len(report.vcenters) > 1
    return {
        "parts": _parts(counts),
        "total": english.number(len(rows)),
        "unit": english.unit(len(rows), several=several),
        "note": english.per_vcenter(len(report.vcenters)) if several else "",
        "alt": english.donut(_in_words(counts)),
    }


def _worst_in_words(counts: dict[Outcome, int]) -> str:
    """Return what needs eyes; what does not, where nothing else is there. Three outcomes fit beside a bar."""
    urgent = {outcome: counts[outcome] for outcome in (Outcome.CRITICAL, Outcome.UNKNOWN, Outcome.WARNING)}
    return ", ".join(_in_words(urgent) or _in_words(counts))


def _bars(rows: list[Judged]) -> View:
    bars = [(english.CATEGORIES[category], tally(of)) for category in Category if (of := _of(category, rows))]
    return {
        "rows": [{"name": name, "parts": _parts(counts), "words": _worst_in_words(counts)} for name, counts in bars],
        "alt": english.bars([f"{name}: {', '.join(_in_words(counts))}" for name, counts in bars]),
    }


def _tiles(report: ScanReport) -> list[dict[str, str]]:
    total = len(report.vcenters)
    reached = sum(one.state is not VCenterState.UNREACHABLE for one in report.vcenters)
    return [
        _tile("vcenters", total, english.reached(reached, total)),
        _tile("hosts", *_sum(report, "hosts", "cluster")),
        _tile("vms", *_sum(report, "vms", "datacenter")),
        _tile("datastores", *_sum(report, "datastores", "datacenter")),
        _tile("affected", len(affected(report)), english.AFFECTED),
    ]


def _tile(kind: str, value: int | None, note: str) -> dict[str, str]:
    shown = english.NOTHING if value is None else english.number(value)
    return {"label": english.TILES[kind], "value": shown, "note": note}


def _sum(report: ScanReport, kind: str, parent: str) -> tuple[int | None, str]:
    """Add the counts of all vCenters; the note says where they are, or that some vCenter was not read."""
    counts = [getattr(one.counts, kind) for one in report.vcenters]
    read = [count for count in counts if count is not None]
    if not read or len(read) < len(counts):
        return (sum(read) if read else None), english.read_of(len(read), len(counts))
    parents = [getattr(one.counts, f"{parent}s") for one in report.vcenters]
    return sum(read), "" if None in parents else english.inside(sum(parents), parent)


def _top(report: ScanReport, rows: list[Judged]) -> View:
    first, total = top(report, _TOP), sum(len(row.result.counted) for row in rows)
    return {
        "rows": [_top_row(one) for one in first],
        "note": english.top_shown(len(first), total) if total > len(first) else "",
    }


def _top_row(one: Found) -> View:
    return {
        "status": one.finding.severity.value,
        "check": one.result.check,
        "title": cell(one.result.title),
        "object": cell(clip(safe(one.finding.object.name), _NAME)),
        "vcenter": cell(clip(safe(one.vcenter.name), _NAME)),
        "message": cell(clip(safe(wording.english(one.finding.text)), _MESSAGE), WIDE),
    }

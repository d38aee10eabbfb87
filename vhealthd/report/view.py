"""What the PDF shows of a scan: a ScanReport becomes plain dicts, lists and strings for the template.

Strings are safe for our fonts and numbers are written out. A status is the value of an outcome: the template has a
colour for it and `labels.outcomes` a word. Text that may lack a place to break is a list of pieces (`glyphs.cell`).
"""

from typing import Any

from vhealthd.language import Language
from vhealthd.model import Category, Outcome, ScanReport, VCenterReport, VCenterState
from vhealthd.report.appendix import appendix
from vhealthd.report.chapter import chapter
from vhealthd.report.glyphs import WIDE, cell, clip, safe
from vhealthd.report.labels import labels, tiles
from vhealthd.report.order import Found, Judged, affected, judged, quiet, tally, top, unexamined
from vhealthd.report.words import NOTHING, Words

View = dict[str, Any]

_TOP = 10
# The first page holds ten findings of two lines each; the chapters have them in full.
_NAME, _MESSAGE, _REASON, _SUBJECT = 56, 160, 160, 58


def build(report: ScanReport, *, language: Language) -> View:
    """Return all that the template shows."""
    rows, words = judged(report), Words(language)
    return {
        "lang": language.code,
        "region": language.region,
        "labels": labels(language),
        "subject": clip(safe(", ".join(one.name for one in report.vcenters)), _SUBJECT),
        "product": f"vhealthd {safe(report.tool_version)}",
        "run": safe(report.run_id),
        "run-facts": words.run_facts(report.finished, report.finished - report.started),
        "several": len(report.vcenters) > 1,
        "lead": _lead(report, words),
        "donut": _donut(report, rows, words),
        "bars": _bars(rows, words),
        "tiles": _tiles(report, words),
        "top": _top(report, rows, words),
        "chapters": [chapter(category, of, words) for category in Category if (of := _of(category, rows))],
        "appendix": appendix(report, words),
    }


def _of(category: Category, rows: list[Judged]) -> list[Judged]:
    return [row for row in rows if row.result.category is category]


def _lead(report: ScanReport, words: Words) -> list[dict[str, str]]:
    """Return the sentences of the first page: what was not seen at all, what is wrong, what else was not seen."""
    counts = tally(judged(report))
    lead: list[tuple[Outcome, str]] = []
    if down := in_state(report, VCenterState.UNREACHABLE, words):
        lead.append((Outcome.CRITICAL, words.unreachable(down)))
    if objects := affected(report):
        worst = Outcome.CRITICAL if counts[Outcome.CRITICAL] else Outcome.WARNING
        where = len({vcenter for vcenter, _ in objects})
        said = words.affected(counts[Outcome.CRITICAL], counts[Outcome.WARNING], len(objects), where)
        lead.append((worst, said))
    lead += unseen(report, counts, words)
    if any(aside := quiet(judged(report))):
        lead.append((Outcome.INFO, words.quiet(*aside)))
    total = sum(counts.values())
    fine = total > 0 and counts[Outcome.PASS] == total
    lead.append((Outcome.PASS if fine else Outcome.INFO, words.passed(counts[Outcome.PASS], total)))
    return [{"status": status.value, "text": safe(text)} for status, text in lead]


def unseen(report: ScanReport, counts: dict[Outcome, int], words: Words) -> list[tuple[Outcome, str]]:
    """Say what was not seen, or not for sure, of vCenters that answered; nothing where all was."""
    missed = unexamined(judged(report))
    unmatched = [name for vcenter in report.vcenters for name in vcenter.unmatched_scope]
    untrusted = [vcenter.name for vcenter in report.vcenters if vcenter.tls in ("unverified", "plain")]
    partial = in_state(report, VCenterState.PARTIAL, words)
    said = (
        (Outcome.UNKNOWN, partial and words.partial(partial)),
        (Outcome.UNKNOWN, counts[Outcome.UNKNOWN] and words.unjudged(counts[Outcome.UNKNOWN])),
        (Outcome.UNKNOWN, missed and words.unexamined(missed)),
        (Outcome.UNKNOWN, unmatched and words.unmatched(unmatched)),
        (Outcome.WARNING, untrusted and words.untrusted(untrusted)),
    )
    return [(status, str(text)) for status, text in said if text]


def in_state(report: ScanReport, state: VCenterState, words: Words) -> list[str]:
    """Name the vCenters in a state, each with its reason."""
    return [_with_reason(one, words) for one in report.vcenters if one.state is state]


def _with_reason(vcenter: VCenterReport, words: Words) -> str:
    if not vcenter.reason:
        return vcenter.name
    return words.in_brackets(vcenter.name, clip(vcenter.reason.rstrip("."), _REASON))


def _parts(counts: dict[Outcome, int]) -> list[dict[str, Any]]:
    return [{"status": outcome.value, "count": count} for outcome, count in counts.items()]


def _in_words(counts: dict[Outcome, int], words: Words) -> list[str]:
    """Return `2 critical`, `1 unknown`, ... without those that are not there."""
    return [words.of_outcome(count, outcome) for outcome, count in counts.items() if count]


def _donut(report: ScanReport, rows: list[Judged], words: Words) -> View:
    counts = tally(rows)
    several = len(report.vcenters) > 1
    return {
        "parts": _parts(counts),
        "total": words.number(len(rows)),
        "unit": words.unit(len(rows), several=several),
        "note": words.per_vcenter(len(report.vcenters)) if several else "",
        "alt": words.donut(_in_words(counts, words)),
    }


def _worst_in_words(counts: dict[Outcome, int], words: Words) -> str:
    """Return what needs eyes; what does not, where nothing else is there. Three outcomes fit beside a bar."""
    urgent = {outcome: counts[outcome] for outcome in (Outcome.CRITICAL, Outcome.UNKNOWN, Outcome.WARNING)}
    return words.listed(_in_words(urgent, words) or _in_words(counts, words))


def _bars(rows: list[Judged], words: Words) -> View:
    bars = [(words.categories[category], tally(of)) for category in Category if (of := _of(category, rows))]
    return {
        "rows": [
            {"name": name, "parts": _parts(counts), "words": _worst_in_words(counts, words)} for name, counts in bars
        ],
        "alt": words.bars([words.bar(name, _in_words(counts, words)) for name, counts in bars]),
    }


def _tiles(report: ScanReport, words: Words) -> list[dict[str, str]]:
    total = len(report.vcenters)
    reached = sum(one.state is not VCenterState.UNREACHABLE for one in report.vcenters)
    names = tiles(words.language)

    def tile(kind: str, value: int | None, note: str) -> dict[str, str]:
        return {"label": names[kind], "value": NOTHING if value is None else words.number(value), "note": note}

    return [
        tile("vcenters", total, words.reached(reached, total)),
        tile("hosts", *_sum(report, "hosts", "clusters", words)),
        tile("vms", *_sum(report, "vms", "datacenters", words)),
        tile("datastores", *_sum(report, "datastores", "datacenters", words)),
        tile("affected", len(affected(report)), words.language.words("critical or warning")),
    ]


def _sum(report: ScanReport, kind: str, parent: str, words: Words) -> tuple[int | None, str]:
    """Add the counts of all vCenters; the note says where they are, or that some vCenter was not read."""
    counts = [getattr(one.counts, kind) for one in report.vcenters]
    read = [count for count in counts if count is not None]
    if not read or len(read) < len(counts):
        return (sum(read) if read else None), words.read_of(len(read), len(counts))
    parents = [getattr(one.counts, parent) for one in report.vcenters]
    inside = words.in_clusters if parent == "clusters" else words.in_datacenters
    return sum(read), "" if None in parents else inside(sum(parents))


def _top(report: ScanReport, rows: list[Judged], words: Words) -> View:
    first, total = top(report, _TOP), sum(len(row.result.counted) for row in rows)
    return {
        "rows": [_top_row(one, words) for one in first],
        "note": words.top_shown(len(first), total) if total > len(first) else "",
    }


def _top_row(one: Found, words: Words) -> View:
    return {
        "status": one.finding.severity.value,
        "check": one.result.check,
        "title": cell(words.language.words(one.result.title)),
        "object": cell(clip(safe(one.finding.object.name), _NAME)),
        "vcenter": cell(clip(safe(one.vcenter.name), _NAME)),
        "message": cell(clip(safe(words.language.say(one.finding.text)), _MESSAGE), WIDE),
    }

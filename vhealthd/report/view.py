"""What the PDF and the page in HTML show of a scan: plain dicts, lists and strings for their templates. Pure.

Strings are safe for our fonts and numbers are written out. A status is the value of an outcome: the templates have a
colour for it and `labels.outcomes` a word. Text that may lack a place to break is a list of pieces (`glyphs.cell`).
"""

from collections.abc import Sequence
from typing import Any

from vhealthd.language import Language
from vhealthd.model import Category, ScanReport
from vhealthd.report.appendix import appendix
from vhealthd.report.background import NO_BACKGROUND, Background
from vhealthd.report.changes import changes, risks
from vhealthd.report.chapter import chapter
from vhealthd.report.dashboard import dashboard
from vhealthd.report.firstpage import lead
from vhealthd.report.glyphs import WIDE, cell, clip, safe
from vhealthd.report.heatmap import heatmap
from vhealthd.report.labels import labels
from vhealthd.report.look import PLAIN, Look
from vhealthd.report.order import judged
from vhealthd.report.reportwords import ReportWords
from vhealthd.report.trends import trends

View = dict[str, Any]

# The title band and the header of each page have one line for each.
_SUBJECT, _TITLE, _MARK = 52, 48, 24


def build(
    report: ScanReport, *, language: Language, background: Background = NO_BACKGROUND, look: Look = PLAIN
) -> View:
    """Return all that is shown."""
    rows, words = judged(report), ReportWords(language, background.zone)
    subject = safe(_subject([one.name for one in report.vcenters], words))
    chapters = [(one, of) for one in Category if (of := [row for row in rows if row.result.category is one])]
    return {
        "lang": language.code,
        "region": language.region,
        "labels": labels(language) | ({"title": safe(clip(look.title, _TITLE))} if look.title else {}),
        "look": _look(look),
        "subject": subject,
        "subject-pieces": cell(subject, WIDE),
        "product": f"vhealthd {safe(report.tool_version)}",
        "run": safe(report.run_id),
        "run-facts": words.facts(report.started, report.finished - report.started),
        "several": len(report.vcenters) > 1,
        "lead": lead(report, background, words),
        **dashboard(report, background, words),
        "heat": heatmap(report, words),
        "changes": changes(report, background, words),
        "risks": risks(report, background, words),
        "trends": trends(report, background, words),
        "chapters": [chapter(category, of, report, background, words) for category, of in chapters],
        "appendix": appendix(report, background, words),
    }


def _subject(names: Sequence[str], words: ReportWords) -> str:
    """Name the vCenters: as many as fit, and how many more there are."""
    fitting = [count for count in range(1, len(names)) if len(words.some(names, count)) <= _SUBJECT]
    whole = words.named(names, len(names))
    return whole if len(whole) <= _SUBJECT else clip(words.some(names, max(fitting, default=1)), _SUBJECT)


def _look(look: Look) -> View:
    return {
        "paper": {"a4": "a4", "letter": "us-letter"}[look.paper],
        "mark": safe(clip(look.classification, _MARK)) if look.classification else "",
        "primary": look.colours.primary,
        "accent": look.colours.accent,
        "logo": look.logo is not None,
    }

"""The first page in pictures: what its charts and tiles show (see `view`)."""

from typing import Any

from vhealthd.compare import Change, Comparison
from vhealthd.figures import figures
from vhealthd.model import Category, Outcome, ScanReport, VCenterState
from vhealthd.report.background import Background
from vhealthd.report.labels import tiles as names_of_tiles
from vhealthd.report.order import Judged, affected, judged, tally
from vhealthd.report.reportwords import ReportWords
from vhealthd.report.words import NOTHING, Words
from vhealthd.sla import Attainment

View = dict[str, Any]

# Below the first the score is shown as critical, below the second as a warning.
_POOR, _FAIR = 50, 80


def dashboard(report: ScanReport, background: Background, words: ReportWords) -> View:
    """Return the charts, by name."""
    rows = judged(report)
    return {
        "donut": _donut(report, rows, words),
        "score": score(report, background, words),
        "bars": _bars(rows, words),
        "tiles": _tiles(report, words),
        "sla": [_attained(name, of.overall, words) for name, of in background.sla.items()],
        "delta": _delta(background.comparison, words),
        "delta-note": _not_compared(background.comparison, words),
        "next-scan": words.moment(background.next_scan) if background.next_scan else "",
    }


def score(report: ScanReport, background: Background, words: ReportWords) -> View:
    """Return the health score and its line; of one point there is no line."""
    value = figures(report).score
    points = [(one.started, one.figures.score) for one in background.runs if one.figures.score is not None]
    if value is not None:
        points.append((report.started, value))
    scores = [score for _, score in points]
    drawn = len(points) > 1
    no_line = words.no_data() if value is None else words.no_line()
    return {
        "value": NOTHING if value is None else str(value),
        "status": _grade(value).value,
        "points": scores if drawn else [],
        "first": words.day_of(points[0][0]) if drawn else "",
        "last": words.day_of(points[-1][0]) if drawn else "",
        "change": words.since_then(scores[-1] - scores[0], points[0][0]) if drawn else no_line,
        "direction": (scores[-1] > scores[0]) - (scores[-1] < scores[0]) if drawn else 0,
        "alt": words.score_line(points[0][0], scores) if drawn else no_line,
    }


def _grade(score: int | None) -> Outcome:
    if score is None:
        return Outcome.SKIPPED
    if score < _POOR:
        return Outcome.CRITICAL
    return Outcome.WARNING if score < _FAIR else Outcome.PASS


def _attained(window: str, attainment: Attainment, words: ReportWords) -> View:
    percent = attainment.percent
    beside = attainment.unknown + attainment.skipped
    return {
        "window": words.windows.get(window, window),
        "value": words.no_data() if percent is None else words.language.percent(percent, digits=2),
        "note": words.judged_of(attainment.judged, beside),
    }


def _delta(comparison: Comparison | None, words: ReportWords) -> list[View]:
    """Return how many findings changed how; nothing where there is no earlier run."""
    if comparison is None:
        return []
    shown = (Change.NEW, Change.WORSENED, Change.RESOLVED, Change.ONGOING)
    return [
        {
            "name": words.changes[change],
            "change": change.value,
            "value": words.number(sum(one.counts for one in comparison.of(change))),
        }
        for change in shown
    ]


def _not_compared(comparison: Comparison | None, words: ReportWords) -> str:
    """Say how many results the numbers leave out; nothing if they leave out none."""
    if comparison is None:
        return ""
    gaps = comparison.not_compared
    whole = {one.name: len(one.results) for one in (*comparison.old.vcenters, *comparison.new.vcenters)}
    left_out = sum(len(one.checks) or whole.get(one.vcenter, 0) for one in gaps)
    return words.results_not_compared(left_out) if left_out else ""


def _parts(counts: dict[Outcome, int]) -> list[View]:
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
    of = {category: tally(row for row in rows if row.result.category is category) for category in Category}
    bars = [(words.categories[category], counts) for category, counts in of.items() if any(counts.values())]
    return {
        "rows": [
            {"name": name, "parts": _parts(counts), "words": _worst_in_words(counts, words)} for name, counts in bars
        ],
        "alt": words.bars([words.bar(name, _in_words(counts, words)) for name, counts in bars]),
    }


def _tiles(report: ScanReport, words: Words) -> list[dict[str, str]]:
    total = len(report.vcenters)
    reached = sum(one.state is not VCenterState.UNREACHABLE for one in report.vcenters)
    names = names_of_tiles(words.language)

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

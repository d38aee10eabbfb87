"""How it was in the last runs, and how full everything is (see `view`)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from vhealthd.figures import figures
from vhealthd.model import MoRef, Outcome, Resource, ScanReport, Severity, Usage, VCenterReport
from vhealthd.report.background import Background, PastRun
from vhealthd.report.glyphs import NARROW, cell
from vhealthd.report.order import Judged, judged
from vhealthd.report.reportwords import ReportWords
from vhealthd.report.words import NOTHING

View = dict[str, Any]

MAX_ROWS = 20


class _Used(NamedTuple):
    vcenter: VCenterReport
    usage: Usage
    status: Outcome  # what the check says of it, which may know more than a percentage


def trends(report: ScanReport, background: Background, words: ReportWords) -> View:
    """Return findings and usage by run, then clusters and datastores by usage."""
    used = [used for row in judged(report) for used in _used(row)]
    runs = (*background.runs, _this(report))
    return {
        "runs": _runs(runs, words) if len(runs) > 1 else None,
        "resources": [part for one in Resource if (part := _resource(one, runs, used, report, words))],
        "clusters": _clusters(used, words),
        "datastores": _datastores(used, words),
    }


def _used(row: Judged) -> Iterator[_Used]:
    """Yield what a result says of usage, each with what the check finds of it as a whole: under no key."""
    found: dict[MoRef, Severity] = {}
    for finding in row.result.counted:
        if finding.key is None:
            found[finding.object.ref] = finding.severity
    for usage in row.result.usages:
        severity = found.get(usage.object.ref)
        yield _Used(row.vcenter, usage, Outcome(severity) if severity else Outcome.PASS)


def _this(report: ScanReport) -> PastRun:
    severities = [one.severity for row in judged(report) for one in row.result.counted]
    return PastRun(
        run_id=report.run_id,
        started=report.started,
        findings={one: severities.count(one) for one in Severity},
        figures=figures(report),
    )


def _runs(runs: Sequence[PastRun], words: ReportWords) -> View:
    critical = [one.findings.get(Severity.CRITICAL, 0) for one in runs]
    warning = [one.findings.get(Severity.WARNING, 0) for one in runs]
    return {
        "columns": [{"critical": bad, "warning": poor} for bad, poor in zip(critical, warning, strict=True)],
        "most": words.number(max(bad + poor for bad, poor in zip(critical, warning, strict=True))),
        "first": words.day_of(runs[0].started),
        "last": words.day_of(runs[-1].started),
        "alt": words.runs_line(runs[0].started, critical, warning),
    }


def _resource(
    one: Resource, runs: Sequence[PastRun], used: Sequence[_Used], report: ScanReport, words: ReportWords
) -> View | None:
    """Return the line of a resource over the runs that read it, with the limits that most of it has."""
    points = [(run.started, run.figures.used[one]) for run in runs if one in run.figures.used]
    mine = [row.usage for row in used if row.usage.resource is one]
    if not points or not mine:
        return None
    percents = [percent for _, percent in points]
    largest = max(mine, key=lambda usage: usage.capacity)
    read, total = len({row.vcenter.name for row in used if row.usage.resource is one}), len(report.vcenters)
    return {
        "name": words.resources[one],
        "value": words.language.percent(percents[-1]),
        "status": _status(percents[-1], largest).value,
        "points": [round(percent, 2) for percent in percents] if len(points) > 1 else [],
        "guides": [largest.warning_percent, largest.critical_percent],
        "note": words.read_of(read, total) if read < total else "",
        "first": words.day_of(points[0][0]),
        "last": words.day_of(points[-1][0]),
        "alt": words.used_line(one, points[0][0], percents),
    }


def _status(percent: float, usage: Usage) -> Outcome:
    if percent > usage.critical_percent:
        return Outcome.CRITICAL
    return Outcome.WARNING if percent > usage.warning_percent else Outcome.PASS


def _clusters(used: Iterable[_Used], words: ReportWords) -> View:
    """Return CPU and memory side by side, by cluster: the fullest first."""
    places: dict[tuple[str, MoRef], dict[Resource, _Used]] = {}
    for one in used:
        if one.usage.resource in (Resource.CPU, Resource.MEMORY):
            places.setdefault((one.vcenter.name, one.usage.object.ref), {})[one.usage.resource] = one
    ordered = sorted(places.values(), key=lambda both: -max(one.usage.percent for one in both.values()))
    return {
        "rows": [_cluster(both, words) for both in ordered[:MAX_ROWS]],
        "note": words.fullest(MAX_ROWS, len(ordered)) if len(ordered) > MAX_ROWS else "",
    }


def _cluster(both: dict[Resource, _Used], words: ReportWords) -> View:
    one = next(iter(both.values()))
    return {
        "name": cell(one.usage.object.name),
        "vcenter": cell(one.vcenter.name, NARROW),
        "cpu": _bar(both.get(Resource.CPU), words),
        "memory": _bar(both.get(Resource.MEMORY), words),
    }


def _bar(one: _Used | None, words: ReportWords) -> View | None:
    """Return a used share as a bar; None where it was not read."""
    if one is None:
        return None
    percent = one.usage.percent
    return {
        "percent": round(percent, 2),
        "text": words.language.percent(percent),
        "status": one.status.value,
        "guides": [one.usage.warning_percent, one.usage.critical_percent],
        "alt": words.bar_of(percent),
    }


def _datastores(used: Iterable[_Used], words: ReportWords) -> View:
    stores = sorted((one for one in used if one.usage.resource is Resource.STORAGE), key=lambda one: -one.usage.percent)
    return {
        "rows": [_datastore(one, words) for one in stores[:MAX_ROWS]],
        "note": words.fullest(MAX_ROWS, len(stores)) if len(stores) > MAX_ROWS else "",
    }


def _datastore(one: _Used, words: ReportWords) -> View:
    days = one.usage.days_to_full
    return {
        "name": cell(one.usage.object.name),
        "vcenter": cell(one.vcenter.name, NARROW),
        "bar": _bar(one, words),
        "capacity": words.language.size(one.usage.capacity),
        "days": NOTHING if days is None else words.full_in(days),
    }

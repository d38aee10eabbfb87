"""Where the findings are: by category and cluster (see `view`)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from vhealthd.model import Category, Entity, Outcome, ScanReport, Severity
from vhealthd.report.glyphs import clip, safe
from vhealthd.report.order import Judged, judged
from vhealthd.report.reportwords import ReportWords

View = dict[str, Any]

_COLUMNS = 8  # that fit; where there are more clusters, the last one is for those that are not worst
_NAME = 16
_IN_NO_CLUSTER = ("", "")

Cluster = tuple[str, str]  # vCenter and reference


class _Count(NamedTuple):
    critical: int
    warning: int

    @property
    def all(self) -> int:
        return self.critical + self.warning


Counts = Counter[tuple[Category, Cluster, Severity]]


def heatmap(report: ScanReport, words: ReportWords) -> View:
    """Return columns and rows; no rows where nothing critical or warning lies in a cluster.

    `vcenters` are those of the columns, where a report has several.
    """
    names: dict[Cluster, str] = {}
    counts: Counts = Counter()
    for row in judged(report):
        for finding in row.result.counted:
            if finding.severity is not Severity.INFO:
                cluster = _cluster(row, finding.object, names)
                counts[row.result.category, cluster, finding.severity] += 1
    if not names:
        return {"columns": [], "vcenters": [], "rows": [], "alt": ""}
    columns = _columns(names, counts, words)
    rows = [_row(category, columns, counts, words) for category in Category if _has(category, report)]
    return {
        "columns": [safe(clip(name, _NAME)) for name, _ in columns],
        "vcenters": [_vcenter(of) for _, of in columns] if len(report.vcenters) > 1 else [],
        "rows": rows,
        "alt": words.heat([row["alt"] for row in rows if row["alt"]]),
    }


def _cluster(row: Judged, entity: Entity, names: dict[Cluster, str]) -> Cluster:
    """Return the cluster of an object, and note its name."""
    cluster = entity if entity.ref.type == "ClusterComputeResource" else entity.cluster
    if cluster is None:
        return _IN_NO_CLUSTER
    key = (row.vcenter.name, cluster.ref.value)
    names[key] = cluster.name
    return key


Column = tuple[str, tuple[Cluster, ...]]  # its name, and the clusters that it is for


def _columns(names: Mapping[Cluster, str], counts: Counts, words: ReportWords) -> list[Column]:
    """Return a column a cluster, the worst first; those that are too many share one."""
    weights = {one: _count(counts, Category, (one,)) for one in names}
    ordered = sorted(names, key=lambda one: (-weights[one].critical, -weights[one].warning, names[one], one))
    outside: list[Column] = (
        [(words.outside(), (_IN_NO_CLUSTER,))] if _count(counts, Category, (_IN_NO_CLUSTER,)).all else []
    )
    room = _COLUMNS - len(outside)
    if len(ordered) <= room:
        return [*((names[one], (one,)) for one in ordered), *outside]
    shown, rest = ordered[: room - 1], tuple(ordered[room - 1 :])
    return [*((names[one], (one,)) for one in shown), (words.others(), rest), *outside]


def _vcenter(clusters: tuple[Cluster, ...]) -> str:
    """Return the vCenter of a column's only cluster."""
    return safe(clip(clusters[0][0], _NAME)) if len(clusters) == 1 else ""


def _count(counts: Counts, categories: Iterable[Category], clusters: Iterable[Cluster]) -> _Count:
    places = [(category, cluster) for category in categories for cluster in clusters]
    return _Count(
        *(sum(counts[*place, severity] for place in places) for severity in (Severity.CRITICAL, Severity.WARNING))
    )


def _has(category: Category, report: ScanReport) -> bool:
    return any(row.result.category is category for row in judged(report))


def _row(category: Category, columns: list[Column], counts: Counts, words: ReportWords) -> View:
    cells = [_count(counts, (category,), clusters) for _, clusters in columns]
    name = words.categories[category]
    told = [f"{column} {words.number(cell.all)}" for (column, _), cell in zip(columns, cells, strict=True) if cell.all]
    return {
        "name": name,
        "cells": [{"count": words.number(cell.all), "status": _status(cell)} for cell in cells],
        "alt": safe(words.bar(name, told)) if told else "",
    }


def _status(cell: _Count) -> str:
    if cell.critical:
        return Outcome.CRITICAL.value
    return Outcome.WARNING.value if cell.warning else Outcome.PASS.value

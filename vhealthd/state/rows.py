"""What a report becomes in the tables, and what a row of runs says. Pure."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from vhealthd.figures import Figures, figures
from vhealthd.model import Outcome, Resource, ScanReport, Severity, lasting_name
from vhealthd.state import codec
from vhealthd.state.lives import Lives, lives
from vhealthd.state.tables import ReadingRow, ReportRow, ResultRow, RunRow, row_of

Row = dict[str, Any]


class RunState(StrEnum):
    """How far a run is."""

    ASKED = "asked"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The rows of a report, ready to be inserted."""

    report: Row
    results: tuple[Row, ...]
    readings: tuple[Row, ...]
    lives: Lives


def prepare(report: ScanReport) -> Prepared:
    """Make the rows of a report. With tens of thousands of findings it takes a second."""
    return Prepared(
        report=row_of(ReportRow, run_id=report.run_id, form=codec.FORM, data=codec.encode(report)),
        results=tuple(
            row_of(
                ResultRow,
                run_id=report.run_id,
                vcenter=vcenter.name,
                slug=result.check,
                category=result.category.value,
                outcome=result.outcome.value,
            )
            for vcenter in report.vcenters
            for result in vcenter.results
        ),
        readings=_readings(report),
        lives=lives(report),
    )


def _readings(report: ScanReport) -> tuple[Row, ...]:
    """Return one row a place: a vCenter that is configured twice is read twice."""
    values = {
        (lasting_name(vcenter, result.category), result.check, one.object.moref or "", one.key or ""): one.value
        for vcenter in report.vcenters
        for result in vcenter.results
        for one in result.readings
        if math.isfinite(one.value)
    }
    names = ("vcenter", "slug", "object_id", "key")
    return tuple(
        row_of(ReadingRow, **dict(zip(names, place, strict=True)), run_id=report.run_id, at=report.started, value=value)
        for place, value in values.items()
    )


def run_row(report: ScanReport, *, now: datetime, config_sha256: str | None, files: Mapping[str, Path]) -> Row:
    """Return the row of a committed run that nobody asked for."""
    results = [result for vcenter in report.vcenters for result in vcenter.results]
    severities = Counter(finding.severity for result in results for finding in result.counted)
    return row_of(
        RunRow,
        id=report.run_id,
        trigger=report.trigger,
        state=RunState.DONE.value,
        asked=report.started,
        due=None,
        attempts=1,
        started=report.started,
        finished=report.finished,
        settled=now,
        why=None,
        tool_version=report.tool_version,
        config_sha256=config_sha256,
        vcenters=[vcenter.name for vcenter in report.vcenters],
        outcomes=dict(Counter(result.outcome.value for result in results)),
        findings={severity.value: count for severity, count in severities.items()},
        files={name: str(path) for name, path in files.items()},
        figures=_written(figures(report)),
    )


def asked_row(run_id: str, trigger: str, *, due: datetime | None, now: datetime) -> Row:
    """Return the row of a run that is promised."""
    nothing = dict.fromkeys(("started", "finished", "settled", "why", "tool_version", "config_sha256"))
    return row_of(
        RunRow,
        id=run_id,
        trigger=trigger,
        state=RunState.ASKED.value,
        asked=now,
        due=due,
        attempts=0,
        vcenters=[],
        outcomes={},
        findings={},
        files={},
        figures={},
        **nothing,
    )


def _written(told: Figures) -> dict[str, JsonValue]:
    used: dict[str, JsonValue] = {one.value: round(percent, 3) for one, percent in told.used.items()}
    return {"score": told.score, **used}


def figures_of(stored: Mapping[str, JsonValue]) -> Figures:
    """Return figures as they were stored; those of a newer version are left out."""
    used = {one: percent for one in Resource if isinstance(percent := stored.get(one.value), int | float)}
    score = stored.get("score")
    return Figures(score=score if isinstance(score, int) else None, used={one: float(used[one]) for one in used})


def numbers(stored: Mapping[str, JsonValue]) -> dict[str, int]:
    """Return counts as they were stored."""
    return {name: count for name, count in stored.items() if isinstance(count, int)}


def outcomes(stored: Mapping[str, JsonValue]) -> dict[Outcome, int]:
    """Return the numbers of results by outcome, worst first; outcomes of a newer version are left out."""
    counts = numbers(stored)
    return {one: counts[one.value] for one in Outcome if one.value in counts}


def severities(stored: Mapping[str, JsonValue]) -> dict[Severity, int]:
    """Return the numbers of findings by severity, worst first."""
    counts = numbers(stored)
    return {one: counts[one.value] for one in reversed(Severity) if one.value in counts}

"""What was before a run: small backgrounds of reports."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.report.scans import say
from vhealthd.compare import compare
from vhealthd.figures import Figures
from vhealthd.model import (
    CheckResult,
    Delivery,
    DeliveryState,
    LimitInForce,
    Parcel,
    Resource,
    ScanReport,
    Severity,
    VCenterReport,
    identity,
)
from vhealthd.report.background import Background, PastRun
from vhealthd.report.order import found, judged
from vhealthd.sla import THE_RUN, WINDOWS, results_of, sla

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)


def past_run(started: datetime, *, score: int | None = 80, critical: int = 1, warning: int = 4) -> PastRun:
    return PastRun(
        run_id=f"{started:%Y%m%dT%H%M%SZ}-0000",
        started=started,
        findings={Severity.CRITICAL: critical, Severity.WARNING: warning, Severity.INFO: 1},
        figures=Figures(
            score=score,
            used={Resource.CPU: 55.0 + critical, Resource.MEMORY: 80.0 + warning / 2, Resource.STORAGE: 70.0 + warning},
        ),
    )


def earlier(report: ScanReport, count: int = 29) -> tuple[PastRun, ...]:
    """Make so many daily runs before a report, the oldest first; no two in a row are alike."""
    return tuple(
        past_run(
            report.started - ago * DAY, score=60 + (7 * ago) % 30, critical=(5 * ago) % 4, warning=3 + (11 * ago) % 9
        )
        for ago in range(count, 0, -1)
    )


def the_day_before(report: ScanReport) -> ScanReport:
    """Make an earlier run of which, by check, the worst finding is new, the next worse and something is resolved."""
    return replace(
        report,
        run_id="20261120T060000Z-1111",
        started=report.started - DAY,
        finished=report.finished - DAY,
        vcenters=tuple(_the_day_before(one) for one in report.vcenters),
    )


def _the_day_before(vcenter: VCenterReport) -> VCenterReport:
    return replace(vcenter, results=tuple(map(_earlier_result, vcenter.results)))


def _earlier_result(result: CheckResult) -> CheckResult:
    kept = [replace(one, severity=Severity.INFO) if at == 1 else one for at, one in enumerate(result.findings) if at]
    gone = [replace(one, key="gone", text=say("It is no more")) for one in result.findings[-1:]]
    return replace(result, findings=(*kept, *gone))


def with_past(report: ScanReport, *, runs: int = 29) -> Background:
    """Make what look_back would of a report: what was there before is open since as many days as its place tells."""
    old = the_day_before(report)
    known = {identity(*one) for one in found(judged(old))}
    places = {identity(*one): place for place, one in enumerate(found(judged(report)), start=1)}
    since = {one: report.started - place * DAY for one, place in places.items() if one in known}
    level = sla(results_of(report))
    return Background(
        comparison=compare(old, report, first_seen=since),
        first_seen=since,
        runs=earlier(report, runs),
        sla={THE_RUN: level, **dict.fromkeys(WINDOWS, level)},
        next_scan=report.started + DAY,
        failed=(given_up(report),),
        zone=BERLIN,
    )


def given_up(report: ScanReport) -> Delivery:
    at = report.started - DAY / 2
    return Delivery(
        parcel=Parcel(id="a", run_id="20261120T060000Z-1111", sink="s3", what="report.pdf"),
        state=DeliveryState.FAILED,
        attempts=3,
        created=at,
        due=at,
        expires=at + DAY,
        settled=at,
        error="the bucket reports denied the write: the privilege s3:PutObject lacks",
    )


def limits(report: ScanReport) -> tuple[LimitInForce, ...]:
    """Make limits of every check of a report: a pair, and one more that an override changes."""
    return tuple(
        limit
        for check in dict.fromkeys(row.result.check for row in judged(report))
        for limit in (
            LimitInForce(check, "warning_percent", "85", "%", "default"),
            LimitInForce(check, "critical_percent", "95", "%", "config"),
            LimitInForce(check, "warning_percent", "75", "%", "override", "^db-"),
        )
    )


def told(report: ScanReport) -> tuple[ScanReport, Background]:
    """Return a report with limits, and its background."""
    whole = replace(report, limits=limits(report))
    return whole, with_past(whole)

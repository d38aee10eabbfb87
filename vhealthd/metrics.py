"""What Prometheus reads: numbers that others hand in as things happen. Asking for them collects nothing.

Whatever a scan says of vCenters, checks and findings is replaced as a whole, so that what is gone leaves no series.
No label names a virtual machine or any other single object, and none holds a secret.
"""

import platform
from collections import Counter as Counts
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import NamedTuple, Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from vhealthd.figures import figures
from vhealthd.model import CheckResult, Outcome, ScanReport, Severity, VCenterState
from vhealthd.vcenter.observer import SessionState

_STATUS = {
    Outcome.PASS: 0,
    Outcome.INFO: 1,
    Outcome.WARNING: 2,
    Outcome.CRITICAL: 3,
    Outcome.UNKNOWN: 4,
    Outcome.SKIPPED: 5,
}
_TRIGGERS = ("manual", "schedule", "catchup", "sighup", "api")
_FAILED = "failed"

_MINUTE = 60
_SCAN_BUCKETS = (1, 2.5, 5, 10, 20, 30, _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 15 * _MINUTE)
_CHECK_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10, _MINUTE)
_REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, _MINUTE)
_DELIVERY_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, _MINUTE, 5 * _MINUTE)
_LATENCY_BUCKETS = (1, 2.5, 5, 10, 30, _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 60 * _MINUTE)

# Those that are replaced as a whole: name, help, labels.
_REPLACED = (
    (
        "vhealthd_check_status",
        "Outcome of the last scan: 0 pass, 1 info, 2 warning, 3 critical, 4 unknown, 5 skipped.",
        ("vcenter", "check", "category"),
    ),
    (
        "vhealthd_findings",
        "Findings of the last scan that count: neither muted nor silenced.",
        ("vcenter", "check", "severity"),
    ),
    (
        "vhealthd_last_scan_timestamp_seconds",
        "When the last scan of a vCenter ended, whatever it found.",
        ("vcenter",),
    ),
    (
        "vhealthd_sla_ratio",
        "Judged results that are not critical, of all judged results in a window: 0 to 1.",
        ("vcenter", "window"),
    ),
    ("vhealthd_health_score", "Health score of the last run over all vCenters: 0 to 100, the more the better.", ()),
    ("vhealthd_open_alerts", "Alerts that are open now, whoever was told of them.", ("vcenter", "severity")),
    ("vhealthd_next_scan_timestamp_seconds", "When the next scheduled scan begins.", ()),
    ("vhealthd_outbox_pending", "Deliveries that are still to be made.", ("sink",)),
    ("vhealthd_outbox_failed", "Deliveries that were given up.", ("sink",)),
    ("vhealthd_outbox_oldest_seconds", "Age of the oldest delivery that is still to be made; 0 if there is none.", ()),
    ("vhealthd_problem", "1 for each thing that is wrong with the service itself.", ("subject",)),
    ("vhealthd_config_info", "1, with the SHA-256 of the configuration in use.", ("sha256",)),
    ("vhealthd_build_info", "1, with the versions of vhealthd and Python.", ("version", "python")),
)


@dataclass(frozen=True, slots=True)
class Exposition:
    """All metrics as text."""

    body: bytes
    content_type: str


class Backlog(Protocol):
    """How a sink of the outbox stands."""

    @property
    def pending(self) -> int:
        """Deliveries still to be made."""

    @property
    def oldest(self) -> datetime | None:
        """Since when the oldest of them waits."""

    @property
    def failed(self) -> int:
        """Deliveries that were given up."""


class _Replaced(Collector):
    """Metrics whose series are replaced as a whole, in one step: a scrape sees the old ones or the new ones."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._heads = {name: (text, labels) for name, text, labels in _REPLACED}
        self._families = {name: GaugeMetricFamily(name, text, labels=labels) for name, text, labels in _REPLACED}
        registry.register(self)

    def put(self, name: str, rows: Iterable[tuple[tuple[str, ...], float]]) -> None:
        """Let these be the series of a metric."""
        text, labels = self._heads[name]
        family = GaugeMetricFamily(name, text, labels=labels)
        for values, number in rows:
            family.add_metric(values, number)
        self._families[name] = family

    def keep(self, vcenters: Collection[str]) -> None:
        """Drop the series of all other vCenters."""
        for name, (_, labels) in self._heads.items():
            if "vcenter" in labels:
                samples = [one for one in self._families[name].samples if one.labels["vcenter"] in vcenters]
                self.put(name, [(tuple(one.labels[key] for key in labels), one.value) for one in samples])

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return them as they are."""
        return tuple(self._families.values())


class _Judged(NamedTuple):
    """What a check said of a vCenter, and how many findings of each severity count."""

    vcenter: str
    result: CheckResult
    counts: Counts[Severity]


class Metrics:
    """Every metric of the service, in a registry of its own."""

    def __init__(self) -> None:
        # a series of its own for when each counter began: twice the series, and nobody asks for them
        disable_created_metrics()  # type: ignore[no-untyped-call]  # as the library has it
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._replaced = _Replaced(self.registry)
        self._replaced.put("vhealthd_build_info", [((version("vhealthd"), platform.python_version()), 1)])
        self._vcenters: frozenset[str] | None = None  # those that are configured; None: any
        self._checks: frozenset[str] = frozenset()
        self._heard: set[str] = set()
        self._make_scans()
        self._make_vcenters()
        self._make_deliveries()

    # --- scans

    def _make_scans(self) -> None:
        self._running = Gauge("vhealthd_scan_running", "1 while a scan runs.", registry=self.registry)
        self._scans = Counter("vhealthd_scans_total", "Runs.", ("trigger", "result"), registry=self.registry)
        for trigger in _TRIGGERS:
            for result in (*VCenterState, _FAILED):
                self._scans.labels(trigger, result)
        self._scan_seconds = Histogram(
            "vhealthd_scan_duration_seconds",
            "From the begin of a scan to its last judgement.",
            buckets=_SCAN_BUCKETS,
            registry=self.registry,
        )
        self._check_seconds = Histogram(
            "vhealthd_check_duration_seconds",
            "How long a check judged one vCenter; what it waits for is not in it.",
            ("check",),
            buckets=_CHECK_BUCKETS,
            registry=self.registry,
        )
        self._criticals = Counter(
            "vhealthd_critical_findings_total",
            "Critical findings that count, added up over all scans: one that stays is counted in each.",
            ("vcenter",),
            registry=self.registry,
        )

    def scan_started(self) -> None:
        """Hear that a scan runs."""
        self._running.set(1)

    def scan_finished(self, report: ScanReport) -> None:
        """Hear of a scan that is over, and show what it found from now on."""
        self._running.set(0)
        self._scans.labels(report.trigger, _result(report)).inc()
        self._scan_seconds.observe((report.finished - report.started).total_seconds())
        for one in self._show(report):
            self._criticals.labels(one.vcenter).inc(one.counts[Severity.CRITICAL])
            self._check_seconds.labels(one.result.check).observe(one.result.seconds)

    def scan_failed(self, trigger: str) -> None:
        """Hear of a run that was given up. What the one before it found is still shown."""
        self._running.set(0)
        self._scans.labels(trigger, _FAILED).inc()

    def show(self, report: ScanReport) -> None:
        """Show what a scan found without counting it: after a start, the last one of the time before."""
        self._show(report)

    def _show(self, report: ScanReport) -> list[_Judged]:
        vcenters = [one.name for one in report.vcenters if self._is_heard(one.name)]
        rows = [
            _Judged(vcenter.name, result, Counts(one.severity for one in result.findings if one.counts))
            for vcenter in report.vcenters
            for result in vcenter.results
            if vcenter.name in vcenters
        ]
        put, ended, score = self._replaced.put, report.finished.timestamp(), figures(report).score
        put("vhealthd_health_score", [] if score is None else [((), score)])
        put("vhealthd_last_scan_timestamp_seconds", [((name,), ended) for name in vcenters])
        put(
            "vhealthd_check_status",
            [((one.vcenter, one.result.check, one.result.category.value), _STATUS[one.result.outcome]) for one in rows],
        )
        put(
            "vhealthd_findings",
            [
                ((one.vcenter, one.result.check, severity.value), count)
                for one in rows
                for severity, count in one.counts.items()
            ],
        )
        checks = frozenset(one.result.check for one in rows)
        for gone in self._checks - checks:
            self._check_seconds.remove(gone)
        self._checks = checks
        return rows

    def next_scan(self, at: datetime | None) -> None:
        """Show when the next scheduled scan begins."""
        self._replaced.put("vhealthd_next_scan_timestamp_seconds", [] if at is None else [((), at.timestamp())])

    def sla(self, ratios: Mapping[tuple[str, str], float | None]) -> None:
        """Show the SLA by vCenter and window, each from 0 to 1; None where nothing was judged."""
        shown = [(key, one) for key, one in ratios.items() if one is not None and self._is_configured(key[0])]
        self._replaced.put("vhealthd_sla_ratio", shown)

    def open_alerts(self, alerts: Iterable[tuple[str, Severity]]) -> None:
        """Show how many alerts are open, each given by its vCenter's name and its severity; 0 where there is none."""
        counts = Counts({(name, severity): 0 for name in self._vcenters or () for severity in Severity})
        counts.update(one for one in alerts if self._is_configured(one[0]))
        rows = [((name, severity.value), count) for (name, severity), count in counts.items()]
        self._replaced.put("vhealthd_open_alerts", rows)

    # --- the talk with vCenters: an Observer of vhealthd.vcenter

    def _make_vcenters(self) -> None:
        self._requests = Counter(
            "vhealthd_vcenter_requests_total",
            "Requests to vCenters, by HTTP status or by what went wrong.",
            ("vcenter", "api", "code"),
            registry=self.registry,
        )
        self._request_seconds = Histogram(
            "vhealthd_vcenter_request_duration_seconds",
            "How long requests took, failed ones too.",
            ("vcenter",),
            buckets=_REQUEST_BUCKETS,
            registry=self.registry,
        )
        self._logins = Counter(
            "vhealthd_vcenter_logins_total", "Sessions that vCenters gave.", ("vcenter",), registry=self.registry
        )
        self._sessions = Gauge(
            "vhealthd_vcenter_session_state",
            "1 for the state of the last session, 0 for the others.",
            ("vcenter", "state"),
            registry=self.registry,
        )

    def request(self, vcenter: str, api: str, code: str, seconds: float) -> None:
        """Count a request."""
        if self._is_heard(vcenter):
            self._requests.labels(vcenter, api, code).inc()
            self._request_seconds.labels(vcenter).observe(seconds)

    def login(self, vcenter: str) -> None:
        """Count a login."""
        if self._is_heard(vcenter):
            self._logins.labels(vcenter).inc()

    def session(self, vcenter: str, state: SessionState) -> None:
        """Show the state of a session."""
        if self._is_heard(vcenter):
            for one in SessionState:
                self._sessions.labels(vcenter, one.value).set(one is state)

    # --- deliveries: an Observer of vhealthd.delivery

    def _make_deliveries(self) -> None:
        self._deliveries = Counter(
            "vhealthd_deliveries_total", "Attempts to deliver, by result.", ("sink", "result"), registry=self.registry
        )
        self._delivery_seconds = Histogram(
            "vhealthd_delivery_duration_seconds",
            "How long an attempt to deliver took.",
            ("sink",),
            buckets=_DELIVERY_BUCKETS,
            registry=self.registry,
        )
        self._attachments = Counter(
            "email_attachments_total", "What became of the PDF in mails.", ("result",), registry=self.registry
        )
        self._webhook_seconds = Histogram(
            "webhook_delivery_duration_seconds",
            "How long an attempt at a channel over HTTP took, failed ones too.",
            ("channel",),
            buckets=_DELIVERY_BUCKETS,
            registry=self.registry,
        )
        self._alert_seconds = Histogram(
            "vhealthd_alert_latency_seconds",
            "From the end of a scan to the channel that accepted its alerts.",
            ("channel",),
            buckets=_LATENCY_BUCKETS,
            registry=self.registry,
        )
        self._replaced.put("vhealthd_outbox_oldest_seconds", [((), 0)])

    def delivered(self, sink: str, seconds: float) -> None:
        """Count a delivery that arrived."""
        self._attempt(sink, "delivered", seconds)

    def retried(self, sink: str, seconds: float) -> None:
        """Count an attempt that failed and will be followed by another one."""
        self._attempt(sink, "retried", seconds)

    def failed(self, sink: str, seconds: float) -> None:
        """Count a delivery that is given up; after no further attempt if `seconds` is 0."""
        self._attempt(sink, "failed", seconds)

    def _attempt(self, sink: str, result: str, seconds: float) -> None:
        self._deliveries.labels(sink, result).inc()
        if seconds:
            self._delivery_seconds.labels(sink).observe(seconds)

    def attachment(self, result: str) -> None:
        """Count what became of the PDF of a mail: attached, too_large, missing or not_wanted."""
        self._attachments.labels(result).inc()

    def webhook(self, channel: str, seconds: float) -> None:
        """Count an attempt at a channel."""
        self._webhook_seconds.labels(channel).observe(seconds)

    def alert(self, channel: str, seconds: float) -> None:
        """Count alerts that a channel accepted so long after their scan."""
        self._alert_seconds.labels(channel).observe(seconds)

    def outbox(self, backlog: Mapping[str, Backlog], now: datetime) -> None:
        """Show what is still to be delivered."""
        put = self._replaced.put
        put("vhealthd_outbox_pending", [((sink,), one.pending) for sink, one in backlog.items()])
        put("vhealthd_outbox_failed", [((sink,), one.failed) for sink, one in backlog.items()])
        ages = [(now - one.oldest).total_seconds() for one in backlog.values() if one.oldest]
        # a clock that was set back makes nothing younger than now
        put("vhealthd_outbox_oldest_seconds", [((), max([0.0, *ages]))])

    # --- the service

    def problems(self, subjects: Collection[str]) -> None:
        """Show what is wrong with the service now, by subject."""
        self._replaced.put("vhealthd_problem", [((subject,), 1) for subject in sorted(subjects)])

    def config(self, sha256: str, vcenters: Collection[str]) -> None:
        """Show which configuration is in use, and forget every vCenter that is not in it."""
        self._replaced.put("vhealthd_config_info", [((sha256,), 1)])
        self._vcenters = frozenset(vcenters)
        for gone in self._heard - self._vcenters:
            for metric in (self._criticals, self._requests, self._request_seconds, self._logins, self._sessions):
                metric.remove_by_labels({"vcenter": gone})
        self._heard &= self._vcenters
        self._replaced.keep(self._vcenters)

    def _is_configured(self, vcenter: str) -> bool:
        return self._vcenters is None or vcenter in self._vcenters

    def _is_heard(self, vcenter: str) -> bool:
        """Note a vCenter. A scan that still runs may speak of one that has just left the configuration."""
        if self._is_configured(vcenter):
            self._heard.add(vcenter)
            return True
        return False

    def exposition(self, accept: str = "") -> Exposition:
        """Return all metrics in the form that a caller's Accept header asks for: OpenMetrics, or else plain text."""
        if "application/openmetrics-text" in accept:
            body = openmetrics.generate_latest(self.registry)  # type: ignore[no-untyped-call]  # as the library has it
            return Exposition(body, openmetrics.CONTENT_TYPE_LATEST)
        return Exposition(generate_latest(self.registry), CONTENT_TYPE_PLAIN_0_0_4)


def _result(report: ScanReport) -> str:
    """Return the worst state of its vCenters: scanned, partial or unreachable."""
    return max((one.state for one in report.vcenters), key=list(VCenterState).index, default=VCenterState.SCANNED).value

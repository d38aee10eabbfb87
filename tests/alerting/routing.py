"""Builders for tests of who is told of what: small scans, and a memory that goes from one to the next."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.report.scans import result, say, scan, vcenter
from vhealthd.alerting.policy import Policy
from vhealthd.alerting.route import Decision, decide
from vhealthd.compare import Place
from vhealthd.config import RouteSettings
from vhealthd.model import (
    Ack,
    Alert,
    AlertRecord,
    Category,
    CheckResult,
    Entity,
    Event,
    Finding,
    Message,
    MoRef,
    Mute,
    NotExamined,
    Outcome,
    ScanReport,
    Severity,
    Unseen,
    VCenterReport,
    identity,
)

CRITICAL, WARNING, INFO = reversed(Severity)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
START = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)

BROKEN = Message("test.broken", "it is broken")
WHY = Unseen(say("the read timed out"))
MUTE = Mute(rule="all checks", owner="jd", reason="known", until=date(2026, 12, 31))
TAKEN_ON = Ack(owner="jd", reason="the part is ordered", at=START)


def thing(name: str, **more: Any) -> Entity:  # noqa: ANN401 - any field of an entity
    return Entity(ref=MoRef("HostSystem", f"ref-{name}"), name=name, **more)


def finds(severity: Severity, *names: str, key: str | None = None) -> list[Finding]:
    return [Finding(severity, thing(name), BROKEN(), key) for name in names]


def critical(*names: str) -> list[Finding]:
    return finds(CRITICAL, *names)


def warning(*names: str) -> list[Finding]:
    return finds(WARNING, *names)


def info(*names: str) -> list[Finding]:
    return finds(INFO, *names)


def muted(some: Iterable[Finding]) -> list[Finding]:
    return [replace(one, muted=MUTE) for one in some]


def silenced(some: Iterable[Finding]) -> list[Finding]:
    return [replace(one, silenced_by="host-connection: esx-9") for one in some]


def many(number: int) -> list[str]:
    return [f"store-{n:03}" for n in range(number)]


def check(
    findings: Iterable[Finding] = (),
    slug: str = "host-connection",
    *,
    category: Category = Category.COMPUTE,
    unseen: Iterable[NotExamined] = (),
) -> CheckResult:
    return result(slug, findings, category=category, not_examined=unseen)


def unknown(slug: str = "host-connection", reason: str = "the read timed out") -> CheckResult:
    return result(slug, outcome=Outcome.UNKNOWN, category=Category.COMPUTE, reason=reason)


def route(*to: str, collect: str = "0s", **match: Any) -> RouteSettings:  # noqa: ANN401 - as it stands in a file
    return RouteSettings.model_validate({"match": match, "to": to, "collect": collect})


CHANNELS = frozenset({"pager", "mail", "chat", "team", "others", "audit", "am"})


def policy(
    *routes: RouteSettings,
    everything: Iterable[str] = (),
    roll_up_over: int = 5,
    channels: Iterable[str] = CHANNELS,
) -> Policy:
    return Policy(
        channels=frozenset(channels),
        routes=routes,
        everything=frozenset(everything),
        roll_up_over=roll_up_over,
        repeat_every=timedelta(days=1),
    )


BY_SEVERITY = policy(route("pager", severity="critical"), route("mail", severity="warning", collect="5m"))


def heard(decision: Decision) -> Mapping[str, list[str]]:
    """Return what each channel is told: `new esx-1`, or `over: resolved esx-1`."""
    told: dict[str, list[str]] = {}
    for send in decision.sends:
        told.setdefault(send.channel, []).extend(words(draft.alert) for draft in send.drafts)
    return told


def words(alert: Alert) -> str:
    return f"{'over: ' if alert.event is Event.RESOLVE else ''}{alert.turn.value} {alert.object}"


def alerts(decision: Decision) -> list[Alert]:
    return [draft.alert for send in decision.sends for draft in send.drafts]


@dataclass(kw_only=True)
class Memory:
    """What is remembered from one run to the next; each is a day after the last, or so."""

    policy: Policy = BY_SEVERITY
    now: datetime = START - DAY
    records: dict[str, AlertRecord] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    first_seen: dict[str, datetime] = field(default_factory=dict)
    unknown: AbstractSet[tuple[str, str]] = frozenset()

    def sees(self, *results: CheckResult, after: timedelta = DAY) -> Decision:
        """Scan the one vCenter that there is."""
        return self.scans(vcenter("prod", results), after=after)

    def scans(self, *vcenters: VCenterReport, after: timedelta = DAY) -> Decision:
        self.now += after
        return self.hears(replace(scan(*vcenters), started=self.now - MINUTE, finished=self.now))

    def hears(self, report: ScanReport) -> Decision:
        """Decide on a report, and remember it."""
        self.places |= places_in(report)
        decision = decide(
            report,
            known=self.records,
            places=self.places,
            unknown_before=self.unknown,
            first_seen=self.first_seen,
            policy=self.policy,
            now=self.now,
        )
        self.records |= {one.key: one for one in decision.records}
        self.unknown = unknown_in(report)
        return decision

    def acknowledge(self, *keys: str) -> None:
        """Take on alerts; without keys all that there are."""
        self.records |= {key: replace(self.records[key], ack=TAKEN_ON) for key in keys or self.records}

    @property
    def open(self) -> list[AlertRecord]:
        return [one for one in self.records.values() if one.resolved is None]

    @property
    def record(self) -> AlertRecord:
        """The only one that there is."""
        (one,) = self.records.values()
        return one


def places_in(report: ScanReport) -> dict[str, Place]:
    return {
        identity(vcenter, result, finding): (finding.object.moref, finding.key)
        for vcenter in report.vcenters
        for result in vcenter.results
        for finding in result.findings
    }


def unknown_in(report: ScanReport) -> frozenset[tuple[str, str]]:
    return frozenset(
        (vcenter.name, result.check)
        for vcenter in report.vcenters
        for result in vcenter.results
        if result.outcome is Outcome.UNKNOWN
    )

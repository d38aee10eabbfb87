"""What is said of a vCenter: verdicts, results, the report."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum

from vhealthd.model.entities import Entity
from vhealthd.model.grades import Category, Outcome, Resource, Severity, Text
from vhealthd.model.unseen import NOTHING, Unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """A rule of the configuration: findings that are known, who answers for them, and through which day (UTC)."""

    rule: str  # which findings, in words
    owner: str
    reason: str
    until: date

    def expired(self, now: datetime) -> bool:
        """Whether its last day has ended."""
        return now.astimezone(UTC).date() > self.until


@dataclass(frozen=True, slots=True)
class Finding:
    """Something is not as it should be. `key` tells several findings of one check on one object apart."""

    severity: Severity
    object: Entity
    text: Text
    key: str | None = None
    muted: Mute | None = None
    silenced_by: str | None = None  # the finding that explains this one: its check and its object
    even_at_rest: bool = False  # it is the maintenance mode itself that is wrong, so it is not demoted for it

    @property
    def counts(self) -> bool:
        """Whether it counts in outcomes: it is neither muted nor explained by another finding."""
        return self.muted is None and self.silenced_by is None


@dataclass(frozen=True, slots=True)
class Examined:
    """This object was looked at."""

    object: Entity


@dataclass(frozen=True, slots=True)
class NotExamined:
    """This object should have been looked at, or one rule on it, and was not.

    A finding whose key is the rule may be hidden by that; with `hides_all`, any finding of the check on the object.
    """

    object: Entity
    why: Unseen
    rule: str | None = None
    hides_all: bool = False

    def hides(self, key: str | None) -> bool:
        """Whether a finding on the object with this key may be there all the same, unseen."""
        rule = self.rule
        return rule is None or self.hides_all or key == rule or (key or "").startswith(f"{rule}:")


@dataclass(frozen=True, slots=True)
class Blind:
    """The check could not see a whole part of what it judges: it is at least `why.outcome`."""

    why: Unseen


@dataclass(frozen=True, slots=True)
class Reading:
    """A number that the check wants to see again: in later runs it is in `history.series`. It is in no report."""

    object: Entity
    key: str | None
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How full something is: MHz of CPU, bytes of memory or storage. What is added a day is known after some scans.

    Things of one resource do not overlap: their sums are those of the whole vCenter.
    """

    object: Entity
    resource: Resource
    used: float
    capacity: float
    warning_percent: float
    critical_percent: float
    per_day: float | None = None

    @property
    def percent(self) -> float:
        """The used share in per cent."""
        return 100 * self.used / self.capacity

    @property
    def days_to_full(self) -> float | None:
        """In how many days it is full if it goes on like that; None if that is not known, or never."""
        return max(self.capacity - self.used, 0) / self.per_day if self.per_day and self.per_day > 0 else None


Verdict = Finding | Examined | NotExamined | Blind | Reading | Usage


KB_URL = "https://knowledge.broadcom.com/external/article/{number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What one check says of one vCenter. `seconds` is the time spent judging.

    `whole` is whether no whole part of what it judges was hidden from it.
    """

    check: str
    category: Category
    title: str
    remediation: str
    outcome: Outcome
    reason: Text | None = None
    whole: bool = True
    examined: int = 0
    not_examined: tuple[NotExamined, ...] = ()
    findings: tuple[Finding, ...] = ()
    readings: tuple[Reading, ...] = ()
    usages: tuple[Usage, ...] = ()
    kb: str | None = None  # number of an article in Broadcom's knowledge base
    seconds: float = 0.0

    @property
    def looked(self) -> bool:
        """Whether it judged, and saw all that it judges but single objects; or saw that there is nothing to judge."""
        if self.outcome is Outcome.SKIPPED and self.reason is not None:
            return self.reason.message == NOTHING
        return self.whole and self.outcome not in (Outcome.UNKNOWN, Outcome.SKIPPED)

    @property
    def kb_url(self) -> str | None:
        """The URL of the article."""
        return KB_URL.format(number=self.kb) if self.kb else None

    @property
    def counted(self) -> tuple[Finding, ...]:
        """The findings that are neither muted nor silenced."""
        return tuple(one for one in self.findings if one.counts)


class VCenterState(StrEnum):
    """How much of a vCenter was seen."""

    SCANNED = "scanned"
    PARTIAL = "partial"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Objects in scope; None where no selected check reads that kind."""

    datacenters: int | None = None
    clusters: int | None = None
    hosts: int | None = None
    vms: int | None = None
    datastores: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VCenterReport:
    """One vCenter's part of a scan."""

    name: str
    url: str
    state: VCenterState
    tls: str
    reason: str | None = None
    instance_uuid: str | None = None
    version: str | None = None
    build: str | None = None
    counts: Counts = field(default_factory=Counts)
    requests: int = 0
    unmatched_scope: tuple[str, ...] = ()  # names in the configured scope that match nothing
    collecting: Mapping[str, float] = field(default_factory=dict)  # seconds that each collector took, by its name
    results: tuple[CheckResult, ...] = ()
    seen: datetime | None = None  # when what is judged again was seen; None in a scan of the vCenter itself


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteUse:
    """What became of a mute in a run: the number of findings that it muted, or that it had expired."""

    mute: Mute
    findings: int
    expired: bool


@dataclass(frozen=True, slots=True)
class LimitInForce:
    """A limit of a check in this run, as the configuration writes it, and where it comes from.

    `origin` is default, config or override; an override holds for objects that match `match`.
    """

    check: str
    name: str
    value: str
    unit: str
    origin: str
    match: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanReport:
    """One run over all selected vCenters."""

    run_id: str
    trigger: str  # manual | schedule | catchup | sighup | api
    tool_version: str
    started: datetime
    finished: datetime
    vcenters: tuple[VCenterReport, ...]
    mutes: tuple[MuteUse, ...] = ()  # all that are configured
    limits: tuple[LimitInForce, ...] = ()  # of the checks that ran


def lasting_name(vcenter: VCenterReport, category: Category) -> str:
    """Return what names the vCenter in identities: its instanceUuid.

    A vCenter that is down does not tell its instanceUuid; what is found of the way to it keeps its configured name.
    """
    if category is Category.CONNECTIVITY:
        return vcenter.name
    return vcenter.instance_uuid or vcenter.name


def identity(vcenter: VCenterReport, result: CheckResult, finding: Finding) -> str:
    """Name a finding for life: SHA-256 over vCenter, check, MoRef and key; never over what is measured."""
    named = [lasting_name(vcenter, result.category), result.check, finding.object.moref, finding.key]
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()

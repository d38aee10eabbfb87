"""Small builders of scan reports: each says only what its test is about."""

from collections.abc import Iterable
from datetime import UTC, datetime

from tests.report.hostile import HOSTILE as HOSTILE  # noqa: PLC0414 - others take it from here
from vhealthd.language import language_of
from vhealthd.model import (
    Category,
    CheckResult,
    Counts,
    Entity,
    Finding,
    Message,
    MoRef,
    NotExamined,
    Outcome,
    Param,
    Resource,
    ScanReport,
    Severity,
    Text,
    Unseen,
    Usage,
    VCenterReport,
    VCenterState,
    VirtualCenter,
)

ENGLISH, CHINESE = language_of("en"), language_of("zh")

UUID = "5f1f6ee4-1f5b-4f4e-9d0c-6d1b2c3a4e5f"


def say(english: str, **params: Param) -> Text:
    return Message("test.said", english)(**params)


def vm(name: str, number: int = 1, path: str | None = None, *, cluster: Entity | None = None) -> Entity:
    ref = MoRef("VirtualMachine", f"vm-{number}")
    return Entity(ref=ref, name=name, path=path or f"/DC0/vm/{name}", cluster=cluster)


def cluster(name: str = "prod-a", number: int = 7) -> Entity:
    return Entity(ref=MoRef("ClusterComputeResource", f"domain-c{number}"), name=name, path=f"/DC0/host/{name}")


def host(name: str = "esx-01.ams.example.net", number: int = 1, *, inside: Entity | None = None) -> Entity:
    where = inside or cluster()
    ref = MoRef("HostSystem", f"host-{number}")
    return Entity(ref=ref, name=name, path=f"{where.path}/{name}", cluster=where)


def store(name: str = "vmfs-gold-01", number: int = 1) -> Entity:
    return Entity(ref=MoRef("Datastore", f"datastore-{number}"), name=name, path=f"/DC0/datastore/{name}")


def usage(
    about: Entity, resource: Resource, percent: float, *, capacity: float = 4 << 40, per_day: float | None = None
) -> Usage:
    return Usage(
        object=about,
        resource=resource,
        used=capacity * percent / 100,
        capacity=capacity,
        warning_percent=85,
        critical_percent=95,
        per_day=per_day,
    )


def itself(name: str = "prod", uuid: str = UUID) -> VirtualCenter:
    return VirtualCenter(ref=MoRef("VirtualCenter", uuid), name=name)


def finding(
    about: Entity | None = None,
    severity: Severity = Severity.WARNING,
    text: Text | None = None,
    key: str | None = None,
) -> Finding:
    said = text or say("Its oldest snapshot is {age:days} old; the limit is {limit:days}", age=12.4, limit=7)
    return Finding(severity, about or vm("web-1"), said, key)


def unseen(name: str = "db-1", number: int = 7, reason: str = "vCenter returned no data for it") -> NotExamined:
    return NotExamined(vm(name, number), Unseen(say("{why}", why=reason)))


def result(
    check: str = "snapshot-age",
    findings: Iterable[Finding] = (),
    *,
    outcome: Outcome | None = None,
    category: Category = Category.VM,
    title: str | None = None,
    reason: str | None = None,
    examined: int = 60,
    not_examined: Iterable[NotExamined] = (),
    usages: Iterable[Usage] = (),
    kb: str | None = None,
) -> CheckResult:
    """Make a result; without an outcome it is its worst finding's."""
    found = tuple(findings)
    worst = max((one.severity for one in found), key=lambda one: one.rank, default=None)
    return CheckResult(
        check=check,
        category=category,
        title=title or check.replace("-", " ").capitalize(),
        remediation="Delete snapshots that nobody needs; they grow until the datastore is full.",
        outcome=outcome or (Outcome(worst) if worst else Outcome.PASS),
        reason=say("{why}", why=reason) if reason else None,
        examined=examined,
        not_examined=tuple(not_examined),
        findings=found,
        usages=tuple(usages),
        kb=kb,
        seconds=0.0021,
    )


def vcenter(name: str = "prod", results: Iterable[CheckResult] = (), *, tls: str = "verified") -> VCenterReport:
    return VCenterReport(
        name=name,
        url=f"https://{name}.example.com",
        state=VCenterState.SCANNED,
        tls=tls,
        instance_uuid=UUID,
        version="8.0.3",
        build="24322831",
        counts=Counts(datacenters=1, clusters=2, hosts=8, vms=60, datastores=5),
        requests=41,
        results=tuple(results),
    )


def unreachable(name: str = "prod-2", reason: str = "connection refused on port 443") -> VCenterReport:
    """Make a vCenter without a session: reachability is critical, all else unknown with one shared reason."""
    down = finding(itself(name, ""), Severity.CRITICAL, say("{step} failed: {why}", step="connect", why=reason))
    shared = f"no session with {name}: {reason}"
    return VCenterReport(
        name=name,
        url=f"https://{name}.example.com",
        state=VCenterState.UNREACHABLE,
        tls="verified",
        reason=reason,
        results=(
            result("vcenter-reachability", [down], category=Category.CONNECTIVITY, examined=1),
            *(
                result(check, outcome=Outcome.UNKNOWN, category=category, reason=shared, examined=0)
                for check, category in CATALOGUE.items()
            ),
        ),
    )


CATALOGUE = {
    "dns-resolution": Category.CONNECTIVITY,
    "cpu-utilization": Category.WATERMARK,
    "memory-utilization": Category.WATERMARK,
    "ha-failover-capacity": Category.INFRASTRUCTURE,
    "host-connection": Category.COMPUTE,
    "datastore-usage": Category.WATERMARK,
    "storage-paths": Category.STORAGE,
    "vswitch-redundancy": Category.NETWORK,
    "snapshot-age": Category.VM,
    "tools-not-running": Category.VM,
}


def scan(*vcenters: VCenterReport) -> ScanReport:
    return ScanReport(
        run_id="20261121T060000Z-7f3a",
        trigger="schedule",
        tool_version="0.1.0",
        started=datetime(2026, 11, 21, 6, 0, 0, tzinfo=UTC),
        finished=datetime(2026, 11, 21, 6, 0, 12, 400000, tzinfo=UTC),
        vcenters=vcenters,
    )


def ordinary(name: str = "prod") -> VCenterReport:
    """Make a vCenter of which every outcome is there."""
    production, lab = cluster("prod-a", 7), cluster("lab", 9)
    hosts = [host(f"esx-0{n}.ams.example.net", n, inside=production) for n in range(1, 5)]
    stores = [store(f"vmfs-gold-0{n}", n) for n in range(1, 5)]
    full = say(
        "{used:percent} of {size:bytes} is used; the limit is {threshold_percent:limit}",
        used=96.3,
        size=4 << 40,
        threshold_percent=95,
    )
    filling = say(
        "{used:percent} of {size:bytes} is used; the limit is {threshold_percent:limit}",
        used=87.1,
        size=8 << 40,
        threshold_percent=85,
    )
    gone = say(
        "It does not answer to vCenter (notResponding) since {since:time}",
        since=datetime(2026, 11, 20, 21, 4, tzinfo=UTC),
    )
    single = say(
        "Port group {name} has one uplink ({nic}); with two, a switch or cable may fail", name="vMotion-A", nic="vmnic2"
    )
    ages = (31.2, 24.0, 19.5, 12.4, 9.1, 8.2, 7.6)
    old = [
        finding(
            vm(f"app-{n:02}", 20 + n, cluster=production),
            text=say(
                "Its oldest snapshot is {age:days} old; the limit is {threshold_days:days}", age=age, threshold_days=7
            ),
        )
        for n, age in enumerate(ages)
    ]
    return vcenter(
        name,
        [
            result("vcenter-reachability", category=Category.CONNECTIVITY, title="vCenter reachability", examined=1),
            result("dns-resolution", category=Category.CONNECTIVITY, title="DNS resolution", examined=9),
            result(
                "cpu-utilization",
                category=Category.WATERMARK,
                title="CPU utilization",
                examined=8,
                usages=[
                    usage(production, Resource.CPU, 61, capacity=300_000),
                    usage(lab, Resource.CPU, 12, capacity=9_000),
                ],
            ),
            result(
                "memory-utilization",
                [
                    finding(
                        hosts[1],
                        text=say(
                            "{used:percent} of {size:bytes} is used; the limit is {threshold_percent:limit}",
                            used=88.0,
                            size=512 << 30,
                            threshold_percent=85,
                        ),
                    )
                ],
                category=Category.WATERMARK,
                examined=8,
                usages=[usage(production, Resource.MEMORY, 88), usage(lab, Resource.MEMORY, 40.2, capacity=1 << 38)],
            ),
            result(
                "datastore-usage",
                [finding(stores[0], Severity.CRITICAL, full), finding(stores[2], text=filling)],
                category=Category.WATERMARK,
                title="Datastore utilization",
                examined=5,
                usages=[
                    usage(stores[0], Resource.STORAGE, 96.3, per_day=20 << 30),
                    usage(stores[1], Resource.STORAGE, 41),
                    usage(stores[2], Resource.STORAGE, 87.1, capacity=8 << 40, per_day=1 << 30),
                ],
                kb="1003412",
            ),
            result("ha-failover-capacity", category=Category.INFRASTRUCTURE, title="HA failover capacity", examined=2),
            result(
                "drs-automation",
                [
                    finding(
                        lab,
                        Severity.INFO,
                        say("DRS is set to manual: it recommends and moves nothing"),
                    )
                ],
                category=Category.INFRASTRUCTURE,
                title="DRS automation",
                examined=2,
            ),
            result(
                "license-expiry",
                category=Category.INFRASTRUCTURE,
                title="License expiry",
                outcome=Outcome.SKIPPED,
                reason="the account lacks the privilege Global.Licenses",
                examined=0,
            ),
            result(
                "backup-status",
                category=Category.INFRASTRUCTURE,
                title="vCenter file backup",
                outcome=Outcome.UNKNOWN,
                reason="GET /api/appliance/recovery/backup/job/details: HTTP 500 three times",
                examined=0,
            ),
            result(
                "host-connection", [finding(hosts[3], Severity.CRITICAL, gone)], category=Category.COMPUTE, examined=8
            ),
            result(
                "storage-paths",
                category=Category.STORAGE,
                examined=7,
                not_examined=[unseen("esx-04.ams.example.net", 4, "The host is not connected to vCenter")],
            ),
            result(
                "vswitch-redundancy",
                [finding(hosts[0], text=single, key="vMotion-A"), finding(hosts[2], text=single, key="vMotion-A")],
                category=Category.NETWORK,
                title="Uplink redundancy",
                examined=7,
            ),
            result("snapshot-age", old, title="Snapshot age"),
            result("tools-not-running", title="VMware Tools", not_examined=[unseen(f"k8s-{n}", n) for n in range(14)]),
            result("removable-media", outcome=Outcome.SKIPPED, reason="nothing to examine", examined=0),
        ],
    )

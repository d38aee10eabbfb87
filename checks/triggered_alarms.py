"""triggered-alarms: which alarms stand in vCenter that no other check tells of.

The table OWNERS says which alarm is another check's. An alarm that vCenter brings along is told by its system name,
which does not change with the language; where none is known for certain, by its English name. Alarms that sites define
themselves have no system name, and are never left out by mistake for one.

An alarm is left to its owner only where that has judged the object in the same scan: with the owner switched off, or
short of a privilege, nobody else would tell of it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from vhealthd.checkapi import Field, Inventory, Limits, Need, check
from vhealthd.model import (
    Blind,
    Category,
    CheckResult,
    Entity,
    Examined,
    Facets,
    Finding,
    Message,
    MoRef,
    NotExamined,
    Outcome,
    Severity,
    Text,
    TriggeredAlarm,
    Unseen,
    Verdict,
)

STANDS = Message("triggered-alarms.stands", 'The alarm "{alarm}" is {status}')
STANDS_SINCE = Message("triggered-alarms.stands-since", STANDS.english + " since {triggered_at:time}")
ACKNOWLEDGED = Message("triggered-alarms.acknowledged", STANDS.english + " and was acknowledged")
SILENT = Message("triggered-alarms.silent", "Alarm actions are off: no alarm on it sends a mail or a trap")
OWNED = Message("triggered-alarms.owned", "alarms left to the checks that judge the same: {count}, namely {checks}")
NO_NAMES = Message(
    "triggered-alarms.no-names",
    "alarms whose name could not be read, and which may be another check's as well: {count}",
)

OWNERS = {
    "alarm.HostCPUUsageAlarm": "cpu-utilization",
    "alarm.HostMemoryUsageAlarm": "memory-utilization",
    "alarm.DatastoreDiskUsageAlarm": "datastore-capacity",
    "alarm.HostConnectionStateAlarm": "host-connection",
    "alarm.HostConnectivityAlarm": "host-connection",
    "alarm.StorageConnectivityAlarm": "storage-paths",
    "alarm.CertificateStatusAlarm": "certificate-expiry",
    "alarm.LicenseNonComplianceAlarm": "license-expiry",
    "alarm.LicenseExpiredVc": "license-expiry",
    "Network connectivity lost": "uplink-redundancy",
    "Network uplink redundancy degraded": "uplink-redundancy",
    "Network uplink redundancy lost": "uplink-redundancy",
    "Cannot find vSphere HA master agent": "cluster-ha-drs",
    "vSphere HA host status": "cluster-ha-drs",
    "Insufficient vSphere HA failover resources": "ha-failover-capacity",
    "Virtual Machine Consolidation Needed status": "consolidation-needed",
    "Root user password expired.": "root-password-expiry",
    **{
        f"Host {part} status": "host-hardware"
        for part in ("hardware fan", "hardware power", "hardware system board", "hardware temperature")
    },
}
STATES = {"red": Message("triggered-alarms.red", "red"), "yellow": Message("triggered-alarms.yellow", "yellow")}
GRADES = {"red": Severity.CRITICAL, "yellow": Severity.WARNING}


class TriggeredAlarmsLimits(Limits):
    """Which of the rules apply."""

    owned: bool = Field(default=False, description="Report the alarms too that another check tells of")
    alarm_actions: bool = Field(
        default=True, description="Report clusters, hosts and datastores whose alarm actions are off"
    )


@check(
    title="Triggered alarms",
    category=Category.INFRASTRUCTURE,
    needs={
        *(Need.ALARMS, Need.CLUSTERS, Need.HOSTS, Need.DATASTORES),
        *(Need.CLUSTER_ALARM_ACTIONS, Need.HOST_ALARM_ACTIONS, Need.DATASTORE_ALARM_ACTIONS),
    },
    limits=TriggeredAlarmsLimits,
    after_others=True,
    what="The alarms that stand on vCenter and on objects in scope: yellow is a warning, red is critical, one that "
    "somebody has acknowledged is for information. Alarms whose subject another check has judged in the same scan are "
    "counted and left to it; where that check is switched off, or could not see the object, they are reported here. It "
    "also reports clusters, hosts and datastores whose alarm actions are switched off.",
    why="vCenter watches much that no check here does, and an alarm that nobody looks at stands for months. Where "
    "alarm actions are off, as they are for maintenance, alarms still change their colour and tell nobody.",
    fix="Find out in vCenter why the alarm was triggered and remove the cause. Then acknowledge it, or reset it to "
    "green if it does not do so by itself. Enable alarm actions on the object when the work on it is done.",
    blind_spots="Alarms that are disabled, and alarms on objects that the account cannot see, are not seen. Limits of "
    "an alarm that is left to another check may differ from that check's limits. Alarm actions that are switched off "
    "on folders and virtual machines are not reported.",
)
def triggered_alarms(inventory: Inventory, limits: TriggeredAlarmsLimits) -> Iterator[Verdict]:
    """Judge every alarm that stands, then the alarm actions of clusters, hosts and datastores."""
    alarms = inventory.alarms
    if isinstance(alarms, Unseen):
        yield Blind(alarms)
        return
    vcenter, hosts = inventory.vcenter, {host.ref: host for host in inventory.hosts}
    objects: dict[object, Entity] = {vcenter.ref: vcenter}
    judged, owned = _judged(inventory.others), Counter[str]()
    for alarm in alarms:
        # A host's record tells whether it is in maintenance mode.
        entity = vcenter if alarm.entity is None else hosts.get(alarm.entity.ref, alarm.entity)
        objects.setdefault(entity.ref, entity)
        owner = None if limits.for_object(entity).owned else _owner(alarm)
        if owner and owner in judged and entity.ref not in judged[owner]:
            owned[owner] += 1
        elif alarm.status in GRADES:
            severity = Severity.INFO if alarm.acknowledged else GRADES[alarm.status]
            yield Finding(severity, entity, _text(alarm), alarm.alarm.value)
    if owned:
        names = ", ".join(f"{slug} ({count})" for slug, count in sorted(owned.items()))
        yield NotExamined(vcenter, Unseen(OWNED(count=owned.total(), checks=names), Outcome.SKIPPED), rule="owned")
    if nameless := sum(alarm.name is None and alarm.system_name is None for alarm in alarms):
        yield NotExamined(vcenter, Unseen(NO_NAMES(count=nameless)), rule="names")
    for kind, actions in (
        (inventory.clusters, inventory.cluster_alarm_actions),
        (inventory.hosts, inventory.host_alarm_actions),
        (inventory.datastores, inventory.datastore_alarm_actions),
    ):
        for entity in kind:
            if limits.for_object(entity).alarm_actions:
                objects.setdefault(entity.ref, entity)
                yield from _actions(entity, actions)
    yield from map(Examined, objects.values())


def _owner(alarm: TriggeredAlarm) -> str | None:
    return OWNERS.get(alarm.system_name or "") or OWNERS.get(alarm.name or "")


def _judged(others: Mapping[str, CheckResult]) -> Mapping[str, AbstractSet[MoRef]]:
    """Return the checks that saw what they judge, each with the objects that it missed."""
    return {
        slug: {missed.object.ref for missed in one.not_examined}
        for slug, one in others.items()
        if one.outcome not in {Outcome.UNKNOWN, Outcome.SKIPPED}
    }


def _text(alarm: TriggeredAlarm) -> Text:
    name = alarm.name or alarm.system_name or alarm.alarm.value
    status = STATES[alarm.status]()
    if alarm.acknowledged:
        return ACKNOWLEDGED(alarm=name, status=status)
    if alarm.triggered_at is None:
        return STANDS(alarm=name, status=status)
    return STANDS_SINCE(alarm=name, status=status, triggered_at=alarm.triggered_at)


def _actions(entity: Entity, actions: Facets[bool]) -> Iterator[Verdict]:
    enabled = actions[entity.ref]
    if isinstance(enabled, Unseen):
        yield NotExamined(entity, enabled, rule="alarm-actions")
    elif not enabled:
        yield Finding(Severity.WARNING, entity, SILENT(), "alarm-actions")

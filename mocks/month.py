"""The default world as it was on each day of the last month: when its defects began, what came and what went. Pure.

It is told backwards from today's world, which stays as it is: what was not there yet is taken away. A world of the past
keeps the instant of today as its `now`, because its certificates are reckoned from that and must be the same ones on
every day; the clock of the server that serves it tells the day. It says nothing of what a check must find.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import TypeAlias

from mocks.build import DOMAIN, backup
from mocks.guards import Triggered
from mocks.machine import Service
from mocks.plants import LONG_NAME, with_deltas
from mocks.world import Cluster, Datastore, Entity, Host, PortGroup, Snapshot, Vm, World
from mocks.worlds import default_world

DAYS = 30
START = time(6)
ALONE = "10.20.0.20"

Began: TypeAlias = Mapping[str, str]  # name -> fields, each with how many days ago it went wrong
Change: TypeAlias = Callable[[World, "Day"], None]


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the month: how many days ago it was (0: today), and the instant of its scan."""

    ago: int
    at: datetime


def _esx(number: int) -> str:
    return f"esx{number:02}.{DOMAIN}"


# What is wrong today and is not named here has been so for the whole month.
HOSTS: Began = {
    _esx(1): "sensors 0, path_states 7, settings 12, nics_down 17, ssh_running 22, ntp_synchronised 26",
    _esx(2): "shell_running 3, path_states 5, clock_offset_seconds 6, sensors 10, reboot_required 15, nics_down 18, "
    "das_state 18, settings 24",
    _esx(3): "switches 11, lax_port_groups 16, build 18, vaai 21, lockdown 25",
    _esx(4): "maintenance 9, nics_down 9, path_states 9, ssh_running 9, lax_port_groups 9, das_state 9, settings 9, "
    "build 9, sensors 10",
    _esx(5): "quarantine 8, sensors 8, das_state 12, log_host 14, clock_offset_seconds 16, path_states 18, "
    "resolves_to 21, nic_speeds 28",
    _esx(6): "ntp_running 1, ssh_policy 20, vaai 21, ptr 27",
    _esx(7): "alarm_actions 11, lax_port_groups 13, ntp_servers 19, dns_servers 23, version 24, build 24, settings 24",
    _esx(11): "das_state 23",
    _esx(12): "das_state 23",
    ALONE: "version 12, build 12",
    f"depot01.{DOMAIN}": "connection_state 11, power_state 11",
    f"depot02.{DOMAIN}": "connection_state 25, power_state 25",
    f"depot03.{DOMAIN}": "connection_state 4, power_state 4",
}
CLUSTERS: Began = {
    "production": "issues 6, drs_behavior 16, admission 21",
    "test": "alarm_actions 11, admission 22",
    "lab": "ha 23, drs 23",
}
STORES: Began = {"vmfs-test-01": "lost_by 5", "nfs-media": "lost_by 9"}
PORT_GROUPS: Began = {"pg-sniffer": "promiscuous 9", "pg-back": "forged_transmits 20"}
VMS: Began = {
    "booting-01": "tools_running 0",
    "mail-01": "consolidation_needed 3",
    "/vmfs/volumes/5f1/lost.vmx": "connection_state 5",
    "kiosk-02": "drives 6",
    "report-01": "consolidation_needed 8",
    "firewall-01": "tools_running 10",
    "depot-app-01": "connection_state 11",
    "a/b 100% \\ installed": "drives 12",
    '#read("/etc/passwd")': "connection_state 14",
    LONG_NAME: "tools_running 18",
    "numa-hot": "hot_add 23",
    "depot-app-02": "connection_state 25",
    "legacy-erp": "connection_state 26",
    **{f"dmz-proxy-{number}": "cpu_reservation_mhz 15, host_memory_mb 15" for number in range(1, 8)},
}
BEGAN: Mapping[type[Entity], Began] = {
    Host: HOSTS,
    Cluster: CLUSTERS,
    Datastore: STORES,
    PortGroup: PORT_GROUPS,
    Vm: VMS,
}
SERVICES = {"vlcm": 8, "content-library": 10, "trustmanagement": 24}
HEALTH = {"storage": 11, "mem": 13, "swap": 20, "software-packages": 28}
SSH_ON_VCENTER = 15
PARTITIONS = {"log": 0.012, "seat": 0.006}  # the share that is added a day
BACKUP_FAILED = 17

# The load of hosts from Monday to Sunday, and of those that have more to do today, as a share of today's.
WEEK = (0.97, 1.0, 1.0, 0.99, 0.95, 0.62, 0.58)
CALM = {_esx(1): 0.93, _esx(4): 0.5}
MEMORY_A_DAY = 0.002  # the share that is added a day
# Per cent of the capacity: what is added a day, and what was deleted once, so many days ago.
FILLING = {"vmfs-gold-01": 0.35, "vmfs-gold-02": 0.2, "vmfs-test-01": 0.3, "nfs-media": 0.6, "scratch-esx06": 0.4}
DELETED = {"vmfs-test-01": (16, 18)}


def days(today: datetime, zone: tzinfo) -> tuple[Day, ...]:
    """Give the days of the month, the oldest first: each at six by the clock of a zone, and today's at its instant."""
    date = today.astimezone(zone).date()
    starts = ((ago, datetime.combine(date - timedelta(days=ago), START, zone)) for ago in range(DAYS - 1, 0, -1))
    return (*(Day(ago, start.astimezone(UTC)) for ago, start in starts), Day(0, today))


def world_on(day: Day, *, today: datetime, seed: int = 1) -> World:
    """Build the world of a day; that of today is the default world."""
    world = default_world(today, seed)
    if day.ago:
        world.truth = ()
        for change in (_heal, _heal_appliance, _load, _empty, _undo, _episodes):
            change(world, day)
    return world


def _heal(world: World, day: Day) -> None:
    """Make good what had not gone wrong yet."""
    for kind, names in BEGAN.items():
        for name, began in names.items():
            entity = world.named(kind, name)
            for field in (field for field, ago in went_wrong(began) if day.ago > ago):
                setattr(entity, field, healthy(entity, field))


def went_wrong(began: str) -> Iterator[tuple[str, int]]:
    """Read the fields, and how many days ago each went wrong."""
    for field, ago in (pair.split() for pair in began.split(", ")):
        yield field, int(ago)


def healthy(entity: Entity, name: str) -> object:
    """Give the value of a field in a healthy world: what its class says, or what agrees with DNS."""
    if isinstance(entity, Host) and name in {"resolves_to", "ptr"}:
        return entity.address if name == "resolves_to" else entity.name
    (field,) = (field for field in fields(entity) if field.name == name)
    return field.default if field.default_factory is MISSING else field.default_factory()


def _heal_appliance(world: World, day: Day) -> None:
    appliance = world.appliance
    appliance.services |= {name: Service() for name, began in SERVICES.items() if day.ago > began}
    appliance.health |= {item: "green" for item, began in HEALTH.items() if day.ago > began}
    appliance.ssh = day.ago <= SSH_ON_VCENTER
    for name, share in PARTITIONS.items():
        appliance.filesystem_used[name] -= share * day.ago
    last = backup(day.at, 7, "FAILED" if day.ago == BACKUP_FAILED else "SUCCEEDED")
    appliance.backups = (backup(day.at, 31), last)


def _load(world: World, day: Day) -> None:
    """Let hosts do as much as on that day of the week."""
    for host in world.all(Host):
        chance = _chance(world, day, host)
        share = CALM.get(host.name, 1) * WEEK[day.at.weekday()] * chance.uniform(0.95, 1)
        host.cpu_usage_mhz = round(host.cpu_usage_mhz * share)
        share = (1 - MEMORY_A_DAY * day.ago) * chance.uniform(0.98, 1)
        host.memory_usage_mb = round(host.memory_usage_mb * share)


def _empty(world: World, day: Day) -> None:
    """Take out of the datastores what was put into them later."""
    for name, percent in FILLING.items():
        store = world.named(Datastore, name)
        fewer = percent * (day.ago + _chance(world, day, store).uniform(-0.5, 0.5))
        ago, deleted = DELETED.get(name, (DAYS, 0))
        fewer -= deleted if day.ago > ago else 0
        store.free += round(store.capacity * fewer / 100)


def _chance(world: World, day: Day, entity: Entity) -> random.Random:
    return random.Random(f"{world.seed} {day.ago} {entity.moid}")


def _undo(world: World, day: Day) -> None:
    """Take away snapshots and alarms of later days, and starts of machines: they had run before, too."""
    for vm in world.all(Vm):
        if vm.booted and vm.booted > day.at:
            vm.booted = vm.created
        kept = _taken_by(vm.snapshots, day.at)
        deltas = depth(vm.snapshots) - depth(kept)
        vm.disks = tuple(replace(disk, files=disk.files[deltas:]) for disk in vm.disks)
        vm.snapshots = kept
    world.triggered = [one for one in world.triggered if one.since <= day.at]


def _taken_by(snapshots: tuple[Snapshot, ...], at: datetime) -> tuple[Snapshot, ...]:
    there = (one for one in snapshots if one.created <= at)
    return tuple(replace(one, children=_taken_by(one.children, at)) for one in there)


def depth(snapshots: tuple[Snapshot, ...]) -> int:
    """Count the snapshots upon each other."""
    return max((1 + depth(one.children) for one in snapshots), default=0)


# --- what came and went ---------------------------------------------------------------------------------------------


def _episodes(world: World, day: Day) -> None:
    for first, last, happen in EPISODES:
        if first >= day.ago >= last:
            happen(world, day)


def _are(kind: type[Entity], names: str, **values: object) -> Change:
    """Make a change that gives fields of some entities other values."""

    def happen(world: World, _day: Day) -> None:
        for entity in (world.named(kind, name) for name in names.split()):
            for field, value in values.items():
                setattr(entity, field, value)

    return happen


def _alarm(alarm: str, kind: type[Entity], name: str, status: str = "red") -> Change:
    """Make a change that lets an alarm stand since the evening before."""

    def happen(world: World, day: Day) -> None:
        entity, since = world.named(kind, name).moid, day.at - timedelta(hours=9)
        world.triggered.append(Triggered(alarm=alarm, entity=entity, status=status, since=since))

    return happen


def _host_down(world: World, _day: Day) -> None:
    """Let a host not respond; what runs on it is disconnected with it."""
    host = world.named(Host, _esx(3))
    host.connection_state, host.power_state = "notResponding", "unknown"
    for vm in (vm for vm in world.all(Vm) if vm.host == host.moid):
        vm.connection_state = "disconnected"


def _snapshots(names: str, age: int) -> Change:
    """Make a change that gives VMs a snapshot each, which today would be so many days old."""

    def happen(world: World, _day: Day) -> None:
        taken = world.now - timedelta(days=age)
        for vm in (world.named(Vm, name) for name in names.split()):
            vm.snapshots = (Snapshot(moid=f"snapshot-of-{vm.moid}", name="before the update", created=taken),)
            vm.disks = tuple(with_deltas(disk, 1) for disk in vm.disks)

    return happen


def _array_lost(*names: str) -> Change:
    """Make a change that cuts hosts of production off from datastores, with all that follows from that."""

    def happen(world: World, day: Day) -> None:
        for host in (world.named(Host, _esx(number)) for number in (1, 2, 3)):
            _alarm("alarm-11", Host, host.name)(world, day)
            host.das_state, host.sensors = "networkPartitionedFromMaster", {"VMware Rollup Health State": "red"}
            for store in (world.named(Datastore, name) for name in names):
                host.path_states[store.moid] = ("dead",) * 4
                store.lost_by[host.moid] = "AllPathsDown_Timeout"
        for name in ("web-01", "app-01", "db-01", "cache-01"):
            world.named(Vm, name).connection_state = "inaccessible"
        for name in ("sts", "vpxd-svcs"):
            world.appliance.services[name].health = "DEGRADED"
        world.appliance.health |= {"database-storage": "red", "load": "orange"}

    return happen


# From how many days ago to how many days ago.
EPISODES: tuple[tuple[int, int, Change], ...] = (
    (29, 26, _are(Host, _esx(7), sensors={"Power Supply 1 Status": "red"})),
    (29, 24, _are(Vm, "web-03 app-04 db-04 queue-03 cache-03 mon-02 mon-03", tools_running=False)),
    (29, 23, _are(Host, _esx(5), nics_down=frozenset({"vmnic0", "vmnic1", "vmnic4", "vmnic5"}))),
    (29, 22, _snapshots("files-02 files-03 app-02 web-02 db-03 build-02", 55)),
    (29, 21, _are(Host, f"{_esx(13)} {_esx(14)} {_esx(15)} {_esx(16)}", ssh_running=True, shell_running=True)),
    (29, 20, _are(Cluster, "dmz", ha=False)),
    (29, 19, _are(Vm, "db-02 mon-01 cache-04", consolidation_needed=True)),
    (29, 17, _are(Host, f"{_esx(12)} {_esx(14)}", ntp_running=False, dns_servers=("10.20.0.53",))),
    (28, 24, _are(Host, _esx(11), clock_offset_seconds=95)),
    (26, 26, _alarm("alarm-6", Vm, "db-03")),
    (24, 21, _are(Host, _esx(6), sensors={"Memory Module 2": "yellow"})),
    (23, 18, _are(Vm, "build-03", tools_running=False)),
    (22, 21, _alarm("alarm-11", Host, _esx(6), "yellow")),
    (20, 19, _host_down),
    (16, 16, _alarm("alarm-6", Vm, "db-03")),
    (14, 14, _array_lost("vmfs-gold-01", "vmfs-gold-02")),
    (13, 13, _array_lost("vmfs-gold-02")),
    (12, 1, _are(Host, _esx(11), log_host="")),
    (11, 10, _are(Host, _esx(6), shell_running=True)),
    (9, 8, _alarm("alarm-6", Vm, "app-04", "yellow")),
    (8, 5, _are(Host, _esx(13), sensors={"System Board Fan1A": "red"})),
    (5, 1, _are(Vm, "web-04", consolidation_needed=True)),
    (2, 1, _alarm("alarm-6", Vm, "queue-02")),
)

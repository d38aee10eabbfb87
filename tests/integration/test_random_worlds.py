"""Random worlds: a scan finds what a naive oracle finds, no more and no less."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mocks.build import ROOT, Builder, disk
from mocks.machine import Service
from mocks.world import Datastore, Disk, Drive, Host, Snapshot, Vm, World
from tests.integration import oracle
from tests.integration.scans import scan_world

CHECKS = (
    "cpu-utilization",
    "memory-utilization",
    "storage-utilization",
    "datastore-capacity",
    "orphaned-vms",
    "snapshot-age",
    "snapshot-chain",
    "tools-not-running",
    "consolidation-needed",
    "removable-media",
    "sso-service",
    "dns-resolution",
)
NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
GIB, TIB = 2**30, 2**40

PERCENT = st.sampled_from([0, 40, 84, 85, 86, 94, 95, 96, 100])
# The clock runs on by seconds during a scan, so no age lies exactly at a limit.
AGES = st.sampled_from([-2.0, 0.1, 6.9, 7.1, 12.0, 29.9, 30.1, 400.0])


class Drawn:
    """A world, shown by what it holds that is wrong: whole, it would fill the screen."""

    def __init__(self, world: World) -> None:
        self.world = world

    def __repr__(self) -> str:
        return f"Drawn({sorted(map(str, oracle.findings(self.world)))})"


@st.composite
def worlds(draw: st.DrawFn) -> Drawn:
    """Two clusters and a host that stands alone, a pod and loose datastores, up to eight VMs in any state."""
    build = Builder(NOW, seed=draw(st.integers(0, 9)))
    center = build.datacenter("DC0", ROOT)
    homes = [build.cluster("one", center), build.cluster("two", center), build.standalone("10.9.9.9", center)]
    hosts = [_host(draw, build.host(f"esx{number}.lab.example", number, home)) for number, home in enumerate(homes * 2)]
    stores = _datastores(draw, build, center.datastore_folder, build.pod("pod", center).moid, hosts)
    networks = build.networks(center, hosts)
    for number in range(draw(st.integers(0, 8))):
        vm = build.vm(f"vm-{number}", center.vm_folder, draw(st.sampled_from(hosts)), stores, networks)
        _vm(draw, vm, stores)
    for name in oracle.STS:
        build.world.appliance.services[name] = draw(SERVICES)
    return Drawn(build.world)


SERVICES = st.builds(
    Service,
    state=st.sampled_from(["STARTED"] * 3 + ["STOPPED"]),
    health=st.sampled_from(["HEALTHY", "HEALTHY_WITH_WARNINGS", "DEGRADED"]),
    startup=st.sampled_from(["AUTOMATIC", "AUTOMATIC", "MANUAL"]),
).map(lambda one: one if one.state == "STARTED" else Service(state=one.state, health=None, startup=one.startup))


def _host(draw: st.DrawFn, host: Host) -> Host:
    host.connection_state = draw(st.sampled_from(["connected"] * 4 + ["disconnected", "notResponding"]))
    host.maintenance = draw(st.booleans()) and draw(st.booleans())
    host.cpu_usage_mhz = host.cpu_mhz * host.cores * draw(PERCENT) // 100
    host.memory_usage_mb = int(host.memory / 2**20 * draw(PERCENT) / 100)
    host.resolves_to = draw(st.sampled_from([host.address, host.address, None]))
    host.ptr = draw(st.sampled_from([host.name, host.name, "other.lab.example", None]))
    host.dns_servers = draw(st.sampled_from([("10.0.0.1", "10.0.0.2"), ("10.0.0.1",), ()]))
    return host


def _datastores(draw: st.DrawFn, build: Builder, folder: str, pod: str, hosts: list[Host]) -> list[Datastore]:
    stores = []
    for number, parent in enumerate([pod, pod, folder, folder]):
        seen_by = hosts if draw(st.integers(0, 3)) else hosts[:1]
        store = build.datastore(f"ds-{number}", parent, seen_by, terabytes=1, used=draw(PERCENT) / 100)
        store.capacity = draw(st.sampled_from([TIB, TIB, 100 * GIB]))
        store.free = store.capacity - store.capacity * draw(PERCENT) // 100
        store.uncommitted = store.capacity * draw(st.sampled_from([0, 1, 1, 3]))
        store.accessible = bool(draw(st.integers(0, 4)))
        stores.append(store)
    return stores


def _vm(draw: st.DrawFn, vm: Vm, stores: list[Datastore]) -> None:
    vm.connection_state = draw(st.sampled_from(["connected"] * 6 + ["orphaned", "inaccessible", "invalid"]))
    vm.power_state = draw(st.sampled_from(["poweredOn", "poweredOn", "poweredOff", "suspended"]))
    vm.booted = NOW - timedelta(minutes=draw(st.sampled_from([5, 14, 16, 9000])))
    vm.name = draw(st.sampled_from([vm.name] * 6 + [f"vCLS-{vm.name}"]))
    vm.template = not draw(st.integers(0, 7))
    vm.managed_by = draw(st.sampled_from([None] * 4 + [("com.vmware.vim.eam", "agent"), ("com.acme", "thing")]))
    vm.consolidation_needed = not draw(st.integers(0, 2))
    vm.tools_running = bool(draw(st.integers(0, 1)))
    vm.tools_status = draw(st.sampled_from(["guestToolsCurrent", "guestToolsNotInstalled", "guestToolsUnmanaged"]))
    vm.snapshots = draw(st.lists(SNAPSHOTS, max_size=2).map(tuple)) if _readable(vm) else ()
    chosen = draw(st.lists(st.sampled_from(stores), max_size=2))
    vm.disks = tuple(_disk(draw, vm, store, number) for number, store in enumerate(chosen))
    vm.drives = tuple(draw(_drives(stores)))


def _readable(vm: Vm) -> bool:
    return vm.connection_state == "connected"


def _chain(ages: list[float]) -> Snapshot:
    snapshot: Snapshot | None = None
    for number, age in enumerate(reversed(ages)):
        below = (snapshot,) if snapshot else ()
        snapshot = Snapshot(moid=f"snapshot-{number}", name="s", created=NOW - timedelta(days=age), children=below)
    assert snapshot is not None
    return snapshot


SNAPSHOTS = st.lists(AGES, min_size=1, max_size=17).map(_chain)


def _disk(draw: st.DrawFn, vm: Vm, store: Datastore, number: int) -> Disk:
    base = disk(number, vm.moid, store)
    deltas = draw(st.sampled_from([0, 1, 5, 6, 15, 16]))
    folder = draw(st.sampled_from([vm.moid, vm.moid, "gold-image"]))
    chain = [f"[{store.name}] {vm.moid}/{number}-{delta:06}.vmdk" for delta in range(deltas)]
    files = (*chain, f"[{store.name}] {folder if chain else vm.moid}/base.vmdk")
    return type(base)(key=base.key, datastore=base.datastore, capacity=base.capacity, files=files)


@st.composite
def _drives(draw: st.DrawFn, stores: list[Datastore]) -> list[Drive]:
    made = []
    for key in draw(st.lists(st.sampled_from([16000, 16001, 8000]), unique=True)):
        medium = draw(st.sampled_from(["iso", "host", "client"]))
        store = draw(st.sampled_from(stores))
        made.append(
            Drive(
                key=key,
                medium=medium,  # type: ignore[arg-type]
                floppy=key == 8000,
                connected=draw(st.booleans()),
                start_connected=draw(st.booleans()),
                file=f"[{store.name}] iso/x.iso" if medium == "iso" else "",
                datastore=store.moid if medium == "iso" else None,
            )
        )
    return made


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(drawn=worlds())
async def test_scan_finds_what_the_oracle_finds(drawn: Drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    scanned = await scan_world(drawn.world, monkeypatch, only=CHECKS)

    assert scanned.found() == oracle.findings(drawn.world)

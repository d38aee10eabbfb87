"""What a host or a datastore that is gone explains, through a whole scan."""

import pytest

from mocks.world import Datastore, Host, Vm, World
from mocks.worlds import default_world
from tests.integration.scans import Scanned, scan_world
from vhealthd.model import Outcome

AWAY = "branch-01"  # runs on a host that is disconnected
CHECKS = ("host-connection", "storage-paths", "orphaned-vms")


def silenced(scanned: Scanned) -> dict[str, str | None]:
    return {one.object.name: one.silenced_by for one in scanned.result("orphaned-vms").findings}


def only_lost(world: World, name: str) -> Vm:
    """Make one VM inaccessible, and every other one well."""
    for vm in (one for one in world.entities.values() if isinstance(one, Vm)):
        if vm.connection_state in {"orphaned", "invalid", "inaccessible"}:
            vm.connection_state = "connected"
    lost = world.named(Vm, name)
    lost.connection_state = "inaccessible"
    return lost


async def test_a_host_that_is_down_explains_its_virtual_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    world = default_world()
    host = world.entities[only_lost(world, AWAY).host or ""]
    assert isinstance(host, Host)
    assert host.connection_state == "disconnected"

    scanned = await scan_world(world, monkeypatch, only=CHECKS)

    assert silenced(scanned) == {AWAY: f"host-connection: {host.name}"}
    assert scanned.result("orphaned-vms").outcome is Outcome.PASS
    assert scanned.result("host-connection").outcome is Outcome.CRITICAL


async def test_without_the_check_that_tells_the_cause_nothing_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    world = default_world()
    only_lost(world, AWAY)

    scanned = await scan_world(world, monkeypatch, only=["orphaned-vms", "storage-paths"])

    assert silenced(scanned) == {AWAY: None}
    assert scanned.result("orphaned-vms").outcome is Outcome.CRITICAL


async def test_a_datastore_that_is_gone_explains_what_lies_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    world = default_world()
    lost = only_lost(world, "legacy-erp")
    store = world.entities[lost.datastores[0]]
    assert isinstance(store, Datastore)
    store.accessible = False

    scanned = await scan_world(world, monkeypatch, only=CHECKS)

    assert silenced(scanned) == {"legacy-erp": f"storage-paths: {store.name}"}
    assert scanned.result("storage-paths").outcome is Outcome.CRITICAL

"""What a scan asks, and whom: no address but the configured ones, no heavy property where it tells nothing."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

import dns.message
import pytest

from mocks.dns import MockDns
from mocks.faults import Fault, Inside
from mocks.tls import make_certificates
from mocks.vcenter import MockVCenter
from mocks.wire import Answer, Call
from mocks.world import Host, Vm, World, records
from mocks.worlds import big_world, default_world
from tests.integration.mock.vimschema import resolve_path
from tests.integration.scans import CATALOGUE, Scanned, account, run, scan_world, settings_for
from tests.unit.vcenter.clients import Hears
from vhealthd.config import DnsSettings
from vhealthd.model import NotExamined, Outcome
from vhealthd.vcenter.properties import CHUNK_BYTES, FEW_OBJECTS, FIRST_CHUNK_OBJECTS
from vhealthd.vcenter.records import FACETS
from vhealthd.wording import english

MonkeyPatch = pytest.MonkeyPatch
RELEASES = ("8.0.1.0", "8.0.3.0", "9.1.0.0")

# --- connections ----------------------------------------------------------------------------------------------------

_heard: list[list[tuple[str, int]]] = []


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if _heard and event == "socket.connect" and isinstance(arguments[1], tuple):
        _heard[-1].append(arguments[1][:2])


sys.addaudithook(_hear)  # Python has no way to take one back


@contextmanager
def connections() -> Iterator[list[tuple[str, int]]]:
    """Note every address that this process connects to meanwhile."""
    _heard.append([])
    try:
        yield _heard[-1]
    finally:
        _heard.pop()


async def test_a_scan_connects_to_vcenters_port_and_to_nothing_else(monkeypatch: MonkeyPatch) -> None:
    """The certificate is read where vCenter is reached: neither the management page, port 5480, nor a host is asked."""
    world = default_world()
    async with MockVCenter(world, tls=make_certificates()) as vc, MockDns(records(world)) as server:
        settings = settings_for(
            account(vc, monkeypatch, tls={"verify": False}), dns={"nameservers": [f"{server.host}:{server.port}"]}
        )
        with connections() as heard:
            report, seen = await run(settings)

        assert Scanned(report, seen[0], vc).result("certificate-expiry").examined > 1
        assert {port for _, port in heard} == {vc.port}, "DNS goes without connections"


# --- DNS ------------------------------------------------------------------------------------------------------------


class Heard(MockDns):
    """Keeps the names that it is asked for; those of PTR records as they are asked."""

    def __init__(self, world: World) -> None:
        super().__init__(records(world))
        self.asked: set[str] = set()

    def reply(self, wire: bytes) -> bytes | None:
        self.asked.add(dns.message.from_wire(wire).question[0].name.to_text().rstrip("."))
        return super().reply(wire)


async def look_up(world: World, monkeypatch: MonkeyPatch, *, by_address: bool = False) -> tuple[Scanned, set[str]]:
    async with MockVCenter(world) as vc, Heard(world) as server:
        url = vc.url.replace("localhost", "127.0.0.1") if by_address else vc.url
        settings = settings_for(
            account(vc, monkeypatch, url=url), dns={"nameservers": [f"{server.host}:{server.port}"], "timeout": "10s"}
        )
        report, seen = await run(settings, only=["dns-resolution"])
        return Scanned(report, seen[0], vc), server.asked


def missed(scanned: Scanned, name: str) -> dict[str | None, NotExamined]:
    return {one.rule: one for one in scanned.result("dns-resolution").not_examined if one.object.name == name}


async def test_hosts_that_vcenter_knows_by_address_are_not_looked_up(monkeypatch: MonkeyPatch) -> None:
    world = default_world()
    by_address = world.named(Host, "10.20.0.20")

    scanned, asked = await look_up(world, monkeypatch)

    names = {one.name for one in world.all(Host)}
    assert names - asked == {by_address.name}
    assert ip_address(by_address.address).reverse_pointer not in asked
    found = {(one.object.name, one.key) for one in scanned.result("dns-resolution").findings}
    assert not {key for name, key in found if name == by_address.name} & {"forward", "reverse"}
    assert "name" not in missed(scanned, by_address.name)


async def test_an_address_in_the_url_makes_the_rule_of_the_name_skipped(monkeypatch: MonkeyPatch) -> None:
    named, asked_by_name = await look_up(default_world(), monkeypatch)
    scanned, asked = await look_up(default_world(), monkeypatch, by_address=True)

    assert missed(named, "prod") == {}
    why = missed(scanned, "prod")["name"].why
    assert (english(why.reason), why.outcome) == (
        "the configured URL has an address in place of a name",
        Outcome.SKIPPED,
    )
    assert {"localhost", ip_address("127.0.0.1").reverse_pointer} == asked_by_name - asked
    assert scanned.result("dns-resolution").examined == named.result("dns-resolution").examined


def test_a_look_up_may_take_two_seconds_with_the_systems_servers_unless_configured() -> None:
    assert (DnsSettings().nameservers, DnsSettings().timeout.total_seconds()) == ((), 2)


# --- properties -----------------------------------------------------------------------------------------------------


def paths(heard: Hears) -> set[tuple[str, str]]:
    """Return the properties that were asked for in bulk, by managed type."""
    bodies: list[Any] = [call.json() for call in heard.calls if call.path.endswith("/RetrievePropertiesEx")]
    parts = [part for body in bodies for spec in body["specSet"] for part in spec["propSet"]]
    return {(part["type"], path) for part in parts for path in part["pathSet"]}


@pytest.mark.parametrize("release", RELEASES)
async def test_every_property_that_is_asked_for_is_declared_in_that_release(
    release: str, monkeypatch: MonkeyPatch
) -> None:
    heard = Hears()

    scanned = await scan_world(
        default_world(), monkeypatch, release=release, faults=(heard,), only=[one.slug for one in CATALOGUE.checks]
    )

    asked = paths(heard)
    assert {kind for kind, _ in asked} >= {
        "HostSystem",
        "VirtualMachine",
        "Datastore",
        "Folder",
        "Alarm",
        "ManagedEntity",
    }
    for kind, path in asked:
        resolve_path(kind, path, release)
    gaps = {english(one.why.reason) for result in scanned.vcenter.results for one in result.not_examined}
    assert not [gap for gap in gaps if gap.startswith("this vCenter has no property")]


# --- the layout of files --------------------------------------------------------------------------------------------


def layouts(heard: Hears) -> list[str]:
    """Return the objects whose layout of files was asked for."""
    asked = (call.json() for call in heard.calls if b"layoutEx" in call.body)
    return [part["obj"]["value"] for body in asked for spec in body["specSet"] for part in spec["objectSet"]]


@pytest.mark.parametrize("release", RELEASES)
async def test_the_layout_of_files_is_read_of_machines_with_snapshots_alone(
    release: str, monkeypatch: MonkeyPatch
) -> None:
    world, heard = default_world(), Hears()

    scanned = await scan_world(world, monkeypatch, release=release, faults=(heard,))

    with_snapshots = {vm.moid for vm in world.all(Vm) if vm.snapshots}
    assert 0 < len(with_snapshots) < len(list(world.all(Vm)))
    assert sorted(layouts(heard)) == sorted(with_snapshots)
    sizes = [one.text.params.get("size_bytes") for one in scanned.result("snapshot-age").findings if one.key is None]
    assert all(sizes)


async def test_where_there_are_no_snapshots_it_is_not_read(monkeypatch: MonkeyPatch) -> None:
    world, heard = default_world(), Hears()
    for vm in world.all(Vm):
        vm.snapshots = ()

    await scan_world(world, monkeypatch, only=["snapshot-age"], faults=(heard,))

    assert layouts(heard) == []


# --- the size of answers --------------------------------------------------------------------------------------------

APART = {(facet.kind, path): facet.apart for facet in FACETS if facet.apart for path in facet.paths}


@dataclass(slots=True)
class Weighs(Fault):
    """Keeps how many objects were asked for and what the answer weighs, by what is read: objects, or a part of them."""

    seen: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    def after(self, call: Call, answer: Answer, inside: Inside) -> Answer:
        del inside
        if call.path.endswith("/RetrievePropertiesEx"):
            spec: Any = call.json()["specSet"][0]
            kind, paths = spec["propSet"][0]["type"], spec["propSet"][0]["pathSet"]
            what = APART.get((kind, paths[0]), kind)
            self.seen.setdefault(what, []).append((len(spec["objectSet"]), len(answer.body)))
        return answer


async def test_answers_stay_small_whatever_objects_weigh(monkeypatch: MonkeyPatch) -> None:
    weighs = Weighs()

    await scan_world(big_world(hosts=96, vms=400), monkeypatch, faults=(weighs,), compress=False, in_flight=2)

    assert set(APART.values()) <= weighs.seen.keys()
    for what, chunks in weighs.seen.items():
        assert max(size for _, size in chunks) < 1.25 * CHUNK_BYTES, what
        assert chunks[0][0] <= (FEW_OBJECTS if what in APART.values() else FIRST_CHUNK_OBJECTS), what
    assert FEW_OBJECTS < 10, "a host's storage and network may weigh 100 KB"

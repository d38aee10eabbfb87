"""How properties are read: in chunks, page by page where the server wants it, again where a session ended between."""

import math
from collections.abc import Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from mocks.faults import CutBody, DeniedPaths, Fault, InvalidPaths, Reset, SessionEnds, Vanishes, When
from mocks.vcenter import MockVCenter
from mocks.wire import ok
from mocks.world import Vm
from mocks.worlds import big_world, default_world
from tests.integration.scans import scan_world
from tests.unit.vcenter.clients import Says, opened
from vhealthd.errors import BadAnswerError, FaultError
from vhealthd.model import MoRef
from vhealthd.vcenter.client import VCenterClient
from vhealthd.vcenter.properties import CHUNK_OBJECTS, FIRST_CHUNK_OBJECTS, PropertyReader
from vhealthd.vcenter.wire import ObjectContent

VM = "VirtualMachine"
PATHS = ("name", "runtime.powerState")


async def all_of(
    client: VCenterClient, kind: str = VM, paths: Sequence[str] = PATHS, *, in_flight: int = 1
) -> dict[str, ObjectContent]:
    """Read all objects of a type; none may come twice."""
    reader, found = PropertyReader(client, in_flight=in_flight), list[ObjectContent]()
    await reader.read(kind, await reader.references(kind), paths, found.append)
    by_id = {one.ref.value: one for one in found}
    assert len(by_id) == len(found)
    return by_id


def mock(*faults: Fault, **more: Any) -> MockVCenter:  # noqa: ANN401 - what MockVCenter takes
    return MockVCenter(default_world(), faults=faults, **more)


def vms(vc: MockVCenter) -> dict[str, str]:
    return {one.moid: one.name for one in vc.world.all(Vm)}


async def test_every_object_comes_once_with_what_was_asked_for() -> None:
    async with opened(vc := mock()) as client:
        found = await all_of(client, in_flight=8)

    assert found.keys() == vms(vc).keys()
    assert all(one.props.keys() == set(PATHS) and not one.missing for one in found.values())


async def test_a_type_stands_for_its_subtypes_too() -> None:
    async with opened(mock()) as client:
        kinds = {ref.type for ref in await PropertyReader(client, in_flight=1).references("ComputeResource")}

    assert kinds == {"ClusterComputeResource", "ComputeResource"}


async def test_a_view_is_given_back_as_soon_as_it_was_read() -> None:
    async with opened(vc := mock()) as client:
        await all_of(client)

        assert (vc.sessions.views_created, vc.sessions.views_destroyed, vc.sessions.views_open) == (1, 1, 0)


async def test_no_objects_are_no_request() -> None:
    async with opened(vc := mock()) as client:
        await PropertyReader(client, in_flight=8).read(VM, [], PATHS, lambda _: None)

        assert vc.stats.by_path_kind["POST RetrievePropertiesEx"] == 0


# --- pages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 49, 50, 51])
async def test_tokens_are_followed_to_the_last_page(size: int) -> None:
    async with opened(vc := mock(page_size=size)) as client:
        found = await all_of(client)

        assert found.keys() == vms(vc).keys()
        first = math.ceil(FIRST_CHUNK_OBJECTS / size) - 1
        rest = math.ceil((len(vms(vc)) - FIRST_CHUNK_OBJECTS) / size) - 1
        assert vc.stats.by_path_kind["POST ContinueRetrievePropertiesEx"] == first + rest


@pytest.mark.parametrize("trouble", ["its session ended", "a reset", "a cut body"])
async def test_where_paging_breaks_off_the_chunk_begins_anew_for_a_token_serves_once(trouble: str) -> None:
    where = When("/ContinueRetrievePropertiesEx", skip=1, times=1)
    fault = {"its session ended": SessionEnds, "a reset": Reset, "a cut body": CutBody}[trouble](where)
    async with opened(vc := mock(fault, page_size=20)) as client:
        with capture_logs() as logged:
            found = await all_of(client)

        assert found.keys() == vms(vc).keys()
        assert [one["type"] for one in logged if one["event"] == "paging begins anew"] == [VM]
        assert vc.stats.by_path_kind["POST RetrievePropertiesEx"] == 3
        assert vc.stats.by_path_kind["GET ContainerView/view"] == 1, "the list is not read again"


async def test_paging_that_always_breaks_off_ends() -> None:
    async with opened(mock(Reset(When("/ContinueRetrievePropertiesEx")), page_size=20)) as client:
        with pytest.raises(BadAnswerError):
            await all_of(client)


# --- chunks ---------------------------------------------------------------------------------------------------------


async def requests_for(count: int, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Return how many requests a whole scan of so many VMs takes, and how many of them bring properties."""
    world = big_world(hosts=32, vms=count)
    scanned = await scan_world(world, monkeypatch, only=["tools-not-running"], in_flight=1, compress=False)
    assert scanned.vcenter.counts.vms == count
    return scanned.vc.stats.requests, scanned.vc.stats.by_path_kind["POST RetrievePropertiesEx"]


async def test_requests_of_a_scan_grow_with_chunks_and_with_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    (few, few_reads), (many, many_reads) = [await requests_for(count, monkeypatch) for count in (1050, 3050)]

    assert many - few == many_reads - few_reads, "all else is the same number of requests"
    assert 4 <= many - few <= 10, "2,000 objects more, in chunks of 200 to 500"


@pytest.mark.parametrize("count", [1, 50, 51, 550, 551, 2050])
async def test_small_objects_come_fifty_and_then_five_hundred_at_a_time(count: int) -> None:
    async with opened(vc := MockVCenter(big_world(hosts=1, vms=count))) as client:
        before = vc.stats.requests
        found = await all_of(client, paths=("name",))

        assert len(found) == count
        chunks = 1 + math.ceil(max(0, count - FIRST_CHUNK_OBJECTS) / CHUNK_OBJECTS)
        assert vc.stats.by_path_kind["POST RetrievePropertiesEx"] == chunks
        # And for the list: make a view, read it, give it back.
        assert vc.stats.requests - before == chunks + 3


async def test_heavy_objects_come_in_small_chunks() -> None:
    async with opened(vc := MockVCenter(big_world(hosts=1, vms=400), compress=False)) as client:
        await all_of(client, paths=("name", "config.hardware.device", "config.hardware"))
        heavy = vc.stats.by_path_kind["POST RetrievePropertiesEx"]
        await all_of(client, paths=("name",))
        light = vc.stats.by_path_kind["POST RetrievePropertiesEx"] - heavy

    assert light == 2
    assert heavy > light


# --- what has vanished ----------------------------------------------------------------------------------------------


async def test_what_vanished_between_list_and_read_is_left_out() -> None:
    world = default_world()
    gone = next(world.all(Vm)).moid
    async with opened(vc := MockVCenter(world, faults=(Vanishes(gone),))) as client:
        found = await all_of(client)

    assert found.keys() == vms(vc).keys()
    assert gone not in found


async def test_a_chunk_that_has_vanished_whole_is_believed_once_it_is_listed_no_longer() -> None:
    async with opened(mock()) as client:
        reader, found = PropertyReader(client, in_flight=1), list[ObjectContent]()
        await reader.read(VM, [MoRef(VM, "vm-that-was")], PATHS, found.append)

    assert found == []


# --- paths that cannot be had ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_flight", [1, 8])
async def test_a_path_that_the_release_does_not_know_is_left_out_and_told_once(in_flight: int) -> None:
    vc = mock(InvalidPaths(("runtime.powerState", "config.managedBy")))
    async with opened(vc) as client:
        reader, found = PropertyReader(client, in_flight=in_flight), list[ObjectContent]()
        refs = await reader.references(VM)
        with capture_logs() as logged:
            for _ in range(2):
                await reader.read(VM, refs, (*PATHS, "config.managedBy"), found.append)

    assert len(found) == 2 * len(refs)
    assert all(one.props.keys() == {"name"} for one in found)
    assert reader.dropped == {VM: {"runtime.powerState", "config.managedBy"}}
    told = [(one["type"], one["path"]) for one in logged if one["event"].startswith("property is not known")]
    assert sorted(told) == [(VM, "config.managedBy"), (VM, "runtime.powerState")]


async def test_where_every_path_is_unknown_objects_come_without_properties() -> None:
    async with opened(vc := mock(InvalidPaths(PATHS))) as client:
        found = await all_of(client)

    assert found.keys() == vms(vc).keys()
    assert all(one.props == {} for one in found.values())


@pytest.mark.parametrize("fault", ["RuntimeFault", "InvalidProperty"])
async def test_any_other_fault_and_the_refusal_of_what_nobody_asked_for_is_raised_as_it_is(fault: str) -> None:
    refusal = ok({"_typeName": fault, "name": "no.such.path", "faultstring": "no"}, 500)
    async with opened(mock(Says(refusal, When("/RetrievePropertiesEx")))) as client:
        with pytest.raises(FaultError, match=f"^VI JSON fault {fault}: no$"):
            await all_of(client)


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("release", ["8.0.3.0", "9.1.0.0"])
async def test_a_path_that_may_not_be_read_is_missing_on_each_object(release: str, *, wrapped: bool) -> None:
    vc = mock(DeniedPaths(("runtime.powerState",), wrapped=wrapped), release=release)
    async with opened(vc) as client:
        found = await all_of(client)

        assert vc.sessions.logins == 1, "a privilege that lacks is no dead session"
    assert {tuple(one.missing.items()) for one in found.values()} == {(("runtime.powerState", "NoPermission"),)}

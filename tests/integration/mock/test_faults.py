"""Each fault does what it says, on the calls that it is meant for."""

import asyncio

import aiohttp
import orjson
import pytest

from mocks.faults import (
    CutBody,
    DeniedPaths,
    EmptyAnswers,
    Hang,
    HtmlPage,
    InvalidPaths,
    Latency,
    LostView,
    Reset,
    SessionEnds,
    SessionExpires,
    SlowBody,
    Unavailable,
    Vanishes,
    When,
)
from mocks.vcenter import MockVCenter
from mocks.wire import Call
from mocks.world import Host, Vm
from mocks.worlds import default_world
from tests.integration.mock.caller import connected, query, view_query

HOSTS = "/api/vcenter/host"


def _call(path: str) -> Call:
    return Call(1, "GET", path, {}, {}, b"")


def test_when_counts_only_what_it_matches() -> None:
    when = When("/b", every=2, skip=1, times=2)
    paths = ["/a", "/b", "/b", "/b", "/a", "/b", "/b", "/b", "/b"]
    assert [when.strikes(_call(path)) for path in paths] == [
        False, False, False, True, False, False, True, False, False
    ]  # fmt: skip


def test_the_coin_is_seeded() -> None:
    throws = [[When(probability=0.5, seed=seed).strikes(_call("/")) for _ in range(1)] for seed in (3, 3)]
    assert throws[0] == throws[1]
    rain = When(probability=0.3, seed=1)
    assert 200 < sum(rain.strikes(_call("/")) for _ in range(1000)) < 400


@pytest.mark.parametrize("json", [True, False])
async def test_rain_of_503(*, json: bool) -> None:
    fault = Unavailable(When(HOSTS, every=2), json=json, retry_after=3)
    async with connected(MockVCenter(default_world(), faults=(fault,))) as caller:
        assert (await caller.get(HOSTS)).status == 200
        refused = await caller.get(HOSTS)
        assert (refused.status, refused.headers["Retry-After"]) == (503, "3")
        assert (refused.body["error_type"] == "SERVICE_UNAVAILABLE") if json else refused.body == "no healthy upstream"


async def test_a_reset_is_no_answer() -> None:
    hello = "/api/vcenter/system?action=hello"
    async with connected(MockVCenter(default_world(), faults=(Reset(When("/vcenter/system", times=1)),))) as caller:
        # A POST, because aiohttp sends a GET again by itself when a connection that was in use before is reset.
        with pytest.raises(aiohttp.ClientConnectionError):
            await caller.call("POST", hello, {"api_releases": ["8.0.1.0"]})
        assert (await caller.call("POST", hello, {"api_releases": ["8.0.1.0"]})).status == 200


async def test_a_cut_body_ends_early() -> None:
    async with connected(MockVCenter(default_world(), faults=(CutBody(When(HOSTS)),))) as caller:
        with pytest.raises(aiohttp.ClientError):
            await caller.get(HOSTS)


async def test_a_hanging_endpoint_ends_with_the_server() -> None:
    async with connected(MockVCenter(default_world(), faults=(Hang(When(HOSTS)),))) as caller:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(caller.get(HOSTS), 0.05)
        assert (await caller.get("/api/vcenter/cluster")).status == 200


async def test_a_slow_body_arrives_whole() -> None:
    fault = SlowBody(When(HOSTS), size=300_000, pause=0.0)
    async with connected(MockVCenter(default_world(), faults=(fault, Latency(0.0)))) as caller:
        reply = await caller.get(HOSTS)
        assert len(reply.body) == len(list(caller.vcenter.world.all(Host)))
        assert int(reply.headers["Content-Length"]) > 300_000


async def test_html_and_nothing_in_place_of_json() -> None:
    faults = (HtmlPage(When(HOSTS)), EmptyAnswers(When("/view")), EmptyAnswers(When("/cluster")))
    async with connected(MockVCenter(default_world(), faults=faults)) as caller:
        page = await caller.get(HOSTS)
        assert (page.status, page.headers["Content-Type"]) == (200, "text/html")
        assert await caller.listed("HostSystem") is None
        assert (await caller.get("/api/vcenter/cluster")).body == []


async def test_sessions_end_on_a_call_and_by_use() -> None:
    async with connected(MockVCenter(default_world(), faults=(SessionEnds(When(every=2)),))) as caller:
        assert [(await caller.get(HOSTS)).status for _ in range(3)] == [200, 401, 401]
    async with connected(MockVCenter(default_world(), faults=(SessionExpires(2),))) as caller:
        assert [(await caller.get(HOSTS)).status for _ in range(3)] == [200, 200, 401]


async def test_a_lost_view() -> None:
    async with connected(MockVCenter(default_world(), faults=(LostView(),))) as caller:
        body = view_query("HostSystem", ["name"], (await caller.view("HostSystem")).body)
        del body["specSet"][0]["reportMissingObjectsInResults"]
        assert (await caller.retrieve(body)).body["_typeName"] == "ManagedObjectNotFound"


async def test_a_vm_vanishes_between_list_and_read() -> None:
    world = default_world()
    vm = world.named(Vm, "web-01")
    async with connected(MockVCenter(world, faults=(Vanishes(vm.moid),))) as caller:
        targets = await caller.listed("VirtualMachine")
        assert vm.moid in {each["value"] for each in targets}
        failed = await caller.retrieve(query("VirtualMachine", ["name"], targets))
        assert failed.body["_typeName"] == "ManagedObjectNotFound"
        reply = await caller.retrieve(query("VirtualMachine", ["name"], targets, missing=True))
        assert len(reply.body["objects"]) == len(targets) - 1


async def test_a_vm_vanishes_between_pages() -> None:
    world = default_world()
    last = list(world.all(Vm))[-1]
    async with connected(MockVCenter(world)) as caller:
        page = (
            await caller.retrieve(query("VirtualMachine", ["name"], await caller.listed("VirtualMachine"), size=50))
        ).body
        caller.vcenter.estate.remove(last.moid)
        rest = (await caller.proceed(page["token"])).body
        assert last.moid not in orjson.dumps(rest).decode()


async def test_an_invalid_path() -> None:
    faults = (InvalidPaths(("config.managedBy",)),)
    async with connected(MockVCenter(default_world(), faults=faults)) as caller:
        reply = await caller.retrieve(query("VirtualMachine", ["name", "config.managedBy"], []))
        assert (reply.status, reply.body["name"]) == (500, "config.managedBy")


@pytest.mark.parametrize("wrapped", [True, False])
async def test_a_denied_path_in_both_shapes(*, wrapped: bool) -> None:
    faults = (DeniedPaths(("config.product",), wrapped=wrapped),)
    async with connected(MockVCenter(default_world(), faults=faults)) as caller:
        reply = await caller.retrieve(
            query("HostSystem", ["name", "config.product"], await caller.listed("HostSystem"))
        )
        for content in reply.body["objects"]:
            (missing,) = content["missingSet"]
            fault = missing["fault"]
            assert (fault["_typeName"] == "LocalizedMethodFault") == wrapped
            assert (fault["fault"] if wrapped else fault)["_typeName"] == "NoPermission"
            assert [each["name"] for each in content["propSet"]] == ["name"]


async def test_a_denied_path_takes_along_what_is_below_it_and_may_be_of_one_type() -> None:
    faults = (DeniedPaths(("config",), kind="HostSystem"),)
    async with connected(MockVCenter(default_world(), faults=faults)) as caller:
        asked = ["name", "config.product", "configManager.advancedOption"]
        hosts = await caller.retrieve(query("HostSystem", asked, await caller.listed("HostSystem")))
        for content in hosts.body["objects"]:
            assert [each["path"] for each in content["missingSet"]] == ["config.product"]
        machines = await caller.listed("VirtualMachine")
        reply = await caller.retrieve(query("VirtualMachine", ["config.version"], machines))
        assert not any("missingSet" in content for content in reply.body["objects"])

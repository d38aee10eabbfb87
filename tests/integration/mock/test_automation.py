"""The Automation API: releases, caps, filters, errors; and the schemas of VI JSON that a release takes."""

from datetime import UTC, datetime, timedelta

import pytest

from mocks.vcenter import MockVCenter
from mocks.world import Cluster, Host, Vm
from mocks.worlds import big_world, default_world
from tests.integration.mock.caller import connected, ref

RELEASES = ["9.1.0.0", "9.0.0.0", "8.0.3.0", "8.0.2.0", "8.0.1.0"]
HELLO = "/api/vcenter/system?action=hello"


@pytest.mark.parametrize("release", ["8.0.2.0", "8.0.3.0", "9.1.0.0"])
async def test_hello_names_the_first_release_in_common_without_a_session(release: str) -> None:
    async with connected(MockVCenter(default_world(), release=release), login=False) as caller:
        assert (await caller.call("POST", HELLO, {"api_releases": RELEASES})).body == {"api_release": release}
        assert (await caller.call("POST", HELLO, {"api_releases": ["9.9.0.0"]})).body == {"api_release": ""}
        refused = await caller.call("POST", HELLO, {"api_releases": []})
        assert (refused.status, refused.body["error_type"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("release", ["7.0.3.0", "8.0.0.0", "8.0.1.0"])
async def test_older_releases_have_no_hello(release: str) -> None:
    async with connected(MockVCenter(default_world(), release=release)) as caller:
        assert (await caller.call("POST", HELLO, {"api_releases": RELEASES})).status == 404


@pytest.mark.parametrize("release", ["7.0.3.0", "8.0.0.0"])
async def test_before_8_0_1_there_is_no_vi_json_yet_the_automation_api(release: str) -> None:
    async with connected(MockVCenter(default_world(), release=release)) as caller:
        reply = await caller.read("ServiceInstance", "ServiceInstance", "content")
        assert (reply.status, reply.headers["Content-Type"]) == (404, "text/html")
        assert (await caller.get("/api/vcenter/vm")).status == 200


@pytest.mark.parametrize(("asked", "status"), [("8.0.1.0", 200), ("8.0.3.0", 200), ("9.0.0.0", 404), ("8.5", 404)])
async def test_schemas_up_to_the_own_release_are_spoken(asked: str, status: int) -> None:
    async with connected(MockVCenter(default_world()), release=asked, login=False) as caller:
        reply = await caller.read("ServiceInstance", "ServiceInstance", "content")
        assert reply.status == status
        if status == 200:
            assert reply.body["about"]["apiVersion"] == "8.0.3.0"


async def test_the_versions_page_names_the_release() -> None:
    async with connected(MockVCenter(default_world()), login=False) as caller:
        assert "<version>8.0.3.0</version>" in (await caller.get("/sdk/vimServiceVersions.xml")).body


async def test_the_clock_is_the_worlds() -> None:
    now = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
    async with connected(MockVCenter(default_world(now))) as caller:
        told = (await caller.post("ServiceInstance", "ServiceInstance", "CurrentTime")).body
        assert timedelta(0) <= datetime.fromisoformat(told[:19] + "+00:00") - now < timedelta(minutes=1)


async def test_lists_filter_and_know_their_caps() -> None:
    async with connected(MockVCenter(big_world(hosts=40, vms=4001))) as caller:
        refused = await caller.get("/api/vcenter/vm")
        assert (refused.status, refused.body["error_type"]) == (400, "UNABLE_TO_ALLOCATE_RESOURCE")
        assert refused.body["messages"][0]["id"] == "com.vmware.api.vcenter.vm.too_many_matches"
        hosts = (await caller.get("/api/vcenter/host")).body
        first, second = (each["host"] for each in hosts[:2])
        both = (await caller.get(f"/api/vcenter/vm?hosts={first}&hosts={second}")).body
        world = caller.vcenter.world
        assert {each["vm"] for each in both} == {vm.moid for vm in world.all(Vm) if vm.host in {first, second}}
        cluster = next(world.all(Cluster))
        within = (await caller.get(f"/api/vcenter/host?clusters={cluster.moid}")).body
        assert {each["host"] for each in within} == {
            each.moid for each in world.all(Host) if each.parent == cluster.moid
        }


@pytest.mark.parametrize("path", ["/api/vcenter/nope", "/api/appliance/nope", "/nope"])
async def test_an_unknown_path_is_404_in_json(path: str) -> None:
    async with connected(MockVCenter(default_world())) as caller:
        reply = await caller.get(path)
        assert (reply.status, reply.body["messages"][0]["id"]) == (404, "com.vmware.vapi.rest.httpNotFound")


async def test_a_stopped_service_has_no_health() -> None:
    async with connected(MockVCenter(default_world())) as caller:
        services = (await caller.get("/api/vcenter/services")).body
        assert "health" not in services["imagebuilder"]
        assert services["trustmanagement"]["health"] == "HEALTHY_WITH_WARNINGS"


async def test_hosts_answer_for_their_settings_and_clocks() -> None:
    async with connected(MockVCenter(default_world())) as caller:
        settings = ""
        for host in caller.vcenter.world.all(Host):
            manager = (await caller.read("HostSystem", host.moid, "configManager")).body
            settings = manager["advancedOption"]["value"]
            reply = await caller.post("OptionManager", settings, "QueryOptions", {"name": "DataMover."})
            clock = await caller.post("HostDateTimeSystem", manager["dateTimeSystem"]["value"], "QueryDateTime")
            if host.answers:
                assert {each["key"] for each in reply.body} == {
                    "DataMover.HardwareAcceleratedMove",
                    "DataMover.HardwareAcceleratedInit",
                }
                assert clock.status == 200
            else:
                assert (reply.status, clock.body["_typeName"]) == (500, "HostNotConnected")
        reply = await caller.post("OptionManager", settings, "QueryOptions", {"name": "No.Such"})
        assert (reply.status, reply.body["_typeName"]) == (500, "InvalidName")


async def test_pending_updates_must_say_where_to_look() -> None:
    async with connected(MockVCenter(default_world())) as caller:
        assert (await caller.get("/api/appliance/update/pending")).status == 400
        reply = await caller.get("/api/appliance/update/pending?source_type=LAST_CHECK")
        assert (reply.status, reply.body["error_type"]) == (404, "NOT_FOUND")


async def test_monitoring_gives_the_metrics_that_are_asked_for() -> None:
    async with connected(MockVCenter(default_world())) as caller:
        names = "names=storage.used.filesystem.log&names=storage.totalsize.filesystem.log"
        span = "start_time=2026-01-01T00:00:00Z&end_time=2026-01-02T00:00:00Z"
        path = f"/api/appliance/monitoring/query?{names}&interval=MINUTES30&function=MAX&{span}"
        used, total = (max(map(float, filter(None, each["data"]))) for each in (await caller.get(path)).body)
        assert used / total == pytest.approx(caller.vcenter.world.appliance.filesystem_used["log"], abs=0.01)


@pytest.mark.parametrize("lacking", ["names", "interval", "function", "start_time", "end_time"])
async def test_monitoring_must_be_told_what_and_when(lacking: str) -> None:
    arguments = {
        "names": "storage.used.filesystem.log",
        "interval": "MINUTES30",
        "function": "MAX",
        "start_time": "2026-01-01T00:00:00.000Z",
        "end_time": "2026-01-02T00:00:00.000Z",
    }
    del arguments[lacking]
    path = "&".join(f"{name}={value}" for name, value in arguments.items())
    async with connected(MockVCenter(default_world())) as caller:
        reply = await caller.get(f"/api/appliance/monitoring/query?{path}")
        assert (reply.status, reply.body["error_type"]) == (400, "INVALID_ARGUMENT")


async def test_licences_need_a_privilege() -> None:
    async with connected(MockVCenter(default_world(), account="readonly")) as caller:
        reply = await caller.read("LicenseManager", "LicenseManager", "licenses")
        assert (reply.status, reply.body["_typeName"]) == (500, "NoPermission")
        assert reply.body["privilegeId"] == "Global.Licenses"
        reply = await caller.post("LicenseAssignmentManager", "LicenseAssignmentManager", "QueryAssignedLicenses", {})
        assert reply.body["privilegeId"] == "Global.Licenses"


async def test_statistics_do_not_count_themselves() -> None:
    async with connected(MockVCenter(default_world())) as caller:
        await caller.view("HostSystem", container=ref("Folder", "group-d1"))
        stats = (await caller.get("/mock/stats")).body
        assert stats == caller.vcenter.stats.snapshot()
        assert (stats["requests"], stats["logins"], stats["views_open"], stats["most_in_flight"]) == (2, 1, 1, 1)
        assert stats["by_path_kind"] == {"POST /api/session": 1, "POST CreateContainerView": 1}

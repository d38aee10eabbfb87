"""The property collector is as strict as a real one."""

import pytest

from mocks.faults import InvalidPaths
from mocks.vcenter import MockVCenter
from mocks.world import Datastore, Host, StoragePod, Vm
from mocks.worlds import default_world
from tests.integration.mock.caller import ROOT, Caller, Json, connected, query, ref, view_query


async def test_a_view_includes_subtypes() -> None:
    async with connected(MockVCenter(default_world())) as caller:
        world = caller.vcenter.world
        folders = await caller.listed("Folder")
        assert {each["type"] for each in folders} == {"Folder", "StoragePod"}
        compute = await caller.listed("ComputeResource")
        assert {each["type"] for each in compute} == {"ClusterComputeResource", "ComputeResource"}
        assert len(await caller.listed("ManagedEntity")) == len(world.entities) - 1
        assert len(await caller.listed()) == len(world.entities) - 1


async def test_a_view_of_a_cluster_shows_its_vms_by_their_pool() -> None:
    async with connected(MockVCenter(default_world())) as caller:
        clusters = await caller.listed("ClusterComputeResource")
        listed = [await caller.listed("VirtualMachine", container=each) for each in clusters]
        moids = [each["value"] for each in listed[0] + listed[1]]
        assert len(moids) == len(set(moids)) > 40
        children = await caller.listed(container=ref("Folder", ROOT), recursive=False)
        assert len(children) == 1


async def test_names_of_views_must_come_encoded() -> None:
    async with connected(MockVCenter(default_world())) as caller:
        view = (await caller.view("HostSystem")).body["value"]
        assert view.startswith("session[")
        assert (await caller.get(f"/sdk/vim25/8.0.1.0/ContainerView/{view}/view")).status == 400
        assert (await caller.read("ContainerView", view, "view")).status == 200
        assert (await caller.post("ContainerView", view, "DestroyView")).status == 204
        gone = await caller.post("ContainerView", view, "DestroyView")
        assert (gone.status, gone.body["_typeName"]) == (500, "ManagedObjectNotFound")


async def test_type_names_are_demanded_inside_and_not_outermost() -> None:
    async with connected(MockVCenter(default_world())) as caller:
        bare = {"container": {"type": "Folder", "value": ROOT}, "type": ["HostSystem"], "recursive": True}
        reply = await caller.post("ViewManager", "ViewManager", "CreateContainerView", bare)
        assert (reply.status, reply.body["_typeName"]) == (500, "InvalidArgument")
        body = query("Folder", ["name"], [ref("Folder", ROOT)])
        del body["specSet"][0]["propSet"][0]["_typeName"]
        assert (await caller.retrieve(body)).body["_typeName"] == "InvalidArgument"


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("ClusterComputeResource", "configurationEx.dasConfig"),
        ("Datastore", "info.vmfs"),
        ("VirtualMachine", "summary.nope"),
        ("VirtualMachine", "config.hardware.device.key"),
    ],
)
async def test_one_bad_path_fails_the_whole_call(kind: str, path: str) -> None:
    async with connected(MockVCenter(default_world())) as caller:
        reply = await caller.retrieve(query(kind, ["name", path], await caller.listed(kind)))
        assert (reply.status, reply.body["_typeName"], reply.body["name"]) == (500, "InvalidProperty", path)


async def test_the_soft_way_is_a_missing_property_of_each_object() -> None:
    faults = (InvalidPaths(("config.template",), soft=True),)
    async with connected(MockVCenter(default_world(), faults=faults)) as caller:
        targets = await caller.listed("VirtualMachine")
        reply = await caller.retrieve(query("VirtualMachine", ["name", "config.template"], targets))
        assert reply.status == 200
        faults_found = {each["fault"]["_typeName"] for one in reply.body["objects"] for each in one["missingSet"]}
        assert faults_found == {"InvalidProperty"}


async def test_a_path_newer_than_the_request_is_unknown() -> None:
    async with connected(MockVCenter(default_world(), release="9.1.0.0"), release="8.0.1.0") as caller:
        targets = await caller.listed("VirtualMachine")
        body = query("VirtualMachine", ["name", "guest.guestDetailedData"], targets)
        refused = await caller.retrieve(body)
        assert (refused.body["_typeName"], refused.body["name"]) == ("InvalidProperty", "guest.guestDetailedData")
        caller.release = "8.0.2.0"
        assert (await caller.retrieve(body)).status == 200


async def _pages(caller: Caller, body: Json) -> list[list[str]]:
    page = (await caller.retrieve(body)).body
    pages = [[each["obj"]["value"] for each in page["objects"]]]
    while token := page.get("token"):
        page = (await caller.proceed(token)).body
        pages.append([each["obj"]["value"] for each in page["objects"]])
    return pages


def _sizes(count: int, size: int) -> list[int]:
    return [min(size, count - start) for start in range(0, count, size)]


async def test_pages_come_as_asked_and_as_the_server_likes() -> None:
    async with connected(MockVCenter(default_world(), page_size=5)) as caller:
        targets = await caller.listed("HostSystem")
        asked = await _pages(caller, query("HostSystem", ["name"], targets, size=4))
        assert [len(page) for page in asked] == _sizes(len(targets), 4)
        unasked = await _pages(caller, query("HostSystem", ["name"], targets))
        assert [len(page) for page in unasked] == _sizes(len(targets), 5)
        assert sorted(moid for page in unasked for moid in page) == sorted(each["value"] for each in targets)
        refused = await caller.retrieve(query("HostSystem", ["name"], targets, size=0))
        assert refused.body["_typeName"] == "InvalidArgument"


async def test_a_page_token_is_good_once() -> None:
    async with connected(MockVCenter(default_world())) as caller:
        body = query("HostSystem", ["name"], await caller.listed("HostSystem"), size=2)
        token = (await caller.retrieve(body)).body["token"]
        assert (await caller.proceed(token)).status == 200
        assert (await caller.proceed(token)).body["_typeName"] == "InvalidArgument"
        token = (await caller.retrieve(body)).body["token"]
        collector = ("PropertyCollector", "propertyCollector")
        cancelled = await caller.post(*collector, "CancelRetrievePropertiesEx", {"token": token})
        assert (cancelled.status, (await caller.proceed(token)).status) == (204, 500)


async def test_a_deleted_object_fails_an_explicit_list_unless_missing_ones_are_left_out() -> None:
    async with connected(MockVCenter(default_world())) as caller:
        targets = await caller.listed("VirtualMachine")
        caller.vcenter.estate.remove(targets[3]["value"])
        failed = await caller.retrieve(query("VirtualMachine", ["name"], targets))
        assert (failed.status, failed.body["_typeName"]) == (500, "ManagedObjectNotFound")
        assert failed.body["obj"] == targets[3]
        reply = await caller.retrieve(query("VirtualMachine", ["name"], targets, missing=True))
        assert len(reply.body["objects"]) == len(targets) - 1


async def test_unset_properties_are_absent_and_names_are_escaped() -> None:
    async with connected(MockVCenter(default_world())) as caller:
        world = caller.vcenter.world
        lost = world.named(Vm, "/vmfs/volumes/5f1/lost.vmx")
        odd = world.named(Vm, "a/b 100% \\ installed")
        away = next(host for host in world.all(Host) if not host.answers)
        body = query("ManagedEntity", ["name"], [ref("VirtualMachine", odd.moid)])
        (content,) = (await caller.retrieve(body)).body["objects"]
        assert content["propSet"][0]["val"] == {"_typeName": "string", "_value": "a%2fb 100%25 %5c installed"}
        body = query("VirtualMachine", ["config.template", "config"], [ref("VirtualMachine", lost.moid)])
        (content,) = (await caller.retrieve(body)).body["objects"]
        assert content["propSet"] == []
        assert "missingSet" not in content
        body = query(
            "HostSystem", ["config.network.dnsConfig", "summary.config.product"], [ref("HostSystem", away.moid)]
        )
        (content,) = (await caller.retrieve(body)).body["objects"]
        assert [each["name"] for each in content["propSet"]] == ["summary.config.product"]


async def test_values_are_boxed_as_the_facts_show() -> None:
    async with connected(MockVCenter(default_world())) as caller:
        world = caller.vcenter.world
        vm = world.named(Vm, "web-01")
        paths = ["runtime.powerState", "runtime.host", "config.hardware.numCPU", "datastore", "runtime.bootTime"]
        body = query("VirtualMachine", paths, [ref("VirtualMachine", vm.moid)])
        (content,) = (await caller.retrieve(body)).body["objects"]
        values = {each["name"]: each["val"] for each in content["propSet"]}
        assert values["runtime.powerState"] == {"_typeName": "VirtualMachinePowerState", "_value": "poweredOn"}
        assert values["runtime.host"] == ref("HostSystem", vm.host or "")
        assert values["config.hardware.numCPU"] == {"_typeName": "int", "_value": vm.cpus}
        assert values["datastore"]["_typeName"] == "ArrayOfManagedObjectReference"
        assert values["runtime.bootTime"]["_typeName"] == "dateTime"


async def test_a_view_can_be_queried_and_so_can_a_traversal_from_the_root() -> None:
    async with connected(MockVCenter(default_world())) as caller:
        view = (await caller.view("Datastore")).body
        reply = await caller.retrieve(view_query("Datastore", ["summary.multipleHostAccess"], view))
        assert len(reply.body["objects"]) == len(list(caller.vcenter.world.all(Datastore)))
        folders = {
            "_typeName": "TraversalSpec",
            "name": "folders",
            "type": "Folder",
            "path": "childEntity",
            "skip": False,
            "selectSet": [
                {"_typeName": "SelectionSpec", "name": "folders"},
                {
                    "_typeName": "TraversalSpec",
                    "name": "stores",
                    "type": "Datacenter",
                    "path": "datastoreFolder",
                    "selectSet": [{"_typeName": "SelectionSpec", "name": "folders"}],
                },
            ],
        }
        body = query("StoragePod", ["name"], [ref("Folder", ROOT)])
        body["specSet"][0]["objectSet"][0]["selectSet"] = [folders]
        found = (await caller.retrieve(body)).body["objects"]
        assert [each["obj"]["value"] for each in found] == [pod.moid for pod in caller.vcenter.world.all(StoragePod)]


async def test_single_reads_take_top_level_properties_only() -> None:
    async with connected(MockVCenter(default_world())) as caller:
        vm = caller.vcenter.world.named(Vm, "web-01")
        assert (await caller.read("VirtualMachine", vm.moid, "name")).body == "web-01"
        assert (await caller.read("VirtualMachine", vm.moid, "snapshot")).body is None
        assert (await caller.get(f"/sdk/vim25/8.0.1.0/VirtualMachine/{vm.moid}/runtime.powerState")).status == 404
        assert (await caller.read("VirtualMachine", "vm-0", "name")).body["_typeName"] == "ManagedObjectNotFound"

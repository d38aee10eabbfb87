"""Admission control, complaints and alarms of the mock are what VMware declares, and lie where vCenter puts them."""

from dataclasses import replace

from mocks.guards import Admission
from mocks.vcenter import MockVCenter
from mocks.world import Cluster, Host
from mocks.worlds import default_world
from tests.integration.mock.caller import ROOT, Caller, Json, connected, query, ref
from tests.integration.mock.vimschema import boxed_problems, resolve_path


async def _read(caller: Caller, kind: str, moid: str, *paths: str) -> dict[str, Json]:
    reply = await caller.retrieve(query(kind, paths, [ref(kind, moid)]))
    assert reply.status == 200, reply.body
    (content,) = reply.body["objects"]
    for prop in content["propSet"]:
        assert list(boxed_problems(prop["val"], resolve_path(kind, prop["name"], "8.0.1.0"), prop["name"])) == []
    return {prop["name"]: prop["val"] for prop in content["propSet"]}


async def test_definitions_of_alarms() -> None:
    async with connected(MockVCenter(default_world())) as caller:
        for alarm in caller.vcenter.world.alarms.values():
            found = await _read(caller, "Alarm", alarm.moid, "info", "info.name", "info.systemName")
            assert found["info.name"]["_value"] == alarm.name.replace("/", "%2f")
            assert ("info.systemName" in found) == (alarm.system_name is not None)
        missing = await caller.retrieve(query("Alarm", ["info.name"], [ref("Alarm", "alarm-0")]))
        assert missing.body["_typeName"] == "ManagedObjectNotFound"


async def test_alarms_stand_on_their_entity_and_on_all_above_it() -> None:
    async with connected(MockVCenter(default_world())) as caller:
        world = caller.vcenter.world
        host = world.named(Host, "esx02.lab.example")
        own = (await _read(caller, "HostSystem", host.moid, "triggeredAlarmState"))["triggeredAlarmState"]["_value"]
        assert [one["key"] for one in own] == [f"alarm-11.{host.moid}"]
        above = await _read(caller, "ClusterComputeResource", host.parent or "", "triggeredAlarmState")
        assert own[0] in above["triggeredAlarmState"]["_value"]
        all_of_them = (await _read(caller, "Folder", ROOT, "triggeredAlarmState"))["triggeredAlarmState"]["_value"]
        assert len(all_of_them) == len(world.triggered)
        assert len({one["key"] for one in all_of_them}) == len(all_of_them)


async def test_each_policy_of_admission_control() -> None:
    world = default_world()
    dmz = world.named(Cluster, "dmz")
    hosts = tuple((host.moid, "green") for host in world.all(Host) if host.parent == dmz.moid)
    policies = {
        "ClusterFailoverLevelAdmissionControl": Admission(policy="level"),
        "ClusterFailoverResourcesAdmissionControl": Admission(policy="percents"),
        "ClusterFailoverHostAdmissionControl": Admission(policy="hosts", hosts=hosts),
    }
    async with connected(MockVCenter(world)) as caller:
        for name, admission in policies.items():
            dmz.admission = admission
            caller.vcenter.estate.forget()
            found = await _read(caller, Cluster.kind, dmz.moid, "configurationEx", "summary", "configuration")
            for place in ("configurationEx", "configuration"):
                assert found[place]["dasConfig"]["admissionControlPolicy"]["_typeName"] == f"{name}Policy"
            assert found["summary"]["admissionControlInfo"]["_typeName"] == f"{name}Info"
        dmz.admission = replace(dmz.admission, enabled=False)
        caller.vcenter.estate.forget()
        assert "admissionControlInfo" not in (await _read(caller, Cluster.kind, dmz.moid, "summary"))["summary"]


async def test_complaints_are_events() -> None:
    world = default_world()
    dmz = world.named(Cluster, "dmz")
    dmz.issues = (("InsufficientFailoverResourcesEvent", "No room"), ("com.vmware.vc.HA.NoMaster", "No master"))
    async with connected(MockVCenter(world)) as caller:
        events = (await _read(caller, Cluster.kind, dmz.moid, "configIssue"))["configIssue"]["_value"]
    assert [(one["_typeName"], one.get("eventTypeId")) for one in events] == [
        ("InsufficientFailoverResourcesEvent", None),
        ("EventEx", "com.vmware.vc.HA.NoMaster"),
    ]

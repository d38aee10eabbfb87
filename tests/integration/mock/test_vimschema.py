"""Every VI JSON value that the mock serves is of the type that VMware declares."""

import pytest

from mocks import schema
from mocks.estate import ENCODERS
from mocks.vcenter import MockVCenter
from mocks.worlds import default_world
from tests.integration.mock.caller import ROOT, connected, query, ref
from tests.integration.mock.vimschema import (
    UnknownPathError,
    boxed_problems,
    is_array,
    is_reference,
    named,
    problems,
    resolve_path,
    wire_name,
)

FACTS = {
    "HostSystem": """
        runtime.connectionState runtime.inMaintenanceMode runtime.inQuarantineMode runtime.powerState runtime.bootTime
        runtime.standbyMode runtime.dasHostState.state runtime.healthSystemRuntime.systemHealthInfo.numericSensorInfo
        runtime.healthSystemRuntime.hardwareStatusInfo.cpuStatusInfo summary.config.product
        summary.quickStats.overallCpuUsage summary.quickStats.overallMemoryUsage summary.quickStats.uptime
        summary.hardware.cpuMhz summary.hardware.numCpuCores summary.hardware.memorySize summary.rebootRequired
        summary.overallStatus hardware.cpuInfo hardware.memorySize hardware.numaInfo config.dateTimeInfo
        config.service.service config.storageDevice.multipathInfo.lun config.storageDevice.scsiLun
        config.storageDevice.hostBusAdapter config.fileSystemVolume.mountInfo config.network.portgroup
        config.network.vswitch config.network.proxySwitch config.network.pnic config.network.vnic
        config.network.dnsConfig config.network.dnsConfig.address config.option config.lockdownMode
        config.certificate config.powerSystemInfo config.hyperThread config.firewall configManager.advancedOption
        configManager.dateTimeSystem configManager.certificateManager name parent datastore network vm
        triggeredAlarmState""",
    "ClusterComputeResource": """
        configuration.dasConfig configuration.drsConfig configuration.rule configurationEx summary configIssue
        drsRecommendation drsFault lifecycleManaged name parent host""",
    "Datastore": "summary info host capability iormConfiguration vm parent name summary.multipleHostAccess",
    "VirtualMachine": """
        name parent runtime.connectionState runtime.powerState runtime.host runtime.bootTime
        runtime.consolidationNeeded runtime.toolsInstallerMounted config.template config.managedBy datastore
        guest.toolsRunningStatus guest.toolsVersionStatus2 guest.toolsVersion config.hardware.device
        config.hardware.numCPU config.hardware.numCoresPerSocket config.hardware.memoryMB config.cpuHotAddEnabled
        config.memoryHotAddEnabled config.version config.uuid config.instanceUuid config.cpuAllocation
        config.memoryAllocation config.numaInfo.coresPerNumaNode config.numaInfo.autoCoresPerNumaNode
        config.latencySensitivity config.extraConfig config.firmware guest.disk layoutEx snapshot
        summary.quickStats.balloonedMemory summary.quickStats.swappedMemory summary.storage runtime.question
        config.ftInfo summary.config.memorySizeMB summary.quickStats.compressedMemory
        summary.quickStats.overallCpuReadiness""",
    "DistributedVirtualPortgroup": "config config.defaultPortConfig name parent key",
    "VmwareDistributedVirtualSwitch": "config uuid summary.productInfo.version runtime.hostMemberRuntime name",
    "Folder": "name parent triggeredAlarmState childEntity",
    "Datacenter": "name parent vmFolder hostFolder",
    "StoragePod": "name parent summary childEntity",
    "ResourcePool": "name owner",
    "Network": "name host",
}


@pytest.mark.parametrize("kind", sorted(ENCODERS))
def test_the_table_knows_every_property_that_the_encoders_give(kind: str) -> None:
    for name in ENCODERS[kind]:
        assert schema.resolve(kind, name), f"{kind}.{name}"


@pytest.mark.parametrize("kind", sorted(FACTS))
def test_the_table_declares_what_vmware_declares(kind: str) -> None:
    for path in FACTS[kind].split():
        ours, theirs = schema.resolve(kind, path), resolve_path(kind, path, "9.1.1.0")
        assert ours is not None, path
        element = theirs.Item if is_array(theirs) else theirs
        name = "ManagedObjectReference" if is_reference(element) else wire_name(element)
        assert (ours.type, ours.array) == (name, is_array(theirs)), path


@pytest.mark.parametrize(
    ("kind", "path", "release"),
    [
        ("ClusterComputeResource", "configurationEx.rule", "9.1.1.0"),
        ("ClusterComputeResource", "summary.usageSummary", "9.1.1.0"),
        ("DistributedVirtualPortgroup", "config.defaultPortConfig.securityPolicy", "9.1.1.0"),
        ("Datastore", "info.vmfs", "9.1.1.0"),
        ("VirtualMachine", "config.hardware.device.key", "9.1.1.0"),
        ("VirtualMachine", "runtime.host.name", "9.1.1.0"),
        ("VirtualMachine", "config.numaInfo", "7.0.3.0"),
    ],
)
def test_both_tables_refuse_the_same_paths(kind: str, path: str, release: str) -> None:
    with pytest.raises(UnknownPathError):
        resolve_path(kind, path, release)
    ours = schema.resolve(kind, path)
    assert ours is None or ours.since > schema.release_key(release)


async def test_every_property_of_every_object_is_of_its_declared_type() -> None:
    found: list[str] = []
    objects = 0
    async with connected(MockVCenter(default_world())) as caller:
        references = [ref("Folder", ROOT), *await caller.listed()]
        for kind in sorted({each["type"] for each in references}):
            paths = [name for name in schema.properties(kind) if "." not in name]
            known = [path for path in paths if _known(kind, path)]
            targets = [each for each in references if each["type"] == kind]
            reply = await caller.retrieve(query(kind, known, targets))
            assert reply.status == 200, reply.body
            for content in reply.body["objects"]:
                objects += 1
                given = {prop["name"] for prop in content["propSet"]}
                found += [f"{kind} lacks {name}" for name in known if _required(kind, name) and name not in given]
                for prop in content["propSet"]:
                    where = f"{kind}.{prop['name']}"
                    declared = resolve_path(kind, prop["name"], "8.0.1.0")
                    found += boxed_problems(prop["val"], declared, where)
    assert found == []
    assert objects == len(references)


def _required(kind: str, path: str) -> bool:
    declared = schema.resolve(kind, path)
    return declared is not None and not declared.optional


def _known(kind: str, path: str) -> bool:
    declared = schema.resolve(kind, path)
    return declared is not None and declared.since <= (8, 0, 1, 0)


@pytest.mark.parametrize("kind", sorted(FACTS))
async def test_every_path_of_the_facts_is_answered_in_its_declared_type(kind: str) -> None:
    paths = FACTS[kind].split()
    seen: set[str] = set()
    async with connected(MockVCenter(default_world())) as caller:
        reply = await caller.retrieve(query(kind, paths, await caller.listed(kind)))
    assert reply.status == 200, reply.body
    for content in reply.body["objects"]:
        for prop in content["propSet"]:
            seen.add(prop["name"])
            declared = resolve_path(content["obj"]["type"], prop["name"], "8.0.1.0")
            assert list(boxed_problems(prop["val"], declared, prop["name"])) == []
    unset = {"runtime.question", "config.numaInfo.coresPerNumaNode"}
    assert set(paths) - seen <= unset


async def test_the_singletons_are_of_their_declared_types() -> None:
    async with connected(MockVCenter(default_world())) as caller:
        for kind, moid, name in (
            ("ServiceInstance", "ServiceInstance", "content"),
            ("LicenseManager", "LicenseManager", "licenses"),
            ("LicenseManager", "LicenseManager", "evaluation"),
            ("SessionManager", "SessionManager", "currentSession"),
            ("SessionManager", "SessionManager", "sessionList"),
        ):
            reply = await caller.read(kind, moid, name)
            assert reply.status == 200
            assert list(problems(reply.body, resolve_path(kind, name, "8.0.1.0"), f"{kind}.{name}")) == []


async def test_assigned_licences_are_of_their_declared_type() -> None:
    async with connected(MockVCenter(default_world())) as caller:
        manager = (await caller.read("LicenseManager", "LicenseManager", "licenseAssignmentManager")).body
        reply = await caller.post(manager["type"], manager["value"], "QueryAssignedLicenses", {})
        declared = named("LicenseAssignmentManagerLicenseAssignment")
        assert reply.body
        assert [each for one in reply.body for each in problems(one, declared, "QueryAssignedLicenses")] == []
        one = reply.body[0]["entityId"]
        asked = await caller.post(manager["type"], manager["value"], "QueryAssignedLicenses", {"entityId": one})
        assert [each["entityId"] for each in asked.body] == [one]

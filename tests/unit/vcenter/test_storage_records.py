"""What is made of a host's storage, in the forms in which vCenter may give it."""

from typing import Any

import pytest

from vhealthd.inventory import Need
from vhealthd.model import HostMount, Lun, MoRef, StoragePath, Volume
from vhealthd.vcenter.records import FACETS

FACET = {facet.need: facet for facet in FACETS}
DISKS, PATHS, ADAPTERS = FACET[Need.HOST_LUNS].paths
FC = {"_typeName": "HostFibreChannelTargetTransport"}
BLOCK = {"_typeName": "HostBlockAdapterTargetTransport"}


def disk(**more: object) -> dict[str, Any]:
    return {
        "_typeName": "HostScsiDisk",
        "key": "key-disk",
        "canonicalName": "naa.1",
        "lunType": "disk",
        "operationalState": ["ok"],
        "vStorageSupport": "vStorageSupported",
        **more,
    }


def path(
    state: str = "active", *, adapter: object = "key-vim.host.FibreChannelHba-vmhba64", **more: object
) -> dict[str, Any]:
    return {"name": "vmhba64:C0:T0:L1", "pathState": state, "adapter": adapter, "transport": FC, **more}


def luns(
    *disks: dict[str, Any], paths: list[dict[str, Any]] | None = None, link: object = "key-disk", **more: object
) -> object:
    units = [] if paths is None else [{"key": "unit", "id": "0200naa.1", "lun": link, "path": paths}]
    return FACET[Need.HOST_LUNS].make({DISKS: list(disks), PATHS: units, **more})


def one(
    *disks: dict[str, Any], paths: list[dict[str, Any]] | None = None, link: object = "key-disk", **more: object
) -> Lun:
    made = luns(*disks, paths=paths, link=link, **more)
    assert isinstance(made, tuple)
    (found,) = made
    assert isinstance(found, Lun)
    return found


def test_a_lun_with_its_paths() -> None:
    assert one(disk(), paths=[path(), path("standby"), path("dead")]) == Lun(
        canonical_name="naa.1",
        local=False,
        states=("ok",),
        vaai="vStorageSupported",
        paths=(
            StoragePath("vmhba64", "active"),
            StoragePath("vmhba64", "standby"),
            StoragePath("vmhba64", "dead", "vmhba64:C0:T0:L1"),
        ),
    )


def test_adapters_give_paths_their_names() -> None:
    adapters = [{"_typeName": "HostFibreChannelHba", "key": "k7", "device": "vmhba7"}]
    found = one(disk(), paths=[path(adapter="k7")], **{ADAPTERS: adapters})
    assert found.paths == (StoragePath("vmhba7", "active"),)


@pytest.mark.parametrize("link", ["key-disk", {"_typeName": "ScsiLun", "key": "key-disk"}])
def test_links_are_keys_or_objects(link: object) -> None:
    adapter = {"_typeName": "HostFibreChannelHba", "key": "key-vim.host.FibreChannelHba-vmhba9"}
    assert one(disk(), paths=[path(adapter=adapter)], link=link).paths == (StoragePath("vmhba9", "active"),)


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ({"pathState": "dead"}, "dead"),
        ({"state": "standby"}, "standby"),
        ({}, "unknown"),
        ({"pathState": "new"}, "new"),
    ],
)
def test_states_of_paths(given: dict[str, str], state: str) -> None:
    (found,) = one(disk(), paths=[{"adapter": "a-vmhba1", **given}]).paths
    assert (found.state, found.working) == (state, state == "standby")


@pytest.mark.parametrize(
    ("given", "paths", "local"),
    [
        ({"localDisk": True}, [path(), path()], True),
        ({"localDisk": False}, [path()], False),
        ({"localDisk": False}, [path(transport=BLOCK, adapter="x")], True),
        ({}, [path(transport=BLOCK, adapter="x")], True),
        ({}, [path(transport=BLOCK, adapter="x"), path(transport=BLOCK, adapter="y")], False),
        ({}, [path()], False),
        ({}, [path(transport={"_typeName": "HostInternetScsiTargetTransport"})], False),
        ({}, [path(transport={"_typeName": "HostFibreChannelOverEthernetTargetTransport"})], False),
        ({}, [path(transport={"_typeName": "HostTcpTargetTransport"})], False),
        ({}, [path(transport={"_typeName": "HostPcieTargetTransport"})], True),
        ({}, [path(transport=None)], True),
        ({"localDisk": False}, [path(transport=None)], False),
        ({"localDisk": False}, None, False),
        ({}, [], False),
    ],
)
def test_what_is_the_hosts_own(given: dict[str, Any], paths: list[dict[str, Any]] | None, local: bool) -> None:  # noqa: FBT001 - a table
    assert one(disk(**given), paths=paths).local is local


def test_the_type_of_an_adapter_tells_a_fabric_too() -> None:
    adapters = [{"_typeName": "HostInternetScsiHba", "key": "k", "device": "vmhba65"}]
    assert not one(disk(), paths=[path(adapter="k", transport=None)], **{ADAPTERS: adapters}).local


def test_what_is_no_disk_is_left_out() -> None:
    assert luns(disk(lunType="cdrom"), disk(canonicalName=None), disk(lunType="enclosure")) == ()


def test_optional_data_may_be_absent() -> None:
    bare = {"key": "key-disk", "canonicalName": "naa.1", "lunType": "disk"}
    assert one(bare) == Lun(canonical_name="naa.1", local=False, states=(), vaai=None, paths=())
    assert one(bare, paths=[path(name=None, pathState="dead")]).paths == (StoragePath("vmhba64", "dead"),)


@pytest.mark.parametrize("need", [Need.HOST_LUNS, Need.HOST_VOLUMES, Need.DATASTORE_MOUNTS])
def test_what_vcenter_does_not_give_is_not_seen(need: Need) -> None:
    assert FACET[need].make({}) is None


def test_volumes() -> None:
    (name,) = FACET[Need.HOST_VOLUMES].paths
    vmfs = {"_typeName": "HostVmfsVolume", "type": "VMFS", "name": "a%2fb", "majorVersion": 5}
    assert FACET[Need.HOST_VOLUMES].make({name: [{"volume": vmfs}, {"volume": {"type": "NFS", "name": "n"}}, {}]}) == (
        Volume(name="a/b", type="VMFS", major_version=5),
        Volume(name="n", type="NFS", major_version=None),
        Volume(name="", type="unknown", major_version=None),
    )


def test_mounts() -> None:
    host = {"_typeName": "ManagedObjectReference", "type": "HostSystem", "value": "host-1"}
    lost = {"mounted": True, "accessible": False, "inaccessibleReason": "PermanentDeviceLoss"}
    made = FACET[Need.DATASTORE_MOUNTS].make({"host": [{"key": host, "mountInfo": lost}, {"key": host}, {}]})
    ref = MoRef("HostSystem", "host-1")
    assert made == (
        HostMount(host=ref, mounted=True, accessible=False, inaccessible_reason="PermanentDeviceLoss"),
        HostMount(host=ref, mounted=None, accessible=None, inaccessible_reason=None),
    )

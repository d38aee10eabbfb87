"""Disks, adapters, paths and mounted volumes of an ESXi host as VI JSON."""

from mocks.encode.value import Tree, data
from mocks.world import Datastore, Host, World

# As an array with ALUA shows them: half of the paths stand by.
FC_PATHS = ("active", "active", "standby", "standby")
ADAPTERS = ("vmhba64", "vmhba65")
VERSIONS = {5: "5.81", 6: "6.82"}


def storage_device(world: World, host: Host) -> Tree:
    """Encode `config.storageDevice`: a LUN for each VMFS datastore, by two Fibre Channel adapters or a local one."""
    stores = [store for store in _mounted(world, host) if store.type == "VMFS"]
    return data(
        "HostStorageDeviceInfo",
        hostBusAdapter=_adapters(),
        scsiLun=[_disk(host, store) for store in stores],
        multipathInfo=data("HostMultipathInfo", lun=[_paths(host, store) for store in stores]),
        softwareInternetScsiEnabled=False,
    )


def _mounted(world: World, host: Host) -> list[Datastore]:
    return [store for store in world.all(Datastore) if host.moid in store.hosts]


def canonical_name(store: Datastore) -> str:
    """Name the LUN that a VMFS datastore lies on; made of the reference, so that all hosts agree."""
    prefix = "naa.60002ac0000000000000000000" if store.shared else "naa.5000c500000000000000000000"
    return f"{prefix}{int(store.moid.rpartition('-')[2]):06x}"


def _adapters() -> list[Tree]:
    fibre = [
        data(
            "HostFibreChannelHba",
            key=f"key-vim.host.FibreChannelHba-{device}",
            device=device,
            bus=number,
            status="online",
            model="QLE2742 Dual Port 32Gb Fibre Channel",
            driver="qlnativefc",
            portWorldWideName=2377900603251621888 + number,
            nodeWorldWideName=2305843009213693952 + number,
            portType="fabric",
            speed=32,
        )
        for number, device in enumerate(ADAPTERS)
    ]
    local = data(
        "HostBlockHba",
        key="key-vim.host.BlockHba-vmhba0",
        device="vmhba0",
        bus=0,
        status="unknown",
        model="Lewisburg SATA AHCI Controller",
        driver="vmw_ahci",
    )
    return [*fibre, local]


def _vaai(host: Host, store: Datastore) -> str:
    return host.vaai.get(store.moid, "vStorageSupported" if store.shared else "vStorageUnsupported")


def _disk(host: Host, store: Datastore) -> Tree:
    name = canonical_name(store)
    return data(
        "HostScsiDisk",
        key=f"key-vim.host.ScsiDisk-{name}",
        deviceName=f"/vmfs/devices/disks/{name}",
        devicePath=f"/vmfs/devices/disks/{name}",
        deviceType="disk",
        uuid=f"0200000000{name[4:]}",
        canonicalName=name,
        displayName=f"Disk ({name})",
        lunType="disk",
        vendor="3PARdata" if store.shared else "SEAGATE",
        model="VV" if store.shared else "ST1000NX0443",
        operationalState=["ok"],
        vStorageSupport=_vaai(host, store),
        queueDepth=64,
        capacity=data("HostDiskDimensionsLba", blockSize=512, block=store.capacity // 512),
        ssd=store.shared,
        localDisk=not store.shared,
    )


def _paths(host: Host, store: Datastore) -> Tree:
    name = canonical_name(store)
    key = f"key-vim.host.ScsiDisk-{name}"
    states = host.path_states.get(store.moid, FC_PATHS if store.shared else ("active",))
    return data(
        "HostMultipathInfoLogicalUnit",
        key=f"key-vim.host.MultipathInfo.LogicalUnit-{name}",
        id=name,
        lun=key,
        path=[_path(store, number, state, key) for number, state in enumerate(states)],
        policy=data(
            "HostMultipathInfoLogicalUnitPolicy",
            policy="VMW_PSP_RR" if store.shared else "VMW_PSP_FIXED",
        ),
    )


def _path(store: Datastore, number: int, state: str, lun: str) -> Tree:
    adapter = ADAPTERS[number % 2] if store.shared else "vmhba0"
    block = "FibreChannelHba" if store.shared else "BlockHba"
    name = f"{adapter}:C0:T{number}:L{int(store.moid.rpartition('-')[2])}"
    return data(
        "HostMultipathInfoPath",
        key=f"key-vim.host.MultipathInfo.Path-{name}",
        name=name,
        pathState=state,
        state=state,
        isWorkingPath=state == "active",
        adapter=f"key-vim.host.{block}-{adapter}",
        lun=lun,
        transport=_transport(store),
    )


def _transport(store: Datastore) -> Tree:
    if not store.shared:
        return data("HostBlockAdapterTargetTransport")
    return data("HostFibreChannelTargetTransport", portWorldWideName=2307, nodeWorldWideName=2308)


def volumes(world: World, host: Host) -> Tree:
    """Encode `config.fileSystemVolume`."""
    mounts = [
        data(
            "HostFileSystemMountInfo",
            mountInfo=mount(store, host),
            volume=volume(store),
            vStorageSupport=_vaai(host, store),
        )
        for store in _mounted(world, host)
    ]
    return data("HostFileSystemVolumeInfo", volumeTypeList=["VMFS", "NFS", "NFS41"], mountInfo=mounts)


def mount(store: Datastore, host: Host) -> Tree:
    """Encode how a host mounts a datastore; vCenter shows those of a host that does not answer as lost."""
    fine = store.accessible and host.answers and host.moid not in store.lost_by
    return data(
        "HostMountInfo",
        path=f"/vmfs/volumes/{store.moid}",
        accessMode="readWrite",
        mounted=True,
        accessible=fine,
        inaccessibleReason=None if fine else store.lost_by.get(host.moid, "AllPathsDown_Start"),
    )


def volume(store: Datastore) -> Tree:
    """Encode the volume under a datastore."""
    if store.remote:
        server, path = store.remote
        return data(
            "HostNasVolume",
            type=store.type,
            name=store.name,
            capacity=store.capacity,
            remoteHost=server,
            remotePath=path,
            userName="",
        )
    return data(
        "HostVmfsVolume",
        type="VMFS",
        name=store.name,
        capacity=store.capacity,
        blockSizeMb=1,
        maxBlocks=63963136,
        majorVersion=store.vmfs,
        version=VERSIONS[store.vmfs],
        uuid=f"{int(store.moid.rpartition('-')[2]):08x}-5a2b1c3d-0e4f-e4434b000001",
        extent=[data("HostScsiDiskPartition", diskName=canonical_name(store), partition=1)],
        vmfsUpgradable=False,
        ssd=store.shared,
        local=not store.shared,
    )

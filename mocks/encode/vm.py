"""Virtual machines as VI JSON."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from mocks.encode.devices import devices, store_name
from mocks.encode.value import ENTITY, Encoders, Tree, always, data, flags, refer, reference, timestamp, wire_name
from mocks.world import Datastore, Snapshot, Vm, World

GUEST = ("otherLinux64Guest", "Other Linux (64-bit)")
CAPABILITY = flags("VirtualMachineCapability")
FileMaker: TypeAlias = Callable[[str, str, int], int]


def _config_summary(_world: World, vm: Vm) -> Tree:
    return data(
        "VirtualMachineConfigSummary",
        name=wire_name(vm.name),
        template=vm.template,
        vmPathName="[unknown]" if not vm.has_config else f"{_home(_world, vm)}{vm.moid}.vmx",
        memorySizeMB=vm.memory_mb,
        numCpu=vm.cpus,
        numEthernetCards=len(vm.nics),
        numVirtualDisks=len(vm.disks),
        uuid=vm.uuid,
        instanceUuid=_instance_uuid(vm),
        guestId=GUEST[0],
        guestFullName=GUEST[1],
        managedBy=_managed_by(vm),
    )


def _instance_uuid(vm: Vm) -> str:
    return vm.instance_uuid or vm.uuid


def _home(world: World, vm: Vm) -> str:
    """Name the VM's folder on its datastore; named by the reference, so that hostile names stay out of file names."""
    return f"[{store_name(world, vm)}] {vm.moid}/"


def _managed_by(vm: Vm) -> Tree | None:
    if vm.managed_by is None:
        return None
    extension, kind = vm.managed_by
    return data("ManagedByInfo", extensionKey=extension, type=kind)


def config(world: World, vm: Vm) -> Tree | None:
    """Encode `config`, which vCenter cannot serve of an inaccessible VM."""
    if not vm.has_config:
        return None
    home = _home(world, vm)
    return data(
        "VirtualMachineConfigInfo",
        changeVersion=timestamp(vm.created),
        modified="1970-01-01T00:00:00Z",
        name=wire_name(vm.name),
        guestFullName=GUEST[1],
        version=f"vmx-{vm.hardware_version:02}",
        uuid=vm.uuid,
        createDate=timestamp(vm.created),
        instanceUuid=_instance_uuid(vm),
        template=vm.template,
        guestId=GUEST[0],
        alternateGuestName="",
        files=data("VirtualMachineFileInfo", vmPathName=f"{home}{vm.moid}.vmx", logDirectory=home),
        tools=data("ToolsConfigInfo", toolsVersion=12389, toolsUpgradePolicy="manual", syncTimeWithHost=False),
        flags=data("VirtualMachineFlagInfo", enableLogging=True, snapshotDisabled=False, vbsEnabled=False),
        defaultPowerOps=data("VirtualMachineDefaultPowerOpInfo", powerOffType="soft", suspendType="hard"),
        hardware=_hardware(world, vm),
        cpuAllocation=_allocation(vm.cpu_reservation_mhz),
        memoryAllocation=_allocation(vm.memory_reservation_mb),
        latencySensitivity=data("LatencySensitivity", level="normal"),
        memoryHotAddEnabled=False,
        cpuHotAddEnabled=vm.hot_add,
        extraConfig=[data("OptionValue", key="nvram", value={"_typeName": "string", "_value": f"{vm.moid}.nvram"})],
        bootOptions=data("VirtualMachineBootOptions", bootDelay=0, efiSecureBootEnabled=True),
        firmware="efi",
        managedBy=_managed_by(vm),
        ftInfo=_fault_tolerance(vm),
        numaInfo=data(
            "VirtualMachineVirtualNumaInfo",
            coresPerNumaNode=vm.cores_per_node,
            autoCoresPerNumaNode=vm.cores_per_node is None,
            vnumaOnCpuHotaddExposed=vm.hot_add_shows_nodes,
        ),
    )


def _fault_tolerance(vm: Vm) -> Tree | None:
    """Encode what a secondary knows of its pair: the primary comes first among the UUIDs, and so has role 1."""
    if vm.secondary_of is None:
        return None
    pair = [vm.secondary_of, _instance_uuid(vm)]
    return data("FaultToleranceConfigInfo", role=2, instanceUuids=pair, configPaths=[])


def _hardware(world: World, vm: Vm) -> Tree:
    return data(
        "VirtualHardware",
        numCPU=vm.cpus,
        numCoresPerSocket=vm.cores_per_socket or 1,
        autoCoresPerSocket=vm.cores_per_socket is None,
        memoryMB=vm.memory_mb,
        virtualICH7MPresent=False,
        virtualSMCPresent=False,
        device=devices(world, vm),
    )


def _allocation(reservation: int) -> Tree:
    shares = data("SharesInfo", shares=1000, level="normal")
    return data("ResourceAllocationInfo", reservation=reservation, expandableReservation=False, limit=-1, shares=shares)


def runtime(world: World, vm: Vm) -> Tree:
    """Encode `runtime`."""
    return data(
        "VirtualMachineRuntimeInfo",
        host=refer(world, vm.host) if vm.host else None,
        connectionState=vm.connection_state,
        powerState=vm.power_state,
        faultToleranceState="running" if vm.secondary_of else "notConfigured",
        toolsInstallerMounted=False,
        bootTime=timestamp(vm.booted) if vm.booted else None,
        question=_question(vm),
        numMksConnections=0,
        recordReplayState="inactive",
        onlineStandby=False,
        consolidationNeeded=vm.consolidation_needed,
        maxCpuUsage=2500 * vm.cpus,
        maxMemoryUsage=vm.memory_mb,
    )


def _question(vm: Vm) -> Tree | None:
    if vm.question is None:
        return None
    choices = [
        data("ElementDescription", label=label, summary=label, key=str(key))
        for key, label in enumerate(("Retry", "Cancel"))
    ]
    choice = data("ChoiceOption", choiceInfo=choices, defaultIndex=0)
    message = data("VirtualMachineMessage", id="msg.hbacommon.outofspace", text=vm.question)
    text = f"msg.hbacommon.outofspace:{vm.question}"
    return data("VirtualMachineQuestionInfo", id="17", text=text, choice=choice, message=[message])


def guest(_world: World, vm: Vm) -> Tree | None:
    """Encode `guest`."""
    if not vm.has_config:
        return None
    running = vm.tools_running and vm.power_state == "poweredOn"
    return data(
        "GuestInfo",
        toolsStatus=_tools_status(vm, running=running),
        toolsVersionStatus=vm.tools_status,
        toolsVersionStatus2=vm.tools_status,
        toolsRunningStatus="guestToolsRunning" if running else "guestToolsNotRunning",
        toolsVersion="0" if vm.tools_status == "guestToolsNotInstalled" else "12389",
        guestId=GUEST[0] if running else None,
        guestState="running" if running else "notRunning",
        disk=_guest_disks(vm) if running else None,
    )


def _guest_disks(vm: Vm) -> list[Tree]:
    return [
        data("GuestDiskInfo", diskPath=path, capacity=size, freeSpace=free, filesystemType="ext4")
        for path, size, free in vm.guest_disks
    ]


def _tools_status(vm: Vm, *, running: bool) -> str:
    if vm.tools_status == "guestToolsNotInstalled":
        return "toolsNotInstalled"
    return "toolsOk" if running else "toolsNotRunning"


def summary(world: World, vm: Vm) -> Tree:
    """Encode `summary`."""
    return data(
        "VirtualMachineSummary",
        vm=refer(world, vm.moid),
        runtime=runtime(world, vm),
        guest=data("VirtualMachineGuestSummary", guestId=GUEST[0], toolsVersionStatus2=vm.tools_status),
        config=_config_summary(world, vm),
        storage=data(
            "VirtualMachineStorageSummary",
            committed=sum(disk.capacity for disk in vm.disks) // 2,
            uncommitted=sum(disk.capacity for disk in vm.disks) // 2,
            unshared=sum(disk.capacity for disk in vm.disks) // 2,
            timestamp=timestamp(world.now),
        ),
        quickStats=_quick_stats(vm),
        overallStatus="green",
    )


def _quick_stats(vm: Vm) -> Tree:
    on = vm.power_state == "poweredOn"
    return data(
        "VirtualMachineQuickStats",
        overallCpuUsage=120 * vm.cpus if on else 0,
        overallCpuDemand=130 * vm.cpus if on else 0,
        overallCpuReadiness=vm.cpu_ready if on else 0,
        guestMemoryUsage=vm.memory_mb // 4 if on else 0,
        hostMemoryUsage=(vm.host_memory_mb or vm.memory_mb) if on else 0,
        guestHeartbeatStatus="green" if on else "gray",
        privateMemory=vm.memory_mb if on else 0,
        sharedMemory=0,
        swappedMemory=vm.swapped_mb,
        balloonedMemory=vm.ballooned_mb,
        compressedMemory=vm.compressed_kb,
        uptimeSeconds=3600 if on else 0,
    )


def snapshot(world: World, vm: Vm) -> Tree | None:
    """Encode `snapshot`, unset without snapshots; the current one is the last leaf."""
    if not vm.snapshots:
        return None
    leaf = vm.snapshots[-1]
    while leaf.children:
        leaf = leaf.children[-1]
    roots = [_snapshot(world, vm, each) for each in vm.snapshots]
    current = reference("VirtualMachineSnapshot", leaf.moid)
    return data("VirtualMachineSnapshotInfo", currentSnapshot=current, rootSnapshotList=roots)


def _snapshot(world: World, vm: Vm, snap: Snapshot) -> Tree:
    return data(
        "VirtualMachineSnapshotTree",
        snapshot=reference("VirtualMachineSnapshot", snap.moid),
        vm=refer(world, vm.moid),
        name=wire_name(snap.name),
        description="",
        id=int(snap.moid.rpartition("-")[2]),
        createTime=timestamp(snap.created),
        state="poweredOff",
        quiesced=False,
        childSnapshotList=[_snapshot(world, vm, child) for child in snap.children] or None,
        replaySupported=False,
    )


def layout(world: World, vm: Vm) -> Tree | None:
    """Encode `layoutEx`: a descriptor and an extent for each file of each disk, and each snapshot's data."""
    if not vm.has_config:
        return None
    files: list[Tree] = []

    def file(name: str, kind: str, size: int) -> int:
        files.append(
            data(
                "VirtualMachineFileLayoutExFileInfo",
                key=len(files),
                name=name,
                type=kind,
                size=size,
                uniqueSize=size,
                accessible=True,
            )
        )
        return len(files) - 1

    home = _home(world, vm)
    file(f"{home}{vm.moid}.vmx", "config", 3000)
    chains = {disk.key: _chain(disk.files, disk.capacity, file) for disk in vm.disks}
    snapshots = [
        data(
            "VirtualMachineFileLayoutExSnapshotLayout",
            key=reference("VirtualMachineSnapshot", snap.moid),
            dataKey=file(f"{home}{vm.moid}-{snap.moid}.vmsn", "snapshotData", 30_000),
            memoryKey=-1,
            disk=_disk_layouts(chains),
        )
        for snap in every_snapshot(vm.snapshots)
    ]
    return data(
        "VirtualMachineFileLayoutEx",
        file=files,
        disk=_disk_layouts(chains),
        snapshot=snapshots or None,
        timestamp=timestamp(world.now),
    )


def _chain(names: tuple[str, ...], capacity: int, file: FileMaker) -> list[Tree]:
    """Lay out one disk's files, the base first; a delta holds a tenth of the disk."""
    units = []
    for number, name in enumerate(reversed(names)):
        size = capacity // 10 if number else capacity
        keys = [file(name, "diskDescriptor", 600), file(name.replace(".vmdk", "-flat.vmdk"), "diskExtent", size)]
        units.append(data("VirtualMachineFileLayoutExDiskUnit", fileKey=keys))
    return units


def _disk_layouts(chains: dict[int, list[Tree]]) -> list[Tree]:
    return [data("VirtualMachineFileLayoutExDiskLayout", key=key, chain=chain) for key, chain in chains.items()]


def every_snapshot(roots: tuple[Snapshot, ...]) -> Iterator[Snapshot]:
    """Walk the trees of snapshots, each before those made upon it."""
    for snap in roots:
        yield snap
        yield from every_snapshot(snap.children)


def storage(world: World, vm: Vm) -> Tree:
    """Encode `storage`: usage per datastore."""
    usage = [
        data(
            "VirtualMachineUsageOnDatastore",
            datastore=refer(world, moid),
            committed=sum(disk.capacity for disk in vm.disks if disk.datastore == moid) // 2,
            uncommitted=0,
            unshared=0,
        )
        for moid in vm.datastores
        if isinstance(world.entities[moid], Datastore)
    ]
    return data("VirtualMachineStorageInfo", perDatastoreUsage=usage, timestamp=timestamp(world.now))


def _resource_config(world: World, vm: Vm) -> Tree:
    entity = refer(world, vm.moid)
    return data(
        "ResourceConfigSpec",
        entity=entity,
        cpuAllocation=_allocation(vm.cpu_reservation_mhz),
        memoryAllocation=_allocation(vm.memory_reservation_mb),
    )


VM: Encoders = {
    **ENTITY,
    "capability": always(CAPABILITY),
    "config": config,
    "datastore": lambda world, vm: [refer(world, moid) for moid in vm.datastores],
    "environmentBrowser": lambda _world, vm: reference("EnvironmentBrowser", f"envbrowser-{vm.moid}"),
    "guest": guest,
    "guestHeartbeatStatus": lambda _world, vm: "green" if vm.power_state == "poweredOn" else "gray",
    "layoutEx": layout,
    "network": lambda world, vm: [refer(world, nic.network) for nic in vm.nics],
    "resourceConfig": _resource_config,
    "resourcePool": lambda world, vm: refer(world, vm.pool) if vm.pool else None,
    "rootSnapshot": lambda _world, vm: [reference("VirtualMachineSnapshot", snap.moid) for snap in vm.snapshots],
    "runtime": runtime,
    "snapshot": snapshot,
    "storage": storage,
    "summary": summary,
}

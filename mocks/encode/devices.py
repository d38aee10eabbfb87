"""Virtual devices of a VM, with the keys that vSphere gives them."""

from mocks.encode.value import Tree, data, refer, wire_name
from mocks.world import Datastore, Disk, Drive, Nic, PortGroup, Switch, Vm, World

CONTROLLERS: tuple[Tree, ...] = (
    data("VirtualIDEController", key=200, deviceInfo=data("Description", label="IDE 0", summary="IDE 0"), busNumber=0),
    data("VirtualIDEController", key=201, deviceInfo=data("Description", label="IDE 1", summary="IDE 1"), busNumber=1),
    data(
        "VirtualPS2Controller",
        key=300,
        deviceInfo=data("Description", label="PS2 controller 0", summary="PS2 controller 0"),
        busNumber=0,
        device=[600, 700],
    ),
    data(
        "VirtualPCIController",
        key=100,
        deviceInfo=data("Description", label="PCI controller 0", summary="PCI controller 0"),
        busNumber=0,
        device=[500, 12000, 1000, 15000, 4000, 4001],
    ),
    data(
        "VirtualKeyboard",
        key=600,
        deviceInfo=data("Description", label="Keyboard", summary="Keyboard"),
        controllerKey=300,
        unitNumber=0,
    ),
    data(
        "VirtualPointingDevice",
        key=700,
        deviceInfo=data("Description", label="Pointing device", summary="Pointing device; Device"),
        backing=data(
            "VirtualPointingDeviceDeviceBackingInfo",
            deviceName="",
            useAutoDetect=False,
            hostPointingDevice="autodetect",
        ),
        controllerKey=300,
        unitNumber=1,
    ),
    data(
        "VirtualMachineVideoCard",
        key=500,
        deviceInfo=data("Description", label="Video card ", summary="Video card"),
        controllerKey=100,
        unitNumber=0,
        videoRamSizeInKB=8192,
        numDisplays=1,
    ),
    data(
        "VirtualMachineVMCIDevice",
        key=12000,
        deviceInfo=data("Description", label="VMCI device", summary="Device on the virtual machine PCI bus"),
        controllerKey=100,
        unitNumber=17,
        id=-1,
        allowUnrestrictedCommunication=False,
        filterEnable=True,
    ),
    data(
        "ParaVirtualSCSIController",
        key=1000,
        deviceInfo=data("Description", label="SCSI controller 0", summary="VMware paravirtual SCSI"),
        controllerKey=100,
        unitNumber=3,
        busNumber=0,
        device=[2000, 2001],
        hotAddRemove=True,
        sharedBus="noSharing",
        scsiCtlrUnitNumber=7,
    ),
    data(
        "VirtualAHCIController",
        key=15000,
        deviceInfo=data("Description", label="SATA controller 0", summary="AHCI"),
        controllerKey=100,
        unitNumber=24,
        busNumber=0,
        device=[16000],
    ),
)


def devices(world: World, vm: Vm) -> list[Tree]:
    """Encode `config.hardware.device`: controllers, then media, disks and network adapters."""
    return [
        *CONTROLLERS,
        *(_drive(world, drive) for drive in vm.drives),
        *(_disk(world, number, disk) for number, disk in enumerate(vm.disks)),
        *(_nic(world, number, nic) for number, nic in enumerate(vm.nics)),
    ]


def _drive(world: World, drive: Drive) -> Tree:
    noun = "Floppy drive" if drive.floppy else "CD/DVD drive"
    return data(
        "VirtualFloppy" if drive.floppy else "VirtualCdrom",
        key=drive.key,
        deviceInfo=data("Description", label=f"{noun} {drive.key % 1000 + 1}", summary=_medium_summary(world, drive)),
        backing=_medium(world, drive),
        connectable=_connectable(drive),
        controllerKey=400 if drive.floppy else 15000,
        unitNumber=drive.key % 1000,
    )


def _connectable(drive: Drive) -> Tree:
    return data(
        "VirtualDeviceConnectInfo",
        migrateConnect="unset",
        startConnected=drive.start_connected,
        allowGuestControl=True,
        connected=drive.connected,
        status="ok" if drive.connected else "untried",
    )


def _medium_summary(world: World, drive: Drive) -> str:
    if drive.medium == "iso":
        return f"ISO {_file(world, drive)}"
    return "Remote device" if drive.medium == "client" else "Host device"


def _file(world: World, drive: Drive) -> str:
    store = world.entities[drive.datastore or ""]
    return f"[{store.name}] {drive.file}"


def _medium(world: World, drive: Drive) -> Tree:
    prefix = "VirtualFloppy" if drive.floppy else "VirtualCdrom"
    if drive.medium == "iso":
        image = "ImageBackingInfo" if drive.floppy else "IsoBackingInfo"
        return data(
            f"{prefix}{image}",
            fileName=_file(world, drive),
            datastore=refer(world, drive.datastore or ""),
            backingObjectId="",
        )
    if drive.medium == "host":
        name = "DeviceBackingInfo" if drive.floppy else "AtapiBackingInfo"
        return data(f"{prefix}{name}", deviceName="/vmfs/devices/cdrom/mpx.vmhba32:C0:T0:L0", useAutoDetect=False)
    if drive.floppy:
        return data(f"{prefix}RemoteDeviceBackingInfo", deviceName="", useAutoDetect=False)
    return data(f"{prefix}RemotePassthroughBackingInfo", deviceName="", useAutoDetect=False, exclusive=False)


def _disk(world: World, number: int, disk: Disk) -> Tree:
    kilobytes = disk.capacity // 1024
    return data(
        "VirtualDisk",
        key=disk.key,
        deviceInfo=data("Description", label=f"Hard disk {number + 1}", summary=f"{kilobytes:,} KB"),
        backing=_backing(world, disk),
        controllerKey=1000,
        unitNumber=number,
        capacityInKB=kilobytes,
        capacityInBytes=disk.capacity,
        diskObjectId=f"1-{disk.key}",
    )


def _backing(world: World, disk: Disk) -> Tree | None:
    """Encode a disk's chain of files, each file's backing inside that of the delta upon it."""
    backing: Tree | None = None
    for file in reversed(disk.files):
        backing = data(
            "VirtualDiskFlatVer2BackingInfo",
            fileName=file,
            datastore=refer(world, disk.datastore),
            backingObjectId="",
            diskMode="persistent",
            thinProvisioned=True,
            eagerlyScrub=False,
            parent=backing,
        )
    return backing


def _nic(world: World, number: int, nic: Nic) -> Tree:
    return data(
        "VirtualVmxnet3",
        key=nic.key,
        deviceInfo=data("Description", label=f"Network adapter {number + 1}", summary=world.entities[nic.network].name),
        backing=_port(world, nic),
        connectable=data(
            "VirtualDeviceConnectInfo", startConnected=True, allowGuestControl=True, connected=True, status="ok"
        ),
        controllerKey=100,
        unitNumber=7 + number,
        addressType="assigned",
        macAddress=nic.mac,
        wakeOnLanEnabled=True,
        uptCompatibilityEnabled=True,
    )


def _port(world: World, nic: Nic) -> Tree:
    network = world.entities[nic.network]
    if not isinstance(network, PortGroup):
        return data(
            "VirtualEthernetCardNetworkBackingInfo",
            deviceName=wire_name(network.name),
            useAutoDetect=False,
            network=refer(world, nic.network),
        )
    switch = world.entities[network.switch]
    port = data(
        "DistributedVirtualSwitchPortConnection",
        switchUuid=switch.uuid if isinstance(switch, Switch) else "",
        portgroupKey=network.moid,
        portKey=str(nic.key),
    )
    return data("VirtualEthernetCardDistributedVirtualPortBackingInfo", port=port)


def store_name(world: World, vm: Vm) -> str:
    """Name the datastore that holds the VM's home folder."""
    store = world.entities[vm.disks[0].datastore] if vm.disks else None
    return store.name if isinstance(store, Datastore) else "unknown"

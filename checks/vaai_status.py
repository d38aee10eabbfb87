"""vaai-status: whether the array takes work off the hosts."""

from collections.abc import Iterator, Mapping

from vhealthd.checkapi import Inventory, Limits, Need, check
from vhealthd.model import (
    Category,
    Examined,
    Finding,
    Host,
    Lun,
    Message,
    NotExamined,
    Severity,
    Unseen,
    Verdict,
    Volume,
)

UNSUPPORTED = Message(
    "vaai-status.unsupported", "The array does not accelerate the LUN {lun}: its status on this host is {vaai}"
)
UNDECIDED = Message("vaai-status.undecided", "Whether the array accelerates the LUN {lun} is not known ({vaai})")
SWITCHED_OFF = Message(
    "vaai-status.switched-off", "{primitive} is switched off on this host ({option} is {value}, the limit is 1)"
)
NO_RECLAIM = Message(
    "vaai-status.no-reclaim",
    "Space that is deleted on VMFS 5 ({volumes}) is not given back to the array by itself ({option} is {value})",
)
NOT_CONNECTED = Message("vaai-status.not-connected", "the host is not connected ({connection_state})")
NO_STATUS = Message("vaai-status.no-status", "vCenter does not say whether the array accelerates it")
NO_OPTION = Message("vaai-status.no-option", "the host has no setting {option}")

PRIMITIVES = {
    "VMFS3.HardwareAcceleratedLocking": Message("vaai-status.locking", "Locking by the array (ATS)"),
    "DataMover.HardwareAcceleratedMove": Message("vaai-status.copying", "Copying by the array (XCOPY)"),
    "DataMover.HardwareAcceleratedInit": Message("vaai-status.zeroing", "Zeroing by the array (Write Same)"),
}
DELETE = "VMFS3.EnableBlockDelete"
VMFS_5 = 5


@check(
    title="VAAI status",
    category=Category.STORAGE,
    needs={Need.HOSTS, Need.HOST_LUNS, Need.HOST_VOLUMES, Need.HOST_OPTIONS},
    maximum=Severity.WARNING,
    what="Whether arrays support hardware acceleration (VAAI) for the LUNs of each host, and whether locking, copying "
    "and zeroing by the array are switched on there. Where a host has a VMFS 5 volume, also whether deleted space goes "
    "back to the array.",
    why="Without it hosts lock whole LUNs instead of blocks, and copy and zero every block through their own adapters: "
    "cloning, Storage vMotion and new disks are slow, and many virtual machines on a LUN hinder each other.",
    fix="Set the named advanced setting of the host back to 1. For an unsupported LUN see the array's licence and "
    "firmware and the host's claim rules; `esxcli storage core device vaai status get` shows each primitive.",
    blind_spots="vCenter tells the support of a LUN as a whole, and only the host's switch of each primitive. Local "
    "disks and NFS are left out. On VMFS 6 the reclaiming of space is a setting of each volume and not judged.",
    kb="318941",
)
def vaai_status(inventory: Inventory, limits: Limits) -> Iterator[Verdict]:  # noqa: ARG001 - every check takes limits
    """Judge the LUNs and the switches of each host."""
    for host in inventory.hosts:
        if not host.connected:
            yield NotExamined(host, Unseen(NOT_CONNECTED(connection_state=host.connection_state)))
            continue
        luns, options = inventory.host_luns[host.ref], inventory.host_options[host.ref]
        if isinstance(luns, Unseen) and isinstance(options, Unseen):
            yield NotExamined(host, luns)
            continue
        yield Examined(host)
        if isinstance(luns, Unseen):
            yield NotExamined(host, luns, rule="luns", hides_all=True)
        else:
            yield from _luns(host, luns)
        if isinstance(options, Unseen):
            yield NotExamined(host, options, rule="switches", hides_all=True)
        else:
            yield from _switches(host, options)
            yield from _delete(host, options, inventory.host_volumes[host.ref])


def _luns(host: Host, luns: tuple[Lun, ...]) -> Iterator[Verdict]:
    for lun in luns:
        if lun.local or lun.detached or lun.vaai == "vStorageSupported":
            continue
        if lun.vaai is None:
            yield NotExamined(host, Unseen(NO_STATUS()), rule=lun.canonical_name)
        elif lun.vaai == "vStorageUnsupported":
            text = UNSUPPORTED(lun=lun.canonical_name, vaai=lun.vaai)
            yield Finding(Severity.WARNING, host, text, lun.canonical_name)
        else:
            text = UNDECIDED(lun=lun.canonical_name, vaai=lun.vaai)
            yield Finding(Severity.INFO, host, text, lun.canonical_name)


def _switches(host: Host, options: Mapping[str, str | int]) -> Iterator[Verdict]:
    for option, primitive in PRIMITIVES.items():
        value = options.get(option)
        if value is None:
            yield NotExamined(host, Unseen(NO_OPTION(option=option)), rule=option)
        elif value == 0:
            text = SWITCHED_OFF(primitive=primitive(), option=option, value=value)
            yield Finding(Severity.WARNING, host, text, option)


def _delete(host: Host, options: Mapping[str, str | int], volumes: tuple[Volume, ...] | Unseen) -> Iterator[Verdict]:
    """Judge the switch that matters for VMFS 5 only, where it is off by default."""
    if isinstance(volumes, Unseen):
        yield NotExamined(host, volumes, rule=DELETE)
        return
    old = [one.name for one in volumes if one.type == "VMFS" and one.major_version == VMFS_5]
    if old and options.get(DELETE) == 0:
        text = NO_RECLAIM(volumes=", ".join(sorted(old)), option=DELETE, value=0)
        yield Finding(Severity.INFO, host, text, DELETE)

"""Facets of virtual machines that only the opt-in checks read."""

import re

from vhealthd.inventory import Need
from vhealthd.model import GuestDisk, Question, VmIdentity, VmPressure
from vhealthd.vcenter.records.facet import MB, Facet, Props
from vhealthd.vcenter.wire import dig, each

_KB = 1024
_HARDWARE = re.compile(r"vmx-0*(\d+)")
# vCenter puts the id of the message before the sentence: `msg.uuid.altered:This virtual machine ...`.
_MESSAGE_ID = re.compile(r"^(msg|vob)\.[\w.-]+:\s*")


def _hardware_version(props: Props) -> int | None:
    found = _HARDWARE.fullmatch(str(props.get("config.version") or ""))
    return int(found[1]) if found else None


def _cpu_ready(props: Props) -> int | None:
    """Return whole per cent, as vCenter gives it: 5 is 5 % of the time."""
    percent = props.get("summary.quickStats.overallCpuReadiness")
    return None if percent is None else int(percent)


def _pressure(props: Props) -> VmPressure | None:
    ballooned, swapped, compressed = (
        props.get(f"summary.quickStats.{name}Memory") for name in ("ballooned", "swapped", "compressed")
    )
    if ballooned is None and swapped is None and compressed is None:
        return None
    configured = props.get("summary.config.memorySizeMB")
    return VmPressure(
        configured=configured * MB if configured else None,
        ballooned=(ballooned or 0) * MB,
        swapped=(swapped or 0) * MB,
        compressed=(compressed or 0) * _KB,  # the one of the three that comes in KB
    )


def _guest_disks(props: Props) -> tuple[GuestDisk, ...] | None:
    disks = props.get("guest.disk")
    if disks is None:
        return None
    return tuple(
        GuestDisk(path=str(path), capacity=capacity, free=free)
        for one in each({"disk": disks}, "disk")
        if (path := one.get("diskPath"))
        and (capacity := one.get("capacity")) is not None
        and (free := one.get("freeSpace")) is not None
    )


def _identity(props: Props) -> VmIdentity | None:
    devices = props.get("config.hardware.device")
    if devices is None:
        return None
    macs = (one.get("macAddress") for one in each({"device": devices}, "device"))
    return VmIdentity(
        bios_uuid=_lower(props.get("config.uuid")),
        instance_uuid=_lower(props.get("config.instanceUuid")),
        macs=tuple(mac.lower() for mac in macs if mac),
        # The primary is the first of its pair.
        fault_tolerance_copy=(dig(props.get("config.ftInfo"), "role") or 1) > 1,
    )


def _lower(value: str | None) -> str | None:
    return value.lower() if value else None


def _question(props: Props) -> tuple[Question, ...]:
    """Return the one question, or none: `runtime` is known of every VM, and without a question it has no such field."""
    text = dig(props.get("runtime.question"), "text")
    return (Question(text=_MESSAGE_ID.sub("", " ".join(str(text).split()))),) if text else ()


EXTRA_FACETS = (
    Facet(Need.VM_HARDWARE_VERSION, "VirtualMachine", ("config.version",), _hardware_version),
    Facet(Need.VM_CPU_READY, "VirtualMachine", ("summary.quickStats.overallCpuReadiness",), _cpu_ready),
    Facet(
        Need.VM_PRESSURE,
        "VirtualMachine",
        (
            "summary.config.memorySizeMB",
            "summary.quickStats.balloonedMemory",
            "summary.quickStats.swappedMemory",
            "summary.quickStats.compressedMemory",
        ),
        _pressure,
    ),
    Facet(Need.VM_GUEST_DISKS, "VirtualMachine", ("guest.disk",), _guest_disks),
    Facet(
        Need.VM_IDENTITY,
        "VirtualMachine",
        ("config.uuid", "config.instanceUuid", "config.hardware.device", "config.ftInfo"),
        _identity,
    ),
    Facet(Need.VM_QUESTION, "VirtualMachine", ("runtime.question",), _question),
)

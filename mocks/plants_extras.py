"""Planted defects for the opt-in checks, on VMs that are healthy otherwise, with decoys beside them.

The truth of these is that of a scan which switches them on.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from mocks.world import GIB, Planted, Severity, Vm

if TYPE_CHECKING:
    from mocks.plants import Site

AGENTS = ("tpl-linux-13", "vCLS-4c4c4544-0042", "nsx-agent-01", "srm-web-01")


def _vm(site: "Site", name: str) -> Vm:
    return site.build.world.named(Vm, name)


def vm_hardware_version(site: "Site") -> Iterator[Planted]:
    """Plant old and dated hardware; decoys: exactly the advised version, and an old template."""
    cases: tuple[tuple[str, int, Severity | None], ...] = (
        ("web-01", 9, "warning"),
        ("web-02", 15, "info"),
        ("web-03", 19, None),
        ("tpl-linux-13", 8, None),
    )
    for name, version, severity in cases:
        _vm(site, name).hardware_version = version
        if severity:
            yield Planted("vm-hardware-version", severity, Vm.kind, name)


def cpu_ready(site: "Site") -> Iterator[Planted]:
    """Plant machines that wait beyond both limits; decoys: exactly 5 %, and an agent that waits."""
    cases: tuple[tuple[str, int, Severity | None], ...] = (
        ("app-01", 14, "critical"),
        ("app-02", 6, "warning"),
        ("app-03", 5, None),
        ("nsx-agent-01", 40, None),
    )
    for name, percent, severity in cases:
        _vm(site, name).cpu_ready = percent
        if severity:
            yield Planted("cpu-ready", severity, Vm.kind, name)


def memory_pressure(site: "Site") -> Iterator[Planted]:
    """Plant ballooning, swapping and compressing; decoys: shares of exactly the limits, and a machine that is off."""
    ballooned, swapped, compressed = (_vm(site, f"db-0{number}") for number in (1, 2, 3))
    for vm in (ballooned, swapped, compressed):
        vm.memory_mb = 10_000
    ballooned.ballooned_mb = 2500
    yield Planted("memory-pressure", "warning", Vm.kind, ballooned.name, "ballooned")
    swapped.swapped_mb, swapped.ballooned_mb = 1500, 1000
    yield Planted("memory-pressure", "critical", Vm.kind, swapped.name, "swapped")
    compressed.compressed_kb = 200 * 1024
    yield Planted("memory-pressure", "warning", Vm.kind, compressed.name, "swapped")
    _vm(site, "dr-standby").swapped_mb = 4000
    for name in AGENTS:
        _vm(site, name).ballooned_mb = _vm(site, name).memory_mb // 2


def guest_disk_space(site: "Site") -> Iterator[Planted]:
    """Plant file systems beyond both limits; decoys: exactly 90 %, a full boot partition, a guest without tools."""
    _vm(site, "queue-01").guest_disks = (("/", 40 * GIB, 20 * GIB), ("/var", 100 * GIB, 2 * GIB))
    yield Planted("guest-disk-space", "critical", Vm.kind, "queue-01", "/var")
    _vm(site, "queue-02").guest_disks = (("C:\\", 100 * GIB, 8 * GIB), ("D:\\", 100 * GIB, 10 * GIB))
    yield Planted("guest-disk-space", "warning", Vm.kind, "queue-02", "C:\\")
    _vm(site, "queue-03").guest_disks = (("/boot/efi", GIB // 2, GIB // 100), ("/", 10 * GIB, GIB))
    _vm(site, "print-01").guest_disks = (("/", 10 * GIB, 0),)


def duplicate_identity(site: "Site") -> Iterator[Planted]:
    """Plant a MAC address that two machines use, and a copy that is off.

    Decoys: a placeholder that is a copy of its machine, and the second half of a fault tolerant pair.
    """
    first, second = _vm(site, "build-01"), _vm(site, "build-02")
    second.nics = (replace(second.nics[0], mac=first.nics[0].mac.upper()), *second.nics[1:])
    for vm in (first, second):
        yield Planted("duplicate-identity", "warning", Vm.kind, vm.name, f"mac {first.nics[0].mac}")
    original, copy = _vm(site, "mon-01"), _vm(site, "dr-standby")
    copy.uuid, copy.instance_uuid = original.uuid, copy.uuid
    for vm in (original, copy):
        yield Planted("duplicate-identity", "info", Vm.kind, vm.name, "bios-uuid")
    _be(_vm(site, "srm-web-01"), _vm(site, "mon-02"))
    primary, secondary = _vm(site, "files-01"), _vm(site, "files-02")
    secondary.instance_uuid, secondary.secondary_of = secondary.uuid, primary.uuid
    secondary.uuid, secondary.nics = primary.uuid, primary.nics


def _be(copy: Vm, original: Vm) -> None:
    copy.uuid, copy.instance_uuid, copy.nics = original.uuid, original.instance_uuid, original.nics


def pending_question(site: "Site") -> Iterator[Planted]:
    """Plant questions of a machine that runs and of one that is to start; decoy: one of a disconnected host."""
    asks = 'There is no more space for virtual disk "disk.vmdk". Click Retry to go on, or Cancel to end the session.'
    cases: tuple[tuple[str, Severity | None], ...] = (
        ("cache-01", "critical"),
        ("vdi-golden", "warning"),
        ("branch-01", None),
        ("nsx-agent-01", None),
    )
    for name, severity in cases:
        _vm(site, name).question = asks
        if severity:
            yield Planted("pending-question", severity, Vm.kind, name)


EXTRAS = (vm_hardware_version, cpu_ready, memory_pressure, guest_disk_space, duplicate_identity, pending_question)

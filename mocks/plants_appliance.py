"""Planted defects of vCenter's own machine: health, backups, certificates, licences, the account root."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from mocks.build import backup
from mocks.certificates import certificate_of, root_certificate, signing_certificate, thumbprint
from mocks.machine import Backup, Licence
from mocks.world import Planted, Severity

if TYPE_CHECKING:
    from mocks.plants import Site

VCENTER = "VirtualCenter"
HIDDEN = "*****-*****-*****-*****-"


def vcenter_appliance(site: "Site") -> Iterator[Planted]:
    """Plant ill parts, services and full partitions.

    Decoys: gray, exactly 80 per cent, a partition without figures, services that are stopped by hand or disabled.
    """
    appliance = site.build.world.appliance
    for item, colour, severity in _colours():
        appliance.health[item] = colour
        yield Planted("vcenter-appliance", severity, VCENTER, None, f"health:{item}")
    appliance.health["database-storage"] = "gray"
    appliance.services["vlcm"].state, appliance.services["vlcm"].health = "STOPPED", None
    yield Planted("vcenter-appliance", "critical", VCENTER, None, "service:vlcm")
    appliance.services["content-library"].health = "DEGRADED"
    yield Planted("vcenter-appliance", "warning", VCENTER, None, "service:content-library")
    appliance.services["netdumper"].startup = "DISABLED"
    appliance.services["perfcharts"].health = "HEALTHY_WITH_WARNINGS"
    appliance.filesystem_used |= {"log": 0.85, "seat": 0.93, "core": 0.8}
    appliance.unmeasured = ("lifecycle",)
    yield Planted("vcenter-appliance", "warning", VCENTER, None, "partition:log")
    yield Planted("vcenter-appliance", "critical", VCENTER, None, "partition:seat")


def _colours() -> tuple[tuple[str, str, Severity], ...]:
    return (
        ("mem", "orange", "warning"),
        ("swap", "yellow", "warning"),
        ("storage", "red", "critical"),
        ("software-packages", "orange", "info"),
    )


def vcenter_backup(site: "Site") -> Iterator[Planted]:
    """Plant a failed backup after a good one that is too old; decoys: one runs now, an old schedule is disabled."""
    world = site.build.world
    running = Backup(started=world.now - timedelta(minutes=3), ended=None, status="RUNNING")
    world.appliance.backups = (backup(world.now, 29), backup(world.now, 5, "FAILED"), running)
    world.appliance.schedules["weekly"] = False
    yield Planted("vcenter-backup", "critical", VCENTER, None, "job")


def root_password_expiry(site: "Site") -> Iterator[Planted]:
    """Plant a password that has ten days left."""
    world = site.build.world
    world.appliance.root_expires = world.now + timedelta(days=10)
    yield Planted("root-password-expiry", "warning", VCENTER, None)


def certificate_expiry(site: "Site") -> Iterator[Planted]:
    """Plant certificates near their end: the one that signs tokens, a trusted root that issued it, hosts'.

    Decoys: those of hosts and of vCenter beyond 60 days, and the last known one of a disconnected host.
    """
    world = site.build.world
    appliance = world.appliance
    for number, days in ((1, 60.5), (2, 80), (3, 50), (4, 5), (6, -3), (8, -3)):
        site.host(number).certificate_until = world.now + timedelta(days=days)
    appliance.certificate_until = world.now + timedelta(days=61)
    appliance.signing_until = world.now + timedelta(days=80)
    appliance.root_until = world.now + timedelta(days=10)
    signing, root = thumbprint(signing_certificate(world)), thumbprint(root_certificate(world))
    yield Planted("certificate-expiry", "warning", VCENTER, None, f"sts-signing:{signing}")
    yield Planted("certificate-expiry", "critical", VCENTER, None, f"trusted-root:{root}")
    severities: tuple[tuple[int, Severity], ...] = ((3, "warning"), (4, "info"), (6, "critical"))
    for number, severity in severities:
        host = site.host(number)
        yield Planted(
            "certificate-expiry", severity, host.kind, host.name, f"host:{thumbprint(certificate_of(world, host))}"
        )


def license_expiry(site: "Site") -> Iterator[Planted]:
    """Plant licences near their end, one that is used too much, and a host on evaluation.

    Decoys: a perpetual licence, one without a limit, and the row that stands for evaluation.
    """
    world = site.build.world
    cases: tuple[tuple[str, str, int, int, float | None, str | None], ...] = (
        ("vsan.advanced", "AAAA1", 32, 8, 40, "warning expiry"),
        ("vc.standard", "AAAA2", 2, 1, 10, "critical expiry"),
        ("esx.standard", "AAAA3", 16, 0, -30, "info expiry"),
        ("srm.enterprise", "AAAA4", 25, 30, None, "warning usage"),
        ("nsx.unlimited", "AAAA5", 0, 40, None, None),
    )
    for edition, end, total, used, days, planted in cases:
        expires = None if days is None else world.now + timedelta(days=days)
        key = f"1A2B3-4C5D6-7E8F9-0G1H2-{end}"
        world.licences.append(
            Licence(key=key, edition=edition, name=f"Licence {edition}", total=total, used=used, expires=expires)
        )
        if planted:
            severity, rule = planted.split()
            yield _licence_truth(severity, f"{rule}:{edition} {HIDDEN}{end}")
    world.evaluating[site.host(7).moid] = world.now + timedelta(days=40)
    yield Planted("license-expiry", "warning", VCENTER, None, "evaluation")


def _licence_truth(severity: str, key: str) -> Planted:
    known: dict[str, Severity] = {"critical": "critical", "warning": "warning", "info": "info"}
    return Planted("license-expiry", known[severity], VCENTER, None, key)


APPLIANCE = (vcenter_appliance, vcenter_backup, root_password_expiry, certificate_expiry, license_expiry)

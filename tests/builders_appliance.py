"""Records of vCenter's own machine, of certificates and of licences, and estates with one of these parts."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from tests.builders import NOW, ago, host, inventory
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import (
    Appliance,
    BackupJob,
    Backups,
    BackupSchedule,
    Certificate,
    Certificates,
    Evaluation,
    HealthItem,
    Host,
    HostCertificate,
    License,
    Licenses,
    Partition,
    RootAccount,
    Service,
    Unseen,
)


def estate_with(need: Need, part: object) -> Inventory:
    """Return an estate with one part more."""
    return with_parts(inventory(), {need: part})


def with_parts(given: Inventory, parts: dict[Need, object]) -> Inventory:
    return replace(given, parts={**given.parts, **parts})


def every_part() -> dict[Need, object]:
    """Return each of these parts, with something to say in it."""
    return {
        Need.APPLIANCE: appliance(health=[item("mem", "red")]),
        Need.BACKUPS: backups(schedules=[]),
        Need.ROOT_ACCOUNT: root(left_days=1),
        Need.CERTIFICATES: certificates(served=certificate(left_days=1)),
        Need.LICENSES: licenses(license_(left_days=1)),
    }


def within(days: float) -> datetime:
    return NOW + timedelta(days=days)


# --- the appliance


def item(name: str = "mem", colour: str | Unseen = "green", *messages: str) -> HealthItem:
    return HealthItem(item=name, colour=colour, messages=messages)


def partition(name: str = "log", used_percent: float | None = 40) -> Partition:
    return Partition(partition=name, used_percent=used_percent)


def appliance(
    *,
    health: Iterable[HealthItem] | Unseen = (),
    services: Iterable[Service] | Unseen = (),
    partitions: Iterable[Partition] | Unseen = (),
) -> Appliance:
    return Appliance(
        health=health if isinstance(health, Unseen) else tuple(health),
        services=services if isinstance(services, Unseen) else tuple(services),
        partitions=partitions if isinstance(partitions, Unseen) else tuple(partitions),
    )


NIGHTLY = BackupSchedule(name="default", enabled=True)


def job(hours_ago: float | None = 7, status: str = "SUCCEEDED", *messages: str) -> BackupJob:
    """Return a backup that ended so long ago; None for one that is not over."""
    ended = None if hours_ago is None else ago(hours=hours_ago)
    return BackupJob(
        name=f"job-{hours_ago}", status=status, started=ended or ago(minutes=5), ended=ended, messages=messages
    )


def backups(
    *jobs: BackupJob,
    schedules: Iterable[BackupSchedule] | Unseen = (NIGHTLY,),
    unseen_jobs: Unseen | None = None,
) -> Backups:
    return Backups(schedules=schedules if isinstance(schedules, Unseen) else tuple(schedules), jobs=unseen_jobs or jobs)


def root(left_days: float | None) -> RootAccount:
    return RootAccount(password_expires=None if left_days is None else within(left_days), locked_from=None)


# --- certificates


def certificate(role: str = "machine-ssl", *, left_days: float = 400, name: str = "a") -> Certificate:
    """Return a certificate whose thumbprint is `name`."""
    return Certificate(
        role=role,
        subject=f"CN={name}",
        issuer="CN=CA",
        thumbprint=name,
        not_before=ago(days=300),
        not_after=within(left_days),
    )


def certificates(
    *,
    served: Certificate | Unseen | None = None,
    configured: Certificate | Unseen | None = None,
    signing: tuple[Certificate | Unseen, ...] | Unseen | None = None,
    roots: tuple[Certificate | Unseen, ...] | Unseen | None = None,
    hosts: dict[Host, Certificate | Unseen] | Unseen | None = None,
) -> Certificates:
    """Return certificates that are good for long, but for those given."""
    of_hosts = {host(): certificate("host", name="h")} if hosts is None else hosts
    return Certificates(
        served=served or certificate(),
        configured=configured or certificate("machine-ssl-configured", name="a"),
        signing=signing or (certificate("sts-signing", name="s"),),
        roots=roots or (certificate("trusted-root", name="r"),),
        hosts=of_hosts
        if isinstance(of_hosts, Unseen)
        else tuple(HostCertificate(host=one, certificate=mine) for one, mine in of_hosts.items()),
    )


# --- licences


def license_(  # the plain name is a builtin
    edition: str = "esx",
    *,
    left_days: float | None = None,
    total: int = 32,
    used: int | None = 18,
) -> License:
    masked = "*****-*****-*****-*****-AAAA1"
    return License(
        label=f"{edition} {masked}",
        name="vSphere Enterprise",
        masked_key=masked,
        total=total,
        used=used,
        unit="cpuPackage",
        expires=None if left_days is None else within(left_days),
    )


def evaluation(left_days: float | None, entity: str = "esx01") -> Evaluation:
    return Evaluation(entity=entity, expires=None if left_days is None else within(left_days))


def licenses(*listed: License, evaluations: Iterable[Evaluation] | Unseen = ()) -> Licenses:
    return Licenses(licenses=listed, evaluations=evaluations if isinstance(evaluations, Unseen) else tuple(evaluations))

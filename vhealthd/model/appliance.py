"""vCenter's own machine: its health, its file systems, its backups, its root account."""

from dataclasses import dataclass
from datetime import datetime

from vhealthd.model.connectivity import Service
from vhealthd.model.unseen import Unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthItem:
    """What the appliance says of one part of itself, with its reasons where it gives any."""

    item: str  # system | load | mem | storage | swap | database-storage | applmgmt | software-packages
    colour: str | Unseen  # green | yellow | orange | red | gray
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A file system of the appliance; the used share is None where the appliance does not measure it."""

    partition: str  # root | log | seat | archive ...
    used_percent: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appliance:
    """How vCenter's machine is; each part was read apart from the others."""

    health: tuple[HealthItem, ...] | Unseen
    services: tuple[Service, ...] | Unseen
    partitions: tuple[Partition, ...] | Unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSchedule:
    """When the appliance is to back itself up."""

    name: str
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupJob:
    """One backup; a job that still runs has no end."""

    name: str
    status: str  # PENDING | RUNNING | BLOCKED | SUCCEEDED | FAILED
    started: datetime | None
    ended: datetime | None
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Backups:
    """The file-based backups of the appliance."""

    schedules: tuple[BackupSchedule, ...] | Unseen
    jobs: tuple[BackupJob, ...] | Unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class RootAccount:
    """The account root of the appliance; a password without a last day never expires."""

    password_expires: datetime | None
    locked_from: datetime | None  # when an expired password locks the account

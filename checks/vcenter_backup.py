"""vcenter-backup: whether vCenter backs itself up, and whether the last backup is good and young."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from vhealthd.checkapi import Field, Hours, Inventory, Limits, Need, check, exceeded
from vhealthd.model import (
    BackupJob,
    Blind,
    Category,
    Entity,
    Examined,
    Finding,
    Message,
    NotExamined,
    Outcome,
    Severity,
    Text,
    Unseen,
    Verdict,
)

NO_SCHEDULE = Message("vcenter-backup.no-schedule", "No backup of vCenter is scheduled")
DISABLED = Message("vcenter-backup.disabled", "The backup schedules of vCenter are disabled: {schedules}")
OLD = Message(
    "vcenter-backup.old",
    "The last good backup of vCenter ended {age_hours:hours} ago ({ended:time}); the limit is {threshold_hours:hours}",
)
FAILED = Message(
    "vcenter-backup.failed",
    "The last backup of vCenter failed ({ended:time}); the last good one ended {age_hours:hours} ago",
)
NEVER = Message("vcenter-backup.never", "The last backup of vCenter failed ({ended:time}), and no good one is known")
NO_JOB = Message("vcenter-backup.no-job", "no backup has ended yet")

HOUR = timedelta(hours=1)
BEGINNING = datetime.min.replace(tzinfo=UTC)


class VcenterBackupLimits(Limits):
    """When the last good backup is too old."""

    warning_hours: Hours = Field(26, description="The last good backup is older; a daily one has two hours' slack")
    critical_hours: Hours = Field(72, description="The last good backup is older")
    require_schedule: bool = Field(default=True, description="Whether it warns where no backup is scheduled")


@check(
    title="vCenter backup",
    category=Category.INFRASTRUCTURE,
    needs={Need.BACKUPS},
    limits=VcenterBackupLimits,
    what="Whether a file-based backup of vCenter is scheduled, whether the last one succeeded, and how old the last "
    "good one is. The worse of the two decides.",
    why="Without a file-based backup a broken vCenter must be built anew, with its permissions, distributed switches, "
    "tags and history lost. A snapshot of its virtual machine is no substitute.",
    fix="Configure a schedule at port 5480 of the appliance. Where a backup failed, see its message there, test the "
    "credentials, the network and the free space of the target, and run it again.",
    blind_spots="Whether a backup can be restored is not seen, nor backups that another program takes of the virtual "
    "machine. A schedule that does not run every day needs larger limits. Jobs that the appliance has forgotten, as "
    "after an upgrade, are not counted.",
)
def vcenter_backup(inventory: Inventory, limits: VcenterBackupLimits) -> Iterator[Verdict]:
    """Judge the schedule and the last backup."""
    vcenter, backups = inventory.vcenter, inventory.backups
    limits = limits.for_object(vcenter)
    parts = {"schedule": backups.schedules, "job": backups.jobs}
    if any(not isinstance(part, Unseen) for part in parts.values()):
        yield Examined(vcenter)
    for rule, part in parts.items():
        if isinstance(part, Unseen):
            yield NotExamined(vcenter, part, rule)
            if part.outcome is Outcome.UNKNOWN:
                yield Blind(part)
    if not isinstance(backups.schedules, Unseen) and limits.require_schedule:
        enabled = [one for one in backups.schedules if one.enabled]
        if not enabled:
            names = ", ".join(one.name for one in backups.schedules)
            text = DISABLED(schedules=names) if names else NO_SCHEDULE()
            yield Finding(Severity.WARNING, vcenter, text, "schedule")
    if not isinstance(backups.jobs, Unseen):
        yield from _last(vcenter, backups.jobs, inventory.now, limits)


def _last(
    vcenter: Entity, jobs: tuple[BackupJob, ...], now: datetime, limits: VcenterBackupLimits
) -> Iterator[Verdict]:
    """Judge the last backup that ended; one that still runs says nothing yet."""
    ended = sorted((one for one in jobs if one.status in {"SUCCEEDED", "FAILED"}), key=_end)
    if not ended:
        yield NotExamined(vcenter, Unseen(NO_JOB(), Outcome.SKIPPED), "job")
        return
    good = [one for one in ended if one.status == "SUCCEEDED"]
    age = (now - _end(good[-1])) / HOUR if good else None
    if ended[-1].status == "FAILED":
        yield Finding(Severity.CRITICAL, vcenter, _failed(ended[-1], age), "job")
    elif age is not None and (graded := exceeded(age, warning=limits.warning_hours, critical=limits.critical_hours)):
        text = OLD(age_hours=age, threshold_hours=graded[1], ended=_end(good[-1]))
        yield Finding(graded[0], vcenter, text, "job")


def _failed(job: BackupJob, age: float | None) -> Text:
    end = _end(job)
    return NEVER(ended=end) if age is None else FAILED(ended=end, age_hours=age)


def _end(job: BackupJob) -> datetime:
    return job.ended or job.started or BEGINNING

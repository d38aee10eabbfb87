"""What `/api/appliance` answers to a plain GET, by the path below it.

Shapes are those of VMware's `com.vmware.appliance` bindings; optional fields that are unset stay away.
"""

from datetime import datetime

from mocks.encode.service import about
from mocks.encode.value import timestamp
from mocks.machine import Appliance, Backup
from mocks.wire import Json
from mocks.world import World

UPTIME_SECONDS = 3_456_789.12
BACKUP_TARGET = "sftp://backup1.lab.example/vcenter"
MEBIBYTES = {"root": 48_000, "log": 10_000, "core": 50_000, "db": 100_000, "dblog": 15_000, "seat": 80_000}


def plain_answers(world: World, release: str, now: datetime) -> dict[str, Json]:
    """List every answer that needs no argument."""
    appliance = world.appliance
    return {
        **_system(world, release, now),
        **_health(appliance, now),
        **_backup(appliance),
        **_accounts(appliance, now),
        "access/ssh": appliance.ssh,
        "access/shell": {"enabled": appliance.shell, "timeout": 0},
        "access/dcui": True,
        "access/consolecli": True,
        "logging/forwarding": [{"hostname": name, "port": 514, "protocol": "UDP"} for name in appliance.log_servers],
        "networking/dns/servers": {"mode": "is_static", "servers": list(appliance.dns_servers)},
        "networking/dns/hostname": appliance.name,
        "networking/dns/domains": ["lab.example"],
        "ntp": list(appliance.ntp_servers),
        "timesync": "NTP",
        **_services(appliance),
        "update": {"state": "UP_TO_DATE", "version": about(world, release)["version"]},
        "update/policy": {
            "default_URL": "https://vapp-updates.vmware.com/",
            "auto_stage": False,
            "check_schedule": [],
            "certificate_check": True,
            "auto_update": False,
            "manual_control": True,
        },
        "monitoring": [_metric(name) for name in filesystem_metrics(appliance)],
    }


def _services(appliance: Appliance) -> dict[str, Json]:
    services: dict[str, Json] = {
        name: {"description": f"Description of {name}", "state": service.state}
        for name, service in appliance.services.items()
    }
    return {"services": services, **{f"services/{name}": row for name, row in services.items()}}


def _system(world: World, release: str, now: datetime) -> dict[str, Json]:
    version = about(world, release)
    return {
        "system/version": {
            "version": f"{release[:-2]}.00000",
            "product": "VMware vCenter Server",
            "build": version["build"],
            "type": "vCenter Server with an embedded Platform Services Controller",
            "summary": "",
            "releasedate": "June 25, 2024",
            "install_time": "2025-01-15T09:30:00.000Z",
        },
        "system/time": {
            "seconds_since_epoch": now.timestamp(),
            "date": f"{now:%a %m-%d-%Y}",
            "time": f"{now:%I:%M:%S %p}",
            "timezone": "UTC",
        },
        "system/uptime": UPTIME_SECONDS,
        "system/storage": [
            {"disk": str(number), "partition": name, "description": _message(f"The {name} partition")}
            for number, name in enumerate((*world.appliance.filesystem_used, *world.appliance.unmeasured), 1)
        ],
    }


def _message(text: str) -> Json:
    return {"id": "com.vmware.appliance.message", "default_message": text, "args": []}


def _health(appliance: Appliance, now: datetime) -> dict[str, Json]:
    items: dict[str, Json] = {f"health/{item}": colour for item, colour in appliance.health.items()}
    messages = {f"health/{item}/messages": _notes(item, colour, now) for item, colour in appliance.health.items()}
    return (
        items
        | messages
        | {
            "health/system/lastcheck": timestamp(now),
            "health/database": {"status": "HEALTHY", "messages": []},
        }
    )


def _notes(item: str, colour: str, now: datetime) -> list[Json]:
    if colour == "green":
        return []
    text = f"The health of {item} is {colour}"
    return [{"id": f"{item}.{colour}", "time": timestamp(now), "message": _message(text)}]


def _backup(appliance: Appliance) -> dict[str, Json]:
    jobs = {f"{one.started:%Y%m%d-%H%M%S}-24022515": one for one in appliance.backups}
    return {
        "recovery/backup/schedules": {name: _schedule(enabled=on) for name, on in appliance.schedules.items()},
        "recovery/backup/job": list(jobs),
        "recovery/backup/job/details": {name: _job_details(one) for name, one in jobs.items()},
        **{f"recovery/backup/job/{name}": _job(name, one) for name, one in jobs.items()},
    }


def _schedule(*, enabled: bool) -> Json:
    return {
        "parts": ["common", "seat"],
        "location": BACKUP_TARGET,
        "enable": enabled,
        "recurrence_info": {"hour": 23, "minute": 0},
        "retention_info": {"max_count": 7},
    }


def _job_details(one: Backup) -> Json:
    """Write a job; a running one has no end, and of its result there is nothing yet."""
    failed = one.status == "FAILED"
    done = 40 if failed else 100
    note = [_message(f"Cannot write to {BACKUP_TARGET}.")] if failed else []
    end = {"end_time": timestamp(one.ended)} if one.ended else {}
    return {
        "location": BACKUP_TARGET,
        "duration": 1140,
        "size": 1_234_567_890,
        "progress": {"total": 100, "completed": done, "message": _message(f"Backup job: {one.status}.")},
        "location_user": "backup",
        "type": "SCHEDULED",
        "messages": note,
        "build": {"version_name": "8.0.3", "version": "8.0.3.00000", "build_number": "24022515"},
        "description": _message("Backup of the appliance"),
        "service": "com.vmware.appliance.recovery.backup.job",
        "operation": "create",
        "cancelable": False,
        "status": one.status,
        "start_time": timestamp(one.started),
        **end,
    }


def _job(name: str, one: Backup) -> Json:
    end = {"end_time": timestamp(one.ended)} if one.ended else {}
    return {
        "id": name,
        "state": one.status if one.ended else "INPROGRESS",
        "messages": [],
        "progress": 100 if one.ended else 40,
        "start_time": timestamp(one.started),
        **end,
    }


def _accounts(appliance: Appliance, now: datetime) -> dict[str, Json]:
    root = {
        "fullname": "root",
        "email": "",
        "roles": ["superAdmin"],
        "enabled": True,
        "has_password": True,
        "last_password_change": timestamp(now.replace(month=1, day=1)),
        "min_days_between_password_change": 0,
        "max_days_between_password_change": 90,
        "warn_days_before_password_expiration": 7,
    }
    if appliance.root_expires:
        root["password_expires_at"] = timestamp(appliance.root_expires)
    return {
        "local-accounts": ["root"],
        "local-accounts/root": root,
        "local-accounts/global-policy": {"max_days": 90, "min_days": 0, "warn_days": 7},
    }


def filesystem_metrics(appliance: Appliance) -> dict[str, float]:
    """List the file system metrics of `monitoring` with their values in kilobytes."""
    metrics = {}
    for name, used in appliance.filesystem_used.items():
        total = MEBIBYTES.get(name, 50_000) * 1024
        metrics[f"storage.totalsize.filesystem.{name}"] = float(total)
        metrics[f"storage.used.filesystem.{name}"] = float(int(total * used))
    return metrics


def _metric(name: str) -> Json:
    return {
        "id": name,
        "name": f"com.vmware.applmgmt.mon.name.{name}",
        "units": "com.vmware.applmgmt.mon.unit.kb",
        "category": "com.vmware.applmgmt.mon.cat.storage",
        "instance": "",
        "description": f"com.vmware.applmgmt.mon.descr.{name}",
    }


def monitoring(appliance: Appliance, names: tuple[str, ...], start: str, end: str) -> Json:
    """Answer `monitoring/query`: a value for each metric, between times at which nothing was measured."""
    known = filesystem_metrics(appliance)
    return [
        {
            "name": name,
            "interval": "MINUTES30",
            "function": "MAX",
            "start_time": start,
            "end_time": end,
            "data": ["", str(known[name] / 2), "", str(known[name]), ""],
        }
        for name in names
        if name in known
    ]

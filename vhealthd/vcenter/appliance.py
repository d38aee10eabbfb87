"""Reads vCenter's own machine below `/api/appliance`: health, file systems, backups, the account root.

The appliance knows no roles: an account reads it as a member of an SSO group, or not at all.
"""

import asyncio
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from math import isfinite
from typing import Any, cast
from urllib.parse import urlencode

from vhealthd.errors import BadAnswerError, NotPermittedError, VCenterError
from vhealthd.grants import APPLIANCE
from vhealthd.inventory import Need
from vhealthd.model import (
    Appliance,
    BackupJob,
    Backups,
    BackupSchedule,
    HealthItem,
    Partition,
    Reachability,
    RootAccount,
    Service,
    Unseen,
)
from vhealthd.vcenter.client import VCenterClient
from vhealthd.vcenter.single import Single, Site, as_unseen, not_granted, part_or_unseen
from vhealthd.vcenter.wire import dig, each, moment

_GRANT = APPLIANCE.message
_HEALTH = ("system", "load", "mem", "storage", "swap", "database-storage", "applmgmt", "software-packages")
_USED, _TOTAL = "storage.used.filesystem.", "storage.totalsize.filesystem."
_WINDOW = timedelta(days=1)  # the appliance stores a value every few minutes, and some only now and then
_LOGIN_IN_URL = re.compile(r"(?<=//)[^/@\s]+@")


async def appliance(site: Site) -> Appliance:
    """Read health, services and file systems. It never fails: what was not seen says why."""
    client = site.client
    health, services, partitions = await asyncio.gather(
        _health(client),
        _services(site),
        part_or_unseen(_partitions(site), what="the appliance's file systems", grant=_GRANT),
    )
    return Appliance(health=health, services=services, partitions=partitions)


# --- health


async def _health(client: VCenterClient) -> tuple[HealthItem, ...] | Unseen:
    items = await asyncio.gather(*(_health_item_or_unseen(client, name) for name in _HEALTH))
    reasons = [one.colour for one in items if isinstance(one.colour, Unseen)]
    return reasons[0] if len(reasons) == len(items) else tuple(items)


async def _health_item_or_unseen(client: VCenterClient, name: str) -> HealthItem:
    what = f"the appliance's health ({name})"
    found = await part_or_unseen(_health_item(client, name), what=what, grant=_GRANT)
    return HealthItem(item=name, colour=found) if isinstance(found, Unseen) else found


async def _health_item(client: VCenterClient, name: str) -> HealthItem:
    colour = await client.automation("GET", f"/appliance/health/{name}")
    if not isinstance(colour, str) or not colour:
        raise BadAnswerError(f"/appliance/health/{name} names no colour")
    if colour in {"green", "gray"}:
        return HealthItem(item=name, colour=colour)
    return HealthItem(item=name, colour=colour, messages=await _health_messages(client, name))


async def _health_messages(client: VCenterClient, name: str) -> tuple[str, ...]:
    """Read why an item is not green; the colour counts without it too."""
    try:
        told = await client.automation("GET", f"/appliance/health/{name}/messages")
    except VCenterError:
        return ()
    return tuple(_sentences(one.get("message") for one in each({"told": told}, "told")))


def _sentences(messages: Any) -> Iterator[str]:  # noqa: ANN401 - decoded JSON
    for one in messages:
        text = str(dig(one, "default_message") or "").strip().rstrip(".")
        if text:
            yield _LOGIN_IN_URL.sub("", text)


async def _services(site: Site) -> tuple[Service, ...] | Unseen:
    try:
        return cast("tuple[Service, ...] | Unseen", await site.part(Need.SERVICES))
    except VCenterError as error:
        return as_unseen(error)


# --- file systems


async def _partitions(site: Site) -> tuple[Partition, ...]:
    """Read how full each partition is: the disks name them, the statistics measure them."""
    client = site.client
    disks = await client.automation("GET", "/appliance/system/storage")
    metrics = await client.automation("GET", "/appliance/monitoring")
    named = (str(one.get("partition") or "") for one in each({"disks": disks}, "disks"))
    names = [name for name in dict.fromkeys(named) if name]
    if not names or not isinstance(metrics, list):
        raise BadAnswerError("the appliance does not list its disks and statistics")
    known = {str(one.get("id")) for one in each({"metrics": metrics}, "metrics")}
    measured = [name for name in names if {_USED + name, _TOTAL + name} <= known]
    values = await _last_values(site, [prefix + name for name in measured for prefix in (_USED, _TOTAL)])
    return tuple(
        Partition(partition=name, used_percent=_percent(values.get(_USED + name), values.get(_TOTAL + name)))
        for name in names
    )


async def _last_values(site: Site, names: list[str]) -> dict[str, float]:
    """Return the last value of each statistic; one that has none yet is left out."""
    if not names:
        return {}
    now = await _vcenter_now(site)
    arguments = [
        *(("names", name) for name in names),
        ("interval", "MINUTES30"),
        ("function", "MAX"),
        ("start_time", _stamp(now - _WINDOW)),
        ("end_time", _stamp(now)),
    ]
    answer = await site.client.automation("GET", f"/appliance/monitoring/query?{urlencode(arguments)}")
    series = {str(one.get("name")): one.get("data") for one in each({"series": answer}, "series")}
    if series.keys().isdisjoint(names):
        raise BadAnswerError("the appliance gives none of the statistics that were asked for")
    last = ((name, _last(data)) for name, data in series.items())
    return {name: value for name, value in last if value is not None}


async def _vcenter_now(site: Site) -> datetime:
    """Return the time by vCenter's clock, which the statistics go by."""
    reached = cast("Reachability", await site.part(Need.REACHABILITY))
    return site.clock() + timedelta(seconds=reached.clock_skew_seconds or 0)


def _stamp(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S}.000Z"


def _last(data: Any) -> float | None:  # noqa: ANN401 - decoded JSON
    """Return the last value of a series of texts; an interval in which nothing was measured is an empty one."""
    values = [_number(text) for text in data] if isinstance(data, list) else []
    return next((value for value in reversed(values) if value is not None), None)


def _number(text: object) -> float | None:
    try:
        value = float(str(text))
    except ValueError:
        return None
    return value if isfinite(value) else None


def _percent(used: float | None, total: float | None) -> float | None:
    return None if used is None or not total else 100 * used / total


# --- backups


async def backups(site: Site) -> Backups:
    """Read schedules and jobs of the file-based backup. It never fails: what was not seen says why."""
    schedules, jobs = await asyncio.gather(
        part_or_unseen(_schedules(site.client), what="the backup schedules", grant=_GRANT),
        part_or_unseen(_jobs(site.client), what="the backup jobs", grant=_GRANT),
    )
    return Backups(schedules=schedules, jobs=jobs)


async def _schedules(client: VCenterClient) -> tuple[BackupSchedule, ...]:
    listed = await _map(client, "/appliance/recovery/backup/schedules")
    return tuple(BackupSchedule(name=name, enabled=bool(one.get("enable"))) for name, one in sorted(listed.items()))


async def _jobs(client: VCenterClient) -> tuple[BackupJob, ...]:
    listed = await _map(client, "/appliance/recovery/backup/job/details")
    return tuple(
        BackupJob(
            name=name,
            status=str(one.get("status") or "unknown"),
            started=moment(one.get("start_time")),
            ended=moment(one.get("end_time")),
            messages=tuple(_sentences(one.get("messages") or ())),
        )
        for name, one in sorted(listed.items())
    )


async def _map(client: VCenterClient, path: str) -> dict[str, dict[str, Any]]:
    answer = await client.automation("GET", path)
    if not isinstance(answer, dict):
        raise BadAnswerError(f"{path} is not a map")
    return {name: one for name, one in answer.items() if isinstance(one, dict)}


# --- the account root


async def root_account(site: Site) -> RootAccount | Unseen:
    """Read the account root. Raises VCenterError."""
    path = "/appliance/local-accounts/root"
    try:
        answer = await site.client.automation("GET", path)
    except NotPermittedError as error:
        return not_granted(error, _GRANT)
    if not isinstance(answer, dict) or "enabled" not in answer:
        raise BadAnswerError(f"{path} is no account")
    expires = moment(answer.get("password_expires_at"))
    if expires is None and answer.get("password_expires_at"):
        raise BadAnswerError(f"{path}: the last day of the password is no time")
    return RootAccount(password_expires=expires, locked_from=moment(answer.get("inactive_at")))


SINGLES = (
    Single(need=Need.APPLIANCE, name="appliance", read=appliance, after=frozenset({Need.SERVICES})),
    Single(need=Need.BACKUPS, name="backups", read=backups),
    Single(need=Need.ROOT_ACCOUNT, name="root account", read=root_account),
)

"""Reads settings of vCenter's own machine below `/api/appliance`: SSH, shell, log forwarding, time synchronisation."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from vhealthd.errors import BadAnswerError
from vhealthd.grants import APPLIANCE
from vhealthd.inventory import Need
from vhealthd.model import ApplianceAccess, ApplianceTime, Unseen
from vhealthd.vcenter.single import Single, Site, part_or_unseen
from vhealthd.vcenter.wire import dig, each

T = TypeVar("T")

_GRANT = APPLIANCE.message


async def access(site: Site) -> ApplianceAccess:
    """Read who gets in and where the log goes. It never fails: what was not seen says why."""
    ssh, shell, log_hosts = await asyncio.gather(
        _setting(site, "/appliance/access/ssh", _switch),
        _setting(site, "/appliance/access/shell", lambda answer: _switch(dig(answer, "enabled"))),
        _setting(site, "/appliance/logging/forwarding", _log_hosts),
    )
    return ApplianceAccess(ssh=ssh, shell=shell, log_hosts=log_hosts)


async def time(site: Site) -> ApplianceTime:
    """Read how the appliance keeps its time. It never fails: what was not seen says why."""
    mode, servers = await asyncio.gather(
        _setting(site, "/appliance/timesync", _word), _setting(site, "/appliance/ntp", _words)
    )
    return ApplianceTime(mode=mode, servers=servers)


async def _setting(site: Site, path: str, decode: Callable[[Any], T]) -> T | Unseen:
    async def read() -> T:
        try:
            return decode(await site.client.automation("GET", path))
        except TypeError as error:
            raise BadAnswerError(f"{path} answers with something of another shape") from error

    return await part_or_unseen(read(), what=path, grant=_GRANT)


def _switch(answer: object) -> bool:
    if not isinstance(answer, bool):
        raise TypeError
    return answer


def _word(answer: object) -> str:
    if not isinstance(answer, str):
        raise TypeError
    return answer


def _words(answer: object) -> tuple[str, ...]:
    if not isinstance(answer, list):
        raise TypeError
    return tuple(_word(one) for one in answer)


def _log_hosts(answer: object) -> tuple[str, ...]:
    if not isinstance(answer, list):
        raise TypeError
    return tuple(_word(one.get("hostname")) for one in each({"targets": answer}, "targets"))


SINGLES = (
    Single(need=Need.APPLIANCE_ACCESS, name="access to the appliance", read=access),
    Single(need=Need.APPLIANCE_TIME, name="time of the appliance", read=time),
)

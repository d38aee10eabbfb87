"""Reads licences and evaluation. A key leaves this module masked, and nowhere else is it seen."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from vhealthd.errors import BadAnswerError, NotPermittedError
from vhealthd.grants import LICENSES
from vhealthd.inventory import Need
from vhealthd.model import Evaluation, License, Licenses, Message, MoRef, Outcome, Unseen
from vhealthd.vcenter.client import VCenterClient
from vhealthd.vcenter.single import Single, Site, not_granted, part_or_unseen
from vhealthd.vcenter.wire import dig, display_name, each, moment, reference

NONE_LISTED = Message(
    "unseen.no-licenses",
    "vCenter lists no licence at all: the account lacks the privilege Global.Licenses on vCenter's root folder, or "
    "licences are kept elsewhere, as in VCF Operations",
)

_MANAGER = MoRef("LicenseManager", "LicenseManager")
_GRANT = LICENSES.message
_EVALUATION = "eval"  # edition of the licence that stands for evaluation
_SHOWN = 5


async def licenses(site: Site) -> Licenses | Unseen:
    """Read licences and what runs on evaluation; Unseen where the account may not. Raises VCenterError."""
    client = site.client
    try:
        listed = await client.vi(_MANAGER, "licenses")
    except NotPermittedError as error:
        return not_granted(error, _GRANT)
    if listed and not isinstance(listed, list):
        raise BadAnswerError("vCenter's licences are not a list")
    if not listed:
        return Unseen(NONE_LISTED(), Outcome.SKIPPED)
    return Licenses(
        licenses=tuple(_licenses(listed)),
        evaluations=await part_or_unseen(_evaluations(client, site.clock()), what="evaluation", grant=_GRANT),
    )


def _licenses(listed: list[Any]) -> Iterator[License]:
    seen: dict[str, int] = {}
    for one in each({"listed": listed}, "listed"):
        edition = str(one.get("editionKey") or "")
        if edition == _EVALUATION:
            continue
        masked = _masked(str(one.get("licenseKey") or ""))
        plain = f"{edition} {masked}"
        seen[plain] = seen.get(plain, 0) + 1
        yield License(
            label=plain if seen[plain] == 1 else f"{plain} ({seen[plain]})",
            name=str(one.get("name") or edition),
            masked_key=masked,
            total=int(one.get("total") or 0),
            used=used if isinstance(used := one.get("used"), int) else None,
            unit=str(one.get("costUnit") or ""),
            expires=_last_day(_values(one)),
        )


def _last_day(values: Mapping[str, Any]) -> datetime | None:
    """Return when a licence expires, None for never. Raises BadAnswerError for a day that cannot be read."""
    told = values.get("expirationDate")
    day = moment(told)
    if told and day is None:
        raise BadAnswerError("the last day of a licence is no time")
    return day


def _masked(key: str) -> str:
    """Keep the last five characters of a key, and its form."""
    hidden = "".join("-" if sign == "-" else "*" for sign in key[:-_SHOWN])
    return hidden + key[-_SHOWN:] if len(key) > _SHOWN else "*" * len(key)


async def _evaluations(client: VCenterClient, now: datetime) -> tuple[Evaluation, ...]:
    """List what runs on evaluation; where an asset does not say until when, vCenter's own evaluation counts."""
    manager = reference(await client.vi(_MANAGER, "licenseAssignmentManager"))
    if manager is None:
        raise BadAnswerError("vCenter has no list of assigned licences")
    assigned = await client.vi(manager, "QueryAssignedLicenses", {})
    if assigned is not None and not isinstance(assigned, list):
        raise BadAnswerError("the licences that are assigned are not a list")
    running = [one for one in each({"assigned": assigned}, "assigned") if _on_evaluation(one)]
    if not running:
        return ()
    own = _end(_values(await client.vi(_MANAGER, "evaluation")), now)
    return tuple(
        Evaluation(
            entity=display_name(str(one.get("entityDisplayName") or one.get("entityId") or "")),
            expires=_end(_values(_values(one).get("evaluation")), now) or own,
        )
        for one in running
    )


def _on_evaluation(assigned: Mapping[str, Any]) -> bool:
    return bool(dig(assigned, "assignedLicense", "editionKey") == _EVALUATION)


def _values(data: Any) -> dict[str, Any]:  # noqa: ANN401 - decoded JSON
    """Return the properties of a licence, an assignment or an evaluation by their keys."""
    return {str(one.get("key")): dig(one, "value") for one in each(data, "properties")}


def _end(values: Mapping[str, Any], now: datetime) -> datetime | None:
    """Return when an evaluation ends: as a time, or by the hours or minutes that are left."""
    if end := moment(values.get("expirationDate")):
        return end
    for name, unit in (("expirationHours", timedelta(hours=1)), ("expirationMinutes", timedelta(minutes=1))):
        left = values.get(name)
        if isinstance(left, int):
            return now + left * unit
    return None


SINGLES = (Single(need=Need.LICENSES, name="licenses", read=licenses),)

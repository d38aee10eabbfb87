"""The mutes that `vhealthd alerts` sets: what describes them, and how they are shown."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from pydantic import JsonValue, ValidationError
from rich.table import Table

from vhealthd import rules
from vhealthd.catalogue import Catalogue
from vhealthd.commands import tables
from vhealthd.commands.tables import iso, plain
from vhealthd.config import ALL_CHECKS, UNSEEN, MuteSettings, Settings, did_you_mean
from vhealthd.config.values import parse_date
from vhealthd.errors import UsageError
from vhealthd.model import AlertRecord
from vhealthd.state import StoredMute

# --- what describes them


def prove_names(checks: Collection[str], vcenters: Collection[str], settings: Settings) -> None:
    """Raise UsageError for a check or a vCenter that is not there."""
    catalogue = Catalogue.discover()
    for slug in checks:
        if slug != ALL_CHECKS:
            _ = catalogue[slug]
    known = [one.name for one in settings.vcenters]
    for name in vcenters:
        if name not in known:
            raise UsageError(f"--vcenter: there is no vCenter {name!r} in the configuration{did_you_mean(name, known)}")


def of_alert(record: AlertRecord) -> dict[str, JsonValue]:
    """Describe the findings of an alert: those of its check in its vCenter, and but for a roll-up on its object.

    Raises UsageError for the alert of what stays unknown: it is about no finding.
    """
    if record.check == UNSEEN:
        raise UsageError(
            "what could not be seen cannot be muted; take it on with `vhealthd alerts ack`, or leave checks out with "
            "scan.ignore"
        )
    rolled_up = record.key not in record.members
    objects: dict[str, JsonValue] = {} if rolled_up else {"name": f"^{re.escape(record.alert.object)}$"}
    return {"check": [record.check], "match": {"vcenter": [record.alert.vcenter], **objects}}


def of_options(
    checks: Sequence[str], vcenters: Sequence[str], objects: Mapping[str, str | None]
) -> dict[str, JsonValue]:
    """Describe what options say; without a check it is all of them."""
    match: dict[str, JsonValue] = {"vcenter": list(vcenters)} if vcenters else {}
    match |= {name: value for name, value in objects.items() if value is not None}
    return {"check": list(checks) or [ALL_CHECKS], "match": match}


def proven(written: dict[str, JsonValue], now: datetime) -> dict[str, JsonValue]:
    """Return a mute that the next scan can read. Raises UsageError that says what is wrong."""
    try:
        mute = MuteSettings.model_validate(written)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"--{place.removeprefix('match.')}: {first['msg'].removeprefix('Value error, ')}") from None
    if now.date() > mute.until:
        raise UsageError(f"--until: {mute.until} is over; give a day that is still to come")
    return written


# --- how they are shown


def in_words(one: StoredMute) -> str:
    """Return `mute 69c4: datastore-capacity: vcenter lab, through 2026-12-31` of a mute that can be read."""
    mute = rules.mute_of(MuteSettings.model_validate(one.mute))
    return f"mute {one.id}: {mute.rule}, through {mute.until}"


def table(found: Sequence[StoredMute], now: datetime) -> Table:
    """Return a table of mutes; those that no scan can read any more are in it too."""
    made = tables.table("id", "age", "check", "objects", "until", "owner", "reason", numbers=("age",))
    for one in found:
        told = as_dict(one)
        match = one.mute.get("match")
        objects = (
            ", ".join(f"{name} {_listed(value)}" for name, value in match.items()) if isinstance(match, dict) else ""
        )
        made.add_row(
            one.id,
            tables.age(one.created, now),
            plain(_listed(one.mute.get("check"))),
            plain(objects or "all"),
            plain(f"{told['until']} (expired)" if _expired(one, now) else told["until"]),
            plain(told["owner"]),
            plain(told["reason"]),
        )
    return made


def as_dict(one: StoredMute) -> dict[str, JsonValue]:
    """Return a mute as JSON tells it."""
    return {"id": one.id, "created": iso(one.created), **one.mute}


def _listed(value: JsonValue) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _expired(one: StoredMute, now: datetime) -> bool:
    last: date = parse_date(one.mute.get("until"))
    return now.date() > last

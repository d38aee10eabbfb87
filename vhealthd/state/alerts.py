"""What is remembered of alerts, and the mutes that were set by command."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from pydantic import JsonValue, TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, delete, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vhealthd.model import Ack, AlertRecord, Turn
from vhealthd.state.store import Store, entities, sliced
from vhealthd.state.tables import AlertRow, FindingRow, MuteRow, row_of

log = structlog.get_logger(__name__)

Place = tuple[str | None, str | None]  # the object's reference, and the key

_RECORD = TypeAdapter(AlertRecord)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMute:
    """A mute that was set by command: `mute` is as the configuration would have it."""

    id: str
    mute: Mapping[str, JsonValue]
    created: datetime


class Alerts:
    """The alerts by key, and the mutes by id."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def open(self) -> tuple[AlertRecord, ...]:
        """Return the alerts that are open, those first that are open for longest.

        Here and below: one that was stored by another version, and that this one cannot read, counts as not there. So
        whoever was told of it may be told again; better that than never.
        """
        found = await self._find(AlertRow.resolved.is_(None))
        return tuple(sorted(found, key=lambda one: (one.opened, one.key)))

    async def known(self, *, resolved_since: datetime) -> Mapping[str, AlertRecord]:
        """Return by key the alerts that are open, and those that were resolved since a time.

        Once a run asks for them, so it is here that the log is told of those that cannot be read.
        """
        wanted = select(AlertRow).where(or_(AlertRow.resolved.is_(None), AlertRow.resolved >= resolved_since))
        found = {row.key: _read(row) for row in await self._store.entities(wanted)}
        for key in (key for key, record in found.items() if record is None):
            log.warning("an alert was stored by another version of vhealthd and cannot be read", key=key)
        return {key: record for key, record in found.items() if record}

    async def places(self, identities: Iterable[str]) -> Mapping[str, Place]:
        """Return where findings are, by identity."""

        async def gather(connection: AsyncConnection) -> Mapping[str, Place]:
            found: dict[str, Place] = {}
            for some in sliced(tuple(identities)):
                wanted = select(FindingRow.identity, FindingRow.object_id, FindingRow.key).where(
                    FindingRow.identity.in_(some)
                )
                found |= {row.identity: (row.object_id, row.key) for row in await connection.execute(wanted)}
            return found

        return await self._store.read(gather)

    async def matching(self, prefix: str) -> tuple[AlertRecord, ...]:
        """Return the open alerts whose keys begin so."""
        return tuple(await self._find(AlertRow.resolved.is_(None), AlertRow.key.startswith(prefix, autoescape=True)))

    async def acknowledge(self, key: str, ack: Ack) -> AlertRecord | None:
        """Note that somebody has taken an alert on; None if it is not open (any more)."""

        async def note(connection: AsyncConnection) -> AlertRecord | None:
            wanted = select(AlertRow).where(AlertRow.key == key, AlertRow.resolved.is_(None))
            for row in await entities(connection, wanted):
                if known := _read(row):
                    taken = replace(known, ack=ack)
                    await keep(connection, [taken])
                    return taken
            return None

        return await self._store.change(note)

    async def drop_resolved(self, before: datetime) -> None:
        """Forget the alerts that were resolved before a time."""
        old = delete(AlertRow).where(AlertRow.resolved < before)
        await self._store.change(lambda connection: connection.execute(old))

    # --- mutes

    async def mutes(self) -> tuple[StoredMute, ...]:
        """Return the mutes, the oldest first."""
        rows = await self._store.entities(select(MuteRow).order_by(MuteRow.created, MuteRow.id))
        return tuple(StoredMute(id=row.id, mute=row.mute, created=row.created) for row in rows)

    async def mute(self, mute: Mapping[str, JsonValue], *, now: datetime) -> str:
        """Keep a mute, and return its id."""
        name = secrets.token_hex(4)
        row = row_of(MuteRow, id=name, mute=dict(mute), created=now)
        await self._store.change(lambda connection: connection.execute(insert(MuteRow), row))
        return name

    async def unmute(self, name: str) -> bool:
        """Drop a mute; False if there is none with this id."""
        gone = delete(MuteRow).where(MuteRow.id == name)

        async def drop(connection: AsyncConnection) -> bool:
            return (await connection.execute(gone)).rowcount > 0

        return await self._store.change(drop)

    async def _find(self, *conditions: ColumnElement[bool]) -> list[AlertRecord]:
        rows = await self._store.entities(select(AlertRow).where(*conditions))
        return [record for record in map(_read, rows) if record]


async def keep(connection: AsyncConnection, records: Iterable[AlertRecord]) -> None:
    """Keep records in place of those with the same keys, in a transaction of somebody else's.

    Where somebody took an alert on after it was read and before it is kept, that stays.
    """
    by_key = {one.key: one for one in records}
    for keys in sliced(tuple(by_key)):
        stored = map(_read, await entities(connection, select(AlertRow).where(AlertRow.key.in_(keys))))
        taken_on = {one.key: one for one in stored if one and one.ack}
        kept = [_with_ack(by_key[key], taken_on.get(key)) for key in keys]
        await connection.execute(delete(AlertRow).where(AlertRow.key.in_(keys)))
        await connection.execute(insert(AlertRow), [_row(one) for one in kept])


def _with_ack(record: AlertRecord, stored: AlertRecord | None) -> AlertRecord:
    """Return a record with the acknowledgement of the one that is stored, unless the alert is over or has worsened."""
    if record.ack or not stored or record.resolved or stored.resolved:
        return record
    told_now = (record.alert, record.told) != (stored.alert, stored.told)
    return record if told_now and record.alert.turn is Turn.WORSENED else replace(record, ack=stored.ack)


def _row(record: AlertRecord) -> dict[str, Any]:
    return row_of(AlertRow, key=record.key, record=_RECORD.dump_python(record, mode="json"), resolved=record.resolved)


def _read(row: AlertRow) -> AlertRecord | None:
    try:
        return _RECORD.validate_python(row.record)
    except ValidationError:
        return None

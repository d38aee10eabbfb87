"""The outbox: what is still to leave this machine, and what became of what did.

A delivery is pending until a sink takes it, sending while that sink tries, then delivered, pending again, or given up.
Each step is on the disk before the next one begins, so that a kill at any moment loses nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import JsonValue
from sqlalchemy import ColumnElement, Select, Update, and_, case, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from vhealthd.model.deliveries import Delivery, DeliveryState, Parcel
from vhealthd.state.store import Store, entities, sliced
from vhealthd.state.tables import DeliveryRow, row_of

_PENDING, _SENDING = DeliveryState.PENDING.value, DeliveryState.SENDING.value
_DELIVERED, _FAILED = DeliveryState.DELIVERED.value, DeliveryState.FAILED.value

# No pause is so long: what is due later was put off by a clock that has been put back since.
_LONGER_THAN_ANY_PAUSE = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How a sink stands."""

    pending: int = 0  # those that are being sent too
    oldest: datetime | None = None  # since when the oldest of them waits; in the future if it still collects
    failed: int = 0


class Outbox:
    """Deliveries, each with its state."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def put(self, parcels: Iterable[Parcel], *, now: datetime, expires: datetime) -> None:
        """Put parcels in. One whose id is known is not put in again."""
        waiting = tuple(parcels)
        await self._store.change(lambda connection: put(connection, waiting, now=now, expires=expires))

    async def release(self, now: datetime) -> int:
        """Make pending again what was being sent when the process ended; return how many there were."""
        return await self._update(_in_state(_SENDING).values(state=_PENDING, due=now))

    async def take(self, sink: str, now: datetime) -> Delivery | None:
        """Return the first delivery of a sink that is due. From now on it is being sent, and the attempt counts."""
        pending = (DeliveryRow.sink == sink, DeliveryRow.state == _PENDING)
        when = or_(DeliveryRow.due <= now, DeliveryRow.due > now + _LONGER_THAN_ANY_PAUSE)
        due = _first(*pending, when, DeliveryRow.expires > now, _in_turn())

        async def send(connection: AsyncConnection) -> Delivery | None:
            for row in await entities(connection, due):
                attempts = row.attempts + 1
                chosen = update(DeliveryRow).where(DeliveryRow.id == row.id)
                await connection.execute(chosen.values(state=_SENDING, attempts=attempts))
                return _delivery(row, state=DeliveryState.SENDING, attempts=attempts)
            return None

        return await self._store.change(send)

    async def delivered(self, delivery_id: str, *, now: datetime) -> None:
        """Note that a delivery arrived."""
        await self._settle(delivery_id, state=_DELIVERED, settled=now, error=None)

    async def postpone(
        self, delivery_id: str, *, due: datetime, error: str, progress: Mapping[str, JsonValue] | None = None
    ) -> None:
        """Note that an attempt failed, and when the next one is due. Without `progress` what was noted stays."""
        noted = {} if progress is None else {"progress": dict(progress)}
        await self._settle(delivery_id, state=_PENDING, due=due, error=error, **noted)

    async def give_up(self, delivery_id: str, *, now: datetime, error: str) -> None:
        """Note that a delivery will not arrive, and why."""
        await self._settle(delivery_id, state=_FAILED, settled=now, error=error)

    async def expire(self, now: datetime) -> tuple[Delivery, ...]:
        """Give up what is pending past its time, and return it."""
        old = select(DeliveryRow).where(DeliveryRow.state == _PENDING, DeliveryRow.expires <= now)

        async def end(connection: AsyncConnection) -> tuple[Delivery, ...]:
            ended = []
            for row in await entities(connection, old):
                error = f"given up after {_attempts(row.attempts)}, because it is too old"
                error += f"; the last error was: {row.error}" if row.error else ""
                chosen = update(DeliveryRow).where(DeliveryRow.id == row.id)
                await connection.execute(chosen.values(state=_FAILED, settled=now, error=error))
                ended.append(_delivery(row, state=DeliveryState.FAILED, settled=now, error=error))
            return tuple(ended)

        return await self._store.change(end)

    async def retry(self, delivery_id: str, *, now: datetime, expires: datetime) -> bool:
        """Make a delivery due at once that was given up or waits for its next attempt; False for any other.

        It is False too where something of the same chain was delivered that came later: an incident that was closed
        since would be opened for ever.
        """
        again = _in_state(_PENDING, _FAILED).where(DeliveryRow.id == delivery_id, ~_overtaken())
        return await self._update(again.values(state=_PENDING, due=now, expires=expires, settled=None)) > 0

    async def deliveries(
        self,
        *,
        run_id: str | None = None,
        sink: str | None = None,
        state: DeliveryState | None = None,
        limit: int = 100,
    ) -> tuple[Delivery, ...]:
        """Return deliveries, the newest first."""
        wanted = select(DeliveryRow).order_by(DeliveryRow.created.desc(), DeliveryRow.id).limit(limit)
        for column, value in ((DeliveryRow.run_id, run_id), (DeliveryRow.sink, sink), (DeliveryRow.state, state)):
            if value is not None:
                wanted = wanted.where(column == value)
        return tuple(_delivery(row) for row in await self._store.entities(wanted))

    async def in_trouble(self, *, failed_since: datetime, limit: int = 1000) -> tuple[Delivery, ...]:
        """Return what failed at least once and is still to be delivered, or was given up since; the newest first."""
        wanted = (
            select(DeliveryRow)
            .where(
                or_(
                    and_(DeliveryRow.state.in_((_PENDING, _SENDING)), DeliveryRow.error.is_not(None)),
                    and_(DeliveryRow.state == _FAILED, DeliveryRow.settled > failed_since),
                )
            )
            .order_by(DeliveryRow.created.desc(), DeliveryRow.id)
            .limit(limit)
        )
        return tuple(_delivery(row) for row in await self._store.entities(wanted))

    async def find(self, delivery_id: str) -> Delivery | None:
        """Return a delivery."""
        found = await self._store.entities(select(DeliveryRow).where(DeliveryRow.id == delivery_id))
        return next((_delivery(row) for row in found), None)

    async def next_due(self, sink: str) -> datetime | None:
        """Return when a sink has something to try next."""
        pending = (DeliveryRow.sink == sink, DeliveryRow.state == _PENDING)
        soonest = select(func.min(DeliveryRow.due)).where(*pending, _in_turn())
        return await self._store.read(lambda connection: connection.scalar(soonest))

    async def backlog(self) -> Mapping[str, Backlog]:
        """Say of each sink that ever had a delivery how it stands. What collects waits for nobody until it is due."""
        since = case((DeliveryRow.attempts == 0, DeliveryRow.due), else_=DeliveryRow.created)
        counts = select(
            DeliveryRow.sink,
            func.count().filter(DeliveryRow.state.in_((_PENDING, _SENDING))),
            func.min(since).filter(DeliveryRow.state.in_((_PENDING, _SENDING))),
            func.count().filter(DeliveryRow.state == _FAILED),
        ).group_by(DeliveryRow.sink)

        async def count(connection: AsyncConnection) -> Mapping[str, Backlog]:
            return {
                sink: Backlog(pending=pending, oldest=oldest, failed=failed)
                for sink, pending, oldest, failed in await connection.execute(counts)
            }

        return await self._store.read(count)

    async def _settle(self, delivery_id: str, **values: Any) -> None:  # noqa: ANN401 - whatever the columns take
        """End an attempt. What was settled meanwhile, by hand or by age, stays as it is."""
        chosen = _in_state(_SENDING, _PENDING).where(DeliveryRow.id == delivery_id)
        await self._update(chosen.values(**values))

    async def _update(self, statement: Update) -> int:
        async def run(connection: AsyncConnection) -> int:
            return (await connection.execute(statement)).rowcount

        return await self._store.change(run)


async def put(connection: AsyncConnection, parcels: Iterable[Parcel], *, now: datetime, expires: datetime) -> None:
    """Put parcels in, in a transaction of somebody else's. The time until one `expires` begins when it is due."""
    by_id = {parcel.id: parcel for parcel in parcels if not await _join(connection, parcel, now)}
    last = await connection.scalar(select(func.max(DeliveryRow.seq))) or 0
    for ids in sliced(tuple(by_id)):
        there = set(await connection.scalars(select(DeliveryRow.id).where(DeliveryRow.id.in_(ids))))
        if new := [by_id[one] for one in ids if one not in there]:
            rows = [_row(parcel, seq, now=now, expires=expires) for seq, parcel in enumerate(new, last + 1)]
            await connection.execute(insert(DeliveryRow), rows)
            last += len(rows)


async def _join(connection: AsyncConnection, parcel: Parcel, now: datetime) -> bool:
    """Add the parts of a parcel to what still collects for the same sink and chain; False if there is nothing.

    Both are due when the first of them would have been: what is new must not go before what was there. Parts that are
    there already are not added again. The delivery is one of the newer run from now on, as is what it tells.
    """
    collecting = _first(
        DeliveryRow.sink == parcel.sink,
        DeliveryRow.chain == parcel.chain,
        DeliveryRow.state == _PENDING,
        DeliveryRow.attempts == 0,
        DeliveryRow.collecting.is_(True),
        DeliveryRow.due > now,
    )
    for row in await entities(connection, collecting):
        mine, theirs = parcel.payload.get("parts"), row.payload.get("parts")
        if isinstance(mine, list) and isinstance(theirs, list):
            if new := [part for part in mine if part not in theirs]:
                joined = update(DeliveryRow).values(
                    run_id=parcel.run_id,
                    payload={**row.payload, "parts": [*theirs, *new]},
                    what=f"{row.what} + {parcel.what}",
                    due=min(row.due, now + parcel.collect),
                )
                await connection.execute(joined.where(DeliveryRow.id == row.id))
            return True
    return False


def _in_turn() -> ColumnElement[bool]:
    """Whether nothing of the same chain waits for another attempt that was put in before."""
    earlier = aliased(DeliveryRow)
    return ~exists().where(
        earlier.sink == DeliveryRow.sink,
        earlier.chain == DeliveryRow.chain,
        earlier.state.in_((_PENDING, _SENDING)),
        earlier.attempts > 0,
        earlier.seq < DeliveryRow.seq,
    )


def _overtaken() -> ColumnElement[bool]:
    """Whether something of the same chain was delivered that was put in later."""
    later = aliased(DeliveryRow)
    return exists().where(
        later.sink == DeliveryRow.sink,
        later.chain == DeliveryRow.chain,
        later.state == _DELIVERED,
        later.seq > DeliveryRow.seq,
    )


def _in_state(*states: str) -> Update:
    return update(DeliveryRow).where(DeliveryRow.state.in_(states))


def _first(*conditions: ColumnElement[bool]) -> Select[DeliveryRow]:
    return select(DeliveryRow).where(*conditions).order_by(DeliveryRow.seq).limit(1)


def _attempts(number: int) -> str:
    return f"{number} attempt" if number == 1 else f"{number} attempts"


def _row(parcel: Parcel, seq: int, *, now: datetime, expires: datetime) -> dict[str, Any]:
    return row_of(
        DeliveryRow,
        id=parcel.id,
        seq=seq,
        run_id=parcel.run_id,
        sink=parcel.sink,
        what=parcel.what,
        file=None if parcel.file is None else str(parcel.file),
        payload=dict(parcel.payload),
        state=_PENDING,
        attempts=0,
        created=now,
        due=now + parcel.collect,
        collecting=bool(parcel.collect),
        chain=parcel.chain,
        expires=expires + parcel.collect,
        settled=None,
        error=None,
        progress={},
    )


def _delivery(row: DeliveryRow, **changed: Any) -> Delivery:  # noqa: ANN401 - what Delivery takes
    parcel = Parcel(
        id=row.id,
        run_id=row.run_id,
        sink=row.sink,
        what=row.what,
        file=None if row.file is None else Path(row.file),
        payload=row.payload,
    )
    stored: dict[str, Any] = {
        "state": DeliveryState(row.state),
        "attempts": row.attempts,
        "created": row.created,
        "due": row.due,
        "expires": row.expires,
        "settled": row.settled,
        "error": row.error,
        "progress": row.progress,
    }
    return Delivery(parcel=parcel, **stored | changed)

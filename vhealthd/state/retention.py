"""What is not kept any longer: old runs with all that belongs to them, settled deliveries, findings long resolved."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Delete, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vhealthd.model import DeliveryState
from vhealthd.state.lives import RESOLVED
from vhealthd.state.rows import RunState
from vhealthd.state.store import Store
from vhealthd.state.tables import DeliveryRow, FindingRow, RunRow

_UNSETTLED = (DeliveryState.PENDING.value, DeliveryState.SENDING.value)
# Runs that go in one transaction: few enough that whoever else writes hardly waits.
_AT_ONCE = 10
_ROWS_AT_ONCE = 2000


class Retention:
    """Says what is to go, and drops it in small transactions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def overdue(self, *, days: int, runs: int, now: datetime) -> tuple[str, ...]:
        """Return the runs that are older than `days`, or that have `runs` newer ones; the oldest first.

        Those that are still to be done stay, and so do those of which something is still to be delivered.
        """
        age = func.coalesce(RunRow.started, RunRow.asked)
        settled = RunRow.state != RunState.ASKED.value
        newest = select(RunRow.id).where(settled).order_by(age.desc(), RunRow.id.desc()).limit(runs)
        undelivered = select(DeliveryRow.run_id).where(DeliveryRow.state.in_(_UNSETTLED))
        wanted = (
            select(RunRow.id)
            .where(settled, RunRow.id.not_in(undelivered))
            .where(or_(age < now - timedelta(days=days), RunRow.id.not_in(newest)))
            .order_by(age, RunRow.id)
        )

        async def look(connection: AsyncConnection) -> tuple[str, ...]:
            return tuple(await connection.scalars(wanted))

        return await self._store.read(look)

    async def drop(self, run_ids: Sequence[str]) -> None:
        """Drop runs with their reports, results, readings and deliveries."""
        for start in range(0, len(run_ids), _AT_ONCE):
            await self._drop(run_ids[start : start + _AT_ONCE])

    async def _drop(self, some: Sequence[str]) -> None:
        async def remove(connection: AsyncConnection) -> None:
            await connection.execute(delete(DeliveryRow).where(DeliveryRow.run_id.in_(some)))
            # reports, results and readings go with it
            await connection.execute(delete(RunRow).where(RunRow.id.in_(some)))

        await self._store.change(remove)

    async def drop_settled(self, before: datetime) -> None:
        """Drop deliveries that were settled and findings that were resolved before a time."""
        old_deliveries = select(DeliveryRow.id).where(
            DeliveryRow.state.not_in(_UNSETTLED), DeliveryRow.settled < before
        )
        old_findings = select(FindingRow.identity).where(FindingRow.state == RESOLVED, FindingRow.resolved < before)
        await self._repeat(delete(DeliveryRow).where(DeliveryRow.id.in_(old_deliveries.limit(_ROWS_AT_ONCE))))
        await self._repeat(delete(FindingRow).where(FindingRow.identity.in_(old_findings.limit(_ROWS_AT_ONCE))))

    async def _repeat(self, statement: Delete) -> None:
        async def once(connection: AsyncConnection) -> int:
            return (await connection.execute(statement)).rowcount

        while await self._store.change(once) == _ROWS_AT_ONCE:
            pass

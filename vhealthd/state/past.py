"""What checks may know of earlier runs, read for one vCenter at a time."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vhealthd.model import Outcome, ScanReport, Severity, identity
from vhealthd.model.history import History, Known, Place, Series
from vhealthd.state.lives import OPEN
from vhealthd.state.rows import RunState
from vhealthd.state.store import Store, sliced
from vhealthd.state.tables import FindingRow, ReadingRow, ResultRow, RunRow

Points = list[tuple[datetime, float]]

_SLICE = 1000
_LATE_RUNS = 100
_NOT_JUDGED = (Outcome.UNKNOWN.value, Outcome.SKIPPED.value)


class Past:
    """The lives of findings and the readings that were noted."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, name: str, instance_uuid: str | None) -> Mapping[str, History]:
        """Return the history of each check in one vCenter, by slug. Raises StateError."""
        vcenters = {name, instance_uuid or name}

        async def gather(connection: AsyncConnection) -> Mapping[str, History]:
            looked = await _looked(connection, name)
            findings = await _findings(connection, vcenters)
            readings = await _readings(connection, vcenters)
            return {
                slug: History(looked=looked.get(slug), findings=findings.get(slug, {}), readings=readings.get(slug, {}))
                for slug in {*looked, *findings, *readings}
            }

        return await self._store.read(gather)

    async def first_seen(self, report: ScanReport) -> Mapping[str, datetime]:
        """Return since when the findings of a report were open when it began, by identity.

        What is not open before a run that is not committed yet opens with it. Of an older run some are left out: it is
        not kept when something was open that is there again by now, nor when something that is long over.
        """
        identities = {
            identity(vcenter, result, finding)
            for vcenter in report.vcenters
            for result in vcenter.results
            for finding in result.findings
        }

        async def gather(connection: AsyncConnection) -> Mapping[str, datetime]:
            found: dict[str, datetime] = {}
            for some in sliced(list(identities)):
                wanted = select(FindingRow.identity, FindingRow.opened).where(
                    FindingRow.identity.in_(some),
                    FindingRow.opened <= report.started,
                    or_(FindingRow.resolved.is_(None), FindingRow.resolved > report.started),
                )
                found |= {row.identity: row.opened for row in await connection.execute(wanted)}
            done = select(RunRow.state).where(RunRow.id == report.run_id, RunRow.state == RunState.DONE)
            committed = await connection.scalar(done) is not None
            return found if committed else dict.fromkeys(identities, report.started) | found

        return await self._store.read(gather)


async def _looked(connection: AsyncConnection, name: str) -> Mapping[str, datetime]:
    """Return when each check last judged a vCenter, of late."""
    late = select(RunRow.id).where(RunRow.started.is_not(None)).order_by(RunRow.started.desc()).limit(_LATE_RUNS)
    wanted = (
        select(ResultRow.slug, func.max(RunRow.started))
        .join(RunRow, RunRow.id == ResultRow.run_id)
        .where(ResultRow.run_id.in_(late), ResultRow.vcenter == name, ResultRow.outcome.not_in(_NOT_JUDGED))
        .group_by(ResultRow.slug)
    )
    return {slug: at for slug, at in await connection.execute(wanted) if at is not None}


async def _findings(connection: AsyncConnection, vcenters: set[str]) -> Mapping[str, Mapping[Place, Known]]:
    wanted = select(
        FindingRow.slug, FindingRow.object_id, FindingRow.key, FindingRow.opened, FindingRow.severity
    ).where(FindingRow.vcenter.in_(vcenters), FindingRow.state == OPEN)
    found: defaultdict[str, dict[Place, Known]] = defaultdict(dict)
    async with connection.stream(wanted) as rows:
        async for some in rows.partitions(_SLICE):
            for slug, object_id, key, opened, severity in some:
                found[slug][object_id, key] = Known(opened, Severity(severity))
    return found


async def _readings(connection: AsyncConnection, vcenters: set[str]) -> Mapping[str, Mapping[Place, Series]]:
    wanted = (
        select(ReadingRow.slug, ReadingRow.object_id, ReadingRow.key, ReadingRow.at, ReadingRow.value)
        .where(ReadingRow.vcenter.in_(vcenters))
        .order_by(ReadingRow.at)
    )
    found: defaultdict[str, dict[Place, Points]] = defaultdict(dict)
    async with connection.stream(wanted) as rows:
        async for some in rows.partitions(_SLICE):
            for slug, object_id, key, at, value in some:
                found[slug].setdefault((object_id or None, key or None), []).append((at, value))
    return {slug: {place: tuple(points) for place, points in series.items()} for slug, series in found.items()}

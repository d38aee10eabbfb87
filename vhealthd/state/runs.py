"""The runs: promised, tried, committed with all that they found, or given up."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vhealthd.figures import Figures
from vhealthd.model import AlertRecord, Category, Outcome, ScanReport, Severity
from vhealthd.model.deliveries import Parcel
from vhealthd.sla import Results
from vhealthd.state import alerts as alerting
from vhealthd.state import codec, rows
from vhealthd.state.lives import live_on
from vhealthd.state.outbox import put
from vhealthd.state.rows import RunState
from vhealthd.state.store import Store, sliced
from vhealthd.state.tables import MarkRow, ReadingRow, ReportRow, ResultRow, RunRow, row_of

_LAST_DUE = "last_due"
LATEST = "latest"
MANUAL = "manual"  # also the trigger of `vhealthd run --once`, which promises its run

Judged = frozenset[tuple[str, str]]  # vCenters as they are configured, each with a check


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedRun:
    """A run that was promised and is neither committed nor given up. `due` is the scheduled moment it stands for."""

    run_id: str
    trigger: str
    due: datetime | None
    asked: datetime
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """What is known of a run without its report. `started` and all after `why` are there once it is done."""

    run_id: str
    trigger: str
    state: RunState
    due: datetime | None
    asked: datetime
    attempts: int
    why: str | None = None
    started: datetime | None = None
    finished: datetime | None = None
    tool_version: str | None = None
    config_sha256: str | None = None
    vcenters: tuple[str, ...] = ()
    outcomes: Mapping[Outcome, int] = field(default_factory=dict)  # results by outcome
    findings: Mapping[Severity, int] = field(default_factory=dict)  # those that count, by severity
    files: Mapping[str, Path] = field(default_factory=dict)
    figures: Figures = field(default_factory=Figures)

    @property
    def by_hand(self) -> bool:
        """Whether it is one of `vhealthd scan`, which may be of one check: nobody asked for it before it began."""
        return self.trigger == MANUAL and self.started is not None and self.asked >= self.started

    @property
    def outcome(self) -> Outcome | None:
        """The worst of its outcomes."""
        return min((one for one, count in self.outcomes.items() if count), key=lambda one: one.rank, default=None)


class Runs:
    """The runs, newest first."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def ask(self, run_id: str, trigger: str, *, due: datetime | None, now: datetime) -> None:
        """Promise a run: until it is committed or given up it is among the unfinished ones, whatever happens."""
        row = rows.asked_row(run_id, trigger, due=due, now=now)
        await self._store.change(lambda connection: connection.execute(insert(RunRow), row))

    async def unfinished(self) -> tuple[AskedRun, ...]:
        """Return the runs that were promised and are neither committed nor given up; the oldest first."""
        wanted = select(RunRow).where(RunRow.state == RunState.ASKED).order_by(RunRow.asked, RunRow.id)
        return tuple(
            AskedRun(run_id=row.id, trigger=row.trigger, due=row.due, asked=row.asked, attempts=row.attempts)
            for row in await self._store.entities(wanted)
        )

    async def begin(self, run_id: str, now: datetime) -> int:
        """Count one more attempt at a promised run, and return how many there are."""

        async def count(connection: AsyncConnection) -> int:
            await connection.execute(
                update(RunRow)
                .where(RunRow.id == run_id, RunRow.state == RunState.ASKED)
                .values(attempts=RunRow.attempts + 1, started=now)
            )
            return await connection.scalar(select(RunRow.attempts).where(RunRow.id == run_id)) or 0

        return await self._store.change(count)

    async def give_up(self, run_id: str, *, now: datetime, why: str) -> None:
        """Settle a promised run as failed: it will never be committed."""
        failed = update(RunRow).where(RunRow.id == run_id, RunRow.state == RunState.ASKED)
        await self._store.change(
            lambda connection: connection.execute(failed.values(state=RunState.FAILED.value, settled=now, why=why))
        )

    async def commit(
        self,
        report: ScanReport,
        *,
        config_sha256: str | None,
        files: Mapping[str, Path],
        parcels: Iterable[Parcel],
        alerts: Iterable[AlertRecord] = (),
        now: datetime,
        expires: datetime,
    ) -> bool:
        """Keep a run with all that it found and the alerts that it changed, and put its parcels into the outbox.

        All of it or nothing.

        One that is settled already is left as it is, and False returned.
        """
        # in a thread: with tens of thousands of findings it takes a second
        prepared = await asyncio.to_thread(rows.prepare, report)
        run = rows.run_row(report, now=now, config_sha256=config_sha256, files=files)
        parcels, records = tuple(parcels), tuple(alerts)

        async def keep(connection: AsyncConnection) -> bool:
            before = (
                await connection.execute(
                    select(RunRow.state, RunRow.asked, RunRow.due, RunRow.attempts).where(RunRow.id == report.run_id)
                )
            ).first()
            if before is not None and before.state != RunState.ASKED:
                return False
            if before is not None:
                await connection.execute(delete(RunRow).where(RunRow.id == report.run_id))
                run.update(asked=before.asked, due=before.due, attempts=before.attempts)
            await connection.execute(insert(RunRow), run)
            await connection.execute(insert(ReportRow), prepared.report)
            for table, new in ((ResultRow, prepared.results), (ReadingRow, prepared.readings)):
                for some in sliced(new):
                    await connection.execute(insert(table), some)
            await live_on(connection, prepared.lives)
            await alerting.keep(connection, records)
            await put(connection, parcels, now=now, expires=expires)
            return True

        return await self._store.change(keep)

    async def last_due(self) -> datetime | None:
        """Return the last scheduled moment that was handled: there was a run, or it was missed for good."""
        wanted = select(MarkRow.at).where(MarkRow.name == _LAST_DUE)
        return await self._store.read(lambda connection: connection.scalar(wanted))

    async def set_last_due(self, due: datetime) -> None:
        """Remember that a scheduled moment was handled."""

        async def mark(connection: AsyncConnection) -> None:
            await connection.execute(delete(MarkRow).where(MarkRow.name == _LAST_DUE))
            await connection.execute(insert(MarkRow), row_of(MarkRow, name=_LAST_DUE, at=due))

        await self._store.change(mark)

    async def last(self) -> RunSummary | None:
        """Return the newest run that was committed."""
        return next(iter(await self._summaries(state=RunState.DONE, limit=1)), None)

    async def list(self, limit: int = 100, *, state: RunState | None = None) -> tuple[RunSummary, ...]:
        """Return runs, the newest first; without a state those that were promised and those that failed too."""
        return await self._summaries(limit=limit, state=state)

    async def before(self, moment: datetime, limit: int = 1, *, skip: int = 0) -> tuple[RunSummary, ...]:
        """Return the newest committed runs that began before a moment, the newest first, without the first `skip`."""
        return await self._summaries(limit=limit, skip=skip, state=RunState.DONE, before=moment)

    async def judged(self, run_ids: Collection[str]) -> Mapping[str, Judged]:
        """Return which checks of which vCenters some runs have results of, whatever these are."""
        wanted = select(ResultRow.run_id, ResultRow.vcenter, ResultRow.slug).where(ResultRow.run_id.in_(run_ids))

        async def gather(connection: AsyncConnection) -> Mapping[str, Judged]:
            found: dict[str, set[tuple[str, str]]] = {one: set() for one in run_ids}
            for run_id, vcenter, slug in await connection.execute(wanted):
                found[run_id].add((vcenter, slug))
            return {run_id: frozenset(places) for run_id, places in found.items()}

        return await self._store.read(gather) if run_ids else {}

    async def find(self, name: str) -> RunSummary | None:
        """Return the run with this id, or the only one whose id begins so; `latest` is the last one committed."""
        if name == LATEST:
            return await self.last()
        found = await self.matching(name) if name else ()
        exact = [one for one in found if one.run_id == name]
        return next(iter(exact or (found if len(found) == 1 else ())), None)

    async def matching(self, prefix: str) -> tuple[RunSummary, ...]:
        """Return the newest runs whose ids begin so."""
        return await self._summaries(prefix=prefix, limit=10)

    async def report(self, run_id: str) -> ScanReport | None:
        """Return the whole report of a run, as it was committed; None where there is none."""
        for row in await self._store.entities(select(ReportRow).where(ReportRow.run_id == run_id)):
            return await asyncio.to_thread(codec.decode, row.data, form=row.form)
        return None

    async def results(self, *, since: datetime, until: datetime) -> tuple[Results, ...]:
        """Count the results of the runs that began after one time and up to another."""
        counted = (
            select(ResultRow.vcenter, ResultRow.slug, ResultRow.category, ResultRow.outcome, func.count())
            .join(RunRow, RunRow.id == ResultRow.run_id)
            .where(RunRow.started > since, RunRow.started <= until)
            .group_by(ResultRow.vcenter, ResultRow.slug, ResultRow.category, ResultRow.outcome)
        )

        async def count(connection: AsyncConnection) -> tuple[Results, ...]:
            return tuple(
                Results(vcenter, slug, Category(category), Outcome(outcome), number)
                for vcenter, slug, category, outcome, number in await connection.execute(counted)
            )

        return await self._store.read(count)

    async def _summaries(
        self,
        *,
        limit: int,
        skip: int = 0,
        state: RunState | None = None,
        prefix: str = "",
        before: datetime | None = None,
    ) -> tuple[RunSummary, ...]:
        wanted = select(RunRow).order_by(func.coalesce(RunRow.started, RunRow.asked).desc(), RunRow.id.desc())
        if state is not None:
            wanted = wanted.where(RunRow.state == state)
        if before is not None:
            wanted = wanted.where(RunRow.started < before)
        if prefix:
            wanted = wanted.where(RunRow.id.startswith(prefix, autoescape=True))
        return tuple(_summary(row) for row in await self._store.entities(wanted.limit(limit).offset(skip)))


def _summary(row: RunRow) -> RunSummary:
    return RunSummary(
        run_id=row.id,
        trigger=row.trigger,
        state=RunState(row.state),
        due=row.due,
        asked=row.asked,
        attempts=row.attempts,
        why=row.why,
        started=row.started,
        finished=row.finished,
        tool_version=row.tool_version,
        config_sha256=row.config_sha256,
        vcenters=tuple(row.vcenters),
        outcomes=rows.outcomes(row.outcomes),
        findings=rows.severities(row.findings),
        files={name: Path(str(path)) for name, path in row.files.items()},
        figures=rows.figures_of(row.figures),
    )

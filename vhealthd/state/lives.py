"""The life of findings: when each was first seen, since when it is as bad as it is, and when it went away.

Only a check that looked resolves what it no longer finds. What was not judged, was hidden from the check, or may be out
of scope by mistake, stays as it was seen last.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row as RowOf
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vhealthd.model import (
    CheckResult,
    Finding,
    NotExamined,
    ScanReport,
    VCenterReport,
    VCenterState,
    identity,
    lasting_name,
)
from vhealthd.state.store import sliced
from vhealthd.state.tables import FindingRow, row_of

Row = dict[str, Any]
OPEN, RESOLVED = "open", "resolved"


class Judge(NamedTuple):
    """A check and the vCenter that it judged, as identities name it."""

    vcenter: str
    slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """What one run tells of the life of findings."""

    run_id: str
    at: datetime
    seen: Mapping[str, Row]  # by identity: what a row says of the finding itself
    judged: Mapping[Judge, Mapping[str | None, Sequence[NotExamined]]]  # what was hidden, by object
    narrowed: AbstractSet[Judge]  # those with a name in the scope that matches nothing


def lives(report: ScanReport) -> Lives:
    """Return what a report tells of the life of findings."""
    rows = [(vcenter, result) for vcenter in report.vcenters for result in vcenter.results]
    return Lives(
        run_id=report.run_id,
        at=report.started,
        seen={
            identity(vcenter, result, finding): _seen(vcenter, result, finding)
            for vcenter, result in rows
            for finding in result.findings
        },
        judged={
            Judge(lasting_name(vcenter, result.category), result.check): _hidden(result.not_examined)
            for vcenter, result in rows
            if result.looked and vcenter.state is not VCenterState.UNREACHABLE
        },
        narrowed={
            Judge(lasting_name(vcenter, result.category), result.check)
            for vcenter, result in rows
            if vcenter.unmatched_scope
        },
    )


def _hidden(missed: Iterable[NotExamined]) -> Mapping[str | None, Sequence[NotExamined]]:
    hidden: dict[str | None, list[NotExamined]] = {}
    for one in missed:
        hidden.setdefault(one.object.moref, []).append(one)
    return hidden


def _seen(vcenter: VCenterReport, result: CheckResult, finding: Finding) -> Row:
    return {
        "vcenter": lasting_name(vcenter, result.category),
        "slug": result.check,
        "object_type": finding.object.ref.type,
        "object_id": finding.object.moref,
        "object_name": finding.object.name,
        "key": finding.key,
        "severity": finding.severity.value,
        "counts": finding.counts,
    }


async def live_on(connection: AsyncConnection, told: Lives) -> None:
    """Write what a run tells: what is new, what goes on, what is there again, and what is over."""
    for some in sliced(tuple(told.seen)):
        await _see(connection, told, some)
    await _resolve(connection, told)


_BEFORE = select(
    FindingRow.identity,
    FindingRow.severity,
    FindingRow.state,
    FindingRow.opened,
    FindingRow.since,
    FindingRow.reopened,
)
# What may change in the life of a finding.
_GO_ON = (
    update(FindingRow)
    .where(FindingRow.identity == bindparam("known"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in (
                *("object_name", "severity", "counts", "state", "opened", "since", "last_seen", "last_run"),
                *("resolved", "reopened"),
            )
        }
    )
)


async def _see(connection: AsyncConnection, told: Lives, identities: Sequence[str]) -> None:
    before = {row.identity: row for row in await connection.execute(_BEFORE.where(FindingRow.identity.in_(identities)))}
    now: Row = {"state": OPEN, "last_seen": told.at, "last_run": told.run_id, "resolved": None}
    born, going_on = [], []
    for one in identities:
        said = {"identity": one, **told.seen[one], **now}
        if one not in before:
            first = {"first_seen": told.at, "opened": told.at, "since": told.at, "reopened": 0}
            born.append(row_of(FindingRow, **said, **first))
            continue
        row = before[one]
        again = row.state == RESOLVED
        changed = again or row.severity != said["severity"]
        said["opened"] = told.at if again else row.opened
        said["since"] = told.at if changed else row.since
        said["reopened"] = row.reopened + again
        going_on.append({"known": one, **{f"new_{name}": value for name, value in said.items()}})
    if born:
        await connection.execute(insert(FindingRow), born)
    if going_on:
        await connection.execute(_GO_ON, going_on)


async def _resolve(connection: AsyncConnection, told: Lives) -> None:
    vcenters = {one.vcenter for one in told.judged}
    unseen = select(
        FindingRow.identity, FindingRow.vcenter, FindingRow.slug, FindingRow.object_id, FindingRow.key
    ).where(FindingRow.state == OPEN, FindingRow.vcenter.in_(vcenters), FindingRow.last_run != told.run_id)
    over: list[str] = []
    async with connection.stream(unseen) as found:
        async for some in found.partitions(1000):
            over += [row.identity for row in some if _is_over(told, row)]
    for identities in sliced(over):
        chosen = update(FindingRow).where(FindingRow.identity.in_(identities))
        await connection.execute(chosen.values(state=RESOLVED, resolved=told.at))


def _is_over(told: Lives, row: RowOf[str, str, str, str | None, str | None]) -> bool:
    judge = Judge(row.vcenter, row.slug)
    if judge in told.narrowed and row.object_id is not None:
        return False  # what the name named may have another name now; vCenter itself is in every scope
    hidden = told.judged.get(judge)
    return hidden is not None and not any(one.hides(row.key) for one in hidden.get(row.object_id, ()))

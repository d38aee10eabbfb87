"""Runs: promised, tried, committed once, found again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.report.scans import ordinary, scan, unreachable
from vhealthd.model import Category, Outcome, ScanReport, Severity
from vhealthd.model.deliveries import Parcel
from vhealthd.sla import Results
from vhealthd.state import RunState, State, open_state

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
EXPIRES = NOW + timedelta(hours=72)


def report(run_id: str = "20261121T060000Z-7f3a", **changes: Any) -> ScanReport:  # noqa: ANN401 - fields of a report
    return replace(scan(ordinary(), unreachable()), run_id=run_id, **changes)


async def commit(state: State, what: ScanReport, *parcels: Parcel, files: dict[str, Path] | None = None) -> bool:
    return await state.runs.commit(
        what, config_sha256="ab" * 32, files=files or {}, parcels=parcels, now=NOW, expires=EXPIRES
    )


async def test_nothing_is_known_at_first(state: State) -> None:
    assert await state.runs.last() is None
    assert await state.runs.list() == ()
    assert await state.runs.unfinished() == ()
    assert await state.runs.last_due() is None
    assert await state.runs.report("none") is None


async def test_a_promised_run_is_unfinished_until_it_is_committed(state: State) -> None:
    wanted = report()
    await state.runs.ask(wanted.run_id, "schedule", due=NOW - timedelta(minutes=5), now=NOW)

    (asked,) = await state.runs.unfinished()
    assert (asked.run_id, asked.trigger, asked.due, asked.asked, asked.attempts) == (
        wanted.run_id,
        "schedule",
        NOW - timedelta(minutes=5),
        NOW,
        0,
    )
    assert [await state.runs.begin(wanted.run_id, NOW) for _ in range(2)] == [1, 2]
    assert await commit(state, wanted)

    assert await state.runs.unfinished() == ()
    done = await state.runs.find(wanted.run_id)
    assert done is not None
    assert (done.state, done.due, done.asked, done.attempts) == (RunState.DONE, NOW - timedelta(minutes=5), NOW, 2)


async def test_a_promise_outlives_the_process(tmp_path: Path) -> None:
    async with open_state(tmp_path) as state:
        await state.runs.ask("run-1", "sighup", due=None, now=NOW)
        await state.runs.set_last_due(NOW)

    async with open_state(tmp_path) as state:
        assert [one.run_id for one in await state.runs.unfinished()] == ["run-1"]
        assert await state.runs.last_due() == NOW


async def test_a_run_that_is_given_up_failed_and_is_never_committed(state: State) -> None:
    wanted = report()
    await state.runs.ask(wanted.run_id, "api", due=None, now=NOW)
    await state.runs.give_up(wanted.run_id, now=NOW, why="it ended the process three times")

    assert await state.runs.unfinished() == ()
    (failed,) = await state.runs.list()
    assert (failed.state, failed.why, failed.started) == (RunState.FAILED, "it ended the process three times", None)
    assert not await commit(state, wanted)
    assert await state.runs.last() is None


async def test_a_run_is_committed_once(state: State) -> None:
    first = report()
    assert await commit(state, first)
    assert not await commit(state, replace(first, trigger="manual"), Parcel(id="p", run_id="x", sink="s", what="w"))

    assert await state.runs.report(first.run_id) == first
    assert await state.outbox.deliveries() == ()


async def test_all_of_a_commit_is_there_or_nothing(state: State) -> None:
    wanted = report()
    broken = Parcel(id="p", run_id=wanted.run_id, sink="mail", what="w", payload={"no json": object()})  # type: ignore[dict-item]

    with pytest.raises(Exception, match="JSON serializable"):
        await commit(state, wanted, broken)

    assert await state.runs.list() == ()
    assert await state.runs.report(wanted.run_id) is None
    assert await commit(state, wanted), "and it can be done again"


async def test_what_a_summary_tells(state: State) -> None:
    await commit(state, report(), files={"report.pdf": Path("/r/report.pdf")})

    found = await state.runs.last()
    assert found is not None
    assert found.trigger == "schedule"
    assert found.vcenters == ("prod", "prod-2")
    assert found.outcome is Outcome.CRITICAL
    assert found.outcomes[Outcome.UNKNOWN] == 11
    assert list(found.findings) == [Severity.CRITICAL, Severity.WARNING, Severity.INFO]
    assert found.files == {"report.pdf": Path("/r/report.pdf")}
    assert found.config_sha256 == "ab" * 32
    assert (found.started, found.finished) == (report().started, report().finished)


async def test_runs_are_listed_newest_first_whatever_became_of_them(state: State) -> None:
    for day in (2, 3, 1):
        await commit(state, report(f"run-{day}", started=NOW + timedelta(days=day)))
    await state.runs.ask("run-4", "schedule", due=NOW, now=NOW + timedelta(days=4))

    assert [one.run_id for one in await state.runs.list()] == ["run-4", "run-3", "run-2", "run-1"]
    assert [one.run_id for one in await state.runs.list(limit=2)] == ["run-4", "run-3"]
    last = await state.runs.last()
    assert last is not None
    assert last.run_id == "run-3"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("2026-a1", "2026-a1"),
        ("2026-a", "2026-a"),
        ("2026-b", "2026-b9"),
        ("latest", "2026-b9"),
        ("2026", None),
        ("2027", None),
        ("%", None),
        ("", None),
    ],
)
async def test_a_run_is_found_by_id_unique_prefix_or_as_the_latest(state: State, name: str, found: str | None) -> None:
    for number, run_id in enumerate(("2026-a", "2026-a1", "2026-b9")):
        await commit(state, report(run_id, started=NOW + timedelta(days=number)))

    run = await state.runs.find(name)
    assert (run and run.run_id) == found


async def test_results_are_counted_over_a_window(state: State) -> None:
    for day in (1, 2, 3, 4):
        await commit(state, report(f"run-{day}", started=NOW + timedelta(days=day)))

    counted = await state.runs.results(since=NOW + timedelta(days=1), until=NOW + timedelta(days=3))

    once = [result for vcenter in report().vcenters for result in vcenter.results]
    assert sum(one.number for one in counted) == 2 * len(once)
    assert Results("prod", "host-connection", Category.COMPUTE, Outcome.CRITICAL, 2) in counted
    assert Results("prod-2", "host-connection", Category.COMPUTE, Outcome.UNKNOWN, 2) in counted

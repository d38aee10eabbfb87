"""What is kept, and what goes: by age, by number, and never what is still needed."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.report.scans import finding, vm
from tests.state.runs import DAY, check, day, keep, run
from vhealthd.config import Settings
from vhealthd.model import Parcel, Reading
from vhealthd.state import State
from vhealthd.tidy import tidy

OLD = finding(vm("web-1"))


def settings(folder: Path, *, days: int = 400, runs: int = 1000) -> Settings:
    vcenter = {"name": "prod", "url": "https://vc", "username": "u", "password": {"env": "HOME"}}
    return Settings.model_validate(
        {"vcenters": [vcenter], "state": {"directory": folder, "retention": {"days": days, "runs": runs}}}
    )


async def ids(state: State) -> list[str]:
    return [one.run_id for one in await state.runs.list(limit=1000)]


def name(number: float) -> str:
    return run(number).run_id


async def test_what_is_older_goes(state: State, tmp_path: Path) -> None:
    await keep(state, *(run(number, check(OLD)) for number in (1, 2, 3, 4)))

    gone = await tidy(state, settings(tmp_path, days=2), day(4.5))

    assert gone == (name(1), name(2))
    assert await ids(state) == [name(4), name(3)]
    assert await state.runs.report(name(1)) is None
    assert await state.runs.report(name(3)) is not None


async def test_what_is_too_many_goes_the_oldest_first(state: State, tmp_path: Path) -> None:
    await keep(state, *(run(number) for number in range(25)))
    await tidy(state, settings(tmp_path, runs=3), day(30))
    assert await ids(state) == [name(24), name(23), name(22)]


async def test_nothing_goes_that_may_stay(state: State, tmp_path: Path) -> None:
    await keep(state, *(run(number) for number in (1, 2, 3)))
    assert await tidy(state, settings(tmp_path, days=10, runs=3), day(11)) == ()
    assert len(await ids(state)) == 3


async def test_readings_go_with_their_run(state: State, tmp_path: Path) -> None:
    for number in (1, 2):
        noted = replace(check(), readings=(Reading(vm("web-1"), None, number),))
        await keep(state, run(number, noted))
    await tidy(state, settings(tmp_path, runs=1), day(3))

    past = (await state.past.of("prod", run(1).vcenters[0].instance_uuid))["snapshot-age"]
    assert past.series(vm("web-1")) == ((day(2), 2.0),)


async def test_a_run_that_is_still_to_be_done_stays(state: State, tmp_path: Path) -> None:
    await state.runs.ask("asked", "schedule", due=day(1), now=day(1))
    await state.runs.ask("failed", "schedule", due=day(1), now=day(1))
    await state.runs.give_up("failed", now=day(1), why="no luck")

    assert await tidy(state, settings(tmp_path, days=1), day(9)) == ("failed",)
    assert [one.run_id for one in await state.runs.unfinished()] == ["asked"]


async def test_a_run_of_which_something_is_to_be_delivered_stays(state: State, tmp_path: Path) -> None:
    await keep(state, run(1))
    await state.outbox.put([Parcel(id="p", run_id=name(1), sink="s3", what="w")], now=day(1), expires=day(99))
    assert await tidy(state, settings(tmp_path, days=1), day(9)) == ()

    taken = await state.outbox.take("s3", day(9))
    assert taken is not None
    assert await tidy(state, settings(tmp_path, days=1), day(9)) == ()

    await state.outbox.delivered("p", now=day(9))
    assert await tidy(state, settings(tmp_path, days=1), day(9)) == (name(1),)
    assert await state.outbox.deliveries() == ()


async def test_what_was_settled_long_ago_goes(state: State, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        parcel = Parcel(id=f"p{number}", run_id="elsewhere", sink="s3", what="w")
        await state.outbox.put([parcel], now=day(number), expires=day(99))
    await state.outbox.take("s3", day(3))
    await state.outbox.delivered("p1", now=day(3))
    await state.outbox.take("s3", day(3))
    await state.outbox.give_up("p2", now=day(8), error="no")

    await tidy(state, settings(tmp_path, days=2), day(9))
    assert {one.parcel.id for one in await state.outbox.deliveries()} == {"p2", "p3"}


async def test_findings_go_when_they_were_resolved_long_ago(state: State, tmp_path: Path) -> None:
    gone, open_still = finding(vm("gone", 1)), finding(vm("open", 2))
    await keep(state, run(1, check(gone, open_still)), run(2, check(open_still)))
    await tidy(state, settings(tmp_path, days=2), day(9))

    await keep(state, run(10, check(gone, open_still)))
    past = (await state.past.of("prod", run(1).vcenters[0].instance_uuid))["snapshot-age"]
    assert (past.since(gone.object), past.since(open_still.object)) == (day(10), day(1))


async def test_the_files_of_a_run_go_with_it(state: State, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    for number in (1, 2):
        (reports / name(number)).mkdir(parents=True)
        (reports / name(number) / "report.pdf").write_bytes(b"%PDF")
    (tmp_path / "mine.txt").write_text("keep")
    await keep(state, run(1), run(2))

    await tidy(state, settings(tmp_path, runs=1), day(3))

    assert [(reports / name(number)).exists() for number in (1, 2)] == [False, True]
    assert (tmp_path / "mine.txt").exists()


async def test_the_files_of_a_run_go_though_reports_are_written_elsewhere_by_now(state: State, tmp_path: Path) -> None:
    before, mine = tmp_path / "before" / name(1), tmp_path / "mine"
    for folder in (before, mine):
        folder.mkdir(parents=True)
        (folder / "report.pdf").write_bytes(b"%PDF")
    files = {"pdf": before / "report.pdf", "json": mine / "report.pdf"}
    await state.runs.commit(run(1), config_sha256=None, files=files, parcels=(), now=day(1), expires=day(2))

    await tidy(state, settings(tmp_path, days=1), day(9))

    assert not before.exists()
    assert mine.exists()  # not a folder of this run alone


async def test_a_run_whose_files_cannot_be_deleted_stays_and_is_told(state: State, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    reports.mkdir()
    (reports / name(1)).write_text("a file where the folder should be")
    await keep(state, run(1))

    with capture_logs() as logs:
        assert await tidy(state, settings(tmp_path, days=1), day(9)) == ()
    assert [one["event"] for one in logs] == ["files of an old run cannot be deleted"]
    assert await ids(state) == [name(1)]


@pytest.mark.parametrize("late", [timedelta(), 5 * DAY])
async def test_tidying_twice_is_tidying_once(state: State, tmp_path: Path, late: timedelta) -> None:
    await keep(state, *(run(number, check(OLD)) for number in range(10)))
    kept = settings(tmp_path, days=7, runs=5)
    await tidy(state, kept, day(10) + late)
    before = await ids(state)
    assert await tidy(state, kept, day(10) + late) == ()
    assert await ids(state) == before

"""The service from inside: schedule, orders, reload, trouble. Every scan is one of a mock vCenter."""

import asyncio
import gc
import json
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from mocks.faults import Latency
from mocks.vcenter import MockVCenter
from mocks.worlds import default_world
from tests.integration.daemons import Served, served, write_config
from tests.integration.scans import account
from vhealthd.delivery.outbox import Worker
from vhealthd.errors import StateError
from vhealthd.model import Parcel, Severity
from vhealthd.state import RunSummary, trouble
from vhealthd.vcenter.collect import Collector

QUIET = {"select": ["vcenter-reachability", "snapshot-age"]}
HALF_PAST_FIVE = datetime(2026, 3, 2, 5, 30, tzinfo=UTC)
SCORE, SLA = "vhealthd_health_score", 'vhealthd_sla_ratio{vcenter="prod",window="30d"}'


def at(text: str) -> datetime:
    return datetime.combine(HALF_PAST_FIVE.date(), time.fromisoformat(text), UTC)


@pytest.fixture
async def vc() -> AsyncIterator[MockVCenter]:
    async with MockVCenter(default_world()) as one:
        yield one


@pytest.fixture
def config(tmp_path: Path, vc: MockVCenter, monkeypatch: pytest.MonkeyPatch) -> Path:
    return write_config(
        tmp_path / "config.yaml",
        account(vc, monkeypatch),
        scan=QUIET,
        report={"formats": ["json"]},
        schedule={"cron": "0 6 * * *", "jitter": "0s"},
    )


async def test_it_scans_when_a_scan_is_due(config: Path) -> None:
    async with served(config, HALF_PAST_FIVE) as one:
        assert await one.until(lambda: next_scan(one)) == "2026-03-02T06:00:00Z"
        assert await one.runs() == ()

        one.clock.move(at("06:00"))

        (run,) = await one.done()
        assert (run.trigger, run.due) == ("schedule", at("06:00"))
        assert await one.metric("vhealthd_next_scan_timestamp_seconds") == (at("06:00") + timedelta(days=1)).timestamp()


async def test_what_was_missed_while_it_was_off_is_made_up_for_once(config: Path) -> None:
    async with served(config, HALF_PAST_FIVE) as one:
        one.clock.move(at("06:00"))
        await one.done()
    tomorrow = timedelta(days=1)
    async with served(config, at("08:00") + tomorrow) as one:
        runs = await one.done(2)
        assert [(run.trigger, run.due) for run in runs] == [
            ("catchup", at("06:00") + tomorrow),
            ("schedule", at("06:00")),
        ]
        one.clock.move(at("08:30") + tomorrow)
    async with served(config, at("09:00") + tomorrow) as one:
        await asyncio.sleep(0.05)
        assert len(await one.runs()) == 2


async def test_hang_ups_during_a_scan_are_one_more(config: Path, vc: MockVCenter) -> None:
    async with served(config, HALF_PAST_FIVE) as one:
        one.daemon.hang_up.set()
        await one.until(lambda: _true(vc.stats.requests > 0))
        for _ in range(5):
            one.daemon.hang_up.set()
            await asyncio.sleep(0)
        await one.done(2)
        await asyncio.sleep(0.1)
        assert [run.trigger for run in await one.runs()] == ["sighup", "sighup"]


async def test_a_wrong_configuration_is_not_taken_over(config: Path) -> None:
    good = config.read_text()
    async with served(config, HALF_PAST_FIVE) as one:
        config.write_text(good.replace('"scan"', '"scam"'))
        one.daemon.hang_up.set()
        await one.done()  # all the same
        code, health = await one.get("/healthz")
        assert (code, len(health["problems"])) == (200, 1)
        assert "unknown key" in health["problems"][0]
        assert (await one.get("/readyz"))[0] == 503

        config.write_text(good.replace("0 6 * * *", "0 7 * * *"))
        one.daemon.hang_up.set()
        await one.done(2)
        assert (await one.get("/readyz"))[0] == 200
        assert await next_scan(one) == "2026-03-02T07:00:00Z"


# --- what is shown of earlier runs


async def test_the_open_alerts_are_counted_at_the_start_and_after_a_run(config: Path) -> None:
    async with served(config, HALF_PAST_FIVE) as one:
        await one.until(lambda: _shows_open_alerts(one))
        assert await one.metric(_open_alerts(Severity.CRITICAL)) == 0
        one.daemon.hang_up.set()
        await one.until(lambda: one.metric(_open_alerts(Severity.CRITICAL)))
        assert await _shows_open_alerts(one)


async def test_score_sla_and_open_alerts_are_there_after_a_restart(config: Path) -> None:
    async with served(config, HALF_PAST_FIVE) as one:
        one.daemon.hang_up.set()
        sla = await one.until(lambda: one.metric(SLA))  # the score is there before
        before = sla, await one.metric(SCORE)
    async with served(config, at("05:40")) as one:
        assert (await one.metric(SLA), await one.metric(SCORE)) == before
        assert await one.until(lambda: one.metric(_open_alerts(Severity.CRITICAL)))
        assert await _shows_open_alerts(one)
        assert len(await one.runs()) == 1


async def test_alerts_that_another_program_changes_are_seen_without_a_run(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vhealthd.daemon._LOOK", timedelta(milliseconds=5))
    async with served(config, HALF_PAST_FIVE) as one:
        one.daemon.hang_up.set()
        await one.until(lambda: one.metric(_open_alerts(Severity.CRITICAL)))
        # in a thread: the service may be writing, and goes on only while the event loop does
        await asyncio.to_thread(_resolve_all, tmp_path / "state" / "vhealthd.db")
        await one.until(lambda: _shows_open_alerts(one))
        assert await one.metric(_open_alerts(Severity.CRITICAL)) == 0


def _resolve_all(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("UPDATE alerts SET resolved = '2026-03-02 05:31:00.000000'")


def _open_alerts(severity: Severity) -> str:
    return f'vhealthd_open_alerts{{severity="{severity.value}",vcenter="prod"}}'


async def _shows_open_alerts(one: Served) -> bool:
    """Say whether the metric counts what the state holds."""
    held = Counter(record.severity for record in await one.daemon.state.alerts.open())
    return all([await one.metric(_open_alerts(severity)) == held[severity] for severity in Severity])


# --- what may go wrong, and ends nothing


async def test_a_configuration_that_nobody_foresaw_is_not_taken_over(config: Path) -> None:
    """Python's own parser of regular expressions gives up in a way of its own."""
    good = json.loads(config.read_text())
    async with served(config, HALF_PAST_FIVE) as one:
        mute = {"check": "*", "match": {"name": "(" * 5000}, "until": "2026-12-31", "owner": "jd", "reason": "?"}
        config.write_text(json.dumps(good | {"mutes": [mute]}))
        one.daemon.hang_up.set()
        await one.done()
        assert "configuration: not read anew" in str((await one.get("/healthz"))[1]["problems"])


async def test_a_run_that_cannot_be_stored_is_stored_where_the_configuration_says_by_then(
    config: Path, tmp_path: Path
) -> None:
    good = json.loads(config.read_text())
    (tmp_path / "no-folder").touch()
    config.write_text(json.dumps(good | {"report": {"formats": ["json"], "output_dir": str(tmp_path / "no-folder")}}))
    async with served(config, HALF_PAST_FIVE) as one:
        one.daemon.hang_up.set()
        await one.until(lambda: _true("storage" in str(one.daemon.health.problems)))
        config.write_text(json.dumps(good | {"report": {"formats": ["json"], "output_dir": str(tmp_path / "other")}}))
        one.daemon.hang_up.set()
        await one.until(lambda: _true("other" in str(one.daemon.plan.settings.reports)))
        one.clock.move(at("05:35"))
        await one.done(2)
        assert len(list((tmp_path / "other").glob("*/report.json"))) == 2


async def test_another_state_directory_waits_for_the_next_start(config: Path, tmp_path: Path) -> None:
    good = json.loads(config.read_text())
    async with served(config, HALF_PAST_FIVE) as one:
        config.write_text(json.dumps(good | {"state": {"directory": str(tmp_path / "elsewhere")}}))
        one.daemon.hang_up.set()
        (run,) = await one.done()
    assert run.files["json"].is_relative_to(tmp_path / "state")
    assert not (tmp_path / "elsewhere").exists()


async def test_nothing_of_a_scan_stays_in_memory(config: Path) -> None:
    """A collector and its errands know each other, and Python by itself looks for such rings once in many scans."""
    gc.collect()
    gc.disable()
    try:
        async with served(config, HALF_PAST_FIVE) as one:
            one.daemon.hang_up.set()
            await one.done()
            assert not [one for one in gc.get_objects() if isinstance(one, Collector)]
    finally:
        gc.enable()


async def test_an_outbox_that_cannot_be_written_is_told(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trouble, "BUSY_SECONDS", 0.05)
    async with served(config, HALF_PAST_FIVE) as one:
        with closing(sqlite3.connect(tmp_path / "state" / "vhealthd.db", isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            one.daemon._worker.wake()
            await one.until(lambda: _true({"outbox for mail", "outbox for s3"} <= one.daemon.health.subjects))
            assert "locked" in str((await one.get("/healthz"))[1]["problems"])
            database.execute("ROLLBACK")
        one.daemon._worker.wake()
        await one.until(lambda: _true(not one.daemon.health.problems))


async def test_a_delivery_that_cannot_be_read_stops_no_other(config: Path, tmp_path: Path) -> None:
    parcels = [Parcel(id=sink, run_id="run-1", sink=sink, what="a mail") for sink in ("mail", "s3")]
    async with served(config, HALF_PAST_FIVE) as one:
        await one.daemon.state.outbox.put(parcels, now=one.clock.now, expires=one.clock.now + timedelta(days=1))
        with closing(sqlite3.connect(tmp_path / "state" / "vhealthd.db", isolation_level=None)) as database:
            database.execute("UPDATE deliveries SET payload = '{' WHERE id = 'mail'")
            one.daemon._worker.wake()
            await one.until(lambda: _true("outbox for mail" in one.daemon.health.subjects))
            tried = "SELECT error FROM deliveries WHERE id = 's3'"
            await one.until(lambda: _true("no longer" in str(database.execute(tried).fetchone())))


async def test_what_ends_it_is_in_the_log(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_self: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Worker, "run", broken)
    with capture_logs() as logs, pytest.raises(ExceptionGroup):
        async with served(config, HALF_PAST_FIVE):
            pass  # it has ended by itself
    assert [line["log_level"] for line in logs if line["event"] == "a task of the service broke"] == ["error"]


HANGS = "scan: the one that is running should have ended long ago"


async def test_a_scan_that_hangs_is_told(config: Path, vc: MockVCenter, monkeypatch: pytest.MonkeyPatch) -> None:
    """By systemd's watchdog it would be ended; elsewhere somebody has to."""
    monkeypatch.setattr("vhealthd.runner.AFTERWARDS", timedelta(days=-1))
    vc.faults = (Latency(0.2),)
    async with served(config, HALF_PAST_FIVE) as one:
        one.daemon.hang_up.set()
        await one.until(lambda: _true(vc.stats.requests))
        assert HANGS in str(await one.get("/readyz"))


async def test_a_full_disk_is_no_scan_that_hangs(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vhealthd.runner.AFTERWARDS", timedelta(days=-1))
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "reports").touch()
    async with served(config, HALF_PAST_FIVE) as one:
        one.daemon.hang_up.set()
        await one.until(lambda: _true("storage" in one.daemon.health.subjects))
        assert HANGS not in str(await one.get("/readyz"))


async def test_what_the_last_run_found_is_unreadable(config: Path, tmp_path: Path) -> None:
    async with served(config, HALF_PAST_FIVE) as one:
        one.daemon.hang_up.set()
        await one.done()
    with closing(sqlite3.connect(tmp_path / "state" / "vhealthd.db", isolation_level=None)) as database:
        database.execute("UPDATE reports SET data = x'00'")
    async with served(config, at("05:40")) as one:
        assert await one.metric(SCORE) is None
        assert await one.metric(SLA), "it needs no report"
        one.daemon.hang_up.set()
        await one.done(2)


@pytest.mark.parametrize(("catch_up", "state"), [("6h", "failed"), ("24h", "done")])
async def test_an_interrupted_scan_is_taken_up_while_it_may_be_made_up_for(
    config: Path, catch_up: str, state: str
) -> None:
    config.write_text(config.read_text().replace('"jitter"', f'"catch_up": "{catch_up}", "jitter"'))
    async with served(config, at("06:00")) as one:
        await one.daemon.state.runs.ask("run-1", "schedule", due=at("06:00"), now=at("06:00"))
        await one.daemon.state.runs.set_last_due(at("06:00"))
    async with served(config, at("13:00")) as one:
        await one.until(lambda: _is(one, "run-1", state))


async def test_it_begins_though_nothing_can_be_written(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trouble, "BUSY_SECONDS", 0.05)
    async with served(config, HALF_PAST_FIVE) as one:
        await one.daemon.state.runs.ask("run-1", "sighup", due=None, now=HALF_PAST_FIVE)
    with closing(sqlite3.connect(tmp_path / "state" / "vhealthd.db", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        async with served(config, HALF_PAST_FIVE + timedelta(days=1)) as one:
            await one.until(lambda: _true("outbox for mail" in one.daemon.health.subjects))


async def test_no_secret_is_kept_with_a_run_that_failed(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("https://me:hush@vcenter and the password=hunter22")

    monkeypatch.setattr("vhealthd.runner.scan", broken)
    async with served(config, HALF_PAST_FIVE) as one:
        one.daemon.hang_up.set()
        run = await one.until(lambda: _is(one, "", "failed"))
        assert run.why == "unexpected ValueError: https://***@vcenter and the password=***"
        assert "hush" not in str(one.daemon.health.problems)


async def test_a_promise_over_http_is_written_down_or_not_given(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trouble, "BUSY_SECONDS", 0.05)
    async with served(config, HALF_PAST_FIVE) as one:
        with closing(sqlite3.connect(tmp_path / "state" / "vhealthd.db", isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            with pytest.raises(StateError, match="locked"):
                await one.daemon.answers.ask("api")
            database.execute("ROLLBACK")
        assert await one.runs() == ()


async def next_scan(one: Served) -> str | None:
    _, status = await one.get("/api/v1/status")
    found: str | None = status["next_scan"]
    return found


async def _is(one: Served, run_id: str, state: str) -> RunSummary | None:
    return next((run for run in await one.runs() if run.run_id.startswith(run_id) and run.state == state), None)


async def _true(value: object) -> object:
    return value

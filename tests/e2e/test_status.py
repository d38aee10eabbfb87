"""`vhealthd status`: what comes next, what was last, what is left to deliver; whether the service runs or not."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.commands import Ended, vhealthd
from tests.report.scans import result, scan, vcenter
from vhealthd.lockfile import lock
from vhealthd.model import Outcome, Parcel, ScanReport
from vhealthd.state import State, open_state

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return configured(tmp_path)


def configured(folder: Path, **schedule: str) -> Path:
    vc = {"name": "prod", "url": "https://vc.example.com", "username": "u", "password": {"env": "VC_PASSWORD"}}
    path = folder / "config.yaml"
    state = {"directory": str(folder / "state")}
    path.write_text(json.dumps({"vcenters": [vc], "routes": [], "schedule": schedule, "state": state}))
    return path


async def status(config: Path) -> dict[str, Any]:
    ended = await vhealthd("status", "--config", config, "--json")
    assert (ended.code, ended.err) == (0, "")
    said: dict[str, Any] = json.loads(ended.out)
    return said


async def shown(config: Path) -> Mapping[str, str]:
    ended = await vhealthd("status", "--config", config)
    assert (ended.code, ended.err) == (0, "")
    return dict(re.split(" {2,}", line.rstrip(), maxsplit=1) for line in ended.out.splitlines())


def report(run_id: str, finished: datetime) -> ScanReport:
    found = result("snapshot-age", outcome=Outcome.CRITICAL)
    return replace(
        scan(vcenter("prod", (found,))),
        run_id=run_id,
        trigger="schedule",
        started=finished - timedelta(seconds=12),
        finished=finished,
    )


async def keep(state: State, run_id: str, finished: datetime, *sinks: str, collect: timedelta = timedelta()) -> None:
    parcels = [
        Parcel(id=f"{run_id}-{sink}", run_id=run_id, sink=sink, what="report.pdf", collect=collect) for sink in sinks
    ]
    assert await state.runs.commit(
        report(run_id, finished), config_sha256=None, files={}, parcels=parcels, now=finished, expires=NOW + 72 * HOUR
    )


async def test_before_the_service_was_ever_started(tmp_path: Path) -> None:
    config = configured(tmp_path, cron="30 2 * * *", timezone="Europe/Berlin", jitter="20m")

    said = await status(config)

    due = datetime.fromisoformat(said["next_scan"]["due"])
    assert NOW < due <= NOW + 25 * HOUR
    assert datetime.fromisoformat(said["next_scan"]["local"]) == due
    assert datetime.fromisoformat(said["next_scan"]["latest_start"]) == due + timedelta(minutes=20)
    assert said["next_scan"]["timezone"] == "Europe/Berlin"
    assert said["next_scan"]["trigger"] == "schedule"
    assert (said["running"], said["process"]) == (False, None)
    assert (said["last_run"], said["last_success"], said["deliveries"]) == (None, None, {})
    assert not (tmp_path / "state").exists(), "status changes nothing"

    lines = await shown(config)
    assert lines["service"] == "does not run"
    local, utc = (f"{moment:%Y-%m-%d %H:%M}" for moment in (due.astimezone(ZoneInfo("Europe/Berlin")), due))
    assert lines["next scan"] == f"{local} Europe/Berlin ({utc} UTC), or up to 20 minutes later"
    assert lines["last run"] == "none so far"


async def test_while_the_service_runs(config: Path, tmp_path: Path) -> None:
    async with open_state(tmp_path / "state") as state:
        with lock(tmp_path / "state"):
            await keep(state, "r1", NOW - 26 * HOUR, "mail", "s3")
            await state.runs.ask("r2", "sighup", due=None, now=NOW)
            await state.runs.begin("r2", NOW)
            while taken := await state.outbox.take("s3", NOW):
                await state.outbox.delivered(taken.parcel.id, now=NOW)

            said, lines = await status(config), await shown(config)

    assert (said["running"], said["process"]) == (True, os.getpid())
    assert said["last_run"]["run_id"] == "r2"
    assert said["last_run"]["state"] == "asked"
    assert said["last_success"]["run_id"] == "r1"
    assert said["last_success"]["outcome"] == "critical"
    assert said["last_success_age_seconds"] >= 26 * 3600
    assert said["deliveries"]["mail"]["pending"] == 1
    assert said["deliveries"]["s3"] == {"pending": 0, "oldest": None, "failed": 0}
    assert lines["service"] == f"runs as process {os.getpid()}"
    assert lines["last run"] == "r2 (sighup) is being done"
    assert lines["last success"] == "r1, 26 hours ago"
    assert lines["to mail"] == "1 pending, the oldest for 26 hours"
    assert lines["to s3"] == "all delivered"


async def test_what_still_collects_does_not_wait_yet(config: Path, tmp_path: Path) -> None:
    async with open_state(tmp_path / "state") as state:
        await keep(state, "r1", datetime.now(UTC), "chat", collect=5 * HOUR)

    assert (await shown(config))["to chat"] in {
        f"1 pending, collecting for another {left}" for left in ("5 hours", "4 hours")
    }


async def test_while_it_does_not(config: Path, tmp_path: Path) -> None:
    async with open_state(tmp_path / "state") as state:
        await keep(state, "r1", NOW - 5 * HOUR, "mail")
        taken = await state.outbox.take("mail", NOW)
        assert taken
        await state.outbox.give_up(taken.parcel.id, now=NOW, error="550 no such user")
    before = sorted((tmp_path / "state").iterdir())

    said, lines = await status(config), await shown(config)

    assert said["last_run"] == said["last_success"]
    assert lines["last run"] == "r1 (schedule), 5 hours ago: critical"
    assert "last success" not in lines
    assert lines["to mail"] == "1 failed for good; see vhealthd deliveries"
    assert sorted((tmp_path / "state").iterdir()) == before, "status changes nothing"


async def test_run_that_failed_says_why(config: Path, tmp_path: Path) -> None:
    async with open_state(tmp_path / "state") as state:
        await keep(state, "r1", NOW - 50 * HOUR)
        await state.runs.ask("r2", "schedule", due=NOW - 2 * HOUR, now=NOW - 2 * HOUR)
        await state.runs.give_up("r2", now=NOW, why="the disk is full\x1b[2J")

    lines = await shown(config)

    assert lines["last run"] == r"r2 (schedule) failed: the disk is full\x1b[2J"
    assert lines["last success"] == "r1, 2 days ago"


async def test_scan_that_will_be_made_up_for(tmp_path: Path) -> None:
    due = NOW.replace(minute=0, second=0) - 2 * HOUR
    config = configured(tmp_path, cron=f"0 {due.hour} * * *", catch_up="6h")
    async with open_state(tmp_path / "state") as state:
        await state.runs.set_last_due(due - 24 * HOUR)

    said, lines = await status(config), await shown(config)

    assert said["next_scan"]["trigger"] == "catchup"
    assert datetime.fromisoformat(said["next_scan"]["due"]) == due
    assert lines["next scan"].startswith("now, or when the service starts, for the one of ")


async def test_scan_that_is_too_late_is_not(tmp_path: Path) -> None:
    due = NOW.replace(minute=0, second=0) - 2 * HOUR
    config = configured(tmp_path, cron=f"0 {due.hour} * * *", catch_up="1h")
    async with open_state(tmp_path / "state") as state:
        await state.runs.set_last_due(due - 24 * HOUR)

    said = await status(config)

    assert said["next_scan"]["trigger"] == "schedule"
    assert datetime.fromisoformat(said["next_scan"]["due"]) == due + 24 * HOUR


async def test_state_that_cannot_be_read_exits_74(config: Path, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state/vhealthd.db").write_text("this is no database, and long enough to be taken for one" * 100)

    ended: Ended = await vhealthd("status", "--config", config)

    assert ended.code == 74
    assert ended.out == ""
    assert "vhealthd.db" in ended.err


async def test_configuration_that_is_wrong_exits_78(tmp_path: Path) -> None:
    config = configured(tmp_path, cron="every day")

    assert (await vhealthd("status", "--config", config)).code == 78

"""Reports that are written again as a user meets them: of an earlier run, and of an inventory that was kept."""

import json
import os
import sys
from asyncio import create_subprocess_exec, subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mocks.vcenter import MockVCenter
from mocks.worlds import default_world
from tests.e2e.commands import RAW, Ended, site, vhealthd
from tests.report.scans import finding, vm
from tests.state.runs import check, keep, run
from vhealthd.saved import Sighting, encode
from vhealthd.state import open_state

WEB, DB = finding(vm("web-1", 1)), finding(vm("db-1", 2))
FIRST, SECOND, THIRD = run(1, check(WEB)), run(2, check(WEB, DB)), run(3, check())


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a configuration whose vCenter is never asked, in the zone of Berlin."""
    vcenter = {"name": "prod", "url": "https://vc.invalid", "username": "u", "password": {"env": "HOME"}}
    path = tmp_path / "config.yaml"
    state = {"directory": str(tmp_path / "state")}
    path.write_text(json.dumps({"vcenters": [vcenter], "state": state, "schedule": {"timezone": "Europe/Berlin"}}))
    return path


@pytest.fixture
async def kept(tmp_path: Path, config: Path) -> Path:
    """Return the configuration of an installation that has three runs."""
    async with open_state(tmp_path / "state") as state:
        await keep(state, FIRST, SECOND, THIRD)
    return config


async def report(config: Path, *arguments: object) -> Ended:
    return await vhealthd("report", *arguments, "--config", config)


async def as_json(config: Path, run_id: str) -> Any:  # noqa: ANN401 - decoded JSON
    ended = await report(config, run_id, "--json")
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


# --- of an earlier run ----------------------------------------------------------------------------------------------


async def test_a_report_is_written_again_with_all_its_files(kept: Path, tmp_path: Path) -> None:
    ended = await report(kept, SECOND.run_id, "--format", "pdf,html,json,csv", "--output-dir", tmp_path / "again")

    assert (ended.code, ended.err) == (0, "")
    names = ("report.json", "findings.csv", "report.html", "report.pdf")
    assert ended.out.splitlines() == [str(tmp_path / "again" / name) for name in names]
    assert (tmp_path / "again/report.pdf").read_bytes().startswith(b"%PDF")
    assert json.loads((tmp_path / "again/report.json").read_text()) == await as_json(kept, SECOND.run_id)


async def test_without_a_folder_it_is_written_to_one_named_like_the_run(kept: Path, tmp_path: Path) -> None:
    command = ("-m", "vhealthd", "report", "--config", str(kept), "--format", "json")
    process = await create_subprocess_exec(sys.executable, *command, cwd=tmp_path, env=RAW, stdout=subprocess.PIPE)
    out, _ = await process.communicate()

    assert out.decode() == f"{THIRD.run_id}/report.json\n"
    assert json.loads((tmp_path / THIRD.run_id / "report.json").read_text())["run_id"] == THIRD.run_id


async def test_it_is_in_the_language_that_was_asked_for(kept: Path, tmp_path: Path) -> None:
    again = ("--format", "html", "--output-dir")
    await report(kept, SECOND.run_id, "--language", "zh", *again, tmp_path / "zh")
    await report(kept, SECOND.run_id, *again, tmp_path / "en")

    chinese, english = ((tmp_path / one / "report.html").read_text() for one in ("zh", "en"))
    assert '<html lang="zh' in chinese
    assert '<html lang="en' in english


async def test_it_tells_what_it_told_at_the_time(kept: Path) -> None:
    (judged,) = (await as_json(kept, "previous"))["results"]

    assert {one["object"]["name"]: one["first_seen"] for one in judged["findings"]} == {
        "web-1": "2026-11-02T06:00:00Z",
        "db-1": "2026-11-03T06:00:00Z",
    }, "though they are resolved by now"


async def test_for_machines_it_is_printed_and_nothing_is_written(kept: Path, tmp_path: Path) -> None:
    ended = await report(kept, "--json", "--output-dir", tmp_path / "again")

    assert json.loads(ended.out)["run_id"] == THIRD.run_id
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("nope",), 64, "there is no run 'nope'; `vhealthd runs` lists them"),
        (("--format", "docx"), 64, "--format knows pdf, html, json and csv, not docx"),
        (("--language", "tlh"), 64, "'tlh' is not one of"),
        (("--output-dir", os.devnull), 74, "cannot be written"),
    ],
)
async def test_what_cannot_be_done_is_said(kept: Path, arguments: tuple[str, ...], code: int, sentence: str) -> None:
    ended = await report(kept, *arguments)

    assert (ended.code, ended.out) == (code, "")
    assert sentence in ended.err


async def test_without_a_state_there_is_no_report(config: Path, tmp_path: Path) -> None:
    ended = await report(config)

    assert ended.code == 74
    assert f"there is no {tmp_path}/state/vhealthd.db" in ended.err


# --- of an inventory, and of a scan by hand -------------------------------------------------------------------------


async def test_what_is_judged_again_says_how_old_it_is_in_the_time_of_its_readers(config: Path, tmp_path: Path) -> None:
    now = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
    seen = (Sighting(name="prod", url="https://vc.invalid", tls="verified", now=now),)
    (tmp_path / "seen.json").write_bytes(encode(seen, redact=False))
    again = ("--check", "snapshot-age", "--format", "html,json", "--output-dir", tmp_path / "out")
    ended = await vhealthd("scan", "--config", config, "--from-inventory", tmp_path / "seen.json", *again)

    assert ended.code == 3, "the file has nothing that could be judged"
    page = (tmp_path / "out/report.html").read_text()
    assert "This shows prod as it was seen on 2026-11-21 07:00 CET (2026-11-21 06:00 UTC)." in page
    (vcenter,) = json.loads((tmp_path / "out/report.json").read_text())["vcenters"]
    assert vcenter["seen"] == "2026-11-21T06:00:00Z"


async def test_a_scan_by_hand_remembers_where_its_files_are_wherever_it_is_started(tmp_path: Path) -> None:
    relative = os.path.relpath(tmp_path / "somewhere")
    async with site(tmp_path, MockVCenter(default_world())) as one:
        scan = ("--check", "vcenter-reachability", "--format", "json", "--output-dir", relative)
        await vhealthd("scan", "--config", one.config, *scan)
        (recorded,) = json.loads((await vhealthd("runs", "--config", one.config, "--json")).out)

    assert recorded["files"] == {"json": str(tmp_path / "somewhere/report.json")}
    (vcenter,) = json.loads((tmp_path / "somewhere/report.json").read_text())["vcenters"]
    assert vcenter["seen"] is None, "it was looked at"

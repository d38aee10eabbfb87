"""`runs`, `show`, `diff`, `sla` and `deliveries` as a user meets them, over what `scan` records."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mocks.vcenter import MockVCenter
from mocks.worlds import default_world
from tests.e2e.commands import Ended, site, vhealthd
from tests.report.scans import finding, say, vm
from tests.state.runs import check, run
from vhealthd.model import Outcome, Parcel, ScanReport, Severity
from vhealthd.state import State, open_state

NOW = datetime.now(UTC).replace(microsecond=0)
WEB, DB, APP = (vm(name, number) for number, name in enumerate(("web-1", "db-1", "app-1"), start=1))


def report(days_ago: float, *results: Any, run_id: str | None = None) -> ScanReport:  # noqa: ANN401 - results
    made = run(0, *results)
    started = NOW - timedelta(days=days_ago)
    name = run_id or f"{started:%Y%m%dT%H%M%SZ}-{len(results):04x}"
    return type(made)(
        run_id=name,
        trigger="schedule",
        tool_version=made.tool_version,
        started=started,
        finished=started + timedelta(seconds=12),
        vcenters=made.vcenters,
    )


async def commit(state: State, *reports: ScanReport, parcels: tuple[Parcel, ...] = ()) -> None:
    for one in reports:
        kept = await state.runs.commit(
            one,
            config_sha256="c0ffee" * 10 + "0000",
            files={"pdf": Path(f"/reports/{one.run_id}/report.pdf")},
            parcels=parcels,
            now=one.finished,
            expires=one.finished + timedelta(days=9),
        )
        assert kept


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a configuration whose vCenter is never asked."""
    secret = tmp_path / "password"
    secret.write_text("unused")
    secret.chmod(0o600)
    vcenter = {"name": "prod", "url": "https://vc.invalid", "username": "u", "password": {"file": str(secret)}}
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps({"vcenters": [vcenter], "state": {"directory": str(tmp_path / "state")}}))
    return path


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "state"


OLD = report(
    3.01,
    check(finding(WEB), finding(DB, text=say("It is old")), finding(vm("vm-4", 4), Severity.CRITICAL)),
    run_id="20260101T000000Z-aaaa",
)
NEW = report(
    1.01,
    check(finding(WEB, Severity.CRITICAL), finding(DB, text=say("It is old")), finding(APP, Severity.INFO)),
    run_id="20260103T000000Z-bbbb",
)


async def call(command: str, config: Path, *arguments: object) -> Ended:
    return await vhealthd(command, *arguments, "--config", config)


async def as_json(command: str, config: Path, *arguments: object) -> Any:  # noqa: ANN401 - decoded JSON
    ended = await call(command, config, *arguments, "--json")
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


# --- scan records itself --------------------------------------------------------------------------------------------


async def test_a_scan_by_hand_is_one_of_the_runs(tmp_path: Path) -> None:
    async with site(tmp_path, MockVCenter(default_world())) as one:
        scanned = await one.scan("--check", "snapshot-age", "--format", "json")
        listed = await as_json("runs", one.config)
        shown = await as_json("show", one.config)

    assert scanned.code == 2
    (recorded,) = listed
    assert (recorded["trigger"], recorded["state"], recorded["outcome"]) == ("manual", "done", "critical")
    assert recorded["files"] == {"json": str(tmp_path / "out/report.json")}
    assert shown == {"run": recorded, "report": one.report}


async def test_without_a_state_directory_a_scan_is_not_recorded_and_says_so(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    async with site(tmp_path, MockVCenter(default_world()), state={"directory": str(nowhere)}) as one:
        ended = await one.scan("--check", "tools-not-running", "--format", "json")

    assert ended.code == 1
    (line,) = [json.loads(line) for line in ended.err.splitlines()]
    assert (line["level"], line["why"]) == ("info", f"there is no {nowhere}")
    assert not nowhere.exists()


async def test_a_state_that_cannot_be_used_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state/vhealthd.db").write_text("these are my notes")
    async with site(tmp_path, MockVCenter(default_world())) as one:
        ended = await one.scan("--check", "tools-not-running", "--format", "json")

    assert ended.code == 1
    lines = [json.loads(line) for line in ended.err.splitlines()]
    assert [(one["level"], one["event"]) for one in lines] == [
        ("warning", "this run goes by no history"),
        ("warning", "the report tells nothing of earlier runs"),
        ("warning", "this run is not recorded"),
    ]
    assert all("is damaged or is no database" in one["why"] for one in lines)
    assert (tmp_path / "state/vhealthd.db").read_text() == "these are my notes"


async def test_what_was_kept_is_judged_again_without_a_record(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    async with site(tmp_path, MockVCenter(default_world())) as one:
        await one.scan("--check", "snapshot-age", "--format", "json", "--save-inventory", kept)
        ended = await one.scan("--check", "snapshot-age", "--format", "json", "--from-inventory", kept)
        listed = await as_json("runs", one.config)

    assert (ended.code, ended.err) == (2, "")
    assert len(listed) == 1


# --- runs and show --------------------------------------------------------------------------------------------------


async def test_runs_are_listed_with_their_age(config: Path, directory: Path) -> None:
    async with open_state(directory) as state:
        await commit(state, OLD, NEW)
        await state.runs.ask("20260104T000000Z-cccc", "sighup", due=None, now=NOW)
        await state.runs.ask("20260102T000000Z-dddd", "api", due=None, now=NOW - timedelta(days=2))
        await state.runs.give_up("20260102T000000Z-dddd", now=NOW, why="it was begun 10 times")

    ended = await call("runs", config)

    assert (ended.code, ended.err) == (0, "")
    head, *rows = [line.split() for line in ended.out.splitlines()]
    assert head == ["run", "age", "trigger", "outcome", "took", "critical", "warning", "info", "vCenters"]
    assert [row[0][-4:] for row in rows] == ["cccc", "bbbb", "dddd", "aaaa"]
    assert rows[1][1:] == ["24", "h", "schedule", "critical", "12", "s", "1", "1", "1", "prod"]
    assert rows[2][1:] == ["2", "d", "api", "failed", "-", "-", "-", "-", "it", "was", "begun", "10", "times"]
    assert rows[3][1:3] == ["3", "d"]
    assert [one["run_id"][-4:] for one in await as_json("runs", config, "--limit", "2")] == ["cccc", "bbbb"]


async def test_no_runs_yet(config: Path, directory: Path) -> None:
    async with open_state(directory):
        pass
    assert (await call("runs", config)).out == "There is no run yet.\n"
    assert await as_json("runs", config) == []


@pytest.mark.parametrize("name", ["previous", "20260101", OLD.run_id])
async def test_a_run_is_shown(config: Path, directory: Path, name: str) -> None:
    parcel = Parcel(id="p-1", run_id=OLD.run_id, sink="s3", what="report.pdf")
    async with open_state(directory) as state:
        await commit(state, OLD, parcels=(parcel,))
        await commit(state, NEW)

    ended = await call("show", config, name)

    assert (ended.code, ended.err) == (0, "")
    assert f"run            {OLD.run_id}" in ended.out
    assert "(3 d ago)" in ended.out
    assert "delivery       report.pdf to s3: pending" in ended.out
    assert "vm-4" in ended.out, "what it found"


async def test_a_run_that_failed_says_why(config: Path, directory: Path) -> None:
    async with open_state(directory) as state:
        await state.runs.ask("run-1", "api", due=None, now=NOW)
        await state.runs.give_up("run-1", now=NOW, why="it was begun 10 times")

    assert "why      it was begun 10 times" in (await call("show", config, "run-1")).out
    assert (await as_json("show", config, "run-1"))["report"] is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("show", "nope"), "there is no run 'nope'; `vhealthd runs` lists them"),
        (("show", "2026"), f"'2026' is the beginning of several runs: {NEW.run_id}, {OLD.run_id}"),
        (("diff", "nope"), "there is no run 'nope'"),
        (("deliveries", "--run", "nope"), "there is no run 'nope'"),
        (("deliveries", "retry", "nope"), "there is no delivery 'nope'; `vhealthd deliveries` lists them"),
        (("sla", "--window", "soon"), "expected a time such as"),
    ],
)
async def test_what_is_not_there_is_a_matter_of_usage(
    config: Path, directory: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    async with open_state(directory) as state:
        await commit(state, OLD, NEW)

    ended = await vhealthd(*arguments, "--config", config)
    assert ended.code == 64
    assert sentence in ended.err
    assert ended.out == ""


@pytest.mark.parametrize(
    "command", [("runs",), ("show",), ("diff",), ("sla",), ("deliveries",), ("deliveries", "retry", "x")]
)
async def test_a_state_that_cannot_be_read_is_exit_74_and_nothing_is_made(
    config: Path, directory: Path, command: tuple[str, ...]
) -> None:
    ended = await vhealthd(*command, "--config", config)
    assert (ended.code, ended.out) == (74, "")
    assert f"there is no {directory}/vhealthd.db" in ended.err
    assert not directory.exists()


async def test_names_from_vcenter_do_nothing_to_a_terminal(config: Path, directory: Path) -> None:
    evil = vm("\x1b[31m[bold]x[/bold]", 9)
    async with open_state(directory) as state:
        await commit(state, report(2, check(), run_id="run-1"), report(1, check(finding(evil)), run_id="run-2"))

    for command in ("show", "diff"):
        ended = await call(command, config)
        assert "\\x1b[31m[bold]x[/bold]" in ended.out
        assert "\x1b" not in ended.out


# --- diff -----------------------------------------------------------------------------------------------------------


async def test_the_difference_of_two_runs(config: Path, directory: Path) -> None:
    async with open_state(directory) as state:
        await commit(state, OLD, NEW)

    ended = await call("diff", config)

    assert (ended.code, ended.err) == (0, "")
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert lines[0] == f"From {OLD.run_id} to {NEW.run_id}, 2 d later"
    assert lines[1] == "1 new, 1 worsened, 0 improved, 1 resolved, 1 ongoing"
    assert any(line.startswith("info 0 s snapshot-age app-1") for line in lines)
    assert any(line.startswith("warning -> critical 2 d snapshot-age web-1") for line in lines)
    assert any(line.startswith("critical - snapshot-age vm-4") for line in lines)
    assert "warning 2 d snapshot-age db-1 It is old" in lines


async def test_the_difference_for_machines(config: Path, directory: Path) -> None:
    async with open_state(directory) as state:
        await commit(state, OLD, NEW)

    data = await as_json("diff", config, OLD.run_id, "latest")

    assert (data["from"]["run_id"], data["to"]["run_id"]) == (OLD.run_id, NEW.run_id)
    assert {change: len(data[change]) for change in ("new", "worsened", "improved", "resolved", "ongoing")} == {
        "new": 1,
        "worsened": 1,
        "improved": 0,
        "resolved": 1,
        "ongoing": 1,
    }
    (worse,) = data["worsened"]
    assert (worse["before"], worse["after"], worse["check"], worse["object"]["name"]) == (
        "warning",
        "critical",
        "snapshot-age",
        "web-1",
    )
    assert worse["first_seen"] == OLD.started.isoformat().replace("+00:00", "Z")
    assert data["not_compared"] == []


async def test_what_could_not_be_compared_is_said(config: Path, directory: Path) -> None:
    unknown = report(0.5, check(outcome=Outcome.UNKNOWN), run_id="run-2")
    async with open_state(directory) as state:
        await commit(state, OLD, unknown)

    ended = await call("diff", config, OLD.run_id, "run-2")
    assert "0 new, 0 worsened, 0 improved, 0 resolved, 0 ongoing" in ended.out
    assert "prod     snapshot-age  in run-2 it is unknown  3 before" in ended.out
    assert (await as_json("diff", config, OLD.run_id, "run-2"))["not_compared"] == [
        {
            "vcenter": "prod",
            "checks": ["snapshot-age"],
            "reason": "in run-2 it is unknown",
            "findings_before": 3,
            "findings_after": 0,
        }
    ]


# --- sla ------------------------------------------------------------------------------------------------------------


async def test_service_levels(config: Path, directory: Path) -> None:
    runs = [report(days, check()) for days in (20, 5, 4)] + [OLD, NEW, report(0.1, check(), run_id="last")]
    async with open_state(directory) as state:
        await commit(state, *runs)

    data = await as_json("sla", config)
    assert {name: window["overall"]["percent"] for name, window in data.items()} == {
        "run": 100.0,
        "24h": 100.0,
        "7d": 60.0,
        "30d": 66.66,
    }
    assert data["30d"]["checks"] == {
        "snapshot-age": {"percent": 66.66, "judged": 6, "critical": 2, "unknown": 0, "skipped": 0}
    }
    assert list(data["7d"]["vcenters"]) == ["prod"]
    assert list(data["7d"]["categories"]) == ["vm"]
    lines = [line.split() for line in (await call("sla", config)).out.splitlines()]
    assert lines[0] == ["of", "run", "24h", "7d", "30d"]
    assert lines[1] == ["overall", "100.00", "%", "100.00", "%", "60.00", "%", "66.66", "%"]


async def test_service_levels_of_one_window(config: Path, directory: Path) -> None:
    async with open_state(directory) as state:
        await commit(state, OLD, report(1, check(outcome=Outcome.UNKNOWN)))

    lines = [line.split() for line in (await call("sla", config, "--window", "30d")).out.splitlines()]
    assert lines[0] == ["of", "attained", "judged", "critical", "unknown", "skipped"]
    assert lines[1] == ["overall", "0.00", "%", "1", "1", "1", "0"]
    nothing = (await call("sla", config, "--window", "36h")).out.splitlines()
    assert nothing[1].split() == ["overall", "no", "data", "0", "0", "1", "0"]
    assert (await as_json("sla", config, "--window", "1h"))["1h"]["overall"]["percent"] is None


# --- deliveries -----------------------------------------------------------------------------------------------------


async def deliver(directory: Path) -> None:
    parcels = tuple(
        Parcel(id=f"p-{n}", run_id=OLD.run_id, sink=sink, what="report.pdf")
        for n, sink in enumerate(("mail", "s3", "s3"))
    )
    async with open_state(directory) as state:
        await commit(state, OLD, parcels=parcels)
        for sink in ("mail", "s3"):
            assert await state.outbox.take(sink, NOW)
        await state.outbox.give_up("p-0", now=NOW, error="550 no such user")
        await state.outbox.postpone("p-1", due=NOW + timedelta(hours=5), error="503 slow down")


async def test_deliveries_are_listed(config: Path, directory: Path) -> None:
    await deliver(directory)

    ended = await call("deliveries", config)

    assert (ended.code, ended.err) == (0, "")
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert lines[0] == "id age sink what state attempts next error"
    assert "p-0 3 d mail report.pdf failed_permanently 1 - 550 no such user" in lines
    assert any(line.startswith("p-1 3 d s3 report.pdf pending 1 in 4 h") for line in lines)
    assert any(line.startswith("p-2 3 d s3 report.pdf pending 0 now") for line in lines)
    chosen = await as_json("deliveries", config, "--sink", "s3", "--state", "pending", "--run", "latest")
    assert {one["id"] for one in chosen} == {"p-1", "p-2"}


async def test_a_delivery_that_failed_is_tried_again(config: Path, directory: Path) -> None:
    await deliver(directory)

    ended = await call("deliveries", config, "retry", "p-0")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "report.pdf to mail is tried again\n"
    async with open_state(directory, read_only=True) as state:
        again = await state.outbox.find("p-0")
    assert again is not None
    assert again.state == "pending"
    assert again.expires > NOW + timedelta(hours=71)


async def test_what_is_given_before_the_command_holds_for_it(config: Path, directory: Path) -> None:
    await deliver(directory)

    ended = await vhealthd("deliveries", "--config", config, "--json", "retry", "p-0")

    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out)["state"] == "pending"


async def test_what_tells_less_than_is_known_is_not_tried_again(config: Path, directory: Path) -> None:
    parcels = tuple(Parcel(id=name, run_id="r", sink="oncall", what="alert", chain="esx01") for name in ("a", "b"))
    async with open_state(directory) as state:
        await commit(state, OLD, parcels=parcels)
        await state.outbox.give_up("a", now=NOW, error="400 invalid key")
        await state.outbox.delivered("b", now=NOW)

    ended = await call("deliveries", config, "retry", "a")
    assert ended.code == 64
    assert ended.err == (
        "vhealthd: delivery a is older than what oncall was told since, and what it tells may be over, so it is not "
        "tried again\n"
    )


async def test_what_arrived_is_not_tried_again(config: Path, directory: Path) -> None:
    await deliver(directory)
    async with open_state(directory) as state:
        await state.outbox.delivered("p-1", now=NOW)

    ended = await call("deliveries", config, "retry", "p-1")
    assert ended.code == 64
    assert "delivery p-1 is delivered, so it is not tried again" in ended.err

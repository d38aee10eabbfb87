"""What is answered under which address."""

import asyncio
import json
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as read_text

from tests.report.scans import ordinary, scan
from tests.web.services import OLDER, RUN, TOKEN, Clock, KeptRun, Served, bearer, settings, site, token_file
from vhealthd.errors import StateError
from vhealthd.model import Outcome, Severity
from vhealthd.web import Status

FILES = {
    "report.pdf": ("pdf", b"%PDF-1.7 ...", "application/pdf", "inline"),
    "report.json": ("json", b'{"schema": 1}', "application/json", "attachment"),
    "findings.csv": ("csv", "\ufeffvCenter,Prüfung\r\n".encode(), "text/csv; charset=utf-8", "attachment"),
}


@pytest.fixture
def service() -> Served:
    return Served()


def keep(service: Served, folder: Path, run_id: str = RUN, *, files: bool = True) -> KeptRun:
    """Keep a run with its files."""
    paths = {}
    for name, (form, content, *_) in FILES.items() if files else ():
        paths[form] = folder / run_id / name
        paths[form].parent.mkdir(exist_ok=True)
        paths[form].write_bytes(content)
    run = KeptRun(
        run_id=run_id,
        outcomes={Outcome.CRITICAL: 2, Outcome.PASS: 30},
        findings={Severity.CRITICAL: 5},
        files=paths,
    )
    service.state.runs.runs.append(run)
    return run


# --- for machines that watch ----------------------------------------------------------------------------------------


async def test_metrics(service: Served) -> None:
    service.metrics.scan_finished(scan(ordinary()))
    async with site(service) as here, here.client.get("/metrics") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        names = {family.name for family in read_text(await answer.text())}
    assert {"vhealthd_check_status", "process_cpu_seconds"} <= names


async def test_metrics_in_the_form_that_is_asked_for(service: Served) -> None:
    accept = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"}
    async with site(service) as here, here.client.get("/metrics", headers=accept) as answer:
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
        assert (await answer.text()).endswith("# EOF\n")


async def test_it_lives_whatever_is_wrong(service: Served) -> None:
    async with site(service) as here:
        async with here.client.get("/healthz") as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ok", "problems": []})
        service.wrong = ["mail: the server refuses the connection", "password=pl4nted"]
        async with here.client.get("/healthz") as answer:
            assert answer.status == 200
            assert await answer.json() == {"status": "problems", "problems": [service.wrong[0], "password=***"]}


@pytest.mark.parametrize("error", [StateError("locked"), RuntimeError("pl4nted")])
async def test_it_lives_even_if_nobody_knows_what_is_wrong(service: Served, error: Exception) -> None:
    service.error = error
    async with site(service) as here:
        async with here.client.get("/healthz") as answer:
            assert answer.status == 200
            (problem,) = (await answer.json())["problems"]
        async with here.client.get("/readyz") as answer:
            assert answer.status == 503
    assert problem == (f"what is wrong could not be found out ({type(error).__name__}); the log has the details")


async def test_it_is_ready_if_nothing_keeps_it_from_being(service: Served) -> None:
    async with site(service) as here:
        async with here.client.get("/readyz") as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "ready", "problems": []})
        service.not_ready = ["the last scan is 30 hours old"]
        async with here.client.get("/readyz") as answer:
            assert (answer.status, await answer.json()) == (
                503,
                {"status": "not ready", "problems": ["the last scan is 30 hours old"]},
            )


# --- runs -----------------------------------------------------------------------------------------------------------


async def test_status(service: Served, tmp_path: Path) -> None:
    async with site(service) as here:
        async with here.client.get("/api/v1/status") as answer:
            empty = await answer.json()
        keep(service, tmp_path)
        service.now = Status(next_scan=None, running=OLDER)
        service.wrong = ["s3: the bucket is not there"]
        async with here.client.get("/api/v1/status") as answer:
            full = await answer.json()
    assert (empty["next_scan"], empty["running"], empty["last_run"]) == ("2026-11-22T06:00:00Z", None, None)
    assert (full["next_scan"], full["running"], full["last_run"]["run_id"]) == (None, OLDER, RUN)
    assert full["problems"] == ["s3: the bucket is not there"]
    assert full["version"]


async def test_runs_are_listed_and_described(service: Served, tmp_path: Path) -> None:
    keep(service, tmp_path)
    keep(service, tmp_path, OLDER, files=False)
    async with site(service) as here:
        async with here.client.get("/api/v1/runs") as answer:
            listed = (await answer.json())["runs"]
        async with here.client.get("/api/v1/runs?limit=1") as answer:
            assert (await answer.json())["runs"] == listed[:1]
        async with here.client.get(f"/api/v1/runs/{RUN}") as answer:
            assert await answer.json() == listed[0]
        async with here.client.get("/api/v1/runs/latest") as answer:
            assert await answer.json() == listed[0]
    assert listed[0] == {
        "run_id": RUN,
        "trigger": "schedule",
        "state": "done",
        "asked": "2026-11-21T06:00:00Z",
        "due": "2026-11-21T06:00:00Z",
        "started": "2026-11-21T06:00:00Z",
        "finished": "2026-11-21T06:00:12Z",
        "why": None,
        "vcenters": ["prod"],
        "outcome": "critical",
        "outcomes": {"critical": 2, "pass": 30},
        "findings": {"critical": 5},
        "files": {name: f"/api/v1/runs/{RUN}/{name}" for name in FILES},
    }
    assert (listed[1]["run_id"], listed[1]["files"]) == (OLDER, {})


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "99999", "x", "", "1.5", "1e3", "%00"])
async def test_a_limit_is_a_number(service: Served, limit: str) -> None:
    async with site(service) as here, here.client.get(f"/api/v1/runs?limit={limit}") as answer:
        assert (answer.status, await answer.json()) == (400, {"error": "limit is a number from 1 to 1000"})


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("run", [RUN, "latest"])
async def test_files_of_a_run(service: Served, tmp_path: Path, name: str, run: str) -> None:
    keep(service, tmp_path)
    _, content, kind, disposition = FILES[name]
    async with site(service) as here:
        async with here.client.get(f"/api/v1/runs/{run}/{name}") as answer:
            assert (answer.status, await answer.read()) == (200, content)
            assert answer.headers["Content-Type"] == kind
            assert answer.headers["Content-Disposition"] == f'{disposition}; filename="vhealthd-{RUN}-{name}"'
        async with here.client.head(f"/api/v1/runs/{run}/{name}") as answer:
            assert (answer.status, await answer.read()) == (200, b"")
            assert answer.headers["Content-Length"] == str(len(content))


async def test_a_file_that_is_not_there(service: Served, tmp_path: Path) -> None:
    run = keep(service, tmp_path)
    run.files["pdf"].unlink()
    keep(service, tmp_path, OLDER, files=False)
    async with site(service) as here:
        async with here.client.get(f"/api/v1/runs/{RUN}/report.pdf") as answer:
            assert answer.status == 404
            assert await answer.json() == {"error": f"report.pdf of run {RUN} is no longer on the disk"}
        async with here.client.get(f"/api/v1/runs/{OLDER}/report.json") as answer:
            assert answer.status == 404
            assert await answer.json() == {"error": f"run {OLDER} has no report.json"}


@pytest.mark.parametrize("path", ["/api/v1/runs", "/api/v1/runs/latest", "/api/v1/runs/latest/report.pdf"])
async def test_a_state_that_cannot_be_read_is_told(service: Served, path: str) -> None:
    service.state.runs.broken = "the database is locked"
    async with site(service) as here, here.client.get(path) as answer:
        assert (answer.status, await answer.json()) == (503, {"error": "the database is locked"})


# --- a scan ---------------------------------------------------------------------------------------------------------


async def test_a_scan_is_promised_under_its_id(service: Served, tmp_path: Path) -> None:
    async with (
        site(service, settings(token=token_file(tmp_path))) as here,
        here.client.post("/api/v1/scan", headers=bearer(), data=b'{"ignored": true}') as answer,
    ):
        assert (answer.status, await answer.json()) == (202, {"run_id": RUN})
        assert answer.headers["Location"] == f"/api/v1/runs/{RUN}"
    assert service.asked == ["api"]


async def test_without_a_configured_token_nobody_can_ask(service: Served) -> None:
    async with site(service) as here, here.client.post("/api/v1/scan", headers=bearer()) as answer:
        assert answer.status == 403
        assert "http: {token: {file: PATH}}" in (await answer.json())["error"]
    assert service.asked == []


async def test_only_so_many_scans_can_be_asked_for(service: Served, tmp_path: Path) -> None:
    clock = Clock()
    async with site(service, settings(token=token_file(tmp_path)), clock) as here:

        async def ask() -> tuple[int, str | None]:
            async with here.client.post("/api/v1/scan", headers=bearer()) as answer:
                assert set(await answer.json()) <= {"run_id", "error"}
                return answer.status, answer.headers.get("Retry-After")

        assert [await ask() for _ in range(4)] == [(202, None)] * 3 + [(429, "10")]
        clock.seconds += 4
        assert await ask() == (429, "6")
        clock.seconds += 6
        assert [await ask() for _ in range(2)] == [(202, None), (429, "10")]
        clock.seconds += 3600
        assert [status for status, _ in [await ask() for _ in range(4)]] == [202, 202, 202, 429]


async def test_whoever_has_no_token_uses_nothing_up(service: Served, tmp_path: Path) -> None:
    async with site(service, settings(token=token_file(tmp_path))) as here:
        for _ in range(10):
            async with here.client.post("/api/v1/scan") as answer:
                assert answer.status == 401
        async with here.client.post("/api/v1/scan", headers=bearer()) as answer:
            assert answer.status == 202


async def test_a_promise_that_cannot_be_kept_is_not_given(service: Served, tmp_path: Path) -> None:
    service.error = StateError("the disk is full")
    async with (
        site(service, settings(token=token_file(tmp_path))) as here,
        here.client.post("/api/v1/scan", headers=bearer()) as answer,
    ):
        assert (answer.status, await answer.json()) == (503, {"error": "the disk is full"})


async def test_a_body_is_not_needed_and_must_be_small(service: Served, tmp_path: Path) -> None:
    async with (
        site(service, settings(token=token_file(tmp_path))) as here,
        here.client.post("/api/v1/scan", headers=bearer(), data=b"x" * (65 << 10)) as answer,
    ):
        assert answer.status == 413
        assert "too large" in (await answer.json())["error"]
    assert service.asked == []


# --- what is not there ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/nothing", "/api/v1", "/api/v1/runs/", f"/api/v1/runs/{RUN}/etc", "/metrics/"])
async def test_what_is_not_there_is_said_in_json(service: Served, tmp_path: Path, path: str) -> None:
    keep(service, tmp_path)
    async with site(service) as here, here.client.get(path) as answer:
        assert answer.status == 404
        assert list(await answer.json()) == ["error"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/metrics", "GET,HEAD"),
        ("DELETE", "/api/v1/runs/latest", "GET,HEAD"),
        ("GET", "/api/v1/scan", "POST"),
        ("PUT", "/api/v1/scan", "POST"),
        ("OPTIONS", "/api/v1/scan", "POST"),
    ],
)
async def test_another_method_is_refused_in_json(service: Served, method: str, path: str, allowed: str) -> None:
    async with site(service) as here, here.client.request(method, path) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, allowed)
        assert await answer.json() == {"error": "this address does not take this method"}
    assert service.asked == []


async def test_a_fault_of_ours_shows_no_trace(service: Served, tmp_path: Path) -> None:
    service.error = RuntimeError(f"pl4nted {TOKEN}")
    async with (
        site(service, settings(token=token_file(tmp_path))) as here,
        here.client.post("/api/v1/scan", headers=bearer()) as answer,
    ):
        assert answer.status == 500
        assert json.loads(await answer.text()) == {"error": "this is a fault of vhealthd; its log has the details"}


@pytest.mark.parametrize("path", ["/", "/metrics", "/healthz", "/readyz", "/api/v1/status", "/api/v1/runs"])
async def test_head_is_answered_as_get_without_a_body(service: Served, path: str) -> None:
    async with site(service) as here, here.client.get(path) as get, here.client.head(path) as head:
        await asyncio.gather(get.read(), head.read())
        assert head.status == get.status
        assert await head.read() == b""
        assert head.headers["Content-Type"] == get.headers["Content-Type"]

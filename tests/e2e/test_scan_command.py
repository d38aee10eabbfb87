"""`vhealthd scan` as a user meets it: exit codes, files, and one clear line for each thing that goes wrong."""

import json
import signal
import sys
from asyncio import create_subprocess_exec, sleep, subprocess, timeout
from collections.abc import Iterator
from pathlib import Path

import pytest

from mocks.faults import CutBody, Fault, Hang, HtmlPage, When
from mocks.tls import make_certificates
from mocks.vcenter import MockVCenter
from mocks.world import Cluster, Datacenter, Datastore, Host, Vm, World
from mocks.worlds import default_world
from tests.e2e.commands import RAW, Site, site, vhealthd


def vcenter(*faults: Fault, **more: object) -> MockVCenter:
    return MockVCenter(default_world(), faults=faults, **more)  # type: ignore[arg-type]


async def test_scan_leaves_both_reports_and_says_where(tmp_path: Path) -> None:
    async with site(tmp_path, vcenter()) as one:
        ended = await one.scan()

    assert ended.code == 2
    assert ended.err == ""
    written = [str(tmp_path / "out" / name) for name in ("report.json", "findings.csv", "report.html", "report.pdf")]
    assert ended.out.splitlines()[-4:] == written
    assert (tmp_path / "out/report.pdf").read_bytes().startswith(b"%PDF")
    world = default_world()
    assert one.report["vcenters"][0]["counts"] == {
        "datacenters": len(list(world.all(Datacenter))),
        "clusters": len(list(world.all(Cluster))),
        "hosts": len(list(world.all(Host))),
        "vms": len(list(world.all(Vm))),
        "datastores": len(list(world.all(Datastore))),
    }


async def test_without_output_dir_each_run_has_a_folder_of_its_own(tmp_path: Path) -> None:
    async with site(tmp_path, vcenter(), report={"output_dir": str(tmp_path / "reports"), "formats": ["json"]}) as one:
        ended = await vhealthd("scan", "--config", one.config)

    (folder,) = (tmp_path / "reports").iterdir()
    assert [file.name for file in folder.iterdir()] == ["report.json"]
    assert ended.out.splitlines()[-1] == str(folder / "report.json")


@pytest.mark.parametrize(
    ("check", "code"),
    [("vcenter-reachability", 0), ("tools-not-running", 1), ("snapshot-age", 2)],
)
async def test_exit_code_is_that_of_the_worst_outcome(check: str, code: int, tmp_path: Path) -> None:
    async with site(tmp_path, vcenter()) as one:
        ended = await one.scan("--check", check, "--format", "json")

    assert ended.code == code
    assert list(one.outcomes()) == [check]


async def test_unknown_outranks_warning(tmp_path: Path) -> None:
    hung = Hang(When("/api/vcenter/services"))
    async with site(tmp_path, vcenter(hung), scan={"deadline": "5s"}) as one:
        ended = await one.scan("--check", "sso-service", "--check", "tools-not-running", "--format", "json")

    assert ended.code == 3
    assert one.outcomes() == {"sso-service": "unknown", "tools-not-running": "warning"}


async def test_scope_that_matches_nothing_is_no_success(tmp_path: Path) -> None:
    async with site(tmp_path, vcenter()) as one:
        one.vcenters[0]["scope"] = {"clusters": ["Payroll"]}
        ended = await one.scan("--check", "orphaned-vms", "--format", "json")

    assert ended.code == 3
    assert one.report["vcenters"][0]["unmatched_scope"] == ["Payroll"]
    assert "Payroll" in ended.out


class TestWhatGoesWrongIsOneClearLine:
    """Exit code, the sentence, and a report that says what is missing."""

    async def failing(self, one: Site, sentence: str, code: int = 2) -> None:
        ended = await one.scan("--format", "json")
        assert ended.code == code
        reason = one.report["vcenters"][0]["reason"]
        assert sentence in reason
        assert "\n" not in reason
        assert " ".join(sentence.split()[:3]) in " ".join(ended.out.split())

    def assert_unreachable(self, one: Site) -> None:
        assert one.report["vcenters"][0]["state"] == "unreachable"
        outcomes = one.outcomes()
        assert outcomes.pop("vcenter-reachability") == "critical"
        assert set(outcomes.values()) == {"unknown"}
        reasons = {result["reason"] for result in one.report["results"] if result["outcome"] == "unknown"}
        assert len(reasons) == 1

    async def test_wrong_password(self, tmp_path: Path) -> None:
        async with site(tmp_path, vcenter()) as one:
            one.vcenters[0]["password"] = {"env": "HOME"}  # what stands there is no password
            await self.failing(one, "login as monitor@vsphere.local refused")
            self.assert_unreachable(one)

    async def test_unknown_host(self, tmp_path: Path) -> None:
        async with site(tmp_path, vcenter()) as one:
            one.vcenters[0]["url"] = "https://vc.invalid"
            await self.failing(one, "the name vc.invalid cannot be resolved")
            outcomes = one.outcomes()
            assert outcomes.pop("vcenter-reachability") == "critical"
            # the name is the cause, so this check may say so too
            assert outcomes.pop("dns-resolution") == "critical"
            assert set(outcomes.values()) == {"unknown"}

    async def test_nobody_listens(self, tmp_path: Path) -> None:
        vc = vcenter()
        async with site(tmp_path, vc) as one:
            one.vcenters[0]["url"] = "https://127.0.0.1:9"
            await self.failing(one, "127.0.0.1:9 refuses the connection")
            self.assert_unreachable(one)

    async def test_untrusted_certificate_shows_its_fingerprint(self, tmp_path: Path) -> None:
        async with site(tmp_path, vcenter(tls=make_certificates())) as one:
            await self.failing(one, "is not trusted")
            self.assert_unreachable(one)
            assert "SHA-256 fingerprint" in one.report["vcenters"][0]["reason"]

    async def test_vcenter_without_vi_json_is_judged_as_far_as_its_api_goes(self, tmp_path: Path) -> None:
        async with site(tmp_path, vcenter(release="7.0.3.0")) as one:
            await self.failing(one, "no VI JSON API")  # the appliance, which is seen, has criticals
            report = one.report["vcenters"][0]
            assert (report["state"], report["version"]) == ("partial", "7.0.3")
            outcomes = one.outcomes()
            assert outcomes["vcenter-reachability"] == "pass"
            assert outcomes["sso-service"] == "warning"
            assert outcomes["dns-resolution"] == "pass"
            assert {outcomes[slug] for slug in ("snapshot-age", "cpu-utilization", "orphaned-vms")} == {"skipped"}

    async def test_html_page_in_place_of_json(self, tmp_path: Path) -> None:
        async with site(tmp_path, vcenter(HtmlPage())) as one:
            await self.failing(one, "answers with an HTML page in place of JSON")
            self.assert_unreachable(one)

    async def test_every_body_is_cut(self, tmp_path: Path) -> None:
        async with site(tmp_path, vcenter(CutBody()), scan={"deadline": "3s"}) as one:
            await self.failing(one, "cut its answer short")
            self.assert_unreachable(one)

    async def test_hung_vcenter(self, tmp_path: Path) -> None:
        async with site(tmp_path, vcenter(Hang()), scan={"deadline": "1s"}) as one:
            await self.failing(one, "did not answer before the deadline")
            self.assert_unreachable(one)


async def test_one_vcenter_that_is_down_does_not_hurt_the_other(tmp_path: Path) -> None:
    async with site(tmp_path, vcenter(), vcenter()) as one:
        one.vcenters[0]["url"] = "https://127.0.0.1:9"
        ended = await one.scan()

    assert ended.code == 2
    assert [vc["state"] for vc in one.report["vcenters"]] == ["unreachable", "scanned"]
    second = {r["check"]: r["outcome"] for r in one.report["results"] if r["vcenter"] == "prod-2"}
    assert "unknown" not in second.values()


async def test_only_the_vcenter_that_was_asked_for(tmp_path: Path) -> None:
    async with site(tmp_path, vcenter(), vcenter()) as one:
        await one.scan("--vcenter", "prod-2", "--format", "json")

    assert [vc["name"] for vc in one.report["vcenters"]] == ["prod-2"]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--check", "snapshot-agee"), 64, "there is no check 'snapshot-agee'; did you mean"),
        (("--vcenter", "nowhere"), 64, "there is no vCenter nowhere in the configuration; it has prod"),
        (("--format", "docx"), 64, "--format knows pdf, html, json and csv, not docx"),
        (("--redact",), 64, "--redact goes with --save-inventory"),
        (("--nonsense",), 64, "No such option"),
    ],
)
async def test_wrong_use(arguments: tuple[str, ...], code: int, sentence: str, tmp_path: Path) -> None:
    async with site(tmp_path, vcenter()) as one:
        ended = await one.scan(*arguments)

    assert ended.code == code
    assert sentence in ended.err
    assert not (tmp_path / "out").exists()


async def test_wrong_configuration_exits_78_with_every_line(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("vcenters:\n  - name: prod\n    url: ftp://x\n    username: u\n    password: hunter2\nscann: {}\n")

    ended = await vhealthd("scan", "--config", path)

    assert ended.code == 78
    lines = ended.err.splitlines()
    assert [line.split(":")[1] for line in lines] == ["3", "5", "6"]
    assert "hunter2" not in ended.said


async def test_report_that_cannot_be_written_exits_74(tmp_path: Path) -> None:
    async with site(tmp_path, vcenter()) as one:
        (tmp_path / "out").write_text("a file where a folder should be")
        ended = await one.scan("--check", "sso-service")

    assert ended.code == 74
    assert "cannot be written" in ended.err


async def test_configuration_that_was_named_must_be_there(tmp_path: Path) -> None:
    ended = await vhealthd("scan", "--config", tmp_path / "typo.yaml", "--from-inventory", tmp_path / "seen.json")

    assert ended.code == 78


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_interrupted_scan_logs_out(number: signal.Signals, code: int, tmp_path: Path) -> None:
    # A shell lets what it starts in the background ignore SIGINT, and so would the process here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    vc = vcenter(Hang(When("/api/vcenter/services")))
    async with site(tmp_path, vc) as one:
        process = await create_subprocess_exec(
            sys.executable, "-m", "vhealthd", "scan", "--config", str(one.config), env=RAW, stderr=subprocess.PIPE
        )
        async with timeout(20):
            while not any("services" in kind for kind in vc.stats.by_path_kind):  # noqa: ASYNC110 - another process
                await sleep(0.01)
        process.send_signal(number)
        _, err = await process.communicate()

    assert process.returncode == code
    assert "Traceback" not in err.decode()
    assert vc.sessions.logins == vc.sessions.logouts == 1


async def test_unverified_tls_is_shown(tmp_path: Path) -> None:
    async with site(tmp_path, vcenter(tls=make_certificates())) as one:
        one.vcenters[0]["tls"] = {"verify": False}
        await one.scan("--check", "vcenter-reachability", "--format", "json")

    assert one.report["vcenters"][0]["tls"] == "unverified"
    assert one.outcomes() == {"vcenter-reachability": "warning"}


async def test_saved_inventory_gives_the_same_findings_without_a_network(tmp_path: Path) -> None:
    async with site(tmp_path, vcenter()) as one:
        await one.scan("--save-inventory", tmp_path / "seen.json", "--format", "json")
    live = one.report

    ended = await one.scan("--from-inventory", tmp_path / "seen.json", "--format", "json")

    assert ended.code == 2
    again = one.report
    assert _judged(again) == _judged(live)
    assert all(one.pop("seen") for one in again["vcenters"])
    assert again["vcenters"] == [
        {key: value for key, value in one.items() if key != "seen"} for one in live["vcenters"]
    ]


def _judged(report: dict[str, list[dict[str, object]]]) -> list[object]:
    return [{key: value for key, value in one.items() if key != "seconds"} for one in report["results"]]


async def test_scan_from_an_inventory_needs_no_configuration(tmp_path: Path) -> None:
    async with site(tmp_path, vcenter()) as one:
        await one.scan("--save-inventory", tmp_path / "seen.json", "--redact", "--format", "json")

    again = ("--output-dir", tmp_path / "again", "--format", "json")
    ended = await vhealthd("scan", "--from-inventory", tmp_path / "seen.json", *again)

    assert ended.code == 2
    report = json.loads((tmp_path / "again/report.json").read_text())
    assert {result["check"]: result["outcome"] for result in report["results"]} == one.outcomes()
    saved = json.loads((tmp_path / "seen.json").read_text())
    assert not _names(default_world()) & set(_words(saved))


def _names(world: World) -> set[str]:
    """Return the names that somebody gave, and not the words of vSphere's own."""
    own = {"vm", "host", "datastore", "network", "Datacenters", "Resources"}
    return {one.name for one in world.entities.values()} - own


def _words(data: object) -> Iterator[str]:
    """Yield every string of a document, whole and by the steps of a path."""
    match data:
        case dict():
            for key, value in data.items():
                yield key
                yield from _words(value)
        case list():
            for value in data:
                yield from _words(value)
        case str():
            yield data
            yield from data.split("/")

"""Mutes and overrides as their user meets them: written in the file, seen in the reports and the exit code."""

from pathlib import Path
from typing import Any

from mocks.vcenter import MockVCenter
from mocks.worlds import default_world
from tests.e2e.commands import Site, site, vhealthd
from tests.report.test_pdf import bare, text_of

FUTURE, PAST = "2999-12-31", "2020-01-31"


def mute(check: object, until: str = FUTURE, **match: str) -> dict[str, object]:
    return {"check": check, "match": match, "until": until, "owner": "jd", "reason": "Known since spring."}


def findings(one: Site, check: str) -> list[dict[str, Any]]:
    return [found for result in one.report["results"] if result["check"] == check for found in result["findings"]]


async def test_a_muted_finding_stays_and_counts_no_more(tmp_path: Path) -> None:
    mutes = [mute("snapshot-age", name="^db-"), mute("tools-not-running", PAST)]
    async with site(tmp_path, MockVCenter(default_world()), mutes=mutes) as one:
        ended = await one.scan("--check", "snapshot-age")

    # its only critical finding is on db-archive; what is left warns
    assert ended.code == 1
    assert one.outcomes() == {"snapshot-age": "warning"}
    first, *others = findings(one, "snapshot-age")
    assert (first["object"]["name"], first["severity"]) == ("db-archive", "critical")
    said = {"rule": "snapshot-age: name ^db-", "owner": "jd", "reason": "Known since spring.", "until": FUTURE}
    assert first["muted"] == said
    assert {found["muted"] for found in others} == {None}
    assert one.report["mutes"] == [
        {**said, "findings": 1, "expired": False},
        {**said, "rule": "tools-not-running", "until": PAST, "findings": 0, "expired": True},
    ]
    assert "2 (1 muted)" in ended.out
    assert f"The mute of jd expired on {PAST}: tools-not-running" in ended.out
    assert "mute expired" in ended.err
    pdf = text_of((tmp_path / "out/report.pdf").read_bytes())
    assert bare("Critical", "Muted", "db-archive") in pdf
    assert bare("Mutes in the configuration") in pdf


async def test_an_expired_mute_mutes_nothing(tmp_path: Path) -> None:
    async with site(tmp_path, MockVCenter(default_world()), mutes=[mute("*", PAST, name=".")]) as one:
        ended = await one.scan("--check", "snapshot-age", "--format", "json")

    assert ended.code == 2
    assert {found["muted"] for found in findings(one, "snapshot-age")} == {None}


async def test_an_override_holds_for_its_objects_alone(tmp_path: Path) -> None:
    limits = {"snapshot-age": {"warning_days": 6, "overrides": [{"match": "^db-", "critical_days": 60}]}}
    async with site(tmp_path, MockVCenter(default_world()), checks=limits) as one:
        ended = await one.scan("--check", "snapshot-age", "--format", "json")

    assert ended.code == 1
    said = {
        found["object"]["name"]: (
            found["severity"],
            found["evidence"].get("threshold_days"),
            found["evidence"].get("threshold_from"),
        )
        for found in findings(one, "snapshot-age")
    }
    # 45 days are under the overridden 60; 6.9 days are over the configured 6
    assert said["db-archive"] == ("warning", 6, "config")
    assert said["ci-runner-01"] == ("warning", 6, "config")


async def test_evidence_names_the_override(tmp_path: Path) -> None:
    limits = {"snapshot-age": {"overrides": [{"match": "^db-", "critical_days": 40}]}}
    async with site(tmp_path, MockVCenter(default_world()), checks=limits) as one:
        await one.scan("--check", "snapshot-age", "--format", "json")

    origins = {
        found["object"]["name"]: found["evidence"].get("threshold_from") for found in findings(one, "snapshot-age")
    }
    assert origins["db-archive"] == "override"
    assert origins["*_$@\\"] == "default"


async def test_a_vcenter_that_is_down_is_not_fine_for_being_muted(tmp_path: Path) -> None:
    async with site(tmp_path, MockVCenter(default_world()), mutes=[mute("vcenter-reachability")]) as one:
        one.vcenters[0]["url"] = "https://127.0.0.1:9"
        ended = await one.scan("--format", "json")

    assert ended.code == 3
    assert set(one.outcomes().values()) == {"unknown"}
    assert len({result["reason"] for result in one.report["results"]}) == 1


async def test_rules_hold_for_a_saved_inventory_too(tmp_path: Path) -> None:
    async with site(tmp_path, MockVCenter(default_world())) as one:
        await one.scan("--check", "snapshot-age", "--format", "json", "--save-inventory", tmp_path / "seen.json")
    one.sections["mutes"] = [mute("snapshot-age")]

    ended = await one.scan("--check", "snapshot-age", "--format", "json", "--from-inventory", tmp_path / "seen.json")

    assert ended.code == 0
    assert one.outcomes() == {"snapshot-age": "pass"}


async def test_a_wrong_mute_exits_78_with_its_line(tmp_path: Path) -> None:
    async with site(tmp_path, MockVCenter(default_world()), mutes=[mute("snapshot-aged", "soon", name="(")]) as one:
        ended = await vhealthd("scan", "--config", one.config)

    assert ended.code == 78
    assert [line.split(": ", 1)[1] for line in ended.err.splitlines()] == [
        'mutes[0].check: no check has this name; did you mean "snapshot-age"? (`vhealthd checks` shows all)',
        "mutes[0].match.name: expected a regular expression",
        "mutes[0].until: expected a date such as 2026-12-31",
    ]

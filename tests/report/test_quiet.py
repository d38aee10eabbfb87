"""Findings that are muted or silenced: they keep their place, say why, and are counted nowhere."""

import io
import json
from dataclasses import replace
from datetime import date
from importlib.resources import files

import jsonschema  # type: ignore[import-untyped]
import orjson
import pytest
from rich.console import Console

from tests.report.gallery import Exhibit
from tests.report.pdfs import archival, bare, text_of
from tests.report.scans import ENGLISH, finding, result, scan, vcenter, vm
from vhealthd.model import Category, Finding, Mute, MuteUse, Outcome, ScanReport, Severity
from vhealthd.report import view
from vhealthd.report.jsonreport import as_dict, encode
from vhealthd.report.order import affected, judged, quiet, top
from vhealthd.terminal import summarise

MUTE = Mute(rule="snapshot-age: name ^backup-", owner="jd", reason="Two weeks are agreed.", until=date(2026, 12, 31))
OLD = Mute(rule="all checks: cluster lab", owner="mm", reason="The lab moves.", until=date(2026, 10, 31))
BY = "host-connection: esx04"


def muted(name: str = "backup-1", severity: Severity = Severity.CRITICAL) -> Finding:
    return replace(finding(vm(name, 1), severity), muted=MUTE)


def silenced(name: str = "web-2") -> Finding:
    return replace(finding(vm(name, 2), Severity.CRITICAL), silenced_by=BY)


LOUD = finding(vm("web-3", 3))
MIXED = result("snapshot-age", [muted(), silenced(), LOUD], outcome=Outcome.WARNING)
ALL_QUIET = result("orphaned-vms", [muted("backup-9"), silenced()], outcome=Outcome.PASS, category=Category.STORAGE)
REPORT = replace(
    scan(vcenter("prod", [MIXED, ALL_QUIET])),
    mutes=(MuteUse(mute=MUTE, findings=2, expired=False), MuteUse(mute=OLD, findings=0, expired=True)),
)


# --- json -----------------------------------------------------------------------------------------------------------


def test_json_keeps_them_in_their_place_with_who_and_why() -> None:
    jsonschema.validate(
        orjson.loads(encode(REPORT)), json.loads((files("vhealthd.report") / "report.schema.json").read_text())
    )
    data = as_dict(REPORT)

    assert [(one["object"]["name"], one["muted"], one["silenced_by"]) for one in data["results"][0]["findings"]] == [
        (
            "backup-1",
            {
                "rule": "snapshot-age: name ^backup-",
                "owner": "jd",
                "reason": "Two weeks are agreed.",
                "until": "2026-12-31",
            },
            None,
        ),
        ("web-2", None, BY),
        ("web-3", None, None),
    ]
    assert [(one["rule"], one["until"], one["findings"], one["expired"]) for one in data["mutes"]] == [
        (MUTE.rule, "2026-12-31", 2, False),
        (OLD.rule, "2026-10-31", 0, True),
    ]


# --- what is counted ------------------------------------------------------------------------------------------------


def test_they_are_counted_apart() -> None:
    both = replace(muted(), silenced_by=BY)

    assert quiet(judged(REPORT)) == (2, 2)
    assert quiet(judged(scan(vcenter("prod", [result(findings=[both])])))) == (1, 0)
    assert quiet(judged(scan(vcenter("prod", [result(findings=[LOUD])])))) == (0, 0)


def test_none_of_them_is_among_the_first_nor_affects_an_object() -> None:
    assert [one.finding for one in top(REPORT, 10)] == [LOUD]
    assert affected(REPORT) == {("prod", LOUD.object.ref)}


# --- terminal -------------------------------------------------------------------------------------------------------


def printed(report: ScanReport) -> str:
    out = io.StringIO()
    summarise(report, Console(file=out, width=100))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def test_the_terminal_says_how_many_do_not_count() -> None:
    said = printed(REPORT)

    assert "warning  snapshot-age        60  1 (1 muted, 1 silenced)" in said
    assert "pass     orphaned-vms        60  0 (1 muted, 1 silenced)" in said
    assert "1 check passes.\n4 findings not counted: 2 muted, 2 silenced." in said
    assert "The mute of mm expired on 2026-10-31: all checks: cluster lab" in said
    top_findings = said.partition("Top findings\n")[2]
    assert "web-3" in top_findings
    assert "backup" not in top_findings
    assert "more in the report" not in said


def test_the_terminal_is_silent_where_all_findings_count() -> None:
    assert "muted" not in printed(scan(vcenter("prod", [result(findings=[LOUD])])))


# --- PDF ------------------------------------------------------------------------------------------------------------


def test_the_view_counts_only_what_counts() -> None:
    shown = view.build(REPORT, language=ENGLISH)

    assert [row["object"] for row in shown["risks"]["rows"]] == [["web-3"]]
    assert shown["risks"]["note"] == ""
    assert {one["text"] for one in shown["lead"]} >= {"4 findings do not count: 2 muted and 2 silenced by others."}
    storage, vms = shown["chapters"]
    assert [(one["slug"], one["status"], one["findings"]) for one in vms["checks"]] == [
        ("snapshot-age", "warning", "1")
    ]
    assert (vms["sections"][0]["status"], storage["sections"][0]["status"]) == ("warning", "pass")
    assert [one["quiet"] for one in vms["sections"][0]["rows"]] == ["Muted", "Silenced", ""]


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        ([muted()], "1 finding does not count: 1 muted."),
        ([silenced(), replace(silenced(), key="b")], "2 findings do not count: 2 silenced by others."),
    ],
)
def test_the_first_page_says_how_many_do_not_count(findings: list[Finding], said: str) -> None:
    report = scan(vcenter("prod", [result(findings=findings, outcome=Outcome.PASS)]))

    assert said in [one["text"] for one in view.build(report, language=ENGLISH)["lead"]]


def test_a_section_without_anything_that_counts_has_the_checks_outcome() -> None:
    half_blind = result(findings=[muted()], outcome=Outcome.UNKNOWN, reason="half of it failed")

    (chapter,) = view.build(scan(vcenter("prod", [half_blind])), language=ENGLISH)["chapters"]
    assert chapter["sections"][0]["status"] == "unknown"


def test_sections_of_what_counts_come_first() -> None:
    quiet_one = result("a-check", [muted()], outcome=Outcome.PASS)
    report = scan(vcenter("prod", [quiet_one, result("b-check", [finding(severity=Severity.INFO)])]))

    (chapter,) = view.build(report, language=ENGLISH)["chapters"]
    assert [one["slug"] for one in chapter["sections"]] == ["b-check", "a-check"]


async def test_the_pdf_has_them_with_their_reasons_and_all_mutes() -> None:
    text = text_of(await archival(Exhibit(REPORT)))

    said = "Its oldest snapshot is 12.4 days old; the limit is 7"
    assert bare("Critical", "Muted", "backup-1", "/DC0/vm/backup-1", said) in text
    assert bare("Muted until 2026-12-31 by jd: Two weeks are agreed.") in text
    assert bare("Critical", "Silenced", "web-2", "/DC0/vm/web-2", said) in text
    assert bare(f"Silenced by {BY}") in text
    assert bare("Mutes in the configuration") in text
    assert bare(MUTE.rule, "jd", MUTE.reason, "2026-12-31", "2") in text
    assert bare(OLD.rule, "mm", OLD.reason, "2026-10-31", "Expired: it mutes nothing", "0") in text

from dataclasses import replace

import pytest

from tests.report.scans import (
    CATALOGUE,
    ENGLISH,
    HOSTILE,
    finding,
    ordinary,
    result,
    scan,
    unreachable,
    unseen,
    vcenter,
    vm,
)
from tests.report.views import strings
from vhealthd.model import Category, Outcome, ScanReport, Severity, VCenterState
from vhealthd.report import labels, view
from vhealthd.report.glyphs import safe


def shown(report: ScanReport) -> view.View:
    return view.build(report, language=ENGLISH)


def sentences(report: ScanReport) -> list[str]:
    return [one["text"] for one in shown(report)["lead"]]


def test_the_first_page_can_be_read_aloud() -> None:
    assert sentences(scan(ordinary(), unreachable())) == [
        "1 vCenter could not be reached: prod-2 (connection refused on port 443).",
        "3 critical and 3 warning checks affect 14 objects in 2 vCenters.",
        "11 checks could not be judged.",
        "14 objects were not examined, or not in full.",
        "6 of 26 checks pass.",
        "The health score is 67 of 100.",
    ]


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (scan(), ["No check was run."]),
        (scan(vcenter()), ["No check was run."]),
        (scan(vcenter("prod", [result()])), ["The only check passes.", "The health score is 100 of 100."]),
        (
            scan(vcenter("prod", [result("a"), result("b")])),
            ["All 2 checks pass.", "The health score is 100 of 100."],
        ),
        (
            scan(vcenter("prod", [result("a", [finding(severity=Severity.CRITICAL)]), result("b")])),
            [
                "1 critical check affects 1 object in 1 vCenter.",
                "1 of 2 checks passes.",
                "The health score is 69 of 100.",
            ],
        ),
        (
            scan(vcenter("prod", [result("a", [finding()], outcome=Outcome.UNKNOWN, reason="half of it failed")])),
            [
                "1 object in 1 vCenter: findings by checks that could not judge in full.",
                "1 check could not be judged.",
                "No check passes.",
                "The health score is 50 of 100.",
            ],
        ),
    ],
    ids=["no vCenter", "no checks", "one pass", "all pass", "one critical", "findings of an unknown check"],
)
def test_sentences_count_right(report: ScanReport, said: list[str]) -> None:
    assert sentences(report) == said


def test_what_was_seen_in_part_is_said() -> None:
    lab = replace(
        vcenter("lab", [result()], tls="unverified"),
        state=VCenterState.PARTIAL,
        reason="VI JSON is absent",
        unmatched_scope=("a", "b", "c", "d"),
    )
    assert sentences(scan(lab))[:-2] == [
        "1 vCenter could be seen only in part: lab (VI JSON is absent).",
        "4 names in the configured scope match nothing: a, b, c and 1 more.",
        "The certificate is not verified for lab.",
    ]


def test_the_donut_counts_every_outcome_and_says_so_in_words() -> None:
    donut = shown(scan(ordinary()))["donut"]
    assert {one["status"]: one["count"] for one in donut["parts"]} == {
        "critical": 2,
        "unknown": 1,
        "warning": 3,
        "info": 1,
        "pass": 6,
        "skipped": 2,
    }
    assert donut["alt"] == "Donut chart: 2 critical, 1 unknown, 3 warning, 1 info, 6 pass, 2 skipped"


def test_there_is_a_chapter_a_category_in_their_order_and_none_without_checks() -> None:
    chapters = [one["name"] for one in shown(scan(ordinary()))["chapters"]]
    assert chapters == list(labels.categories(ENGLISH).values())
    only = scan(vcenter("prod", [result(category=Category.STORAGE)]))
    assert [one["name"] for one in shown(only)["chapters"]] == ["Storage"]


def test_sections_stand_worst_first_whatever_the_order_of_checks() -> None:
    report = scan(vcenter("prod", [result("a", [finding()]), result("b", [finding(severity=Severity.CRITICAL)])]))
    (chapter,) = shown(report)["chapters"]
    assert [(one["slug"], one["status"]) for one in chapter["sections"]] == [("b", "critical"), ("a", "warning")]


def test_a_check_has_one_place_to_link_to() -> None:
    passing = [result(slug, category=category) for slug, category in CATALOGUE.items()]
    report = scan(vcenter("a", passing), ordinary("b"), vcenter("c", passing))
    for chapter in shown(report)["chapters"]:
        places = [one["slug"] for one in chapter["sections"]]
        places += [one["slug"] for one in chapter["checks"] if one["place"] == "row"]
        assert len(places) == len(set(places))
        assert set(places) == {one["slug"] for one in chapter["checks"]}


def test_long_tables_are_cut_and_say_so() -> None:
    report = scan(vcenter("prod", [result(findings=[finding(vm(f"vm-{n:04}", n)) for n in range(4812)])]))
    (section,) = shown(report)["chapters"][0]["sections"]
    assert len(section["rows"]) == 200
    assert section["note"] == "First 200 of 4,812 rows shown; all of them are in the attached report.json."


def test_objects_that_were_not_examined_are_grouped_by_reason() -> None:
    gaps = [unseen(f"db-{n:02}", n, "no data") for n in range(13)] + [unseen("web", 99, "disconnected")]
    (chapter,) = shown(scan(vcenter("prod", [result(not_examined=gaps)])))["chapters"]
    assert [("".join(one["reason"]), one["count"]) for one in chapter["gaps"]["rows"]] == [
        ("disconnected", "1"),
        ("no data", "13"),
    ]
    assert "".join(chapter["gaps"]["rows"][1]["names"]).endswith("db-09 and 3 more")


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://prod.example.com", "https://prod.example.com"),
        ("http://prod.example.com", None),
        ("javascript:alert(1)", None),
        ("https://prod\u202e.example.com", None),
    ],
)
def test_only_https_is_a_link(url: str, link: str | None) -> None:
    one = replace(vcenter(), url=url)
    assert shown(scan(one))["appendix"]["vcenters"][0]["link"] == link


def test_a_certificate_that_nobody_verifies_is_shown_plainly() -> None:
    one = shown(scan(vcenter(tls="unverified")))["appendix"]["vcenters"][0]
    assert (one["tls"], one["trusted"]) == ("Verification is switched off", False)


def test_counts_that_were_not_read_are_not_shown_as_nothing() -> None:
    tiles = {one["label"]: (one["value"], one["note"]) for one in shown(scan(ordinary(), unreachable()))["tiles"]}
    assert tiles["Hosts"] == ("8", "read in 1 of 2")
    assert tiles["vCenters"] == ("2", "1 unreachable")
    down = {one["label"]: one["value"] for one in shown(scan(unreachable()))["tiles"]}
    assert down["Hosts"] == labels.NOTHING


@pytest.mark.parametrize("name", HOSTILE)
def test_every_string_can_be_shown(name: str) -> None:
    one = replace(
        vcenter(
            name,
            [
                result("a", [finding(vm(name))], title=name, not_examined=[unseen(name, 3, name)]),
                result("b", outcome=Outcome.UNKNOWN, reason=name),
            ],
            tls="unverified",
        ),
        url=name,
        state=VCenterState.PARTIAL,
        reason=name,
        version=name,
        build=name,
        unmatched_scope=(name,),
    )
    report = replace(scan(one), run_id=name, tool_version=name, trigger=name)
    assert [text for text in strings(shown(report)) if safe(text) != text] == []

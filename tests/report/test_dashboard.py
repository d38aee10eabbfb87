"""What the first page shows in pictures: score, heat map, changes in numbers, title."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.report.gallery import clusters, five
from tests.report.pasts import BERLIN, DAY, past_run, told, with_past
from tests.report.scans import ENGLISH, cluster, finding, host, ordinary, result, scan, unreachable, vcenter, vm
from vhealthd.model import Category, Outcome, ScanReport, Severity
from vhealthd.report import view
from vhealthd.report.background import NO_BACKGROUND, Background
from vhealthd.report.look import Look

CRITICAL = Severity.CRITICAL


def shown(report: ScanReport, background: Background = NO_BACKGROUND, **more: Any) -> view.View:  # noqa: ANN401 - a look
    return view.build(report, language=ENGLISH, background=background, **more)


# --- health score


def scored(*scores: int | None) -> Background:
    """Make a past with these scores, one a day; the report itself has 100."""
    day = scan().started - len(scores) * DAY
    return Background(runs=tuple(past_run(day + n * DAY, score=one) for n, one in enumerate(scores)))


ALL_WELL = scan(vcenter("prod", [result()]))


def test_a_line_begins_with_the_second_run() -> None:
    first, second = shown(ALL_WELL)["score"], shown(ALL_WELL, scored(90))["score"]

    assert (first["value"], first["points"], first["change"]) == ("100", [], "The line begins with the second run.")
    assert second["points"] == [90, 100]
    assert (second["first"], second["last"]) == ("2026-11-20", "2026-11-21")
    assert (second["change"], second["direction"]) == ("10 points more than on 2026-11-20", 1)


def test_a_run_in_which_nothing_was_judged_is_no_point_of_the_line() -> None:
    assert shown(ALL_WELL, scored(90, None, 95))["score"]["points"] == [90, 95, 100]
    nothing = shown(scan(), scored(90))["score"]
    assert (nothing["value"], nothing["status"], nothing["points"]) == ("—", "skipped", [])
    assert nothing["change"] == "no data"


@pytest.mark.parametrize(
    ("results", "status"),
    [
        ([result()], Outcome.PASS),
        ([result(), result(outcome=Outcome.UNKNOWN)], Outcome.WARNING),
        ([result(outcome=Outcome.UNKNOWN), result(findings=[finding(severity=CRITICAL)])], Outcome.CRITICAL),
    ],
)
def test_a_score_has_the_colour_of_an_outcome(results: list[Any], status: Outcome) -> None:
    assert shown(scan(vcenter("prod", results)))["score"]["status"] == status.value


def test_the_last_sentence_compares_with_the_last_run_and_the_line_with_its_begin() -> None:
    page = shown(ALL_WELL, scored(40, 99))

    assert page["lead"][-1]["text"] == "The health score is 100 of 100, 1 point higher than in the last run."
    assert page["score"]["change"] == "60 points more than on 2026-11-19"


# --- heat map


def heat(report: ScanReport) -> dict[str, Any]:
    return dict(shown(report)["heat"])


def test_the_heat_map_has_a_column_a_cluster_the_worst_first() -> None:
    mild, bad = cluster("mild", 1), cluster("bad", 2)
    findings = [
        finding(host("a", 1, inside=mild)),
        finding(host("b", 2, inside=mild)),
        finding(host("c", 3, inside=bad), CRITICAL),
        finding(vm("d")),
    ]
    shown = heat(scan(vcenter("prod", [result(findings=findings, category=Category.COMPUTE)])))

    assert shown["columns"] == ["bad", "mild", "no cluster"]
    (row,) = shown["rows"]
    assert row["cells"] == [
        {"count": "1", "status": "critical"},
        {"count": "2", "status": "warning"},
        {"count": "1", "status": "warning"},
    ]
    assert row["alt"] == "Compute: bad 1, mild 2, no cluster 1"


def test_where_there_are_many_clusters_the_last_column_is_for_the_others() -> None:
    shown = heat(scan(clusters(30)))

    assert shown["columns"] == [f"cluster-{n}" for n in range(29, 23, -1)] + ["others", "no cluster"]
    row = next(row for row in shown["rows"] if row["name"] == "Compute")
    assert sum(int(cell["count"]) for cell in row["cells"]) == 30 * 29 / 2, "nobody is left out"


def test_eight_clusters_have_a_column_each() -> None:
    inside = clusters(9)
    only = replace(inside, results=tuple(one for one in inside.results if one.check == "host-connection"))

    assert heat(scan(only))["columns"] == [f"cluster-{n:02}" for n in range(8, 0, -1)]


def test_clusters_of_one_name_are_told_apart_by_their_vcenters() -> None:
    several, one = heat(five()), heat(scan(ordinary()))

    assert several["columns"] == ["prod-a", "prod-a", "no cluster"]
    assert several["vcenters"] == ["ams", "fra", ""]
    assert one["vcenters"] == []
    assert heat(scan(clusters(30), ordinary()))["vcenters"] == ["prod"] * 6 + ["", ""], "others, and no cluster"


def test_without_a_finding_in_a_cluster_there_is_no_heat_map() -> None:
    assert heat(scan(vcenter("prod", [result(findings=[finding()])])))["rows"] == []
    assert heat(scan(vcenter("prod", [result(findings=[finding(host(), Severity.INFO)])])))["rows"] == []


# --- what else is there


def test_the_changes_are_numbers_and_absent_without_an_earlier_run() -> None:
    report, background = told(scan(ordinary()))

    assert [(one["change"], one["value"]) for one in shown(report, background)["delta"]] == [
        ("new", "6"),
        ("worsened", "3"),
        ("resolved", "6"),
        ("ongoing", "5"),
    ]
    assert shown(report)["delta"] == []


def test_sla_attainment_is_that_of_the_run_and_of_windows() -> None:
    report, background = told(scan(ordinary()))

    assert shown(report, background)["sla"][0] == {
        "window": "this run",
        "value": "83.33 %",
        "note": "12 results judged, 3 not",
    }
    assert [one["window"] for one in shown(report, background)["sla"][1:]] == ["24 hours", "7 days", "30 days"]
    nothing = scan(vcenter())
    assert shown(nothing, with_past(nothing))["sla"][0]["value"] == "no data"


def test_times_are_local_and_utc() -> None:
    report = scan(vcenter())
    berlin = shown(report, Background(zone=BERLIN, next_scan=report.started + timedelta(days=1)))

    assert berlin["run-facts"] == ["2026-11-21 07:00 CET", "2026-11-21 06:00 UTC", "scanned in 12.4 s"]
    assert berlin["next-scan"] == "2026-11-22 07:00 CET (2026-11-22 06:00 UTC)"
    assert shown(report)["run-facts"] == ["2026-11-21 06:00 UTC", "scanned in 12.4 s"]


@pytest.mark.parametrize(
    ("names", "subject"),
    [
        ([], ""),
        (["prod"], "prod"),
        (["ams", "fra"], "ams, fra"),
        ([f"vcenter-{n:03}" for n in range(100)], "vcenter-000, vcenter-001, vcenter-002 and 97 more"),
        (["a" * 64], "a" * 51 + "…"),
        (["a" * 64, "b"], "a" * 51 + "…"),
    ],
)
def test_the_title_names_as_many_vcenters_as_fit(names: list[str], subject: str) -> None:
    assert shown(scan(*map(vcenter, names)))["subject"] == subject


def test_a_site_has_its_own_title_and_mark() -> None:
    own = shown(scan(vcenter()), look=Look(title="Ours", classification="Internal", paper="letter"))

    assert (own["labels"]["title"], own["look"]["mark"], own["look"]["paper"]) == ("Ours", "Internal", "us-letter")
    plain = shown(scan(vcenter()))
    assert (plain["labels"]["title"], plain["look"]["mark"], plain["look"]["paper"]) == (
        "vSphere health report",
        "",
        "a4",
    )


def test_what_many_vcenters_say_of_themselves_is_kept_short() -> None:
    down = [unreachable(f"vcenter-{n}-{'x' * 60}", "it did not answer " * 20) for n in range(50)]
    first, *_ = shown(scan(*down))["lead"]

    assert first["text"].startswith("50 vCenters could not be reached: vcenter-0-")
    assert first["text"].endswith("and 47 more.")
    assert len(first["text"]) < 300

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import orjson
import pytest

from tests.report.pasts import DAY, told
from tests.report.scans import (
    HOSTILE,
    UUID,
    finding,
    itself,
    ordinary,
    result,
    say,
    scan,
    store,
    unreachable,
    unseen,
    usage,
    vcenter,
    vm,
)
from vhealthd.model import Category, Resource, ScanReport, Severity
from vhealthd.report.background import NO_BACKGROUND, Background
from vhealthd.report.jsonreport import as_dict, encode

HOSTILE_SCAN = scan(vcenter(HOSTILE[0], [result(findings=[finding(vm(name, n)) for n, name in enumerate(HOSTILE)])]))


@pytest.mark.parametrize(
    ("report", "background"),
    [
        (scan(), NO_BACKGROUND),
        (scan(vcenter()), NO_BACKGROUND),
        (scan(ordinary(), unreachable()), NO_BACKGROUND),
        (HOSTILE_SCAN, NO_BACKGROUND),
        told(scan(ordinary(), unreachable())),
    ],
    ids=["no vCenter", "no checks", "ordinary", "hostile names", "with limits and a past"],
)
def test_it_keeps_to_its_schema(report: ScanReport, background: Background) -> None:
    schema = json.loads((files("vhealthd.report") / "report.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(orjson.loads(encode(report, background)), schema)


def only(report: ScanReport) -> dict[str, Any]:
    (one,) = as_dict(report)["results"][0]["findings"]
    return dict(one)


def test_a_finding_says_all() -> None:
    when = datetime(2026, 11, 9, 1, 30, tzinfo=timezone(timedelta(hours=1)))
    text = say("{age:days} old, taken {taken:time}", age=12.4049, limit=7, taken=when)
    report = scan(vcenter("prod", [result(findings=[finding(vm("web-1", 29), text=text, key="k")])]))
    expected = json.dumps([UUID, "snapshot-age", "vm-29", "k"])
    assert only(report) == {
        "severity": "warning",
        "object": {"type": "VirtualMachine", "id": "vm-29", "name": "web-1", "path": "/DC0/vm/web-1"},
        "message": "12.4 days old, taken 2026-11-09 00:30 UTC",
        "evidence": {"age": 12.405, "limit": 7, "taken": "2026-11-09T00:30:00Z"},
        "remediation": "Delete snapshots that nobody needs; they grow until the datastore is full.",
        "first_seen": None,
        "key": "k",
        "identity": hashlib.sha256(expected.encode()).hexdigest(),
        "muted": None,
        "silenced_by": None,
    }


def test_vcenter_itself_is_an_object_without_a_path() -> None:
    known = only(scan(vcenter("prod", [result(findings=[finding(itself())])])))
    assert known["object"] == {"type": "VirtualCenter", "id": UUID, "name": "prod", "path": None}
    unknown = only(scan(vcenter("prod", [result(findings=[finding(itself(uuid=""))])])))
    assert unknown["object"]["id"] is None


@pytest.mark.parametrize(
    ("category", "named"),
    [(Category.CONNECTIVITY, "prod"), (Category.VM, UUID)],
)
def test_a_finding_on_the_way_to_a_vcenter_is_named_by_its_configured_name(category: Category, named: str) -> None:
    report = scan(vcenter("prod", [result("a-check", [finding(itself())], category=category)]))
    expected = hashlib.sha256(json.dumps([named, "a-check", None, None]).encode()).hexdigest()
    assert only(report)["identity"] == expected


def test_an_identity_holds_when_a_vcenter_goes_down_and_when_values_change() -> None:
    up = result("dns-resolution", [finding(itself())], category=Category.CONNECTIVITY)
    down = result(
        "dns-resolution",
        [finding(itself(uuid=""), Severity.CRITICAL, say("gone"))],
        category=Category.CONNECTIVITY,
    )
    assert only(scan(vcenter("prod", [up])))["identity"] == only(scan(vcenter("prod", [down])))["identity"]


def test_times_are_utc_and_a_vcenter_says_what_was_seen() -> None:
    report = as_dict(scan(unreachable("prod-2")))
    assert (report["started"], report["finished"]) == ("2026-11-21T06:00:00Z", "2026-11-21T06:00:12Z")
    (one,) = report["vcenters"]
    assert (one["state"], one["reason"]) == ("unreachable", "connection refused on port 443")
    assert set(one["counts"].values()) == {None}


def test_results_stay_in_the_order_given_and_findings_stand_worst_first() -> None:
    mixed = result("b-check", [finding(vm("a")), finding(vm("z"), Severity.CRITICAL), finding(vm("0"))])
    report = as_dict(scan(vcenter("prod", [mixed, result("a-check")]), vcenter("lab", [result("a-check")])))
    assert [(one["vcenter"], one["check"]) for one in report["results"]] == [
        ("prod", "b-check"),
        ("prod", "a-check"),
        ("lab", "a-check"),
    ]
    assert [one["object"]["name"] for one in report["results"][0]["findings"]] == ["z", "0", "a"]


def test_what_was_not_examined_has_its_reason() -> None:
    report = as_dict(scan(vcenter("prod", [result(not_examined=[unseen("db-1", 7)])])))
    assert report["results"][0]["not_examined"] == [
        {
            "object": {"type": "VirtualMachine", "id": "vm-7", "name": "db-1", "path": "/DC0/vm/db-1"},
            "rule": None,
            "reason": "vCenter returned no data for it",
        }
    ]


def test_a_run_is_summed_up() -> None:
    full = result(usages=[usage(store(), Resource.STORAGE, 87.126)])
    report = as_dict(scan(vcenter("prod", [full, result("b", [finding(severity=Severity.CRITICAL)])])))

    assert (report["health_score"], report["used_percent"]) == (69, {"storage": 87.13})
    nothing = as_dict(scan())
    assert (nothing["health_score"], nothing["used_percent"]) == (None, {})


def test_what_is_full_says_how_full_and_until_when() -> None:
    one = usage(store(), Resource.STORAGE, 90, capacity=1000, per_day=7)
    (only,) = as_dict(scan(vcenter("prod", [result(usages=[one])])))["results"]

    assert only["usage"] == [
        {
            "object": {
                "type": "Datastore",
                "id": "datastore-1",
                "name": "vmfs-gold-01",
                "path": "/DC0/datastore/vmfs-gold-01",
            },
            "resource": "storage",
            "used": 900,
            "capacity": 1000,
            "percent": 90,
            "warning_percent": 85,
            "critical_percent": 95,
            "days_to_full": 14.3,
        }
    ]


def test_a_finding_says_since_when_it_is_open() -> None:
    report = scan(vcenter("prod", [result(findings=[finding(vm("old", 1)), finding(vm("young", 2))])]))
    old = as_dict(report)["results"][0]["findings"][0]["identity"]
    since = Background(first_seen={old: report.started - 3 * DAY})

    found = as_dict(report, since)["results"][0]["findings"]
    assert [one["first_seen"] for one in found] == ["2026-11-18T06:00:00Z", "2026-11-21T06:00:00Z"]


def test_limits_say_where_they_come_from() -> None:
    report, _ = told(scan(vcenter("prod", [result("a")])))

    assert as_dict(report)["limits"][1:] == [
        {"check": "a", "name": "critical_percent", "value": "95", "unit": "%", "origin": "config", "match": None},
        {
            "check": "a",
            "name": "warning_percent",
            "value": "75",
            "unit": "%",
            "origin": "override",
            "match": "^db-",
        },
    ]


def test_an_article_is_a_link() -> None:
    with_article, without = as_dict(scan(vcenter("prod", [result("a", kb="1003412"), result("b")])))["results"]

    assert with_article["kb"] == "https://knowledge.broadcom.com/external/article/1003412"
    assert without["kb"] is None


def test_the_same_report_gives_the_same_bytes() -> None:
    assert encode(scan(ordinary())) == encode(scan(ordinary()))
    assert datetime.fromisoformat(as_dict(scan())["started"]).tzinfo == UTC

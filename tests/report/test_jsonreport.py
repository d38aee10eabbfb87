import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import orjson
import pytest

from tests.report.scans import (
    HOSTILE,
    UUID,
    finding,
    itself,
    ordinary,
    result,
    say,
    scan,
    unreachable,
    unseen,
    vcenter,
    vm,
)
from vhealthd.model import Category, ScanReport, Severity
from vhealthd.report.jsonreport import as_dict, encode

HOSTILE_SCAN = scan(vcenter(HOSTILE[0], [result(findings=[finding(vm(name, n)) for n, name in enumerate(HOSTILE)])]))


@pytest.mark.parametrize(
    "report",
    [scan(), scan(vcenter()), scan(ordinary(), unreachable()), HOSTILE_SCAN],
    ids=["no vCenter", "no checks", "ordinary", "hostile names"],
)
def test_it_keeps_to_its_schema(report: ScanReport) -> None:
    schema = json.loads((files("vhealthd.report") / "report.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(orjson.loads(encode(report)), schema)


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


def test_the_same_report_gives_the_same_bytes() -> None:
    assert encode(scan(ordinary())) == encode(scan(ordinary()))
    assert datetime.fromisoformat(as_dict(scan())["started"]).tzinfo == UTC

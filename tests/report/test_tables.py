"""findings.csv, as the csv module and as a spreadsheet reads it."""

import csv
import io
import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.scans import HOSTILE, UUID, finding, itself, ordinary, result, say, scan, unreachable, vcenter, vm
from vhealthd.model import Entity, Finding, MoRef, Mute, ScanReport, Severity
from vhealthd.report.background import Background
from vhealthd.report.jsonreport import as_dict
from vhealthd.report.tables import COLUMNS, defused, encode, restored

MUTE = Mute(rule="snapshot-age", owner="jd", reason="known", until=date(2026, 12, 31))
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def rows(report: ScanReport) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(encode(report).decode("utf-8-sig"), newline="")))


def one_row(about: Finding) -> dict[str, str]:
    (only,) = rows(scan(vcenter("prod", [result(findings=[about])])))
    return only


def named(name: str) -> dict[str, str]:
    return one_row(finding(vm(name)))


def test_a_row_says_all_of_a_finding() -> None:
    row = one_row(finding(vm("web-1", 29), text=say("{age:days} old", age=12.4), key="k"))

    (as_json,) = as_dict(scan(vcenter("prod", [result(findings=[finding(vm("web-1", 29), key="k")])])))["results"]
    assert row == {
        "run_id": "20261121T060000Z-7f3a",
        "vcenter": "prod",
        "check": "snapshot-age",
        "category": "vm",
        "severity": "warning",
        "object_type": "VirtualMachine",
        "object_name": "web-1",
        "object_path": "/DC0/vm/web-1",
        "object_id": "vm-29",
        "key": "k",
        "message": "12.4 days old",
        "remediation": "Delete snapshots that nobody needs; they grow until the datastore is full.",
        "first_seen": "",
        "muted_by": "",
        "muted_until": "",
        "muted_reason": "",
        "silenced_by": "",
        "identity": as_json["findings"][0]["identity"],
    }


def test_a_row_says_since_when_it_is_open() -> None:
    report = scan(vcenter("prod", [result(findings=[finding()])]))
    since = Background(runs=(), first_seen={"another": report.started})
    (row,) = csv.DictReader(io.StringIO(encode(report, since).decode("utf-8-sig"), newline=""))

    assert row["first_seen"] == "2026-11-21T06:00:00Z"


def test_vcenter_itself_has_no_path() -> None:
    row = one_row(finding(itself()))

    assert [row[f"object_{part}"] for part in ("type", "name", "path", "id")] == ["VirtualCenter", "prod", "", UUID]


def test_what_is_muted_or_silenced_stays_and_says_so() -> None:
    muted = one_row(replace(finding(), muted=MUTE))
    silenced = one_row(replace(finding(), silenced_by="host-connection: esx04"))

    assert (muted["muted_by"], muted["muted_until"], muted["muted_reason"]) == ("jd", "2026-12-31", "known")
    assert silenced["silenced_by"] == "host-connection: esx04"


def test_the_worst_stand_first_over_all_vcenters() -> None:
    table = rows(scan(ordinary(), unreachable()))

    severities = [row["severity"] for row in table]
    assert severities == sorted(severities, key=lambda name: -Severity(name).rank)
    assert {row["vcenter"] for row in table} == {"prod", "prod-2"}
    assert len(table) == sum(len(one["findings"]) for one in as_dict(scan(ordinary(), unreachable()))["results"])


def test_it_begins_with_a_byte_order_mark_and_ends_lines_as_spreadsheets_want() -> None:
    data = encode(scan())

    assert data == b"\xef\xbb\xbf" + ",".join(f'"{name}"' for name in COLUMNS).encode() + b"\r\n"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_come_back(name: str) -> None:
    assert restored(named(name)["object_name"]) == name


@pytest.mark.parametrize("sign", FORMULAS)
@pytest.mark.parametrize("before", ["", " ", "  ", "'", '"', "' ", "\u00a0", "\ufeff", "\u200b", "\x00"])
def test_no_cell_begins_a_formula(before: str, sign: str) -> None:
    evil = f"{before}{sign}cmd|' /C calc'!A0"

    assert named(evil)["object_name"] == f"'{evil}"
    assert one_row(finding(text=say("{name}", name=evil)))["message"] == f"'{evil}"


@pytest.mark.parametrize("separator", [";", "\t", "\n", "\r\n"])
def test_nor_does_the_rest_of_one_where_another_separator_is_in_use(separator: str) -> None:
    assert named(f"web{separator}=1+1{separator}x")["object_name"] == f"web{separator}'=1+1{separator}x"


def test_what_a_spreadsheet_takes_for_text_is_left_alone() -> None:
    for text in ("web-1", "a=b", "10 % - more", "x, -3 days", "1", "'quoted'", "path/with/-dash", ""):
        assert defused(text) == text


@given(st.text(st.sampled_from("'\" =+-@;\t\r\n\u00a0\ufeff\uff1dx,"), max_size=12) | st.text(max_size=40))
def test_defusing_can_be_undone_and_leaves_no_formula(text: str) -> None:
    cell = defused(text)

    assert restored(cell) == text
    assert not cell.startswith(FORMULAS)
    pieces = (piece for piece in re.split("[;\t\r\n]", cell) if not piece.startswith("'"))
    assert not any(piece.lstrip(" \"'\u00a0\ufeff").startswith(FORMULAS) for piece in pieces)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), min_size=1, max_size=5))
def test_every_name_comes_back(names: list[str]) -> None:
    report = scan(vcenter("prod", [result(findings=[finding(vm(name, n)) for n, name in enumerate(names)])]))

    assert sorted(restored(row["object_name"]) for row in rows(report)) == sorted(names)


def test_a_name_that_is_no_unicode_costs_no_more_than_itself() -> None:
    broken = Entity(ref=MoRef("VirtualMachine", "vm-1"), name="a\ud800b")

    assert one_row(finding(broken))["object_name"] == "a?b"

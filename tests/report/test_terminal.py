import io

import pytest
from rich.console import Console

from tests.report.scans import HOSTILE, finding, ordinary, result, scan, unreachable, vcenter, vm
from vhealthd.model import Outcome, ScanReport, Severity
from vhealthd.terminal import Progress, summarise


def printed(report: ScanReport, width: int = 80) -> str:
    out = io.StringIO()
    summarise(report, Console(file=out, width=width))
    return out.getvalue()


def test_a_person_reads_the_worst_first() -> None:
    lines = [line.rstrip() for line in printed(scan(ordinary())).splitlines()]
    assert lines[0] == "Run 20261121T060000Z-7f3a: 1 vCenter in 12.4 s"
    assert lines[2] == "prod  scanned  vCenter 8.0.3, 8 hosts, 60 VMs, 5 datastores, 41 requests"
    assert lines[4:12] == [
        "outcome   check               examined  findings",
        "critical  datastore-usage            5         2",
        "critical  host-connection            8         1",
        "warning   memory-utilization         8         1",
        "warning   vswitch-redundancy         7         2",
        "warning   snapshot-age              60         7",
        "info      drs-automation             2         1",
        "6 checks pass.",
    ]
    assert "                              ... and 4 findings more in the report" in lines
    assert "skipped  license-expiry   the account lacks the privilege Global.Licenses" in lines


@pytest.mark.parametrize("report", [scan(ordinary()), scan(ordinary("a"), unreachable("b"))])
def test_it_fits_into_80_columns_without_colour(report: ScanReport) -> None:
    out = printed(report)
    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out


def test_an_unreachable_vcenter_says_why_once() -> None:
    out = printed(scan(unreachable()))
    assert "prod-2  unreachable  connection refused on port 443 (0 requests)" in out
    assert "0 checks pass." in out
    assert out.count("no session with prod-2") == 1


def test_findings_name_their_vcenter_where_there_are_several() -> None:
    out = printed(scan(ordinary("a"), ordinary("b")), width=200)
    assert "vmfs-gold-01 (b): 96.3 %" in out


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("colour", [True, False])
def test_names_are_neither_markup_nor_control_characters(name: str, *, colour: bool) -> None:
    bad = vcenter(
        name,
        [
            result("a", [finding(vm(name), Severity.CRITICAL)]),
            result("b", outcome=Outcome.UNKNOWN, reason=name),
        ],
    )
    out = io.StringIO()
    summarise(scan(bad), Console(file=out, width=4000, force_terminal=colour, color_system=None))
    shown = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in name)
    assert f"critical  a  {shown}: Its oldest" in out.getvalue()
    assert {one for one in out.getvalue() if not one.isprintable()} == {"\n"}


def test_nothing_at_all_is_said_too() -> None:
    assert "No check was run." in printed(scan())


def test_progress_is_drawn_in_a_terminal() -> None:
    out = io.StringIO()
    console = Console(file=out, width=80, force_terminal=True, color_system=None)
    with Progress(console) as progress:
        progress.update("prod [red]", 3, 17, "reading [bold]virtual machines\x07")
    assert "prod [red]" in out.getvalue()
    assert "3/17 reading [bold]virtual machines\\x07" in out.getvalue()


def test_progress_is_silent_elsewhere() -> None:
    out = io.StringIO()
    with Progress(Console(file=out)) as progress:
        progress.update("prod", 3, 17, "reading")
    assert out.getvalue() == ""

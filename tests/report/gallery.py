"""Reports of every kind, by name: what the tests of the PDF render."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

from tests.report.pasts import earlier, told
from tests.report.scans import (
    CATALOGUE,
    HOSTILE,
    cluster,
    finding,
    host,
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
from vhealthd.config import Colours, ReportSettings
from vhealthd.model import (
    Category,
    CheckResult,
    Mute,
    Outcome,
    Resource,
    ScanReport,
    Severity,
    VCenterReport,
    VCenterState,
)
from vhealthd.report.background import NO_BACKGROUND, Background
from vhealthd.report.look import PLAIN, Look, look_of


class Exhibit(NamedTuple):
    """All that a PDF is made of, but for its language."""

    report: ScanReport
    background: Background = NO_BACKGROUND
    look: Look = PLAIN


PASSING = [result(slug, category=category) for slug, category in CATALOGUE.items()]
CRITICAL = [
    result(slug, [finding(vm(f"vm-{n}", n), Severity.CRITICAL) for n in range(3)], category=category)
    for slug, category in CATALOGUE.items()
]


def hostile_checks() -> list[CheckResult]:
    return [
        result(
            "snapshot-age",
            [finding(vm(name, n), text=say("It is called {name}", name=name)) for n, name in enumerate(HOSTILE)],
            title=HOSTILE[5],
            not_examined=[unseen(name, n, name) for n, name in enumerate(HOSTILE)],
        ),
        result(
            "storage-utilization", usages=[usage(store(name, n), Resource.STORAGE, n) for n, name in enumerate(HOSTILE)]
        ),
        *(result(f"check-{n}", outcome=Outcome.UNKNOWN, title=name, reason=name) for n, name in enumerate(HOSTILE)),
    ]


def five() -> ScanReport:
    return scan(
        ordinary("ams"),
        ordinary("fra"),
        unreachable("sin"),
        vcenter("lab", PASSING, tls="unverified"),
        vcenter("edge"),
    )


def clusters(count: int) -> VCenterReport:
    """Make a vCenter with so many clusters, each worse than the one before it."""
    places = [cluster(f"cluster-{n:02}", n) for n in range(count)]
    hosts = [
        finding(
            host(f"esx-{n:02}-{m:02}", 100 * n + m, inside=place), Severity.CRITICAL if m % 9 == 8 else Severity.WARNING
        )
        for n, place in enumerate(places)
        for m in range(n)
    ]
    used = [usage(place, one, 30 + 2 * n) for n, place in enumerate(places) for one in (Resource.CPU, Resource.MEMORY)]
    return vcenter(
        "prod",
        [
            result("cpu-utilization", category=Category.WATERMARK, usages=used),
            result("host-connection", hosts, category=Category.COMPUTE),
            result("snapshot-age", [finding(vm("alone"))]),
        ],
    )


PICTURES = Path(__file__).parent / "pictures"


def talkative() -> ScanReport:
    """Make a report of which everything that the first page can say is true, of many vCenters and at length."""
    reason = "the service for property collection did not answer three times in a row within ten seconds; " * 3
    partly = replace(
        ordinary(f"{'partly-seen-':a<50}"),
        state=VCenterState.PARTIAL,
        reason=reason,
        tls="unverified",
        unmatched_scope=tuple(f"{'cluster-that-is-gone-':z<80}{n}" for n in range(5)),
    )
    far = [unreachable(f"{'far-away-data-center-':x<60}-{n}", reason) for n in range(4)]
    aside = replace(finding(vm("known")), muted=Mute(rule="*", owner="jd", reason="known", until=date(2027, 1, 1)))
    silent = replace(finding(vm("explained", 2)), silenced_by="host-connection: esx04")
    crowd = clusters(12)
    return scan(
        *far,
        *(replace(partly, name=f"{partly.name}-{n}") for n in range(4)),
        replace(crowd, results=(*crowd.results, result("orphaned-vms", [aside, silent], outcome=Outcome.PASS))),
    )


def showy(logo: str) -> Look:
    """Make a look of which nothing is as it is by default."""
    return look_of(
        ReportSettings(
            title="Platform health of Europe",
            classification="Internal use only",
            paper="letter",
            colours=Colours(primary="#3b1f5b", accent="#c2410c"),
            logo=PICTURES / logo,
        )
    )


def _exhibits() -> dict[str, Exhibit]:
    one, many = scan(ordinary()), five()
    return {
        "no vCenter": Exhibit(scan()),
        "no checks": Exhibit(scan(vcenter())),
        "all pass": Exhibit(scan(vcenter("prod", PASSING))),
        "all pass, again": Exhibit(*told(scan(vcenter("prod", PASSING)))),
        "all critical": Exhibit(scan(vcenter("prod", CRITICAL))),
        "unreachable": Exhibit(scan(unreachable())),
        "first run": Exhibit(one),
        "second run": Exhibit(one, Background(runs=earlier(one, 1))),
        "ordinary": Exhibit(*told(one)),
        "five vCenters": Exhibit(*told(many)),
        "showy": Exhibit(*told(one), showy("logo.svg")),
        "showy, five vCenters": Exhibit(*told(many), showy("logo.png")),
        "talkative": Exhibit(*told(talkative()), showy("logo.png")),
        "30 clusters": Exhibit(*told(scan(clusters(30)))),
        "many vCenters": Exhibit(
            *told(scan(*(ordinary(f"vc-{n:03}") for n in range(20)), *(unreachable(f"far-{n:02}") for n in range(4))))
        ),
        "500 findings": Exhibit(
            scan(vcenter("prod", [result(findings=[finding(vm(f"vm-{n:03}", n)) for n in range(500)])]))
        ),
        "hostile names": Exhibit(
            *told(scan(*(vcenter(name, hostile_checks()[n : n + 4]) for n, name in enumerate(HOSTILE[:6]))))
        ),
        "all hostile": Exhibit(*told(scan(vcenter("W" * 64, hostile_checks())))),
    }


GALLERY = _exhibits()

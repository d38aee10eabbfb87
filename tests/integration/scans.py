"""Scans of a mock vCenter in this process, through real sockets."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from mocks.dns import MockDns
from mocks.faults import Fault
from mocks.vcenter import MockVCenter
from mocks.world import Planted, World, records
from vhealthd.catalogue import Catalogue
from vhealthd.config import Settings
from vhealthd.model import CheckResult, Outcome, ScanReport, VCenterReport
from vhealthd.saved import Sighting
from vhealthd.scan import Scan, scan
from vhealthd.vcenter.transport import Pace

CATALOGUE = Catalogue.discover()
# What runs if nobody selects anything, and what runs only if somebody asks for it.
ON = tuple(check for check in CATALOGUE.checks if not check.opt_in)
EXTRAS = tuple(check.slug for check in CATALOGUE.checks if check.opt_in)
THUMBPRINT = re.compile(r"(?<=:)[0-9a-f]{64}$")
QUICK = Pace(connect=2, answer=5, first_back_off=0, longest_back_off=0)


@dataclass
class Steps:
    """Whoever watches; keeps what it hears."""

    seen: list[tuple[str, int, int, str]] = field(default_factory=list)

    def update(self, vcenter: str, done: int, total: int, doing: str) -> None:
        self.seen.append((vcenter, done, total, doing))


def settings_for(*vcenters: Mapping[str, Any], **sections: Mapping[str, Any]) -> Settings:
    return Settings.model_validate({"vcenters": list(vcenters), **sections})


def account(vc: MockVCenter, monkeypatch: pytest.MonkeyPatch, **more: object) -> dict[str, object]:
    """Return the configuration of one vCenter whose password comes from the environment."""
    monkeypatch.setenv("VHEALTHD_TEST_PASSWORD", vc.password)
    return {
        "name": "prod",
        "url": vc.url,
        "username": vc.user,
        "password": {"env": "VHEALTHD_TEST_PASSWORD"},
        **more,
    }


async def run(
    settings: Settings, *, only: Sequence[str] = (), pace: Pace = QUICK, steps: Steps | None = None
) -> tuple[ScanReport, tuple[Sighting, ...]]:
    plan = Scan(
        settings=settings,
        checks=CATALOGUE.bind(settings, only=only),
        run_id="run-1",
        progress=steps or Steps(),
        pace=pace,
    )
    return await scan(plan, settings.vcenters)


@dataclass
class Scanned:
    """One scan of one vCenter, and the server that it scanned."""

    report: ScanReport
    seen: Sighting
    vc: MockVCenter

    @property
    def vcenter(self) -> VCenterReport:
        return self.report.vcenters[0]

    def result(self, slug: str) -> CheckResult:
        return next(one for one in self.vcenter.results if one.check == slug)

    def found(self) -> set[Planted]:
        """Return all findings in the form of the world's truth."""
        return {
            Planted(
                result.check,
                finding.severity.value,
                finding.object.ref.type,
                None if finding.object.ref.type == "VirtualCenter" else finding.object.name,
                finding.key,
            )
            for result in self.vcenter.results
            for finding in result.findings
        }

    def unknown(self) -> dict[str, str]:
        return {one.check: str(one.reason) for one in self.vcenter.results if one.outcome is Outcome.UNKNOWN}


async def scan_world(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    *,
    release: str = "8.0.3.0",
    faults: tuple[Fault, ...] = (),
    only: Sequence[str] = (),
    ignore: Sequence[str] = (),
    deadline: timedelta = timedelta(minutes=2),
    in_flight: int = 8,
    scope: Mapping[str, Sequence[str]] | None = None,
    **server: Any,  # noqa: ANN401 - what MockVCenter takes
) -> Scanned:
    """Scan a world once, as configured by default, with the world's DNS."""
    async with (
        MockVCenter(world, release=release, faults=faults, **server) as vc,
        MockDns(records(world)) as dns,
    ):
        settings = settings_for(
            account(vc, monkeypatch, scope=scope or {}),
            dns={"nameservers": [f"{dns.host}:{dns.port}"], "timeout": "10s"},
            scan={"deadline": deadline, "requests_in_flight": in_flight, "ignore": list(ignore)},
        )
        report, seen = await run(settings, only=only)
        return Scanned(report, seen[0], vc)


def timeless(found: Iterable[Planted]) -> set[Planted]:
    """Leave the thumbprints of certificates out of findings: they follow the instant of a world."""
    return {replace(one, key=THUMBPRINT.sub("", one.key)) if one.key else one for one in found}

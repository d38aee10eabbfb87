"""What an observer hears of whole scans of a mock vCenter."""

from collections import Counter
from dataclasses import dataclass, field

import pytest

from mocks.faults import Fault, SessionEnds, When
from mocks.vcenter import MockVCenter
from mocks.worlds import default_world
from tests.integration.scans import CATALOGUE, QUICK, Steps, account, settings_for
from vhealthd.metrics import Metrics
from vhealthd.model import ScanReport
from vhealthd.scan import Scan, scan
from vhealthd.vcenter.observer import Observer, SessionState

ONLY = ("vcenter-reachability", "sso-service", "snapshot-age")


@dataclass
class Ears:
    """Keeps all that it hears."""

    requests: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    logins: list[str] = field(default_factory=list)
    sessions: list[tuple[str, SessionState]] = field(default_factory=list)

    def request(self, vcenter: str, api: str, code: str, seconds: float) -> None:
        assert seconds >= 0
        self.requests[vcenter, api, code] += 1

    def login(self, vcenter: str) -> None:
        self.logins.append(vcenter)

    def session(self, vcenter: str, state: SessionState) -> None:
        self.sessions.append((vcenter, state))

    @property
    def states(self) -> list[str]:
        return [state.value for _, state in self.sessions]


async def heard_by(
    observer: Observer, monkeypatch: pytest.MonkeyPatch, *faults: Fault, release: str = "8.0.3.0", password: str = ""
) -> tuple[ScanReport, MockVCenter]:
    async with MockVCenter(default_world(), release=release, faults=faults) as vc:
        settings = settings_for(account(vc, monkeypatch))
        if password:
            monkeypatch.setenv("VHEALTHD_TEST_PASSWORD", password)
        plan = Scan(
            settings=settings,
            checks=CATALOGUE.bind(settings, only=ONLY),
            run_id="run-1",
            progress=Steps(),
            pace=QUICK,
            observer=observer,
        )
        report, _ = await scan(plan, settings.vcenters)
        return report, vc


async def test_every_request_is_heard_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ears = Ears()

    report, _ = await heard_by(ears, monkeypatch)

    assert ears.requests.total() == report.vcenters[0].requests
    assert {vcenter for vcenter, _, _ in ears.requests} == {"prod"}
    assert {api for _, api, _ in ears.requests} == {"automation", "vi"}
    assert ears.logins == ["prod"]
    assert ears.states == ["open", "closed"]


async def test_before_8_0_u3_there_are_two_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    ears = Ears()

    await heard_by(ears, monkeypatch, release="8.0.1.0")

    assert ears.logins == ["prod", "prod"]
    assert ears.states == ["open", "open", "closed", "closed"]


async def test_a_session_that_vcenter_ends_is_lost_and_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ears = Ears()

    await heard_by(ears, monkeypatch, SessionEnds(When("/RetrievePropertiesEx", times=1)))

    assert ears.states == ["open", "lost", "open", "closed"]
    assert len(ears.logins) == 2


async def test_a_refused_password_is_no_login(monkeypatch: pytest.MonkeyPatch) -> None:
    ears = Ears()

    await heard_by(ears, monkeypatch, password="wrong")

    assert ears.logins == []
    assert ears.sessions == []
    assert ears.requests["prod", "automation", "401"] == 1


async def test_metrics_are_an_observer(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = Metrics()

    report, vc = await heard_by(metrics, monkeypatch)
    metrics.scan_finished(report)

    said = metrics.exposition().body.decode()
    assert 'vhealthd_vcenter_session_state{state="closed",vcenter="prod"} 1.0' in said
    assert 'vhealthd_vcenter_logins_total{vcenter="prod"} 1.0' in said
    for secret in (vc.password, vc.user, vc.url):
        assert secret not in said

"""Nothing that proves who we are comes out again: not in a log, a report, an error or a repr, whatever goes wrong."""

import base64
import io
import traceback
from collections.abc import Callable, Iterator

import pytest
import structlog

from mocks.faults import (
    CutBody,
    EmptyAnswers,
    Fault,
    Hang,
    HtmlPage,
    InvalidPaths,
    LostView,
    Reset,
    SessionEnds,
    Unavailable,
    When,
)
from mocks.vcenter import MockVCenter
from mocks.wire import Answer, ok
from mocks.worlds import default_world
from tests.integration.scans import CATALOGUE, Steps, account, settings_for
from tests.unit.vcenter.clients import Hears, Says, client_of
from vhealthd import logs
from vhealthd.errors import VCenterError
from vhealthd.report import jsonreport
from vhealthd.saved import encode
from vhealthd.scan import Scan, scan
from vhealthd.vcenter.auth import PasswordAuthentication
from vhealthd.vcenter.collect import Collector
from vhealthd.vcenter.transport import Pace

PASSWORD = 'pl4nted "s3cret" äß'
IMPATIENT = Pace(connect=1, answer=0.1, first_back_off=0, longest_back_off=0)

FAULTS: dict[str, Callable[[When], Fault]] = {
    "nothing wrong": lambda when: Hears(when=when),
    "503s": Unavailable,
    "resets": Reset,
    "silence": Hang,
    "cut bodies": CutBody,
    "HTML": HtmlPage,
    "nothing": EmptyAnswers,
    "a number": lambda when: Says(ok(7), when),
    "a redirect": lambda when: Says(Answer(302, b"", headers={"Location": "https://elsewhere.example/"}), when),
    "a refusal": lambda when: Says(ok({"error_type": "UNAUTHENTICATED", "messages": []}, 401), when),
    "a fault": lambda when: Says(ok({"_typeName": "InvalidLogin", "faultstring": "no"}, 500), when),
    "a broken header": lambda when: Says(Answer(200, b"{}", headers={"Content-Encoding": "gzip"}), when),
    "sessions that end": SessionEnds,
    "views that are lost": LostView,
    "unknown paths": lambda _: InvalidPaths(("name",)),
}
# One of each kind: of the way, of the services, of each type that is read.
ONLY = ("vcenter-reachability", "sso-service", "snapshot-age", "cpu-utilization", "storage-utilization")
PLACES = ("", "/api/session", "/Login", "/view", "/RetrievePropertiesEx", "/vcenter/services")


def secrets_of(vc: MockVCenter, tokens: set[str]) -> set[str]:
    plain = PASSWORD.encode()
    return {
        PASSWORD,
        "pl4nted",
        base64.b64encode(f"{vc.user}:{PASSWORD}".encode()).decode(),
        base64.b64encode(plain).decode().rstrip("="),
        *tokens,
    }


def planted(release: str, *faults: Fault) -> tuple[MockVCenter, Hears]:
    """Return a vCenter with the planted password, and an ear for the tokens that are in use."""
    hears = Hears()
    vc = MockVCenter(default_world(), release=release, faults=(hears, *faults))
    vc.password = PASSWORD
    vc.automation.account.password = vc.vim.account.password = PASSWORD
    return vc, hears


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that hang on it."""
    waiting, met = [error], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) in met:
            continue
        met.add(id(one))
        yield one
        waiting += [other for other in (one.__cause__, one.__context__) if other]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions


def told_by(error: BaseException) -> str:
    """Return all that an error can be made to say."""
    parts = [f"{one!r} {one} {one.args!r} {vars(one)!r}" for one in chain(error)]
    return "\n".join([*parts, *traceback.format_exception(error)])


@pytest.fixture(params=["json", "text"])
def log(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Log as the program does, at the lowest level, into memory."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    logs.configure("debug", request.param)
    yield stream
    structlog.reset_defaults()


@pytest.mark.parametrize("place", ["", "/RetrievePropertiesEx"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_scan_tells_nobody(fault: str, place: str, log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    vc, hears = planted("8.0.1.0", FAULTS[fault](When(place)))
    async with vc:
        settings = settings_for(
            account(vc, monkeypatch),
            scan={"deadline": "1s"},
        )
        plan = Scan(
            settings=settings,
            checks=CATALOGUE.bind(settings, only=ONLY),
            run_id="run-1",
            progress=Steps(),
            pace=IMPATIENT,
        )
        report, seen = await scan(plan, settings.vcenters)

    told = {
        "log": log.getvalue(),
        "report": jsonreport.encode(report).decode(),
        "records": repr(report) + repr(seen),
        "inventory": encode(seen, redact=False).decode(),
        "plan": f"{plan!r} {settings!r} {settings}",
    }
    tokens = {call.token for call in hears.calls if call.token}
    assert tokens or fault != "nothing wrong"
    for where, text in told.items():
        for secret in secrets_of(vc, tokens):
            assert secret not in text, where


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("release", ["8.0.1.0", "8.0.3.0"])
async def test_an_error_tells_nobody(fault: str, place: str, release: str) -> None:
    vc, hears = planted(release, FAULTS[fault](When(place)))
    errors: list[BaseException] = []
    async with client_of(vc, password=PASSWORD, pace=IMPATIENT) as client:
        for work in (
            client.open,
            client.current_time,
            client.session_alive,
            lambda: client.automation("GET", "/vcenter/services"),
        ):
            try:
                await work()
            except VCenterError as error:
                errors.append(error)
        errors += [one for one in (client.api_problem, client.vi_problem) if one]
        reprs = f"{client!r} {client.transport!r} {client._authentication!r} {client._api!r}"

    secrets = secrets_of(vc, {call.token for call in hears.calls if call.token})
    for text in (reprs, *map(told_by, errors)):
        for secret in secrets:
            assert secret not in text


async def test_a_collector_that_breaks_is_traced_without_the_values_of_its_variables(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(collector: Collector) -> None:
        token, password = collector._client._api._token, PASSWORD
        raise RuntimeError(f"a bug, {len(token) + len(password)}")

    monkeypatch.setattr(Collector, "_read_tree", breaks)
    vc, hears = planted("8.0.3.0")
    async with vc:
        settings = settings_for(account(vc, monkeypatch))
        checks = CATALOGUE.bind(settings, only=ONLY)
        await scan(Scan(settings=settings, checks=checks, run_id="r", progress=Steps()), settings.vcenters)

    text = log.getvalue()
    assert "a bug" in text
    assert "breaks" in text, "the trace says where"
    for secret in secrets_of(vc, {call.token for call in hears.calls if call.token}):
        assert secret not in text


def test_an_account_shows_its_name_alone() -> None:
    one = PasswordAuthentication("monitor", PASSWORD)

    assert repr(one) == str(one) == "PasswordAuthentication(username='monitor')"

"""What a scan says of vCenter's own machine, its certificates and licences, whatever lacks or fails meanwhile."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from mocks.build import backup
from mocks.faults import Fault, Hang, HtmlPage, Unavailable, When
from mocks.machine import Appliance
from mocks.tls import make_certificates
from mocks.vcenter import MockVCenter
from mocks.wire import ok
from mocks.world import Planted, World
from mocks.worlds import default_world
from tests.integration.mock.vimschema import resolve_path
from tests.integration.scans import Scanned, account, run, scan_world, settings_for, timeless
from tests.unit.vcenter.clients import Hears, Says
from vhealthd.model import CheckResult, Outcome
from vhealthd.report import jsonreport
from vhealthd.saved import encode
from vhealthd.vcenter.transport import Pace
from vhealthd.wording import english

SLUGS = ("vcenter-appliance", "vcenter-backup", "root-password-expiry", "certificate-expiry", "license-expiry")
RELEASES = ("8.0.1.0", "8.0.3.0", "9.1.0.0")
HURRIED = Pace(connect=1, answer=0.3, first_back_off=0, longest_back_off=0)
GROUP = "membership of the SSO group SystemConfiguration.ReadOnly"
CERTIFICATES = "/certificate-management/vcenter"
MonkeyPatch = pytest.MonkeyPatch


def truth(world: World, *slugs: str) -> set[Planted]:
    return {one for one in world.truth if one.check in (slugs or SLUGS)}


def missed(result: CheckResult) -> dict[str, str]:
    """Return what was not examined of vCenter, with the reasons."""
    return {
        one.rule or "": english(one.why.reason) for one in result.not_examined if one.object.ref.type == "VirtualCenter"
    }


def why(result: CheckResult) -> str:
    return "" if result.reason is None else english(result.reason)


async def scan_with(monkeypatch: MonkeyPatch, *faults: Fault, slug: str) -> Scanned:
    return await scan_world(default_world(), monkeypatch, faults=faults, only=[slug])


@pytest.mark.parametrize("release", RELEASES)
async def test_a_scan_finds_what_is_planted_and_nothing_else(release: str, monkeypatch: MonkeyPatch) -> None:
    world = default_world()
    scanned = await scan_world(world, monkeypatch, release=release, only=SLUGS)

    assert scanned.unknown() == {}
    assert scanned.found() == truth(world)
    assert scanned.vcenter.state == "scanned"


@pytest.mark.parametrize("release", ["8.0.1.0", "9.1.0.0"])
@pytest.mark.parametrize("name", ["licenses", "licenseAssignmentManager", "evaluation"])
def test_the_properties_of_licences_exist_then_and_now(name: str, release: str) -> None:
    resolve_path("LicenseManager", name, release)


# --- privileges -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", RELEASES)
async def test_an_account_outside_of_the_sso_group_is_told_of_it(release: str, monkeypatch: MonkeyPatch) -> None:
    world = default_world()
    scanned = await scan_world(world, monkeypatch, release=release, only=SLUGS, account="readonly")

    for slug in ("vcenter-backup", "root-password-expiry"):
        assert scanned.result(slug).outcome is Outcome.SKIPPED
        assert GROUP in why(scanned.result(slug))
    appliance = missed(scanned.result("vcenter-appliance"))
    assert appliance.keys() == {"health", "partitions"}
    assert all(reason.endswith(f"it needs {GROUP}") for reason in appliance.values())
    licences = scanned.result("license-expiry")
    assert licences.outcome is Outcome.SKIPPED
    assert "Global.Licenses" in why(licences)
    services = {one for one in truth(world) if one.key and one.key.startswith("service:")}
    assert scanned.found() == services | truth(world, "certificate-expiry")
    assert scanned.unknown() == {}
    assert scanned.vcenter.state == "scanned"


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("/tls", "machine-ssl-configured"),
        ("/signing-certificate", "sts-signing"),
        ("/trusted-root-chains", "trusted-root"),
    ],
)
async def test_certificates_that_may_not_be_read_cost_their_own_verdict(
    path: str, rule: str, monkeypatch: MonkeyPatch
) -> None:
    denied = Says(ok({"error_type": "UNAUTHORIZED", "messages": []}, 403), When(CERTIFICATES + path))
    scanned = await scan_with(monkeypatch, denied, slug="certificate-expiry")

    result = scanned.result("certificate-expiry")
    assert "the privilege System.Read on vCenter's root folder" in missed(result)[rule]
    assert Outcome.UNKNOWN is not result.outcome
    wanted = timeless(truth(default_world(), "certificate-expiry"))
    assert timeless(scanned.found()) >= {one for one in wanted if not (one.key or "").startswith(rule)}


# --- failures of one part -------------------------------------------------------------------------------------------

PARTS = [
    ("vcenter-appliance", "/appliance/health/load", "health:load"),
    ("vcenter-appliance", "/appliance/system/storage", "partitions"),
    ("vcenter-appliance", "/appliance/monitoring/query", "partitions"),
    ("vcenter-appliance", "/vcenter/services", "services"),
    ("vcenter-backup", "/backup/schedules", "schedule"),
    ("vcenter-backup", "/backup/job/details", "job"),
    ("certificate-expiry", f"{CERTIFICATES}/tls", "machine-ssl-configured"),
    ("certificate-expiry", f"{CERTIFICATES}/signing-certificate", "sts-signing"),
    ("certificate-expiry", f"{CERTIFICATES}/trusted-root-chains/", "trusted-root"),
    ("license-expiry", "/QueryAssignedLicenses", "evaluation"),
]
FAILURES: dict[str, Callable[[When], Fault]] = {
    "503": Unavailable,
    "an HTML page": HtmlPage,
    "a number": lambda when: Says(ok(7), when),
    "a list of numbers": lambda when: Says(ok([7]), when),
    "a fault": lambda when: Says(ok({"_typeName": "RuntimeFault", "faultstring": "oops"}, 500), when),
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize(("slug", "path", "rule"), PARTS)
async def test_a_part_that_fails_is_unknown_and_the_others_are_judged(
    slug: str, path: str, rule: str, failure: str, monkeypatch: MonkeyPatch
) -> None:
    scanned = await scan_with(monkeypatch, FAILURES[failure](When(path)), slug=slug)

    result = scanned.result(slug)
    lost = (rule, f"{rule.removesuffix('s')}:")
    planted = timeless(truth(default_world(), slug))
    # The root that is lost is the token service's issuer too, and is judged as that then.
    found = {one for one in timeless(scanned.found()) if one.key != "sts-issuer:"}
    if (failure, rule) == ("a list of numbers", "evaluation"):
        assert found == {one for one in planted if one.key != "evaluation"}, "nothing in it is on evaluation"
        return
    assert found == {one for one in planted if not (one.key or "").startswith(lost)}
    assert rule in missed(result)
    assert result.outcome in {Outcome.UNKNOWN, Outcome.CRITICAL}


@pytest.mark.parametrize(("slug", "path", "rule"), PARTS)
async def test_a_part_that_hangs_is_unknown_and_the_others_are_judged(
    slug: str, path: str, rule: str, monkeypatch: MonkeyPatch
) -> None:
    world = default_world()
    async with MockVCenter(world, faults=(Hang(When(path)),)) as vc:
        report, seen = await run(settings_for(account(vc, monkeypatch)), only=[slug], pace=HURRIED)
        result = Scanned(report, seen[0], vc).result(slug)

    assert "did not answer within 0.3 s" in missed(result)[rule]
    assert result.findings or slug == "vcenter-backup"


async def test_a_root_account_that_cannot_be_read_is_unknown(monkeypatch: MonkeyPatch) -> None:
    scanned = await scan_with(monkeypatch, Says(ok({}), When("/local-accounts/root")), slug="root-password-expiry")
    assert scanned.unknown().keys() == {"root-password-expiry"}

    odd = ok({"enabled": True, "password_expires_at": "soon"})
    scanned = await scan_with(monkeypatch, Says(odd, When("/local-accounts/root")), slug="root-password-expiry")
    assert "no time" in why(scanned.result("root-password-expiry"))


async def test_without_vi_json_vcenters_own_certificates_are_judged(monkeypatch: MonkeyPatch) -> None:
    scanned = await scan_world(default_world(), monkeypatch, release="7.0.3.0", only=SLUGS)

    found = {one.key.partition(":")[0] for one in scanned.found() if one.check == "certificate-expiry" and one.key}
    assert found == {"sts-signing", "trusted-root"}
    assert "no VI JSON API" in missed(scanned.result("certificate-expiry"))["host"]
    assert scanned.result("license-expiry").outcome is Outcome.SKIPPED


# --- what may be absent ---------------------------------------------------------------------------------------------


async def scan_changed(monkeypatch: MonkeyPatch, slug: str, change: Callable[[Appliance], object]) -> Scanned:
    world = default_world()
    change(world.appliance)
    return await scan_world(world, monkeypatch, only=[slug])


async def test_a_password_that_never_expires_passes(monkeypatch: MonkeyPatch) -> None:
    scanned = await scan_changed(monkeypatch, "root-password-expiry", lambda one: setattr(one, "root_expires", None))
    assert scanned.result("root-password-expiry").outcome is Outcome.PASS


async def test_without_a_backup_and_without_a_schedule_it_warns_once(monkeypatch: MonkeyPatch) -> None:
    def nothing(one: Appliance) -> None:
        one.schedules, one.backups = {}, ()

    scanned = await scan_changed(monkeypatch, "vcenter-backup", nothing)
    assert scanned.found() == {Planted("vcenter-backup", "warning", "VirtualCenter", None, "schedule")}
    assert missed(scanned.result("vcenter-backup")) == {"job": "no backup has ended yet"}


@pytest.mark.parametrize(("hours", "severity"), [(25, None), (27, "warning"), (73, "critical")])
async def test_backups_age(hours: float, severity: str | None, monkeypatch: MonkeyPatch) -> None:
    def aged(one: Appliance) -> None:
        one.backups = (backup(default_world().now, hours),)

    scanned = await scan_changed(monkeypatch, "vcenter-backup", aged)
    assert [one.severity for one in scanned.found()] == ([severity] if severity else [])


async def test_the_statistics_are_asked_for_the_last_day_by_vcenters_clock(monkeypatch: MonkeyPatch) -> None:
    world = default_world(datetime.fromisoformat("2031-05-06T07:08:09+00:00"))
    hears = Hears()
    await scan_world(world, monkeypatch, faults=(hears,), only=["vcenter-appliance"])

    (query,) = [call.query for call in hears.calls if call.path == "/api/appliance/monitoring/query"]
    start, end = (datetime.fromisoformat(query[name][0]) for name in ("start_time", "end_time"))
    assert end - start == timedelta(days=1)
    assert abs(end - world.now) < timedelta(minutes=1)
    assert "storage.used.filesystem.log" in query["names"]
    assert "storage.used.filesystem.lifecycle" not in query["names"], "the appliance has no such statistic"


async def test_a_vcenter_that_lists_no_licence_is_skipped(monkeypatch: MonkeyPatch) -> None:
    scanned = await scan_with(monkeypatch, Says(ok([]), When("LicenseManager/licenses")), slug="license-expiry")
    result = scanned.result("license-expiry")
    assert result.outcome is Outcome.SKIPPED
    assert "Global.Licenses" in why(result)


async def test_certificates_that_cannot_be_parsed_are_not_examined(monkeypatch: MonkeyPatch) -> None:
    bad = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
    signing = Says(ok({"active_cert_chain": {"cert_chain": [bad]}}), When("/signing-certificate"))
    store = Says(ok({"cert": bad}), When(f"{CERTIFICATES}/tls"))
    scanned = await scan_with(monkeypatch, signing, store, slug="certificate-expiry")

    assert missed(scanned.result("certificate-expiry")).keys() == {
        "machine-ssl",
        "machine-ssl-configured",
        "sts-signing",
    }
    assert "trusted-root" in {(one.key or "").partition(":")[0] for one in scanned.found()}


# --- the certificate that is served ---------------------------------------------------------------------------------


async def served(monkeypatch: MonkeyPatch, days: int, change: Callable[[World], None] = lambda _: None) -> set[str]:
    """Scan over TLS, under a certificate that is good for so long; return the roles of what is found on vCenter."""
    world = default_world()
    change(world)
    async with MockVCenter(world, tls=make_certificates(days=days)) as vc:
        settings = settings_for(account(vc, monkeypatch, tls={"verify": False}))
        report, seen = await run(settings, only=["certificate-expiry"])
        found = Scanned(report, seen[0], vc).found()
    return {f"{one.severity} {one.key}".partition(":")[0] for one in found if one.type == "VirtualCenter"}


async def test_the_certificate_that_is_served_is_judged_beside_the_one_in_the_store(monkeypatch: MonkeyPatch) -> None:
    planted = {"warning sts-signing", "critical trusted-root"}
    assert await served(monkeypatch, 365) == planted
    assert await served(monkeypatch, 50) == planted | {"warning machine-ssl"}
    assert await served(monkeypatch, 9) == planted | {"critical machine-ssl"}

    def old(world: World) -> None:
        world.appliance.certificate_until = world.now + timedelta(days=3)

    assert await served(monkeypatch, 365, old) == planted | {"critical machine-ssl-configured"}


async def test_over_plain_http_none_is_served(monkeypatch: MonkeyPatch) -> None:
    scanned = await scan_with(monkeypatch, slug="certificate-expiry")
    assert missed(scanned.result("certificate-expiry")) == {
        "machine-ssl": "the configured URL is plain HTTP: no certificate is shown there"
    }


# --- secrets --------------------------------------------------------------------------------------------------------


async def test_a_licence_key_is_nowhere_but_for_its_last_five_characters(
    monkeypatch: MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    world = default_world()
    scanned = await scan_world(world, monkeypatch, only=["license-expiry"])

    shown = capsys.readouterr()
    told = "".join(
        [
            encode((scanned.seen,), redact=False).decode(),
            jsonreport.encode(scanned.report).decode(),
            shown.out,
            shown.err,
        ]
    )
    for licence in world.licences:
        assert licence.key not in told + caplog.text
        assert licence.key[:23] not in told + caplog.text
    assert "*****-*****-*****-*****-AAAA1" in told


async def test_a_login_in_a_backup_message_is_left_out(monkeypatch: MonkeyPatch) -> None:
    details = {
        "job": {
            "status": "SUCCEEDED",
            "start_time": "2026-01-01T00:00:00Z",
            "end_time": "2026-01-01T00:10:00Z",
            "messages": [{"id": "x", "default_message": "No space at sftp://backup:secret@nas/vc.", "args": []}],
        }
    }
    scanned = await scan_with(monkeypatch, Says(ok(details), When("/backup/job/details")), slug="vcenter-backup")
    assert "secret" not in encode((scanned.seen,), redact=False).decode()

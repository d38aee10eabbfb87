"""`vhealthd doctor` as a user meets it: what it tries, what it says to do, its exit codes, and how little it asks."""

import json
from pathlib import Path
from typing import Any

import pytest

from mocks.faults import DeniedPaths, Fault, Hang, Unavailable, When
from mocks.tls import make_certificates
from mocks.vcenter import MockVCenter
from mocks.worlds import big_world, default_world
from tests.e2e.commands import Ended, Site, site, vhealthd
from vhealthd.catalogue import Catalogue
from vhealthd.grants import APPLIANCE, READ_ONLY, grants_for
from vhealthd.vcenter.records import FACETS

RELEASES = ("8.0.1.0", "8.0.3.0", "9.1.0.0")
CHECKS = [check for check in Catalogue.discover().checks if not check.opt_in]


def vcenter(*faults: Fault, **more: Any) -> MockVCenter:  # noqa: ANN401 - what MockVCenter takes
    return MockVCenter(default_world(), faults=faults, tls=make_certificates(), **more)


def trust(one: Site) -> None:
    """Let every vCenter of a site be verified, as it should be."""
    for each in one.vcenters:
        (one.folder / "ca.pem").write_bytes(make_certificates().ca)
        each["tls"] = {"ca_file": str(one.folder / "ca.pem")}


async def ask(one: Site, *arguments: object) -> Ended:
    return await vhealthd("doctor", "--config", one.config, *arguments)


def lines(ended: Ended, **wanted: str) -> list[dict[str, Any]]:
    """Return the lines of the first vCenter that have these fields."""
    told: list[dict[str, Any]] = json.loads(ended.out)[0]["lines"]
    return [line for line in told if all(line[key] == value for key, value in wanted.items())]


@pytest.fixture
def certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """One authority for a whole test: each call makes another."""
    made = make_certificates()
    monkeypatch.setattr("tests.e2e.test_doctor.make_certificates", lambda: made)


pytestmark = pytest.mark.usefixtures("certificates")


@pytest.mark.parametrize("release", RELEASES)
async def test_where_all_is_fine_it_says_so_and_exits_0(release: str, tmp_path: Path) -> None:
    async with site(tmp_path, vcenter(release=release)) as one:
        trust(one)
        ended = await ask(one)

    assert ended.code == 0, ended.out
    assert ended.err == ""
    words = {line.split()[0] for line in ended.out.splitlines()[1:] if line.strip() and not line.startswith(" ")}
    assert words == {"fine"}
    for about in ("name", "connect", "tls", "login", "release", "api", "vi-json", "clock", "reading"):
        assert f" {about} " in ended.out
    assert "verified, valid until" in ended.out
    assert f"all {len(CHECKS)} selected checks can read everything" in ended.out


async def test_a_readonly_account_is_told_which_group_and_which_checks(tmp_path: Path) -> None:
    async with site(tmp_path, vcenter(account="readonly")) as one:
        trust(one)
        ended = await ask(one, "--json")

    assert ended.code == 1
    (group,) = [line for line in lines(ended, state="lacks") if APPLIANCE.text in line["text"]]
    assert group["advice"] == APPLIANCE.how
    waiting = {check.slug for check in CHECKS if grants_for(check.needs) == (APPLIANCE,)} - {"sso-service"}
    assert waiting <= set(group["checks"])
    assert all(APPLIANCE in grants_for(check.needs) for check in CHECKS if check.slug in group["checks"])
    assert lines(ended)[0]["state"] == "lacks", "worst first"
    assert lines(ended, state="fails") == []


async def test_an_operator_lacks_nothing_of_the_appliance(tmp_path: Path) -> None:
    async with site(tmp_path, vcenter(account="operator")) as one:
        trust(one)
        ended = await ask(one, "--json")

    assert [line for line in lines(ended, state="lacks") if "SystemConfiguration" in line["text"]] == []


@pytest.mark.parametrize("release", ["8.0.1.0", "9.1.0.0"])
async def test_a_role_that_hides_the_configuration_of_hosts_is_named_with_the_path(
    release: str, tmp_path: Path
) -> None:
    blind = DeniedPaths(("config",), kind="HostSystem")
    async with site(tmp_path, vcenter(blind, release=release)) as one:
        trust(one)
        ended = await ask(one, "--json")

    assert ended.code == 1
    (line,) = [line for line in lines(ended, state="lacks") if READ_ONLY.text in line["text"]]
    assert line["advice"] == READ_ONLY.how
    hidden = {f.need for f in FACETS if f.kind == "HostSystem" and any(p.startswith("config.") for p in f.paths)}
    assert set(line["checks"]) >= {check.slug for check in CHECKS if check.needs & hidden}
    assert any("config.network" in detail for detail in line["details"])


async def test_what_every_object_has_may_be_denied_too(tmp_path: Path) -> None:
    blind = DeniedPaths(("summary.capacity",), kind="Datastore")
    async with site(tmp_path, vcenter(blind)) as one:
        trust(one)
        ended = await ask(one, "--json")

    (line,) = lines(ended, state="lacks")
    assert "summary.capacity" in line["details"][0]
    assert "storage-utilization" in line["checks"]


# --- no session, or half of one -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "step", "sentence"),
    [
        ("https://vc.invalid", "name", "the name vc.invalid cannot be resolved"),
        ("https://127.0.0.1:9", "connect", "127.0.0.1:9 refuses the connection"),
    ],
)
async def test_a_way_that_ends_says_at_which_step(url: str, step: str, sentence: str, tmp_path: Path) -> None:
    async with site(tmp_path, vcenter()) as one:
        trust(one)
        one.vcenters[0]["url"] = url
        ended = await ask(one, "--json")

    assert ended.code == 2
    assert json.loads(ended.out)[0]["session"] is False
    (line,) = lines(ended, state="fails")
    assert line["about"] == step
    assert sentence in line["text"]
    assert lines(ended, about="reading") == []


async def test_an_untrusted_certificate_shows_its_fingerprint(tmp_path: Path) -> None:
    async with site(tmp_path, vcenter()) as one:
        ended = await ask(one, "--json")

    assert ended.code == 2
    (line,) = lines(ended, state="fails")
    assert line["about"] == "tls"
    assert "SHA-256 fingerprint" in line["text"]
    assert "tls.ca_file" in line["text"]


async def test_an_unverified_certificate_is_noted(tmp_path: Path) -> None:
    async with site(tmp_path, vcenter()) as one:
        one.vcenters[0]["tls"] = {"verify": False}
        ended = await ask(one, "--json")

    assert ended.code == 0
    (line,) = lines(ended, state="note")
    assert line["text"].startswith("unverified, valid until")
    assert "tls.sha256_fingerprint" in line["advice"]


async def test_a_wrong_password_is_one_line_and_is_tried_once(tmp_path: Path) -> None:
    vc = vcenter()
    async with site(tmp_path, vc) as one:
        trust(one)
        one.vcenters[0]["password"] = {"env": "HOME"}
        ended = await ask(one, "--json")

    assert ended.code == 2
    (line,) = lines(ended, state="fails")
    assert line["about"] == "login"
    assert "check the password" in line["text"]
    assert vc.automation.account.failures == 1


async def test_a_release_without_vi_json_is_told_so(tmp_path: Path) -> None:
    async with site(tmp_path, vcenter(release="7.0.3.0")) as one:
        trust(one)
        ended = await ask(one, "--json")

    assert ended.code == 1
    (api,) = lines(ended, about="vi-json")
    assert api["state"] == "absent"
    assert "8.0 U1" in api["text"]


async def test_where_one_api_is_down_the_other_is_tried(tmp_path: Path) -> None:
    async with site(tmp_path, vcenter(Unavailable(When("/sdk"))), scan={"deadline": "20s"}) as one:
        trust(one)
        ended = await ask(one, "--json")

    assert ended.code == 1
    (api,) = lines(ended, about="vi-json")
    assert api["state"] == "fails"
    assert lines(ended, about="api")[0]["state"] == "fine"


async def test_what_hangs_is_given_up_at_the_deadline(tmp_path: Path) -> None:
    async with site(tmp_path, vcenter(Hang(When("/appliance/local-accounts"))), scan={"deadline": "4s"}) as one:
        trust(one)
        ended = await ask(one, "--json")

    assert ended.code == 1
    (line,) = [line for line in lines(ended, state="fails") if line["checks"] == ["root-password-expiry"]]
    assert "deadline" in line["text"]


# --- the command ----------------------------------------------------------------------------------------------------


async def test_two_vcenters_are_told_apart_and_one_can_be_chosen(tmp_path: Path) -> None:
    async with site(tmp_path, vcenter(), vcenter(account="readonly")) as one:
        trust(one)
        both, first = await ask(one, "--json"), await ask(one, "--vcenter", "prod", "--json")

    assert both.code == 1
    assert [each["vcenter"] for each in json.loads(both.out)] == ["prod", "prod-2"]
    assert first.code == 0
    assert [each["vcenter"] for each in json.loads(first.out)] == ["prod"]


async def test_it_looks_at_what_is_selected(tmp_path: Path) -> None:
    async with site(
        tmp_path, vcenter(account="readonly"), scan={"select": ["snapshot-age"], "also": ["cpu-ready"]}
    ) as one:
        trust(one)
        ended = await ask(one)

    assert ended.code == 0
    assert "all 2 selected checks" in ended.out


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--vcenter", "nowhere"), 64, "there is no vCenter nowhere"),
        (("--nonsense",), 64, "No such option"),
    ],
)
async def test_wrong_use(arguments: tuple[str, ...], code: int, sentence: str, tmp_path: Path) -> None:
    async with site(tmp_path, vcenter()) as one:
        ended = await ask(one, *arguments)

    assert ended.code == code
    assert sentence in ended.err


async def test_a_wrong_configuration_exits_78(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("vcenters: []\n")

    ended = await vhealthd("doctor", "--config", tmp_path / "config.yaml")

    assert ended.code == 78


async def test_it_asks_as_little_of_a_large_estate_as_of_a_small_one_and_logs_out(tmp_path: Path) -> None:
    asked = []
    for world in (default_world(), big_world(hosts=64, vms=3000)):
        vc = MockVCenter(world, tls=make_certificates())
        async with site(tmp_path, vc) as one:
            trust(one)
            await ask(one)
        stats = vc.stats.snapshot()
        assert stats["logins"] == stats["logouts"] == 1
        assert (stats["sessions_open"], stats["views_open"]) == (0, 0)
        assert stats["views_created"] == stats["views_destroyed"]
        assert not any("ContainerView/view" in kind for kind in stats["by_path_kind"]), "no whole list is fetched"
        asked.append((stats["requests"], stats["bytes_sent"]))
    (small_requests, small_bytes), (large_requests, large_bytes) = asked
    assert abs(large_requests - small_requests) <= 15
    assert large_bytes < 3 * small_bytes

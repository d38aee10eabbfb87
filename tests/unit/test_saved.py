"""An inventory on disk: it judges as the live one did, and without names when it is to leave the house."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from mocks.world import Datastore, Entity, Host, Snapshot, Vm, World
from mocks.worlds import default_world
from tests.integration.scans import CATALOGUE, ON, Scanned, Steps, scan_world, settings_for
from vhealthd.errors import NotSupportedError, UsageError, VCenterError
from vhealthd.inventory import Need
from vhealthd.model import CheckResult, Finding, Outcome, ScanReport, VirtualCenter
from vhealthd.saved import Missing, Sighting, encode, read
from vhealthd.scan import Scan, judge_again

SLUGS = tuple(check.slug for check in ON)
SETTINGS = settings_for(
    {"name": "x", "url": "https://x.example", "username": "x", "password": {"env": "VHEALTHD_TEST_PASSWORD"}}
)


async def again(file: Path) -> ScanReport:
    plan = Scan(settings=SETTINGS, checks=CATALOGUE.bind(SETTINGS), run_id="run-2", progress=Steps())
    return await judge_again(plan, read(file))


def stored(tmp_path: Path, scanned: Scanned, *, redact: bool = False) -> Path:
    file = tmp_path / "inventory.json"
    file.write_bytes(encode((scanned.seen,), redact=redact))
    return file


def without_time_spent(result: CheckResult) -> dict[str, object]:
    return {name: getattr(result, name) for name in result.__slots__ if name != "seconds"}


async def test_a_saved_inventory_is_the_inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scanned = await scan_world(default_world(), monkeypatch)

    assert read(stored(tmp_path, scanned)) == (scanned.seen,)
    assert set(scanned.seen.parts) == {need for check in ON for need in check.needs}


@pytest.mark.parametrize("scope", [{}, {"clusters": ["test", "typo"]}])
async def test_judged_again_it_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scope: dict[str, list[str]]
) -> None:
    scanned = await scan_world(default_world(), monkeypatch, scope=scope)

    report = await again(stored(tmp_path, scanned))

    (vcenter,) = report.vcenters
    assert list(map(without_time_spent, vcenter.results)) == list(map(without_time_spent, scanned.vcenter.results))
    for name in ("name", "url", "state", "reason", "tls", "instance_uuid", "version", "build", "counts", "requests"):
        assert getattr(vcenter, name) == getattr(scanned.vcenter, name)
    assert vcenter.unmatched_scope == scanned.vcenter.unmatched_scope == tuple(scope and ("typo",))


async def test_a_scan_without_a_session_is_judged_again_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scanned = await scan_world(default_world(), monkeypatch, locked_after=0)
    assert scanned.vcenter.state == "unreachable"

    report = await again(stored(tmp_path, scanned))

    assert report.vcenters[0].state == "unreachable"
    assert list(map(without_time_spent, report.vcenters[0].results)) == list(
        map(without_time_spent, scanned.vcenter.results)
    )


# --- without names --------------------------------------------------------------------------------------------------

# Words that vSphere or vhealthd give themselves, and that happen to be names in the world.
VOCABULARY = {"vm", "host", "datastore", "network", "test", "Datacenters", "Resources", "VM Network", "localhost"}


def names_of(world: World) -> Iterator[str]:
    """Yield everything in a world that somebody gave a name or an address to."""
    for entity in world.all(Entity):
        yield entity.name
    for host in world.all(Host):
        yield from (host.address, host.resolves_to or "", host.ptr or "", *host.dns_servers)
    for store in world.all(Datastore):
        yield from store.remote or ()
    for vm in world.all(Vm):
        yield from (file for disk in vm.disks for file in disk.files)
        yield from (drive.file for drive in vm.drives)
        yield from (snapshot.name for snapshot in snapshots(vm.snapshots))
    yield from (world.appliance.name, *world.appliance.dns_servers, world.instance_uuid)


def snapshots(roots: tuple[Snapshot, ...]) -> Iterator[Snapshot]:
    for one in roots:
        yield one
        yield from snapshots(one.children)


def strings_in(data: Any) -> Iterator[str]:  # noqa: ANN401 - decoded JSON
    match data:
        case dict():
            for key, value in data.items():
                yield from (key, *strings_in(value))
        case list():
            for value in data:
                yield from strings_in(value)
        case str():
            yield data


async def redacted(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    **how: Any,  # noqa: ANN401 - what scan_world takes
) -> tuple[World, Scanned, Path]:
    world = default_world()
    scanned = await scan_world(world, monkeypatch, **how)
    return world, scanned, stored(tmp_path, scanned, redact=True)


@pytest.mark.parametrize("scope", [{}, {"datacenters": ["DC0", "secret-place"]}])
async def test_redacted_it_holds_no_name_address_or_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scope: dict[str, list[str]]
) -> None:
    world, scanned, file = await redacted(tmp_path, monkeypatch, scope=scope)
    told = set(strings_in(json.loads(file.read_bytes())))
    text = file.read_text(encoding="utf-8")

    for name in {*names_of(world), "secret-place", "prod", scanned.vc.user, "127.0.0.1"} - VOCABULARY - {""}:
        assert name not in told
        if len(name) > 4:
            assert name not in text
    assert "lab.example" not in text
    assert str(scanned.vc.port) not in text
    assert not re.search(r"\b10\.20\.\d+\.\d+\b", text)


async def test_redacted_it_judges_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, scanned, file = await redacted(tmp_path, monkeypatch)

    report = await again(file)

    def moid(finding: Finding) -> str:
        # vCenter's own is its instanceUuid, which becomes a stand-in.
        return "" if isinstance(finding.object, VirtualCenter) else finding.object.ref.value

    def key(result: CheckResult, finding: Finding) -> str:
        # The keys of these name what has a stand-in now: LUNs, port groups, adapters.
        if result.check in {"storage-paths", "vaai-status", "promiscuous-mode", "uplink-redundancy"}:
            return ""
        named = result.check in {"certificate-expiry", "license-expiry"}  # their keys do so after a colon
        return (finding.key or "").partition(":")[0] if named else finding.key or ""

    def gist(
        results: tuple[CheckResult, ...],
    ) -> list[tuple[str, Outcome, int, int, list[tuple[str, str, str]]]]:
        return [
            (
                one.check,
                one.outcome,
                one.examined,
                len(one.not_examined),
                sorted((each.severity.value, moid(each), key(one, each)) for each in one.findings),
            )
            for one in results
        ]

    assert gist(report.vcenters[0].results) == gist(scanned.vcenter.results)


async def test_redacted_a_failure_keeps_its_kind_and_loses_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, scanned, file = await redacted(tmp_path, monkeypatch, locked_after=0)

    (vcenter,) = (await again(file)).vcenters

    assert vcenter.state == "unreachable"
    assert [one.outcome for one in vcenter.results] == [one.outcome for one in scanned.vcenter.results]
    assert scanned.vc.user not in file.read_text(encoding="utf-8")


async def test_what_lies_together_still_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, scanned, file = await redacted(tmp_path, monkeypatch)

    def shape(sighting: Sighting) -> list[tuple[int, int]]:
        vms: Any = sighting.parts[Need.VMS]
        folders = [one.path.rpartition("/")[0] if one.path else "" for one in vms]
        return [(folders.index(folder), folder.count("/")) for folder in folders]

    def fewer(shapes: list[tuple[int, int]]) -> list[int]:
        return [index for index, _ in shapes]

    (blurred,) = read(file)
    assert len(set(fewer(shape(blurred)))) == len(set(fewer(shape(scanned.seen))))


@pytest.mark.parametrize(
    ("texts", "alike"),
    [
        (["esx01.lab.example", "ESX01.LAB.EXAMPLE"], True),
        (["10.0.0.1", "10.0.0.1"], True),
        (["10.0.0.1", "10.0.0.2"], False),
        (["/a/b", "/b/a"], False),
    ],
)
def test_what_is_one_name_stays_one_name(texts: list[str], alike: bool) -> None:  # noqa: FBT001 (a column of the table)
    problems = tuple(blurred(*texts).problems)

    assert (len(set(problems)) == 1) is alike


def test_a_short_name_is_still_the_first_label_of_the_long_one_and_an_address_still_an_address() -> None:
    short, long, v4, v6, service = blurred("esx01", "esx01.lab.example", "10.0.0.1", "fe80::1", "vCLS-4c4c").problems

    assert long.partition(".")[0] == short
    assert ip_address(v4).version == 4
    assert ip_address(v6).version == 6
    assert service.startswith("vCLS-")


def blurred(*problems: str) -> Sighting:
    whole = Sighting(name="x", url="https://x", tls="plain", now=datetime(2026, 1, 1, tzinfo=UTC), problems=problems)
    told = json.loads(encode((whole,), redact=True))["vcenters"][0]
    return Sighting(name=told["name"], url=told["url"], tls="plain", now=whole.now, problems=tuple(told["problems"]))


# --- files that are none of ours ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"", "not an inventory that vhealthd saved (JSONDecodeError)"),
        (b"\xff\xfe", "not an inventory that vhealthd saved (UnicodeDecodeError)"),
        (b"<html>", "not an inventory that vhealthd saved (JSONDecodeError)"),
        (b"[]", "not an inventory that vhealthd saved (TypeError)"),
        (b"7", "not an inventory that vhealthd saved (TypeError)"),
        (b"{}", "not an inventory that vhealthd saved (KeyError)"),
        (b'{"schema": 1}', "not an inventory that vhealthd saved (KeyError)"),
        (b'{"schema": 1, "vcenters": 7}', "not an inventory that vhealthd saved (TypeError)"),
        (b'{"schema": 1, "vcenters": ["x"]}', "not an inventory that vhealthd saved (AttributeError)"),
        (b'{"schema": 1, "vcenters": [{"parts": []}]}', "not an inventory that vhealthd saved (AttributeError)"),
        (b'{"schema": 1, "vcenters": [{"parts": {}}]}', "not an inventory that vhealthd saved (ValidationError)"),
        (b'{"schema": 1, "vcenters": [{"parts": {"x": {}}}]}', "not an inventory that vhealthd saved (ValueError)"),
        (b'{"schema": 1, "vcenters": [{"parts": {"vms": {}}}]}', "not an inventory that vhealthd saved (KeyError)"),
        (
            b'{"schema": 1, "vcenters": [{"parts": {"vm_tools": {"data": []}}}]}',
            "not an inventory that vhealthd saved (ValidationError)",
        ),
        (b'{"schema": 99, "vcenters": []}', "saved by another version of vhealthd (schema 99, this one: 1)"),
        (b"[" * 100_000, "not an inventory that vhealthd saved (RecursionError)"),
    ],
)
def test_a_file_that_is_none_of_ours_is_a_usage_error(tmp_path: Path, content: bytes | None, why: str) -> None:
    file = tmp_path / "inventory.json"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(UsageError) as caught:
        read(file)

    assert str(caught.value) == f"{file}: {why}"


def test_a_folder_is_a_usage_error_too(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be read \(Is a directory\)"):
        read(tmp_path)


# --- parts that are not there ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("outcome", "kind"), [(Outcome.UNKNOWN, VCenterError), (Outcome.SKIPPED, NotSupportedError)])
async def test_a_part_that_was_missing_is_missing_again(outcome: Outcome, kind: type[VCenterError]) -> None:
    sighting = Sighting(
        name="x",
        url="https://x.example",
        tls="verified",
        now=datetime(2026, 1, 1, tzinfo=UTC),
        parts={Need.VMS: Missing(why="it was late", outcome=outcome)},
    )

    with pytest.raises(VCenterError, match=r"^it was late$") as caught:
        await sighting.fetch(Need.VMS)
    assert type(caught.value) is kind
    with pytest.raises(VCenterError, match=r"^the saved inventory has no hosts$"):
        await sighting.fetch(Need.HOSTS)

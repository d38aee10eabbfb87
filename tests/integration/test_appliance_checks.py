"""What a scan says of vCenter's own machine, its certificates and licences, whatever lacks or fails meanwhile."""

import pytest

from mocks.worlds import default_world
from tests.integration.scans import scan_world

SLUGS = ("vcenter-appliance", "vcenter-backup", "root-password-expiry", "certificate-expiry", "license-expiry")
RELEASES = ("8.0.1.0", "8.0.3.0", "9.1.0.0")


@pytest.mark.parametrize("release", RELEASES)
async def test_a_scan_finds_what_is_planted_and_nothing_else(release: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = default_world()
    scanned = await scan_world(world, monkeypatch, release=release, only=SLUGS)

    assert scanned.unknown() == {}
    assert scanned.found() == {one for one in world.truth if one.check in SLUGS}

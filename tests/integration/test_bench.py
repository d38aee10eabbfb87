"""`make bench` measures what it says; seconds are printed and never asserted."""

import pytest

from mocks.dns import MockDns
from mocks.vcenter import MockVCenter
from mocks.world import records
from mocks.worlds import big_world
from tests.bench import COLUMNS, measure


async def test_it_measures_a_small_estate(monkeypatch: pytest.MonkeyPatch) -> None:
    world = big_world(hosts=3, vms=30)
    async with MockVCenter(world) as vc, MockDns(records(world)) as dns:
        monkeypatch.setenv("BENCH_PASSWORD", vc.password)
        figures = await measure(
            {"url": vc.url, "user": vc.user, "password": vc.password, "dns": f"{dns.host}:{dns.port}"}
        )

    assert {key for _, key, _ in COLUMNS} <= set(figures)
    assert figures["vms"] == 30
    assert figures["megabytes"] > 0

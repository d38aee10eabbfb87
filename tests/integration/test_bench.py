"""`make bench` measures what it says; seconds are printed and never asserted."""

import pytest

from mocks.dns import MockDns
from mocks.vcenter import MockVCenter
from mocks.world import records
from mocks.worlds import big_world
from tests.bench import COLUMNS, PDF_COLUMNS, measure, measure_pdf


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


@pytest.mark.parametrize(("capped", "shown"), [(True, 13 * 2), (False, 50)])
async def test_it_measures_a_small_pdf(monkeypatch: pytest.MonkeyPatch, capped: bool, shown: int) -> None:  # noqa: FBT001 - of a table
    monkeypatch.setattr("vhealthd.report.chapter.MAX_ROWS", 2)
    figures = await measure_pdf(50, capped=capped)

    assert {key for _, key, _ in PDF_COLUMNS} == set(figures)
    assert figures["shown"] == shown
    assert figures["pages"] > 1
    assert figures["cpu_seconds"] > 0

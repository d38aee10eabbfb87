"""`vhealthd checks`: what runs, what is opt-in, what it needs, in a narrow terminal and for machines."""

import json

import pytest

from tests.e2e.commands import vhealthd
from vhealthd.catalogue import Catalogue

CHECKS = Catalogue.discover().checks


@pytest.mark.parametrize("columns", [100, 140])
async def test_the_list_can_be_read_and_names_every_check(columns: int) -> None:
    ended = await vhealthd("checks", env={"COLUMNS": str(columns)})

    assert ended.code == 0
    lines = ended.out.splitlines()
    assert max(len(line.rstrip()) for line in lines) <= columns
    rows = {line.split()[0]: line.split() for line in lines if line and not line.startswith(" ")}
    for check in CHECKS:
        slug, category, runs, *_ = rows[check.slug]
        assert (slug, category, runs) == (check.slug, check.category.value, "opt-in" if check.opt_in else "always")
    assert "scan.also" in ended.out
    assert "SystemConfiguration.ReadOnly" in ended.out


async def test_the_list_for_machines() -> None:
    rows = json.loads((await vhealthd("checks", "--json")).out)

    assert [row["check"] for row in rows] == [check.slug for check in CHECKS]
    assert {row["check"] for row in rows if row["opt_in"]} == {check.slug for check in CHECKS if check.opt_in}


async def test_the_page_of_an_opt_in_check_says_how_to_switch_it_on() -> None:
    ended = await vhealthd("checks", "show", "cpu-ready")

    assert "scan: {also: [cpu-ready]}" in ended.out

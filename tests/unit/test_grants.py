"""What an account must be given: known for every part, said by every page, and the same as what was refused."""

import pytest

from vhealthd.catalogue import Catalogue
from vhealthd.checkapi import Check
from vhealthd.checkdocs import check_page, check_rows, needs_line
from vhealthd.grants import ALL, APPLIANCE, LICENSES, READ_ONLY, grants_for
from vhealthd.inventory import Need
from vhealthd.vcenter.records import FACETS

CATALOGUE = Catalogue.discover()


def test_nothing_but_a_login_is_needed_to_look_at_the_way() -> None:
    assert grants_for([Need.REACHABILITY]) == ()


@pytest.mark.parametrize("need", sorted({facet.need for facet in FACETS}))
def test_the_role_alone_reads_every_property(need: Need) -> None:
    assert grants_for([need]) == (READ_ONLY,)


@pytest.mark.parametrize("need", [Need.APPLIANCE, Need.BACKUPS, Need.ROOT_ACCOUNT])
def test_the_appliance_asks_for_a_group(need: Need) -> None:
    assert grants_for([need]) == (APPLIANCE,)


def test_each_is_named_once_and_the_most_common_first() -> None:
    assert grants_for([Need.LICENSES, Need.BACKUPS, Need.SERVICES, Need.VMS]) == (READ_ONLY, APPLIANCE, LICENSES)
    assert len({grant.short for grant in ALL}) == len({grant.text for grant in ALL}) == len(ALL)


@pytest.mark.parametrize("check", CATALOGUE.checks, ids=lambda check: check.slug)
def test_every_page_says_what_its_check_needs(check: Check) -> None:
    privileges = check_page(check).partition("## Privileges")[2].partition("##")[0].lower()
    for grant in ALL:
        assert (grant.text.lower() in privileges) == (grant in grants_for(check.needs))


def test_rows_for_machines_say_it_too() -> None:
    for check, row in zip(CATALOGUE.checks, check_rows(CATALOGUE), strict=True):
        assert row["opt_in"] is check.opt_in
        assert row["needs"] == sorted(check.needs)
        assert row["grants"] == [grant.name for grant in grants_for(check.needs)]
        assert needs_line(check)

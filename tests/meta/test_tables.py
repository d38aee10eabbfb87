"""Every table of a check has the rows that matter most: clean, each grade, what is not seen, nothing, decoys."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.builders import Case, findings
from tests.checks.test_all_checks import CASES, SLUGS
from vhealthd.catalogue import Catalogue
from vhealthd.checkapi import Check, Inventory, Need
from vhealthd.model import Severity

CATALOGUE = Catalogue.discover()
OF_HOSTS = {need for need in Need if need.startswith("host_")} - {Need.HOST_ALARM_ACTIONS}
# Parts that are there once for a vCenter: what cannot be read of them is not absent.
OF_VCENTER = {
    *(Need.REACHABILITY, Need.NAMES, Need.SERVICES, Need.APPLIANCE, Need.BACKUPS, Need.ROOT_ACCOUNT),
    *(Need.CERTIFICATES, Need.LICENSES, Need.ALARMS, Need.APPLIANCE_ACCESS, Need.APPLIANCE_TIME),
}
# They reckon with everything that runs, whoever it belongs to.
COUNTS_ALL = {"memory-utilization", "overcommit-ratio", "ha-failover-capacity", "triggered-alarms"}

CHECKS = [CATALOGUE[slug] for slug in SLUGS]


def each_of(checks: Iterable[Check]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("check", list(checks), ids=lambda check: check.slug)


each_check = each_of(CHECKS)


def table(check: Check) -> list[Case]:
    return [case for slug, case in CASES if slug == check.slug]


@each_check
def test_one_row_is_clean(check: Check) -> None:
    assert any(case.says.examined and not case.says.finds and not case.says.missed for case in table(check))


@each_check
def test_every_grade_that_it_knows_is_in_a_row(check: Check) -> None:
    """A grade that its file names beside the maximum, or that a pair of limits gives, and that no row has is a gap."""
    before, _, after = Path(check.source).read_text(encoding="utf-8").partition("maximum=Severity.")
    text = before + after
    named = {one for one in Severity if f"Severity.{one.name}" in text}
    if "exceeded(" in text or "running_out(" in text:
        named |= {Severity.WARNING, Severity.CRITICAL}
    shown = {one.severity for case in table(check) for one in findings(check.slug, case.given, case.limits)}
    assert named <= shown


# vcenter-reachability reads what this machine itself measured: none of it can be missing.
@each_of(check for check in CHECKS if check.slug != "vcenter-reachability")
def test_what_is_not_set_is_in_a_row(check: Check) -> None:
    assert any(case.says.missed or case.says.blind for case in table(check))


# vCenter itself is always there.
@each_of(check for check in CHECKS if not check.needs & OF_VCENTER)
def test_nothing_to_examine_is_in_a_row(check: Check) -> None:
    assert any(not (case.says.examined or case.says.finds or case.says.missed) for case in table(check))


# --- decoys ---------------------------------------------------------------------------------------------------------


def vms(given: Inventory) -> bool:
    kinds = [(one.template, one.managed_by) for one in given.vms if not one.is_workload]
    return any(template for template, _ in kinds) and any(owner for _, owner in kinds)


def away(given: Inventory) -> bool:
    """Whether a host is there that vCenter cannot read now."""
    return any(not host.connected for host in given.hosts)


def nfs(given: Inventory) -> bool:
    return any(one.type == "NFS" for one in given.datastores)


def local(given: Inventory) -> bool:
    return any(one.shared is False for one in given.datastores)


def standby(given: Inventory) -> bool:
    return any(
        path.state == "standby" for luns in given.host_luns.records.values() for lun in luns for path in lun.paths
    )


def unused_down(given: Inventory) -> bool:
    for network in given.host_network.records.values():
        used = {nic for group in network.port_groups for nic in group.nics}
        if any(nic.speed_mb is None and nic.device not in used for nic in network.nics):
            return bool(used)
    return False


def uplinks(given: Inventory) -> bool:
    return any(group.carries_uplinks for group in given.port_groups)


def unknown_sensor(given: Inventory) -> bool:
    return any(part.state == "unknown" for parts in given.host_hardware.records.values() for part in parts)


def never(given: Inventory) -> bool:
    return getattr(given.root_account, "password_expires", "unseen") is None


def acknowledged(given: Inventory) -> bool:
    return isinstance(given.alarms, tuple) and any(alarm.acknowledged for alarm in given.alarms)


def of_needs(*needs: Need) -> list[str]:
    return [check.slug for check in CATALOGUE.checks if {*needs} <= check.needs]


WITH_VMS = sorted(set(of_needs(Need.VMS)) - COUNTS_ALL)
WITH_HOSTS = sorted(check.slug for check in CATALOGUE.checks if Need.HOSTS in check.needs and check.needs & OF_HOSTS)
DECOYS: list[tuple[Callable[[Inventory], bool], str]] = [
    *((vms, slug) for slug in WITH_VMS),
    *((away, slug) for slug in WITH_HOSTS),
    *((nfs, slug) for slug in ("datastore-capacity", "storage-utilization", "storage-paths")),
    *((local, slug) for slug in ("datastore-capacity", "storage-utilization", "removable-media")),
    *((standby, slug) for slug in of_needs(Need.HOST_LUNS)),
    *((uplinks, slug) for slug in of_needs(Need.PORT_GROUPS)),
    (unused_down, "uplink-redundancy"),
    (unknown_sensor, "host-hardware"),
    (never, "root-password-expiry"),
    (acknowledged, "triggered-alarms"),
]


@pytest.mark.parametrize(("decoy", "slug"), DECOYS, ids=lambda one: one if isinstance(one, str) else one.__name__)
def test_the_decoys_that_apply_are_in_a_row(decoy: Callable[[Inventory], bool], slug: str) -> None:
    assert any(decoy(case.given) for case in table(CATALOGUE[slug]))

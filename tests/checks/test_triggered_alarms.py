from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest

from tests.builders import (
    CLUSTER,
    DATACENTER,
    FORBIDDEN,
    LATE,
    VCENTER,
    Case,
    Says,
    datastore,
    findings,
    host,
    load,
    says,
    verdicts,
    vm,
)
from tests.builders_clusters import alarm, estate
from vhealthd.catalogue import Catalogue
from vhealthd.checkapi import Inventory, Need
from vhealthd.engine import conclude
from vhealthd.model import (
    Blind,
    CheckResult,
    Entity,
    Examined,
    Finding,
    Message,
    NotExamined,
    Outcome,
    Severity,
    TriggeredAlarm,
    Unseen,
    Verdict,
)
from vhealthd.wording import english

SLUG = "triggered-alarms"

A, STORE, WEB = host(), datastore(), vm()
RESTING = host("esx02", in_maintenance_mode=True)
AWAY = host("esx03", connection_state="disconnected")
THREE = frozenset({"vc01", "prod", "esx01", "ds01"})
CPU = alarm(A, "red", system_name="alarm.HostCPUUsageAlarm")


def _ran(slug: str, *verdicts: Verdict) -> dict[str, CheckResult]:
    """Return what another check of the same scan says, by its slug."""
    return {slug: conclude(load(slug), verdicts)}


OTHERS = {
    **_ran("cpu-utilization", Examined(A)),
    **_ran("datastore-capacity", Examined(STORE)),
    **_ran("uplink-redundancy", Examined(A)),
}


def _beside(*verdicts: Verdict) -> Inventory:
    """Return an alarm of a host's CPU beside what cpu-utilization says; nothing if it does not run."""
    return replace(_estate(CPU), others=_ran("cpu-utilization", *verdicts) if verdicts else {})


def _estate(
    *alarms: TriggeredAlarm, off: Iterable[Entity] = (), unseen: Mapping[Entity, Unseen] | None = None
) -> Inventory:
    """Return one cluster, host and datastore, with these alarms; alarm actions are off on some of them."""
    off, gaps = list(off), unseen or {}

    def actions(of: Iterable[Entity]) -> dict[Entity, object]:
        return {one: gaps.get(one, one not in off) for one in of}

    hosts = (A, *(one for one in (RESTING, AWAY) if one in off))
    given = estate(
        {
            Need.CLUSTER_ALARM_ACTIONS: actions([CLUSTER]),
            Need.HOST_ALARM_ACTIONS: actions(hosts),
            Need.DATASTORE_ALARM_ACTIONS: actions([STORE]),
        },
        hosts=hosts,
        datastores=[STORE],
        alarms=alarms,
    )
    return replace(given, others=OTHERS)


def _says(*finds: tuple[str, str, str | None], examined: Iterable[str] = (), missed: Iterable[str] = ()) -> Says:
    return Says(
        finds=frozenset(finds),
        examined=THREE | frozenset(examined),
        missed=frozenset(("vc01", rule) for rule in missed),
    )


CASES = [
    Case("no alarm stands", _estate(), _says()),
    Case("yellow warns", _estate(alarm(A)), _says(("warning", "esx01", "alarm-7"))),
    Case("red is critical", _estate(alarm(A, "red")), _says(("critical", "esx01", "alarm-7"))),
    Case(
        "acknowledged is for information",
        _estate(alarm(A, "red", acknowledged=True)),
        _says(("info", "esx01", "alarm-7")),
    ),
    Case("gray and green say nothing", _estate(alarm(A, "gray"), alarm(STORE, "green")), _says()),
    Case("a colour of a later release says nothing", _estate(alarm(A, "purple")), _says()),
    Case("on vCenter itself", _estate(alarm(None, "red")), _says(("critical", "vc01", "alarm-7"))),
    Case(
        "on objects that are not judged otherwise",
        _estate(alarm(WEB), alarm(DATACENTER, "red")),
        _says(("warning", "web01", "alarm-7"), ("critical", "Berlin", "alarm-7"), examined={"web01", "Berlin"}),
    ),
    Case(
        "two alarms on one object",
        _estate(alarm(A), alarm(A, "red", number=8)),
        _says(("warning", "esx01", "alarm-7"), ("critical", "esx01", "alarm-8")),
    ),
    # what is left to others
    Case(
        "what another check judges is left to it",
        _estate(CPU),
        _says(missed={"owned"}),
    ),
    Case(
        "however it is called in another language",
        _estate(alarm(A, "red", name="CPU-Nutzung", system_name="alarm.HostCPUUsageAlarm")),
        _says(missed={"owned"}),
    ),
    Case(
        "by its name where the system name is not known",
        _estate(alarm(A, "red", name="Network uplink redundancy lost", system_name="alarm.Whatever")),
        _says(missed={"owned"}),
    ),
    Case(
        "a VM's CPU is judged by nobody",
        _estate(alarm(WEB, system_name="alarm.VmCPUUsageAlarm")),
        _says(("warning", "web01", "alarm-7"), examined={"web01"}),
    ),
    Case(
        "unless all are wanted",
        _estate(CPU),
        _says(("critical", "esx01", "alarm-7")),
        {"owned": True},
    ),
    Case(
        "whatever that check found",
        _beside(Examined(A), Finding(Severity.INFO, A, Message("test.full", "full")())),
        _says(missed={"owned"}),
    ),
    Case("a check that does not run tells of nothing", _beside(), _says(("critical", "esx01", "alarm-7"))),
    Case(
        "nor does one that lacks a privilege",
        _beside(NotExamined(RESTING, FORBIDDEN)),
        _says(("critical", "esx01", "alarm-7")),
    ),
    Case(
        "nor one that could not see a part of it",
        _beside(Examined(A), Blind(LATE)),
        _says(("critical", "esx01", "alarm-7")),
    ),
    Case(
        "nor one that could not see this object",
        _beside(Examined(RESTING), NotExamined(A, LATE)),
        _says(("critical", "esx01", "alarm-7")),
    ),
    Case(
        "nor one rule on it",
        _beside(Examined(A), NotExamined(A, LATE, rule="some")),
        _says(("critical", "esx01", "alarm-7")),
    ),
    Case(
        "what it missed elsewhere is no matter",
        _beside(Examined(A), NotExamined(RESTING, LATE)),
        _says(missed={"owned"}),
    ),
    Case(
        "an alarm without a name stands all the same",
        _estate(alarm(A, "red", name=None)),
        _says(("critical", "esx01", "alarm-7"), missed={"names"}),
    ),
    Case("an alarm without a time too", _estate(alarm(A, triggered_at=None)), _says(("warning", "esx01", "alarm-7"))),
    # alarm actions
    Case(
        "alarm actions that are off warn",
        _estate(off=[CLUSTER, A, STORE]),
        _says(*(("warning", name, "alarm-actions") for name in ("prod", "esx01", "ds01"))),
    ),
    Case(
        "on hosts that are away as well",
        _estate(off=[AWAY]),
        _says(("warning", "esx03", "alarm-actions"), examined={"esx03"}),
    ),
    Case("unless that rule is off", _estate(off=[A]), Says(examined={"vc01"}), {"alarm_actions": False}),
    Case(
        "actions that were not read",
        _estate(unseen={STORE: LATE}),
        Says(examined=THREE, missed={("ds01", "alarm-actions")}),
    ),
    # what is not seen
    Case("alarms that may not be read", estate({}, hosts=[A], alarms=FORBIDDEN), Says(blind=True)),
    Case("nothing is there", estate({}, clusters=()), Says(examined={"vc01"})),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_triggered_alarms(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_the_texts() -> None:
    def text(one: TriggeredAlarm) -> str:
        (found,) = findings(SLUG, _estate(one))
        return english(found.text)

    assert text(alarm(A)) == 'The alarm "Something odd" is yellow since 2026-02-28 06:00 UTC'
    assert text(alarm(A, "red", acknowledged=True)) == 'The alarm "Something odd" is red and was acknowledged'
    assert text(alarm(A, name=None, triggered_at=None)) == 'The alarm "alarm-7" is yellow'


def test_what_is_left_to_others_is_counted() -> None:
    cpu, store = "alarm.HostCPUUsageAlarm", "alarm.DatastoreDiskUsageAlarm"
    given = _estate(alarm(A, system_name=cpu), alarm(RESTING, system_name=cpu), alarm(STORE, system_name=store))
    (left,) = (one for one in verdicts(SLUG, given) if isinstance(one, NotExamined))
    assert (left.object, left.rule, left.why.outcome) == (VCENTER, "owned", Outcome.SKIPPED)
    assert english(left.why.reason) == (
        "alarms left to the checks that judge the same: 3, namely cpu-utilization (2), datastore-capacity (1)"
    )


def test_on_a_host_in_maintenance_all_is_for_information() -> None:
    plain = Entity(ref=RESTING.ref, name=RESTING.name)
    given = _estate(alarm(plain, "red"), off=[RESTING])
    result = conclude(Catalogue.discover()[SLUG], verdicts(SLUG, given))
    assert result.outcome is Outcome.INFO
    assert {one.key for one in result.findings} == {"alarm-7", "alarm-actions"}


def test_it_judges_after_the_checks_that_it_leaves_alarms_to() -> None:
    assert load(SLUG).after_others


def test_every_owner_is_a_check_that_is_shipped() -> None:
    module = __import__("vhealthd_checks.triggered_alarms", fromlist=["OWNERS"])
    on = {check.slug for check in Catalogue.discover().checks if not check.opt_in}
    assert set(module.OWNERS.values()) <= on - {SLUG}

from dataclasses import replace

import pytest

from tests.builders import FORBIDDEN, LATE, Case, Says, ago, findings, says
from tests.builders_appliance import backups, estate_with, job
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import Backups, BackupSchedule
from vhealthd.wording import english

SLUG = "vcenter-backup"
VC = frozenset({"vc01"})
OFF = BackupSchedule(name="default", enabled=False)
ON = BackupSchedule(name="nightly", enabled=True)


def _of(given: Backups) -> Inventory:
    return estate_with(Need.BACKUPS, given)


def _finds(*found: tuple[str, str]) -> Says:
    return Says(finds={(severity, "vc01", key) for severity, key in found}, examined=VC)


CASES = [
    Case("a good backup of last night is fine", _of(backups(job(31), job(7))), _finds()),
    Case("exactly 26 hours are fine", _of(backups(job(26))), _finds()),
    Case("more warn", _of(backups(job(26.1))), _finds(("warning", "job"))),
    Case("exactly 72 hours warn", _of(backups(job(72))), _finds(("warning", "job"))),
    Case("more are critical", _of(backups(job(72.1))), _finds(("critical", "job"))),
    Case(
        "a failed one is critical, however young", _of(backups(job(30), job(1, "FAILED"))), _finds(("critical", "job"))
    ),
    Case("a failed one is critical if none succeeded", _of(backups(job(1, "FAILED"))), _finds(("critical", "job"))),
    Case("a failed one that a good one followed is over", _of(backups(job(30, "FAILED"), job(6))), _finds()),
    Case("jobs come in any order", _of(backups(job(6), job(30, "FAILED"), job(54))), _finds()),
    Case(
        "one whose end is not told counts from its start",
        _of(backups(replace(job(29), ended=None))),
        _finds(("warning", "job")),
    ),
    Case("but its end is what counts", _of(backups(replace(job(20), started=ago(hours=29)))), _finds()),
    Case(
        "one without any time is older than all others",
        _of(backups(replace(job(1, "FAILED"), started=None, ended=None), job(6))),
        _finds(),
    ),
    Case("one that runs says nothing yet", _of(backups(job(7), job(None, "RUNNING"))), _finds()),
    Case(
        "one that runs is no good one either",
        _of(backups(job(80), job(None, "RUNNING"))),
        _finds(("critical", "job")),
    ),
    Case(
        "before the first one has ended there is nothing to judge",
        _of(backups(job(None, "PENDING"), job(None, "BLOCKED"))),
        Says(examined=VC, missed={("vc01", "job")}),
    ),
    Case(
        "without a schedule it warns",
        _of(backups(schedules=[])),
        Says(finds={("warning", "vc01", "schedule")}, examined=VC, missed={("vc01", "job")}),
    ),
    Case("a disabled schedule is none", _of(backups(job(), schedules=[OFF])), _finds(("warning", "schedule"))),
    Case("one that is enabled is enough", _of(backups(job(), schedules=[OFF, ON])), _finds()),
    Case("the rule can be switched off", _of(backups(job(), schedules=[])), _finds(), {"require_schedule": False}),
    Case(
        "jobs that may not be seen leave the schedule",
        _of(backups(schedules=[OFF], unseen_jobs=FORBIDDEN)),
        Says(finds={("warning", "vc01", "schedule")}, examined=VC, missed={("vc01", "job")}),
    ),
    Case(
        "schedules that were not read make it unknown",
        _of(backups(job(80), schedules=LATE)),
        Says(finds={("critical", "vc01", "job")}, examined=VC, missed={("vc01", "schedule")}, blind=True),
    ),
    Case(
        "without the SSO group nothing is seen",
        _of(backups(schedules=FORBIDDEN, unseen_jobs=FORBIDDEN)),
        Says(missed={("vc01", "schedule"), ("vc01", "job")}),
    ),
    Case("limits can be set", _of(backups(job(100))), _finds(), {"warning_hours": 170, "critical_hours": 340}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_vcenter_backup(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def _text(given: Backups) -> str:
    (found,) = findings(SLUG, _of(given))
    return english(found.text)


def test_the_texts_give_age_and_limit() -> None:
    assert _text(backups(job(29))) == (
        "The last good backup of vCenter ended 29 h ago (2026-03-01 01:00 UTC); the limit is 26 h"
    )
    assert _text(backups(job(80), job(31), job(29))) == _text(backups(job(29)))
    assert _text(backups(job(29), job(5, "FAILED"))) == (
        "The last backup of vCenter failed (2026-03-02 01:00 UTC); the last good one ended 29 h ago"
    )
    assert _text(backups(job(5, "FAILED"))) == (
        "The last backup of vCenter failed (2026-03-02 01:00 UTC), and no good one is known"
    )
    assert _text(backups(job(), schedules=[OFF])) == "The backup schedules of vCenter are disabled: default"

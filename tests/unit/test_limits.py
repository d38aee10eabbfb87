"""Limits that differ for some objects: how they are written, which count, and what is said of wrong ones."""

import re
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tests.builders import VCENTER, entity, findings, host, inventory, load, vm
from vhealthd.catalogue import GROUP, Catalogue
from vhealthd.checkapi import Days, Field, Limits
from vhealthd.checkdocs import check_page
from vhealthd.config import InvalidConfigError
from vhealthd.config import load as load_config
from vhealthd.limits import overridable
from vhealthd.model import Entity, HostUsage


class Exempt(Limits):
    name: re.Pattern[str] = Field(description="Regular expression")


class AgeLimits(Limits):
    """When something is old."""

    falling = frozenset({"left_days"})

    warning_days: Days = Field(7, description="Older")
    critical_days: Days = Field(30, description="Older")
    warning_left_days: Days = Field(60, description="Fewer are left")
    critical_left_days: Days = Field(15, description="Fewer are left")
    exempt: tuple[Exempt, ...] = Field((), description="Left alone")


Overridable = overridable(AgeLimits)


def limits(*overrides: dict[str, object], **fields: object) -> AgeLimits:
    made = Overridable.model_validate({**fields, "overrides": overrides})
    assert isinstance(made, AgeLimits)
    return made


def at(name: str, path: str | None = None) -> Entity:
    return replace(vm(name), path=path)


# --- which count ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of", "days"),
    [
        (at("web01"), 7),
        (at("backup-01"), 14),
        (at("a-backup-01"), 7),
        (at("web01", "/DC0/vm/lab/web01"), 28),
        (at("backup-01", "/DC0/vm/lab/backup-01"), 14),
        (at("lab"), 7),
        (VCENTER, 7),
    ],
    ids=lambda one: one.name if isinstance(one, Entity) else None,
)
def test_the_first_override_that_fits_name_or_path_counts(of: Entity, days: float) -> None:
    mine = limits({"match": "^backup-", "warning_days": 14}, {"match": "/lab/", "warning_days": 28}).for_object(of)

    assert (mine.warning_days, mine.critical_days) == (days, 30)


def test_what_an_override_leaves_is_as_configured() -> None:
    mine = limits({"match": ".", "warning_days": 14}, critical_days=90).for_object(vm())

    assert (mine.warning_days, mine.critical_days, mine.warning_left_days) == (14, 90, 60)


def test_an_override_may_hold_any_kind_of_limit() -> None:
    (one,) = limits({"match": ".", "exempt": [{"name": "^tmp"}]}).for_object(vm()).exempt

    assert one.name.pattern == "^tmp"


def test_without_overrides_the_limits_are_the_same() -> None:
    plain = limits()

    assert plain.for_object(vm()) is plain
    assert Limits().for_object(vm()) == Limits()


@pytest.mark.parametrize(
    ("name", "of", "origin"),
    [
        ("warning_days", at("web"), "default"),
        ("critical_days", at("web"), "config"),
        ("critical_days", at("backup-1"), "config"),
        ("warning_days", at("backup-1"), "override"),
    ],
)
def test_where_a_limit_comes_from(name: str, of: Entity, origin: str) -> None:
    assert limits({"match": "^backup", "warning_days": 14}, critical_days=31).origin(name, of) == origin


def test_limits_without_fields_have_nothing_to_override() -> None:
    assert overridable(Limits) is Limits


# --- what is written in the file, and what is said of it ------------------------------------------------------------

CATALOGUE = Catalogue.discover([EntryPoint("builtin", "vhealthd_checks", GROUP)])
HEAD = """\
vcenters: [{name: a, url: 'https://a', username: b, password: {env: C}}]
checks:
  snapshot-age:
    warning_days: 3
    overrides:
      """
KEYS = "critical_days, exempt, info_future_minutes, match, warning_days"

WRONG = [
    (
        "- {warning_days: 5}",
        "6: [0].match: is missing: Regular expression, searched for in the object's name and in its path",
    ),
    ("- {match: x}", "6: [0]: changes nothing; set a limit beside match"),
    ("- {match: '(', warning_days: 5}", "6: [0].match: expected a regular expression"),
    ("- {match: , warning_days: 5}", "6: [0].match: is empty; expected a regular expression"),
    ("- {match: x, warning_days: '5'}", "6: [0].warning_days: expected a number of at least 0 days"),
    ("- {match: x, warning_days: -5}", "6: [0].warning_days: expected a number of at least 0 days"),
    ("- {match: x, warning_days: }", "6: [0].warning_days: is empty; expected a number of at least 0 days"),
    (
        "- {match: x, warning_day: 5}",
        f'6: [0].warning_day: unknown key; did you mean "warning_days"? (expected one of: {KEYS})',
    ),
    ("- {match: x, overrides: []}", f"6: [0].overrides: unknown key (expected one of: {KEYS})"),
    # with what it leaves: 30 days by default, 3 in the section
    ("- {match: x, warning_days: 31}", "6: [0]: warning_days (31) is above critical_days (30) and never met"),
    (
        "- {match: x, warning_days: 5}\n      - match: y\n        critical_days: 2",
        "7: [1]: warning_days (3) is above critical_days (2) and never met",
    ),
    ("- 5", "6: [0]: expected a section with keys such as: " + KEYS),
    ("  match: x", "5: : expected a list"),
]


@pytest.mark.parametrize(("text", "line"), WRONG)
def test_a_wrong_override_is_named_with_its_line(text: str, line: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(HEAD + text + "\n")
    number, place, message = line.split(": ", 2)
    with pytest.raises(InvalidConfigError) as caught:
        load_config(file, also=CATALOGUE.problems)
    assert str(caught.value) == f"{file}:{number}: checks.snapshot-age.overrides{place}: {message}"


def test_a_section_that_is_wrong_is_told_once(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(HEAD.replace("3", "x") + "- {match: x, critical_days: 2}\n")
    with pytest.raises(InvalidConfigError) as caught:
        load_config(file, also=CATALOGUE.problems)
    assert [one.path for one in caught.value.problems] == ["checks.snapshot-age.warning_days"]


def test_a_pair_that_falls_keeps_its_order() -> None:
    with pytest.raises(ValueError, match=r"warning_left_days \(10\) is below critical_left_days \(15\)"):
        limits({"match": "x", "warning_left_days": 10})


def test_a_section_with_overrides_binds(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(HEAD + "- {match: ^backup, warning_days: 14, exempt: [{name: tmp, grace_days: 2}]}\n")
    (bound,) = CATALOGUE.bind(load_config(file, also=CATALOGUE.problems).settings, only=["snapshot-age"])

    mine = bound.limits.for_object(vm("backup-7")).model_dump()
    assert (mine["warning_days"], mine["exempt"][0]["grace_days"], mine["critical_days"]) == (14, 2, 30)


# --- in the checks --------------------------------------------------------------------------------------------------


def test_a_check_judges_each_object_by_its_own_limits() -> None:
    busy = HostUsage(cpu_used=90, cpu_capacity=100, memory_used=0, memory_capacity=100)
    hosts = [host("esx01"), host("lab-esx01"), host("lab-esx02")]
    estate = inventory(
        clusters=[entity("ClusterComputeResource", "prod")], hosts=hosts, host_usage=dict.fromkeys(hosts, busy)
    )
    given = {"overrides": [{"match": "^lab-.*01", "warning_percent": 95}]}

    assert [one.object.name for one in findings("cpu-utilization", estate, given)] == ["esx01", "lab-esx02", "prod"]


@pytest.mark.parametrize("check", CATALOGUE.checks, ids=lambda one: one.slug)
def test_every_check_with_limits_takes_overrides_and_shows_them(check: object) -> None:
    one = load(str(getattr(check, "slug", "")))
    assert ("overrides" in one.limits.model_fields) is bool(one.limits.model_fields)
    if one.limits.model_fields:
        assert "| `overrides` |" in check_page(one)
        # the limits are in force for an object, so a check has to ask for which
        assert "for_object(" in Path(one.source).read_text()

"""How checks are found, selected, and given their limits."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint
from itertools import count
from pathlib import Path

import pytest

from vhealthd.catalogue import GROUP, Catalogue
from vhealthd.checkapi import Check, Count, Field, Inventory, Limits, Percent
from vhealthd.config import InvalidConfigError, SecretRef, Settings, VCenterSettings, load
from vhealthd.errors import CheckDefinitionError, UsageError
from vhealthd.model import Category, Verdict

CHECK_FILE = """\
from vhealthd.checkapi import check
from vhealthd.model import Category

@check(title="T", category=Category.VM, needs=set(), what="w", why="w", fix="f", blind_spots="b")
def {name}(inventory, limits):
    yield from ()
"""
VCENTER = "vcenters: [{name: a, url: 'https://a', username: b, password: {env: C}}]\n"
SEE_ALL = "(`vhealthd checks` shows all)"


class FullLimits(Limits):
    warning_percent: Percent = Field(85, description="More is used")
    critical_percent: Percent = Field(95, description="More is used")
    minimum: Count = Field(2, description="At least so many")
    kinds: frozenset[str] = Field(frozenset({"a"}), description="Kinds")


def _judge(_inventory: Inventory, _limits: Limits) -> Iterator[Verdict]:
    yield from ()


def _check(slug: str, category: Category, limits: type[Limits] = Limits) -> Check:
    return Check(
        slug=slug,
        title=slug,
        category=category,
        needs=frozenset(),
        limits=limits,
        judge=_judge,
        what="",
        why="",
        fix="",
        blind_spots="",
        source=f"{slug}.py",
    )


DISK = _check("disk-full", Category.STORAGE, FullLimits)
AGE = _check("snapshot-age", Category.VM)
CHAIN = _check("snapshot-chain", Category.VM)
CATALOGUE = Catalogue([CHAIN, AGE, DISK])
READY = replace(_check("cpu-ready", Category.VM, FullLimits), opt_in=True)
WITH_EXTRA = Catalogue([CHAIN, AGE, DISK, READY])


def _settings(**scan: tuple[str, ...]) -> Settings:
    vcenter = VCenterSettings(name="a", url="https://a", username="b", password=SecretRef(env="C"))
    return Settings.model_validate({"vcenters": (vcenter,), "scan": scan})


def _slugs(settings: Settings, *only: str) -> list[str]:
    return [bound.check.slug for bound in CATALOGUE.bind(settings, only=only)]


# --- finding --------------------------------------------------------------------------------------------------------

_numbers = count()
Package = Callable[[dict[str, str]], EntryPoint]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """Makes a package of files and an entry point for it; each has a name of its own, as Python remembers modules."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def of(files: dict[str, str]) -> EntryPoint:
        name = f"site_checks_{next(_numbers)}"
        for path, text in {"__init__.py": "", **files}.items():
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return EntryPoint("site", name, GROUP)

    return of


def test_every_file_of_a_package_is_looked_at(package: Package) -> None:
    point = package({f"{name}.py": CHECK_FILE.format(name=name) for name in ("one", "the_other")})
    assert [check.slug for check in Catalogue.discover([point]).checks] == ["one", "the-other"]


def test_an_entry_point_may_name_one_module(package: Package) -> None:
    point = package({"one.py": CHECK_FILE.format(name="one"), "other.py": CHECK_FILE.format(name="other")})
    module = EntryPoint("site", f"{point.value}.one", GROUP)
    assert [check.slug for check in Catalogue.discover([module]).checks] == ["one"]


def test_packages_in_a_package_are_left_alone(package: Package) -> None:
    point = package(
        {
            "one.py": CHECK_FILE.format(name="one"),
            "inner/__init__.py": "raise RuntimeError",
            "inner/two.py": CHECK_FILE.format(name="two"),
        }
    )
    assert [check.slug for check in Catalogue.discover([point]).checks] == ["one"]


def test_a_check_that_another_file_imports_is_found_once(package: Package) -> None:
    point = package({"one.py": CHECK_FILE.format(name="one"), "other.py": "from .one import one"})
    assert [check.slug for check in Catalogue.discover([point]).checks] == ["one"]


def test_two_packages_with_one_slug_are_refused(package: Package) -> None:
    one, other = (package({"same.py": CHECK_FILE.format(name="same")}) for _ in range(2))
    with pytest.raises(CheckDefinitionError) as caught:
        Catalogue.discover([one, other])
    assert str(caught.value).startswith("two checks are called same: ")
    assert one.value in str(caught.value)
    assert other.value in str(caught.value)


def test_a_package_that_is_not_there_is_refused() -> None:
    with pytest.raises(CheckDefinitionError) as caught:
        Catalogue.discover([EntryPoint("site", "not_installed", GROUP)])
    assert str(caught.value) == (
        "not_installed, from the entry point site of vhealthd.checks, cannot be imported: "
        "ModuleNotFoundError: No module named 'not_installed'"
    )


def test_a_file_that_cannot_be_imported_is_refused(package: Package) -> None:
    point = package({"broken.py": "1 / 0"})
    with pytest.raises(CheckDefinitionError) as caught:
        Catalogue.discover([point])
    assert str(caught.value) == (
        f"{point.value}.broken, from the entry point site of vhealthd.checks, cannot be imported: "
        "ZeroDivisionError: division by zero"
    )


def test_an_entry_point_without_checks_is_refused(package: Package) -> None:
    with pytest.raises(CheckDefinitionError, match="holds no check"):
        Catalogue.discover([package({})])


def test_limits_whose_defaults_do_not_work_are_refused() -> None:
    class NoDefault(Limits):
        warning_days: float

    with pytest.raises(CheckDefinitionError, match="disk-full: each limit needs a default"):
        Catalogue([replace(DISK, limits=NoDefault)])


def test_our_own_checks_are_found() -> None:
    catalogue = Catalogue.discover([EntryPoint("builtin", "vhealthd_checks", GROUP)])
    assert catalogue["snapshot-age"].category is Category.VM
    assert [check.category for check in catalogue.checks] == sorted(
        (check.category for check in catalogue.checks), key=list(Category).index
    )


def test_a_slug_that_is_not_there() -> None:
    with pytest.raises(UsageError, match=r"there is no check 'snapshot-ages'; did you mean \"snapshot-age\"\?"):
        CATALOGUE["snapshot-ages"]


# --- selecting ------------------------------------------------------------------------------------------------------


def test_without_a_selection_all_checks_run_by_category_and_slug() -> None:
    assert _slugs(_settings()) == ["disk-full", "snapshot-age", "snapshot-chain"]


def test_select_takes_slugs_and_categories() -> None:
    assert _slugs(_settings(select=("storage", "snapshot-age"))) == ["disk-full", "snapshot-age"]


def test_ignore_takes_slugs_and_categories() -> None:
    assert _slugs(_settings(ignore=("storage", "snapshot-age"))) == ["snapshot-chain"]


def test_ignore_wins_over_select() -> None:
    assert _slugs(_settings(select=("vm",), ignore=("snapshot-age",))) == ["snapshot-chain"]


def test_only_wins_over_both() -> None:
    settings = _settings(select=("storage",), ignore=("snapshot-age",))
    assert _slugs(settings, "snapshot-chain", "snapshot-age") == ["snapshot-age", "snapshot-chain"]


# --- opt-in


@pytest.mark.parametrize(
    ("scan", "chosen"),
    [
        ({}, ["disk-full", "snapshot-age", "snapshot-chain"]),
        ({"also": ("cpu-ready",)}, ["disk-full", "cpu-ready", "snapshot-age", "snapshot-chain"]),
        ({"select": ("vm",)}, ["snapshot-age", "snapshot-chain"]),
        ({"select": ("vm",), "also": ("cpu-ready",)}, ["cpu-ready", "snapshot-age", "snapshot-chain"]),
        ({"select": ("cpu-ready",)}, ["cpu-ready"]),
        ({"select": ("storage",), "also": ("snapshot-age",)}, ["disk-full", "snapshot-age"]),
        ({"also": ("snapshot-age",)}, ["disk-full", "snapshot-age", "snapshot-chain"]),
        ({"also": ("cpu-ready",), "ignore": ("vm",)}, ["disk-full"]),
        ({"also": ("cpu-ready",), "ignore": ("storage", "snapshot-age", "snapshot-chain")}, ["cpu-ready"]),
    ],
)
def test_an_opt_in_check_runs_if_it_is_named(scan: dict[str, tuple[str, ...]], chosen: list[str]) -> None:
    assert [bound.check.slug for bound in WITH_EXTRA.bind(_settings(**scan))] == chosen


def test_an_opt_in_check_runs_if_the_command_line_names_it() -> None:
    assert [bound.check.slug for bound in WITH_EXTRA.bind(_settings(), only=["cpu-ready"])] == ["cpu-ready"]


def test_limits_alone_switch_no_opt_in_check_on() -> None:
    settings = _settings().model_copy(update={"checks": {"cpu-ready": {"warning_percent": 1}}})
    assert "cpu-ready" not in [bound.check.slug for bound in WITH_EXTRA.bind(settings)]


def test_only_takes_no_unknown_name() -> None:
    with pytest.raises(UsageError):
        _slugs(_settings(), "vm")


# --- limits ---------------------------------------------------------------------------------------------------------


def test_limits_come_from_the_section_of_the_check_and_else_from_its_defaults() -> None:
    settings = _settings().model_copy(update={"checks": {"disk-full": {"warning_percent": 50, "kinds": ["b"]}}})
    disk, age, _ = CATALOGUE.bind(settings)
    assert disk.limits == FullLimits(warning_percent=50, kinds=frozenset({"b"}))
    assert age.limits == Limits()


def test_settings_that_do_not_fit_are_refused_without_a_file_too() -> None:
    settings = _settings().model_copy(update={"checks": {"disk-full": {"warning_percent": 500}}})
    with pytest.raises(InvalidConfigError) as caught:
        CATALOGUE.bind(settings)
    assert str(caught.value) == "checks.disk-full.warning_percent: expected a number from 0 to 100 %"


WRONG = [
    ("checks:\n  disk-ful: {}", f'3: checks.disk-ful: unknown key; did you mean "disk-full"? {SEE_ALL}'),
    ("checks:\n  zebra: {}", f"3: checks.zebra: unknown key {SEE_ALL}"),
    ("checks:\n  zebra:", f"3: checks: unknown key {SEE_ALL}"),
    (
        "checks:\n  disk-full: {warnin_percent: 5}",
        (
            '3: checks.disk-full.warnin_percent: unknown key; did you mean "warning_percent"? '
            "(expected one of: critical_percent, kinds, minimum, warning_percent)"
        ),
    ),
    ("checks:\n  snapshot-age: {days: 5}", "3: checks.snapshot-age.days: unknown key (nothing can be set here)"),
    (
        "checks:\n  disk-full:\n    warning_percent: 101",
        "4: checks.disk-full.warning_percent: expected a number from 0 to 100 %",
    ),
    ("checks:\n  disk-full: {minimum: true}", "3: checks.disk-full.minimum: expected a whole number of at least 0"),
    ('checks:\n  disk-full: {minimum: "2"}', "3: checks.disk-full.minimum: expected a whole number of at least 0"),
    (
        "checks:\n  disk-full: {minimum: }",
        "3: checks.disk-full.minimum: is empty; expected a whole number of at least 0",
    ),
    (
        "checks:\n  disk-full: {warning_percent: .inf}",
        "3: checks.disk-full.warning_percent: expected a number from 0 to 100 %",
    ),
    (
        "checks:\n  disk-full: {warning_percent: 99}",
        "3: checks.disk-full: warning_percent (99) is above critical_percent (95) and never met",
    ),
    (
        "scan:\n  select: [vm, snapshot-aeg]",
        f'3: scan.select[1]: no check and no category has this name; did you mean "snapshot-age"? {SEE_ALL}',
    ),
    ("scan:\n  ignore:\n    - zebra", f"4: scan.ignore[0]: no check and no category has this name {SEE_ALL}"),
    ("scan:\n  ignore: [vm, storage]", "3: scan.ignore: with this, no check is left to run"),
    (
        "scan:\n  also: [snapshot-aeg]",
        f'3: scan.also[0]: no check has this name; did you mean "snapshot-age"? {SEE_ALL}',
    ),
    ("scan:\n  also: [disk-full, vm]", f"3: scan.also[1]: this is a category; name single checks here {SEE_ALL}"),
]


@pytest.mark.parametrize(("text", "line"), WRONG)
def test_what_does_not_fit_the_checks_is_named_with_its_line(text: str, line: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(VCENTER + text + "\n")
    with pytest.raises(InvalidConfigError) as caught:
        load(file, also=CATALOGUE.problems)
    assert str(caught.value) == f"{file}:{line}"

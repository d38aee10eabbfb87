"""Every check comes with a test, a docs page, limits that explain themselves, and a name that is its file's."""

from pathlib import Path

import pytest

from vhealthd.catalogue import Catalogue
from vhealthd.checkapi import Check
from vhealthd.checkdocs import check_page, index_page
from vhealthd.limits import unit_of

ROOT = Path(__file__).parents[2]
CATALOGUE = Catalogue.discover()

each_check = pytest.mark.parametrize("check", CATALOGUE.checks, ids=lambda check: check.slug)


def test_the_catalogue_is_the_folder() -> None:
    files = {file.stem for file in (ROOT / "checks").glob("*.py")} - {"__init__"}

    assert {check.slug.replace("-", "_") for check in CATALOGUE.checks} == files


@each_check
def test_its_name_is_its_files(check: Check) -> None:
    name = check.slug.replace("-", "_")

    assert check.judge.__name__ == name
    assert Path(check.source).name == f"{name}.py"


@each_check
def test_it_has_one_test_file(check: Check) -> None:
    assert (ROOT / f"tests/checks/test_{check.slug.replace('-', '_')}.py").is_file()


@each_check
def test_its_page_is_up_to_date(check: Check) -> None:
    page = ROOT / f"docs/checks/{check.slug}.md"

    assert page.read_text() == check_page(check), "run: make docs"


def test_the_index_is_up_to_date() -> None:
    assert (ROOT / "docs/checks/README.md").read_text() == index_page(CATALOGUE), "run: make docs"


@each_check
def test_its_documentation_is_whole(check: Check) -> None:
    for part in (check.title, check.what, check.why, check.fix, check.blind_spots):
        assert part.strip()
        assert part == " ".join(part.split()), "no stray blanks: it is set as running text"
    assert check.kb is None or check.kb.isdecimal()
    assert not check.title.endswith(".")
    assert check.fix.endswith(".")


@each_check
def test_its_limits_explain_themselves(check: Check) -> None:
    for name, field in check.limits.model_fields.items():
        assert field.description, f"{name} has no description"
        unit = unit_of(field)
        assert not unit or name.endswith(("percent" if unit == "%" else unit, "ratio")), f"{name} is in {unit}"


@each_check
def test_nobody_else_names_it(check: Check) -> None:
    module = f"vhealthd_checks.{check.slug.replace('-', '_')}"

    naming = [file for file in (ROOT / "vhealthd").rglob("*.py") if module in file.read_text()]

    assert naming == []

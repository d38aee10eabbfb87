"""What is packed is what is in the tree: a forgotten package would be absent without a word."""

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from vhealthd import configcli
from vhealthd.catalogue import Catalogue

ROOT = Path(__file__).parents[2]
PACKAGES = {"vhealthd": "vhealthd", "vhealthd_checks": "checks", "vhealthd_templates": "typst_templates"}
TRAVELS = {".py", ".typ", ".ttf", ".txt", ".json", ".typed", ".mo", ".j2"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what is tracked, or new and not ignored: an old build folder must not lend its files."""
    copy = tmp_path_factory.mktemp("tree")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - the one on the path
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def wheel(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", folder, tree], check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}

    wanted = {
        f"{package}/{file.relative_to(ROOT / folder)}"
        for package, folder in PACKAGES.items()
        for file in (ROOT / folder).rglob("*")
        if file.suffix in TRAVELS and "__pycache__" not in file.parts
    }
    assert packed == wanted


def test_wheel_holds_no_mocks_and_no_tests(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}

    assert {top for top in tops if ".dist-info" not in top} == set(PACKAGES)


def test_source_distribution_holds_the_mocks(tree: Path, tmp_path: Path) -> None:
    build = "import setuptools.build_meta as b, sys; b.build_sdist(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, tmp_path], cwd=tree, check=True, capture_output=True)

    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
    po = "vhealthd/locale/zh_Hans/LC_MESSAGES/checks.po"
    assert {po, "mocks/vcenter.py", "mocks/vim_types.json", "tests/builders.py", "Makefile", "LICENSE"} <= names


def test_example_configuration_is_what_init_prints() -> None:
    example = (ROOT / "deploy/config.example.yaml").read_text()

    assert example == configcli.starter(Catalogue.discover()), "run: make docs"


@pytest.mark.parametrize("name", ["build", "run", "dev"])
def test_requirements_are_pinned_with_hashes_and_name_no_address(name: str) -> None:
    text = (ROOT / f"requirements/{name}.txt").read_text()

    pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert all("==" in pin for pin in pins)
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text
    assert "index-url" not in text


def test_requirements_hold_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = {line.split("==")[0].split("[")[0] for line in (ROOT / "requirements/run.txt").read_text().splitlines()}

    wanted = {re.split("[>[]", name)[0].replace(".", "-") for name in project["dependencies"]}
    assert wanted <= pinned

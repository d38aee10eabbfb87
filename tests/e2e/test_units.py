"""The units: systemd finds nothing wrong with them, they expose little, and vhealthd works inside of their sandbox."""

import os
import re
import subprocess
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from mocks.vcenter import MockVCenter
from mocks.worlds import default_world
from tests.e2e.commands import RAW, site
from tests.e2e.sandbox import settings
from vhealthd.cli import CONFIG
from vhealthd.daemon import _GRACE

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "systemd"
SERVICE = FOLDER / "vhealthd.service"
SCAN, TIMER = FOLDER / "vhealthd-scan.service", FOLDER / "vhealthd-scan.timer"
SERVICES = pytest.mark.parametrize("unit", [SERVICE, SCAN], ids=lambda unit: unit.name)


def said_by(*command: str | Path) -> str:
    """Run a program of systemd (apt-get install systemd); it need not be process 1."""
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    # Verify wants the programs to be there.
    for unit in (SERVICE, SCAN, TIMER):
        (tmp_path / unit.name).write_text(re.sub("(?m)^ExecStart=.*$", "ExecStart=/bin/true", unit.read_text()))

    copies = [tmp_path / unit.name for unit in (SERVICE, SCAN, TIMER)]
    assert said_by("systemd-analyze", "verify", "--man=no", *copies).strip() == ""


@SERVICES
def test_exposure_is_low(unit: Path) -> None:
    verdict = said_by("systemd-analyze", "security", "--offline=true", unit)

    (exposure,) = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", verdict)
    assert float(exposure) <= 1.5


def test_both_services_have_the_same_sandbox() -> None:
    """They use one state directory and do one thing, so what one may the other may."""
    about_running = re.compile("Type|Exec|Timeout|Restart|Success|Watchdog|Notify|SyslogIdentifier")
    one, other = (
        {name: value for name, value in settings(unit).items() if not about_running.match(name)}
        for unit in (SERVICE, SCAN)
    )

    assert one == other


def test_service_is_killed_later_than_it_stops_by_itself() -> None:
    (seconds,) = settings(SERVICE)["TimeoutStopSec"]

    assert int(seconds.removesuffix("s")) >= 2 * _GRACE.total_seconds()


def test_service_is_not_started_again_with_a_configuration_that_is_wrong() -> None:
    assert settings(SERVICE)["RestartPreventExitStatus"] == [str(CONFIG)]


def test_user_is_made(tmp_path: Path) -> None:
    said = said_by("systemd-sysusers", "--dry-run", f"--root={tmp_path}", FOLDER / "sysusers.d/vhealthd.conf")

    assert "Would create user" in said or "Creating user 'vhealthd'" in said


def test_folders_are_made(tmp_path: Path) -> None:
    own = f"{os.getuid()} {os.getgid()}"  # only root could give them away
    conf = tmp_path / "vhealthd.conf"
    conf.write_text(re.sub("root root|vhealthd vhealthd", own, (FOLDER / "tmpfiles.d/vhealthd.conf").read_text()))

    assert said_by("systemd-tmpfiles", "--create", f"--root={tmp_path / 'root'}", conf) == ""
    modes = {name: (tmp_path / "root" / name).stat().st_mode & 0o777 for name in ("etc/vhealthd", "var/lib/vhealthd")}
    assert modes == {"etc/vhealthd": 0o755, "var/lib/vhealthd": 0o750}


async def test_run_needs_no_system_call_that_is_refused(tmp_path: Path) -> None:
    """The database too, and Typst and pikepdf: they run in a process of their own, which inherits the rules."""
    async with site(tmp_path, MockVCenter(default_world()), state={"directory": str(tmp_path / "state")}) as one:
        process = await create_subprocess_exec(
            *(sys.executable, str(ROOT / "tests/e2e/sandbox.py"), str(SERVICE)),
            *(sys.executable, "-m", "vhealthd", "run", "--once", "--config", str(one.config)),
            stdout=PIPE,
            stderr=PIPE,
            env=RAW,
        )
        _, err = await process.communicate()

    assert process.returncode == 0, err.decode()
    (report,) = (tmp_path / "state/reports").glob("*/report.pdf")
    assert report.read_bytes().startswith(b"%PDF")


PROBES = {
    "memory that is writable and executable": "import mmap; mmap.mmap(-1, 4096, prot=7)",
    "a netlink socket": "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "another owner": "import os; os.chown('/', -1, -1)",
    "another priority": "import os; os.setpriority(os.PRIO_PROCESS, 0, 1)",
}


@pytest.mark.parametrize("probe", PROBES.values(), ids=PROBES)
def test_the_rules_are_in_force_in_these_tests(probe: str) -> None:
    ended = subprocess.run(
        [sys.executable, ROOT / "tests/e2e/sandbox.py", SERVICE, sys.executable, "-c", probe],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "PermissionError" in ended.stderr

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vhealthd.errors import StateError
from vhealthd.lockfile import holder, lock

HOLD = """
import sys, pathlib
from vhealthd.lockfile import lock
with lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    input()
"""


def test_one_process_a_directory(tmp_path: Path) -> None:
    taken = rf"in use by another vhealthd \(process {os.getpid()}\)"
    with lock(tmp_path), pytest.raises(StateError, match=taken), lock(tmp_path):
        pytest.fail("two have it")  # pragma: no cover


def test_it_says_who_has_it(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    with lock(tmp_path):
        assert holder(tmp_path) == str(os.getpid())
    assert holder(tmp_path) is None


def test_whoever_only_asks_who_has_it_keeps_nobody_from_it(tmp_path: Path) -> None:
    with lock(tmp_path):
        pass
    asking = os.open(tmp_path / "vhealthd.lock", os.O_RDONLY)
    fcntl.flock(asking, fcntl.LOCK_SH)
    threading.Timer(0.05, os.close, [asking]).start()
    with lock(tmp_path):
        assert holder(tmp_path) == str(os.getpid())


def test_a_full_disk_keeps_nobody_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with lock(tmp_path):
        assert holder(tmp_path) == "?"


def test_a_killed_process_leaves_it_free(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        assert holder(tmp_path) == str(process.pid)
        process.kill()
    with lock(tmp_path):
        assert holder(tmp_path) == str(os.getpid())


def test_a_missing_directory_is_made(tmp_path: Path) -> None:
    with lock(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o750


def test_a_directory_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="cannot be used: Not a directory"), lock(tmp_path / "file" / "state"):
        pytest.fail("there is no such directory")  # pragma: no cover

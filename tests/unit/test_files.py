import errno
import os
import stat
from pathlib import Path

import pytest

from vhealthd import files
from vhealthd.errors import OutputError


def test_a_file_is_written_whole_and_not_for_everybody(tmp_path: Path) -> None:
    files.write(tmp_path / "a" / "b" / "report.json", b"new")
    assert (tmp_path / "a" / "b" / "report.json").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "a" / "b" / "report.json").stat().st_mode) == 0o640
    assert list((tmp_path / "a" / "b").iterdir()) == [tmp_path / "a" / "b" / "report.json"]


def test_a_power_cut_takes_no_file_that_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of a file is in its folder, and the folder's in the one above: each is synced once it is there."""
    synced: list[tuple[str, list[str]]] = []

    def note(file: int) -> None:
        path = Path(f"/proc/self/fd/{file}").readlink()
        if path.is_dir():
            synced.append((path.name, [one.name for one in path.iterdir()]))

    monkeypatch.setattr(os, "fsync", note)
    files.write(tmp_path / "reports" / "run-1" / "report.json", b"new")
    assert synced == [(tmp_path.name, ["reports"]), ("reports", ["run-1"]), ("run-1", ["report.json"])]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_syncs_no_folders_is_good_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    sync = os.fsync

    def fussy(file: int) -> None:
        if stat.S_ISDIR(os.fstat(file).st_mode):
            raise OSError(number, "no")
        sync(file)

    monkeypatch.setattr(os, "fsync", fussy)
    files.write(tmp_path / "report.json", b"new")
    assert (tmp_path / "report.json").read_bytes() == b"new"


def test_a_disk_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "report.json").write_bytes(b"old")

    def broken(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OutputError, match=r"report\.json cannot be written: Input/output error"):
        files.write(tmp_path / "report.json", b"new")
    assert list(tmp_path.iterdir()) == [tmp_path / "report.json"]
    assert (tmp_path / "report.json").read_bytes() == b"old"

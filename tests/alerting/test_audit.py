"""The audit log: what stands in it, that nothing stands in it twice, and that nothing is lost of it."""

import errno
import os
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.alerting.machine_notices import ID, alert, failing, notice, over
from vhealthd.alerting.audit import AuditLog, lines
from vhealthd.errors import DeliveryDelayedError
from vhealthd.model import Notice, Severity

LARGE = 10 << 20


def audit(folder: Path, *, max_bytes: int = LARGE, keep: int = 3) -> AuditLog:
    return AuditLog(folder / "audit.jsonl", max_bytes=max_bytes, keep=keep)


def records(file: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in file.read_bytes().splitlines()]


def objects(file: Path) -> list[str]:
    return [one["object"]["name"] for one in records(file)]


def length(told: Notice, delivery_id: str = ID) -> int:
    return sum(map(len, lines(told, delivery_id).values()))


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


# --- what stands in it


async def test_an_alert_is_a_line(tmp_path: Path) -> None:
    await audit(tmp_path).send(notice(alert("ds-1"), alert("ds-2", Severity.INFO), over("ds-3")), delivery_id=ID)

    first, second, third = records(tmp_path / "audit.jsonl")
    assert first == {
        "time": "2026-11-21T06:01:00Z",
        "delivery": ID,
        "run_id": "20261121T060000Z-7f3a",
        "test": False,
        "key": alert().key,
        "event": "trigger",
        "turn": "new",
        "severity": "critical",
        "check": "datastore-capacity",
        "title": "Datastore capacity",
        "category": "storage",
        "vcenter": "prod",
        "object": {"type": "Datastore", "name": "ds-1", "path": "/DC0/datastore/ds-1"},
        "message": "97.0 % of 1.0 TB is used; the limit is 95 %.",
        "advice": "Free space, or grow the datastore.",
        "since": "2026-11-21T06:00:00Z",
        "count": 1,
        "examples": [],
        "kb": "https://knowledge.broadcom.com/external/article/1003412",
    }
    assert (second["severity"], third["event"]) == ("info", "resolve")


async def test_a_test_says_that_it_is_one(tmp_path: Path) -> None:
    await audit(tmp_path).send(notice(test=True), delivery_id=ID)

    assert records(tmp_path / "audit.jsonl")[0]["test"] is True


async def test_a_name_with_a_line_break_makes_no_second_line(tmp_path: Path) -> None:
    await audit(tmp_path).send(notice(alert("tab\tand\nline\u2028ends")), delivery_id=ID)

    assert (tmp_path / "audit.jsonl").read_bytes().count(b"\n") == 1


async def test_what_is_there_is_never_changed(tmp_path: Path) -> None:
    await audit(tmp_path).send(notice(), delivery_id="first")
    before = (tmp_path / "audit.jsonl").read_bytes()
    await audit(tmp_path).send(notice(), delivery_id="second")

    after = (tmp_path / "audit.jsonl").read_bytes()
    assert after.startswith(before)
    assert [one["delivery"] for one in records(tmp_path / "audit.jsonl")] == ["first", "second"]


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077], ids=oct)
async def test_a_new_file_is_for_its_group_and_not_for_all(mask: int, tmp_path: Path) -> None:
    with umask(mask):
        await audit(tmp_path).send(notice(), delivery_id=ID)

    assert stat.S_IMODE((tmp_path / "audit.jsonl").stat().st_mode) == 0o640


async def test_a_mode_that_somebody_has_set_stays(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").touch(mode=0o600)
    await audit(tmp_path).send(notice(), delivery_id=ID)

    assert stat.S_IMODE((tmp_path / "audit.jsonl").stat().st_mode) == 0o600


async def test_lines_and_names_are_on_the_disk_when_it_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[tuple[str, int]] = []

    def note(file: int) -> None:
        path = Path(f"/proc/self/fd/{file}").readlink()
        synced.append((path.name, sum(one.stat().st_size for one in tmp_path.iterdir()) if path.is_file() else 0))

    monkeypatch.setattr(os, "fsync", note)
    await audit(tmp_path).send(notice(), delivery_id=ID)

    assert synced == [(tmp_path.name, 0), ("audit.jsonl", length(notice()))]


# --- a delivery that is repeated


async def test_a_repeat_writes_nothing(tmp_path: Path) -> None:
    told = notice(alert("ds-1"), alert("ds-2"))
    await audit(tmp_path).send(told, delivery_id=ID)
    await audit(tmp_path).send(told, delivery_id=ID)

    assert objects(tmp_path / "audit.jsonl") == ["ds-1", "ds-2"]


@pytest.mark.parametrize("cut", range(0, length(notice(alert("ds-1"), alert("ds-2"))) + 1, 97))
async def test_a_delivery_that_is_killed_at_any_byte_is_completed(cut: int, tmp_path: Path) -> None:
    told = notice(alert("ds-1"), alert("ds-2"))
    whole = b"".join(lines(told, ID).values())
    (tmp_path / "audit.jsonl").write_bytes(whole[:cut])
    await audit(tmp_path).send(told, delivery_id=ID)
    await audit(tmp_path).send(told, delivery_id=ID)

    written = (tmp_path / "audit.jsonl").read_bytes()
    assert written.startswith(whole[:cut])
    good = [line for line in written.splitlines() if line.endswith(b"}")]
    assert [orjson.loads(one)["object"]["name"] for one in good] == ["ds-1", "ds-2"]


async def test_a_line_that_lacks_nothing_but_its_end_is_not_written_again(tmp_path: Path) -> None:
    (line,) = lines(notice(), ID).values()
    (tmp_path / "audit.jsonl").write_bytes(line.rstrip(b"\n"))
    await audit(tmp_path).send(notice(), delivery_id=ID)

    assert (tmp_path / "audit.jsonl").read_bytes() == line


async def test_zeros_that_a_power_cut_leaves_spoil_no_line(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").write_bytes(b'{"delivery": "old"}\n' + bytes(512))
    await audit(tmp_path).send(notice(), delivery_id=ID)

    assert (tmp_path / "audit.jsonl").read_bytes().endswith(b"\0\n" + b"".join(lines(notice(), ID).values()))


async def test_what_was_written_before_the_file_was_put_aside_counts(tmp_path: Path) -> None:
    told = notice(alert("ds-1"), alert("ds-2"))
    (tmp_path / "audit.jsonl.1").write_bytes(lines(told, ID)[alert("ds-1").key])
    await audit(tmp_path).send(told, delivery_id=ID)

    assert objects(tmp_path / "audit.jsonl") == ["ds-2"]


async def test_a_repeat_is_found_at_the_end_of_a_large_file(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").write_bytes(b'{"delivery": "old"}\n' * 100_000)
    await audit(tmp_path).send(notice(), delivery_id=ID)
    await audit(tmp_path).send(notice(), delivery_id=ID)

    assert (tmp_path / "audit.jsonl").stat().st_size == 2_000_000 + length(notice())


async def test_lines_of_others_are_passed_over(tmp_path: Path) -> None:
    others = b'[1, 2]\n"x"\n{}\nno json\n' + orjson.dumps({"delivery": ID}) + b"\n"
    (tmp_path / "audit.jsonl").write_bytes(others)
    await audit(tmp_path).send(notice(), delivery_id=ID)

    assert (tmp_path / "audit.jsonl").read_bytes() == others + b"".join(lines(notice(), ID).values())


# --- files that are put aside


async def test_a_file_that_would_grow_too_large_is_put_aside_first(tmp_path: Path) -> None:
    log = audit(tmp_path, max_bytes=2 * length(notice(), "a"))
    for name in "abcde":
        await log.send(notice(), delivery_id=name)

    files = {file.name: [one["delivery"] for one in records(file)] for file in tmp_path.iterdir()}
    assert files == {"audit.jsonl": ["e"], "audit.jsonl.1": ["c", "d"], "audit.jsonl.2": ["a", "b"]}


async def test_so_many_files_are_kept(tmp_path: Path) -> None:
    log = audit(tmp_path, max_bytes=1, keep=2)
    for name in "abcde":
        await log.send(notice(), delivery_id=name)

    assert {file.name: records(file)[0]["delivery"] for file in tmp_path.iterdir()} == {
        "audit.jsonl": "e",
        "audit.jsonl.1": "d",
        "audit.jsonl.2": "c",
    }


async def test_a_putting_aside_that_was_cut_off_costs_no_file(tmp_path: Path) -> None:
    """Files were given their next numbers, from the last one on, and the process was killed before the first."""
    for number, name in ((None, "d"), (2, "c"), (3, "b")):
        file = tmp_path / ("audit.jsonl" if number is None else f"audit.jsonl.{number}")
        file.write_bytes(b"".join(lines(notice(), name).values()))
    await audit(tmp_path, max_bytes=1).send(notice(), delivery_id="e")

    assert [records(one)[0]["delivery"] for one in sorted(tmp_path.iterdir())] == ["e", "d", "c", "b"]


async def test_a_repeat_puts_nothing_aside(tmp_path: Path) -> None:
    await audit(tmp_path, max_bytes=1).send(notice(), delivery_id=ID)
    await audit(tmp_path, max_bytes=1).send(notice(), delivery_id=ID)

    assert [one.name for one in tmp_path.iterdir()] == ["audit.jsonl"]


async def test_a_delivery_that_is_larger_than_a_file_may_be_stands_in_one(tmp_path: Path) -> None:
    await audit(tmp_path, max_bytes=1).send(notice(alert("ds-1"), alert("ds-2")), delivery_id=ID)

    assert objects(tmp_path / "audit.jsonl") == ["ds-1", "ds-2"]
    assert len(list(tmp_path.iterdir())) == 1


def test_writers_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    log = audit(tmp_path, max_bytes=3 * length(notice(), "a-0"), keep=20)
    start = threading.Barrier(4)

    def write(writer: str) -> None:
        start.wait()
        for number in range(8):
            log._write(lines(notice(), f"{writer}-{number}"), f"{writer}-{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, "abcd"))

    written = [one["delivery"] for one in chain.from_iterable(map(records, tmp_path.iterdir()))]
    assert sorted(written) == [f"{writer}-{number}" for writer in "abcd" for number in range(8)]
    assert max(file.stat().st_size for file in tmp_path.iterdir()) <= 3 * length(notice(), "a-0")


# --- where it cannot be written


async def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    error = await failing(audit(tmp_path / "gone"))

    assert isinstance(error, DeliveryDelayedError)
    assert str(error) == (
        f"{tmp_path}/gone/audit.jsonl cannot be written (No such file or directory); its folder must be there and have "
        "room, and the service's user must be allowed to write in it (see ReadWritePaths= in the unit)"
    )


async def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").mkdir()

    assert "audit.jsonl cannot be written (Is a directory)" in str(await failing(audit(tmp_path)))


async def test_a_disk_that_is_full_is_told_and_what_lacks_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        error = await failing(audit(tmp_path))
    await audit(tmp_path).send(notice(), delivery_id=ID)

    assert "cannot be written (No space left on device)" in str(error)
    assert objects(tmp_path / "audit.jsonl") == ["ds-1"]

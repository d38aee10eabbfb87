"""A file of JSON lines, one an alert, that is only ever appended to and put aside when it is large.

`audit.jsonl` is the newest, then `audit.jsonl.1`, and so on. Each line names its delivery: what a delivery has written
before it was cut off is not written again.
"""

import asyncio
import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from vhealthd.alerting.event import moment, of_alert
from vhealthd.errors import DeliveryDelayedError
from vhealthd.files import sync
from vhealthd.model import Notice

_MODE = 0o640
# How far back a delivery that was cut off is looked for, besides what it would write: far more than comes meanwhile.
_BACK = 1 << 20


class AuditLog:
    """Appends to `path`. It is put aside before it would grow beyond `max_bytes`; `keep` such files stay."""

    def __init__(self, path: Path, *, max_bytes: int, keep: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._keep = keep

    async def send(self, notice: Notice, *, delivery_id: str) -> None:
        """Have all lines on the disk, or raise DeliveryDelayedError."""
        await asyncio.to_thread(self._write, lines(notice, delivery_id), delivery_id)

    def _write(self, told: Mapping[str, bytes], delivery_id: str) -> None:
        try:
            while not self._is_written(told, delivery_id):
                pass  # to the file that was begun anew
        except OSError as error:
            raise DeliveryDelayedError(
                f"{self._path} cannot be written ({error.strerror}); its folder must be there and have room, and the "
                "service's user must be allowed to write in it (see ReadWritePaths= in the unit)"
            ) from error

    def _is_written(self, told: Mapping[str, bytes], delivery_id: str) -> bool:
        """Append the lines that lack, or put the file aside if it has no room for them."""
        with _locked(self._path) as file:
            there = self._keys(delivery_id, sum(map(len, told.values())) + _BACK)
            new = b"".join(line for key, line in told.items() if key not in there)
            size = os.fstat(file).st_size
            if size and new and size + len(new) > self._max_bytes:
                os.fsync(file)
                self._put_aside()
                return False
            _append(file, new)
            return True

    def _keys(self, delivery_id: str, back: int) -> set[str]:
        """Return the keys of the alerts that a delivery has written. Its lines may go over two files."""
        return {
            str(record.get("key"))
            for file in (self._path, self._aside(1))
            for record in _records(file, back)
            if record.get("delivery") == delivery_id
        }

    def _put_aside(self) -> None:
        """Give each file the next number, as far as there is no gap. The one that is beyond `keep` goes."""
        free = next((number for number in range(1, self._keep) if not self._aside(number).exists()), self._keep)
        for number in range(free, 1, -1):
            self._aside(number - 1).replace(self._aside(number))
        self._path.replace(self._aside(1))

    def _aside(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


def lines(notice: Notice, delivery_id: str) -> dict[str, bytes]:
    """Return the lines of a notice, by the keys of its alerts."""
    about = {"time": moment(notice.made), "delivery": delivery_id, "run_id": notice.run_id, "test": notice.test}
    return {one.key: orjson.dumps({**about, **of_alert(one)}) + b"\n" for one in notice.alerts}


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """Open a file for this thread alone: `vhealthd test-notify` writes to it from a process of its own."""
    while True:
        file = _opened(path)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is_still(path, file):
                yield file
                return
        finally:
            os.close(file)


def _opened(path: Path) -> int:
    """Open a file to append to. A new one has its mode, whatever the umask, and its name on the disk."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        file = os.open(path, flags | os.O_CREAT, _MODE)
    os.fchmod(file, _MODE)
    sync(path.parent)
    return file


def _is_still(path: Path, file: int) -> bool:
    """Tell whether a file has its name yet; it may have been put aside while the lock was waited for."""
    return path.exists() and os.path.samestat(path.stat(), os.fstat(file))


def _append(file: int, data: bytes) -> None:
    """Have data on the disk, after a line that a power cut has torn is ended."""
    size = os.fstat(file).st_size
    if size and os.pread(file, 1, size - 1) != b"\n":
        data = b"\n" + data
    with open(file, "ab", closefd=False) as stream:
        stream.write(data)
    os.fsync(file)


def _records(file: Path, back: int) -> Iterator[dict[str, Any]]:
    """Yield what stands in the last bytes of a file; nothing if it is not there."""
    if not file.exists():
        return
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - back))
        for line in stream:
            with suppress(orjson.JSONDecodeError):  # of a line that is cut, in front by us or at its end by a power cut
                record = orjson.loads(line)
                if isinstance(record, dict):
                    yield record

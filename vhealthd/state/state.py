"""Opens the state directory: makes it if need be, brings the schema up to date, refuses what it cannot use."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from vhealthd.errors import StateError
from vhealthd.state import schema
from vhealthd.state.alerts import Alerts
from vhealthd.state.outbox import Outbox
from vhealthd.state.past import Past
from vhealthd.state.retention import Retention
from vhealthd.state.runs import Runs
from vhealthd.state.store import Store
from vhealthd.state.trouble import state_errors

FILE = "vhealthd.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is known from one run to the next."""

    directory: Path
    runs: Runs
    outbox: Outbox
    past: Past
    alerts: Alerts
    retention: Retention


def exists(directory: Path) -> bool:
    """Whether there is a state in a directory."""
    return (directory / FILE).exists()


@asynccontextmanager
async def open_state(directory: Path, *, read_only: bool = False) -> AsyncIterator[State]:
    """Open the state in a directory, which is made if it is not there.

    With `read_only` nothing at all is made or changed; for whoever only looks, also while the daemon runs. Raises
    StateError where the state cannot be used; then nothing was overwritten.
    """
    path = directory / FILE
    with state_errors(path):
        store = _to_look_at(path) if read_only else _to_use(path)
    try:
        await (schema.verify(store) if read_only else schema.settle(store))
        yield State(
            directory=directory,
            runs=Runs(store),
            outbox=Outbox(store),
            past=Past(store),
            alerts=Alerts(store),
            retention=Retention(store),
        )
    finally:
        await store.close()


def _to_use(path: Path) -> Store:
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True)
        path.parent.chmod(0o750)
    with suppress(FileExistsError):
        _create(path)
    return Store(path, mode="rw")


def _create(path: Path) -> None:
    """Make an empty file, closed to others. One that root makes belongs to whom the folder belongs: the service."""
    file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o640)
    try:
        os.fchmod(file, 0o640)
        owner = path.parent.stat()
        if os.geteuid() == 0 and owner.st_uid != 0:
            os.fchown(file, owner.st_uid, owner.st_gid)
    finally:
        os.close(file)


def _to_look_at(path: Path) -> Store:
    if not path.exists():
        raise StateError(f"there is no {path}; `vhealthd run` and `vhealthd scan` write it, under state.directory")
    # Without a write-ahead log nobody has the file open, and one may not be made by whoever only looks.
    log = path.with_name(f"{path.name}-wal")
    return Store(path, mode="ro" if log.exists() else "immutable")

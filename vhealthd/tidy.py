"""Keeps what is kept within its limits: old runs go, with their files."""

import asyncio
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from vhealthd.config import Settings
from vhealthd.state import State

log = structlog.get_logger(__name__)


async def tidy(state: State, settings: Settings, now: datetime) -> tuple[str, ...]:
    """Drop what state.retention says is not kept any longer, and return the runs that went. Raises StateError.

    The files of a run go before its row, so that a kill in between leaves no files that nobody knows of. A run whose
    files cannot be deleted stays.
    """
    kept = settings.state.retention
    overdue = await state.retention.overdue(days=kept.days, runs=kept.runs, now=now)
    gone = [run_id for run_id in overdue if await _delete_all(await _folders(state, settings, run_id))]
    await state.retention.drop(gone)
    await state.retention.drop_settled(now - timedelta(days=kept.days))
    await state.alerts.drop_resolved(now - timedelta(days=kept.days))
    if gone:
        log.info("old runs dropped", runs=len(gone), oldest=gone[0])
    return tuple(gone)


async def _folders(state: State, settings: Settings, run_id: str) -> set[Path]:
    """Return the folders that are the run's alone: where it would be written now, and where it was written then."""
    run = await state.runs.find(run_id)
    written = {path.parent for path in run.files.values()} if run else set()
    return {settings.reports / run_id, *(folder for folder in written if folder.name == run_id)}


async def _delete_all(folders: set[Path]) -> bool:
    return all([await asyncio.to_thread(_delete, folder) for folder in sorted(folders)])


def _delete(folder: Path) -> bool:
    """Delete the folder of a run, if it has one, and say whether it is gone."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return True
    except OSError as error:
        log.warning("files of an old run cannot be deleted", folder=str(folder), why=error.strerror)
        return False
    return True

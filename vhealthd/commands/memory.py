"""What a scan by hand knows of earlier runs, and how it becomes one of them. It is worth more than its record."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from vhealthd.alerts import with_stored_mutes
from vhealthd.config import Settings
from vhealthd.errors import StateError
from vhealthd.lookback import look_back
from vhealthd.model import ScanReport
from vhealthd.report.background import Background
from vhealthd.scan import Scan, utc_now
from vhealthd.state import exists, open_state

log = structlog.get_logger(__name__)


def keeps_state(settings: Settings) -> bool:
    """Whether there is a state directory that this account may write. Where not, that is logged."""
    directory = settings.state.directory
    if not directory.is_dir():
        why = f"there is no {directory}"
    elif not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        why = f"this account may not write {directory}"
    else:
        return True
    log.info("this run goes by no history and is not recorded", why=why)
    return False


@asynccontextmanager
async def remembering(plan: Scan) -> AsyncIterator[Scan]:
    """Give a scan the history of earlier runs and the mutes that were set by command, as far as they can be read."""
    settings = plan.settings
    async with AsyncExitStack() as stack:
        if exists(settings.state.directory):
            try:
                state = await stack.enter_async_context(open_state(settings.state.directory, read_only=True))
                plan = replace(plan, past=state.past.of, settings=await with_stored_mutes(settings, state))
            except StateError as error:
                log.warning("this run goes by no history", why=str(error))
        yield plan


def no_background(settings: Settings) -> Background:
    """Return what a report tells that knows nothing of earlier runs: its times are those of its readers even so."""
    return Background(zone=ZoneInfo(settings.schedule.timezone))


async def background_of(settings: Settings, report: ScanReport) -> Background:
    """Return what the report tells of earlier runs; where nothing is kept, nothing."""
    if not exists(settings.state.directory):
        return no_background(settings)
    try:
        async with open_state(settings.state.directory, read_only=True) as state:
            return await look_back(state, report, settings)
    except StateError as error:
        log.warning("the report tells nothing of earlier runs", why=str(error))
        return no_background(settings)


def record(settings: Settings, report: ScanReport, files: Mapping[str, Path], config_file: Path) -> None:
    """Keep a run with all that it found. Where that fails, it is a warning."""
    _hand_over(settings, files)
    try:
        asyncio.run(_commit(settings, report, files, hashlib.sha256(config_file.read_bytes()).hexdigest()))
    except (StateError, OSError) as error:
        log.warning("this run is not recorded", why=str(error))


def _hand_over(settings: Settings, files: Mapping[str, Path]) -> None:
    """Give what root wrote among the reports to the service, which is to delete it one day."""
    mine = {path for path in files.values() if path.is_relative_to(settings.reports)}
    if os.geteuid() != 0 or not mine:
        return
    with suppress(OSError):
        owner = settings.state.directory.stat()
        for path in {*mine, *(path.parent for path in mine), settings.reports}:
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


async def _commit(settings: Settings, report: ScanReport, files: Mapping[str, Path], config_sha256: str) -> None:
    now = utc_now()
    async with open_state(settings.state.directory) as state:
        await state.runs.commit(
            report,
            config_sha256=config_sha256,
            files=files,
            parcels=(),
            now=now,
            expires=now + settings.outbox.expire_after,
        )

"""Makes parcels of a run: with what changed since the run before it, and what could not be delivered meanwhile."""

import asyncio
from collections.abc import Sequence

from vhealthd.artefacts import Artefacts
from vhealthd.compare import Change, Comparison
from vhealthd.config import Settings
from vhealthd.delivery.parcels import measure, parcels
from vhealthd.model import Parcel, ScanReport
from vhealthd.report.background import Background
from vhealthd.report.mailbody import Changes


async def pack(report: ScanReport, background: Background, settings: Settings, made: Artefacts) -> Sequence[Parcel]:
    """Return all that is sent of a run that is not committed yet. Raises OutputError if one of its files is gone."""

    def compose() -> Sequence[Parcel]:
        changes = _changes(background.comparison) if background.comparison else None
        return parcels(
            report,
            settings,
            measure(made.files),
            pdf_error=made.pdf_error,
            changes=changes,
            failed=background.failed,
        )

    # in a thread: with tens of thousands of findings it takes half a second
    return await asyncio.to_thread(compose)


def _changes(comparison: Comparison) -> Changes:
    def count(change: Change) -> int:
        return sum(one.counts for one in comparison.of(change))

    return Changes(new=count(Change.NEW), worsened=count(Change.WORSENED), resolved=count(Change.RESOLVED))

"""Makes parcels of a run: mails and files for the archive."""

import asyncio
from collections.abc import Sequence

from vhealthd.artefacts import Artefacts
from vhealthd.config import Settings
from vhealthd.delivery.parcels import measure, parcels
from vhealthd.model import Parcel, ScanReport
from vhealthd.report.background import Background


async def pack(report: ScanReport, background: Background, settings: Settings, made: Artefacts) -> Sequence[Parcel]:
    """Return all that is sent of a run that is not committed yet. Raises OutputError if one of its files is gone."""

    def compose() -> Sequence[Parcel]:
        return parcels(report, settings, measure(made.files), pdf_error=made.pdf_error, background=background)

    # in a thread: with tens of thousands of findings it takes half a second
    return await asyncio.to_thread(compose)

"""Reads how much room snapshots take."""

from collections.abc import Mapping
from typing import cast

import structlog

from vhealthd.errors import VCenterError
from vhealthd.inventory import Need
from vhealthd.model import Facets, MoRef, Snapshot
from vhealthd.vcenter.records import SNAPSHOT_SIZE_PATHS, snapshot_size
from vhealthd.vcenter.single import Single, Site
from vhealthd.vcenter.wire import ObjectContent

log = structlog.get_logger(__name__)


async def sizes(site: Site) -> Mapping[MoRef, int]:
    """Return bytes by VM, of VMs with snapshots alone: the layout of files is heavy.

    Sizes only add to the evidence, so what fails here fails no check.
    """
    trees = cast("Facets[tuple[Snapshot, ...]]", await site.part(Need.VM_SNAPSHOTS))
    found: dict[MoRef, int] = {}

    def take(content: ObjectContent) -> None:
        size = snapshot_size(content)
        if size is not None:
            found[content.ref] = size

    refs = [ref for ref, roots in trees.records.items() if roots]
    try:
        await site.reader.read("VirtualMachine", refs, SNAPSHOT_SIZE_PATHS, take)
    except VCenterError as error:
        log.warning("sizes of snapshots are not known", why=str(error))
    return found


SINGLES = (Single(need=Need.SNAPSHOT_SIZES, name="snapshot sizes", read=sizes, after=frozenset({Need.VM_SNAPSHOTS})),)

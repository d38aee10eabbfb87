"""Every collector that reads one part by calls of its own."""

from vhealthd.vcenter import connectivity, snapshots
from vhealthd.vcenter.single import Single

SINGLES: tuple[Single, ...] = (
    *connectivity.SINGLES,
    *snapshots.SINGLES,
)

"""Every collector that reads one part by calls of its own."""

from vhealthd.vcenter import (
    alarms,
    appliance,
    appliance_settings,
    certificates,
    connectivity,
    hostcalls,
    licenses,
    snapshots,
)
from vhealthd.vcenter.single import Single

SINGLES: tuple[Single, ...] = (
    *alarms.SINGLES,
    *appliance.SINGLES,
    *appliance_settings.SINGLES,
    *certificates.SINGLES,
    *connectivity.SINGLES,
    *hostcalls.SINGLES,
    *licenses.SINGLES,
    *snapshots.SINGLES,
)

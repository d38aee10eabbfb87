"""Whether alarms on an object do what they are set to do: send a mail, a trap, run a script."""

from vhealthd.inventory import Need
from vhealthd.vcenter.records.clusters import APART
from vhealthd.vcenter.records.facet import Facet, Props

_PATH = "alarmActionsEnabled"


def _enabled(props: Props) -> bool | None:
    enabled = props.get(_PATH)
    return None if enabled is None else bool(enabled)


ALARM_FACETS = (
    Facet(Need.CLUSTER_ALARM_ACTIONS, "ClusterComputeResource", (_PATH,), _enabled, apart=APART),
    Facet(Need.HOST_ALARM_ACTIONS, "HostSystem", (_PATH,), _enabled),
    Facet(Need.DATASTORE_ALARM_ACTIONS, "Datastore", (_PATH,), _enabled),
)

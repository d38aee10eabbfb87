"""Makes records of what the property collector returns. Pure; each function takes properties by path.

Which properties exist, and which of them are optional: vSphere Web Services API reference, 8.0.1.0 to 9.1.
"""

from vhealthd.vcenter.records.alarms import ALARM_FACETS
from vhealthd.vcenter.records.clusters import CLUSTER_FACETS
from vhealthd.vcenter.records.compute import COMPUTE_FACETS
from vhealthd.vcenter.records.extras import EXTRA_FACETS
from vhealthd.vcenter.records.facet import Facet
from vhealthd.vcenter.records.hosts import HOST_FACETS
from vhealthd.vcenter.records.hoststate import HOST_STATE_FACETS
from vhealthd.vcenter.records.network import (
    NETWORK_FACETS,
    PORT_GROUP_PATHS,
    SWITCH_PATHS,
    distributed_port_group,
    switch_uuid,
)
from vhealthd.vcenter.records.objects import (
    DATASTORE_PATHS,
    HOST_PATHS,
    TREE_PATHS,
    USED_PATHS,
    VM_PATHS,
    datastore,
    entity,
    host,
    virtual_machine,
)
from vhealthd.vcenter.records.storage import STORAGE_FACETS
from vhealthd.vcenter.records.vms import SNAPSHOT_SIZE_PATHS, VM_FACETS, snapshot_size

FACETS = (
    *HOST_FACETS,
    *HOST_STATE_FACETS,
    *VM_FACETS,
    *STORAGE_FACETS,
    *NETWORK_FACETS,
    *EXTRA_FACETS,
    *ALARM_FACETS,
    *CLUSTER_FACETS,
    *COMPUTE_FACETS,
)

__all__ = [
    "DATASTORE_PATHS",
    "FACETS",
    "HOST_PATHS",
    "PORT_GROUP_PATHS",
    "SNAPSHOT_SIZE_PATHS",
    "SWITCH_PATHS",
    "TREE_PATHS",
    "USED_PATHS",
    "VM_PATHS",
    "Facet",
    "datastore",
    "distributed_port_group",
    "entity",
    "host",
    "snapshot_size",
    "switch_uuid",
    "virtual_machine",
]

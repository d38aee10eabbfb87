"""Makes records of what the property collector returns. Pure; each function takes properties by path.

Which properties exist, and which of them are optional: vSphere Web Services API reference, 8.0.1.0 to 9.1.
"""

from vhealthd.vcenter.records.facet import Facet
from vhealthd.vcenter.records.hosts import HOST_FACETS
from vhealthd.vcenter.records.objects import (
    DATASTORE_PATHS,
    HOST_PATHS,
    TREE_PATHS,
    VM_PATHS,
    datastore,
    host,
    virtual_machine,
)
from vhealthd.vcenter.records.vms import SNAPSHOT_SIZE_PATHS, VM_FACETS, snapshot_size

FACETS = (*HOST_FACETS, *VM_FACETS)

__all__ = [
    "DATASTORE_PATHS",
    "FACETS",
    "HOST_PATHS",
    "SNAPSHOT_SIZE_PATHS",
    "TREE_PATHS",
    "VM_PATHS",
    "Facet",
    "datastore",
    "host",
    "snapshot_size",
    "virtual_machine",
]

"""Every property that is ever asked for exists on the declared type, in VMware's own tables, then and now."""

import pytest

from tests.integration.mock.vimschema import resolve_path
from vhealthd.vcenter import records
from vhealthd.vcenter.records import FACETS

OLDEST, NEWEST = "8.0.1.0", "9.1.0.0"

BASES = {
    "HostSystem": (*records.HOST_PATHS, *records.USED_PATHS),
    "VirtualMachine": (*records.VM_PATHS, *records.SNAPSHOT_SIZE_PATHS),
    "Datastore": records.DATASTORE_PATHS,
    "DistributedVirtualPortgroup": records.PORT_GROUP_PATHS,
    "DistributedVirtualSwitch": records.SWITCH_PATHS,
    "Folder": records.TREE_PATHS,
    "Datacenter": records.TREE_PATHS,
    "ComputeResource": records.TREE_PATHS,
}
ASKED = sorted(
    {(kind, path) for kind, paths in BASES.items() for path in paths}
    | {(facet.kind, path) for facet in FACETS for path in facet.paths}
)


@pytest.mark.parametrize("release", [OLDEST, NEWEST])
@pytest.mark.parametrize(("kind", "path"), ASKED)
def test_path_resolves(kind: str, path: str, release: str) -> None:
    resolve_path(kind, path, release)

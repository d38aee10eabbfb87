"""Makes the objects of an inventory of what the property collector returns, with what is always read of them."""

from collections.abc import Mapping

from vhealthd.model import Datastore, Entity, Host, MoRef, VirtualMachine
from vhealthd.vcenter.tree import Tree
from vhealthd.vcenter.wire import ObjectContent, dig, display_name, reference, references

TREE_PATHS = ("name", "parent")
HOST_PATHS = ("name", "parent", "runtime.connectionState", "runtime.inMaintenanceMode", "runtime.powerState")
# What a host uses of what lies outside of its cluster.
USED_PATHS = ("datastore", "network")
VM_PATHS = (
    "name",
    "parent",
    "runtime.connectionState",
    "runtime.powerState",
    "runtime.host",
    "datastore",
    "config.template",
    "config.managedBy",
)
DATASTORE_PATHS = (
    "name",
    "parent",
    "summary.type",
    "summary.capacity",
    "summary.freeSpace",
    "summary.uncommitted",
    "summary.accessible",
    "summary.multipleHostAccess",
    "summary.maintenanceMode",
)


def entity(content: ObjectContent, tree: Tree) -> Entity:
    """Make an object of any type, with no more than its name and its place."""
    parent = reference(content.props.get("parent"))
    name = _name(content)
    return Entity(
        ref=content.ref,
        name=name,
        path=tree.path(name, parent),
        cluster=tree.cluster(parent),
        datacenter=tree.datacenter(parent),
    )


def host(content: ObjectContent, tree: Tree) -> Host:
    """Make a host."""
    props, parent = content.props, reference(content.props.get("parent"))
    name = _name(content)
    return Host(
        ref=content.ref,
        name=name,
        path=tree.path(name, parent),
        cluster=tree.cluster(parent),
        datacenter=tree.datacenter(parent),
        connection_state=props.get("runtime.connectionState") or "unknown",
        in_maintenance_mode=bool(props.get("runtime.inMaintenanceMode")),
        power_state=props.get("runtime.powerState") or "unknown",
    )


def virtual_machine(content: ObjectContent, tree: Tree, hosts: Mapping[MoRef, Host]) -> VirtualMachine:
    """Make a VM; its cluster is the one of its host."""
    props, parent = content.props, reference(content.props.get("parent"))
    name, runs_on = _name(content), reference(props.get("runtime.host"))
    home = hosts.get(runs_on) if runs_on else None
    return VirtualMachine(
        ref=content.ref,
        name=name,
        path=tree.path(name, parent),
        cluster=home.cluster if home else None,
        datacenter=tree.datacenter(parent) or (home.datacenter if home else None),
        connection_state=props.get("runtime.connectionState") or "unknown",
        power_state=props.get("runtime.powerState") or "unknown",
        host=runs_on,
        datastores=tuple(references(props.get("datastore"))),
        template=props.get("config.template"),
        managed_by=dig(props.get("config.managedBy"), "extensionKey"),
    )


def datastore(content: ObjectContent, tree: Tree) -> Datastore:
    """Make a datastore."""
    props, parent = content.props, reference(content.props.get("parent"))
    name = _name(content)
    return Datastore(
        ref=content.ref,
        name=name,
        path=tree.path(name, parent),
        datacenter=tree.datacenter(parent),
        pod=tree.pod(parent),
        type=props.get("summary.type") or "unknown",
        capacity=props.get("summary.capacity") or 0,
        free=props.get("summary.freeSpace") or 0,
        uncommitted=props.get("summary.uncommitted"),
        accessible=bool(props.get("summary.accessible")),
        shared=props.get("summary.multipleHostAccess"),
        maintenance_mode=props.get("summary.maintenanceMode"),
    )


def _name(content: ObjectContent) -> str:
    return display_name(str(content.props.get("name") or content.ref.value))

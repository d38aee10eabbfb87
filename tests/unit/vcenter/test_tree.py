"""Where objects lie, and whether that is in scope."""

import pytest

from vhealthd.model import Entity, MoRef
from vhealthd.vcenter.tree import Scope, Tree
from vhealthd.vcenter.wire import ObjectContent

ROOT = MoRef("Folder", "group-d1")


def ref(kind: str, moid: str) -> MoRef:
    return MoRef(kind, moid)


def add(tree: Tree, kind: str, moid: str, name: str | None, parent: MoRef | None) -> MoRef:
    props: dict[str, object] = {} if name is None else {"name": name}
    if parent:
        props["parent"] = {"_typeName": "ManagedObjectReference", "type": parent.type, "value": parent.value}
    tree.add(ObjectContent(ref(kind, moid), props, {}))
    return ref(kind, moid)


@pytest.fixture
def tree() -> Tree:
    """Two datacenters, one in nested folders; a cluster in each, one host that stands alone, a datastore cluster."""
    tree = Tree(ROOT)
    add(tree, "Folder", "group-d1", "Datacenters", None)
    europe = add(tree, "Folder", "group-d2", "Europe", ROOT)
    north = add(tree, "Folder", "group-d3", "North %2f East", europe)
    oslo = add(tree, "Datacenter", "datacenter-1", "Oslo", north)
    lab = add(tree, "Datacenter", "datacenter-2", "100%25 lab", ROOT)
    oslo_hosts = add(tree, "Folder", "group-h1", "host", oslo)
    lab_hosts = add(tree, "Folder", "group-h2", "host", lab)
    add(tree, "ClusterComputeResource", "domain-c1", "prod", oslo_hosts)
    add(tree, "ClusterComputeResource", "domain-c2", "prod", lab_hosts)
    add(tree, "ClusterComputeResource", "domain-c3", "a%2fb", lab_hosts)
    add(tree, "ComputeResource", "domain-s1", "10.0.0.1", lab_hosts)
    stores = add(tree, "Folder", "group-s1", "datastore", oslo)
    add(tree, "StoragePod", "group-p1", "gold", stores)
    return tree


def test_a_path_leads_through_every_folder_below_the_root(tree: Tree) -> None:
    cluster = tree.entity(ref("ClusterComputeResource", "domain-c1"))

    assert cluster.path == "/Europe/North / East/Oslo/host/prod"
    assert tree.path("web-1", ref("Folder", "group-h2")) == "/100% lab/host/web-1"
    assert tree.path("at the top", ROOT) == "/at the top"


def test_what_has_no_parent_has_no_path(tree: Tree) -> None:
    assert tree.path("orphan", None) is None


def test_a_path_begins_where_the_accounts_sight_begins(tree: Tree) -> None:
    assert tree.path("web-1", ref("Folder", "group-hidden")) == "/web-1"


def test_names_are_decoded_and_an_object_without_one_bears_its_reference(tree: Tree) -> None:
    nameless = add(tree, "Folder", "group-v9", None, ROOT)

    assert tree.entity(ref("ClusterComputeResource", "domain-c3")).name == "a/b"
    assert tree.entity(nameless).name == "group-v9"


def test_each_object_knows_its_datacenter_and_a_datacenter_is_in_itself(tree: Tree) -> None:
    oslo = tree.entity(ref("Datacenter", "datacenter-1"))

    assert tree.entity(ref("ClusterComputeResource", "domain-c1")).datacenter == oslo
    assert tree.datacenter(oslo.ref) == oslo
    assert tree.datacenter(ref("Folder", "group-d2")) is None
    assert tree.datacenter(None) is None


def test_only_a_cluster_is_a_cluster_and_only_a_pod_a_pod(tree: Tree) -> None:
    cluster, alone, pod = (
        ref("ClusterComputeResource", "domain-c1"),
        ref("ComputeResource", "domain-s1"),
        ref("StoragePod", "group-p1"),
    )

    assert tree.cluster(cluster) == tree.entity(cluster)
    assert tree.pod(pod) == tree.entity(pod)
    for stranger in (alone, pod, ref("ClusterComputeResource", "unseen"), None):
        assert tree.cluster(stranger) is None
    for stranger in (alone, cluster, ref("StoragePod", "unseen"), None):
        assert tree.pod(stranger) is None


def test_objects_of_a_type_come_by_path_and_without_those_of_subtypes(tree: Tree) -> None:
    assert [one.name for one in tree.of_type("Datacenter")] == ["100% lab", "Oslo"]
    assert [one.path for one in tree.of_type("ClusterComputeResource")] == [
        "/100% lab/host/a/b",
        "/100% lab/host/prod",
        "/Europe/North / East/Oslo/host/prod",
    ]
    assert [one.name for one in tree.of_type("ComputeResource")] == ["10.0.0.1"]


def test_an_object_is_the_same_each_time(tree: Tree) -> None:
    one = ref("ClusterComputeResource", "domain-c1")

    assert tree.entity(one) is tree.entity(one)


@pytest.mark.parametrize("length", [1, 2, 5])
def test_a_loop_of_parents_ends(length: int) -> None:
    tree = Tree(ROOT)
    for number in range(length):
        add(tree, "Folder", f"loop-{number}", f"f{number}", ref("Folder", f"loop-{(number + 1) % length}"))

    assert (tree.path("x", ref("Folder", "loop-0")) or "").count("/") == length + 1
    assert tree.datacenter(ref("Folder", "loop-0")) is None


# --- scope ----------------------------------------------------------------------------------------------------------


def place(tree: Tree, cluster: str | None) -> tuple[Entity | None, Entity | None]:
    """Return the datacenter and cluster of something in that cluster, or of a host of the lab that stands alone."""
    if cluster is None:
        return tree.entity(ref("Datacenter", "datacenter-2")), None
    home = tree.entity(ref("ClusterComputeResource", cluster))
    return home.datacenter, home


PLACES = {"domain-c1", "domain-c2", "domain-c3", None}


@pytest.mark.parametrize(
    ("datacenters", "clusters", "inside"),
    [
        ([], [], PLACES),
        (["Oslo"], [], {"domain-c1"}),
        (["100% lab"], [], {"domain-c2", "domain-c3", None}),
        (["100%25 lab"], [], set()),
        (["/Europe/North / East/Oslo"], [], {"domain-c1"}),
        (["/100% lab"], [], {"domain-c2", "domain-c3", None}),
        (["oslo"], [], set()),
        (["Osl"], [], set()),
        (["Oslo", "100% lab"], [], PLACES),
        ([], ["prod"], {"domain-c1", "domain-c2"}),
        ([], ["a/b"], {"domain-c3"}),
        ([], ["/100% lab/host/a/b"], {"domain-c3"}),
        ([], ["/100% lab/host/prod"], {"domain-c2"}),
        ([], ["100% lab/host/prod"], set()),
        (["Oslo"], ["prod"], {"domain-c1"}),
        (["Oslo"], ["a/b"], set()),
        (["Oslo", "100% lab"], ["prod", "a/b"], {"domain-c1", "domain-c2", "domain-c3"}),
    ],
)
def test_scope_takes_exact_names_or_paths_and_both_lists_must_agree(
    tree: Tree, datacenters: list[str], clusters: list[str], inside: set[str | None]
) -> None:
    scope = Scope(frozenset(datacenters), frozenset(clusters))

    assert {one for one in PLACES if scope.holds(*place(tree, one))} == inside


def test_without_a_datacenter_an_object_is_in_scope_only_where_none_is_named() -> None:
    assert Scope().holds(None, None)
    assert not Scope(datacenters=frozenset({"Oslo"})).holds(None, None)
    assert not Scope(clusters=frozenset({"prod"})).holds(None, None)


def test_a_datastore_cluster_or_folder_of_that_name_is_no_datacenter(tree: Tree) -> None:
    scope = Scope(frozenset({"Europe", "gold"}))

    assert scope.unmatched(tree.of_type("Datacenter"), ()) == ("Europe", "gold")


def test_names_that_match_nothing_are_told_datacenters_first_each_list_in_order(tree: Tree) -> None:
    scope = Scope(
        frozenset({"Oslo", "Olso", "/Europe/Oslo", "prod"}), frozenset({"prod", "/100% lab/host/prod", "test", "Oslo"})
    )

    unmatched = scope.unmatched(tree.of_type("Datacenter"), tree.of_type("ClusterComputeResource"))

    assert unmatched == ("/Europe/Oslo", "Olso", "prod", "Oslo", "test")
    assert Scope().unmatched((), ()) == ()

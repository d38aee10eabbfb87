import pytest

from tests.builders import BYSTANDERS, CLUSTER, LATE, Case, Says, entity, findings, host, says, verdicts
from tests.builders_hosts import of_hosts, product
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import Entity, Host, HostProduct, NotExamined, Unseen
from vhealthd.wording import english

SLUG = "esxi-version-consistency"
TEST = entity("ClusterComputeResource", "test")

A, B, C = host("esx01"), host("esx02"), host("esx03")
OFF = host("esx04", connection_state="disconnected")
RESTING, ASLEEP = host("esx05", in_maintenance_mode=True), host("esx06", in_maintenance_mode=True)
ALONE = host("alone", cluster=None)

OLD = product("8.0.2", "22380479")
PATCHED = product("8.0.3", "24585383")


def _hosts(
    of: dict[Host, HostProduct | Unseen], *, clusters: tuple[Entity, ...] = (CLUSTER,), vcenter: str | None = "8.0.3"
) -> Inventory:
    return of_hosts(*of, clusters=clusters, vcenter_version=vcenter, parts={Need.HOST_PRODUCT: of})


CASES = [
    Case("one build is fine", _hosts({A: product(), B: product()}), Says(examined={"esx01", "esx02", "prod"})),
    Case(
        "two builds of one version warn",
        _hosts({A: product(), B: PATCHED}),
        Says(finds={("warning", "prod", None)}, examined={"esx01", "esx02", "prod"}),
    ),
    Case(
        "two versions within a major one warn",
        _hosts({A: product(), B: OLD}),
        Says(finds={("warning", "prod", None)}, examined={"esx01", "esx02", "prod"}),
    ),
    Case(
        "mixed major versions are critical, once",
        _hosts({A: product("9.0.0", "24755229"), B: product(), C: OLD}, vcenter="9.0.0"),
        Says(finds={("critical", "prod", None)}, examined={"esx01", "esx02", "esx03", "prod"}),
    ),
    Case(
        "clusters are not compared with each other, nor with a host that is in none",
        _hosts({A: product(), host("t1", cluster=TEST): OLD, ALONE: product("7.0.3", "1")}, clusters=(CLUSTER, TEST)),
        Says(examined={"esx01", "t1", "alone", "prod", "test"}),
    ),
    Case(
        "a host that is newer than vCenter is critical",
        _hosts({ALONE: product("9.0.0", "24755229")}),
        Says(finds={("critical", "alone", "newer")}, examined={"alone"}),
    ),
    Case(
        "a newer update is newer too, and older ones are fine",
        _hosts({ALONE: PATCHED, host("old", cluster=None): product("7.0.3", "1")}, vcenter="8.0.2"),
        Says(finds={("critical", "alone", "newer")}, examined={"alone", "old"}),
    ),
    Case(
        "updates are compared as numbers, not as words",
        _hosts({ALONE: product("8.0.10", "1"), host("old", cluster=None): product("8.0.9", "1")}, vcenter="8.0.10"),
        Says(examined={"alone", "old"}),
    ),
    *(
        Case(
            f"{ours} and {theirs} are the same version",
            _hosts({ALONE: product(ours)}, vcenter=theirs),
            Says(examined={"alone"}),
        )
        for ours, theirs in (("8.0", "8.0.0"), ("8.0.0", "8.0"))
    ),
    Case(
        "a disconnected host counts with the version that vCenter remembers; its restart is old news",
        _hosts({A: product(), OFF: product("9.0.0", "24755229", reboot_required=True)}),
        Says(
            finds={("critical", "esx04", "newer"), ("critical", "prod", None)},
            examined={"esx01", "esx04", "prod"},
            missed={("esx04", "reboot")},
        ),
    ),
    Case(
        "a restart that is due warns",
        _hosts({ALONE: product(reboot_required=True)}),
        Says(finds={("warning", "alone", "reboot")}, examined={"alone"}),
    ),
    Case(
        "a release that says nothing of restarts",
        _hosts({ALONE: product(reboot_required=None)}),
        Says(examined={"alone"}),
    ),
    Case(
        "where only a host in maintenance differs, somebody is at it",
        _hosts({A: product(), B: product(), RESTING: PATCHED}),
        Says(finds={("info", "prod", None)}, examined={"esx01", "esx02", "esx05", "prod"}),
    ),
    Case(
        "a host in maintenance excuses nobody else",
        _hosts({A: product(), B: OLD, RESTING: product("7.0.3", "1")}),
        Says(finds={("warning", "prod", None)}, examined={"esx01", "esx02", "esx05", "prod"}),
    ),
    Case(
        "a cluster with all hosts of one build in maintenance is fine",
        _hosts({RESTING: product(), ASLEEP: product()}),
        Says(examined={"esx05", "esx06", "prod"}),
    ),
    Case(
        "with mixed ones in maintenance somebody is at it",
        _hosts({RESTING: product("7.0.3", "1"), ASLEEP: product()}),
        Says(finds={("info", "prod", None)}, examined={"esx05", "esx06", "prod"}),
    ),
    Case(
        "a host without a version hides none that follows",
        _hosts({A: LATE, B: product(), C: OLD}),
        Says(finds={("warning", "prod", None)}, examined={"esx02", "esx03", "prod"}, missed={("esx01", None)}),
    ),
    Case(
        "a host without a version is not examined, and a cluster of such hosts neither",
        _hosts({A: LATE, B: LATE}),
        Says(missed={("esx01", None), ("esx02", None), ("prod", None)}),
    ),
    Case(
        "versions of another form are not compared",
        _hosts({ALONE: product("e.x.p")}),
        Says(examined={"alone"}, missed={("alone", "newer")}),
    ),
    Case(
        "nor is one with a vCenter that does not tell its own",
        _hosts({ALONE: product()}, vcenter=""),
        Says(examined={"alone"}, missed={("alone", "newer")}),
    ),
    Case("an empty cluster is no matter", _hosts({}), Says()),
    Case("nothing is there", of_hosts(vms=BYSTANDERS), Says()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_esxi_version_consistency(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def _many(count: int) -> dict[Host, HostProduct | Unseen]:
    return {host(f"esx1{number}"): product() for number in range(count)}


@pytest.mark.parametrize(
    ("of", "what", "found"),
    [
        # few hosts are named, many are counted; the most frequent build comes first, among equals the oldest
        (
            {A: OLD, **_many(4)},
            "2 builds",
            "8.0.3 build 24280767 on 4 hosts, 8.0.2 build 22380479 on esx01",
        ),
        (
            {A: OLD, **_many(3)},
            "2 builds",
            "8.0.3 build 24280767 on esx10, esx11, esx12, 8.0.2 build 22380479 on esx01",
        ),
        (
            {A: product(), B: OLD},
            "2 builds",
            "8.0.2 build 22380479 on esx02, 8.0.3 build 24280767 on esx01",
        ),
        (
            {A: product(), B: OLD, C: product("7.0.3", "1")},
            "2 major versions",
            "7.0.3 build 1 on esx03, 8.0.2 build 22380479 on esx02, 8.0.3 build 24280767 on esx01",
        ),
        # a host in maintenance is told of only where it alone differs
        (
            {A: product(), RESTING: OLD},
            "2 builds",
            "8.0.2 build 22380479 on esx05, 8.0.3 build 24280767 on esx01",
        ),
        (
            {A: product(), B: OLD, RESTING: product("7.0.3", "1")},
            "2 builds",
            "8.0.2 build 22380479 on esx02, 8.0.3 build 24280767 on esx01",
        ),
        (
            {A: product("7.0.3", "1"), B: product(), RESTING: OLD},
            "2 major versions",
            "7.0.3 build 1 on esx01, 8.0.3 build 24280767 on esx02",
        ),
        (
            {RESTING: OLD, ASLEEP: product("7.0.3", "1")},
            "2 major versions",
            "7.0.3 build 1 on esx06, 8.0.2 build 22380479 on esx05",
        ),
    ],
)
def test_the_text_counts_builds_and_names_hosts(of: dict[Host, HostProduct | Unseen], what: str, found: str) -> None:
    (only,) = findings(SLUG, _hosts(of))
    assert english(only.text) == f"Its hosts run {what} of ESXi; there should be 1: {found}"


def test_a_cluster_without_hosts_to_judge_is_no_reason_of_its_own() -> None:
    missed = [one for one in verdicts(SLUG, _hosts({A: LATE})) if isinstance(one, NotExamined)]
    assert {one.object.name: one.why.derived for one in missed} == {"esx01": False, "prod": True}

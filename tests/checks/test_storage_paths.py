from dataclasses import replace

import pytest

from tests.builders import CLUSTER, LATE, Case, Says, datastore, entity, findings, host, says, verdicts
from tests.builders_estate import LUN, estate, lun, mount
from vhealthd.checkapi import Inventory
from vhealthd.model import Lun, NotExamined, StoragePath
from vhealthd.wording import english

SLUG = "storage-paths"
ESX, OTHER = host(), host("esx02")
AWAY = host("esx08", connection_state="disconnected")
RESTING = host("esx04", in_maintenance_mode=True)
ELSEWHERE = host("esx09", cluster=entity("ClusterComputeResource", "test"))
STORE = datastore()

FINE = Says(examined={"esx01"})
WARNING = Says(finds={("warning", "esx01", LUN)}, examined={"esx01"})
CRITICAL = Says(finds={("critical", "esx01", LUN)}, examined={"esx01"})
UNCLEAR = Says(examined={"esx01"}, missed={("esx01", LUN)})


def _luns(*luns: Lun) -> Inventory:
    return estate(luns={ESX: luns})


CASES = [
    Case("standby paths are ready to work", _luns(lun()), FINE),
    Case("one active and one standby are two", _luns(lun("active", "standby")), FINE),
    Case("even two that stand by", _luns(lun("standby", "standby")), FINE),
    Case("one dead path warns, however many are left", _luns(lun(*["active"] * 7, "dead")), WARNING),
    Case("one path left warns", _luns(lun("dead", "dead", "dead", "active")), WARNING),
    Case("all paths dead is critical", _luns(lun("dead", "dead")), CRITICAL),
    Case("none works, though none is dead: critical", _luns(lun("disabled", "disabled")), CRITICAL),
    Case("a disabled path is no fault", _luns(lun("active", "active", "disabled")), FINE),
    Case("but it is not one that works", _luns(lun("active", "disabled")), WARNING),
    Case("a LUN of an array with a single path warns", _luns(lun("active")), WARNING),
    Case("states that nobody knows are not judged", _luns(lun("active", "unknown")), UNCLEAR),
    Case("not even if all are such", _luns(lun("shiny", "unknown")), UNCLEAR),
    Case("they do not matter where enough others work", _luns(lun("active", "active", "unknown")), FINE),
    Case("a dead one beside them warns", _luns(lun("dead", "unknown")), WARNING),
    Case("without paths there is nothing to judge", _luns(replace(lun(), paths=())), UNCLEAR),
    Case("disks of the host itself are no matter", _luns(lun("dead", local=True), lun("active", local=True)), FINE),
    Case("a detached LUN is no matter", _luns(lun("dead", "dead", device=("off",))), FINE),
    Case("a device that does not answer is critical", _luns(lun(device=("lostCommunication",))), CRITICAL),
    Case("a degraded one warns", _luns(lun(device=("ok", "degraded"))), WARNING),
    Case("one with errors warns", _luns(lun(device=("error",))), WARNING),
    Case("one that times out warns", _luns(lun(device=("timeout",))), WARNING),
    Case("new states of devices are no matter", _luns(lun(device=("unknownState", "dancing"))), FINE),
    Case(
        "a LUN is one finding, whatever is wrong", _luns(lun("dead", device=("lostCommunication", "error"))), CRITICAL
    ),
    Case(
        "each LUN is a finding of its own",
        _luns(lun("dead", "active", "active"), lun("dead", name="naa.2")),
        Says(finds={("warning", "esx01", LUN), ("critical", "esx01", "naa.2")}, examined={"esx01"}),
    ),
    Case("a disconnected host is not examined", estate(hosts=[AWAY]), Says(missed={("esx08", None)})),
    Case("storage that was not read is not examined", estate(luns={ESX: LATE}), Says(missed={("esx01", None)})),
    Case("a host without storage", estate(hosts=[ESX]), Says(missed={("esx01", None)})),
    Case(
        "all hosts of a cluster have as many",
        estate(luns={ESX: (lun(),), OTHER: (lun(),)}),
        Says(examined={"esx01", "esx02", "prod"}),
    ),
    Case(
        "one has fewer: worth knowing",
        estate(luns={ESX: (lun(),), OTHER: (lun("active", "active"),)}),
        Says(finds={("info", "prod", LUN)}, examined={"esx01", "esx02", "prod"}),
    ),
    Case(
        "a dead path is a path, so the numbers are the same",
        estate(luns={ESX: (lun("active", "active"),), OTHER: (lun("active", "dead"),)}),
        Says(finds={("warning", "esx02", LUN)}, examined={"esx01", "esx02", "prod"}),
    ),
    Case(
        "hosts in maintenance and of other clusters are not compared",
        estate(luns={ESX: (lun(),), RESTING: (lun("active", "active"),), ELSEWHERE: (lun("active", "active"),)}),
        Says(examined={"esx01", "esx04", "esx09"}),
    ),
    Case(
        "a host that stands alone is compared with nobody",
        estate(luns={host(cluster=None): (lun(),), host("b", cluster=None): (lun("active", "active"),)}),
        Says(examined={"esx01", "b"}),
    ),
    Case(
        "a datastore that all reach is fine",
        estate(mounts={STORE: (mount(ESX),)}, luns={ESX: ()}),
        Says(examined={"esx01", "ds01"}),
    ),
    Case(
        "an inaccessible datastore is critical",
        estate(mounts={datastore(accessible=False): (mount(ESX, accessible=False),)}, luns={ESX: ()}),
        Says(finds={("critical", "ds01", None)}, examined={"esx01", "ds01"}),
    ),
    Case(
        "so is one on NFS, which has no paths to judge",
        estate(
            mounts={replace(datastore(accessible=False), type="NFS"): (mount(ESX, accessible=False),)}, luns={ESX: ()}
        ),
        Says(finds={("critical", "ds01", None)}, examined={"esx01", "ds01"}),
    ),
    Case(
        "one that a single host has lost is critical",
        estate(mounts={STORE: (mount(ESX), mount(OTHER, accessible=False))}, luns={ESX: (), OTHER: ()}),
        Says(finds={("critical", "ds01", None)}, examined={"esx01", "esx02", "ds01"}),
    ),
    Case(
        "what a disconnected host says is old",
        estate(mounts={STORE: (mount(ESX), mount(AWAY, accessible=False))}, luns={ESX: ()}, hosts=[AWAY]),
        Says(examined={"esx01", "ds01"}, missed={("esx08", None)}),
    ),
    Case(
        "what only such hosts mount is not examined",
        estate(mounts={datastore(accessible=False): (mount(AWAY, accessible=False),)}, hosts=[AWAY]),
        Says(missed={("ds01", None), ("esx08", None)}),
    ),
    Case(
        "what hosts out of scope say is no matter",
        estate(mounts={STORE: (mount(ESX), mount(OTHER, accessible=False))}, luns={ESX: ()}),
        Says(examined={"esx01", "ds01"}),
    ),
    Case(
        "unmounted on purpose is no fault",
        estate(mounts={STORE: (mount(ESX), mount(OTHER, mounted=False, accessible=False))}, luns={ESX: (), OTHER: ()}),
        Says(examined={"esx01", "esx02", "ds01"}),
    ),
    Case(
        "vCenter need not say that a datastore is mounted and accessible",
        estate(mounts={STORE: (mount(ESX, mounted=None, accessible=None),)}, luns={ESX: ()}),
        Says(examined={"esx01", "ds01"}),
    ),
    Case(
        "lost by a host in maintenance: somebody works there",
        estate(mounts={STORE: (mount(ESX), mount(RESTING, accessible=False))}, luns={ESX: (), RESTING: ()}),
        Says(finds={("info", "ds01", None)}, examined={"esx01", "esx04", "ds01"}),
    ),
    Case(
        "so for a datastore in maintenance",
        estate(
            mounts={
                replace(datastore(accessible=False), maintenance_mode="inMaintenance"): (mount(ESX, accessible=False),)
            },
            luns={ESX: ()},
        ),
        Says(finds={("info", "ds01", None)}, examined={"esx01", "ds01"}),
    ),
    Case(
        "one that is only on its way there must still be accessible",
        estate(
            mounts={replace(STORE, maintenance_mode="enteringMaintenance"): (mount(ESX, accessible=False),)},
            luns={ESX: ()},
        ),
        Says(finds={("critical", "ds01", None)}, examined={"esx01", "ds01"}),
    ),
    Case("mounts that were not read are not examined", estate(mounts={STORE: LATE}), Says(missed={("ds01", None)})),
    Case("nothing is there", estate(), Says()),
    Case("the least is configurable", _luns(lun("active", "active", "active")), WARNING, {"minimum_paths": 4}),
    Case("one may be enough", _luns(lun("active")), FINE, {"minimum_paths": 1}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_storage_paths(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def _dead(*names: str | None) -> Lun:
    paths = (StoragePath("vmhba64", "dead", name) for name in names)
    return replace(lun(), paths=(*lun("active").paths, *paths))


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (_luns(lun("dead", "dead")), f"The LUN {LUN} cannot be reached: none of its 2 paths works"),
        (
            _luns(_dead("vmhba64:C0:T1:L3", None)),
            f"2 of 3 paths to the LUN {LUN} are dead (vmhba64:C0:T1:L3, vmhba64); 1 work, the least is 2",
        ),
        (
            _luns(lun("active", "active", "dead", "disabled")),
            f"1 of 4 paths to the LUN {LUN} are dead (vmhba64); 2 work, the least is 2",
        ),
        (
            _luns(_dead(*"abcd")),
            f"4 of 5 paths to the LUN {LUN} are dead (a, b, c, d); 1 work, the least is 2",
        ),
        (
            _luns(_dead(*"abcde")),
            f"5 of 6 paths to the LUN {LUN} are dead (a, b, c, d ...); 1 work, the least is 2",
        ),
        (_luns(lun("active", "disabled")), f"1 of 2 paths to the LUN {LUN} work; the least is 2"),
        (
            _luns(lun(device=("ok", "degraded", "timeout"))),
            f"The host reports the LUN {LUN} as degraded, timeout; 4 of 4 paths work",
        ),
        (
            estate(luns={ESX: (lun(),), OTHER: (lun("active", "active"),)}),
            f"The LUN {LUN} has 4 paths, but fewer on esx02 (the least: 2)",
        ),
        (
            estate(mounts={STORE: (mount(ESX), mount(OTHER, accessible=False))}, luns={ESX: (), OTHER: ()}),
            "The datastore is not accessible from 1 of 2 connected hosts (esx02: AllPathsDown_Timeout)",
        ),
        (
            estate(mounts={datastore(accessible=False): (mount(ESX),)}, luns={ESX: ()}),
            "The datastore is not accessible from 1 of 1 connected hosts (esx01: no reason given)",
        ),
    ],
)
def test_the_text_names_device_value_and_limit(given: Inventory, text: str) -> None:
    (found,) = findings(SLUG, given)
    assert english(found.text) == text


@pytest.mark.parametrize(("number", "end"), [(4, ", d: gone)"), (5, ", d: gone ...)")])
def test_four_hosts_that_lost_a_datastore_are_named(number: int, end: str) -> None:
    hosts = [host(name) for name in "abcde"[:number]]
    lost = tuple(replace(mount(one, accessible=False), inaccessible_reason="gone") for one in hosts)
    (found,) = findings(SLUG, estate(mounts={STORE: lost}, hosts=hosts))
    assert english(found.text).endswith(f"connected hosts (a: gone, b: gone, c: gone{end}")


def test_the_cluster_of_a_comparison_is_the_hosts_cluster() -> None:
    (found,) = findings(SLUG, estate(luns={ESX: (lun(),), OTHER: (lun("active", "active"),)}))
    assert found.object == CLUSTER


def test_a_datastore_that_no_connected_host_mounts_is_no_reason_of_its_own() -> None:
    given = estate(mounts={STORE: (mount(AWAY),)}, hosts=[AWAY])
    missed = [one for one in verdicts(SLUG, given) if isinstance(one, NotExamined)]
    assert {one.object.name: one.why.derived for one in missed} == {"esx08": False, "ds01": True}

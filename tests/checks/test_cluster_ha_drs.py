import pytest

from tests.builders import CLUSTER, FORBIDDEN, LATE, Case, Says, entity, findings, host, says, verdicts
from tests.builders_clusters import estate, settings
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import ClusterIssue, ClusterSettings, Host, HostFdm, NotExamined, Unseen
from vhealthd.wording import english

SLUG = "cluster-ha-drs"

A, B = host("esx01"), host("esx02")
OFF = host("esx03", connection_state="notResponding")
RESTING = host("esx04", in_maintenance_mode=True)
ALONE = host("alone", cluster=None)
BOTH = frozenset({"prod", "esx01", "esx02"})
NEITHER = frozenset({"prod"})
EMPTY, UNREAD = entity("ClusterComputeResource", "empty"), entity("ClusterComputeResource", "unread")
NO_ROOM = ClusterIssue(type="InsufficientFailoverResourcesEvent", message="Insufficient resources.")
NO_AGENT = ClusterIssue(type="HostNoAgentEvent", message="No agent.")


def _cluster(
    given: ClusterSettings | Unseen | None = None,
    *,
    issues: tuple[ClusterIssue, ...] | Unseen = (),
    states: dict[Host, str | Unseen] | None = None,
    hosts: tuple[Host, ...] = (A, B),
) -> Inventory:
    agents = dict.fromkeys(hosts, "connectedToMaster") | {A: "master"} | (states or {})
    return estate(
        {
            Need.CLUSTER_SETTINGS: {CLUSTER: given or settings()},
            Need.CLUSTER_ISSUES: {CLUSTER: issues},
            Need.HOST_FDM: {
                one: state if isinstance(state, Unseen) else HostFdm(state=state) for one, state in agents.items()
            },
        },
        hosts=hosts,
    )


def _one(severity: str, key: str, examined: frozenset[str] = BOTH) -> Says:
    return Says(finds={(severity, "prod", key)}, examined=examined)


def _agent(severity: str) -> Says:
    return Says(finds={(severity, "esx02", None)}, examined=BOTH)


CASES = [
    Case("all is on", _cluster(), Says(examined=BOTH)),
    Case(
        "HA off is critical, and its agents are no matter",
        _cluster(settings(ha=False)),
        _one("critical", "ha", NEITHER),
    ),
    Case(
        "HA off is not reported as unmonitored besides",
        _cluster(settings(ha=False, host_monitoring="disabled")),
        _one("critical", "ha", NEITHER),
    ),
    *(
        Case(
            f"host monitoring that is {word} warns",
            _cluster(settings(host_monitoring=word)),
            _one("warning", "host-monitoring"),
        )
        for word in ("disabled", "partial")  # the last one: a word of a later release
    ),
    Case("DRS off warns, whatever is set for when it is on", _cluster(settings(drs=False)), _one("warning", "drs")),
    Case("DRS by hand warns", _cluster(settings(drs_behavior="manual")), _one("warning", "drs")),
    Case("DRS by half warns", _cluster(settings(drs_behavior="partiallyAutomated")), _one("warning", "drs")),
    *(
        Case(
            f"so does {word}, as a later release may say", _cluster(settings(drs_behavior=word)), _one("warning", "drs")
        )
        for word in ("adaptive", "wise")
    ),
    Case(
        "what is not told is not examined",
        _cluster(settings(ha=None, drs=None)),
        Says(examined=NEITHER, missed={("prod", "ha"), ("prod", "drs")}),
    ),
    Case(
        "nor what is told by half",
        _cluster(settings(host_monitoring=None, drs_behavior=None)),
        Says(examined=BOTH, missed={("prod", "host-monitoring"), ("prod", "drs")}),
    ),
    Case("settings that were not read are not examined", _cluster(LATE), Says(missed={("prod", None)})),
    *(
        Case(f"an agent in state {state} is critical", _cluster(states={B: state}), _agent("critical"))
        for state in ("networkPartitionedFromMaster", "fdmUnreachable", "hostDown")
    ),
    *(
        Case(f"an agent in state {state} warns", _cluster(states={B: state}), _agent("warning"))
        for state in ("election", "networkIsolated", "initializationError", "uninitialized", "newInTen")
    ),
    Case(
        "an agent that is not told of is not examined",
        _cluster(states={B: FORBIDDEN}),
        Says(examined={"prod", "esx01"}, missed={("esx02", None)}),
    ),
    Case(
        "a host that is away is not examined, and one in maintenance has no agent",
        _cluster(states={RESTING: "uninitialized"}, hosts=(A, B, OFF, RESTING)),
        Says(examined=BOTH, missed={("esx03", None)}),
    ),
    Case(
        "a cluster with one host of two in maintenance is a cluster of two",
        _cluster(settings(ha=False), hosts=(A, RESTING)),
        _one("critical", "ha", NEITHER),
    ),
    Case(
        "a cluster of one host has nowhere to fail over to",
        _cluster(settings(ha=False, drs=False), hosts=(A,)),
        Says(missed={("prod", None)}),
    ),
    Case("an empty cluster is no matter", _cluster(settings(ha=False), hosts=()), Says()),
    Case(
        "a host outside of clusters is no matter",
        _cluster(states={ALONE: "hostDown"}, hosts=(A, B, ALONE)),
        Says(examined=BOTH),
    ),
    Case(
        "what vCenter complains of warns, once for each kind",
        _cluster(issues=(NO_ROOM, NO_ROOM, ClusterIssue(type="com.vmware.x", message=""))),
        Says(
            finds={
                ("warning", "prod", "config-issue InsufficientFailoverResourcesEvent"),
                ("warning", "prod", "config-issue com.vmware.x"),
            },
            examined=BOTH,
        ),
    ),
    Case(
        "complaints that were not read are not examined",
        _cluster(issues=LATE),
        Says(examined=BOTH, missed={("prod", "config-issues")}),
    ),
    Case(
        "hosts of another cluster do not count",
        _cluster(settings(ha=False), hosts=(A, host("other", cluster=entity("ClusterComputeResource", "test")))),
        Says(missed={("prod", None)}),
    ),
    Case(
        "clusters that are not judged hide none that follows",
        estate(
            {Need.CLUSTER_SETTINGS: {UNREAD: LATE, CLUSTER: settings(ha=False)}},
            clusters=(EMPTY, UNREAD, CLUSTER),
            hosts=(host("u1", cluster=UNREAD), host("u2", cluster=UNREAD), A, B),
        ),
        Says(
            finds={("critical", "prod", "ha")},
            examined={"prod"},
            missed={("unread", None), ("prod", "config-issues")},
        ),
    ),
    Case("nothing is there", estate({}, clusters=()), Says()),
    Case("without the rule of DRS", _cluster(settings(drs=False)), Says(examined=BOTH), {"drs": False}),
    Case(
        "without the rule of host monitoring",
        _cluster(settings(host_monitoring="disabled")),
        Says(examined=BOTH),
        {"host_monitoring": False},
    ),
    Case("without complaints", _cluster(issues=(NO_ROOM,)), Says(examined=BOTH), {"config_issues": False}),
    Case(
        "for one cluster alone DRS is no matter",
        _cluster(settings(drs=False)),
        Says(examined=BOTH),
        {"overrides": [{"match": "^prod$", "drs": False}]},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cluster_ha_drs(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (1, "vCenter reports: Insufficient resources"),
        (2, "vCenter reports: Insufficient resources (and 1 more of this kind)"),
        (3, "vCenter reports: Insufficient resources (and 2 more of this kind)"),
    ],
)
def test_a_complaint_is_quoted_and_counted(count: int, text: str) -> None:
    (found,) = findings(SLUG, _cluster(issues=(NO_ROOM,) * count))
    assert english(found.text) == text


@pytest.mark.parametrize("issues", [(NO_ROOM, NO_AGENT), (NO_AGENT, NO_ROOM)], ids=["sorted", "unsorted"])
def test_each_kind_is_quoted_in_its_own_words_sorted_by_kind(issues: tuple[ClusterIssue, ...]) -> None:
    assert [(one.key, english(one.text)) for one in findings(SLUG, _cluster(issues=issues))] == [
        ("config-issue HostNoAgentEvent", "vCenter reports: No agent"),
        ("config-issue InsufficientFailoverResourcesEvent", "vCenter reports: Insufficient resources"),
    ]


def test_where_complaints_were_not_read_no_old_one_counts_as_mended() -> None:
    (missed,) = [one for one in verdicts(SLUG, _cluster(issues=LATE)) if isinstance(one, NotExamined)]
    assert missed.hides(f"config-issue {NO_ROOM.type}")


def test_a_complaint_without_words_is_named_by_its_kind() -> None:
    (found,) = findings(SLUG, _cluster(issues=(ClusterIssue(type="com.vmware.x", message=""),)))
    assert english(found.text) == "vCenter reports: com.vmware.x"

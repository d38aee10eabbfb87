from collections.abc import Mapping

import pytest

from tests.builders import BYSTANDERS, FORBIDDEN, LATE, Case, Says, findings, hides, host, reachability, says
from tests.builders_hosts import appliance_time, clock, of_hosts, services, time
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import Host, HostClock, Unseen
from vhealthd.wording import english

SLUG = "ntp-drift"

HOSTS = tuple(host(f"esx{number:02}") for number in range(1, 9))
A = HOSTS[0]
OFF = host("off", connection_state="notResponding")


def _clocks(*clocks: float | HostClock | Unseen, vcenter: float | None = 0, error: float | None = 0.01) -> Inventory:
    """Return an estate of hosts whose clocks are so many seconds ahead of the daemon's."""
    seen = dict(zip(HOSTS, (clock(one) if isinstance(one, (int, float)) else one for one in clocks), strict=False))
    way = reachability(clock_skew_seconds=vcenter, clock_error_seconds=error)
    return of_hosts(*seen, way=way, parts=_measured(seen))


def _measured(clocks: Mapping[Host, HostClock | Unseen]) -> Mapping[Need, Mapping[Host, object]]:
    return {
        Need.HOST_CLOCKS: clocks,
        Need.HOST_TIME: dict.fromkeys(clocks, time()),
        Need.HOST_SERVICES: dict.fromkeys(clocks, services()),
    }


def _host(**parts: object) -> Inventory:
    healthy: dict[str, object] = {"host_clocks": clock(), "host_time": time(), "host_services": services()}
    return of_hosts(A, parts={Need(name): {A: record} for name, record in (healthy | parts).items()})


def _finds(
    *found: tuple[str, str, str | None], hosts: int, missed: frozenset[tuple[str, str | None]] = frozenset()
) -> Says:
    return Says(finds=set(found), examined={"vc01", *(one.name for one in HOSTS[:hosts])}, missed=missed)


DAEMON = ("warning", "vc01", "daemon-clock")

CASES = [
    Case("clocks that agree are fine", _clocks(0, 0.4, -0.4), _finds(hosts=3)),
    Case("at 5 s, both ways, all is fine", _clocks(0, 5, -5), _finds(hosts=3)),
    Case("over 5 s warns", _clocks(0, 0, 5.02), _finds(("warning", "esx03", None), hosts=3)),
    Case("and behind as well", _clocks(0, 0, -5.02), _finds(("warning", "esx03", None), hosts=3)),
    Case("60 s still warn", _clocks(0, 0, 60), _finds(("warning", "esx03", None), hosts=3)),
    Case("over 60 s is critical", _clocks(0, 0, -60.02), _finds(("critical", "esx03", None), hosts=3)),
    Case("what the measuring may have erred is no drift", _clocks(0, 0, clock(8, 3)), _finds(hosts=3)),
    Case("beyond that it is", _clocks(0, 0, clock(8.1, 3)), _finds(("warning", "esx03", None), hosts=3)),
    Case(
        "an answer that was late makes no critical",
        _clocks(0, 0, clock(64, 4)),
        _finds(("warning", "esx03", None), hosts=3),
    ),
    Case("vCenter's own clock", _clocks(0, 0, vcenter=7), _finds(("warning", "vc01", None), hosts=2)),
    Case("vCenter's own clock, far off", _clocks(0, 0, vcenter=-90), _finds(("critical", "vc01", None), hosts=2)),
    Case("vCenter's clock with the error of measuring it", _clocks(0, 0, vcenter=7, error=2), _finds(hosts=2)),
    Case(
        "all off by the same amount: it is the daemon, once",
        _clocks(30, 30.4, 29.8, vcenter=30),
        _finds(DAEMON, hosts=3),
    ),
    Case("and no worse than a warning", _clocks(-3600, -3601, vcenter=-3600), _finds(DAEMON, hosts=2)),
    Case(
        "up to 5 s and the error of measuring the daemon is well too",
        _clocks(5, 5, vcenter=6, error=1),
        _finds(hosts=2),
    ),
    Case("clocks that are 5 s apart agree", _clocks(30, 35, vcenter=30), _finds(DAEMON, hosts=2)),
    Case("one host and vCenter against the daemon", _clocks(30, vcenter=31), _finds(DAEMON, hosts=1)),
    Case("one host alone against the daemon", _clocks(30, vcenter=None), _finds(("warning", "esx01", None), hosts=1)),
    Case("hosts alone, where vCenter's clock was not read", _clocks(30, 30, vcenter=None), _finds(DAEMON, hosts=2)),
    Case(
        "the daemon is off, and one host is off besides",
        _clocks(30, 30, 30, 0, vcenter=30),
        _finds(DAEMON, ("warning", "esx04", None), hosts=4),
    ),
    Case(
        "the daemon is off, and one host is far off besides",
        _clocks(30, 30, 100, 30, vcenter=None),
        _finds(DAEMON, ("critical", "esx03", None), hosts=4),
    ),
    Case(
        "half of the clocks are no majority: the daemon counts as well",
        _clocks(30, 0, vcenter=30),
        _finds(("warning", "esx01", None), ("warning", "vc01", None), hosts=2),
    ),
    Case(
        "so in a larger estate",
        _clocks(30, 30, 0, 0, vcenter=30),
        _finds(*(("warning", name, None) for name in ("esx01", "esx02", "vc01")), hosts=4),
    ),
    Case(
        "a majority of the hosts, though many are off the other way",
        _clocks(0, 0, 0, 30, 30, 30, 30, 30, vcenter=None),
        _finds(DAEMON, *(("warning", one.name, None) for one in HOSTS[:3]), hosts=8),
    ),
    Case(
        "or further in the same way",
        _clocks(30, 30, 30, 30, 30, 30, 100, 100, vcenter=None),
        _finds(DAEMON, *(("critical", one.name, None) for one in HOSTS[6:]), hosts=8),
    ),
    Case(
        "hosts that agree with each other but not with vCenter are wrong themselves",
        _clocks(30, 30, 30),
        _finds(*(("warning", one.name, None) for one in HOSTS[:3]), hosts=3),
    ),
    Case(
        "hosts that are all off by different amounts",
        _clocks(10, 30, 90, vcenter=0),
        _finds(("warning", "esx01", None), ("warning", "esx02", None), ("critical", "esx03", None), hosts=3),
    ),
    Case(
        "a clock that could not be read is its own gap",
        _clocks(0, LATE, 9),
        _finds(("warning", "esx03", None), hosts=3, missed=frozenset({("esx02", "clock")})),
    ),
    Case("without hosts vCenter's clock is not compared", _clocks(vcenter=300), _finds(hosts=0)),
    Case("limits are configurable", _clocks(0, 0, 9), _finds(hosts=3), {"warning_seconds": 10}),
    Case(
        "and may be other ones for some hosts",
        _clocks(0, 9, 9),
        _finds(("warning", "esx02", None), hosts=3),
        {"overrides": [{"match": "^esx03", "warning_seconds": 10}]},
    ),
    Case(
        "ntpd that stands still warns",
        _host(host_services=services(ntpd=False)),
        _finds(("warning", "esx01", "ntp-service"), hosts=1),
    ),
    Case(
        "where PTP keeps the time, ptpd must run and nothing else",
        _host(host_time=time(protocol="ptp", servers=()), host_services=services(ntpd=False, ptpd=True)),
        _finds(hosts=1),
    ),
    Case(
        "ptpd that stands still warns",
        _host(host_time=time(protocol="ptp", servers=())),
        _finds(("warning", "esx01", "ntp-service"), hosts=1),
    ),
    Case(
        "a host without servers warns",
        _host(host_time=time(servers=())),
        _finds(("warning", "esx01", "ntp-servers"), hosts=1),
    ),
    Case(
        "ntpd that does not get its time warns",
        _host(host_time=time(synchronised=False)),
        _finds(("warning", "esx01", "ntp-sync"), hosts=1),
    ),
    Case(
        "one that stands still cannot: that is said once",
        _host(host_time=time(synchronised=False), host_services=services(ntpd=False)),
        _finds(("warning", "esx01", "ntp-service"), hosts=1),
    ),
    Case(
        "a host that says nothing of all this uses NTP",
        _host(host_time=time(protocol=None, synchronised=None)),
        _finds(hosts=1),
    ),
    Case(
        "services that it does not list",
        _host(host_services={}),
        _finds(hosts=1, missed=frozenset({("esx01", "ntp-service")})),
    ),
    Case(
        "a host of which nothing could be read",
        _host(host_clocks=LATE, host_time=LATE, host_services=LATE),
        Says(examined={"vc01"}, missed={("esx01", "clock"), ("esx01", "ntp-service"), ("esx01", "ntp-servers")}),
    ),
    Case(
        "one of which only the clock could be read has been examined",
        _host(host_time=LATE, host_services=LATE),
        _finds(hosts=1, missed=frozenset({("esx01", "ntp-service"), ("esx01", "ntp-servers")})),
    ),
    Case(
        "without its services nobody knows whether ntpd runs, and so why its time is not right",
        _host(host_time=time(synchronised=False), host_services=LATE),
        _finds(hosts=1, missed=frozenset({("esx01", "ntp-service")})),
    ),
    Case(
        "a disconnected host is not examined, and its clock counts nowhere",
        of_hosts(A, OFF, parts=_measured({A: clock(), OFF: clock(900)})),
        _finds(hosts=1, missed=frozenset({("off", None)})),
    ),
    Case(
        "an appliance without synchronisation warns",
        of_hosts(appliance_time=appliance_time("DISABLED", ())),
        _finds(("warning", "vc01", "ntp-service"), hosts=0),
    ),
    Case(
        "an appliance without servers warns",
        of_hosts(appliance_time=appliance_time("NTP", ())),
        _finds(("warning", "vc01", "ntp-servers"), hosts=0),
    ),
    Case(
        "an appliance with the time of its host needs none",
        of_hosts(appliance_time=appliance_time("HOST", ())),
        _finds(hosts=0),
    ),
    *(
        Case(
            f"a mode of a later release, such as {mode}, is no fault",
            of_hosts(appliance_time=appliance_time(mode, ())),
            _finds(hosts=0),
        )
        for mode in ("AUTO", "PTP")
    ),
    Case(
        "an appliance of which only the mode could be read has been examined",
        of_hosts(appliance_time=appliance_time("NTP", FORBIDDEN)),
        _finds(hosts=0, missed=frozenset({("vc01", "ntp-servers")})),
    ),
    Case(
        "an appliance that the account may not read",
        of_hosts(appliance_time=appliance_time(FORBIDDEN, FORBIDDEN)),
        Says(missed={("vc01", "ntp-service"), ("vc01", "ntp-servers")}),
    ),
    Case(
        "one without servers whose mode is not known may need none",
        of_hosts(appliance_time=appliance_time(LATE, ())),
        Says(missed={("vc01", "ntp-service"), ("vc01", "ntp-servers")}),
    ),
    Case(
        "has a clock nevertheless",
        of_hosts(A, parts=_measured({A: clock()}), appliance_time=appliance_time(FORBIDDEN, FORBIDDEN)),
        _finds(hosts=1, missed=frozenset({("vc01", "ntp-service"), ("vc01", "ntp-servers")})),
    ),
    Case("virtual machines are no matter", of_hosts(vms=BYSTANDERS), _finds(hosts=0)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_ntp_drift(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_the_text_gives_drift_error_and_limit() -> None:
    (found,) = findings(SLUG, _clocks(0, 0, clock(-61.5, 0.25)))
    assert english(found.text) == (
        "The clock differs from this machine's by -61.5 s (± 0.2 s; negative: behind); the limit is 60.0 s"
    )
    assert found.text.params["error_seconds"] == 0.25


def test_an_error_that_was_not_measured_counts_as_none() -> None:
    (found,) = findings(SLUG, _clocks(0, 0, vcenter=5.5, error=None))
    assert english(found.text) == (
        "The clock differs from this machine's by 5.5 s (± 0.0 s; negative: behind); the limit is 5.0 s"
    )


def test_against_the_daemon_vcenters_clock_is_the_measure() -> None:
    given = _clocks(clock(29, 0.5), clock(32, 0.5), clock(0, 0.5), vcenter=30, error=0.25)
    daemon, drift = findings(SLUG, given)
    assert english(daemon.text) == (
        "The daemon's own clock is off: this machine's differs from 3 others, which agree, "
        "by -30.0 s (± 0.2 s; negative: behind); the limit is 5.0 s"
    )
    assert english(drift.text) == (
        "The clock differs from the 3 that agree against this machine's "
        "by -30.0 s (± 0.8 s; negative: behind); the limit is 5.0 s"
    )


@pytest.mark.parametrize(
    ("given", "key"),
    [
        (_host(host_clocks=LATE), None),
        (_host(host_services=LATE), "ntp-sync"),
        (_host(host_time=LATE), "ntp-sync"),
    ],
)
def test_what_was_not_read_may_hide_a_finding(given: Inventory, key: str | None) -> None:
    assert hides(SLUG, given, "esx01", key)
    assert not hides(SLUG, _host(), "esx01", key)

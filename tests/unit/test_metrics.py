"""What Prometheus reads after what was heard; and that what is gone leaves nothing behind."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from prometheus_client import REGISTRY
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from tests.report.scans import finding, ordinary, result, scan, unreachable, vcenter, vm
from vhealthd.metrics import Metrics
from vhealthd.model import Mute, Outcome, ScanReport, Severity, VCenterState
from vhealthd.vcenter.observer import SessionState

if TYPE_CHECKING:
    from vhealthd.vcenter.observer import Observer

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Backlog:
    pending: int = 0
    oldest: datetime | None = None
    failed: int = 0


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def series(metrics: Metrics, name: str) -> dict[str, float]:
    """Return the series of a metric, as `check=dns-resolution vcenter=prod`."""
    families = read_text(metrics.exposition().body.decode())
    return {
        " ".join(f"{key}={value}" for key, value in sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
        if sample.name == name
    }


def shown(metrics: Metrics) -> str:
    return metrics.exposition().body.decode()


def of(*names: str) -> ScanReport:
    """Return a scan of vCenters in which something is critical."""
    found = result("snapshot-age", [finding(vm("a", 1), Severity.CRITICAL)])
    return scan(*(vcenter(name, [found, result("dns-resolution")]) for name in names))


# --- the last scan --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("pass", 0), ("info", 1), ("warning", 2), ("critical", 3), ("unknown", 4), ("skipped", 5)],
)
def test_each_outcome_has_its_number(metrics: Metrics, outcome: str, status: int) -> None:
    metrics.scan_finished(scan(vcenter("prod", [result("dns-resolution", outcome=Outcome(outcome))])))

    assert series(metrics, "vhealthd_check_status") == {"category=vm check=dns-resolution vcenter=prod": status}


def test_findings_are_counted_by_severity_and_only_those_that_count(metrics: Metrics) -> None:
    mute = Mute(rule="x", owner="jd", reason="known", until=date(2027, 1, 1))
    found = [
        finding(vm("a", 1), Severity.CRITICAL),
        finding(vm("b", 2)),
        finding(vm("c", 3)),
        replace(finding(vm("d", 4)), muted=mute),
        replace(finding(vm("e", 5), Severity.CRITICAL), silenced_by="host-connection on esx-1"),
    ]

    metrics.scan_finished(scan(vcenter("prod", [result("snapshot-age", found), result("dns-resolution")])))

    assert series(metrics, "vhealthd_findings") == {
        "check=snapshot-age severity=critical vcenter=prod": 1,
        "check=snapshot-age severity=warning vcenter=prod": 2,
    }
    assert series(metrics, "vhealthd_critical_findings_total") == {"vcenter=prod": 1}


def test_critical_findings_add_up_over_scans(metrics: Metrics) -> None:
    metrics.scan_finished(of("prod"))
    metrics.scan_finished(of("prod"))

    assert series(metrics, "vhealthd_critical_findings_total") == {"vcenter=prod": 2}


def test_what_a_scan_no_longer_finds_is_gone(metrics: Metrics) -> None:
    metrics.scan_finished(of("prod", "lab"))
    metrics.scan_finished(scan(vcenter("prod", [result("dns-resolution")])))

    assert "lab" not in "".join(
        [*series(metrics, "vhealthd_check_status"), *series(metrics, "vhealthd_last_scan_timestamp_seconds")]
    )
    assert series(metrics, "vhealthd_findings") == {}
    assert series(metrics, "vhealthd_check_duration_seconds_count") == {"check=dns-resolution": 3}


def test_times_are_those_of_the_scan(metrics: Metrics) -> None:
    report = of("prod", "lab")
    metrics.scan_finished(report)
    metrics.next_scan(NOW + timedelta(days=1))

    ended = report.finished.timestamp()
    assert series(metrics, "vhealthd_last_scan_timestamp_seconds") == {"vcenter=prod": ended, "vcenter=lab": ended}
    assert series(metrics, "vhealthd_next_scan_timestamp_seconds") == {"": NOW.timestamp() + 86400}
    assert series(metrics, "vhealthd_scan_duration_seconds_sum") == {"": 12.4}
    metrics.next_scan(None)
    assert series(metrics, "vhealthd_next_scan_timestamp_seconds") == {}


@pytest.mark.parametrize("state", VCenterState)
def test_a_scan_is_counted_by_its_worst_vcenter(metrics: Metrics, state: VCenterState) -> None:
    metrics.scan_finished(scan(ordinary("a"), replace(ordinary("b"), state=state)))

    counted = {labels for labels, value in series(metrics, "vhealthd_scans_total").items() if value}
    assert counted == {f"result={state.value} trigger=schedule"}


def test_a_run_that_was_given_up_is_counted_and_changes_nothing_else(metrics: Metrics) -> None:
    assert series(metrics, "vhealthd_scans_total")["result=failed trigger=api"] == 0, "it is there before it happens"
    metrics.scan_finished(of("prod"))
    before = series(metrics, "vhealthd_check_status")

    metrics.scan_started()
    assert series(metrics, "vhealthd_scan_running") == {"": 1}
    metrics.scan_failed("api")

    assert series(metrics, "vhealthd_scans_total")["result=failed trigger=api"] == 1
    assert series(metrics, "vhealthd_check_status") == before
    assert series(metrics, "vhealthd_scan_running") == {"": 0}


def test_after_a_start_the_last_scan_is_shown_and_not_counted(metrics: Metrics) -> None:
    metrics.show(of("prod"))

    assert len(series(metrics, "vhealthd_check_status")) == 2
    assert series(metrics, "vhealthd_critical_findings_total") == {}
    assert not any(series(metrics, "vhealthd_scans_total").values())


def test_an_unreachable_vcenter_was_scanned_too(metrics: Metrics) -> None:
    metrics.scan_finished(scan(unreachable("prod")))

    status = series(metrics, "vhealthd_check_status")
    assert status["category=connectivity check=vcenter-reachability vcenter=prod"] == 3
    assert status["category=vm check=snapshot-age vcenter=prod"] == 4
    assert list(series(metrics, "vhealthd_last_scan_timestamp_seconds")) == ["vcenter=prod"]


def test_an_sla_of_nothing_is_no_series(metrics: Metrics) -> None:
    metrics.sla({("prod", "24h"): 0.9871, ("prod", "30d"): 0.0, ("lab", "24h"): None})

    assert series(metrics, "vhealthd_sla_ratio") == {"vcenter=prod window=24h": 0.9871, "vcenter=prod window=30d": 0}


def test_the_health_score_is_that_of_the_last_run(metrics: Metrics) -> None:
    assert series(metrics, "vhealthd_health_score") == {}

    warns = result("snapshot-age", [finding(vm("a"))], examined=1)
    metrics.scan_finished(scan(vcenter("prod", [result("dns-resolution")]), vcenter("lab", [warns])))
    assert series(metrics, "vhealthd_health_score") == {"": 85}, "over both: one passes, one costs 30"

    metrics.show(scan(vcenter("prod", [result("dns-resolution")])))
    assert series(metrics, "vhealthd_health_score") == {"": 100}


def test_where_nothing_was_judged_there_is_no_health_score(metrics: Metrics) -> None:
    metrics.scan_finished(of("prod"))
    metrics.scan_finished(scan(vcenter("prod", [result("dns-resolution", outcome=Outcome.SKIPPED)])))

    assert series(metrics, "vhealthd_health_score") == {}


def test_a_score_of_0_is_one(metrics: Metrics) -> None:
    critical = result("snapshot-age", [finding(vm("a"), Severity.CRITICAL)], examined=1)
    metrics.scan_finished(scan(vcenter("prod", [critical])))

    assert series(metrics, "vhealthd_health_score") == {"": 0}


def test_open_alerts_are_counted_by_vcenter_and_severity(metrics: Metrics) -> None:
    metrics.config("0" * 64, ["prod", "lab"])
    assert series(metrics, "vhealthd_open_alerts") == {}, "nobody has looked yet"

    metrics.open_alerts([("prod", Severity.CRITICAL), ("prod", Severity.WARNING), ("prod", Severity.WARNING)])

    assert series(metrics, "vhealthd_open_alerts") == {
        "severity=critical vcenter=prod": 1,
        "severity=warning vcenter=prod": 2,
        "severity=info vcenter=prod": 0,
        **{f"severity={one.value} vcenter=lab": 0 for one in Severity},
    }


def test_an_alert_that_is_over_is_not_counted_any_more(metrics: Metrics) -> None:
    metrics.config("0" * 64, ["prod"])
    metrics.open_alerts([("prod", Severity.CRITICAL)])
    metrics.open_alerts([])

    assert set(series(metrics, "vhealthd_open_alerts").values()) == {0}


# --- the talk with vCenters -----------------------------------------------------------------------------------------


def test_it_listens_to_the_talk_with_vcenters(metrics: Metrics) -> None:
    observer: Observer = metrics

    observer.request("prod", "vi", "200", 0.02)
    observer.request("prod", "vi", "200", 3)
    observer.request("prod", "automation", "timeout", 45)
    observer.login("prod")
    observer.session("prod", SessionState.OPEN)
    observer.session("prod", SessionState.LOST)

    assert series(metrics, "vhealthd_vcenter_requests_total") == {
        "api=vi code=200 vcenter=prod": 2,
        "api=automation code=timeout vcenter=prod": 1,
    }
    assert series(metrics, "vhealthd_vcenter_request_duration_seconds_sum") == {"vcenter=prod": 48.02}
    assert series(metrics, "vhealthd_vcenter_logins_total") == {"vcenter=prod": 1}
    assert series(metrics, "vhealthd_vcenter_session_state") == {
        "state=open vcenter=prod": 0,
        "state=lost vcenter=prod": 1,
        "state=closed vcenter=prod": 0,
    }


def test_a_vcenter_that_leaves_the_configuration_leaves_nothing_behind(metrics: Metrics) -> None:
    def talk() -> None:
        for name in ("prod", "lab"):
            metrics.request(name, "vi", "200", 0.1)
            metrics.login(name)
            metrics.session(name, SessionState.OPEN)
        metrics.scan_finished(of("prod", "lab"))
        metrics.sla({("prod", "24h"): 1.0, ("lab", "24h"): 1.0})
        metrics.open_alerts([("prod", Severity.INFO), ("lab", Severity.INFO)])

    talk()
    assert "lab" in shown(metrics)

    metrics.config("0" * 64, ["prod"])

    assert 'vcenter="lab"' not in shown(metrics)
    assert 'vcenter="prod"' in shown(metrics)
    # a scan that was under way with the configuration of before
    talk()
    assert 'vcenter="lab"' not in shown(metrics)
    metrics.config("1" * 64, ["prod", "lab"])
    talk()
    assert series(metrics, "vhealthd_vcenter_logins_total") == {"vcenter=prod": 3, "vcenter=lab": 1}


# --- deliveries and the service -------------------------------------------------------------------------------------


def test_deliveries(metrics: Metrics) -> None:
    metrics.retried("mail", 10)
    metrics.delivered("mail", 0.4)
    metrics.failed("s3", 0)
    metrics.attachment("attached")
    metrics.webhook("ops", 0.2)
    metrics.alert("ops", 4)

    assert series(metrics, "vhealthd_deliveries_total") == {
        "result=retried sink=mail": 1,
        "result=delivered sink=mail": 1,
        "result=failed sink=s3": 1,
    }
    assert series(metrics, "vhealthd_delivery_duration_seconds_sum") == {"sink=mail": 10.4}
    assert series(metrics, "email_attachments_total") == {"result=attached": 1}
    assert series(metrics, "webhook_delivery_duration_seconds_count") == {"channel=ops": 1}
    assert series(metrics, "vhealthd_alert_latency_seconds_sum") == {"channel=ops": 4}


def test_the_outbox(metrics: Metrics) -> None:
    assert series(metrics, "vhealthd_outbox_oldest_seconds") == {"": 0}

    metrics.outbox({"mail": Backlog(3, NOW - timedelta(hours=1), 1), "s3": Backlog(1, NOW - timedelta(hours=2))}, NOW)

    assert series(metrics, "vhealthd_outbox_pending") == {"sink=mail": 3, "sink=s3": 1}
    assert series(metrics, "vhealthd_outbox_failed") == {"sink=mail": 1, "sink=s3": 0}
    assert series(metrics, "vhealthd_outbox_oldest_seconds") == {"": 7200}

    metrics.outbox({"mail": Backlog(1, NOW + timedelta(hours=1))}, NOW)

    assert series(metrics, "vhealthd_outbox_pending") == {"sink=mail": 1}
    assert series(metrics, "vhealthd_outbox_oldest_seconds") == {"": 0}, "a clock that was set back"


def test_what_is_wrong_is_shown_while_it_is(metrics: Metrics) -> None:
    metrics.problems(["storage", "mail"])
    assert series(metrics, "vhealthd_problem") == {"subject=mail": 1, "subject=storage": 1}

    metrics.problems([])
    assert series(metrics, "vhealthd_problem") == {}


def test_one_configuration_and_one_build_are_shown(metrics: Metrics) -> None:
    metrics.config("a" * 64, [])
    metrics.config("b" * 64, [])

    assert series(metrics, "vhealthd_config_info") == {f"sha256={'b' * 64}": 1}
    (build,) = series(metrics, "vhealthd_build_info")
    assert build.startswith("python=3.")
    assert " version=" in build


def test_the_process_is_measured_too(metrics: Metrics) -> None:
    assert {"process_resident_memory_bytes", "process_open_fds", "python_gc_collections_total"} <= {
        line.split("{")[0].split(" ")[0] for line in shown(metrics).splitlines()
    }


# --- the form -------------------------------------------------------------------------------------------------------


def test_two_of_them_know_nothing_of_each_other(metrics: Metrics) -> None:
    metrics.scan_finished(of("prod"))

    assert series(Metrics(), "vhealthd_check_status") == {}
    assert not [one.name for one in REGISTRY.collect() if one.name.startswith("vhealthd")]


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        "text/plain; version=nonsense; escaping=\\x00",
        "text/plain; version=9999.0.0",
        "application/json",
    ],
)
def test_text_is_for_whoever_does_not_ask_for_openmetrics(metrics: Metrics, accept: str) -> None:
    metrics.scan_finished(of("prod"))

    said = metrics.exposition(accept)

    assert said.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert list(read_text(said.body.decode()))


@pytest.mark.parametrize(
    "accept",
    [
        "application/openmetrics-text",
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain",
        "application/openmetrics-text; version=nonsense",
    ],
)
def test_openmetrics(metrics: Metrics, accept: str) -> None:
    metrics.scan_finished(of("prod"))

    said = metrics.exposition(accept)

    assert said.content_type == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert said.body.endswith(b"# EOF\n")
    assert list(read_openmetrics(said.body.decode()))  # type: ignore[no-untyped-call]  # as the library has it


def test_no_label_names_a_single_object(metrics: Metrics) -> None:
    metrics.scan_finished(scan(ordinary("prod")))

    labels = {key for family in metrics.registry.collect() for sample in family.samples for key in sample.labels}
    assert labels <= {
        *("vcenter", "check", "category", "severity", "trigger", "result", "le"),
        *("version", "python", "generation", "sha256"),
    }
    assert "esx-0" not in shown(metrics)
    assert "app-01" not in shown(metrics)


def test_a_large_estate_has_few_series(metrics: Metrics) -> None:
    found = [finding(vm(f"vm-{n}", n)) for n in range(5_000)]
    metrics.scan_finished(scan(vcenter("prod", [result(f"check-{n}", found) for n in range(3)])))

    assert len(series(metrics, "vhealthd_findings")) == 3

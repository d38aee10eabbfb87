"""docs/metrics.md, the alerts in deploy/prometheus and the metrics that are served say the same."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.report.scans import ordinary, scan
from vhealthd.metrics import Metrics
from vhealthd.vcenter.observer import SessionState

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/metrics.md"
RULES = ROOT / "deploy/prometheus/rules.yml"
ROW = re.compile(r"\| `(?P<name>\w+)` \| (?P<type>\w+) \|(?P<labels>[^|]*)\| (?P<meaning>[^|]+) \|")
ALERT = re.compile(r"^\| `(\w+)` \| (critical|warning) \| [^|]+ \|$", re.MULTILINE)
OF_EVERY_PROGRAM = ("process_", "python_gc_")

# Parts of PromQL: text in quotes, a list of labels, a metric with its matchers (which functions and numbers are not).
TEXT = re.compile(r'"[^"]*"')
LABELS = re.compile(r"\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)")
METRIC = re.compile(r"\b(?!(?:and|or|unless|offset|bool)\b)([a-z_]\w*)\b(?!\s*\()(?:\{([^}]*)\})?")
FROM_PROMETHEUS = frozenset({"job", "instance"})

Described = dict[str, tuple[str, frozenset[str]]]


def served() -> Described:
    """Return type and labels of every metric, once each of them has a series."""
    metrics = Metrics()
    metrics.scan_finished(scan(ordinary()))
    metrics.request("prod", "vi", "200", 0.1)
    metrics.login("prod")
    metrics.session("prod", SessionState.OPEN)
    metrics.sla({("prod", "24h"): 1.0})
    metrics.next_scan(scan().finished)
    metrics.delivered("mail", 1.0)
    metrics.attachment("attached")
    metrics.webhook("ops", 1.0)
    metrics.alert("ops", 1.0)
    metrics.problems(["storage"])
    metrics.config("0" * 64, ["prod"])
    metrics.open_alerts([])
    metrics.outbox({"mail": _Backlog()}, scan().finished)
    return {
        f"{one.name}_total" if one.type == "counter" else one.name: (
            one.type,
            frozenset(key for sample in one.samples for key in sample.labels if key != "le"),
        )
        for one in metrics.registry.collect()
        if one.samples and not one.name.startswith(OF_EVERY_PROGRAM)
    }


class _Backlog:
    pending, oldest, failed = 1, None, 1


def samples() -> dict[str, frozenset[str]]:
    """Return the labels of all that a query may ask for, by name."""
    found = {"up": FROM_PROMETHEUS, "process_resident_memory_bytes": FROM_PROMETHEUS}
    for name, (kind, labels) in served().items():
        own = labels | FROM_PROMETHEUS
        if kind == "histogram":
            found |= {f"{name}_bucket": own | {"le"}, f"{name}_sum": own, f"{name}_count": own}
        else:
            found[name] = own
    return found


def asked(query: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each metric in a query, with the labels that it must have for that query."""
    bare = TEXT.sub("", query)
    lists = frozenset(re.findall(r"\w+", " ".join(LABELS.findall(bare))))
    for name, matchers in METRIC.findall(LABELS.sub("", bare)):
        yield name, lists | frozenset(re.findall(r"\w+", matchers))


def wrong(query: str) -> list[str]:
    """Return the metrics in a query that are not served, or not with these labels."""
    known = samples()
    return [name for name, labels in asked(query) if name not in known or not labels <= known[name]]


def rules() -> list[dict[str, Any]]:
    """Return all rules of deploy/prometheus."""
    return [rule for group in YAML(typ="safe").load(RULES)["groups"] for rule in group["rules"]]


def told() -> Described:
    """Return what the page says."""
    rows = [found for line in PAGE.read_text().splitlines() if (found := ROW.fullmatch(line))]
    return {
        row["name"]: (row["type"], frozenset(part.strip("` ") for part in row["labels"].split(",") if part.strip()))
        for row in rows
    }


def test_the_page_tells_of_every_metric_as_it_is() -> None:
    assert told() == served()


def test_every_metric_has_a_series_in_this_test() -> None:
    known = {
        f"{one.name}_total" if one.type == "counter" else one.name
        for one in Metrics().registry.collect()
        if not one.name.startswith(OF_EVERY_PROGRAM)
    }

    assert known == set(served())


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ('sum by (vcenter) (vhealthd_findings{severity="critical", vcenter=~"a{2}"}) > 26 * 3600', []),
        ("vhealthd_check_status[1h] offset 1d unless on (vcenter) vhealthd_sla_ratio", []),
        ("histogram_quantile(0.9, sum by (le) (rate(vhealthd_scan_duration_seconds_bucket[1h])))", []),
        ("rate(vhealthd_scan_duration_seconds[1h])", ["vhealthd_scan_duration_seconds"]),
        ('up == 1 and vhealthd_finding{check="x"}', ["vhealthd_finding"]),
        ('vhealthd_sla_ratio{host="a"}', ["vhealthd_sla_ratio"]),
        ("sum by (host) (vhealthd_problem)", ["vhealthd_problem"]),
    ],
)
def test_a_query_for_what_is_not_served_is_found(query: str, fault: list[str]) -> None:
    assert wrong(query) == fault


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_goes_by_what_is_served_and_says_what_to_do(rule: dict[str, Any]) -> None:
    assert wrong(rule["expr"]) == []
    assert re.fullmatch(r"(Vhealthd|Vsphere)([A-Z][a-z]+)+", rule["alert"])
    assert rule["for"]
    assert rule["labels"].keys() == {"severity"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook"}
    assert all(rule["annotations"].values())


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_the_runbook_of_an_alert_is_a_page_and_a_heading(rule: dict[str, Any]) -> None:
    page, _, anchor = rule["annotations"]["runbook"].replace("{{ $labels.check }}", "datastore-capacity").partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)

    assert anchor in {"", *(re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings)}


def test_the_page_tells_of_every_alert() -> None:
    assert ALERT.findall(PAGE.read_text()) == [(rule["alert"], rule["labels"]["severity"]) for rule in rules()]

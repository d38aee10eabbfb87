"""docs/metrics.md and the metrics that are served say the same."""

import re
from pathlib import Path

from tests.report.scans import ordinary, scan
from vhealthd.metrics import Metrics
from vhealthd.vcenter.observer import SessionState

PAGE = Path(__file__).parents[2] / "docs/metrics.md"
ROW = re.compile(r"\| `(?P<name>\w+)` \| (?P<type>\w+) \|(?P<labels>[^|]*)\| (?P<meaning>[^|]+) \|")
OF_EVERY_PROGRAM = ("process_", "python_gc_")

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


def test_what_nobody_feeds_yet_is_said() -> None:
    unfed = {row["name"] for row in ROW.finditer(PAGE.read_text()) if "**Not fed yet" in row["meaning"]}

    assert unfed == {"webhook_delivery_duration_seconds", "vhealthd_alert_latency_seconds"}

"""The fixed words of a report, as tables: what stands in the JSON as a code, and what the template writes by itself."""

from vhealthd.language import Language

Table = dict[str, str]

NOTHING = "—"


def outcomes(language: Language) -> Table:
    """Name the outcomes."""
    words = language.words
    return {
        "critical": words("Critical"),
        "unknown": words("Unknown"),
        "warning": words("Warning"),
        "info": words("Info"),
        "pass": words("Pass"),
        "skipped": words("Skipped"),
    }


def outcomes_inside(language: Language) -> Table:
    """Name the outcomes inside of a sentence, after a number."""
    words = language.words
    return {
        "critical": words("critical"),
        "unknown": words("unknown"),
        "warning": words("warning"),
        "info": words("info"),
        "pass": words("pass"),
        "skipped": words("skipped"),
    }


def meanings(language: Language) -> Table:
    """Explain the outcomes."""
    words = language.words
    return {
        "critical": words("Act now: something fails, or is about to."),
        "unknown": words("It should have been seen and was not. It may be anything, so it is not fine."),
        "warning": words("Plan a change: it is outside its limits, or will be."),
        "info": words("Worth knowing; nothing has to be done."),
        "pass": words("All that was examined is as it should be, or is muted or silenced."),
        "skipped": words("There was nothing to examine, or this account or release cannot show it."),
    }


def categories(language: Language) -> Table:
    """Name the chapters."""
    words = language.words
    return {
        "connectivity": words("Connectivity"),
        "watermark": words("Utilization"),
        "infrastructure": words("Infrastructure"),
        "compute": words("Compute"),
        "storage": words("Storage"),
        "network": words("Network"),
        "vm": words("Virtual machines"),
    }


def states(language: Language) -> Table:
    """Say how much of a vCenter was seen."""
    words = language.words
    return {
        "scanned": words("Scanned"),
        "partial": words("Seen in part"),
        "unreachable": words("Unreachable"),
    }


def tls(language: Language) -> Table:
    """Say how a certificate was looked at."""
    words = language.words
    return {
        "verified": words("Verified"),
        "pinned": words("Pinned certificate"),
        "unverified": words("Verification is switched off"),
        "plain": words("No TLS: plain HTTP"),
    }


def triggers(language: Language) -> Table:
    """Say why a scan ran."""
    words = language.words
    return {
        "manual": words("Started by hand"),
        "schedule": words("On schedule"),
        "catchup": words("Caught up after a missed run"),
        "sighup": words("Reloaded configuration"),
        "api": words("Started through the API"),
    }


def run(language: Language) -> Table:
    """Name the facts of a run."""
    words = language.words
    return {
        "run": words("Run"),
        "trigger": words("Why it ran"),
        "started": words("Started"),
        "finished": words("Finished"),
        "duration": words("Duration"),
        "version": words("Made by"),
    }


def tiles(language: Language) -> Table:
    """Name what the tiles of the first page count."""
    words = language.words
    return {
        "vcenters": words("vCenters"),
        "hosts": words("Hosts"),
        "vms": words("Virtual machines"),
        "datastores": words("Datastores"),
        "affected": words("Objects affected"),
    }


def changes(language: Language) -> Table:
    """Name what became of findings."""
    words = language.words
    return {
        "new": words("New"),
        "worsened": words("Worse"),
        "improved": words("Better"),
        "resolved": words("Resolved"),
        "ongoing": words("Still open"),
    }


def resources(language: Language) -> Table:
    """Name what can be full."""
    words = language.words
    return {"cpu": words("CPU"), "memory": words("Memory"), "storage": words("Storage")}


def windows(language: Language) -> Table:
    """Name the windows of SLA attainment."""
    words = language.words
    return {
        "run": words("this run"),
        "24h": words("24 hours"),
        "7d": words("7 days"),
        "30d": words("30 days"),
    }


def origins(language: Language) -> Table:
    """Say where a limit comes from."""
    words = language.words
    return {"default": words("default"), "config": words("configuration"), "override": words("override")}


def labels(language: Language) -> dict[str, str | Table]:
    """Return what the template writes by itself."""
    words = language.words
    return {
        "title": words("vSphere health report"),
        "page": words("Page {page} of {pages}"),
        "contents": words("Contents"),
        "skip": words("Skip to the content"),
        "outcomes": outcomes(language),
        "meanings": meanings(language),
        "by-outcome": words("Results by outcome"),
        "by-category": words("Results by category"),
        "top": words("Top findings"),
        "status": words("Status"),
        "check": words("Check"),
        "checks": words("Checks"),
        "vcenter": words("vCenter"),
        "outcome": words("Outcome"),
        "examined": words("Examined"),
        "findings": words("Findings"),
        "object": words("Object"),
        "path": words("Path"),
        "finding": words("Finding"),
        "what-to-do": words("What to do"),
        "not-judged": words("Not judged, or not in full"),
        "reason": words("Reason"),
        "not-examined": words("Objects that were not examined"),
        "count": words("Count"),
        "objects": words("Objects"),
        "appendix": words("Appendix"),
        "vcenters": words("vCenters"),
        "state": words("State"),
        "version": words("Version"),
        "tls": words("TLS"),
        "requests": words("Requests"),
        "in-scope": words("Objects in scope"),
        "datacenters": words("Datacenters"),
        "clusters": words("Clusters"),
        "hosts": words("Hosts"),
        "vms": words("VMs"),
        "datastores": words("Datastores"),
        "unmatched": words("Names in the configured scope that match nothing"),
        "names": words("Names"),
        "mutes": words("Mutes in the configuration"),
        "mute": words("What is muted"),
        "owner": words("Owner"),
        "until": words("Until"),
        "meaning": words("Meaning"),
        "outcomes-explained": words("What the outcomes mean"),
        "this-run": words("This run"),
        "attachment": words("All results, for machines"),
        "score": words("Health score"),
        "of-100": words("of 100"),
        "by-cluster": words("Findings by cluster"),
        "heat-legend": words("dark: something critical; light: warnings only"),
        "sla": words("SLA attainment"),
        "sla-meaning": words("share of judged results that are not critical"),
        "since-last": words("Since the last run"),
        "next-scan": words("Next scan"),
        "changes": words("Changes since the last run"),
        "change": words("Change"),
        "risks": words("Top risks"),
        "measured": words("Measured"),
        "limit": words("Limit"),
        "limits": words("Limits in force"),
        "first-seen": words("First seen"),
        "age": words("Open for"),
        "not-compared": words("What could not be compared"),
        "article": words("Article"),
        "trend": words("Trend and capacity"),
        "findings-by-run": words("Findings by run"),
        "used": words("Used"),
        "clusters-by-usage": words("Clusters and standalone hosts by usage"),
        "datastores-by-usage": words("Datastores by usage"),
        "cluster": words("Cluster or host"),
        "datastore": words("Datastore"),
        "capacity": words("Capacity"),
        "days-to-full": words("Full in"),
        "origin": words("Origin"),
        "failed": words("Deliveries that failed since the last run"),
        "what": words("What"),
        "sink": words("To"),
        "seconds": words("Where the time went"),
        "part": words("Part"),
        "in-seconds": words("Seconds"),
        "when": words("When"),
        "logo": words("Logo"),
        "judging": words("Judging"),
        "reading": words("Reading"),
        "cpu": words("CPU"),
        "memory": words("Memory"),
        "score-explained": words("How the health score is made"),
        "score-meaning": words(
            "100 less the mean cost of all results. A pass, an info and what was skipped cost nothing, a warning 15 to "
            "30 points, an unknown 50, a critical 60 to 100: the more, the larger the share of the examined objects "
            "that is affected. A new critical finding never raises the score."
        ),
    }

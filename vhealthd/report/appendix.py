"""The last pages of the PDF: which vCenters were seen, how far, and how (see `view`)."""

from typing import Any

from vhealthd.model import Delivery, LimitInForce, MuteUse, ScanReport, VCenterReport
from vhealthd.report.background import Background
from vhealthd.report.glyphs import cell, safe
from vhealthd.report.labels import origins, run
from vhealthd.report.order import judged
from vhealthd.report.reportwords import ReportWords
from vhealthd.report.words import NOTHING, Words

View = dict[str, Any]

_SLOWEST = 12

KINDS = ("datacenters", "clusters", "hosts", "vms", "datastores")


def appendix(report: ScanReport, background: Background, words: ReportWords) -> View:
    """Return the vCenters, what was in scope of each, the limits in force, and the facts of the run."""
    return {
        "vcenters": [_vcenter(one, words) for one in report.vcenters],
        "kinds": list(KINDS),
        "unmatched": [
            {"vcenter": cell(one.name), "names": cell(words.named(one.unmatched_scope, len(one.unmatched_scope)))}
            for one in report.vcenters
            if one.unmatched_scope
        ],
        "mutes": [_mute(one, words) for one in report.mutes],
        "limits": _limits(report, words),
        "failed": [_failed(one, words) for one in background.failed],
        "seconds": _seconds(report, words),
        "run": _run(report, words),
    }


def _limits(report: ScanReport, words: ReportWords) -> list[View]:
    """Return a row for each check and origin, with all the limits that come from there."""
    results = {row.result.check: row.result for row in judged(report)}
    rows: dict[tuple[str, str, str | None], list[LimitInForce]] = {}
    for one in report.limits:
        rows.setdefault((one.check, one.origin, one.match), []).append(one)
    names = origins(words.language)
    return [
        {
            "title": cell(words.language.words(results[check].title) if check in results else check),
            "limits": cell(
                words.listed([words.limit(one.name, one.value, words.language.words(one.unit)) for one in limits])
            ),
            "origin": cell(words.override(match) if match else names.get(origin, origin)),
            "changed": origin != "default",
        }
        for (check, origin, match), limits in rows.items()
    ]


def _failed(one: Delivery, words: ReportWords) -> View:
    return {
        "what": cell(one.parcel.what),
        "sink": cell(one.parcel.sink),
        "run": safe(one.parcel.run_id),
        "reason": cell(one.error or NOTHING),
        "when": words.moment(one.settled) if one.settled else NOTHING,
    }


def _seconds(report: ScanReport, words: ReportWords) -> list[View]:
    """Return what took longest: reading by collector, judging by check."""
    reading = [
        (vcenter.name, "reading", name, taken)
        for vcenter in report.vcenters
        for name, taken in vcenter.collecting.items()
    ]
    judging = [(row.vcenter.name, "judging", row.result.check, row.result.seconds) for row in judged(report)]
    slowest = sorted(reading + judging, key=lambda one: (-one[3], one))[:_SLOWEST]
    return [
        {"vcenter": cell(vcenter), "kind": kind, "name": cell(name), "seconds": words.language.decimal(taken, 3)}
        for vcenter, kind, name, taken in slowest
    ]


def _vcenter(vcenter: VCenterReport, words: Words) -> View:
    state = words.states[vcenter.state]
    return {
        "name": cell(vcenter.name),
        "url": cell(vcenter.url),
        # Only a link that a reader can trust: names come from vCenter, and Typst links to any scheme.
        "link": vcenter.url if vcenter.url.startswith("https://") and safe(vcenter.url) == vcenter.url else None,
        "state": cell(words.with_reason(state, vcenter.reason) if vcenter.reason else state),
        "version": cell(_version(vcenter, words)),
        "tls": words.tls.get(vcenter.tls, safe(vcenter.tls)),
        "trusted": vcenter.tls in ("verified", "pinned"),
        "requests": words.number(vcenter.requests),
        "counts": [_count(getattr(vcenter.counts, kind), words) for kind in KINDS],
    }


def _version(vcenter: VCenterReport, words: Words) -> str:
    if vcenter.version is None:
        return NOTHING
    return words.in_brackets(vcenter.version, vcenter.build) if vcenter.build else vcenter.version


def _count(value: int | None, words: Words) -> str:
    return NOTHING if value is None else words.number(value)


def _mute(use: MuteUse, words: Words) -> View:
    return {
        "rule": cell(words.mute(use.mute.rule)),
        "owner": cell(use.mute.owner),
        "reason": cell(use.mute.reason),
        "until": words.language.day(use.mute.until),
        "state": words.language.words("Expired: it mutes nothing") if use.expired else "",
        "findings": words.number(use.findings),
    }


def _run(report: ScanReport, words: ReportWords) -> list[dict[str, str]]:
    facts = (
        ("run", report.run_id),
        ("trigger", words.triggers.get(report.trigger, report.trigger)),
        ("started", words.moment(report.started)),
        ("finished", words.moment(report.finished)),
        ("duration", words.language.duration(report.finished - report.started)),
        ("version", f"vhealthd {report.tool_version}"),
    )
    names = run(words.language)
    return [{"label": names[name], "value": safe(value)} for name, value in facts]

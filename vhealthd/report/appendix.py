"""The last pages of the PDF: which vCenters were seen, how far, and how (see `view`)."""

from typing import Any

from vhealthd.model import MuteUse, ScanReport, VCenterReport
from vhealthd.report import english
from vhealthd.report.glyphs import cell, safe

View = dict[str, Any]

KINDS = ("datacenters", "clusters", "hosts", "vms", "datastores")


def appendix(report: ScanReport) -> View:
    """Return the vCenters, what was in scope of each, and the facts of the run."""
    return {
        "vcenters": [_vcenter(one) for one in report.vcenters],
        "kinds": list(KINDS),
        "unmatched": [
            {"vcenter": cell(one.name), "names": cell(", ".join(one.unmatched_scope))}
            for one in report.vcenters
            if one.unmatched_scope
        ],
        "mutes": [_mute(one) for one in report.mutes],
        "run": _run(report),
    }


def _vcenter(vcenter: VCenterReport) -> View:
    state = english.STATES[vcenter.state]
    return {
        "name": cell(vcenter.name),
        "url": cell(vcenter.url),
        # Only a link that a reader can trust: names come from vCenter, and Typst links to any scheme.
        "link": vcenter.url if vcenter.url.startswith("https://") and safe(vcenter.url) == vcenter.url else None,
        "state": cell(f"{state}: {vcenter.reason}" if vcenter.reason else state),
        "version": cell(_version(vcenter)),
        "tls": english.TLS.get(vcenter.tls, safe(vcenter.tls)),
        "trusted": vcenter.tls in ("verified", "pinned"),
        "requests": english.number(vcenter.requests),
        "counts": [_count(getattr(vcenter.counts, kind)) for kind in KINDS],
    }


def _version(vcenter: VCenterReport) -> str:
    if vcenter.version is None:
        return english.NOTHING
    return f"{vcenter.version} ({vcenter.build})" if vcenter.build else vcenter.version


def _count(value: int | None) -> str:
    return english.NOTHING if value is None else english.number(value)


def _mute(use: MuteUse) -> View:
    return {
        "rule": cell(use.mute.rule),
        "owner": cell(use.mute.owner),
        "reason": cell(use.mute.reason),
        "until": english.day(use.mute.until),
        "state": english.EXPIRED if use.expired else "",
        "findings": english.number(use.findings),
    }


def _run(report: ScanReport) -> list[dict[str, str]]:
    facts = (
        ("run", report.run_id),
        ("trigger", english.TRIGGERS.get(report.trigger, report.trigger)),
        ("started", english.moment(report.started)),
        ("finished", english.moment(report.finished)),
        ("duration", english.duration(report.finished - report.started)),
        ("version", f"vhealthd {report.tool_version}"),
    )
    return [{"label": english.RUN[name], "value": safe(value)} for name, value in facts]

"""The last pages of the PDF: which vCenters were seen, how far, and how (see `view`)."""

from typing import Any

from vhealthd.model import MuteUse, ScanReport, VCenterReport
from vhealthd.report.glyphs import cell, safe
from vhealthd.report.labels import run
from vhealthd.report.words import NOTHING, Words

View = dict[str, Any]

KINDS = ("datacenters", "clusters", "hosts", "vms", "datastores")


def appendix(report: ScanReport, words: Words) -> View:
    """Return the vCenters, what was in scope of each, and the facts of the run."""
    return {
        "vcenters": [_vcenter(one, words) for one in report.vcenters],
        "kinds": list(KINDS),
        "unmatched": [
            {"vcenter": cell(one.name), "names": cell(words.named(one.unmatched_scope, len(one.unmatched_scope)))}
            for one in report.vcenters
            if one.unmatched_scope
        ],
        "mutes": [_mute(one, words) for one in report.mutes],
        "run": _run(report, words),
    }


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


def _run(report: ScanReport, words: Words) -> list[dict[str, str]]:
    facts = (
        ("run", report.run_id),
        ("trigger", words.triggers.get(report.trigger, report.trigger)),
        ("started", words.language.moment(report.started)),
        ("finished", words.language.moment(report.finished)),
        ("duration", words.language.duration(report.finished - report.started)),
        ("version", f"vhealthd {report.tool_version}"),
    )
    names = run(words.language)
    return [{"label": names[name], "value": safe(value)} for name, value in facts]

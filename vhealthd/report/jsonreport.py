"""report.json: what machines read of a scan. `report.schema.json` beside this file says its form, key by key."""

from datetime import UTC, datetime
from typing import Any

import orjson

from vhealthd.figures import figures
from vhealthd.model import (
    CheckResult,
    Entity,
    Finding,
    LimitInForce,
    Mute,
    MuteUse,
    NotExamined,
    ScanReport,
    Usage,
    VCenterReport,
    VirtualCenter,
    identity,
)
from vhealthd.report.background import NO_BACKGROUND, Background
from vhealthd.report.order import Judged, judged, worst_findings_first
from vhealthd.wording import english, evidence

SCHEMA = 1


def encode(report: ScanReport, background: Background = NO_BACKGROUND) -> bytes:
    """Return report.json, in UTF-8, indented for people who look into it."""
    return orjson.dumps(as_dict(report, background), option=orjson.OPT_INDENT_2)


def as_dict(report: ScanReport, background: Background = NO_BACKGROUND) -> dict[str, Any]:
    """Return report.json as plain dicts and lists."""
    told = figures(report)
    return {
        "schema": SCHEMA,
        "tool": {"name": "vhealthd", "version": report.tool_version},
        "run_id": report.run_id,
        "trigger": report.trigger,
        "started": _moment(report.started),
        "finished": _moment(report.finished),
        "health_score": told.score,
        "used_percent": {one.value: round(percent, 2) for one, percent in told.used.items()},
        "vcenters": [_vcenter(one) for one in report.vcenters],
        "results": [_result(row, report, background) for row in judged(report)],
        "limits": [_limit(one) for one in report.limits],
        "mutes": [_use(one) for one in report.mutes],
    }


def _vcenter(vcenter: VCenterReport) -> dict[str, Any]:
    counts = vcenter.counts
    return {
        "name": vcenter.name,
        "url": vcenter.url,
        "instance_uuid": vcenter.instance_uuid,
        "version": vcenter.version,
        "build": vcenter.build,
        "state": vcenter.state.value,
        "reason": vcenter.reason,
        "tls": vcenter.tls,
        "counts": {
            "datacenters": counts.datacenters,
            "clusters": counts.clusters,
            "hosts": counts.hosts,
            "vms": counts.vms,
            "datastores": counts.datastores,
        },
        "requests": vcenter.requests,
        "unmatched_scope": list(vcenter.unmatched_scope),
        "seen": None if vcenter.seen is None else _moment(vcenter.seen),
    }


def _limit(one: LimitInForce) -> dict[str, str | None]:
    return {
        "check": one.check,
        "name": one.name,
        "value": one.value,
        "unit": one.unit,
        "origin": one.origin,
        "match": one.match,
    }


def _result(row: Judged, report: ScanReport, background: Background) -> dict[str, Any]:
    vcenter, result = row
    return {
        "vcenter": vcenter.name,
        "check": result.check,
        "category": result.category.value,
        "title": result.title,
        "outcome": result.outcome.value,
        "reason": None if result.reason is None else english(result.reason),
        "examined": result.examined,
        "not_examined": [_not_examined(one) for one in result.not_examined],
        "seconds": round(result.seconds, 3),
        "kb": result.kb_url,
        "usage": [_usage(one) for one in result.usages],
        "findings": [
            of_finding(vcenter, result, one, background.since(report, vcenter, result, one))
            for one in worst_findings_first(result.findings)
        ],
    }


def _usage(one: Usage) -> dict[str, Any]:
    days = one.days_to_full
    return {
        "object": _object(one.object),
        "resource": one.resource.value,
        "used": one.used,
        "capacity": one.capacity,
        "percent": round(one.percent, 2),
        "warning_percent": one.warning_percent,
        "critical_percent": one.critical_percent,
        "days_to_full": None if days is None else round(days, 1),
    }


def _not_examined(one: NotExamined) -> dict[str, Any]:
    return {"object": _object(one.object), "rule": one.rule, "reason": english(one.why.reason)}


def of_finding(vcenter: VCenterReport, result: CheckResult, finding: Finding, since: datetime | None) -> dict[str, Any]:
    """Return a finding as report.json has it; `since` is when it was first seen."""
    return {
        "severity": finding.severity.value,
        "object": _object(finding.object),
        "message": english(finding.text),
        "evidence": evidence(finding.text),
        "remediation": result.remediation,
        "first_seen": None if since is None else _moment(since),
        "key": finding.key,
        "identity": identity(vcenter, result, finding),
        "muted": None if finding.muted is None else _mute(finding.muted),
        "silenced_by": finding.silenced_by,
    }


def _use(use: MuteUse) -> dict[str, Any]:
    return {**_mute(use.mute), "findings": use.findings, "expired": use.expired}


def _mute(mute: Mute) -> dict[str, str]:
    return {"rule": mute.rule, "owner": mute.owner, "reason": mute.reason, "until": mute.until.isoformat()}


def _object(entity: Entity) -> dict[str, Any]:
    if isinstance(entity, VirtualCenter):
        return {"type": "VirtualCenter", "id": entity.ref.value or None, "name": entity.name, "path": None}
    return {"type": entity.ref.type, "id": entity.ref.value, "name": entity.name, "path": entity.path}


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

"""Rules across checks: which findings count, and where the limits come from that they name. Pure.

A finding is muted by the configuration, or silenced by another finding that explains it. Either way it stays in its
place and counts in no outcome. Only a finding that is there silences another: a check that did not run, or could not
see, hides nothing. A muted finding is there, and still explains.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from vhealthd.catalogue import BoundCheck
from vhealthd.config import ALL_CHECKS, MuteSettings, ObjectMatch
from vhealthd.limits import Limits
from vhealthd.model import (
    CheckResult,
    Datastore,
    Entity,
    Finding,
    Host,
    MoRef,
    Mute,
    MuteUse,
    Outcome,
    Param,
    VirtualMachine,
)


def apply(
    checks: Sequence[BoundCheck],
    results: Sequence[CheckResult],
    mutes: Sequence[MuteSettings],
    *,
    vcenter: str,
    now: datetime,
) -> tuple[CheckResult, ...]:
    """Return the results of one vCenter with every finding marked and every outcome taken from those that count.

    `results` are those of `checks`, in their order. `vcenter` is its name in the configuration.
    """
    silencers = [_silencers(row, results) for row in DEPENDENCIES]
    here = (one for one in mutes if not one.match.vcenter or vcenter in one.match.vcenter)
    active = [(one, mute) for one in here if not (mute := mute_of(one)).expired(now)]

    def marked(slug: str, limits: Limits, finding: Finding) -> Finding:
        return replace(
            finding,
            text=replace(finding.text, params={**finding.text.params, **_origin(limits, finding)}),
            silenced_by=_silencer(slug, finding.object, silencers),
            muted=next((mute for one, mute in active if _mutes(one, slug, finding.object)), None),
        )

    return tuple(
        _recounted(replace(result, findings=tuple(marked(result.check, bound.limits, one) for one in result.findings)))
        for bound, result in zip(checks, results, strict=True)
    )


def _recounted(result: CheckResult) -> CheckResult:
    """Take the outcome from the findings that count, and from what was not seen."""
    if not result.findings:
        return result
    # With findings, a reason is there only where a part of what the check judges was hidden from it.
    rest = Outcome.PASS if result.reason is None else Outcome.UNKNOWN
    said = [Outcome(one.severity.value) for one in result.counted]
    return replace(result, outcome=min([rest, *said], key=lambda one: one.rank))


# --- mutes ----------------------------------------------------------------------------------------------------------


def uses(mutes: Sequence[MuteSettings], results: Iterable[CheckResult], *, now: datetime) -> tuple[MuteUse, ...]:
    """Say what became of each mute in a whole run."""
    counts = Counter(finding.muted for result in results for finding in result.findings)
    configured = dict.fromkeys(mute_of(one) for one in mutes)
    return tuple(MuteUse(mute=one, findings=counts[one], expired=one.expired(now)) for one in configured)


def mute_of(settings: MuteSettings) -> Mute:
    """Return what the report says of a mute: `snapshot-age: vcenter prod, name ^backup-`."""
    match = settings.match
    parts = (
        ("vcenter", " or ".join(match.vcenter) or None),
        ("name", match.name and match.name.pattern),
        ("folder", match.folder),
        ("cluster", match.cluster),
        ("datacenter", match.datacenter),
    )
    checks = "all checks" if ALL_CHECKS in settings.check else ", ".join(settings.check)
    where = ", ".join(f"{name} {value}" for name, value in parts if value is not None)
    rule = f"{checks}: {where}" if where else checks
    return Mute(rule=rule, owner=settings.owner, reason=settings.reason, until=settings.until)


def _mutes(settings: MuteSettings, slug: str, entity: Entity) -> bool:
    return not {slug, ALL_CHECKS}.isdisjoint(settings.check) and matches(settings.match, entity)


def matches(match: ObjectMatch, entity: Entity) -> bool:
    """Whether all that is given of an object fits. What is not known of an object does not fit."""
    return (
        (match.name is None or match.name.search(entity.name) is not None)
        and (match.folder is None or _below(match.folder, entity))
        and (match.cluster is None or _called(match.cluster, _within(entity, entity.cluster, "ClusterComputeResource")))
        and (match.datacenter is None or _called(match.datacenter, _within(entity, entity.datacenter, "Datacenter")))
    )


def _below(folder: str, entity: Entity) -> bool:
    """Whether an object is this folder, or lies in it at any depth."""
    return f"{entity.path or ''}/".startswith(f"/{folder.strip('/')}/")


def _within(entity: Entity, parent: Entity | None, kind: str) -> Entity | None:
    """Return the parent of that kind; a cluster lies in itself, as it were."""
    return entity if entity.ref.type == kind else parent


def _called(name: str, entity: Entity | None) -> bool:
    return entity is not None and name in (entity.name, entity.path)


# --- what explains what ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """A row: findings of `causes` on an object that is `down` silence those of `effects` on what `hangs_on` it."""

    causes: AbstractSet[str]
    down: Callable[[Entity], bool]
    effects: AbstractSet[str] | None = None  # None: of every check but the causes and the exceptions
    exceptions: AbstractSet[str] = frozenset()
    hangs_on: Callable[[Entity], Iterable[MoRef]]


def _host_is_down(entity: Entity) -> bool:
    return isinstance(entity, Host) and not entity.connected


def _datastore_is_down(entity: Entity) -> bool:
    return isinstance(entity, Datastore) and not entity.accessible


def _itself(entity: Entity) -> Iterable[MoRef]:
    return (entity.ref,)


def _host_of_vm(entity: Entity) -> Iterable[MoRef]:
    return (entity.host,) if isinstance(entity, VirtualMachine) and entity.host and _out_of_reach(entity) else ()


def _datastores_of_vm(entity: Entity) -> Iterable[MoRef]:
    return entity.datastores if isinstance(entity, VirtualMachine) and _out_of_reach(entity) else ()


def _out_of_reach(vm: VirtualMachine) -> bool:
    """Whether it may be well behind what is down; an orphaned or invalid one is ill in its own right."""
    return vm.connection_state not in {"orphaned", "invalid"}


# The first row that fits counts. Names, certificates, licences and versions stay loud: one may be why a host is down.
DEPENDENCIES = (
    Dependency(
        causes={"host-connection"},
        down=_host_is_down,
        exceptions={"dns-resolution", "certificate-expiry", "license-expiry", "esxi-version-consistency"},
        hangs_on=_itself,
    ),
    Dependency(
        causes={"host-connection"},
        down=_host_is_down,
        effects={"orphaned-vms", "tools-not-running"},
        hangs_on=_host_of_vm,
    ),
    Dependency(
        causes={"storage-paths"},
        down=_datastore_is_down,
        effects={"orphaned-vms"},
        hangs_on=_datastores_of_vm,
    ),
)

Silencers = tuple[Dependency, Mapping[MoRef, str]]  # what is down, and the name of the finding that says so


def _silencers(row: Dependency, results: Iterable[CheckResult]) -> Silencers:
    down: dict[MoRef, str] = {}
    for result in results:
        for finding in result.findings if result.check in row.causes else ():
            if row.down(finding.object):
                down.setdefault(finding.object.ref, f"{result.check}: {finding.object.name}")
    return row, down


def _silencer(slug: str, entity: Entity, silencers: Iterable[Silencers]) -> str | None:
    """Return the name of the finding that explains those of a check on an object, if there is one."""
    for row, down in silencers:
        if not down or not _is_effect(row, slug):
            continue
        for ref in row.hangs_on(entity):
            if ref in down:
                return down[ref]
    return None


def _is_effect(row: Dependency, slug: str) -> bool:
    return slug not in row.causes | row.exceptions and (row.effects is None or slug in row.effects)


# --- limits ---------------------------------------------------------------------------------------------------------


def _origin(limits: Limits, finding: Finding) -> Mapping[str, Param]:
    """Say in the evidence where the limit that a finding names comes from; nothing if it names none."""
    if not type(limits).model_fields:
        return {}
    mine = limits.for_object(finding.object)
    for param, value in finding.text.params.items():
        if name := _limit_behind(param, value, mine, finding):
            return {"threshold_from": limits.origin(name, finding.object)}
    return {}


def _limit_behind(param: str, value: Param, limits: Limits, finding: Finding) -> str | None:
    """Find the limit that a parameter shows: one of its name, or `warning_days` by `threshold_days` of a warning."""
    unit = param.removeprefix("threshold") if param.startswith("threshold_") else None
    same = [
        name
        for name in type(limits).model_fields
        if (name == param or (unit and name.endswith(unit))) and getattr(limits, name) == value
    ]
    # A finding on a host in maintenance has lost its own severity, so the others are looked at too.
    return min(same, key=lambda name: not name.startswith(finding.severity.value), default=None)

"""Reads the alarms that stand: one property of the root folder holds those of every object below it."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import cast

import structlog

from vhealthd.errors import BadAnswerError, FaultError, VCenterError
from vhealthd.inventory import Need
from vhealthd.model import Entity, MoRef, TriggeredAlarm, Unseen
from vhealthd.vcenter.harvest import Harvest
from vhealthd.vcenter.records import Facet
from vhealthd.vcenter.records.facet import Props
from vhealthd.vcenter.single import Single, Site
from vhealthd.vcenter.wire import ObjectContent, display_name, each, moment, reference

log = structlog.get_logger(__name__)

_NAME_PATHS = ("info.name", "info.systemName")
# The objects of these types are read for other checks as well; one that is not among them is out of scope.
_KNOWN: Mapping[str, Need] = {
    "ClusterComputeResource": Need.CLUSTERS,
    "HostSystem": Need.HOSTS,
    "Datastore": Need.DATASTORES,
    "VirtualMachine": Need.VMS,
}
_WORST = ("red", "yellow")
_ATTEMPTS = 3

Place = Entity | None  # None: the root folder, which stands for vCenter itself


async def triggered(site: Site) -> tuple[TriggeredAlarm, ...] | Unseen:
    """Return the alarms on vCenter and on objects in scope; Unseen where the account may not see them."""
    root = site.client.about.root_folder
    if root is None:
        raise site.client.vi_problem or BadAnswerError("vCenter has named no root folder")
    states = await _states(site, root)
    if isinstance(states, Unseen):
        return states
    entities = {ref for one in states if (ref := reference(one.get("entity")))}
    alarms = {ref for one in states if (ref := reference(one.get("alarm")))}
    places: dict[MoRef, Place] = {root: None} if root in entities else {}
    places |= await _places(site, entities - {root})
    return _alarms(states, places, await _names(site, alarms))


def _triggered_states(props: Props) -> tuple[Props, ...]:
    return tuple(one for one in each(props, "triggeredAlarmState") if not one.get("disabled"))


_STATES = Facet(Need.ALARMS, "Folder", ("triggeredAlarmState",), _triggered_states)


async def _states(site: Site, root: MoRef) -> tuple[Props, ...] | Unseen:
    """Read them as bulk properties are read: there a dead session or an answer without content is found out."""
    harvest = Harvest((_STATES,), lambda content: Entity(ref=content.ref, name=content.ref.value))
    for content in await _unlisted(site, [root], _STATES.paths):
        harvest.take(content)
    if root not in harvest.records:
        raise BadAnswerError("vCenter says nothing of the alarms of its root folder")
    facets = harvest.parts(site.reader.dropped.get("Folder", ()))[Need.ALARMS]
    return facets[root]  # type: ignore[no-any-return, index]


def _alarms(
    states: Collection[Props], places: Mapping[MoRef, Place], names: Mapping[MoRef, tuple[str | None, str | None]]
) -> tuple[TriggeredAlarm, ...]:
    """Join what was read. One alarm on one object is one record, the worst of what is listed."""
    found: dict[tuple[MoRef, MoRef], TriggeredAlarm] = {}
    for one in sorted(states, key=_rank):
        alarm, entity = reference(one.get("alarm")), reference(one.get("entity"))
        if alarm is None or entity is None or entity not in places or (entity, alarm) in found:
            continue
        name, system_name = names.get(alarm, (None, None))
        found[entity, alarm] = TriggeredAlarm(
            alarm=alarm,
            name=name,
            system_name=system_name,
            entity=places[entity],
            status=str(one.get("overallStatus") or "gray"),
            triggered_at=moment(one.get("time")),
            acknowledged=bool(one.get("acknowledged")),
        )
    return tuple(sorted(found.values(), key=lambda one: (one.entity.ref.value if one.entity else "", one.alarm.value)))


def _rank(state: Props) -> int:
    status = state.get("overallStatus")
    return _WORST.index(status) if status in _WORST else len(_WORST)


async def _names(site: Site, alarms: Collection[MoRef]) -> Mapping[MoRef, tuple[str | None, str | None]]:
    """Return the names of the alarms' definitions; where they cannot be read, the alarms stand all the same."""
    found: dict[MoRef, tuple[str | None, str | None]] = {}
    try:
        for content in await _unlisted(site, sorted(alarms, key=lambda one: one.value), _NAME_PATHS):
            name = content.props.get("info.name")
            found[content.ref] = display_name(str(name)) if name else None, content.props.get("info.systemName")
    except VCenterError as error:
        log.warning("names of alarms are not known", why=str(error))
    return found


async def _unlisted(site: Site, refs: Sequence[MoRef], paths: Sequence[str]) -> list[ObjectContent]:
    """Read objects of one type that no view lists: the root folder, definitions of alarms.

    Where nothing comes of them the reader looks for them in a view, and takes them for gone. So they are asked for
    again.
    """
    found: dict[MoRef, ObjectContent] = {}
    for _ in range(_ATTEMPTS):
        missing = [ref for ref in refs if ref not in found]
        if not missing:
            break
        with suppress(FaultError):  # a view of them may be refused
            await site.reader.read(missing[0].type, missing, paths, lambda one: found.update({one.ref: one}))
    return list(found.values())


async def _places(site: Site, refs: Collection[MoRef]) -> Mapping[MoRef, Place]:
    """Return the objects in scope that alarms stand on."""
    found: dict[MoRef, Place] = {}
    others: set[MoRef] = set()
    for kind in {ref.type for ref in refs}:
        mine = {ref for ref in refs if ref.type == kind}
        known = await _known(site, kind)
        if known is None:
            others |= mine
        else:
            found |= {ref: known[ref] for ref in mine if ref in known}
    found.update(await _others(site, others))
    return found


async def _known(site: Site, kind: str) -> Mapping[MoRef, Entity] | None:
    """Return the objects of a type that are in scope; None for a type that is not read for others, or not readable."""
    need = _KNOWN.get(kind)
    if need is None:
        return None
    try:
        objects = cast("tuple[Entity, ...]", await site.part(need))
    except VCenterError as error:
        log.warning("objects with alarms are looked up one by one", type=kind, why=str(error))
        return None
    # Plain entities: a saved inventory keeps no more of them.
    return {
        one.ref: Entity(ref=one.ref, name=one.name, path=one.path, cluster=one.cluster, datacenter=one.datacenter)
        for one in objects
    }


async def _others(site: Site, refs: Collection[MoRef]) -> Mapping[MoRef, Place]:
    """Read names and places of networks, switches, folders and the like."""
    found: dict[MoRef, Place] = {}
    await site.part(Need.CLUSTERS)  # a place is told by the tree, which is read with them

    def take(content: ObjectContent) -> None:
        if entity := site.place(content):
            found[content.ref] = entity

    await site.reader.read("ManagedEntity", sorted(refs, key=lambda one: one.value), ("name", "parent"), take)
    return found


SINGLES = (Single(need=Need.ALARMS, name="alarms", read=triggered, after=frozenset(_KNOWN.values())),)

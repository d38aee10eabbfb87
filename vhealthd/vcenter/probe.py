"""Tries out, on one object of each type, whether what a scan would read can be read."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass

from vhealthd.errors import VCenterError
from vhealthd.inventory import Need
from vhealthd.model import Facets, MoRef, Outcome, Unseen
from vhealthd.vcenter import records
from vhealthd.vcenter.client import VCenterClient, vi_data
from vhealthd.vcenter.collect import Collector
from vhealthd.vcenter.harvest import NO_PERMISSION
from vhealthd.vcenter.properties import FIRST_CHUNK_OBJECTS, PROPERTY_COLLECTOR, PropertyReader
from vhealthd.vcenter.single import NOT_GRANTED, NOT_PERMITTED, as_unseen
from vhealthd.vcenter.wire import ObjectContent, RetrieveResult, encode_reference, retrieve_result
from vhealthd.wording import english

# Among so many of them one is looked for that is connected: of another one vCenter has little to show.
_FEW = 20
_STATE = "runtime.connectionState"
_HAVE_STATE = frozenset({"HostSystem", "VirtualMachine"})
# What a scan reads of compute resources, it reads of clusters above all, which are compute resources too.
_RATHER = {"ComputeResource": "ClusterComputeResource"}

# What is read of an object in any case, and by which part a check declares it.
_ALWAYS: Mapping[Need, tuple[str, tuple[str, ...]]] = {
    Need.CLUSTERS: ("ComputeResource", records.TREE_PATHS),
    Need.HOSTS: ("HostSystem", records.HOST_PATHS),
    Need.VMS: ("VirtualMachine", records.VM_PATHS),
    Need.DATASTORES: ("Datastore", records.DATASTORE_PATHS),
}
_PERMISSION = frozenset(message.id for message in (NO_PERMISSION, NOT_PERMITTED, NOT_GRANTED))


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why something cannot be read: the account lacks something, the release has no such thing, or it failed."""

    why: str
    forbidden: bool = False
    absent: bool = False


class Sampler(PropertyReader):
    """Sees one object of each type, and keeps in mind which properties of it are denied."""

    def __init__(self, client: VCenterClient, *, in_flight: int) -> None:
        super().__init__(client, in_flight=in_flight)
        self.denied: dict[str, set[str]] = {}

    async def references(self, kind: str) -> list[MoRef]:
        """Return one object of a type, or nothing if there is none."""
        rather = _RATHER.get(kind)
        found = await super().references(rather) if rather else []
        return found or await super().references(kind)

    async def _through(self, view: MoRef, kind: str) -> list[MoRef]:
        """Look at the first few that a view shows, whose whole list may be long."""
        states = kind in _HAVE_STATE
        page: RetrieveResult = await self._client.vi(
            PROPERTY_COLLECTOR,
            "RetrievePropertiesEx",
            _view_request(view, kind, [_STATE] if states else [], _FEW if states else 1),
            decode=lambda answer: retrieve_result(vi_data(answer)),
            lost=RetrieveResult.lost_session,
        )
        if page.token:
            # What is not cancelled dies with the session.
            with suppress(VCenterError):
                await self._client.vi(PROPERTY_COLLECTOR, "CancelRetrievePropertiesEx", {"token": page.token})
        best = sorted(page.objects, key=lambda one: one.props.get(_STATE) != "connected")
        return [one.ref for one in best[:1]]

    async def read(
        self,
        kind: str,
        refs: Sequence[MoRef],
        paths: Iterable[str],
        take: Callable[[ObjectContent], None],
        *,
        first_chunk: int = FIRST_CHUNK_OBJECTS,
    ) -> None:
        """Read as always, and note what is denied."""

        def note(content: ObjectContent) -> None:
            denied = (path for path, fault in content.missing.items() if fault == "NoPermission")
            self.denied.setdefault(kind, set()).update(denied)
            take(content)

        await super().read(kind, refs, paths, note, first_chunk=first_chunk)


def _view_request(view: MoRef, kind: str, paths: list[str], objects: int) -> dict[str, object]:
    step = {"_typeName": "TraversalSpec", "name": "view", "type": "ContainerView", "path": "view", "skip": False}
    chosen = {"_typeName": "ObjectSpec", "obj": encode_reference(view), "skip": True, "selectSet": [step]}
    return {
        "_typeName": "RetrievePropertiesExRequestType",
        "specSet": [
            {
                "_typeName": "PropertyFilterSpec",
                "propSet": [{"_typeName": "PropertySpec", "type": kind, "pathSet": paths}],
                "objectSet": [chosen],
                "reportMissingObjectsInResults": True,
            }
        ],
        "options": {"_typeName": "RetrieveOptions", "maxObjects": objects},
    }


async def obstacles(
    collector: Collector, sampler: Sampler, needs: Collection[Need]
) -> Mapping[Need, tuple[Obstacle, ...]]:
    """Read each part of the sample and say what stands in the way of it; nothing for a part that can be read."""
    found = {need: tuple([one async for one in _of_part(collector, need)]) for need in sorted(needs)}
    for need, (kind, paths) in _ALWAYS.items():
        denied = sampler.denied.get(kind, set()).intersection(paths)
        if need in found and denied:
            why = english(NO_PERMISSION(path=", ".join(sorted(denied))))
            found[need] = (*found[need], Obstacle(why, forbidden=True))
    return found


async def _of_part(collector: Collector, need: Need) -> AsyncIterator[Obstacle]:
    try:
        part = await collector.fetch(need)
    except VCenterError as error:
        yield _obstacle(as_unseen(error))
        return
    for one in dict.fromkeys(_obstacle(unseen) for unseen in unseen_in(part)):
        yield one


def _obstacle(unseen: Unseen) -> Obstacle:
    forbidden = unseen.reason.message.id in _PERMISSION
    absent = unseen.outcome is Outcome.SKIPPED and not forbidden
    return Obstacle(english(unseen.reason), forbidden=forbidden, absent=absent)


def unseen_in(part: object) -> Iterator[Unseen]:
    """Find every reason that a part holds in place of what should be there."""
    match part:
        case Unseen():
            yield part
        case Facets():
            for record in (*part.gaps.values(), *part.records.values()):
                yield from unseen_in(record)
        case Mapping():
            for record in part.values():
                yield from unseen_in(record)
        case tuple() | list():
            for record in part:
                yield from unseen_in(record)
        case _ if is_dataclass(part):
            for field in fields(part):
                yield from unseen_in(getattr(part, field.name))

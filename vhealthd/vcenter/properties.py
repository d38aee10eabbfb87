"""Reads many objects of one type at once: a view lists the references, chunks of them bring the properties.

Chunks and not pages: a chunk can be repeated alone and several are in flight at once, while paging tokens are serial,
serve once and die with their session. A token in an answer is followed all the same.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

import structlog

from vhealthd.errors import BadAnswerError, ConnectionFailedError, FaultError, VCenterError
from vhealthd.model import MoRef
from vhealthd.vcenter.client import VCenterClient, vi_data
from vhealthd.vcenter.wire import (
    ObjectContent,
    RetrieveResult,
    encode_reference,
    reference,
    references,
    retrieve_result,
    unbox,
)

log = structlog.get_logger(__name__)

PROPERTY_COLLECTOR = MoRef("PropertyCollector", "propertyCollector")
VIEW_MANAGER = MoRef("ViewManager", "ViewManager")

CHUNK_OBJECTS = 500
FIRST_CHUNK_OBJECTS = 50
# To begin with where a single object may weigh 100 KB: a host's storage or network.
FEW_OBJECTS = 4
# What a chunk's answer should weigh: decoding holds the event loop for about 10 ms per 500 KB.
CHUNK_BYTES = 400_000
_REFS_AT_ONCE = 2_000
_ATTEMPTS = 3


class ChunkSize:
    """How many objects to ask for at once, so that an answer weighs what it should; learns from each answer."""

    def __init__(self, first: int = FIRST_CHUNK_OBJECTS) -> None:
        self.objects = first

    def learn(self, objects: int, size: int) -> None:
        """Note that this many objects took `size` bytes."""
        if objects and size:
            self.objects = max(1, min(CHUNK_OBJECTS, CHUNK_BYTES * objects // size))


class PropertyReader:
    """The property collector of one vCenter."""

    def __init__(self, client: VCenterClient, *, in_flight: int) -> None:
        self._client = client
        self._in_flight = in_flight
        self.dropped: dict[str, set[str]] = {}

    async def references(self, kind: str) -> list[MoRef]:
        """Return the references of all objects of a type and its subtypes that the account sees.

        An empty list is believed only when the session is alive and a second look finds nothing either.
        """
        empty = 0
        for _ in range(_ATTEMPTS):
            found = await self._list_once(kind)
            if found:
                return found
            if found is not None and await self._client.session_alive():
                empty += 1
            if empty > 1:
                return []
        raise BadAnswerError(f"the view of {kind} was lost {_ATTEMPTS} times while it was read")

    async def _list_once(self, kind: str) -> list[MoRef] | None:
        """List through a new view; None if the view was gone when it was read, for example with its session."""
        root = self._client.about.root_folder
        if self._client.vi_problem or root is None:
            raise self._client.vi_problem or BadAnswerError("vCenter has named no root folder")
        view = reference(await self._client.vi(VIEW_MANAGER, "CreateContainerView", _view_request(root, kind)))
        if view is None:
            raise BadAnswerError("vCenter made no view")
        try:
            return await self._through(view, kind)
        except FaultError as fault:
            if fault.name != "ManagedObjectNotFound":
                raise
            return None
        finally:
            # A view that is left over dies with its session.
            with suppress(VCenterError):
                await self._client.vi(view, "DestroyView", {})

    async def _through(self, view: MoRef, kind: str) -> list[MoRef]:  # noqa: ARG002 - a sampler goes by the type
        """Return what a view shows."""
        return await _refs(await self._client.vi(view, "view"))

    async def read(
        self,
        kind: str,
        refs: Sequence[MoRef],
        paths: Iterable[str],
        take: Callable[[ObjectContent], None],
        *,
        first_chunk: int = FIRST_CHUNK_OBJECTS,
    ) -> None:
        """Read properties of explicit objects and hand each object to `take`; what has vanished is left out.

        A path that this release does not know is dropped, logged and noted in `dropped`. That a whole chunk has
        vanished is believed only when it is listed no longer.
        """
        size = ChunkSize(first_chunk)
        position = 0

        async def worker() -> None:
            nonlocal position
            while position < len(refs):
                chunk = refs[position : position + size.objects]
                position += len(chunk)
                for content in await self._chunk(kind, chunk, frozenset(paths), size):
                    take(content)

        try:
            async with asyncio.TaskGroup() as group:
                for number in range(min(self._in_flight, len(refs))):
                    group.create_task(worker(), name=f"read-{kind}-{number}")
        except ExceptionGroup as several:
            raise several.exceptions[0] from None

    async def _chunk(
        self, kind: str, refs: Sequence[MoRef], paths: frozenset[str], size: ChunkSize
    ) -> list[ObjectContent]:
        for _ in range(_ATTEMPTS + len(paths)):
            try:
                objects = await self._chunk_once(kind, refs, paths - self.dropped.get(kind, set()), size)
            except FaultError as fault:
                self._drop(kind, paths, fault)
                continue
            except _PagingLostError as error:
                log.info("paging begins anew", type=kind, why=str(error.__cause__))
                continue
            if objects:
                return objects
            if await self._client.session_alive() and set(refs).isdisjoint(await self.references(kind)):
                return []
        raise BadAnswerError(f"vCenter lists {kind} and answers nothing when their properties are read")

    def _drop(self, kind: str, paths: frozenset[str], fault: FaultError) -> None:
        """Leave out the path that this release refuses; any other fault is raised again."""
        path = str(fault.detail.get("name", ""))
        if fault.name != "InvalidProperty" or path not in paths:
            raise fault
        if path not in self.dropped.setdefault(kind, set()):
            log.warning("property is not known to this vCenter and left out", type=kind, path=path)
            self.dropped[kind].add(path)

    async def _chunk_once(
        self, kind: str, refs: Sequence[MoRef], paths: frozenset[str], size: ChunkSize
    ) -> list[ObjectContent]:
        request = _retrieve_request(kind, refs, sorted(paths))
        result = await self._page("RetrievePropertiesEx", request)
        objects, weight = result.objects, result.size
        try:
            while result.token:
                result = await self._page("ContinueRetrievePropertiesEx", {"token": result.token}, repeatable=False)
                objects, weight = objects + result.objects, weight + result.size
        except (FaultError, ConnectionFailedError, BadAnswerError) as error:
            # The token serves once, and only in the session that gave it.
            raise _PagingLostError from error
        size.learn(len(objects), weight)
        return objects

    async def _page(self, method: str, request: dict[str, object], *, repeatable: bool = True) -> RetrieveResult:
        page: RetrieveResult = await self._client.vi(
            PROPERTY_COLLECTOR,
            method,
            request,
            repeatable=repeatable,
            decode=lambda answer: retrieve_result(vi_data(answer), size=len(answer.body)),
            lost=RetrieveResult.lost_session,
        )
        return page


async def _refs(data: object) -> list[MoRef]:
    """Decode a list of references bit by bit: 20,000 at once would hold the event loop for 30 ms."""
    encoded = unbox(data) or []
    found: list[MoRef] = []
    for start in range(0, len(encoded), _REFS_AT_ONCE):
        found += references(encoded[start : start + _REFS_AT_ONCE])
        await asyncio.sleep(0)
    return found


class _PagingLostError(Exception):
    """A page could not be had; the chunk begins anew."""


def _view_request(root: MoRef, kind: str) -> dict[str, object]:
    return {
        "_typeName": "CreateContainerViewRequestType",
        "container": encode_reference(root),
        "type": [kind],
        "recursive": True,
    }


def _retrieve_request(kind: str, refs: Sequence[MoRef], paths: Sequence[str]) -> dict[str, object]:
    """Ask for explicit objects; those that are gone are left out of the answer instead of failing it."""
    return {
        "_typeName": "RetrievePropertiesExRequestType",
        "specSet": [
            {
                "_typeName": "PropertyFilterSpec",
                "propSet": [{"_typeName": "PropertySpec", "type": kind, "pathSet": list(paths)}],
                "objectSet": [{"_typeName": "ObjectSpec", "obj": encode_reference(ref), "skip": False} for ref in refs],
                "reportMissingObjectsInResults": True,
            }
        ],
        "options": {"_typeName": "RetrieveOptions", "maxObjects": len(refs)},
    }

"""Turns what is read of one managed type into records and facets, object by object, so that no raw answer is kept."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Generic, TypeVar

from vhealthd.inventory import Need
from vhealthd.model import Entity, Facets, Message, MoRef, Outcome, Unseen
from vhealthd.vcenter.records import Facet
from vhealthd.vcenter.wire import ObjectContent

E = TypeVar("E", bound=Entity)

NO_PERMISSION = Message("unseen.no-permission", "the account may not read {path} (System.View and System.Read)")
NOT_IN_RELEASE = Message("unseen.release", "this vCenter has no property {path}")
UNREADABLE = Message("unseen.unreadable", "vCenter could not read {path}: {fault}")


class Harvest(Generic[E]):
    """Takes objects as they come. `make` returns None for an object that is out of scope."""

    def __init__(self, facets: Sequence[Facet], make: Callable[[ObjectContent], E | None]) -> None:
        self.records: dict[MoRef, E] = {}
        self._facets = facets
        self._make = make
        self._found: dict[Need, dict[MoRef, object]] = {facet.need: {} for facet in facets}
        self._gaps: dict[Need, dict[MoRef, Unseen]] = {facet.need: {} for facet in facets}

    def take(self, content: ObjectContent) -> None:
        """Keep what is wanted of one object."""
        record = self._make(content)
        if record is None:
            return
        self.records[content.ref] = record
        for facet in self._facets:
            gap = _gap(facet, content)
            value = None if gap else facet.make(content.props)
            if isinstance(value, Unseen):
                gap = value
            if gap:
                self._gaps[facet.need][content.ref] = gap
            elif value is not None:
                self._found[facet.need][content.ref] = value

    def in_order(self, refs: Iterable[MoRef]) -> tuple[E, ...]:
        """Return the records in the order in which vCenter listed them, whichever answer came first."""
        found = map(self.records.get, refs)
        return tuple(one for one in found if one is not None)

    def parts(self, dropped: Collection[str]) -> dict[Need, object]:
        """Return each facet; one of which this release refused a path is missing for all, with that reason."""
        return {facet.need: self._facet(facet, dropped) for facet in self._facets}

    def _facet(self, facet: Facet, dropped: Collection[str]) -> Facets[object]:
        refused = next((path for path in facet.paths if path in dropped), None)
        if refused:
            return Facets({}, dict.fromkeys(self.records, Unseen(NOT_IN_RELEASE(path=refused), Outcome.SKIPPED)))
        return Facets(self._found[facet.need], self._gaps[facet.need])


def _gap(facet: Facet, content: ObjectContent) -> Unseen | None:
    """Say why a path of this facet is missing on this object, if vCenter gave a fault for it."""
    for path in facet.paths:
        fault = content.missing.get(path)
        if fault == "NoPermission":
            return Unseen(NO_PERMISSION(path=path), Outcome.SKIPPED)
        if fault == "InvalidProperty":
            return Unseen(NOT_IN_RELEASE(path=path), Outcome.SKIPPED)
        if fault:
            return Unseen(UNREADABLE(path=path, fault=fault))
    return None

"""What was not seen, and facets: what more is known of many objects, each a need of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from vhealthd.errors import NotPermittedError, NotSupportedError, VCenterError
from vhealthd.model.entities import MoRef
from vhealthd.model.grades import Message, Outcome, Text

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unseen:
    """Why something was not seen. SKIPPED: it cannot be (privilege, release); UNKNOWN: it should have been.

    `derived`: only because something else was not seen, which has a reason of its own.
    """

    reason: Text
    outcome: Outcome = Outcome.UNKNOWN
    derived: bool = False


NOTHING = Message("outcome.nothing", "nothing to examine")
NO_DATA = Message("unseen.no-data", "vCenter returned no data for it")


@dataclass(frozen=True, slots=True)
class Facets(Generic[T]):
    """A facet of many objects, by reference. Asking for one that is not there answers why."""

    records: Mapping[MoRef, T] = field(default_factory=dict)
    gaps: Mapping[MoRef, Unseen] = field(default_factory=dict)

    def __getitem__(self, ref: MoRef) -> T | Unseen:
        """Return the facet of one object, or why it was not seen."""
        if ref in self.records:
            return self.records[ref]
        return self.gaps.get(ref) or Unseen(NO_DATA())


def outcome_of(error: VCenterError) -> Outcome:
    """Say what a failed read makes of a check: what cannot be had is skipped, what should have been had is unknown."""
    return Outcome.SKIPPED if isinstance(error, NotPermittedError | NotSupportedError) else Outcome.UNKNOWN

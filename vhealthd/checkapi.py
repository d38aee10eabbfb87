"""All that a check's file imports, besides the records of `vhealthd.model`.

    class SnapshotAgeLimits(Limits):
        warning_days: Days = Field(7, description="...")

    @check(title="Snapshot age", category=Category.VM, needs={Need.VMS, Need.VM_SNAPSHOTS}, limits=SnapshotAgeLimits,
           what="...", why="...", fix="...", blind_spots="...", kb="318825")
    def snapshot_age(inventory: Inventory, limits: SnapshotAgeLimits) -> Iterator[Verdict]: ...

The function yields `Examined` for each object that it looked at, `NotExamined` for each that it should have and could
not, `Blind` where a whole part was hidden from it, and a `Finding` for each thing that is wrong. It does no I/O.
"""

import inspect
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from vhealthd.errors import CheckDefinitionError
from vhealthd.inventory import Inventory, Need
from vhealthd.limits import Limits, overridable
from vhealthd.model import Category, Severity, Verdict

Percent = Annotated[float, Field(ge=0, le=100, json_schema_extra={"unit": "%"})]
Days = Annotated[float, Field(ge=0, json_schema_extra={"unit": "days"})]
Hours = Annotated[float, Field(ge=0, json_schema_extra={"unit": "hours"})]
Minutes = Annotated[float, Field(ge=0, json_schema_extra={"unit": "minutes"})]
Seconds = Annotated[float, Field(ge=0, json_schema_extra={"unit": "seconds"})]
Count = Annotated[int, Field(ge=0)]
HELD_UNTIL = "What was reported in the last scan is reported until it is so far below its limit; 0 for no such rule"

__all__ = [
    "HELD_UNTIL",
    "Check",
    "Count",
    "Days",
    "Field",
    "Hours",
    "Inventory",
    "Limits",
    "Minutes",
    "Need",
    "Percent",
    "Seconds",
    "check",
    "exceeded",
    "running_out",
]


Judge = Callable[[Inventory, Any], Iterator[Verdict]]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check: what it is called, what it reads, how it judges, and all that its documentation says."""

    slug: str
    title: str
    category: Category
    needs: frozenset[Need]
    limits: type[Limits]
    judge: Judge
    what: str
    why: str
    fix: str
    blind_spots: str
    kb: str | None = None
    maximum: Severity = Severity.CRITICAL
    opt_in: bool = False
    after_others: bool = False
    source: str = field(default="", compare=False)


def check(
    *,
    title: str,
    category: Category,
    needs: AbstractSet[Need],
    limits: type[Limits] = Limits,
    what: str,
    why: str,
    fix: str,
    blind_spots: str,
    kb: str | None = None,
    maximum: Severity = Severity.CRITICAL,
    opt_in: bool = False,
    after_others: bool = False,
) -> Callable[[Judge], Check]:
    """Make a check of a function; its name, with dashes, is the check's slug.

    `kb` is the number of a Broadcom knowledge base article. One that is `opt_in` runs only where it is asked for by its
    slug. One that judges `after_others` is told what they say, in `inventory.others`. Raises CheckDefinitionError for a
    function whose file has another name.
    """

    def make(judge: Judge) -> Check:
        module = judge.__module__.rpartition(".")[2]
        if module != judge.__name__:
            raise CheckDefinitionError(f"{judge.__module__}: the function {judge.__name__} must be named like its file")
        return Check(
            slug=judge.__name__.replace("_", "-"),
            title=title,
            category=category,
            needs=frozenset(needs),
            limits=overridable(limits),
            judge=judge,
            what=what,
            why=why,
            fix=fix,
            blind_spots=blind_spots,
            kb=kb,
            maximum=maximum,
            opt_in=opt_in,
            after_others=after_others,
            source=inspect.getsourcefile(judge) or "",
        )

    return make


def exceeded(
    value: float, *, warning: float, critical: float, was: Severity | None = None, hysteresis: float = 0
) -> tuple[Severity, float] | None:
    """Grade a value against limits that it must exceed, and return that limit; None for one that is within both.

    What `was` as bad in the last run is so until the value is `hysteresis` below its limit.
    """
    for severity, limit in ((Severity.CRITICAL, critical), (Severity.WARNING, warning)):
        held = was is not None and was.rank >= severity.rank
        if value > limit or (held and value > limit - hysteresis):
            return severity, limit
    return None


def running_out(left: float, *, warning: float, critical: float) -> tuple[Severity, float] | None:
    """Grade what is left against limits that it must stay above, and return the one it reached; None above both."""
    if left <= critical:
        return Severity.CRITICAL, critical
    return (Severity.WARNING, warning) if left <= warning else None

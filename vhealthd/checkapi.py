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
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vhealthd.errors import CheckDefinitionError
from vhealthd.inventory import Inventory, Need
from vhealthd.model import Category, Severity, Verdict

Percent = Annotated[float, Field(ge=0, le=100, json_schema_extra={"unit": "%"})]
Days = Annotated[float, Field(ge=0, json_schema_extra={"unit": "days"})]
Minutes = Annotated[float, Field(ge=0, json_schema_extra={"unit": "minutes"})]
Seconds = Annotated[float, Field(ge=0, json_schema_extra={"unit": "seconds"})]
Count = Annotated[int, Field(ge=0)]

__all__ = [
    "Check",
    "Count",
    "Days",
    "Field",
    "Inventory",
    "Limits",
    "Minutes",
    "Need",
    "Percent",
    "Seconds",
    "check",
    "exceeded",
]


class Limits(BaseModel):
    """The settings of one check. Field names end in their unit; `warning_x` and `critical_x` are a pair.

    In a pair the warning limit is met first: it may not be above the critical one, or below it for the units named in
    `falling` (days that are left, say).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    falling: ClassVar[AbstractSet[str]] = frozenset()

    @model_validator(mode="after")
    def _pairs_in_order(self) -> Self:
        for name in type(self).model_fields:
            unit = name.removeprefix("warning_")
            if unit == name or not hasattr(self, f"critical_{unit}"):
                continue
            warning, critical = getattr(self, name), getattr(self, f"critical_{unit}")
            if (warning < critical) if unit in self.falling else (warning > critical):
                side = "below" if unit in self.falling else "above"
                raise ValueError(f"warning_{unit} ({warning:g}) is {side} critical_{unit} ({critical:g}) and never met")
        return self


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
) -> Callable[[Judge], Check]:
    """Make a check of a function; its name, with dashes, is the check's slug.

    `kb` is the number of a Broadcom knowledge base article. Raises CheckDefinitionError for a function whose file has
    another name.
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
            limits=limits,
            judge=judge,
            what=what,
            why=why,
            fix=fix,
            blind_spots=blind_spots,
            kb=kb,
            maximum=maximum,
            source=inspect.getsourcefile(judge) or "",
        )

    return make


def exceeded(value: float, *, warning: float, critical: float) -> tuple[Severity, float] | None:
    """Grade a value against limits that it must exceed, and return that limit; None for one that is within both."""
    if value > critical:
        return Severity.CRITICAL, critical
    return (Severity.WARNING, warning) if value > warning else None

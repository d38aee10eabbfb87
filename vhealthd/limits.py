"""The limits of a check, and other limits for some of its objects."""

import json
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from types import NoneType
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    create_model,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from vhealthd.model import Entity, LimitInForce

_OVERRIDES = "overrides"


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

    def for_object(self, entity: Entity) -> Self:
        """Return the limits in force for an object: those of the first override that matches it, else these."""
        override = self._override(entity)
        return self if override is None else self.model_copy(update=override.changes)

    def origin(self, name: str, entity: Entity) -> str:
        """Say where a limit that is in force for an object comes from: default, config or override."""
        override = self._override(entity)
        if override and name in override.changes:
            return "override"
        return "config" if name in self.model_fields_set else "default"

    def _override(self, entity: Entity) -> "Override | None":
        # the field is there where `overridable` has added it
        overrides: tuple[Override, ...] = getattr(self, _OVERRIDES, ())
        return next((one for one in overrides if one.matches(entity)), None)


class Override(BaseModel):
    """Other limits for some objects. Each check has a subclass with all of its limits, none of them required."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, json_schema_extra={"minProperties": 2})

    match: re.Pattern[str] = Field(description="Regular expression, searched for in the object's name and in its path")

    def matches(self, entity: Entity) -> bool:
        """Whether it is for this object."""
        return any(self.match.search(text) for text in (entity.name, entity.path) if text)

    @property
    def changes(self) -> dict[str, Any]:
        """The limits that it sets."""
        return {name: getattr(self, name) for name in self.model_fields_set if name != "match"}


def in_force(check: str, limits: Limits) -> Iterator[LimitInForce]:
    """List the limits of a check with their origins, then what overrides set."""
    for name, field in type(limits).model_fields.items():
        if name != _OVERRIDES:
            origin = "config" if name in limits.model_fields_set else "default"
            yield LimitInForce(check, name, written(getattr(limits, name)), unit_of(field), origin)
    for override in getattr(limits, _OVERRIDES, ()):
        for name, value in override.changes.items():
            unit = unit_of(type(limits).model_fields[name])
            yield LimitInForce(check, name, written(value), unit, "override", override.match.pattern)


def written(value: object) -> str:
    """Write a value as the configuration does: 7 and not 7.0."""
    return f"{value:g}" if isinstance(value, float) else json.dumps(to_jsonable_python(value), ensure_ascii=False)


def unit_of(field: FieldInfo) -> str:
    """Return the unit of a limit, empty for a plain number."""
    extra = [*field.metadata, field]
    found = (getattr(one, "json_schema_extra", None) for one in extra)
    return next((str(one["unit"]) for one in found if isinstance(one, dict) and "unit" in one), "")


def overridable(limits: type[Limits]) -> type[Limits]:
    """Return the same limits with a field `overrides`, unless there is nothing that could be overridden."""
    fields = limits.model_fields
    if not fields:
        return limits

    def fits(override: Override, info: ValidationInfo) -> Override:
        """Prove that what it changes goes with what it leaves."""
        if not override.changes:
            raise ValueError("changes nothing; set a limit beside match")
        if len(info.data) < len(fields):
            return override  # what it leaves is wrong already, and that is told
        try:
            limits.model_validate(info.data | override.changes)
        except ValidationError as error:
            raise ValueError(str(error.errors()[0]["ctx"]["error"])) from None
        return override

    one = create_model(f"{limits.__name__}Override", __base__=Override, **_optional(limits))
    first, default = next((name, field.get_default(call_default_factory=True)) for name, field in fields.items())
    example = f'{{match: "^test-", {first}: {json.dumps(to_jsonable_python(default))}}}'
    overrides = Field(
        (),
        description=f"Other limits for objects whose name or path fits, such as {example}; the first that fits counts",
    )
    return create_model(
        limits.__name__,
        __base__=limits,
        __doc__=limits.__doc__,
        __module__=limits.__module__,
        overrides=(tuple[Annotated[one, AfterValidator(fits)], ...], overrides),
    )


def _optional(limits: type[Limits]) -> dict[str, Any]:
    """Return the fields of limits with their types and bounds; None stands for "not set" and is never used."""
    return {
        name: (
            Annotated[
                field.annotation,
                *field.metadata,
                Field(description=field.description, json_schema_extra=field.json_schema_extra),
            ],
            Field(default_factory=NoneType),  # a factory, because a schema shows no default for it
        )
        for name, field in limits.model_fields.items()
    }

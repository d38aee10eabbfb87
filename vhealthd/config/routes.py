"""Settings of alerts: which findings go to which channels."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from vhealthd.config.section import Section
from vhealthd.config.values import Duration, DurationOrZero, Text, Whole, parse_duration
from vhealthd.model import Category, Severity

AUDIT_LOG, MAIL_DIGEST = "audit-log", "mail-digest"  # channels that are there without being written
UNSEEN = "unknown"  # the check of the alert that tells what could not be seen

_LONGEST_COLLECT = timedelta(hours=24)  # well below the two days after which the outbox takes a time for a wrong one


def one_or_many(raw: object) -> object:
    """Let a single word stand for a list of one."""
    return (raw,) if isinstance(raw, str) else raw


# A single word may stand for a list of one. The list first: what is expected is told by it.
_Names = Annotated[tuple[Text, ...], BeforeValidator(one_or_many, json_schema_input_type=list[Text] | Text)]


class ObjectMatch(Section):
    """Some objects. All that is given must fit; empty means every object."""

    name: re.Pattern[str] | None = Field(None, description="Regular expression, searched for in the object's name.")
    folder: Text | None = Field(None, description="Inventory path of a folder; all below it fits.")
    cluster: Text | None = Field(None, description="Name or inventory path of the object's cluster.")
    datacenter: Text | None = Field(None, description="Name or inventory path of the object's datacenter.")


class PlaceMatch(ObjectMatch):
    """Some objects of some vCenters. All that is given must fit; empty means every object."""

    vcenter: _Names = Field((), description="Any of these, by name.")


class RouteMatch(PlaceMatch):
    """Some findings. All that is given must fit; empty means every finding."""

    severity: Annotated[
        tuple[Severity, ...], BeforeValidator(one_or_many, json_schema_input_type=list[Severity] | Severity)
    ] = Field((), description="Any of these.")
    category: Annotated[
        tuple[Category, ...], BeforeValidator(one_or_many, json_schema_input_type=list[Category] | Category)
    ] = Field((), description="Any of these.")
    check: _Names = Field((), description="Any of these, by name; unknown is the alert of what could not be seen.")


def _not_too_long(collect: timedelta) -> timedelta:
    if collect > _LONGEST_COLLECT:
        raise ValueError("expected at most 24h: what is wrong should be told on the same day")
    return collect


class RouteSettings(Section):
    """Where some findings go. A finding goes every way that fits it, and to each channel once."""

    match: RouteMatch = Field(default_factory=RouteMatch, description="Which findings; empty means all.")
    to: Annotated[
        tuple[Text, ...],
        Field(min_length=1),
        BeforeValidator(one_or_many, json_schema_input_type=Annotated[list[Text], Field(min_length=1)] | Text),
    ] = Field(description="Channels by name; audit-log is always there, and mail-digest where there is mail.")
    collect: Annotated[DurationOrZero, AfterValidator(_not_too_long)] = Field(
        parse_duration("5m") * 0,
        description="What comes within this time, at most 24h, is told together; 0s tells at once.",
    )


class AlertSettings(Section):
    """When somebody is told, and how often."""

    repeat_every: Duration = Field(
        parse_duration("24h"), description="What is still there is told again after this; info never is."
    )
    roll_up_over: Annotated[Whole, Field(ge=1, le=10_000)] = Field(
        5, description="More new findings than this of one check in one vCenter are one alert."
    )

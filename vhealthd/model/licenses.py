"""Licences, their use, and evaluation. Keys are masked where they are read: only the last five characters are kept."""

from dataclasses import dataclass
from datetime import datetime

from vhealthd.model.unseen import Unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class License:
    """A licence in vCenter's keeping. It never expires where it has no last day; a total of 0 has no limit."""

    label: str  # edition and masked key, unique among the licences of a vCenter
    name: str
    masked_key: str
    total: int
    used: int | None
    unit: str  # cpuPackage | cpuCore | server | vm ...
    expires: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Something that runs on the evaluation licence; `expires` is None where vCenter does not say until when."""

    entity: str
    expires: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Licenses:
    """All that vCenter knows of licences."""

    licenses: tuple[License, ...]
    evaluations: tuple[Evaluation, ...] | Unseen

"""How bad something is, and in which words it is said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Severity(StrEnum):
    """How bad one finding is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for info, 2 for critical."""
        return list(Severity).index(self)


class Outcome(StrEnum):
    """What a check says of a vCenter, worst first."""

    CRITICAL = "critical"
    UNKNOWN = "unknown"
    WARNING = "warning"
    INFO = "info"
    PASS = "pass"  # noqa: S105 - an outcome, not a password
    SKIPPED = "skipped"

    @property
    def rank(self) -> int:
        """0 for critical, 5 for skipped."""
        return list(Outcome).index(self)


class Resource(StrEnum):
    """What can be full."""

    CPU = "cpu"
    MEMORY = "memory"
    STORAGE = "storage"


class Category(StrEnum):
    """The chapters of a report, in their order."""

    CONNECTIVITY = "connectivity"
    WATERMARK = "watermark"
    INFRASTRUCTURE = "infrastructure"
    COMPUTE = "compute"
    STORAGE = "storage"
    NETWORK = "network"
    VM = "vm"


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence with holes, in English; `id` is its stable name for message catalogues.

    Holes name a parameter and a unit that `vhealthd.wording` knows: `{used:percent} of {size:bytes}`. Words for a hole
    are a Text of their own, or several, so that they too can be said in another language.
    """

    id: str
    english: str

    def __call__(self, **params: "Param") -> "Text":
        """Fill the holes."""
        return Text(self, params)


@dataclass(frozen=True, slots=True)
class Text:
    """A message and its parameters. It becomes words only at the edge."""

    message: Message
    params: Mapping[str, "Param"] = field(default_factory=dict)


Param = str | int | float | bool | datetime | Text | tuple[Text, ...] | None

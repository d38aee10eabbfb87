"""The form of a facet: what else to read of a managed type for one need."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vhealthd.inventory import Need

Props = Mapping[str, Any]
MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Facet:
    """What else to read of a managed type for one need.

    `make` returns None where vCenter says nothing, and an Unseen where what it says cannot be used.

    What weighs much (storage, network, sensors) is read `apart`, by a collector of that name, in small chunks; all else
    comes with the objects themselves.
    """

    need: Need
    kind: str
    paths: tuple[str, ...]
    make: Callable[[Props], object]
    apart: str = ""

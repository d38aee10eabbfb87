"""Facets of ESXi hosts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HostUsage:
    """Use and capacity of one host: MHz and bytes; None where vCenter does not say."""

    cpu_used: int | None
    cpu_capacity: int | None
    memory_used: int | None
    memory_capacity: int | None

"""What is known of a vCenter and what is said about it: frozen records without behaviour of their own.

Units: bytes, MHz, seconds; times are aware UTC. Names are decoded for people. VMware's enum values stay as vCenter
spells them (`notResponding`, `poweredOn`).
"""

from vhealthd.model.connectivity import HostNames, Lookup, Names, Reachability, Service
from vhealthd.model.entities import Datastore, Entity, Host, MoRef, VirtualCenter, VirtualMachine
from vhealthd.model.grades import Category, Message, Outcome, Param, Severity, Text
from vhealthd.model.hosts import HostUsage
from vhealthd.model.results import (
    Blind,
    CheckResult,
    Counts,
    Examined,
    Finding,
    NotExamined,
    ScanReport,
    VCenterReport,
    VCenterState,
    Verdict,
    identity,
)
from vhealthd.model.unseen import NO_DATA, Facets, Unseen
from vhealthd.model.vms import Disk, RemovableDrive, Snapshot, VmMemory, VmTools

__all__ = [
    "NO_DATA",
    "Blind",
    "Category",
    "CheckResult",
    "Counts",
    "Datastore",
    "Disk",
    "Entity",
    "Examined",
    "Facets",
    "Finding",
    "Host",
    "HostNames",
    "HostUsage",
    "Lookup",
    "Message",
    "MoRef",
    "Names",
    "NotExamined",
    "Outcome",
    "Param",
    "Reachability",
    "RemovableDrive",
    "ScanReport",
    "Service",
    "Severity",
    "Snapshot",
    "Text",
    "Unseen",
    "VCenterReport",
    "VCenterState",
    "Verdict",
    "VirtualCenter",
    "VirtualMachine",
    "VmMemory",
    "VmTools",
    "identity",
]

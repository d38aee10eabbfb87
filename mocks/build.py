"""Builds healthy entities of a seeded world, with reference values and addresses as vCenter gives them."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

from mocks.machine import Appliance, Backup, Licence, Service
from mocks.world import (
    GIB,
    TIB,
    Cluster,
    ComputeResource,
    Datacenter,
    Datastore,
    Disk,
    Drive,
    Folder,
    Host,
    Network,
    Nic,
    PortGroup,
    ResourcePool,
    StoragePod,
    Switch,
    Vm,
    World,
)

DOMAIN = "lab.example"
ROOT = "group-d1"
SERVICES = (
    "applmgmt certificateauthority certificatemanagement content-library eam envoy hvc infraprofile lookupsvc "
    "perfcharts pschealth rhttpproxy sca sps statsmonitor sts trustmanagement updatemgr vapi-endpoint vlcm vmonapi "
    "vmware-vpostgres vpxd vpxd-svcs vsphere-ui vstats wcp"
)
STOPPED = "imagebuilder netdumper rbd vcha vsan-dps"
FILESYSTEMS = {"root": 0.31, "log": 0.42, "core": 0.02, "db": 0.38, "dblog": 0.11, "seat": 0.22, "archive": 0.61}


class Builder:
    """Adds entities to a world, counting reference values up as vCenter does."""

    def __init__(self, now: datetime, seed: int) -> None:
        self.random = random.Random(seed)
        self.numbers = count(1001)
        self.world = World(now=now, seed=seed, instance_uuid=self.uuid(), appliance=appliance(now))
        self.world.licences.append(licence(now))
        self.world.add(Folder(moid=ROOT, name="Datacenters", parent=None, child_types=("Folder", "Datacenter")))

    def uuid(self) -> str:
        """Draw a UUID from the seed."""
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def moid(self, prefix: str) -> str:
        """Take the next reference value."""
        return f"{prefix}-{next(self.numbers)}"

    def folder(self, name: str, parent: str, *child_types: str, prefix: str = "group-v") -> Folder:
        """Add a folder."""
        moid = f"{prefix}{next(self.numbers)}"
        folder = Folder(moid=moid, name=name, parent=parent, child_types=("Folder", *child_types))
        self.world.add(folder)
        return folder

    def datacenter(self, name: str, parent: str) -> Datacenter:
        """Add a datacenter with its four root folders."""
        moid = self.moid("datacenter")
        center = Datacenter(
            moid=moid, name=name, parent=parent, vm_folder="", host_folder="", datastore_folder="", network_folder=""
        )
        self.world.add(center)
        center.vm_folder = self.folder("vm", moid, "VirtualMachine", "VirtualApp").moid
        center.host_folder = self.folder("host", moid, "ComputeResource", prefix="group-h").moid
        center.datastore_folder = self.folder("datastore", moid, "Datastore", "StoragePod", prefix="group-s").moid
        center.network_folder = self.folder(
            "network", moid, "Network", "DistributedVirtualSwitch", prefix="group-n"
        ).moid
        return center

    def cluster(self, name: str, center: Datacenter) -> Cluster:
        """Add a cluster with its root resource pool."""
        cluster = Cluster(moid=self.moid("domain-c"), name=name, parent=center.host_folder, pool=self.moid("resgroup"))
        self.world.add(cluster, ResourcePool(moid=cluster.pool, name="Resources", parent=cluster.moid))
        return cluster

    def standalone(self, name: str, center: Datacenter) -> ComputeResource:
        """Add the compute resource that a standalone host lies in; it bears the host's name."""
        moid, pool = self.moid("domain-s"), self.moid("resgroup")
        compute = ComputeResource(moid=moid, name=name, parent=center.host_folder, pool=pool)
        self.world.add(compute, ResourcePool(moid=pool, name="Resources", parent=moid))
        return compute

    def host(self, name: str, number: int, compute: ComputeResource) -> Host:
        """Add a healthy host with records in DNS that agree with each other."""
        address = f"10.20.{number // 200}.{number % 200 + 11}"
        host = Host(
            moid=self.moid("host"),
            name=name,
            parent=compute.moid,
            address=address,
            resolves_to=address,
            ptr=name,
            booted=self.world.now - timedelta(days=40 + number % 30),
            uuid=self.uuid(),
            certificate_until=self.world.now + timedelta(days=900),
            cpu_usage_mhz=self.random.randint(12_000, 36_000),
            memory_usage_mb=self.random.randint(90_000, 170_000),
        )
        self.world.add(host)
        return host

    def datastore(self, name: str, parent: str, hosts: Sequence[Host], *, terabytes: float, used: float) -> Datastore:
        """Add a VMFS datastore that these hosts mount; shared when there is more than one."""
        capacity = int(terabytes * TIB)
        store = Datastore(
            moid=self.moid("datastore"),
            name=name,
            parent=parent,
            type="VMFS",
            capacity=capacity,
            free=int(capacity * (1 - used)),
            uncommitted=capacity // 10,
            hosts=tuple(host.moid for host in hosts),
            shared=len(hosts) > 1,
        )
        self.world.add(store)
        return store

    def pod(self, name: str, center: Datacenter) -> StoragePod:
        """Add a datastore cluster."""
        moid = f"group-p{next(self.numbers)}"
        pod = StoragePod(moid=moid, name=name, parent=center.datastore_folder, child_types=("Datastore",))
        self.world.add(pod)
        return pod

    def networks(self, center: Datacenter, hosts: Sequence[Host]) -> list[str]:
        """Add a standard network and a distributed switch with three port groups; give those that VMs may use."""
        moids = tuple(host.moid for host in hosts)
        switch = Switch(
            moid=self.moid("dvs"), name="dvs-core", parent=center.network_folder, uuid=self.uuid(), hosts=moids
        )
        network = Network(moid=self.moid("network"), name="VM Network", parent=center.network_folder, hosts=moids)
        self.world.add(switch, network)
        groups = [self.port_group(name, vlan, switch) for name, vlan in (("pg-front", 110), ("pg-back", 120))]
        self.port_group("dvs-core-DVUplinks", 0, switch).uplink = True
        return [network.moid, *(group.moid for group in groups)]

    def port_group(self, name: str, vlan: int, switch: Switch) -> PortGroup:
        """Add a distributed port group."""
        moid = self.moid("dvportgroup")
        group = PortGroup(moid=moid, name=name, parent=switch.parent, switch=switch.moid, vlan=vlan)
        self.world.add(group)
        return group

    def vm(self, name: str, folder: str, host: Host, stores: Sequence[Datastore], networks: Sequence[str]) -> Vm:
        """Add a healthy powered-on VM with two disks, two adapters and an empty CD-ROM drive."""
        moid = self.moid("vm")
        compute = self.world.entities[host.parent or ""]
        number = int(moid.rpartition("-")[2])
        vm = Vm(
            moid=moid,
            name=name,
            parent=folder,
            host=host.moid,
            pool=compute.pool if isinstance(compute, ComputeResource) else None,
            uuid=self.uuid(),
            created=self.world.now - timedelta(days=200 + number % 100),
            disks=tuple(disk(index, moid, self.random.choice(stores)) for index in range(2)),
            drives=(Drive(key=16000, medium="client"),),
            nics=tuple(nic(index, number, self.random.choice(networks)) for index in range(2)),
            booted=self.world.now - timedelta(days=1 + number % 39, minutes=number % 60),
            cpus=self.random.choice((1, 2, 2, 4, 8)),
            memory_mb=1024 * self.random.choice((2, 4, 8, 8, 16)),
        )
        self.world.add(vm)
        return vm


def disk(index: int, moid: str, store: Datastore) -> Disk:
    """Make a VM's disk of one file."""
    suffix = f"_{index}" if index else ""
    return Disk(
        key=2000 + index,
        datastore=store.moid,
        capacity=(40 + 60 * index) * GIB,
        files=(f"[{store.name}] {moid}/{moid}{suffix}.vmdk",),
    )


def nic(index: int, number: int, network: str) -> Nic:
    """Make a network adapter with an address of VMware's range."""
    mac = f"00:50:56:{0x80 + (number >> 15 & 15):02x}:{number >> 7 & 255:02x}:{(number & 127) * 2 + index:02x}"
    return Nic(key=4000 + index, network=network, mac=mac)


def appliance(now: datetime) -> Appliance:
    """Make a healthy appliance."""
    services = dict.fromkeys(SERVICES.split(), Service())
    stopped = dict.fromkeys(STOPPED.split(), Service(state="STOPPED", health=None, startup="MANUAL"))
    items = "system load mem storage database-storage swap software-packages applmgmt"
    return Appliance(
        name=f"vcsa.{DOMAIN}",
        dns_servers=("10.20.0.53", "10.20.1.53"),
        ntp_servers=("ntp1.lab.example", "ntp2.lab.example"),
        services={name: replace(service) for name, service in sorted((services | stopped).items())},
        health=dict.fromkeys(items.split(), "green"),
        filesystem_used=dict(FILESYSTEMS),
        root_expires=now + timedelta(days=60),
        schedules={"default": True},
        backups=tuple(backup(now, hours) for hours in (31, 7)),
        certificate_until=now + timedelta(days=500),
        signing_until=now + timedelta(days=2500),
        root_until=now + timedelta(days=3000),
    )


def backup(now: datetime, hours_ago: float, status: str = "SUCCEEDED") -> Backup:
    """Make a backup job that ended so long ago."""
    ended = now - timedelta(hours=hours_ago)
    return Backup(started=ended - timedelta(minutes=19), ended=ended, status=status)


def licence(now: datetime) -> Licence:
    """Make the licence of a healthy estate."""
    return Licence(
        key="00000-00000-00000-00000-00001",
        edition="esx.enterprisePlus.cpuPackage",
        name="vSphere 8 Enterprise Plus",
        total=32,
        used=18,
        expires=now + timedelta(days=200),
    )

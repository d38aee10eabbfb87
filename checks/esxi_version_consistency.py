"""esxi-version-consistency: whether the hosts of a cluster run one build of ESXi, none newer than vCenter."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from vhealthd.checkapi import Inventory, Limits, Need, check
from vhealthd.model import (
    Category,
    Entity,
    Examined,
    Finding,
    Host,
    HostProduct,
    Message,
    MoRef,
    NotExamined,
    Outcome,
    Severity,
    Text,
    Unseen,
    Verdict,
    VirtualCenter,
)

MIXED_MAJOR = Message(
    "esxi-version-consistency.mixed-major",
    "Its hosts run {major_versions} major versions of ESXi; there should be 1: {found}",
)
MIXED_BUILDS = Message(
    "esxi-version-consistency.mixed-builds", "Its hosts run {builds} builds of ESXi; there should be 1: {found}"
)
NEWER = Message(
    "esxi-version-consistency.newer",
    "The host runs ESXi {host_version} build {build}, which is newer than its vCenter, {vcenter_version}",
)
REBOOT = Message(
    "esxi-version-consistency.reboot",
    "The host waits to be restarted for a change (now ESXi {host_version} build {build})",
)
NOT_CONNECTED = Message("esxi-version-consistency.not-connected", "the host is not connected ({connection_state})")
NOT_COMPARED = Message(
    "esxi-version-consistency.not-compared",
    'the versions "{host_version}" of the host and "{vcenter_version}" of vCenter cannot be compared',
)
BUILD_ON = Message("esxi-version-consistency.build-on", "{version} build {build} on {hosts}")
BUILD_ON_MANY = Message("esxi-version-consistency.build-on-many", "{version} build {build} on {count} hosts")
NO_HOSTS = Message("esxi-version-consistency.no-hosts", "vCenter tells the version of none of its hosts")

Known = list[tuple[Host, HostProduct]]
NAMES_SHOWN = 3


@check(
    title="ESXi version consistency",
    category=Category.INFRASTRUCTURE,
    needs={Need.CLUSTERS, Need.HOSTS, Need.HOST_PRODUCT},
    what="Whether all hosts of a cluster run the same build of ESXi, whether a host is newer than its vCenter, and "
    "whether a host waits to be restarted.",
    why="vMotion, high availability and vSphere Lifecycle Manager count on like hosts: between major versions virtual "
    "machines may not move back. A host that is newer than its vCenter is not supported and may not reconnect.",
    fix="Remediate the cluster to one image with vSphere Lifecycle Manager. Update vCenter before its hosts. Restart a "
    "host that waits for it: enter maintenance mode first.",
    blind_spots="Drivers, firmware and components beside the base image are not compared. Against vCenter the version "
    "counts, not the build. Of a disconnected host the version is the last known one. Hosts in maintenance mode "
    "that differ from the others are information only, for that is how an update looks while it is under way.",
)
def esxi_version_consistency(inventory: Inventory, limits: Limits) -> Iterator[Verdict]:  # noqa: ARG001 - it has none
    """Judge each host against vCenter, then each cluster."""
    clusters: defaultdict[MoRef, Known] = defaultdict(list)
    for host in inventory.hosts:
        product = inventory.host_product[host.ref]
        if isinstance(product, Unseen):
            yield NotExamined(host, product)
            continue
        yield from _judge_host(host, product, inventory.vcenter)
        if host.cluster:
            clusters[host.cluster.ref].append((host, product))
    populated = {host.cluster.ref for host in inventory.hosts if host.cluster}
    for cluster in inventory.clusters:
        if clusters[cluster.ref]:
            yield from _judge_cluster(cluster, clusters[cluster.ref])
        elif cluster.ref in populated:
            yield NotExamined(cluster, Unseen(NO_HOSTS(), derived=True))


def _judge_host(host: Host, product: HostProduct, vcenter: VirtualCenter) -> Iterator[Verdict]:
    yield Examined(host)
    versions = {"host_version": product.version, "vcenter_version": vcenter.version}
    ours, theirs = _numbers(product.version), _numbers(vcenter.version or "")
    if not ours or not theirs:
        yield NotExamined(host, Unseen(NOT_COMPARED(**versions), Outcome.SKIPPED), rule="newer")
    elif ours > theirs:
        yield Finding(Severity.CRITICAL, host, NEWER(**versions, build=product.build), "newer")
    if not host.connected:
        yield NotExamined(host, Unseen(NOT_CONNECTED(connection_state=host.connection_state)), rule="reboot")
    elif product.reboot_required:
        text = REBOOT(host_version=product.version, build=product.build)
        yield Finding(Severity.WARNING, host, text, "reboot")


def _judge_cluster(cluster: Entity, hosts: Known) -> Iterator[Verdict]:
    """Judge the hosts at work. Where only one in maintenance differs, somebody is at it: info."""
    yield Examined(cluster)
    working = [(host, product) for host, product in hosts if not host.in_maintenance_mode]
    severity = _grade(working) or (Severity.INFO if _grade(hosts) else None)
    if severity:
        builds = _builds(hosts if severity is Severity.INFO else working)
        majors = {version.partition(".")[0] for version, _ in builds}
        found = _found(builds)
        text = (
            MIXED_MAJOR(major_versions=len(majors), found=found)
            if len(majors) > 1
            else MIXED_BUILDS(builds=len(builds), found=found)
        )
        yield Finding(severity, cluster, text)


def _grade(hosts: Known) -> Severity | None:
    if len({product.version.partition(".")[0] for _, product in hosts}) > 1:
        return Severity.CRITICAL
    return Severity.WARNING if len(_builds(hosts)) > 1 else None


def _builds(hosts: Known) -> Mapping[tuple[str, str], list[str]]:
    """Return the names of the hosts by version and build."""
    names: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for host, product in hosts:
        names[product.version, product.build].append(host.name)
    return names


def _found(builds: Mapping[tuple[str, str], list[str]]) -> tuple[Text, ...]:
    """List the builds, the most frequent first; few hosts are named, many are counted."""
    rows = sorted(builds.items(), key=lambda row: (-len(row[1]), row[0]))
    return tuple(
        BUILD_ON_MANY(version=version, build=build, count=len(names))
        if len(names) > NAMES_SHOWN
        else BUILD_ON(version=version, build=build, hosts=", ".join(sorted(names)))
        for (version, build), names in rows
    )


def _numbers(version: str) -> tuple[int, ...]:
    """Return major, minor and update of a version; an empty tuple for anything else."""
    match = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", version)
    return tuple(int(part or 0) for part in match.groups()) if match else ()

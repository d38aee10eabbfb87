"""vCenter's singletons as VI JSON: the service's content, sessions, licences, alarms."""

from datetime import datetime

from mocks.encode.value import Encoders, Tree, boxed, data, reference, timestamp, wire_name
from mocks.machine import Licence
from mocks.world import Host, World

BUILDS = {"7": "20051473", "8": "24022515", "9": "25370922"}
SINGLETONS = {
    "setting": ("OptionManager", "VpxSettings"),
    "sessionManager": ("SessionManager", "SessionManager"),
    "authorizationManager": ("AuthorizationManager", "AuthorizationManager"),
    "perfManager": ("PerformanceManager", "PerfMgr"),
    "alarmManager": ("AlarmManager", "AlarmManager"),
    "eventManager": ("EventManager", "EventManager"),
    "taskManager": ("TaskManager", "TaskManager"),
    "extensionManager": ("ExtensionManager", "ExtensionManager"),
    "licenseManager": ("LicenseManager", "LicenseManager"),
    "searchIndex": ("SearchIndex", "SearchIndex"),
    "dvSwitchManager": ("DistributedVirtualSwitchManager", "DVSManager"),
    "viewManager": ("ViewManager", "ViewManager"),
}


def about(world: World, release: str) -> Tree:
    """Encode what vCenter says of itself, for the release that it is to be."""
    major, minor, update, _ = release.split(".")
    version = f"{major}.{minor}.{update}"
    build = BUILDS[major]
    return data(
        "AboutInfo",
        name="VMware vCenter Server",
        fullName=f"VMware vCenter Server {version} build-{build}",
        vendor="VMware, Inc.",
        version=version,
        patchLevel="00300",
        build=build,
        localeVersion="INTL",
        localeBuild="000",
        osType="linux-x64",
        productLineId="vpx",
        apiType="VirtualCenter",
        apiVersion=release,
        instanceUuid=world.instance_uuid,
        licenseProductName="VMware VirtualCenter Server",
        licenseProductVersion=f"{major}.0",
    )


def content(world: World, release: str) -> Tree:
    """Encode `ServiceInstance.content`."""
    return data(
        "ServiceContent",
        rootFolder=reference("Folder", "group-d1"),
        propertyCollector=reference("PropertyCollector", "propertyCollector"),
        about=about(world, release),
        **{name: reference(kind, moid) for name, (kind, moid) in SINGLETONS.items()},
    )


NO_KEY = "00000-00000-00000-00000-00000"


def _licences(world: World) -> list[Tree]:
    evaluation = Licence(key=NO_KEY, edition="eval", name="Product Evaluation", total=0, used=None, unit="")
    return [_licence(each) for each in (evaluation, *world.licences)]


def _licence(licence: Licence) -> Tree:
    properties = [data("KeyAnyValue", key="ProductName", value=boxed("string", "VMware ESX Server"))]
    if licence.expires:
        properties.append(_last_day(licence.expires))
    return data(
        "LicenseManagerLicenseInfo",
        licenseKey=licence.key,
        editionKey=licence.edition,
        name=licence.name,
        total=licence.total,
        used=licence.used,
        costUnit=licence.unit,
        properties=properties,
    )


def _last_day(day: datetime) -> Tree:
    return data("KeyAnyValue", key="expirationDate", value=boxed("dateTime", timestamp(day)))


def _evaluation(_world: World, _manager: object) -> Tree:
    """Encode vCenter's own evaluation: it has a licence and needs none."""
    hours = data("KeyAnyValue", key="expirationHours", value=boxed("long", 0))
    return data("LicenseManagerEvaluationInfo", properties=[hours])


def assigned_licences(world: World, wanted: str | None) -> list[Tree]:
    """Encode which licence each host has, or the one asset that is asked for."""
    return [_assigned(world, host) for host in world.all(Host) if wanted in {None, host.moid}]


def _assigned(world: World, host: Host) -> Tree:
    properties = [data("KeyAnyValue", key="ProductName", value=boxed("string", "VMware ESX Server"))]
    licence = world.licences[0] if world.licences else None
    if host.moid in world.evaluating or licence is None:
        licence = Licence(key=NO_KEY, edition="eval", name="Evaluation Mode", total=0, used=None, unit="")
        until = world.evaluating.get(host.moid)
        info = data("LicenseManagerEvaluationInfo", properties=[_last_day(until)] if until else [])
        properties.append(data("KeyAnyValue", key="evaluation", value=info))
    return data(
        "LicenseAssignmentManagerLicenseAssignment",
        entityId=host.moid,
        scope=world.instance_uuid,
        entityDisplayName=wire_name(host.name),
        assignedLicense=_licence(licence),
        properties=properties,
    )


LICENCES: Encoders = {
    "diagnostics": lambda _world, _manager: None,
    "evaluation": _evaluation,
    "licenseAssignmentManager": lambda _world, _manager: reference(
        "LicenseAssignmentManager", "LicenseAssignmentManager"
    ),
    "licensedEdition": lambda _world, _manager: "",
    "licenses": lambda world, _manager: _licences(world),
    "source": lambda _world, _manager: data("LocalLicenseSource", licenseKeys=""),
    "sourceAvailable": lambda _world, _manager: True,
}

ALARMS: Encoders = {
    "defaultExpression": lambda _world, _manager: [],
}

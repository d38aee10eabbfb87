"""vCenter's singletons as VI JSON: the service's content, sessions, licences, alarms."""

from datetime import timedelta

from mocks.encode.value import Encoders, Tree, boxed, data, reference, timestamp
from mocks.world import World

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


def _licences(world: World) -> list[Tree]:
    properties = [
        data("KeyAnyValue", key="expirationDate", value=boxed("dateTime", timestamp(world.now + timedelta(days=200)))),
        data("KeyAnyValue", key="ProductName", value=boxed("string", "VMware ESX Server")),
    ]
    return [
        data(
            "LicenseManagerLicenseInfo",
            licenseKey="00000-00000-00000-00000-00001",
            editionKey="esx.enterprisePlus.cpuPackage",
            name="vSphere 8 Enterprise Plus",
            total=32,
            used=18,
            costUnit="cpuPackage",
            properties=properties,
        )
    ]


def _evaluation(_world: World, _manager: object) -> Tree:
    hours = data("KeyAnyValue", key="expirationHours", value=boxed("long", 0))
    return data("LicenseManagerEvaluationInfo", properties=[hours])


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

"""ESXi hosts as VI JSON, all but their configuration."""

from mocks.encode.host_config import config, product
from mocks.encode.value import ENTITY, Encoders, Tree, boxed, data, flags, refer, reference, timestamp, wire_name
from mocks.world import Datastore, Host, Network, PortGroup, Switch, Vm, World

CPU_MODEL = "Intel(R) Xeon(R) Gold 6338N CPU @ 2.20GHz"
VENDOR, MODEL = "Dell Inc.", "PowerEdge R750"
SENSORS = (
    ("Processor 1 Temp 1", "temperature", "degrees C", 4500),
    ("System Board Fan1A", "fan", "RPM", 720000),
    ("Power Supply 1 Status", "power", "", 0),
    ("Memory Device 1 DIMM A1: Correctable ECC - Deassert", "memory", "", 0),
    ("VMware Rollup Health State", "system", "", 0),
)
PARTS = {"cpuStatusInfo": ("CPU 1", "CPU 2"), "memoryStatusInfo": ("Memory Module 1", "Memory Module 2")}
CAPABILITY = flags("HostCapability")


def _runtime(world: World, host: Host) -> Tree:
    return data(
        "HostRuntimeInfo",
        connectionState=host.connection_state,
        powerState=host.power_state,
        standbyMode=_standby_mode(host),
        inMaintenanceMode=host.maintenance,
        inQuarantineMode=host.quarantine if host.answers else None,
        bootTime=timestamp(host.booted) if host.answers else None,
        healthSystemRuntime=_health(host) if host.answers and host.has_sensors else None,
        dasHostState=_das_state(world, host),
    )


def _das_state(world: World, host: Host) -> Tree | None:
    in_cluster = world.entities[host.parent or ""].kind == "ClusterComputeResource"
    return data("ClusterDasFdmHostState", state=host.das_state) if host.answers and in_cluster else None


def _health(host: Host) -> Tree:
    """Encode the sensors; their colours are lower case while those of the hardware status are capitalised."""
    sensors = [
        data(
            "HostNumericSensorInfo",
            name=name,
            healthState=_colour(host.sensors.get(name, "green")),
            currentReading=reading,
            unitModifier=-2,
            baseUnits=units,
            sensorType=kind,
        )
        for name, kind, units, reading in SENSORS
    ]
    parts = {
        field: [data("HostHardwareElementInfo", name=name, status=_colour(_capital(host, name))) for name in names]
        for field, names in PARTS.items()
    }
    status = data("HostHardwareStatusInfo", **parts, storageStatusInfo=[])
    health = data("HostSystemHealthInfo", numericSensorInfo=sensors)
    return data("HealthSystemRuntime", systemHealthInfo=health, hardwareStatusInfo=status)


def _capital(host: Host, name: str) -> str:
    return host.sensors.get(name, "green").capitalize()


def _standby_mode(host: Host) -> str | None:
    if host.power_state == "standBy":
        return "in"
    return "none" if host.answers else None


def _colour(key: str) -> Tree:
    return data("ElementDescription", label=key, summary=f"Sensor is reporting {key.lower()}", key=key)


def _summary(world: World, host: Host) -> Tree:
    return data(
        "HostListSummary",
        host=refer(world, host.moid),
        hardware=_hardware_summary(host),
        runtime=_runtime(world, host),
        config=data(
            "HostConfigSummary",
            name=wire_name(host.name),
            port=902,
            product=product(host),
            vmotionEnabled=True,
            faultToleranceEnabled=False,
        ),
        quickStats=data(
            "HostListSummaryQuickStats",
            overallCpuUsage=host.cpu_usage_mhz,
            overallMemoryUsage=host.memory_usage_mb,
            uptime=int((world.now - host.booted).total_seconds()),
        ),
        overallStatus="green",
        rebootRequired=host.reboot_required,
        managementServerIp="10.20.0.5",
    )


def _hardware_summary(host: Host) -> Tree:
    return data(
        "HostHardwareSummary",
        vendor=VENDOR,
        model=MODEL,
        uuid=host.uuid,
        memorySize=host.memory,
        cpuModel=CPU_MODEL,
        cpuMhz=host.cpu_mhz,
        numCpuPkgs=host.numa_nodes,
        numCpuCores=host.cores,
        numCpuThreads=host.cores * 2,
        numNics=6,
        numHBAs=3,
    )


def _hardware(_world: World, host: Host) -> Tree | None:
    if not host.answers:
        return None
    threads, share = list(range(host.cores * 2)), host.cores * 2 // host.numa_nodes
    packages = [threads[number * share : (number + 1) * share] for number in range(host.numa_nodes)]
    hertz = host.cpu_mhz * 1_000_000
    return data(
        "HostHardwareInfo",
        systemInfo=data("HostSystemInfo", vendor=VENDOR, model=MODEL, uuid=host.uuid),
        cpuInfo=data(
            "HostCpuInfo",
            numCpuPackages=host.numa_nodes,
            numCpuCores=host.cores,
            numCpuThreads=host.cores * 2,
            hz=hertz,
        ),
        cpuPkg=[
            data(
                "HostCpuPackage",
                index=number,
                vendor="intel",
                hz=hertz,
                busHz=100_000_000,
                description=CPU_MODEL,
                threadId=package,
            )
            for number, package in enumerate(packages)
        ],
        memorySize=host.memory,
        numaInfo=data("HostNumaInfo", type="NUMA", numNodes=host.numa_nodes, numaNode=_numa_nodes(host, packages)),
        smcPresent=False,
    )


def _numa_nodes(host: Host, packages: list[list[int]]) -> list[Tree]:
    size = host.memory // host.numa_nodes
    return [
        data(
            "HostNumaNode",
            typeId=number,
            cpuID=package,
            memorySize=size,
            memoryRangeBegin=number * size,
            memoryRangeLength=size,
        )
        for number, package in enumerate(packages)
    ]


def _config_manager(_world: World, host: Host) -> Tree:
    number = host.moid.rpartition("-")[2]
    return data(
        "HostConfigManager",
        advancedOption=reference("OptionManager", f"EsxHostAdvSettings-{number}"),
        dateTimeSystem=reference("HostDateTimeSystem", f"dateTimeSystem-{number}"),
        certificateManager=reference("HostCertificateManager", f"certificateManager-{number}"),
        networkSystem=reference("HostNetworkSystem", f"networkSystem-{number}"),
        storageSystem=reference("HostStorageSystem", f"storageSystem-{number}"),
        serviceSystem=reference("HostServiceSystem", f"serviceSystem-{number}"),
    )


def _networks(world: World, host: Host) -> list[Tree]:
    standard = [refer(world, each.moid) for each in world.all(Network) if host.moid in each.hosts]
    switches = {switch.moid for switch in world.all(Switch) if host.moid in switch.hosts}
    return standard + [refer(world, each.moid) for each in world.all(PortGroup) if each.switch in switches]


HOST: Encoders = {
    **ENTITY,
    "capability": lambda _world, host: CAPABILITY if host.answers else None,
    "config": config,
    "configManager": _config_manager,
    "datastore": lambda world, host: [
        refer(world, store.moid) for store in world.all(Datastore) if host.moid in store.hosts
    ],
    "datastoreBrowser": lambda _world, host: reference("HostDatastoreBrowser", f"datastoreBrowser-{host.moid}"),
    "hardware": _hardware,
    "licensableResource": lambda _world, host: data(
        "HostLicensableResourceInfo",
        resource=[data("KeyAnyValue", key="numCpuCores", value=boxed("int", host.cores))],
    ),
    "network": _networks,
    "runtime": _runtime,
    "summary": _summary,
    "vm": lambda world, host: [refer(world, vm.moid) for vm in world.all(Vm) if vm.host == host.moid],
}

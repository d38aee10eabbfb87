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
)
CAPABILITY = flags("HostCapability")


def _runtime(world: World, host: Host) -> Tree:
    return data(
        "HostRuntimeInfo",
        connectionState=host.connection_state,
        powerState=host.power_state,
        standbyMode="none" if host.answers else None,
        inMaintenanceMode=host.maintenance,
        inQuarantineMode=False if host.answers else None,
        bootTime=timestamp(host.booted) if host.answers else None,
        healthSystemRuntime=_health(host) if host.answers else None,
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
            healthState=_colour(host.sensor_state if number == 0 else "green"),
            currentReading=reading,
            unitModifier=-2,
            baseUnits=units,
            sensorType=kind,
        )
        for number, (name, kind, units, reading) in enumerate(SENSORS)
    ]
    element = [data("HostHardwareElementInfo", name="CPU 1", status=_colour("Green"))]
    status = data("HostHardwareStatusInfo", memoryStatusInfo=[], cpuStatusInfo=element, storageStatusInfo=[])
    health = data("HostSystemHealthInfo", numericSensorInfo=sensors)
    return data("HealthSystemRuntime", systemHealthInfo=health, hardwareStatusInfo=status)


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
        rebootRequired=False,
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
        numCpuPkgs=2,
        numCpuCores=host.cores,
        numCpuThreads=host.cores * 2,
        numNics=6,
        numHBAs=3,
    )


def _hardware(_world: World, host: Host) -> Tree | None:
    if not host.answers:
        return None
    threads = list(range(host.cores * 2))
    halves = (threads[: host.cores], threads[host.cores :])
    hertz = host.cpu_mhz * 1_000_000
    return data(
        "HostHardwareInfo",
        systemInfo=data("HostSystemInfo", vendor=VENDOR, model=MODEL, uuid=host.uuid),
        cpuInfo=data("HostCpuInfo", numCpuPackages=2, numCpuCores=host.cores, numCpuThreads=host.cores * 2, hz=hertz),
        cpuPkg=[
            data(
                "HostCpuPackage",
                index=number,
                vendor="intel",
                hz=hertz,
                busHz=100_000_000,
                description=CPU_MODEL,
                threadId=half,
            )
            for number, half in enumerate(halves)
        ],
        memorySize=host.memory,
        numaInfo=data("HostNumaInfo", type="NUMA", numNodes=2, numaNode=_numa_nodes(host, halves)),
        smcPresent=False,
    )


def _numa_nodes(host: Host, halves: tuple[list[int], list[int]]) -> list[Tree]:
    size = host.memory // 2
    return [
        data(
            "HostNumaNode",
            typeId=number,
            cpuID=half,
            memorySize=size,
            memoryRangeBegin=number * size,
            memoryRangeLength=size,
        )
        for number, half in enumerate(halves)
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

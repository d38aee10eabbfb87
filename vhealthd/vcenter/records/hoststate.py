"""Facets of ESXi hosts that tell how they are: product, mode, hardware, services, time, lockdown."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from vhealthd.inventory import Need
from vhealthd.model import HardwarePart, HostLockdown, HostMode, HostProduct, HostService, HostTime
from vhealthd.vcenter.records.facet import Facet, Props
from vhealthd.vcenter.wire import dig, each

_SENSORS = "runtime.healthSystemRuntime.systemHealthInfo.numericSensorInfo"
_STATUS = "runtime.healthSystemRuntime.hardwareStatusInfo"
_STATUS_LISTS = {
    "cpu": "cpuStatusInfo",
    "memory": "memoryStatusInfo",
    "storage": "storageStatusInfo",
    "dpu": "dpuStatusInfo",
}
# Sensors that are on or off may carry their present state at the end of their name.
_STATE_IN_NAME = re.compile(r"\s+(--- .*|- (Assert|Deassert))$")
_ROLLUP = "VMware Rollup Health State"  # sums up all the others


def _product(props: Props) -> HostProduct | None:
    product = props.get("summary.config.product")
    version, build = dig(product, "version"), dig(product, "build")
    if not version or not build:
        return None
    return HostProduct(version=version, build=build, reboot_required=props.get("summary.rebootRequired"))


def _mode(props: Props) -> HostMode:
    return HostMode(
        standby_mode=props.get("runtime.standbyMode"), in_quarantine=bool(props.get("runtime.inQuarantineMode"))
    )


def _hardware(props: Props) -> tuple[HardwarePart, ...]:
    return tuple(_parts(props))


def _parts(props: Props) -> Iterator[HardwarePart]:
    """Yield sensors, whose colours are lower case, and the status of parts, whose colours are capitalised."""
    for sensor in each(props, _SENSORS):
        yield _part(sensor, str(sensor.get("sensorType") or ""), "healthState")
    for kind, field in _STATUS_LISTS.items():
        for element in each(props.get(_STATUS), field):
            yield _part(element, kind, "status")


def _part(element: Mapping[str, Any], kind: str, field: str) -> HardwarePart:
    name, state = str(element.get("name") or ""), str(dig(element, field, "key") or "unknown")
    kind = "rollup" if name == _ROLLUP else kind
    return HardwarePart(sensor=_STATE_IN_NAME.sub("", name), name=name, kind=kind, state=state.lower())


def _services(props: Props) -> Mapping[str, HostService] | None:
    listed = props.get("config.service.service")
    if listed is None:
        return None
    return {
        str(one.get("key")): HostService(running=bool(one.get("running")), policy=str(one.get("policy") or ""))
        for one in each(props, "config.service.service")
    }


def _time(props: Props) -> HostTime | None:
    info = props.get("config.dateTimeInfo")
    if info is None:
        return None
    return HostTime(
        protocol=dig(info, "systemClockProtocol"),
        servers=tuple(str(one) for one in dig(info, "ntpConfig", "server") or ()),
        synchronised=dig(info, "serviceSync"),
    )


def _lockdown(props: Props) -> HostLockdown | None:
    mode = props.get("config.lockdownMode")
    return None if mode is None else HostLockdown(lockdown_mode=mode)


_SETTINGS = "settings of hosts"
HOST_STATE_FACETS = (
    Facet(Need.HOST_PRODUCT, "HostSystem", ("summary.config.product", "summary.rebootRequired"), _product),
    Facet(Need.HOST_MODE, "HostSystem", ("runtime.standbyMode", "runtime.inQuarantineMode"), _mode),
    Facet(Need.HOST_HARDWARE, "HostSystem", (_SENSORS, _STATUS), _hardware, "sensors of hosts"),
    Facet(Need.HOST_SERVICES, "HostSystem", ("config.service.service",), _services, _SETTINGS),
    Facet(Need.HOST_TIME, "HostSystem", ("config.dateTimeInfo",), _time, _SETTINGS),
    Facet(Need.HOST_LOCKDOWN, "HostSystem", ("config.lockdownMode",), _lockdown, _SETTINGS),
)

"""What is made of a host's state, in the forms in which vCenter may give it."""

import pytest

from vhealthd.inventory import Need
from vhealthd.model import HardwarePart, HostManagers, HostMode, HostProduct, HostService, HostTime, MoRef
from vhealthd.vcenter.records import FACETS

MAKE = {facet.need: facet.make for facet in FACETS}
SENSORS = "runtime.healthSystemRuntime.systemHealthInfo.numericSensorInfo"
STATUS = "runtime.healthSystemRuntime.hardwareStatusInfo"


def sensor(name: str, state: str) -> dict[str, object]:
    return {"name": name, "sensorType": "power", "healthState": {"key": state, "label": state, "summary": ""}}


@pytest.mark.parametrize("need", [Need.HOST_PRODUCT, Need.HOST_SERVICES, Need.HOST_TIME, Need.HOST_LOCKDOWN])
def test_nothing_is_not_seen(need: Need) -> None:
    assert MAKE[need]({}) is None


def test_a_product_without_its_build_is_not_seen() -> None:
    assert MAKE[Need.HOST_PRODUCT]({"summary.config.product": {"version": "8.0.3"}}) is None


def test_a_product_without_word_of_a_restart_is() -> None:
    made = MAKE[Need.HOST_PRODUCT]({"summary.config.product": {"version": "8.0.3", "build": "1"}})
    assert made == HostProduct(version="8.0.3", build="1", reboot_required=None)


def test_absent_modes_are_none() -> None:
    assert MAKE[Need.HOST_MODE]({}) == HostMode(standby_mode=None, in_quarantine=False)


@pytest.mark.parametrize("missing", ["advancedOption", "dateTimeSystem"])
def test_a_host_lacks_its_managers_where_one_of_them_is_missing(missing: str) -> None:
    props = {
        "configManager.advancedOption": {"type": "OptionManager", "value": "o-1"},
        "configManager.dateTimeSystem": {"type": "HostDateTimeSystem", "value": "d-1"},
    }
    both = HostManagers(options=MoRef("OptionManager", "o-1"), clock=MoRef("HostDateTimeSystem", "d-1"))
    assert MAKE[Need.HOST_MANAGERS](props) == both
    assert MAKE[Need.HOST_MANAGERS]({**props, f"configManager.{missing}": None}) is None


def test_colours_come_in_either_case_and_may_be_absent() -> None:
    parts = MAKE[Need.HOST_HARDWARE](
        {
            SENSORS: [sensor("PS 1", "yellow"), {"name": "PS 2", "sensorType": "power"}],
            STATUS: {"memoryStatusInfo": [{"name": "DIMM 1", "status": {"key": "Red"}}], "cpuStatusInfo": None},
        }
    )
    assert parts == (
        HardwarePart(sensor="PS 1", name="PS 1", kind="power", state="yellow"),
        HardwarePart(sensor="PS 2", name="PS 2", kind="power", state="unknown"),
        HardwarePart(sensor="DIMM 1", name="DIMM 1", kind="memory", state="red"),
    )


@pytest.mark.parametrize("props", [{}, {SENSORS: None, STATUS: None}, {SENSORS: [], STATUS: {}}])
def test_a_host_without_sensors_has_none(props: dict[str, object]) -> None:
    assert MAKE[Need.HOST_HARDWARE](props) == ()


@pytest.mark.parametrize(
    ("name", "stable"),
    [
        ("DIMM A1: Correctable ECC - Deassert", "DIMM A1: Correctable ECC"),
        ("DIMM A1: Correctable ECC - Assert", "DIMM A1: Correctable ECC"),
        ("Fan 1 --- Degraded", "Fan 1"),
        ("Power - PS1", "Power - PS1"),
        ("Fan1A", "Fan1A"),
    ],
)
def test_a_sensor_is_named_without_its_present_state(name: str, stable: str) -> None:
    parts = MAKE[Need.HOST_HARDWARE]({SENSORS: [sensor(name, "red")]})
    assert parts == (HardwarePart(sensor=stable, name=name, kind="power", state="red"),)


def test_the_sum_of_all_sensors_is_known_as_such() -> None:
    name = "VMware Rollup Health State"
    parts = MAKE[Need.HOST_HARDWARE]({SENSORS: [sensor(name, "red")]})
    assert parts == (HardwarePart(sensor=name, name=name, kind="rollup", state="red"),)


def test_services_by_key() -> None:
    listed = [{"key": "ntpd", "running": True, "policy": "on"}, {"key": "TSM"}]
    assert MAKE[Need.HOST_SERVICES]({"config.service.service": listed}) == {
        "ntpd": HostService(running=True, policy="on"),
        "TSM": HostService(running=False, policy=""),
    }


def test_a_time_that_says_little() -> None:
    little = HostTime(protocol=None, servers=(), synchronised=None)
    assert MAKE[Need.HOST_TIME]({"config.dateTimeInfo": {"timeZone": {}}}) == little
    assert MAKE[Need.HOST_TIME]({"config.dateTimeInfo": {"ntpConfig": {"server": None}}}) == little

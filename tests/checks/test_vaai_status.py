import pytest

from tests.builders import FORBIDDEN, LATE, Case, Says, findings, hides, host, load, says
from tests.builders_estate import LUN, SWITCHES, estate, lun, volume
from vhealthd.checkapi import Inventory
from vhealthd.model import Lun, Severity, Volume
from vhealthd.wording import english

SLUG = "vaai-status"
ESX, UNREAD = host(), host("esx07")
AWAY = host("esx08", connection_state="notResponding")
ATS, XCOPY, SAME, DELETE = SWITCHES
NFS = volume(version=5, kind="NFS")
FINE = Says(examined={"esx01"})
INFO = Says(finds={("info", "esx01", DELETE)}, examined={"esx01"})


def _luns(*luns: Lun) -> Inventory:
    return estate(luns={ESX: luns}, options={ESX: SWITCHES})


def _options(volumes: tuple[Volume, ...] = (), /, **more: str | int) -> Inventory:
    given = {**SWITCHES, **{key.replace("_", "."): value for key, value in more.items()}}
    return estate(luns={ESX: (lun(),)}, options={ESX: given}, volumes={ESX: volumes})


def _one(severity: str, key: str) -> Says:
    return Says(finds={(severity, "esx01", key)}, examined={"esx01"})


CASES = [
    Case("supported and switched on is fine", _luns(lun()), FINE),
    Case("an unsupported LUN of an array warns", _luns(lun(vaai="vStorageUnsupported")), _one("warning", LUN)),
    Case("a status that is not known is worth knowing", _luns(lun(vaai="vStorageUnknown")), _one("info", LUN)),
    Case("so is one of a newer release", _luns(lun(vaai="vStorageWanted")), _one("info", LUN)),
    Case(
        "without a status it is not examined", _luns(lun(vaai=None)), Says(examined={"esx01"}, missed={("esx01", LUN)})
    ),
    Case(
        "local disks are no matter",
        _luns(lun(local=True, vaai="vStorageUnsupported"), lun(local=True, vaai=None)),
        FINE,
    ),
    Case("detached LUNs are no matter", _luns(lun(device=("off",), vaai="vStorageUnsupported")), FINE),
    Case(
        "each LUN is a finding of its own",
        _luns(lun(vaai="vStorageUnsupported"), lun(name="naa.2", vaai="vStorageUnknown")),
        Says(finds={("warning", "esx01", LUN), ("info", "esx01", "naa.2")}, examined={"esx01"}),
    ),
    Case("ATS switched off warns", _options(VMFS3_HardwareAcceleratedLocking=0), _one("warning", ATS)),
    Case("XCOPY switched off warns", _options(DataMover_HardwareAcceleratedMove=0), _one("warning", XCOPY)),
    Case("Write Same switched off warns", _options(DataMover_HardwareAcceleratedInit=0), _one("warning", SAME)),
    Case(
        "all three are three findings",
        estate(luns={ESX: ()}, options={ESX: dict.fromkeys(SWITCHES, 0)}),
        Says(finds={("warning", "esx01", key) for key in (ATS, XCOPY, SAME)}, examined={"esx01"}),
    ),
    Case("unmap is off by default and nobody's fault", _options((volume(),)), FINE),
    Case("on VMFS 5 it is worth knowing", _options((volume(), volume("old", version=5))), INFO),
    Case("unless it is switched on", _options((volume(version=5),), VMFS3_EnableBlockDelete=1), FINE),
    Case("older and unknown versions are no matter", _options((volume(version=3), volume(version=None))), FINE),
    Case("on other file systems it does nothing", _options((NFS, volume(version=5, kind="VVOL"))), FINE),
    Case(
        "a setting that the host has not is not examined",
        estate(luns={ESX: ()}, options={ESX: {ATS: 1, XCOPY: 1}}, volumes={ESX: (volume(version=5),)}),
        Says(examined={"esx01"}, missed={("esx01", SAME)}),
    ),
    Case(
        "settings that were not read leave the LUNs",
        estate(luns={ESX: (lun(vaai="vStorageUnsupported"),)}, options={ESX: LATE}),
        Says(finds={("warning", "esx01", LUN)}, examined={"esx01"}, missed={("esx01", "switches")}),
    ),
    Case(
        "LUNs that were not read leave the settings",
        estate(luns={ESX: LATE}, options={ESX: {**SWITCHES, ATS: 0}}),
        Says(finds={("warning", "esx01", ATS)}, examined={"esx01"}, missed={("esx01", "luns")}),
    ),
    Case(
        "volumes that were not read leave the rest",
        estate(luns={ESX: ()}, options={ESX: SWITCHES}, volumes={ESX: FORBIDDEN}),
        Says(examined={"esx01"}, missed={("esx01", DELETE)}),
    ),
    Case("neither was read", estate(luns={ESX: LATE}, options={ESX: LATE}), Says(missed={("esx01", None)})),
    Case("a host that does not answer is not examined", estate(hosts=[AWAY]), Says(missed={("esx08", None)})),
    Case(
        "LUNs are judged apart from those before them",
        _luns(lun(), lun(name="naa.2", local=True), lun(name="naa.3", vaai="vStorageUnsupported")),
        _one("warning", "naa.3"),
    ),
    Case(
        "so are hosts",
        estate(
            hosts=[AWAY],
            luns={UNREAD: LATE, ESX: (lun(vaai="vStorageUnsupported"),)},
            options={UNREAD: LATE, ESX: SWITCHES},
        ),
        Says(
            finds={("warning", "esx01", LUN)},
            examined={"esx01"},
            missed={("esx08", None), ("esx07", None)},
        ),
    ),
    Case("nothing is there", estate(), Says()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_vaai_status(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_it_never_does_more_than_warn() -> None:
    assert load(SLUG).maximum is Severity.WARNING


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            _luns(lun(vaai="vStorageUnsupported")),
            f"The array does not accelerate the LUN {LUN}: its status on this host is vStorageUnsupported",
        ),
        (
            _options(VMFS3_HardwareAcceleratedLocking=0),
            (
                "Locking by the array (ATS) is switched off on this host (VMFS3.HardwareAcceleratedLocking is 0, the "
                "limit is 1)"
            ),
        ),
        (
            _options((volume("b", version=5), volume("a", version=5))),
            (
                "Space that is deleted on VMFS 5 (a, b) is not given back to the array by itself "
                "(VMFS3.EnableBlockDelete is 0)"
            ),
        ),
    ],
)
def test_the_text_names_device_and_setting(given: Inventory, text: str) -> None:
    (found,) = findings(SLUG, given)
    assert english(found.text) == text


def test_what_was_not_read_may_hide_any_lun_and_any_switch() -> None:
    assert hides(SLUG, estate(luns={ESX: LATE}, options={ESX: SWITCHES}), "esx01", LUN)
    assert hides(SLUG, estate(luns={ESX: ()}, options={ESX: LATE}), "esx01", ATS)

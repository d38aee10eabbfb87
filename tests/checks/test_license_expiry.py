import pytest

from tests.builders import FORBIDDEN, LATE, Case, Says, findings, says
from tests.builders_appliance import estate_with, evaluation, license_, licenses
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import Licenses, Unseen
from vhealthd.wording import english

SLUG = "license-expiry"
VC = frozenset({"vc01"})
KEY = "esx *****-*****-*****-*****-AAAA1"


def _of(given: Licenses | Unseen) -> Inventory:
    return estate_with(Need.LICENSES, given)


def _finds(*found: tuple[str, str]) -> Says:
    return Says(finds={(severity, "vc01", key) for severity, key in found}, examined=VC)


CASES = [
    Case("a perpetual licence is fine", _of(licenses(license_())), _finds()),
    Case("more than 60 days are fine", _of(licenses(license_(left_days=60.1))), _finds()),
    Case("exactly 60 days warn", _of(licenses(license_(left_days=60))), _finds(("warning", f"expiry:{KEY}"))),
    Case("more than 14 days still warn", _of(licenses(license_(left_days=14.1))), _finds(("warning", f"expiry:{KEY}"))),
    Case("exactly 14 days are critical", _of(licenses(license_(left_days=14))), _finds(("critical", f"expiry:{KEY}"))),
    Case("an expired one is critical", _of(licenses(license_(left_days=-1))), _finds(("critical", f"expiry:{KEY}"))),
    Case(
        "one whose use is not known is judged",
        _of(licenses(license_(left_days=-1, used=None))),
        _finds(("critical", f"expiry:{KEY}")),
    ),
    Case(
        "one that nothing uses is told of",
        _of(licenses(license_(left_days=-1, used=0))),
        _finds(("info", f"expiry:{KEY}")),
    ),
    Case(
        "one that a single host uses is used",
        _of(licenses(license_(left_days=-1, used=1))),
        _finds(("critical", f"expiry:{KEY}")),
    ),
    Case("all of it in use is fine", _of(licenses(license_(total=18))), _finds()),
    Case("more than was bought warns", _of(licenses(license_(total=17))), _finds(("warning", f"usage:{KEY}"))),
    Case(
        "more than the one that was bought",
        _of(licenses(license_(total=1, used=2))),
        _finds(("warning", f"usage:{KEY}")),
    ),
    Case("one without a limit has none to exceed", _of(licenses(license_(total=0))), _finds()),
    Case(
        "both are said of one licence",
        _of(licenses(license_(total=17, left_days=5))),
        _finds(("critical", f"expiry:{KEY}"), ("warning", f"usage:{KEY}")),
    ),
    Case("evaluation warns", _of(licenses(evaluations=[evaluation(300)])), _finds(("warning", "evaluation"))),
    Case(
        "without an end it warns too", _of(licenses(evaluations=[evaluation(None)])), _finds(("warning", "evaluation"))
    ),
    Case(
        "it warns until 14 days before its end",
        _of(licenses(evaluations=[evaluation(14.1)])),
        _finds(("warning", "evaluation")),
    ),
    Case(
        "the first to end decides",
        _of(licenses(evaluations=[evaluation(50), evaluation(14, "esx02"), evaluation(None, "esx03")])),
        _finds(("critical", "evaluation")),
    ),
    Case(
        "evaluation that is over is critical",
        _of(licenses(evaluations=[evaluation(-3)])),
        _finds(("critical", "evaluation")),
    ),
    Case(
        "assignments that may not be seen leave the licences",
        _of(licenses(license_(left_days=5), evaluations=FORBIDDEN)),
        Says(finds={("critical", "vc01", f"expiry:{KEY}")}, examined=VC, missed={("vc01", "evaluation")}),
    ),
    Case(
        "assignments that were not read make it unknown",
        _of(licenses(license_(), evaluations=LATE)),
        Says(examined=VC, missed={("vc01", "evaluation")}, blind=True),
    ),
    Case("without the privilege nothing is seen", _of(FORBIDDEN), Says(missed={("vc01", None)})),
    Case(
        "a perpetual licence hides none that follows",
        _of(licenses(license_("vcenter"), license_(left_days=5))),
        _finds(("critical", f"expiry:{KEY}")),
    ),
    Case("there are none", _of(licenses()), _finds()),
    Case(
        "limits can be set",
        _of(licenses(license_(left_days=100))),
        _finds(("critical", f"expiry:{KEY}")),
        {"warning_days": 365, "critical_days": 180},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_license_expiry(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def _text(given: Licenses) -> str:
    (found,) = findings(SLUG, _of(given))
    return english(found.text)


def test_the_texts_name_the_licence_by_its_last_five_characters() -> None:
    named = "vSphere Enterprise (*****-*****-*****-*****-AAAA1)"
    assert _text(licenses(license_(left_days=10))) == (
        f"The licence {named} expires in 10 days (2026-03-12 06:00 UTC); the limit is 14 days"
    )
    assert _text(licenses(license_(left_days=-1))) == f"The licence {named} expired 1 day ago (2026-03-01 06:00 UTC)"
    assert _text(licenses(license_(total=17))) == (
        f"More is used of the licence {named} than was bought: 18 of 17 (cpuPackage)"
    )


@pytest.mark.parametrize(
    ("count", "named"),
    [
        (1, "esx0"),
        (5, "esx0, esx1, esx2, esx3, esx4"),
        (6, "esx0, esx1, esx2, esx3, esx4 and 1 more"),
        (11, "esx0, esx1, esx2, esx3, esx4 and 6 more"),
    ],
)
def test_a_long_list_on_evaluation_is_cut(count: int, named: str) -> None:
    many = [evaluation(40, f"esx{number}") for number in range(count)]
    assert _text(licenses(evaluations=many)) == (
        f"Running on the evaluation licence: {named}. It ends in 40 days (2026-04-11 06:00 UTC)"
    )


@pytest.mark.parametrize(
    ("left_days", "licence", "running"),
    [
        (0.5, "expires in 0.5 days", "It ends in 0.5 days"),
        (0, "expires in 0 days", "It ends in 0 days"),
        (-0.5, "expired 0.5 days ago", "It ended 0.5 days ago"),
    ],
)
def test_the_text_tells_the_last_hours_from_the_first_ones_after(left_days: float, licence: str, running: str) -> None:
    assert licence in _text(licenses(license_(left_days=left_days)))
    assert running in _text(licenses(evaluations=[evaluation(left_days)]))


def test_the_text_tells_of_the_evaluation_that_ends_first() -> None:
    assert _text(licenses(evaluations=[evaluation(50), evaluation(20, "esx02"), evaluation(None, "esx03")])) == (
        "Running on the evaluation licence: esx01, esx02, esx03. It ends in 20 days (2026-03-22 06:00 UTC)"
    )

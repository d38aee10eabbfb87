import pytest

from tests.builders import FORBIDDEN, LATE, Case, Says, findings, says
from tests.builders_appliance import estate_with, root
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import RootAccount, Unseen
from vhealthd.wording import english

SLUG = "root-password-expiry"
FINE = Says(examined={"vc01"})
WARNING = Says(finds={("warning", "vc01", None)}, examined={"vc01"})
CRITICAL = Says(finds={("critical", "vc01", None)}, examined={"vc01"})


def _of(given: RootAccount | Unseen) -> Inventory:
    return estate_with(Need.ROOT_ACCOUNT, given)


CASES = [
    Case("one that never expires is fine", _of(root(None)), FINE),
    Case("one that is good for long is fine", _of(root(60)), FINE),
    Case("more than 14 days are fine", _of(root(14.1)), FINE),
    Case("exactly 14 days warn", _of(root(14)), WARNING),
    Case("more than 3 days warn", _of(root(3.1)), WARNING),
    Case("exactly 3 days are critical", _of(root(3)), CRITICAL),
    Case("an expired one is critical", _of(root(-40)), CRITICAL),
    Case("without the SSO group it is not seen", _of(FORBIDDEN), Says(missed={("vc01", None)})),
    Case("one that should have been seen is unknown", _of(LATE), Says(missed={("vc01", None)}, blind=True)),
    Case("limits can be set", _of(root(20)), CRITICAL, {"warning_days": 60, "critical_days": 30}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_root_password_expiry(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


@pytest.mark.parametrize(
    ("left_days", "text"),
    [
        (10, "expires in 10 days (2026-03-12 06:00 UTC); the limit is 14 days"),
        (0.5, "expires in 0.5 days (2026-03-02 18:00 UTC); the limit is 3 days"),
        (0, "expires in 0 days (2026-03-02 06:00 UTC); the limit is 3 days"),
        (-1, "expired 1 day ago (2026-03-01 06:00 UTC)"),
    ],
)
def test_the_text_gives_the_days_and_the_limit(left_days: float, text: str) -> None:
    (found,) = findings(SLUG, _of(root(left_days)))
    assert english(found.text) == f"The password of the appliance's account root {text}"

import pytest

from tests.builders import Case, Says, findings, inventory, reachability, says
from vhealthd.model import Text
from vhealthd.wording import english

SLUG = "vcenter-reachability"
EXAMINED = frozenset({"vc01"})


def _finds(*found: tuple[str, str]) -> Says:
    return Says(finds={(severity, "vc01", key) for severity, key in found}, examined=EXAMINED)


CASES = [
    Case("a quick verified connection is fine", inventory(), _finds()),
    Case("a pinned certificate is fine", inventory(reachability=reachability(tls="pinned")), _finds()),
    Case(
        "at the limits all is fine",
        inventory(reachability=reachability(connect_seconds=2, clock_skew_seconds=60, clock_error_seconds=0)),
        _finds(),
    ),
    Case("over 2 s warns", inventory(reachability=reachability(connect_seconds=2.01)), _finds(("warning", "connect"))),
    Case("10 s still warns", inventory(reachability=reachability(connect_seconds=10)), _finds(("warning", "connect"))),
    Case(
        "over 10 s is critical",
        inventory(reachability=reachability(connect_seconds=10.1)),
        _finds(("critical", "connect")),
    ),
    Case(
        "one that was not timed is not slow",
        inventory(reachability=reachability(connect_seconds=None)),
        _finds(),
        {"warning_connect_seconds": 0},
    ),
    Case(
        "no connection is critical, once, even if it also took long",
        inventory(reachability=reachability(connect_seconds=30, failed_step="tls", failure="certificate expired")),
        _finds(("critical", "connect")),
    ),
    Case(
        "no connection has no duration and no clock",
        inventory(
            reachability=reachability(
                connect_seconds=None,
                failed_step="connect",
                failure="connection refused",
                clock_skew_seconds=None,
                clock_error_seconds=None,
            )
        ),
        _finds(("critical", "connect")),
    ),
    Case(
        "a refused login is told apart from a refused connection",
        inventory(reachability=reachability(failed_step="login", failure="the password is wrong")),
        _finds(("critical", "login")),
    ),
    Case(
        "a login may be refused slowly",
        inventory(reachability=reachability(connect_seconds=3, failed_step="login", failure="locked")),
        _finds(("critical", "login"), ("warning", "connect")),
    ),
    Case(
        "an unverified certificate warns",
        inventory(reachability=reachability(tls="unverified")),
        _finds(("warning", "tls")),
    ),
    Case(
        "a clock over 60 s ahead warns",
        inventory(reachability=reachability(clock_skew_seconds=61)),
        _finds(("warning", "clock")),
    ),
    Case(
        "a clock over 60 s behind warns",
        inventory(reachability=reachability(clock_skew_seconds=-61)),
        _finds(("warning", "clock")),
    ),
    Case(
        "what may be an error of measurement is fine",
        inventory(reachability=reachability(clock_skew_seconds=-64, clock_error_seconds=4)),
        _finds(),
    ),
    Case(
        "an unknown error of measurement counts as none",
        inventory(reachability=reachability(clock_skew_seconds=61, clock_error_seconds=None)),
        _finds(("warning", "clock")),
    ),
    Case(
        "limits are configurable",
        inventory(reachability=reachability(connect_seconds=3, clock_skew_seconds=70)),
        _finds(),
        {"warning_connect_seconds": 4, "warning_clock_skew_seconds": 120},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_vcenter_reachability(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


@pytest.mark.parametrize(
    ("skew", "limit", "text"),
    [
        (75.0, 60, "75.0 s ahead of this machine's; the limit is 60.0 s"),
        (-75.0, 60, "75.0 s behind this machine's; the limit is 60.0 s"),
        (0.8, 0.5, "0.8 s ahead of this machine's; the limit is 0.5 s"),
        (-0.8, 0.5, "0.8 s behind this machine's; the limit is 0.5 s"),
    ],
)
def test_the_text_says_which_clock_is_ahead(skew: float, limit: float, text: str) -> None:
    given = inventory(reachability=reachability(clock_skew_seconds=skew))
    (found,) = findings(SLUG, given, {"warning_clock_skew_seconds": limit})
    assert english(found.text) == f"The clock of vCenter is {text}"


def test_the_text_says_how_long_it_took() -> None:
    (found,) = findings(SLUG, inventory(reachability=reachability(connect_seconds=3)))
    assert english(found.text) == "The first connection took 3.0 s; the limit is 2.0 s"


def test_the_text_says_what_failed() -> None:
    given = inventory(reachability=reachability(failed_step="login", failure="the password is wrong"))
    (found,) = findings(SLUG, given)
    assert english(found.text) == "vCenter answers but gives no session: the password is wrong"


@pytest.mark.parametrize(("step", "kind"), [("tls", Text), ("proxy", str)])
def test_the_text_names_the_step_that_failed(step: str, kind: type) -> None:
    given = inventory(reachability=reachability(failed_step=step, failure="certificate expired"))
    (found,) = findings(SLUG, given)
    assert english(found.text) == f"vCenter cannot be reached (step: {step}): certificate expired"
    assert isinstance(found.text.params["step"], kind), "only words of the program can be translated"

import pytest

from tests.builders import FORBIDDEN, LATE, Case, Says, findings, host, says
from tests.builders_appliance import certificate, certificates, estate_with
from vhealthd.checkapi import Inventory, Need
from vhealthd.model import Certificate, Certificates
from vhealthd.wording import english

SLUG = "certificate-expiry"
ALL = frozenset({"vc01", "esx01"})


def _of(given: Certificates) -> Inventory:
    return estate_with(Need.CERTIFICATES, given)


def _finds(*found: tuple[str, str, str]) -> Says:
    return Says(finds=set(found), examined=ALL)


def _misses(*rules: str, blind: bool = False) -> Says:
    return Says(examined=ALL, missed={("vc01", rule) for rule in rules}, blind=blind)


def _host(left_days: float) -> Certificate:
    return certificate("host", left_days=left_days, name="h")


RENEWED = certificate("machine-ssl-configured", left_days=700, name="new")
RULES = ("machine-ssl", "machine-ssl-configured", "sts-signing", "trusted-root")
ROOT = certificate("trusted-root", left_days=10, name="r")
ISSUER = certificate("sts-issuer", left_days=10, name="r")
AWAY = host("away", connection_state="notResponding")

CASES = [
    Case("certificates that are good for long are fine", _of(certificates()), _finds()),
    Case("more than 60 days are fine", _of(certificates(served=certificate(left_days=60.1))), _finds()),
    Case(
        "exactly 60 days warn",
        _of(certificates(served=certificate(left_days=60))),
        _finds(("warning", "vc01", "machine-ssl:a")),
    ),
    Case(
        "more than 15 days still warn",
        _of(certificates(served=certificate(left_days=15.1))),
        _finds(("warning", "vc01", "machine-ssl:a")),
    ),
    Case(
        "exactly 15 days are critical",
        _of(certificates(served=certificate(left_days=15))),
        _finds(("critical", "vc01", "machine-ssl:a")),
    ),
    Case(
        "an expired one is critical",
        _of(certificates(hosts={host(): _host(-1)})),
        _finds(("critical", "esx01", "host:h")),
    ),
    Case(
        "the one that signs tokens has limits of its own",
        _of(certificates(signing=(certificate("sts-signing", left_days=90, name="s"),))),
        _finds(("warning", "vc01", "sts-signing:s")),
    ),
    Case(
        "more than 30 days still warn",
        _of(certificates(signing=(certificate("sts-signing", left_days=30.1, name="s"),))),
        _finds(("warning", "vc01", "sts-signing:s")),
    ),
    Case(
        "it is critical sooner",
        _of(certificates(signing=(certificate("sts-signing", left_days=30, name="s"),))),
        _finds(("critical", "vc01", "sts-signing:s")),
    ),
    Case(
        "beyond 90 days it is fine",
        _of(certificates(signing=(certificate("sts-signing", left_days=90.1, name="s"),))),
        _finds(),
    ),
    Case(
        "its issuer counts as the token service's",
        _of(certificates(signing=(certificate("sts-signing", name="s"), ISSUER), roots=FORBIDDEN)),
        Says(finds={("critical", "vc01", "sts-issuer:r")}, examined=ALL, missed={("vc01", "trusted-root")}),
    ),
    Case(
        "an issuer that is a trusted root is judged once",
        _of(certificates(signing=(certificate("sts-signing", name="s"), ISSUER), roots=(ROOT,))),
        _finds(("critical", "vc01", "trusted-root:r")),
    ),
    Case(
        "a signing certificate that is a trusted root too keeps the limits of what signs tokens",
        _of(
            certificates(
                signing=(certificate("sts-signing", left_days=80, name="r"),),
                roots=(certificate("trusted-root", left_days=80, name="r"),),
            )
        ),
        _finds(("warning", "vc01", "sts-signing:r")),
    ),
    Case(
        "a root in two chains is judged once",
        _of(certificates(roots=(ROOT, ROOT, certificate("trusted-root", left_days=50, name="q")))),
        _finds(("critical", "vc01", "trusted-root:r"), ("warning", "vc01", "trusted-root:q")),
    ),
    Case(
        "a renewed certificate that is not served yet hides nothing",
        _of(certificates(served=certificate(left_days=5), configured=RENEWED)),
        _finds(("critical", "vc01", "machine-ssl:a")),
    ),
    Case(
        "one that is in the store only is judged too",
        _of(certificates(configured=certificate("machine-ssl-configured", left_days=20, name="b"))),
        _finds(("warning", "vc01", "machine-ssl-configured:b")),
    ),
    Case(
        "each certificate of each object by itself",
        _of(certificates(served=certificate(left_days=5), hosts={host(): _host(50), host("esx02"): _host(5)})),
        Says(
            finds={
                ("critical", "vc01", "machine-ssl:a"),
                ("warning", "esx01", "host:h"),
                ("critical", "esx02", "host:h"),
            },
            examined={"vc01", "esx01", "esx02"},
        ),
    ),
    Case(
        "of a host that is not connected only old news is known",
        _of(certificates(hosts={AWAY: _host(-9)})),
        Says(examined={"vc01"}, missed={("away", None)}),
    ),
    Case(
        "a host's certificate that cannot be read is not examined",
        _of(certificates(hosts={host(): LATE})),
        Says(examined={"vc01"}, missed={("esx01", None)}),
    ),
    Case(
        "neither of two that are not seen hides the other's reason",
        _of(certificates(served=FORBIDDEN, configured=LATE)),
        _misses("machine-ssl", "machine-ssl-configured", blind=True),
    ),
    Case("over plain HTTP none is served", _of(certificates(served=FORBIDDEN)), _misses("machine-ssl")),
    Case(
        "a privilege that lacks costs its part",
        _of(certificates(signing=FORBIDDEN, roots=(FORBIDDEN, FORBIDDEN))),
        _misses("sts-signing", "trusted-root"),
    ),
    Case(
        "what should have been seen makes the check unknown, and the rest is judged",
        _of(certificates(signing=LATE, served=certificate(left_days=5))),
        Says(
            finds={("critical", "vc01", "machine-ssl:a")},
            examined=ALL,
            missed={("vc01", "sts-signing")},
            blind=True,
        ),
    ),
    Case(
        "without hosts vCenter's own are judged",
        _of(certificates(hosts=LATE)),
        Says(examined={"vc01"}, missed={("vc01", "host")}, blind=True),
    ),
    Case(
        "nothing at all is seen",
        _of(certificates(served=FORBIDDEN, configured=FORBIDDEN, signing=FORBIDDEN, roots=FORBIDDEN, hosts=FORBIDDEN)),
        Says(missed={("vc01", rule) for rule in (*RULES, "host")}),
    ),
    Case(
        "limits can be set",
        _of(certificates(served=certificate(left_days=150))),
        _finds(("warning", "vc01", "machine-ssl:a")),
        {"warning_days": 200},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_certificate_expiry(case: Case) -> None:
    assert says(SLUG, case.given, case.limits) == case.says


def test_the_text_names_role_and_subject_so_that_nobody_renews_the_wrong_one() -> None:
    signing = certificate("sts-signing", left_days=80, name="ssoserverSign")
    (soon,) = findings(SLUG, _of(certificates(signing=(signing,))))
    assert english(soon.text) == (
        "The signing certificate of the security token service (CN=ssoserverSign) expires in 80 days "
        "(2026-05-21 06:00 UTC); the limit is 90 days"
    )
    (gone,) = findings(SLUG, _of(certificates(hosts={host(): _host(-2)})))
    assert english(gone.text) == "The certificate of the host (CN=h) expired 2 days ago (2026-02-28 06:00 UTC)"


@pytest.mark.parametrize(
    ("left_days", "text"),
    [(0.5, "expires in 0.5 days"), (0, "expires in 0 days"), (-0.5, "expired 0.5 days ago")],
)
def test_the_text_tells_the_last_hours_from_the_first_ones_after(left_days: float, text: str) -> None:
    (found,) = findings(SLUG, _of(certificates(hosts={host(): _host(left_days)})))
    assert text in english(found.text)

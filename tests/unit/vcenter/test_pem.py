"""Certificates as vCenter writes them: signed numbers, base64, PEM, DER, and what is none at all."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from hypothesis import given
from hypothesis import strategies as st

from mocks.tls import host_certificate
from vhealthd.model import Certificate, Unseen
from vhealthd.vcenter.pem import all_certificates, first_certificate, octets
from vhealthd.vcenter.records import FACETS
from vhealthd.wording import english

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
PEM = host_certificate("esx01.lab.example", NOW - timedelta(days=1), NOW + timedelta(days=9))
OTHER = host_certificate("CA", NOW - timedelta(days=1), NOW + timedelta(days=99))
MAKE = next(one.make for one in FACETS if one.paths == ("config.certificate",))


def as_vim(raw: bytes) -> list[int]:
    return [byte - 256 if byte > 127 else byte for byte in raw]


def der(pem: bytes) -> bytes:
    return x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)


FORMS = {
    "signed numbers": as_vim(PEM),
    "unsigned numbers": list(PEM),
    "signed numbers of DER": as_vim(der(PEM)),
    "base64 of PEM": base64.b64encode(PEM).decode(),
    "base64 of DER": base64.b64encode(der(PEM)).decode(),
    "plain PEM": PEM.decode(),
    "a chain": as_vim(PEM + OTHER),
    "PEM with a text before it": as_vim(b"subject=esx01\n" + PEM),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_hosts_certificate_is_read_in_every_form(form: str) -> None:
    assert MAKE({"config.certificate": FORMS[form]}) == Certificate(
        role="host",
        subject="CN=esx01.lab.example",
        issuer="CN=CA",
        thumbprint=x509.load_pem_x509_certificate(PEM).fingerprint(hashes.SHA256()).hex(),
        not_before=NOW - timedelta(days=1),
        not_after=NOW + timedelta(days=9),
    )


@pytest.mark.parametrize("nothing", [None, [], ""])
def test_an_absent_one_is_nothing(nothing: object) -> None:
    assert MAKE({"config.certificate": nothing}) is None
    assert MAKE({}) is None


@pytest.mark.parametrize(
    "garbage",
    [[1, 2, 3], "???", 7, {"a": 1}, ["x"], as_vim(PEM[:200]), as_vim(PEM.replace(b"M", b"N")), "\u00fc" * 9],
)
def test_what_cannot_be_read_is_not_seen_and_says_why(garbage: object) -> None:
    found = MAKE({"config.certificate": garbage})
    assert isinstance(found, Unseen)
    assert english(found.reason).startswith("a certificate (host) cannot be read: ")


@given(st.binary(max_size=300))
def test_no_bytes_whatever_are_an_exception(raw: bytes) -> None:
    assert isinstance(first_certificate("host", raw), Unseen)
    assert isinstance(first_certificate("host", b"-----BEGIN CERTIFICATE-----" + raw), Unseen)


@given(st.integers(0, len(der(PEM)) - 1), st.integers(0, 255))
def test_no_damage_to_one_byte_is_an_exception(place: int, byte: int) -> None:
    raw = bytearray(der(PEM))
    raw[place] = byte
    assert isinstance(first_certificate("host", bytes(raw)), (Certificate, Unseen))


def test_every_certificate_of_a_chain_is_read() -> None:
    texts = [PEM.decode() + OTHER.decode(), "no certificate", OTHER.decode()]
    found = all_certificates("trusted-root", texts)
    assert [one.subject if isinstance(one, Certificate) else None for one in found] == [
        "CN=esx01.lab.example",
        "CN=CA",
        None,
        "CN=CA",
    ]
    assert all_certificates("trusted-root", None) == ()


def test_bytes_are_signed_numbers_or_base64() -> None:
    assert octets([-1, 0, 127, -128]) == b"\xff\x00\x7f\x80"
    assert octets("AP8=") == b"\x00\xff"

"""Makes records of certificates. What cannot be parsed is not seen, with the reason; it is never an exception."""

import base64
import re
import warnings
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from vhealthd.model import Certificate, Message, Unseen

UNREADABLE = Message("unseen.certificate", "a certificate ({role}) cannot be read: {why}")

_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_REFUSALS = (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion)


def first_certificate(role: str, data: Any) -> Certificate | Unseen:  # noqa: ANN401 - decoded JSON
    """Read a certificate, PEM or DER, in any form of bytes; of several in one PEM text the first, which is the leaf."""
    try:
        raw = octets(data)
    except ValueError as error:
        return _unreadable(role, error)
    found = _BLOCK.search(raw)
    return _parse(role, found[0] if found else raw)


def octets(value: Any) -> bytes:  # noqa: ANN401 - decoded JSON
    """Return the bytes of a vim25 `byte[]`: signed numbers, or base64, or text as it is. Raises ValueError."""
    match value:
        case bytes():
            return value
        case list():
            return bytes(number & 0xFF for number in value if isinstance(number, int))
        case str() if "-----BEGIN" in value:
            return value.encode()
        case str():
            return base64.b64decode(value, validate=True)
    raise ValueError("it is neither bytes nor text")


def all_certificates(role: str, texts: Any) -> tuple[Certificate | Unseen, ...]:  # noqa: ANN401 - decoded JSON
    """Read every certificate of a list of PEM texts."""
    blocks: list[bytes] = []
    for text in texts if isinstance(texts, list) else ():
        raw = str(text).encode()
        blocks += _BLOCK.findall(raw) or [raw]
    return tuple(_parse(role, block) for block in blocks)


def _parse(role: str, raw: bytes) -> Certificate | Unseen:
    try:
        with warnings.catch_warnings(action="ignore"):  # an odd serial number is no reason to lose the last day
            return _record(role, _load(raw))
    except _REFUSALS as error:
        return _unreadable(role, error)


def _unreadable(role: str, error: Exception) -> Unseen:
    return Unseen(UNREADABLE(role=role, why=(str(error) or type(error).__name__).splitlines()[0]))


def _load(raw: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(raw) if b"-----BEGIN" in raw else x509.load_der_x509_certificate(raw)


def _record(role: str, certificate: x509.Certificate) -> Certificate:
    return Certificate(
        role=role,
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        thumbprint=certificate.fingerprint(hashes.SHA256()).hex(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )

"""Certificates for the mock estate: an authority, a server certificate signed by it, and hosts' own certificates."""

import ipaddress
import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM texts: the authority that a client is to trust, the server's certificate and key."""

    ca: bytes
    certificate: bytes
    key: bytes


@cache
def _shared_key() -> ec.EllipticCurvePrivateKey:
    """One key for all made-up certificates of hosts: making a thousand would take seconds and prove nothing."""
    return ec.generate_private_key(ec.SECP256R1())


def _name(common: str) -> x509.Name:
    # A common name holds 64 characters at most.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _unsigned(
    subject: str,
    issuer: str,
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
    not_before: datetime,
    not_after: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )


def pem(certificate: x509.Certificate) -> bytes:
    """Write a certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


@cache
def host_certificate(name: str, not_before: datetime, not_after: datetime) -> bytes:
    """Make a certificate that nobody connects to, in PEM: a host's, a signing certificate, a trusted root."""
    key = _shared_key()
    return pem(_unsigned(name, "CA", key, not_before, not_after).sign(key, hashes.SHA256()))


def make_certificates(
    *names: str, now: datetime | None = None, days: int = 365, with_rsa: bool = False
) -> Certificates:
    """Make an authority and a server certificate for localhost and further names, valid `days` days from `now` on.

    `with_rsa` is for servers that cannot use the keys of today.
    """
    now = now or datetime.now(UTC)
    ca_key = ec.generate_private_key(ec.SECP256R1())
    key = rsa.generate_private_key(65537, 2048) if with_rsa else ec.generate_private_key(ec.SECP256R1())
    start, end = now - timedelta(days=1), now + timedelta(days=days)
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    ca_id = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    authority = (
        _unsigned("Mock estate CA", "Mock estate CA", ca_key, start, end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(ca_id, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    alternatives = [_alternative(name) for name in dict.fromkeys([*LOCAL_NAMES, *names])]
    server = (
        _unsigned("localhost", "Mock estate CA", key, start, end)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ca_id), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Certificates(pem(authority), pem(server), secret)


def server_context(certificates: Certificates) -> ssl.SSLContext:
    """Make a server's TLS context; the ssl module takes certificates from files only."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        Path(file.name).write_bytes(certificates.certificate + certificates.key)
        context.load_cert_chain(file.name)
    return context

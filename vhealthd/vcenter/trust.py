"""Whom to believe when a vCenter shows its certificate."""

import asyncio
import hashlib
import ssl
from pathlib import Path

import aiohttp
from cryptography import x509

from vhealthd.errors import ConfigError

SslArgument = ssl.SSLContext | aiohttp.Fingerprint | bool


def from_ca_file(path: Path) -> ssl.SSLContext:
    """Trust the authorities of one PEM file and nobody else. Raises ConfigError if it holds none."""
    try:
        return ssl.create_default_context(cafile=str(path))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"{path}: cannot be used as a CA file ({error}); it must hold certificates in PEM form, for a vCenter "
            "those of https://<vcenter>/certs/download.zip"
        ) from error


def pinned(sha256_fingerprint: str) -> aiohttp.Fingerprint:
    """Trust the one certificate with this SHA-256 fingerprint (hex, with or without colons)."""
    return aiohttp.Fingerprint(bytes.fromhex(sha256_fingerprint.replace(":", "")))


async def served_certificate(host: str, port: int, *, timeout_seconds: float = 5) -> str | None:
    """Describe the certificate that a server shows, believing nothing: fingerprint, subject, last day.

    Returns None if the server shows none in time. For error messages: whoever reads one must be able to compare.
    """
    der = await served_der(host, port, timeout_seconds=timeout_seconds)
    return _describe(der) if der else None


async def served_der(host: str, port: int, *, timeout_seconds: float = 5) -> bytes | None:
    """Return the certificate that a server shows, as DER, believing nothing; None if it shows none in time."""
    # Not the default context: loading authorities that nobody asks would hold the event loop.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(timeout_seconds):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except (OSError, TimeoutError):
        return None
    try:
        der: bytes | None = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        writer.close()
    return der


def _describe(der: bytes) -> str:
    digest = hashlib.sha256(der).hexdigest().upper()
    fingerprint = ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))
    certificate = x509.load_der_x509_certificate(der)
    return (
        f"SHA-256 fingerprint {fingerprint}, subject {certificate.subject.rfc4514_string()}, "
        f"issuer {certificate.issuer.rfc4514_string()}, valid until {certificate.not_valid_after_utc:%Y-%m-%d}"
    )

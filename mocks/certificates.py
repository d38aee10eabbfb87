"""What `/api/vcenter/certificate-management` answers."""

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from mocks.encode.value import timestamp
from mocks.tls import host_certificate
from mocks.wire import Json
from mocks.world import Host, World

CHAIN = "A1B2C3D4E5F60718293A4B5C6D7E8F9001122334"
PREFIX = "certificate-management/vcenter"
AGE = timedelta(days=300)


def certificate_answers(world: World, path: str) -> dict[str, Json]:
    """List the answers by path below `/api/vcenter`; made only when the path is one of theirs."""
    if not path.startswith(PREFIX):
        return {}
    signing = [signing_certificate(world), root_certificate(world)]
    return {
        f"{PREFIX}/tls": _tls(world),
        f"{PREFIX}/signing-certificate": {
            "active_cert_chain": _chain(signing),
            "signing_cert_chains": [_chain(signing)],
        },
        f"{PREFIX}/trusted-root-chains": [{"chain": CHAIN}],
        f"{PREFIX}/trusted-root-chains/{CHAIN}": {"cert_chain": _chain([root_certificate(world)])},
    }


def signing_certificate(world: World) -> bytes:
    """Make the certificate that signs tokens."""
    return host_certificate("ssoserverSign", world.now - AGE, world.appliance.signing_until)


def root_certificate(world: World) -> bytes:
    """Make the trusted root, which issued the signing certificate too."""
    return host_certificate("CA", world.now - AGE, world.appliance.root_until)


def certificate_of(world: World, host: Host) -> bytes:
    """Make the certificate of a host."""
    return host_certificate(host.name, world.now - AGE, host.certificate_until)


def thumbprint(text: bytes) -> str:
    """Give the SHA-256 thumbprint of a certificate in PEM."""
    return x509.load_pem_x509_certificate(text).fingerprint(hashes.SHA256()).hex()


def _chain(texts: list[bytes]) -> Json:
    return {"cert_chain": [text.decode() for text in texts]}


def _tls(world: World) -> Json:
    appliance = world.appliance
    start = world.now - AGE
    text = host_certificate(appliance.name, start, appliance.certificate_until)
    certificate = x509.load_pem_x509_certificate(text)
    return {
        "version": 3,
        "serial_number": f"{certificate.serial_number:x}",
        "signature_algorithm": "ecdsa-with-SHA256",
        "issuer_dn": "CN=CA",
        "subject_dn": f"CN={appliance.name}",
        "valid_from": timestamp(start),
        "valid_to": timestamp(appliance.certificate_until),
        "thumbprint": certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        "is_CA": False,
        "path_length_constraint": -1,
        "key_usage": ["digitalSignature", "keyEncipherment"],
        "extended_key_usage": [],
        "subject_alternative_name": [appliance.name],
        "authority_information_access_uri": [],
        "cert": text.decode(),
    }

"""What `/api/vcenter/certificate-management` answers."""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from mocks.encode.value import timestamp
from mocks.tls import host_certificate
from mocks.wire import Json
from mocks.world import World

CHAIN = "A1B2C3D4E5F60718293A4B5C6D7E8F9001122334"
PREFIX = "certificate-management/vcenter"


def certificate_answers(world: World, path: str) -> dict[str, Json]:
    """List the answers by path below `/api/vcenter`; made only when the path is one of theirs."""
    if not path.startswith(PREFIX):
        return {}
    appliance = world.appliance
    return {
        f"{PREFIX}/tls": _tls(world),
        f"{PREFIX}/signing-certificate": {
            "active_cert_chain": _chain(world, "ssoserverSign", appliance.signing_until),
            "signing_cert_chains": [_chain(world, "ssoserverSign", appliance.signing_until)],
        },
        f"{PREFIX}/trusted-root-chains": [{"chain": CHAIN}],
        f"{PREFIX}/trusted-root-chains/{CHAIN}": {"cert_chain": _chain(world, "CA", appliance.root_until)},
    }


def _chain(world: World, name: str, until: datetime) -> Json:
    return {"cert_chain": [host_certificate(name, world.now - timedelta(days=300), until).decode()]}


def _tls(world: World) -> Json:
    appliance = world.appliance
    start = world.now - timedelta(days=300)
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

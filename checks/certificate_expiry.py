"""certificate-expiry: whether a certificate of vCenter, of its token service or of a host is about to expire."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from vhealthd.checkapi import Days, Field, Inventory, Limits, Need, check, running_out
from vhealthd.model import (
    Blind,
    Category,
    Certificate,
    Certificates,
    Entity,
    Examined,
    Finding,
    HostCertificate,
    Message,
    NotExamined,
    Outcome,
    Text,
    Unseen,
    Verdict,
)

SOON = Message(
    "certificate-expiry.soon",
    "The {what} ({subject}) expires in {left_days:days} ({expires:time}); the limit is {threshold_days:days}",
)
EXPIRED = Message("certificate-expiry.expired", "The {what} ({subject}) expired {age_days:days} ago ({expires:time})")
NOT_CONNECTED = Message("certificate-expiry.not-connected", "the host is not connected ({connection_state})")

# In words that say which one to renew.
ROLES = {
    role: Message(f"certificate-expiry.{role}", words)
    for role, words in {
        "machine-ssl": "machine certificate that vCenter serves on its HTTPS port",
        "machine-ssl-configured": "machine certificate in vCenter's store",
        "sts-signing": "signing certificate of the security token service",
        "sts-issuer": "certificate that issued the signing certificate of the security token service",
        "trusted-root": "trusted root certificate of vCenter",
        "host": "certificate of the host",
    }.items()
}
NO_SUBJECT = Message("certificate-expiry.no-subject", "no subject")
DAY = timedelta(days=1)


class CertificateExpiryLimits(Limits):
    """How long certificates must still be good."""

    falling = frozenset({"days", "signing_days"})

    warning_days: Days = Field(60, description="A certificate expires in so many days or fewer")
    critical_days: Days = Field(15, description="A certificate expires in so many days or fewer")
    warning_signing_days: Days = Field(90, description="A certificate that signs tokens expires in so many or fewer")
    critical_signing_days: Days = Field(30, description="A certificate that signs tokens expires in so many or fewer")


@check(
    title="Certificate expiry",
    category=Category.INFRASTRUCTURE,
    needs={Need.CERTIFICATES},
    limits=CertificateExpiryLimits,
    what="When certificates expire: the one that vCenter serves on its HTTPS port, the one in its store, the signing "
    "certificate of the security token service with its issuers, the trusted roots, and the one of every host.",
    why="With an expired signing certificate nobody can log in any more, and it cannot be renewed in the user "
    "interface then. An expired machine certificate breaks every solution that is connected to vCenter; an expired "
    "one of a host breaks its connection.",
    fix="Renew what the finding names: machine and signing certificates under Certificate Management in the vSphere "
    "Client, the one of a host with Renew Certificate in its menu. Replace the signing certificate before it expires. "
    "Remove trusted roots that nothing depends on any more.",
    blind_spots="Certificates of solution users, of extensions and of the management page on port 5480, and those in "
    "front of which a proxy stands, are not seen. A certificate whose time has not come yet is not judged.",
    kb="318968",
)
def certificate_expiry(inventory: Inventory, limits: CertificateExpiryLimits) -> Iterator[Verdict]:
    """Judge each certificate that was seen."""
    vcenter, certificates = inventory.vcenter, inventory.certificates
    seen: dict[str, Certificate] = {}
    unseen: dict[str, Unseen] = {}
    for rule, one in _sources(certificates):
        if isinstance(one, Unseen):
            unseen.setdefault(rule, one)
        else:
            seen.setdefault(_key(one), one)
    if seen:
        yield Examined(vcenter)
    for certificate in seen.values():
        yield from _judge(vcenter, certificate, inventory.now, limits)
    for rule, why in unseen.items():
        yield NotExamined(vcenter, why, rule)
        if why.outcome is Outcome.UNKNOWN:
            yield Blind(why)
    for host in () if isinstance(certificates.hosts, Unseen) else certificates.hosts:
        yield from _host(host, inventory.now, limits)


def _sources(found: Certificates) -> Iterator[tuple[str, Certificate | Unseen]]:
    """Yield each certificate of vCenter, and what was not seen, with the rule that it falls under."""
    yield "machine-ssl", found.served
    if isinstance(found.configured, Unseen) or found.configured.thumbprint != _thumbprint(found.served):
        yield "machine-ssl-configured", found.configured
    roots = found.roots if isinstance(found.roots, tuple) else (found.roots,)
    for one in found.signing if isinstance(found.signing, tuple) else (found.signing,):
        # An issuer that is a trusted root too is judged as that.
        if not (
            isinstance(one, Certificate) and one.role == "sts-issuer" and one.thumbprint in map(_thumbprint, roots)
        ):
            yield "sts-signing", one
    for one in roots:
        yield "trusted-root", one
    if isinstance(found.hosts, Unseen):
        yield "host", found.hosts


def _thumbprint(one: Certificate | Unseen) -> str | None:
    return one.thumbprint if isinstance(one, Certificate) else None


def _key(certificate: Certificate) -> str:
    return f"{certificate.role}:{certificate.thumbprint}"


def _host(one: HostCertificate, now: datetime, limits: CertificateExpiryLimits) -> Iterator[Verdict]:
    host = one.host
    if not host.connected:
        yield NotExamined(host, Unseen(NOT_CONNECTED(connection_state=host.connection_state)))
    elif isinstance(one.certificate, Unseen):
        yield NotExamined(host, one.certificate)
    else:
        yield Examined(host)
        yield from _judge(host, one.certificate, now, limits)


def _judge(
    entity: Entity, certificate: Certificate, now: datetime, limits: CertificateExpiryLimits
) -> Iterator[Finding]:
    mine = limits.for_object(entity)
    warning, critical = mine.warning_days, mine.critical_days
    if certificate.role in {"sts-signing", "sts-issuer"}:
        warning, critical = mine.warning_signing_days, mine.critical_signing_days
    left = (certificate.not_after - now) / DAY
    if graded := running_out(left, warning=warning, critical=critical):
        yield Finding(graded[0], entity, _text(certificate, left, graded[1]), _key(certificate))


def _text(certificate: Certificate, left: float, threshold: float) -> Text:
    role = ROLES.get(certificate.role)
    what, subject = role() if role else certificate.role, certificate.subject or NO_SUBJECT()
    if left < 0:
        return EXPIRED(what=what, subject=subject, age_days=-left, expires=certificate.not_after)
    return SOON(what=what, subject=subject, left_days=left, expires=certificate.not_after, threshold_days=threshold)

"""Certificates of vCenter and of its hosts."""

from dataclasses import dataclass
from datetime import datetime

from vhealthd.model.entities import Host
from vhealthd.model.unseen import Unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate: what it is for, whose it is, and how long it is good."""

    role: str  # machine-ssl | machine-ssl-configured | sts-signing | sts-issuer | trusted-root | host
    subject: str
    issuer: str
    thumbprint: str  # SHA-256, hex
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCertificate:
    """The certificate that a host shows to vCenter."""

    host: Host
    certificate: Certificate | Unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """Every certificate that is known; each source was read apart from the others.

    `served` is the one that vCenter shows on its HTTPS port, `configured` the one that it says it uses there. `signing`
    begins with the certificate that signs tokens, and goes on with those that issued it.
    """

    served: Certificate | Unseen
    configured: Certificate | Unseen
    signing: tuple[Certificate | Unseen, ...] | Unseen
    roots: tuple[Certificate | Unseen, ...] | Unseen
    hosts: tuple[HostCertificate, ...] | Unseen

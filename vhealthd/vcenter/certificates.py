"""Reads every certificate that vCenter shows, uses and trusts, and puts the hosts' beside them."""

import asyncio
from typing import cast
from urllib.parse import quote

from vhealthd.errors import BadAnswerError, ConnectionFailedError, VCenterError
from vhealthd.inventory import Need
from vhealthd.model import Certificate, Certificates, Facets, Host, HostCertificate, Message, Outcome, Unseen
from vhealthd.vcenter.client import VCenterClient
from vhealthd.vcenter.pem import all_certificates, first_certificate
from vhealthd.vcenter.single import Single, Site, as_unseen, part_or_unseen
from vhealthd.vcenter.trust import served_der
from vhealthd.vcenter.wire import dig, each

PLAIN = Message("unseen.plain-http", "the configured URL is plain HTTP: no certificate is shown there")

_MANAGEMENT = "/vcenter/certificate-management/vcenter"
_GRANT = Message("grant.system-read", "the privilege System.Read on vCenter's root folder")


async def certificates(site: Site) -> Certificates:
    """Read all certificates. It never fails: what was not seen says why."""
    client = site.client
    served, configured, signing, roots, hosts = await asyncio.gather(
        part_or_unseen(_served(client), what="the certificate that is served"),
        part_or_unseen(_configured(client), what="the machine certificate", grant=_GRANT),
        part_or_unseen(_signing(client), what="the signing certificate", grant=_GRANT),
        part_or_unseen(_roots(client), what="the trusted roots", grant=_GRANT),
        _hosts(site),
    )
    return Certificates(served=served, configured=configured, signing=signing, roots=roots, hosts=hosts)


async def _served(client: VCenterClient) -> Certificate | Unseen:
    url = client.transport.url
    if url.scheme != "https":
        return Unseen(PLAIN(), Outcome.SKIPPED)
    der = await served_der(url.host or "", url.port or 443)
    if der is None:
        raise ConnectionFailedError(f"{url.host}:{url.port} showed no certificate when asked once more")
    return first_certificate("machine-ssl", der)


async def _configured(client: VCenterClient) -> Certificate | Unseen:
    text = dig(await client.automation("GET", f"{_MANAGEMENT}/tls"), "cert")
    if not isinstance(text, str):
        raise BadAnswerError(f"{_MANAGEMENT}/tls has no certificate")
    return first_certificate("machine-ssl-configured", text)


async def _signing(client: VCenterClient) -> tuple[Certificate | Unseen, ...]:
    """Read the chain that signs tokens now: the signing certificate, then its issuers."""
    answer = await client.automation("GET", f"{_MANAGEMENT}/signing-certificate")
    chain = dig(answer, "active_cert_chain", "cert_chain")
    if not isinstance(chain, list) or not chain:
        raise BadAnswerError(f"{_MANAGEMENT}/signing-certificate has no active certificate")
    return all_certificates("sts-signing", chain)[:1] + all_certificates("sts-issuer", chain)[1:]


async def _roots(client: VCenterClient) -> tuple[Certificate | Unseen, ...]:
    path = f"{_MANAGEMENT}/trusted-root-chains"
    listed = await client.automation("GET", path)
    names = [str(one.get("chain")) for one in each({"chains": listed}, "chains")]
    if not names:
        raise BadAnswerError(f"{path} lists no certificate")
    chains = await asyncio.gather(*(_root_chain(client, f"{path}/{quote(name, safe='')}") for name in names))
    return tuple(one for chain in chains for one in chain)


async def _root_chain(client: VCenterClient, path: str) -> tuple[Certificate | Unseen, ...]:
    try:
        answer = await client.automation("GET", path)
    except VCenterError as error:
        return (as_unseen(error),)
    found = all_certificates("trusted-root", dig(answer, "cert_chain", "cert_chain"))
    return found or (as_unseen(BadAnswerError(f"{path} has no certificate")),)


async def _hosts(site: Site) -> tuple[HostCertificate, ...] | Unseen:
    try:
        hosts = cast("tuple[Host, ...]", await site.part(Need.HOSTS))
        found = cast("Facets[Certificate]", await site.part(Need.HOST_CERTIFICATES))
    except VCenterError as error:
        return as_unseen(error)
    return tuple(HostCertificate(host=host, certificate=found[host.ref]) for host in hosts)


SINGLES = (
    Single(
        need=Need.CERTIFICATES,
        name="certificates",
        read=certificates,
        after=frozenset({Need.HOSTS, Need.HOST_CERTIFICATES}),
    ),
)

"""From the configuration of one vCenter to a client that speaks to it, and is logged out whatever happens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from vhealthd.config import CaFile, DnsSettings, Pinned, SystemTrust, Trust, Unverified, VCenterSettings
from vhealthd.errors import ConfigError
from vhealthd.vcenter import trust
from vhealthd.vcenter.auth import Authentication, NoAuthentication, PasswordAuthentication
from vhealthd.vcenter.client import VCenterClient
from vhealthd.vcenter.names import Resolver
from vhealthd.vcenter.observer import Nobody, Observer, SessionState, api_of
from vhealthd.vcenter.transport import Pace, Transport

_NOBODY = Nobody()


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One vCenter as it is configured, with all that its files hold; the password shows in no repr."""

    settings: VCenterSettings
    account: Authentication
    trusted: trust.SslArgument

    @property
    def tls(self) -> str:
        """How its certificate is looked at: plain (not at all), unverified, pinned or verified."""
        if self.settings.url.startswith("http:"):
            return "plain"
        match self.settings.tls:
            case Unverified():
                return "unverified"
            case Pinned():
                return "pinned"
            case _:
                return "verified"


def door_or_reason(settings: VCenterSettings) -> Door:
    """Read what the configuration of a vCenter refers to; where it cannot be read, the vCenter gives no session."""
    try:
        return door(settings)
    except ConfigError as error:
        return Door(settings=settings, account=NoAuthentication(settings.username, str(error)), trusted=True)


def door(settings: VCenterSettings) -> Door:
    """Read what the configuration of a vCenter refers to. Raises ConfigError for an unreadable secret or CA file."""
    account = PasswordAuthentication(settings.username, settings.password.read())
    return Door(settings=settings, account=account, trusted=_trusted(settings.tls))


def _trusted(tls: Trust) -> trust.SslArgument:
    """Return what aiohttp takes. Raises ConfigError for a CA file without certificates."""
    match tls:
        case CaFile(path):
            return trust.from_ca_file(path)
        case Pinned(sha256):
            return trust.pinned(sha256)
        case Unverified():
            return False
        case SystemTrust():
            return True


@asynccontextmanager
async def visit(
    to: Door, *, in_flight: int, deadline: float, pace: Pace, observer: Observer = _NOBODY
) -> AsyncIterator[VCenterClient]:
    """Give a client of a vCenter that has not been opened yet; log out at the end. `deadline` is loop time."""
    vcenter = to.settings.name

    def heard(path: str, code: str, seconds: float) -> None:
        observer.request(vcenter, api_of(path), code, seconds)

    def turned(state: SessionState) -> None:
        if state is SessionState.OPEN:
            observer.login(vcenter)
        observer.session(vcenter, state)

    transport = Transport(
        to.settings.url,
        trust=to.trusted,
        user_agent=f"vhealthd/{version('vhealthd')}",
        in_flight=in_flight,
        deadline=deadline,
        pace=pace,
        on_request=heard,
    )
    async with transport:
        client = VCenterClient(transport, to.account, turned)
        try:
            yield client
        finally:
            await client.close()


def resolver(dns: DnsSettings) -> Resolver:
    """Return who looks names up, as it is configured."""
    return Resolver([(one.address, one.port) for one in dns.nameservers], dns.timeout)

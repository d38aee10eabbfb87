"""sso-service: whether the services behind single sign-on are healthy."""

from collections.abc import Iterator

from vhealthd.checkapi import Inventory, Limits, Need, check
from vhealthd.model import (
    Category,
    Examined,
    Finding,
    Message,
    NotExamined,
    Service,
    Severity,
    Text,
    Unseen,
    Verdict,
)

DOWN = Message("sso-service.down", "The service {service} is {state}, though it should start with the appliance")
CHANGING = Message(
    "sso-service.changing", "The service {service} is {state}; if that lasts longer than a few minutes, it is stuck"
)
DEGRADED = Message("sso-service.degraded", "The service {service} runs, but reports its health as {health}")
NO_STS = Message(
    "sso-service.no-sts",
    "no security token service is among the services that vCenter lists, by any of its known names",
)

# The security token service has had several ids; which one a release uses is not documented.
STS = frozenset({"sts", "vmware-stsd", "vmware-sts-idmd"})
SSO = {*STS, "lookupsvc", "trustmanagement"}


@check(
    title="Single sign-on services",
    category=Category.CONNECTIVITY,
    needs={Need.SERVICES},
    what="Whether the security token service, the lookup service and the trust management service run and report "
    "themselves healthy. That this account got a session shows that tokens are issued.",
    why="Every login to vCenter, by people and by programs, needs a token. When the security token service stops, "
    "nobody can log in, and services that renew their tokens fail one after the other.",
    fix="See first whether the signing certificate of the security token service has expired: the check "
    "certificate-expiry shows it. Then restart the service on the appliance with service-control --restart and the "
    "name of the service, and read its log if it does not stay up.",
    blind_spots="The names of the services differ between releases; one under a name that is not known here is not "
    "judged. Without the privilege to list services only the login is judged.",
    kb="318968",
)
def sso_service(inventory: Inventory, limits: Limits) -> Iterator[Verdict]:  # noqa: ARG001 - every check takes limits
    """Judge the services behind single sign-on; the session itself is proof that tokens are issued."""
    vcenter, services = inventory.vcenter, inventory.services
    yield Examined(vcenter)
    if isinstance(services, Unseen):
        yield NotExamined(vcenter, services, rule="services", hides_all=True)
        return
    if not any(service.id in STS for service in services):
        yield NotExamined(vcenter, Unseen(NO_STS()), rule="sts")
    for service in services:
        if service.id in SSO and (verdict := _judge(service)):
            yield Finding(verdict[0], vcenter, verdict[1], service.id)


def _judge(service: Service) -> tuple[Severity, Text] | None:
    """Grade one service. One that an administrator starts by hand or has disabled may be down."""
    if service.state == "STARTED":
        severity = {"DEGRADED": Severity.CRITICAL, "HEALTHY_WITH_WARNINGS": Severity.WARNING}.get(service.health or "")
        return (severity, DEGRADED(service=service.id, health=service.health)) if severity else None
    if service.startup_type != "AUTOMATIC":
        return None
    if service.state in {"STARTING", "STOPPING"}:
        # Tokens are still issued, so this may well be a restart that somebody does on purpose.
        return Severity.WARNING, CHANGING(service=service.id, state=service.state)
    return Severity.CRITICAL, DOWN(service=service.id, state=service.state)

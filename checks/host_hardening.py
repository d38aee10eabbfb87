"""host-hardening: whether shells are closed, lockdown is on and logs leave the machine, on hosts and on vCenter."""

from collections.abc import Iterator, Mapping

from vhealthd.checkapi import Field, Inventory, Limits, Need, check
from vhealthd.model import (
    ApplianceAccess,
    Category,
    Examined,
    Finding,
    Host,
    HostLockdown,
    HostService,
    Message,
    NotExamined,
    Severity,
    Text,
    Unseen,
    Verdict,
    VirtualCenter,
)

RUNNING = Message("host-hardening.running", "{service} is running; it should be stopped (start policy: {policy})")
STARTS = Message("host-hardening.starts", "{service} starts with the host; its start policy should be manual")
OPEN = Message("host-hardening.open", "{service} is enabled; it should be disabled")
NO_LOCKDOWN = Message(
    "host-hardening.no-lockdown",
    "Lockdown mode is disabled, so the host can be managed past vCenter; it should be normal",
)
NO_SYSLOG = Message("host-hardening.no-syslog", "Logs are sent to no remote host; there should be at least one")
NO_TIMEOUT = Message(
    "host-hardening.no-timeout", "A shell that was left open is never closed: {settings} is 0; it should be above 0"
)
NOT_CONNECTED = Message("host-hardening.not-connected", "the host is not connected ({connection_state})")
NO_SERVICE = Message("host-hardening.no-service", "the host does not list the service {service}")
NO_SETTING = Message("host-hardening.no-setting", "the host does not tell its setting {setting}")

SSH = Message("host-hardening.ssh", "SSH")
SHELL = Message("host-hardening.shell", "The ESXi Shell")
APPLIANCE_SHELL = Message("host-hardening.appliance-shell", "The shell of the appliance")
BOTH = Message("host-hardening.both", "{one} and {other}")

SERVICES = {"ssh": ("TSM-SSH", SSH), "shell": ("TSM", SHELL)}
LOG_HOST = "Syslog.global.logHost"
Options = Mapping[str, str | int]
TIMEOUTS = ("UserVars.ESXiShellTimeOut", "UserVars.ESXiShellInteractiveTimeOut")


class HostHardeningLimits(Limits):
    """Which rules are judged."""

    ssh: bool = Field(default=True, description="SSH should be off, on hosts and on vCenter's appliance")
    shell: bool = Field(default=True, description="The shell should be off, on hosts and on vCenter's appliance")
    lockdown: bool = Field(default=True, description="Hosts should be in lockdown mode, normal or strict")
    syslog: bool = Field(default=True, description="Hosts and vCenter's appliance should send their logs elsewhere")
    shell_timeout: bool = Field(default=True, description="Shells on hosts should close by themselves")


@check(
    title="Host hardening",
    category=Category.INFRASTRUCTURE,
    needs={
        Need.HOSTS,
        Need.HOST_SERVICES,
        Need.HOST_LOCKDOWN,
        Need.HOST_OPTIONS,
        Need.APPLIANCE_ACCESS,
    },
    limits=HostHardeningLimits,
    maximum=Severity.WARNING,
    what="On every host: whether SSH and the ESXi Shell are stopped and do not start by themselves, whether lockdown "
    "mode is on, whether logs are sent elsewhere, and whether shells close by themselves. On vCenter's appliance: "
    "whether SSH and the shell are off, and whether its log is forwarded.",
    why="A shell is the way past vCenter, its roles and its audit log. Logs that stay on the machine are lost with it, "
    "or erased by whoever broke in.",
    fix="Stop SSH and the ESXi Shell and set them to start manually. Enable lockdown mode (normal). Set "
    "Syslog.global.logHost on hosts and a forwarding target on the appliance. Set UserVars.ESXiShellTimeOut and "
    "UserVars.ESXiShellInteractiveTimeOut to some minutes. A rule that is not yours can be switched off.",
    blind_spots="A service that somebody opens between two scans is not seen. That logs arrive where they are sent is "
    "not tested. The list of users exempt from lockdown is not read, nor are most other settings of the Security "
    "Configuration Guide.",
)
def host_hardening(inventory: Inventory, limits: HostHardeningLimits) -> Iterator[Verdict]:
    """Judge vCenter's appliance, then each host, by the rules that are switched on."""
    yield from _vcenter(inventory.vcenter, inventory.appliance_access, limits.for_object(inventory.vcenter))
    for host in inventory.hosts:
        if not host.connected:
            yield NotExamined(host, Unseen(NOT_CONNECTED(connection_state=host.connection_state)))
            continue
        rules = limits.for_object(host)
        verdicts = [
            *_services(host, inventory.host_services[host.ref], rules),
            *(_lockdown(host, inventory.host_lockdown[host.ref]) if rules.lockdown else ()),
            *_options(host, inventory.host_options[host.ref], rules),
        ]
        yield from verdicts
        # Of a host of which nothing could be read, nothing was examined.
        judged = sum((rules.ssh, rules.shell, rules.lockdown, rules.syslog, rules.shell_timeout))
        if sum(isinstance(one, NotExamined) for one in verdicts) < judged:
            yield Examined(host)


def _vcenter(vcenter: VirtualCenter, access: ApplianceAccess, limits: HostHardeningLimits) -> Iterator[Verdict]:
    rules = (
        ("ssh", limits.ssh, access.ssh, access.ssh is True, OPEN(service=SSH())),
        ("shell", limits.shell, access.shell, access.shell is True, OPEN(service=APPLIANCE_SHELL())),
        ("syslog", limits.syslog, access.log_hosts, access.log_hosts == (), NO_SYSLOG()),
    )
    judged = [rule for rule in rules if rule[1]]
    if any(not isinstance(seen, Unseen) for _, _, seen, _, _ in judged):
        yield Examined(vcenter)
    for key, _, seen, wrong, text in judged:
        if isinstance(seen, Unseen):
            yield NotExamined(vcenter, seen, rule=key)
        elif wrong:
            yield Finding(Severity.WARNING, vcenter, text, key)


def _services(
    host: Host, services: Mapping[str, HostService] | Unseen, limits: HostHardeningLimits
) -> Iterator[Verdict]:
    for rule, (key, label) in SERVICES.items():
        if not getattr(limits, rule):
            continue
        if isinstance(services, Unseen):
            yield NotExamined(host, services, rule=rule)
        elif (service := services.get(key)) is None:
            yield NotExamined(host, Unseen(NO_SERVICE(service=key)), rule=rule)
        elif service.running:
            yield Finding(Severity.WARNING, host, RUNNING(service=label(), policy=service.policy), rule)
        elif service.policy == "on":
            yield Finding(Severity.WARNING, host, STARTS(service=label()), rule)


def _lockdown(host: Host, lockdown: HostLockdown | Unseen) -> Iterator[Verdict]:
    if isinstance(lockdown, Unseen):
        yield NotExamined(host, lockdown, rule="lockdown")
    elif lockdown.lockdown_mode == "lockdownDisabled":
        yield Finding(Severity.WARNING, host, NO_LOCKDOWN(), "lockdown")


def _options(host: Host, options: Options | Unseen, limits: HostHardeningLimits) -> Iterator[Verdict]:
    known: Options = {} if isinstance(options, Unseen) else options
    gap = options if isinstance(options, Unseen) else None
    if limits.syslog and LOG_HOST not in known:
        yield NotExamined(host, gap or Unseen(NO_SETTING(setting=LOG_HOST)), rule="syslog")
    elif limits.syslog and str(known[LOG_HOST]).strip() in {"", "<none>"}:
        yield Finding(Severity.WARNING, host, NO_SYSLOG(), "syslog")
    timeouts = {name: known[name] for name in TIMEOUTS if name in known}
    if limits.shell_timeout and not timeouts:
        yield NotExamined(host, gap or Unseen(NO_SETTING(setting=TIMEOUTS[0])), rule="shell-timeout")
    elif limits.shell_timeout and (never := [name for name, value in timeouts.items() if value == 0]):
        yield Finding(Severity.INFO, host, NO_TIMEOUT(settings=_both(never)), "shell-timeout")


def _both(settings: list[str]) -> str | Text:
    return settings[0] if len(settings) == 1 else BOTH(one=settings[0], other=settings[1])

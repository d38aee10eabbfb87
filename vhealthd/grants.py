"""What an account must be given to read each part of an inventory: the one place that knows it.

The documentation of checks, `vhealthd doctor` and the reasons of what was skipped all take their words from here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vhealthd.inventory import Need
from vhealthd.model import Message


@dataclass(frozen=True, slots=True)
class Grant:
    """Something that an administrator of vCenter can give to an account.

    `short` is for narrow columns; `message` follows the words "it needs", and `how` says what to do.
    """

    name: str
    short: str
    message: Message
    how: str

    @property
    def text(self) -> str:
        """The message in English."""
        return self.message.english


READ_ONLY = Grant(
    "Read-only",
    "role",
    Message("grant.role", "the role Read-only on vCenter's root folder, propagating to children"),
    "give the account the role Read-only on vCenter's root folder, and tick Propagate to children",
)
APPLIANCE = Grant(
    "SystemConfiguration.ReadOnly",
    "group",
    Message("grant.group", "membership of the SSO group SystemConfiguration.ReadOnly"),
    "add the account to the SSO group SystemConfiguration.ReadOnly (Administration > Users and Groups > Groups)",
)
LICENSES = Grant(
    "Global.Licenses",
    "licences",
    Message("grant.licences", "the privilege Global.Licenses on vCenter's root folder"),
    "give the account, besides Read-only, a role with the privilege Global.Licenses on vCenter's root folder",
)

ALL = (READ_ONLY, APPLIANCE, LICENSES)

# The role reads everything but this. Below /api/appliance vCenter does not ask for roles but for SSO groups.
_OTHERS: Mapping[Need, tuple[Grant, ...]] = {
    Need.REACHABILITY: (),  # a login is enough
    Need.NAMES: (READ_ONLY, APPLIANCE),
    Need.SERVICES: (APPLIANCE,),
    Need.APPLIANCE: (APPLIANCE,),
    Need.APPLIANCE_ACCESS: (APPLIANCE,),
    Need.APPLIANCE_TIME: (APPLIANCE,),
    Need.BACKUPS: (APPLIANCE,),
    Need.ROOT_ACCOUNT: (APPLIANCE,),
    Need.LICENSES: (READ_ONLY, LICENSES),
}


def grants_for(needs: Iterable[Need]) -> tuple[Grant, ...]:
    """Return what is needed to read these parts, each once, the most common first."""
    wanted = {grant for need in needs for grant in _OTHERS.get(need, (READ_ONLY,))}
    return tuple(grant for grant in ALL if grant in wanted)

"""root-password-expiry: whether the password of the appliance's account root is about to expire."""

from collections.abc import Iterator
from datetime import timedelta

from vhealthd.checkapi import Days, Field, Inventory, Limits, Need, check, running_out
from vhealthd.model import (
    Blind,
    Category,
    Examined,
    Finding,
    Message,
    NotExamined,
    Outcome,
    Severity,
    Unseen,
    Verdict,
)

SOON = Message(
    "root-password-expiry.soon",
    "The password of the appliance's account root expires in {left_days:days} ({expires:time}); the limit is "
    "{threshold_days:days}",
)
EXPIRED = Message(
    "root-password-expiry.expired",
    "The password of the appliance's account root expired {age_days:days} ago ({expires:time})",
)

DAY = timedelta(days=1)


class RootPasswordExpiryLimits(Limits):
    """How long the password must still be good."""

    falling = frozenset({"days"})

    warning_days: Days = Field(14, description="The password expires in so many days or fewer")
    critical_days: Days = Field(3, description="The password expires in so many days or fewer")


@check(
    title="Root password of the appliance",
    category=Category.INFRASTRUCTURE,
    needs={Need.ROOT_ACCOUNT},
    limits=RootPasswordExpiryLimits,
    what="When the password of the account root of the vCenter appliance expires. One that never expires is fine.",
    why="With an expired password nobody gets at the appliance's shell or its management page, and upgrades and "
    "patches stop; after a while the account is locked. Getting in again takes a restart of the appliance.",
    fix="Change the password of root at port 5480 of the appliance, or set it not to expire and keep it in a vault.",
    blind_spots="Whether the password is known to anybody, and how long it has been the same, is not seen.",
    kb="322247",
)
def root_password_expiry(inventory: Inventory, limits: RootPasswordExpiryLimits) -> Iterator[Verdict]:
    """Judge the last day of the password."""
    vcenter, account = inventory.vcenter, inventory.root_account
    limits = limits.for_object(vcenter)
    if isinstance(account, Unseen):
        yield NotExamined(vcenter, account)
        if account.outcome is Outcome.UNKNOWN:
            yield Blind(account)
        return
    yield Examined(vcenter)
    expires = account.password_expires
    if expires is None:
        return
    left = (expires - inventory.now) / DAY
    if left < 0:
        yield Finding(Severity.CRITICAL, vcenter, EXPIRED(age_days=-left, expires=expires))
    elif graded := running_out(left, warning=limits.warning_days, critical=limits.critical_days):
        yield Finding(graded[0], vcenter, SOON(left_days=left, expires=expires, threshold_days=graded[1]))

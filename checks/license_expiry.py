"""license-expiry: whether a licence or an evaluation is about to end, and whether more is used than was bought."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from vhealthd.checkapi import Days, Field, Inventory, Limits, Need, check, running_out
from vhealthd.model import (
    Blind,
    Category,
    Entity,
    Evaluation,
    Examined,
    Finding,
    License,
    Message,
    NotExamined,
    Outcome,
    Severity,
    Unseen,
    Verdict,
)

SOON = Message(
    "license-expiry.soon",
    "The licence {license} ({key}) expires in {left_days:days} ({expires:time}); the limit is {threshold_days:days}",
)
EXPIRED = Message(
    "license-expiry.expired", "The licence {license} ({key}) expired {age_days:days} ago ({expires:time})"
)
UNUSED = Message(
    "license-expiry.unused", "The licence {license} ({key}), which nothing uses, ends or has ended ({expires:time})"
)
EXCEEDED = Message(
    "license-expiry.exceeded",
    "More is used of the licence {license} ({key}) than was bought: {used} of {total} ({unit})",
)
EVALUATION = Message(
    "license-expiry.evaluation",
    "Running on the evaluation licence: {entities}. It ends in {left_days:days} ({expires:time})",
)
EVALUATION_ENDED = Message(
    "license-expiry.evaluation-ended",
    "Running on the evaluation licence: {entities}. It ended {age_days:days} ago ({expires:time})",
)
EVALUATION_OPEN = Message(
    "license-expiry.evaluation-open", "Running on the evaluation licence: {entities}. vCenter does not say until when"
)
MORE = Message("license-expiry.more", "{names} and {more} more")

DAY = timedelta(days=1)
NAMED = 5


class LicenseExpiryLimits(Limits):
    """How long licences must still be good."""

    falling = frozenset({"days"})

    warning_days: Days = Field(60, description="A licence that is used expires in so many days or fewer")
    critical_days: Days = Field(14, description="A licence that is used, or evaluation, ends in so many days or fewer")


@check(
    title="Licence expiry",
    category=Category.INFRASTRUCTURE,
    needs={Need.LICENSES},
    limits=LicenseExpiryLimits,
    what="When licences expire, whether hosts or vCenter run on the evaluation licence and until when, and whether "
    "more is used of a licence than was bought. Keys are shown by their last five characters alone.",
    why="When a licence or an evaluation ends, hosts disconnect from vCenter and virtual machines that are powered off "
    "cannot be powered on again.",
    fix="Assign a valid licence to what the finding names, under Administration, Licensing in the vSphere Client, "
    "before the old one ends.",
    blind_spots="From release 9 on licences are kept in VCF Operations; what vCenter does not list is not seen. "
    "Licences that nothing uses are told of and no more. Whether the edition fits the features in use is not judged.",
)
def license_expiry(inventory: Inventory, limits: LicenseExpiryLimits) -> Iterator[Verdict]:
    """Judge each licence, then what runs on evaluation."""
    vcenter, licenses, now = inventory.vcenter, inventory.licenses, inventory.now
    limits = limits.for_object(vcenter)
    if isinstance(licenses, Unseen):
        yield NotExamined(vcenter, licenses)
        return
    yield Examined(vcenter)
    for one in licenses.licenses:
        yield from _expiry(vcenter, one, now, limits)
        if one.used is not None and 0 < one.total < one.used:
            text = EXCEEDED(license=one.name, key=one.masked_key, used=one.used, total=one.total, unit=one.unit)
            yield Finding(Severity.WARNING, vcenter, text, f"usage:{one.label}")
    if isinstance(licenses.evaluations, Unseen):
        yield NotExamined(vcenter, licenses.evaluations, "evaluation")
        if licenses.evaluations.outcome is Outcome.UNKNOWN:
            yield Blind(licenses.evaluations)
    elif licenses.evaluations:
        yield _evaluation(vcenter, licenses.evaluations, now, limits)


def _expiry(vcenter: Entity, one: License, now: datetime, limits: LicenseExpiryLimits) -> Iterator[Finding]:
    if one.expires is None:
        return
    left = (one.expires - now) / DAY
    graded = running_out(left, warning=limits.warning_days, critical=limits.critical_days)
    if graded is None:
        return
    severity, threshold = graded
    if one.used == 0:
        severity, text = Severity.INFO, UNUSED(license=one.name, key=one.masked_key, expires=one.expires)
    elif left < 0:
        text = EXPIRED(license=one.name, key=one.masked_key, age_days=-left, expires=one.expires)
    else:
        text = SOON(license=one.name, key=one.masked_key, left_days=left, expires=one.expires, threshold_days=threshold)
    yield Finding(severity, vcenter, text, f"expiry:{one.label}")


def _evaluation(
    vcenter: Entity, evaluations: tuple[Evaluation, ...], now: datetime, limits: LicenseExpiryLimits
) -> Finding:
    """Make one finding of all that runs on evaluation, as bad as the one that ends first."""
    names = ", ".join([one.entity for one in evaluations][:NAMED])
    entities = MORE(names=names, more=len(evaluations) - NAMED) if len(evaluations) > NAMED else names
    ends = [one.expires for one in evaluations if one.expires]
    if not ends:
        return Finding(Severity.WARNING, vcenter, EVALUATION_OPEN(entities=entities), "evaluation")
    left = (min(ends) - now) / DAY
    severity = Severity.CRITICAL if left <= limits.critical_days else Severity.WARNING
    if left < 0:
        text = EVALUATION_ENDED(entities=entities, age_days=-left, expires=min(ends))
    else:
        text = EVALUATION(entities=entities, left_days=left, expires=min(ends))
    return Finding(severity, vcenter, text, "evaluation")

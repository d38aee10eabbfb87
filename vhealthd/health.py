"""What is wrong with the service itself, by subject: said in `/healthz`, in `/readyz` and in the metrics."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import structlog

from vhealthd.model import Delivery, DeliveryState
from vhealthd.schedule import Schedule

log = structlog.get_logger(__name__)

# A delivery that was given up is a problem for so long; `vhealthd deliveries` shows it after that, too.
TOLD = timedelta(days=1)
# What a scan may be late, over its deadline, before it is missed.
_LATE = timedelta(minutes=15)


class Health:
    """The problems that stand. Each subject has one at most, and it is logged when it comes, changes and goes."""

    def __init__(self) -> None:
        self._problems: dict[str, str] = {}

    @property
    def problems(self) -> tuple[str, ...]:
        """Every problem, as a sentence that begins with its subject."""
        return tuple(f"{subject}: {what}" for subject, what in sorted(self._problems.items()))

    @property
    def subjects(self) -> frozenset[str]:
        """What has a problem."""
        return frozenset(self._problems)

    def wrong(self, subject: str, what: str) -> None:
        """Note a problem."""
        if self._problems.get(subject) != what:
            log.error("problem", subject=subject, problem=what)
        self._problems[subject] = what

    def well(self, subject: str) -> None:
        """Note that a subject has no problem (any more)."""
        if self._problems.pop(subject, None) is not None:
            log.info("problem is over", subject=subject)


def delivery_problems(in_trouble: Iterable[Delivery]) -> Iterator[str]:
    """Yield a sentence for each sink that did not take something, for now or for good; the newest comes first."""
    waiting: dict[str, list[Delivery]] = {}
    failed: dict[str, list[Delivery]] = {}
    for delivery in in_trouble:
        found = failed if delivery.state is DeliveryState.FAILED else waiting
        found.setdefault(delivery.parcel.sink, []).append(delivery)
    for one, many, sinks in (("waits", "wait", waiting), ("was given up", "were given up", failed)):
        for sink, some in sorted(sinks.items()):
            said = f"1 delivery {one}" if len(some) == 1 else f"{len(some)} deliveries {many}"
            yield f"{sink}: {said}: {some[0].error}"


def is_stale(
    last_finished: datetime | None, began: datetime, now: datetime, schedule: Schedule, deadline: timedelta
) -> bool:
    """Whether a scan that was due has not come to its end in time; one that is made up for has its time from the start.

    A new installation has missed nothing yet.
    """
    due = schedule.due_after(last_finished or began)
    return now > max(due, began) + schedule.jitter + deadline + _LATE

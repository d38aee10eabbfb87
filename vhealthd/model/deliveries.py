"""What leaves this machine: one delivery is one thing for one sink, and is tried until it arrives or is given up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from pydantic import JsonValue


class DeliveryState(StrEnum):
    """How far a delivery is. One that was `sending` when the process died is tried again."""

    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed_permanently"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """Something for a sink, as it is put into the outbox.

    `id` is made of what is sent and to whom, never of when: the same parcel put in twice is one. It is also what the
    sink's own key is derived from (Message-ID, object key, dedup_key), so that sending it twice does no harm.
    `payload` is whatever the sink needs to send it again after a restart, as JSON.
    """

    id: str
    run_id: str
    sink: str  # the sink's name in the configuration: mail, s3
    what: str  # for people: `report.pdf`, `mail to 3 (en)`
    file: Path | None = None
    payload: Mapping[str, JsonValue] = field(default_factory=dict)
    # It is sent so much later, with what comes meanwhile for the same sink: their lists `parts` become one.
    collect: timedelta = timedelta()
    # Deliveries to one sink with the same chain keep their order: none goes before one that waits for another attempt.
    chain: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A parcel in the outbox, and what became of it so far."""

    parcel: Parcel
    state: DeliveryState
    attempts: int
    created: datetime
    due: datetime  # not tried before
    expires: datetime
    settled: datetime | None = None  # when it was delivered or given up
    error: str | None = None  # why the last attempt failed; no secret is in it
    # What the sink wants to remember between attempts, such as recipients that have it already.
    progress: Mapping[str, JsonValue] = field(default_factory=dict)

"""Settings of the service itself: when it scans, where it keeps what it knows, what it serves."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from vhealthd.config.secretref import SecretRef
from vhealthd.config.section import Section
from vhealthd.config.values import (
    ConfigPath,
    CronExpression,
    Duration,
    DurationOrZero,
    Listen,
    TimeZone,
    Whole,
    parse_duration,
    parse_listen,
)


class ScheduleSettings(Section):
    """When the service scans by itself."""

    cron: CronExpression = Field("0 6 * * *", description="Minute, hour, day of month, month, day of week.")
    timezone: TimeZone = Field("UTC", description="IANA time zone of the cron expression and of dates in file names.")
    jitter: DurationOrZero = Field(
        parse_duration("5m"), description="A scan starts up to this much later, so that not all start at once."
    )
    catch_up: DurationOrZero = Field(
        parse_duration("6h"), description="A scan that was missed is made up for while it is at most so late."
    )


class RetentionSettings(Section):
    """What is kept: a run goes when it is older than `days`, or when there are more than `runs` newer ones."""

    days: Annotated[Whole, Field(ge=1, le=3650)] = Field(400, description="Days that a run is kept.")
    runs: Annotated[Whole, Field(ge=1, le=100_000)] = Field(1000, description="Runs that are kept at most.")


class StateSettings(Section):
    """Where runs, findings and what is still to be delivered are kept."""

    directory: ConfigPath = Field(Path("/var/lib/vhealthd"), description="Folder of the database and the reports.")
    retention: RetentionSettings = Field(default_factory=RetentionSettings, description="How long runs are kept.")


class OutboxSettings(Section):
    """How long deliveries are tried."""

    expire_after: Duration = Field(
        parse_duration("72h"), description="A delivery that did not succeed for so long is given up."
    )


class HttpSettings(Section):
    """What the service serves over HTTP: metrics, health, reports."""

    listen: Listen = Field(
        parse_listen("127.0.0.1:9108"),
        description="Address and port; one that is not of this machine alone wants a token.",
    )
    token: SecretRef | None = Field(
        None,
        description="Where the token is that callers must show: {file: PATH}, {env: NAME} or {credential: NAME}.",
    )

    @model_validator(mode="after")
    def _others_need_a_token(self) -> Self:
        if not self.listen.is_loopback and self.token is None:
            raise ValueError(
                f"{self.listen} can be reached from other machines, so a token is needed; "
                "write where it is, as token: {file: PATH}, or listen on 127.0.0.1"
            )
        return self

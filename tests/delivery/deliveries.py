"""Builders of deliveries: each says only what its test is about."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import JsonValue

from tests.report.scans import ordinary, scan
from vhealthd.config import MailSettings, S3Settings, Settings, VCenterSettings
from vhealthd.delivery.parcels import measure, parcels
from vhealthd.model import Delivery, DeliveryState, Parcel, ScanReport

NOW = datetime(2026, 11, 21, 6, 1, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
SECRET = "planted-Pa55word"


def report(*names: str) -> ScanReport:
    return scan(*(ordinary(name) for name in names or ("prod",)))


def mail(**changes: object) -> MailSettings:
    given = {"host": "localhost", "tls": "plain", "from": "vhealthd@example.com", "to": ["ops@example.com"], **changes}
    return MailSettings.model_validate(given)


def s3(**changes: object) -> S3Settings:
    return S3Settings.model_validate({"bucket": "reports", "region": "us-east-1", **changes})


def settings(**sections: object) -> Settings:
    one = VCenterSettings.model_validate(
        {"name": "prod", "url": "https://prod.example.com", "username": "svc", "password": {"env": "NONE"}}
    )
    return Settings.model_validate({"vcenters": (one,), "schedule": {"timezone": "Europe/Berlin"}, **sections})


def files(folder: Path, **contents: bytes) -> dict[str, Path]:
    """Write the files of a run; by format."""
    names = {"pdf": "report.pdf", "json": "report.json", "csv": "findings.csv"}
    made = {}
    for form, content in (contents or {"pdf": b"%PDF-1.7 ...", "json": b"{}", "csv": b"a,b\r\n"}).items():
        made[form] = folder / names[form]
        made[form].write_bytes(content)
    return made


def pending(parcel: Parcel, progress: Mapping[str, JsonValue] | None = None) -> Delivery:
    return Delivery(
        parcel=parcel,
        state=DeliveryState.SENDING,
        attempts=1,
        created=NOW,
        due=NOW,
        expires=NOW + timedelta(hours=72),
        progress=progress or {},
    )


def again(delivery: Delivery, progress: Mapping[str, JsonValue] | None) -> Delivery:
    return replace(delivery, attempts=delivery.attempts + 1, progress=progress or delivery.progress)


def mail_to(folder: Path, *to: str, **changes: object) -> Delivery:
    """Make the delivery of a mail about an ordinary run, with its files."""
    wanted = settings(mail=mail(to=list(to) or ["ops@example.com"], **changes))
    (parcel,) = parcels(report(), wanted, measure(files(folder)))
    return pending(parcel)


def object_of(folder: Path, content: bytes, **changes: object) -> Delivery:
    """Make the delivery of a PDF to the archive."""
    (parcel,) = parcels(report(), settings(s3=s3(**changes)), measure(files(folder, pdf=content)))
    return pending(parcel)

"""What a sink needs to send a parcel again after a restart, as JSON in the outbox."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import JsonValue, TypeAdapter, ValidationError

from vhealthd.errors import DeliveryRefusedError
from vhealthd.model import Parcel
from vhealthd.report.mail import Letter

P = TypeVar("P", "MailPayload", "ObjectPayload")

# What became of the PDF in a mail; the last where no PDF was asked for.
PdfInMail = Literal["attached", "too_large", "missing", "not_wanted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedFile:
    """A file that goes with a mail; `kind` is its content type."""

    path: Path
    name: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPayload:
    """A mail to one group of recipients. `language` is the one they asked for."""

    language: str
    letter: Letter
    attachments: tuple[AttachedFile, ...]
    pdf: PdfInMail


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectPayload:
    """An object of the archive. `finished` is the end of the run: retention counts from there."""

    key: str
    content_type: str
    finished: datetime


def written(payload: MailPayload | ObjectPayload) -> dict[str, JsonValue]:
    """Return a payload as JSON."""
    as_json: dict[str, JsonValue] = TypeAdapter(type(payload)).dump_python(payload, mode="json")
    return as_json


def read(parcel: Parcel, form: type[P]) -> P:
    """Return the payload of a parcel. Raises DeliveryRefusedError if it has another form."""
    try:
        payload: P = TypeAdapter(form).validate_python(parcel.payload)
    except ValidationError:
        raise DeliveryRefusedError(
            "it was put into the outbox by another version of vhealthd, and this one cannot read it; scan again"
        ) from None
    return payload


def gone(path: Path, error: OSError) -> DeliveryRefusedError:
    """Return what to raise when a file of the run cannot be read any more."""
    return DeliveryRefusedError(
        f"{path} cannot be read ({error.strerror}); it was there when the run ended, so somebody or the retention "
        "removed it"
    )

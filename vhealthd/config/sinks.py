"""Settings of mail and of the archive."""

import string
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from vhealthd.config.secretref import SecretRef
from vhealthd.config.section import Section
from vhealthd.config.values import EmailAddress, ReadableFile, Size, Text, Url, Whole, parse_size

Language = Literal["en", "zh"]
PREFIX_PARTS = ("vcenter", "yyyy", "mm", "dd", "run_id")
_PORTS = {"starttls": 587, "implicit": 465, "plain": 25}


class MailTo(Section):
    """More recipients, by how bad a run is."""

    critical: tuple[EmailAddress, ...] = Field((), description="Also told of a run in which something is critical.")
    warning: tuple[EmailAddress, ...] = Field(
        (), description="Also told of a run in which something warns or is worse."
    )


class MailSettings(Section):
    """How the report is mailed."""

    host: Text = Field(description="Name or address of the mail server.")
    port: Annotated[Whole, Field(ge=1, le=65535)] | None = Field(
        None, description="Its port; without it 587 for starttls, 465 for implicit, 25 for plain."
    )
    tls: Literal["starttls", "implicit", "plain"] = Field(
        "starttls", description="How the connection is encrypted; plain shows all to the network."
    )
    ca_file: ReadableFile | None = Field(
        None, description="PEM file with the authorities to trust instead of the system's."
    )
    username: Text | None = Field(None, description="Account to log in with; without it there is no login.")
    password: SecretRef | None = Field(
        None, description="Where the password is: {file: PATH}, {env: NAME} or {credential: NAME}."
    )
    sender: EmailAddress = Field(alias="from", description="Address that the mail comes from.")
    to: Annotated[tuple[EmailAddress, ...], Field(min_length=1)] = Field(description="Who gets every report.")
    also_to: MailTo = Field(default_factory=MailTo, description="Who else gets it, by how bad a run is.")
    languages: dict[EmailAddress, Language] = Field(
        default_factory=dict, description="Language for single recipients; all others get report.language."
    )
    max_bytes: Size = Field(
        parse_size("10MB"), description="Largest mail; the PDF is left out of one that would be larger."
    )
    when: Literal["always", "problems"] = Field(
        "always", description="problems: no mail while nothing is critical, unknown or warns."
    )

    @property
    def server_port(self) -> int:
        """The port to connect to."""
        return self.port or _PORTS[self.tls]

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together; write both or neither")
        return self


def parse_prefix(raw: str) -> str:
    """Return a prefix of object keys. Raises ValueError for a part in braces that is not known."""
    try:
        parts = {
            name
            for _, name, form, conversion in string.Formatter().parse(raw)
            if name is not None or form or conversion
        }
    except ValueError:
        raise ValueError("a brace is open or closed without its other half") from None
    if strangers := sorted(part or "" for part in parts if part not in PREFIX_PARTS):
        raise ValueError(
            f"expected {', '.join(f'{{{part}}}' for part in PREFIX_PARTS)} in braces, not {{{strangers[0]}}}"
        )
    if raw.startswith("/"):
        raise ValueError("a prefix must not begin with a slash")
    return raw


class ObjectLock(Section):
    """How long archived objects cannot be changed or deleted. The bucket must have been made with Object Lock."""

    mode: Literal["governance", "compliance"] = Field(
        "governance", description="governance: some accounts may lift it; compliance: nobody may."
    )
    days: Annotated[Whole, Field(ge=1, le=36500)] = Field(description="Days from the run on.")


class S3Settings(Section):
    """Where reports are archived. Without keys, the usual AWS ways to credentials are tried."""

    bucket: Text = Field(description="Name of the bucket; it must exist.")
    prefix: Annotated[str, AfterValidator(parse_prefix)] = Field(
        "{vcenter}/{yyyy}/{mm}/{dd}/{run_id}/",
        description="Begin of every object's key. Known parts: {vcenter}, {yyyy}, {mm}, {dd}, {run_id}.",
    )
    endpoint_url: Url | None = Field(None, description="URL of a store other than Amazon's.")
    ca_file: ReadableFile | None = Field(
        None, description="PEM file with the authorities to trust instead of the system's."
    )
    region: Text | None = Field(None, description="Region of the bucket.")
    access_key_id: SecretRef | None = Field(None, description="Where the access key's id is, as every secret.")
    secret_access_key: SecretRef | None = Field(None, description="Where the access key's secret is.")
    sse: Literal["AES256", "aws:kms"] | None = Field(None, description="Server-side encryption.")
    kms_key_id: Text | None = Field(None, description="Key for aws:kms; without it the account's own.")
    storage_class: Text | None = Field(None, description="Storage class, such as STANDARD_IA.")
    object_lock: ObjectLock | None = Field(None, description="Retention that the store itself enforces.")
    tags: dict[Text, str] = Field(default_factory=dict, description="Tags of every object.")

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("access_key_id and secret_access_key go together; write both or neither")
        if self.kms_key_id is not None and self.sse != "aws:kms":
            raise ValueError("kms_key_id goes with sse: aws:kms")
        return self

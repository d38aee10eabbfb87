"""Settings of the channels that alerts go to. `type` says which kind a channel is."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from vhealthd.config.secretref import SecretRef
from vhealthd.config.section import Section
from vhealthd.config.sinks import Language
from vhealthd.config.values import (
    AnyUrl,
    ConfigPath,
    EmailAddress,
    ReadableFile,
    Size,
    Text,
    Url,
    Whole,
    YesNo,
    is_loopback,
    matching,
    parse_size,
)

_WHERE = "{file: PATH}, {env: NAME} or {credential: NAME}"
_E164 = r"\+[1-9][0-9]{6,14}"
_SENDER = rf"{_E164}|[A-Za-z0-9 ]{{1,11}}"
_ACCOUNT, _SERVICE = r"AC[0-9a-fA-F]{32}", r"MG[0-9a-fA-F]{32}"

PhoneNumber = Annotated[
    str,
    AfterValidator(matching(_E164, "a number in E.164 form, such as +4915112345678")),
    Field(json_schema_extra={"pattern": f"^{_E164}$"}),
]
Sender = Annotated[
    str,
    AfterValidator(matching(_SENDER, "a number such as +4915112345678, or up to 11 letters, digits and blanks")),
    Field(json_schema_extra={"pattern": f"^({_SENDER})$"}),
]
AccountSid = Annotated[
    str,
    AfterValidator(matching(_ACCOUNT, "AC and 32 hex digits")),
    Field(json_schema_extra={"pattern": f"^{_ACCOUNT}$"}),
]
ServiceSid = Annotated[
    str,
    AfterValidator(matching(_SERVICE, "MG and 32 hex digits")),
    Field(json_schema_extra={"pattern": f"^{_SERVICE}$"}),
]


class Spoken(Section):
    """What all channels have that people read."""

    language: Language | None = Field(None, description="Language; without it, report.language.")


class HttpChannel(Section):
    """What all channels have that are spoken to over HTTP."""

    ca_file: ReadableFile | None = Field(
        None, description="PEM file with the authorities to trust instead of the system's."
    )
    proxy: AnyUrl | None = Field(None, description="Proxy to go through.")
    per_minute: Annotated[Whole, Field(ge=1, le=6000)] = Field(60, description="Requests a minute at most.")
    allow_http: YesNo = Field(
        default=False, description="true takes http to other machines too; all on the way can read it."
    )
    refuse_private: YesNo = Field(default=False, description="true refuses private and loopback addresses.")


class PagerDutyChannel(HttpChannel, Spoken):
    """PagerDuty, Events API v2: one incident an alert."""

    type: Literal["pagerduty"]
    routing_key: SecretRef = Field(description=f"Where the integration key is: {_WHERE}.")
    region: Literal["us", "eu"] = Field("us", description="Service region of the PagerDuty account.")
    url: Url | None = Field(None, description="A relay to send to instead of PagerDuty itself.")


class TwilioChannel(HttpChannel, Spoken):
    """SMS by Twilio: one message a run."""

    type: Literal["twilio"]
    account_sid: AccountSid = Field(description="SID of the account.")
    auth_token: SecretRef = Field(description=f"Where its auth token is: {_WHERE}.")
    sender: Sender | None = Field(
        None, alias="from", description="Number in E.164 form, or sender id; or use messaging_service_sid."
    )
    messaging_service_sid: ServiceSid | None = Field(None, description="SID of a messaging service, instead of from.")
    to: Annotated[tuple[PhoneNumber, ...], Field(min_length=1)] = Field(
        description="Numbers in E.164 form, such as +4915112345678."
    )
    url: Url | None = Field(None, description="A relay to send to instead of Twilio itself.")

    @model_validator(mode="after")
    def _one_sender(self) -> Self:
        if (self.sender is None) == (self.messaging_service_sid is None):
            raise ValueError("expected exactly one of: from, messaging_service_sid")
        return self


class SlackChannel(HttpChannel, Spoken):
    """A Slack incoming webhook: one message a run."""

    type: Literal["slack"]
    url: SecretRef = Field(description=f"Where the webhook's URL is, which is a secret: {_WHERE}.")


class DingTalkChannel(HttpChannel, Spoken):
    """A DingTalk group robot: one message a run."""

    type: Literal["dingtalk"]
    url: SecretRef = Field(description=f"Where the robot's URL with its access_token is: {_WHERE}.")
    secret: SecretRef | None = Field(None, description=f"Where the secret of its signature is: {_WHERE}.")
    at_mobiles: tuple[Text, ...] = Field(
        (), description="Mobile numbers that are mentioned when something is critical."
    )
    per_minute: Annotated[Whole, Field(ge=1, le=6000)] = Field(20, description="Requests a minute at most.")


class FeishuChannel(HttpChannel, Spoken):
    """A bot of Feishu or Lark: one message a run."""

    type: Literal["feishu"]
    url: SecretRef = Field(description=f"Where the bot's URL is, which is a secret: {_WHERE}.")
    secret: SecretRef | None = Field(None, description=f"Where the secret of its signature is: {_WHERE}.")


class WeComChannel(HttpChannel, Spoken):
    """A WeCom group robot: one message a run."""

    type: Literal["wecom"]
    url: SecretRef = Field(description=f"Where the robot's URL with its key is: {_WHERE}.")
    per_minute: Annotated[Whole, Field(ge=1, le=6000)] = Field(20, description="Requests a minute at most.")


class WebhookChannel(HttpChannel):
    """Any receiver of webhooks: the notice as JSON, signed as the Standard Webhooks specification says."""

    type: Literal["webhook"]
    url: SecretRef = Field(description=f"Where the receiver's URL is: {_WHERE}.")
    secret: SecretRef | None = Field(None, description=f"Where the signing secret (whsec_...) is: {_WHERE}.")


class AlertmanagerChannel(HttpChannel):
    """Prometheus Alertmanager, API v2: every alert that is open, on every run."""

    type: Literal["alertmanager"]
    urls: Annotated[tuple[AnyUrl, ...], Field(min_length=1)] = Field(
        description="Each member of a cluster, such as http://127.0.0.1:9093."
    )
    username: Text | None = Field(None, description="Account for basic authentication.")
    password: SecretRef | None = Field(None, description=f"Where its password is: {_WHERE}.")

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together; write both or neither")
        return self

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        if not self.allow_http and any(_is_open(url) for url in self.urls):
            raise ValueError("http shows all to the network; use https, or set allow_http: true")
        return self


class MailChannel(Spoken):
    """A mail with the alerts alone, through the server of `mail`."""

    type: Literal["mail"]
    to: tuple[EmailAddress, ...] = Field((), description="Who gets it; without any, those of mail.to.")


class AuditChannel(Section):
    """A file of JSON lines that is only ever appended to."""

    type: Literal["audit"]
    path: ConfigPath | None = Field(None, description="The file; without it, audit.jsonl in state.directory.")
    max_bytes: Size = Field(parse_size("10MB"), description="A file that would grow beyond this is put aside first.")
    keep: Annotated[Whole, Field(ge=1, le=1000)] = Field(10, description="Files put aside that are kept.")


class AppriseChannel(Spoken):
    """Whatever else the library apprise knows; needs the extra vhealthd[apprise]."""

    type: Literal["apprise"]
    url: SecretRef = Field(description=f"Where the apprise URL is: {_WHERE}.")


def _is_open(url: str) -> bool:
    return url.startswith("http:") and not is_loopback(urlsplit(url).hostname or "")


Channel = Annotated[
    PagerDutyChannel
    | TwilioChannel
    | SlackChannel
    | DingTalkChannel
    | FeishuChannel
    | WeComChannel
    | WebhookChannel
    | AlertmanagerChannel
    | MailChannel
    | AuditChannel
    | AppriseChannel,
    Field(discriminator="type"),
]

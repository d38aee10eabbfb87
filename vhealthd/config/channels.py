"""Settings of the channels that alerts go to. `type` says which kind a channel is."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

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
    parse_size,
)

_WHERE = "{file: PATH}, {env: NAME} or {credential: NAME}"


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
    account_sid: Annotated[str, Field(pattern=r"^AC[0-9a-fA-F]{32}$")] = Field(description="SID of the account.")
    auth_token: SecretRef = Field(description=f"Where its auth token is: {_WHERE}.")
    sender: Annotated[str, Field(pattern=r"^(\+[1-9][0-9]{6,14}|[A-Za-z0-9 ]{1,11})$")] | None = Field(
        None, alias="from", description="Number in E.164 form, or sender id; or use messaging_service_sid."
    )
    messaging_service_sid: Annotated[str, Field(pattern=r"^MG[0-9a-fA-F]{32}$")] | None = Field(
        None, description="SID of a messaging service, instead of from."
    )
    to: Annotated[tuple[Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")], ...], Field(min_length=1)] = Field(
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
